"""The what-if of an audit: likes lost with their giver or with their post, and against the truth of a town."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.tables import TABLES
from pipeline.files import write_all
from pipeline.jobs.audit import audit
from pipeline.settings import Authenticity, Params
from simulation.settings import Town
from simulation.town import simulate
from tests.pipeline.auditstory import write_story

PARAMS = Params(authenticity=Authenticity(memory="1GB", threads=1, top=8, groups="never"))
ACTIONS = ("discount", "limit_reach", "suspend")


def retier(root: Path, **tiers: str) -> None:
    """Give some accounts of the story another tier."""
    rows = pq.read_table(root / "scores" / "scores.parquet").to_pandas()
    rows["tier"] = [tiers.get(a, t) for a, t in zip(rows["account_id"], rows["tier"], strict=True)]
    rows.to_parquet(root / "scores" / "scores.parquet", index=False)


def effects(out: Path) -> dict[str, dict[str, Any]]:
    return {e["action"]: e for e in json.loads((out / "audit.json").read_text())["what_if"]}


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story where Ann's reach is limited: 8 posts with 80 likes of people; 160 of Bea's 184 are of workers."""
    root = write_story(tmp_path_factory.mktemp("hidden"))
    retier(root, ann="limit_reach")
    audit(root / "tables", root / "out", PARAMS, scores=root / "scores", groups=root / "groups.parquet")
    return root / "out"


def test_likes_on_hidden_posts_are_lost_as_well_as_those_of_givers_that_are_met(hidden):
    told = effects(hidden)
    assert [told[a]["posts_hidden"] for a in ACTIONS] == [0, 8, 0]
    limit = told["limit_reach"]
    assert (limit["likes_lost"], limit["likes_lost_by_giver"], limit["likes_lost_with_post"]) == (240, 160, 80)
    assert limit["honest_lost_with_post"] == pytest.approx(80, abs=2)
    assert limit["honest_lost_by_giver"] < 8
    both = limit["honest_lost_with_post"] + limit["honest_lost_by_giver"]
    assert limit["honest_lost"] == pytest.approx(both, abs=0.2)
    assert told["suspend"]["likes_lost"] == 160  # only workers are suspended
    for one in told.values():
        assert one["honest_lost_low"] <= one["honest_lost"] <= one["honest_lost_high"] <= one["likes_lost"]


def test_a_like_that_is_lost_for_both_reasons_counts_once(tmp_path):
    root = write_story(tmp_path)
    retier(root, bea="suspend")
    audit(root / "tables", root / "out", PARAMS, scores=root / "scores", groups=root / "groups.parquet")
    told = effects(root / "out")["suspend"]
    # All 184 likes on Bea's posts go with them; 160 of these would have gone with the workers anyway.
    assert (told["likes_lost"], told["likes_lost_by_giver"], told["likes_lost_with_post"]) == (184, 160, 24)
    assert told["posts_hidden"] == 8


def test_every_post_is_told_before_and_after(hidden):
    rows = pd.read_parquet(hidden / "what_if_posts.parquet").set_index("post_id")
    assert len(rows) == 16
    ann, bea = rows.loc["ann.3"], rows.loc["bea.3"]
    assert (ann["account_id"], ann["likes"], ann["likes_limit_reach"], ann["likes_suspend"]) == ("ann", 10, 0, 10)
    assert ann["rank"] == 12  # behind Bea's 8 posts of 23 likes, the fourth of Ann's
    assert pd.isna(ann["rank_limit_reach"])
    assert ann["rank_suspend"] == 4
    assert (bea["likes"], bea["likes_discount"], bea["likes_limit_reach"], bea["rank_suspend"]) == (23, 3, 3, 12)
    told = json.loads((hidden / "audit.json").read_text())
    for e in told["what_if"]:
        assert rows["likes"].sum() - rows[f"likes_{e['action']}"].sum() == e["likes_lost"]
        assert rows[f"honest_lost_{e['action']}"].sum() == pytest.approx(e["honest_lost"], abs=0.1)
    files = {name: pq.read_metadata(hidden / name).num_rows for name in told["rows"]}
    assert told["rows"] == files
    assert set(files) == {"audit.parquet", "what_if.parquet", "what_if_posts.parquet"}


