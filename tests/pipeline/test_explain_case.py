"""One account in a terminal: the same case as on the page, inert, and a sentence when there is none."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tinyrun import training

from features.errors import BadInput
from pipeline.__main__ import main
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_folder, write_all
from pipeline.jobs.case import print_case, show_case
from pipeline.layout import Layout
from pipeline.settings import Params
from pipeline.stages.explain import explain


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    root = tmp_path_factory.mktemp("run")
    made = Layout.run(root, root)
    write_all({made.path(name): training()[name] for name in ("features", "model", "oof")})
    return made


def test_the_terminal_shows_the_case_of_the_page(layout):
    trained, params = training(), Params()
    found = explain(*(trained[k] for k in ("features", "folds", "model", "oof")), params.explain)["cases"][0]
    shown = show_case(layout, found["account_id"], params)
    assert {k: shown[k] for k in found if k not in ("why", "picture")} == {
        k: v for k, v in found.items() if k not in ("why", "picture")
    }
    to = io.StringIO()
    print_case(shown, to)
    said = to.getvalue()
    assert said.startswith(found["account_id"])
    assert f"bot probability {found['final']:.3f}" in said
    assert f"gave {found['bot_probability']:.3f}" in said
    assert all(reason["text"] in said and reason["code"] in said for reason in found["reasons"])


def test_an_account_without_a_label_is_shown_by_the_model_alone(layout, tmp_path):
    trained = training()
    account = trained["features"]["account_id"].iloc[0]
    alone = Layout.run(tmp_path, tmp_path)
    write_all({alone.path(name): trained[name] for name in ("features", "model")})
    write_all({alone.path("oof"): trained["oof"].iloc[1:]})
    shown = show_case(alone, account, Params())
    assert shown["is_bot"] is shown["bot_probability"] is shown["tier"] is None
    to = io.StringIO()
    print_case(shown, to)
    assert "labelled" not in to.getvalue()


def test_the_command_prints_one_account_and_writes_nothing(layout, capsys):
    account = training()["features"]["account_id"].iloc[3]
    before = read_folder(layout.data)
    assert main(["explain", "--account", account, "--out", str(layout.data)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(account)
    assert "towards bot" in said or "towards person" in said
    assert main(["explain", "--account", account, "--out", str(layout.data), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["account_id"] == account
    assert told["reasons"][0]["text"] in said
    assert read_folder(layout.data) == before


@pytest.mark.parametrize(
    "account", ["", "nobody", "\x1b]0;owned\x07\u202e", "'; DROP TABLE accounts; --", "x" * 100_000]
)
def test_the_command_says_who_is_not_there(layout, account, capsys):
    assert main(["explain", "--account", account, "--out", str(layout.data)]) == 2
    said = capsys.readouterr().err
    assert "identifier that is not there" in said
    assert len(said) < 1000
    assert all(c.isprintable() or c == "\n" for c in said)


def test_a_terminal_that_knows_only_ascii_gets_the_case_all_the_same(layout):
    account = training()["features"]["account_id"].iloc[3]
    words = [sys.executable, "-m", "pipeline", "explain", "--account", account, "--out", str(layout.data)]
    done = subprocess.run(words, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("ascii").startswith(account)


def test_nobody_is_said_to_be_nobody(layout, tmp_path):
    with pytest.raises(BadInput, match="not there") as refused:
        show_case(layout, "\x1b[31mred\u202e", Params())
    assert "\x1b" not in str(refused.value)
    with pytest.raises(BadInput, match="unpump train"):
        show_case(Layout.run(Path(tmp_path), tmp_path), "a", Params())


def test_what_an_account_brings_cannot_control_the_terminal():
    case = {
        "account_id": "\x1b]0;owned\x07",
        "final": 0.5,
        "final_low": 0.4,
        "final_high": 0.6,
        "final_tier": "allow",
        "is_bot": True,
        "kind": "\x1b[2J",
        "source": "\r\n\u202e",
        "bot_probability": 0.5,
        "tier": "allow",
        "reasons": [],
        "evidence": False,
        "likely": "\x1b[2Jpod",
        "likely_probability": 0.5,
        "kind_reasons": [{"contribution": 0.5, "text": "It is like one."}],
    }
    to = io.StringIO()
    print_case(case, to)
    assert all(c.isprintable() or c == "\n" for c in to.getvalue())
    assert "insufficient evidence" in to.getvalue()
    assert "It is like one." in to.getvalue()
