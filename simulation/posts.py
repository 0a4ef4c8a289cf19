"""Posts: who writes what kind of post when, and which post a repost or reply is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulation.actors import brand, news_desk, spam_bot
from simulation.chance import Array
from simulation.roles import CODES
from simulation.scenes import live_event

if TYPE_CHECKING:
    from simulation.world import World

ORIGINAL, REPOST, REPLY = 0, 1, 2
KINDS = ("original", "repost", "reply")
USUAL, LIVE, ADVERT = 0, 1, 2  # what a post is about: everyday life, a live event, an advertisement
MOST = 4096  # posts of one account have numbers below this
_BATCH = 20_000  # accounts at a time


@dataclass
class Posts:
    """Arrays of shape (posts,), sorted by author and time; ``first[a]`` to ``first[a + 1]`` are those of account a."""

    author: Array  # int32
    at: Array  # seconds from the first day
    kind: Array  # int8
    about: Array  # int8
    target: Array  # int32, row of the post that is reposted or answered, -1 for originals
    first: Array  # int64, shape (accounts + 1,)
    reach_s: float  # longer than the simulated time: keeps authors apart in ``order``
    order: Array  # author * reach_s + at, ascending

    def key(self, rows: Array) -> Array:
        """Number of a post that does not depend on the size of the town."""
        author = self.author[rows].astype(np.int64)
        return author * MOST + (rows - self.first[author])

    def count(self, who: Array) -> Array:
        """Posts of each account."""
        return self.first[who + 1] - self.first[who]

    def latest(self, author: Array, at: Array, kind: Array | None = None) -> Array:
        """Row of the last post of ``author`` before ``at`` that is no repost (of the last three), else -1."""
        kind = self.kind if kind is None else kind
        if not len(kind):
            return np.full(len(author), -1)
        row = np.searchsorted(self.order, author * self.reach_s + np.minimum(at, self.reach_s * 0.999)) - 1
        low = self.first[author]
        for _ in range(2):
            row -= (row >= low) & (kind[np.maximum(row, 0)] == REPOST)
        good = (row >= low) & (kind[np.maximum(row, 0)] != REPOST)
        return np.where(good, row, -1)


def build(world: World) -> Posts:
    """All posts of the town."""
    total = world.total
    parts = [_written(world, np.arange(first, min(first + _BATCH, total))) for first in range(0, total, _BATCH)]
    author, at, about = (np.concatenate([p[i] for p in parts]) for i in range(3))
    first = np.zeros(total + 1, dtype=np.int64)
    np.cumsum(np.bincount(author, minlength=total), out=first[1:])
    reach_s = world.end_s * 1.25
    posts = Posts(
        author=author.astype(np.int32),
        at=at,
        kind=np.zeros(len(author), dtype=np.int8),
        about=about,
        target=np.full(len(author), -1, dtype=np.int32),
        first=first,
        reach_s=reach_s,
        order=author * reach_s + at,
    )
    wanted = np.concatenate([_wanted(world, posts, rows) for rows in _slices(len(author))])
    for rows in _slices(len(author)):
        _aim(world, posts, rows, wanted)
    _once(posts)
    return posts


def _slices(n: int) -> list[Array]:
    return [np.arange(begin, min(begin + 500_000, n)) for begin in range(0, n, 500_000)] or [np.arange(0)]


def _written(world: World, who: Array) -> tuple[Array, Array, Array]:
    """Author, time and subject of the posts of accounts ``who``, sorted by author and time."""
    chance, people, clock = world.chance, world.people, world.clock
    count = chance.rounded(people.writes[who], "posts rounded", who)
    author = np.repeat(who, count)
    number = world.number_within(count)
    at = people.start_s[author] + chance.uniform("post at", author, number) * (world.end_s - people.start_s[author])
    holiday = np.isin(np.floor(at / 86400), world.town.calendar.holidays)
    kept = ~holiday | chance.happens(world.town.calendar.holiday_posts, "holiday post", author, number)
    role = people.role[author]
    taken = people.turned_s[author] <= at  # a farm advertises from accounts it hijacked
    advert = (role == CODES["spam_bot"]) & chance.happens(
        1 - 0.75 * people.evasion[author], "spam advert", author, number
    )
    advert |= taken & chance.happens(0.6 * (1 - 0.7 * people.evasion[author]), "advert", author, number)
    news, brands = (role == CODES[n] for n in ("news_desk", "brand"))
    spam = role == CODES["spam_bot"]
    visits = ~(news | brands | spam)
    at[visits] = clock.visit(author[visits], at[visits], number[visits])
    at[brands] = brand.scheduled(world, author[brands], at[brands], number[brands])
    at[news] = news_desk.on_the_quarter(world, author[news], at[news], number[news])
    at[spam] = spam_bot.on_schedule(world, author[spam], number[spam], np.repeat(count, count)[spam])
    about = np.where(advert, ADVERT, USUAL).astype(np.int8)
    live_author, live_at = live_event.posts(world, who)
    author = np.concatenate([author[kept], live_author])
    at = np.round(np.concatenate([at[kept], live_at]), 3)
    about = np.concatenate([about[kept], np.full(len(live_author), LIVE, dtype=np.int8)])
    good = (at > people.start_s[author]) & (at < world.end_s)
    author, at, about = author[good], at[good], about[good]
    order = np.lexsort((at, author))
    author, at, about = author[order], at[order], about[order]
    _, size = np.unique(author, return_counts=True)
    below = world.number_within(size) < MOST
    return author[below], at[below], about[below]


def _wanted(world: World, posts: Posts, rows: Array) -> Array:
    """What each post would be if it finds something to point at."""
    author = posts.author[rows].astype(np.int64)
    draw = world.chance.uniform("post kind", posts.key(rows))
    reposts, replies = world.habit("reposts")[author], world.habit("replies")[author]
    usual = (posts.about[rows] != ADVERT) & (author > 0)
    kind = np.where(draw < reposts, REPOST, np.where(draw < reposts + replies, REPLY, ORIGINAL))
    return np.where(usual, kind, ORIGINAL).astype(np.int8)


def _aim(world: World, posts: Posts, rows: Array, wanted: Array) -> None:
    """Point reposts and replies at a post of an account with a smaller number, which every town has."""
    rows = rows[wanted[rows] != ORIGINAL]
    author, at = posts.author[rows].astype(np.int64), posts.at[rows]
    aim = world.famous(world.chance.uniform("post target", posts.key(rows)), author)
    target = posts.latest(aim, at, wanted)
    found = (target >= 0) & (posts.at[np.maximum(target, 0)] < at)
    posts.target[rows[found]] = target[found]
    posts.kind[rows[found]] = wanted[rows[found]]


def _once(posts: Posts) -> None:
    """Nobody reposts or answers the same post twice; what would be the second is a post of its own."""
    rows = np.flatnonzero(posts.target >= 0)
    pair = (posts.target[rows].astype(np.int64) * len(posts.first) + posts.author[rows]) * 4 + posts.kind[rows]
    _, earliest = np.unique(pair, return_index=True)
    again = np.ones(len(rows), dtype=bool)
    again[earliest] = False
    posts.target[rows[again]] = -1
    posts.kind[rows[again]] = ORIGINAL
