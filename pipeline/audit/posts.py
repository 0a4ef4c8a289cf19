"""Likes of each post, counted and estimated: from its events as far as they are seen, and from its counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.authenticity import FACTORS, POST_FACTORS, WAYS, Additive, banded, coded
from pipeline.audit.evidence import ACTIONS, MILLION, distinct_cells, put_cells

if TYPE_CHECKING:
    import duckdb

COUNTERS_WEIGH = 4  # what the counters of a post say weighs as so many likes seen
LEAST_USUAL = 3  # posts of an author that say what is usual for it


def count_cells(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``counted``: every post that is known to have likes, and the cell of ``POST_FACTORS`` it falls into.

    Likes counted are those of its counter; where that is not known, those seen.
    """
    connection.execute(
        "CREATE TEMP TABLE liked AS SELECT w.post, w.author, coalesce(c.seen, 0) AS seen, "
        "coalesce(w.likes_count, c.seen)::BIGINT AS likes, w.comments_count AS comments, w.views_count AS views "
        "FROM written w LEFT JOIN counts c USING (post) WHERE coalesce(w.likes_count, c.seen) IS NOT NULL"
    )
    connection.execute(
        "CREATE TEMP TABLE habits AS SELECT author, median(likes) AS usual, count(*) AS posts FROM liked GROUP "
        "BY author"
    )
    values = {
        "usual": f"CASE WHEN h.posts >= {LEAST_USUAL} THEN (l.likes + 1) / (h.usual + 1) END",
        "talk": "(l.comments + 1) / (l.likes + 1)",
        "shown": "(l.likes + 1) / (l.views + 1)",
        "reach": "(l.likes + 1) / (p.followers + 1)",
        "amount": "l.likes",
    }
    bands = ", ".join(f"({banded(f'({value})', FACTORS[name].edges)}) AS {name}" for name, value in values.items())
    connection.execute(
        f"CREATE TEMP TABLE counted AS SELECT post, author, likes, seen, usual, {coded(POST_FACTORS)} AS cell FROM ("
        f"SELECT l.post, l.author, l.likes, least(l.seen, l.likes) AS seen, {bands}, coalesce(a.kind, 0) AS writer "
        "FROM liked l JOIN habits h USING (author) JOIN people p ON p.account = l.author "
        "LEFT JOIN actors a ON a.account = l.author WHERE l.likes > 0)"
    )


def estimate(connection: duckdb.DuckDBPyConnection, counters: Additive) -> None:
    """Make ``posts``: likes counted and seen, and how many of them each way of pumping is estimated to have brought.

    On the way ``witnessed`` is made: sums over the likes seen of each post, and for each action over those of accounts
    that it meets: ``lost_`` (how many), ``honest_`` (of them honest) and ``doubt_`` (variance of that).
    Of likes that are seen their own probabilities are summed up. Those that are not seen are taken to be like those
    that are, as far as these go beyond ``COUNTERS_WEIGH``, and like those of posts with such counters. So are likes of
    accounts of which nothing is known: had they all been given for money, nothing would tell.
    """
    put_cells(connection, "by_counters", distinct_cells(connection, "counted"), counters, POST_FACTORS)
    known = "FILTER (WHERE NOT unknown)"
    sums = ", ".join(f"coalesce(sum({c}) {known}, 0)::BIGINT AS {c}" for c in ("pumped", "spread", *WAYS))
    lost = ", ".join(
        f"count(*) FILTER (WHERE tier >= {least}) AS lost_{action}, "
        f"coalesce(sum({int(MILLION)} - pumped) FILTER (WHERE tier >= {least}), 0)::BIGINT AS honest_{action}, "
        f"coalesce(sum(spread) FILTER (WHERE tier >= {least}), 0)::BIGINT AS doubt_{action}"
        for action, least in ACTIONS.items()
    )
    connection.execute(
        f"CREATE TEMP TABLE witnessed AS SELECT post, count(*) {known} AS n, {sums}, "
        f"count(*) FILTER (WHERE unknown) AS unknown, {lost} FROM judged JOIN verdicts USING (cell) GROUP BY post"
    )
    told = {}
    for c in ("pumped", "spread", *WAYS):
        mean = f"(coalesce(w.{c}, 0) + {COUNTERS_WEIGH} * b.{c}) / (coalesce(w.n, 0) + {COUNTERS_WEIGH})"
        # More may be seen than are counted, when likes were taken back: then those seen speak for those that stay.
        told[c] = (
            f"round(CASE WHEN c.likes <= coalesce(w.n, 0) THEN w.{c} * (c.likes / w.n) "
            f"ELSE coalesce(w.{c}, 0) + (c.likes - coalesce(w.n, 0)) * ({mean}) END)::BIGINT"
        )
    columns = ", ".join(f"{value} AS {c}" for c, value in told.items())
    connection.execute(
        f"CREATE TEMP TABLE posts AS SELECT c.post, c.author, c.likes, c.seen, c.usual, "
        f"coalesce(w.unknown, 0) AS unknown, {columns} FROM counted c "
        "JOIN by_counters b USING (cell) LEFT JOIN witnessed w USING (post)"
    )
