"""Folds keep twins together and classes apart evenly, whatever the order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.folds import COLUMNS, UNUSED, sides, split_accounts
from models.settings import Split
from tests.models.crowd import crowd


def split(names, bots=None, sources=None, days=None, platform="x", **settings):
    n = len(names)
    ids = [f"id{i:03d}" for i in range(n)]
    at = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(days if days is not None else [0] * n, unit="D")
    accounts = pd.DataFrame({"account_id": ids, "platform": platform, "username": names, "observed_at": at})
    labels = pd.DataFrame(
        {
            "account_id": ids,
            "is_bot": bots if bots is not None else [i % 2 == 0 for i in range(n)],
            "kind": None,
            "source": sources if sources is not None else "s",
            "labelled_at": pd.Series([pd.NaT] * n, dtype="datetime64[us, UTC]"),
        }
    )
    return split_accounts(accounts, labels, Split(**settings))


def others(n):
    """Handles that have nothing in common."""
    return ["".join(chr(97 + int(d)) for d in f"{i:04d}") for i in range(n)]


def test_one_row_per_labelled_account_sorted_with_the_declared_columns():
    accounts, labels, _ = crowd(60)
    folds = split_accounts(accounts, labels.iloc[:40], Split(folds=4))
    assert list(folds.columns) == list(COLUMNS)
    assert folds["account_id"].tolist() == sorted(labels["account_id"].iloc[:40])


def test_the_order_of_rows_does_not_matter():
    accounts, labels, _ = crowd(200)
    folds = split_accounts(accounts, labels, Split())
    shuffled = split_accounts(accounts.sample(frac=1, random_state=1), labels.sample(frac=1, random_state=2), Split())
    pd.testing.assert_frame_equal(folds, shuffled)


def test_reviewed_accounts_stay_with_the_data_set_they_are_from():
    # Left out of training, all four are: what a reviewer said of two of them must not teach about the others.
    sources = ["nyu", "nyu", "review:eva of nyu", "review:kim of nyu", "gilani", "gilani"]
    folds = split(others(6), bots=[True, False] * 3, sources=sources, folds=2)
    assert folds["source"].tolist() == ["nyu"] * 4 + ["gilani"] * 2
    assert folds["source_fold"].tolist() == [1] * 4 + [0] * 2


def test_another_seed_gives_other_folds():
    accounts, labels, _ = crowd(200)
    first, second = (split_accounts(accounts, labels, Split(seed=s))["fold"] for s in (0, 1))
    assert (first != second).any()


def test_each_fold_holds_its_share_of_every_source_and_class():
    # 200 accounts, 2 sources, every third a bot: 67 bots, so 13 or 14 in each of 5 folds.
    accounts, labels, _ = crowd(200)
    folds = split_accounts(accounts, labels, Split())
    for _, cell in folds.groupby(["source", "is_bot"]):
        held = cell["fold"].value_counts()
        assert len(held) == 5
        assert held.max() - held.min() <= 1
    assert (folds["fold"].value_counts().max() - folds["fold"].value_counts().min()) <= 1


def test_a_series_of_a_factory_stays_on_one_side():
    folds = split(["jenny_4821", "jenny_9930", "Jenny_17", *others(57)], folds=3)
    assert len(set(folds["group"].iloc[:3])) == 1
    assert len(set(folds["fold"].iloc[:3])) == 1


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("anna", "annika"),  # no digits: a first name is no pattern
        ("a_1", "a_2"),  # one letter says nothing
        ("jenny_4821", "jenna_4821"),  # other letters
        ("1234", "5678"),  # no letters
    ],
)
def test_these_are_strangers(one, two):
    folds = split([one, two, *others(58)], folds=3)
    assert folds["group"].iloc[0] != folds["group"].iloc[1]


def test_patterns_can_be_switched_off():
    folds = split(["jenny_4821", "jenny_9930", *others(58)], folds=3, name_patterns=False)
    assert folds["group"].nunique() == 60


def test_the_same_handle_in_another_case_is_the_same_account():
    folds = split(["Anna", "anna", *others(58)], folds=3)
    assert folds["group"].iloc[0] == folds["group"].iloc[1]


def test_accounts_without_a_handle_stand_alone():
    folds = split([None, None, "", *others(57)], folds=3)
    assert folds["group"].iloc[:3].nunique() == 3


def test_a_fashionable_pattern_is_narrowed_then_dropped():
    # 60 accounts, 3 folds: a group may hold 5. `user` with 1 or 3 digits has 3 + 8 members: together too many;
    # narrowed, the 3 with one digit stay together and the 8 with three are on their own.
    names = [f"user{i}" for i in range(3)] + [f"user{i}" for i in range(100, 108)] + others(49)
    folds = split(names, folds=3)
    assert len(set(folds["group"].iloc[:3])) == 1
    assert folds["group"].iloc[3:11].nunique() == 8


def test_source_folds_number_the_sorted_sources():
    folds = split(others(30), sources=["b", "a", "c"] * 10, folds=2)
    assert dict(zip(folds["source"], folds["source_fold"], strict=True)) == {"a": 0, "b": 1, "c": 2}


def test_by_source_every_source_is_a_fold_and_shared_groups_are_not_trained_on():
    # id000 (a) and id001 (b) are of one series: whichever source is tested, the other one's member is left out.
    names = ["jenny_4821", "jenny_9930", *others(38)]
    folds = split(names, sources=["a", "b"] * 20, bots=[i % 4 < 2 for i in range(40)], by="source", folds=2)
    first, second = sides(folds)
    assert first.test.tolist() == list(range(0, 40, 2))
    assert first.train.tolist() == list(range(3, 40, 2))
    assert second.train.tolist() == list(range(2, 40, 2))


def test_by_time_the_past_trains_and_the_gap_is_used_for_nothing():
    # Days 0 to 19, 4 periods of 5 days starting on days 0, 5, 10, 15; a gap of 1 day empties days 4, 9 and 14.
    folds = split(others(20), days=list(range(20)), by="time", folds=4, gap_days=1)
    assert folds["fold"].tolist() == [0] * 4 + [-1] + [1] * 4 + [-1] + [2] * 4 + [-1] + [3] * 5
    found = {s.fold: (s.train.tolist(), s.test.tolist()) for s in sides(folds)}
    assert sorted(found) == [1, 2, 3], "the first period has no past"
    assert found[2] == ([0, 1, 2, 3, 5, 6, 7, 8], [10, 11, 12, 13])


def test_the_label_says_when_before_the_observation_does():
    accounts, labels, _ = crowd(40)
    labels["labelled_at"] = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(40), unit="D")
    folds = split_accounts(accounts, labels, Split(by="time", folds=2))
    assert folds["fold"].tolist() == [0] * 20 + [1] * 20


def test_sides_of_groups_never_share_a_group_or_an_account():
    accounts, labels, _ = crowd(120)
    folds = split_accounts(accounts, labels, Split())
    tested = []
    for side in sides(folds):
        assert not set(folds["group"].iloc[side.train]) & set(folds["group"].iloc[side.test])
        assert len(side.train) + len(side.test) == 120
        tested += side.test.tolist()
    assert sorted(tested) == list(range(120))
    assert UNUSED not in set(folds["fold"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"bots": [True] * 20}, "20 bots and 0 people"),
        ({"bots": [i < 3 for i in range(20)]}, "at least 5 groups of bots for 5 folds, got 3"),
        ({"bots": [i >= 3 for i in range(20)]}, "at least 5 groups of people for 5 folds, got 3"),
        ({"by": "source"}, "at least 2 sources"),
        ({"by": "time"}, "at least 2 moments"),
    ],
)
def test_what_cannot_be_split_is_told(change, expected):
    with pytest.raises(BadInput, match=expected):
        split(others(20), **change)


def test_repeated_and_lost_labels_are_told():
    accounts, labels, _ = crowd(20)
    with pytest.raises(BadInput, match="one label per account"):
        split_accounts(accounts, pd.concat([labels, labels.iloc[:1]]), Split())
    with pytest.raises(BadInput, match="a row in accounts for every label"):
        split_accounts(accounts.iloc[1:], labels, Split())
