"""Calibration: a raw score becomes a probability by a rising curve that is stored as a few knots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Log-odds no probability goes beyond: 1 - 1e-13 is still told from 1, so nothing is ever certain and no tie is made.
FURTHEST = 30.0
# Log-odds gained per unit of raw score where nothing was observed, or where isotonic steps would be flat. A tie would
# throw away the order of accounts.
LEAST_SLOPE = 1e-3
KNOTS = 128  # of the curves that are not straight lines
METHODS = ("none", "platt", "beta", "isotonic")


@dataclass(frozen=True)
class Curve:
    """A strictly rising curve from raw score to log-odds, straight between its knots.

    ``raw`` and ``log_odds`` are float64 of shape (k,), both strictly increasing. Beyond the ends the curve goes on
    with a slope of ``LEAST_SLOPE``; everything stays within ``FURTHEST``.
    """

    raw: np.ndarray
    log_odds: np.ndarray

    def __call__(self, raw: np.ndarray, shift: float = 0.0) -> np.ndarray:
        """Probability of each raw score, shape (n,), above 0 and below 1; ``shift`` is added to the log-odds."""
        return sigmoid(self.odds(raw) + shift)

    def odds(self, raw: np.ndarray) -> np.ndarray:
        """Log-odds of each raw score, shape (n,)."""
        raw = np.asarray(raw, dtype=np.float64)
        beyond = raw - np.clip(raw, self.raw[0], self.raw[-1])
        return np.interp(raw, self.raw, self.log_odds) + LEAST_SLOPE * beyond


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    """Probability of ``log_odds``, never exactly 0 or 1."""
    return 1 / (1 + np.exp(-np.clip(log_odds, -FURTHEST, FURTHEST)))


def logit(probability: np.ndarray | float) -> np.ndarray:
    """Log-odds of ``probability``, within ``FURTHEST``."""
    p = np.asarray(probability, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.clip(np.log(p) - np.log1p(-p), -FURTHEST, FURTHEST)


def prior_shift(bot_share: float | None, training_bot_share: float) -> float:
    """What to add to the log-odds where bots are as common as ``bot_share``; 0 when None.

    The likelihood ratio of an account stays, the prior odds are exchanged (Elkan 2001, "The foundations of
    cost-sensitive learning", theorem 2; Saerens, Latinne and Decaestecker 2002).
    """
    return 0.0 if bot_share is None else float(logit(bot_share) - logit(training_bot_share))


def fit(method: str, raw: np.ndarray, is_bot: np.ndarray) -> Curve:
    """The curve of ``method`` (one of ``METHODS``) through raw scores and truth, both of shape (n,)."""
    return _FIT[method](np.asarray(raw, dtype=np.float64), np.asarray(is_bot, dtype=bool))


def choose(raw: np.ndarray, is_bot: np.ndarray, fold: np.ndarray, method: str = "auto") -> tuple[str, dict[str, float]]:
    """The method with the least log loss on folds its curve did not see, and the loss of each that was tried.

    Parameters
    ----------
    raw : float64 of shape (n,), out-of-fold raw scores
    is_bot, fold : of shape (n,)
    method : "auto", or the one to use whatever its loss

    Returns
    -------
    name of the method; name -> cross-validated log loss. A loss equal to four decimals goes to the method with fewer
    parameters.
    """
    losses = {}
    for name in METHODS if method == "auto" else (method,):
        p = cross_fitted(name, raw, is_bot, fold)
        losses[name] = float(-np.mean(np.log(np.where(is_bot, p, 1 - p))))
    return min(losses, key=lambda name: round(losses[name], 4)), losses


def cross_fitted(method: str, raw: np.ndarray, is_bot: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Probability of each account by the curve of the other folds, shape (n,)."""
    p = np.empty(len(raw), dtype=np.float64)
    for k in np.unique(fold):
        here = fold == k
        # With one fold, or one class elsewhere, there is nothing to fit: the raw score speaks for itself.
        both = 0 < is_bot[~here].sum() < (~here).sum()
        curve = fit(method if both else "none", raw[~here] if both else raw, is_bot[~here] if both else is_bot)
        p[here] = curve(raw[here])
    return p


def _none(raw: np.ndarray, is_bot: np.ndarray) -> Curve:
    return Curve(np.array([-FURTHEST, FURTHEST]), np.array([-FURTHEST, FURTHEST]))


def _platt(raw: np.ndarray, is_bot: np.ndarray) -> Curve:
    """A straight line in log-odds (Platt 1999), with his targets, which keep separable scores from certainty."""
    slope, base = _logistic(raw[:, None], _platt_targets(is_bot))
    if slope <= 0:  # scores that point the wrong way say nothing but how common bots are
        slope, base = 0.0, float(logit(is_bot.mean()))
    ends = np.array([-FURTHEST, FURTHEST])
    return _rising(ends, slope * ends + base)


def _beta(raw: np.ndarray, is_bot: np.ndarray) -> Curve:
    """Beta calibration (Kull, Silva Filho and Flach 2017): a log p - b log(1-p) + c, with a and b not negative."""
    first, second = -np.logaddexp(0, -raw), np.logaddexp(0, raw)
    targets = _platt_targets(is_bot)
    a, b, c = _logistic(np.stack([first, second], axis=1), targets)
    if a < 0 or b < 0:
        kept = second if a < 0 else first
        only, c = _logistic(kept[:, None], targets)
        a, b = (0.0, only) if a < 0 else (only, 0.0)
    if min(a, b) < 0:
        a, b, c = 0.0, 0.0, float(logit(is_bot.mean()))
    knots = _knots_at(raw)
    return _rising(knots, -a * np.logaddexp(0, -knots) + b * np.logaddexp(0, knots) + c)


def _isotonic(raw: np.ndarray, is_bot: np.ndarray) -> Curve:
    """Isotonic regression, drawn through the middle of its steps rather than along them.

    Steps tie accounts that the booster tells apart; joining the middles does not (Oron and Flournoy 2017, "Centered
    isotonic regression"). A step of n accounts is kept half an account away from 0 and 1.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(raw, kind="stable")
    place, first, count = np.unique(raw[order], return_index=True, return_counts=True)
    share = np.add.reduceat(is_bot[order].astype(np.float64), first) / count
    steps = isotonic_regression(share, weights=count.astype(np.float64))
    starts = np.asarray(steps.blocks[:-1])
    held = np.add.reduceat(count, starts)
    middle = np.add.reduceat(place * count, starts) / held
    level = np.clip(np.asarray(steps.x)[starts], 0.5 / (held + 1), 1 - 0.5 / (held + 1))
    return _thinned(middle, np.maximum.accumulate(logit(level)))


_FIT: dict[str, Callable[[np.ndarray, np.ndarray], Curve]] = {
    "none": _none,
    "platt": _platt,
    "beta": _beta,
    "isotonic": _isotonic,
}


def _platt_targets(is_bot: np.ndarray) -> np.ndarray:
    bots = int(is_bot.sum())
    people = len(is_bot) - bots
    return np.where(is_bot, (bots + 1) / (bots + 2), 1 / (people + 2))


def _logistic(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Slopes and intercept of a logistic regression on soft targets, by Newton steps that never go uphill."""
    spread = x.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    design = np.column_stack([x / scale, np.ones(len(x))])
    theta = np.zeros(design.shape[1])
    theta[-1] = float(logit(float(target.mean())))

    def loss(t: np.ndarray) -> float:
        z = design @ t
        return float(np.mean(np.logaddexp(0, z) - target * z))

    now = loss(theta)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ theta, -500, 500)))
        gradient = design.T @ (p - target) / len(x)
        curvature = (design * (p * (1 - p))[:, None]).T @ design / len(x) + 1e-9 * np.eye(len(theta))
        # Least squares, because equal scores leave the slope open.
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        size = 1.0
        while size > 1e-6 and loss(theta - size * step) > now:
            size /= 2
        theta = theta - size * step
        before, now = now, loss(theta)
        if before - now < 1e-12:
            break
    return np.append(theta[:-1] / scale, theta[-1])


def _knots_at(raw: np.ndarray) -> np.ndarray:
    """Places for knots: as many low as high scores lie between two, and some beyond the ends."""
    inner = np.quantile(raw, np.linspace(0, 1, KNOTS))
    spread = max(float(inner[-1] - inner[0]), 1.0)
    return np.unique(
        np.concatenate([inner, inner[0] - spread * np.array([1, 0.5]), inner[-1] + spread * np.array([0.5, 1])])
    )


def _thinned(raw: np.ndarray, log_odds: np.ndarray) -> Curve:
    """At most ``KNOTS`` of the given knots, the ends among them."""
    kept = np.unique(np.linspace(0, len(raw) - 1, min(len(raw), KNOTS)).round().astype(int))
    return _rising(raw[kept], log_odds[kept])


def _rising(raw: np.ndarray, log_odds: np.ndarray) -> Curve:
    """A curve through the knots with at least ``LEAST_SLOPE`` everywhere; a single knot becomes a line."""
    if len(raw) == 1:
        raw, log_odds = np.array([raw[0] - 1, raw[0] + 1]), np.repeat(log_odds, 2)
    tilt = LEAST_SLOPE * raw
    return Curve(raw, np.maximum.accumulate(log_odds - tilt) + tilt)
