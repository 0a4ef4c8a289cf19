"""DuckDB, embedded: reads canonical Parquet files, runs a plan within a memory limit, and streams the result out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.builder import Plan, Step, columns, plan
from features.catalogue import FEATURES, GRAPHS
from features.errors import BadInput, printable
from features.tables import TABLES, measures_of
from pipeline.commontables import unnested
from pipeline.database import files as names
from pipeline.database import ident, open_database
from pipeline.files import write_value
from pipeline.progress import Progress
from pipeline.settings import Featurize
from pipeline.sizes import bytes_of
from pipeline.tablefiles import TableFiles

ROWS = 100_000  # of a batch written at once
# Of the memory of the whole process; the rest is for Python, Arrow, graphs, and what DuckDB does not count.
DUCKDB = 0.75
NUMBER = "row_number() OVER (ORDER BY CAST(account_id AS VARCHAR)) - 1 AS account"
DUCK_TYPES = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE"}


@dataclass
class Featurized:
    """Features of every account: ask for a table, or write them as Parquet without holding them in memory."""

    plan: Plan
    references: dict[str, pa.Table]
    connection: duckdb.DuckDBPyConnection
    keep: Any = field(repr=False)  # the folder DuckDB spills to lives as long as this

    def batches(self) -> pa.RecordBatchReader:
        """Rows sorted by account_id, in batches."""
        return self.connection.sql(self.plan.select).to_arrow_reader(ROWS)

    def table(self) -> pa.Table:
        """All rows: account_id, as_of, then one float64 column per feature (null: missing)."""
        return _typed(self.batches().read_all())

    def write_apart(self, path: Path) -> None:
        """Write all rows without their moments to the Parquet file ``path``; columns fitted apart are few."""
        write_value(path, self.table().drop_columns(["as_of"]))

    def other(self, view: str, schema: pa.Schema) -> pa.Table:
        """Rows of a view asked for beside the features; none where its tables were absent."""
        if view not in self.plan.also:
            return schema.empty_table()
        return self.connection.sql(self.plan.also[view]).to_arrow_table().select(schema.names).cast(schema)

    def write(self, path: Path) -> None:
        """Write all rows to the Parquet file ``path``."""
        reader = self.batches()
        with pq.ParquetWriter(path, _schema(reader.schema), compression="zstd") as writer:
            waiting: list[pa.RecordBatch] = []
            held = 0
            for batch in reader:
                waiting.append(batch)
                held += batch.num_rows
                # Row groups of one size, whatever batches DuckDB hands out, so that the bytes are the same.
                while held >= ROWS:
                    whole = _typed(pa.Table.from_batches(waiting))
                    writer.write_table(whole.slice(0, ROWS), row_group_size=ROWS)
                    rest = whole.slice(ROWS)
                    waiting, held = rest.cast(reader.schema).to_batches(), rest.num_rows
            if held or not waiting:
                last = pa.Table.from_batches(waiting, schema=reader.schema)
                writer.write_table(_typed(last), row_group_size=ROWS)


def featurize_tables(
    tables: TableFiles,
    verdicts: Any,
    settings: Featurize,
    references: Mapping[str, Any] | None = None,
    only: Sequence[str] | None = None,
    also: Sequence[str] = (),
    watch: Callable[[str], None] | None = None,
) -> Featurized:
    """Measure every account of ``verdicts``.

    Parameters
    ----------
    tables : where the canonical Parquet files are
    verdicts : DataFrame or Arrow table of account_id, as_of (UTC) and fold (null: measured against all
        training accounts); None judges every account when its counters were read
    settings : memory, threads, and which features
    references : name -> Arrow table or Parquet bytes, as a model carries them; None fits them on the
        accounts with a fold, each account being measured against those of all other folds
    only : columns to make, in order; None makes those the settings ask for
    also : views wanted beside the features, for ``Featurized.other``
    watch : told the name of each step of the plan when it has ended

    Raises
    ------
    BadInput
        When a file is no Parquet file, a column cannot be read as its type, or an account stands there twice.
    """
    schemas = {name: pq.read_schema(files[0]) for name, files in tables.files.items() if name in TABLES}
    chosen = wanted(settings, schemas) if only is None else tuple(only)
    todo = plan(schemas, chosen, references, also)
    connection, folder = connect(settings)
    try:
        for name in {*todo.tables, "accounts"}:
            connection.execute(_view(name, tables.files.get(name, ()), schemas.get(name, TABLES[name].schema)))
        _check_once(connection, tables)
        _take_verdicts(connection, verdicts)
        for name, content in (references or {}).items():
            connection.register("given", _known(name, content))
            connection.execute(f'CREATE TEMP TABLE "reference_{name}" AS SELECT * FROM given')
            connection.unregister("given")
        with Progress("measuring features, steps", len(todo.steps)) as said:
            for i, step in enumerate(todo.steps):
                run(connection, step)
                for name in todo.done_after(i):
                    connection.execute(f'DROP TABLE "{name}"')
                said.add(1)
                if watch:
                    watch(step.name)
        fitted = {name: _reference(connection, name) for name in todo.references}
    except duckdb.Error as error:
        raise BadInput(
            str(tables.folder),
            expected="canonical tables that can be read",
            got=printable(str(error), 300),
            todo="Run `unpump prepare` on the source, or see docs/tables.md for the columns.",
        ) from error
    return Featurized(todo, fitted, connection, folder)


def _known(name: str, content: Any) -> pa.Table:
    """A reference as a table.

    Raises
    ------
    BadInput
        When it is bytes that are no Parquet file.
    """
    if not isinstance(content, bytes):
        return content
    try:
        return pq.read_table(pa.BufferReader(content))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise BadInput(
            f"the model's references/{name}.parquet",
            expected="what its features were fitted on, as Parquet",
            got=printable(str(error), 200),
            todo="Copy the model directory again, or train it again.",
        ) from error


def wanted(settings: Featurize, schemas: Mapping[str, pa.Schema]) -> tuple[str, ...]:
    """Columns the settings ask for, of the declared features and of the measures that ``schemas`` tell of."""
    measures = [m.name for m in measures_of(schemas["measures"])] if "measures" in schemas else []
    families = {name: FEATURES[name].family if name in FEATURES else "measured" for name in columns(measures)}
    return tuple(
        name
        for name, family in families.items()
        if (not settings.families or family in settings.families) and name not in settings.without
    )


def connect(settings: Featurize) -> tuple[duckdb.DuckDBPyConnection, Any]:
    """A DuckDB connection within the settings' memory and threads, and the folder it spills to."""
    folder = tempfile.TemporaryDirectory(prefix="unpump-", ignore_cleanup_errors=True)
    most = int(bytes_of(settings.memory, "featurize.memory") * DUCKDB)
    memory = f"{max(most // 10**6, 1)}MB"
    connection = open_database("featurize.memory", memory, settings.threads, Path(folder.name), ordered=False)
    return connection, folder


