"""The population: what every account is and how it lives, as arrays with one element per account.

Accounts are numbered without end; a town shows the first N. Everything here is a hash of an account's number, so a
larger town holds the smaller one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from simulation import shifts
from simulation.actors import hijacked, like_bot
from simulation.chance import Array, Chance
from simulation.neighbourhoods import NEIGHBOURHOOD, TOPICS, communities
from simulation.places import REGIONS
from simulation.profile import NAMES, draw
from simulation.roles import CODES, IS_BOT, MACHINES, ROLES
from simulation.settings import Habits, Town

_BATCH = 50_000  # accounts drawn at a time: bounds memory, changes nothing
_FAME = 0.75  # power of the follower count by which accounts are found: heavy-tailed, less than the counts themselves


@dataclass
class Population:
    """Arrays of shape (total,); seconds count from the first simulated day, so earlier moments are negative."""

    role: Array  # int8, index into ROLES
    group: Array  # int8, index into profile.NAMES: the real accounts it resembles
    operator: Array  # int64, the farm, ring or service behind it; -1 for people
    evasion: Array  # 0 naive to 1 expert, of the operator
    aged: Array  # bool, a worker bought as an aged account
    topic: Array  # int8
    region: Array  # int8, index into REGIONS
    zone_h: Array  # hours from UTC
    wake_h: Array  # local hour of waking
    awake_h: Array  # hours awake
    sessions: Array  # int16, visits a day
    every: Array  # int8, days from one day with visits to the next
    by_hand: Array  # bool, worker of a farm where people do the liking, in shifts
    capitalist: Array  # bool, returns nearly every follow
    delay_s: Array  # median time from a post until the next visit is sought
    likes: Array  # expected likes given from own taste in the whole time
    writes: Array  # expected posts in the whole time
    exploring: Array  # share of likes for accounts that are not followed
    comments: Array  # comments per like
    ties: Array  # int32, follows it begins inside the town
    created_s: Array
    start_s: Array  # first moment it may act
    seen_s: Array  # moment its counters are read
    turned_s: Array  # moment a hijacked account was taken over; infinite for others
    retired_s: Array  # moment a farm drops it; infinite for others
    grown: Array  # share of its drawn counters an account has had the time to reach
    followers: Array  # int64, as drawn from real accounts; the table holds at least what happened in the town
    following: Array
    fame: Array  # how easily it is found
    low: Array  # first and past-the-end number of its community
    high: Array


def build(town: Town, chance: Chance, end_s: float) -> Population:
    """The accounts of ``town`` and the rest of the last neighbourhood, who exist but are not shown."""
    total = -(-town.accounts // NEIGHBOURHOOD) * NEIGHBOURHOOD
    parts = [
        _batch(town, chance, end_s, np.arange(first, min(first + _BATCH, total))) for first in range(0, total, _BATCH)
    ]
    return Population(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Population)})


def roles_of(town: Town, chance: Chance, who: Array) -> Array:
    """Role of each account: the first of independent clocks to ring, so a changed share moves no bystander."""
    rings = np.full(len(who), np.inf)
    role = np.zeros(len(who), dtype=np.int8)
    for code, one in enumerate(ROLES):
        share = getattr(town.shares, one.name)
        if share > 0:
            ring = chance.waits(1 / share, f"role {one.name}", who)
            sooner = ring < rings
            rings[sooner], role[sooner] = ring[sooner], code
    return role


def _weighted(chance: Chance, who: Array, weights: dict[str, float], what: str) -> Array:
    names, shares = list(weights), np.cumsum(list(weights.values()))
    pick = np.searchsorted(shares, chance.uniform(what, who) * shares[-1])
    return np.array([NAMES.index(name) for name in names], dtype=np.int8)[pick]


def operators(town: Town, chance: Chance, who: Array, role: Array) -> tuple[Array, Array]:
    """Number of the operator behind each bot (-1 for people) and how well it evades."""
    block = who // NEIGHBOURHOOD
    operator = np.full(len(who), -1, dtype=np.int64)
    for name, many in (
        ("like_bot", town.farms.per_thousand),
        ("hijacked", town.farms.per_thousand),
        ("fake_follower", 1),
        ("spam_bot", town.spam.rings_per_thousand),
        ("self_bot", 2),
    ):
        rows = role == CODES[name]
        kind = CODES["like_bot" if name == "hijacked" else name]  # hijacked accounts work for like farms
        number = np.minimum((many * chance.uniform("operator", who[rows]) ** 1.3).astype(np.int64), many - 1)
        operator[rows] = (block[rows] * 16 + kind) * 8 + number
    return operator, np.where(operator >= 0, operator_evasion(town, chance, operator), 0.0)


def operator_evasion(town: Town, chance: Chance, operator: Array) -> Array:
    """Evasion level of operators, 0 (naive) to 1 (expert); in a naive town all are naive, in an expert one expert."""
    room = 2 * min(town.evasion, 1 - town.evasion)
    spread = town.evasion_spread * room * (2 * chance.uniform("operator evasion", operator) - 1)
    return np.clip(town.evasion + spread, 0, 1)


def _batch(town: Town, chance: Chance, end_s: float, who: Array) -> Population:
    role = roles_of(town, chance, who)
    operator, evasion = operators(town, chance, who, role)
    is_bot = IS_BOT[role]
    aged = chance.happens(town.farms.aged, "aged", who)
    group = _groups(town, chance, who, role, aged, evasion)
    profile, scores = draw(chance, who, group)

    reviews = town.calendar.reviews
    seen_s = end_s - 7 * 86400.0 * np.minimum(chance.whole(reviews, "review", who), (end_s // 86400 // 7) // 2)
    age_s = 86400 * (np.maximum(profile.numbers["age_days"], 3) + chance.uniform("opened hour", who))
    created_s = np.floor(seen_s - age_s)
    new = ~is_bot & chance.happens(town.people.newcomers, "newcomer", who)
    opened = np.floor(chance.uniform("opened", who) * (seen_s - 5 * 86400))
    shrink = np.where(new, np.clip((seen_s - opened) / np.maximum(seen_s - created_s, 1), 0, 1), 1)
    created_s = np.where(new, np.maximum(opened, created_s), created_s)
    followers = np.round(profile.numbers["followers"] * shrink).astype(np.int64)
    following = np.round(profile.numbers["following"] * shrink).astype(np.int64)
    protected = profile.flags["protected"]
    public = np.array([one.public for one in ROLES])[role]

    habits = [getattr(town.people, one.habits) for one in ROLES]
    of = _lookup(habits, role)
    idle = chance.happens(of("idle"), "idle", who)
    months, spread = end_s / (30 * 86400), town.people.spread
    born = np.clip((end_s - np.maximum(created_s, 0)) / end_s, 0, 1)
    likes = of("likes") * months * born * np.exp(spread * _leaning(chance, who, scores["likes_given"], "likes"))
    writes = of("posts") * months * born * np.exp(spread * _leaning(chance, who, scores["posts"], "writes"))
    machine = np.isin(role, MACHINES)
    # An expert's bots write a little and have a taste, like the people they imitate; the naive do not bother.
    quiet = np.where(machine, evasion**2, 1.0) * np.where(idle & ~machine, 0.0, 1.0)
    writes = np.where(
        role == CODES["spam_bot"],
        chance.around(town.spam.posts * months, 0.8, "spam posts", who) * born,
        writes * quiet * np.where(machine, 0.6, 1),
    )
    # What an account opened in the simulated time ever wrote, it wrote in it.
    fresh = machine & (created_s > 0)
    writes = np.where(fresh, np.maximum(writes, np.minimum(profile.numbers["posts"], 150)), writes)
    ties = chance.around(of("follows"), 0.8, "ties", who)
    ties = np.where(machine, ties * (0.25 + 0.75 * evasion), ties)
    low, high = communities(chance, who)
    region = _regions(chance, who, operator)
    zone_h = np.array([r[1] for r in REGIONS], dtype=float)[region]
    by_hand = (role == CODES["like_bot"]) & shifts.by_hand(town, chance, operator)
    rare = ~machine & ~new & chance.happens(of("rarely"), "rarely", who)
    social = np.isin(role, [CODES[n] for n in ("casual", "active", "creator")])
    sleepless = np.array([not one.sleeps for one in ROLES])[role]
    return Population(
        role=role,
        group=group,
        operator=operator,
        evasion=evasion,
        aged=aged & (role == CODES["like_bot"]),
        topic=_topics(chance, who, low),
        region=region,
        zone_h=zone_h,
        wake_h=np.where(by_hand, shifts.begin_h(chance, operator) + zone_h, 7.2 + 1.3 * chance.normal("wake", who)),
        awake_h=np.where(
            by_hand,
            town.farms.shift_h,
            np.where(sleepless & ~machine, 24.0, np.clip(16 + chance.normal("awake", who), 12, 19)),
        ),
        sessions=np.clip(np.round(chance.around(of("sessions"), 0.4, "sessions", who)), 1, 40).astype(np.int16),
        every=np.where(rare, 2 + chance.whole(6, "rarely how", who), 1).astype(np.int8),
        by_hand=by_hand,
        capitalist=social & chance.happens(town.people.capitalists, "capitalist", who),
        delay_s=chance.around(of("delay_h") * 3600, 0.6, "delay", who),
        likes=likes * quiet,
        writes=np.minimum(writes, 1000),
        exploring=np.clip(chance.around(town.people.exploring, 0.8, "exploring", who), 0.02, 0.95),
        comments=np.clip(chance.around(of("comments"), 0.7, "comments", who), 0, 0.9),
        ties=np.clip(np.minimum(ties, np.maximum(following, 1)), 1, 400).astype(np.int32),
        created_s=created_s,
        start_s=np.maximum(created_s, 0),
        seen_s=seen_s,
        turned_s=np.where(role == CODES["hijacked"], hijacked.turned_s(chance, who, end_s), np.inf),
        retired_s=_retired(town, chance, who, role, end_s),
        grown=shrink,
        followers=followers,
        following=following,
        fame=np.where(protected, 0.2, 1)
        * np.where(machine, 1 - (1 - public) * (1 - evasion), public)
        * (np.minimum(followers, 20_000_000) + 3.0) ** _FAME,
        low=low,
        high=high,
    )


def _groups(town: Town, chance: Chance, who: Array, role: Array, aged: Array, evasion: Array) -> Array:
    """The real accounts each one resembles; a careful operator repairs profiles until they look like people's."""
    group = np.zeros(len(who), dtype=np.int8)
    for code, one in enumerate(ROLES):
        rows = np.flatnonzero(role == code)
        if one.profiles:
            group[rows] = _weighted(chance, who[rows], dict(one.profiles), "profile group")
        else:
            cheap, old = (
                _weighted(chance, who[rows], dict(w), "profile group") for w in (like_bot.CHEAP, like_bot.AGED)
            )
            group[rows] = np.where(aged[rows], old, cheap)
    repaired = IS_BOT[role] & chance.happens(0.6 * evasion**1.5, "profile repaired", who)
    group[repaired] = NAMES.index("people_small")
    return group


