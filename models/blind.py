"""Scores of accounts by boosters that did not see them, grown as the model was, to try what it would say of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from models.boosted import Booster, Growth, train_one
from models.boostertext import average
from models.bundle import Model
from models.folds import sides
from models.settings import Train
from models.training import Labelled

if TYPE_CHECKING:
    import pandas as pd


def blind_scorer(
    model: Model,
    features: pd.DataFrame,
    folds: pd.DataFrame,
    settings: Train,
    most: int,
    tick: Callable[[], None] = lambda: None,
) -> tuple[Callable[[pd.DataFrame, np.ndarray], np.ndarray], pd.DataFrame]:
    """A function that scores made-up accounts of a fold without having learned from that fold.

    Parameters
    ----------
    model : the trained model, whose blend is grown again on the training side of each fold
    features, folds : those it was trained on
    settings : those it was trained with
    most : folds grown again, the first ones; they cost as much as that part of a training
    tick : called after each fold

    Returns
    -------
    score : function of features with the model's columns (n, f) and folds (n,) that gives probabilities (n,)
    known : rows of ``folds`` in the folds that can be scored
    """
    labelled = Labelled.join(features, folds)
    place = {name: i for i, name in enumerate(labelled.columns)}
    rows = labelled.rows([place[c] for c in model.columns], settings)
    boosters: dict[int, Booster] = {}
    for side in list(sides(labelled.known))[:most]:
        texts = [
            train_one(
                rows.at(side.train), Growth(**m["growth"]), int(m["trees"]), settings, int(m["seed"]), settings.threads
            )
            for m in model.facts["members"]
        ]
        text = average(texts, [float(m["share"]) for m in model.facts["members"]])
        boosters[side.fold] = Booster(text, model.columns)
        tick()

    def score(x: pd.DataFrame, fold: np.ndarray) -> np.ndarray:
        matrix = x[list(model.columns)].to_numpy(dtype=np.float64)
        raw = np.full(len(matrix), np.nan)
        for k in np.unique(fold):
            here = fold == k
            raw[here] = boosters[int(k)].raw_scores(matrix[here], settings.threads)
        return model.calibrate(raw)[0]

    return score, labelled.known[labelled.known["fold"].isin(list(boosters))]