def _view(name: str, files: Sequence[Path], schema: pa.Schema) -> str:
    """SQL that shows Parquet files as a canonical table: absent columns are null, instants are UTC without a zone."""
    given = set(schema.names)
    parts = []
    if not files:
        kinds = {
            c.name: "TIMESTAMP" if pa.types.is_timestamp(c.type) else DUCK_TYPES[c.type] for c in TABLES[name].columns
        }
        nothing = ", ".join(f'NULL::{kind} AS "{column}"' for column, kind in kinds.items())
        return f"CREATE TEMP VIEW {name} AS SELECT {nothing} WHERE false"
    for column in TABLES[name].columns:
        quoted = f'"{column.name}"'
        if pa.types.is_timestamp(column.type):
            value = f"make_timestamp(epoch_us({quoted}))" if column.name in given else "NULL::TIMESTAMP"
        else:
            kind = DUCK_TYPES[column.type]
            value = f"CAST({quoted} AS {kind})" if column.name in given else f"NULL::{kind}"
        parts.append(f"{value} AS {quoted}")
    if name == "measures":
        parts += [f"CAST({ident(m.name)} AS DOUBLE) AS {ident(m.name)}" for m in measures_of(schema)]
    read = f"read_parquet({names(files)}, union_by_name = true)"
    return f"CREATE TEMP VIEW {name} AS SELECT {', '.join(parts)} FROM {read}"


def _check_once(connection: duckdb.DuckDBPyConnection, tables: TableFiles) -> None:
    """Refuse accounts without identifier and those that stand there twice: which row would be measured is a guess."""
    found = connection.execute(
        "SELECT account_id, count(*) FROM accounts GROUP BY account_id HAVING count(*) > 1 OR account_id IS NULL "
        "ORDER BY account_id NULLS FIRST LIMIT 1"
    ).fetchone()
    if found:
        account, rows = found
        files = tables.files.get("accounts", (tables.folder,))
        raise BadInput(
            f"{files[0] if len(files) == 1 else tables.folder / 'accounts'}, column account_id",
            expected="each account once",
            got=f"{printable(account, 80)} in {rows:,} rows" if account is not None else f"none in {rows:,} rows",
            todo="Keep one row per account, or run `unpump prepare --tables` on the folder, which resolves repeats.",
        )


def _take_verdicts(connection: duckdb.DuckDBPyConnection, verdicts: Any) -> None:
    if verdicts is None:
        connection.execute(
            "CREATE TEMP TABLE verdicts AS SELECT account_id, observed_at AS as_of, NULL::BIGINT AS fold, "
            f"{NUMBER} FROM accounts"
        )
        return
    connection.register("given", verdicts)
    connection.execute(
        "CREATE TEMP TABLE verdicts AS SELECT CAST(account_id AS VARCHAR) AS account_id, "
        f"make_timestamp(epoch_us(as_of)) AS as_of, CAST(fold AS BIGINT) AS fold, {NUMBER} FROM given"
    )
    connection.unregister("given")


def run(connection: duckdb.DuckDBPyConnection, step: Step) -> None:
    """Keep what ``step`` gives as a temporary table of its name."""
    if step.kind != "graph":
        common, select = unnested(step.sql)
        for name, sql in (*common, (step.name, select)):
            connection.execute(f'CREATE TEMP TABLE "{name}" AS {sql}')
        for name, _ in common:
            connection.execute(f'DROP TABLE "{name}"')
        return
    compute = GRAPHS[step.name.removeprefix("graph_")].compute
    made = compute(*(connection.sql(sql).to_arrow_table() for sql in step.reads))
    connection.register("given", made)
    connection.execute(f'CREATE TEMP TABLE "{step.name}" AS SELECT * FROM given')
    connection.unregister("given")


def _reference(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """What a model carries of a reference: its rows fitted on all training accounts, sorted."""
    return connection.sql(f'SELECT * FROM "reference_{name}" WHERE held_out = -1 ORDER BY ALL').to_arrow_table()


def _schema(schema: pa.Schema) -> pa.Schema:
    moment = pa.timestamp("us", tz="UTC")
    return pa.schema([pa.field(f.name, moment if pa.types.is_timestamp(f.type) else f.type) for f in schema])


def _typed(table: pa.Table) -> pa.Table:
    return table.cast(_schema(table.schema))
