"""Spark: runs the same plan on a machine or a cluster, from Parquet folders to Parquet folders.

No row of a table, a view or the result passes through the driver. Each step is written to the scratch folder, which
every worker must reach. The graph parts run in a Python worker each common moment, which must hold that moment's graph.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.builder import Plan, Step, plan
from features.catalogue import GRAPHS
from features.errors import BadInput, printable
from features.groups import GROUPS
from features.tables import TABLES, measures_of
from pipeline.engine import wanted
from pipeline.progress import Progress
from pipeline.settings import Featurize
from pipeline.sparksession import in_spark, session
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import pandas as pd

SPARK_TYPES = {pa.string(): "STRING", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE"}
GRAPH_TYPES = {"int32": "INT", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN"}


@dataclass
class SparkFeaturized:
    """Features of every account, planned on Spark and written as Parquet folders, and what was fitted for them."""

    plan: Plan
    spark: Any
    folder: Path  # of the steps and what is asked for
    references: dict[str, pa.Table]
    keep: Any = field(repr=False)  # the scratch folder lives as long as this

    def rows(self) -> Any:
        """All rows, sorted by account_id, as a DataFrame of Spark; to be used before anything else is measured."""
        return self.spark.sql(self.plan.select)

    def write(self, path: Path) -> None:
        """Put all rows, sorted by account_id, at ``path``: a folder of Parquet files."""
        self._put("result", path)

    def write_apart(self, path: Path) -> None:
        """Put all rows without their moments, sorted by account_id, at ``path``: a folder of Parquet files."""
        with told(path):
            rows = self.spark.read.parquet(str(self.folder / "result"))
            write_folder(rows.drop("as_of").orderBy("account_id"), self.folder / "apart")
        self._put("apart", path)

    def _put(self, name: str, path: Path) -> None:
        path.mkdir()
        for part in parts_of(self.folder / name):
            shutil.copyfile(part, path / part.name)

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

    def judge(spark: Any, folder: Path) -> None:
        used = folds[folds["fold"] >= 0]
        known = pa.table(
            {"account_id": pa.array(used["account_id"], pa.string()), "fold": pa.array(used[column], pa.int64())}
        )
        _give(spark, folder, "folds", known)
        _judge(
            spark,
            folder,
            "coalesce(l.at, a.observed_at) AS as_of, f.fold",
            "LEFT JOIN (SELECT account_id, max(labelled_at) AS at FROM labels GROUP BY account_id) l "
            "ON a.account_id = l.account_id LEFT JOIN folds f ON a.account_id = f.account_id",
        )

    made = _measure(tables, settings, judge, None, only, also, watch)
    with told(tables.folder):
        write_folder(made.rows(), made.folder / "result")
        for view, sql in made.plan.also.items():
            write_folder(made.spark.sql(sql), made.folder / f"also_{view}")
    return made


def measure_with_spark(
    tables: TableFiles,
    as_of: datetime | None,
    settings: Featurize,
    references: Mapping[str, bytes],
    columns: Sequence[str],
) -> SparkFeaturized:
    """Measure every account against what a model was fitted on; labels are not looked at.

    Parameters
    ----------
    tables : where the canonical Parquet files are; every worker must reach them
    as_of : moment at which every account is judged; None judges each when its counters were read
    settings : master and scratch folder
    references : name -> Parquet file, as a model carries them
    columns : to make, in order

    Raises
    ------
    BadInput
        When Spark is not installed or cannot be reached, or a table cannot be read.
    """

    def judge(spark: Any, folder: Path) -> None:
        for name, content in references.items():
            _give(spark, folder, f"reference_{name}", pq.read_table(pa.BufferReader(content)))
        moment = f"TIMESTAMP '{as_of.isoformat(sep=' ')}'" if as_of else "a.observed_at"
        _judge(spark, folder, f"{moment} AS as_of, CAST(NULL AS BIGINT) AS fold")

    return _measure(tables, settings, judge, references, columns)


def groups_with_spark(tables: TableFiles, settings: Featurize) -> pa.Table:
    """Who acted together, as ``pipeline.engine.featurize_tables`` finds it; labels are not looked at.

    Raises
    ------
    BadInput
        When Spark is not installed or cannot be reached, or a table cannot be read.
    """

    def judge(spark: Any, folder: Path) -> None:
        _judge(spark, folder, "a.observed_at AS as_of, CAST(NULL AS BIGINT) AS fold")

    made = _measure(tables, settings, judge, {}, [], ["groups"])
    with told(tables.folder):
        for view, sql in made.plan.also.items():
            write_folder(made.spark.sql(sql), made.folder / f"also_{view}")
        return made.other("groups", GROUPS)


def _measure(
    tables: TableFiles,
    settings: Featurize,
    judge: Callable[[Any, Path], None],
    references: Mapping[str, bytes] | None,
    only: Sequence[str] | None,
    also: Sequence[str] = (),
    watch: Callable[[str], None] | None = None,
) -> SparkFeaturized:
    """Run the steps of the plan, one Parquet folder each; ``judge`` makes the verdicts and what is given."""
    spark = session(settings)
    schemas = {name: pq.read_schema(files[0]) for name, files in tables.files.items() if name in TABLES}
    chosen = wanted(settings, schemas) if only is None else tuple(only)
    todo = plan(schemas, chosen, references, also, dialect="pyspark")
    keep = tempfile.TemporaryDirectory(prefix="unpump-spark-", dir=settings.spark_scratch, ignore_cleanup_errors=True)
    folder = Path(keep.name)
    with told(tables.folder), Progress("measuring features, steps", len(todo.steps)) as said:
        for name in {*todo.tables, "accounts", "labels"}:
            show_table(spark, tables, name)
        judge(spark, folder)
        for i, step in enumerate(todo.steps):
            _run(spark, folder, step)
            for name in todo.done_after(i):
                spark.catalog.dropTempView(name)
                shutil.rmtree(folder / name)
            said.add(1)
            if watch:
                watch(step.name)
    return SparkFeaturized(todo, spark, folder, {name: _reference(folder, name) for name in todo.references}, keep)


@contextmanager
def told(place: Path) -> Iterator[None]:
    """Turn what Spark complains of into a sentence."""
    try:
        yield
    except Exception as error:
        if not in_spark(error):
            raise
        raise BadInput(
            str(place),
            expected="canonical tables that Spark can read, and a scratch folder it can write",
            got=printable(str(error), 300),
            todo="See docs/engines.md; --debug shows where it failed.",
        ) from error


def show_table(spark: Any, tables: TableFiles, name: str) -> None:
    """Show the Parquet files of the canonical table ``name`` as a view: absent columns are null."""
    files = tables.files.get(name, ())
    schema = pq.read_schema(files[0]) if files else TABLES[name].schema
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


def _judge(spark: Any, folder: Path, chosen: str, joins: str = "") -> None:
    """Keep when each account is judged, its fold, and its number in the order of identifiers."""
    rows = spark.sql(
        f"SELECT a.account_id, {chosen}, "
        f"CAST(row_number() OVER (ORDER BY a.account_id) - 1 AS BIGINT) AS account FROM accounts a {joins}"
    )
    _keep(spark, rows, folder, "verdicts")


def _give(spark: Any, folder: Path, name: str, table: pa.Table) -> None:
    """Show a small table of the driver to Spark."""
    pq.write_table(table, folder / f"given_{name}.parquet")
    spark.read.parquet(str(folder / f"given_{name}.parquet")).createOrReplaceTempView(name)


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
    write_folder(rows, folder / name)
    spark.read.schema(rows.schema).parquet(str(folder / name)).createOrReplaceTempView(name)


def write_folder(rows: Any, path: Path, by: str | None = None) -> None:
    """Write a DataFrame of Spark as a folder of Parquet files, one below it for each value of the column ``by``."""
    rows.write.mode("overwrite").option("compression", "zstd").parquet(str(path), partitionBy=by)


def _reference(folder: Path, name: str) -> pa.Table:
    """What a model carries of a reference: its rows fitted on all training accounts, sorted; thousands at most."""
    rows = _read(folder / f"reference_{name}")
    whole = rows.filter(pc.equal(rows["held_out"], -1))
    return whole.sort_by([(column, "ascending") for column in whole.column_names])


def parts_of(folder: Path) -> list[Path]:
    """The files of a folder that Spark wrote, in the order of their rows."""
    return sorted(folder.glob("part-*.parquet"))


def _read(folder: Path) -> pa.Table:
    # File by file: a folder of no rows has a file without any, and all have one schema.
    return pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts_of(folder)])


def _ident(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
