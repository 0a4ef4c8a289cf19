"""The job prevalence puts scores of a population beside those of labelled accounts, in the same units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tinyrun

from features.errors import BadInput
from models.bundle import from_files
from models.calibration import logit, prior_shift, sigmoid
from models.labelnoise import rank_labels
from pipeline.files import write_all
from pipeline.jobs.prevalence import prevalence

QUICK = {"resamples": 50, "level": 0.95, "seed": 0}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run, as far as the job reads it."""
    made = tinyrun.training()
    out = tmp_path / "run"
    write_all({out / "artifacts" / "model": made["model"], out / "artifacts" / "oof.parquet": made["oof"]})
    return out


def scored(folder: Path, share: float, meant_for: float | None = None) -> tuple[Path, float]:
    """Scores of accounts the model never saw, ``share`` of them bots, meant for a share of bots."""
    made = tinyrun.training()
    model = from_files(made["model"], "tiny")
    features, folds = tinyrun.accounts(9, n=3000, prefix="b")
    bot = folds["is_bot"].to_numpy()
    rng = np.random.default_rng(0)
    people = np.flatnonzero(~bot)
    bots = rng.choice(np.flatnonzero(bot), round(share / (1 - share) * len(people)), replace=False)
    kept = np.sort(np.concatenate([people, bots]))
    p = model.probabilities(features.iloc[kept])[0]
    if meant_for is not None:
        p = sigmoid(logit(p) + prior_shift(meant_for, model.training_bot_share))
    rows = pd.DataFrame({"status": "scored", "bot_probability": p, "model_version": model.version})
    unscored = pd.DataFrame({"status": ["invalid"], "bot_probability": [np.nan], "model_version": [model.version]})
    rows = pd.concat([rows, unscored], ignore_index=True)
    write_all({folder / "scores.parquet": rows, folder / "manifest.json": {"bot_share": meant_for}})
    return folder, float(bot[kept].mean())


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_the_share_of_bots_is_found_in_a_population_with_another_share(run, tmp_path, share):
    folder, truth = scored(tmp_path / "scores", share)
    told = prevalence(folder, run, tmp_path / "told.json", **QUICK)
    # With 500 labelled accounts the error has a standard deviation of .03, over 48 such populations.
    assert told["em"]["value"] == pytest.approx(truth, abs=0.06)
    assert json.loads((tmp_path / "told.json").read_text()) == json.loads(json.dumps(told))


def test_people_who_score_like_bots_are_people_all_the_same(run, tmp_path):
    # Labels that look wrong are mostly right: without their false alarms people would seem to have none, and those of
    # the population would count as bots.
    folder, truth = scored(tmp_path / "scores", 0.05)
    oof = pd.read_parquet(run / "artifacts" / "oof.parquet")
    plain = prevalence(folder, run, None, **QUICK)
    write_all({run / "artifacts" / "label_review.parquet": rank_labels(oof)})
    found = prevalence(folder, run, None, **QUICK)
    assert found == plain
    assert found["labelled"] == len(oof)
    assert found["em"]["low"] <= truth <= found["em"]["high"]


def test_scores_in_parts_are_read_like_one_file(run, tmp_path):
    folder, _ = scored(tmp_path / "one", 0.1)
    rows = pd.read_parquet(folder / "scores.parquet")
    parts = {tmp_path / "many" / "scores" / f"part-{i:05d}.parquet": rows[i * 900 : (i + 1) * 900] for i in range(4)}
    write_all({tmp_path / "many" / "manifest.json": {"bot_share": None}, **parts})
    assert len(rows) <= 3600
    assert prevalence(tmp_path / "many", run, None, **QUICK) == prevalence(folder, run, None, **QUICK)


def test_scores_that_rest_on_fewer_tables_are_refused(run, tmp_path):
    folder, _ = scored(tmp_path / "scores", 0.1)
    write_all({folder / "manifest.json": {"bot_share": None, "model": {"without": ["follows"]}}})
    with pytest.raises(BadInput, match="without follows"):
        prevalence(folder, run, None, **QUICK)


def test_scores_meant_for_another_share_give_the_same_estimate(run, tmp_path):
    plain = prevalence(scored(tmp_path / "one", 0.1)[0], run, None, **QUICK)
    meant = prevalence(scored(tmp_path / "two", 0.1, meant_for=0.02)[0], run, None, **QUICK)
    assert meant["em"]["value"] == pytest.approx(plain["em"]["value"], abs=1e-4)


def test_scores_of_another_model_are_refused(run, tmp_path):
    folder, _ = scored(tmp_path / "scores", 0.1)
    rows = pd.read_parquet(folder / "scores.parquet").assign(model_version="000000000000")
    write_all({folder / "scores.parquet": rows})
    with pytest.raises(BadInput, match="scores of model"):
        prevalence(folder, run, None, **QUICK)


def test_missing_scores_are_told(run, tmp_path):
    with pytest.raises(BadInput, match="unpump score"):
        prevalence(tmp_path / "nothing", run, None, **QUICK)
