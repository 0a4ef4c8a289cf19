"""Quality for whom: metrics with intervals and counts per language, platform, age, audience, activity and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import beta, binomtest

from models.metrics import Scores, measure
from models.thresholds import ALLOW, TIERS

UNKNOWN = "unknown"
OTHER = "other"
# Languages shown by name; the rest are one slice, too small to tell apart.
MOST_LANGUAGES = 8
# Below this many accounts a slice is counted but not measured: its intervals would span most of 0 to 1.
FEWEST = 30
# A slice breaks its ceiling when that many false positives are this unlikely under it, all slices of a tier together.
DOUBT = 0.05

# Columns of accounts that slices are made of.
ABOUT = (
    "account_id",
    "platform",
    "language",
    "created_at",
    "observed_at",
    "followers_count",
    "posts_count",
)
AGE_DAYS = ((30, "under 30 days"), (365, "30 days to 1 year"), (1095, "1 to 3 years"), (2190, "3 to 6 years"))
FOLLOWERS = ((10, "under 10"), (100, "10 to 99"), (1_000, "100 to 999"), (10_000, "1,000 to 9,999"))
POSTS_PER_DAY = ((1 / 30, "under 1 a month"), (1 / 7, "1 a month to 1 a week"), (1, "1 a week to 1 a day"))


@dataclass(frozen=True)
class Dimension:
    """One way to slice accounts; ``of`` gives the slice of each row."""

    name: str
    says: str
    of: Callable[[pd.DataFrame], np.ndarray]


def share_interval(hits: int, of: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share: ``hits`` out of ``of``; 0 to 1 when ``of`` is 0."""
    if of == 0:
        return 0.0, 1.0
    side = (1 - level) / 2
    low = float(beta.ppf(side, hits, of - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - side, hits + 1, of - hits)) if hits < of else 1.0
    return low, high


def _banded(values: pd.Series, bands: Sequence[tuple[float, str]], beyond: str) -> np.ndarray:
    number = values.to_numpy(dtype=np.float64, na_value=np.nan)
    names = np.array([name for _, name in bands] + [beyond], dtype=object)
    place = np.searchsorted([end for end, _ in bands], np.nan_to_num(number, nan=0.0), side="right")
    return np.where(np.isfinite(number), names[place], UNKNOWN)


def _named(values: pd.Series, most: int | None = None) -> np.ndarray:
    text = values.astype("string").fillna("").str.strip()
    text = text.mask(text == "", UNKNOWN)
    if most is not None:
        counts = text[text != UNKNOWN].value_counts()
        kept = sorted(counts.index, key=lambda name: (-counts[name], name))[:most]
        text = text.where(text.isin([*kept, UNKNOWN]), OTHER)
    return text.to_numpy(dtype=object)


def _language(rows: pd.DataFrame) -> np.ndarray:
    return _named(rows["language"].astype("string").str.casefold().str.slice(0, 8), MOST_LANGUAGES)


def _activity(rows: pd.DataFrame) -> np.ndarray:
    return _banded(rows["posts"] / rows["age_days"].clip(lower=1), POSTS_PER_DAY, "over 1 a day")


DIMENSIONS: dict[str, Dimension] = {
    d.name: d
    for d in (
        Dimension("source", "the data set the label came from", lambda rows: _named(rows["source"])),
        Dimension("platform", "where the account lives", lambda rows: _named(rows["platform"])),
        Dimension("language", "language of the profile", _language),
        Dimension(
            "account_age", "age when it was judged", lambda rows: _banded(rows["age_days"], AGE_DAYS, "over 6 years")
        ),
        Dimension("audience", "followers", lambda rows: _banded(rows["followers"], FOLLOWERS, "10,000 and more")),
        Dimension("activity", "posts per day of its life", _activity),
    )
}


