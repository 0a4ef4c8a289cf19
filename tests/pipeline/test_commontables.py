"""Common table expressions as tables: nothing is lost of a statement, and each of ours can be taken apart."""

from __future__ import annotations

import pytest

from features.builder import plan
from features.tables import TABLES
from pipeline.commontables import unnested
from pipeline.database import open_database
from pipeline.engine import run

PLAN = plan({name: table.schema for name, table in TABLES.items()}, also=["groups"])


def test_queries_come_in_the_order_they_build_on_one_another():
    first = '  SELECT\n    1 AS "a"'
    second = '  SELECT\n    (\n      "a" + 1\n    ) AS "b"\n  FROM "t1"'
    last = 'SELECT\n  "b"\nFROM "t2"'
    sql = f'WITH "t1" AS (\n{first}\n), "t2" AS (\n{second}\n)\n{last}'
    assert unnested(sql) == ([("t1", first), ("t2", second)], last)


def test_a_statement_without_any_comes_back_as_it_is():
    assert unnested("SELECT 1") == ([], "SELECT 1")


@pytest.mark.parametrize("step", [s for s in PLAN.steps if s.sql.startswith("WITH")], ids=lambda s: s.name)
def test_every_statement_of_the_plan_can_be_taken_apart(step):
    tables, select = unnested(step.sql)
    assert tables
    for sql in (*(query for _, query in tables), select):
        assert sql.lstrip().startswith("SELECT")
        assert 'WITH "' not in sql


def test_what_is_read_by_whoever_asks_later_has_no_common_tables():
    read = [PLAN.select, *PLAN.also.values(), *(sql for step in PLAN.steps for sql in step.reads)]
    assert not [sql for sql in read if 'WITH "' in sql]


def test_tables_on_the_way_are_gone_afterwards():
    (step, *_) = [s for s in PLAN.steps if s.name == "reference_followers_by_following"]
    with open_database() as connection:
        connection.execute(
            "CREATE TEMP TABLE verdicts AS SELECT 'a' || i AS account_id, TIMESTAMP '2026-01-01' AS as_of, "
            "i % 5 AS fold, i AS account FROM range(100) t(i)"
        )
        connection.execute(
            "CREATE TEMP TABLE accounts AS SELECT 'a' || i AS account_id, i AS followers_count, "
            "3 * i AS following_count FROM range(100) t(i)"
        )
        run(connection, step)
        assert connection.execute(f'SELECT count(DISTINCT held_out) FROM "{step.name}"').fetchone() == (6,)
        names = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert names == {"verdicts", "accounts", step.name}
