"""Tiers follow rules a person can read, and what is promised of them holds on accounts that had no part in it."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pydantic import ValidationError

from features.errors import BadInput
from models.policy import choose_tiers, land_out_of_fold, lines
from models.settings import Gate, Policy, Rule, Tier, Train
from models.slices import slice_accounts
from models.thresholds import TIERS, thresholds


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


def chosen(known, limits=None, *, bot_share=None, slices=None, **rules: Rule) -> dict:
    policy = Policy(rules=rules, resamples=50, accounts_per_day=1000)
    return choose_tiers(known, limits or {}, policy, bot_share=bot_share, slices=slices)


def cuts(found: dict) -> dict[str, float | None]:
    return {one["tier"]: one["threshold"] for one in found["tiers"]}


# Ten people at .05, .15, ... .95 and ten bots at .1, .2, ... 1.0: every bot stands just above a person.
PEOPLE = [i / 10 - 0.05 for i in range(1, 11)]
BOTS = [i / 10 for i in range(1, 11)]


def test_a_limit_lets_in_just_as_many_people_as_can_be_promised():
    # Of ten people two may be called when at most half may be with 95% confidence (upper bound .507): those at .95
    # and .85. The next lower is the bot at .8, so the cut is halfway to the person at .75 it must keep out.
    found = chosen(rows(BOTS, PEOPLE), {"review": 0.51})
    assert cuts(found) == {"review": pytest.approx(0.775)}


def test_without_further_rules_the_thresholds_are_those_of_training():
    known, limits = town(), {"suspend": 0.002, "review": 0.01, "discount": 0.1}
    usual = thresholds(known["is_bot"].to_numpy(), known["bot_probability"].to_numpy(), limits)
    assert cuts(chosen(known, limits)) == usual


def test_precision_is_kept_at_the_declared_share_and_not_the_labelled_one():
    # Cut at .5: 6 of 10 bots and 5 of 10 people. Where half are bots the precision is 6 / 11 = .545; where a tenth
    # are, it is .06 / (.06 + .45) = .118.
    rule = Rule(precision=0.54)
    assert cuts(chosen(rows(BOTS, PEOPLE), review=rule))["review"] <= 0.5
    assert cuts(chosen(rows(BOTS, PEOPLE), review=rule, bot_share=0.1))["review"] == pytest.approx(0.975)


def test_review_capacity_is_the_queue_of_the_tier_alone():
    # At 1000 accounts a day, half of them bots, each labelled account stands for 50 a day. Suspension takes the bot
    # at 1.0; four more fit into 200 a day: .95, .9, .85 and .8.
    found = chosen(rows(BOTS, PEOPLE), suspend=Rule(precision=1), review=Rule(per_day=200))
    assert cuts(found) == {"suspend": pytest.approx(0.975), "review": pytest.approx(0.775)}


def test_costs_choose_the_cheapest_threshold():
    # Bots at .9, .8, .3 and people at .85, .2, .1. A person costs 3, a missed bot 1: calling only .9 costs 2 misses
    # = 2; calling down to .8 costs 3 + 1 = 4; calling nobody costs 3.
    known = rows([0.9, 0.8, 0.3], [0.85, 0.2, 0.1])
    dear = chosen(known, review=Rule(false_alarm_cost=3, miss_cost=1))
    assert cuts(dear)["review"] == pytest.approx(0.875)
    # When a person costs a third, calling down to .3 costs 1/3 and misses nobody.
    cheap = chosen(known, review=Rule(false_alarm_cost=1, miss_cost=3))
    assert cuts(cheap)["review"] == pytest.approx(0.25)


def test_the_strictest_of_several_rules_counts_and_is_named():
    found = chosen(rows(BOTS, PEOPLE), {"review": 0.9}, review=Rule(per_day=100))
    assert found["tiers"][0]["because"] == "at most 100 accounts a day"
    assert cuts(found)["review"] == pytest.approx(0.925)  # two accounts: 1.0 and .95


def test_too_few_people_to_promise_anything_closes_the_tier_and_says_how_many_are_needed():
    found = chosen(rows(BOTS, PEOPLE), {"suspend": 0.001})
    (suspend,) = found["tiers"]
    assert suspend["threshold"] is None
    # 0.999 ** 2995 = 0.04996: so many people without one above are needed to be 95% sure.
    assert "takes at least 2,995 labelled people, and there are 10" in suspend["because"]
    assert any("suspend: closed" in line for line in lines(found))


def test_a_slice_of_its_own_kind_raises_the_threshold_for_all():
    known = town()
    known["source"] = np.where(np.arange(len(known)) % 10 == 0, "small", "large")
    unlucky = known.index[(known["source"] == "small") & ~known["is_bot"]][:10]
    known.loc[unlucky, "bot_probability"] = 0.9999
    slices, limit = slice_accounts(known), {"suspend": 0.01}
    plain = chosen(known, limit, slices=slices)
    fair = chosen(known, limit, slices=slices, suspend=Rule(per_slice=True))
    assert cuts(fair)["suspend"] > 0.9999 >= cuts(plain)["suspend"]
    assert "source small" in fair["tiers"][0]["because"]


@pytest.mark.parametrize("seed", range(3))
def test_no_more_people_are_suspended_than_stated_on_accounts_held_out(seed):
    chosen_on, held_out = town(20_000, seed), town(20_000, seed + 100)
    found = chosen(chosen_on, {"suspend": 0.001}, slices=slice_accounts(chosen_on), suspend=Rule(per_slice=True))
    people = held_out.loc[~held_out["is_bot"], "bot_probability"]
    assert (people >= cuts(found)["suspend"]).mean() <= 0.001


def test_what_is_expected_holds_on_accounts_of_another_share():
    chosen_on = town(8000, 1)
    found = chosen(chosen_on, {"review": 0.02}, bot_share=0.1)
    told = found["tiers"][0]["expected"]
    fresh = town(60_000, 2)
    hit = (fresh["bot_probability"] >= found["tiers"][0]["threshold"]).to_numpy()
    bots, people = hit[fresh["is_bot"]].mean(), hit[~fresh["is_bot"]].mean()
    precision = 0.1 * bots / (0.1 * bots + 0.9 * people)
    assert told["recall"]["low"] - 0.01 <= bots <= told["recall"]["high"] + 0.01
    assert told["precision"]["low"] - 0.02 <= precision <= told["precision"]["high"] + 0.02
    assert told["people"]["value"] == pytest.approx(0.017, abs=0.005)  # a little below the limit it promises
    assert told["per_day"]["value"] == pytest.approx(1000 * (0.1 * bots + 0.9 * people), rel=0.1)


def test_an_uncertain_share_widens_the_interval_of_precision():
    known, limit = town(), {"review": 0.02}
    sure = choose_tiers(known, limit, Policy(rules={}, resamples=200), bot_share=0.1)
    wide = Policy(rules={}, resamples=200, bot_share_low=0.02, bot_share_high=0.3)
    unsure = choose_tiers(known, limit, wide, bot_share=0.1)
    narrow, broad = (f["tiers"][0]["expected"]["precision"] for f in (sure, unsure))
    assert broad["high"] - broad["low"] > 3 * (narrow["high"] - narrow["low"])


def test_where_no_person_was_seen_none_is_not_promised():
    found = chosen(rows([0.9] * 50, [0.1] * 50), suspend=Rule(precision=1))
    told = found["tiers"][0]["expected"]
    assert told["people"]["value"] == 0
    assert told["people"]["high"] > 0.01
    assert told["precision"]["value"] == 1
    assert told["precision"]["low"] < 1


def test_default_rules_give_sentences_for_every_tier():
    known, limits = town(12_000), Train().tiers
    found = choose_tiers(known, limits, Policy(resamples=20), slices=slice_accounts(known))
    said = lines(found)
    assert len(said) == 1 + len(limits)
    assert all("accounts a day" in line for line in said)


def test_a_rule_for_slices_without_slices_is_refused():
    with pytest.raises(BadInput, match="per_slice"):
        chosen(rows(BOTS, PEOPLE), {"suspend": 0.1}, suspend=Rule(per_slice=True))


def test_tiers_of_a_fold_are_chosen_on_the_other_fold():
    # Even rows are fold 0, odd ones fold 1. Nobody who is a person may be reviewed (precision 1). In fold 0 the bot
    # stands at .9 above people at .2; fold 1 has a bot at .6, a person at .7. On fold 1 alone no threshold is right
    # for anybody, so nobody of fold 0 is reviewed; on fold 0 alone .55 is, which meets the bot at .6 and the person.
    known = pd.DataFrame(
        {
            "account_id": list("abcdef"),
            "is_bot": [True, True, False, False, False, False],
            "bot_probability": [0.9, 0.6, 0.2, 0.7, 0.2, 0.1],
            "fold": [0, 1] * 3,
        }
    )
    policy = Policy(rules={"review": Rule(precision=1)}, resamples=10)
    landed = land_out_of_fold(known.sample(frac=1, random_state=0), {}, policy)
    assert dict(zip(landed["account_id"], landed["tier"], strict=True)) == {
        **dict.fromkeys("acef", "allow"),
        **dict.fromkeys("bd", "review"),
    }


def test_a_threshold_that_met_nobody_meets_people_it_was_not_chosen_on():
    # 3,000 people are just enough to promise 0.1%, and only if nobody of them is met. The highest score of a person is
    # .9, in fold 1; bots stand at .95 and at .8999, just above the person who comes next, in fold 0 (.8997).
    known = rows([0.95] * 100 + [0.8999] * 100, list(np.linspace(0.001, 0.9, 3000)))
    limits, policy = {"suspend": 0.001}, Policy(rules={}, resamples=10)
    (suspend,) = choose_tiers(known, limits, policy)["tiers"]
    assert suspend["threshold"] == pytest.approx(0.925)
    # Chosen on fold 0 the threshold is .8998, and the person at .9 is suspended; chosen on fold 1 it is .925.
    landed = land_out_of_fold(known, limits, policy).merge(known, on="account_id")
    met = landed[(landed["tier"] == "suspend") & ~landed["is_bot"]]
    assert met["bot_probability"].tolist() == [0.9]
    told = suspend["expected"]
    assert told["people"]["value"] == pytest.approx(1 / 3000, abs=1e-6)
    # All bots at .95 and, of those at .8999, the half in fold 1; though a fold has too few people to promise anything.
    assert told["recall"]["value"] == 0.75


def test_settings_name_the_tiers_there_are():
    assert get_args(Tier) == TIERS


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Policy(rules={"banish": Rule(precision=0.1)}), "tiers among suspend, review"),
        (lambda: Gate(ceilings={"banish": 0.1}), "tiers among suspend, review"),
        (lambda: Gate(ceilings={"suspend": 0}), "above 0 and at most 1"),
        (lambda: Gate(ceilings={"suspend": 1.01}), "above 0 and at most 1"),
        (lambda: Policy(bot_share_low=0.3, bot_share_high=0.2), "at least bot_share_low, 0.3"),
        (lambda: Rule(miss_cost=1), "both false_alarm_cost and miss_cost"),
        (lambda: Rule(false_alarm_cost=1), "both false_alarm_cost and miss_cost"),
    ],
)
def test_settings_that_nobody_could_keep_are_refused_before_any_work(made, says):
    with pytest.raises(ValidationError, match=says):
        made()


def test_ceilings_are_five_times_the_limits_and_changing_one_leaves_the_others():
    assert Gate().ceilings == {tier: pytest.approx(5 * limit) for tier, limit in Train().tiers.items()}
    assert Gate(ceilings={"review": 0.1}).ceilings == {**Gate().ceilings, "review": 0.1}


def test_settings_on_the_edge_are_taken():
    assert Gate(ceilings={"suspend": 1}).ceilings["suspend"] == 1
    assert Policy(bot_share_low=0.2, bot_share_high=0.2).bot_share_high == 0.2


@effort(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
    st.lists(st.integers(0, 20), min_size=1, max_size=40),
    st.lists(st.floats(0.001, 1), min_size=2, max_size=2),
)
def test_limits_hold_and_thresholds_fall_with_harshness(bots, people, limits):
    known = rows([b / 20 for b in bots], [p / 20 for p in people])
    wanted = dict(zip(("suspend", "review"), sorted(limits), strict=True))
    found = cuts(chosen(known, wanted))
    for tier, limit in wanted.items():
        if found[tier] is not None:
            called = known["bot_probability"] >= found[tier]
            assert called[~known["is_bot"]].mean() <= limit + 1e-9
    if None not in found.values():
        assert found["suspend"] > found["review"]
