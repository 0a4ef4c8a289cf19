"""Days of a case: each event falls on its day before judgement, and what comes after is not there."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
from smalltown import NOW, write

from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles
from pipeline.timelines import timelines

ENGINE = Featurize(memory="1GB", threads=1)


def before(**spans):
    return NOW - timedelta(**spans)


def test_events_fall_on_their_day_before_judgement(tmp_path):
    write(tmp_path, "accounts", {"account_id": ["a", "b"], "platform": ["x"] * 2, "observed_at": [NOW] * 2})
    posted = {"post_id": ["p", "q"], "account_id": ["a", "b"], "created_at": [before(hours=1), before(days=2, hours=1)]}
    write(tmp_path, "posts", posted)
    acted = [
        ("a", "q", before(hours=2)),
        ("a", "q", before(hours=25)),
        ("a", "q", before(hours=26)),
        ("a", "q", NOW),  # not before it was judged
        ("a", "q", before(days=90)),  # a day too old
        ("b", "p", before(minutes=5)),
        ("a", "p", before(minutes=4)),  # its own post: an action, no reaction
    ]
    columns = dict(zip(("actor_id", "post_id", "created_at"), map(list, zip(*acted, strict=True)), strict=True))
    write(tmp_path, "engagements", {**columns, "kind": ["like"] * len(acted)})
    judged = pd.DataFrame({"account_id": ["a"], "as_of": pd.Series([NOW]).astype("datetime64[us, UTC]")})
    found = timelines(TableFiles.open(tmp_path), judged, ENGINE)
    assert list(found) == ["a"]
    assert {name: (v[-1], v[-2], v.sum(), len(v)) for name, v in found["a"].items()} == {
        "posts": (1, 0, 1, 90),
        "own actions": (2, 2, 4, 90),
        "reactions": (1, 0, 1, 90),
    }


def test_accounts_without_events_and_tables_without_them_have_no_days(tmp_path):
    write(tmp_path, "accounts", {"account_id": ["a"], "platform": ["x"], "observed_at": [NOW]})
    judged = pd.DataFrame({"account_id": ["a"], "as_of": pd.Series([NOW]).astype("datetime64[us, UTC]")})
    assert timelines(TableFiles.open(tmp_path), judged, ENGINE) == {}
    write(tmp_path, "posts", {"post_id": ["p"], "account_id": ["z"], "created_at": [NOW]})
    assert timelines(TableFiles.open(tmp_path), judged, ENGINE) == {}
