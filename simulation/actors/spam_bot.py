"""Spam bots post advertisements in rings that share texts and links, and comment on what is popular."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role
from simulation.deeds import COMMENT, SPAM, Deeds

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

ROLE = Role(
    name="spam_bot",
    kind="spam_bot",
    says="posts advertisements",
    profiles={"aged_spam": 0.25, "known_bot": 0.55, "mixed_bot": 0.1, "fresh_spam": 0.1},
    is_bot=True,
    tone="spam",
    sleeps=False,
    public=0.4,
)


def comments(world: World, first: int, last: int) -> Deeds:
    """Advertisements left under posts of well-known strangers."""
    chance, people = world.chance, world.people
    bots = world.of_role("spam_bot", first, last)
    expected = chance.around(world.town.spam.comments * world.days / 30, 0.8, "spam comments", bots)
    count = chance.rounded(expected, "spam comments rounded", bots)
    who, number = np.repeat(bots, count), world.number_within(count)
    at = people.start_s[who] + chance.uniform("spam comment at", who, number) * (world.end_s - people.start_s[who])
    at = world.clock.seen_or_any(who, at, people.evasion[who], number)
    return world.wander(who, at, number, COMMENT, SPAM, topical=0.2, local=0.4 * people.evasion[who])


def on_schedule(world: World, who: Array, number: Array, count: Array) -> Array:
    """Times of advertisements: evenly spaced by the naive, at a person's hours by the expert."""
    chance, people = world.chance, world.people
    span = world.end_s - people.start_s[who]
    wobble = 0.01 + people.evasion[who]
    even = people.start_s[who] + (number + wobble * chance.uniform("spam wobble", who, number)) / count * span
    return world.clock.seen_or_any(who, np.floor(even), people.evasion[who], number)
