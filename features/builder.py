"""From declarations to SQL: which SELECTs, in which order, give one row per account and one column per feature.

Nothing is run here. The plan is text for DuckDB or Spark over relations named like the canonical tables, plus
``verdicts(account_id, as_of, fold, account)``; ``pipeline/engine.py`` and ``pipeline/spark.py`` run it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

import ibis
import pyarrow as pa

from features.catalogue import FEATURES, GRAPHS, REFERENCES, VIEWS
from features.declare import Feature, Rows, Value, tables_of
from features.sparksql import know_spark, spark_sql
from features.tables import TABLES, Measure, measures_of

# ``account`` numbers the accounts from 0 in the order of their ids: events are counted by numbers, not by texts.
VERDICTS = {"account_id": "string", "as_of": "timestamp(6)", "fold": "int64", "account": "int64"}
KEYS = ("account_id", "account")
TYPES = {pa.string(): "string", pa.int64(): "int64", pa.bool_(): "boolean", pa.float64(): "float64"}
Dialect = Literal["duckdb", "pyspark"]
QUOTES: dict[Dialect, str] = {"duckdb": '"', "pyspark": "`"}  # around the name of a relation
_EXCLUDED = re.compile(r"EXCLUDE \(([^()]*)\)")


Kind = Literal["view", "reference", "group", "graph"]


@dataclass(frozen=True)
class Step:
    """One SELECT, or one graph algorithm, whose result is kept under ``name`` for the steps after it."""

    name: str
    kind: Kind
    sql: str  # empty for a graph
    reads: tuple[str, ...] = ()  # of a graph: one SELECT per input


@dataclass(frozen=True)
class Plan:
    """What to run: the steps in order, then ``select``, which gives account_id, as_of and ``columns``, sorted."""

    steps: tuple[Step, ...]
    select: str
    columns: tuple[str, ...]
    features: tuple[Feature, ...]  # one per column, measures included
    tables: tuple[str, ...]  # canonical tables the SQL reads
    also: Mapping[str, str] = field(default_factory=dict)  # relation -> SELECT that reads it, of those asked for
    dialect: Dialect = "duckdb"

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the references it fits, in order."""
        return tuple(s.name.removeprefix("reference_") for s in self.steps if s.kind == "reference")

    def done_after(self, step: int) -> tuple[str, ...]:
        """Views and graphs that nothing after the step at place ``step`` reads, so that they can be dropped."""
        later = "".join((*(s.sql + "".join(s.reads) for s in self.steps[step + 1 :]), self.select, *self.also.values()))
        quote = QUOTES[self.dialect]
        now = self.steps[step].sql + "".join(self.steps[step].reads) + f"{quote}{self.steps[step].name}{quote}"
        names = [s.name for s in self.steps[: step + 1] if s.kind in ("view", "graph")]
        return tuple(n for n in names if f"{quote}{n}{quote}" in now and f"{quote}{n}{quote}" not in later)


def plan(
    available: Mapping[str, pa.Schema],
    only: Sequence[str] | None = None,
    fitted: Collection[str] | None = None,
    also: Sequence[str] = (),
    dialect: Dialect = "duckdb",
) -> Plan:
    """Compile features into SQL.

    Parameters
    ----------
    available : schema of every canonical table that is present; that of ``measures`` declares the measures
    only : columns to make, in this order; None makes every declared feature, then every measure by name.
        A name nobody declares is a column of nulls: an older model may know it.
    fitted : references that exist as relations ``reference_NAME``; None fits those that are needed
    also : views wanted beside the features; those whose tables are absent are left out
    dialect : of the SQL; for Spark, pyspark must be installed

    Returns
    -------
    Plan; a feature whose tables or references are absent is a column of nulls
    """
    measures = measures_of(available["measures"]) if "measures" in available else ()
    names = tuple(only) if only is not None else columns([m.name for m in measures])
    wanted = tuple(v for v in also if all(t in available for t in tables_of(v)))
    return _plan(frozenset(available), measures, names, None if fitted is None else frozenset(fitted), wanted, dialect)


