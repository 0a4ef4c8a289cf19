"""What estimates rest on: bursts of likes with start and end, and groups that delivered them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.audit.creators import struck
from pipeline.audit.evidence import CROWD_S, LEAST_CROWD, MILLION

if TYPE_CHECKING:
    import duckdb

MOST_BURSTS, MOST_GROUPS = 3, 5  # shown of a post or creator, the largest
DELIVERING = ("farm", "pod")  # kinds of groups; nothing is wrong with friends and fans


def behind(connection: duckdb.DuckDBPyConnection, cut: float) -> None:
    """Make ``post_bursts`` (of posts that look pumped), ``post_groups`` and ``creator_groups``.

    A burst is a row of ``LEAST_CROWD`` likes or more, each at most ``CROWD_S`` after the one before. Of the groups in
    which an account is the first by name counts.
    """
    run = connection.execute
    run(f"CREATE TEMP TABLE struck AS SELECT p.post FROM posts p WHERE {struck(cut)}")
    rows = (
        "SELECT j.post, j.at_s, v.pumped, j.at_s - lag(j.at_s) OVER w AS gap FROM judged j JOIN struck USING (post) "
        "JOIN verdicts v USING (cell) WINDOW w AS (PARTITION BY j.post ORDER BY j.at_s, v.pumped)"
    )
    run(
        "CREATE TEMP TABLE post_bursts AS SELECT post, list({'first_at': make_timestamptz(first_s * 1000000), "
        "'last_at': make_timestamptz(last_s * 1000000), 'likes': likes, 'pumped': round(pumped / "
        f"{MILLION}, 2)}} ORDER BY likes DESC, first_s)[:{MOST_BURSTS}] AS bursts FROM ("
        "SELECT post, run, min(at_s)::BIGINT AS first_s, max(at_s)::BIGINT AS last_s, count(*) AS likes, "
        "sum(pumped)::BIGINT AS pumped "
        f"FROM (SELECT *, sum(coalesce(gap > {CROWD_S}, false)::INTEGER) OVER (PARTITION BY post ORDER BY at_s, pumped "
        f"ROWS UNBOUNDED PRECEDING) AS run FROM ({rows})) GROUP BY post, run HAVING count(*) >= {LEAST_CROWD}) "
        "GROUP BY post"
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
