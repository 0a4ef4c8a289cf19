"""Whether the intervals of scores hold what they promise, on accounts that neither booster nor interval has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.calibration import logit, sigmoid
from models.vennabers import fit_interval

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 50  # accounts of a bin: fewer say too little of its share of bots
MOST_BINS = 20


def interval_coverage(oof: pd.DataFrame, shift: float = 0.0, level: float = 0.95) -> dict[str, Any]:
    """Coverage of the Venn-Abers intervals, fitted for each fold on the other folds.

    A single account is a bot or not, so a probability can only be checked on many: accounts are put into bins of equal
    size by score, and the share of bots of a bin is compared with the mean low and mean high of its accounts.

    Parameters
    ----------
    oof : DataFrame with is_bot, raw_score, bot_probability and fold
    shift : what the declared share of bots added to the log-odds of bot_probability; taken off
    level : of the interval that sampling leaves around the share of bots of a bin (Wilson 1927)

    Returns
    -------
    ``bins``; ``covered``, share of bins whose share of bots lies within the interval; ``compatible``, share of bins
    where it does within what sampling allows; ``width``, mean width of the interval over accounts. Without two folds or
    enough accounts for two bins: ``why``
    """
    fold = oof["fold"].to_numpy()
    bins = min(MOST_BINS, len(oof) // FEWEST)
    if len(np.unique(fold)) < 2 or bins < 2:
        return {"why": f"{len(oof):,} accounts in {len(np.unique(fold))} folds"}
    bot, raw = oof["is_bot"].to_numpy(dtype=bool), oof["raw_score"].to_numpy(dtype=np.float64)
    p = sigmoid(logit(oof["bot_probability"].to_numpy(dtype=np.float64)) - shift)
    low, high = np.empty(len(oof)), np.empty(len(oof))
    for k in np.unique(fold):
        here = fold == k
        low[here], high[here] = fit_interval(raw[~here], bot[~here])(raw[here], p[here])
    order = np.argsort(p, kind="stable")
    place = np.empty(len(oof), dtype=np.int64)
    place[order] = np.arange(len(oof)) * bins // len(oof)
    count = np.bincount(place)
    share, least, most = (np.bincount(place, weights=v) / count for v in (bot.astype(float), low, high))
    below, above = wilson(share, count, level)
    return {
        "bins": bins,
        "covered": round(float(((least <= share) & (share <= most)).mean()), 6),
        "compatible": round(float(((least <= above) & (below <= most)).mean()), 6),
        "width": round(float((high - low).mean()), 6),
    }


def wilson(share: np.ndarray, count: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of shares seen in ``count`` accounts; arrays of one shape."""
    from scipy.stats import norm

    z = float(norm.ppf((1 + level) / 2))
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2)) / (1 + z * z / count)
    return middle - half, middle + half