def test_where_likes_were_taken_back_no_more_are_lost_than_are_counted(tmp_path):
    root = write_story(tmp_path)
    posts = pq.read_table(root / "tables" / "posts.parquet")
    counts = [10] * posts.num_rows
    place = posts.column_names.index("likes_count")
    posts = posts.set_column(place, posts.schema.field("likes_count"), pa.array(counts))
    pq.write_table(posts, root / "tables" / "posts.parquet")
    audit(root / "tables", root / "out", PARAMS, scores=root / "scores", groups=root / "groups.parquet")
    # Of 23 likes seen 20 are of workers; of the 10 that are still counted 10 * 20 / 23, so 9, on each of 8 posts.
    assert effects(root / "out")["suspend"]["likes_lost"] == 8 * 9


def town(root: Path, seed: int) -> Path:
    """A simulated town, scored right but for one account in thirty; half of the bots have their reach limited."""
    made = simulate(Town.model_validate({"accounts": 500, "seed": seed}))
    write_all({root / "tables": {f"{n}.parquet": made[n] for n in made if n in TABLES and n != "labels"}})
    truth = made["truth"].to_pandas().sort_values("account_id").reset_index(drop=True)
    looks = [b ^ (i % 30 == 0) for i, b in enumerate(truth["is_bot"])]
    kinds = truth["kind"].where(truth["is_bot"] == looks, "human")
    scores = pd.DataFrame(
        {
            "account_id": truth["account_id"],
            "status": "scored",
            "bot_probability": [0.97 if b else 0.03 for b in looks],
            "tier": [("suspend" if i % 2 else "limit_reach") if b else "allow" for i, b in enumerate(looks)],
            "kind": kinds,
            "kind_probability": 0.9,
        }
    )
    write_all({root / "scores" / "scores.parquet": scores})
    for name in ("truth", "truth_engagements"):
        write_all({root / f"{name}.parquet": made[name]})
    return root


def truly_lost(root: Path) -> dict[str, int]:
    """Honest likes that each action takes away: of accounts it meets, or on posts of theirs that it hides."""
    likes = pq.read_table(root / "tables" / "engagements.parquet").to_pandas()
    likes = likes[likes["kind"] == "like"]
    posts = pq.read_table(root / "tables" / "posts.parquet").to_pandas()[["post_id", "account_id"]]
    false = pq.read_table(root / "truth_engagements.parquet").to_pandas()
    false = set(map(tuple, false.loc[false["kind"] == "like", ["actor_id", "post_id"]].to_numpy()))
    likes = likes.merge(posts, on="post_id")
    likes = likes[[pair not in false for pair in zip(likes["actor_id"], likes["post_id"], strict=True)]]
    tier = pq.read_table(root / "scores" / "scores.parquet").to_pandas().set_index("account_id")["tier"]
    order = ("allow", "discount", "limit_reach", "challenge", "review", "suspend")
    rank = {t: i for i, t in enumerate(order)}
    giver, author = (likes[c].map(tier).map(rank).fillna(0) for c in ("actor_id", "account_id"))
    return {
        a: int(((giver >= rank[a]) | ((author >= rank[a]) & (a != "discount"))).sum())
        for a in ("discount", "limit_reach", "suspend")
    }


def test_honest_likes_lost_are_those_of_a_town_within_its_interval(tmp_path):
    root = town(tmp_path, 5)
    audit(root / "tables", root / "out", PARAMS, scores=root / "scores")
    told, truth = effects(root / "out"), truly_lost(root)
    for action in ACTIONS:
        one = told[action]
        assert one["honest_lost_low"] <= truth[action] <= one["honest_lost_high"]
        # Over six seeds the estimate was 12% below to 28% above the truth; of this town, 3% to 9% above.
        assert one["honest_lost"] == pytest.approx(truth[action], rel=0.25)
    # Half of the honest likes that limiting reach takes away are on posts that it hides.
    assert truth["limit_reach"] > 2 * told["limit_reach"]["honest_lost_by_giver"] * 0.9
