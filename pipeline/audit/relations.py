"""Canonical tables, scores and groups as numbered relations in DuckDB: what every later SELECT of the audit reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from features.tables import TABLES
from pipeline.database import files as names
from pipeline.database import ident

if TYPE_CHECKING:
    import duckdb

# What `unpump score` must have said of an account for the audit.
SCORES = ("account_id", "status", "bot_probability", "tier", "kind", "kind_probability")
# When a like ``e`` of the post ``w`` was given. ``lag`` is 3 within the first hour, 4 within the first day and 5 later,
# as the factor ``pace`` has them.
MOMENT = (
    "greatest(0, least(e.created_at // 1000000, 2147483647))::INTEGER AS at_s, CASE WHEN e.created_at < w.posted_us + "
    "3600000000 THEN 3 WHEN e.created_at < w.posted_us + 86400000000 THEN 4 ELSE 5 END::UTINYINT AS lag"
)
_KINDS = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.float64(): "DOUBLE"}


def show_tables(connection: duckdb.DuckDBPyConnection, given: Mapping[str, Sequence[Path]]) -> None:
    """Each canonical table as a view ``t_NAME``, empty where it is absent; moments as microseconds since 1970."""
    for name in ("accounts", "posts", "engagements", "follows"):
        files = given.get(name, ())
        kinds = {c.name: _KINDS.get(c.type, "BIGINT") for c in TABLES[name].columns}
        if not files:
            nothing = ", ".join(f"NULL::{kind} AS {ident(column)}" for column, kind in kinds.items())
            connection.execute(f"CREATE TEMP VIEW t_{name} AS SELECT {nothing} WHERE false")
            continue
        read = f"read_parquet({names(files)}, union_by_name = true)"
        there = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()}
        parts = []
        for column in TABLES[name].columns:
            quoted = ident(column.name)
            if column.name not in there:
                value = f"NULL::{kinds[column.name]}"
            elif pa.types.is_timestamp(column.type):
                value = f"epoch_us({quoted})"
            else:
                value = f"CAST({quoted} AS {kinds[column.name]})"
            parts.append(f"{value} AS {quoted}")
        connection.execute(f"CREATE TEMP VIEW t_{name} AS SELECT {', '.join(parts)} FROM {read}")


def number(connection: duckdb.DuckDBPyConnection, scores: Sequence[Path], groups: Any) -> None:
    """Make ``people`` (accounts, authors and members of groups), ``scored``, ``written`` (posts) and ``memberships``.

    Parameters
    ----------
    connection : with the views of ``show_tables``
    scores : Parquet files that ``unpump score`` wrote
    groups : Arrow table of ``groups.parquet``, or None where nobody looked for groups
    """
    run = connection.execute
    run("CREATE TEMP TABLE grouped (account_id VARCHAR, team INTEGER, group_id VARCHAR, kind VARCHAR)")
    if groups is not None:
        connection.register("given", groups.select(["group_id", "kind", "members"]))
        run(
            "INSERT INTO grouped SELECT unnest(members), (dense_rank() OVER (ORDER BY group_id))::INTEGER, "
            "group_id, kind FROM given"
        )
        connection.unregister("given")
    run(
        "CREATE TEMP TABLE people AS SELECT (row_number() OVER (ORDER BY account_id) - 1)::INTEGER AS account, "
        "account_id, any_value(username) AS username, any_value(platform) AS platform, "
        "max(observed_at) AS observed_us, max(created_at) AS opened_us, max(followers_count) AS followers, "
        "max(posts_count) AS posts_count FROM ("
        "SELECT account_id, username, platform, observed_at, created_at, followers_count, posts_count FROM t_accounts "
        "UNION ALL SELECT DISTINCT account_id, NULL, NULL, NULL, NULL, NULL, NULL FROM t_posts "
        "UNION ALL SELECT DISTINCT account_id, NULL, NULL, NULL, NULL, NULL, NULL FROM grouped) GROUP BY account_id"
    )
    known = ", ".join(SCORES)
    run(
        "CREATE TEMP TABLE scored AS SELECT p.account, CASE WHEN s.status = 'scored' THEN s.bot_probability END "
        "AS bot, "
        "s.kind, s.tier FROM "
        f"(SELECT {known} FROM read_parquet({names(scores)}, union_by_name = true) WHERE status <> 'invalid') s "
        "JOIN people p USING (account_id)"
    )
    # A post is judged when its author was; authors that nobody observed when the last account was.
    run(
        "CREATE TEMP TABLE written AS SELECT (row_number() OVER (ORDER BY p.account, t.created_at, t.post_id) - 1)"
        "::INTEGER AS post, p.account AS author, t.post_id, t.created_at AS posted_us, t.kind, "
        "t.likes_count, t.comments_count, t.reposts_count, t.views_count, coalesce(p.observed_us, latest.us) AS "
        "as_of_us "
        "FROM t_posts t JOIN people p USING (account_id), (SELECT max(observed_us) AS us FROM people) latest "
        "WHERE t.created_at < coalesce(p.observed_us, latest.us)"
    )
    run(
        "CREATE TEMP TABLE memberships AS SELECT p.account, g.team, g.group_id, g.kind FROM grouped g "
        "JOIN people p USING (account_id)"
    )


def like_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``likes``: every like that was there when its post was judged, by whom, and its ``MOMENT``."""
    connection.execute(
        f"CREATE TEMP TABLE likes AS SELECT w.post, w.author, p.account AS actor, {MOMENT} "
        "FROM t_engagements e JOIN written w USING (post_id) LEFT JOIN people p ON p.account_id = e.actor_id "
        "WHERE e.kind = 'like' AND e.created_at < w.as_of_us"
    )
