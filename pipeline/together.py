"""Groups worth a look in the review: who they are, what they acted on, and when, read from groups and engagements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.database import files, texts
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
    chosen: list[dict[str, Any]] = []
    for kind, number in SHOWN.items():
        those = [g for g in groups.to_pylist() if g["kind"] == kind]
        chosen += sorted(those, key=lambda g: (-g["member_count"], g["group_id"]))[:number]
    return chosen[:most]


def deeds(tables: TableFiles, group: dict[str, Any], engine: Featurize) -> pd.DataFrame:
    """Likes of the posts of a group by its members: actor_id, post_id, at_s (seconds since 1970), sorted."""
    who, what = texts(group["members"][:1000]), texts(group["posts"][:POSTS])
    connection, folder = connect(engine)
    with connection, folder:
        return connection.execute(
            "SELECT CAST(actor_id AS VARCHAR) AS actor_id, CAST(post_id AS VARCHAR) AS post_id, "
            f"epoch(created_at) AS at_s FROM read_parquet({files(tables.files['engagements'])}, union_by_name = true) "
            f"WHERE kind = 'like' AND CAST(post_id AS VARCHAR) IN {what} AND CAST(actor_id AS VARCHAR) IN {who} "
            "ORDER BY post_id, at_s, actor_id"
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
    if tables is None or "engagements" not in tables.files or not groups.num_rows:
        return [], {}
    from review.groupplots import together

    known = dict(zip(oof["account_id"], oof["bot_probability"], strict=True))
    told, pictures = [], {}
    for number, group in enumerate(choose(groups, most)):
        rows = deeds(tables, group, engine)
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
