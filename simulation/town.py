"""The town: everything put together, as a stream of canonical tables or as tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from simulation import delivery, follows, orders
from simulation.accounts import Counts, Handles, accounts, count_follows, idols
from simulation.actors import pod_member, self_bot
from simulation.chance import Array
from simulation.deeds import COMMENT, HONEST, LIKE, ORDER, REPOST, Deeds
from simulation.engaging import Pending, engagements
from simulation.labels import labels
from simulation.orders import Orders
from simulation.records import Register
from simulation.scenes import fan_club, giveaway, viral
from simulation.settings import Town
from simulation.texts import texts
from simulation.ties import Follows
from simulation.world import World

# canonical tables, then what is known only here
TRUTH_TABLES = ("truth", "truth_engagements", "truth_follows", "truth_orders", "truth_posts")
BLOCK = 20_000  # accounts whose posts are handled at a time: bounds memory, changes nothing but the order of rows

Progress = Callable[[str, float], None]  # what is being done, share done of everything


def simulate(town: Town) -> dict[str, pa.Table]:
    """All tables of a town that fits in memory.

    Returns
    -------
    dict with accounts, labels, posts, engagements, follows, and the truth tables (see ``docs/simulation.md``);
    tables that ``town.missing`` leaves out are absent
    """
    parts: dict[str, list[pa.Table]] = {}
    for name, table in stream(town):
        parts.setdefault(name, []).append(table)
    return {name: pa.concat_tables(found).combine_chunks() for name, found in parts.items()}


def stream(town: Town, progress: Progress | None = None, block: int = BLOCK) -> Iterator[tuple[str, pa.Table]]:
    """Names and pieces of all tables, every table at least once, in an order that is the same every time.

    Memory holds the accounts, the follow graph and the times of posts; texts and most engagements pass through.
    """
    say = progress or (lambda what, share: None)
    hidden = set(town.missing.tables)
    for name, table in _pieces(town, say, block):
        if name not in hidden:
            yield name, table


def _pieces(town: Town, say: Progress, block: int) -> Iterator[tuple[str, pa.Table]]:
    say("accounts and posts", 0.0)
    world = World(town)
    register, handles = Register(world), Handles(world)
    counts = Counts.empty(world.total)
    say("follows", 0.05)
    parts = world.blocks(block)
    books = [orders.for_posts(world, first, last) for first, last in parts]
    follower_orders = Orders.join([orders.for_accounts(world, first, last) for first, last in parts])
    graph = _follow_graph(world, parts, books, follower_orders)
    world.idol = idols(world, graph)
    counts.followers, counts.following = count_follows(world, graph)
    every_order = Orders.join([follower_orders, *books])
    every_order = every_order[np.argsort(every_order.number, kind="stable")]
    for piece in _slices(graph, 1_000_000):
        yield "follows", register.follows(piece)
        yield "truth_follows", register.truth_follows(piece, every_order)
    sold = graph.group[graph.cause == ORDER]
    yield "truth_orders", register.truth_orders(follower_orders, _delivered(follower_orders, sold))
    say("engagements", 0.15)
    pending = Pending.gather(world, parts)
    for i, (first, last) in enumerate(parts):
        booked, books[i] = books[i], books[i][:0]
        done = engagements(world, graph, pending.take(i), booked, first, last)
        yield "engagements", register.engagements(done)
        yield "truth_engagements", register.truth_engagements(done, booked)
        paid = (done.cause == ORDER) & ((done.what == COMMENT) == (done.group % 8 == orders.COMMENTS))
        yield "truth_orders", register.truth_orders(booked, _delivered(booked, done.group[paid]))
        liked = done.actor[(done.what == LIKE) & (done.at < world.people.seen_s[done.actor])]
        counts.likes_given += np.bincount(liked, minlength=world.total)
        yield from _posts(world, register, handles.names, done, booked, first, min(last, world.n))
        say("engagements", 0.2 + 0.75 * (i + 1) / len(parts))
    say("profiles", 0.95)
    table, truth = accounts(world, register, handles.names, counts)
    yield "accounts", table
    yield "truth", truth
    yield "labels", labels(world, register.account(np.arange(world.n)))
    say("done", 1.0)


def _follow_graph(world: World, parts: list[tuple[int, int]], books: list[Orders], follower_orders: Orders) -> Follows:
    found = [delivery.follows(world, follower_orders)]
    for (first, last), booked in zip(parts, books, strict=True):
        rows = np.arange(world.posts.first[first], world.posts.first[last])
        found += [
            follows.usual(world, first, last),
            follows.automated(world, first, last),
            fan_club.follows(world, first, last),
            pod_member.follows(world, first, last),
            giveaway.follows(world, rows),
            delivery.follows_first(world, booked),
            self_bot.follows_first(world, first, last),
        ]
    return follows.settle(world, found)


def _slices(graph: Follows, size: int) -> Iterator[Follows]:
    for first in range(0, max(len(graph), 1), size):
        yield graph[first : first + size]


def _delivered(booked: Orders, group: Array) -> Array:
    """Pieces delivered for each order."""
    place = np.searchsorted(booked.number, group)
    place = np.minimum(place, max(len(booked) - 1, 0))
    hit = booked.number[place] == group if len(booked) else np.zeros(len(group), dtype=bool)
    return np.bincount(place[hit], minlength=len(booked))


def _posts(
    world: World, register: Register, handles: pa.Array, done: Deeds, booked: Orders, first: int, last: int
) -> Iterator[tuple[str, pa.Table]]:
    """The posts of accounts ``first`` to ``last`` (excluded) with their counters, and what was special about them."""
    posts, chance = world.posts, world.chance
    low, high = int(posts.first[first]), int(posts.first[max(last, first)])
    rows = np.arange(low, high)
    seen = done[done.at < world.people.seen_s[posts.author[done.post]]]
    counts = {
        name: np.bincount(seen.post[seen.what == what] - low, minlength=len(rows))
        for name, what in (("likes", LIKE), ("comments", COMMENT), ("reposts", REPOST))
    }
    # Honest likes come from people who saw the post; cheap farms like what they never opened.
    opened = np.where(seen.cause == HONEST, 1.0, _evasion(booked, seen))
    reached = np.bincount(seen.post - low, weights=opened, minlength=len(rows))
    key = posts.key(rows)
    counts["views"] = np.round(
        (reached + 1) * chance.around(14, 0.5, "views", key) * chance.uniform("shown", key) ** 0.2
    )
    text = texts(world, rows, handles) if len(rows) else pa.array([], pa.string())
    lost = chance.happens(world.town.missing.texts, "missing text", key)
    if lost.any():
        text = pa.compute.if_else(pa.array(lost), pa.scalar(None, pa.string()), text)
    yield "posts", register.posts_table(rows, text, counts)
    scenes = (("viral", viral.posts(world, rows)), ("giveaway", giveaway.posts(world, rows)))
    special = np.concatenate([found for _, found in scenes])
    scene = [name for name, found in scenes for _ in range(len(found))]
    yield "truth_posts", pa.table({"post_id": register.post(special), "scene": pa.array(scene, pa.string())})


def _evasion(booked: Orders, seen: Deeds) -> Array:
    """How carefully each deed was done: evasion of the order's farm, a half for what pods and services do."""
    if not len(booked):
        return np.full(len(seen), 0.5)
    place = np.minimum(np.searchsorted(booked.number, seen.group), len(booked) - 1)
    paid = (seen.cause == ORDER) & (booked.number[place] == seen.group)
    return np.where(paid, booked.evasion[place], 0.5)
