"""Follows on their way to the follows table, and why they began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simulation.chance import Array
from simulation.deeds import NONE

USUAL, FRIEND, FAN = 0, 1, 2  # what a follow means for the likes that come of it


@dataclass(frozen=True)
class Follows:
    """Arrays of one length: who follows whom since when (seconds), what it means, why, and the order behind it."""

    follower: Array  # int32
    followed: Array  # int32
    at: Array  # float64
    tie: Array  # int8
    cause: Array  # int8
    group: Array  # int64

    @classmethod
    def of(cls, follower: Array, followed: Array, at: Array, tie: Any, cause: Any, group: Any = NONE) -> Follows:
        """Follows from arrays; ``tie``, ``cause`` and ``group`` may be one value for all."""
        n = len(follower)
        return cls(
            follower.astype(np.int32),
            followed.astype(np.int32),
            np.asarray(at, dtype=np.float64),
            np.broadcast_to(np.asarray(tie, dtype=np.int8), n),
            np.broadcast_to(np.asarray(cause, dtype=np.int8), n),
            np.broadcast_to(np.asarray(group, dtype=np.int64), n),
        )

    @classmethod
    def join(cls, parts: list[Follows]) -> Follows:
        """All of ``parts``, one after the other."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.follower)

    def __getitem__(self, rows: Any) -> Follows:
        return Follows(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def followers_of(self, first: int, last: int) -> Follows:
        """Follows of accounts ``first`` to ``last`` (excluded), where rows are sorted by ``followed``."""
        low, high = np.searchsorted(self.followed, [first, last])
        return self[int(low) : int(high)]
