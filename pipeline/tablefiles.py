"""Where the Parquet files of each canonical table are: a handle that reads nothing until asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import BadInput
from features.tables import TABLES


@dataclass(frozen=True)
class TableFiles:
    """Files of each canonical table that is present, keyed by table name; absent tables have no key."""

    folder: Path
    files: dict[str, tuple[Path, ...]]

    @classmethod
    def open(cls, folder: Path) -> TableFiles:
        """The tables in ``folder``: ``NAME.parquet``, or a folder ``NAME/`` of Parquet files.

        Raises
        ------
        BadInput
            When the folder is absent or holds no accounts.
        """
        if not folder.is_dir():
            raise BadInput(
                str(folder),
                expected="a folder of canonical tables",
                got="no such folder",
                todo="Name the folder that holds accounts.parquet.",
            )
        found = {name: _files(folder, name) for name in TABLES}
        present = {name: files for name, files in found.items() if files}
        if "accounts" not in present:
            there = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "an empty folder"
            raise BadInput(
                str(folder),
                expected="accounts.parquet, or a folder accounts/ of Parquet files",
                got=there,
                todo="See docs/tables.md for the tables and their columns.",
            )
        return cls(folder, present)

    def read(self, name: str, columns: list[str] | None = None) -> Any:
        """Table ``name`` as a DataFrame, its files one after the other in name order."""
        import pandas as pd
        import pyarrow.parquet as pq

        if name not in self.files:
            return None
        parts = [pq.read_table(f, columns=columns).to_pandas() for f in self.files[name]]
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _files(folder: Path, name: str) -> tuple[Path, ...]:
    single = folder / f"{name}.parquet"
    if single.is_file():
        return (single,)
    many = folder / name
    return tuple(sorted(many.glob("*.parquet"))) if many.is_dir() else ()
