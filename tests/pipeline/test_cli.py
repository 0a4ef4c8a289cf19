"""The command line ends with a sentence and the right code, whatever is said to it."""

from __future__ import annotations

import json

import pytest

from pipeline.__main__ import main
from pipeline.cli import build_parser
from pipeline.graph import STAGES


def commands() -> list[str]:
    actions = build_parser()._subparsers._group_actions  # type: ignore[union-attr]
    return sorted(actions[0].choices)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", commands())
def test_every_command_teaches_by_example(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"unpump {command}" in capsys.readouterr().out.split("example:")[1]


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["run"], ["run", "--out"], ["score", "--model", "m"], ["run", "--fly", "--out", "o"]]
)
def test_bad_usage_is_code_2(words, capsys):
    assert main(words) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--source", "nyu-2017", "--out", "OUT"],
        ["run", "--source", "no-such-recipe=.", "--out", "OUT"],
        ["run", "--source", "nyu-2017=a", "--source", "nyu-2017=b", "--out", "OUT"],
        ["run", "--source", "nyu-2017=no/such/folder", "--out", "OUT"],
        ["run", "--tables", "no/such/folder", "--out", "OUT"],
        ["run", "--out", "OUT", "--set", "train.tres=1"],
        ["run", "--out", "OUT", "--params", "no-such.yaml"],
        ["train", "--out", "OUT"],
        ["summary", "--out", "OUT"],
        ["score", "--model", "no/such/model", "--tables", "no/such/tables", "--out", "OUT"],
    ],
    ids=" ".join,
)
def test_a_users_mistake_is_one_sentence_and_code_2(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([w.replace("OUT", str(tmp_path / "out")) for w in words]) == 2
    said = capsys.readouterr()
    sentences = [line for line in said.err.splitlines() if line.startswith("unpump: ")]
    assert len(sentences) == 1
    assert "expected" in sentences[0]
    assert "Traceback" not in said.err


def test_json_says_what_was_wrong_in_one_line(tmp_path, capsys):
    assert main(["train", "--out", str(tmp_path), "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "bad input"
    assert "Run `unpump prepare` first" in said["error"]


def test_an_unforeseen_failure_is_code_1_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("pipeline.commands.execute", lambda *_: 1 / 0)
    assert main(["split", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_is_a_command(name):
    assert name in commands()
