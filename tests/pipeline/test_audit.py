"""`unpump audit`: what is told of Ann, whom people like, and of Bea, whose likes twenty workers deliver."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.errors import BadInput
from models.authenticity import INTENTS, WAYS
from pipeline.audit.written import SCHEMA
from pipeline.cli import BAD, DONE, run_command
from pipeline.jobs.audit import audit
from pipeline.settings import Authenticity, Params
from tests.pipeline.auditstory import START, WORKERS, put, write_scores, write_story

PARAMS = Params(authenticity=Authenticity(memory="1GB", threads=1, top=8))


def run(root: Path, out: str = "out", **more) -> Path:
    audit(root / "tables", root / out, PARAMS, scores=root / "scores", **more)
    return root / out


def creators(out: Path) -> pd.DataFrame:
    rows = pd.read_parquet(out / "audit.parquet")
    return rows[rows["level"] == "creator"].set_index("account_id")


def posts(out: Path) -> pd.DataFrame:
    rows = pd.read_parquet(out / "audit.parquet")
    return rows[rows["level"] == "post"].set_index("post_id")


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Path:
    root = write_story(tmp_path_factory.mktemp("story"))
    run(root, groups=root / "groups.parquet")
    return root


def test_likes_by_people_are_authentic_and_those_of_workers_are_not(story):
    told = creators(story / "out")
    assert told.loc["ann", "likes"] == 80
    assert told.loc["bea", "likes"] == 8 * 23
    assert told.loc["ann", "pumped_share"] < 0.05
    assert told.loc["bea", "pumped_share"] == pytest.approx(20 / 23, abs=0.05)
    assert told.loc["bea", "orders"] > 0.9 * 8 * 20
    assert told.loc["bea", "pumped_posts"] == 8
    assert told.loc["ann", "pumped_posts"] == 0
    assert told.loc["ann", "engagement_rate"] == pytest.approx(10 / 1000)


def test_intervals_hold_the_estimate_and_explanations_add_up_to_one(story):
    rows = pd.read_parquet(story / "out" / "audit.parquet")
    assert (rows["authentic_low"] <= rows["authentic"] + 1e-4).all()
    assert (rows["authentic_high"] >= rows["authentic"] - 1e-4).all()
    assert rows["authentic_low"].min() >= 0
    assert (rows["authentic_high"] <= rows["likes"]).all()
    assert rows[[f"p_{i}" for i in INTENTS]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-9)
    assert (rows["likes"] - rows["authentic"]).to_numpy() == pytest.approx(rows[list(WAYS)].sum(axis=1), abs=1e-3)
    assert pq.read_schema(story / "out" / "audit.parquet").equals(SCHEMA)


def test_a_burst_has_its_start_and_end_and_the_group_that_delivered_it(story):
    told = posts(story / "out").loc["bea.2"]
    (burst,) = told["bursts"]
    first = START + timedelta(days=4, seconds=600)
    assert burst["first_at"] == first
    assert burst["last_at"] == first + timedelta(seconds=6 * 19)
    assert burst["likes"] == 20
    assert [(g["group_id"], g["likes"]) for g in told["groups"]] == [("farm-1", 20)]
    assert posts(story / "out").loc["ann.2", "bursts"] is None


def test_what_if_counts_whose_likes_would_go_and_who_would_fall(story):
    told = {e["action"]: e for e in json.loads((story / "out" / "audit.json").read_text())["what_if"]}
    suspend = told["suspend"]
    assert suspend["accounts"] == len(WORKERS)
    assert suspend["likes_lost"] == 8 * 20
    assert suspend["honest_lost"] < 8
    assert suspend["honest_lost"] + suspend["pumped_lost"] == pytest.approx(160)
    # Bea's 8 posts of 23 likes lead; with 3 left each they stand behind Ann's 8 posts of 10.
    fallen = pd.read_parquet(story / "out" / "what_if.parquet")
    fallen = fallen[fallen["action"] == "suspend"]
    assert fallen["post_id"].tolist() == [f"bea.{k}" for k in range(8)]
    assert fallen["rank_before"].tolist() == list(range(1, 9))
    assert fallen["rank_after"].tolist() == list(range(9, 17))


def test_the_same_tables_give_the_same_bytes(story):
    again = run(story, "again", groups=story / "groups.parquet")
    names = sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert len(names) == 7  # audit.parquet, .json and .html, what_if.parquet, what_if_posts.parquet, two creators
    for name in names:
        assert (again / name).read_bytes() == (story / "out" / name).read_bytes(), name


def test_with_part_of_the_likes_less_is_sure_and_with_counters_alone_still_less(story, tmp_path):
    half = creators(run(write_story(tmp_path / "half", kept=0.5)))
    none = creators(run(write_story(tmp_path / "none", liked=False)))
    full = creators(story / "out")
    assert [t.loc["ann", "rests_on"] for t in (full, half, none)] == ["events", "partial", "counts"]
    assert [t.loc["ann", "likes_seen"] for t in (full, half, none)] == [80, 40, 0]
    assert none.loc["bea", "likes"] == 8 * 23
    width = [t.loc["ann", "pumped_share_high"] - t.loc["ann", "pumped_share_low"] for t in (full, half, none)]
    assert width[0] < width[1] < width[2]
    assert half.loc["bea", "pumped_share"] > none.loc["bea", "pumped_share"]


def test_likes_after_the_author_was_observed_change_nothing(story, tmp_path):
    root = write_story(tmp_path)
    likes = pq.read_table(root / "tables" / "engagements.parquet").to_pylist()
    late = [{**like, "created_at": like["created_at"] + timedelta(days=60)} for like in likes]
    put(root / "tables", "engagements", likes + late)
    told = run(root, groups=root / "groups.parquet")
    assert creators(told).equals(creators(story / "out"))


def test_a_list_is_ranked_with_the_places_its_intervals_leave_open(story, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("username,price\nBEA,100\nANN,50\nnobody,10\n", encoding="utf-8")
    out = run(story, "ranked", groups=story / "groups.parquet", creators=listed)
    with (out / "ranking.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["asked"], r["rank"], r["status"]) for r in rows] == [
        ("ANN", "1", "audited"),
        ("BEA", "2", "audited"),
        ("nobody", "", "unknown account"),
    ]
    ann = rows[0]
    assert ann["ranked_by"] == "cost of an authentic like"
    assert float(ann["cost"]) == pytest.approx(50 / (float(ann["authentic"]) / 8), abs=1e-3)
    assert float(ann["cost_low"]) <= float(ann["cost"]) <= float(ann["cost_high"])
    assert (rows[0]["rank_best"], rows[1]["rank_worst"]) == ("1", "2")
    assert len(list((out / "creators").iterdir())) == 2


def test_scores_that_hardly_tell_accounts_apart_leave_more_open(story, tmp_path):
    root = write_story(tmp_path)
    people = pq.read_table(root / "scores" / "scores.parquet")["account_id"].to_pylist()
    write_scores(root / "scores", people, worker=0.6, other=0.4)
    vague, sharp = creators(run(root, groups=root / "groups.parquet")), creators(story / "out")
    for name in ("ann", "bea"):
        wide, narrow = (t.loc[name, "pumped_share_high"] - t.loc[name, "pumped_share_low"] for t in (vague, sharp))
        assert wide > narrow


def test_tables_that_were_cleaned_before_need_not_be_again(story):
    quick = PARAMS.model_copy(update={"authenticity": PARAMS.authenticity.model_copy(update={"clean": False})})
    audit(story / "tables", story / "quick", quick, scores=story / "scores", groups=story / "groups.parquet")
    for name in ("audit.parquet", "audit.json", "audit.html"):
        assert (story / "quick" / name).read_bytes() == (story / "out" / name).read_bytes(), name


def test_accounts_without_a_score_are_of_low_evidence(tmp_path):
    root = write_story(tmp_path)
    write_scores(root / "scores", ["ann", "bea", *WORKERS])
    told = creators(run(root))
    assert told.loc["ann", "low_evidence_share"] == 1
    assert told.loc["bea", "low_evidence_share"] == pytest.approx(3 / 23, abs=1e-4)


def test_tables_without_a_like_are_no_failure(tmp_path):
    root = write_story(tmp_path, liked=False)
    rows = pq.read_table(root / "tables" / "posts.parquet").drop_columns(["likes_count"])
    pq.write_table(rows, root / "tables" / "posts.parquet")
    out = run(root)
    assert pq.read_table(out / "audit.parquet").num_rows == 0
    assert "nothing to audit" in json.loads((out / "audit.json").read_text())["says"]
    (root / "tables" / "posts.parquet").unlink()
    assert pq.read_table(run(root, "bare") / "audit.parquet").num_rows == 0


def test_groups_are_looked_for_and_written_where_none_are_given(story, tmp_path):
    root = write_story(tmp_path)
    out = run(root)
    assert {"group_id", "kind", "members"} <= set(pq.read_schema(out / "groups.parquet").names)
    assert creators(out).loc["bea", "pumped_share"] > 0.7


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"creators": "missing.csv"}, "a CSV file"),
        ({"price": -1.0}, "a price above 0"),
        ({"groups": "missing.parquet"}, "groups.parquet"),
        ({"scores": "nowhere"}, "scores.parquet"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(story, more, says):
    given = {k: Path(v) if isinstance(v, str) else v for k, v in more.items()}
    with pytest.raises(BadInput, match=says):
        audit(story / "tables", story / "bad", PARAMS, **{"scores": story / "scores", **given})
    assert not (story / "bad").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("who\nann\n", "a header with account_id or username"),
        ("account_id,price\nann,cheap\n", "a price such as"),
        ("account_id\nsomebody\n", "creators with posts"),
        ("", "a header"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(story, tmp_path, text, says):
    listed = tmp_path / "list.csv"
    listed.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        run(story, "bad", creators=listed, groups=story / "groups.parquet")


def test_scores_of_other_accounts_are_refused(tmp_path):
    root = write_story(tmp_path)
    write_scores(root / "scores", ["x", "y"])
    with pytest.raises(BadInput, match="scores of none of them"):
        run(root)


def test_the_command_says_what_it_found_and_what_was_wrong(story, tmp_path, capsys):
    words = ["audit", "--tables", str(story / "tables"), "--out", str(tmp_path / "out"), "--json"]
    assert run_command(words) == BAD
    assert "a model, or --scores" in capsys.readouterr().err
    done = run_command([*words, "--scores", str(story / "scores"), "--groups", str(story / "groups.parquet")])
    assert done == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["creators"], told["posts"], told["likes"], told["pages"]) == (2, 16, 264, 2)
