"""Scoring that can be killed at any moment and goes on where it stopped, with the bytes of a run that was not.

First all features are measured and kept, sorted by account, in row groups of ``score.part_rows`` accounts. Then each
row group becomes a part: scored, explained, written, checked. A part is a range of identifiers rather than a hash
bucket: parts are as even, and one after the other they are the sorted table. Features are not measured part by part,
because some compare an account with all others. At the end parts are copied into one ``scores.parquet``; where there
are more than ``score.single_file_rows`` rows they become a folder ``scores/``. ``manifest.json`` is written last:
scores it does not agree with are not complete.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.jobs.resumable import Facts, Parts, discard
from pipeline.jobs.scorerows import ROWS, SCHEMA, in_groups, invalid_rows, references, score_features, verdicts
from pipeline.progress import Progress
from pipeline.settings import Params
from pipeline.sizes import bytes_of

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.recipes.canonical import Cleaned
    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)
FOLDER = ".score"  # in the output, while a job is not done
FEATURES = "features.parquet"
SINGLE, MANY = "scores.parquet", "scores"
# What Python, Arrow and the libraries need beside the rows they hold; measured at 0.55 GB.
BASE = 600 * 10**6
# Copies of a slice's features held at once: Arrow, matrix, contributions, and what computing these needs.
COPIES = 6
FEWEST = 1024  # rows of a slice
LEAST = 250 * 10**6  # bytes DuckDB and a slice cannot do without
SAMPLE = 256  # rows of a slice whose compiled scores are compared with LightGBM's


def bounded(params: Params) -> Params:
    """The same settings, with what engines may use reduced to what ``score.memory`` leaves."""
    most = room(params) * 6 // 10
    changes: dict[str, Any] = {}
    for name in ("prepare", "featurize"):
        section = getattr(params, name)
        if bytes_of(section.memory, f"{name}.memory") > most:
            changes[name] = section.model_copy(update={"memory": f"{most // 10**6}MB"})
    return params.model_copy(update=changes)


def room(params: Params) -> int:
    """Bytes that ``score.memory`` leaves for rows."""
    return max(bytes_of(params.score.memory, "score.memory") - BASE, LEAST)


def identity(
    model: Model, tables: TableFiles, params: Params, as_of: datetime | None, bot_share: float | None
) -> dict[str, Any]:
    """What tells this job from any other that could have another result."""
    from features.builder import feature_hash

    def stamp(path: Path) -> list[Any]:
        found = path.stat()
        return [str(path), found.st_size, found.st_mtime_ns]

    return {
        "model": model.version,
        "features": feature_hash(),
        "as_of": as_of.isoformat() if as_of else None,
        "bot_share": bot_share,
        "score": params.score.model_dump(mode="json", exclude={"memory", "compiled"}),
        "prepare": params.prepare.model_dump(mode="json", include={"latest_at", "text_limit"}),
        "tables": {name: [stamp(f) for f in files] for name, files in sorted(tables.files.items()) if name != "labels"},
    }


class Job:
    """The scoring of some accounts into one output, part by part."""

    def __init__(
        self, model: Model, clean: Cleaned, params: Params, parts: Parts, as_of: datetime | None, share: float | None
    ) -> None:
        self.model, self.clean, self.params, self.parts = model, clean, params, parts
        self.as_of, self.share = as_of, share
        self.invalid = invalid_rows(model, clean.invalid)
        self.trees: Callable[[np.ndarray], np.ndarray] | None = None

    def run(self) -> list[Facts]:
        """Make every part that is not there yet; the facts of all, in order."""
        self.parts.sound(FEATURES) or self.parts.make(FEATURES, self._measure)
        with pq.ParquetFile(self.parts.path(FEATURES)) as features:
            groups = features.num_row_groups
            names = [f"part-{i:05d}.parquet" for i in range(max(groups, 1))]
            facts = {name: found for name in names if (found := self.parts.sound(name))}
            total = features.metadata.num_rows + self.invalid.num_rows
            todo = total - sum(f["rows"] for f in facts.values())
            self.trees = compiled(self.model, todo, self.params)
            with Progress("scoring accounts", total, total - todo) as progress:
                for i, name in enumerate(names):
                    if name in facts:
                        continue
                    facts[name] = self.parts.make(name, partial(self._score, features, i))
                    progress.add(facts[name]["rows"])
        return [facts[name] for name in names]

    def _measure(self, path: Path) -> Facts:
        """Write the features of all accounts, sorted, in row groups that will be the parts."""
        from pipeline.engine import featurize_tables

        log.info("measuring %d features of every account", len(self.model.columns))
        tables, columns = self.clean.tables, len(self.model.columns)
        rows = max(1, min(self.params.score.part_rows, room(self.params) // 4 // (8 * columns)))
        made = featurize_tables(
            tables, verdicts(tables, self.as_of), self.params.featurize, references(self.model), self.model.columns
        )
        reader = made.batches()
        count = 0
        # Not compressed: the file is read once, and decompressing it would cost more than predicting.
        with pq.ParquetWriter(path, reader.schema, compression="none", use_dictionary=["account_id"]) as writer:
            for group in in_groups((pa.Table.from_batches([b]) for b in reader if b.num_rows), rows):
                writer.write_table(group, row_group_size=rows)
                count += group.num_rows
        made.connection.close()
        return {"rows": count}

    def _score(self, features: pq.ParquetFile, group: int, path: Path) -> Facts:
        """Write part number ``group``: its accounts, and the rows of accounts that belong between them."""
        status: Counter[str] = Counter()
        tiers: Counter[str] = Counter()
        rows, first, last = 0, None, None
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            for piece in self._pieces(features, group):
                writer.write_table(piece, row_group_size=ROWS)
                status.update(piece.column("status").to_pylist())
                tiers.update(t for t in piece.column("tier").to_pylist() if t is not None)
                first = piece.column("account_id")[0].as_py() if first is None else first
                last = piece.column("account_id")[-1].as_py()
                rows += piece.num_rows
        return {"rows": rows, "status": dict(status), "tiers": dict(tiers), "first": first, "last": last}

    def _pieces(self, features: pq.ParquetFile, group: int) -> Iterator[pa.Table]:
        """Rows of one part in slices that memory has room for, sorted by account_id."""
        groups = features.num_row_groups
        waiting = self._invalid_of(features, group)
        if groups:
            step = slice_rows(self.params, len(self.model.columns))
            for batch in features.iter_batches(batch_size=step, row_groups=[group]):
                piece = pa.Table.from_batches([batch])
                rows = score_features(self.model, piece, self.params.score, self.share, self.trees)
                before = _until(waiting, rows.column("account_id")[-1])
                both = pa.concat_tables([rows, waiting.slice(0, before)])
                waiting = waiting.slice(before)
                # The sort is stable: of rows with one identifier the scored one stays first.
                yield both.take(pc.sort_indices(both.column("account_id"))).combine_chunks()
        if waiting.num_rows:
            yield waiting

    def _invalid_of(self, features: pq.ParquetFile, group: int) -> pa.Table:
        """Invalid rows after the last account of the part before, up to the last of this one; all others at the end."""
        groups = features.num_row_groups
        start = _until(self.invalid, _last(features, group - 1)) if group else 0
        end = _until(self.invalid, _last(features, group)) if group < groups - 1 else self.invalid.num_rows
        return self.invalid.slice(start, end - start)


def _last(features: pq.ParquetFile, group: int) -> pa.Scalar:
    return features.read_row_group(group, columns=["account_id"]).column("account_id")[-1].cast(pa.string())


def _until(rows: pa.Table, last: pa.Scalar) -> int:
    """How many of the sorted ``rows`` come up to ``last``, itself included."""
    if not rows.num_rows:
        return 0
    return int(pc.sum(pc.less_equal(rows.column("account_id"), last)).as_py() or 0)


def slice_rows(params: Params, columns: int) -> int:
    """Rows scored at once: half of the memory that is left, divided by what a row needs."""
    return max(FEWEST, min(ROWS, room(params) // 2 // (8 * COPIES * max(columns, 1))))


def compiled(model: Model, rows: int, params: Params) -> Callable[[np.ndarray], np.ndarray] | None:
    """The fast way to raw scores where it pays: LightGBM's scores, bit for bit; None leaves it to LightGBM."""
    from models.compiledtrees import WORTH_ROWS, CompiledTrees, Unreadable

    if params.score.compiled == "never" or (params.score.compiled == "auto" and rows < WORTH_ROWS):
        return None
    try:
        trees = CompiledTrees.of(model.booster_text)
    except (ImportError, Unreadable):
        return None

    def scores(matrix: np.ndarray) -> np.ndarray:
        found = trees.raw_scores(matrix, params.featurize.threads)
        if np.array_equal(found[:SAMPLE], model.raw_scores(matrix[:SAMPLE])):
            return found
        log.warning("scored by LightGBM: compiled trees differ from it here")
        return model.raw_scores(matrix)

    return scores


def publish(out: Path, parts: Parts, facts: list[Facts], params: Params) -> dict[str, Facts]:
    """Put finished parts where they are looked for; returns file -> rows and checksum."""
    rows = sum(f["rows"] for f in facts)
    names = [f"part-{i:05d}.parquet" for i in range(len(facts))]
    if rows > params.score.single_file_rows:
        parts.publish_all(names, out / MANY)
        (out / SINGLE).unlink(missing_ok=True)
        kept = ("rows", "sha256", "first", "last")
        return {f"{MANY}/{n}": {k: f[k] for k in kept} for n, f in zip(names, facts, strict=True)}

    def copy(path: Path) -> Facts:
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            for group in in_groups(_read(parts.path(n) for n in names)):
                writer.write_table(group, row_group_size=ROWS)
        return {"rows": rows}

    whole = parts.sound(SINGLE) or parts.make(SINGLE, copy)
    parts.publish(SINGLE, out / SINGLE)
    discard(out / MANY)
    return {SINGLE: whole}


def _read(paths: Iterator[Path]) -> Iterator[pa.Table]:
    for path in paths:
        with pq.ParquetFile(path) as part:
            for group in range(part.num_row_groups):
                yield part.read_row_group(group).cast(SCHEMA)
