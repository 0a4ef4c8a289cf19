"""Canonical tables that somebody else wrote: read leniently, into the same drafts as a recipe's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.errors import BadInput, printable
from features.tables import COUNT, FLAG, MOMENT, TABLES, TEXT, Column, Measure, measures_of
from pipeline.recipes import sql
from pipeline.recipes.compiler import Check
from pipeline.recipes.drafts import KEYS, OPENED_LATE, Cell, Draft, Limits, cell, draft, measure_cell
from pipeline.recipes.parquetrows import open_parquet, pq_schema
from pipeline.recipes.rules import FORMATS
from pipeline.recipes.sql import Workspace
from pipeline.tablefiles import TableFiles

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_WHOLE = (*_INTEGERS, *(f"U{name}" for name in _INTEGERS))
_NUMERIC = (*_WHOLE, "FLOAT", "DOUBLE", "DECIMAL")
_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
_MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", *_ZONED, "DATE")
_BLANK = {TEXT: "VARCHAR", COUNT: "BIGINT", FLAG: "BOOLEAN", MOMENT: "TIMESTAMP"}
# Small tables are computed once; events may be far more than memory holds and stay views over their files.
STORED = ("accounts", "labels", "measures")


@dataclass
class Given:
    """Drafts of the tables in a folder."""

    source: str
    drafts: dict[str, Draft] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    paths: dict[str, tuple[Path, ...]] = field(default_factory=dict)  # files as they are read, mended where needed
    plain: dict[str, bool] = field(default_factory=dict)  # columns and types are canonical already
    replaced: int = 0


def draft_tables(work: Workspace, tables: TableFiles, source: str, limits: Limits) -> Given:
    """Drafts of every table in ``tables``.

    Columns that are missing and may be null are null; other units, zones and text forms of moments are read; whole
    numbers serve as identifiers; columns that are not canonical are listed and left out.

    Raises
    ------
    BadInput
        When a file is no Parquet, a column that is needed is missing, or a column is of a type that cannot serve.
    """
    given = Given(source)
    for table, found in tables.files.items():
        paths = []
        for path in found:
            readable, mended = open_parquet(work, path)
            given.replaced += mended
            paths.append(readable)
        given.paths[table] = tuple(paths)
        given.drafts[table] = _draft(work, given, table, found, limits)
    return given


def _draft(work: Workspace, given: Given, table: str, found: Sequence[Path], limits: Limits) -> Draft:
    paths = given.paths[table]
    where = str(found[0] if len(found) == 1 else found[0].parent)
    read = f"read_parquet({sql.files(paths)}, union_by_name = true, filename = true, file_row_number = true)"
    types = {name: kind for name, kind, *_ in work.rows(f"DESCRIBE SELECT * FROM {read}")}
    there = [n for n in types if n not in ("filename", "file_row_number")]
    canonical = {c.name: c for c in TABLES[table].columns}
    for column in canonical.values():
        if not column.nullable and column.name not in there:
            raise BadInput(
                where,
                expected=f"a column {column.name} ({column.says})",
                got=f"columns {printable(', '.join(there), 300)}",
                todo="See docs/tables.md for the tables and their columns.",
            )
    used = [n for n in there if n in canonical]
    cells = []
    for column in canonical.values():
        if column.name in there:
            place = f"_c{used.index(column.name)}"
            cells.append(_cell(column, place, types[column.name], where, limits))
        else:
            cells.append(Cell(column.name, f"CAST(NULL AS {_BLANK.get(column.type, 'DOUBLE')})"))
    ignored = [n for n in there if n not in canonical]
    if table == "measures":
        numeric = [n for n in ignored if _base(types[n]) in (*_NUMERIC, "BOOLEAN")]
        ignored = [n for n in ignored if n not in numeric]
        given.measures = _declared(paths, numeric, where)
        for name, declared in given.measures.items():
            used.append(name)
            value = f"CAST(_c{len(used) - 1} AS DOUBLE)"
            number = measure_cell(declared, value, value)
            cells.append(Cell(f"_m_{name}", number.value, number.checks))
    places = "".join(f", {sql.ident(name)} AS _c{i}" for i, name in enumerate(used))
    names = " ".join(f"WHEN {sql.text(str(p))} THEN {sql.text(_shown(f))}" for p, f in zip(paths, found, strict=True))
    raw = f"(SELECT CASE filename {names} END AS _file, file_row_number + 1 AS _row{places} FROM {read})"
    late = [OPENED_LATE] if table == "accounts" else []
    given.plain[table] = not ignored and all(types.get(c.name) == _plain(c) for c in canonical.values())
    one = draft(work, table, given.source, 0, raw, cells, limits, late, stored=table in STORED)
    one.ignored = ignored
    return one


def _shown(path: Path) -> str:
    """A file as it is named in refused rows: with its folder where a table is several files."""
    return path.name if path.parent.name not in TABLES else f"{path.parent.name}/{path.name}"


def _plain(column: Column) -> str:
    """DuckDB's name of the canonical type."""
    return "TIMESTAMP WITH TIME ZONE" if column.type == MOMENT else _BLANK.get(column.type, "DOUBLE")


