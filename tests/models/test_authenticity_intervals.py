"""Intervals hold what they state, where they were fitted and with less known, and never leave what is possible."""

from __future__ import annotations

import numpy as np
import pytest

from models.authenticity_intervals import BASES, KNOWN, LEVEL, STRATA, UNITS, Known, Widths, basis, stratum, used
from pipeline.audit.constants import shipped


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
    read, rows = Widths.from_dict(widths.to_dict()).ends, np.arange(STRATA)
    for at, _ in used():
        assert read[at * STRATA + rows] == pytest.approx(widths.ends[at * STRATA + rows], abs=5e-4)
    assert list(widths.to_dict())[:3] == ["events", "partial", "counts"]


def test_what_an_estimate_rests_on():
    likes, seen = np.full(5, 100.0), np.array([95.0, 94.0, 0.0, 100.0, 100.0])
    unknown = np.array([0.0, 0.0, 0.0, 20.0, 100.0])
    assert basis(likes, seen, unknown).tolist() == [0, 1, 2, 1, 2]
    # No groups is 1 and no kinds is 4, so 5 steps of three; where few likes are seen groups do not matter, 4 steps.
    assert basis(likes, seen, unknown, Known(groups=False, kinds=False)).tolist() == [15, 13, 14, 13, 14]
    # Vague scores are 8.
    assert basis(likes, seen, unknown, Known(vague=True)).tolist() == [24, 25, 26, 25, 26]


def test_less_known_never_makes_an_interval_narrower():
    rng = np.random.default_rng(4)
    # Groups known: the truth is up to 10% away. Not known, by chance of these errors: next to nothing away.
    with_groups, without = errors(rng, 3000, -0.1), errors(rng, 3000, 0.0)
    without["truth"] = without["pumped"].copy()
    without["rests_on"] = np.full(3000, len(BASES) * Known(groups=False).number)
    widths = Widths.fit([with_groups, without])
    ends = widths.ends.reshape(len(KNOWN), len(BASES), STRATA, 2)
    assert (ends[1, 0, :, 0] <= ends[0, 0, :, 0]).all()
    assert (ends[1, 0, :, 1] >= ends[0, 0, :, 1]).all()
    likes, pumped = np.array([200.0]), np.array([40.0])
    high = [widths.interval(likes, pumped, pumped, np.array([on]))[1][0] for on in (0, len(BASES))]
    assert high[1] >= high[0] > 55  # 40 and about 20 more


@pytest.mark.parametrize("unit", UNITS)
def test_there_are_widths_for_whatever_is_known(unit):
    ends = shipped().widths[unit].ends.reshape(-1, STRATA, 2)
    assert len(used()) == 28  # sharp or vague; events: 8 ways to lack something, partial: 4, counts: 2
    for at, _ in used():
        assert (ends[at, :, 0] <= 0).all()
        assert (ends[at, :, 1] >= 0).all()
        assert (ends[at, :, 1] > ends[at, :, 0]).mean() > 0.9  # strata of nearly nothing may have no width


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("vague", [False, True])
def test_shipped_widths_grow_as_evidence_is_taken_away(unit, vague):
    widths = shipped().widths[unit]
    likes, pumped = np.repeat([12.0, 60.0, 400.0], 3), np.outer([12, 60, 400], [0.05, 0.2, 0.45]).ravel()
    spread = pumped * 0.3

    def width(known):
        low, high = widths.interval(likes, pumped, spread, basis(likes, likes, np.zeros(9), known))
        return high - low

    everything = width(Known(vague=vague))
    for lacking in ({"groups": False}, {"follows": False}, {"kinds": False}):
        assert (width(Known(**lacking, vague=vague)) >= everything).all()
    nothing = width(Known(groups=False, follows=False, kinds=False, vague=vague))
    assert (nothing >= width(Known(groups=False, vague=vague))).all()
    assert nothing.sum() > everything.sum()
