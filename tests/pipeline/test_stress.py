"""The stage stress asks boosters that did not see an account what they would say of it once it imitates people."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import tinyrun

from models.blind import blind_scorer
from models.bundle import from_files
from models.settings import Stress
from pipeline.files import to_json
from pipeline.settings import Params
from pipeline.stages.stress import stress

PARAMS = Params(train=tinyrun.QUICK)


@pytest.fixture(scope="module")
def run():
    return tinyrun.training()


def test_accounts_are_scored_by_boosters_that_did_not_see_them(run):
    from sklearn.metrics import roc_auc_score

    model = from_files(run["model"], "tiny")
    score, known = blind_scorer(model, run["features"], run["folds"], tinyrun.QUICK, 5)
    rows = run["features"].set_index("account_id").loc[known["account_id"]]
    blind = pd.Series(score(rows, known["fold"].to_numpy()), index=known["account_id"])
    seen = pd.Series(model.probabilities(rows)[0], index=known["account_id"])
    oof = run["oof"].set_index("account_id")
    bot = oof["is_bot"]
    apart = {name: roc_auc_score(bot, p.loc[bot.index]) for name, p in (("blind", blind), ("seen", seen))}
    honest = roc_auc_score(bot, oof["bot_probability"])
    assert apart["blind"] == pytest.approx(honest, abs=0.02)
    assert apart["seen"] > honest + 0.02


def test_only_the_folds_asked_for_are_grown_again(run):
    model = from_files(run["model"], "tiny")
    grown = []
    _, known = blind_scorer(model, run["features"], run["folds"], tinyrun.QUICK, 2, lambda: grown.append(1))
    assert len(grown) == 2
    assert sorted(set(known["fold"])) == [0, 1]


def test_the_report_is_a_json_value_with_a_sentence_per_level(run):
    settings = Stress(folds=2, resamples=10)
    told = stress(run["features"], run["folds"], run["model"], settings, PARAMS)["robustness"]
    assert json.loads(to_json(told)) == told
    assert len(told["says"]) == 4
    assert np.isfinite(told["untouched"]["metrics"]["average_precision"]["value"])


def test_it_can_be_left_out(run):
    told = stress(run["features"], run["folds"], run["model"], Stress(folds=0), PARAMS)["robustness"]
    assert told["says"] == ["Not measured: stress.folds is 0."]
