"""Tiers meet no more people than was promised, and are closed where nothing can be promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput
from models.thresholds import TIERS, check_limits, most_alarms, thresholds, tiers_of


@pytest.mark.parametrize(
    ("people", "limit", "allowed"),
    [
        (298, 0.01, None),  # 0.99 ** 298 is 0.0500...: not yet sure
        (299, 0.01, 0),  # 0.99 ** 299 = 0.0495: none of 299 met is enough for 1%, the rule of three
        (2994, 0.001, None),
        (2995, 0.001, 0),
        (10, 1.0, 10),
        (0, 0.5, None),
    ],
)
def test_how_many_people_may_be_met(people, limit, allowed):
    assert most_alarms(people, limit) == allowed


@given(st.integers(1, 5000), st.floats(0.001, 0.99))
def test_the_limit_is_kept_and_used(people, limit):
    from scipy.stats import binom

    allowed = most_alarms(people, limit)
    if allowed is None:
        assert binom.cdf(0, people, limit) > 0.05
    else:
        # Were the true share at the limit, so few would be met in at most 5 of 100 samples.
        assert binom.cdf(allowed, people, limit) <= 0.05 + 1e-9
        assert binom.cdf(allowed + 1, people, limit) > 0.05 - 1e-9


def test_by_hand():
    # 299 people: nobody may be met at 1%. The highest person has 0.8; the next account above is a bot at 0.9.
    p = np.concatenate([[0.99, 0.9, 0.5], [0.8], np.full(298, 0.1)])
    bot = np.arange(302) < 3
    cuts = thresholds(bot, p, {"challenge": 0.01})
    assert cuts == {"challenge": pytest.approx(0.85)}
    assert tiers_of(p, cuts)[:4].tolist() == ["challenge", "challenge", "allow", "allow"]


def test_nobody_enters_a_tier_that_cannot_be_promised():
    bot = np.arange(100) < 50
    cuts = thresholds(bot, np.where(bot, 0.9, 0.1), {"suspend": 0.001, "discount": 0.1})
    assert cuts["suspend"] is None
    assert cuts["discount"] == pytest.approx(0.5)
    assert set(tiers_of(np.array([0.99, 0.1]), cuts)) == {"discount", "allow"}


@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0.05, 0.95))
def test_harsher_tiers_hold_fewer_and_all_keep_their_limit(seed, steps, bots):
    random = np.random.default_rng(seed)
    bot = random.random(500) < bots
    p = random.integers(0, steps + 1, 500) / steps
    limits = {"review": 0.02, "challenge": 0.05, "discount": 0.3}
    cuts = thresholds(bot, p, limits)
    given_out = [c for c in cuts.values() if c is not None]
    assert given_out == sorted(given_out, reverse=True)
    for tier, cut in cuts.items():
        if cut is not None:
            assert ((p >= cut) & ~bot).sum() <= limits[tier] * (~bot).sum()


def test_the_ceiling_holds_on_accounts_nobody_has_seen():
    # The 5% tier, set 200 times on 1,000 people, may exceed 5% of all people in about 10 of them.
    random = np.random.default_rng(0)
    beyond = 0
    for _ in range(200):
        people = random.random(1000)
        cut = thresholds(np.append(np.zeros(1000, dtype=bool), True), np.append(people, 1.0), {"review": 0.05})[
            "review"
        ]
        beyond += 1 - cut > 0.05
    assert beyond <= 20


def test_neighbouring_numbers_are_told_apart():
    low = 0.5
    high = np.nextafter(low, 1)
    p = np.concatenate([np.full(299, low), [high]])
    bot = np.append(np.zeros(299, dtype=bool), True)
    cuts = thresholds(bot, p, {"challenge": 0.01})
    assert tiers_of(np.array([low, high]), cuts).tolist() == ["allow", "challenge"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [({"ban": 0.1}, "tiers among"), ({"suspend": 0.1, "review": 0.05}, "do not fall"), ({"suspend": 0.0}, "above 0")],
)
def test_limits_nobody_could_follow_are_told(limits, expected):
    with pytest.raises(BadInput, match=expected):
        check_limits(limits)


def test_tiers_are_told_harshest_first():
    assert list(check_limits({"discount": 0.1, "suspend": 0.001})) == ["suspend", "discount"]
    assert TIERS[0] == "suspend"
