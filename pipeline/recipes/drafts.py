"""A draft: rows of one source in canonical columns, each with the first reason why it cannot be used, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from features.tables import COUNT, FLAG, MOMENT, SHARE, TEXT, Column, Measure
from pipeline.recipes import sql
from pipeline.recipes.compiler import Check
from pipeline.recipes.sql import Workspace

EARLIEST = datetime(1990, 1, 1)  # before there were social platforms; typical of a zero or a broken clock
KEYS = ("account_id", "post_id", "actor_id", "follower_id", "followed_id")
LONGEST_KEY = 512  # bytes; a longer one is a damaged row, and cutting it could make two accounts one
OPENED_LATE = Check(
    "created_at > observed_at",
    "created_after_observed",
    "created_at",
    "it was opened after its counters were read",
    "CAST(created_at AS VARCHAR) || ' > ' || CAST(observed_at AS VARCHAR)",
)
REFUSED = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("reason_code", pa.string()),
        ("reason", pa.string()),
        ("value", pa.string()),
    ]
)


@dataclass(frozen=True)
class Cell:
    """One canonical column of a draft: SQL over the raw rows, what can be wrong with it, and how it was cleaned."""

    name: str
    value: str
    checks: tuple[Check, ...] = ()
    cleaned: str = ""  # SQL of the text before it was cut and freed of NUL characters; empty for other types


@dataclass(frozen=True)
class Limits:
    """What no value may exceed."""

    latest_at: datetime
    text: int  # characters

    @property
    def latest(self) -> str:
        """The latest moment as SQL."""
        at = self.latest_at.astimezone(UTC).replace(tzinfo=None) if self.latest_at.tzinfo else self.latest_at
        return f"TIMESTAMP {sql.text(at.isoformat(sep=' '))}"


@dataclass
class Draft:
    """Rows of one source for one canonical table, as a relation of the workspace.

    The relation holds ``_file``, ``_row`` (1-based), the canonical columns, ``extra`` columns whose names begin with an
    underscore, ``_problem`` (index into ``checks``, null for a usable row) and ``_value`` (what stood there).
    """

    table: str
    source: str
    rank: int  # place of the source in the order they were named
    relation: str
    checks: Sequence[Check]
    read: int = 0
    unusable: int = 0
    cleaned: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


def cell(column: Column, value: str, shown: str, limits: Limits, checks: Sequence[Check] = (), exact: str = "") -> Cell:
    """The canonical ``column`` filled by SQL ``value``, with the checks its type and bounds ask for.

    Parameters
    ----------
    value : str, SQL of the column's type; for counts a 64-bit float (``exact`` is then the integer) or an integer
    shown : str, SQL of the text that stood in the file
    checks : what reading the value may have found already
    """
    found = list(checks)
    if not column.nullable:
        needed = f"({value}) IS NULL" + (f" OR trim({value}) = ''" if column.type == TEXT else "")
        found.append(Check(needed, "missing", column.name, "it is needed and missing", shown))
    cleaned = ""
    if column.type == TEXT:
        if column.name in KEYS:
            found.append(
                Check(f"strlen({value}) > {LONGEST_KEY}", "too_long", column.name, "no identifier is that long", shown)
            )
        elif not column.values:
            cleaned, value = value, clean_text(value, limits.text)
        if column.values:
            value = f"lower(trim({value}))"
            found.append(
                Check(
                    f"({value}) NOT IN {sql.texts(column.values)}",
                    "unknown_value",
                    column.name,
                    f"it is none of {', '.join(column.values)}",
                    shown,
                )
            )
    elif column.type in (COUNT, SHARE):
        found += number_checks(column.name, value, shown, column.low, column.high)
        if column.type == COUNT:
            integer = exact or value
            found.append(
                Check(f"({value}) <> trunc({value})", "not_whole", column.name, "it is no whole number", shown)
            )
            beyond = f"({value}) IS NOT NULL AND ({integer}) IS NULL"
            found.append(Check(beyond, "too_large", column.name, "it does not fit 64 bits", shown))
            value = integer
    elif column.type == MOMENT:
        found.append(
            Check(f"({value}) < TIMESTAMP '{EARLIEST}'", "before_1990", column.name, "it is before 1990", shown)
        )
        found.append(Check(f"({value}) > {limits.latest}", "in_the_future", column.name, "it is in the future", shown))
    elif column.type != FLAG:
        raise AssertionError(f"{column.name}: a canonical column of an unexpected type {column.type}")
    return Cell(column.name, value, tuple(found), cleaned)


def number_checks(name: str, value: str, shown: str, low: float | None, high: float | None) -> list[Check]:
    """Checks of a number: finite and within its bounds."""
    found = [Check(f"isinf(CAST({value} AS DOUBLE))", "infinite", name, "it is infinite", shown)]
    if low == 0:
        found.append(Check(f"({value}) < 0", "negative", name, "it cannot be negative", shown))
    elif low is not None:
        found.append(Check(f"({value}) < {low!r}", "out_of_range", name, f"it is below {low:g}", shown))
    if high is not None:
        found.append(Check(f"({value}) > {high!r}", "out_of_range", name, f"it is above {high:g}", shown))
    return found


def measure_cell(measure: Measure, value: str, shown: str, checks: Sequence[Check] = ()) -> Cell:
    """A measure: a float within the range its declaration gives; not-a-number is missing."""
    plain = f"CASE WHEN NOT isnan({value}) THEN {value} END"
    return Cell(measure.name, plain, (*checks, *number_checks(measure.name, plain, shown, measure.low, measure.high)))


def clean_text(value: str, limit: int) -> str:
    """``value`` without NUL characters (no engine or page bears them) and at most ``limit`` characters long."""
    return f"left(replace({value}, chr(0), ''), {limit})"


def draft(
    work: Workspace,
    table: str,
    source: str,
    rank: int,
    raw: str,
    cells: Sequence[Cell],
    limits: Limits,
    checks: Sequence[Check] = (),
    extra: Sequence[tuple[str, str]] = (),
    stored: bool = True,
) -> Draft:
    """Compute a draft of ``raw`` rows.

    Parameters
    ----------
    raw : str, SQL of a relation with ``_file`` and ``_row``, which ``cells`` are written over
    checks : further checks; they may name the canonical columns
    extra : further columns (name, SQL over ``raw``)
    stored : bool, False keeps it a view: for tables that would not fit
    """
    every = [*(check for one in cells for check in one.checks)]
    early = " ".join(f"WHEN {c.condition} THEN {i}" for i, c in enumerate(every))
    late = " ".join(f"WHEN {c.condition} THEN {i}" for i, c in enumerate(checks, start=len(every)))
    every += checks
    shown = " ".join(f"WHEN {i} THEN {_shown(c.value)}" for i, c in enumerate(every) if c.value != "NULL")
    texts = [c.cleaned for c in cells if c.cleaned]
    cut = " + ".join(f"coalesce(CAST(length({t}) > {limits.text} AS INTEGER), 0)" for t in texts) or "0"
    freed = " + ".join(f"coalesce(CAST(contains({t}, chr(0)) AS INTEGER), 0)" for t in texts) or "0"
    columns = [f"{c.value} AS {sql.ident(c.name)}" for c in cells]
    columns += [f"{value} AS {sql.ident(name)}" for name, value in extra]
    first = f"CASE {early} END" if early else "NULL"
    problem = f"coalesce(_early, CASE {late} END)" if late else "_early"
    value = f"CASE _problem {shown} END" if shown else "NULL"
    # Values shown come from the raw rows, so those of late checks must name canonical columns through _value below.
    inner = f"SELECT *, {', '.join(columns)}, {first} AS _early, {cut} AS _cut, {freed} AS _nul FROM {raw}"
    names = [sql.ident(c.name) for c in cells] + [sql.ident(name) for name, _ in extra]
    outer = (
        f"SELECT _file, _row, {', '.join(names)}, _cut, _nul, _problem, CAST({value} AS VARCHAR) AS _value "
        f"FROM (SELECT *, CAST({problem} AS INTEGER) AS _problem FROM ({inner}))"
    )
    relation = work.name(f"draft_{table}")
    work.run(f"CREATE {'TABLE' if stored else 'VIEW'} {relation} AS {outer}")
    counted = f"SELECT count(*), count(_problem), sum(_cut), sum(_nul) FROM {relation}"
    read, unusable, cut_texts, freed_texts = work.rows(counted)[0]
    cleaned = {"texts_cut": int(cut_texts or 0), "nul_removed": int(freed_texts or 0)}
    return Draft(table, source, rank, relation, tuple(every), read, unusable, cleaned)


def _shown(value: str) -> str:
    # A hostile value may be megabytes long; what is kept of it is escaped and shortened again when it is written.
    return f"left(CAST({value} AS VARCHAR), 200)"


def refuse_unusable(work: Workspace, one: Draft, refused: str) -> None:
    """Put the unusable rows of a draft into the relation ``refused``."""
    if not one.unusable:
        return
    facts = ", ".join(
        f"({i}, {sql.text(c.column)}, {sql.text(c.code)}, {sql.text(c.reason)})" for i, c in enumerate(one.checks)
    )
    work.run(
        f"INSERT INTO {refused} SELECT {one.rank}, {sql.text(one.table)}, {sql.text(one.source)}, d._file, d._row, "
        f"f.name, f.code, f.reason, d._value FROM {one.relation} d JOIN (VALUES {facts}) f(i, name, code, reason) "
        f"ON d._problem = f.i"
    )


def make_refused(work: Workspace) -> str:
    """An empty relation of refused rows: those of ``REFUSED`` after the rank of the source and the table."""
    work.run(
        "CREATE TABLE refused (_rank INTEGER, _table VARCHAR, source VARCHAR, file VARCHAR, row BIGINT, "
        '"column" VARCHAR, reason_code VARCHAR, reason VARCHAR, value VARCHAR)'
    )
    return "refused"