def _base(kind: str) -> str:
    return kind.split("(")[0]


def _declared(paths: Sequence[Path], numeric: Sequence[str], where: str) -> dict[str, Measure]:
    """Measures with what the first file says of them."""
    try:
        declared = {m.name: m for m in measures_of(pq_schema(paths[0], paths[0]))}
    except ValueError as error:
        raise BadInput(
            where,
            expected="numbers for low and high in the metadata of a measure",
            got=printable(str(error)),
            todo="See docs/tables.md.",
        ) from error
    return {name: declared.get(name, Measure(name)) for name in numeric}


def _cell(column: Column, place: str, kind: str, where: str, limits: Limits) -> Cell:
    """A canonical column from one of another type."""
    base, shown, checks = _base(kind), f"CAST({place} AS VARCHAR)", list[Check]()

    def unread(value: str, code: str, reason: str) -> None:
        checks.append(Check(f"NOT {sql.blank(shown)} AND ({value}) IS NULL", code, column.name, reason, shown))

    fits = {
        TEXT: base in ("VARCHAR", "ENUM", "UUID", *_WHOLE) or (base in ("BOOLEAN", "DATE") and column.name not in KEYS),
        COUNT: base in (*_NUMERIC, "VARCHAR"),
        FLAG: base in ("BOOLEAN", "VARCHAR", *_NUMERIC),
        MOMENT: base in (*_MOMENTS, "VARCHAR"),
    }.get(column.type, base in (*_NUMERIC, "VARCHAR"))
    if base in ('"NULL"', "NULL"):
        place = shown = f"CAST({place} AS VARCHAR)"
        base, fits = "VARCHAR", True
    if not fits:
        raise BadInput(
            f"{where}, column {column.name}",
            expected=f"{column.type} ({column.says})",
            got=kind,
            todo="Convert the column; see docs/tables.md.",
        )
    if column.type == TEXT:
        return cell(column, place if base == "VARCHAR" else shown, shown, limits)
    if column.type == FLAG:
        if base == "BOOLEAN":
            return cell(column, place, shown, limits)
        value = sql.flag(shown)
        unread(value, "not_a_flag", "it is neither a yes nor a no")
        return cell(column, value, shown, limits, checks)
    if column.type == MOMENT:
        if base == "VARCHAR":
            value = f"coalesce({', '.join(sql.moment(place, one) for one in FORMATS)})"
            unread(value, "not_a_date", "it is no date as ISO 8601 writes it")
        else:
            zoned = (
                f"TRY_CAST({place} AS TIMESTAMPTZ)" if base in _ZONED else place
            )  # nanoseconds have no way of their own
            value = place if base == "TIMESTAMP" else f"TRY_CAST({zoned} AS TIMESTAMP)"
        return cell(column, value, shown, limits, checks)
    if base == "VARCHAR":
        value, exact = sql.number(place), sql.whole(place)
        unread(value, "not_a_number", "it is no number")
    else:
        value, exact = f"CAST({place} AS DOUBLE)", f"TRY_CAST({place} AS BIGINT)"
    value = f"CASE WHEN NOT isnan({value}) THEN {value} END"
    if base in ("FLOAT", "DOUBLE", "DECIMAL"):
        exact = sql.whole_of(value)
    return cell(column, value, shown, limits, checks, exact if column.type == COUNT else "")
