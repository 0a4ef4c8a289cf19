"""Groups worth a look: which are shown, and what is read of them from the tables."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pyarrow as pa
from smalltown import NOW, write

from features.groups import GROUPS
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles
from pipeline.together import acted_together, choose

ENGINE = Featurize(memory="1GB", threads=1)


def group(name, kind, members, posts=("p1", "p2")):
    facts = {"group_id": name, "kind": kind, "members": list(members), "posts": list(posts)}
    counts = {"member_count": len(members), "post_count": len(posts), "author_count": 1, "density": 1.0}
    return {**facts, **counts, "significance": 9.0, "first_seen_at": NOW, "last_seen_at": NOW}


def table(*groups):
    return pa.Table.from_pylist(list(groups), GROUPS)


def test_farms_and_pods_come_first_and_the_larger_before_the_smaller():
    small, large = group("a", "farm", "xy"), group("b", "farm", "xyz")
    others = [group(f"f{i}", "friends", "x" * (i + 1)) for i in range(3)]
    pod, fans = group("p", "pod", "xy"), group("n", "fans", "xyzuv")
    shown = choose(table(*others, fans, small, pod, large), 7)
    assert [g["group_id"] for g in shown] == ["b", "a", "p", "f2", "n"]
    assert [g["group_id"] for g in choose(table(*others, small), 1)] == ["a"]


def test_a_group_is_read_from_the_likes_of_its_members_on_its_posts(tmp_path):
    minutes = {"a": (0, 0), "b": (2, 10), "c": (40, 20), "stranger": (1, 1)}
    rows = [(who, post, at) for who, both in minutes.items() for post, at in zip(("p1", "p2"), both, strict=True)]
    rows.append(("a", "elsewhere", 0))
    write(
        tmp_path,
        "engagements",
        {
            "actor_id": [r[0] for r in rows],
            "post_id": [r[1] for r in rows],
            "kind": ["like"] * len(rows),
            "created_at": [NOW + timedelta(minutes=r[2]) for r in rows],
        },
    )
    write(tmp_path, "accounts", {"account_id": ["a"], "platform": ["x"], "observed_at": [NOW]})
    oof = pd.DataFrame({"account_id": ["a", "b"], "bot_probability": [0.9, 0.5]})
    told, pictures = acted_together(table(group("g", "farm", "abc")), TableFiles.open(tmp_path), oof, ENGINE, 7)
    # Medians of (0, 2, 40) and (0, 10, 20) minutes, and the median of both.
    assert told[0]["first_minutes"] == 6.0
    assert (told[0]["scored"], told[0]["median_probability"]) == (2, 0.7)
    assert told[0]["named"] == [
        {"account_id": "a", "probability": 0.9},
        {"account_id": "b", "probability": 0.5},
        {"account_id": "c", "probability": None},
    ]
    assert list(pictures) == ["groups/00.svg"]
    assert b"<svg" in pictures["groups/00.svg"]
    again = acted_together(table(group("g", "farm", "abc")), TableFiles.open(tmp_path), oof, ENGINE, 7)
    assert again == (told, pictures)


def test_without_engagements_no_group_is_shown(tmp_path):
    write(tmp_path, "accounts", {"account_id": ["a"], "platform": ["x"], "observed_at": [NOW]})
    oof = pd.DataFrame({"account_id": [], "bot_probability": []})
    assert acted_together(table(group("g", "farm", "ab")), TableFiles.open(tmp_path), oof, ENGINE, 7) == ([], {})
    assert acted_together(GROUPS.empty_table(), None, oof, ENGINE, 7) == ([], {})
