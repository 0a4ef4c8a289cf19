"""Hijacked accounts belong to a person until a moment; from then on a farm works with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role

if TYPE_CHECKING:
    from simulation.chance import Array, Chance

ROLE = Role(
    name="hijacked",
    kind="hijacked",
    says="a person's account that a farm took over",
    profiles={"people_small": 0.85, "people_mid": 0.15},
    is_bot=True,
    habits="casual",
)


def turned_s(chance: Chance, who: Array, end_s: float) -> Array:
    """Moment of the take-over, in seconds: somewhere in the second to the ninth tenth of the time."""
    return np.floor((0.15 + 0.7 * chance.uniform("turned", who)) * end_s)
