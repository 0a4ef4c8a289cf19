"""Creators: the likes of all their posts together, and who is likely to be behind those that look pumped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.authenticity import FACTORS, INTENT_FACTORS, WAYS, banded, coded
from pipeline.audit.evidence import MILLION

if TYPE_CHECKING:
    import duckdb

LEAST_STRUCK = 2  # likes estimated to be ordered or traded, below which no post looks pumped
LEAST_LIKES = 5  # of a post that can look pumped
PAID = ("orders", "pod", "hijacked")  # ways that somebody chose this post for; software roams by itself


def struck(cut: float) -> str:
    """SQL: the post ``p`` looks pumped, as such a share of its likes, and some at least, look ordered or traded."""
    paid = " + ".join(f"p.{way}" for way in PAID)
    return f"({paid} >= {LEAST_STRUCK * int(MILLION)} AND {paid} >= {cut * MILLION} * p.likes)"


def sum_up(connection: duckdb.DuckDBPyConnection, cut: float) -> None:
    """Make ``creators``: sums over the posts of each author, and how its posts that look pumped lie in time.

    Parameters
    ----------
    connection : with ``posts``, ``written`` and ``habits``
    cut : share of likes that look ordered or traded, from which on a post looks pumped
    """
    sums = ", ".join(f"sum(p.{c})::BIGINT AS {c}" for c in ("likes", "seen", "unknown", "pumped", "spread", *WAYS))
    pumped = struck(cut)
    fire = "(p.likes + 1) / (h.usual + 1)"
    connection.execute(
        f"CREATE TEMP TABLE creators AS SELECT p.author, count(*) AS posts, {sums}, "
        f"count(*) FILTER (WHERE {pumped}) AS struck, "
        f"count(*) FILTER (WHERE p.likes >= {LEAST_LIKES}) AS big, "
        f"min(w.posted_us) FILTER (WHERE {pumped}) AS first_us, max(w.posted_us) FILTER (WHERE {pumped}) AS last_us, "
        f"max({fire}) FILTER (WHERE NOT {pumped} AND h.posts >= 3) AS fire "
        "FROM posts p JOIN written w USING (post) JOIN habits h ON h.author = p.author GROUP BY p.author"
    )


def intent_cells(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``creator_cells`` and ``post_cells``: the cell of ``INTENT_FACTORS`` of every creator and every post."""
    bands = {
        "struck_share": "c.struck / nullif(c.big, 0)",
        "lasting": "(c.last_us - c.first_us) / 86400000000.0",
    }
    common = (
        "coalesce(a.kind, 0) AS writer, CASE WHEN c.struck = 0 THEN 1 WHEN c.struck = 1 THEN 2 WHEN c.struck < 4 "
        "THEN 3 "
        "WHEN c.struck < 10 THEN 4 ELSE 5 END AS struck, "
        + ", ".join(f"({banded(f'({v})', FACTORS[n].edges)}) AS {n}" for n, v in bands.items())
    )

    def of(row: str, fire: str) -> str:
        shares = {
            "ordered": f"({row}.orders + {row}.hijacked) / {MILLION} / {row}.likes",
            "traded": f"{row}.pod / {MILLION} / {row}.likes",
            "fire": fire,
        }
        return ", ".join(f"({banded(f'({v})', FACTORS[n].edges)}) AS {n}" for n, v in shares.items())

    connection.execute(
        f"CREATE TEMP TABLE creator_cells AS SELECT author, {coded(INTENT_FACTORS)} AS cell FROM (SELECT c.author, "
        f"{common}, {of('c', 'c.fire')} FROM creators c LEFT JOIN actors a ON a.account = c.author)"
    )
    fire = "CASE WHEN h.posts >= 3 THEN (p.likes + 1) / (h.usual + 1) END"
    connection.execute(
        f"CREATE TEMP TABLE post_cells AS SELECT post, {coded(INTENT_FACTORS)} AS cell FROM (SELECT p.post, "
        f"{common}, {of('p', fire)} FROM posts p JOIN creators c USING (author) JOIN habits h USING (author) "
        "LEFT JOIN actors a ON a.account = p.author)"
    )
