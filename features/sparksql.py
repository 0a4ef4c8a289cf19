"""Where the words of Ibis mean something else to Spark than to DuckDB, and how Spark is told the same."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from features.ops import GRAIN

_QUOTED = r"'(?:[^'\\]|\\.)*'|`[^`]*`"
# A number with a fraction; texts and names are matched first, so that what looks like a number in them stays.
_FRACTION = re.compile(rf"({_QUOTED})|(?<![\w.])(\d+\.\d+)(?![\w.])", re.DOTALL)
_BRACKET = re.compile(rf"{_QUOTED}|[()]", re.DOTALL)
_SUM = re.compile(rf"{_QUOTED}|\bSUM(?=\()", re.DOTALL)
_PRODUCT = re.compile(r"\s*(`\w+`\.`\w+`)\s*\*\s*(`\w+`\.`\w+`)\s*")
_GRAINS = f"* {GRAIN}D"  # what ``ops.grains`` multiplies with
# Both name the bytes of a text by characters of Latin-1, so that Spark's edit distance counts bytes as DuckDB's does.
_BYTES = "DECODE(ENCODE(x, 'UTF-8'), 'ISO-8859-1')"


def spark_sql(sql: str) -> str:
    """SQL as Ibis writes it for Spark, put right."""
    sql = _by_bytes(sql) if "STRLEN(" in sql or "LEVENSHTEIN(" in sql else sql
    # Spark reads the escapes of vertical tab and form feed as the letters v and f, and would trim these.
    sql = sql.replace(r"\r\v\f'", r"\r\u000B\u000C'")
    # Spark reads 0.5 as a decimal, and what is divided by a decimal is rounded to some six digits.
    return _wide_sums(_FRACTION.sub(lambda found: found[1] or f"{found[2]}D", sql))


def _wide_sums(sql: str) -> str:
    """Sums of grains and of squares, which DuckDB adds up in 128 bits and Spark in 64, in 38 digits.

    So are sums of what is squared elsewhere: a variance takes the square of such a sum from the sum of squares.
    """
    places = [(m.end() + 1, _closing(sql, m.end())) for m in _SUM.finditer(sql) if m[0] == "SUM"]
    products = [m for start, end in places if (m := _PRODUCT.fullmatch(sql, start, end))]
    squared = {name for m in products for name in m.groups()}
    for start, end in reversed(places):
        summed = sql[start:end]
        if _GRAINS in summed or _PRODUCT.fullmatch(summed) or summed.strip() in squared:
            sql = f"{sql[:start]}CAST({summed} AS DECIMAL(38, 0)){sql[end:]}"
    return sql


def _closing(sql: str, opening: int) -> int:
    """Place of the bracket that closes the one at ``opening``."""
    depth = 0
    for found in _BRACKET.finditer(sql, opening):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return found.start()
    raise AssertionError("brackets of compiled SQL are paired")


def _by_bytes(sql: str) -> str:
    import sqlglot
    from sqlglot import exp

    def told(node: Any) -> Any:
        if isinstance(node, exp.Levenshtein):
            return exp.Anonymous(this="levenshtein", expressions=[_latin(node.this), _latin(node.expression)])
        if isinstance(node, exp.Anonymous) and node.name.upper() == "STRLEN":
            return exp.Anonymous(this="octet_length", expressions=node.expressions)
        return node

    return sqlglot.parse_one(sql, read="spark").transform(told).sql(dialect="spark")


def _latin(text: Any) -> Any:
    import sqlglot
    from sqlglot import exp

    whole = sqlglot.parse_one(_BYTES, read="spark")
    return whole.transform(lambda node: text.copy() if isinstance(node, exp.Column) else node)


@cache
def know_spark() -> None:
    """Let Ibis compile for Spark, which needs pyspark to be installed and no session."""
    import ibis.backends.pyspark as backend

    backend.Backend.register_options()
