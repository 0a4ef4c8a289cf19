"""What people decide comes back: as labels with their origin, as a measure of the scores, as verdicts that stand."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoremodel import FEATURIZE, Trained, trained_model
from smalltown import NOW, write_accounts

from features.errors import BadInput
from features.tables import LABELS
from models.drawn import drawn
from models.feedback import labels_of, latest
from pipeline.jobs.desk import SCHEMA as DESK
from pipeline.jobs.feedback import feedback
from pipeline.jobs.score import score
from pipeline.recipes.prepared import from_tables
from pipeline.settings import Params, Prepare, Score

LATER = datetime(2026, 6, 2, tzinfo=UTC)
PARAMS = Params(featurize=FEATURIZE, prepare=Prepare(memory="1GB", threads=1), score=Score(audit_share=0.5))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def town(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tables`` of 200 accounts, the ``truth`` about them and their ``scores``."""
    root = tmp_path_factory.mktemp("town")
    tables = write_accounts(root / "tables", 200, seed=5)
    (root / "tables" / "labels.parquet").rename(root / "truth.parquet")
    score(str(trained.folder), tables.folder, root / "scores", PARAMS)
    return root


def scores(town: Path) -> pd.DataFrame:
    return pd.read_parquet(town / "scores" / "scores.parquet").set_index("account_id", drop=False)


def verdicts(path: Path, rows: list[tuple[str, str]], reviewer: str = "ann", at: datetime = LATER) -> Path:
    table = [{"account_id": a, "decision": d, "reviewer": reviewer, "decided_at": at.isoformat()} for a, d in rows]
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def flagged_of(town: Path, audit: bool = False) -> list[str]:
    found = scores(town)
    return list(found["account_id"][(found["tier"] != "allow") & (found["audit"] == audit)])


def test_chance_draws_the_share_it_is_told_and_asks_no_score(town, trained, tmp_path):
    found = scores(town)
    assert 70 <= found["audit"].sum() <= 130
    other = PARAMS.model_copy(update={"score": Score(audit_share=0.5, explain="none")})
    score(str(trained.folder), town / "tables", tmp_path, other, bot_share=0.01)
    again = pd.read_parquet(tmp_path / "scores.parquet")
    assert again["audit"].tolist() == found["audit"].tolist()


@given(st.lists(st.text(max_size=8), max_size=30), st.floats(0, 1), st.floats(0, 1), st.integers(0, 3))
def test_a_larger_share_draws_the_same_accounts_and_more(accounts, a, b, seed):
    small, large = drawn(accounts, min(a, b), seed), drawn(accounts, max(a, b), seed)
    assert not (small & ~large).any()
    assert drawn(accounts, 0, seed).sum() == 0
    assert drawn(accounts, 1, seed).all()


def test_verdicts_become_labels_of_their_own_sources(town, tmp_path):
    found = scores(town)
    judged = found["account_id"][found["audit"]].tolist()
    chosen = flagged_of(town)
    reviews = verdicts(tmp_path / "r.csv", [(judged[0], "bot"), (chosen[0], "bot"), (judged[1], "unclear")])
    appeals = verdicts(tmp_path / "a.csv", [(chosen[0], "human"), (judged[2], "human")], "bea", LATER + timedelta(1))
    told = feedback([town / "scores"], [reviews], [appeals], tmp_path / "out")
    assert (told["verdicts"], told["accounts"], told["labels"]) == (5, 4, 3)
    labels = pq.read_table(tmp_path / "out" / "labels.parquet")
    assert labels.schema.equals(LABELS.schema)
    rows = labels.to_pandas().set_index("account_id")
    assert rows["source"].to_dict() == {judged[0]: "audit:ann", chosen[0]: "appeal:bea", judged[2]: "appeal:bea"}
    assert rows["is_bot"].to_dict() == {judged[0]: True, chosen[0]: False, judged[2]: False}
    # Features are to be measured as they were when the person looked.
    assert set(rows["labelled_at"]) == {pd.Timestamp(NOW)}
    # Three of the drawn accounts are no sample of them.
    assert pq.read_table(tmp_path / "out" / "audit_labels.parquet").num_rows == 0
    kept = pq.read_table(tmp_path / "out" / "verdicts.parquet").to_pandas()
    assert kept["model_version"].notna().all()
    assert kept["decided_at"].is_monotonic_increasing


