"""What an account did and received day by day before it was judged, for the cases of a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.views import WINDOW_DAYS
from pipeline.database import files
from pipeline.engine import connect
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import pandas as pd

# What is counted: the tables it takes, and SQL of the account and the moment of each event.
COUNTED = {
    "posts": (("posts",), "SELECT account_id, created_at FROM {posts}"),
    "own actions": (("engagements",), "SELECT actor_id AS account_id, created_at FROM {engagements}"),
    "reactions": (
        ("posts", "engagements"),
        "SELECT p.account_id, e.created_at FROM {engagements} e "
        "JOIN (SELECT post_id, account_id FROM {posts} SEMI JOIN asked USING (account_id)) p USING (post_id) "
        "WHERE e.actor_id <> p.account_id",
    ),
}


def timelines(tables: TableFiles, judged: pd.DataFrame, engine: Featurize) -> dict[str, dict[str, np.ndarray]]:
    """Events per day of the 90 days before each account was judged.

    Parameters
    ----------
    tables : canonical tables; what those that are absent would tell is left out
    judged : account_id and as_of of the accounts
    engine : with how much memory tables are read

    Returns
    -------
    account -> name in ``COUNTED`` -> int64 of shape (90,), the oldest day first; accounts without an event are left out
    """
    there = {name: f"read_parquet({files(tables.files[name])}, union_by_name = true)" for name in tables.files}
    asked = pa.table({"account_id": pa.array(judged["account_id"], pa.string()), "as_of": pa.array(judged["as_of"])})
    found: dict[str, dict[str, np.ndarray]] = {}
    connection, folder = connect(engine)
    with connection, folder:
        connection.register("asked", asked)
        for name, (needed, events) in COUNTED.items():
            if not there.keys() >= set(needed):
                continue
            ago = "CAST(floor((epoch(as_of) - epoch(created_at)) / 86400) AS BIGINT)"
            rows = connection.execute(
                f"SELECT account_id, {ago} AS ago, count(*) AS n FROM ({events.format_map(there)}) JOIN asked "
                f"USING (account_id) WHERE created_at < as_of AND {ago} < {WINDOW_DAYS} GROUP BY ALL"
            ).fetchall()
            for account, days, n in rows:
                days_of = found.setdefault(account, {}).setdefault(name, np.zeros(WINDOW_DAYS, dtype=np.int64))
                days_of[WINDOW_DAYS - 1 - days] = n
    return found
