"""Every account is in one slice of each dimension, and a slice that pays more than its share is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.slices import DIMENSIONS, broken, measure_slices, share_interval, slice_accounts

JUDGED = pd.Timestamp("2024-01-31", tz="UTC")


def town(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base = {
        "account_id": [f"a{i}" for i in range(n)],
        "platform": ["town"] * n,
        "language": ["en"] * n,
        "created_at": [JUDGED - pd.Timedelta(days=400)] * n,
        "observed_at": [JUDGED] * n,
        "followers_count": [50] * n,
        "posts_count": [400] * n,
    }
    return pd.DataFrame(base | columns)


def sliced(accounts: pd.DataFrame, **more) -> pd.DataFrame:
    known = accounts[["account_id"]].assign(source="one")
    return slice_accounts(known, accounts, **more)


def test_an_account_is_sliced_by_what_its_profile_says():
    row = sliced(town(account_id=["ann"])).iloc[0]
    # 400 days old, 50 followers, 400 posts in 400 days: exactly one a day, which opens the next band.
    assert row["account_age"] == "1 to 3 years"
    assert row["audience"] == "10 to 99"
    assert row["activity"] == "over 1 a day"
    assert (row["language"], row["platform"], row["source"]) == ("en", "town", "one")


def test_bands_take_their_lower_end():
    rows = sliced(town(followers_count=[0, 9, 10, 999, 1000, 10_000]))
    assert rows["audience"].tolist() == [
        "under 10",
        "under 10",
        "10 to 99",
        "100 to 999",
        "1,000 to 9,999",
        "10,000 and more",
    ]


def test_what_is_not_known_is_a_slice_of_its_own():
    accounts = town(account_id=["a"], followers_count=[None], created_at=[pd.NaT], language=[None])
    row = sliced(accounts).iloc[0]
    assert (row["audience"], row["account_age"], row["activity"], row["language"]) == ("unknown",) * 4


def test_an_opening_date_after_the_reading_is_no_age():
    row = sliced(town(account_id=["a"], created_at=[JUDGED + pd.Timedelta(days=1)])).iloc[0]
    assert row["account_age"] == "unknown"


def test_measures_speak_where_the_tables_are_silent():
    accounts = town(account_id=["a", "b"], followers_count=[None, 5])
    features = pd.DataFrame({"account_id": ["b", "a"], "followers": [70_000.0, 70_000.0]})
    assert sliced(accounts, features=features)["audience"].tolist() == ["10,000 and more", "under 10"]


def test_without_tables_only_what_is_known_is_told():
    known = pd.DataFrame({"account_id": ["a"], "source": ["s"], "platform": ["town"]})
    row = slice_accounts(known).iloc[0]
    assert (row["source"], row["platform"], row["audience"]) == ("s", "town", "unknown")


def test_rare_languages_are_one_slice():
    languages = [f"l{i}" for i in range(8) for _ in range(2)] + ["rare", "EN"]
    rows = sliced(town(language=languages))
    assert rows["language"].tolist()[-2:] == ["other", "other"]
    assert rows["language"].nunique() == 9


@pytest.mark.parametrize("name", DIMENSIONS)
def test_every_dimension_gives_each_account_one_slice_whatever_the_order(name):
    accounts = town(followers_count=[None, 1, 20_000], posts_count=[0, None, 9])
    known = accounts[["account_id"]].assign(source="one")
    once = slice_accounts(known, accounts)
    again = slice_accounts(known[::-1], accounts.sample(3, random_state=1))
    assert once[name].notna().all()
    pd.testing.assert_frame_equal(again.sort_values("account_id", ignore_index=True), once)


def scored(n_people: int, n_bots: int, called_people: int) -> pd.DataFrame:
    p = np.concatenate([np.full(called_people, 0.95), np.full(n_people - called_people, 0.1), np.full(n_bots, 0.99)])
    return pd.DataFrame(
        {
            "is_bot": np.arange(len(p)) >= n_people,
            "bot_probability": p,
            "tier": np.where(p > 0.9, "suspend", "allow"),
        }
    )


def two_sources(called_in_second: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = pd.concat([scored(1000, 100, 1), scored(1000, 100, called_in_second)], ignore_index=True)
    rows["account_id"] = [f"a{i:05d}" for i in rows.index]
    rows["source"] = np.where(rows.index < 1100, "first", "second")
    return rows, slice_accounts(rows)


def measured(rows, slices, **more):
    settings = {"tiers": ["suspend"], "ceilings": {"suspend": 0.002}, "resamples": 20}
    return measure_slices(rows, slices, **(settings | more))


def test_false_positives_are_counted_per_slice():
    rows, slices = two_sources(called_in_second=12)
    by_name = {s["slice"]: s for s in measured(rows, slices) if s["dimension"] == "source"}
    assert by_name["second"]["false_positives"]["suspend"]["value"] == 0.012
    assert (by_name["second"]["people"], by_name["second"]["bots"]) == (1000, 100)
    assert by_name["first"]["metrics"]["roc_auc"]["value"] == 1.0


def test_only_the_slice_that_breaks_its_ceiling_is_named():
    rows, slices = two_sources(called_in_second=12)
    found = broken([s for s in measured(rows, slices) if s["dimension"] == "source"])
    assert found == ["source second: 12 of 1,000 people (1.20%) reach suspend; the ceiling is 0.20%."]


def test_a_count_that_chance_explains_breaks_nothing():
    rows, slices = two_sources(called_in_second=4)  # 2 expected of 1,000; 4 or more happen one time in seven
    assert broken(measured(rows, slices)) == []


def test_a_tier_without_a_ceiling_cannot_fail():
    rows, slices = two_sources(called_in_second=500)
    assert broken(measured(rows, slices, ceilings={})) == []


def test_who_lands_in_a_harsher_tier_reaches_the_milder_ones_too():
    rows, slices = two_sources(called_in_second=12)
    rows.loc[rows["tier"] == "suspend", "tier"] = "review"
    second = next(s for s in measured(rows, slices, tiers=["suspend", "review", "discount"]) if s["slice"] == "second")
    reached = {tier: told["called"] for tier, told in second["false_positives"].items()}
    assert reached == {"suspend": 0, "review": 12, "discount": 12}


def test_a_small_slice_is_counted_but_not_measured():
    rows, slices = two_sources(0)
    few = measured(rows.head(20), slices.head(20))
    assert {s["metrics"] is None for s in few} == {True}
    assert {s["accounts"] for s in few} == {20}


def test_the_interval_of_a_share_is_clopper_and_pearsons():
    # The rule of three: nothing seen in 100, at most 1 - 0.025 ** (1 / 100) = 3.62% is compatible.
    assert share_interval(0, 100, 0.95) == (0.0, pytest.approx(1 - 0.025 ** (1 / 100)))
    assert share_interval(100, 100, 0.95) == (pytest.approx(0.025 ** (1 / 100)), 1.0)
    assert share_interval(0, 0, 0.95) == (0.0, 1.0)
