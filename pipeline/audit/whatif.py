"""What acting on a tier would do to the counts and ranks of posts, before anybody does it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.authenticity_intervals import Known, Widths, basis
from pipeline.audit.evidence import ACTIONS, MILLION, known
from pipeline.audit.pieces import pieces

if TYPE_CHECKING:
    import duckdb

ACTION_SAYS = {
    "discount": "likes of accounts of the tier discount or a harsher one are not counted",
    "limit_reach": "likes of accounts of the tier limit_reach or a harsher one are not counted; their own posts are "
    "hidden, with all likes on them",
    "suspend": "likes of accounts of the tier suspend vanish; so do their own posts, with all likes on them",
}
HIDES = ("limit_reach", "suspend")  # actions after which the posts of the account itself are not ranked
CHANGED = pa.schema(  # of every post before and after each action
    [
        *(("post_id", pa.string()), ("account_id", pa.string()), ("likes", pa.int64()), ("rank", pa.int64())),
        *(
            field
            for action in ACTIONS
            for field in (
                (f"likes_{action}", pa.int64()),  # 0 where the post is hidden
                (f"honest_lost_{action}", pa.float64()),  # estimated
                (f"rank_{action}", pa.int64()),  # null where the post is hidden
            )
        ),
    ]
)


def what_if(connection: duckdb.DuckDBPyConnection, widths: Widths, top: int) -> tuple[list[dict[str, Any]], pa.Table]:
    """The effect of each action on all likes counted, and on the ``top`` posts by likes; makes ``changed``.

    A like is lost when the account that gave it is met (known of likes seen only) or when its post is hidden, as the
    author is met (then all likes counted of the post are lost); when both are so, it counts as lost by its giver.

    Parameters
    ----------
    connection : with ``posts``, ``witnessed``, ``written``, ``people`` and ``actors``
    widths : of intervals of creators; the likes that a creator would lose are taken as one of its own
    top : how many posts are told of when they fall

    Returns
    -------
    a row per action (accounts it meets, likes and posts in all, likes lost by giver and with their post, of them honest
    and pumped as estimated, the interval of the honest ones, and how many posts leave the top), and a table of the
    posts that leave it: action, post_id, account_id, likes, lost, honest_lost, rank_before, rank_after (null: hidden)
    """
    connection.execute(f"CREATE OR REPLACE TEMP VIEW effects AS {_effects()}")
    _rank(connection)
    likes, pumped = connection.execute("SELECT sum(likes), sum(pumped) FROM posts").fetchall()[0]
    told, fallen = [], []
    sums = _by_author(connection)
    for action, least in ACTIONS.items():
        found = connection.sql(
            f"SELECT w.post_id, p.account_id, c.likes, c.likes - c.likes_{action} AS lost, "
            f"c.honest_{action} / {MILLION} AS honest_lost, c.rank AS rank_before, c.rank_{action} AS rank_after "
            "FROM changed c JOIN written w USING (post) JOIN people p ON p.account = c.author "
            f"WHERE c.rank <= {int(top)} AND (c.rank_{action} IS NULL OR c.rank_{action} > {int(top)}) ORDER BY c.rank"
        ).to_arrow_table()
        fallen.append(found.add_column(0, "action", pa.array([action] * len(found), pa.string())))
        ((accounts,),) = connection.execute(f"SELECT count(*) FROM actors WHERE tier >= {least}").fetchall()
        told.append(
            {
                "action": action,
                "says": ACTION_SAYS[action],
                "accounts": int(accounts),
                "likes": int(likes or 0),
                **_lost(sums, action, widths, known(connection)),
                "pumped": round(float(pumped or 0) / MILLION, 1),
                "fall": len(found),
                "top": top,
            }
        )
    return told, pa.concat_tables(fallen)


def changed_posts(connection: duckdb.DuckDBPyConnection, least: int) -> Iterator[pa.Table]:
    """Every post with ``least`` likes or more before and after each action, as ``CHANGED``, after ``what_if``."""
    columns = ", ".join(
        f"c.likes_{a}, round(c.honest_{a} / {MILLION}, 4) AS honest_lost_{a}, c.rank_{a}" for a in ACTIONS
    )
    rows = connection.sql(
        f"SELECT w.post_id, p.account_id, c.likes, c.rank, {columns} FROM changed c JOIN written w USING (post) "
        f"JOIN people p ON p.account = c.author WHERE c.likes >= {int(least)} ORDER BY c.post"
    )
    for piece in pieces(rows):
        yield piece.cast(CHANGED)


def _effects() -> str:
    """SELECT of every post and, for each action, likes lost by giver (``given_``), in all, honest ones, and doubt.

    Where more likes are seen than counted, because some were taken back, those seen speak for those that stay.
    """
    stay = "least(1, p.likes / nullif(w.n + w.unknown, 0))"
    parts = []
    for action, least in ACTIONS.items():
        hidden = f"coalesce(a.tier, 0) >= {least}" if action in HIDES else "false"
        given, kept, doubt = (
            f"coalesce(round(w.{c}_{action} * {stay}), 0)::BIGINT" for c in ("lost", "honest", "doubt")
        )
        all_honest = f"(p.likes * {int(MILLION)} - p.pumped)"
        parts += [
            f"{hidden} AS hidden_{action}",
            f"{given} AS given_{action}",
            f"CASE WHEN {hidden} THEN p.likes ELSE {given} END AS lost_{action}",
            f"CASE WHEN {hidden} THEN least({kept}, {all_honest}) ELSE {kept} END AS kept_{action}",
            f"CASE WHEN {hidden} THEN {all_honest} ELSE {kept} END AS honest_{action}",
            f"CASE WHEN {hidden} THEN p.spread ELSE {doubt} END AS doubt_{action}",
            f"CASE WHEN {hidden} THEN p.seen ELSE {given} END AS seen_{action}",
            f"CASE WHEN {hidden} THEN p.unknown ELSE 0 END AS unknown_{action}",
        ]
    return (
        f"SELECT p.post, p.author, p.likes, {', '.join(parts)} FROM posts p LEFT JOIN witnessed w USING (post) "
        "LEFT JOIN actors a ON a.account = p.author"
    )


def _rank(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``changed``: likes and rank of every post before and after each action."""
    after = ", ".join(
        f"likes - lost_{a} AS likes_{a}, honest_{a}, CASE WHEN NOT hidden_{a} THEN row_number() OVER "
        f"(PARTITION BY hidden_{a} ORDER BY likes - lost_{a} DESC, post) END::INTEGER AS rank_{a}"
        for a in ACTIONS
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE changed AS SELECT post, author, likes, "
        f"row_number() OVER (ORDER BY likes DESC, post)::INTEGER AS rank, {after} FROM effects"
    )


