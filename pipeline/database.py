"""DuckDB, embedded: the one place that opens a connection and quotes names, so that both are decided once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import BadInput, printable

if TYPE_CHECKING:
    import duckdb

# DuckDB 2.0 takes the lowest and highest value that Parquet keeps of a column to prove that nothing lies beyond them.
# Parquet leaves not-a-number out of these, so `isnan(x)` becomes false and `x <= 10` true for every row.
WRONG_ON_NAN = "statistics_propagation"


def open_database(
    setting: str = "",
    memory: str = "256MB",
    threads: int = 1,
    spill: Path | None = None,
    ordered: bool = True,
) -> duckdb.DuckDBPyConnection:
    """A database in memory: instants are UTC, nothing is fetched from anywhere, not-a-number is seen.

    Parameters
    ----------
    setting : name of the setting that gives ``memory``, for the sentence when it is none
    memory : what it may use before it spills to disk, such as 4GB
    threads : how many it may use
    spill : folder for what does not fit; None keeps everything in memory
    ordered : rows come in the order of the files where nothing else gives one

    Raises
    ------
    BadInput
        When ``memory`` is no size.
    """
    import duckdb

    try:
        connection = duckdb.connect(
            config={
                "memory_limit": memory,
                "threads": threads,
                "temp_directory": str(spill) if spill else "",
                "preserve_insertion_order": "true" if ordered else "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
    except duckdb.Error as error:
        raise BadInput(
            f"setting {setting}",
            expected="a size such as 4GB",
            got=printable(memory),
            todo="Correct it in params.yaml or with --set.",
        ) from error
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET disabled_optimizers = '{WRONG_ON_NAN}'")
    return connection


def ident(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """``value`` as an SQL string; words of others never become SQL."""
    return "'" + value.replace("\0", "").replace("'", "''") + "'"


def texts(values: Sequence[str]) -> str:
    """``values`` as a parenthesised SQL list."""
    return "(" + ", ".join(text(v) for v in values) + ")"


def files(paths: Iterable[Path]) -> str:
    """``paths`` as a list that DuckDB reads one after the other, taken as names and not as patterns."""
    # DuckDB globs what it is given; a bracket around each special character makes it plain.
    plain = [re.sub(r"([*?\[])", r"[\1]", str(p)) for p in paths]
    return "[" + ", ".join(text(p) for p in plain) + "]"
