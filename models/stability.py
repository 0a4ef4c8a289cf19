"""Whether two models give the same reasons: the same model grown with other seeds, or champion and challenger.

Reasons are compared by their codes, which do not change between versions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosted import Growth, train_one
from models.boostertext import average
from models.bundle import Model
from models.contributions import contributions
from models.reasons import reasons
from models.settings import Train
from models.training import Labelled

if TYPE_CHECKING:
    import pandas as pd

MOVED = 5  # features named whose share of all contributions differs most


def regrown(model: Model, features: pd.DataFrame, folds: pd.DataFrame, settings: Train, seed: int) -> Model:
    """``model`` with trees grown again on the same accounts, by the same settings, with other seeds.

    Parameters
    ----------
    model : the trained model
    features, folds : those it was trained on
    settings : those it was trained with
    seed : added to the seed of every member of its blend; 0 grows the same trees
    """
    labelled = Labelled.join(features, folds)
    place = {name: i for i, name in enumerate(labelled.columns)}
    rows = labelled.rows([place[c] for c in model.columns], settings)
    used = rows.at(np.flatnonzero(labelled.known["fold"].to_numpy() >= 0))
    members = model.facts["members"]
    texts = [
        train_one(used, Growth(**m["growth"]), int(m["trees"]), settings, int(m["seed"]) + seed, settings.threads)
        for m in members
    ]
    return replace(model, booster_text=average(texts, [float(m["share"]) for m in members]))


def agreement(first: Model, second: Model, features: pd.DataFrame, most: int) -> dict[str, Any]:
    """How far two models agree in what they say of the same accounts.

    Parameters
    ----------
    first, second : models of the same or of different columns
    features : accounts with the columns of both
    most : reasons that are compared

    Returns
    -------
    dict of shares of accounts: ``first`` (the first reason is the same), ``second_first`` (the first reason is among
    the other's), ``overlap`` (codes in common, of those either gives, on average) and ``signs`` (common reasons that
    point the same way); ``rank`` is the rank correlation of the features' mean absolute contributions; ``moved`` lists
    the features whose share of them differs most, with both shares. None where nothing can be compared.
    """
    from scipy.stats import spearmanr

    told, shares = [], []
    for model in (first, second):
        matrix = model.matrix(features)
        values = contributions(model, matrix)[1]
        told.append([{r["code"]: r["contribution"] for r in row} for row in reasons(model, matrix, values, most)])
        size = np.abs(values).mean(axis=0)
        shares.append(dict(zip(model.columns, size / max(size.sum(), 1e-12), strict=True)))
    pairs = [(a, b) for a, b in zip(*told, strict=True) if a and b]
    common = [(a[c], b[c]) for a, b in pairs for c in a if c in b]
    names = sorted(set(shares[0]) | set(shares[1]))
    left, right = (np.array([s.get(n, 0.0) for n in names]) for s in shares)
    order = sorted(range(len(names)), key=lambda i: (-abs(left[i] - right[i]), names[i]))[:MOVED]
    return {
        "accounts": len(pairs),
        "first": _mean([next(iter(a)) == next(iter(b)) for a, b in pairs]),
        "second_first": _mean([next(iter(a)) in b for a, b in pairs]),
        "overlap": _mean([len(a.keys() & b.keys()) / len(a.keys() | b.keys()) for a, b in pairs]),
        "signs": _mean([x * y > 0 for x, y in common]),
        "rank": float(spearmanr(left, right).statistic) if len(names) > 1 and left.std() and right.std() else None,
        "moved": [{"feature": names[i], "first": float(left[i]), "second": float(right[i])} for i in order],
    }


def _mean(values: list[Any]) -> float | None:
    return float(np.mean(values)) if values else None