def _by_author(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Sums of ``effects`` over the posts of each author, as arrays."""
    what = ("given", "lost", "kept", "honest", "doubt", "seen", "unknown")
    sums = ", ".join(f"sum({w}_{a})::BIGINT AS {w}_{a}" for a in ACTIONS for w in what)
    hidden = ", ".join(f"count(*) FILTER (WHERE hidden_{a}) AS hidden_{a}" for a in ACTIONS)
    found = connection.sql(f"SELECT {sums}, {hidden} FROM effects GROUP BY author ORDER BY author").fetchnumpy()
    return {name: np.asarray(values, dtype=np.int64) for name, values in found.items()}


def _lost(sums: dict[str, Any], action: str, widths: Widths, beside: Known) -> dict[str, Any]:
    """What one action takes away, from sums by author.

    The interval adds up the ends of the intervals of all creators, as if all erred the same way: errors on likes of
    the same accounts are not independent, so their variances may not be added up instead.
    """
    of = {w: sums[f"{w}_{action}"] for w in ("given", "lost", "kept", "honest", "doubt", "seen", "unknown", "hidden")}
    some = of["lost"] > 0
    lost, honest, doubt = (of[w][some].astype(np.float64) for w in ("lost", "honest", "doubt"))
    rests_on = basis(lost, of["seen"][some], of["unknown"][some], beside)
    low, high = widths.interval(lost, lost - honest / MILLION, doubt / MILLION, rests_on)
    everything, given = int(of["lost"].sum()), int(of["given"].sum())
    honest_all, honest_given = int(of["honest"].sum()) / MILLION, int(of["kept"].sum()) / MILLION
    return {
        "likes_lost": everything,
        "likes_lost_by_giver": given,
        "likes_lost_with_post": everything - given,
        "honest_lost": round(honest_all, 1),
        "honest_lost_low": round(float((lost - high).sum()), 1),
        "honest_lost_high": round(float((lost - low).sum()), 1),
        "honest_lost_by_giver": round(honest_given, 1),
        "honest_lost_with_post": round(honest_all - honest_given, 1),
        "pumped_lost": round(everything - honest_all, 1),
        "posts_hidden": int(of["hidden"].sum()),
    }
