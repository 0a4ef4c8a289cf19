"""The follow graph: communities, subjects, fame; friends follow back; followers are also bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.chance import Array
from simulation.deeds import AUTOMATION, COVER, HONEST, SPAM
from simulation.roles import MACHINES
from simulation.ties import FRIEND, USUAL, Follows

if TYPE_CHECKING:
    from simulation.world import World


_CAPITALIST = 0.85  # share of follows that social capitalists return


def settle(world: World, parts: list[Follows]) -> Follows:
    """One follow per pair, the earliest, sorted by followed and follower; none before both accounts exist."""
    everything = Follows.join(parts)
    good = (everything.follower != everything.followed) & (everything.at < world.end_s)
    good &= (everything.follower < world.n) & (everything.followed < world.n)
    created = world.people.created_s
    good &= everything.at > np.maximum(created[everything.follower], created[everything.followed])
    everything = everything[good]
    pair = everything.followed.astype(np.int64) * world.total + everything.follower
    order = np.lexsort((everything.at, pair))
    pair = pair[order]
    fresh = np.ones(len(pair), dtype=bool)
    fresh[1:] = pair[1:] != pair[:-1]
    return everything[order[fresh]]


def usual(world: World, first: int, last: int) -> Follows:
    """Follows that accounts ``first`` to ``last`` begin by themselves, and those that are returned."""
    chance, people = world.chance, world.people
    who = np.arange(first, last)
    follower = np.repeat(who, people.ties[who])
    number = world.number_within(people.ties[who])
    followed = _chosen(world, follower, number)
    bot = _machine(world, follower)
    at = _when(world, follower, followed, number)
    begun = Follows.of(follower, followed, at, USUAL, np.where(bot, COVER, HONEST))
    returned = chance.happens(_returning(world, follower, followed), "follow back", follower, followed)
    late = at[returned] + chance.around(8 * 3600, 1.3, "follow back late", follower[returned], followed[returned])
    cause = np.where(_machine(world, followed[returned]), COVER, HONEST)
    answer = Follows.of(followed[returned], follower[returned], late, FRIEND, cause)
    return Follows.join([begun, answer])


def _machine(world: World, who: Array) -> Array:
    return np.isin(world.people.role[who], MACHINES)


def _chosen(world: World, who: Array, number: Array) -> Array:
    """Whom to follow: half in the own community, the rest by fame, preferring the own subject."""
    chance, people = world.chance, world.people
    local = chance.happens(
        np.where(_machine(world, who), 0.15 + 0.35 * people.evasion[who], 0.5), "follow local", who, number
    )
    near = [
        people.low[who] + chance.whole(people.high[who] - people.low[who], f"follow near {i}", who, number)
        for i in range(2)
    ]
    known = [world.famous(chance.uniform(f"follow known {i}", who, number), people.high[who]) for i in range(2)]
    own = people.topic[who]
    neighbour = np.where(people.fame[near[1]] > people.fame[near[0]], near[1], near[0])
    public = np.where((people.topic[known[1]] == own) & (people.topic[known[0]] != own), known[1], known[0])
    return np.where(local, neighbour, public)


def _returning(world: World, follower: Array, followed: Array, polite: float | None = None) -> Array:
    """How likely a follow is returned; social capitalists return nearly all, ``polite`` says it of everybody else."""
    usual = world.town.people.followed_back * _welcome(world, follower, followed) if polite is None else polite
    return np.where(world.people.capitalist[followed], _CAPITALIST, usual)


def _welcome(world: World, follower: Array, followed: Array) -> Array:
    """How readily the followed follows back: people like their own community, and accounts no smaller than theirs."""
    people = world.people
    near = (people.low[follower] == people.low[followed]) * 1.6 + 0.2
    # An account with a person in it returns follows whoever works with it besides; software does when it imitates one.
    minds = np.where(_machine(world, followed), people.evasion[followed], 1.0)
    return near * np.clip((people.fame[follower] + 30) / (people.fame[followed] + 30), 0, 1.5) * minds


def _when(world: World, follower: Array, followed: Array, number: Array) -> Array:
    """Follows begin at any time both exist, denser towards today; newcomers follow most in their first week."""
    chance, people = world.chance, world.people
    since = np.maximum(people.created_s[follower], people.created_s[followed])
    span = np.maximum(world.end_s - since, 1)
    any_time = since + span * chance.uniform("follow at", follower, number) ** 0.8
    first_week = since + chance.waits(2.5 * 86400, "follow early", follower, number)
    new = people.created_s[follower] > 0
    return np.round(np.where(new & chance.happens(0.8, "follow spree", follower, number), first_week, any_time), 3) + 1


def automated(world: World, first: int, last: int) -> Follows:
    """Strangers followed by services on people's accounts and by spam bots, and those who follow back."""
    chance, town = world.chance, world.town
    parts = []
    for role, mean, cause, polite, share in (
        ("self_bot", town.automation.follows, AUTOMATION, town.automation.returned / 2, town.automation.farming),
        ("spam_bot", town.spam.follows, SPAM, 0.02, town.spam.farming),
    ):
        bots = world.of_role(role, first, last)
        count = np.minimum(chance.around(mean, 0.6, f"{role} follows", bots).astype(np.int64), 500)
        who = np.repeat(bots, count)
        number = world.number_within(count)
        # A careful service chooses as a person would, so that some follow back; the naive take anybody.
        careful = chance.happens(0.9 * world.people.evasion[who], f"{role} careful", who, number)
        anybody = chance.whole(world.people.high[who], f"{role} whom", who, number)
        farming = chance.happens(share, f"{role} farming", world.people.operator[who])
        anybody = np.where(farming, _capitalists(world, who, number, anybody), anybody)
        whom = np.where(careful, _chosen(world, who, number + 10_000), anybody)
        since = np.maximum(np.maximum(world.people.created_s[who], world.people.created_s[whom]), 0)
        at = np.round(since + chance.uniform(f"{role} when", who, number) * (world.end_s - since), 3)
        parts.append(Follows.of(who, whom, at, USUAL, cause))
        answers = np.where(careful, _returning(world, who, whom), _returning(world, who, whom, polite))
        back = chance.happens(answers, f"{role} back", who, whom) & world.is_person[whom]
        late = at[back] + chance.around(10 * 3600, 1.2, f"{role} back late", who[back], whom[back])
        parts.append(Follows.of(whom[back], who[back], late, USUAL, HONEST))
    return Follows.join(parts)


def _capitalists(world: World, who: Array, number: Array, otherwise: Array) -> Array:
    """Somebody who returns nearly every follow, found in lists of such people; ``otherwise`` where there is nobody."""
    known = np.flatnonzero(world.people.capitalist)
    below = np.searchsorted(known, world.people.high[who])
    place = world.chance.whole(below, "farmed", who, number)
    return np.where(below > 0, known[np.minimum(place, max(len(known) - 1, 0))], otherwise) if len(known) else otherwise
