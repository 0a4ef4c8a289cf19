"""The world: everything about a town that its inhabitants' deeds depend on."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pyarrow as pa

from features.tables import MOMENT
from simulation import posts
from simulation.actors import like_buyer
from simulation.chance import Array, Chance
from simulation.clock import Clock
from simulation.deeds import NONE, Deeds
from simulation.neighbourhoods import NEIGHBOURHOOD
from simulation.population import build, operator_evasion
from simulation.roles import CODES, IS_BOT, ROLES
from simulation.settings import Town

FRESH_S = 6 * 86400.0  # older posts are not found by looking around


class World:
    """Accounts and posts of a town, and the questions its inhabitants ask about them.

    Attributes
    ----------
    n, total : accounts that are shown, and that with the rest of the last neighbourhood
    days, end_s : length of the simulated time in days and in seconds
    people, posts, clock : Population, Posts and Clock
    """

    def __init__(self, town: Town) -> None:
        self.town = town
        self.chance = Chance(town.seed)
        self.days = town.calendar.days
        self.end_s = self.days * 86400.0
        self.n = town.accounts
        self.zero_us = (int(town.calendar.end_at.timestamp()) - self.days * 86400) * 1_000_000
        self.people = build(town, self.chance, self.end_s)
        self.total = len(self.people.role)
        self.is_person = ~IS_BOT[self.people.role]
        self.fame_sum = np.cumsum(self.people.fame)
        self.clock = Clock(self.chance, self.people, town.calendar)
        self._staffed = np.argsort(self.people.operator, kind="stable")
        self._hired = self.people.operator[self._staffed]
        self._habits = [getattr(town.people, role.habits) for role in ROLES]
        self.posts = posts.build(self)
        self.idol = np.full(self.total, NONE, dtype=np.int64)  # known once the follow graph is

    @staticmethod
    def number_within(count: Array) -> Array:
        """0 to c - 1 for every c of ``count``, one after the other."""
        ends = np.cumsum(count)
        return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)

    def of_role(self, name: str, first: int = 0, last: int | None = None) -> Array:
        """Numbers of the accounts of a role, from ``first`` to ``last`` (excluded)."""
        return first + np.flatnonzero(self.people.role[first:last] == CODES[name])

    @lru_cache(maxsize=8)  # noqa: B019 - a world lives as long as the program needs it
    def habit(self, name: str) -> Array:
        """Setting ``name`` of the habits of every account's role."""
        return np.array([getattr(h, name) for h in self._habits], dtype=np.float32)[self.people.role]

    def famous(self, uniform: Array, below: Array) -> Array:
        """An account numbered under ``below`` for each uniform draw, in proportion to its fame."""
        mark = uniform * self.fame_sum[below - 1]
        return np.minimum(np.searchsorted(self.fame_sum, mark, side="right"), below - 1)

    def originals(self, who: Array) -> Array:
        """Rows of the original posts of accounts ``who``, by account and time."""
        count = self.posts.count(who)
        rows = np.repeat(self.posts.first[who], count) + self.number_within(count)
        return rows[self.posts.kind[rows] == posts.ORIGINAL]

    @staticmethod
    def farm_number(block: Array, number: Array) -> Array:
        """Number of a like farm among all operators."""
        return (block * 16 + CODES["like_bot"]) * 8 + number

    def operator_evasion(self, operator: Array) -> Array:
        """Evasion level of operators by their numbers."""
        return operator_evasion(self.town, self.chance, operator)

    def workers(self, farm: int, followers: bool) -> tuple[Array, Array]:
        """Workers a farm can send, its own first: their numbers, and 0 for its own, 1 for those of helping farms."""
        block, number = farm // 128, farm % 8
        earlier = range(block, max(block - self.town.farms.resold_to, 0) - 1, -1)
        own = [self._staff(b, CODES["like_bot"], number) for b in earlier]
        if followers:
            own = [
                np.concatenate([self._staff(b, CODES["fake_follower"], 0), s[::3]])
                for b, s in zip(earlier, own, strict=True)
            ]
        return np.concatenate(own), np.repeat(np.arange(len(own)), [len(o) for o in own]).astype(float)

    def _staff(self, block: int, kind: int, number: int) -> Array:
        operator = (block * 16 + kind) * 8 + number
        low, high = np.searchsorted(self._hired, [operator, operator + 1])
        return self._staffed[low:high]

    def drift(self, evasion: Array, at: Array) -> Array:
        """Evasion of operators at a moment: tactics change over the months."""
        return np.clip(evasion + self.town.drift * (at / self.end_s - 0.5), 0, 1)

    def wander(
        self, who: Array, at: Array, number: Array, what: int, cause: int, topical: float, local: float | Array
    ) -> Deeds:
        """Deeds on the latest posts of others: a share ``local`` on those of neighbours, the rest on well-known ones.

        Of the well-known, a share ``topical`` is looked for by the own subject first.
        """
        chance, people = self.chance, self.people
        below = people.high[who]
        # The cause keeps an account's own taste apart from what software does in its name.
        first, second = (self.famous(chance.uniform(f"wander {i}", who, number, what, cause), below) for i in range(2))
        close = (people.topic[second] == people.topic[who]) & chance.happens(topical, "topical", who, number, cause)
        known = np.where(close & (people.topic[first] != people.topic[who]), second, first)
        begin = people.low[who] // NEIGHBOURHOOD * NEIGHBOURHOOD
        near = begin + chance.whole(below - begin, "wander near", who, number, what, cause)
        author = np.where(chance.happens(local, "wander local", who, number, what, cause), near, known)
        post = self.posts.latest(author, at)
        good = (post >= 0) & (author != who) & (at < self.end_s) & (at < people.retired_s[who])
        good &= at - self.posts.at[np.maximum(post, 0)] < FRESH_S if len(self.posts.at) else False
        return Deeds.of(who[good], post[good], at[good], what, cause)

    def campaign_of_buyer(self, who: Array) -> Array:
        """Campaign each buyer takes part in at some time, NONE without."""
        return like_buyer.campaign(self, who)

    def posts_seen(self, who: Array) -> Array:
        """Posts each account had written when its counters were read."""
        row = np.searchsorted(
            self.posts.order, who * self.posts.reach_s + np.minimum(self.people.seen_s[who], self.end_s)
        )
        return row - self.posts.first[who]

    def moments(self, at: Array) -> pa.Array:
        """Timestamps of seconds from the first day, to the millisecond; null where infinite."""
        known = np.isfinite(at)
        at_us = (np.round(np.where(known, at, 0) * 1000)).astype(np.int64) * 1000 + self.zero_us
        return pa.Array.from_buffers(
            MOMENT, len(at_us), [None if known.all() else pa.array(known).buffers()[1], pa.py_buffer(at_us)]
        )

    def blocks(self, size: int) -> list[tuple[int, int]]:
        """First and past-the-end account of consecutive groups of whole neighbourhoods with about ``size`` accounts."""
        step = max(NEIGHBOURHOOD, math.ceil(size / NEIGHBOURHOOD) * NEIGHBOURHOOD)
        return [(first, min(first + step, self.total)) for first in range(0, self.total, step)]
