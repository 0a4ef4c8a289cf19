"""The profile of a set of accounts: counts from which any later batch can be compared with it.

A profile is a JSON value of some hundred kilobytes, whatever the number of accounts, and holds no account. Training
makes one and keeps it beside the model; monitoring counts a batch in the same bins. Everything is counted class by
class: training knows people (0) and bots (1), so that a reference with another share of bots can be mixed from it; a
batch is one class.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from models.distance import distance

FORMAT = 1
# Deciles, and the tails where few but telling accounts are.
QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
HEAVY = 0.05  # a value that this share of accounts have gets a bin of its own
# Ends of the bins of scores, probabilities. Below 1% and above 99% scores of different folds differ by more than they
# mean: out of fold each is said by another booster and calibration than the one that will score batches.
SCORE_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99)
DIGITS = 12  # values that differ in later digits only are one value: sums differ in the last bits between machines
MOST_VALUES = 200  # of a category; those of fewer accounts are put together
MISSING = "(missing)"
OTHER = "(other)"


def profile(
    matrix: Any,
    columns: Sequence[str],
    *,
    probability: np.ndarray,
    is_bot: np.ndarray | None = None,
    cuts: Mapping[str, float] | None = None,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    categories: Mapping[str, Sequence[str | None]] | None = None,
    attributions: tuple[np.ndarray, np.ndarray] | None = None,
    tables: Mapping[str, Mapping[str, float | None]] | None = None,
    fitted: Collection[str] = (),
    fold: np.ndarray | None = None,
) -> dict[str, Any]:
    """The profile of the accounts a model was trained on.

    Parameters
    ----------
    matrix : array or DataFrame of shape (n_accounts, n_features), float64, NaN where missing
    columns : names of the features, in order
    probability : float64 of shape (n_accounts,), calibrated, by a model that had not seen the account (out of fold)
    is_bot : bool of shape (n_accounts,); None when it is not known
    cuts : tier -> probability at and above which an account is in that tier or a harsher one
    bounds : low and high of shape (n_accounts,), the interval of each probability; None: the probability itself
    categories : name -> a value per account, such as its platform; None where it is missing
    attributions : rows of ``matrix`` (positions of shape (n_sample,)) and their contributions in log-odds, of shape
        (n_sample, n_features)
    tables : canonical table -> facts of it as a whole, see ``pipeline.profiling.table_facts``
    fitted : features measured against references of other folds
    fold : of shape (n_accounts,), the fold of each account

    Returns
    -------
    JSON value; see ``docs/monitoring.md``
    """
    values = np.asarray(matrix, dtype=np.float64)
    tally = Tally(
        {name: edges_of(values[:, i]) for i, name in enumerate(columns)},
        np.array(SCORE_EDGES),
        cuts or {},
        classes=1 if is_bot is None else 2,
    )
    tally.add(values, probability, bounds=bounds, categories=categories, is_bot=is_bot)
    if attributions is not None:
        rows, contributions = attributions
        tally.add_attributions(contributions, None if is_bot is None else np.asarray(is_bot)[rows])
    made = tally.to_json(tables)
    for i, name in enumerate(columns):
        said = made["features"][name]
        said["jitter"] = _jitter(values[:, i], np.array(said["edges"]), fold) if name in fitted else 0.0
    return made


def _jitter(values: np.ndarray, edges: np.ndarray, fold: np.ndarray | None) -> float:
    """How far one fold lies from the others: the largest index over folds, less chance.

    A fitted feature is measured in training against references of other folds, in a batch against those of all; where
    it is a share of training accounts, each fold has values of its own. What differs so is no drift.
    """
    if fold is None or len(np.unique(fold)) < 2:
        return 0.0
    place = np.searchsorted(edges, values, side="left")
    known = ~np.isnan(values)

    def counted(rows: np.ndarray) -> np.ndarray:
        return np.bincount(place[rows & known], minlength=len(edges) + 1)

    return max(distance(counted(fold != k), counted(fold == k)).psi for k in np.unique(fold))


def edges_of(values: np.ndarray) -> np.ndarray:
    """Ends of bins with about equal numbers of accounts, finer in the tails, heavy values in bins of their own.

    An end lies halfway between two values that occur, so the same value never falls on both sides of it.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return np.empty(0)
    distinct, counts = np.unique(rounded(known), return_counts=True)
    upto = np.cumsum(counts)
    after = np.searchsorted(upto, np.ceil(np.array(QUANTILES) * len(known)))
    heavy = np.flatnonzero(counts >= HEAVY * len(known))
    places = np.unique(np.concatenate([after, heavy, heavy - 1]))
    places = places[(places >= 0) & (places < len(distinct) - 1)]
    return np.asarray(distinct[places] + (distinct[places + 1] - distinct[places]) / 2)


