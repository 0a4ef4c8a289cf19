"""Parquet as raw rows of text, also fields inside structures; texts that are not UTF-8 are mended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.recipes import sql
from pipeline.recipes.decoding import unreadable
from pipeline.recipes.rawrows import Needs, Raw, pick
from pipeline.recipes.sql import Workspace

if TYPE_CHECKING:
    import pyarrow as pa


def stage_parquet(work: Workspace, path: Path, shown: str, needs: Needs, raw: Raw) -> str:
    """SQL of the rows of a Parquet file, every needed column as text."""
    readable, mended = open_parquet(work, path)
    raw.replaced += mended
    paths = paths_of(pq_schema(readable, path))
    pick(list(paths), needs, path)
    values = [f"CAST({paths.get(name, 'NULL')} AS VARCHAR) AS {column}" for name, column in raw.columns.items()]
    return (
        f"SELECT {sql.text(shown)} AS _file, file_row_number + 1 AS _row, {', '.join(values) or 'NULL AS _c'} "
        f"FROM read_parquet({sql.files([readable])}, file_row_number = true)"
    )


def pq_schema(readable: Path, path: Path) -> pa.Schema:
    """Schema of a Parquet file; BadInput, naming ``path``, when it is none."""
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(readable)
    except (ValueError, OSError) as error:  # Arrow's own are ValueErrors, and so is a name that is no text
        raise unreadable(path, error) from error


def paths_of(schema: pa.Schema) -> dict[str, str]:
    """SQL of every column, and of every field inside one by its dotted path."""
    import pyarrow as pa

    found: dict[str, str] = {}

    def walk(field: pa.Field, name: str, value: str) -> None:
        found.setdefault(name, value)
        if pa.types.is_struct(field.type):
            for inner in field.type:
                walk(inner, f"{name}.{inner.name}", f"{value}[{sql.text(inner.name)}]")

    for one in schema:
        walk(one, one.name, sql.ident(one.name))
    return found


def open_parquet(work: Workspace, path: Path) -> tuple[Path, int]:
    """A Parquet file that DuckDB can read, and how many of its texts had to be mended.

    DuckDB refuses a file with one text that is not UTF-8; such a file is copied with U+FFFD in their place.
    """
    import duckdb
    import pyarrow as pa

    schema = pq_schema(path, path)
    try:
        text = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        if text:
            longest = ", ".join(f"max(length({sql.ident(name)}))" for name in text)
            work.rows(f"SELECT {longest} FROM read_parquet({sql.files([path])})")
        return path, 0
    except duckdb.Error as error:
        if "Invalid string encoding" not in str(error):
            raise unreadable(path, error) from error
    try:
        return _mended(path, work.file(".parquet"), schema, text)
    except (ValueError, OSError) as error:
        if getattr(error, "errno", None):  # the disk's, such as a full one; Arrow's own have no number
            raise
        raise unreadable(path, error) from error  # a damaged page that DuckDB had not come to


def _mended(path: Path, target: Path, schema: pa.Schema, text: Sequence[str]) -> tuple[Path, int]:
    """A copy with the columns ``text`` mended, and how many texts that took."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    mended = 0
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=sql.BATCH_ROWS_OF_TEXT):
            arrays = []
            for array, one in zip(batch.columns, schema, strict=True):
                fixed, count = _mend_texts(array) if one.name in text else (array, 0)
                arrays.append(fixed)
                mended += count
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return target, mended


def _mend_texts(array: pa.Array) -> tuple[pa.Array, int]:
    """Texts with U+FFFD for bytes that are no UTF-8; only batches that have such bytes are looked at one by one."""
    import pyarrow as pa

    raw = array.view(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
    try:
        raw.cast(array.type)
        return array, 0
    except pa.ArrowInvalid:
        decoded = [None if v is None else v.decode("utf-8", errors="replace") for v in raw.to_pylist()]
        wrong = sum(v is not None and "\ufffd" in v for v in decoded)
        return pa.array(decoded, array.type), wrong
