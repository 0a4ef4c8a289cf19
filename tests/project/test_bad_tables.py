"""A mistake in canonical tables, or in what is scored: one sentence and code 2, and earlier outputs as they were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.files import read_folder
from tests.pipeline.scoremodel import Trained, trained_model
from tests.pipeline.smalltown import write_accounts

LATE = datetime(2199, 1, 1, tzinfo=UTC)
Spoil = Callable[[Path], object]


def column(table: str, name: str, value: Any, kind: pa.DataType | None = None) -> Spoil:
    """Every row of a column is ``value``; None takes the column away."""

    def spoil(folder: Path) -> None:
        path = folder / f"{table}.parquet"
        rows = pq.read_table(path)
        place = rows.schema.get_field_index(name)
        if value is None:
            pq.write_table(rows.drop_columns([name]), path)
            return
        values = value if isinstance(value, list) else [value] * rows.num_rows
        changed = pa.array(values[: rows.num_rows], kind or rows.schema.field(place).type)
        pq.write_table(rows.set_column(place, pa.field(name, changed.type), changed), path)

    return spoil


def rows(table: str, change: Callable[[pa.Table], pa.Table]) -> Spoil:
    return lambda folder: pq.write_table(
        change(pq.read_table(folder / f"{table}.parquet")), folder / f"{table}.parquet"
    )


def opposite(labels: pa.Table) -> pa.Table:
    """The same accounts, judged the other way round."""
    return labels.set_column(1, labels.schema.field("is_bot"), pc.invert(labels["is_bot"]))


def cut(table: str, share: float) -> Spoil:
    """The file ends in the middle, as a copy that was interrupted."""

    def spoil(folder: Path) -> None:
        path = folder / f"{table}.parquet"
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    return spoil


def damaged(table: str) -> Spoil:
    """The end is whole, but the pages before it are not."""

    def spoil(folder: Path) -> None:
        path = folder / f"{table}.parquet"
        whole = bytearray(path.read_bytes())
        whole[4 : len(whole) // 2] = bytes(len(whole) // 2 - 4)
        path.write_bytes(bytes(whole))

    return spoil


def replaced(name: str, content: bytes) -> Spoil:
    return lambda folder: (folder / name).write_bytes(content)


# What is wrong -> how to make it so, and words the sentence must hold. These concern training and scoring alike.
EITHER: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    "missing table": (lambda folder: (folder / "accounts.parquet").unlink(), ("accounts.parquet",)),
    "missing column": (column("accounts", "observed_at", None), ("accounts.parquet", "observed_at")),
    "missing column of events": (column("posts", "created_at", None), ("posts.parquet", "created_at")),
    "column of another type": (
        column("accounts", "followers_count", True, pa.bool_()),
        ("accounts.parquet", "followers_count", "BOOLEAN"),
    ),
    "no Parquet at all": (replaced("accounts.parquet", b"id,name\n1,ann\n"), ("accounts.parquet",)),
    "empty file": (replaced("accounts.parquet", b""), ("accounts.parquet",)),
    "truncated Parquet": (cut("accounts", 0.6), ("accounts.parquet",)),
    "truncated Parquet of events": (cut("posts", 0.9), ("posts.parquet",)),
    "damaged Parquet": (damaged("accounts"), ("accounts.parquet",)),
    "damaged Parquet of events": (damaged("posts"), ("posts.parquet",)),
    "table without rows": (rows("accounts", lambda t: t.slice(0, 0)), ("accounts", "empty")),
}
TRAINING: dict[str, tuple[Spoil, tuple[str, ...]]] = {
    **EITHER,
    "no labels": (lambda folder: (folder / "labels.parquet").unlink(), ("labels", "no labelled account")),
    "labels of one class": (column("labels", "is_bot", True), ("labels", "bots and no people")),
    "every account twice with two labels": (
        rows("labels", lambda t: pa.concat_tables([t, opposite(t)])),
        ("labels", "contradictory_label"),
    ),
    "every account the same": (column("accounts", "account_id", "me"), ("labels", "no labelled account")),
    "every date in the future": (column("accounts", "created_at", LATE), ("created_at", "2199")),
    "every count negative": (column("accounts", "followers_count", -5), ("followers_count", "-5")),
    "every count infinite": (
        column("accounts", "followers_count", float("inf"), pa.float64()),
        ("followers_count", "inf"),
    ),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    write_accounts(tmp_path / "tables", 40, seed=3)
    return tmp_path


def sentence(said: str) -> str:
    """The one sentence; anything else fails."""
    assert "Traceback" not in said
    (found,) = [line for line in said.splitlines() if line.startswith("unpump: ")]
    assert len(found) < 1000
    return found


def prepare(folder: Path) -> int:
    return main(["prepare", "--tables", str(folder / "tables"), "--out", str(folder / "out")])


@pytest.mark.parametrize("mistake", TRAINING)
def test_a_mistake_in_tables_to_train_on(mistake, folder, capsys):
    assert prepare(folder) == 0
    before = read_folder(folder / "out")
    spoil, words = TRAINING[mistake]
    spoil(folder / "tables")
    capsys.readouterr()
    assert prepare(folder) == 2
    said = sentence(capsys.readouterr().err)
    assert all(word in said for word in (*words, "expected", "got")), said
    assert read_folder(folder / "out") == before


def test_a_few_bad_rows_of_tables_are_refused_and_told(folder):
    def spoil(t: pa.Table) -> pa.Table:
        frame = t.to_pandas()
        frame.loc[0, "followers_count"] = -5
        frame.loc[1, "created_at"] = pd.Timestamp(LATE)
        frame.loc[2, "description"] = "x" * 10_000_000
        return pa.Table.from_pandas(pd.concat([frame, frame.iloc[[3]]]), schema=t.schema, preserve_index=False)

    rows("accounts", spoil)(folder / "tables")
    assert prepare(folder) == 0
    refused = pd.read_parquet(folder / "out" / "refused.parquet")
    accounts = refused[refused["file"] == "accounts.parquet"].set_index("row")["reason_code"]
    assert sorted(accounts.index) == [1, 2, 41]
    assert accounts[41] == "repeated"
    kept = pd.read_parquet(folder / "out" / "tables" / "accounts.parquet")
    assert len(kept) == 38
    assert kept["description"].str.len().max() == 65_536


def test_a_label_that_contradicts_another_is_refused_and_one_that_repeats_it_is_not_counted_twice(folder):
    def spoil(t: pa.Table) -> pa.Table:
        frame = t.to_pandas()
        other = frame.iloc[[0]].assign(is_bot=~frame["is_bot"].iloc[0])
        return pa.Table.from_pandas(pd.concat([frame, other, frame.iloc[[1]]]), schema=t.schema, preserve_index=False)

    first = pd.read_parquet(folder / "tables" / "labels.parquet")["account_id"]
    rows("labels", spoil)(folder / "tables")
    assert prepare(folder) == 0
    kept = pd.read_parquet(folder / "out" / "tables" / "labels.parquet")["account_id"]
    assert sorted(kept) == sorted(first.iloc[1:])
    refused = pd.read_parquet(folder / "out" / "refused.parquet")
    assert "contradictory_label" in set(refused["reason_code"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


def score(folder: Path, model: Path, *more: str) -> int:
    words = ["score", "--model", str(model), "--tables", str(folder / "tables"), "--out", str(folder / "out")]
    return main([*words, "--set", "featurize.threads=1", *more])


@pytest.mark.parametrize("mistake", EITHER)
def test_a_mistake_in_tables_to_score(mistake, folder, trained, capsys):
    assert score(folder, trained.folder) == 0
    before = read_folder(folder / "out")
    spoil, words = EITHER[mistake]
    spoil(folder / "tables")
    capsys.readouterr()
    assert score(folder, trained.folder) == 2
    said = sentence(capsys.readouterr().err)
    assert all(word in said for word in (*words, "expected", "got")), said
    assert read_folder(folder / "out") == before


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--as-of", "soon"), "--as-of"),
        (("--bot-share", "2"), "--bot-share"),
        (("--set", "score.memory=lots"), "score.memory"),
        (("--set", "score.part=1"), "setting score.part"),
        (("--set", "featurize.memory=lots"), "featurize.memory"),
        (("--params", "no-such.yaml"), "no-such.yaml"),
    ],
    ids=lambda v: v if isinstance(v, str) else " ".join(v),
)
def test_a_mistake_in_what_is_asked(more, word, folder, trained, capsys):
    assert score(folder, trained.folder, *more) == 2
    assert word in sentence(capsys.readouterr().err)
    assert not (folder / "out" / "scores.parquet").exists()


@pytest.mark.parametrize("name", ["model.json", "booster.txt"])
@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 99}', None], ids=["empty", "torn", "newer", "missing"])
def test_a_model_that_is_damaged(name, content, folder, trained, tmp_path, capsys):
    model = tmp_path / "model"
    for path, kept in read_folder(trained.folder).items():
        (model / path).parent.mkdir(parents=True, exist_ok=True)
        (model / path).write_bytes(kept)
    if content is None:
        (model / name).unlink()
    else:
        (model / name).write_bytes(content)
    assert score(folder, model) == 2
    said = sentence(capsys.readouterr().err)
    assert "expected" in said
    assert str(model) in said
    assert not (folder / "out" / "scores.parquet").exists()


def test_hostile_rows_of_accounts_are_scored_or_invalid_one_by_one(folder, trained):
    def spoil(t: pa.Table) -> pa.Table:
        frame = t.to_pandas()
        frame.loc[0, "followers_count"] = -5
        frame.loc[1, "created_at"] = pd.Timestamp(LATE)
        frame.loc[2, "username"] = "x" * 10_000_000
        frame.loc[3, "account_id"] = frame.loc[4, "account_id"]
        return pa.Table.from_pandas(frame, schema=t.schema, preserve_index=False)

    rows("accounts", spoil)(folder / "tables")
    assert score(folder, trained.folder) == 0
    found = pd.read_parquet(folder / "out" / "scores.parquet")
    assert found["status"].value_counts().to_dict() == {"scored": 37, "invalid": 3}
