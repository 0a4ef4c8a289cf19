"""Live events: for two hours everybody who cares for the subject writes and likes at the same moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.deeds import HONEST, LIKE, Deeds
from simulation.neighbourhoods import NEIGHBOURHOOD, TOPICS

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World


def starts(world: World, event: Array) -> Array:
    """Start of each event, in seconds from the first day: an evening hour in UTC."""
    day = np.floor(world.chance.uniform("event day", event) * (world.days - 2)) + 1
    return (day + (18 + world.chance.whole(4, "event hour", event)) / 24) * 86400


def _crowd(world: World, who: Array, event: int) -> Array:
    """Those of ``who`` that take part: people who care for the subject."""
    chance = world.chance
    topic = chance.whole(TOPICS, "event topic", event)
    interest = world.town.scenes.live_interest
    share = np.where(world.people.topic[who] == topic, interest, interest / 6)  # a few come for the company
    return who[world.is_person[who] & chance.happens(share, "event interest", event, who)]


def posts(world: World, who: Array) -> tuple[Array, Array]:
    """Author and time of posts that accounts ``who`` write during live events."""
    chance = world.chance
    length = world.town.calendar.live_event_hours * 3600
    found: list[tuple[Array, Array]] = [(np.empty(0, dtype=np.int64), np.empty(0))]
    for event in range(world.town.calendar.live_events):
        crowd = _crowd(world, who, event)
        count = np.minimum(chance.times(0.8, "event posts", event, crowd), 12)
        count[world.habit("posts")[crowd] < 1] = 0  # lurkers watch
        author = np.repeat(crowd, count)
        number = world.number_within(count)
        # Everybody writes at the same few moments: a goal, a result.
        moment = chance.whole(6, "event moment", event, author, number)
        at = chance.uniform("event moment at", event, moment) * length + chance.waits(
            90, "event lag", event, author, number
        )
        found.append((author, starts(world, np.array([event]))[0] + at))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def likes(world: World, first: int, last: int) -> Deeds:
    """Likes given during live events to others who write about them."""
    chance = world.chance
    length = world.town.calendar.live_event_hours * 3600
    parts = []
    for event in range(world.town.calendar.live_events):
        crowd = _crowd(world, np.arange(first, last), event)
        count = np.minimum(chance.times(8, "event likes", event, crowd), 60)
        who = np.repeat(crowd, count)
        number = world.number_within(count)
        start = starts(world, np.array([event]))[0]
        at = start + chance.uniform("event like at", event, who, number) * (length + 1200)
        low = world.people.low[who] - world.people.low[who] % NEIGHBOURHOOD
        author = low + chance.whole(world.people.high[who] - low, "event author", event, who, number)
        known = world.famous(chance.uniform("event famous", event, who, number), world.people.high[who])
        author = np.where(chance.happens(0.5, "event far", event, who, number), known, author)
        post = world.posts.latest(author, at)
        fresh = (post >= 0) & (world.posts.at[np.maximum(post, 0)] > start)
        parts.append(Deeds.of(who[fresh], post[fresh], at[fresh], LIKE, HONEST))
    return Deeds.join(parts)
