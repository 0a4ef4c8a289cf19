"""Features that were measured before, in a Parquet file sorted by account: may they be scored, and in which pieces."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import BadInput, printable

if TYPE_CHECKING:
    from models.bundle import Model

log = logging.getLogger(__name__)
KEYS = ("account_id", "as_of")


@dataclass(frozen=True)
class Features:
    """A file of features, and the row groups of each of its parts."""

    path: Path
    parts: tuple[tuple[int, ...], ...]
    rows: int
    ours: bool  # made by this program a moment ago, so that its order need not be looked at

    @classmethod
    def measured(cls, path: Path, part_rows: int) -> Features:
        """What scoring has just measured; row groups are put together as by ``given``."""
        facts = pq.read_metadata(path)
        return cls(path, _parts(facts, part_rows), facts.num_rows, ours=True)

    @classmethod
    def given(cls, path: Path, model: Model, part_rows: int) -> Features:
        """What somebody measured before: row groups are put together until a part has ``part_rows`` accounts.

        Raises
        ------
        BadInput
            When it is no Parquet file, or has no identifiers, no moments or not the columns the model was trained on.
        """
        try:
            facts, schema = pq.read_metadata(path), pq.read_schema(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise _wrong(path, "a Parquet file of features", printable(str(error), 200)) from error
        absent = [c for c in (*KEYS, *model.columns) if c not in schema.names]
        if absent:
            more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
            named = ", ".join(printable(c, 60) for c in absent[:5])
            raise _wrong(
                path, f"the {len(model.columns)} columns the model was trained on", f"none named {named}{more}"
            )
        if not pa.types.is_timestamp(schema.field("as_of").type):
            raise _wrong(path, "moments in the column as_of", str(schema.field("as_of").type))
        odd = [c for c in model.columns if not _number(schema.field(c).type)]
        if odd:
            kind = schema.field(odd[0]).type
            raise _wrong(path, "numbers in the model's columns", f"{kind} in {printable(odd[0], 60)}")
        others = [n for n in schema.names if n not in (*KEYS, *model.columns)]
        if others:
            named = ", ".join(printable(n, 60) for n in others[:5])
            log.info("%d columns are left aside, the model was not trained on them: %s", len(others), named)
        return cls(path, _parts(facts, part_rows), facts.num_rows, ours=False)

    def pieces(self, part: int, columns: tuple[str, ...], rows: int) -> Iterator[pa.Table]:
        """Rows of one part in pieces of at most ``rows``: identifiers as text, moments, and ``columns``.

        Raises
        ------
        BadInput
            When an identifier is missing or they do not rise.
        """
        if not self.parts[part]:
            return
        before: pa.Scalar | None = None
        try:
            with pq.ParquetFile(self.path) as file:
                groups = list(self.parts[part])
                for batch in file.iter_batches(batch_size=rows, row_groups=groups, columns=[*KEYS, *columns]):
                    piece = pa.Table.from_batches([batch])
                    if not self.ours and piece.num_rows:
                        piece.validate(full=True)
                        ids = piece.column("account_id").cast(pa.string()).combine_chunks()
                        self.check_order(ids, before)
                        before = ids[-1]
                    yield piece
        except BadInput:
            raise
        except (OSError, ValueError, pa.ArrowException) as error:
            raise _wrong(self.path, "a Parquet file that can be read to its end", printable(str(error), 200)) from error

    def check_order(self, ids: pa.Array, before: pa.Scalar | None = None) -> None:
        """Refuse identifiers that do not rise from one to the next, the first from ``before``."""
        if ids.null_count:
            raise _wrong(self.path, "an account_id in every row", f"{ids.null_count:,} rows without")
        rising = pc.all(pc.less(ids.slice(0, len(ids) - 1), ids.slice(1)), min_count=0).as_py()
        if not rising or (before is not None and not pc.less(before, ids[0]).as_py()):
            raise _wrong(
                self.path, "rows sorted by account_id, each account once", "another order, or an account twice"
            )


def _parts(facts: pq.FileMetaData, part_rows: int) -> tuple[tuple[int, ...], ...]:
    """Row groups of each part: one after the other until it has ``part_rows`` rows; there is one part at least."""
    parts: list[list[int]] = [[]]
    held = 0
    for i in range(facts.num_row_groups):
        if held >= part_rows:
            parts.append([])
            held = 0
        parts[-1].append(i)
        held += facts.row_group(i).num_rows
    return tuple(map(tuple, parts))


def _number(kind: pa.DataType) -> bool:
    t = pa.types
    return any(is_it(kind) for is_it in (t.is_floating, t.is_integer, t.is_boolean, t.is_null))


def _wrong(path: Path, expected: str, got: str) -> BadInput:
    return BadInput(
        f"--features {path}",
        expected=expected,
        got=got,
        todo="Measure them with `unpump featurize` at the model's version, or score --tables instead.",
    )
