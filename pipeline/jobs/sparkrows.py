"""What a Python worker of Spark does when accounts are scored: it needs lightgbm, numpy and pyarrow, and this code.

A worker writes its rows itself, so that a part looks like one that was scored on one machine, and tells the driver what
it wrote. Of a task that was tried twice only what the successful try tells is looked at.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.jobs.scorerows import ROWS, SCHEMA, in_groups, invalid_rows, score_features

if TYPE_CHECKING:
    from models.bundle import Model

WRONG = "why the row is invalid"  # a column beside the features
WRITTEN = pa.schema(
    [
        ("name", pa.string()),
        ("rows", pa.int64()),
        ("first", pa.string()),
        ("last", pa.string()),
        ("status", pa.map_(pa.string(), pa.int64())),
        ("tiers", pa.map_(pa.string(), pa.int64())),
    ]
)
WRITTEN_SQL = "name string, rows bigint, first string, last string, status map<string,bigint>, tiers map<string,bigint>"


def write_part(
    model: Model, wishes: Any, share: float | None, folder: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Score the rows of one partition and write them to a file in ``folder``; yields one row of ``WRITTEN``.

    Parameters
    ----------
    model : without references; it scores what is measured already
    wishes : the settings of scoring as plain values; a worker does without the package that checks settings
    share : share of bots expected among the accounts; None: the model's own
    folder : that the driver reaches too
    batches : account_id, as_of, the model's columns and ``WRONG``, sorted by account_id, valid rows first
    """
    status: Counter[str] = Counter()
    tiers: Counter[str] = Counter()
    rows, first, last = 0, None, None
    name = f"{uuid.uuid4().hex}.parquet"
    writer = None
    for piece in in_groups(_scored(model, wishes, share, batches)):
        writer = writer or pq.ParquetWriter(Path(folder) / name, SCHEMA, compression="zstd")
        writer.write_table(piece, row_group_size=ROWS)
        for counts, column in ((status, "status"), (tiers, "tier")):
            found = piece.column(column).drop_null().value_counts()
            counts.update(dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)))
        first = piece.column("account_id")[0].as_py() if first is None else first
        last = piece.column("account_id")[-1].as_py()
        rows += piece.num_rows
    if writer:
        writer.close()
        told: dict[str, Any] = {"name": name, "rows": rows, "first": first, "last": last}
        told |= {"status": sorted(status.items()), "tiers": sorted(tiers.items())}
        yield from pa.Table.from_pylist([told], schema=WRITTEN).to_batches()


def _scored(model: Model, wishes: Any, share: float | None, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Rows of scores for rows of features and invalid ones, in the order they come."""
    for batch in batches:
        table = pa.Table.from_batches([batch])
        wrong = pc.is_valid(table.column(WRONG))
        bad = table.filter(wrong)
        named = pa.table({"account_id": bad.column("account_id").cast(pa.string()), "reason": bad.column(WRONG)})
        good = score_features(model, table.filter(pc.invert(wrong)), wishes, share)
        both = pa.concat_tables([good, invalid_rows(model, named)])
        # The sort is stable: of rows with one identifier the scored one stays first.
        yield both.take(pc.sort_indices(both.column("account_id")))
