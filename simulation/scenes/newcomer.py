"""Newcomers' first week: new accounts look at everything and like a lot, for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.deeds import HONEST, LIKE, Deeds

if TYPE_CHECKING:
    from simulation.world import World


def likes(world: World, first: int, last: int) -> Deeds:
    """Likes by people in the week after they opened their account, most of them on well-known posts."""
    chance, people = world.chance, world.people
    new = first + np.flatnonzero((people.created_s[first:last] > 0) & world.is_person[first:last])
    count = np.minimum(chance.times(18, "newcomer likes", new), 150)
    who, number = np.repeat(new, count), world.number_within(count)
    at = people.created_s[who] + chance.waits(2.0 * 86400, "newcomer at", who, number)
    return world.wander(who, world.clock.visit(who, at, number), number + 100_000, LIKE, HONEST, topical=0.4, local=0.3)
