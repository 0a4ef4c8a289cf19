"""What prepare gives: tables written once to a staging folder, refused rows, and the account of what was read."""

from __future__ import annotations

import hashlib
import os
import shutil
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.errors import printable
from features.tables import MOMENT, TABLES, Measure
from pipeline.pseudonyms import pseudonym_sql
from pipeline.recipes import sql
from pipeline.recipes.drafts import KEYS, REFUSED, Draft
from pipeline.recipes.sql import Workspace

ROWS_A_CHUNK = 1 << 20  # rows of a row group; a table with long texts has fewer
ROWS_A_CHUNK_OF_TEXT = 1 << 16
ORDER = {
    "accounts": "account_id",
    "labels": "account_id, source",
    "posts": "post_id",
    "engagements": "created_at, actor_id, post_id, kind",
    "follows": "follower_id, followed_id",
    "measures": "account_id",
}


class Folder:
    """A staging folder that vanishes with the last file that refers to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)


@dataclass(frozen=True)
class Staged:
    """A Parquet file in a staging folder; calling it with a path puts it there."""

    path: Path
    rows: int
    md5: str
    folder: Folder = field(repr=False)

    def __call__(self, target: Path) -> None:
        """Put the file at ``target``, without copying where the disk is the same."""
        try:
            os.link(self.path, target)
        except OSError:
            shutil.copyfile(self.path, target)

    def read(self) -> pa.Table:
        """The whole table."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path)


def write(work: Workspace, folder: Folder, name: str, rows: str, schema: pa.Schema) -> Staged:
    """Write the ordered ``rows`` with ``schema``, and the md5 of their values.

    Rows arrive in batches and leave in chunks of a fixed size, so that neither the engine's threads nor its batches
    show in the bytes.
    """
    import pyarrow.parquet as pq

    path = folder.path / f"{name}.parquet"
    long = any(f.name in ("text", "description") for f in schema)
    batches = work.batches(rows, sql.BATCH_ROWS_OF_TEXT if long else sql.BATCH_ROWS)
    digest, count = hashlib.md5(usedforsecurity=False), 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in _chunks(batches, schema, ROWS_A_CHUNK_OF_TEXT if long else ROWS_A_CHUNK):
            table = pa.table(chunk.columns, schema=schema)
            _digest(digest, table)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            count += table.num_rows
    return Staged(path, count, digest.hexdigest(), folder)


def _chunks(batches: Iterator[pa.RecordBatch], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    waiting = 0
    for batch in batches:
        held.append(_typed(batch, schema))
        waiting += batch.num_rows
        while waiting >= rows:
            table = pa.Table.from_batches(held, schema)
            yield table.slice(0, rows).combine_chunks()
            held = table.slice(rows).to_batches()
            waiting -= rows
    if waiting:
        yield pa.Table.from_batches(held, schema).combine_chunks()


def _typed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        array.cast(pa.timestamp("us")).cast(field.type) if field.type == MOMENT else array.cast(field.type)
        for array, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _digest(digest: Any, table: pa.Table) -> None:
    """Add the values of ``table``: which are null, and what the others are; never the bytes behind a null."""
    import numpy as np
    import pyarrow.compute as pc

    for column in table.columns:
        array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        digest.update(np.packbits(pc.is_null(array).to_numpy(zero_copy_only=False)).tobytes())
        if pa.types.is_string(array.type):
            array = pc.fill_null(array, "")
            lengths = pc.binary_length(array).to_numpy(zero_copy_only=False)
            digest.update(lengths.astype("<i4").tobytes())
            _, offsets, data = array.buffers()
            at = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1]
            if data is not None and len(at):
                digest.update(memoryview(data)[int(at[0]) : int(at[-1])])
        else:
            if array.type == MOMENT:
                array = array.cast(pa.int64())
            elif pa.types.is_boolean(array.type):
                array = array.cast(pa.int8())
            digest.update(pc.fill_null(array, 0).to_numpy(zero_copy_only=False).tobytes())


