"""A batch beside its reference, number by number: what the checks of ``models.monitoring`` judge and the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.distance import Distance, distance, exact
from models.drift import MISSING, OTHER

Profile = Mapping[str, Any]


class Mixed:
    """A profile read as one population, its bots and people weighted to a share of bots.

    Parameters
    ----------
    profile : as ``models.drift`` makes it
    bot_share : share of bots it stands for, above 0 and below 1; None leaves it as it was counted

    The weights keep the variance of a share honest: bots and people together count as many accounts as a simple
    sample with that variance would have, and exactly as many as there were when the share is the one counted.
    """

    def __init__(self, profile: Profile, bot_share: float | None = None) -> None:
        self.profile = profile
        n = np.array(profile["accounts"], dtype=np.float64)
        self.weight = np.ones(len(n))
        self.known = len(n) == 2 and bool((n > 0).all())  # bots and people are told apart
        self.bot_share = float(n[1] / n.sum()) if self.known else None
        if self.known and bot_share is not None:
            share = np.array([1 - bot_share, bot_share])
            self.weight = share / n / (share**2 / n).sum()
            self.bot_share = bot_share

    def at(self, bot_share: float) -> Mixed:
        """The same profile with another share of bots."""
        return Mixed(self.profile, min(max(bot_share, 1e-6), 1 - 1e-6))

    def __call__(self, counted: Sequence[Any]) -> np.ndarray:
        """What was counted class by class (first axis), put together."""
        return np.asarray(self.weight @ np.array(counted, dtype=np.float64))

    @cached_property
    def accounts(self) -> float:
        """Accounts it stands for."""
        return float(self(self.profile["accounts"]))


@dataclass(frozen=True)
class FeatureDrift:
    """One feature in the batch and in the reference."""

    feature: str
    accounts: int  # of the batch in which it is known
    reference: float  # accounts of the reference in which it is known
    psi: float
    js: float
    js_limit: float
    p_value: float
    psi_same_mix: float | None  # what is left when the reference is given the batch's share of bots
    missing: float  # share of accounts
    missing_reference: float
    missing_p: float
    outside: float  # share of the known accounts beyond everything seen in the reference
    outside_p: float
    importance: float | None  # share of what moves scores, 0 to 1
    bins: int


@dataclass(frozen=True)
class PushDrift:
    """How one feature moves scores, in log-odds, in the batch and in the reference."""

    feature: str
    push: float  # mean contribution, positive towards bot
    push_reference: float
    size: float  # mean absolute contribution
    size_reference: float
    p_value: float  # of the smaller of the two tests, doubled
    change: float  # the larger change of the two, log-odds


@dataclass(frozen=True)
class ValueDrift:
    """One value of a category: a platform, a language, an age band."""

    category: str
    value: str
    accounts: int
    reference: float
    share: float
    share_reference: float
    p_value: float  # of a share this different
    flagged: float | None  # share at or above the cut
    flagged_reference: float | None
    flagged_p: float
    new: bool


def importance_of(profile: Profile) -> dict[str, float]:
    """Share of each feature in what moves scores; empty when no contribution was counted."""
    attributions = profile["attributions"]
    if not sum(attributions["accounts"]):
        return {}
    sizes = {n: sum(f["sizes"]) for n, f in attributions["features"].items()}
    total = sum(sizes.values())
    return {n: s / total for n, s in sizes.items()} if total else {}


def features_drift(reference: Mixed, batch: Profile, alpha: float, bot_share: float | None) -> list[FeatureDrift]:
    """Every feature of the reference beside the batch.

    Parameters
    ----------
    reference, batch : of the same features and bins
    alpha : probability for which limits on the divergence are given
    bot_share : estimate of the batch's share of bots, for ``psi_same_mix``; None when unknown
    """
    importance = importance_of(reference.profile)
    other = reference.at(bot_share) if bot_share is not None and reference.known else None
    out = []
    for name, said in reference.profile["features"].items():
        now = batch["features"][name]
        counts, then = np.array(now["counts"][0]), reference(said["counts"])
        found = distance(then, counts)
        missing, missing_then = int(now["missing"][0]), float(reference(said["missing"]))
        m, n = int(counts.sum()), float(then.sum())
        jitter = float(said.get("jitter", 0.0))
        below, above = int(now["below"][0]), int(now["above"][0])
        out.append(
            FeatureDrift(
                feature=name,
                accounts=m,
                reference=n,
                psi=max(0.0, found.psi - jitter),
                js=found.js,
                js_limit=found.js_limit(alpha, n, m) if n and m else 1.0,
                p_value=found.p_value,
                psi_same_mix=max(0.0, distance(other(said["counts"]), counts).psi - jitter) if other else None,
                missing=missing / max(missing + m, 1),
                missing_reference=missing_then / max(missing_then + n, 1.0),
                missing_p=exact(missing_then, missing_then + n, missing, missing + m),
                outside=(below + above) / max(m, 1),
                outside_p=beyond(below, above, n, m),
                importance=importance.get(name),
                bins=found.bins,
            )
        )
    return out


def beyond(below: int, above: int, n: float, m: int) -> float:
    """Probability that so many of ``m`` accounts lie beyond all ``n`` of the reference, when nothing changed.

    The k largest of all accounts are all in the batch with probability m/(n+m) * (m-1)/(n+m-1) * ..., at most
    (m/(n+m))**k; two ends double it.
    """
    k = max(below, above)
    if not k or not n:
        return 1.0
    return float(min(1.0, 2 * (m / (n + m)) ** k))


def score_drift(reference: Mixed, batch: Profile) -> Distance:
    """Distance of the scores."""
    return distance(reference(reference.profile["scores"]["counts"]), np.array(batch["scores"]["counts"][0]))


def bot_share_of(reference: Mixed, batch: Profile) -> dict[str, float] | None:
    """Share of bots that best explains the batch's scores as a mixture of the reference's bots and people.

    Returns
    -------
    value, low and high (99.9%, from 1,000 draws of both sides), and misfit: the index of what the mixture leaves
    unexplained; None when the reference does not tell bots from people or the batch is empty
    """
    counts = np.array(batch["scores"]["counts"][0], dtype=np.float64)
    if not reference.known or not counts.sum():
        return None
    people, bots = (np.array(c, dtype=np.float64) for c in reference.profile["scores"]["counts"])
    value = float(_mixture(people[None], bots[None], counts[None])[0])
    random = np.random.default_rng(0)
    draws = [random.multinomial(int(c.sum()), c / c.sum(), size=1000).astype(float) for c in (people, bots, counts)]
    low, high = np.quantile(_mixture(*draws), [0.0005, 0.9995])
    left = distance(reference.at(value)(reference.profile["scores"]["counts"]), counts)
    return {"value": value, "low": min(float(low), value), "high": max(float(high), value), "misfit": left.psi}


def _mixture(people: np.ndarray, bots: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Most likely share of bots per row, by expectation and maximisation; arrays of shape (n_draws, n_bins)."""
    p = (people + 0.5) / (people + 0.5).sum(axis=1, keepdims=True)
    b = (bots + 0.5) / (bots + 0.5).sum(axis=1, keepdims=True)
    share = np.full((len(counts), 1), 0.5)
    for _ in range(500):
        of_bots = share * b / (share * b + (1 - share) * p)
        new = (counts * of_bots).sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)
        if np.abs(new - share).max() < 1e-7:
            return new[:, 0]
        share = new
    return share[:, 0]


