"""What a profile needs beside features: facts of whole tables, and categories of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from features.tables import TABLES
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import pandas as pd

    from models.bundle import Model

# Columns of accounts that categories are made of.
COLUMNS = ("platform", "language", "verified", "created_at", "observed_at", "followers_count", "posts_count")
DAY_S = 86_400.0
EXPLAINED = 1000  # training accounts whose contributions are counted


def categories_of(accounts: pd.DataFrame) -> dict[str, list[str | None]]:
    """Categories that are watched, by name; a value per row of ``accounts`` (account_id and ``COLUMNS``)."""
    from models.slices import UNKNOWN, slice_accounts

    bands = slice_accounts(accounts[["account_id"]], accounts)
    # Whole names, unlike the slices of an evaluation: a language nobody has seen is news.
    verified = accounts["verified"].astype(object).map({True: "yes", False: "no"})
    values: dict[str, Iterable[Any]] = {
        "platform": accounts["platform"].astype(object),
        "language": accounts["language"].astype("string").str.casefold().str.slice(0, 8).astype(object),
        "verified": verified,
        **{name: bands[name] for name in ("account_age", "audience", "activity")},
    }
    return {
        name: [v if isinstance(v, str) and v != UNKNOWN else None for v in column] for name, column in values.items()
    }


def training_profile(
    model: Model, features: pd.DataFrame, oof: pd.DataFrame, tables: TableFiles | None
) -> dict[str, Any]:
    """What monitoring compares later batches with: counts of the labelled accounts, by out-of-fold probabilities.

    Parameters
    ----------
    model : the trained model
    features : account_id and the model's columns, also of other accounts
    oof : account_id, is_bot, fold and bot_probability of the accounts that were tested
    tables : canonical tables, for categories and volumes; without them those are not watched
    """
    import numpy as np

    from models.contributions import contributions
    from models.drift import Sample, profile

    known = features.set_index("account_id").loc[oof["account_id"]].reset_index()
    matrix = model.matrix(known)
    sample = Sample(EXPLAINED)
    sample.add(known["account_id"], np.arange(len(known))[:, None])
    rows = sample.values[:, 0].astype(np.int64)
    return profile(
        matrix,
        model.columns,
        probability=oof["bot_probability"].to_numpy(dtype=np.float64),
        is_bot=oof["is_bot"].to_numpy(dtype=bool),
        cuts=cuts_of(model.tiers),
        categories=categories_of(accounts_of(tables, known["account_id"])) if tables else None,
        attributions=(rows, contributions(model, matrix[rows])[1]),
        tables=table_facts(tables, Featurize()) if tables else None,
        fitted={d["name"] for d in model.declarations if d.get("fitted")},
        fold=oof["fold"].to_numpy(),
    )


def cuts_of(tiers: Mapping[str, float | None]) -> dict[str, float]:
    """Threshold of every tier that somebody can enter."""
    return {tier: float(cut) for tier, cut in tiers.items() if cut is not None}


def accounts_of(tables: TableFiles, ids: pd.Series) -> pd.DataFrame:
    """account_id and ``COLUMNS`` of some accounts, in their order; what a table lacks is missing."""
    import pandas as pd
    import pyarrow.parquet as pq

    parts = []
    for path in tables.files["accounts"]:
        given = set(pq.read_schema(path).names)
        part = pq.read_table(path, columns=["account_id", *(c for c in COLUMNS if c in given)]).to_pandas()
        parts.append(part.reindex(columns=["account_id", *COLUMNS]))
    whole = pd.concat(parts, ignore_index=True).drop_duplicates("account_id").set_index("account_id")
    return whole.reindex(ids).reset_index()


def table_facts(tables: TableFiles, settings: Featurize) -> dict[str, dict[str, float | None]]:
    """Rows of every table, and how many days before the newest reading of counters its newest event is.

    Returns
    -------
    table -> {"rows", "lag_days"}; ``lag_days`` is None for a table without moments
    """
    from pipeline.engine import connect

    connection, folder = connect(settings)
    with connection, folder:
        read_at = _newest(connection, tables, "accounts", "observed_at")
        facts: dict[str, dict[str, float | None]] = {}
        for name in sorted(set(tables.files) - {"labels"}):
            rows = connection.execute(f"SELECT count(*) FROM {_scan(tables, name)}").fetchall()[0][0]
            newest = _newest(connection, tables, name, "created_at") if name != "accounts" else None
            lag = max(0.0, (read_at - newest) / DAY_S) if newest is not None and read_at is not None else None
            facts[name] = {"rows": rows, "lag_days": lag}
    return facts


def _newest(connection: Any, tables: TableFiles, name: str, column: str) -> float | None:
    """Newest moment in a column, seconds since 1970; None when there is none."""
    import pyarrow.parquet as pq

    declared = {c.name for c in TABLES[name].columns}
    if column not in declared or column not in pq.read_schema(tables.files[name][0]).names:
        return None
    found = connection.execute(f"SELECT epoch(max({column})) FROM {_scan(tables, name)}").fetchall()[0][0]
    return None if found is None else float(found)


def _scan(tables: TableFiles, name: str) -> str:
    from pipeline.database import files

    return f"read_parquet({files(tables.files[name])}, union_by_name = true)"
