"""How likely a like is authentic: an additive model over few whole-number factors, kept as text with the program.

A like falls into a cell: the score and kind of the account that gave it, the group that binds it to the author, how it
arrived, whether its giver follows the author, and what the other likes of the post and of the author look like. The
log-odds of each way of pumping against an honest like are sums of weights, one per value of a factor and one per pair
of values of some factors (multinomial logistic regression; Hastie, Tibshirani and Friedman 2009, 4.4). A cell that was
seldom met in fitting is thus told by its parts. Weights are fitted on simulated towns, ``python -m benchmarks.audit
--fit``, and are numbers in ``models/authenticity.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Ways of pumping; what is none of them is authentic.
WAYS = ("orders", "pod", "automated", "hijacked")
WAY_SAYS = {
    "orders": "delivered by accounts that resemble a farm's workers, as for an order",
    "pod": "traded in a pod",
    "automated": "by software that acts for somebody else: services, and bots that cover themselves",
    "hijacked": "by accounts that resemble hijacked ones",
}


KINDS = ("human", "like bot or alike", "hijacked", "self bot", "pod member", "like buyer")
# Why a creator, or one of its posts, has the likes it has.
INTENTS = ("ordinary", "viral", "targeted", "traded", "bought")
INTENT_SAYS = {
    "ordinary": "nothing unusual",
    "viral": "it spread among strangers, or was a giveaway, and nobody paid",
    "targeted": "somebody else had it pumped",
    "traded": "the author trades likes in a pod",
    "bought": "the author ordered likes",
}


@dataclass(frozen=True)
class Factor:
    """One thing known of a like or post as a small whole number; 0 is "not known"."""

    name: str
    says: str
    values: tuple[str, ...]  # what 1, 2, ... mean
    edges: tuple[float, ...] = ()  # where a number is cut into bands: 1 below the first edge

    @property
    def size(self) -> int:
        """How many values it has, "not known" included."""
        return len(self.values) + 1


def _bands(name: str, says: str, *edges: float) -> Factor:
    named = [f"below {edges[0]:g}", *(f"{a:g} to {b:g}" for a, b in pairwise(edges))]
    return Factor(name, says, (*named, f"{edges[-1]:g} or more"), edges)


FACTORS: dict[str, Factor] = {
    f.name: f
    for f in (
        _bands("score", "bot probability of the account that gave it", 0.02, 0.07, 0.2, 0.5, 0.8, 0.95),
        Factor(
            "kind",
            "most probable kind of that account",
            KINDS,
        ),
        Factor(
            "tie",
            "what binds it to the author",
            ("no group", "in a farm", "in a pod with the author", "in another pod", "among friends", "a fan"),
        ),
        Factor(
            "pace",
            "how it arrived",
            ("burst", "dense crowd", "first hour", "first day", "later"),
        ),
        Factor("follow", "whether it follows the author", ("for a week or more", "since shortly", "not")),
        _bands("company", "mean suspicion of the other likes of the post", 0.03, 0.06, 0.1, 0.2, 0.35, 0.5, 0.7),
        _bands("standing", "mean suspicion of the likes of the author's other posts", 0.05, 0.1, 0.2, 0.35, 0.5),
        _bands("size", "likes of the post that are seen", 2, 5, 10, 30, 100),
        _bands("sharp", "how far the scores tell accounts apart", 0.4, 0.68, 0.76),
        # Of a post, known from its counters alone.
        _bands("usual", "likes over the median of the author's posts, each plus 1", 0.5, 1.01, 2, 4, 8, 16),
        _bands("talk", "comments for each like, both plus 1", 0.02, 0.05, 0.1, 0.2, 0.5),
        _bands("shown", "likes for each view, both plus 1", 0.3, 0.6, 1, 1.5, 3),
        _bands("reach", "likes for each follower of the author, both plus 1", 0.003, 0.01, 0.03, 0.1, 0.3, 1),
        _bands("amount", "likes of the post", 2, 5, 10, 30, 100, 300),
        Factor("writer", "most probable kind of the author", KINDS),
        # Of a creator or one of its posts, for telling who had it pumped.
        Factor("struck", "posts of the author that look pumped", ("none", "one", "2 or 3", "4 to 9", "10 or more")),
        _bands("struck_share", "share of such among its posts with 5 likes or more", 0.05, 0.15, 0.3, 0.6),
        _bands("lasting", "days from the first to the last of them", 1, 15, 30),
        _bands("ordered", "share of likes that look ordered", 0.03, 0.08, 0.15, 0.3, 0.5),
        _bands("traded", "share of likes that look traded in a pod", 0.03, 0.1, 0.3),
        _bands(
            "fire", "likes over usual, each plus 1, of the post or the largest that does not look pumped", 3, 6, 12, 24
        ),
    )
}
LIKE_FACTORS = ("score", "kind", "tie", "pace", "follow", "sharp")  # known of a like alone
POST_FACTORS = ("usual", "talk", "shown", "reach", "amount", "writer")
INTENT_FACTORS = ("writer", "struck", "struck_share", "lasting", "ordered", "traded", "fire")
ALL_FACTORS = (*LIKE_FACTORS, "company", "standing", "size")


VAGUE = 2  # band of "sharp" up to which scores are vague, and intervals those of vague scores


def sharpness(p: Array) -> float:
    """How far calibrated probabilities tell accounts apart: the share of the variance of the truth they explain.

    1 where each is 0 or 1, 0 where all are the same, and where there is none. Needs no truth: the variance left over is
    the mean of p(1 - p).
    """
    mean = float(np.mean(p)) if len(p) else 0.0
    return 1 - float(np.mean(p * (1 - p))) / (mean * (1 - mean)) if 0 < mean < 1 else float(len(p) > 0)


def banded(value: str, edges: Sequence[float]) -> str:
    """SQL that gives the band of ``value``, 0 where it is null: 1 below the first edge."""
    cases = " ".join(f"WHEN {value} < {edge!r} THEN {i}" for i, edge in enumerate(edges, start=1))
    return f"CASE WHEN {value} IS NULL THEN 0 {cases} ELSE {len(edges) + 1} END"


def coded(factors: Sequence[str]) -> str:
    """SQL that packs columns named like ``factors`` into one whole number."""
    out = "0"
    for name in factors:
        out = f"({out} * {FACTORS[name].size} + {name})"
    return f"{out}::INTEGER"


def decoded(cells: Array, factors: Sequence[str]) -> dict[str, Array]:
    """What ``coded`` packed, by factor."""
    left, found = cells.astype(np.int64), {}
    for name in reversed(factors):
        left, found[name] = np.divmod(left, FACTORS[name].size)
    return found


@dataclass(frozen=True)
class Additive:
    """Log-odds of classes against the first, as sums of weights of single factors and of pairs.

    ``terms`` names one or two factors each; ``weights`` of a term has shape (values of its factors multiplied,
    classes - 1); ``start`` has shape (classes - 1,).
    """

    classes: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    weights: tuple[Array, ...]
    start: Array

    def probabilities(self, codes: Mapping[str, Array]) -> Array:
        """Probability of each class, shape (n, classes), of rows whose factors are ``codes``."""
        n = len(next(iter(codes.values())))
        odds = np.tile(self.start, (n, 1))
        for term, weights in zip(self.terms, self.weights, strict=True):
            odds += weights[place(term, codes)]
        odds = np.column_stack([np.zeros(n), odds])
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: weights rounded, those of one term as one list of lists."""
        terms = [
            {"of": list(t), "weights": [[round(float(v), 3) for v in row] for row in w]}
            for t, w in zip(self.terms, self.weights, strict=True)
        ]
        return {"classes": list(self.classes), "start": [round(float(v), 3) for v in self.start], "terms": terms}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Additive:
        """What ``to_dict`` made."""
        return cls(
            tuple(told["classes"]),
            tuple(tuple(t["of"]) for t in told["terms"]),
            tuple(np.array(t["weights"], dtype=np.float64) for t in told["terms"]),
            np.array(told["start"], dtype=np.float64),
        )


def place(term: Sequence[str], codes: Mapping[str, Array]) -> Array:
    """Row of the weights of ``term`` for each row of ``codes``."""
    at = np.zeros(len(codes[term[0]]), dtype=np.int64)
    for name in term:
        at = at * FACTORS[name].size + codes[name]
    return at
