"""Exact SHAP values in log-odds: base plus contributions is LightGBM's own raw score, row by row.

Large batches take the fast path of ``models.treeshap``. Every row of it is checked against the raw score and a sample
against LightGBM's own contributions, feature by feature; what does not agree is computed again by LightGBM.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    import lightgbm as lgb

    from models.treeshap import BulkTrees

log = logging.getLogger(__name__)

TOLERANCE = 1e-6  # of base + sum against the raw score, log-odds
BULK_ROWS = 4000  # below, LightGBM's own is as fast: the fast path pays a second to look at every leaf
BATCH_ROWS = 65_536  # 50 MB of contributions at 100 features
CHECKED_ROWS = 64  # of each batch, feature by feature


_READ: WeakKeyDictionary[Any, BulkTrees | None] = WeakKeyDictionary()


class HasBooster(Protocol):
    """A model whose trees can be asked."""

    @property
    def booster(self) -> lgb.Booster:
        """The trees."""


@dataclass(frozen=True)
class Batch:
    """Contributions of consecutive rows, starting at row ``start``; ``raw`` is LightGBM's own raw score."""

    start: int
    raw: np.ndarray
    base: float
    values: np.ndarray

    @property
    def rows(self) -> slice:
        """Where these rows stand in the input."""
        return slice(self.start, self.start + len(self.raw))


