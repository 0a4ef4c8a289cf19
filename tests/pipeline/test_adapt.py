"""A run's model is adapted to accounts nobody labelled; the run stays as it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
import smalltown

from models.bundle import from_files
from pipeline.cli import run_command
from pipeline.files import read_folder

QUICK = (
    "train.search.trials=0",
    "train.members=1",
    "train.threads=1",
    "featurize.families=[profile]",
    "featurize.threads=1",
    "evaluate.resamples=20",
    "policy.resamples=20",
    "train.kinds.rounds=0",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as far as training, on 900 accounts."""
    folder = tmp_path_factory.mktemp("run")
    smalltown.write_accounts(folder / "given", 900, seed=0)
    for stage in ("prepare", "split", "featurize", "vet", "train"):
        asked = (f"prepare.tables={folder / 'given'}", *QUICK)
        assert run_command([stage, "--out", str(folder / "out"), *options(asked)]) == 0
    return folder / "out"


def options(settings: tuple[str, ...]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def bytes_of(folder: Path) -> dict[str, str]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {str(p.relative_to(folder)): hashlib.md5(p.read_bytes()).hexdigest() for p in files}


def adapt(run: Path, population: Path, out: Path) -> int:
    return run_command(["adapt", "--run", str(run), "--tables", str(population), "--out", str(out), *options(QUICK)])


def test_the_adapted_model_scores_its_population_and_the_run_is_untouched(run, tmp_path):
    smalltown.write_accounts(tmp_path / "population", 700, seed=1, labels=False)
    before = bytes_of(run)
    assert adapt(run, tmp_path / "population", tmp_path / "out") == 0
    assert bytes_of(run) == before
    told = json.loads((tmp_path / "out" / "adaptation.json").read_text())
    assert told["accounts"] == 700
    assert told["guessed"] == {"bots": 70, "people": 70}  # a tenth at either end
    model = from_files(read_folder(tmp_path / "out" / "model"), "adapted")
    assert model.version == told["model_version"] != told["adapted_from"]
    assert "age_days" not in model.columns
    again = ["score", "--model", str(tmp_path / "out" / "model"), "--tables", str(tmp_path / "population")]
    assert run_command([*again, "--out", str(tmp_path / "scores"), *options(QUICK)]) == 0
    scores = pd.read_parquet(tmp_path / "scores" / "scores.parquet")
    assert len(scores) == 700
    assert (scores["status"] == "scored").all()


def test_adapting_twice_gives_the_same_bytes(run, tmp_path):
    smalltown.write_accounts(tmp_path / "population", 600, seed=2, labels=False)
    for out in ("once", "again"):
        assert adapt(run, tmp_path / "population", tmp_path / out) == 0
    assert bytes_of(tmp_path / "once") == bytes_of(tmp_path / "again")


def test_a_population_that_is_too_small_is_refused(run, tmp_path, capsys):
    smalltown.write_accounts(tmp_path / "population", 40, seed=3, labels=False)
    assert adapt(run, tmp_path / "population", tmp_path / "out") == 2
    assert "at least 500 accounts to adapt to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    smalltown.write_accounts(tmp_path / "population", 40, seed=3, labels=False)
    assert adapt(tmp_path / "nothing", tmp_path / "population", tmp_path / "out") == 2
    assert "nothing" in capsys.readouterr().err


def test_a_population_with_few_bots_is_refused_before_anything_is_measured(run, tmp_path, capsys):
    asked = ["adapt", "--run", str(run), "--tables", str(tmp_path / "absent"), "--out", str(tmp_path / "out")]
    assert run_command([*asked, "--bot-share", "0.05", *options(QUICK)]) == 2
    assert "at least 30% are bots" in capsys.readouterr().err
    # With the rule switched off it is the absent tables that are told.
    assert run_command([*asked, "--bot-share", "0.05", *options((*QUICK, "train.adapt.fewest_bots=0"))]) == 2
    assert "at least" not in capsys.readouterr().err


def test_a_share_nobody_told_is_warned_about(run, tmp_path, caplog):
    smalltown.write_accounts(tmp_path / "population", 700, seed=1, labels=False)
    assert adapt(run, tmp_path / "population", tmp_path / "out") == 0
    assert "does harm where fewer than 30% are" in caplog.text
