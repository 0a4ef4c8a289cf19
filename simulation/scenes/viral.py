"""Viral posts: a burst of strangers that nobody paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.deeds import COMMENT, HONEST, LIKE, Deeds
from simulation.neighbourhoods import NEIGHBOURHOOD
from simulation.posts import ORIGINAL

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World


def posts(world: World, rows: Array) -> Array:
    """Those of the posts ``rows`` that went viral: originals of people, likelier where the author is known."""
    author = world.posts.author[rows]
    share = world.town.scenes.viral * np.clip(world.people.fame[author] / 200, 0.5, 3)
    went = world.chance.happens(share, "viral", world.posts.key(rows))
    return rows[went & (world.posts.kind[rows] == ORIGINAL) & world.is_person[author]]


def likes(world: World, rows: Array) -> Deeds:
    """Likes and comments by strangers: it smoulders, catches fire and burns out."""
    chance, people = world.chance, world.people
    viral = posts(world, rows)
    key = world.posts.key(viral)
    crowd = np.minimum(2 * chance.around(world.town.scenes.viral_likes, 0.7, "viral size", key), 5000).astype(np.int64)
    post, number = np.repeat(viral, crowd), world.number_within(crowd)
    key = np.repeat(key, crowd)
    below = (world.posts.author[post].astype(np.int64) // NEIGHBOURHOOD + 1) * NEIGHBOURHOOD
    who = (chance.uniform("viral who", key, number) * below).astype(np.int64)
    half_h = np.repeat(chance.around(7, 0.6, "viral half", key[number == 0]), crowd)
    pace_h = np.repeat(chance.around(2, 0.5, "viral pace", key[number == 0]), crowd)
    draw = chance.uniform("viral at", key, number)
    reached = world.posts.at[post] + 3600 * np.maximum(half_h + pace_h * np.log(draw / (1 - draw)), 0.05)
    at = world.clock.visit(who, reached, key)
    joins = chance.uniform("viral joins", key, number) < np.minimum(1, people.likes[who] / 60)
    joins &= world.is_person[who]
    says = joins & chance.happens(people.comments[who], "viral says", key, number)
    return Deeds.join(
        [
            Deeds.of(who[joins], post[joins], at[joins], LIKE, HONEST),
            Deeds.of(who[says], post[says], at[says] + 40, COMMENT, HONEST),
        ]
    )
