"""A few hundred accounts in canonical tables, and a model that scores them, for tests of jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

NOW = datetime(2026, 6, 1, tzinfo=UTC)
COLUMNS = (
    "followers",
    "following",
    "posts_published",
    "age_days",
    "has_picture",
    "bio_length",
    "followers_per_following",
)
SMALL = Featurize(memory="1GB", threads=1)


def write_accounts(folder: Path, n: int, seed: int, labels: bool = True, **changes: Any) -> TableFiles:
    """Canonical tables of ``n`` accounts, a third of them bots; ``changes`` replaces columns of accounts."""
    rng = np.random.default_rng(seed)
    is_bot = rng.random(n) < 1 / 3
    ids = [f"{seed}-{i:05d}" for i in range(n)]
    columns: dict[str, Any] = {
        "account_id": ids,
        "platform": ["town"] * n,
        "username": [f"name{i}" for i in range(n)],
        "description": ["x" * int(k) for k in rng.poisson(np.where(is_bot, 10, 40))],
        "created_at": [NOW - timedelta(days=int(d)) for d in rng.lognormal(np.where(is_bot, 6, 7), 0.7) + 1],
        "observed_at": [NOW] * n,
        "followers_count": rng.lognormal(np.where(is_bot, 3, 5), 1.2).astype(int),
        "following_count": rng.lognormal(np.where(is_bot, 6, 5), 1).astype(int),
        "posts_count": rng.lognormal(4, 1.5, n).astype(int),
        "has_avatar": (rng.random(n) < np.where(is_bot, 0.6, 0.95)).tolist(),
        "language": rng.choice(["en", "es"], n).tolist(),
    } | changes
    write(folder, "accounts", columns)
    author = rng.integers(0, n, 3 * n)
    write(
        folder,
        "posts",
        {
            "post_id": [f"p{i}" for i in range(3 * n)],
            "account_id": [ids[a] for a in author],
            "created_at": [NOW - timedelta(hours=int(h)) for h in rng.integers(1, 2000, 3 * n)],
        },
    )
    if labels:
        write(folder, "labels", {"account_id": ids, "is_bot": is_bot.tolist(), "source": ["town"] * n})
    return TableFiles.open(folder)


def write(folder: Path, name: str, columns: dict[str, Any]) -> None:
    """One canonical table; columns that are not given are null."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = TABLES[name].schema
    n = len(next(iter(columns.values())))
    arrays = [pa.array(columns.get(f.name, [None] * n), f.type) for f in schema]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f"{name}.parquet")


@dataclass
class SmallModel:
    """What jobs need of a model, trained on a few columns in a moment."""

    booster: Any
    columns: tuple[str, ...] = COLUMNS
    references: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] | None = None
    bot_share: float | None = None
    declarations: tuple[dict[str, Any], ...] = ()
    version: str = "model-1"
    feature_hash: str = "0" * 32

    def probabilities(self, matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        p = np.asarray(self.booster.predict(matrix, num_threads=1))
        return p, np.maximum(p - 0.05, 0), np.minimum(p + 0.05, 1)

    def given(self, columns: Collection[str]) -> SmallModel:
        return self


def small_model(folder: Path, n: int = 1500) -> SmallModel:
    """A model trained on accounts of seed 0, its profile from half of them that it has not seen."""
    import lightgbm as lgb

    from models.contributions import contributions
    from models.drift import profile
    from pipeline.engine import featurize_tables
    from pipeline.profiling import categories_of, table_facts

    tables = write_accounts(folder, n, seed=0)
    features = featurize_tables(tables, None, SMALL, {}, only=COLUMNS).table().to_pandas()
    accounts = tables.read("accounts").sort_values("account_id", ignore_index=True)
    truth = tables.read("labels").set_index("account_id")["is_bot"].reindex(features["account_id"]).to_numpy()
    matrix = features[list(COLUMNS)].to_numpy(dtype=np.float64)
    learn = np.arange(n) % 2 == 0
    settings = {
        "objective": "binary",
        "num_threads": 1,
        "verbose": -1,
        "seed": 0,
        "deterministic": True,
        "num_leaves": 7,
    }
    booster = lgb.train(settings, lgb.Dataset(matrix[learn], truth[learn].astype(int)), num_boost_round=30)
    model = SmallModel(booster)
    held = ~learn
    model.profile = profile(
        matrix[held],
        COLUMNS,
        probability=model.probabilities(matrix[held])[0],
        is_bot=truth[held],
        cuts={"discount": 0.5, "review": 0.8},
        categories=categories_of(accounts[held].reset_index(drop=True)),
        attributions=(np.arange(held.sum()), contributions(model, matrix[held])[1]),
        tables=table_facts(tables, SMALL),
    )
    return model
