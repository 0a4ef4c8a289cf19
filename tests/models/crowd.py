"""A small crowd of labelled accounts whose features tell bots from people, but not perfectly."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.folds import split_accounts
from models.settings import Search, Split, Train

QUICK = Train(trees=60, patience=30, learning_rate=0.1, leaves=8, search=Search(trials=3))


def crowd(n: int = 400, seed: int = 0, sources: tuple[str, ...] = ("one", "two"), noise: float = 1.0):
    """Accounts, labels and features of ``n`` accounts; every third is a bot, ``told`` is higher for bots."""
    random = np.random.default_rng(seed)
    ids = [f"a{i:05d}" for i in range(n)]
    bot = np.arange(n) % 3 == 0
    at = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(random.integers(0, 100, n), unit="D")
    # The letters are the number, so that no two handles share a pattern.
    names = ["".join(chr(97 + int(d)) for d in f"{i:05d}") for i in range(n)]
    accounts = pd.DataFrame({"account_id": ids, "platform": "x", "username": names, "observed_at": at})
    labels = pd.DataFrame(
        {
            "account_id": ids,
            "is_bot": bot,
            "kind": np.where(bot, "like_bot", "human"),
            "source": [sources[i % len(sources)] for i in range(n)],
            "labelled_at": pd.Series([pd.NaT] * n, dtype="datetime64[us, UTC]"),
        }
    )
    features = pd.DataFrame(
        {
            "account_id": ids,
            "as_of": at,
            "told": bot * 2.0 + random.normal(size=n) * noise,
            "half": np.where(random.random(n) < 0.5, np.nan, bot + random.normal(size=n)),
            "chance": random.normal(size=n),
            "same": 1.0,
            "empty": np.nan,
        }
    )
    return accounts, labels, features


def folded(n: int = 400, seed: int = 0, split: Split | None = None, **crowd_settings):
    """Features and folds of a crowd."""
    accounts, labels, features = crowd(n, seed, **crowd_settings)
    return features, split_accounts(accounts, labels, split or Split(folds=4))
