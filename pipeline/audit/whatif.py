"""What acting on a tier would do to the counts and ranks of posts, before anybody does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.audit.evidence import ACTIONS, MILLION

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ACTION_SAYS = {
    "discount": "likes of accounts of the tier discount or a harsher one are not counted",
    "limit_reach": "likes of accounts of the tier limit_reach or a harsher one are not counted, their posts not ranked",
    "suspend": "likes and posts of accounts of the tier suspend vanish",
}
_HIDES = ("limit_reach", "suspend")  # actions after which the posts of the account itself are not ranked


def what_if(connection: duckdb.DuckDBPyConnection, top: int) -> tuple[list[dict[str, Any]], pa.Table]:
    """The effect of each action on likes that are seen, and on the ``top`` posts by likes.

    Returns
    -------
    a row per action (accounts it meets, likes and posts in all, likes lost, of them honest and pumped as estimated, and
    how many posts leave the top), and a table of the posts that leave it: action, post_id, account_id, likes, lost,
    honest_lost, rank_before, rank_after (null: no longer ranked)
    """
    import pyarrow as pa

    told, fallen = [], []
    for action, least in ACTIONS.items():
        hidden = f"coalesce(a.tier, 0) >= {least}" if action in _HIDES else "false"
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE ranked AS SELECT p.post, p.author, p.likes, "
            f"coalesce(w.lost_{action}, 0) AS lost, coalesce(w.honest_{action}, 0) AS honest, {hidden} AS hidden, "
            "row_number() OVER (ORDER BY p.likes DESC, p.post) AS before "
            "FROM posts p LEFT JOIN witnessed w USING (post) LEFT JOIN actors a ON a.account = p.author"
        )
        likes, lost, honest, pumped_all, hidden_posts = connection.execute(
            "SELECT sum(r.likes), sum(lost), sum(honest), (SELECT sum(pumped) FROM witnessed), "
            "count(*) FILTER (WHERE hidden) FROM ranked r"
        ).fetchall()[0]
        ((accounts,),) = connection.execute(f"SELECT count(*) FROM actors WHERE tier >= {least}").fetchall()
        found = connection.sql(
            "SELECT w.post_id, p.account_id, r.likes, r.lost, r.honest / 1e6 AS honest_lost, r.before AS rank_before, "
            "r.after AS rank_after FROM (SELECT *, CASE WHEN hidden THEN NULL ELSE row_number() OVER "
            "(PARTITION BY hidden ORDER BY likes - lost DESC, post) END AS after FROM ranked) r "
            f"JOIN written w USING (post) JOIN people p ON p.account = r.author WHERE before <= {int(top)} "
            f"AND (after IS NULL OR after > {int(top)}) ORDER BY before"
        ).to_arrow_table()
        fallen.append(found.add_column(0, "action", pa.array([action] * len(found), pa.string())))
        honest = float(honest or 0) / MILLION
        told.append(
            {
                "action": action,
                "says": ACTION_SAYS[action],
                "accounts": int(accounts),
                "likes": int(likes or 0),
                "likes_lost": int(lost or 0),
                "honest_lost": round(honest, 1),
                "pumped_lost": round(float(lost or 0) - honest, 1),
                "pumped": round(float(pumped_all or 0) / MILLION, 1),
                "posts_hidden": int(hidden_posts),
                "fall": len(found),
                "top": top,
            }
        )
    return told, pa.concat_tables(fallen)
