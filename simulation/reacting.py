"""Likes that come of following, and of looking around: what people do from their own taste."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.chance import Array
from simulation.deeds import AUTOMATION, COMMENT, COVER, HONEST, LIKE, ORDER, POSTED, REPOST, SPAM, Deeds
from simulation.posts import REPOST as REPOSTED
from simulation.roles import MACHINES
from simulation.scenes import fan_club
from simulation.ties import FAN, FRIEND, Follows

if TYPE_CHECKING:
    from simulation.world import World

# Posts of an ordinary author; one who writes more gets more likes per follower, but less than in proportion.
_USUAL_POSTS = 14.0
_KEPT = 0.6  # of likes survive the post's quality on average; the rates below make up for it


def along_follows(world: World, follows: Follows) -> Deeds:
    """Likes and comments on the posts of followed accounts, a few of them by each follower who cares."""
    fans = follows.tie == FAN
    return Deeds.join([_ordinary(world, follows[~fans]), _fans(world, follows[fans])])


def _ordinary(world: World, follows: Follows) -> Deeds:
    chance, people, posts = world.chance, world.people, world.posts
    follower, followed = follows.follower.astype(np.int64), follows.followed.astype(np.int64)
    written = posts.count(followed)
    liking = 1 - people.exploring[follower]
    taste = chance.around(np.exp(-0.5), 1.0, "taste", follower, followed)  # mean 1
    taste *= np.where(follows.tie == FRIEND, 1.8, 1.0) * np.where(
        people.topic[follower] == people.topic[followed], 1.4, 0.8
    )
    taste[np.isin(follows.cause, (ORDER, AUTOMATION, SPAM))] *= 0.1  # followed for another reason than taste
    rate = people.likes[follower] * liking / _KEPT / people.ties[follower] * taste * (written / _USUAL_POSTS) ** 0.7
    count = np.minimum(chance.times(rate, "likes", follower, followed), written)
    edge = np.repeat(np.arange(len(follows)), count)
    number = world.number_within(count)
    who, whom, many = follower[edge], followed[edge], written[edge]
    spread = [
        ((number + chance.uniform(f"which post {i}", who, whom, number)) * many / count[edge]).astype(np.int64)
        for i in range(2)
    ]
    rows = [posts.first[whom] + np.minimum(s, many - 1) for s in spread]
    quality = [appeal(world, r) for r in rows]
    post = np.where(quality[1] > quality[0], rows[1], rows[0])
    good = np.maximum(quality[0], quality[1])
    kept = chance.uniform("like kept", who, whom, number) < np.minimum(1, _KEPT * 0.8 * good)
    kept &= posts.kind[post] != REPOSTED
    who, post, edge = who[kept], post[kept], edge[kept]
    key = posts.key(post)
    seen = posts.at[post] + chance.around(people.delay_s[who], 0.9, "like delay", who, key)
    at = world.clock.visit(who, np.maximum(seen, follows.at[edge] + 1), key)
    cause = np.where(np.isin(people.role[who], MACHINES), COVER, HONEST)
    return _with_comments(world, Deeds.of(who, post, at, LIKE, cause))


def appeal(world: World, rows: Array) -> Array:
    """How likeable each post is; 1 is usual."""
    spread = world.town.people.quality_spread
    return np.exp(spread * world.chance.normal("quality", world.posts.key(rows)))


def _fans(world: World, fans: Follows) -> Deeds:
    count = world.posts.count(fans.followed.astype(np.int64))
    edge = np.repeat(np.arange(len(fans)), count)
    post = world.posts.first[fans.followed[edge]] + world.number_within(count)
    at, keen = fan_club.likes(world, fans[edge], post)
    keen &= at > fans.at[edge]
    return _with_comments(world, Deeds.of(fans.follower[edge][keen], post[keen], at[keen], LIKE, HONEST))


def _with_comments(world: World, likes: Deeds) -> Deeds:
    """Some likes come with a comment, written half a minute later."""
    actor, key = likes.actor.astype(np.int64), world.posts.key(likes.post)
    says = world.chance.happens(world.people.comments[actor], "comments", actor, key)
    said = likes[says]
    late = world.chance.around(35, 0.7, "comment late", actor[says], key[says])
    return Deeds.join([likes, Deeds.of(said.actor, said.post, said.at + late, COMMENT, said.cause)])


def exploring(world: World, first: int, last: int) -> Deeds:
    """Likes on posts of accounts that are not followed, found by subject and fame."""
    chance, people = world.chance, world.people
    everyone = np.arange(first, last)
    count = chance.rounded(people.likes[everyone] * people.exploring[everyone], "explores", everyone)
    who, number = np.repeat(everyone, count), world.number_within(count)
    at = people.start_s[who] + chance.uniform("explore at", who, number) * (world.end_s - people.start_s[who])
    at = world.clock.visit(who, at, number)
    found = world.wander(who, at, number, LIKE, HONEST, topical=0.8, local=0.5)
    machine = np.isin(people.role[found.actor], MACHINES)
    return Deeds.of(found.actor, found.post, found.at, LIKE, np.where(machine, COVER, HONEST))


def pointed(world: World, rows: Array) -> Deeds:
    """Engagements that reposts and replies ``rows`` are: the same account at the same moment."""
    posts = world.posts
    what = np.where(posts.kind[rows] == REPOSTED, REPOST, COMMENT)
    return Deeds.of(posts.author[rows], posts.target[rows], posts.at[rows], what, HONEST, POSTED)
