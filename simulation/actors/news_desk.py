"""News desks publish around the clock, most of it on the quarter hour by software they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

ROLE = Role(
    name="news_desk",
    kind="human",
    says="publishes around the clock from an editing system, and says so",
    profiles={"people_large": 1.0},
    habits="news_desk",
    tone="news",
    sleeps=False,
)


def on_the_quarter(world: World, who: Array, at: Array, number: Array) -> Array:
    """Three posts in four moved to the next quarter of an hour; the others are breaking news and stay."""
    chance = world.chance
    planned = chance.happens(0.75, "news planned", who, number)
    quarter = np.ceil(at / 900) * 900 + chance.uniform("news second", who, number) * 4
    return np.where(planned, quarter, at)
