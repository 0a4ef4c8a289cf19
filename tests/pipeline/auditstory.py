"""A small story in canonical tables: Ann is liked by people, Bea's posts by the same twenty workers within minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES

NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 5, 1, tzinfo=UTC)
PEOPLE, WORKERS = [f"h{i:02d}" for i in range(40)], [f"w{i:02d}" for i in range(20)]
WRITERS = {"ann": 8, "bea": 8}


def put(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Write canonical table ``name``; columns that no row has are left out."""
    schema = TABLES[name].schema
    given = {k for row in rows for k in row}
    folder.mkdir(parents=True, exist_ok=True)
    fields = pa.schema([f for f in schema if f.name in given])
    pq.write_table(pa.Table.from_pylist(rows, schema=fields), folder / f"{name}.parquet")


def write_story(root: Path, liked: bool = True, kept: float = 1.0, names: dict[str, str] | None = None) -> Path:
    """Tables, scores and groups below ``root``.

    Parameters
    ----------
    root : folder that gets tables/, scores/ and groups.parquet
    liked : likes are known one by one
    kept : share of the likes of each post that are, the earliest
    names : username of some accounts
    """
    names = names or {}
    people = [*WRITERS, *PEOPLE, *WORKERS]
    put(
        root / "tables",
        "accounts",
        [
            {
                "account_id": who,
                "platform": "town",
                "username": names.get(who, who.upper()),
                "created_at": START - timedelta(days=400),
                "observed_at": NOW,
                "followers_count": 1000 if who in WRITERS else 50,
                "posts_count": WRITERS.get(who, 0),
            }
            for who in people
        ],
    )
    posts, likes = [], []
    for author, many in WRITERS.items():
        for k in range(many):
            at = START + timedelta(days=2 * k)
            given = [(p, at + timedelta(hours=1 + 3 * i)) for i, p in enumerate(PEOPLE[k : k + 10])]
            if author == "bea":  # one like every 6 s, from ten minutes after the post on
                given = given[:3] + [(w, at + timedelta(seconds=600 + 6 * i)) for i, w in enumerate(WORKERS)]
            posts.append(
                {
                    "post_id": f"{author}.{k}",
                    "account_id": author,
                    "created_at": at,
                    "kind": "original",
                    "likes_count": len(given),
                    "comments_count": 2 if author == "ann" else 0,
                    "views_count": 100,
                }
            )
            given.sort(key=lambda like: like[1])
            likes += [
                {"actor_id": who, "post_id": f"{author}.{k}", "kind": "like", "created_at": moment}
                for who, moment in given[: round(kept * len(given))]
            ]
    put(root / "tables", "posts", posts)
    if liked:
        put(root / "tables", "engagements", likes)
    write_scores(root / "scores", people)
    groups = {"group_id": ["farm-1"], "kind": ["farm"], "members": [WORKERS]}
    pq.write_table(pa.table(groups), root / "groups.parquet")
    return root


def write_scores(folder: Path, people: list[str], worker: float = 0.99, other: float = 0.01) -> None:
    """Bot probabilities of workers and of everybody else: surely bots, and surely none."""
    folder.mkdir(parents=True, exist_ok=True)
    bot = [who in WORKERS for who in people]
    pq.write_table(
        pa.table(
            {
                "account_id": people,
                "status": ["scored"] * len(people),
                "bot_probability": [worker if b else other for b in bot],
                "tier": ["suspend" if b else "allow" for b in bot],
                "kind": ["like_bot" if b else "human" for b in bot],
                "kind_probability": [0.97] * len(people),
            }
        ),
        folder / "scores.parquet",
    )
