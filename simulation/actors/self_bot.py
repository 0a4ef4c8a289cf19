"""Self-bots are people's own accounts run by a service that likes and follows strangers to be liked back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role
from simulation.deeds import AUTOMATION, HONEST, LIKE, Deeds

if TYPE_CHECKING:
    from simulation.world import World

ROLE = Role(
    name="self_bot",
    kind="self_bot",
    says="a person's account on which a service likes and follows strangers",
    profiles={"people_small": 0.45, "people_mid": 0.15, "mixed_bot": 0.4},
    is_bot=True,
    tone="creator",
)


def service(world: World, first: int, last: int) -> Deeds:
    """Likes by the service, and the likes some strangers give back, which are honest."""
    chance, people, settings = world.chance, world.people, world.town.automation
    clients = world.of_role("self_bot", first, last)
    began = world.end_s * settings.since * chance.uniform("service since", clients)
    began = np.maximum(began, people.start_s[clients])
    months = (world.end_s - began) / (30 * 86400)
    count = chance.rounded(
        chance.around(settings.likes * months, 0.6, "service count", clients), "service rounded", clients
    )
    row = np.repeat(np.arange(len(clients)), count)
    who, number = clients[row], world.number_within(count)
    # One like every so often, as the service is set; a careful service wobbles and keeps its client's hours.
    step = (world.end_s - began)[row] / np.maximum(count[row], 1)
    wobble = 0.02 + people.evasion[who]
    at = began[row] + (number + wobble * chance.uniform("service wobble", who, number)) * step
    at = world.clock.seen_or_any(who, at, people.evasion[who], number)
    deeds = world.wander(who, at, number, LIKE, AUTOMATION, topical=0.9)
    return Deeds.join([deeds, _returned(world, deeds)])


def _returned(world: World, deeds: Deeds) -> Deeds:
    """A person who was liked looks who it was, and sometimes likes the latest post there."""
    chance = world.chance
    stranger = world.posts.author[deeds.post]
    back = chance.happens(world.town.automation.returned, "liked back", deeds.actor, stranger, deeds.post)
    back &= world.is_person[stranger]
    actor, target = stranger[back], deeds.actor[back]
    at = world.clock.visit(actor, deeds.at[back] + 600, target)
    post = world.posts.latest(target, at)
    found = post >= 0
    return Deeds.of(actor[found], post[found], at[found], LIKE, HONEST)
