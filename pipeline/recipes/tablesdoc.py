"""``docs/tables.md``, printed from the canonical tables."""

from __future__ import annotations

import pyarrow as pa

from features.tables import COUNT, FLAG, MOMENT, SHARE, TABLES, TEXT, Column, Table

_TYPES = {TEXT: "text", COUNT: "whole number", FLAG: "true or false", MOMENT: "moment", SHARE: "number"}
_HEAD = """\
# Canonical tables

Every source becomes these tables, and every feature is computed from them. `unpump run --tables DIR`, `unpump score
--tables DIR` and the other commands read them from a folder that holds `NAME.parquet`, or a folder `NAME/` of Parquet
files. Only `accounts` must be there; training needs `labels` too. This page is printed from `features/tables.py` by
`python -m pipeline.docs`.

Files may be less strict than this page: a column that may be missing can be left out; whole numbers serve as
identifiers; counters may be text or floats that are whole; moments may have another unit or zone, or be text as ISO
8601 writes it; a moment without a zone is in UTC. Columns that are not listed are ignored and named in
`artifacts/intake.json`. A row that cannot be used is put into `refused.parquet` with the reason.

A **missing** (null) text, number or flag is unknown. An **empty** text says that there is none: an account whose bio
is `""` has no bio, one whose bio is null may have one.
"""
_MEASURES = """
Every numeric column beside `account_id` is a measure. Its declaration travels as metadata of the Parquet field: `unit`,
`low`, `high` and `says`, the sentence of its reasons. A measure that has the name of a feature of unpump (see
[features.md](features.md)) fills that feature for accounts whose tables cannot.
"""


def tables_markdown() -> str:
    """The page, one section per table."""
    return _HEAD + "".join(_section(t) for t in TABLES.values())


def _section(table: Table) -> str:
    rows = "".join(_row(c) for c in table.columns)
    key = f" One row per `{'`, `'.join(table.key)}`." if table.key else ""
    more = _MEASURES if table.name == "measures" else ""
    head = f"\n## {table.name}\n\n{table.says}{key}\n{more}\n"
    return f"{head}| column | type | missing | meaning |\n|---|---|---|---|\n{rows}"


def _row(column: Column) -> str:
    missing = "may be" if column.nullable else "never"
    return f"| {column.name} | {_kind(column.type)}{_bounds(column)} | {missing} | {column.says} |\n"


def _kind(kind: pa.DataType) -> str:
    return _TYPES[kind]


def _bounds(column: Column) -> str:
    if column.values:
        return f": {', '.join(column.values)}"
    if column.low is not None and column.high is not None:
        return f" from {column.low:g} to {column.high:g}"
    return f", {column.low:g} or more" if column.low is not None else ""
