"""Adaptation: a population without labels shows what its own bots look like, once others have said where to look.

Bots of one data set differ from those of the next, and what tells them apart inside a set is often how the set was
made. Scores learned elsewhere still order a new population roughly right, and the accounts at both ends are nearly
always rightly placed; they become labels of the population itself, beside those of the training accounts
(self-training: Scudder 1965; for a change of domain, Zou and others 2018, "Unsupervised domain adaptation via
class-balanced self-training"). No label of the population is used, and no account is scored by a booster that took
that account's own guess for a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.boosted import Booster, Growth, Rows, train_one
from models.settings import Adapt, Train

# Boosters of different size, because the size that suits a new population best cannot be known: short ones keep to
# what is common to the training sources, long ones to what is fine. (growth, trees)
TEACHERS: tuple[tuple[Growth, int], ...] = (
    (Growth(0.05, leaves=15, least_rows=40, column_share=0.4, row_share=0.8, l2=1.0, extra_trees=True), 80),
    (Growth(0.05, leaves=31, least_rows=20, column_share=0.6, row_share=0.8, l2=1.0, extra_trees=True), 400),
    (Growth(0.05, leaves=63, least_rows=10, column_share=0.4, row_share=0.8, l2=1.0, extra_trees=True), 100),
)
STUDENT, STUDENT_TREES = TEACHERS[0][0], 200


@dataclass(frozen=True)
class Guesses:
    """Accounts of the population that count as labelled: their ``rows``, rising int (m,), and ``is_bot`` bool (m,)."""

    rows: np.ndarray
    is_bot: np.ndarray


def portable(columns: Sequence[str], settings: Adapt) -> list[int]:
    """Positions of the columns that are used across populations."""
    return [i for i, name in enumerate(columns) if name not in settings.without]


def teach(rows: Rows, x: np.ndarray, train: Train) -> np.ndarray:
    """How bot-like accounts ``x`` (n, f) of a population look to boosters grown on ``rows``: mean rank in (0, 1]."""
    said = np.zeros(len(x))
    for number, (growth, trees) in enumerate(TEACHERS):
        text = train_one(rows, growth, trees, train, train.seed + number, train.threads)
        said += ranks(Booster(text, tuple(rows.columns)).raw_scores(x, train.threads))
    return said / len(TEACHERS)


def ranks(score: np.ndarray) -> np.ndarray:
    """Rank of each score divided by their number, equal scores sharing their mean rank; shape (n,)."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(score) / max(len(score), 1))


def surest(score: np.ndarray, share: float) -> Guesses:
    """The accounts with the lowest and highest ``share`` of scores, taken for people and bots."""
    low, high = np.quantile(score, [share, 1 - share])
    if low == high:  # nothing is told apart
        return Guesses(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool))
    chosen = np.flatnonzero((score <= low) | (score >= high))
    return Guesses(chosen, score[chosen] >= high)


def with_guesses(rows: Rows, x: np.ndarray, guesses: Guesses, weight: float) -> Rows:
    """``rows`` followed by the guessed rows of ``x``, which together weigh ``weight`` times what ``rows`` do."""
    if not len(guesses.rows):
        return rows
    each = weight * rows.weight.sum() / len(guesses.rows)
    return Rows(
        np.vstack([rows.x, x[guesses.rows]]),
        np.concatenate([rows.is_bot, guesses.is_bot]),
        np.concatenate([rows.weight, np.full(len(guesses.rows), each)]),
        rows.columns,
    )


def adapted_scores(rows: Rows, x: np.ndarray, train: Train, settings: Adapt) -> np.ndarray:
    """Log-odds margins of the accounts ``x`` (n, f) of a population, each by a booster without its own guess.

    Parameters
    ----------
    rows : labelled accounts of other populations; the columns of ``x`` are theirs
    x : float64 (n, f), NaN missing

    Returns
    -------
    float64 (n,)
    """
    guesses = surest(teach(rows, x, train), settings.share)
    part = np.random.default_rng(settings.seed).permutation(len(x)) % settings.folds
    score = np.empty(len(x))
    for k in range(settings.folds):
        other = part[guesses.rows] != k
        kept = Guesses(guesses.rows[other], guesses.is_bot[other])
        taught = with_guesses(rows, x, kept, settings.weight)
        text = train_one(taught, STUDENT, STUDENT_TREES, train, train.seed, train.threads)
        score[part == k] = Booster(text, tuple(rows.columns)).raw_scores(x[part == k], train.threads)
    return score
