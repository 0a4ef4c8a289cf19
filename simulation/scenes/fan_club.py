"""Fan clubs: superfans around one idol, in lockstep without anybody paying them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.deeds import HONEST
from simulation.neighbourhoods import NEIGHBOURHOOD, blocks
from simulation.ties import FAN, Follows

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World


def idols(world: World, block: int) -> Array:
    """Numbers of the idols of a neighbourhood: creators drawn by lot, best-known preferred."""
    first = block * NEIGHBOURHOOD
    creators = world.of_role("creator", first, first + NEIGHBOURHOOD)
    writing = creators[world.people.writes[creators] >= 5]
    lot = world.chance.waits(1.0, "idol", writing) / np.sqrt(world.people.fame[writing])
    return writing[np.argsort(lot, kind="stable")[: world.town.scenes.fan_clubs]]


def follows(world: World, first: int, last: int) -> Follows:
    """Every superfan follows one idol of its neighbourhood, long ago or since it opened its account."""
    chance, people = world.chance, world.people
    parts = [Follows.of(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0), FAN, HONEST)]
    for block in blocks(first, last):
        found = idols(world, block)
        fans = world.of_role("superfan", block * NEIGHBOURHOOD, (block + 1) * NEIGHBOURHOOD)
        if len(found) and len(fans):
            idol = found[chance.whole(len(found), "fan of", fans)]
            since = np.maximum(people.created_s[fans], people.created_s[idol])
            early = np.minimum(chance.waits(20 * 86400, "fan since", fans), (world.end_s - since) * 0.9)
            parts.append(Follows.of(fans, idol, np.round(since + early, 3) + 1, FAN, HONEST))
    return Follows.join(parts)


def likes(world: World, fans: Follows, post: Array) -> tuple[Array, Array]:
    """When fans like the posts of their idol, and whether they do: a notification calls those who are awake.

    Parameters
    ----------
    fans, post : one row per fan and post of its idol
    """
    chance, at = world.chance, world.posts.at[post]
    who, key = fans.follower.astype(np.int64), world.posts.key(post)
    keen = chance.happens(world.town.scenes.fan_likes, "fan likes", who, key)
    called = at + chance.around(world.town.scenes.fan_delay_min * 60, 1.0, "fan delay", who, key)
    return np.where(world.clock.awake(who, called), called, world.clock.visit(who, called, key)), keen