def write_table(
    work: Workspace, folder: Folder, table: str, rows: str, measures: Mapping[str, Measure], ordered: bool = True
) -> Staged:
    """Write canonical ``table`` from the relation ``rows``, sorted by its key (else in the order they have).

    Pseudonyms take the place of identifiers here, once everything that matches identifiers is done.
    """
    schema = TABLES[table].schema
    hidden = KEYS if work.pseudonyms else ()
    picked = [f"{pseudonym_sql(sql.ident(n))} AS {sql.ident(n)}" if n in hidden else sql.ident(n) for n in schema.names]
    if table == "measures":
        for name in sorted(measures):
            schema = schema.append(measures[name].field())
            picked.append(sql.ident(f"_m_{name}"))
    order = f" ORDER BY {ORDER[table]}" if ordered else ""
    return write(work, folder, table, f"SELECT {', '.join(picked)} FROM {rows}{order}", schema)


def write_refused(work: Workspace, folder: Folder, refused: str) -> Staged:
    """Write the refused rows in the order of their sources, tables, files and rows; values shortened and escaped.

    Under pseudonyms what stood there is left out: a torn line may hold anything.
    """
    import pyarrow.parquet as pq

    hidden = ("value",) if work.pseudonyms else ()
    picked = ", ".join(f"NULL AS {sql.ident(n)}" if n in hidden else sql.ident(n) for n in REFUSED.names)
    rows = f'SELECT {picked} FROM {refused} ORDER BY _rank, _table, file, row, "column", reason_code, value'
    path, count, digest = folder.path / "refused.parquet", 0, hashlib.md5(usedforsecurity=False)
    with pq.ParquetWriter(path, REFUSED, compression="zstd") as writer:
        for chunk in _chunks(work.batches(rows), REFUSED, ROWS_A_CHUNK):
            safe = pa.table([c if c.type == pa.int64() else escaped(c) for c in chunk.columns], schema=REFUSED)
            _digest(digest, safe)
            writer.write_table(safe)
            count += safe.num_rows
    return Staged(path, count, digest.hexdigest(), folder)


def escaped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts on one line and short; only those that need it are looked at one by one."""
    import pyarrow.compute as pc

    odd = pc.fill_null(pc.match_substring_regex(column, r"[^ -~]|^.{121}"), False)
    if not pc.any(odd).as_py():
        return column
    safe = pa.array([printable(value) for value in column.filter(odd).to_pylist()], pa.string())
    return pc.replace_with_mask(column.combine_chunks(), odd.combine_chunks(), safe)


# --- the account of what was read ----------------------------------------------------------------------------------


def account(
    work: Workspace, drafts: Sequence[Draft], torn: Mapping[tuple[str, str], int], refused: str
) -> dict[str, Any]:
    """Rows read, used and refused of every source, in all and by table, with the reasons.

    ``read`` is always ``used`` + ``refused``.
    """
    reasons: dict[tuple[str, str], dict[str, int]] = {}
    counted = f"SELECT source, _table, reason_code, count(*) FROM {refused} GROUP BY ALL ORDER BY ALL"
    for source, table, code, rows in work.rows(counted):
        reasons.setdefault((source, table), {})[code] = rows
    read: dict[tuple[str, str], int] = dict(torn)
    cleaned: dict[str, dict[str, int]] = {}
    ignored: dict[str, dict[str, list[str]]] = {}
    for one in drafts:
        read[one.source, one.table] = read.get((one.source, one.table), 0) + one.read
        for what, rows in one.cleaned.items():
            counts = cleaned.setdefault(one.source, {})
            counts[what] = counts.get(what, 0) + rows
        if one.ignored:
            ignored.setdefault(one.source, {})[one.table] = one.ignored
    sources: dict[str, Any] = {}
    for (source, table), rows in read.items():
        found = reasons.get((source, table), {})
        lost = sum(found.values())
        facts = {"read": rows, "used": rows - lost, "refused": lost, "reasons": found}
        entry = sources.setdefault(source, {"read": 0, "used": 0, "refused": 0, "reasons": {}, "tables": {}})
        entry["tables"][table] = facts
        for key in ("read", "used", "refused"):
            entry[key] += facts[key]
        for code, n in found.items():
            entry["reasons"][code] = entry["reasons"].get(code, 0) + n
        entry["cleaned"] = cleaned.get(source, {})
        entry["ignored_columns"] = ignored.get(source, {})
    return sources


def fingerprint(tables: Mapping[str, Staged]) -> str:
    """md5 of the values of all tables, whatever wrote them."""
    said = "".join(f"{name} {tables[name].rows} {tables[name].md5}\n" for name in sorted(tables))
    return hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
