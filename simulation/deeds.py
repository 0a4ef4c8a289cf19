"""Deeds: likes, comments and reposts on their way to the engagements table, and why they were done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulation.chance import Array

LIKE, COMMENT, REPOST = 0, 1, 2
KINDS = ("like", "comment", "repost")

# Why a deed or follow was done; everything but HONEST is in the truth tables.
HONEST, ORDER, POD, AUTOMATION, COVER, SPAM = range(6)
CAUSES = ("honest", "order", "pod", "automation", "cover", "spam")
NONE = -1
POSTED = -2  # group of the engagement that a repost or reply among the posts is


@dataclass(frozen=True)
class Deeds:
    """Arrays of one length: actor and post are row numbers, ``at`` seconds from the first day.

    ``group`` is the number of the order or pod behind the deed, NONE without one.
    """

    actor: Array
    post: Array
    at: Array
    what: Array
    cause: Array
    group: Array

    @classmethod
    def of(cls, actor: Array, post: Array, at: Array, what: Any, cause: Any, group: Any = NONE) -> Deeds:
        """Deeds from arrays; ``what``, ``cause`` and ``group`` may be one value for all."""
        n = len(actor)
        return cls(
            actor.astype(np.int32),
            post.astype(np.int32),
            np.asarray(at, dtype=np.float64),
            np.broadcast_to(np.asarray(what, dtype=np.int8), n),
            np.broadcast_to(np.asarray(cause, dtype=np.int8), n),
            np.broadcast_to(np.asarray(group, dtype=np.int64), n),
        )

    @classmethod
    def none(cls) -> Deeds:
        """No deeds."""
        nothing = np.empty(0, dtype=np.int32)
        return cls.of(nothing, nothing, np.empty(0), LIKE, HONEST)

    @classmethod
    def join(cls, parts: Sequence[Deeds]) -> Deeds:
        """All of ``parts``, one after the other."""
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.actor)

    def __getitem__(self, rows: Any) -> Deeds:
        return Deeds(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))
