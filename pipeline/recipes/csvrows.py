"""CSV as raw rows of text, streamed by Arrow; torn rows keep their place in the count and are told apart."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable
from pipeline.recipes import sql
from pipeline.recipes.decoding import Decoded
from pipeline.recipes.format import Reading
from pipeline.recipes.rawrows import Needs, Raw, pick
from pipeline.recipes.sql import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

# A row must fit one block. The second size is tried only for files that need it.
BLOCKS = (16 << 20, 256 << 20)


def stage_csv(work: Workspace, path: Path, shown: str, reading: Reading, needs: Needs, raw: Raw) -> str:
    """SQL of the rows of a CSV file; torn ones are put into ``raw.refused``, or padded if the recipe says so."""
    import pyarrow as pa

    delimiter = reading.delimiter or ("\t" if ".tsv" in path.name.lower() else ",")
    header = list(reading.names) if not reading.header else _header(path, reading, delimiter)
    places = pick(header, needs, path)
    for block in BLOCKS:
        target, torn = work.file(".parquet"), list[Any]()
        text = Decoded(path, reading.encoding, reading.undecodable)
        try:
            batches = _csv_batches(text, header, places, reading, delimiter, block, torn)
            _write_raw(target, batches, shown, raw, torn, int(reading.header))
            break
        except pa.ArrowInvalid as error:
            if block == BLOCKS[-1] or "straddling" not in str(error):
                raise _bad_csv(path, error) from error
        finally:
            text.close()
    raw.replaced += text.replaced
    if text.quotes % 2 and reading.quote == '"':
        _check_closed(path, reading, delimiter)
    padded = []
    for row in torn:
        if reading.short_rows == "pad" and row.actual_columns < row.expected_columns:
            padded.append(row)
            continue
        reason = f"it has {row.actual_columns} fields where the file has {row.expected_columns} columns"
        raw.refused.append((shown, row.number - int(reading.header), "torn_row", reason, row.text[:200]))
    piece = f"SELECT * FROM read_parquet({sql.files([target])})"
    if padded:
        rest = work.file(".parquet")
        _write_padded(rest, padded, places, raw, shown, reading, delimiter)
        piece += f" UNION ALL SELECT * FROM read_parquet({sql.files([rest])})"
    return piece


def _header(path: Path, reading: Reading, delimiter: str) -> list[str]:
    """Names in the first row that is not empty."""
    quote = reading.quote or None
    with Decoded(path, reading.encoding, reading.undecodable) as raw:
        lines = io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8", newline="")
        rows = csv.reader(
            lines, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        )
        try:
            return [name.strip() for name in next(row for row in rows if row)]
        except StopIteration as error:
            raise BadInput(
                str(path), expected="a header and rows", got="an empty file", todo="Export the data again."
            ) from error
        except csv.Error as error:
            raise _bad_csv(path, error) from error


def _bad_csv(path: Path, error: Exception) -> BadInput:
    said = str(error)
    if "straddling" in said or "field larger" in said:
        said = f"a row of more than {BLOCKS[-1] >> 20} MB, as when a quote opens and never closes"
    return BadInput(
        str(path), expected="CSV", got=printable(said), todo="Check quotes and delimiter, or name them under `read:`."
    )


def _csv_batches(
    text: Decoded,
    header: list[str],
    places: dict[str, int],
    reading: Reading,
    delimiter: str,
    block: int,
    torn: list[Any],
) -> Iterator[tuple[dict[str, pa.Array], int]]:
    """Batches of the needed columns; torn rows are put aside."""
    import pyarrow as pa
    from pyarrow import csv as pc

    def aside(row: Any) -> str:
        torn.append(row)
        return "skip"

    names = [f"c{i}" for i in range(len(header))]
    # One column is always read, so that rows are counted even when no rule needs any.
    wanted = sorted({names[p] for p in places.values()} or {names[0]})
    reader = pc.open_csv(
        text,
        read_options=pc.ReadOptions(
            use_threads=False, block_size=block, column_names=names, skip_rows_after_names=int(reading.header)
        ),
        parse_options=pc.ParseOptions(
            delimiter=delimiter,
            quote_char=reading.quote or False,
            newlines_in_values=bool(reading.quote),
            invalid_row_handler=aside,
        ),
        convert_options=pc.ConvertOptions(
            column_types={n: pa.string() for n in names}, include_columns=wanted, strings_can_be_null=False
        ),
    )
    for batch in reader:
        yield {name: batch.column(names[place]) for name, place in places.items()}, batch.num_rows


def _write_raw(
    target: Path, batches: Iterator[tuple[dict[str, pa.Array], int]], shown: str, raw: Raw, torn: list[Any], first: int
) -> None:
    """Write batches with file name and row number; torn rows keep their place in the count."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(raw)
    kept = 0
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for columns, rows in batches:
            number = np.arange(kept + 1, kept + rows + 1, dtype=np.int64)
            kept += rows
            if torn:
                bad = np.array([row.number - first for row in torn], dtype=np.int64)
                number += np.searchsorted(bad - np.arange(len(bad)), number, side="right")
            arrays = [columns.get(name, pa.nulls(rows, pa.string())) for name in raw.columns]
            names = pa.repeat(pa.scalar(shown), rows)
            writer.write_batch(pa.RecordBatch.from_arrays([names, pa.array(number), *arrays], schema=schema))


def _schema(raw: Raw) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [("_file", pa.string()), ("_row", pa.int64()), *((column, pa.string()) for column in raw.columns.values())]
    )


def _write_padded(
    target: Path, rows: list[Any], places: dict[str, int], raw: Raw, shown: str, reading: Reading, delimiter: str
) -> None:
    """Rows with fewer fields than columns: what they lack is null. Only such rows are parsed one by one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    quote = reading.quote or None
    quoting: Any = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    split = [next(csv.reader([r.text], delimiter=delimiter, quotechar=quote, quoting=quoting), []) for r in rows]
    arrays = [pa.array([shown] * len(rows)), pa.array([r.number - int(reading.header) for r in rows], pa.int64())]
    for name in raw.columns:
        place = places.get(name)
        arrays.append(
            pa.array([f[place] if place is not None and place < len(f) else None for f in split], pa.string())
        )
    pq.write_table(pa.Table.from_arrays(arrays, schema=_schema(raw)), target)


def _check_closed(path: Path, reading: Reading, delimiter: str) -> None:
    """Refuse a file whose last quote never closes: it has swallowed every row after it."""
    with Decoded(path, reading.encoding, reading.undecodable) as raw:
        lines = io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8", newline="")
        csv.field_size_limit(BLOCKS[-1])
        rows, count = csv.reader(lines, delimiter=delimiter, strict=True), 0
        try:
            for _ in rows:  # the reader's own loop, over a file that is known to be odd
                count += 1
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise BadInput(
                    f"{path}, row {count + 1 - int(reading.header)}",
                    expected="a closing quote",
                    got="the end of the file",
                    todo='Close the quote, or say `quote: ""` under `read:` if quotes are ordinary characters.',
                ) from error
