"""A whole training on a few hundred made-up accounts, in memory: what the stages after it read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from models.bundle import to_files
from models.kindtraining import train_kinds
from models.settings import Search, Train
from models.training import Labelled, train_model

QUICK = Train(threads=1, trees=60, patience=20, members=1, learning_rate=0.2, search=Search(trials=0))
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
# name, family, unit, says
COLUMNS = (
    ("followers", "profile", "count", "it has {value:,.0f} followers (people: {usual})"),
    ("age_days", "profile", "days", "it is {value:,.0f} days old (people: {usual})"),
    ("digits_share", "name", "share", "{value:.0%} of its name are digits (people: {usual})"),
    ("gaps_under_5s", "activity", "share", "{value:.0%} of gaps are short (people: {usual})"),
    ("has_picture", "profile", "flag", "picture of its own: {value} (people: {usual})"),
)


def accounts(seed: int, n: int = 500, noise: float = 1.0, prefix: str = "a") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and folds of ``n`` accounts; a bot has few followers and many digits, or short gaps, but not always."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    hidden = 1.5 * x[:, 2] - x[:, 0] + 2 * (x[:, 3] > 1) * (x[:, 0] > 0) + 1.5 * x[:, 1] * x[:, 2]
    is_bot = hidden + noise * rng.normal(size=n) > 0.5
    values = {
        "followers": np.round(np.exp(4 + x[:, 0])),
        "age_days": np.round(np.exp(6 + x[:, 1])),
        "digits_share": 1 / (1 + np.exp(-x[:, 2])),
        "gaps_under_5s": np.where(rng.random(n) < 0.2, np.nan, 1 / (1 + np.exp(-x[:, 3]))),
        "has_picture": (x[:, 4] > 0).astype(float),
    }
    ids = [f"{prefix}{i:05d}" for i in range(n)]
    features = pd.DataFrame(
        {"account_id": ids, "as_of": pd.Series([AS_OF] * n).astype("datetime64[us, UTC]"), **values}
    )
    source = np.where(np.arange(n) % 2 == 0, "here", "there")
    folds = pd.DataFrame(
        {
            "account_id": ids,
            "source": source,
            "is_bot": is_bot,
            "kind": np.where(is_bot, "spam_bot", "human"),
            "platform": "town",
            "group": ids,
            "by": "group",
            "fold": np.arange(n) % 5,
            "source_fold": (source == "there").astype(int),
        }
    )
    return features, folds


@cache
def training(
    seed: int = 0, noise: float = 1.0, prefix: str = "a", trees: int = 60, kinds: bool = False
) -> dict[str, Any]:
    """features, folds, references, model (files), oof, kinds, baselines and study; ``kinds`` more of bots to tell."""
    features, folds = accounts(seed, noise=noise, prefix=prefix)
    declared = [
        {
            "name": n,
            "family": f,
            "unit": u,
            "says": s,
            "summary": f"What {n} is.",
            "missing": "never",
            "low": 0,
            "high": None,
        }
        for n, f, u, s in COLUMNS
    ]
    if kinds:  # of bots, those with few followers follow for money
        poor = folds["is_bot"] & (features["followers"] < features["followers"].median())
        folds = folds.assign(kind=np.where(poor, "fake_follower", folds["kind"]))
    references = {"features.json": json.dumps({"features": declared, "hash": "f" * 32}).encode()}
    made = train_model(features, folds, references, QUICK.model_copy(update={"trees": trees}))
    labelled = Labelled.join(features, folds)
    told = train_kinds(labelled.x, labelled.columns, labelled.known, made.oof, QUICK)
    return {
        "features": features,
        "folds": folds,
        "references": references,
        "model": to_files(replace(made.model, kinds=told.model)),
        "oof": made.oof,
        "kinds": told.said,
        "baselines": made.baselines,
        "study": made.study,
    }
