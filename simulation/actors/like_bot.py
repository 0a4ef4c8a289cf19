"""Like bots are a farm's workers: they deliver orders and cover them with likes on innocent posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role
from simulation.deeds import COVER, LIKE, Deeds

if TYPE_CHECKING:
    from simulation.world import World

CHEAP = {"fresh_spam": 0.45, "sold_follower": 0.15, "mixed_bot": 0.4}  # opened in bulk not long ago
AGED = {"mixed_bot": 0.45, "aged_spam": 0.1, "known_bot": 0.45}  # older accounts bought for the purpose

ROLE = Role(
    name="like_bot",
    kind="like_bot",
    says="delivers likes that somebody ordered",
    profiles={},  # CHEAP or AGED, as the farm buys them
    is_bot=True,
    tone="bot",
    sleeps=False,
    public=0.3,
)


def cover(world: World, first: int, last: int) -> Deeds:
    """Likes on innocent posts; the naive give a tenth of an expert's, evenly over day and night."""
    chance, people, town = world.chance, world.people, world.town
    workers = world.of_role("like_bot", first, last)
    evasion = people.evasion[workers]
    expected = town.farms.cover * world.days / 30 * (1 + 6 * evasion) / 7
    count = chance.rounded(chance.around(expected, 0.5, "cover count", workers), "cover rounded", workers)
    who = np.repeat(workers, count)
    number = world.number_within(count)
    at = people.start_s[who] + chance.uniform("cover at", who, number) * (world.end_s - people.start_s[who])
    at = world.clock.seen_or_any(who, at, people.evasion[who], number)
    return world.wander(who, at, number, LIKE, COVER, topical=0.6, local=0.5 * people.evasion[who])
