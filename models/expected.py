"""Precision and recall nobody has labels for yet, from calibrated probabilities; and the real ones once labels arrive.

A probability that is calibrated says how many of the accounts that have it are bots. So the accounts at and above a
cut hold as many bots as their probabilities add up to, and everybody together as many as all probabilities add up to.
This holds while the meaning of a score holds; when bots learn to score like people, only labels tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.comparison import Mixed, Profile
from models.distance import exact, wilson

Z = 1.96  # 95% of a normal distribution


def expected(profile: Profile, cut: str) -> dict[str, Any]:
    """What is to be expected at ``cut`` of a batch whose truth is unknown.

    Returns
    -------
    accounts, flagged, bots (expected, with low and high), precision and recall, each {"value", "low", "high"} or
    None where undefined. The interval holds two kinds of doubt: the calibration's own (the low and high probability of
    every account, as if all erred the same way), and chance (1.96 standard deviations of the number of bots).
    """
    total, flagged = profile["totals"], profile["cuts"][cut]
    n, f = total["accounts"][0], flagged["accounts"][0]
    under = {k: total[k][0] - flagged[k][0] for k in ("bots", "bots_low", "bots_high", "variance")}
    noise = Z * math.sqrt(max(flagged["variance"][0], 0.0))
    hits = _interval(flagged["bots"][0], flagged["bots_low"][0] - noise, flagged["bots_high"][0] + noise, f)
    noise = Z * math.sqrt(max(under["variance"], 0.0))
    missed = _interval(under["bots"], under["bots_low"] - noise, under["bots_high"] + noise, n - f)
    bots = {k: hits[k] + missed[k] for k in hits}
    return {
        "accounts": int(n),
        "flagged": int(f),
        "bots": bots,
        "precision": {k: v / f for k, v in hits.items()} if f else None,
        "recall": {
            "value": hits["value"] / bots["value"],
            "low": hits["low"] / max(hits["low"] + missed["high"], 1e-12),
            "high": hits["high"] / max(hits["high"] + missed["low"], 1e-12),
        }
        if bots["value"] > 0
        else None,
    }


def _interval(value: float, low: float, high: float, most: float) -> dict[str, float]:
    return {"value": value, "low": max(0.0, min(low, value)), "high": min(most, max(high, value))}


def usual(reference: Mixed, cut: str) -> dict[str, Any]:
    """Precision and recall of the reference at ``cut``, realised where it knows the truth, else expected."""
    flagged, accounts = reference.profile["cuts"][cut]["accounts"], reference.profile["accounts"]
    if not reference.known:
        said = expected(reference.profile, cut)
        return {"precision": said["precision"], "recall": said["recall"], "realised": False}
    hits = float(reference.weight[1] * flagged[1])
    called = float(reference(flagged))
    return {
        "precision": _share(hits, called) if called else None,
        "recall": _share(flagged[1], accounts[1]),
        "false_positive_rate": _share(flagged[0], accounts[0]),
        "realised": True,
    }


def _share(hits: float, n: float) -> dict[str, float]:
    low, high = wilson(hits, n)
    return {"value": hits / n, "low": low, "high": high}


def realised(
    probability: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    is_bot: np.ndarray,
    cuts: Mapping[str, float],
    reference: Mixed,
) -> dict[str, Any]:
    """What the labels of some accounts say about what was said of them.

    Parameters
    ----------
    probability : float64 of shape (n,), of the labelled accounts
    bounds : low and high of shape (n,)
    is_bot : bool of shape (n,)
    cuts : tier -> probability at and above which an account is in it
    reference : the accounts the model was trained on, for their rates

    Returns
    -------
    accounts, bots, roc_auc with its interval and the reference's, calibration (bots seen and expected), and per cut:
    precision, recall and false positive rate with intervals, how many bots were expected among the flagged, and the
    probability of so few
    """
    truth = np.asarray(is_bot, dtype=bool)
    low, high = bounds
    out: dict[str, Any] = {
        "accounts": len(truth),
        "bots": int(truth.sum()),
        "roc_auc": auc(probability, truth),
        "roc_auc_reference": reference_auc(reference),
        "calibration": _calibration(probability, low, high, truth),
        "cuts": {},
    }
    for name, cut in cuts.items():
        called = probability >= cut
        hits, alarms = int((called & truth).sum()), int((called & ~truth).sum())
        bots, people = int(truth.sum()), int((~truth).sum())
        counted = reference.profile["cuts"][name]["accounts"]
        then = reference.profile["accounts"]
        rate_p = exact(counted[0], then[0], alarms, people) if reference.known and people else 1.0
        recall_p = exact(counted[1], then[1], hits, bots) if reference.known and bots else 1.0
        out["cuts"][name] = {
            "flagged": hits + alarms,
            "precision": _share(hits, hits + alarms) if hits + alarms else None,
            "recall": _share(hits, bots) if bots else None,
            "false_positive_rate": _share(alarms, people) if people else None,
            "among_flagged": _calibration(probability[called], low[called], high[called], truth[called]),
            "false_positive_p": rate_p,
            "recall_p": recall_p,
        }
    return out


def _calibration(probability: np.ndarray, low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Bots seen and expected, and how likely a number so far outside of what was said would be.

    The number of bots among accounts with probabilities p has the mean sum(p) and the variance sum(p(1-p)); the mean
    is taken anywhere within the accounts' intervals, where it suits the observation best.
    """
    from scipy.stats import norm

    seen, said = float(truth.sum()), float(probability.sum())
    nearest = min(max(seen, float(low.sum())), float(high.sum()))
    variance = float((probability * (1 - probability)).sum())
    # A count of half a bot more or less is no evidence (continuity).
    gap = max(0.0, abs(seen - nearest) - 0.5)
    p_value = 1.0 if gap == 0 else float(2 * norm.sf(gap / math.sqrt(max(variance, 0.25))))
    return {"accounts": len(truth), "seen": seen, "expected": said, "p_value": p_value}


def auc(probability: np.ndarray, is_bot: np.ndarray) -> dict[str, float] | None:
    """ROC AUC with Hanley and McNeil's 95% interval; None with one class only."""
    from scipy.stats import rankdata

    bots, people = int(is_bot.sum()), int((~is_bot).sum())
    if not bots or not people:
        return None
    ranks = rankdata(probability)
    value = (float(ranks[is_bot].sum()) - bots * (bots + 1) / 2) / (bots * people)
    return _with_interval(value, bots, people)


def reference_auc(reference: Mixed) -> dict[str, float] | None:
    """ROC AUC of the reference from its counts; accounts in the same bin count half, so it is a little too low."""
    if not reference.known:
        return None
    people, bots = (np.array(c, dtype=np.float64) for c in reference.profile["scores"]["counts"])
    below = np.concatenate([[0.0], np.cumsum(people)[:-1]])
    value = float(bots @ (below + people / 2)) / (bots.sum() * people.sum())
    return _with_interval(value, bots.sum(), people.sum())


def _with_interval(value: float, bots: float, people: float) -> dict[str, float]:
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (bots - 1) * (q1 - value**2) + (people - 1) * (q2 - value**2)
    half = Z * math.sqrt(max(spread, 0.0) / (bots * people))
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half)}