def push_drift(reference: Mixed, batch: Profile) -> list[PushDrift]:
    """Mean contributions beside those of the reference; empty when either side has too few explained accounts."""
    then, now = reference.profile["attributions"], batch["attributions"]
    n, m = float(reference(then["accounts"])), float(now["accounts"][0])
    if min(n, m) < 30:  # a mean of fewer is not normal enough for the test
        return []
    out = []
    for name, said in then["features"].items():
        mine = now["features"][name]
        sums = [np.array([reference(said[k]), mine[k][0]]) for k in ("sum", "squares", "sizes")]
        size = np.array([n, m])
        push, square, mean_size = (s / size for s in sums)
        p_values, changes = [], []
        for mean in (push, mean_size):
            spread = float((np.maximum(square - mean**2, 0) / (size - 1)).sum())
            change = float(mean[1] - mean[0])
            p_values.append(_two_sided(change, spread))
            changes.append(change)
        larger = max(changes, key=abs)
        p_value = min(1.0, 2 * min(p_values))
        means = (float(push[1]), float(push[0]), float(mean_size[1]), float(mean_size[0]))
        out.append(PushDrift(name, *means, p_value=p_value, change=larger))
    return out


def _two_sided(change: float, variance: float) -> float:
    from scipy.stats import norm

    if variance <= 0:
        return 1.0 if change == 0 else 0.0
    return float(2 * norm.sf(abs(change) / variance**0.5))


def value_drift(reference: Mixed, batch: Profile, cut: str | None) -> list[ValueDrift]:
    """Every value of every category that both sides counted, and the share flagged within it at ``cut``."""
    out = []
    for category, now in sorted(batch["categories"].items()):
        then = reference.profile["categories"].get(category)
        if then is None:
            continue
        m = sum(v["accounts"][0] for v in now.values())
        n = sum(float(reference(v["accounts"])) for v in then.values())
        for value in sorted({*now, *then} - {OTHER}):
            mine, old = now.get(value), then.get(value)
            k = mine["accounts"][0] if mine else 0
            before = float(reference(old["accounts"])) if old else 0.0
            # Beyond the values that were kept apart, a reference cannot tell rare from new.
            new = not old and OTHER not in then and value != MISSING
            hits = mine["flagged"][cut][0] if mine and cut else 0
            hits_before = float(reference(old["flagged"][cut])) if old and cut and cut in old["flagged"] else 0.0
            out.append(
                ValueDrift(
                    category=category,
                    value=value,
                    accounts=k,
                    reference=before,
                    share=k / max(m, 1),
                    share_reference=before / max(n, 1.0),
                    p_value=exact(before, n, k, m) if old or OTHER not in then else 1.0,
                    flagged=hits / k if k and cut else None,
                    flagged_reference=hits_before / before if before and cut else None,
                    flagged_p=exact(hits_before, before, hits, k) if k and before and cut else 1.0,
                    new=new,
                )
            )
    return out


def rows_of(table: Sequence[Any]) -> list[dict[str, Any]]:
    """Dataclasses as JSON rows."""
    return [asdict(row) for row in table]
