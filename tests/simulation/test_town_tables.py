"""The tables are canonical, agree with each other, and nothing happens before it can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.tables import TABLES
from simulation import follows as follow_graph
from simulation import reacting
from simulation.scenes import fan_club, giveaway
from simulation.town import TRUTH_TABLES

GIVEN = ("accounts", "labels", "posts", "engagements", "follows")


@pytest.mark.parametrize("name", GIVEN)
def test_each_table_is_canonical(tables, name):
    table, declared = tables[name], TABLES[name]
    assert table.schema.equals(declared.schema)
    assert table.num_rows > 0
    for column in declared.columns:
        values = table[column.name]
        assert column.nullable or values.null_count == 0
        if column.values:
            assert set(values.unique().to_pylist()) <= set(column.values)
        if column.low is not None and values.null_count < len(values):
            assert min(v for v in values.to_pylist() if v is not None) >= column.low
    if declared.key:
        frame = table.select(list(declared.key)).to_pandas()
        assert not frame.duplicated().any()


def test_there_is_a_truth_for_every_account_and_every_deed_that_is_not_honest(frames):
    assert set(TRUTH_TABLES) <= set(frames)
    assert list(frames["truth"].account_id) == list(frames["accounts"].account_id)
    given = frames["engagements"].merge(frames["truth_engagements"], how="outer", indicator=True)
    assert (given._merge != "right_only").all()
    # Bots in which no person lives do nothing that is honest.
    machines = frames["truth"][frames["truth"].role.isin(["like_bot", "fake_follower"])].account_id
    likes = given[(given.kind == "like") & given.actor_id.isin(machines)]
    assert len(likes) > 100
    assert (likes._merge == "both").all()


def test_nobody_engages_twice_in_the_same_way_or_with_own_posts(frames):
    events = frames["engagements"]
    assert not events.duplicated(["actor_id", "post_id", "kind"]).any()
    author = events.post_id.map(frames["posts"].set_index("post_id").account_id)
    assert author.notna().all()
    assert (author != events.actor_id).all()
    assert (frames["follows"].follower_id != frames["follows"].followed_id).all()


TOWNS = (
    {"accounts": 2000},
    {"accounts": 1100, "seed": 5, "evasion": 0.0, "drift": 0.0},
    {"accounts": 1100, "seed": 6, "evasion": 1.0, "drift": 0.0},
    {"accounts": 700, "seed": 7, "people": {"newcomers": 0.9}, "calendar": {"days": 30, "reviews": 2}},
    {"accounts": 300, "seed": 8, "calendar": {"days": 7}, "shares": {"lurker": 0, "like_buyer": 40}},
)


@pytest.mark.parametrize("knobs", TOWNS, ids=["default", "naive", "expert", "newcomers", "a week of buyers"])
def test_nothing_happens_before_account_or_post_exist_or_after_the_end(made, knobs):
    frames = {name: table.to_pandas() for name, table in made(**knobs).items()}
    created = frames["accounts"].set_index("account_id").created_at
    end = frames["accounts"].observed_at.max()
    posts, events, follows = frames["posts"], frames["engagements"], frames["follows"]
    assert (posts.created_at > posts.account_id.map(created)).all()
    assert (events.created_at > events.post_id.map(posts.set_index("post_id").created_at)).all()
    assert (events.created_at > events.actor_id.map(created)).all()
    assert (follows.created_at > follows.follower_id.map(created)).all()
    assert (follows.created_at > follows.followed_id.map(created)).all()
    assert max(posts.created_at.max(), events.created_at.max(), follows.created_at.max()) < end


@pytest.mark.parametrize("reviews", [1, 4])
def test_counters_of_accounts_are_what_happened_in_the_town_and_before(made, reviews):
    town = {n: t.to_pandas() for n, t in made(accounts=1100, calendar={"reviews": reviews}).items()}
    accounts, truth = (town[n].set_index("account_id") for n in ("accounts", "truth"))
    assert accounts.observed_at.nunique() == reviews
    seen = accounts.observed_at

    def until_seen(events: pd.DataFrame, whose: str) -> pd.Series:
        past = events[events.created_at < events[whose].map(seen)]
        return past.groupby(whose).size().reindex(accounts.index, fill_value=0)

    likes = town["engagements"][town["engagements"].kind == "like"]
    for counter, happened, before in (
        (accounts.posts_count, until_seen(town["posts"], "account_id"), truth.posts_before),
        (accounts.likes_given_count, until_seen(likes, "actor_id"), truth.likes_outside),
        (accounts.followers_count, until_seen(town["follows"], "followed_id"), truth.followers_outside),
        (accounts.following_count, until_seen(town["follows"], "follower_id"), truth.following_outside),
    ):
        assert (before >= 0).all()
        assert (counter == happened + before).all()
    opened = accounts.created_at >= pd.Timestamp("2026-03-03", tz="UTC")
    assert opened.sum() > 50
    assert (truth.posts_before[opened] == 0).all()


@pytest.mark.parametrize("reviews", [1, 4])
def test_counters_of_posts_are_their_engagements_until_they_were_read(made, reviews):
    frames = {n: t.to_pandas() for n, t in made(accounts=1100, calendar={"reviews": reviews}).items()}
    posts = frames["posts"].set_index("post_id")
    seen = posts.account_id.map(frames["accounts"].set_index("account_id").observed_at)
    for kind, counter in (("like", "likes_count"), ("comment", "comments_count"), ("repost", "reposts_count")):
        events = frames["engagements"][frames["engagements"].kind == kind]
        events = events[events.created_at < events.post_id.map(seen)]
        assert len(events) > 100
        assert (posts[counter] == events.groupby("post_id").size().reindex(posts.index, fill_value=0)).all()


def test_every_repost_and_reply_is_an_engagement_at_the_same_moment(frames):
    posts, events = frames["posts"], frames["engagements"]
    for kind, engaged in (("repost", "repost"), ("reply", "comment")):
        some = posts[posts.kind == kind]
        mine = some.merge(
            events[events.kind == engaged], left_on=["account_id", "created_at"], right_on=["actor_id", "created_at"]
        )
        assert mine.post_id_x.nunique() == len(some) > 50
    reposts = events[events.kind == "repost"]
    assert len(reposts) <= (posts.kind == "repost").sum()
    target_kind = events.post_id.map(posts.set_index("post_id").kind)
    assert (target_kind != "repost").all()


def test_follows_precede_the_likes_they_explain(world):
    graph = follow_graph.settle(world, [follow_graph.usual(world, 0, 2000), fan_club.follows(world, 0, 2000)])
    likes = reacting.along_follows(world, graph)
    began = dict(
        zip(zip(graph.follower.tolist(), graph.followed.tolist(), strict=True), graph.at.tolist(), strict=True)
    )
    author = world.posts.author[likes.post]
    since = np.array([began[pair] for pair in zip(likes.actor.tolist(), author.tolist(), strict=True)])
    assert len(likes) > 10_000
    assert (likes.at > since).all()


def test_who_enters_a_giveaway_followed_its_host_seconds_before(world):
    rows = np.arange(len(world.posts.author))
    entries, follows = giveaway.entries(world, rows), giveaway.follows(world, rows)
    assert len(follows) > 50
    early_s = np.asarray(entries.at)[: len(follows)] - np.asarray(follows.at)
    assert early_s.min() > 3


def test_texts_are_there_and_people_repeat_themselves_less_than_naive_advertisers(made):
    town = {name: table.to_pandas() for name, table in made(accounts=2000, evasion=0.0, drift=0.0).items()}
    posts = town["posts"].merge(town["truth"][["account_id", "role"]], on="account_id")
    assert posts.text.str.len().min() > 3
    originals = posts[posts.kind == "original"]
    distinct = originals.groupby(["role", "account_id"]).text.agg(["nunique", "size"]).query("size >= 10")
    share = (distinct["nunique"] / distinct["size"]).groupby("role").median()
    assert share["creator"] > 0.9
    assert share["spam_bot"] < 0.5


def test_reposts_quote_and_replies_name_whom_they_answer(frames):
    posts = frames["posts"]
    handles = set(frames["accounts"].username)
    quoted = posts[posts.kind == "repost"].text.str.extract(r"^RT @(\w+): ")[0]
    named = posts[posts.kind == "reply"].text.str.extract(r"^@(\w+) ")[0]
    assert quoted.notna().all()
    assert named.notna().all()
    # the few that are not shown live in the rest of the last neighbourhood
    assert pd.concat([quoted, named]).isin(handles).mean() == 1.0


def test_names_are_unique_and_brands_declare_their_software(frames):
    accounts = frames["accounts"].merge(frames["truth"][["account_id", "role"]], on="account_id")
    assert accounts.username.str.lower().is_unique
    assert accounts.username.str.fullmatch(r"\w{3,20}").all()
    bios = accounts[accounts.role.isin(["brand", "news_desk"])].description.dropna()
    long = bios[bios.str.len() > 45]
    assert len(long) > 20
    assert long.str.contains("Posts are scheduled|Headlines posted automatically").all()
