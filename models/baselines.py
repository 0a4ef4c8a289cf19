"""Baselines in the same folds: what a model must beat before anyone should care about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.boosted import Rows
from models.calibration import sigmoid
from models.folds import Side

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("constant", "best_feature", "tree", "logistic")


def baselines(rows: Rows, tests: Sequence[Side]) -> tuple[pd.DataFrame, list[str]]:
    """Out-of-fold probability of each account by each baseline, NaN where never tested.

    ``constant`` says how common bots are on the training side. ``best_feature`` takes the one column that ranks the
    training side best, up or down. ``tree`` asks at most three questions. ``logistic`` is a regularised logistic
    regression on scaled columns with flags for what is missing. All use the weights of the rows.

    Returns
    -------
    DataFrame of shape (n, 4) with columns ``NAMES``; the column ``best_feature`` chose in each test
    """
    import pandas as pd

    out = pd.DataFrame(np.nan, index=range(len(rows.x)), columns=list(NAMES))
    chosen = []
    for test in tests:
        here = rows.at(test.train)
        there = rows.x[test.test]
        out.loc[test.test, "constant"] = np.average(here.is_bot, weights=here.weight)
        feature, said = _best_feature(here, there)
        chosen.append(rows.columns[feature])
        out.loc[test.test, "best_feature"] = said
        out.loc[test.test, "tree"] = _tree(here, there)
        out.loc[test.test, "logistic"] = _logistic(here, there)
    return out, chosen


def _best_feature(here: Rows, there: np.ndarray) -> tuple[int, np.ndarray]:
    """The column with the ranking farthest from chance, and the probability its rank means."""
    strength = np.array([abs(_auc(_rank(x, x), here.is_bot) - 0.5) for x in here.x.T])
    best = int(strength.round(9).argmax())
    column = here.x[:, best]
    seen = np.column_stack([_rank(column, column), np.isnan(column)])
    asked = np.column_stack([_rank(column, there[:, best]), np.isnan(there[:, best])])
    return best, _regress(seen, here, asked)


def _rank(seen: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Place of each asked value among those seen, 0 to 1, ties in the middle; a missing one stands in the middle."""
    known = np.sort(seen[~np.isnan(seen)])
    if not len(known):
        return np.full(len(asked), 0.5)
    place = (np.searchsorted(known, asked, "left") + np.searchsorted(known, asked, "right")) / (2 * len(known))
    return np.where(np.isnan(asked), 0.5, place)


def _auc(score: np.ndarray, is_bot: np.ndarray) -> float:
    from scipy.stats import rankdata

    bots = int(is_bot.sum())
    ranks = rankdata(score)[is_bot].sum()
    return float((ranks - bots * (bots + 1) / 2) / (bots * (len(is_bot) - bots)))


def _tree(here: Rows, there: np.ndarray) -> np.ndarray:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=5, random_state=0)
    tree.fit(_finite(here.x), here.is_bot, sample_weight=here.weight)
    return tree.predict_proba(_finite(there))[:, 1]


def _finite(x: np.ndarray) -> np.ndarray:
    """``x`` within the numbers of 32 bits, which scikit-learn's trees use and whose sums stay finite."""
    most = float(np.finfo(np.float32).max) / 2
    return np.clip(x, -most, most)


def _logistic(here: Rows, there: np.ndarray) -> np.ndarray:
    """Counts spread over powers of ten, so columns enter by the logarithm of their size, sign kept."""
    seen, asked = _spread(_finite(here.x)), _spread(_finite(there))
    middle = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else 0.0 for c in seen.T])
    flagged = np.isnan(seen).any(axis=0)
    parts = [(np.where(np.isnan(z), middle, z), np.isnan(z)[:, flagged].astype(np.float64)) for z in (seen, asked)]
    both = [np.column_stack(p) for p in parts]
    mean, spread = both[0].mean(axis=0), both[0].std(axis=0)
    scaled = [(b - mean) / np.where(spread > 0, spread, 1) for b in both]
    # A value far outside what training saw would decide alone.
    return _regress(np.clip(scaled[0], -8, 8), here, np.clip(scaled[1], -8, 8))


def _spread(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.log1p(np.abs(x))


def _regress(seen: np.ndarray, here: Rows, asked: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=1000, solver="lbfgs")
    model.fit(seen, here.is_bot, sample_weight=here.weight)
    return sigmoid(model.decision_function(asked))
