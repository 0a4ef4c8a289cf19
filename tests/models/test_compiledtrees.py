"""Compiled trees say what LightGBM says, to the last bit, or refuse."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from models.boostertext import average, check_text
from models.compiledtrees import CompiledTrees, Unreadable, _from_left_to_right


def matrix(n: int, seed: int, missing: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 12))
    x[:, 3] = np.round(x[:, 3])  # values that lie on thresholds
    x[:, 4] = 0.0
    x[:, 5] = np.where(rng.random(n) < 0.5, 0.0, x[:, 5])
    x[rng.random(x.shape) < missing] = np.nan
    x[:, 6] = rng.normal(size=n)  # never missing in training
    return x


def booster(missing: float = 0.1, trees: int = 40, **settings: Any) -> lgb.Booster:
    x = matrix(3000, 0, missing)
    truth = (np.nansum(x[:, :7], axis=1) + np.random.default_rng(1).normal(size=3000) > 0).astype(int)
    told = {"objective": "binary", "num_threads": 1, "verbose": -1, "min_data_in_leaf": 3, **settings}
    return lgb.train(told, lgb.Dataset(x, truth), num_boost_round=trees)


@pytest.mark.parametrize("leaves", [2, 7, 31, 32, 33, 64, 65, 127, 300])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_scores_are_those_of_lightgbm_bit_for_bit(leaves, missing):
    trained = booster(missing, num_leaves=leaves)
    x = matrix(1000, 2, 0.3)
    x[0] = np.nan
    x[1], x[2] = 1e300, -1e300
    x[3, 0] = np.inf
    found = CompiledTrees.of(trained.model_to_string()).raw_scores(x, threads=2)
    assert np.array_equal(found, trained.predict(x, raw_score=True))


def test_several_scores_are_those_of_lightgbm_bit_for_bit():
    x = matrix(3000, 0)
    truth = np.digitize(np.nansum(x[:, :7], axis=1), [-1, 0, 2])
    told = {"objective": "multiclass", "num_class": 4, "num_threads": 1, "verbose": -1, "num_leaves": 40}
    trained = lgb.train(told, lgb.Dataset(x, truth), num_boost_round=9)
    unseen = matrix(300, 2, 0.3)
    found = CompiledTrees.of(trained.model_to_string()).raw_scores(unseen, threads=2)
    assert found.shape == (300, 4)
    assert np.array_equal(found, trained.predict(unseen, raw_score=True))


def test_a_value_on_a_threshold_goes_left():
    trained = booster(0.0, trees=5, num_leaves=4)
    compiled = CompiledTrees.of(trained.model_to_string())
    x = np.zeros((len(compiled.threshold), 12))
    for row, (column, threshold) in enumerate(zip(compiled.column, compiled.threshold, strict=True)):
        x[row, compiled.columns[column]] = threshold
    assert np.array_equal(compiled.raw_scores(x), trained.predict(x, raw_score=True))


@pytest.mark.parametrize("n", [0, 1, 127, 128, 129])
def test_any_number_of_rows(n):
    trained = booster(trees=3)
    x = np.asfortranarray(matrix(300, 5)[:n])
    found = CompiledTrees.of(trained.model_to_string()).raw_scores(x)
    assert found.shape == (n,)
    assert np.array_equal(found, trained.predict(x, raw_score=True) if n else np.empty(0))


def test_a_tree_that_never_split_counts_too():
    trained = booster(min_gain_to_split=1e9, trees=2)
    x = matrix(10, 3)
    found = CompiledTrees.of(trained.model_to_string()).raw_scores(x)
    assert np.array_equal(found, trained.predict(x, raw_score=True))


def test_leaves_are_bits_from_left_to_right():
    # Split 0 has leaf 0 on its left and split 1 on its right; split 1 has leaves 2 and 1 (~1 = -2, ~2 = -3).
    order, below = _from_left_to_right(np.array([-1, -3]), np.array([1, -2]))
    assert order == [0, 2, 1]
    assert below == [0b001, 0b010]


def test_what_cannot_be_compiled_is_refused():
    with pytest.raises(Unreadable, match="zero for missing"):
        CompiledTrees.of(booster(zero_as_missing=True, trees=3).model_to_string())
    x = matrix(3000, 0)
    x[:, 0] = np.arange(3000) % 30
    data = lgb.Dataset(x, np.arange(3000) % 30 % 7 < 3, categorical_feature=[0], params={"verbose": -1})
    trained = lgb.train({"objective": "binary", "verbose": -1}, data, num_boost_round=3)
    with pytest.raises(Unreadable, match="not numeric"):
        CompiledTrees.of(trained.model_to_string())


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match="12 columns"):
        CompiledTrees.of(booster(trees=1).model_to_string()).raw_scores(np.zeros((2, 11)))


def test_a_split_of_known_against_missing_values_is_read_and_scored():
    rng = np.random.default_rng(0)
    x = np.where(rng.random((2000, 1)) < 0.5, np.nan, rng.integers(0, 2, (2000, 1)))
    truth = np.isnan(x[:, 0]).astype(int)
    trained = lgb.train({"objective": "binary", "verbose": -1, "num_threads": 1}, lgb.Dataset(x, truth), 2)
    text = average([trained.model_to_string()], [1.0])
    assert "threshold=inf" in text
    check_text(text, 1, "booster.txt")
    unseen = np.array([[np.nan], [3.0], [-1e9], [1e308]])
    assert np.array_equal(CompiledTrees.of(text).raw_scores(unseen), trained.predict(unseen, raw_score=True))
