"""What would change a verdict: the fewest and smallest changes, of what a person can change, that reach another tier.

Only features that cost an edit of a profile or another habit of posting are moved (``evade`` free or cheap in their
declaration), only towards and within the range of the middle 80% of people, and only for accounts near the edge of a
tier. It describes the model, not the world: features that belong together are moved one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from models.wording import number

if TYPE_CHECKING:
    from models.bundle import Model

CHANGEABLE = ("free", "cheap")
STEPS = 12  # values tried between the present one and that of people
MOST = 3  # features changed at once; more is no longer this account
NEAR = 1.5  # log-odds between an account and the edge of its tier
_WHOLE = "accounts characters posts words hours followers hashtags digits actions likes links mentions runs changes"
WHOLE = {*_WHOLE.split(), "lists", "flag", "count"}  # units of whole numbers


def what_would_change(model: Model, row: np.ndarray) -> dict[str, Any] | None:
    """The smallest change found after which an account would fall into a milder tier.

    Parameters
    ----------
    model : Model
    row : its features, float64 of shape (n_features,), NaN where missing

    Returns
    -------
    dict of ``tier`` and ``probability`` afterwards and ``changes``: feature, code, value, changed and text, at most
    ``MOST``; None when it is in the mildest tier, far from the edge, or no such change is found
    """
    raw = float(model.raw_scores(row[None, :])[0])
    goal = _goal(model, raw)
    if goal is None:
        return None
    moves = _moves(model, row)
    if not moves:
        return None
    now, changed = row.copy(), dict[int, float]()
    for _ in range(MOST):
        left = [(c, v) for c, v in moves if c not in changed]
        if not left:
            return None
        trial = np.repeat(now[None, :], len(left), axis=0)
        trial[np.arange(len(left)), [c for c, _ in left]] = [v for _, v in left]
        scores = model.raw_scores(trial)
        there = np.flatnonzero(scores < goal)
        # Of the moves that suffice the smallest, else the one that helps most; the first of equals.
        sizes = np.array([_size(model, c, row[c], v) for c, v in left])
        best = int(there[np.argmin(sizes[there])]) if len(there) else int(np.argmin(np.round(scores, 9)))
        if not len(there) and scores[best] >= model.raw_scores(now[None, :])[0] - 1e-9:
            return None
        column, value = left[best]
        changed[column] = value
        now[column] = value
        if len(there):
            return _told(model, row, _needed(model, row, changed, goal))
    return None


def _goal(model: Model, raw: float) -> float | None:
    """Raw score below which the account leaves its tier; None in the mildest tier or far from the edge."""
    cuts = [cut for cut in model.tiers.values() if cut is not None]
    p = float(model.calibrate(np.array([raw]))[0][0])
    below = [cut for cut in cuts if cut <= p]
    if not below:
        return None
    # Calibration only rises, so the edge is found by halving; a score at the edge still belongs to the tier.
    low, high = raw - NEAR, raw
    if float(model.calibrate(np.array([low]))[0][0]) >= max(below):
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if float(model.calibrate(np.array([middle]))[0][0]) >= max(below) else (middle, high)
    return high


def _moves(model: Model, row: np.ndarray) -> list[tuple[int, float]]:
    """Columns and values to try, each on the way to a value of people."""
    moves: list[tuple[int, float]] = []
    for c, (declared, usual) in enumerate(zip(model.declarations, model.usual, strict=True)):
        if not _changeable(declared, model, c) or np.isnan(row[c]) or np.isnan(usual).any():
            continue
        ways = {float(v) for goal in usual for v in np.linspace(row[c], goal, STEPS + 1)[1:]}
        if declared.get("unit") in WHOLE:
            ways = {float(round(v)) for v in ways}
        low, high = min(usual[0], row[c]), max(usual[2], row[c])
        moves += [(c, v) for v in sorted(ways) if low <= v <= high and v != row[c]]
    return moves


def _changeable(declared: Mapping[str, Any], model: Model, column: int) -> bool:
    return (
        declared.get("evade") in CHANGEABLE
        and declared.get("family") != "measured"
        and not declared.get("population")
        and not declared.get("reserved")
        and not model.said[column].suppressed
    )


def _size(model: Model, column: int, before: float, after: float) -> float:
    """How far a value is moved, in widths of the range of people."""
    low, _, high = model.usual[column]
    return abs(after - before) / (high - low if high > low else max(abs(after), abs(before), 1.0))


def _needed(model: Model, row: np.ndarray, changed: Mapping[int, float], goal: float) -> dict[int, float]:
    """The changes without those that turn out not to be needed."""
    kept = dict(changed)
    for column in list(changed):
        fewer = {c: v for c, v in kept.items() if c != column}
        if fewer and float(model.raw_scores(_with(row, fewer)[None, :])[0]) < goal:
            kept = fewer
    return kept


def _with(row: np.ndarray, changed: Mapping[int, float]) -> np.ndarray:
    now = row.copy()
    now[list(changed)] = list(changed.values())
    return now


def _told(model: Model, row: np.ndarray, changed: Mapping[int, float]) -> dict[str, Any]:
    p = model.probabilities(_with(row, changed)[None, :])[0]
    return {
        "probability": float(p[0]),
        "tier": str(model.tier(p)[0]),
        "changes": [
            {
                "feature": model.said[c].name,
                "code": model.said[c].code,
                "value": float(row[c]),
                "changed": float(v),
                "text": f"{model.said[c].sentence(v)}, instead of {number(float(row[c]), model.said[c].unit)}",
            }
            for c, v in sorted(changed.items())
        ],
    }
