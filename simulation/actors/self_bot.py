"""Self-bots are people's own accounts run by a service that likes and follows strangers to be liked back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role
from simulation.deeds import AUTOMATION, COMMENT, HONEST, LIKE, Deeds
from simulation.ties import USUAL, Follows

if TYPE_CHECKING:
    from simulation.world import World

ROLE = Role(
    name="self_bot",
    kind="self_bot",
    says="a person's account on which a service likes and follows strangers",
    profiles={"people_small": 0.35, "people_mid": 0.15, "mixed_bot": 0.5},
    is_bot=True,
    tone="creator",
)


def service(world: World, first: int, last: int) -> Deeds:
    """Likes by the service, and the likes some strangers give back, which are honest."""
    deeds = _likes(world, first, last)
    client = deeds.actor.astype(np.int64)
    talk = world.people.comments[client] * world.people.evasion[client]
    said = deeds[world.chance.happens(talk, "service comments", client, world.posts.key(deeds.post))]
    comments = Deeds.of(said.actor, said.post, said.at + 25, COMMENT, AUTOMATION)
    return Deeds.join([deeds, comments, _returned(world, deeds)])


def follows_first(world: World, first: int, last: int) -> Follows:
    """A careful service follows most of those it is going to like."""
    deeds = _likes(world, first, last)
    client, stranger = deeds.actor.astype(np.int64), world.posts.author[deeds.post].astype(np.int64)
    careful = world.chance.happens(0.35 * world.people.evasion[client], "service follows", client, stranger)
    at = deeds.at[careful] - 30 - world.chance.waits(4 * 86400, "service early", client[careful], stranger[careful])
    return Follows.of(client[careful], stranger[careful], np.round(at, 3), USUAL, AUTOMATION)


def _likes(world: World, first: int, last: int) -> Deeds:
    chance, people, settings = world.chance, world.people, world.town.automation
    clients = world.of_role("self_bot", first, last)
    began = world.end_s * settings.since * chance.uniform("service since", clients)
    began = np.maximum(began, people.start_s[clients])
    months = (world.end_s - began) / (30 * 86400)
    expected = settings.likes * months * (1 - 0.67 * people.evasion[clients])
    count = chance.rounded(chance.around(expected, 0.6, "service count", clients), "service rounded", clients)
    row = np.repeat(np.arange(len(clients)), count)
    who, number = clients[row], world.number_within(count)
    # One like every so often, as the service is set; a careful service wobbles and keeps its client's hours.
    step = (world.end_s - began)[row] / np.maximum(count[row], 1)
    wobble = 0.02 + people.evasion[who]
    at = began[row] + (number + wobble * chance.uniform("service wobble", who, number)) * step
    at = world.clock.seen_or_any(who, at, people.evasion[who], number)
    return world.wander(who, at, number, LIKE, AUTOMATION, topical=0.9, local=0.5 * people.evasion[who])


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
