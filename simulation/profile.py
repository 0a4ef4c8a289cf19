"""Profiles: correlated numbers that follow those of real accounts, group by group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from simulation.chance import Array, Chance
from simulation.fitted import FLAGS, GROUPS, NUMBERS, PROBABILITIES

NAMES = tuple(GROUPS)
_COUNTS = frozenset(("followers", "following", "posts", "likes_given", "listed", "age_days"))


@dataclass(frozen=True)
class Profile:
    """Numbers (float, whole but for age) and flags (bool) of some accounts, keyed as in ``fitted``."""

    numbers: dict[str, Array]
    flags: dict[str, Array]


def scores(chance: Chance, who: Array, column: str) -> Array:
    """Independent standard normal scores behind ``column``; the first number's score is also its final one."""
    return chance.normal(f"profile {column}", who)


def draw(chance: Chance, who: Array, group: Array) -> tuple[Profile, dict[str, Array]]:
    """Profiles of accounts ``who`` that resemble the real accounts of ``group`` (indices into NAMES).

    Returns
    -------
    the profile, and the correlated normal scores of every number and flag (habits lean on them)
    """
    columns = (*NUMBERS, *FLAGS)
    independent = np.stack([scores(chance, who, column) for column in columns])
    mixed = np.empty_like(independent)
    numbers = {column: np.empty(len(who)) for column in NUMBERS}
    flags = {column: np.empty(len(who), dtype=bool) for column in FLAGS}
    for code, name in enumerate(NAMES):
        rows = np.flatnonzero(group == code)
        if not len(rows):
            continue
        fitted = GROUPS[name]
        for i, weights in enumerate(fitted["factor"]):
            # Summed one by one: a matrix product may round differently from machine to machine.
            total = np.zeros(len(rows))
            for j, weight in enumerate(weights):
                if weight:
                    total += weight * independent[j, rows]
            mixed[i, rows] = total
        for i, column in enumerate(NUMBERS):
            numbers[column][rows] = _quantile(fitted["quantiles"][column], mixed[i, rows], column)
        for i, column in enumerate(FLAGS, start=len(NUMBERS)):
            share = fitted["shares"][column]
            flags[column][rows] = mixed[i, rows] > -ndtri(share) if 0 < share < 1 else share >= 1
    return Profile(numbers, flags), dict(zip(columns, mixed, strict=True))


def _quantile(knots: list[float], score: Array, column: str) -> Array:
    """Value at normal ``score``; counts are interpolated as logarithms, which keeps their long tails."""
    position = ndtr(score)
    if column not in _COUNTS:
        return np.round(np.interp(position, PROBABILITIES, knots))
    values = np.expm1(np.interp(position, PROBABILITIES, np.log1p(knots)))
    return values if column == "age_days" else np.round(values)
