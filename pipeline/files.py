"""Files written whole or not at all: a temporary sibling, fsync, then one rename."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from features.errors import BadInput

Writer = Callable[[Path], None]  # writes one file or folder at the path it is given


def write_all(contents: Mapping[Path, Any]) -> None:
    """Write every value to its path; nothing is replaced before everything has been written.

    Values may be a DataFrame or Arrow table (``.parquet``, ``.csv``), a JSON value (``.json``), text, bytes,
    a mapping of names to such values (a folder), or a function that writes to the path it is given.

    Raises
    ------
    BadInput
        When a folder cannot be written; earlier files stay as they were.
    """
    staged: list[tuple[Path, Path]] = []
    try:
        for path, value in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            staged.append((temporary, path))
            write_value(temporary / path.name, value)
            sync(temporary)
        for temporary, path in staged:
            replace(temporary / path.name, path)
    except OSError as error:
        place = str(error.filename or next(iter(contents), ""))
        raise BadInput(
            place,
            expected="a folder that can be written",
            got=error.strerror or str(error),
            todo="Free space or choose another folder.",
        ) from error
    finally:
        for temporary, _ in staged:
            shutil.rmtree(temporary, ignore_errors=True)


def write_value(path: Path, value: Any) -> None:
    """Write one value at ``path`` by its kind and suffix."""
    if callable(value):
        value(path)
    elif isinstance(value, Mapping) and path.suffix != ".json":
        path.mkdir(parents=True, exist_ok=True)
        for name in sorted(value):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            write_value(path / name, value[name])
    elif isinstance(value, bytes):
        path.write_bytes(value)
    elif path.suffix == ".parquet":
        _write_parquet(path, value)
    elif path.suffix == ".csv":
        path.write_text(value.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
    elif isinstance(value, str) and path.suffix != ".json":
        path.write_text(value, encoding="utf-8", newline="\n")
    else:
        path.write_text(to_json(value), encoding="utf-8", newline="\n")


def to_json(value: Any) -> str:
    """JSON with sorted keys, as every run writes it; not-a-number is refused because JSON has no such value."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """The JSON value in ``path``."""
    return json.loads(path.read_text(encoding="utf-8"))


def read_folder(path: Path) -> dict[str, bytes]:
    """Every file below ``path`` as bytes, keyed by its relative POSIX path."""
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def _write_parquet(path: Path, value: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value, preserve_index=False)
    # The pandas block names library versions: the same rows must give the same bytes everywhere.
    kept = {k: v for k, v in (table.schema.metadata or {}).items() if k != b"pandas"}
    pq.write_table(table.replace_schema_metadata(kept or None), path, compression="zstd")


def sync(folder: Path) -> None:
    """Force every file below ``folder`` to the disk."""
    for path in [folder, *folder.rglob("*")]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace(new: Path, path: Path) -> None:
    """Put ``new`` at ``path``; a folder that stands there is moved aside first, so no half-written mixture is seen."""
    if path.is_dir() and not path.is_symlink():
        aside = new.parent / f"{path.name}.old"
        os.replace(path, aside)
        os.replace(new, path)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        os.replace(new, path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
