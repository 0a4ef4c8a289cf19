"""Intervals of estimated counts that hold the share they state: conformal widths by stratum.

An estimate's error, divided by the standard deviation that its probabilities alone would give it, is compared with the
errors made on simulated towns among estimates of the same kind: by how much of the events was seen, what is known
beside them, how large the count is and how large the estimated share (split conformal prediction within groups; Vovk,
Gammerman and Shafer 2005, 4.5). Each end is the worst of all levels of evasion, models that score and sizes of towns
that were fitted on, so that it holds where nobody knows them; and no end is nearer than where more is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LEVEL = 0.9
BASES = ("events", "partial", "counts")  # all likes seen, some, none
UNITS = ("post", "creator")
ALL_SEEN = 0.95  # of the likes counted, from which on all are as good as seen
SIZES = (2, 5, 10, 30, 100, 300, 1000)  # likes counted
SHARES = (0.02, 0.1, 0.3, 0.6)  # estimated to be pumped
# Errors of a stratum in one circumstance; with fewer it is taken together with others. A town has few creators.
LEAST = {"post": 200, "creator": 60}


@dataclass(frozen=True)
class Known:
    """What an audit knows of those who like beside their scores, and whether these hardly tell accounts apart."""

    groups: bool = True
    follows: bool = True
    kinds: bool = True
    vague: bool = False

    @property
    def number(self) -> int:
        """0 where everything is known; each thing that is absent is a bit of its own."""
        return (not self.groups) + 2 * (not self.follows) + 4 * (not self.kinds) + 8 * self.vague

    def __str__(self) -> str:
        absent = [name for name in ("groups", "follows", "kinds") if not getattr(self, name)]
        return ", ".join([*(["vague scores"] if self.vague else []), *(f"no {name}" for name in absent)])


KNOWN = tuple(Known(not n & 1, not n & 2, not n & 4, bool(n & 8)) for n in range(16))  # by number


def scale(spread: Array) -> Array:
    """Standard deviation of a sum of independent likes, at least that of half a like."""
    return np.sqrt(spread + 0.25)


def basis(likes: Array, seen: Array, unknown: Array, known: Known = KNOWN[0]) -> Array:
    """What an estimate rests on: index into ``BASES``, ``len(BASES)`` more for each step of ``Known.number``.

    Likes of unknown accounts are as good as not seen.
    """
    told = seen - unknown
    found = np.where(told >= ALL_SEEN * likes, 0, np.where(told > 0, 1, 2))
    return found + len(BASES) * np.array([_matters(known, name).number for name in BASES])[found]


def _matters(known: Known, name: str) -> Known:
    """What matters of what is known: few likes show no groups, and of counts alone only the author's kind is used."""
    if name == "counts":
        return replace(known, groups=True, follows=True)
    return known if name == "events" else replace(known, groups=True)


def used() -> list[tuple[int, str]]:
    """Number and name of everything an estimate can rest on."""
    return [
        (i + len(BASES) * known.number, ", ".join(filter(None, (name, str(known)))))
        for known, (i, name) in product(KNOWN, enumerate(BASES))
        if _matters(known, name) == known
    ]


def stratum(likes: Array, pumped: Array, rests_on: Array) -> Array:
    """Number of the stratum of each estimate; ``rests_on`` is what ``basis`` gives."""
    size = np.searchsorted(SIZES, likes, side="right")
    share = np.searchsorted(SHARES, pumped / np.maximum(likes, 1), side="right")
    return rests_on * STRATA + size * (len(SHARES) + 1) + share


STRATA = (len(SIZES) + 1) * (len(SHARES) + 1)  # of estimates that rest on the same


@dataclass(frozen=True)
class Widths:
    """Ends of the interval in units of ``scale``, one pair per stratum: shape (all that is known * ``STRATA``, 2)."""

    ends: Array

    def interval(self, likes: Array, pumped: Array, spread: Array, rests_on: Array) -> tuple[Array, Array]:
        """Lowest and highest number of pumped likes; they hold with at least ``LEVEL`` on average over a stratum."""
        ends = self.ends[stratum(likes, pumped, rests_on)]
        by = scale(spread)
        return np.clip(pumped + ends[:, 0] * by, 0, likes), np.clip(pumped + ends[:, 1] * by, 0, likes)

    @classmethod
    def fit(cls, errors: Sequence[Mapping[str, Array]], least: int = LEAST["creator"]) -> Widths:
        """Widths from errors under several circumstances, such as levels of evasion.

        Parameters
        ----------
        errors : for each of them the arrays likes, pumped, spread, rests_on and truth
        least : as ``LEAST`` has it
        """
        size = len(SHARES) + 1
        ends = np.full((len(KNOWN) * len(BASES) * STRATA, 2), np.nan)
        for one in errors:
            z = (one["truth"] - one["pumped"]) / scale(one["spread"])
            where = stratum(one["likes"], one["pumped"], one["rests_on"])
            for s in np.unique(where):
                # A rare stratum borrows from those of its size, then from all of its basis.
                own = where == s
                for group in (own, where // size == s // size, where // STRATA == s // STRATA):
                    if group.sum() >= least:
                        break
                low, high = _quantiles(z[group])
                ends[s] = [np.fmin(ends[s, 0], low), np.fmax(ends[s, 1], high)]
        return cls(_widened(_filled(ends)))

    def to_dict(self) -> dict[str, list[list[float]]]:
        """As JSON values: pairs of ends, by what an estimate rests on."""
        by_basis = self.ends.reshape(-1, STRATA, 2)
        return {name: [[round(float(a), 3), round(float(b), 3)] for a, b in by_basis[at]] for at, name in used()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Sequence[Sequence[float]]]) -> Widths:
        """What ``to_dict`` made."""
        ends = np.full((len(KNOWN) * len(BASES), STRATA, 2), np.nan)
        for at, name in used():
            ends[at] = told[name]
        return cls(ends.reshape(-1, 2))


def _quantiles(z: Array) -> tuple[float, float]:
    """Ends between which a new error lies with at least ``LEVEL``, half of what is left beyond each."""
    tail, n = (1 - LEVEL) / 2, len(z)
    ranked = np.sort(z)
    k = min(n, int(np.ceil((1 - tail) * (n + 1))))
    return min(float(ranked[n - k]), 0.0), max(float(ranked[k - 1]), 0.0)


def _filled(ends: Array) -> Array:
    """Strata that were never met take the widest ends of what rests on the same, else of all."""
    by_basis = ends.reshape(-1, STRATA, 2)
    out = by_basis.copy()
    for b in range(len(by_basis)):
        known = by_basis[b] if not np.isnan(by_basis[b]).all() else ends
        widest = np.array([np.nanmin(known[..., 0]), np.nanmax(known[..., 1])])
        out[b] = np.where(np.isnan(out[b]), widest, out[b])
    return out.reshape(-1, 2)


def _widened(ends: Array) -> Array:
    """No end nearer than that of the same stratum where more is known."""
    out = ends.reshape(len(KNOWN), len(BASES), STRATA, 2).copy()
    for bit in (1, 2, 4):
        for n in range(len(KNOWN)):
            if n & bit:
                out[n, ..., 0] = np.minimum(out[n, ..., 0], out[n - bit, ..., 0])
                out[n, ..., 1] = np.maximum(out[n, ..., 1], out[n - bit, ..., 1])
    return out.reshape(-1, 2)
