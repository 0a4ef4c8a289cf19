"""A user's mistake ends in one sentence and code 2, and what an earlier run left stays as it was."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.__main__ import main
from pipeline.files import read_folder

RECIPE = """\
title: A small set
platform: x
accounts:
  files: [accounts.csv]
  columns:
    account_id: id
    username: name
    created_at: {date: opened, formats: ["%Y-%m-%d"]}
    observed_at: {constant: 2026-01-01}
    followers_count: followers
  label: {column: fake, values: {"1": spam_bot, "0": human}}
"""
GOOD = "id,name,opened,followers,fake\n" + "".join(f"{i},user{i},2025-01-01,{i},{i % 2}\n" for i in range(1, 41))


def rows(*lines: str) -> str:
    return "id,name,opened,followers,fake\n" + "\n".join(lines) + "\n"


def csv(text: str | bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "accounts.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def truncated_gzip(folder: Path) -> None:
    (folder / "accounts.csv").unlink()
    (folder / "accounts.csv.gz").write_bytes(gzip.compress(GOOD.encode())[:-20])
    recipe = folder / "small.yaml"
    recipe.write_text(recipe.read_text().replace("accounts.csv", "accounts.csv.gz"))


def recipe(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "small.yaml").write_text(RECIPE.replace(old, new))


# What is wrong -> how to make it so, and words the sentence must hold.
MISTAKES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "missing file": (lambda folder: (folder / "accounts.csv").unlink(), ("accounts.csv",)),
    "wrong column": (recipe("followers_count: followers", "followers_count: fans"), ("accounts.csv", "fans")),
    "unknown recipe key": (recipe("platform: x", "platform: x\nplattform: y"), ("small.yaml", "plattform")),
    "recipe that is no YAML": (
        recipe(
            "title:",
            "title: [",
        ),
        ("small.yaml",),
    ),
    "mixed encodings": (
        csv(GOOD.encode() + "99,Zoë,2025-01-01,3,1\n".encode("latin-1")),
        ("accounts.csv, line 42", "utf-8"),
    ),
    "truncated gzip": (truncated_gzip, ("accounts.csv.gz",)),
    "empty file": (csv(""), ("accounts.csv",)),
    "table without rows": (csv(rows().strip() + "\n"), ("small", "rows")),
    "labels of one class": (csv(GOOD.replace(",1\n", ",0\n")), ("bots",)),
    "every count negative": (csv(rows(*(f"{i},u{i},2025-01-01,-5,{i % 2}" for i in range(9)))), ("followers", "-5")),
    "every count infinite": (csv(rows(*(f"{i},u{i},2025-01-01,inf,{i % 2}" for i in range(9)))), ("followers", "inf")),
    "every date in the future": (
        csv(rows(*(f"{i},u{i},2199-01-01,5,{i % 2}" for i in range(9)))),
        ("created_at", "2199"),
    ),
    "every id the same": (csv(rows(*(f"7,u{i},2025-01-01,5,{i % 2}" for i in range(9)))), ("contradictory_label",)),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "accounts.csv").write_text(GOOD)
    (tmp_path / "small.yaml").write_text(RECIPE)
    return tmp_path


def prepare(folder: Path, *more: str) -> int:
    return main(["prepare", "--source", f"{folder / 'small.yaml'}={folder}", "--out", str(folder / "out"), *more])


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_data_is_one_sentence_and_harms_nothing(mistake, folder, capsys):
    assert prepare(folder) == 0
    before = read_folder(folder / "out")
    spoil, words = MISTAKES[mistake]
    spoil(folder)
    capsys.readouterr()

    assert prepare(folder) == 2

    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("unpump: ")]
    assert len(said) == 1
    assert all(word in said[0] for word in (*words, "expected", "got")), said[0]
    assert len(said[0]) < 1000
    assert read_folder(folder / "out") == before


def test_a_few_bad_rows_are_refused_and_told(folder, caplog):
    caplog.set_level("INFO")
    bad = [
        "41,user41,2025-01-01,-5,1",
        "42,user42,2199-01-01,5,1",
        "3,user3,2025-01-01,3,1",
        "43,user43,2025-01-01,inf,0",
    ]
    (folder / "accounts.csv").write_text(GOOD + "\n".join(bad) + "\n")
    assert prepare(folder) == 0
    refused = pd.read_parquet(folder / "out" / "refused.parquet").set_index("row")
    assert sorted(refused.index) == [41, 42, 43, 44]
    assert refused.loc[43, "reason_code"] == "repeated"
    assert refused.loc[41, "value"] == "-5"
    assert "4 refused" in caplog.text


def test_a_text_of_10_mb_is_cut_not_fatal(folder):
    recipe("username: name", "username: name\n    description: name")(folder)
    (folder / "accounts.csv").write_text(GOOD + f"41,{'x' * 10_000_000},2025-01-01,5,1\n")
    assert prepare(folder) == 0
    accounts = pd.read_parquet(folder / "out" / "tables" / "accounts.parquet").set_index("account_id")
    assert len(accounts) == 41
    assert accounts["description"].str.len().max() == 65_536


@pytest.mark.parametrize("change", ["prepare.text_limit=0", "prepare.textlimit=5", "town.seed=1", "split.folds=1"])
def test_a_mistake_in_the_settings_names_the_setting(change, folder, capsys):
    assert prepare(folder, "--set", change) == 2
    assert f"setting {change.partition('=')[0].removesuffix('.seed')}" in capsys.readouterr().err
    assert not (folder / "out").exists()
