"""Peers are people, near in size and age, never the account itself, and enough of them or none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.peers import FEWEST, NEAREST, Peers


def crowd(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Accounts whose posts per day fall with their age and rise with their size."""
    rng = np.random.default_rng(seed)
    age, followers = rng.uniform(1, 4000, n), np.round(np.exp(rng.uniform(0, 12, n)))
    ids = [f"p{i:04d}" for i in range(n)]
    pace = np.log1p(followers) * 1000 / (age + 100)
    return pd.DataFrame({"account_id": ids, "followers": followers, "age_days": age, "pace": pace, "flag": 1.0})


def case(account: str, *features: tuple[str, str]) -> dict:
    return {"account_id": account, "reasons": [{"feature": f, "unit": u} for f, u in features]}


@pytest.fixture(scope="module")
def peers() -> Peers:
    made = Peers.of(crowd(), list(crowd()["account_id"]))
    assert made is not None
    return made


@pytest.mark.parametrize(("followers", "age"), [(5, 400), (5, 3500), (50_000, 400), (50_000, 3500)])
def test_the_people_compared_with_are_of_similar_size_and_age(peers, followers, age):
    near = peers.near("new", (followers, age))
    assert len(near) == NEAREST
    everyone = crowd()
    for column, value in (("followers", followers), ("age_days", age)):
        apart = np.abs(np.log1p(near[column]) - np.log1p(value)).median()
        assert apart < np.abs(np.log1p(everyone[column]) - np.log1p(value)).median() / 2


def test_the_young_are_measured_against_the_young(peers):
    young, old = case("new", ("pace", "ratio")), case("new", ("pace", "ratio"))
    peers.tell(young, (1000, 10))
    peers.tell(old, (1000, 3900))
    assert young["reasons"][0]["peers"]["low"] > old["reasons"][0]["peers"]["high"]
    assert young["reasons"][0]["peers"]["text"].startswith("people of similar size and age: ")
    assert young["reasons"][0]["peers"]["people"] == NEAREST


def test_no_account_is_its_own_peer(peers):
    row = crowd().iloc[7]
    near = peers.near("p0007", (row["followers"], row["age_days"]))
    assert "p0007" not in set(near["account_id"])
    assert "p0007" in set(peers.near("other", (row["followers"], row["age_days"]))["account_id"])


def test_little_known_says_nothing():
    few = crowd()
    few.loc[FEWEST - 1 :, "pace"] = np.nan
    made = Peers.of(few, list(few["account_id"]))
    told = case("new", ("pace", "ratio"), ("no such feature", "share"), ("flag", "flag"))
    made.tell(told, (100, 100))
    assert [r["peers"] is None for r in told["reasons"]] == [True, True, False]
    assert told["reasons"][2]["peers"]["text"].endswith(": yes")
    unknown = case("new", ("flag", "flag"))
    made.tell(unknown, (np.nan, 100))
    assert unknown["reasons"][0]["peers"] is None


def test_without_size_age_or_people_there_are_no_peers():
    assert Peers.of(crowd().drop(columns="age_days"), ["p0001"]) is None
    assert Peers.of(crowd(), [f"p{i:04d}" for i in range(NEAREST - 1)]) is None


def test_the_order_of_rows_does_not_matter(peers):
    mixed = crowd().sample(frac=1, random_state=3)
    again = Peers.of(mixed, list(mixed["account_id"]))
    pd.testing.assert_frame_equal(
        again.near("x", (100, 100)).reset_index(drop=True), peers.near("x", (100, 100)).reset_index(drop=True)
    )
