"""Contributions add up to LightGBM's own raw score, whichever way they were computed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from models import contributions as subject
from models.contributions import contributions, importance, in_batches, interactions, strongest_pairs


@dataclass(frozen=True)
class Trees:
    booster: Any


def world(n: int, seed: int) -> np.ndarray:
    """Accounts with whole counts, flags, huge values, a constant, and missing values in all but columns 5 and 6."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 8))
    rows[:, 0] = np.round(np.exp(rows[:, 0] * 3))
    rows[:, 1] = rows[:, 1] > 0
    rows[:, 2] = np.where(rows[:, 2] > 0, 0.0, rows[:, 2] * 1e9)
    rows[:, 7] = 3.0
    gaps = rng.random(rows.shape) < 0.15
    gaps[:, 5:7] = False
    rows[gaps] = np.nan
    return rows


@pytest.fixture(scope="module")
def model() -> Trees:
    rows = world(3000, seed=1)
    chance = np.random.default_rng(2).normal(size=3000)
    y = np.nan_to_num(rows[:, 0]) / 20 + rows[:, 5] * np.nan_to_num(rows[:, 3]) + chance > 0.5
    told = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 2, "deterministic": True, "seed": 0}
    return Trees(lgb.train(told, lgb.Dataset(rows, y), 40))


def adds_up(model: Trees, rows: np.ndarray, base: float, values: np.ndarray) -> None:
    raw = model.booster.predict(rows, raw_score=True)
    assert np.abs(base + values.sum(axis=1) - raw).max() <= 1e-6
    assert np.abs(values - model.booster.predict(rows, pred_contrib=True)[:, :-1]).max() <= 1e-9


