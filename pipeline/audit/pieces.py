"""Rows out of DuckDB in pieces of one size, so that Parquet files have the same bytes whatever batches come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

BATCH, ROWS = 500_000, 250_000  # asked of DuckDB at once, and handed on at once


def pieces(rows: duckdb.DuckDBPyRelation) -> Iterator[pa.Table]:
    """``rows`` in tables of ``ROWS`` rows, the last one shorter."""
    reader = rows.to_arrow_reader(BATCH)
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in reader:
        waiting.append(batch)
        held += batch.num_rows
        while held >= ROWS:
            whole = pa.Table.from_batches(waiting)
            yield whole.slice(0, ROWS)
            waiting, held = whole.slice(ROWS).to_batches(), held - ROWS
    if held:
        yield pa.Table.from_batches(waiting)
