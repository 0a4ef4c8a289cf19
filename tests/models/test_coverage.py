"""Intervals of scores are checked against the share of bots among accounts with such scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.calibration import logit, sigmoid
from models.coverage import interval_coverage, wilson


def scores(n: int, seed: int = 0, lie: float = 0.0) -> pd.DataFrame:
    """Accounts whose raw score is their true log-odds; the probability said is ``lie`` log-odds higher."""
    random = np.random.default_rng(seed)
    raw = random.normal(0, 2, n)
    return pd.DataFrame(
        {
            "is_bot": random.random(n) < sigmoid(raw),
            "raw_score": raw,
            "bot_probability": sigmoid(raw + lie),
            "fold": np.arange(n) % 5,
        }
    )


def test_wilson_by_hand():
    # 1 of 4: (.25 + 1.92/4) / (1 + 3.84/4) = .3725; half: 1.96 sqrt(.1875/4 + 3.84/64) / 1.96 = .3268
    low, high = wilson(np.array([0.25]), np.array([4]), 0.95)
    assert low[0] == pytest.approx(0.0456, abs=1e-3)
    assert high[0] == pytest.approx(0.6994, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_scores_that_are_right_are_compatible_with_their_intervals(seed):
    told = interval_coverage(scores(2000, seed))
    assert told["bins"] == 20
    assert told["compatible"] >= 0.9
    assert 0 < told["width"] < 0.2


def test_intervals_narrow_as_accounts_grow_many():
    assert interval_coverage(scores(8000))["width"] < interval_coverage(scores(500))["width"]


def test_a_shift_that_was_declared_is_taken_off():
    known = scores(2000)
    moved = known.assign(bot_probability=sigmoid(logit(known["bot_probability"].to_numpy()) - 2.0))
    assert interval_coverage(moved, shift=-2.0) == interval_coverage(known)


def test_probabilities_that_lie_widen_the_interval_they_are_enclosed_by():
    assert interval_coverage(scores(2000, lie=2.0))["width"] > 2 * interval_coverage(scores(2000))["width"]


def test_too_few_accounts_say_so():
    assert interval_coverage(scores(60))["why"] == "60 accounts in 5 folds"
