"""What one column alone says of a class: a small tree on nothing else, scored on accounts it did not learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

PARTS = 5
LEAVES = 8  # ranges a column may be cut into; enough for a band in the middle or a few odd values
FEWEST_IN_LEAF = 5


def parts(group: np.ndarray, seed: int) -> np.ndarray:
    """Part (0 to ``PARTS`` - 1) of each account, whole groups together, by md5 of the group; shape (n,)."""
    from models.folds import md5

    names, member = np.unique(group.astype(str), return_inverse=True)
    return np.array([int(md5(f"{seed}:{name}")[:8], 16) % PARTS for name in names], dtype=np.int64)[member]


def told_by(values: np.ndarray, wanted: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Probability that ``wanted`` holds, from ``values`` alone and other parts only; 0.5 where nothing is learned.

    Parameters
    ----------
    values : float64 of shape (n,), NaN missing (a value of its own)
    wanted : bool of shape (n,)
    part : int of shape (n,), from ``parts``
    """
    said = np.full(len(values), 0.5)
    x = np.where(np.isinf(values), np.nan, values).reshape(-1, 1)
    for k in np.unique(part):
        here = part == k
        learn = wanted[~here]
        if learn.any() and not learn.all():
            said[here] = _tree().fit(x[~here], learn).predict_proba(x[here])[:, 1]
    return said


def screened(values: np.ndarray, wanted: np.ndarray) -> float:
    """Balanced accuracy of a tree on the very accounts it learned from: a bound, at the price of one fit."""
    x = np.where(np.isinf(values), np.nan, values).reshape(-1, 1)
    return balanced_accuracy(wanted, _tree().fit(x, wanted).predict_proba(x)[:, 1])


def sources_told_by(values: np.ndarray, source: np.ndarray, part: np.ndarray | None = None) -> np.ndarray:
    """Probability of every source from ``values`` alone; as ``told_by``, and in sample (a bound) without ``part``.

    Parameters
    ----------
    values : float64 of shape (n,), NaN missing
    source : int of shape (n,), from 0 to k - 1, each occurring
    part : int of shape (n,)

    Returns
    -------
    float64 of shape (n, k)
    """
    x = np.where(np.isinf(values), np.nan, values).reshape(-1, 1)
    sources = int(source.max()) + 1
    said = np.zeros((len(values), sources))
    for learn, here in _sides(len(values), part):
        tree = _tree(LEAVES // 2 * sources).fit(x[learn], source[learn])
        said[np.ix_(here, tree.classes_)] = tree.predict_proba(x[here])
    return said


def _sides(rows: int, part: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions to learn from and to tell about."""
    if part is None:
        return [(np.arange(rows), np.arange(rows))]
    return [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in np.unique(part)]


def key_told_by(values: np.ndarray, wanted: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What accounts of other parts with exactly the same value are: share with ``wanted``, and whether there are any.

    Parameters
    ----------
    values : float64 of shape (n,); a missing value is like no other
    wanted : bool of shape (n,)
    part : int of shape (n,)

    Returns
    -------
    share : float64 of shape (n,), 0.5 where no other part knows the value
    known : bool of shape (n,)
    """
    _, code = np.unique(values, return_inverse=True)
    code = code.reshape(-1)
    size = int(code.max()) + 1 if len(code) else 0
    all_of, yes = np.bincount(code, minlength=size), np.bincount(code, weights=wanted, minlength=size)
    share, known = np.full(len(values), 0.5), np.zeros(len(values), dtype=bool)
    for k in np.unique(part):
        here = part == k
        other_all = all_of - np.bincount(code[here], minlength=size)
        other_yes = yes - np.bincount(code[here], weights=wanted[here], minlength=size)
        seen = (other_all[code[here]] > 0) & np.isfinite(values[here])
        known[here] = seen
        share[here] = np.where(seen, other_yes[code[here]] / np.maximum(other_all[code[here]], 1), 0.5)
    return share, known


def balanced_accuracy(wanted: np.ndarray, said: np.ndarray) -> float:
    """Mean of the shares of both classes that ``said`` puts on the right side of 0.5; a half counts half."""
    right = np.where(said == 0.5, 0.5, (said > 0.5) == wanted)
    return float((right[wanted].mean() + right[~wanted].mean()) / 2)


def roc_auc(wanted: np.ndarray, said: np.ndarray) -> float:
    """Chance that an account with ``wanted`` is scored above one without; a tie counts half."""
    from scipy.stats import rankdata

    yes = int(wanted.sum())
    return float((rankdata(said)[wanted].sum() - yes * (yes + 1) / 2) / (yes * (len(wanted) - yes)))


def _tree(leaves: int = LEAVES) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(
        max_leaf_nodes=leaves, min_samples_leaf=FEWEST_IN_LEAF, class_weight="balanced", random_state=0
    )
