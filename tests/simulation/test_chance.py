"""Draws depend on the seed, on what is drawn and for whom, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulation.chance import Chance

MANY = np.arange(20_000)


def test_a_draw_for_one_is_the_same_among_many():
    chance = Chance(5)
    assert chance.uniform("coin", MANY)[17] == chance.uniform("coin", 17)[0]
    assert chance.uniform("coin", MANY[::-1])[-18] == chance.uniform("coin", np.array([17]))[0]


def test_seed_name_and_whom_each_make_another_draw():
    draws = [
        Chance(5).bits("coin", 17)[0],
        Chance(6).bits("coin", 17)[0],
        Chance(5).bits("dice", 17)[0],
        Chance(5).bits("coin", 18)[0],
        Chance(5).bits("coin", 17, 0)[0],
        Chance(5).bits("coin", 0, 17)[0],
    ]
    assert len(set(draws)) == 6


def test_draws_do_not_change_between_releases():
    # A town is its settings: whoever gives seed 0 today must get the same town tomorrow.
    assert Chance(0).bits("coin", 1, 2)[0] == np.uint64(10704805127227916049)


@pytest.mark.parametrize("which", [(MANY,), (7, MANY), (MANY % 3, MANY), (-1 - MANY,)])
def test_uniform_draws_are_even_and_inside(which):
    draws = Chance(1).uniform("even", *which)
    assert 0 < draws.min() < draws.max() < 1
    assert stats.kstest(draws, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.03


def test_normal_waits_and_around_have_their_mean_and_spread():
    chance = Chance(2)
    assert chance.normal("n", MANY).mean() == pytest.approx(0, abs=0.03)
    assert chance.normal("n", MANY).std() == pytest.approx(1, abs=0.03)
    assert chance.waits(30.0, "w", MANY).mean() == pytest.approx(30, rel=0.03)
    assert np.median(chance.around(8.0, 0.7, "a", MANY)) == pytest.approx(8, rel=0.03)
    assert np.log(chance.around(8.0, 0.7, "a", MANY)).std() == pytest.approx(0.7, rel=0.03)


@given(st.floats(0, 50))
def test_rounding_keeps_the_mean_and_is_next_to_it(expected):
    whole = Chance(3).rounded(expected, "r", MANY)
    assert set(np.unique(whole)) <= {np.floor(expected), np.floor(expected) + 1}
    assert whole.mean() == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("mean", [0.1, 1.0, 12.0])
def test_times_are_geometric(mean):
    times = Chance(4).times(np.full(len(MANY), mean), "t", MANY)
    assert times.mean() == pytest.approx(mean, rel=0.08)
    assert (times == 0).mean() == pytest.approx(1 / (1 + mean), abs=0.02)


def test_whole_draws_reach_every_number_below():
    assert set(Chance(1).whole(6, "dice", MANY)) == {0, 1, 2, 3, 4, 5}
    assert Chance(1).whole(np.array([1, 2]), "dice", np.array([4, 4])).max() <= 1
