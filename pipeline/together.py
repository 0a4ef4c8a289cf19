"""Groups worth a look in the review: who they are, what they acted on, and when, read from groups and engagements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.database import files
from pipeline.engine import connect
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import pandas as pd

MEMBERS, POSTS = 40, 12  # of a group that are drawn: those on most of the posts, the posts with most of them
NAMED = 10  # members listed
# How many of each kind are shown; nothing is wrong with the last two, and a reviewer should see what these look like.
SHOWN = {"farm": 3, "pod": 2, "friends": 1, "fans": 1}


def choose(groups: pa.Table, most: int) -> list[dict[str, Any]]:
    """Rows of ``groups`` to show, at most ``most``: of each kind in ``SHOWN`` those with most members."""
    largest = groups.sort_by([("member_count", "descending"), ("group_id", "ascending")])
    parts = [largest.filter(pc.field("kind") == kind).slice(0, number) for kind, number in SHOWN.items()]
    return pa.concat_tables(parts).slice(0, most).to_pylist()


def deeds(tables: TableFiles, chosen: Sequence[dict[str, Any]], engine: Featurize) -> pd.DataFrame:
    """Likes of the posts of groups by their members: place of the group, actor_id, post_id, at_s (seconds), sorted."""
    who = [(i, m) for i, group in enumerate(chosen) for m in group["members"]]
    what = [(i, p) for i, group in enumerate(chosen) for p in group["posts"][:POSTS]]
    connection, folder = connect(engine)
    with connection, folder:
        for name, column, rows in (("members", "actor_id", who), ("posts", "post_id", what)):
            places, ids = zip(*rows, strict=True)
            connection.register(name, pa.table({"place": pa.array(places), column: pa.array(ids, pa.string())}))
        return connection.execute(
            "SELECT place, actor_id, post_id, epoch(created_at) AS at_s "
            f"FROM read_parquet({files(tables.files['engagements'])}, union_by_name = true) "
            "JOIN posts USING (post_id) JOIN members USING (place, actor_id) WHERE kind = 'like' "
            "ORDER BY place, post_id, at_s, actor_id"
        ).df()


def acted_together(
    groups: pa.Table, tables: TableFiles | None, oof: pd.DataFrame, engine: Featurize, most: int
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """What the review shows of groups.

    Parameters
    ----------
    groups : as ``features.groups.GROUPS``
    tables : canonical tables with engagements; None, or without them: no groups are shown
    oof : account_id and bot_probability of labelled accounts, by a model that did not see them
    engine : with how much memory tables are read
    most : groups shown

    Returns
    -------
    a dict per group, and the pictures by name. Beside facts of groups.parquet a group has ``scored`` members and their
    ``median_probability``; ``first_minutes``, from its first like of a post to its median like, the median over posts;
    the first members as ``named``; and the name of its ``picture``
    """
    if tables is None or "engagements" not in tables.files or not groups.num_rows or not most:
        return [], {}
    from review.groupplots import together

    known = dict(zip(oof["account_id"], oof["bot_probability"], strict=True))
    told, pictures = [], {}
    chosen = choose(groups, most)
    likes = deeds(tables, chosen, engine)
    for number, group in enumerate(chosen):
        rows = likes[likes["place"] == number]
        scores = [known[m] for m in group["members"] if m in known]
        members = rows["actor_id"].value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
        drawn = members.index[:MEMBERS].tolist()
        name = f"groups/{number:02d}.svg"
        pictures[name] = together(rows[rows["actor_id"].isin(drawn)], drawn, [known.get(m) for m in drawn])
        told.append(
            {
                **{k: group[k] for k in ("group_id", "kind", "member_count", "post_count", "author_count", "density")},
                "significance": group["significance"],
                "first_seen": group["first_seen_at"].isoformat() if group["first_seen_at"] else None,
                "last_seen": group["last_seen_at"].isoformat() if group["last_seen_at"] else None,
                "scored": len(scores),
                "median_probability": float(np.median(scores)) if scores else None,
                "first_minutes": _half(rows),
                "named": [{"account_id": m, "probability": known.get(m)} for m in (drawn or group["members"])[:NAMED]],
                "picture": name,
            }
        )
    return told, pictures


def _half(rows: pd.DataFrame) -> float | None:
    """Minutes from the first like of a post by the group to its median like, the median over posts."""
    if not len(rows):
        return None
    since = rows["at_s"] - rows.groupby("post_id")["at_s"].transform("min")
    return float(rows.assign(since=since).groupby("post_id")["since"].median().median() / 60)
