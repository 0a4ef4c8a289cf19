"""Victims are honest people for whom somebody else bought likes, to make them look guilty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.like_buyer import Bought
from simulation.deeds import NONE
from simulation.neighbourhoods import NEIGHBOURHOOD
from simulation.roles import CODES

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

_ATTACK_S = 14 * 86400.0  # an attack hits the first posts of two weeks


def victims(world: World, first: int = 0, last: int | None = None) -> Array:
    """Numbers of the victims among accounts ``first`` to ``last`` (excluded): active people and creators."""
    people = world.people
    who = np.arange(first, world.total if last is None else last)
    public = np.isin(people.role[who], [CODES[n] for n in ("active", "creator", "superfan", "casual")])
    writing = people.writes[who] >= 5
    return who[public & writing & world.chance.happens(world.town.buyers.victims, "victim", who)]


def posts_attacked(world: World, first: int, last: int) -> Bought:
    """Posts of victims numbered ``first`` to ``last`` (excluded) for which a rival ordered."""
    chance, posts = world.chance, world.posts
    rows = world.originals(victims(world, first, last))
    author = posts.author[rows].astype(np.int64)
    start = chance.uniform("attack", author) * max(world.end_s - _ATTACK_S, 1)
    hit = (posts.at[rows] >= start) & (posts.at[rows] < start + _ATTACK_S)
    rows, author = rows[hit], author[hit]
    _, size = np.unique(author, return_counts=True)
    kept = world.number_within(size) < world.town.buyers.victim_posts
    return Bought(rows[kept], rivals(world, author[kept]), np.full(int(kept.sum()), NONE))


def rivals(world: World, victim: Array) -> Array:
    """Who pays for the attack: another creator or brand of the neighbourhood, NONE where there is none."""
    people, block = world.people, victim // NEIGHBOURHOOD * NEIGHBOURHOOD
    found = np.full(len(victim), NONE, dtype=np.int64)
    for i in range(12):  # the first of twelve neighbours drawn by lot who is in the trade
        one = block + world.chance.whole(NEIGHBOURHOOD, f"rival {i}", victim)
        trade = np.isin(people.role[one], (CODES["creator"], CODES["brand"], CODES["like_buyer"])) & (one != victim)
        found = np.where((found == NONE) & trade, one, found)
    return found
