"""When people are online: time zones, sleep, visits, days off."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulation.chance import Array, Chance
from simulation.population import Population
from simulation.settings import Calendar

_VISIT_S = 160.0  # mean time into a visit at which something is done


class Clock:
    """Moments at which accounts are awake and looking; all times in seconds from the first day."""

    def __init__(self, chance: Chance, people: Population, calendar: Calendar) -> None:
        self.chance, self.people, self.calendar = chance, people, calendar

    def visit(self, who: Array, at: Array, number: Any) -> Array:
        """The first moment at or after ``at`` in a visit of ``who``; ``number`` tells deeds of one visit apart."""
        chance, people = self.chance, self.people
        wake, awake, sessions = people.wake_h[who], people.awake_h[who], people.sessions[who].astype(np.int64)
        local_h = at / 3600 + people.zone_h[who] - wake
        day = np.floor(local_h / 24).astype(np.int64)
        hour = local_h - 24.0 * day
        width = awake / sessions
        slot = (hour / width).astype(np.int64)
        begins = (slot + chance.uniform("visit", who, day * 64 + slot)) * width
        late = (slot >= sessions) | (begins < hour)
        slot = np.where(late, slot + 1, slot)
        over = slot >= sessions
        day, slot = np.where(over, day + 1, day), np.where(over, 0, slot)
        off = chance.happens(self.calendar.day_off, "day off", who, day)
        day, slot = np.where(off, day + 1, day), np.where(off, 0, slot)
        # Some look in every few days only, each on days of its own.
        rest = -(day + who) % people.every[who]
        day, slot = day + rest, np.where(rest > 0, 0, slot)
        moved = late | off | (rest > 0)
        begins = np.where(moved, (slot + chance.uniform("visit", who, day * 64 + slot)) * width, begins)
        opened = (24.0 * day + begins + wake - people.zone_h[who]) * 3600
        return opened + chance.waits(_VISIT_S, "into visit", who, number, day * 64 + slot)

    def awake(self, who: Array, at: Array) -> Array:
        """Bool: is ``who`` awake at ``at``."""
        people = self.people
        hour = (at / 3600 + people.zone_h[who] - people.wake_h[who]) % 24
        return hour < people.awake_h[who]

    def seen_or_any(self, who: Array, at: Array, evasion: Array, number: Array) -> Array:
        """Times of software: left as they are, or moved into a person's visits as often as its operator evades.

        What is done by hand is done in visits, which are in the hours of the shift.
        """
        human = self.chance.happens(evasion, "human hours", who, number) | self.people.by_hand[who]
        moved = np.array(at, dtype=np.float64)
        moved[human] = self.visit(who[human], moved[human], number[human])
        return moved
