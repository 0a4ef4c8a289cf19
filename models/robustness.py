"""The cost of evading: what is still detected after an operator makes bots look like people where that is affordable.

Two operators are played, level by level of what evading a feature costs (``features.declare.EVADE``). One moves every
feature to the values people have, keeping its bots in their order (``quantiles``). The stronger one copies, for each
bot, all the features it can afford from one real person (``person``), so they also fit together. People score as they
did, so thresholds stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.errors import BadInput
from models.metrics import Scores, measure
from models.slices import share_interval

Mimicry = Literal["quantiles", "person"]
MIMICRIES: tuple[Mimicry, ...] = ("quantiles", "person")
LEVELS = ("free", "cheap", "rented", "expensive")  # each level pays for those before it as well
# Fewer people than this cannot be imitated without copying one of them again and again: a wider circle is taken.
FEWEST_MODELS = 20
SHOWN = ("roc_auc", "average_precision", "recall_at_1pct_fpr")

# Probability of every row, by a model that did not learn from accounts of the fold given with it.
Score = Callable[[pd.DataFrame, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Known:
    """Labelled accounts with what a mimic needs to know of them; rows aligned, sorted by account_id."""

    x: pd.DataFrame  # one float64 column per feature, NaN missing
    is_bot: np.ndarray
    fold: np.ndarray
    circle: np.ndarray  # who could be imitated: people of the same source
    kind: np.ndarray


def evasion(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    evade: Mapping[str, str],
    family: Mapping[str, str],
    score: Score,
    *,
    thresholds: Mapping[str, float | None],
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Any]:
    """What remains detected after each level of evasion, and after evading each family alone.

    Parameters
    ----------
    features : DataFrame with account_id and one float64 column per feature of the model, NaN missing
    folds : account_id, source, is_bot, kind, fold; rows with a negative fold are left out
    evade : feature -> what evading it costs, one of ``LEVELS``; a feature that is not named counts as expensive
    family : feature -> its family
    score : function of features (n, f) and folds (n,) that gives probabilities of shape (n,), each by a model that
        did not learn from accounts of that fold
    thresholds : tier -> probability at and above which an account is in it or a harsher one; None: nobody is
    resamples, level, seed : of the bootstrap; the seed also chooses whom to copy

    Returns
    -------
    JSON value: ``untouched`` and, per level and family, the number of features ``changed``, per mimicry the metrics
    with their difference to ``untouched`` (value, low, high), per tier the share of bots still ``caught``, and per
    kind the share still caught at the mildest tier

    Raises
    ------
    BadInput
        When no labelled person or no bot is left to compare.
    """
    known = _known(features, folds)
    bots = np.flatnonzero(known.is_bot)
    before = score(known.x, known.fold)
    columns = list(known.x.columns)
    cost = {c: evade.get(c, LEVELS[-1]) for c in columns}
    families = sorted({family.get(c, "other") for c in columns})
    plans = [(name, [c for c in columns if LEVELS.index(cost[c]) <= i]) for i, name in enumerate(LEVELS)]
    alone = [(name, [c for c in columns if family.get(c, "other") == name]) for name in families]
    told: dict[str, list[dict[str, Any]]] = {"levels": [], "families": []}
    for place, wanted in (("levels", plans), ("families", alone)):
        for name, changed in wanted:
            one: dict[str, Any] = {"name": name, "changed": len(changed), "of": len(columns)}
            for mimicry in MIMICRIES if place == "levels" else MIMICRIES[1:]:
                after = before.copy()
                if changed:
                    after[bots] = score(mimic(known, changed, mimicry, seed).iloc[bots], known.fold[bots])
                one[mimicry] = _remains(known, before, after, thresholds, resamples, level, seed)
            told[place].append(one)
    untouched = _remains(known, before, before, thresholds, resamples, level, seed)
    return {
        "untouched": untouched,
        **told,
        "accounts": len(known.x),
        "bots": int(known.is_bot.sum()),
        "says": _says(untouched, told["levels"]),
    }


def mimic(known: Known, columns: Collection[str], mimicry: Mimicry, seed: int) -> pd.DataFrame:
    """Features after the bots have made ``columns`` look like people's; rows of people stay.

    Imitated are people of the same source and fold (a model that learned from the very person would be fooled by
    memory), else people of the same fold, else any.

    Parameters
    ----------
    known : Known
    columns : features the operator can afford to change
    mimicry : ``quantiles``: each bot gets the value at its own rank among people, missing values included;
        ``person``: each bot copies all ``columns`` of one person
    seed : int, chooses ranks among equal values and persons to copy
    """
    x = known.x.copy()
    random = np.random.default_rng(seed)
    bots = np.flatnonzero(known.is_bot)
    wanted = sorted(columns)
    values = x[wanted].to_numpy(dtype=np.float64, copy=True)
    original = values.copy()
    for fold in np.unique(known.fold[bots]):
        for circle in np.unique(known.circle[bots]):
            here = bots[(known.fold[bots] == fold) & (known.circle[bots] == circle)]
            if not len(here):
                continue
            people = _models(known, fold, circle)
            if mimicry == "person":
                values[here] = original[random.choice(people, len(here))]
                continue
            for j in range(len(wanted)):
                values[here, j] = _ranked_into(original[here, j], original[people, j], random)
    x[wanted] = values
    return x


def _models(known: Known, fold: int, circle: str) -> np.ndarray:
    """Positions of the people a bot of ``fold`` and ``circle`` can imitate."""
    person = ~known.is_bot
    for who in (person & (known.fold == fold) & (known.circle == circle), person & (known.fold == fold), person):
        if who.sum() >= FEWEST_MODELS:
            return np.flatnonzero(who)
    return np.flatnonzero(person)


def _ranked_into(bots: np.ndarray, people: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The value at each bot's rank among ``people``; missing counts as below every value, equal values by chance."""
    order = np.lexsort((random.random(len(bots)), np.where(np.isnan(bots), -np.inf, bots)))
    rank = np.empty(len(bots))
    rank[order] = (np.arange(len(bots)) + 0.5) / len(bots)
    ranked = np.sort(np.where(np.isnan(people), -np.inf, people))
    found = ranked[np.minimum((rank * len(ranked)).astype(int), len(ranked) - 1)]
    return np.where(np.isneginf(found), np.nan, found)


