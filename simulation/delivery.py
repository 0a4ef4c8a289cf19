"""Deliveries: which workers of a farm fulfil an order, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation import shifts
from simulation.chance import Array
from simulation.deeds import COMMENT, LIKE, ORDER, Deeds
from simulation.market import PRICE_SHARES, SPEEDS
from simulation.orders import BURST, COMMENTS, FOLLOWERS, GRADUAL, Orders
from simulation.ties import USUAL, Follows

if TYPE_CHECKING:
    from simulation.world import World


def deeds(world: World, orders: Orders) -> Deeds:
    """Likes and comments that fulfil ``orders``."""
    order, worker, rank = _chosen(world, orders)
    at = _when(world, orders, order, worker, rank)
    what = np.where(orders.product[order] == COMMENTS, COMMENT, LIKE)
    done = Deeds.of(worker, orders.post[order], at, what, ORDER, orders.number[order])
    # Careful workers comment now and then without being paid for it, as people do.
    talk = world.people.comments[worker] * orders.evasion[order] * (what == LIKE)
    said = done[world.chance.happens(talk, "worker comments", worker, orders.number[order])]
    late = world.chance.around(40, 0.7, "worker comment late", said.actor, said.group)
    return Deeds.join([done, Deeds.of(said.actor, said.post, said.at + late, COMMENT, ORDER, said.group)])


def follows(world: World, orders: Orders) -> Follows:
    """Follows that fulfil ``orders`` of followers."""
    order, worker, rank = _chosen(world, orders)
    at = _when(world, orders, order, worker, rank)
    return Follows.of(worker, orders.beneficiary[order], np.round(at, 3), USUAL, ORDER, orders.number[order])


def follows_first(world: World, orders: Orders) -> Follows:
    """Follows by which careful workers make the likes they will give look like a follower's."""
    likes = deeds(world, orders[orders.product != COMMENTS])
    likes = likes[likes.what == LIKE]
    farm = orders.evasion[np.searchsorted(orders.number, likes.group)]
    whom = world.posts.author[likes.post].astype(np.int64)
    worker = likes.actor.astype(np.int64)
    careful = world.chance.happens(farm * world.town.farms.followed_first, "follows first", worker, whom)
    worker, whom, group = worker[careful], whom[careful], likes.group[careful]
    early = world.chance.waits(6 * 86400, "follows how early", worker, whom) + 30
    return Follows.of(worker, whom, np.round(likes.at[careful] - early, 3), USUAL, ORDER, group)


def _chosen(world: World, orders: Orders) -> tuple[Array, Array, Array]:
    """Order (row), worker and rank within the order, for every piece delivered.

    The naive send the same workers every time, the expert draws them anew; a farm whose own workers do not
    suffice resells to farms of earlier neighbourhoods.
    """
    rows: list[tuple[Array, Array, Array]] = []
    by_farm = np.argsort(orders.operator, kind="stable")
    edges = np.flatnonzero(np.diff(orders.operator[by_farm], prepend=-1))
    for some in np.split(by_farm, edges[1:]) if len(by_farm) else ():
        rows += [_assigned(world, orders, part) for part in np.array_split(some, -(-len(some) // 500))]
    if not rows:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, nothing
    order, worker, rank = (np.concatenate(columns) for columns in zip(*rows, strict=True))
    return order, worker, rank


def _assigned(world: World, orders: Orders, some: Array) -> tuple[Array, Array, Array]:
    """Workers for orders of one farm."""
    chance, people = world.chance, world.people
    pool, helping = world.workers(int(orders.operator[some[0]]), bool((orders.product[some] == FOLLOWERS).any()))
    if not len(pool):
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, nothing
    number, evasion = orders.number[some][:, None], orders.evasion[some][:, None]
    liking = (1 - evasion) * chance.uniform("worker order", pool)[None, :]
    liking = liking + evasion * chance.uniform("worker drawn", number, pool[None, :])
    # The naive exhaust their own workers first, the expert spreads the work over all farms that help each other.
    liking = liking + (1 - evasion) * helping[None, :]
    at = orders.at[some][:, None]
    there = (people.start_s[pool] < at) & (people.retired_s[pool] > at)
    there &= ~np.isfinite(people.turned_s[pool])[None, :] | (people.turned_s[pool] < at)
    liking = np.where(there, liking, np.inf)
    sequence = np.argsort(liking, axis=1, kind="stable")
    # Few together at a time: what the expert cannot deliver without being seen as a group stays undelivered.
    most = np.ceil(there.sum(axis=1) * (1 - (1 - world.town.farms.crew) * orders.evasion[some])).astype(np.int64)
    wanted = np.minimum(orders.wanted[some], most)
    rank = world.number_within(wanted)
    row = np.repeat(np.arange(len(some)), wanted)
    return some[row], pool[sequence[row, rank]], rank


def _when(world: World, orders: Orders, order: Array, worker: Array, rank: Array) -> Array:
    """Moment of each piece: in a burst, dripped by the day, or after the post as people come."""
    chance, farms = world.chance, world.town.farms
    number = orders.number[order]
    placed, style, evasion = orders.at[order], orders.style[order], orders.evasion[order]
    whim = chance.uniform("piece", number, worker)
    farm = orders.operator[order]
    begins = shifts.worked(world, farm, placed + 60 + chance.waits(400, "burst begins", number), number)
    gap = chance.around(farms.burst_gap_s, 0.6, "burst gap", number)
    gap = np.where(shifts.by_hand(world.town, chance, farm), shifts.SLOWER * gap, gap)
    burst = begins + (rank + whim * (0.2 + evasion)) * gap
    pace = np.interp(chance.uniform("drip pace", number), PRICE_SHARES, SPEEDS)
    hours = np.clip(np.sqrt(24 * orders.ordered[order] / pace * farms.drip_h), 3, 24 * 6)
    drip = begins + (rank + whim) / np.maximum(orders.wanted[order], 1) * hours * 3600
    drip = shifts.worked(world, world.people.operator[worker], drip, number)
    drip = world.clock.seen_or_any(worker, drip, evasion, number)
    organic = placed + chance.around(2.5 * 3600, 1.2, "gradual", number, worker)
    organic = world.clock.visit(worker, organic, number)
    return np.where(style == BURST, burst, np.where(style == GRADUAL, organic, drip))
