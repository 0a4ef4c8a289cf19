"""What estimates rest on: bursts of likes with start and end, and groups that delivered them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.audit.creators import struck
from pipeline.audit.evidence import CROWD_S, LEAST_CROWD, MILLION

if TYPE_CHECKING:
    import duckdb

MOST_BURSTS, MOST_GROUPS = 3, 5  # shown of a post, the largest, and of groups also of a creator
MOST_CREATOR_BURSTS = 5  # shown of all posts of a creator together
DELIVERING = ("farm", "pod")  # kinds of groups; nothing is wrong with friends and fans


def behind(connection: duckdb.DuckDBPyConnection, cut: float) -> None:
    """Make ``bursts`` (of posts that look pumped), ``post_groups`` and ``creator_groups``.

    A burst is a row of ``LEAST_CROWD`` likes or more, each at most ``CROWD_S`` after the one before. Of the groups in
    which an account is the first by name counts.
    """
    run = connection.execute
    run(f"CREATE TEMP TABLE struck AS SELECT p.post FROM posts p WHERE {struck(cut)}")
    rows = (
        "SELECT j.post, j.author, j.at_s, v.pumped, j.at_s - lag(j.at_s) OVER w AS gap FROM judged j "
        "JOIN struck USING (post) JOIN verdicts v USING (cell) "
        "WINDOW w AS (PARTITION BY j.post ORDER BY j.at_s, v.pumped)"
    )
    run(
        "CREATE TEMP TABLE bursts AS SELECT post, author, min(at_s)::BIGINT AS first_s, max(at_s)::BIGINT AS last_s, "
        "count(*) AS likes, sum(pumped)::BIGINT AS pumped "
        f"FROM (SELECT *, sum(coalesce(gap > {CROWD_S}, false)::INTEGER) OVER (PARTITION BY post ORDER BY at_s, pumped "
        f"ROWS UNBOUNDED PRECEDING) AS run FROM ({rows})) GROUP BY post, author, run HAVING count(*) >= {LEAST_CROWD} "
        f"QUALIFY row_number() OVER (PARTITION BY post ORDER BY count(*) DESC, min(at_s)) <= {MOST_BURSTS}"
    )
    run(
        "CREATE TEMP TABLE delivered AS SELECT j.post, j.author, m.group_id, m.kind, count(*) AS likes FROM judged j "
        "JOIN (SELECT account, min_by(group_id, group_id) AS group_id, min_by(kind, group_id) AS kind FROM memberships "
        f"WHERE kind IN {DELIVERING} GROUP BY account) m ON m.account = j.actor GROUP BY ALL"
    )
    for unit, key in (("post", "post"), ("creator", "author")):
        run(
            f"CREATE TEMP TABLE {unit}_groups AS SELECT {key}, list({{'group_id': group_id, 'kind': kind, "
            f"'likes': likes}} ORDER BY likes DESC, group_id)[:{MOST_GROUPS}] AS groups FROM (SELECT {key}, group_id, "
            "kind, sum(likes)::BIGINT AS likes FROM delivered GROUP BY ALL) GROUP BY ALL"
        )


def burst_lists(key: str, most: int) -> str:
    """SELECT of ``key`` (post or author) and ``bursts``, a list of its largest, from ``bursts`` and ``written``."""
    fields = (
        "'post_id': w.post_id, 'first_at': make_timestamptz(b.first_s * 1000000), "
        f"'last_at': make_timestamptz(b.last_s * 1000000), 'likes': b.likes, 'pumped': round(b.pumped / {MILLION}, 2)"
    )
    order = "b.likes DESC, b.first_s, b.post"
    return (
        f"SELECT b.{key}, list({{{fields}}} ORDER BY {order})[:{int(most)}] AS bursts "
        f"FROM bursts b JOIN written w USING (post) GROUP BY b.{key}"
    )