def rounded(values: np.ndarray) -> np.ndarray:
    """``values`` at ``DIGITS`` significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(values == 0, 1.0, 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(values)))))
        out = np.round(values * size) / size
    return np.where(np.isfinite(out), out, values)


class Counts:
    """Counts of one number over its bins, class by class."""

    def __init__(self, edges: np.ndarray, classes: int, low: float = math.nan, high: float = math.nan) -> None:
        self.edges = edges
        self.known_low, self.known_high = low, high  # of the reference; NaN when there is none
        self.counts = np.zeros((classes, len(edges) + 1), dtype=np.int64)
        self.missing = np.zeros(classes, dtype=np.int64)
        self.below = np.zeros(classes, dtype=np.int64)
        self.above = np.zeros(classes, dtype=np.int64)
        self.low, self.high = math.inf, -math.inf

    def add(self, values: np.ndarray, member: np.ndarray) -> None:
        """Count ``values`` (NaN: missing) of accounts of class ``member``; both of shape (n,)."""
        classes = len(self.missing)
        known = ~np.isnan(values)
        self.missing += np.bincount(member[~known], minlength=classes)
        x, of = values[known], member[known]
        if not len(x):
            return
        place = of * self.counts.shape[1] + np.searchsorted(self.edges, x, side="left")
        self.counts += np.bincount(place, minlength=self.counts.size).reshape(self.counts.shape)
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        if not math.isnan(self.known_low):
            # The last digits differ between machines; the 13th is none that anybody measured.
            slack = 1e-12 * max(abs(self.known_low), abs(self.known_high))
            self.below += np.bincount(of[x < self.known_low - slack], minlength=classes)
            self.above += np.bincount(of[x > self.known_high + slack], minlength=classes)

    def to_json(self) -> dict[str, Any]:
        """Counts as JSON values."""
        return {
            "edges": [float(e) for e in self.edges],
            "counts": self.counts.tolist(),
            "missing": self.missing.tolist(),
            "below": self.below.tolist(),
            "above": self.above.tolist(),
            "low": self.low if math.isfinite(self.low) else None,
            "high": self.high if math.isfinite(self.high) else None,
        }


class Tally:
    """Counts accounts, batch after batch, in bins that are given: memory does not grow with the accounts."""

    def __init__(
        self,
        edges: Mapping[str, np.ndarray],
        score_edges: np.ndarray,
        cuts: Mapping[str, float],
        classes: int = 1,
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        known = ranges or {}
        self.columns = tuple(edges)
        self.features = [Counts(e, classes, *known.get(name, (math.nan, math.nan))) for name, e in edges.items()]
        self.scores = Counts(score_edges, classes)
        self.cuts = dict(cuts)
        self.classes = classes
        self.accounts = np.zeros(classes, dtype=np.int64)
        self.sums = {None: np.zeros((classes, len(_SUMS)))} | {c: np.zeros((classes, len(_SUMS))) for c in cuts}
        self.categories: dict[str, dict[str, np.ndarray]] = {}
        self.explained = np.zeros(classes, dtype=np.int64)
        self.pushes = np.zeros((3, classes, len(self.columns)))  # sum, sum of squares, sum of sizes

    @classmethod
    def like(cls, reference: Mapping[str, Any], columns: Sequence[str] | None = None) -> Tally:
        """An empty tally with the bins of ``reference``, for a batch whose truth is not known.

        ``columns`` is the order of features in the matrices to come; a profile read from a file has lost it.
        """
        features = {name: reference["features"][name] for name in columns or reference["features"]}
        ranges = {n: (f["low"], f["high"]) for n, f in features.items() if f["low"] is not None}
        return cls(
            {n: np.array(f["edges"], dtype=np.float64) for n, f in features.items()},
            np.array(reference["scores"]["edges"], dtype=np.float64),
            {n: float(c["cut"]) for n, c in reference["cuts"].items()},
            ranges=ranges,
        )

    def add(
        self,
        matrix: np.ndarray,
        probability: np.ndarray,
        *,
        bounds: tuple[np.ndarray, np.ndarray] | None = None,
        categories: Mapping[str, Sequence[str | None]] | None = None,
        is_bot: np.ndarray | None = None,
    ) -> None:
        """Count some accounts; the arguments are those of ``profile``."""
        member = np.zeros(len(matrix), dtype=np.int64) if is_bot is None else np.asarray(is_bot).astype(np.int64)
        self.accounts += np.bincount(member, minlength=self.classes)
        for i, one in enumerate(self.features):
            one.add(matrix[:, i], member)
        self.scores.add(np.asarray(probability, dtype=np.float64), member)
        low, high = bounds if bounds is not None else (probability, probability)
        facts = np.stack([np.ones_like(probability), probability, low, high, probability * (1 - probability)], axis=1)
        for cut, sums in self.sums.items():
            chosen = slice(None) if cut is None else probability >= self.cuts[cut]
            np.add.at(sums, member[chosen], facts[chosen])
        for name, values in (categories or {}).items():
            self._add_category(name, values, probability, member)

    def _add_category(
        self, name: str, values: Sequence[str | None], probability: np.ndarray, member: np.ndarray
    ) -> None:
        held = self.categories.setdefault(name, {})
        names = np.array([MISSING if v is None else str(v) for v in values], dtype=object)
        distinct, place = np.unique(names.astype(str), return_inverse=True)
        facts = np.zeros((len(distinct), 2 + len(self.cuts), self.classes))
        np.add.at(facts[:, 0], (place, member), 1)
        np.add.at(facts[:, 1], (place, member), probability)
        for i, cut in enumerate(self.cuts.values()):
            np.add.at(facts[:, 2 + i], (place, member), probability >= cut)
        for value, one in zip(distinct.tolist(), facts, strict=True):
            held[value] = held[value] + one if value in held else one

    def add_attributions(self, contributions: np.ndarray, is_bot: np.ndarray | None = None) -> None:
        """Count contributions, in log-odds, of shape (n_accounts, n_features)."""
        member = np.zeros(len(contributions), dtype=np.int64) if is_bot is None else np.asarray(is_bot).astype(np.int64)
        self.explained += np.bincount(member, minlength=self.classes)
        for c in range(self.classes):
            pushes = np.asarray(contributions, dtype=np.float64)[member == c]
            for i, sums in enumerate((pushes, pushes**2, np.abs(pushes))):
                self.pushes[i, c] += sums.sum(axis=0)

    def to_json(self, tables: Mapping[str, Mapping[str, float | None]] | None = None) -> dict[str, Any]:
        """The profile of what was counted."""
        return {
            "format": FORMAT,
            "accounts": self.accounts.tolist(),
            "features": {n: f.to_json() for n, f in zip(self.columns, self.features, strict=True)},
            "scores": self.scores.to_json(),
            "totals": _named(self.sums[None]),
            "cuts": {c: {"cut": self.cuts[c], **_named(self.sums[c])} for c in self.cuts},
            "categories": {name: self._category(held) for name, held in self.categories.items()},
            "attributions": {
                "accounts": self.explained.tolist(),
                "features": {
                    n: dict(zip(("sum", "squares", "sizes"), self.pushes[:, :, i].tolist(), strict=True))
                    for i, n in enumerate(self.columns)
                },
            },
            "tables": {name: dict(facts) for name, facts in sorted((tables or {}).items())},
        }

    def _category(self, held: Mapping[str, np.ndarray]) -> dict[str, Any]:
        kept = sorted(held, key=lambda v: (-held[v][0].sum(), v))
        out = {v: self._slice(held[v]) for v in sorted(kept[:MOST_VALUES])}
        if kept[MOST_VALUES:]:
            out[OTHER] = self._slice(np.sum([held[v] for v in kept[MOST_VALUES:]], axis=0))
        return out

    def _slice(self, facts: np.ndarray) -> dict[str, Any]:
        flagged = {cut: facts[2 + i].astype(int).tolist() for i, cut in enumerate(self.cuts)}
        return {"accounts": facts[0].astype(int).tolist(), "bots": facts[1].tolist(), "flagged": flagged}


# What is summed over all accounts and over those at and above each cut.
_SUMS = ("accounts", "bots", "bots_low", "bots_high", "variance")


def _named(sums: np.ndarray) -> dict[str, list[float]]:
    return {name: sums[:, i].tolist() for i, name in enumerate(_SUMS)}


class Sample:
    """Rows of the accounts with the smallest md5: the same ones in whatever order they come, and nobody chose them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.keys = np.empty(0, dtype=np.uint64)
        self.values = np.empty((0, 0))

    def add(self, ids: Iterable[Any], rows: np.ndarray) -> None:
        """Keep some of these rows, of shape (n, width)."""
        if not self.most or not len(rows):
            return
        digests = (hashlib.md5(str(i).encode("utf-8", "surrogatepass"), usedforsecurity=False).digest() for i in ids)
        keys = np.array([int.from_bytes(d[:8], "big") for d in digests], dtype=np.uint64)
        near = np.argsort(keys, kind="stable")[: self.most]
        keys, values = keys[near], rows[near]
        if len(self.keys):
            keys, values = np.concatenate([self.keys, keys]), np.vstack([self.values, values])
        kept = np.argsort(keys, kind="stable")[: self.most]
        self.keys, self.values = keys[kept], values[kept]
