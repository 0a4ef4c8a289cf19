"""An interval for every score: what the probability would be if the account were a person, and if it were a bot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.calibration import logit, sigmoid

KNOTS = 128
# More calibration accounts than this are merged with their neighbours in score: the curves do not change visibly.
MOST_POINTS = 20_000


@dataclass(frozen=True)
class Interval:
    """Venn-Abers probabilities at knots of the raw score; ``low`` and ``high`` rise and low <= high."""

    raw: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __call__(self, raw: np.ndarray, probability: np.ndarray, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Low and high probability of each raw score, shape (n,); they enclose ``probability``.

        ``shift`` is added to the log-odds, as it was for ``probability``.
        """
        low = sigmoid(logit(np.interp(raw, self.raw, self.low)) + shift)
        high = sigmoid(logit(np.interp(raw, self.raw, self.high)) + shift)
        return np.minimum(low, probability), np.maximum(high, probability)


def fit_interval(raw: np.ndarray, is_bot: np.ndarray) -> Interval:
    """Inductive Venn-Abers prediction (Vovk, Petej and Fedorova 2015), computed once on a grid of scores.

    For a score s, isotonic regression is fitted to the out-of-fold scores with (s, person) added, giving the low
    probability at s, and with (s, bot) added, giving the high one. One of the two is calibrated whatever the scores
    look like. They lie close together where many accounts have such scores and far apart where few do.

    Parameters
    ----------
    raw : float64 of shape (n,), out-of-fold raw scores
    is_bot : bool of shape (n,)
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(raw, kind="stable")
    place, first, count = np.unique(np.asarray(raw, dtype=np.float64)[order], return_index=True, return_counts=True)
    bots = np.add.reduceat(np.asarray(is_bot, dtype=np.float64)[order], first)
    if len(place) > MOST_POINTS:
        starts = np.unique(np.linspace(0, len(place) - 1, MOST_POINTS).round().astype(int))
        merged = np.add.reduceat(count, starts)
        place = np.add.reduceat(place * count, starts) / merged
        bots, count = np.add.reduceat(bots, starts), merged
    knots = np.unique(np.quantile(raw, np.linspace(0, 1, KNOTS)))
    bounds = np.empty((2, len(knots)))
    for i, knot in enumerate(knots):
        at = int(np.searchsorted(place, knot))
        weight = np.insert(count.astype(np.float64), at, 1.0)
        held = np.insert(bots, at, 0.0)
        if at < len(place) and place[at] == knot:  # the same score belongs to the same step
            weight[at + 1], held[at + 1] = weight[at + 1] + 1, held[at + 1]
            weight, held = np.delete(weight, at), np.delete(held, at)
        for truth in (0, 1):
            held[at] += truth
            bounds[truth, i] = isotonic_regression(held / weight, weights=weight).x[at]
    low, high = np.maximum.accumulate(bounds, axis=1)
    return Interval(knots, low, np.maximum(low, high))
