"""Arrays of the world turned into canonical tables and truth tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.tables import ACCOUNTS, ENGAGEMENTS, FOLLOWS, MOMENT, POSTS
from simulation import deeds as d
from simulation import posts as p
from simulation.chance import Array
from simulation.deeds import Deeds
from simulation.identifiers import ORDER_LETTERS, identifiers, strings
from simulation.orders import PRODUCTS, STYLES, Orders
from simulation.places import REGIONS
from simulation.ties import Follows

if TYPE_CHECKING:
    from simulation.world import World

TEXT, COUNT = pa.string(), pa.int64()
TRUTH_ENGAGEMENTS = pa.schema(
    [
        ("actor_id", TEXT),
        ("post_id", TEXT),
        ("kind", TEXT),
        ("created_at", MOMENT),
        ("cause", TEXT),
        ("order_id", TEXT),
        ("pod", TEXT),
        ("campaign", TEXT),
    ]
)
TRUTH_FOLLOWS = pa.schema(
    [
        ("follower_id", TEXT),
        ("followed_id", TEXT),
        ("created_at", MOMENT),
        ("cause", TEXT),
        ("order_id", TEXT),
        ("pod", TEXT),
        ("campaign", TEXT),
    ]
)
TRUTH_ORDERS = pa.schema(
    [
        ("order_id", TEXT),
        ("product", TEXT),
        ("customer_id", TEXT),
        ("beneficiary_id", TEXT),
        ("post_id", TEXT),
        ("farm", TEXT),
        ("campaign", TEXT),
        ("ordered", COUNT),
        ("wanted", COUNT),
        ("delivered", COUNT),
        ("price", pa.float64()),
        ("style", TEXT),
        ("evasion", pa.float64()),
        ("placed_at", MOMENT),
    ]
)


def word(options: tuple[str, ...], code: Array) -> pa.Array:
    """Strings of ``options`` by code."""
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int8)), pa.array(options, TEXT)).cast(TEXT)


def named(prefix: str, numbers: Array) -> pa.Array:
    """``prefix-number``, null where the number is NONE."""
    unique, inverse = np.unique(numbers, return_inverse=True)
    names = pa.array([None if u == d.NONE else f"{prefix}-{u}" for u in unique.tolist()], TEXT)
    return names.take(pa.array(inverse))


def order_ids(world: World, numbers: Array) -> pa.Array:
    """Identifier of each order, null where the number is NONE."""
    return strings(identifiers(world.chance, "o", np.maximum(numbers, 0), ORDER_LETTERS), numbers == d.NONE)


class Register:
    """Identifiers of accounts and posts as bytes, looked up by row."""

    def __init__(self, world: World) -> None:
        from simulation.identifiers import ACCOUNT_LETTERS, POST_LETTERS

        self.world = world
        self.accounts = identifiers(world.chance, "u", np.arange(world.total), ACCOUNT_LETTERS).view("S8").ravel()
        rows = np.arange(len(world.posts.author))
        self.posts = identifiers(world.chance, "p", world.posts.key(rows), POST_LETTERS).view("S12").ravel()

    def account(self, who: Array) -> pa.Array:
        """account_id of accounts, null for NONE."""
        return strings(self.accounts[who].view(np.uint8).reshape(len(who), 8), who == d.NONE)

    def post(self, rows: Array) -> pa.Array:
        """post_id of rows of posts, null for NONE."""
        return strings(self.posts[rows].view(np.uint8).reshape(len(rows), 12), rows == d.NONE)

    def engagements(self, deeds: Deeds) -> pa.Table:
        """The engagements table."""
        columns = [
            self.account(deeds.actor),
            self.post(deeds.post),
            word(d.KINDS, deeds.what),
            self.world.moments(deeds.at),
        ]
        return pa.table(columns, schema=ENGAGEMENTS.schema)

    def truth_engagements(self, deeds: Deeds, booked: Orders) -> pa.Table:
        """Every engagement that is not honest, with what is behind it."""
        some = deeds[deeds.cause != d.HONEST]
        order = np.where(some.cause == d.ORDER, some.group, d.NONE)
        columns = [
            *self.engagements(some).columns,
            word(d.CAUSES, some.cause),
            order_ids(self.world, order),
            named("pod", np.where(some.cause == d.POD, some.group, d.NONE)),
            named("campaign", campaign_of(order, booked)),
        ]
        return pa.table(columns, schema=TRUTH_ENGAGEMENTS)

    def follows(self, follows: Follows) -> pa.Table:
        """The follows table."""
        columns = [self.account(follows.follower), self.account(follows.followed), self.world.moments(follows.at)]
        return pa.table(columns, schema=FOLLOWS.schema)

    def truth_follows(self, follows: Follows, booked: Orders) -> pa.Table:
        """Every follow that is not honest, with what is behind it."""
        some = follows[follows.cause != d.HONEST]
        order = np.where(some.cause == d.ORDER, some.group, d.NONE)
        columns = [
            *self.follows(some).columns,
            word(d.CAUSES, some.cause),
            order_ids(self.world, order),
            named("pod", np.where(some.cause == d.POD, some.group, d.NONE)),
            named("campaign", campaign_of(order, booked)),
        ]
        return pa.table(columns, schema=TRUTH_FOLLOWS)

    def truth_orders(self, booked: Orders, delivered: Array) -> pa.Table:
        """Every order for somebody in the town, with what was delivered."""
        shown = (booked.beneficiary < self.world.n) & (booked.customer < self.world.n)
        some = booked[shown]
        columns = [
            order_ids(self.world, some.number),
            word(PRODUCTS, some.product),
            self.account(some.customer),
            self.account(some.beneficiary),
            self.post(some.post),
            named("operator", some.operator),
            named("campaign", some.campaign),
            some.ordered,
            some.wanted,
            delivered[shown],
            some.price,
            word(STYLES, some.style),
            np.round(some.evasion, 3),
            self.world.moments(some.at),
        ]
        return pa.table([pa.array(c) for c in columns], schema=TRUTH_ORDERS)

    def posts_table(self, rows: Array, text: pa.Array, counts: dict[str, Array]) -> pa.Table:
        """The posts table for ``rows``; ``counts`` holds likes, comments, reposts and views."""
        posts = self.world.posts
        columns = [
            self.post(rows),
            self.account(posts.author[rows]),
            self.world.moments(posts.at[rows]),
            word(p.KINDS, posts.kind[rows]),
            text,
            *(pa.array(counts[name].astype(np.int64)) for name in ("likes", "comments", "reposts", "views")),
        ]
        return pa.table(columns, schema=POSTS.schema)


def campaign_of(order: Array, booked: Orders) -> Array:
    """Campaign of each order number, NONE without; ``booked`` is sorted by number."""
    if not len(booked):
        return np.full(len(order), d.NONE)
    place = np.minimum(np.searchsorted(booked.number, order), len(booked) - 1)
    return np.where(booked.number[place] == order, booked.campaign[place], d.NONE)


def locations(world: World, who: Array, given: Array) -> pa.Array:
    """Place named in the profile, empty where none is."""
    options = [region[3] for region in REGIONS]
    pick = world.chance.bits("place", who).tolist()
    return pa.array(
        [
            options[r][int(b) % len(options[r])] if g else ""
            for r, b, g in zip(world.people.region[who].tolist(), pick, given.tolist(), strict=True)
        ],
        TEXT,
    )


__all__ = ["ACCOUNTS", "Register", "campaign_of", "locations", "named", "order_ids", "word"]