def test_a_stump_is_explained_by_hand():
    # 30 of 40 accounts have x = 0 and are people, 10 have x = 1 and are bots: one split, leaves l0 and l1.
    rows = np.repeat([[0.0], [1.0]], [30, 10], axis=0)
    told = {"objective": "binary", "num_leaves": 2, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
    model = Trees(lgb.train(told, lgb.Dataset(rows, rows[:, 0]), 1))
    low, high = model.booster.predict([[0.0], [1.0]], raw_score=True)
    base, values = contributions(model, [[0.0], [1.0]])
    assert base == pytest.approx(0.75 * low + 0.25 * high)  # the mean over the accounts it was trained on
    assert values[:, 0] == pytest.approx([low - base, high - base])


@pytest.mark.parametrize("count", [1, 200, 5000], ids=["one", "few", "bulk"])
def test_base_and_contributions_add_up_to_the_raw_score(model, count):
    rows = world(count, seed=3)
    base, values = contributions(model, rows)
    assert values.shape == rows.shape
    adds_up(model, rows, base, values)


def test_large_batches_take_the_fast_way_and_agree(model, monkeypatch):
    rows = world(subject.BULK_ROWS, seed=4)
    asked = []
    own = subject._own
    monkeypatch.setattr(subject, "_own", lambda booster, rows: asked.append(len(rows)) or own(booster, rows))
    base, values = contributions(model, rows)
    assert asked == [subject.CHECKED_ROWS]  # LightGBM explained the sample and nothing else
    adds_up(model, rows, base, values)


def test_values_missing_where_training_never_missed_them_are_explained_as_lightgbm_scores_them(model):
    rows = world(5000, seed=5)
    rows[:, 5:7] = np.nan  # LightGBM reads them as zero, for want of anything learnt
    base, values = contributions(model, rows)
    adds_up(model, rows, base, values)


def test_pieces_give_what_the_whole_gives(model):
    rows = world(9001, seed=6)
    _, whole = contributions(model, rows)
    pieces = list(in_batches(model, rows, 4500))
    assert [p.start for p in pieces] == [0, 4500, 9000]  # the last one row is too few for the fast way
    assert np.abs(np.vstack([p.values for p in pieces]) - whole).max() < 1e-12
    assert np.array_equal(np.concatenate([p.raw for p in pieces]), model.booster.predict(rows, raw_score=True))


def test_no_rows_give_no_contributions(model):
    base, values = contributions(model, np.empty((0, 8)))
    assert (base, values.shape) == (0.0, (0, 8))


class Broken:
    """Stands in for the fast way: correct but for what ``spoil`` does to it."""

    def __init__(self, booster, spoil):
        self.booster, self.spoil = booster, spoil

    def values(self, rows):
        return self.spoil(self.booster.predict(rows, pred_contrib=True)[:, :-1].copy())


def spoil_all(values):
    return values * 1.01


def spoil_two_rows(values):
    values[[1, 7], 0] += 1e-3
    return values


def spoil_with_nan(values):
    values[:, 0] = np.nan
    return values


def refuse(values):
    raise ValueError("changed")


@pytest.mark.parametrize("spoil", [spoil_all, spoil_two_rows, spoil_with_nan, refuse])
def test_a_fast_way_that_is_wrong_is_not_believed(model, monkeypatch, caplog, spoil):
    monkeypatch.setattr(subject, "_bulk_trees", lambda booster: Broken(booster, spoil))
    rows = world(4500, seed=7)
    with caplog.at_level(logging.WARNING):
        base, values = contributions(model, rows)
    adds_up(model, rows, base, values)
    assert "LightGBM" in caplog.text


def test_a_model_the_fast_way_cannot_read_is_explained_all_the_same():
    rows = world(4500, seed=8)
    rows[:, 0] = np.arange(4500) % 40
    told = {"objective": "binary", "verbose": -1, "num_threads": 2, "min_data_per_group": 1, "cat_smooth": 1}
    y = (np.arange(4500) % 40) % 3 == 0
    model = Trees(lgb.train(told, lgb.Dataset(rows, y, categorical_feature=[0]), 5))
    assert "num_cat=0" not in model.booster.model_to_string().split("Tree=1")[0]
    base, values = contributions(model, rows)
    adds_up(model, rows, base, values)


def test_interactions_sum_to_contributions(model):
    rows = world(20, seed=9)
    _, values = contributions(model, rows)
    pairs = interactions(model, rows)
    assert pairs.shape == (20, 8, 8)
    assert np.abs(pairs - pairs.transpose(0, 2, 1)).max() < 1e-9
    assert np.abs(pairs.sum(axis=2) - values).max() < 1e-6


def test_pairs_are_ranked_by_both_their_values_together():
    one = np.array([[5.0, 0.1, -1.0], [0.1, 7.0, 0.0], [-1.0, 0.0, 9.0]])
    other = np.array([[5.0, 0.3, 0.5], [0.3, 7.0, 0.0], [0.5, 0.0, 9.0]])
    pairs = strongest_pairs(np.array([one, other]), ["a", "b", "c"], 5)
    assert [p["features"] for p in pairs] == [["a", "c"], ["a", "b"]]  # b and c never interact
    assert [p["mean_abs"] for p in pairs] == pytest.approx([1.5, 0.4])  # (2 + 1) / 2 and (0.2 + 0.6) / 2
    assert strongest_pairs(np.array([one]), ["a", "b", "c"], 1)[0]["features"] == ["a", "c"]
    assert strongest_pairs(np.empty((0, 3, 3)), ["a", "b", "c"], 5) == []


def test_importance_ranks_features_and_families():
    values = np.array([[1.0, -3.0, 3.0], [1.0, 3.0, -3.0]])
    found = importance(values, ["a", "b", "c"], {"a": "name", "b": "profile", "c": "profile"})
    assert [(f["feature"], f["mean_abs"]) for f in found["features"]] == [("b", 3.0), ("c", 3.0), ("a", 1.0)]
    assert found["features"][0]["share"] == pytest.approx(3 / 7)
    # b and c cancel each other in every account, so their family moves nothing.
    assert found["families"] == [
        {"family": "name", "mean_abs": 1.0, "features": 1, "share": 1.0},
        {"family": "profile", "mean_abs": 0.0, "features": 2, "share": 0.0},
    ]


def test_importance_without_accounts_is_nothing():
    found = importance(np.empty((0, 1)), ["a"], {"a": "name"})
    assert found["features"] == [{"feature": "a", "family": "name", "mean_abs": 0.0, "share": 0.0}]
