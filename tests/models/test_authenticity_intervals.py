"""Intervals hold what they state, at every level they were fitted on, and never leave what is possible."""

from __future__ import annotations

import numpy as np
import pytest

from models.authenticity_intervals import LEVEL, STRATA, Widths, basis, stratum


def errors(rng: np.random.Generator, n: int, bias: float) -> dict[str, np.ndarray]:
    """Posts whose share is estimated with an error that grows with ``bias``."""
    likes = rng.integers(1, 400, n).astype(float)
    share = rng.beta(0.5, 2, n)
    truth = rng.binomial(likes.astype(int), share).astype(float)
    pumped = np.clip(share + bias + 0.02 * rng.standard_normal(n), 0, 1) * likes
    return {
        "likes": likes,
        "pumped": pumped,
        "spread": pumped * (1 - pumped / likes),
        "rests_on": np.zeros(n, dtype=int),
        "truth": truth,
    }


def coverage(widths: Widths, e: dict[str, np.ndarray]) -> float:
    low, high = widths.interval(e["likes"], e["pumped"], e["spread"], e["rests_on"])
    assert (low >= 0).all()
    assert (high <= e["likes"]).all()
    assert (low <= e["pumped"] + 1e-9).all()
    assert (high >= e["pumped"] - 1e-9).all()
    return float(((e["truth"] >= low) & (e["truth"] <= high)).mean())


def test_new_errors_of_every_level_are_covered():
    rng = np.random.default_rng(0)
    widths = Widths.fit([errors(rng, 6000, b) for b in (-0.1, 0.0, 0.05)])
    for bias in (-0.1, -0.05, 0.0, 0.05):
        assert coverage(widths, errors(rng, 3000, bias)) >= LEVEL


def test_an_error_beyond_all_that_was_fitted_is_not_covered():
    rng = np.random.default_rng(1)
    widths = Widths.fit([errors(rng, 6000, 0.0)])
    assert coverage(widths, errors(rng, 3000, 0.3)) < 0.5


def test_what_was_never_met_takes_the_widest_ends():
    rng = np.random.default_rng(2)
    widths = Widths.fit([errors(rng, 500, 0.0)])
    assert not np.isnan(widths.ends).any()
    never = stratum(np.array([50.0]), np.array([1.0]), np.array([2]))[0]  # by counters alone
    assert widths.ends[never].tolist() == [widths.ends[:, 0].min(), widths.ends[:, 1].max()]


def test_widths_are_the_same_after_they_were_written():
    widths = Widths.fit([errors(np.random.default_rng(3), 400, 0.0)])
    assert Widths.from_list(widths.to_list()).ends == pytest.approx(widths.ends, abs=5e-4)
    assert len(widths.to_list()) == STRATA


def test_what_an_estimate_rests_on():
    likes, seen = np.full(5, 100.0), np.array([95.0, 94.0, 0.0, 100.0, 100.0])
    unknown = np.array([0.0, 0.0, 0.0, 20.0, 100.0])
    assert basis(likes, seen, unknown).tolist() == [0, 1, 2, 1, 2]
