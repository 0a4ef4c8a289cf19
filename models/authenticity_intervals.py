"""Intervals of estimated counts that hold the share they state: conformal widths by stratum.

An estimate's error, divided by the standard deviation that its probabilities alone would give it, is compared with the
errors made on simulated towns among estimates of the same kind: by how much of the events was seen, how large the count
is and how large the estimated share (split conformal prediction within groups; Vovk, Gammerman and Shafer 2005, 4.5).
Each end is the worst of all levels of evasion that were fitted on, so that it holds at a level nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

LEVEL = 0.9
BASES = ("events", "partial", "counts")  # all likes seen, some, none
UNITS = ("post", "creator")
ALL_SEEN = 0.95  # of the likes counted, from which on all are as good as seen
SIZES = (2, 5, 10, 30, 100, 300, 1000)  # likes counted
SHARES = (0.02, 0.1, 0.3, 0.6)  # estimated to be pumped
LEAST = 60  # errors of a stratum at one level; with fewer it is taken together with others


def scale(spread: Array) -> Array:
    """Standard deviation of a sum of independent likes, at least that of half a like."""
    return np.sqrt(spread + 0.25)


def basis(likes: Array, seen: Array, unknown: Array, vague: bool = False) -> Array:
    """What an estimate rests on: index into ``BASES``, ``len(BASES)`` more where it rests on scores that are ``vague``.

    Likes of unknown accounts are as good as not seen.
    """
    known = seen - unknown
    found = np.where(known >= ALL_SEEN * likes, 0, np.where(known > 0, 1, 2))
    return found + np.where((found < 2) & vague, len(BASES), 0)


def stratum(likes: Array, pumped: Array, rests_on: Array) -> Array:
    """Number of the stratum of each estimate; ``rests_on`` is what ``basis`` gives."""
    size = np.searchsorted(SIZES, likes, side="right")
    share = np.searchsorted(SHARES, pumped / np.maximum(likes, 1), side="right")
    return (rests_on * (len(SIZES) + 1) + size) * (len(SHARES) + 1) + share


STRATA = 2 * len(BASES) * (len(SIZES) + 1) * (len(SHARES) + 1)


@dataclass(frozen=True)
class Widths:
    """Ends of the interval in units of ``scale``, one pair per stratum: shape (``STRATA``, 2)."""

    ends: Array

    def interval(self, likes: Array, pumped: Array, spread: Array, rests_on: Array) -> tuple[Array, Array]:
        """Lowest and highest number of pumped likes; they hold with at least ``LEVEL`` on average over a stratum."""
        ends = self.ends[stratum(likes, pumped, rests_on)]
        by = scale(spread)
        return np.clip(pumped + ends[:, 0] * by, 0, likes), np.clip(pumped + ends[:, 1] * by, 0, likes)

    @classmethod
    def fit(cls, errors: Sequence[Mapping[str, Array]]) -> Widths:
        """Widths from errors at several levels of evasion.

        Parameters
        ----------
        errors : for each level the arrays likes, pumped, spread, rests_on and truth
        """
        size = len(SHARES) + 1
        ends = np.full((STRATA, 2), np.nan)
        for one in errors:
            z = (one["truth"] - one["pumped"]) / scale(one["spread"])
            where = stratum(one["likes"], one["pumped"], one["rests_on"])
            for s in np.unique(where):
                # A rare stratum borrows from those of its size, then from all of its basis.
                own = where == s
                for group in (
                    own,
                    where // size == s // size,
                    where // (size * (len(SIZES) + 1)) == s // (size * (len(SIZES) + 1)),
                ):
                    if group.sum() >= LEAST:
                        break
                low, high = _quantiles(z[group])
                ends[s] = [np.fmin(ends[s, 0], low), np.fmax(ends[s, 1], high)]
        return cls(_filled(ends))

    def to_list(self) -> list[list[float]]:
        """As JSON values."""
        return [[round(float(a), 3), round(float(b), 3)] for a, b in self.ends]

    @classmethod
    def from_list(cls, told: Sequence[Sequence[float]]) -> Widths:
        """What ``to_list`` made."""
        return cls(np.array(told, dtype=np.float64).reshape(STRATA, 2))


def _quantiles(z: Array) -> tuple[float, float]:
    """Ends between which a new error lies with at least ``LEVEL``, half of what is left beyond each."""
    tail, n = (1 - LEVEL) / 2, len(z)
    ranked = np.sort(z)
    k = min(n, int(np.ceil((1 - tail) * (n + 1))))
    return min(float(ranked[n - k]), 0.0), max(float(ranked[k - 1]), 0.0)


def _filled(ends: Array) -> Array:
    """Strata that were never met take the widest ends of their basis, else of all."""
    by_basis = ends.reshape(2 * len(BASES), -1, 2)
    out = by_basis.copy()
    for b in range(len(by_basis)):
        known = by_basis[b] if not np.isnan(by_basis[b]).all() else ends
        widest = np.array([np.nanmin(known[..., 0]), np.nanmax(known[..., 1])])
        out[b] = np.where(np.isnan(out[b]), widest, out[b])
    return out.reshape(STRATA, 2)
