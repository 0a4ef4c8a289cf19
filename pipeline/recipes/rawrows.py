"""What every reader of files gives: raw rows of text with their file and number, and the columns a recipe needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.errors import BadInput, printable
from pipeline.recipes.decoding import PACKED
from pipeline.recipes.format import Part

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


@dataclass
class Raw:
    """Raw rows of a part: ``relation`` has ``_file``, ``_row`` and a text column per name in ``columns``."""

    relation: str
    columns: dict[str, str]
    refused: list[tuple[str, int | None, str, str, str]] = field(default_factory=list)  # file, row, code, reason, value
    replaced: int = 0  # characters that were not in the encoding


@dataclass(frozen=True)
class Needs:
    """Columns that rules read: every group must be met by one of its columns."""

    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]


def find_files(folder: Path, part: Part, where: str) -> list[Path]:
    """Files of ``part`` in ``folder`` (or the one file it is), in the order of the patterns, then by name.

    Raises
    ------
    BadInput
        When the folder or a file is absent; the message says what is there instead.
    """
    if not folder.exists():
        raise BadInput(
            str(folder), expected=f"the data of {where}", got="no such file or folder", todo="Check the path."
        )
    if folder.is_file():
        return [folder]
    found: dict[Path, None] = {}
    for pattern in part.files or ("*",):
        names = [pattern, *(f"{pattern}{p}" for p in PACKED if not pattern.endswith(p))]
        hits = sorted({path for name in names for path in folder.glob(name) if path.is_file()})
        if not hits:
            there = ", ".join(sorted(p.name for p in folder.iterdir())[:12]) or "an empty folder"
            raise BadInput(
                str(folder / pattern),
                expected=f"a file of {where}",
                got=f"a folder with {there}" if there else "an empty folder",
                todo="Name the folder that holds the files as their authors published them.",
            )
        found |= dict.fromkeys(hits)
    return list(found)


def format_of(path: Path, part: Part) -> str:
    """Format of a file by the recipe, else by its name without ``.gz`` or ``.zst``."""
    name = path.name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    known = part.format or FORMATS.get(Path(name).suffix)
    if known is None:
        raise BadInput(
            str(path),
            expected=f"a file that ends in {', '.join(FORMATS)}, or one of these packed with gzip or zstd",
            got=printable(path.name),
            todo="Rename it, or say `format: csv` (json, jsonl, parquet) in the recipe.",
        )
    return known


def pick(header: Sequence[str], needs: Needs, path: Path) -> dict[str, int]:
    """Place of each needed column in ``header``; those that only stand in for another may be absent."""
    for group in needs.groups:
        hits = [name for name in group if name in header]
        if not hits:
            raise BadInput(
                str(path),
                expected=f"a column {' or '.join(group)}",
                got="columns " + printable(", ".join(header), 300),
                todo="Correct the name in the recipe.",
            )
    places: dict[str, int] = {}
    for name in needs.names:
        if header.count(name) > 1:
            raise BadInput(
                str(path), expected=f"one column {name}", got="several of that name", todo="Rename them in the file."
            )
        if name in header:
            places[name] = header.index(name)
    return places