@lru_cache(maxsize=16)
def _plan(
    tables: frozenset[str],
    measures: tuple[Measure, ...],
    names: tuple[str, ...],
    fitted: frozenset[str] | None,
    also: tuple[str, ...],
    dialect: Dialect,
) -> Plan:
    given = {m.name: m for m in measures}
    compiler = _Compiler(measures, fitted is None, dialect)
    groups: dict[str, list[Feature]] = {}
    for name in names:
        if (
            name in FEATURES
            and FEATURES[name].needs_met(tables)
            and (fitted is None or fitted >= {*FEATURES[name].fitted})
        ):
            groups.setdefault(FEATURES[name].view, []).append(FEATURES[name])
    made = {view: compiler.group(view, wanted) for view, wanted in groups.items()}
    chosen = {name: FEATURES.get(name) or _measured(given.get(name, Measure(name))) for name in names}
    result = compiler.result(chosen, made, given)
    wanted = {view: compiler.sql(compiler.relation(view)) for view in also}
    read = tuple(sorted(compiler.tables))
    return Plan(tuple(compiler.steps), compiler.sql(result), names, tuple(chosen.values()), read, wanted, dialect)


def columns(measures: Collection[str] = ()) -> tuple[str, ...]:
    """Every column of the feature table: declared features in catalogue order, then other measures by name."""
    return (*FEATURES, *sorted(set(measures) - set(FEATURES)))


