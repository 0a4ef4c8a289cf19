"""Scoring that can be killed at any moment and goes on where it stopped, with the bytes of a run that was not.

First all features are measured and kept, sorted by account, in row groups of ``score.part_rows`` accounts. Then each
row group becomes a part: scored, explained, written, checked; as many at once as there are threads. A part is a range
of identifiers rather than a hash bucket: parts are as even, and one after the other they are the sorted table. Features
are not measured part by part, because some compare an account with all others. At the end parts are copied into one
``scores.parquet``; where there are more than ``score.single_file_rows`` rows they become a folder ``scores/``.
``manifest.json`` is written last: scores it does not agree with are not complete.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.jobs.rawscores import RawScores, raw_scores
from pipeline.jobs.readyfeatures import Features
from pipeline.jobs.resumable import Facts, Parts, discard
from pipeline.jobs.scorerows import (
    ROWS,
    SCHEMA,
    in_groups,
    invalid_rows,
    matrix_of,
    references,
    score_features,
    verdicts,
)
from pipeline.jobs.since import SUM, Earlier, checksums
from pipeline.progress import Progress
from pipeline.settings import Params
from pipeline.sizes import bytes_of

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.jobs.standing import Standing
    from pipeline.recipes.canonical import Cleaned

log = logging.getLogger(__name__)
FOLDER = ".score"  # in the output, while a job is not done
FEATURES = "features.parquet"
SINGLE, MANY = "scores.parquet", "scores"
# What Python, Arrow and the libraries need beside the rows they hold; measured at 0.55 GB.
BASE = 600 * 10**6
# Copies of a slice's features held at once: this and the next as read and as matrix, contributions, and their needs.
COPIES = 8
FEWEST = 1024  # rows of a slice
MOST = 100_000  # more explain no faster
LEAST = 250 * 10**6  # bytes DuckDB and a slice cannot do without


def bounded(params: Params) -> Params:
    """The same settings, with what engines may use reduced to what ``score.memory`` leaves."""
    most = room(params) * 8 // 10  # of which the engine gives DuckDB three quarters
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
    model: Model, files: Mapping[str, Sequence[Path]], params: Params, as_of: datetime | None, bot_share: float | None
) -> dict[str, Any]:
    """What tells this job from any other that could have another result."""
    if measured := "accounts" in files:  # features that are ready are in their stamp
        from features.builder import feature_hash

    def stamp(path: Path) -> list[Any]:
        found = path.stat()
        return [str(path), found.st_size, found.st_mtime_ns]

    return {
        "model": model.version,
        "features": feature_hash() if measured else None,
        "as_of": as_of.isoformat() if as_of else None,
        "bot_share": bot_share,
        "score": params.score.model_dump(mode="json", exclude={"memory", "compiled"}),
        "prepare": params.prepare.model_dump(mode="json", include={"latest_at", "pseudonyms", "text_limit"}),
        "tables": {name: [stamp(f) for f in paths] for name, paths in sorted(files.items()) if name != "labels"},
    }


T = TypeVar("T")


class Job:
    """The scoring of some accounts into one output, part by part.

    Parameters
    ----------
    model : Model
    source : cleaned tables to be measured, or features that are ready
    params, as_of, share : as ``pipeline.jobs.score.score`` takes them
    parts : where finished parts are kept
    """

    def __init__(
        self,
        model: Model,
        source: Cleaned | Features,
        params: Params,
        parts: Parts,
        as_of: datetime | None,
        share: float | None,
    ) -> None:
        self.model, self.source, self.params, self.parts = model, source, params, parts
        self.as_of, self.share = as_of, share
        self.invalid = SCHEMA.empty_table() if isinstance(source, Features) else invalid_rows(model, source.invalid)
        self.trees: RawScores | None = None
        self.workers = 1
        self.standing: Standing | None = None
        self.since: Earlier | None = None

    def run(self) -> list[Facts]:
        """Make every part that is not there yet; the facts of all, in order."""
        features = self._features()
        names = [f"part-{i:05d}.parquet" for i in range(len(features.parts))]
        facts = {name: found for name in names if (found := self.parts.sound(name))}
        total = features.rows + self.invalid.num_rows
        todo = total - sum(f["rows"] for f in facts.values())
        threads = self.params.featurize.threads
        # Earlier scores count what they give, one part after the other.
        self.workers = 1 if self.since else max(1, min(threads, len(names) - len(facts)))
        self.trees = raw_scores(self.model, todo, self.params.score.compiled, max(1, threads // self.workers))
        with (
            Progress("scoring accounts", total, total - todo) as progress,
            ThreadPoolExecutor(self.workers) as pool,
        ):
            making = {
                pool.submit(self.parts.make, name, partial(self._score, features, i)): name
                for i, name in enumerate(names)
                if name not in facts
            }
            try:
                for done in as_completed(making):
                    facts[making[done]] = done.result()
                    progress.add(done.result()["rows"])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # parts being made are still made
                raise
        made = [facts[name] for name in names]
        if not features.ours:
            for one, after in pairwise(f for f in made if f["rows"]):
                features.check_order(pa.array([one["last"], after["first"]]))
        return made

    def _features(self) -> Features:
        """The features of all accounts, measured now unless they are ready."""
        if isinstance(self.source, Features):
            return self.source
        self.parts.sound(FEATURES) or self.parts.make(FEATURES, partial(self._measure, self.source))
        return Features.measured(self.parts.path(FEATURES), self.params.score.part_rows)

    def _measure(self, clean: Cleaned, path: Path) -> Facts:
        """Write the features of all accounts, sorted, in row groups that will be the parts."""
        from pipeline.engine import featurize_tables

        log.info("measuring %d features of every account", len(self.model.columns))
        tables, columns = clean.tables, len(self.model.columns)
        # However little memory there is, a part ends after ``part_rows``: its row groups are as large as fit.
        sizes = group_sizes(self.params.score.part_rows, room(self.params) // 4 // (8 * columns))
        made = featurize_tables(
            tables, verdicts(tables, self.as_of), self.params.featurize, references(self.model), self.model.columns
        )
        reader = made.batches()
        count = 0
        # Not compressed: the file is read once, and decompressing it would cost more than predicting.
        with pq.ParquetWriter(path, reader.schema, compression="none", use_dictionary=["account_id"]) as writer:
            for group in in_groups((pa.Table.from_batches([b]) for b in reader if b.num_rows), *sizes):
                writer.write_table(group, row_group_size=group.num_rows)
                count += group.num_rows
        made.connection.close()
        return {"rows": count}

    def _score(self, features: Features, part: int, path: Path) -> Facts:
        """Write one part: its accounts, and the rows of accounts that belong between them."""
        status: Counter[str] = Counter()
        tiers: Counter[str] = Counter()
        rows, first, last = 0, None, None
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            # Row groups of one size, however large slices are: memory must not decide about bytes.
            for piece in in_groups(self._pieces(features, part)):
                writer.write_table(piece, row_group_size=ROWS)
                _count(status, piece.column("status"))
                _count(tiers, piece.column("tier"))
                first = piece.column("account_id")[0].as_py() if first is None else first
                last = piece.column("account_id")[-1].as_py()
                rows += piece.num_rows
        return {"rows": rows, "first": first, "last": last, "status": dict(status), "tiers": dict(tiers)}

    def _pieces(self, features: Features, part: int) -> Iterator[pa.Table]:
        """Rows of one part, sorted, in pieces that fit into memory."""
        waiting = self._invalid_of(features, part)
        step = slice_rows(self.params, len(self.model.columns) * self.workers)
        for piece, matrix in ahead(self._read(features, part, step)):
            rows = self._rows(piece, matrix)
            rows = self.standing.applied(rows) if self.standing else rows
            before = _until(waiting, rows.column("account_id")[-1])
            if not before:
                yield rows
                continue
            both = pa.concat_tables([rows, waiting.slice(0, before)])
            waiting = waiting.slice(before)
            # The sort is stable: of rows with one identifier the scored one stays first.
            yield both.take(pc.sort_indices(both.column("account_id"))).combine_chunks()
        if waiting.num_rows:
            yield waiting

    def _read(self, features: Features, part: int, step: int) -> Iterator[tuple[pa.Table, np.ndarray | None]]:
        """Features of some accounts, and their matrix where all of them will be scored."""
        by_column = self.trees is not None and self.trees.by_column
        for piece in features.pieces(part, self.model.columns, step):
            known = self.params.score.incremental
            yield piece, None if known else matrix_of(self.model, piece, by_column)

    def _rows(self, piece: pa.Table, matrix: np.ndarray | None) -> pa.Table:
        """Scores of some accounts, taken over from an earlier run where they still hold."""

        def made(some: pa.Table) -> pa.Table:
            return score_features(self.model, some, self.params.score, self.share, self.trees)

        if not self.params.score.incremental:
            return score_features(self.model, piece, self.params.score, self.share, self.trees, matrix)
        sums = checksums(piece, self.model.columns)
        rows = self.since.scored(piece, sums, made) if self.since else made(piece)
        return rows.set_column(rows.schema.get_field_index(SUM), SCHEMA.field(SUM), sums)

    def _invalid_of(self, features: Features, part: int) -> pa.Table:
        """Invalid rows after the last account of the part before, up to the last of this one; all others at the end."""
        if not self.invalid.num_rows:
            return self.invalid
        start = _until(self.invalid, _last(features, part - 1)) if part else 0
        end = _until(self.invalid, _last(features, part)) if part < len(features.parts) - 1 else self.invalid.num_rows
        return self.invalid.slice(start, end - start)


def group_sizes(part_rows: int, most: int) -> tuple[int, ...]:
    """Rows of the row groups of one part, of at most ``most`` each where that is one or more."""
    size = max(1, min(part_rows, most))
    whole, rest = divmod(part_rows, size)
    return (*(size for _ in range(whole)), *([rest] if rest else []))


def ahead(pieces: Iterator[T]) -> Iterator[T]:
    """The same, the next one being made while one is worked on."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = reader.submit(next, pieces, None)
            yield piece


def _count(counts: Counter[str], names: pa.ChunkedArray) -> None:
    """Add how often each name occurs; null is none."""
    found = names.drop_null().value_counts()
    counts.update(dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)))


def _last(features: Features, part: int) -> pa.Scalar:
    with pq.ParquetFile(features.path) as file:
        ids = file.read_row_group(features.parts[part][-1], columns=["account_id"]).column("account_id")
    return ids[-1].cast(pa.string())


def _until(rows: pa.Table, last: pa.Scalar) -> int:
    """How many of the sorted ``rows`` come up to ``last``, itself included."""
    if not rows.num_rows:
        return 0
    return int(pc.sum(pc.less_equal(rows.column("account_id"), last)).as_py() or 0)


def slice_rows(params: Params, columns: int) -> int:
    """Rows scored at once: half of the memory that is left, divided by what a row needs."""
    return max(FEWEST, min(MOST, room(params) // 2 // (8 * COPIES * max(columns, 1))))


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
            for group in in_groups(ahead(_read(parts.path(n) for n in names))):
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
