"""Scoring on Spark: accounts are measured against the model's references and scored where their rows are.

The driver cleans the tables, as for any job, and reads what workers tell of the parts they wrote: names, counts, first
and last account. A job that is killed starts over; its earlier outputs stay until the new ones are whole.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import BadInput
from pipeline.jobs.readyfeatures import Features
from pipeline.jobs.resumable import Facts, Parts
from pipeline.jobs.scorerows import SCHEMA, references
from pipeline.jobs.sparkrows import WRITTEN_SQL, WRONG, write_part
from pipeline.settings import Params
from pipeline.spark import SparkFeaturized, measure_with_spark, told

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.recipes.canonical import Cleaned

log = logging.getLogger(__name__)


class SparkJob:
    """The scoring of some accounts into one output, as ``pipeline.jobs.scorebatch.Job`` does it on one machine.

    Parameters
    ----------
    model : Model
    source : cleaned tables to be measured, which every worker must reach
    params, as_of, share : as ``pipeline.jobs.score.score`` takes them
    parts : where finished parts are kept

    Raises
    ------
    BadInput
        When features are given that are ready: there is nothing left that needs Spark.
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
        if isinstance(source, Features):
            raise BadInput(
                "--features and --engine spark",
                expected="tables to be measured on Spark",
                got="features that are ready",
                todo="Leave --engine out: one machine scores ready features.",
            )
        self.model, self.source, self.params, self.parts = model, source, params, parts
        self.as_of, self.share = as_of, share

    def run(self) -> list[Facts]:
        """Measure and score every account; the facts of all parts, in order."""
        log.info("measuring %d features of every account on Spark, and scoring it there", len(self.model.columns))
        made = measure_with_spark(
            self.source.tables, self.as_of, self.params.featurize, references(self.model), self.model.columns
        )
        written = self._score(made)
        facts = []
        for i, one in enumerate(sorted(written, key=lambda w: w["first"])):
            facts.append(self.parts.make(f"part-{i:05d}.parquet", partial(_copy, made.folder / "scores", one)))
        return facts or [self.parts.make("part-00000.parquet", _nothing)]

    def _score(self, made: SparkFeaturized) -> list[Mapping[str, Any]]:
        """Let workers write the scores into the scratch folder; what they tell of each part."""
        folder = made.folder / "scores"
        folder.mkdir()
        # What only measuring needs stays here.
        light = replace(self.model, references={}, profile=None, subsets={}, whole=self.model.version)
        wishes = SimpleNamespace(**self.params.score.model_dump(mode="json"))
        write = partial(write_part, light, wishes, self.share, str(folder))

        def one_part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return write(batches)

        with told(folder):
            rows = made.rows().selectExpr("*", f"CAST(NULL AS STRING) AS `{WRONG}`")
            if self.source.invalid.num_rows:
                pq.write_table(self.source.invalid, made.folder / "invalid.parquet")
                wrong = made.spark.read.parquet(str(made.folder / "invalid.parquet"))
                rows = rows.unionByName(
                    wrong.selectExpr("account_id", f"reason AS `{WRONG}`"), allowMissingColumns=True
                )
            ordered = rows.repartitionByRange("account_id").sortWithinPartitions("account_id", WRONG)
            return [row.asDict() for row in ordered.mapInArrow(one_part, WRITTEN_SQL).collect()]


def _copy(folder: Path, one: Mapping[str, Any], path: Path) -> Facts:
    """Put the part that a worker wrote at ``path``; returns what the worker told of it."""
    shutil.copyfile(folder / one["name"], path)
    return {name: one[name] for name in ("rows", "status", "tiers", "first", "last")}


def _nothing(path: Path) -> Facts:
    pq.write_table(SCHEMA.empty_table(), path, compression="zstd")
    return {"rows": 0, "status": {}, "tiers": {}, "first": None, "last": None}
