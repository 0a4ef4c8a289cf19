"""DuckDB as prepare uses it: a bounded workspace, quoting, and SQL that reads numbers, moments and flags from text."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable
from pipeline.database import files, ident, open_database, text, texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Workspace", "blank", "files", "flag", "ident", "moment", "number", "text", "texts", "whole", "whole_of"]

BATCH_ROWS = 1 << 17  # rows handed over at a time
BATCH_ROWS_OF_TEXT = 1 << 13  # texts of 64 k characters make that 2 GB at most
_DAMAGED = re.compile(r"[\"']([^\"']+\.parquet)[\"']")


def _damaged(error: BaseException | None) -> str | None:
    """The Parquet file whose damage ``error`` tells of; None for every other error."""
    import duckdb

    if not isinstance(error, duckdb.Error):
        return None
    named = _DAMAGED.search(str(error))
    # What a damaged page makes its decoder say has no class of its own and no name of a file.
    return named[1] if named else "a Parquet file of the tables" if type(error) is duckdb.Error else None


class Workspace:
    """A DuckDB connection with a memory limit, and a folder for what does not fit; both vanish on exit."""

    def __init__(self, memory: str = "4GB", threads: int = 2) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="unpump-"))
        try:
            self.connection = open_database("prepare.memory", memory, threads, self.folder / "spill")
        except BadInput:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._made, self._threads = 0, threads
        self.pseudonyms = False  # identifiers are replaced when they are written

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.connection.close()
        if kind is not None or not any(self.folder.iterdir()):  # else what was written is still to be moved
            shutil.rmtree(self.folder, ignore_errors=True)
        # A file is looked at before it is read; where its pages are damaged only reading tells.
        damaged = _damaged(error)
        if damaged:
            raise BadInput(
                damaged,
                expected="a Parquet file that can be read to its end",
                got=printable(str(error), 200),
                todo="Copy or export the file again.",
            ) from error

    def run(self, sql: str) -> None:
        """Execute ``sql`` for its effect."""
        self.connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        return self.connection.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        """The single value of ``sql``."""
        found = self.rows(sql)
        return found[0][0] if found else None

    def table(self, sql: str) -> pa.Table:
        """A result that is known to be small, as an Arrow table."""
        return self.connection.sql(sql).to_arrow_table()

    def batches(self, sql: str, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Rows of ``sql`` as Arrow batches, without holding them all."""
        yield from self.connection.sql(sql).to_arrow_reader(rows)

    def reset_threads(self) -> None:
        """As many threads as the workspace was opened with."""
        self.run(f"SET threads = {self._threads}")

    def name(self, kind: str) -> str:
        """A name no other relation has."""
        self._made += 1
        return f"{kind}_{self._made}"

    def file(self, suffix: str) -> Path:
        """A path no other file has."""
        return self.folder / f"{self.name('file')}{suffix}"


# --- reading values out of text ------------------------------------------------------------------------------------

NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
ENDLESS = r"(?i)[+-]?(inf|infinity)"
ISO = (
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?"
    r" ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
TWITTER = "%a %b %d %H:%M:%S %z %Y"  # Fri Apr 06 10:58:22 +0000 2007
YES, NO = ("true", "t", "yes", "y", "1", "1.0"), ("false", "f", "no", "n", "0", "0.0")


def blank(raw: str) -> str:
    """True where there is nothing to read: null, spaces, or a not-a-number."""
    return f"({raw} IS NULL OR trim({raw}) = '' OR lower(trim({raw})) = 'nan')"


def number(raw: str) -> str:
    """Text as a 64-bit float; infinite for the words, null for anything that is no number."""
    return (
        f"CASE WHEN regexp_full_match(trim({raw}), {text(NUMBER)}) OR regexp_full_match(trim({raw}), {text(ENDLESS)}) "
        f"THEN TRY_CAST(trim({raw}) AS DOUBLE) END"
    )


def whole(raw: str) -> str:
    """Text as a 64-bit integer, exact up to 18 digits; ``12.0`` and ``1e3`` are whole numbers too."""
    return (
        f"CASE WHEN regexp_full_match(trim({raw}), '[+-]?[0-9]{{1,18}}') THEN TRY_CAST(trim({raw}) AS BIGINT) "
        f"ELSE {whole_of(number(raw))} END"
    )


def whole_of(value: str) -> str:
    """A float as a 64-bit integer; null where it is none."""
    return f"CASE WHEN ({value}) = trunc({value}) THEN TRY_CAST(({value}) AS BIGINT) END"


def flag(raw: str, yes: Sequence[str] = YES, no: Sequence[str] = NO) -> str:
    """Text as a truth value, whatever the case."""
    plain = f"lower(trim({raw}))"
    return (
        f"CASE WHEN {plain} IN {texts([y.strip().lower() for y in yes])} THEN TRUE "
        f"WHEN {plain} IN {texts([n.strip().lower() for n in no])} THEN FALSE END"
    )


def moment(raw: str, written: str, zone: str = "UTC") -> str:
    """Text as a UTC timestamp.

    ``written`` is ``iso``, ``twitter``, ``epoch_s``, ``epoch_ms`` (a trailing L, as Java prints it, is fine) or a
    pattern such as ``%m/%d/%Y %H:%M``. ``zone`` is where clocks without an offset stood.
    """
    plain = f"trim({raw})"
    if written == "iso":
        offset = r".*[0-9] ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)"
        here = f"TRY_CAST({plain} AS TIMESTAMPTZ)::TIMESTAMP"
        if zone != "UTC":
            # A date's own hyphens look like an offset, so one only counts after a clock time.
            clock = f"regexp_full_match({plain}, {text('.*:' + offset)})"
            here = f"CASE WHEN {clock} THEN {here} ELSE {_from_zone(f'TRY_CAST({plain} AS TIMESTAMP)', zone)} END"
        return f"CASE WHEN regexp_full_match({plain}, {text(ISO)}) THEN {here} END"
    if written in ("epoch_s", "epoch_ms"):
        digits = rf"^(-?[0-9]{{1,{11 if written == 'epoch_s' else 14}}})(\.[0-9]*)?L?$"
        scale = 1_000_000 if written == "epoch_s" else 1000
        return (
            f"CASE WHEN regexp_matches({plain}, {text(digits)}) "
            f"THEN make_timestamp(TRY_CAST(regexp_extract({plain}, {text(digits)}, 1) AS BIGINT) * {scale}) END"
        )
    pattern = TWITTER if written == "twitter" else written
    # DuckDB takes words such as infinity for moments of their own.
    parsed = f"CASE WHEN regexp_matches({plain}, '[0-9]') THEN try_strptime({plain}, {text(pattern)}) END"
    if "%z" in pattern or "%Z" in pattern or zone == "UTC":
        return f"CAST({parsed} AS TIMESTAMP)"
    return _from_zone(parsed, zone)


def _from_zone(local: str, zone: str) -> str:
    return f"CAST(timezone({text(zone)}, {local}) AS TIMESTAMP)"
