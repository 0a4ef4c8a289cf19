"""Cases are chosen on purpose, and the same ones whatever the order of rows."""

from __future__ import annotations

import pandas as pd
import pytest

from review.choice import BORDERLINE, FALSE_ALARM, MISSED, SUREST_RIGHT_BOT, SUREST_RIGHT_PERSON, choose

ROWS = pd.DataFrame(
    [
        # account_id, source, kind, is_bot, bot_probability
        ("sure bot", "a", "spam_bot", True, 0.99),
        ("next bot", "b", "spam_bot", True, 0.90),
        ("alarm", "a", "human", False, 0.95),
        ("missed", "b", "like_bot", True, 0.02),
        ("person", "a", "human", False, 0.01),
        ("near", "b", None, False, 0.52),
        ("middle", "a", "human", False, 0.30),
    ],
    columns=["account_id", "source", "kind", "is_bot", "bot_probability"],
)


def test_every_wish_is_met_by_the_account_worked_out_by_hand():
    found = dict(choose(ROWS, 20, cut=0.5))
    first = {why: account for account, whys in reversed(found.items()) for why in whys}
    assert first[SUREST_RIGHT_BOT] == "sure bot"
    assert first[FALSE_ALARM] == "alarm"
    assert first[MISSED] == "missed"
    assert first[SUREST_RIGHT_PERSON] == "person"
    assert BORDERLINE in found["near"]
    assert found["middle"][-1] != ""
    assert "typical of kind human" in found["middle"]  # of 0.01, 0.30 and 0.95
    assert "typical of source b" in found["near"]  # of 0.02, 0.52 and 0.90
    assert len(found) == 7


def test_few_cases_meet_each_wish_once_before_any_twice():
    assert [account for account, _ in choose(ROWS, 4, cut=0.5)] == ["sure bot", "alarm", "missed", "person"]
    assert choose(ROWS, 0, cut=0.5) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(seed):
    assert choose(ROWS.sample(frac=1, random_state=seed), 6, 0.5) == choose(ROWS, 6, 0.5)


def test_ties_go_to_the_account_that_sorts_first_or_last_and_nothing_is_chosen_twice():
    tied = ROWS.assign(bot_probability=0.5)
    found = [account for account, _ in choose(tied, 20, 0.5)]
    assert sorted(found) == sorted(set(found)) == sorted(ROWS["account_id"])


def test_nobody_is_chosen_from_nobody():
    assert choose(ROWS.iloc[:0], 20, 0.5) == []
