"""Common table expressions as tables of their own, because DuckDB 2.0 may wait for ever on those it keeps.

With two threads or more a statement that reads one `WITH` query several times stands still now and then: every thread
sleeps and none is woken. A curve of ``features/references.py`` over 200,000 accounts, computed again and again on an
idle machine, stood still the 16th time; with tables instead it did not in 300 times. A busy machine hides it. DuckDB
would have kept these queries' rows anyway, so nothing is computed that was not before.
"""

from __future__ import annotations

import re

_BEGINS = re.compile(r'^(?:WITH |\), )"(\w+)" AS \($')


def unnested(sql: str) -> tuple[list[tuple[str, str]], str]:
    """The `WITH` queries of a statement as Ibis prints it, in the order they build on one another, and what is left.

    Ibis begins and ends each at the start of a line, where nothing else stands before the main query. A statement
    without any comes back as it is.
    """
    if not sql.startswith('WITH "'):
        return [], sql
    lines = sql.splitlines()
    found: list[tuple[str, list[str]]] = []
    for number, line in enumerate(lines):
        if begins := _BEGINS.match(line):
            found.append((begins[1], []))
        elif line == ")":
            return [(name, "\n".join(query)) for name, query in found], "\n".join(lines[number + 1 :])
        else:
            found[-1][1].append(line)
    raise AssertionError("a statement that begins with WITH and has no main query")
