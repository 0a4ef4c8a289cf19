"""Scores of an earlier run that still hold: those of accounts whose features are what they were.

A score and its reasons follow from the features of the account, the model and the settings, and from nothing else. So
an earlier row is taken over when all of them are the same, and the result is that of a full run. Features are measured
for everybody: those of an account depend on whom it meets, on whom they meet, and on circles that have no edge.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import BadInput, printable
from pipeline.jobs.resumable import checksum
from pipeline.jobs.scorerows import NO_EVIDENCE, SCHEMA, SCORED, moments, numbers

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.settings import Params

log = logging.getLogger(__name__)
SUM = "features_sum"
# Settings that change no row of scores; all others of the section must be the same.
FREE = {"memory", "part_rows", "single_file_rows", "compiled"}


def checksums(piece: pa.Table, columns: Sequence[str]) -> pa.Array:
    """128 bits of BLAKE2 of every account's features; equal exactly when all values are."""
    matrix = np.empty((piece.num_rows, len(columns)))
    for place, column in enumerate(columns):
        matrix[:, place] = numbers(piece.column(column))
    matrix += 0.0  # minus zero is zero
    matrix[np.isnan(matrix)] = np.nan  # one of the many
    return pa.array([hashlib.blake2b(row, digest_size=16).hexdigest() for row in matrix], pa.string())


@dataclass
class Earlier:
    """Rows of an earlier run, asked for by account; ``taken`` and ``made`` count rows taken over and scored anew."""

    rows: Any  # a pyarrow Dataset
    taken: int = 0
    made: int = 0

    @classmethod
    def read(cls, place: Path, model: Model, params: Params, bot_share: float | None) -> Earlier | None:
        """The scores in the folder ``place``; None, with the reason in the log, where none of them can hold.

        Raises
        ------
        BadInput
            When the folder holds something else than whole scores.
        """
        import pyarrow.dataset as ds

        if not (place / "manifest.json").exists():
            log.info("no earlier scores in %s: everybody is scored", place)
            return None
        try:
            told = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
            paths = {place / name: facts["sha256"] for name, facts in told["files"].items()}
            if any(not path.exists() or checksum(path) != known for path, known in paths.items()):
                # A job was killed after its scores were put there and before its manifest was.
                log.info("the scores in %s are not those of its manifest: everybody is scored", place)
                return None
            rows = ds.dataset([str(path) for path in paths], format="parquet")
            now = params.score.model_dump(mode="json", exclude=FREE)
            differs = [
                what
                for what, then, here in (
                    ("the model", told["model"]["version"], model.version),
                    ("the tables it reads", told["model"].get("without", []), list(model.facts.get("without", []))),
                    ("the share of bots", told["bot_share"], model.bot_share if bot_share is None else bot_share),
                    ("the settings of score", {k: told["settings"].get(k) for k in now}, now),
                    ("the columns of scores", set(rows.schema.names), set(SCHEMA.names)),
                )
                if then != here
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
            raise BadInput(
                f"--since {place}",
                expected="a folder that `unpump score` wrote",
                got=printable(str(error), 200),
                todo="Name the --out of an earlier run, or leave it away.",
            ) from error
        if differs:
            log.info("%s changed since the scores in %s: everybody is scored", " and ".join(differs), place)
            return None
        return cls(rows)

    def scored(self, piece: pa.Table, sums: pa.Array, score: Callable[[pa.Table], pa.Table]) -> pa.Table:
        """Rows of scores for ``piece``: earlier ones where the features are the same, ``score`` of the others."""
        import pyarrow.dataset as ds

        ids = piece.column("account_id").cast(pa.string())
        if not len(ids):
            return score(piece)
        between = (ds.field("account_id") >= ids[0]) & (ds.field("account_id") <= ids[-1])
        usable = between & ds.field("status").isin([SCORED, NO_EVIDENCE]) & ds.field(SUM).is_valid()
        old = self.rows.to_table(columns=SCHEMA.names, filter=usable).cast(SCHEMA)
        place = pc.index_in(ids, old.column("account_id")).combine_chunks()
        same = np.asarray(pc.fill_null(pc.equal(old.column(SUM).take(place), sums), False))
        self.taken, self.made = self.taken + int(same.sum()), self.made + int((~same).sum())
        if not same.any():
            return score(piece)
        kept = old.take(place.filter(pa.array(same)))
        # The moment of judgement moves on; nothing that was measured did.
        judged = moments(piece.column("as_of")).filter(pa.array(same))
        kept = kept.set_column(kept.schema.get_field_index("as_of"), SCHEMA.field("as_of"), judged)
        rows = pa.concat_tables([kept, score(piece.filter(pa.array(~same)))])
        return rows.take(pc.sort_indices(rows.column("account_id"))).combine_chunks()