@cache
def feature_hash() -> str:
    """MD5 over every declaration and all compiled SQL: it changes when a definition changes."""
    whole = plan({name: table.schema for name, table in TABLES.items()})
    declared = [f.to_dict() for f in whole.features]
    text = json.dumps([declared, [s.sql for s in whole.steps], whole.select], sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class _Compiler:
    """Builds each relation once, and notes the steps in the order they must run."""

    def __init__(self, measures: tuple[Measure, ...], fit: bool, dialect: Dialect = "duckdb") -> None:
        self.measures = measures
        self.fit = fit
        self.dialect = dialect
        self.steps: list[Step] = []
        self.tables: set[str] = set()
        self.built: dict[str, Rows] = {}

    def sql(self, rows: Rows) -> str:
        """One SELECT in the dialect."""
        if self.dialect == "pyspark":
            know_spark()
            return spark_sql(str(ibis.to_sql(rows, dialect="pyspark")))
        # Ibis names dropped columns in the order of a set, which differs from process to process.
        return _EXCLUDED.sub(_sorted, str(ibis.to_sql(rows, dialect="duckdb")))

    def relation(self, name: str) -> Rows:
        """The Ibis table called ``name``: a canonical table, the verdicts, a reference or a view."""
        if name not in self.built:
            self.built[name] = self._build(name)
        return self.built[name]

    def _build(self, name: str) -> Rows:
        if name == "verdicts":
            return ibis.table(VERDICTS, name=name)
        if name in TABLES:
            self.tables.add(name)
            return ibis.table(_schema(name, self.measures), name=name)
        if name in REFERENCES:
            if not self.fit:
                return ibis.table(_reference_schema(name), name=f"reference_{name}")
            fitted = REFERENCES[name].build(*map(self.relation, REFERENCES[name].inputs))
            return self._keep(name, "reference", fitted)
        if name in GRAPHS:
            reads = tuple(self.sql(self.relation(n)) for n in GRAPHS[name].inputs)
            self.steps.append(Step(f"graph_{name}", "graph", "", reads))
            return ibis.table(GRAPHS[name].schema, name=f"graph_{name}")
        view = VIEWS[name]
        rows = view.build(*map(self.relation, view.inputs))
        return self._keep(name, "view", rows) if view.stored else rows

    def _keep(self, name: str, kind: Kind, rows: Rows) -> Rows:
        self.steps.append(Step(f"{kind}_{name}", kind, self.sql(rows)))
        return ibis.table(rows.schema(), name=f"{kind}_{name}")

    def group(self, view: str, features: Sequence[Feature]) -> Rows:
        """One row per account with the features measured on ``view``."""
        rows = self.relation(view)
        values = {f.name: _value(f, rows) for f in features}
        key = next(k for k in KEYS if k in rows.columns)
        if VIEWS[view].per == "account":
            return self._keep(view, "group", rows.select(key, **values))
        return self._keep(view, "group", rows.group_by(key).aggregate(**values))

    def result(
        self, chosen: Mapping[str, Feature], groups: Mapping[str, Rows], measures: Mapping[str, Measure]
    ) -> Rows:
        """One row per verdict, sorted, with every chosen column."""
        rows = self.relation("verdicts").drop("fold")
        if any(name in measures for name in chosen):
            # An account should have one row of measures; should it have more, the result still has one.
            given = self.relation("measures")
            largest = {f"measure_{n}": given[n].max() for n in measures if n in chosen}
            rows = _join(rows, given.group_by("account_id").aggregate(**largest), "measures")
        for name, group in groups.items():
            rows = _join(rows, group, name)
        made = {f.name for view in groups for f in chosen.values() if f.view == view}
        values = {}
        for name, feature in chosen.items():
            found = [_finite(rows[name])] if name in made else []
            if name in measures:
                given_value = _finite(rows[f"measure_{name}"])
                inside = (given_value >= feature.low) & (given_value <= feature.high)
                found.append(ibis.ifelse(inside, given_value, ibis.null("float64")))
            values[name] = ibis.coalesce(*found) if found else ibis.null("float64")
        return rows.select("account_id", "as_of", **values).order_by("account_id")


def _value(feature: Feature, rows: Rows) -> Value:
    assert feature.build is not None
    value = feature.build(rows).cast("float64")
    if feature.least:
        counted = VIEWS[feature.view].counted
        n = rows[counted].sum() if counted else rows.count()
        value = ibis.ifelse(n >= feature.least, value, ibis.null("float64"))
    return value


def _finite(value: Value) -> Value:
    return ibis.ifelse(value.isnan() | value.isinf(), ibis.null("float64"), value)


def _join(left: Rows, right: Rows, name: str) -> Rows:
    # Without a rename or a drop in between, Ibis writes a chain of joins as one SELECT.
    key = next(k for k in KEYS if k in right.columns)
    own = f"{key}_{name}"
    renamed = right.rename({own: key})
    return left.left_join(renamed, left[key] == renamed[own])


def _measured(measure: Measure) -> Feature:
    """The feature a measure is when no declared feature has its name."""
    low = -float("inf") if measure.low is None else measure.low
    high = float("inf") if measure.high is None else measure.high
    name = measure.name.replace("_", " ")
    says = measure.says if "{value" in measure.says else f"{measure.says or name}: {{value:,.6g}} (usual: {{usual}})"
    return Feature(
        name=measure.name,
        view="measures",
        family="measured",
        unit=measure.unit,
        low=low,
        high=high,
        missing="not given for the account",
        evade="cheap",
        says=says,
        summary=measure.says or f"{name}, as it was given.",
        source="given",
    )


@cache
def _reference_schema(name: str) -> Any:
    """Columns of a reference, told by building it without keeping what that takes."""
    scratch = _Compiler((), fit=True)
    return scratch.relation(name).schema()


def _schema(name: str, measures: tuple[Measure, ...]) -> dict[str, Any]:
    types = {c.name: "timestamp(6)" if pa.types.is_timestamp(c.type) else TYPES[c.type] for c in TABLES[name].columns}
    return types | {m.name: "float64" for m in measures} if name == "measures" else types


def _sorted(excluded: re.Match[str]) -> str:
    return f"EXCLUDE ({', '.join(sorted(name.strip() for name in excluded[1].split(',')))})"