def test_labels_can_be_trained_on(town, tmp_path):
    """In the folder of the tables they are a source like any other."""
    found = scores(town)
    some = found["account_id"].iloc[:40].tolist()
    reviews = verdicts(tmp_path / "r.csv", [(a, "bot" if i % 2 else "human") for i, a in enumerate(some)])
    feedback([town / "scores"], [reviews], [], tmp_path / "out")
    tables = tmp_path / "tables"
    (tables / "labels").mkdir(parents=True)
    (tables / "accounts.parquet").write_bytes((town / "tables" / "accounts.parquet").read_bytes())
    (tables / "labels" / "feedback.parquet").write_bytes((tmp_path / "out" / "labels.parquet").read_bytes())
    prepared = from_tables(tables, "tables", PARAMS.prepare)
    counted = prepared["intake"]["labels"]
    assert sum(c["bots"] for c in counted.values()) == 20
    assert sum(c["people"] for c in counted.values()) == 20
    assert {name.partition(":")[0] for name in counted} == {"audit", "review"}


def test_answers_of_the_desk_are_read_as_they_are(town, tmp_path):
    found = scores(town)
    sure = found[found["bot_probability"] > 0.5]["account_id"].tolist()[:2]
    spared = found[found["bot_probability"] < 0.5]["account_id"].tolist()[:2]
    answers = [(sure[0], "agree"), (sure[1], "disagree"), (spared[0], "agree"), (spared[1], "unsure")]
    rows = [
        {
            "account_id": a,
            "answer": answer,
            "decision": None,
            "why": "because",
            "bot_probability": found["bot_probability"][a],
            "tier": found["tier"][a],
            "model_version": "m",
            "reviewer": "ann",
            "decided_at": LATER,
        }
        for a, answer in answers
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=DESK), tmp_path / "label_review.parquet")
    feedback([town / "scores"], [tmp_path / "label_review.parquet"], [], tmp_path / "out")
    kept = pq.read_table(tmp_path / "out" / "verdicts.parquet").to_pandas().set_index("account_id")
    assert kept["decision"].to_dict() == {sure[0]: "bot", sure[1]: "human", spared[0]: "human", spared[1]: "unclear"}
    assert set(kept["why"]) == {"because"}


