"""Shifts: in some like farms people at phones do the liking, in working hours, one account after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulation.chance import Array, Chance
    from simulation.settings import Town
    from simulation.world import World

SLOWER = 3.0  # times the pause of software between two likes of a burst


def by_hand(town: Town, chance: Chance, farm: Array) -> Array:
    """Bool: do people do the liking at this farm."""
    return chance.happens(town.farms.by_hand, "by hand", farm)


def begin_h(chance: Chance, farm: Array) -> Array:
    """Hour (UTC) at which the shift of a farm begins; there are day shifts and night shifts."""
    return 24 * chance.uniform("shift begins", farm)


def worked(world: World, farm: Array, at: Array, number: Array) -> Array:
    """Moments at which jobs that came in at ``at`` are begun: at once in the shift, else some time in the next one.

    Parameters
    ----------
    farm, at, number : farm, seconds from the first day, and number of each job
    """
    chance, length = world.chance, world.town.farms.shift_h
    since_h = at / 3600 - begin_h(chance, farm)
    outside = by_hand(world.town, chance, farm) & (since_h % 24 >= length)
    until_h = 24 - since_h % 24 + length * chance.uniform("shift turn", number)
    return np.where(outside, at + until_h * 3600, at)
