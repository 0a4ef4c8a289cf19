"""The rows behind the reasons of a few accounts, read through the views the features were measured on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from features.catalogue import FEATURES
from features.errors import printable
from features.evidence import BEHIND, SAYS
from pipeline.database import ident, texts
from pipeline.engine import Featurized, featurize_tables
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

EVIDENCE = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("feature", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),  # from 1, the most telling row first
        pa.field("at", pa.timestamp("us", tz="UTC")),
        pa.field("post_id", pa.string()),
        pa.field("other_id", pa.string()),
        pa.field("amount", pa.float64()),
        pa.field("text", pa.string(), nullable=False),
    ]
)


def evidence(
    tables: TableFiles,
    features: pd.DataFrame,
    asked: Sequence[tuple[str, str, str]],
    settings: Featurize,
    most: int,
) -> pa.Table:
    """Rows behind reasons.

    Parameters
    ----------
    tables : canonical tables the features were measured on
    features : every account of the run with its account_id and as_of, for what is measured in company
    asked : account_id, feature and code of each reason
    settings : memory and threads
    most : rows at most for a reason

    Returns
    -------
    Table with the columns ``EVIDENCE``, sorted by account_id, feature and number; at most ``most`` rows a reason, none
    where the tables it is measured on are absent or its value is all there is to see
    """
    views = {feature: place for _, feature, _ in asked if (place := behind(feature))}
    if not views or not most:
        return EVIDENCE.empty_table()
    judged = features[["account_id", "as_of"]].assign(fold=pd.array([pd.NA] * len(features), dtype="Int64"))
    wanted = sorted(set(views.values()))
    made = featurize_tables(tables, judged, settings, references={}, only=[], also=wanted)
    accounts: dict[str, set[str]] = {}
    for account, feature, _ in asked:
        accounts.setdefault(views.get(feature, ""), set()).add(account)
    found = {place: _rows(made, place, sorted(accounts[place]), most) for place in wanted if place in made.plan.also}
    out = []
    for account, feature, code in sorted(set(asked)):
        for number, row in enumerate(found.get(views.get(feature, ""), {}).get(account, ()), start=1):
            said = _text(SAYS[views[feature]], row)
            out.append({"account_id": account, "feature": feature, "code": code, "number": number, **row, "text": said})
    return pa.Table.from_pylist(out, schema=EVIDENCE)


def behind(feature: str) -> str | None:
    """The view that shows the rows behind ``feature``; None where its value is all there is."""
    return BEHIND.get(FEATURES[feature].view) if feature in FEATURES else None


def _rows(made: Featurized, place: str, accounts: Sequence[str], most: int) -> dict[str, list[dict[str, Any]]]:
    """The first rows of each account in one of the views, by account."""
    columns = ", ".join(ident(c) for c in ("at_s", "post_id", "other_id", "amount"))
    sql = (
        f"SELECT account_id, {columns} FROM ({made.plan.also[place]}) WHERE account_id IN {texts(accounts)} QUALIFY "
        "row_number() OVER (PARTITION BY account_id ORDER BY place, at_s DESC NULLS LAST, post_id, other_id) "
        f"<= {most} ORDER BY account_id, place, at_s DESC NULLS LAST, post_id, other_id"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for account, at_s, post, other, amount in made.connection.execute(sql).fetchall():
        at = None if at_s is None else pd.Timestamp(at_s, unit="s", tz="UTC")
        found.setdefault(account, []).append({"at": at, "post_id": post, "other_id": other, "amount": amount})
    return found


def _text(says: str, row: dict[str, Any]) -> str:
    """One row in words; identifiers are written by their owners and shown inert."""
    at = "" if row["at"] is None else f"{row['at']:%Y-%m-%d %H:%M:%S}: "
    parts = {
        "post": f"post {printable(row['post_id'], 60)}" if row["post_id"] is not None else "a post",
        "other": printable(row["other_id"], 60) if row["other_id"] is not None else "an unknown account",
        "amount": "an unknown number of" if row["amount"] is None else f"{row['amount']:,.0f}",
    }
    return at + says.format_map(parts)
