"""Spark: runs the same plan on a machine or a cluster, from Parquet folders to Parquet folders.

No row of a table, a view or the result passes through the driver. Each step is written to the scratch folder, which
every worker must reach. The graph parts run in a Python worker each common moment, which must hold that moment's graph.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.builder import Plan, Step, plan
from features.catalogue import GRAPHS
from features.errors import BadInput, printable
from features.tables import TABLES, measures_of
from pipeline.engine import wanted
from pipeline.progress import Progress
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import pandas as pd

SPARK_TYPES = {pa.string(): "STRING", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE"}
GRAPH_TYPES = {"int32": "INT", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN"}
# What every session needs so that expressions mean what they mean to DuckDB.
MEANING = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
# Of a session of our own on this machine.
LOCAL = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}


@dataclass
class SparkFeaturized:
    """Features of every account as a folder of Parquet files, and what was fitted for them."""

    plan: Plan
    folder: Path  # of the steps and the result
    references: dict[str, pa.Table]
    keep: Any = field(repr=False)  # the scratch folder lives as long as this

    def write(self, path: Path) -> None:
        """Put all rows, sorted by account_id, at ``path``: a folder of Parquet files."""
        path.mkdir()
        for part in _parts(self.folder / "result"):
            shutil.copyfile(part, path / part.name)

    def table(self) -> pa.Table:
        """All rows, for those who have room for them."""
        return _read(self.folder / "result")

    def other(self, view: str, schema: pa.Schema) -> pa.Table:
        """Rows of a view asked for beside the features; none where its tables were absent."""
        if view not in self.plan.also:
            return schema.empty_table()
        return _read(self.folder / f"also_{view}").select(schema.names).cast(schema)


def featurize_with_spark(
    tables: TableFiles,
    folds: pd.DataFrame,
    column: str,
    settings: Featurize,
    only: Sequence[str] | None = None,
    also: Sequence[str] = (),
    watch: Callable[[str], None] | None = None,
) -> SparkFeaturized:
    """Measure every account as it stood when it was labelled, else when its counters were read.

    Parameters
    ----------
    tables : where the canonical Parquet files are; every worker must reach them
    folds : labelled accounts: account_id, fold (-1: used for nothing) and ``column``
    column : of ``folds``, which accounts are measured against references fitted on the others
    settings : master, scratch folder, and which features
    only : columns to make, in order; None makes those the settings ask for
    also : views wanted beside the features, for ``SparkFeaturized.other``
    watch : told the name of each step when it has ended

    Raises
    ------
    BadInput
        When Spark is not installed or cannot be reached, or a table cannot be read.
    """
    spark = session(settings)
    schemas = {name: pq.read_schema(files[0]) for name, files in tables.files.items() if name in TABLES}
    chosen = wanted(settings, schemas) if only is None else tuple(only)
    todo = plan(schemas, chosen, None, also, dialect="pyspark")
    keep = tempfile.TemporaryDirectory(prefix="unpump-spark-", dir=settings.spark_scratch, ignore_cleanup_errors=True)
    folder = Path(keep.name)
    try:
        for name in {*todo.tables, "accounts", "labels"}:
            _show(spark, name, tables.files.get(name, ()), schemas.get(name, TABLES[name].schema))
        _take_verdicts(spark, folder, folds, column)
        with Progress("measuring features, steps", len(todo.steps)) as said:
            for i, step in enumerate(todo.steps):
                _run(spark, folder, step)
                for name in todo.done_after(i):
                    spark.catalog.dropTempView(name)
                    shutil.rmtree(folder / name)
                said.add(1)
                if watch:
                    watch(step.name)
        _write(spark.sql(todo.select), folder / "result")
        for view, sql in todo.also.items():
            _write(spark.sql(sql), folder / f"also_{view}")
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "py4j.")):
            raise
        raise BadInput(
            str(tables.folder),
            expected="canonical tables that Spark can read, and a scratch folder it can write",
            got=printable(str(error), 300),
            todo="See docs/engines.md; --debug shows where it failed.",
        ) from error
    return SparkFeaturized(todo, folder, {name: _reference(folder, name) for name in todo.references}, keep)


def session(settings: Featurize) -> Any:
    """A Spark session on the master of the settings, or the one that runs already.

    Raises
    ------
    BadInput
        When pyspark is not installed or the master cannot be reached.
    """
    # Workers must run this Python, with these packages.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise BadInput(
            "setting featurize.engine",
            expected="duckdb, or spark with pyspark installed",
            got="spark without pyspark",
            todo="Install it: `make spark`, or `pip install 'pyspark>=4.0,<4.4'`. It needs Java 17.",
        ) from error
    master = settings.spark_master
    try:
        if master.startswith("sc://"):
            found = SparkSession.builder.remote(master).getOrCreate()
        else:
            own = {**LOCAL, "spark.driver.memory": settings.memory.replace("GB", "g").replace("MB", "m")}
            builder = SparkSession.builder.master(master).appName("unpump")
            for key, value in {**own, **MEANING, **settings.spark}.items():
                builder = builder.config(key, value)
            found = builder.getOrCreate()
            found.sparkContext.setLogLevel("ERROR")
        for key, value in {**MEANING, **settings.spark}.items():
            if found.conf.isModifiable(key):
                found.conf.set(key, value)
    except Exception as error:
        raise BadInput(
            "setting featurize.spark_master",
            expected="a master Spark can be started on or reached at",
            got=f"{master}: {printable(str(error), 200)}",
            todo="For this machine say local[2], which needs Java 17 (Debian: openjdk-17-jre-headless).",
        ) from error
    return found


def _show(spark: Any, name: str, files: Sequence[Path], schema: pa.Schema) -> None:
    """Show Parquet files as a canonical table: absent columns are null."""
    given = set(schema.names)
    kinds = {
        c.name: "TIMESTAMP" if pa.types.is_timestamp(c.type) else SPARK_TYPES[c.type] for c in TABLES[name].columns
    }
    if name == "measures":
        kinds |= {m.name: "DOUBLE" for m in measures_of(schema)}
    if not files:
        nothing = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
        spark.createDataFrame([], nothing).createOrReplaceTempView(name)
        return
    rows = spark.read.option("mergeSchema", "true").parquet(*(str(f.resolve()) for f in files))
    columns = [
        f"CAST({_ident(column) if column in given else 'NULL'} AS {kind}) AS {_ident(column)}"
        for column, kind in kinds.items()
    ]
    rows.selectExpr(*columns).createOrReplaceTempView(name)


def _take_verdicts(spark: Any, folder: Path, folds: pd.DataFrame, column: str) -> None:
    """When each account is judged, its fold, and its number in the order of identifiers."""
    used = folds[folds["fold"] >= 0]
    known = pa.table(
        {"account_id": pa.array(used["account_id"], pa.string()), "fold": pa.array(used[column], pa.int64())}
    )
    pq.write_table(known, folder / "folds.parquet")
    spark.read.parquet(str(folder / "folds.parquet")).createOrReplaceTempView("folds")
    rows = spark.sql(
        "SELECT a.account_id, coalesce(l.at, a.observed_at) AS as_of, f.fold, "
        "CAST(row_number() OVER (ORDER BY a.account_id) - 1 AS BIGINT) AS account FROM accounts a "
        "LEFT JOIN (SELECT account_id, max(labelled_at) AS at FROM labels GROUP BY account_id) l "
        "ON a.account_id = l.account_id LEFT JOIN folds f ON a.account_id = f.account_id"
    )
    _keep(spark, rows, folder, "verdicts")


def _run(spark: Any, folder: Path, step: Step) -> None:
    """Keep what ``step`` gives as a Parquet folder and a view of its name."""
    if step.kind != "graph":
        _keep(spark, spark.sql(step.sql), folder, step.name)
        return
    graph = GRAPHS[step.name.removeprefix("graph_")]
    (read,) = step.reads
    compute = graph.compute

    def one_moment(rows: pa.Table) -> pa.Table:
        return compute(rows)

    schema = ", ".join(f"{name} {GRAPH_TYPES[kind]}" for name, kind in graph.schema.items())
    _keep(spark, spark.sql(read).groupBy("moment").applyInArrow(one_moment, schema), folder, step.name)


def _keep(spark: Any, rows: Any, folder: Path, name: str) -> None:
    _write(rows, folder / name)
    spark.read.schema(rows.schema).parquet(str(folder / name)).createOrReplaceTempView(name)


def _write(rows: Any, path: Path) -> None:
    rows.write.mode("overwrite").option("compression", "zstd").parquet(str(path))


def _reference(folder: Path, name: str) -> pa.Table:
    """What a model carries of a reference: its rows fitted on all training accounts, sorted; thousands at most."""
    rows = _read(folder / f"reference_{name}")
    whole = rows.filter(pc.equal(rows["held_out"], -1))
    # Spark divides whole numbers by a written fraction as decimals; a model carries floats.
    kinds = [pa.field(f.name, pa.float64() if pa.types.is_decimal(f.type) else f.type) for f in whole.schema]
    whole = whole.cast(pa.schema(kinds))
    return whole.sort_by([(column, "ascending") for column in whole.column_names])


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def _read(folder: Path) -> pa.Table:
    # File by file: a folder of no rows has a file without any, and all have one schema.
    return pa.concat_tables([pq.read_table(part, partitioning=None) for part in _parts(folder)])


def _ident(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
