"""Tiers: what is done about an account, chosen so that few people are met by it, and fewer the harsher it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from features.errors import BadInput, printable

TIERS = ("suspend", "review", "challenge", "limit_reach", "discount")  # harshest first; the rest is allowed
ALLOW = "allow"
# A limit holds with this confidence, not just on the accounts at hand.
CONFIDENCE = 0.95


def thresholds(is_bot: np.ndarray, probability: np.ndarray, limits: Mapping[str, float]) -> dict[str, float | None]:
    """Lowest probability of each tier so that at most its limit of people lands in it or in a harsher one.

    The limit is compared with the upper end of a one-sided 95% interval (Clopper and Pearson) of the share of people
    at or above the threshold, so a limit of 0.1% is only given out when some 3,000 people were seen and none reached
    it. The threshold lies halfway to the next lower score.

    Parameters
    ----------
    is_bot : bool of shape (n,)
    probability : float64 of shape (n,), of a model that did not see the account
    limits : tier -> share of people, above 0 and at most 1; harsher tiers never have a larger one

    Returns
    -------
    tier -> threshold, harshest first and never rising towards milder tiers; None for a tier that nobody enters
    because too few people were seen to promise its limit

    Raises
    ------
    BadInput
        For an unknown tier or limits that do not grow towards milder tiers.
    """
    asked = check_limits(limits)
    people = np.sort(probability[~np.asarray(is_bot, dtype=bool)])[::-1]
    every = np.sort(probability)
    found: dict[str, float | None] = {}
    for tier, limit in asked.items():
        allowed = most_alarms(len(people), limit)
        if allowed is None:
            found[tier] = None
            continue
        if allowed >= len(people):
            found[tier] = 0.0
            continue
        first_spared = people[allowed]  # this person must stay below, and everybody with the same score
        above = every[np.searchsorted(every, first_spared, side="right") :]
        found[tier] = float((first_spared + above[0]) / 2) if len(above) else None
        if found[tier] == first_spared:  # neighbours in floating point: halfway is one of them
            found[tier] = float(above[0])
    return found


def most_alarms(people: int, limit: float) -> int | None:
    """Most people of ``people`` who may be met so that the limit still holds with ``CONFIDENCE``; None: not even 0."""
    from scipy.stats import beta

    if limit >= 1:
        return people
    low, high = -1, math.ceil(limit * people) + 1
    while high - low > 1:  # upper bound of the share grows with the count
        middle = (low + high) // 2
        upper = float(beta.ppf(CONFIDENCE, middle + 1, people - middle)) if middle < people else 1.0
        low, high = (middle, high) if upper <= limit else (low, middle)
    return low if low >= 0 else None


def tiers_of(probability: np.ndarray, cuts: Mapping[str, float | None]) -> np.ndarray:
    """Tier of each probability, object array of str: the harshest whose threshold it reaches, else ``allow``."""
    tier = np.full(len(probability), ALLOW, dtype=object)
    for name in reversed(TIERS):
        cut = cuts.get(name)
        if cut is not None:
            tier[np.asarray(probability) >= cut] = name
    return tier


def check_limits(limits: Mapping[str, float]) -> dict[str, float]:
    """The limits harshest first; BadInput for what cannot be followed."""
    unknown = sorted(set(limits) - set(TIERS))
    if unknown:
        raise BadInput(
            "setting train.tiers",
            expected=f"tiers among {', '.join(TIERS)}",
            got=printable(", ".join(unknown)),
            todo="Correct the name; whoever is in none of them is allowed.",
        )
    ordered = {t: float(limits[t]) for t in TIERS if t in limits}
    values = list(ordered.values())
    if any(not 0 < v <= 1 for v in values) or any(a > b for a, b in pairwise(values)):
        raise BadInput(
            "setting train.tiers",
            expected="shares above 0 and at most 1 that do not fall from suspend to discount",
            got=printable(", ".join(f"{t} {v:g}" for t, v in ordered.items())),
            todo="Give harsher tiers the smaller share of people.",
        )
    return ordered
