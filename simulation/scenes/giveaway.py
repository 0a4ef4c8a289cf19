"""Giveaways: like, comment and follow to win, which looks like an order and is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.deeds import COMMENT, HONEST, LIKE, Deeds
from simulation.neighbourhoods import NEIGHBOURHOOD
from simulation.posts import ORIGINAL, Posts
from simulation.roles import CODES
from simulation.ties import USUAL, Follows

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

_OPEN_H = 48.0  # hours until the draw


def posts(world: World, rows: Array) -> Array:
    """Those of the posts ``rows`` that are giveaways of creators and brands."""
    written: Posts = world.posts
    host = np.isin(world.people.role[written.author[rows]], (CODES["creator"], CODES["brand"]))
    drawn = world.chance.happens(world.town.scenes.giveaways, "giveaway", written.key(rows))
    return rows[host & drawn & (written.kind[rows] == ORIGINAL)]


def _entries(world: World, rows: Array) -> tuple[Array, Array, Array]:
    """Who takes part in which giveaway, and when."""
    chance = world.chance
    hosted = posts(world, rows)
    size = chance.around(world.town.scenes.giveaway_entries, 0.6, "giveaway size", world.posts.key(hosted))
    count = np.minimum(2 * size, 4000).astype(np.int64)
    post, number = np.repeat(hosted, count), world.number_within(count)
    key = world.posts.key(post)
    below = (world.posts.author[post].astype(np.int64) // NEIGHBOURHOOD + 1) * NEIGHBOURHOOD
    who = (chance.uniform("giveaway who", key, number) * below).astype(np.int64)
    # Most come at once or shortly before the end.
    draw = chance.uniform("giveaway at", key, number)
    hours = _OPEN_H * np.where(draw < 0.6, (draw / 0.6) ** 2 * 0.5, 1 - (1 - draw) * 0.4)
    at = world.clock.visit(who, world.posts.at[post] + 120 + hours * 3600, key)
    # Some people live for giveaways; a farm does not bother.
    keen = np.where(chance.happens(0.05, "giveaway hunter", who), 1.0, 0.4)
    joins = (chance.uniform("giveaway joins", key, number) < keen) & world.is_person[who]
    joins &= at < world.posts.at[post] + (_OPEN_H + 6) * 3600  # the winner is drawn soon after
    return who[joins], post[joins], at[joins]


def entries(world: World, rows: Array) -> Deeds:
    """A like and a comment of everybody who takes part."""
    who, post, at = _entries(world, rows)
    late = world.chance.around(20, 0.5, "giveaway comment", who, world.posts.key(post))
    return Deeds.join([Deeds.of(who, post, at, LIKE, HONEST), Deeds.of(who, post, at + late, COMMENT, HONEST)])


def follows(world: World, rows: Array) -> Follows:
    """Those who take part follow the host, seconds before they like."""
    who, post, at = _entries(world, rows)
    return Follows.of(who, world.posts.author[post], np.round(at - 4, 3), USUAL, HONEST)
