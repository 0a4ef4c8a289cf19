"""Stage featurize: measure every account as it stood when it was judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa

from features.builder import feature_hash
from features.groups import GROUPS
from pipeline.engine import Featurized, featurize_tables
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles


def featurize(
    tables: TableFiles, folds: pd.DataFrame, settings: Featurize, watch: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Features of all accounts, and again without what was fitted on the account's own source.

    Parameters
    ----------
    tables : canonical tables
    folds : one row per labelled account: account_id, fold (-1: used for nothing), source_fold
    settings : memory, threads, and which features
    watch : told the name of each step when it has ended

    Returns
    -------
    ``features`` and ``transfer_features`` as functions that write them, ``references`` as the files of a folder,
    ``groups`` as a table: who acted together
    """
    measure = _measurer(tables, folds, settings)
    made = measure("fold", also=["groups"], watch=watch)
    fitted = [f.name for f in made.plan.features if f.fitted]
    several = len(folds["source_fold"].unique()) > 1
    apart = measure("source_fold", only=fitted if several else [])
    return {
        "features": made.write,
        "transfer_features": apart.write_apart,
        "references": references(made),
        "groups": made.other("groups", GROUPS),
    }


def _measurer(tables: TableFiles, folds: pd.DataFrame, settings: Featurize) -> Callable[..., Any]:
    """The engine of the settings: measures accounts against references that are fitted apart by a column of folds."""
    if settings.engine == "spark":
        from pipeline.spark import featurize_with_spark

        return lambda column, **more: featurize_with_spark(tables, folds, column, settings, **more)
    return lambda column, **more: featurize_tables(tables, verdicts(tables, folds, column), settings, **more)


def references(made: Featurized) -> dict[str, Any]:
    """Files of the references folder: a Parquet file each, and the declarations of the columns."""
    declared = {"features": [f.to_dict() for f in made.plan.features], "hash": feature_hash()}
    return {f"{n}.parquet": t for n, t in sorted(made.references.items())} | {"features.json": declared}


def verdicts(tables: TableFiles, folds: pd.DataFrame, column: str) -> pa.Table:
    """When each account is judged, and its fold; null for unlabelled accounts and for those used for nothing.

    An account is judged when it was labelled, else when its counters were read.
    """
    accounts = tables.read("accounts", ["account_id", "observed_at"]).set_index("account_id")
    as_of = accounts["observed_at"]
    labels = tables.read("labels", ["account_id", "labelled_at"])
    if labels is not None:
        labelled_at = labels.groupby("account_id")["labelled_at"].max()
        as_of = labelled_at.reindex(accounts.index).fillna(as_of)
    used = folds[folds["fold"] >= 0].set_index("account_id")[column]
    fold = used.reindex(accounts.index).astype("Int64")
    return pa.table(
        {
            "account_id": pa.array(accounts.index, pa.string()),
            "as_of": pa.Array.from_pandas(as_of, type=pa.timestamp("us", tz="UTC")),
            "fold": pa.Array.from_pandas(fold, type=pa.int64()),
        }
    )
