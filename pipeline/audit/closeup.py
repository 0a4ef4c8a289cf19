"""What the page of a creator shows beyond its row: likes by day, its audience, and its posts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from models.authenticity import FACTORS
from pipeline.audit.evidence import MILLION

if TYPE_CHECKING:
    import duckdb

MOST_POSTS = 20  # on the page of a creator, most pumped likes first


def by_likes(connection: duckdb.DuckDBPyConnection, some: str = " JOIN chosen USING (author)") -> None:
    """Make ``like_days``, likes and pumped likes of each author and day, and ``audience``, likes by score of the actor.

    Parameters
    ----------
    connection : with ``judged``, ``verdicts`` and ``actors``
    some : SQL that joins the authors wanted; empty for all
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE like_days AS SELECT j.author, j.at_s // 86400 AS day, count(*) AS likes, "
        f"sum(v.pumped)::BIGINT AS pumped FROM judged j{some} JOIN verdicts v USING (cell) GROUP BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE audience AS SELECT j.author, coalesce(a.score, 0) AS band, count(*) AS likes "
        f"FROM judged j{some} LEFT JOIN actors a ON a.account = j.actor GROUP BY ALL"
    )


def close_ups(
    connection: duckdb.DuckDBPyConnection,
    accounts: Sequence[str],
    likes: Callable[[duckdb.DuckDBPyConnection], None] = by_likes,
) -> dict[str, dict[str, Any]]:
    """By account_id: ``days`` (first day, likes and pumped likes of each), ``audience`` and ``posts`` (their ids).

    Days are those of the likes where they are seen, else those of the posts. ``audience`` has the likes seen by band of
    the bot probability of those who gave them, "not known" first. ``likes`` makes what ``by_likes`` makes.
    """
    connection.register("given", pa.table({"account_id": pa.array(accounts, pa.string())}))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE chosen AS SELECT p.account AS author, p.account_id, c.seen FROM given "
        "JOIN people p USING (account_id) JOIN creators c ON c.author = p.account"
    )
    connection.unregister("given")
    likes(connection)
    found: dict[str, dict[str, Any]] = {a: {"days": [], "audience": [], "posts": []} for a in accounts}
    days = connection.execute(
        "SELECT account_id, day, sum(likes)::BIGINT AS likes, sum(pumped)::BIGINT AS pumped FROM ("
        "SELECT h.account_id, d.day, d.likes, d.pumped FROM like_days d JOIN chosen h USING (author) UNION ALL "
        "SELECT h.account_id, w.posted_us // 86400000000, sum(p.likes), sum(p.pumped) FROM posts p "
        "JOIN chosen h USING (author) JOIN written w USING (post) WHERE h.seen = 0 GROUP BY ALL) "
        "GROUP BY ALL ORDER BY account_id, day"
    ).fetchall()
    for account, day, many, pumped in days:
        found[account]["days"].append((int(day), int(many), pumped / MILLION))
    bands = connection.execute(
        "SELECT h.account_id, d.band, d.likes FROM audience d JOIN chosen h USING (author) ORDER BY 1, 2"
    ).fetchall()
    names = ("not known", *FACTORS["score"].values)
    for account, band, many in bands:
        found[account]["audience"].append((names[band], int(many)))
    posts = connection.execute(
        "SELECT h.account_id, w.post_id FROM posts p JOIN chosen h USING (author) JOIN written w USING (post) "
        f"QUALIFY row_number() OVER (PARTITION BY h.account_id ORDER BY p.pumped DESC, p.post) <= {MOST_POSTS} "
        "ORDER BY h.account_id, p.pumped DESC, p.post"
    ).fetchall()
    for account, post in posts:
        found[account]["posts"].append(post)
    return found
