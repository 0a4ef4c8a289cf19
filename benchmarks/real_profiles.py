"""Profiles of real labelled accounts as plain numbers: what the town is fitted to and compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SOURCES = ("cresci-2017", "human-bots-2021", "nyu-2017")  # mib-2015 repeats accounts of cresci-2017
NUMBERS = (
    "followers",
    "following",
    "posts",
    "likes_given",
    "listed",
    "age_days",
    "username_length",
    "username_digits",
    "display_name_length",
    "bio_length",
)
FLAGS = ("avatar", "banner", "url", "location", "verified", "protected")


def numbers_of(accounts: pd.DataFrame) -> pd.DataFrame:
    """One float column per name in NUMBERS and FLAGS, NaN where a source does not tell."""
    counts = ("followers", "following", "posts", "likes_given", "listed")
    found = {name: accounts[f"{name}_count"].astype("float64") for name in counts}
    found["age_days"] = (accounts.observed_at - accounts.created_at).dt.total_seconds() / 86400
    username, display = accounts.username.astype("string"), accounts.display_name.astype("string")
    found["username_length"] = username.str.len().astype("float64")
    found["username_digits"] = username.str.count(r"[0-9]").astype("float64")
    found["display_name_length"] = display.str.len().astype("float64")
    found["bio_length"] = accounts.description.astype("string").str.len().astype("float64")
    found |= {
        "avatar": accounts.has_avatar.astype("float64"),
        "banner": accounts.has_banner.astype("float64"),
        "url": _named(accounts.url),
        "location": _named(accounts.location),
        "verified": accounts.verified.astype("float64"),
        "protected": accounts.protected.astype("float64"),
    }
    return pd.DataFrame(found, index=accounts.index)


def _named(text: pd.Series) -> pd.Series:
    """1 where something is written, 0 where the text is empty, NaN where it is unknown."""
    return text.astype("string").str.len().astype("float64").clip(upper=1)


def read_profiles(tables: Path) -> pd.DataFrame:
    """Numbers of every account in canonical ``tables`` with its source, kind and is_bot; what a source lacks is NaN."""
    accounts = pd.read_parquet(tables / "accounts.parquet")
    labels = pd.read_parquet(tables / "labels.parquet", columns=["account_id", "is_bot", "kind", "source"])
    joined = accounts.merge(labels, on="account_id").reset_index(drop=True)
    joined = joined[joined.source.isin(SOURCES)].reset_index(drop=True)
    profiles = pd.concat([joined[["source", "is_bot", "kind"]], numbers_of(joined)], axis=1)
    # A source that never tells a column has a constant there: unknown, not absent.
    for source in SOURCES:
        rows = profiles.source == source
        for column in (*NUMBERS, *FLAGS):
            values = profiles.loc[rows, column].dropna()
            if values.empty or values.min() == values.max():
                profiles.loc[rows, column] = np.nan
    profiles[list(NUMBERS)] = profiles[list(NUMBERS)].where(profiles[list(NUMBERS)] >= 0)
    return profiles


def weights(profiles: pd.DataFrame) -> pd.Series:
    """A weight per row so that every source counts the same within people and within bots."""
    return 1 / profiles.groupby(["source", "is_bot"]).is_bot.transform("size")
