"""Prepare over canonical tables and the town: lenient with types, strict with rows, and every row accounted for."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recipedesk import Outcome, accounts, labels, outcome, tables

from features.tables import TABLES, Measure, measures_of
from pipeline.files import write_all
from pipeline.recipes.sql import Workspace
from pipeline.settings import Prepare
from pipeline.stages.prepare import prepare
from simulation.settings import Town

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TWO = {"a1": True, "a2": False}


def given(folder, **made: pa.Table | bytes) -> Outcome:
    return outcome(Prepare(tables=str(tables(folder, made))))


def test_the_town_is_the_default_and_comes_out_as_canonical_tables(tmp_path):
    made = prepare(Prepare(town=Town(accounts=120)))
    write_all({tmp_path / "tables": made["tables"], tmp_path / "refused.parquet": made["refused"]})
    for path in sorted((tmp_path / "tables").iterdir()):
        table, declared = pq.read_table(path), TABLES[path.stem]
        assert table.schema.equals(declared.schema), path.stem
        if declared.key:
            keys = list(zip(*(table.column(k).to_pylist() for k in declared.key), strict=True))
            assert keys == sorted(set(keys)), path.stem
    assert made["intake"]["tables"]["accounts"] == 120
    assert pq.read_table(tmp_path / "refused.parquet").num_rows == 0


def test_what_prepare_wrote_is_prepared_to_the_same_bytes(tmp_path):
    first = prepare(Prepare(town=Town(accounts=120), threads=1))
    write_all({tmp_path / "tables": first["tables"]})
    second = prepare(Prepare(tables=str(tmp_path / "tables"), threads=2))
    assert second["intake"]["fingerprint"] == first["intake"]["fingerprint"]
    for name, staged in first["tables"].items():
        assert staged.path.read_bytes() == second["tables"][name].path.read_bytes(), name


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("account_id", pa.array([1, 2]), "1"),
        ("account_id", pa.array(["1", "2"]).dictionary_encode(), "1"),
        ("account_id", pa.array(["1", "2"], pa.large_string()), "1"),
        ("observed_at", pa.array([NEW_YEAR] * 2, pa.timestamp("ns", "Europe/Rome")), NEW_YEAR),
        ("observed_at", pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("s")), NEW_YEAR),
        ("observed_at", pa.array([date(2026, 1, 1)] * 2), NEW_YEAR),
        ("observed_at", pa.array(["2026-01-01T01:00:00+01:00"] * 2), NEW_YEAR),
        ("observed_at", pa.array(["Thu Jan 01 00:00:00 +0000 2026"] * 2), NEW_YEAR),
        ("followers_count", pa.array([7, 7], pa.uint8()), 7),
        ("followers_count", pa.array([7.0, None]), 7),
        ("followers_count", pa.array([7.0, float("nan")]), 7),
        ("followers_count", pa.array(["7", " "]), 7),
        ("followers_count", pa.array([Decimal("7.00")] * 2), 7),
        ("followers_count", pa.array([2**62, 1]), 2**62),
        ("followers_count", pa.nulls(2), None),
        ("verified", pa.array([1, 0]), True),
        ("verified", pa.array(["True", "no"]), True),
        ("verified", pa.array([1.0, None]), True),
        ("description", pa.array(["a\0b", None]), "ab"),
        ("language", pa.array([5, 6]), "5"),
    ],
)
def test_a_column_of_another_type_is_read(tmp_path, column, values, expected):
    base = accounts(account_id=["1", "2"])
    base = (
        base.set_column(base.schema.get_field_index(column), column, values)
        if column in base.column_names
        else (base.append_column(column, values))
    )
    found = given(tmp_path, accounts=base, labels=labels(**{"1": True, "2": False}))
    assert found.account("1")[column] == expected
    assert found.refused == []


def test_columns_that_may_be_missing_are_null_and_strange_ones_are_named(tmp_path):
    found = given(tmp_path, accounts=accounts(account_id=["a1", "a2"], shoe_size=[1, 2]), labels=labels(**TWO))
    assert found.account("a1")["followers_count"] is None
    assert found.table("accounts").schema.equals(TABLES["accounts"].schema)
    assert found.intake["sources"]["tables"]["ignored_columns"] == {"accounts": ["shoe_size"]}


def test_a_table_may_be_several_files_in_a_folder(tmp_path):
    tables(tmp_path, {"labels": labels(**TWO)})
    (tmp_path / "accounts").mkdir()
    for i in (1, 2):
        pq.write_table(accounts(account_id=[f"a{i}"], followers_count=[-i]), tmp_path / "accounts" / f"{i}.parquet")
    pq.write_table(accounts(account_id=["a1", "a2"]), tmp_path / "accounts" / "3.parquet")
    found = outcome(Prepare(tables=str(tmp_path)))
    assert len(found.rows("accounts")) == 2
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("accounts/1.parquet", 1, "negative"),
        ("accounts/2.parquet", 1, "negative"),
    ]


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("account_id", None, "missing"),
        ("account_id", " ", "missing"),
        ("platform", None, "missing"),
        ("observed_at", None, "missing"),
        ("observed_at", "soon", "not_a_date"),
        ("observed_at", "2150-01-01", "in_the_future"),
        ("created_at", "1989-12-31", "before_1990"),
        ("created_at", "2026-01-02", "created_after_observed"),
        ("followers_count", -1.0, "negative"),
        ("followers_count", float("inf"), "infinite"),
        ("followers_count", float("-inf"), "infinite"),
        ("followers_count", 0.5, "not_whole"),
        ("followers_count", 1e30, "too_large"),
        ("followers_count", "12 thousand", "not_a_number"),
        ("verified", "perhaps", "not_a_flag"),
    ],
)
def test_an_account_that_cannot_be_used_is_refused_with_its_reason(tmp_path, column, value, code):
    good = {"account_id": "a1", "platform": "town", "observed_at": "2026-01-01", "created_at": "2020-01-01"}
    good |= {"followers_count": "1" if isinstance(value, str) else 1.0, "verified": "yes"}
    rows = [good, good | {"account_id": "a2"}, good | {"account_id": "a3", column: value}]
    found = given(tmp_path, accounts=pa.Table.from_pylist(rows), labels=labels(**TWO, a3=True))
    codes = {(r["file"], r["row"], r["column"], r["reason_code"]) for r in found.refused}
    assert ("accounts.parquet", 3, column, code) in codes
    # The label of an account that is gone has nothing to say.
    assert ("labels.parquet", 3, "account_id", "unknown_account") in codes
    assert len(codes) == 2


def test_repeated_accounts_are_kept_as_they_were_seen_last(tmp_path):
    rows = accounts(
        account_id=["a1", "a1", "a1", "a2"],
        observed_at=["2026-01-01", "2026-01-02", "2026-01-02", "2026-01-01"],
        followers_count=[1, 2, 3, 4],
        username=["x", "x", "x", "x"],  # identifiers decide where there are any
    )
    found = given(tmp_path, accounts=rows, labels=labels(**TWO))
    assert [(r["account_id"], r["followers_count"]) for r in found.rows("accounts")] == [("a1", 2), ("a2", 4)]
    assert found.codes() == [(1, "repeated"), (3, "repeated")]


def test_contradictory_labels_are_refused_and_agreeing_ones_made_one(tmp_path):
    rows = [
        ("a1", True, "spam_bot", "eva", datetime(2026, 1, 1)),
        ("a1", True, "like_bot", "max", datetime(2026, 1, 2)),
        ("a2", False, "human", "eva", None),
        ("a3", True, None, "eva", None),
        ("a3", False, None, "max", None),
        ("a9", True, None, "eva", None),
    ]
    names = ("account_id", "is_bot", "kind", "source", "labelled_at")
    told = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    found = given(tmp_path, accounts=accounts(account_id=["a1", "a2", "a3", "a4"]), labels=told)
    assert found.labels() == {"a1": (True, "like_bot"), "a2": (False, "human")}
    assert [r["account_id"] for r in found.rows("accounts")] == ["a1", "a2", "a4"]
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("accounts.parquet", 3, "contradictory_label"),
        ("labels.parquet", 1, "repeated"),
        ("labels.parquet", 4, "contradictory_label"),
        ("labels.parquet", 5, "contradictory_label"),
        ("labels.parquet", 6, "unknown_account"),
    ]
    assert found.intake["labels"] == {"eva": {"bots": 0, "people": 1}, "max": {"bots": 1, "people": 0}}


def test_events_stay_when_they_touch_an_account_we_know(tmp_path):
    at = [NEW_YEAR]
    posts = pa.table(
        {
            "post_id": ["p1", "p2", "p3", "p1", "p4"],
            "account_id": ["a1", "star", "far", "a1", "a1"],
            "created_at": at * 4 + [datetime(1971, 1, 1, tzinfo=UTC)],
            "kind": ["Original", "reply", "repost", "reply", "original"],
            "likes_count": [1, 2, 3, 4, 5],
        }
    )
    engagements = pa.table(
        {
            "actor_id": ["a2", "who", "who", "who", "a1", "a1"],
            "post_id": ["p2", "p1", "p2", "p3", "gone", "p1"],
            "kind": ["like", "like", "comment", "like", "repost", "wave"],
            "created_at": at * 6,
        }
    )
    follows = pa.table({"follower_id": ["a1", "who", "x", "a1"], "followed_id": ["who", "a2", "y", "who"]})
    found = given(
        tmp_path,
        accounts=accounts(account_id=["a1", "a2"]),
        labels=labels(**TWO),
        posts=posts,
        engagements=engagements,
        follows=follows,
    )
    # a2 liked the star's post, so that post tells about a2; nobody we know has to do with far's.
    assert [(r["post_id"], r["kind"], r["likes_count"]) for r in found.rows("posts")] == [
        ("p1", "original", 1),
        ("p2", "reply", 2),
    ]
    assert sorted((r["actor_id"], r["post_id"]) for r in found.rows("engagements")) == [
        ("a1", "gone"),
        ("a2", "p2"),
        ("who", "p1"),
        ("who", "p2"),
    ]
    assert [(r["follower_id"], r["followed_id"]) for r in found.rows("follows")] == [("a1", "who"), ("who", "a2")]
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("engagements.parquet", 4, "unknown_account"),
        ("engagements.parquet", 6, "unknown_value"),
        ("follows.parquet", 3, "unknown_account"),
        ("follows.parquet", 4, "repeated"),
        ("posts.parquet", 3, "unknown_account"),
        ("posts.parquet", 4, "repeated"),
        ("posts.parquet", 5, "before_1990"),
    ]


def test_an_event_without_rows_is_an_absent_table(tmp_path):
    empty = TABLES["posts"].schema.empty_table()
    found = given(tmp_path, accounts=accounts(account_id=["a1", "a2"]), labels=labels(**TWO), posts=empty)
    assert "posts.parquet" not in found.staged


def test_measures_carry_their_declaration_and_keep_to_it(tmp_path):
    schema = pa.schema(
        [
            ("account_id", pa.string()),
            Measure("risk", unit="share", low=0, high=1, says="its risk is {value}").field(),
            ("clicks", pa.int32()),
            ("colour", pa.string()),
        ]
    )
    rows = [
        ("a1", 0.5, 3, "red"),
        ("a2", float("nan"), None, "x"),
        ("a1", 0.6, 4, "x"),
        ("a3", 1.5, 1, "x"),
        ("a9", 0.1, 1, "x"),
    ]
    measures = pa.table([list(c) for c in zip(*rows, strict=True)], schema=schema)
    found = given(tmp_path, accounts=accounts(account_id=["a1", "a2", "a3"]), labels=labels(**TWO), measures=measures)
    assert found.rows("measures") == [
        {"account_id": "a1", "clicks": 3.0, "risk": 0.5},
        {"account_id": "a2", "clicks": None, "risk": None},
    ]
    assert measures_of(found.table("measures").schema)[1] == Measure("risk", "share", 0.0, 1.0, "its risk is {value}")
    assert found.codes() == [(3, "repeated"), (4, "out_of_range"), (5, "unknown_account")]
    assert found.intake["sources"]["tables"]["ignored_columns"] == {"measures": ["colour"]}


def test_bytes_that_are_no_text_are_mended_and_counted(tmp_path):
    offsets = pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00")
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ok\xff\xfea")])
    rows = accounts(account_id=["a1", "a2"], description=broken)
    found = given(tmp_path, accounts=rows, labels=labels(**TWO))
    assert found.account("a2")["description"] == "\ufffd\ufffda"
    assert found.intake["sources"]["tables"]["cleaned"]["invalid_unicode"] == 1


def test_the_fingerprint_is_of_the_values_alone(tmp_path):
    one = given(tmp_path / "1", accounts=accounts(account_id=["a1", "a2"]), labels=labels(**TWO))
    same = given(tmp_path / "2", accounts=accounts(account_id=["a2", "a1"]), labels=labels(a2=False, a1=True))
    other = given(tmp_path / "3", accounts=accounts(account_id=["a1", "a2"], language=["", None]), labels=labels(**TWO))
    assert re.fullmatch("[0-9a-f]{32}", one.intake["fingerprint"])
    assert one.intake["fingerprint"] == same.intake["fingerprint"] != other.intake["fingerprint"]


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    found = given(tmp_path / "in", accounts=accounts(account_id=["a1", "a2"]), labels=labels(**TWO))
    assert list((tmp_path / "tmp").iterdir())
    del found
    with Workspace():
        pass
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_page_about_tables_is_up_to_date():
    from pipeline.dvcyaml import PROJECT
    from pipeline.recipes.tablesdoc import tables_markdown

    assert (PROJECT / "docs" / "tables.md").read_text(encoding="utf-8") == tables_markdown()
