"""Metrics with bootstrap intervals: every number says how far it can be trusted, and a meaningless one is not given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

BINS = 15  # of equal counts, for the expected calibration error
# Below this a probability is taken as this in the log loss, as scikit-learn does for float64.
LEAST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metric:
    """One number about a classifier; ``people_needed`` is the fewest people on whom it means anything."""

    name: str
    says: str
    higher_is_better: bool = True
    people_needed: int = 1


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("roc_auc", "chance that a bot is scored above a person; a tie counts half"),
        Metric("average_precision", "mean precision over the bots, from the highest score down"),
        Metric(
            "recall_at_1pct_fpr", "share of bots found when at most 1% of people are called bots", people_needed=100
        ),
        Metric(
            "recall_at_01pct_fpr", "share of bots found when at most 0.1% of people are called bots", people_needed=1000
        ),
        Metric("f1", "harmonic mean of precision and recall at a threshold chosen on other folds"),
        Metric("mcc", "correlation of call and truth at a threshold chosen on other folds"),
        Metric("brier", "mean squared distance of probability and truth", higher_is_better=False),
        Metric("log_loss", "mean negative log of the probability given to the truth", higher_is_better=False),
        Metric(
            "expected_calibration_error",
            "mean distance of the probability said and the share seen, over 15 bins of equal counts",
            higher_is_better=False,
        ),
    )
}
RECALLS = {"recall_at_1pct_fpr": 0.01, "recall_at_01pct_fpr": 0.001}


@dataclass(frozen=True)
class Scores:
    """What one classifier said about n accounts.

    ``probability`` is float64 of shape (n,). ``called`` holds, for ``f1`` and ``mcc``, who was called a bot (bool of
    shape (n,)) at a threshold that did not see the account; without it those metrics are not given.
    """

    probability: np.ndarray
    called: Mapping[str, np.ndarray] = field(default_factory=dict)

    def rows(self, chosen: np.ndarray) -> Scores:
        """The same for the accounts in ``chosen`` (positions or mask)."""
        return Scores(self.probability[chosen], {k: v[chosen] for k, v in self.called.items()})


class _Ranked:
    """Scores of one classifier sorted once, so that a resample costs two running sums and no sort."""

    def __init__(self, is_bot: np.ndarray, scores: Scores) -> None:
        p = np.asarray(scores.probability, dtype=np.float64)
        self.bot = is_bot.astype(bool)
        self.order = np.argsort(-p, kind="stable")
        ranked = p[self.order]
        # The last place of each run of equal scores: a threshold cannot part a tie.
        self.ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self.p = p
        self.called = scores.called

    @cached_property
    def _losses(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        square = (self.p - self.bot) ** 2
        sure = np.clip(self.p, LEAST, 1 - LEAST)
        log = -np.where(self.bot, np.log(sure), np.log1p(-sure))
        edges = np.unique(np.quantile(self.p, np.arange(1, BINS) / BINS, method="inverted_cdf"))
        return square, log, self.bot - self.p, np.searchsorted(edges, self.p, side="left")

    def measure(self, weight: np.ndarray) -> np.ndarray:
        """Every metric of ``METRICS`` when account i counts ``weight[i]`` times; not-a-number where undefined."""
        bots, people = float(weight[self.bot].sum()), float(weight[~self.bot].sum())
        values = dict.fromkeys(METRICS, math.nan)
        if not len(weight):
            return np.array(list(values.values()))
        ranked = weight[self.order]
        is_bot = self.bot[self.order]
        hits = np.cumsum(np.where(is_bot, ranked, 0))[self.ends].astype(np.float64)
        alarms = np.cumsum(np.where(is_bot, 0, ranked))[self.ends].astype(np.float64)
        if bots and people:
            before = np.concatenate([[0.0], hits[:-1]])
            values["roc_auc"] = float(np.diff(alarms, prepend=0) @ (hits + before)) / (2 * bots * people)
            gained = np.diff(hits, prepend=0)
            values["average_precision"] = float(gained @ (hits / np.maximum(hits + alarms, 1))) / bots
            for name, share in RECALLS.items():
                # The tiny addition keeps 1% of 300 people at 3 of them in floating point.
                place = int(np.searchsorted(alarms, math.floor(share * people + 1e-9), side="right")) - 1
                values[name] = hits[place] / bots if place >= 0 else 0.0
            values |= self._called(weight, bots, people)
        total = bots + people
        if total:
            square, log, miss, bins = self._losses
            values["brier"] = float(weight @ square) / total
            values["log_loss"] = float(weight @ log) / total
            values["expected_calibration_error"] = float(np.abs(np.bincount(bins, weights=weight * miss)).sum()) / total
        return np.array(list(values.values()))

    def _called(self, weight: np.ndarray, bots: float, people: float) -> dict[str, float]:
        found = {}
        for name, called in self.called.items():
            hit, alarm = float(weight[called & self.bot].sum()), float(weight[called & ~self.bot].sum())
            found[name] = f1(hit, alarm, bots) if name == "f1" else mcc(hit, alarm, bots, people)
        return found


def f1(hits: float, alarms: float, bots: float) -> float:
    """F1 of ``hits`` bots and ``alarms`` people called, out of ``bots``; NaN without any bot."""
    return 2 * hits / (hits + alarms + bots) if bots else math.nan


def mcc(hits: float, alarms: float, bots: float, people: float) -> float:
    """Matthews correlation; NaN when everybody or nobody is called, or one class is absent."""
    called = hits + alarms
    spread = bots * people * called * (bots + people - called)
    return (hits * people - alarms * bots) / math.sqrt(spread) if spread > 0 else math.nan


def measure(
    is_bot: np.ndarray, systems: Mapping[str, Scores], *, resamples: int, level: float, seed: int
) -> tuple[dict[str, dict], dict[str, dict]]:
    """Every metric of every classifier with its interval, and how far the first is from each other one.

    Accounts are drawn with replacement within each class, the same draws for every classifier, so differences are
    paired. Intervals are percentiles of the resampled values; those of the expected calibration error are moved by
    its bias first, because resampling alone makes any classifier look worse calibrated.

    Parameters
    ----------
    is_bot : bool array of shape (n,)
    systems : name -> Scores of the same n accounts
    resamples : int, number of resamples
    level : float, coverage of the intervals, such as 0.95
    seed : int

    Returns
    -------
    values : system -> metric -> {"value", "low", "high"}; an undefined one is None with a "reason"
    differences : other system -> metric -> {"value", "low", "high"}, first system minus the other
    """
    bot = np.asarray(is_bot, dtype=bool)
    ranked = {name: _Ranked(bot, scores) for name, scores in systems.items()}
    once = np.ones(len(bot), dtype=np.int64)
    value = {name: r.measure(once) for name, r in ranked.items()}
    drawn = {name: np.full((resamples, len(METRICS)), math.nan) for name in systems}
    classes = [rows for rows in (np.flatnonzero(bot), np.flatnonzero(~bot)) if len(rows)]
    random = np.random.default_rng(seed)
    for i in range(resamples):
        weight = np.zeros(len(bot), dtype=np.int64)
        for rows in classes:
            weight[rows] = np.bincount(random.integers(0, len(rows), len(rows)), minlength=len(rows))
        for name, r in ranked.items():
            drawn[name][i] = r.measure(weight)
    people = int((~bot).sum())
    refusals = {m: why_not(METRICS[m], len(bot) - people, people) for m in METRICS}
    values = {
        name: {m: _interval(m, value[name][j], drawn[name][:, j], level, refusals[m]) for j, m in enumerate(METRICS)}
        for name in systems
    }
    first = next(iter(systems), "")
    differences = {
        name: {
            m: _interval(
                "", value[first][j] - value[name][j], drawn[first][:, j] - drawn[name][:, j], level, refusals[m]
            )
            for j, m in enumerate(METRICS)
        }
        for name in list(systems)[1:]
    }
    return values, differences


def why_not(metric: Metric, bots: int, people: int) -> str:
    """Why ``metric`` says nothing about so many bots and people; empty when it does."""
    if metric.name in ("brier", "log_loss", "expected_calibration_error"):
        return "" if bots + people else "no accounts"
    if not bots or not people:
        return f"one class only: {bots:,} bots and {people:,} people"
    if people < metric.people_needed:
        return f"needs {metric.people_needed:,} people to tell such a rate, has {people:,}"
    return ""


def _interval(metric: str, value: float, drawn: np.ndarray, level: float, reason: str) -> dict[str, float | str | None]:
    if not reason and not math.isfinite(value):
        reason = "everybody or nobody is called a bot"
    if reason:
        return {"value": None, "low": None, "high": None, "reason": reason}
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return {"value": round(float(value), 6), "low": None, "high": None, "reason": "undefined in every resample"}
    if metric == "expected_calibration_error":
        drawn = np.maximum(drawn - (drawn.mean() - value), 0)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return {"value": round(float(value), 6), "low": round(float(low), 6), "high": round(float(high), 6)}


def best_threshold(is_bot: np.ndarray, probability: np.ndarray, metric: str) -> float:
    """Threshold at and above which calling accounts bots gives the highest ``f1`` or ``mcc``.

    It lies halfway to the next lower score; infinity when nobody should be called. Shapes (n,); needs both classes.
    """
    bot = np.asarray(is_bot, dtype=bool)
    order = np.argsort(-probability, kind="stable")
    ranked, truth = probability[order], bot[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits, alarms = np.cumsum(truth)[ends].astype(float), np.cumsum(~truth)[ends].astype(float)
    bots, people = float(bot.sum()), float((~bot).sum())
    if metric == "f1":
        values = 2 * hits / (hits + alarms + bots)
    else:
        called = hits + alarms
        spread = np.sqrt(np.maximum(bots * people * called * (bots + people - called), 0))
        values = np.divide(hits * people - alarms * bots, spread, out=np.zeros_like(spread), where=spread > 0)
    if not len(values) or values.max() <= 0:
        return math.inf
    place = int(ends[values.argmax()])
    lower = ranked[place + 1] if place + 1 < len(ranked) else ranked[place]
    return float((ranked[place] + lower) / 2)


def call_out_of_fold(is_bot: np.ndarray, probability: np.ndarray, fold: np.ndarray) -> dict[str, np.ndarray]:
    """Who is called a bot, for ``f1`` and ``mcc``: the threshold of a fold is the best one on the other folds.

    Shapes (n,). Where the other folds hold one class the threshold is 0.5.
    """
    called = {name: np.zeros(len(fold), dtype=bool) for name in ("f1", "mcc")}
    for k in np.unique(fold):
        here = fold == k
        both = 0 < is_bot[~here].sum() < (~here).sum()
        for name, mask in called.items():
            cut = best_threshold(is_bot[~here], probability[~here], name) if both else 0.5
            mask[here] = probability[here] >= cut
    return called
