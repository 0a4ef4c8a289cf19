"""Labels that look wrong, by confident learning over scores of models that did not see them.

Northcutt, Jiang and Chuang (2021, "Confident Learning"): an account counts for a class when it is at least as
sure to belong there as the accounts labelled so are on average. Counting given against confident classes estimates
how often each label is wrong, and with it how likely each single label is. Reviewers then decide
(``models.labelreview``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import BadInput
from models.calibration import logit, prior_shift, sigmoid

COLUMNS = (
    "account_id",
    "source",
    "is_bot",
    "kind",
    "bot_probability",
    "wrong_probability",
    "looks_wrong",
    "rank",
)
# No score is surer of the truth than this, however sure it is of the label.
SURE = 1e-4


@dataclass(frozen=True)
class Noise:
    """How often labels are wrong: ``joint[given][true]`` in accounts, and the number of wrong ones."""

    joint: np.ndarray
    wrong: float

    @property
    def as_bot(self) -> float:
        """Share of people who are labelled bots, 0 to 1."""
        return float(self.joint[1, 0] / max(self.joint[:, 0].sum(), 1e-12))

    @property
    def as_person(self) -> float:
        """Share of bots who are labelled people, 0 to 1."""
        return float(self.joint[0, 1] / max(self.joint[:, 1].sum(), 1e-12))


def noise(is_bot: np.ndarray, probability: np.ndarray) -> Noise:
    """How often labels are wrong (confident joint, scaled to the labels there are).

    Parameters
    ----------
    is_bot : bool of shape (n,), given labels of both classes
    probability : float64 of shape (n,), out of fold
    """
    given = np.asarray(is_bot, dtype=bool)
    p = np.stack([1 - probability, probability])
    sure = np.array([p[0, ~given].mean(), p[1, given].mean()])
    confident = p >= sure[:, None]
    true = np.where(confident.all(axis=0), p.argmax(axis=0), np.where(confident[1], 1, 0))
    counted = confident.any(axis=0)
    joint = np.zeros((2, 2))
    np.add.at(joint, (given[counted].astype(int), true[counted]), 1)
    labelled = np.array([(~given).sum(), given.sum()], dtype=float)
    found = joint.sum(axis=1)
    # A class in which nobody is confident tells nothing of itself: its labels are taken as they are.
    scale = np.divide(labelled, found, out=np.zeros(2), where=found > 0)
    joint = joint * scale[:, None] + np.diag(np.where(found > 0, 0.0, labelled))
    return Noise(joint, float(joint[0, 1] + joint[1, 0]))


def rank_labels(oof: pd.DataFrame, bot_share: float | None = None) -> pd.DataFrame:
    """Labelled accounts, those whose label is most likely wrong first.

    Parameters
    ----------
    oof : DataFrame with account_id, source, is_bot, kind and bot_probability by a model that did not see the account
    bot_share : the share of bots the probabilities are meant for; None: that of the labels

    Returns
    -------
    DataFrame with the columns ``COLUMNS``: ``wrong_probability`` is the chance that the label is wrong,
    ``looks_wrong`` marks as many labels of each class as are estimated to be, and ``rank`` counts from 1

    Raises
    ------
    BadInput
        When a class is absent.
    """
    known = oof.sort_values("account_id", ignore_index=True)
    given = known["is_bot"].to_numpy(dtype=bool)
    if not given.any() or given.all():
        raise BadInput(
            "label review",
            expected="labelled bots and people",
            got=f"{int(given.sum()):,} bots and {int((~given).sum()):,} people",
            todo="Review labels of accounts of both classes.",
        )
    p = known["bot_probability"].to_numpy(dtype=np.float64)
    if bot_share is not None:
        p = sigmoid(logit(p) + prior_shift(float(given.mean()), bot_share))
    told = noise(given, p)
    wrong = wrong_probability(given, p, told)
    against = np.where(given, 1 - p, p)
    order = np.lexsort((np.arange(len(p)), -against, -wrong))
    looks = np.zeros(len(p), dtype=bool)
    for label, accounts in ((True, told.joint[1, 0]), (False, told.joint[0, 1])):
        mine = order[given[order] == label]
        looks[mine[: round(accounts)]] = True
    review = known.assign(wrong_probability=wrong, looks_wrong=looks).iloc[order]
    review["rank"] = np.arange(1, len(review) + 1)
    return review[list(COLUMNS)].reset_index(drop=True)


def wrong_probability(is_bot: np.ndarray, probability: np.ndarray, told: Noise) -> np.ndarray:
    """Chance that each label is wrong, shape (n,).

    ``probability`` is that of being *labelled* a bot, so it is first freed of the noise it was learned from; then
    follows Bayes' rule for a label that is wrong as often as ``told`` says.
    """
    p = np.asarray(probability, dtype=np.float64)
    up, down = told.as_bot, told.as_person
    if up + down >= 1:  # labels as good as drawn by lot tell nothing
        return np.where(is_bot, 1 - p, p)
    true = np.clip((p - up) / (1 - up - down), SURE, 1 - SURE)
    person_called_bot, bot_called_bot = up * (1 - true), (1 - down) * true
    bot_called_person, person_called_person = down * true, (1 - up) * (1 - true)
    as_bot = person_called_bot / np.maximum(person_called_bot + bot_called_bot, 1e-300)
    as_person = bot_called_person / np.maximum(bot_called_person + person_called_person, 1e-300)
    return np.where(is_bot, as_bot, as_person)


def summary(review: pd.DataFrame) -> Mapping[str, Any]:
    """How many labels look wrong, of which class and source; a JSON value."""
    wrong = review[review["looks_wrong"]]
    return {
        "accounts": len(review),
        "look_wrong": len(wrong),
        "labelled_bots": int(wrong["is_bot"].sum()),
        "labelled_people": int((~wrong["is_bot"].astype(bool)).sum()),
        "sources": {str(s): int(n) for s, n in sorted(wrong["source"].value_counts().items())},
    }
