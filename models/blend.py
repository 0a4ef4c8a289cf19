"""Blends: a few boosters of different growth averaged into one model, chosen for a fold by the other folds only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.boosted import Rows, Trial, log_loss, losses
from models.folds import Side

PICKS = 6  # boosters drawn, one after the other and possibly again; their shares are multiples of 1/6 at the finest
CONSIDERED = 12  # the best trials a blend may draw from
# A further pick must lower the log loss by this share, else fewer trees that are easier to explain are kept.
WORTH = 0.0005
SURE = 2.0  # standard errors by which a proposed growth must beat the known ones


@dataclass(frozen=True)
class Member:
    """One booster of a blend: which trial, the place in its numbers of trees, and its share of the raw score."""

    trial: int
    step: int
    share: float


def choose(
    trials: Sequence[Trial], tests: Sequence[Side], rows: Rows, members: int, without: int | None = None
) -> list[Member]:
    """The blend with the least log loss on every test but the one at position ``without``.

    Trials are picked greedily and with replacement (Caruana and others 2004, "Ensemble selection from libraries of
    models"), beginning with the best single one; each comes with the number of trees that suited the same tests best.
    A growth the search proposed takes part only if it beats the best known one by more than twice the standard error
    of their difference, account by account: among many proposals one always looks best by chance.

    Parameters
    ----------
    trials : grown on the same tests
    members : int, different trials the blend may hold
    without : position in ``tests`` of the one that must not decide, because the blend will be judged on it

    Returns
    -------
    list of Member whose shares add up to 1, best trial first
    """
    seen = np.concatenate([t.test for i, t in enumerate(tests) if i != without])
    bot, weight = rows.is_bot[seen], rows.weight[seen]
    found = [trial.best(without) for trial in trials]
    raw = {i: trials[i].raw[found[i][0]][seen].astype(np.float64) for i in range(len(trials))}
    order = sorted(range(len(trials)), key=lambda i: (round(found[i][1], 9), i))
    known = next(i for i in order if not trials[i].proposed)
    before = losses(raw[known], bot)
    order = [i for i in order if not trials[i].proposed or _surely_less(losses(raw[i], bot), before, weight)]
    order = order[:CONSIDERED]
    picked = [order[0]]
    total = raw[order[0]]
    loss = log_loss(total, bot, weight)
    while len(picked) < PICKS:
        open_to = order if len(set(picked)) < members else [i for i in order if i in picked]
        tried = [(log_loss((total + raw[i]) / (len(picked) + 1), bot, weight), i) for i in open_to]
        best, i = min(tried)
        if best > loss * (1 - WORTH):
            break
        loss, total = best, total + raw[i]
        picked.append(i)
    return [Member(i, found[i][0], picked.count(i) / len(picked)) for i in dict.fromkeys(picked)]


def _surely_less(losses: np.ndarray, others: np.ndarray, weight: np.ndarray) -> bool:
    """Whether the weighted mean of ``losses`` is lower by more than ``SURE`` standard errors; shapes (n,)."""
    gain = others - losses
    mean = np.average(gain, weights=weight)
    error = np.sqrt(((weight * (gain - mean)) ** 2).sum()) / weight.sum()
    return bool(mean > SURE * error)


def out_of_fold(
    trials: Sequence[Trial], tests: Sequence[Side], rows: Rows, members: int
) -> tuple[np.ndarray, list[list[Member]]]:
    """Raw score of each account by the blend the other tests chose, NaN where never tested; and those blends.

    With a single test there is no other to ask, and the best single trial is used with the trees it found best.
    """
    raw = np.full(len(rows.x), np.nan)
    blends = []
    for i, test in enumerate(tests):
        alone = len(tests) == 1
        blend = choose(trials, tests, rows, 1 if alone else members, without=None if alone else i)
        raw[test.test] = sum(m.share * trials[m.trial].raw[m.step][test.test].astype(np.float64) for m in blend)
        blends.append(blend)
    return raw, blends
