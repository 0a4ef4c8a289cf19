"""The accounts table and its truth: profiles with counters that hold what happened in the town and before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.tables import ACCOUNTS, MOMENT
from simulation.actors import pod_member, victim
from simulation.chance import Array
from simulation.labels import truth_at
from simulation.names import bios, display_names, usernames
from simulation.neighbourhoods import blocks
from simulation.places import REGIONS
from simulation.profile import NAMES, Profile, draw
from simulation.records import TEXT, Register, locations, named, word
from simulation.roles import CODES, ROLES
from simulation.ties import FAN, Follows

if TYPE_CHECKING:
    from simulation.world import World

_BATCH = 50_000

TRUTH = pa.schema(
    [
        ("account_id", TEXT),
        ("is_bot", pa.bool_()),
        ("kind", TEXT),
        ("role", TEXT),
        ("operator", TEXT),  # the farm, ring or service that runs it
        ("pods", pa.list_(TEXT)),
        ("campaign", TEXT),  # the campaign a buyer takes part in
        ("idol_id", TEXT),  # of a fan club's members
        ("victim", pa.bool_()),
        ("newcomer", pa.bool_()),
        ("capitalist", pa.bool_()),
        ("by_hand", pa.bool_()),
        ("turned_at", MOMENT),
        ("retired_at", MOMENT),
        ("evasion", pa.float64()),
        ("resembles", TEXT),
        ("followers_outside", pa.int64()),
        ("following_outside", pa.int64()),
        ("posts_before", pa.int64()),
        ("likes_outside", pa.int64()),
    ]
)


@dataclass
class Counts:
    """What each account did and got in the town before its counters were read; arrays of shape (accounts,)."""

    followers: Array
    following: Array
    likes_given: Array

    @classmethod
    def empty(cls, n: int) -> Counts:
        """Nothing yet."""
        return cls(*(np.zeros(n, dtype=np.int64) for _ in range(3)))


class Handles:
    """Usernames of all accounts, given out in the order of their numbers so that none is used twice."""

    def __init__(self, world: World) -> None:
        taken: set[str] = set()
        parts = []
        for first in range(0, world.total, _BATCH):
            who = np.arange(first, min(first + _BATCH, world.total))
            parts.append(pa.array(usernames(world, who, profiles(world, who), taken), TEXT))
        self.names = pa.concat_arrays(parts)


def profiles(world: World, who: Array) -> Profile:
    """The drawn profiles of accounts."""
    return draw(world.chance, who, world.people.group[who])[0]


def accounts(world: World, register: Register, handles: pa.Array, counts: Counts) -> tuple[pa.Table, pa.Table]:
    """The accounts table and the truth table, both sorted by account_id."""
    parts = [
        _batch(world, register, handles, counts, np.arange(first, min(first + _BATCH, world.n)))
        for first in range(0, world.n, _BATCH)
    ]
    tables = [pa.concat_tables(tables) for tables in zip(*parts, strict=True)]
    order = pa.array(np.argsort(register.accounts[: world.n]))
    return tables[0].take(order).combine_chunks(), tables[1].take(order).combine_chunks()


def _batch(
    world: World, register: Register, handles: pa.Array, counts: Counts, who: Array
) -> tuple[pa.Table, pa.Table]:
    people, chance = world.people, world.chance
    profile = profiles(world, who)
    numbers, flags = profile.numbers, profile.flags
    grown = people.grown[who]
    inside = {
        "followers": counts.followers[who],
        "following": counts.following[who],
        "posts": world.posts_seen(who),
        "likes_given": counts.likes_given[who],
    }
    drawn = {
        "followers": people.followers[who],
        "following": people.following[who],
        # An account opened in the simulated time has written nothing before it.
        "posts": np.where(people.created_s[who] >= 0, 0, numbers["posts"]).astype(np.int64),
        "likes_given": np.round(numbers["likes_given"] * grown).astype(np.int64),
    }
    total = {name: np.maximum(drawn[name], inside[name]) for name in inside}
    gone = {name: chance.happens(world.town.missing.counters, f"missing {name}", who) for name in (*total, "listed")}
    domain = pc_join("https://", handles.take(pa.array(who)), ".example")
    columns = {
        "account_id": register.account(who),
        "platform": pa.array(["town"] * len(who), TEXT),
        "username": handles.take(pa.array(who)),
        "display_name": pa.array(display_names(world, who, profile), TEXT),
        "description": pa.array(bios(world, who, profile), TEXT),
        "created_at": world.moments(people.created_s[who]),
        "observed_at": world.moments(people.seen_s[who]),
        **{f"{name}_count": pa.array(total[name], mask=gone[name]) for name in total},
        "listed_count": pa.array(np.round(numbers["listed"] * grown).astype(np.int64), mask=gone["listed"]),
        "verified": pa.array(flags["verified"]),
        "protected": pa.array(flags["protected"]),
        "has_avatar": pa.array(flags["avatar"]),
        "has_banner": pa.array(flags["banner"]),
        "url": pa.array([u if f else "" for u, f in zip(domain, flags["url"].tolist(), strict=True)], TEXT),
        "location": locations(world, who, flags["location"]),
        "language": word(tuple(r[0] for r in REGIONS), people.region[who]),
    }
    table = pa.table([columns[c.name] for c in ACCOUNTS.columns], schema=ACCOUNTS.schema)
    outside = {name: total[name] - inside[name] for name in total}
    return table, _truth(world, register, who, outside)


def pc_join(before: str, names: pa.Array, after: str) -> list[str]:
    """``before`` + lower-case name without underscores + ``after``."""
    return [before + n.lower().replace("_", "") + after for n in names.to_pylist()]


def _truth(world: World, register: Register, who: Array, outside: dict[str, Array]) -> pa.Table:
    people = world.people
    is_bot, kind = truth_at(world, who, people.seen_s[who])
    buyer = people.role[who] == CODES["like_buyer"]
    columns = {
        "account_id": register.account(who),
        "is_bot": pa.array(is_bot),
        "kind": pa.array(kind.tolist(), TEXT),
        "role": word(tuple(r.name for r in ROLES), people.role[who]),
        "operator": named("operator", people.operator[who]),
        "pods": _pods(world, who),
        "campaign": named("campaign", np.where(buyer, world.campaign_of_buyer(who), -1)),
        "idol_id": register.account(world.idol[who]),
        "victim": pa.array(np.isin(who, victim.victims(world, int(who[0]), int(who[-1]) + 1))),
        "newcomer": pa.array((people.created_s[who] >= 0) & world.is_person[who]),
        "capitalist": pa.array(people.capitalist[who]),
        "by_hand": pa.array(people.by_hand[who]),
        "turned_at": world.moments(people.turned_s[who]),
        "retired_at": world.moments(people.retired_s[who]),
        "evasion": pa.array(np.round(people.evasion[who], 3), mask=people.operator[who] < 0),
        "resembles": word(NAMES, people.group[who]),
        "followers_outside": pa.array(outside["followers"]),
        "following_outside": pa.array(outside["following"]),
        "posts_before": pa.array(outside["posts"]),
        "likes_outside": pa.array(outside["likes_given"]),
    }
    return pa.table([columns[name] for name in TRUTH.names], schema=TRUTH)


def _pods(world: World, who: Array) -> pa.Array:
    found: dict[int, list[str]] = {}
    first, last = int(who[0]), int(who[-1]) + 1
    for block in blocks(first, last):
        for number, members in pod_member.pods(world, block):
            for one in members.tolist():
                found.setdefault(one, []).append(f"pod-{number}")
    return pa.array([found.get(one, []) for one in who.tolist()], pa.list_(TEXT))


def count_follows(world: World, follows: Follows) -> tuple[Array, Array]:
    """Followers and followed of each account at the moment its counters were read."""
    seen = world.people.seen_s
    gained = follows.followed[follows.at < seen[follows.followed]]
    given = follows.follower[follows.at < seen[follows.follower]]
    return np.bincount(gained, minlength=world.total), np.bincount(given, minlength=world.total)


def idols(world: World, follows: Follows) -> Array:
    """The idol of each fan, NONE for others."""
    found = np.full(world.total, -1, dtype=np.int64)
    fans = follows.tie == FAN
    found[follows.follower[fans]] = follows.followed[fans]
    return found
