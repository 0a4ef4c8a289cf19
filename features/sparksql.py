"""Where the words of Ibis mean something else to Spark than to DuckDB, and how Spark is told the same."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# A number with a fraction; texts and names are matched first, so that what looks like a number in them stays.
_FRACTION = re.compile(r"('(?:[^'\\]|\\.)*'|`[^`]*`)|(?<![\w.])(\d+\.\d+)(?![\w.])", re.DOTALL)
# Both name the bytes of a text by characters of Latin-1, so that Spark's edit distance counts bytes as DuckDB's does.
_BYTES = "DECODE(ENCODE(x, 'UTF-8'), 'ISO-8859-1')"


def spark_sql(sql: str) -> str:
    """SQL as Ibis writes it for Spark, put right."""
    sql = _by_bytes(sql) if "STRLEN(" in sql or "LEVENSHTEIN(" in sql else sql
    # Spark reads the escapes of vertical tab and form feed as the letters v and f, and would trim these.
    sql = sql.replace(r"\r\v\f'", r"\r\u000B\u000C'")
    # Spark reads 0.5 as a decimal, and what is divided by a decimal is rounded to some six digits.
    return _FRACTION.sub(lambda found: found[1] or f"{found[2]}D", sql)


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
