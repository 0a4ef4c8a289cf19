"""Two models that are one agree in everything; models of other seeds and other data agree less, and it is counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.bundle import from_files
from models.stability import agreement, regrown
from tests.pipeline.tinyrun import QUICK, training


@pytest.fixture(scope="module")
def made():
    known = training()
    return from_files(known["model"], "model"), known["features"], known["folds"]


def test_a_model_agrees_with_itself(made):
    model, features, _ = made
    same = agreement(model, model, features, 3)
    assert [same[m] for m in ("first", "second_first", "overlap", "signs")] == [1, 1, 1, 1]
    assert same["rank"] == pytest.approx(1)
    assert all(m["first"] == m["second"] for m in same["moved"])
    assert same["accounts"] > 400


def test_the_same_seed_grows_the_same_trees_and_another_seed_others(made):
    model, features, folds = made
    settings = QUICK.model_copy(update={"trees": 60})
    again, other = (regrown(model, features, folds, settings, s) for s in (0, 1000))
    assert again.booster_text == model.booster_text
    assert other.booster_text != model.booster_text
    found = agreement(model, other, features, 3)
    assert 0.5 < found["first"] < 1
    assert found["first"] <= found["second_first"] <= 1
    assert found["overlap"] > 0.6
    assert found["signs"] > 0.9


def test_models_of_other_accounts_agree_less(made):
    model, features, folds = made
    seeds = agreement(model, regrown(model, features, folds, QUICK, 1000), features, 3)
    apart = agreement(model, from_files(training(seed=7, noise=4.0)["model"], "model"), features, 3)
    assert apart["overlap"] < seeds["overlap"]
    assert apart["first"] < seeds["first"]
    assert abs(apart["moved"][0]["first"] - apart["moved"][0]["second"]) > 0.01


def test_what_is_suppressed_is_no_reason_of_either(made):
    model, features, _ = made
    hidden = replace(model, declarations=tuple({**d, "suppressed": True} for d in model.declarations))
    nothing = agreement(model, hidden, features, 3)
    assert nothing["accounts"] == 0
    assert nothing["first"] is nothing["overlap"] is nothing["signs"] is None
    assert np.isfinite(nothing["rank"])