def test_an_overturned_verdict_is_not_repeated_until_something_new_speaks(trained, town, tmp_path):
    """Judged a bot; a person says no; nothing changes and it stays no; it behaves otherwise and is judged again."""
    account = min(flagged_of(town), key=scores(town)["bot_probability"].get)
    appeals = verdicts(tmp_path / "a.csv", [(account, "human")], "bea")
    feedback([town / "scores"], [], [appeals], tmp_path / "feedback")

    def again(tables: Path, **more: Any) -> dict[str, Any]:
        score(str(trained.folder), tables, tmp_path / "out", PARAMS, **more)
        rows = pq.read_table(tmp_path / "out" / "scores.parquet").to_pylist()
        return next(r for r in rows if r["account_id"] == account)

    assert again(town / "tables")["status"] == "scored"
    held = again(town / "tables", feedback=tmp_path / "feedback")
    assert (held["status"], held["tier"]) == ("overturned", "allow")
    assert held["status_reason"].startswith("overturned: appeal by bea on 2026-06-02 said person")
    assert held["scored_tier"] == scores(town)["tier"][account]
    assert held["reasons"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["status"]["overturned"] == 1
    # A week later it is older, and nothing else has happened.
    later = again(town / "tables", feedback=tmp_path / "feedback", as_of="2026-06-08")
    assert later["status"] == "overturned"
    # Now it follows thousands and has hidden its picture.
    changed = pq.read_table(town / "tables" / "accounts.parquet").to_pandas()
    place = changed["account_id"] == account
    changed.loc[place, ["following_count", "followers_count"]] = [90_000, 0]
    changed.loc[place, "has_avatar"] = False
    changed.loc[place, "description"] = ""
    write_accounts(tmp_path / "tables", 200, seed=5, labels=False)
    rows = pa.Table.from_pandas(changed, schema=pq.read_schema(town / "tables" / "accounts.parquet"))
    pq.write_table(rows, tmp_path / "tables" / "accounts.parquet")
    anew = again(tmp_path / "tables", feedback=tmp_path / "feedback")
    assert anew["status"] == "scored"
    assert anew["tier"] != "allow"


def test_a_verdict_that_was_confirmed_is_repeated(trained, town, tmp_path):
    account = flagged_of(town)[0]
    first = verdicts(tmp_path / "a.csv", [(account, "human")])
    second = verdicts(tmp_path / "b.csv", [(account, "bot")], "bea", LATER + timedelta(hours=1))
    feedback([town / "scores"], [first], [second], tmp_path / "feedback")
    score(str(trained.folder), town / "tables", tmp_path / "out", PARAMS, feedback=tmp_path / "feedback")
    assert set(pq.read_table(tmp_path / "out" / "scores.parquet")["status"].to_pylist()) == {"scored"}


def test_the_audit_estimates_what_is_true(town, tmp_path):
    """Judged by the truth, the slice tells the precision of all accounts within its interval."""
    truth = pd.read_parquet(town / "truth.parquet").set_index("account_id")["is_bot"]
    found = scores(town)
    rows = [(a, "bot" if truth[a] else "human") for a in found["account_id"][found["audit"]]]
    # One of them appealed; without it the labels of the sample would leave out whom the score hit.
    reviews, appeals = verdicts(tmp_path / "r.csv", rows[1:]), verdicts(tmp_path / "a.csv", rows[:1])
    told = feedback([town / "scores"], [reviews], [appeals], tmp_path / "out")["audit"]
    assert (told["drawn"], told["judged"], told["open"], told["complete"]) == (len(rows), len(rows), 0, True)
    sample = pq.read_table(tmp_path / "out" / "audit_labels.parquet")
    assert sample["account_id"].to_pylist() == sorted(a for a, _ in rows)
    told = json.loads((tmp_path / "out" / "realised.json").read_text())["tiers"]["discount"]
    flagged = (found["tier"] != "allow").to_numpy()
    bots = truth[found["account_id"]].to_numpy()
    assert told["precision"]["low"] <= bots[flagged].mean() <= told["precision"]["high"]
    assert told["recall"]["low"] <= flagged[bots].mean() <= told["recall"]["high"]


def test_the_same_verdicts_again_count_once(town, tmp_path):
    account = flagged_of(town)[0]
    path = verdicts(tmp_path / "r.csv", [(account, "human")])
    digests = set()
    for _ in range(2):
        assert feedback([town / "scores"], [path], [], tmp_path / "out")["verdicts"] == 1
        files = sorted((tmp_path / "out").iterdir())
        digests.add(hashlib.md5(b"".join(f.read_bytes() for f in files), usedforsecurity=False).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("rows", "at", "says"),
    [
        ([("nobody", "bot")], LATER, "an account that was scored"),
        ([("5-00000", "bot")], NOW - timedelta(1), "decided before the moment the account was scored at"),
        ([("2-x", "maybe")], LATER, "one of bot, human, unclear"),
    ],
)
def test_verdicts_that_cannot_be_used_are_a_sentence(town, tmp_path, rows, at, says):
    with pytest.raises(BadInput, match=says):
        feedback([town / "scores"], [verdicts(tmp_path / "r.csv", rows, at=at)], [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_verdict_about_an_account_of_training_is_refused_alone(town, tmp_path, caplog):
    account = flagged_of(town)[0]
    path = verdicts(tmp_path / "r.csv", [("of-the-run", "bot"), (account, "human")])
    told = feedback([town / "scores"], [path], [], tmp_path / "out")
    assert (told["verdicts"], told["refused"], told["labels"]) == (1, 1, 1)
    (row,) = pq.read_table(tmp_path / "out" / "refused.parquet").to_pylist()
    assert (row["file"], row["row"], row["account_id"], row["decision"]) == (str(path), 1, "of-the-run", "bot")
    assert "not among these scores" in row["reason"]
    assert "1 rows refused, the first is row 1" in caplog.text


def test_verdicts_meet_the_scores_of_their_night(trained, town, tmp_path):
    """Monday and Wednesday are scored; a verdict of Tuesday is about Monday's. Later Monday's scores are gone."""
    account = flagged_of(town)[0]
    for night, day in (("mon", 1), ("wed", 3)):
        score(str(trained.folder), town / "tables", tmp_path / night, PARAMS, as_of=f"2026-06-{day:02d}")
    path = verdicts(tmp_path / "r.csv", [(account, "human")])
    told = feedback([tmp_path / "wed", tmp_path / "mon"], [path], [], tmp_path / "out")
    assert (told["verdicts"], told["refused"]) == (1, 0)
    met = pq.read_table(tmp_path / "out" / "verdicts.parquet").to_pylist()
    assert [v["as_of"] for v in met] == [NOW]
    again = feedback([tmp_path / "wed"], [path], [], tmp_path / "out")
    assert (again["verdicts"], again["refused"]) == (1, 0)
    assert pq.read_table(tmp_path / "out" / "verdicts.parquet").to_pylist() == met
    with pytest.raises(BadInput, match="before the moment"):
        feedback([tmp_path / "wed"], [path], [], tmp_path / "elsewhere")


def test_another_model_repeats_no_verdict_and_asks_for_a_look(trained, town, tmp_path):
    """The person saw a model that pushed less: pushes are not compared, and no value has moved."""
    account = flagged_of(town)[0]
    feedback([town / "scores"], [verdicts(tmp_path / "r.csv", [(account, "human")])], [], tmp_path / "feedback")
    path = tmp_path / "feedback" / "verdicts.parquet"
    seen = pq.read_table(path)
    rows = seen.to_pylist()
    for reason in rows[0]["reasons"]:
        reason["contribution"] -= 2.0

    def held(version: str) -> dict[str, Any]:
        pq.write_table(pa.Table.from_pylist([{**rows[0], "model_version": version}], schema=seen.schema), path)
        score(str(trained.folder), town / "tables", tmp_path / "out", PARAMS, feedback=path)
        found = pq.read_table(tmp_path / "out" / "scores.parquet").to_pylist()
        return next(r for r in found if r["account_id"] == account)

    other = held("of last year")
    assert other["status"] == "overturned"
    assert other["status_reason"].endswith("only values shown then were compared: look again")
    assert held(trained.model.version)["status"] == "overturned"  # larger pushes of the same values are nothing new


def test_before_anybody_decided_a_night_is_scored_all_the_same(trained, town, tmp_path, caplog):
    score(str(trained.folder), town / "tables", tmp_path / "out", PARAMS, feedback=tmp_path / "feedback")
    rows = pq.read_table(tmp_path / "out" / "scores.parquet")
    assert rows.equals(pq.read_table(town / "scores" / "scores.parquet"))
    assert "no verdicts in" in caplog.text


def test_what_is_no_feedback_or_no_scores_is_a_sentence(trained, town, tmp_path):
    with pytest.raises(BadInput, match="--reviews and --appeals"):
        feedback([town / "scores"], [], [], tmp_path / "out")
    path = verdicts(tmp_path / "r.csv", [("a", "bot")])
    with pytest.raises(BadInput, match="--scores"):
        feedback([tmp_path], [path], [], tmp_path / "out")
    with pytest.raises(BadInput, match="--feedback"):
        score(str(trained.folder), town / "tables", tmp_path / "s", PARAMS, feedback=town)  # a folder of other things
    bare = PARAMS.model_copy(update={"score": Score(explain="none")})
    with pytest.raises(BadInput, match="reasons, by which new evidence is told"):
        score(str(trained.folder), town / "tables", tmp_path / "s", bare, feedback=tmp_path)


def test_the_last_verdict_counts():
    rows = pd.DataFrame(
        {
            "account_id": ["a", "a"],
            "decision": ["human", "bot"],
            "channel": ["appeal", "review"],
            "reviewer": ["x", "y"],
            "decided_at": [LATER, LATER - timedelta(1)],
            "as_of": [NOW, NOW],
        }
    )
    assert latest(rows)["decision"].tolist() == ["human"]
    assert labels_of(rows)["source"].tolist() == ["appeal:x"]
