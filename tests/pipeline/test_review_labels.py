"""The job review-labels writes tables that can be trained on, and nothing when a decision cannot be applied."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import BadInput
from features.tables import TABLES
from pipeline.jobs.review_labels import HISTORY, read_decisions, review_labels
from pipeline.tablefiles import TableFiles

MOMENT = pd.Timestamp("2024-01-01", tz="UTC")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Two labelled accounts, and their posts in a folder of files."""
    folder = tmp_path / "tables"
    (folder / "posts").mkdir(parents=True)
    accounts = [{"account_id": a, "platform": "town", "observed_at": MOMENT} for a in ("ann", "bob")]
    labels = [{"account_id": a, "is_bot": True, "kind": "spam_bot", "source": "town"} for a in ("ann", "bob")]
    posts = [{"post_id": "p", "account_id": "ann", "created_at": MOMENT}]
    for name, rows, path in (
        ("accounts", accounts, "accounts.parquet"),
        ("labels", labels, "labels.parquet"),
        ("posts", posts, "posts/part.parquet"),
    ):
        schema = pa.schema([f.with_nullable(True) for f in TABLES[name].schema])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / path)
    return folder


def csv(folder: Path, *rows: str) -> Path:
    path = folder / "decisions.csv"
    path.write_text("\n".join(["account_id,decision,reviewer,decided_at", *rows]), encoding="utf-8")
    return path


def test_a_folder_of_tables_with_the_reviewed_labels_is_written(tables, tmp_path):
    told = review_labels(csv(tmp_path, "ann,human,eva,2026-05-04"), tables, tmp_path / "out")
    assert (told["decided"], told["changed"], told["confirmed"], told["removed"]) == (1, 1, 0, 0)
    reviewed = TableFiles.open(tmp_path / "out")
    assert sorted(reviewed.files) == ["accounts", "labels", "posts"]
    assert reviewed.read("labels")["source"].tolist() == ["review:eva of town", "town"]
    assert reviewed.read("posts")["post_id"].tolist() == ["p"]
    assert pq.read_schema(tmp_path / "out" / "labels.parquet").equals(TABLES["labels"].schema)


def test_the_history_grows_from_review_to_review(tables, tmp_path):
    review_labels(csv(tmp_path, "ann,human,eva,2026-05-04"), tables, tmp_path / "once")
    told = review_labels(csv(tmp_path, "ann,unclear,kim,2026-06-01"), tmp_path / "once", tmp_path / "twice")
    assert told["removed"] == 1
    history = pd.read_parquet(tmp_path / "twice" / HISTORY)
    assert history["was_source"].tolist() == ["town", "review:eva of town"]
    assert history["decided_at"].tolist() == [
        pd.Timestamp("2026-05-04", tz="UTC"),
        pd.Timestamp("2026-06-01", tz="UTC"),
    ]


def test_tables_may_be_reviewed_in_place(tables, tmp_path):
    review_labels(csv(tmp_path, "ann,human,eva,2026-05-04"), tables, tables)
    assert TableFiles.open(tables).read("labels")["source"].tolist() == ["review:eva of town", "town"]


def test_the_same_decisions_give_the_same_bytes(tables, tmp_path):
    path = csv(tmp_path, "ann,human,eva,2026-05-04", "bob,bot,eva,2026-05-04")
    for name in ("one", "two"):
        review_labels(path, tables, tmp_path / name)
    for name in ("labels.parquet", HISTORY):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_nothing_is_written_when_a_decision_cannot_be_applied(tables, tmp_path):
    with pytest.raises(BadInput, match="row 2, column account_id"):
        review_labels(csv(tmp_path, "ann,human,eva,2026-05-04", "zoe,bot,eva,2026-05-04"), tables, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_json_and_parquet_are_read_as_well(tmp_path):
    rows = [{"account_id": "007", "decision": "bot", "reviewer": "eva", "decided_at": "2026-05-04"}]
    (tmp_path / "d.json").write_text(json.dumps(rows))
    (tmp_path / "d.jsonl").write_text(json.dumps(rows[0]) + "\n")
    pd.DataFrame(rows).to_parquet(tmp_path / "d.parquet")
    for name in ("d.json", "d.jsonl", "d.parquet"):
        assert read_decisions(tmp_path / name)["account_id"].tolist() == ["007"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("d.txt", "", "ends in"),
        ("d.csv", None, "no such file"),
        ("d.csv", "", "csv in UTF-8"),
        ("d.csv", "account_id,decision\n\xff", "no reviewer, decided_at"),
        ("d.json", "{", "json in UTF-8"),
        ("d.json", "7", "json in UTF-8"),
        ("d.jsonl", "[", "jsonl in UTF-8"),
        ("d.parquet", "no parquet", "parquet in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(tables, tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadInput, match=says):
        review_labels(tmp_path / name, tables, tmp_path / "out")


def test_csv_in_another_encoding_is_told(tables, tmp_path):
    (tmp_path / "d.csv").write_bytes("account_id,decision\nj\xfcrgen,bot".encode("latin-1"))
    with pytest.raises(BadInput, match="csv in UTF-8"):
        review_labels(tmp_path / "d.csv", tables, tmp_path / "out")


def test_tables_without_labels_are_told(tables, tmp_path):
    (tables / "labels.parquet").unlink()
    with pytest.raises(BadInput, match="no labels"):
        review_labels(csv(tmp_path, "ann,human,eva,2026-05-04"), tables, tmp_path / "out")