def slice_accounts(
    known: pd.DataFrame, accounts: pd.DataFrame | None = None, features: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The slice each account falls into, by each dimension.

    Parameters
    ----------
    known : DataFrame with account_id and, where they are known, source and platform
    accounts : canonical accounts; gives language, platform, age, followers and posts
    features : account_id with followers, age_days or posts measured otherwise; used where ``accounts`` is silent

    Returns
    -------
    DataFrame, one row per row of ``known`` in its order: account_id and one str column per dimension
    """
    ids = known["account_id"]
    nothing = pd.Series([None] * len(known), dtype=object)
    none = pd.DataFrame({"account_id": []})
    told = {
        name: table.set_index("account_id").reindex(ids).reset_index(drop=True)
        for name, table in (
            ("accounts", none if accounts is None else accounts),
            ("features", none if features is None else features),
            ("known", known),
        )
    }

    def first(*places: tuple[str, str]) -> pd.Series:
        """The first of ``places`` that is known, row by row."""
        found = nothing
        for table, column in places:
            if column in told[table]:
                found = found.where(found.notna(), told[table][column].astype(object))
        return found

    age = nothing
    if "created_at" in told["accounts"] and "observed_at" in told["accounts"]:
        opened, read = (pd.to_datetime(told["accounts"][c], utc=True) for c in ("created_at", "observed_at"))
        days = (read - opened).dt.total_seconds() / 86_400
        age = days.where(days >= 0).astype(object)
    measured = first(("features", "age_days"))
    rows = pd.DataFrame(
        {
            "source": first(("known", "source")),
            "platform": first(("known", "platform"), ("accounts", "platform")),
            "language": first(("accounts", "language")),
            "age_days": pd.to_numeric(age.where(age.notna(), measured)),
            "followers": pd.to_numeric(first(("accounts", "followers_count"), ("features", "followers"))),
            "posts": pd.to_numeric(first(("accounts", "posts_count"), ("features", "posts"))),
        }
    )
    return pd.DataFrame({"account_id": ids.to_numpy()} | {d.name: d.of(rows) for d in DIMENSIONS.values()})


def slice_labelled(
    oof: pd.DataFrame, folds: pd.DataFrame, accounts: pd.DataFrame | None, features: pd.DataFrame
) -> pd.DataFrame:
    """``slice_accounts`` of the rows of ``oof``, in their order, from all that a run knows of the accounts."""
    known = oof[["account_id"]].merge(folds[["account_id", "source", "platform"]], on="account_id", how="left")
    return slice_accounts(known, accounts, features)


def measure_slices(
    scored: pd.DataFrame,
    slices: pd.DataFrame,
    *,
    tiers: Sequence[str],
    ceilings: Mapping[str, float],
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Metrics, counts and false positives of every slice.

    Parameters
    ----------
    scored : DataFrame with account_id, is_bot, bot_probability that the model gave without seeing the account, and
        tier by thresholds that the account had no part in (``models.policy.land_out_of_fold``)
    slices : what ``slice_accounts`` says of the same accounts
    tiers : whose false positives are counted: people who land in the tier or a harsher one
    ceilings : tier -> largest share of the people of any slice that may be so; a tier without one cannot fail
    resamples, level, seed : of the bootstrap

    Returns
    -------
    list of JSON values, one per slice, dimensions in their order and slices by name: dimension, slice, accounts,
    bots, people, metrics (None in a slice of fewer than ``FEWEST`` accounts) and false_positives, which holds per
    tier: ceiling, called, value, low, high (None without people), and breaks
    """
    known = scored.merge(slices, on="account_id", how="left", suffixes=("", "_of_slice"), validate="one_to_one")
    bot = known["is_bot"].to_numpy(dtype=bool)
    p = known["bot_probability"].to_numpy(dtype=np.float64)
    harsh = known["tier"].map({tier: i for i, tier in enumerate((*TIERS, ALLOW))}).to_numpy(dtype=np.int64)
    found = []
    for name in DIMENSIONS:
        column = known[f"{name}_of_slice" if f"{name}_of_slice" in known else name].fillna(UNKNOWN).to_numpy(dtype=str)
        for value in np.unique(column):
            here = np.flatnonzero(column == value)
            one: dict[str, Any] = {
                "dimension": name,
                "slice": str(value),
                "accounts": len(here),
                "bots": int(bot[here].sum()),
                "people": int((~bot[here]).sum()),
                "metrics": None,
            }
            if len(here) >= FEWEST:
                values, _ = measure(bot[here], {"model": Scores(p[here])}, resamples=resamples, level=level, seed=seed)
                one["metrics"] = {m: v for m, v in values["model"].items() if m not in ("f1", "mcc")}
            people = harsh[here][~bot[here]]
            one["false_positives"] = {
                tier: _false_positives(people <= TIERS.index(tier), ceilings.get(tier), level) for tier in tiers
            }
            found.append(one)
    _judge(found, ceilings)
    return found


def _false_positives(reached: np.ndarray, ceiling: float | None, level: float) -> dict[str, Any]:
    """Share of people who reached a tier, bool of shape (people,), with its interval."""
    called = int(reached.sum())
    low, high = share_interval(called, len(reached), level)
    share = called / len(reached) if len(reached) else None
    return {
        "ceiling": ceiling,
        "called": called,
        "value": None if share is None else round(share, 6),
        "low": None if share is None else round(low, 6),
        "high": None if share is None else round(high, 6),
        "breaks": False,
    }


def _judge(found: list[dict[str, Any]], ceilings: Mapping[str, float]) -> None:
    """Mark the slices whose false positives the ceiling cannot explain (binomial test, Bonferroni over slices)."""
    for tier, ceiling in ceilings.items():
        tested = [s for s in found if s["people"] and tier in s["false_positives"]]
        for one in tested:
            told = one["false_positives"][tier]
            if told["called"]:
                chance = binomtest(told["called"], one["people"], min(ceiling, 1.0), alternative="greater").pvalue
                told["breaks"] = bool(chance < DOUBT / len(tested))


def broken(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for every slice and tier that breaks its ceiling; the gate fails unless there is none."""
    return [
        f"{one['dimension']} {one['slice']}: {told['called']:,} of {one['people']:,} people ({told['value']:.2%}) "
        f"reach {tier}; the ceiling is {told['ceiling']:.2%}."
        for one in found
        for tier, told in one["false_positives"].items()
        if told["breaks"]
    ]


def describe_dimensions() -> list[dict[str, str]]:
    """Name and meaning of every dimension, for pages."""
    return [{k: v for k, v in asdict(d).items() if k != "of"} for d in DIMENSIONS.values()]
