"""The rows behind a reason are those the feature counted: no other account's, none of the future, and not many."""

from __future__ import annotations

import pandas as pd
import pytest

from features.catalogue import FEATURES, VIEWS
from features.evidence import BEHIND, SAYS
from pipeline.evidence import EVIDENCE, behind, evidence
from tests.features.town import ONE_THREAD, Town
from tests.features.worlds import busy_town

# Views of the profile and the name: a value is all there is to see.
NO_ROWS = {"profile", "names", "standing", "patterned_names", "rated_pairs", "handle_characters"}
EVERYTHING = 10**6


def features_of(town: Town) -> pd.DataFrame:
    return pd.DataFrame(town.verdicts)[["account_id", "as_of"]]


def rows(town: Town, asked: list[tuple[str, str]], most: int = EVERYTHING, **saved: list[str]) -> pd.DataFrame:
    """Evidence for account and feature."""
    coded = [(account, feature, f"f.{feature}") for account, feature in asked]
    found = evidence(town.save(**saved), features_of(town), coded, ONE_THREAD, most)
    assert found.schema == EVIDENCE
    return found.to_pandas()


@pytest.fixture(scope="module")
def town() -> Town:
    return busy_town()


@pytest.fixture(scope="module")
def measured(town) -> pd.DataFrame:
    return town.measure(["posts_seen", "texts_seen", "likers_seen", "authors_liked", "actions_seen", "threads_seen"])


def test_every_feature_of_events_has_rows_behind_it():
    assert {f.view for f in FEATURES.values()} - set(BEHIND) == NO_ROWS
    assert set(BEHIND.values()) == set(SAYS)
    assert all(place in VIEWS for place in SAYS)
    assert behind("followers") is None
    assert behind("no such feature") is None


@pytest.mark.parametrize("feature", ["posts_seen", "texts_seen", "likers_seen", "authors_liked", "actions_seen"])
def test_as_many_rows_as_were_counted(feature, town, measured):
    accounts = ["ann", "u1", "t3"]
    found = rows(town, [(a, feature) for a in accounts])
    assert found.groupby("account_id").size().to_dict() == {a: measured.loc[a, feature] for a in accounts}


def test_as_many_posts_as_were_counted_receive_the_likes_that_are_shown(town, measured):
    found = rows(town, [("ann", "threads_seen")])
    assert found["post_id"].nunique() == measured.loc["ann", "threads_seen"]
    assert found["post_id"].str.startswith("ann.").all()


def test_rows_say_what_happened_and_the_most_telling_comes_first(tmp_path):
    town = Town()
    town.add("me", posts=["10:00:00", "10:00:02", "11:00:00", "11:00:07"])
    found = rows(town, [("me", "gaps_under_5s")], most=2)
    assert found["text"].tolist() == [
        "2024-01-01 10:00:02: posted post me-0001, 2 s after the post before",
        "2024-01-01 11:00:07: posted post me-0003, 7 s after the post before",
    ]
    assert found["number"].tolist() == [1, 2]
    assert found["amount"].tolist() == [2, 7]
    assert found["code"].unique().tolist() == ["f.gaps_under_5s"]


def test_who_acts_together_is_named(town):
    found = rows(town, [("u1", "partners_together"), ("u1", "lockstep_in_1m")][-1:], most=3)
    assert found["other_id"].iloc[0] == "ann"  # whom u1 copies within a minute
    assert found["text"].iloc[0].startswith("it and ann liked the same")


def test_nothing_of_the_future_and_nothing_of_others(town):
    later = town.copy()
    shift = pd.Timedelta(days=60)
    later.posts += [{**p, "post_id": p["post_id"] + "+", "created_at": p["created_at"] + shift} for p in town.posts]
    later.engagements += [{**e, "created_at": e["created_at"] + shift} for e in town.engagements]
    asked = [("ann", f) for f in ("posts_seen", "likers_seen", "actions_seen", "threads_seen", "gap_median")]
    pd.testing.assert_frame_equal(rows(later, asked), rows(town, asked))
    judged = features_of(town).set_index("account_id")["as_of"]["ann"]
    assert (rows(town, asked)["at"].dropna() < judged).all()
    assert set(rows(town, asked)["account_id"]) == {"ann"}


def test_there_are_few_of_them_in_one_order_whatever_the_order_of_rows(town):
    asked = [(a, f) for a in ("u2", "ann") for f in ("followers_age", "posts_seen", "likes_median", "followers")]
    found = rows(town, asked, most=3)
    assert found.groupby(["account_id", "feature"]).size().max() == 3
    assert "followers" not in set(found["feature"])
    assert found["account_id"].is_monotonic_increasing
    pd.testing.assert_frame_equal(found, rows(town, asked[::-1], most=3, shuffle=5))


def test_without_the_tables_and_without_a_wish_there_is_none(town):
    assert rows(town, [("ann", "likers_seen")], without=["engagements"]).empty
    assert rows(town, [("ann", "likers_seen")], most=0).empty
    assert rows(town, [("nobody", "likers_seen"), ("ann", "followers")]).empty


def test_identifiers_are_inert():
    town = Town()
    town.add("me\x1b[2J")
    town.posts.append({"post_id": "\u202e'); DROP TABLE posts; --", "account_id": "me\x1b[2J", "kind": "original"})
    town.posts[-1]["created_at"] = pd.Timestamp("2024-01-02", tz="UTC")
    found = rows(town, [("me\x1b[2J", "posts_seen")])
    assert len(found) == 1
    assert found["text"].iloc[0].isprintable()