def _known(features: pd.DataFrame, folds: pd.DataFrame) -> Known:
    used = folds[folds["fold"] >= 0].sort_values("account_id", ignore_index=True)
    bot = used["is_bot"].to_numpy(dtype=bool)
    if not bot.any() or bot.all():
        raise BadInput(
            "robustness",
            expected="labelled bots, and people for them to imitate",
            got=f"{int(bot.sum()):,} bots and {int((~bot).sum()):,} people",
            todo="Give labelled accounts of both classes.",
        )
    x = features.set_index("account_id").reindex(used["account_id"]).reset_index(drop=True)
    x = x[[c for c in x.columns if pd.api.types.is_numeric_dtype(x[c])]].astype(np.float64)
    kind = used["kind"].astype("string").fillna("bot").to_numpy(dtype=str)
    return Known(x, bot, used["fold"].to_numpy(), used["source"].to_numpy(dtype=str), kind)


def _remains(
    known: Known,
    before: np.ndarray,
    after: np.ndarray,
    thresholds: Mapping[str, float | None],
    resamples: int,
    level: float,
    seed: int,
) -> dict[str, Any]:
    values, moved = measure(
        known.is_bot,
        {"after": Scores(after), "before": Scores(before)},
        resamples=resamples,
        level=level,
        seed=seed,
    )
    bots = known.is_bot
    mildest = _mildest(thresholds)
    return {
        "metrics": {m: values["after"][m] for m in SHOWN},
        "moved": {m: moved["before"][m] for m in SHOWN},
        "caught": {tier: _caught(after[bots], cut, level) for tier, cut in thresholds.items()},
        "kinds": {
            str(kind): _caught(after[bots & (known.kind == kind)], mildest, level)
            for kind in np.unique(known.kind[bots])
        },
    }


def _mildest(thresholds: Mapping[str, float | None]) -> float | None:
    cuts = [cut for cut in thresholds.values() if cut is not None]
    return min(cuts) if cuts else None


def _caught(p: np.ndarray, cut: float | None, level: float) -> dict[str, Any]:
    hits = 0 if cut is None else int((p >= cut).sum())
    low, high = share_interval(hits, len(p), level)
    share = hits / len(p) if len(p) else 0.0
    return {"bots": len(p), "value": round(share, 6), "low": round(low, 6), "high": round(high, 6)}


def _says(untouched: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence per level, for a page or a log."""
    first = untouched["metrics"]["average_precision"]["value"]
    said = []
    for one in levels:
        if not one["changed"]:
            said.append(f"No feature is {one['name']} to evade.")
            continue
        after = one["person"]["metrics"]["average_precision"]
        said.append(
            f"With its {one['changed']} {_up_to(one['name'])} features copied from a person, a bot is found with "
            f"average precision {after['value']:.3f} ({after['low']:.3f} to {after['high']:.3f}), "
            f"where it was {first:.3f}."
        )
    return said


def _up_to(level: str) -> str:
    names = LEVELS[: LEVELS.index(level) + 1]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
