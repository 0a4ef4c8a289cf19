"""Brands post by a schedule they declare: to the second, and honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

ROLE = Role(
    name="brand",
    kind="human",
    says="a company; posts are scheduled, and it says so",
    profiles={"people_mid": 0.15, "people_large": 0.85},
    habits="brand",
    tone="brand",
)


def scheduled(world: World, who: Array, at: Array, number: Array) -> Array:
    """Posts moved to the brand's next fixed time of day, a second after the full five minutes."""
    chance, people = world.chance, world.people
    slot = chance.whole(3, "brand slot", who, number)
    minute = 5 * chance.whole(120, "brand time", who, slot) + 8 * 60  # local, 8:00 to 17:55
    local_s = at + people.zone_h[who] * 3600.0
    day = np.floor(local_s / 86400)
    return day * 86400 + minute * 60.0 + chance.uniform("brand second", who, number) * 1.5 - people.zone_h[who] * 3600.0
