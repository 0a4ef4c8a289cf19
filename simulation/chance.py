"""Chance without order: every draw is a hash of the seed, what is drawn, and for whom.

No draw depends on how many others were made, so more accounts or another setting leave the rest as it was.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from scipy.special import ndtri

Array = np.ndarray[Any, Any]

# Constants of splitmix64 (Steele, Lea and Flood 2014), whose finaliser turns a counter into 64 even bits.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def _mix(bits: Array) -> Array:
    bits ^= bits >> np.uint64(30)
    bits *= _FIRST
    bits ^= bits >> np.uint64(27)
    bits *= _SECOND
    bits ^= bits >> np.uint64(31)
    return bits


class Chance:
    """Draws of one town. ``what`` names the draw; ``which`` are integers or integer arrays that say for whom."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._keys: dict[str, np.uint64] = {}

    def bits(self, what: str, *which: Any) -> Array:
        """64 even bits per element of the broadcast ``which``."""
        key = self._keys.get(what)
        if key is None:
            digest = hashlib.blake2b(f"{self.seed}/{what}".encode(), digest_size=8).digest()
            key = self._keys[what] = np.uint64(int.from_bytes(digest, "little"))
        bits = np.full(1, key, dtype=np.uint64)
        for one in which:
            bits = _mix((bits ^ np.asarray(one, dtype=np.int64).astype(np.uint64)) * _STEP)
        return bits

    def uniform(self, what: str, *which: Any) -> Array:
        """Evenly from 0 to 1, both excluded."""
        return ((self.bits(what, *which) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def happens(self, share: Any, what: str, *which: Any) -> Array:
        """True with probability ``share``."""
        return self.uniform(what, *which) < share

    def whole(self, below: Any, what: str, *which: Any) -> Array:
        """Integers from 0 to ``below`` - 1."""
        return (self.uniform(what, *which) * below).astype(np.int64)

    def normal(self, what: str, *which: Any) -> Array:
        """Standard normal."""
        return ndtri(self.uniform(what, *which))

    def around(self, median: Any, spread: float, what: str, *which: Any) -> Array:
        """Log-normal with ``median`` and log standard deviation ``spread``."""
        return median * np.exp(spread * self.normal(what, *which))

    def waits(self, mean: Any, what: str, *which: Any) -> Array:
        """Exponential with ``mean``."""
        return -mean * np.log(self.uniform(what, *which))

    def rounded(self, expected: Any, what: str, *which: Any) -> Array:
        """A whole number next to ``expected`` whose mean is ``expected``."""
        return np.floor(expected + self.uniform(what, *which)).astype(np.int64)

    def times(self, mean: Any, what: str, *which: Any) -> Array:
        """Geometric count from 0 with ``mean``: many nothings, a few enthusiasts."""
        mean = np.maximum(mean, 1e-12)
        return (np.log(self.uniform(what, *which)) / np.log(mean / (1 + mean))).astype(np.int64)
