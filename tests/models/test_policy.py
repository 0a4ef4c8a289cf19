"""Tiers follow rules a person can read, and what is promised of them holds on accounts that had no part in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from features.errors import BadInput
from models.policy import choose_tiers, lines, tier_of
from models.settings import Policy, Rule
from models.slices import slice_accounts


def rows(bots: list[float], people: list[float]) -> pd.DataFrame:
    p = np.array([*bots, *people], dtype=float)
    return pd.DataFrame(
        {
            "account_id": [f"a{i:05d}" for i in range(len(p))],
            "is_bot": np.arange(len(p)) < len(bots),
            "bot_probability": p,
            "fold": np.arange(len(p)) % 2,
            "source": "one",
        }
    )


def town(n: int = 4000, seed: int = 0, apart: float = 3.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    bot = rng.random(n) < 0.3
    score = rng.normal(np.where(bot, apart, 0), 1)
    known = rows([], list(1 / (1 + np.exp(-(apart * score - apart**2 / 2)))))
    return known.assign(is_bot=bot, fold=rng.integers(0, 5, n))


def policy(**rules: Rule) -> Policy:
    return Policy(tiers=rules, resamples=50, accounts_per_day=1000)


def thresholds(found: dict) -> dict[str, float | None]:
    return {one["tier"]: one["threshold"] for one in found["tiers"]}


# Ten people at .05, .15, ... .95 and ten bots at .1, .2, ... 1.0: every bot stands just above a person.
PEOPLE = [i / 10 - 0.05 for i in range(1, 11)]
BOTS = [i / 10 for i in range(1, 11)]


def test_a_false_positive_ceiling_lets_in_just_as_many_people_as_it_says():
    # Of ten people two may be called: those at .95 and .85; the next lower is the bot at .8, so the cut is
    # halfway between it and the person at .75 it must keep out.
    found = choose_tiers(rows(BOTS, PEOPLE), policy(review=Rule(false_positives=0.2)))
    assert thresholds(found) == {"review": pytest.approx(0.775)}


def test_precision_is_kept_at_the_declared_share_and_not_the_labelled_one():
    # Cut at .5: 6 of 10 bots and 5 of 10 people. Where half are bots the precision is 6 / 11 = .545; where a tenth
    # are, it is .06 / (.06 + .45) = .118.
    rule = policy(review=Rule(precision=0.54))
    assert thresholds(choose_tiers(rows(BOTS, PEOPLE), rule))["review"] <= 0.5
    assert thresholds(choose_tiers(rows(BOTS, PEOPLE), rule, bot_share=0.1))["review"] == pytest.approx(0.975)


def test_review_capacity_is_the_queue_of_the_tier_alone():
    # At 1000 accounts a day, half of them bots, each labelled account stands for 50 a day. Suspension takes the bot
    # at 1.0; four more fit into 200 a day: .95, .9, .85 and .8.
    found = choose_tiers(rows(BOTS, PEOPLE), policy(suspend=Rule(false_positives=0), review=Rule(per_day=200)))
    assert thresholds(found) == {"suspend": pytest.approx(0.975), "review": pytest.approx(0.775)}


def test_costs_choose_the_cheapest_threshold():
    # Bots at .9, .8, .3 and people at .85, .2, .1. A person costs 3, a missed bot 1: calling only .9 costs 2 misses
    # = 2; calling down to .8 costs 3 + 1 = 4; calling nobody costs 3.
    known = rows([0.9, 0.8, 0.3], [0.85, 0.2, 0.1])
    dear = choose_tiers(known, policy(review=Rule(false_alarm_cost=3, miss_cost=1)))
    assert thresholds(dear)["review"] == pytest.approx(0.875)
    # When a person costs a third, calling down to .3 costs 1/3 and misses nobody.
    cheap = choose_tiers(known, policy(review=Rule(false_alarm_cost=1, miss_cost=3)))
    assert thresholds(cheap)["review"] == pytest.approx(0.25)


def test_the_strictest_of_several_rules_counts_and_is_named():
    found = choose_tiers(rows(BOTS, PEOPLE), policy(review=Rule(false_positives=0.5, per_day=100)))
    assert found["tiers"][0]["because"] == "at most 100 accounts a day"
    assert thresholds(found)["review"] == pytest.approx(0.925)  # two accounts: 1.0 and .95


def test_too_few_people_to_promise_anything_closes_the_tier_and_says_how_many_are_needed():
    found = choose_tiers(rows(BOTS, PEOPLE), policy(suspend=Rule(false_positives=0.001, confidence=0.95)))
    (suspend,) = found["tiers"]
    assert suspend["threshold"] is None
    # 0.999 ** 2995 = 0.04996: so many people without one above are needed to be 95% sure.
    assert "takes at least 2,995 labelled people, and there are 10" in suspend["because"]
    assert any("suspend: closed" in line for line in lines(found))


def test_a_ceiling_with_confidence_is_stricter_than_as_counted():
    known = town(20_000)
    counted = choose_tiers(known, policy(suspend=Rule(false_positives=0.001)))
    sure = choose_tiers(known, policy(suspend=Rule(false_positives=0.001, confidence=0.95)))
    assert thresholds(sure)["suspend"] > thresholds(counted)["suspend"]


def test_a_slice_of_its_own_kind_raises_the_threshold_for_all():
    known = town()
    known["source"] = np.where(np.arange(len(known)) % 10 == 0, "small", "large")
    unlucky = known.index[(known["source"] == "small") & ~known["is_bot"]][:10]
    known.loc[unlucky, "bot_probability"] = 0.9999
    slices = slice_accounts(known)
    rule = {"false_positives": 0.01}
    plain = choose_tiers(known, policy(suspend=Rule(**rule)), slices=slices)
    fair = choose_tiers(known, policy(suspend=Rule(**rule, per_slice=True)), slices=slices)
    assert thresholds(fair)["suspend"] > 0.9999 >= thresholds(plain)["suspend"]
    assert "source small" in fair["tiers"][0]["because"]


@pytest.mark.parametrize("seed", range(3))
def test_no_more_people_are_suspended_than_stated_on_accounts_held_out(seed):
    chosen_on, held_out = town(20_000, seed), town(20_000, seed + 100)
    rule = Rule(false_positives=0.001, confidence=0.95, per_slice=True)
    found = choose_tiers(chosen_on, policy(suspend=rule), slices=slice_accounts(chosen_on))
    people = held_out.loc[~held_out["is_bot"], "bot_probability"]
    assert (people >= thresholds(found)["suspend"]).mean() <= 0.001


def test_what_is_expected_holds_on_accounts_of_another_share():
    chosen_on = town(8000, 1)
    found = choose_tiers(chosen_on, policy(review=Rule(false_positives=0.02)), bot_share=0.1)
    told = found["tiers"][0]["expected"]
    fresh = town(60_000, 2)
    hit = (fresh["bot_probability"] >= found["tiers"][0]["threshold"]).to_numpy()
    bots, people = hit[fresh["is_bot"]].mean(), hit[~fresh["is_bot"]].mean()
    precision = 0.1 * bots / (0.1 * bots + 0.9 * people)
    assert told["recall"]["low"] - 0.01 <= bots <= told["recall"]["high"] + 0.01
    assert told["precision"]["low"] - 0.02 <= precision <= told["precision"]["high"] + 0.02
    assert told["people"]["value"] == pytest.approx(0.02, abs=0.005)
    assert told["per_day"]["value"] == pytest.approx(1000 * (0.1 * bots + 0.9 * people), rel=0.1)


def test_an_uncertain_share_widens_the_interval_of_precision():
    known = town()
    rule = {"tiers": {"review": Rule(false_positives=0.02)}, "resamples": 200, "bot_share": 0.1}
    sure = choose_tiers(known, Policy(**rule))["tiers"][0]["expected"]["precision"]
    unsure = choose_tiers(known, Policy(**rule, bot_share_low=0.02, bot_share_high=0.3))
    told = unsure["tiers"][0]["expected"]["precision"]
    assert told["high"] - told["low"] > 3 * (sure["high"] - sure["low"])


def test_where_no_person_was_seen_none_is_not_promised():
    found = choose_tiers(rows([0.9] * 50, [0.1] * 50), policy(suspend=Rule(false_positives=0)))
    told = found["tiers"][0]["expected"]
    assert told["people"]["value"] == 0
    assert told["people"]["high"] > 0.01
    assert told["precision"]["value"] == 1
    assert told["precision"]["low"] < 1


def test_accounts_land_in_the_harshest_tier_they_reach():
    names = tier_of(np.array([0.99, 0.7, 0.5, 0.1]), {"review": 0.7, "suspend": 0.9, "discount": None})
    assert names.tolist() == ["suspend", "review", "allow", "allow"]


def test_default_rules_give_sentences_for_every_tier():
    known = town(12_000)
    found = choose_tiers(known, Policy(resamples=20), slices=slice_accounts(known))
    said = lines(found)
    assert len(said) == 1 + len(Policy().tiers)
    assert all("accounts a day" in line for line in said)


@pytest.mark.parametrize(
    ("rules", "says"),
    [({"banish": Rule(false_positives=0.1)}, "tiers among"), ({"suspend": Rule(per_slice=True)}, "per_slice")],
)
def test_rules_that_cannot_be_kept_are_refused(rules, says):
    with pytest.raises(BadInput, match=says):
        choose_tiers(rows(BOTS, PEOPLE), policy(**rules))


@effort(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_ceilings_hold_and_thresholds_fall_with_harshness(bots, people, first, second):
    known = rows([b / 20 for b in bots], [p / 20 for p in people])
    found = choose_tiers(known, policy(suspend=Rule(false_positives=first), review=Rule(false_positives=second)))
    cuts = thresholds(found)
    for tier, ceiling in (("suspend", first), ("review", second)):
        if cuts[tier] is not None:
            called = known["bot_probability"] >= cuts[tier]
            assert called[~known["is_bot"]].mean() <= ceiling + 1e-9
    if None not in cuts.values():
        assert cuts["suspend"] > cuts["review"]