def _lookup(habits: list[Habits], role: Array) -> Callable[[str], Array]:
    """A function that gives the setting of a name for every account."""
    return lambda name: np.array([getattr(h, name) for h in habits], dtype=float)[role]


def _leaning(chance: Chance, who: Array, score: Array, what: str) -> Array:
    """Standard normal that leans on the account's lifetime counter: who did much before does much now."""
    return 0.6 * score + 0.8 * chance.normal(what, who)


def _regions(chance: Chance, who: Array, operator: Array) -> Array:
    """Region: mostly the neighbourhood's own; bots live where their operator does."""
    shares = np.cumsum([r[2] for r in REGIONS]) / sum(r[2] for r in REGIONS)
    block = who // NEIGHBOURHOOD
    own = np.where(chance.happens(0.65, "region local", who), -1 - block, who)
    own = np.where(operator >= 0, -(1 << 40) - operator, own)
    return np.searchsorted(shares, chance.uniform("region", own)).astype(np.int8)


def _topics(chance: Chance, who: Array, low: Array) -> Array:
    """What an account cares for: half of a community share the community's subject."""
    shared = chance.happens(0.5, "topic shared", who)
    return chance.whole(TOPICS, "topic", np.where(shared, -1 - low, who)).astype(np.int8)


def _retired(town: Town, chance: Chance, who: Array, role: Array, end_s: float) -> Array:
    burnt = (role == CODES["like_bot"]) & chance.happens(town.farms.replaced, "burnt", who)
    return np.where(burnt, (0.2 + 0.8 * chance.uniform("burnt at", who)) * end_s, np.inf)