def contributions(model: HasBooster, matrix: Any, raw: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """SHAP values for the class *bot*, in log-odds.

    Parameters
    ----------
    model : Model, whose booster was trained on the columns of ``matrix`` in that order
    matrix : array or DataFrame of shape (n_accounts, n_features), float64, NaN where missing
    raw : LightGBM's raw scores of the accounts, shape (n_accounts,), where they are known already

    Returns
    -------
    base : float, the raw score before anything is known of an account
    values : ndarray of shape (n_accounts, n_features), float64; ``base + values.sum(axis=1)`` is the raw score
        within 1e-6
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    parts = list(in_batches(model, matrix, raw=raw))
    if not parts:
        return 0.0, np.zeros(matrix.shape)
    return parts[0].base, np.vstack([part.values for part in parts])


def in_batches(
    model: HasBooster, matrix: Any, rows: int = BATCH_ROWS, raw: np.ndarray | None = None
) -> Iterator[Batch]:
    """Contributions of ``matrix`` piece by piece: memory is bounded by ``rows``, not by the number of accounts."""
    booster, matrix = model.booster, np.asarray(matrix, dtype=np.float64)
    trees = _bulk_trees(booster) if min(len(matrix), rows) >= BULK_ROWS else None
    for start in range(0, len(matrix), rows):
        piece = np.ascontiguousarray(matrix[start : start + rows])
        if raw is None:
            truth = np.asarray(booster.predict(piece, raw_score=True), dtype=np.float64)
        else:
            truth = raw[start : start + rows]
        fast = _checked(booster, trees, piece, truth) if trees and len(piece) >= BULK_ROWS else None
        base, values = fast or _own(booster, piece)
        yield Batch(start, truth, base, values)


def _own(booster: lgb.Booster, matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """LightGBM's own contributions; its last column is the base, the same in every row."""
    both = np.asarray(booster.predict(matrix, pred_contrib=True))
    return float(both[0, -1]), both[:, :-1]


def _bulk_trees(booster: lgb.Booster) -> BulkTrees | None:
    """The trees as the fast way wants them, read once for each booster."""
    if booster not in _READ:
        _READ[booster] = _read(booster)
    return _READ[booster]


def _read(booster: lgb.Booster) -> BulkTrees | None:
    try:
        from models.treeshap import BulkTrees

        return BulkTrees(booster)
    except (ImportError, AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        log.info("contributions by LightGBM alone, the fast way does not read this model: %s", error)
        return None


def _checked(
    booster: lgb.Booster,
    trees: BulkTrees,
    matrix: np.ndarray,
    raw: np.ndarray,
) -> tuple[float, np.ndarray] | None:
    """The fast path's contributions, or None when they are not LightGBM's."""
    sample = np.unique(np.linspace(0, len(matrix) - 1, CHECKED_ROWS).astype(int))
    base, truth = _own(booster, matrix[sample])
    try:
        values = trees.values(matrix)
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        log.warning("contributions by LightGBM alone, the fast way failed: %s", error)
        return None
    if not np.abs(values[sample] - truth).max() <= TOLERANCE:  # NaN counts as a difference
        log.warning("contributions by LightGBM alone, the fast way differs from it on a sample")
        return None
    wrong = ~(np.abs(base + values.sum(axis=1) - raw) <= TOLERANCE)
    if wrong.any():
        log.warning("%d rows explained again by LightGBM: the fast way missed their score", int(wrong.sum()))
        values[wrong] = _own(booster, matrix[wrong])[1]
    return base, values


def interactions(model: HasBooster, matrix: Any) -> np.ndarray:
    """SHAP interaction values, log-odds, of a sample of accounts.

    Parameters
    ----------
    model : Model
    matrix : array of shape (n_accounts, n_features), float64; keep it to some hundred rows, the cost grows with the
        square of the features

    Returns
    -------
    ndarray of shape (n_accounts, n_features, n_features), symmetric; a row of it sums to that feature's contribution
    """
    import shap

    explainer = shap.TreeExplainer(model.booster, feature_perturbation="tree_path_dependent")
    found = explainer.shap_interaction_values(np.asarray(matrix, dtype=np.float64))
    return np.asarray(found[-1] if isinstance(found, list) else found)


def importance(values: np.ndarray, columns: Sequence[str], families: Mapping[str, str]) -> dict[str, Any]:
    """How much each feature and family moves scores.

    Parameters
    ----------
    values : ndarray of shape (n_accounts, n_features), contributions in log-odds
    columns : names of the features, in the order of ``values``
    families : feature -> family

    Returns
    -------
    dict with ``features`` and ``families``, each a list, largest first, of {feature, family, mean_abs, share}.
    ``mean_abs`` is the mean absolute contribution in log-odds (0 without accounts); a family's contribution to an
    account is the sum over its features, so features that cancel each other do not count. ``share`` is of the total.
    """
    size = np.abs(values).mean(axis=0) if len(values) else np.zeros(len(columns))
    features: list[dict[str, Any]] = [
        {"feature": name, "family": families[name], "mean_abs": float(size[i])} for i, name in enumerate(columns)
    ]
    grouped: list[dict[str, Any]] = []
    for family in sorted({families[name] for name in columns}):
        members = [i for i, name in enumerate(columns) if families[name] == family]
        together = np.abs(values[:, members].sum(axis=1)).mean() if len(values) else 0.0
        grouped.append({"family": family, "mean_abs": float(together), "features": len(members)})
    return {"features": _ranked(features, "feature"), "families": _ranked(grouped, "family")}


def strongest_pairs(found: np.ndarray, columns: Sequence[str], most: int) -> list[dict[str, Any]]:
    """Pairs of features that matter most beyond what each of them does alone.

    Parameters
    ----------
    found : ndarray of shape (n_accounts, n_features, n_features), as ``interactions`` gives
    columns : names of the features, in the order of ``found``
    most : pairs wanted at most

    Returns
    -------
    list, largest first, of {features, mean_abs}: two names in the order of ``columns``, and the mean absolute sum of
    the two values of the pair, in log-odds. Pairs that never interact are left out.
    """
    size = np.abs(found + found.transpose(0, 2, 1)).mean(axis=0) if len(found) else np.zeros((len(columns),) * 2)
    first, second = np.triu_indices(len(columns), k=1)
    order = np.argsort(-size[first, second], kind="stable")[:most]
    return [
        {"features": [columns[i], columns[j]], "mean_abs": float(size[i, j])}
        for i, j in zip(first[order], second[order], strict=True)
        if size[i, j] > 0
    ]


def _ranked(entries: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    total = sum(e["mean_abs"] for e in entries)
    for entry in entries:
        entry["share"] = entry["mean_abs"] / total if total else 0.0
    return sorted(entries, key=lambda e: (-e["mean_abs"], e[name]))
