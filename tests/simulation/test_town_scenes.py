"""People live like people, and honest things may look guilty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.neighbourhoods import COMMUNITIES, NEIGHBOURHOOD, communities
from simulation.records import Register
from simulation.roles import CODES, ROLES
from simulation.scenes import live_event


def of_role(frames, role: str) -> set[str]:
    return set(frames["truth"][frames["truth"].role == role].account_id)


def world_ids(world) -> list[str]:
    return Register(world).account(np.arange(world.n)).to_pylist()


@given(who=st.integers(0, 1999), hour=st.floats(0, 24 * 80), number=st.integers(0, 1000))
@settings(max_examples=200, deadline=None)
def test_a_visit_is_the_next_one_when_its_person_is_awake(world, who, hour, number):
    one, at = np.array([who]), np.array([hour * 3600])
    visit = world.clock.visit(one, at, np.array([number]))
    assert visit[0] > at[0]
    assert visit[0] - at[0] < (3 + int(world.people.every[who])) * 86400
    opened = visit - 160 * 12  # a visit lasts a while, so it may end after bedtime
    assert world.clock.awake(one, visit)[0] or world.clock.awake(one, opened)[0]


def test_every_neighbourhood_is_its_communities(world):
    low, high = communities(world.chance, np.arange(3 * NEIGHBOURHOOD))
    for block in range(3):
        inside = slice(block * NEIGHBOURHOOD, (block + 1) * NEIGHBOURHOOD)
        sizes = {(a, b - a) for a, b in zip(low[inside], high[inside], strict=True)}
        assert sorted(size for _, size in sizes) == sorted(COMMUNITIES)
        assert (
            (low[inside] <= np.arange(inside.start, inside.stop))
            & (high[inside] > np.arange(inside.start, inside.stop))
        ).all()


def test_roles_come_in_their_shares(made):
    truth = made(accounts=8000)["truth"].to_pandas()
    from simulation.settings import Shares

    weights = pd.Series(Shares().model_dump())
    share = truth.role.value_counts(normalize=True).reindex(weights.index)
    assert len(weights) == len(ROLES)
    assert np.abs(share - weights / weights.sum()).max() < 0.012


def test_people_differ_and_sleep(frames):
    events = frames["engagements"]
    likes = events[
        (events.kind == "like") & events.actor_id.isin(of_role(frames, "active") | of_role(frames, "casual"))
    ]
    hours = pd.crosstab(likes.actor_id, likes.created_at.dt.hour).reindex(columns=range(24), fill_value=0)
    hours = hours[hours.sum(axis=1) >= 60]
    assert len(hours) > 50
    ring = np.concatenate([hours, hours], axis=1)
    night = np.min([ring[:, i : i + 6].sum(axis=1) for i in range(24)], axis=0) / hours.sum(axis=1)
    assert night.median() < 0.01
    busiest = hours.idxmax(axis=1)
    assert busiest.nunique() > 12  # they live all over the world
    volume = likes.groupby("actor_id").size()
    assert np.log(volume).std() > 0.6


def test_some_people_look_in_every_few_days_only(world):
    people = world.people
    assert set(people.every[np.isin(people.role, [CODES["active"], CODES["like_bot"], CODES["brand"]])]) == {1}
    rare = np.flatnonzero(people.every > 1)
    assert 0.1 < len(rare) / len(people.every) < 0.25
    who, hour = np.repeat(rare, 50), np.tile(np.arange(50) * 24.0, len(rare))
    visit = world.clock.visit(who, hour * 3600, np.arange(len(who)))
    woke_h = visit / 3600 + people.zone_h[who] - people.wake_h[who]
    day = np.floor(woke_h / 24)
    assert ((day + who) % people.every[who] == 0).mean() > 0.97


def test_what_people_like_follows_their_subject_and_friends(frames, world):
    number = dict(zip(world_ids(world), range(world.n), strict=True))
    truth = frames["truth"].set_index("account_id")
    likes = frames["engagements"].merge(frames["truth_engagements"], how="left")
    likes = likes[
        likes.cause.isna() & (likes.kind == "like") & likes.actor_id.map(truth.role).isin(["casual", "active"])
    ]
    author = likes.post_id.map(frames["posts"].set_index("post_id").account_id)
    topic = world.people.topic
    same = topic[likes.actor_id.map(number).to_numpy()] == topic[author.map(number).to_numpy()]
    assert same.mean() > 1.5 / 8  # eight subjects: by chance an eighth and a little
    # people differ in how fast they come: medians of delays spread widely
    delay = (likes.created_at - likes.post_id.map(frames["posts"].set_index("post_id").created_at)).dt.total_seconds()
    median = np.log(delay).groupby(likes.actor_id).agg(["median", "size"]).query("size >= 20")["median"]
    assert median.std() > 0.35


def test_social_capitalists_return_nearly_every_follow(frames):
    truth, follows = frames["truth"].set_index("account_id"), frames["follows"]
    assert set(truth[truth.capitalist].role) <= {"casual", "active", "creator"}
    pairs = set(zip(follows.follower_id, follows.followed_id, strict=True))
    follows = follows.assign(
        returned=[(b, a) in pairs for a, b in zip(follows.follower_id, follows.followed_id, strict=True)],
        capitalist=follows.followed_id.map(truth.capitalist),
        ordinary=follows.followed_id.map(truth.role).isin(["casual", "active", "creator"]),
    )
    share = follows[follows.ordinary].groupby("capitalist").returned.mean()
    assert share[True] > 0.7 > 0.3 > share[False]


def test_some_people_are_not_there(frames):
    truth = frames["truth"]
    quiet = truth[(truth.role == "lurker") & ~truth.account_id.isin(frames["engagements"].actor_id)]
    assert len(quiet) > 0.05 * (truth.role == "lurker").sum()


def test_the_follow_graph_has_a_heavy_tail_and_communities(frames, world):
    follows = frames["follows"]
    gained = follows.groupby("followed_id").size().sort_values(ascending=False)
    assert gained.iloc[: len(gained) // 100].sum() > 0.1 * len(follows)
    assert gained.max() > 15 * gained.median()
    usual = world.people
    from simulation import follows as graph

    begun = graph.usual(world, 0, 2000)
    same = usual.low[begun.follower] == usual.low[begun.followed]
    assert 0.3 < same.mean() < 0.7  # by chance it would be under 0.2
    both = set(zip(begun.follower.tolist(), begun.followed.tolist(), strict=True))
    mutual = np.mean([(b, a) in both for a, b in both])
    assert 0.05 < mutual < 0.5


def test_fans_are_in_lockstep_and_nobody_paid(frames):
    truth = frames["truth"]
    fans = truth[truth.role == "superfan"].dropna(subset="idol_id")
    assert len(fans) > 30
    posts = frames["posts"].set_index("post_id")
    likes = frames["engagements"][frames["engagements"].kind == "like"].copy()
    likes["author_id"] = likes.post_id.map(posts.account_id)
    likes["delay_s"] = (likes.created_at - likes.post_id.map(posts.created_at)).dt.total_seconds()
    mine = likes.merge(
        fans[["account_id", "idol_id"]], left_on=["actor_id", "author_id"], right_on=["account_id", "idol_id"]
    )
    assert (mine.delay_s < 3600).mean() > 0.35
    assert (likes.delay_s < 3600).mean() < 0.2
    assert len(mine.merge(frames["truth_engagements"], on=["actor_id", "post_id", "kind"])) == 0


def test_viral_posts_are_liked_by_strangers(frames):
    scenes, posts = frames["truth_posts"], frames["posts"].set_index("post_id")
    viral = scenes[scenes.scene == "viral"].post_id
    assert len(viral) > 5
    pairs = set(zip(frames["follows"].follower_id, frames["follows"].followed_id, strict=True))
    likes = frames["engagements"][frames["engagements"].kind == "like"]
    some = likes[likes.post_id.isin(viral)]
    strangers = [(a, p) not in pairs for a, p in zip(some.actor_id, some.post_id.map(posts.account_id), strict=True)]
    assert np.mean(strangers) > 0.5
    assert posts.loc[viral].likes_count.median() > 5 * posts.likes_count.mean()


def test_giveaways_get_as_many_comments_as_likes(frames):
    posts = frames["posts"].set_index("post_id")
    hosted = posts.loc[frames["truth_posts"].query("scene == 'giveaway'").post_id]
    assert len(hosted) > 5
    assert hosted.text.str.contains("win").all()
    assert hosted.comments_count.sum() > 0.4 * hosted.likes_count.sum()


def test_live_events_make_everybody_write_at_once(world, frames):
    start = pd.Timestamp("2026-03-03", tz="UTC")
    events = live_event.starts(world, np.arange(world.town.calendar.live_events))
    posts = frames["posts"].created_at
    for begin in events:
        opened = start + pd.Timedelta(seconds=float(begin))
        during = ((posts >= opened) & (posts < opened + pd.Timedelta(hours=2.5))).sum()
        usual = len(posts) * 2.5 / (24 * 90)
        assert during > 1.3 * usual


def test_people_write_less_on_holidays(made):
    posts = made(accounts=2000, calendar={"live_events": 0, "holidays": (40, 41), "holiday_posts": 0.1})[
        "posts"
    ].to_pandas()
    truth = made(accounts=2000)["truth"].to_pandas()
    people = posts[posts.account_id.isin(truth[~truth.is_bot].account_id)]
    day = (people.created_at - pd.Timestamp("2026-03-03", tz="UTC")).dt.days
    counts = day.value_counts()
    assert counts[[40, 41]].mean() < 0.6 * counts.median()


def test_newcomers_are_busy_in_their_first_week(frames):
    truth, accounts = frames["truth"], frames["accounts"].set_index("account_id")
    new = truth[truth.newcomer].account_id
    opened = accounts.created_at[new]
    room = opened[opened < pd.Timestamp("2026-05-01", tz="UTC")].index
    events = frames["engagements"][frames["engagements"].actor_id.isin(room)]
    age = (events.created_at - events.actor_id.map(accounts.created_at)).dt.days
    first = (age < 7).sum() / 7
    later = ((age >= 7) & (age < 28)).sum() / 21
    assert len(room) > 20
    assert first > 1.5 * later


def test_brands_post_on_the_minute_and_news_on_the_quarter(frames):
    posts = frames["posts"]
    for role, minutes in (("brand", 5), ("news_desk", 15)):
        some = posts[posts.account_id.isin(of_role(frames, role)) & ~posts.text.str.contains("!")].created_at
        planned = (some.dt.minute % minutes == 0) & (some.dt.second < 4)
        assert planned.mean() > 0.65
    everyone = posts[posts.account_id.isin(of_role(frames, "casual"))].created_at
    assert ((everyone.dt.minute % 5 == 0) & (everyone.dt.second < 4)).mean() < 0.05


@pytest.mark.parametrize("knob", [{"viral": 0.0}, {"giveaways": 0.0}])
def test_scenes_can_be_left_out(made, knob):
    scene = {"viral": "viral", "giveaways": "giveaway"}[next(iter(knob))]
    assert scene not in made(accounts=1100, scenes=knob)["truth_posts"]["scene"].to_pylist()
