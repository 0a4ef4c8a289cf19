"""Who is behind the likes: probabilities that add up to one, and a word only where they bear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from models.authenticity import INTENT_FACTORS, INTENTS, decoded
from pipeline.audit.constants import Constants
from pipeline.audit.evidence import distinct_cells

if TYPE_CHECKING:
    import duckdb

SURE = 0.5  # least probability of what is said
TIMES = 2.0  # how much likelier a guilt must be than that somebody else paid
GUILTS = ("bought", "traded")
UNCLEAR = "unclear"


def intent_tables(connection: duckdb.DuckDBPyConnection, constants: Constants) -> None:
    """Make ``creator_intents`` and ``post_intents``: cell, ``p_`` of every intent, and ``verdict``."""
    for unit, model in constants.intents.items():
        cells = distinct_cells(connection, f"{unit}_cells")
        p = model.probabilities(decoded(cells, INTENT_FACTORS)) if len(cells) else np.zeros((0, len(INTENTS)))
        # Ten thousandths that add up to one exactly: what rounding leaves goes to the likeliest.
        parts = np.round(p * 10_000).astype(np.int64)
        if len(cells):
            parts[np.arange(len(cells)), parts.argmax(axis=1)] += 10_000 - parts.sum(axis=1)
        columns = {"cell": pa.array(cells, pa.int32())}
        columns |= {f"p_{name}": pa.array(parts[:, i] / 10_000) for i, name in enumerate(INTENTS)}
        columns["verdict"] = pa.array(verdicts(parts / 10_000), pa.string())
        connection.register("given", pa.table(columns))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {unit}_intents AS SELECT * FROM given")
        connection.unregister("given")


def verdicts(p: np.ndarray) -> list[str]:
    """The word for each row of probabilities: the likeliest intent, or ``unclear``.

    Nothing is said below ``SURE``, and no guilt where a victim is more than a ``TIMES``-th as likely.
    """
    found = []
    victim = p[:, INTENTS.index("targeted")]
    for row, other in zip(p, victim, strict=True):
        best = int(row.argmax())
        guilty = INTENTS[best] in GUILTS
        sure = row[best] >= SURE and (not guilty or row[best] >= TIMES * other)
        found.append(INTENTS[best] if sure else UNCLEAR)
    return found


def intents_of(connection: duckdb.DuckDBPyConnection, unit: str, constants: Constants) -> pa.Table:
    """Every post or creator with its probabilities and verdict."""
    intent_tables(connection, constants)
    key = "post" if unit == "post" else "author"
    return connection.sql(
        f"SELECT c.{key}, i.* EXCLUDE (cell) FROM {unit}_cells c JOIN {unit}_intents i USING (cell) ORDER BY 1"
    ).to_arrow_table()
