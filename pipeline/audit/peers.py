"""Numbers that do not align: each creator's ratios against those of people of similar size and age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.alignment import RATIOS

if TYPE_CHECKING:
    import duckdb

LEAST_PEERS = 30  # with fewer the group is widened: to all ages, then to all sizes, then nothing is said
LEAST_POSTS, LEAST_LIKES = 3, 10  # of a creator, for a ratio of its posts
RECENT_DAYS = 90  # in which growth is set against posts


# Which SQL gives each ratio of ``models.alignment``, of a row of ``beside``: who it is, what it wrote, whom it gained.
_WRITTEN = "greatest(coalesce(posts_count, written), written)"
# Of whose followers none is dated nothing is known, unless there are none.
_GAINED = "coalesce(gained, CASE WHEN followers = 0 THEN 0 END)"
VALUES = {
    "engagement_vs_audience": f"CASE WHEN posts >= {LEAST_POSTS} AND followers > 0 "
    "THEN (likes + coalesce(comments, 0)) / posts / followers END",
    "comments_vs_likes": f"CASE WHEN known_comments >= {LEAST_POSTS} AND likes >= {LEAST_LIKES} "
    "THEN (comments + 1) / (commented_likes + 1) END",
    "likes_vs_views": f"CASE WHEN known_views >= {LEAST_POSTS} THEN (viewed_likes + 1) / (views + 1) END",
    # A platform has one of the two: what is counted differently is not ranked together.
    "growth_without_posts": f"CASE WHEN dated THEN {_GAINED} / (recent + 1) END",
    "followers_vs_posts": f"CASE WHEN NOT dated AND followers > 0 THEN followers / ({_WRITTEN} + 1) END",
}


def align(connection: duckdb.DuckDBPyConnection, follows: bool) -> None:
    """Make ``ratios``, from ``people``, ``written``, ``liked`` and, where follows are known, ``fans``."""
    sum_up(connection, follows)
    compare(connection)


def sum_up(connection: duckdb.DuckDBPyConnection, follows: bool) -> None:
    """Make ``wrote``, what each author wrote and got for it, and ``gained``, recent followers where any is dated."""
    connection.execute(
        "CREATE TEMP TABLE wrote AS SELECT w.author, count(*) FILTER (WHERE l.likes IS NOT NULL) AS posts, "
        "count(*) AS written, sum(l.likes)::BIGINT AS likes, sum(w.comments_count)::BIGINT AS comments, "
        "count(w.comments_count) AS known_comments, sum(w.views_count)::BIGINT AS views, count(w.views_count) AS "
        "known_views, "
        "(sum(l.likes) FILTER (WHERE w.views_count IS NOT NULL))::BIGINT AS viewed_likes, "
        "(sum(l.likes) FILTER (WHERE w.comments_count IS NOT NULL))::BIGINT AS commented_likes, "
        f"count(*) FILTER (WHERE w.posted_us >= w.as_of_us - {RECENT_DAYS} * 86400000000) AS recent "
        "FROM written w LEFT JOIN liked l USING (post) GROUP BY w.author"
    )
    gained = (
        "SELECT p.account AS author, count(*) FILTER "
        f"(WHERE f.since_s >= p.observed_us // 1000000 - {RECENT_DAYS} * 86400) AS gained "
        "FROM fans f JOIN people p ON p.account = f.pair % 4294967296 "
        "WHERE f.since_s > 0 AND f.since_s < p.observed_us // 1000000 GROUP BY p.account"
        if follows
        else "SELECT NULL::INTEGER AS author, NULL::BIGINT AS gained WHERE false"
    )
    connection.execute(f"CREATE TEMP TABLE gained AS {gained}")


def compare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``ratios``: author, name, value, peers, percentile (share of peers below, ties halved) and who they are.

    Peers are accounts of the same platform with as many followers, within a factor of about three, and of the same age,
    within a factor of two; the creator itself is none of its peers. Growth is told on platforms where the followers of
    some author are dated; elsewhere all followers are set against all posts, under a name of its own.
    """
    run = connection.execute
    run(
        "CREATE TEMP TABLE beside AS SELECT p.account AS author, p.platform, p.followers, p.posts_count, "
        "round(2 * log10(p.followers + 1))::INTEGER AS size, "
        "round(log2((p.observed_us - p.opened_us) / 86400000000.0 + 1))::INTEGER AS age, m.* EXCLUDE (author), "
        "g.gained, bool_or(g.author IS NOT NULL) OVER (PARTITION BY p.platform) AS dated "
        "FROM people p JOIN wrote m ON m.author = p.account LEFT JOIN gained g ON g.author = p.account"
    )
    parts = " UNION ALL ".join(
        f"SELECT {i}::UTINYINT AS ratio, author, platform, size, age, {VALUES[name]} AS value FROM beside"
        for i, name in enumerate(RATIOS)
    )
    run(f"CREATE TEMP TABLE values_of AS SELECT * FROM ({parts}) WHERE value IS NOT NULL")
    scopes = {"near": "ratio, platform, size, age", "size": "ratio, platform, size", "all": "ratio, platform"}
    columns = ", ".join(
        f"count(*) OVER (PARTITION BY {by}) - 1 AS n_{name}, rank() OVER (PARTITION BY {by} ORDER BY value) - 1 "
        f"AS below_{name}, "
        f"count(*) OVER (PARTITION BY {by} ORDER BY value RANGE BETWEEN CURRENT ROW AND CURRENT ROW) - 1 AS tied_{name}"
        for name, by in scopes.items()
    )
    chosen = {
        what: "CASE " + " ".join(f"WHEN n_{s} >= {LEAST_PEERS} THEN {value.format(s=s)}" for s in scopes) + " END"
        for what, value in {
            "peers": "n_{s}",
            "percentile": "(below_{s} + 0.5 * tied_{s}) / n_{s}",
            "scope": "'{s}'",
        }.items()
    }
    run(
        f"CREATE TEMP TABLE ratios AS SELECT author, ratio, {list(RATIOS)}[ratio + 1] AS name, value, "
        + ", ".join(f"{sql} AS {what}" for what, sql in chosen.items())
        + f" FROM (SELECT *, {columns} FROM values_of)"
    )
