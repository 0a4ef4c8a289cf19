"""Tables for scoring: cleaned as in training, without labels, and every row of accounts comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recipedesk import accounts, labels, tables

from features.errors import BadInput
from features.tables import TABLES
from pipeline.files import write_all
from pipeline.recipes.canonical import read_tables
from pipeline.settings import Prepare
from pipeline.stages.prepare import prepare
from simulation.settings import Town


def test_every_account_is_either_ready_or_invalid_with_a_reason(tmp_path):
    rows = accounts(
        account_id=["a1", "a2", None, "a3", "a1", "a4"],
        followers_count=[1, -1, 2, 3, 4, 5],
        observed_at=["2026-01-01", "2026-01-01", "2026-01-01", "never", "2026-01-02", "2026-01-01"],
        username=["same", "same", "same", "same", "same", "same"],
    )
    found = read_tables(tables(tmp_path, {"accounts": rows}), Prepare())
    ready = found.tables.read("accounts")
    assert ready[["account_id", "followers_count"]].to_numpy().tolist() == [["a1", 4], ["a4", 5]]
    assert found.invalid.to_pylist() == [
        {"account_id": "a1", "reason": "account_id: another row of the same account is scored"},
        {"account_id": "a2", "reason": "followers_count: it cannot be negative (-1)"},
        {"account_id": "a3", "reason": "observed_at: it is no date as ISO 8601 writes it (never)"},
        {"account_id": "accounts.parquet row 3", "reason": "account_id: it is needed and missing"},
    ]
    assert len(ready) + found.invalid.num_rows == rows.num_rows
    assert found.counts["accounts"] == {
        "read": 6,
        "used": 2,
        "refused": 4,
        "reasons": {"missing": 1, "negative": 1, "not_a_date": 1, "repeated": 1},
    }


def test_not_one_usable_account_is_no_error(tmp_path):
    found = read_tables(tables(tmp_path, {"accounts": accounts(account_id=["a1"], followers_count=[-1])}), Prepare())
    assert len(found.tables.read("accounts")) == 0
    assert found.invalid.num_rows == 1


def test_a_hostile_value_is_escaped_in_the_reason(tmp_path):
    rows = accounts(account_id=["a1"], followers_count=["\u202e<script>" + "9" * 500])
    reason = read_tables(tables(tmp_path, {"accounts": rows}), Prepare()).invalid.column("reason")[0].as_py()
    assert reason.startswith("followers_count: it is no number (\\u202e<script>999")
    assert len(reason) == 120


def test_labels_are_left_alone_and_events_of_strangers_stay(tmp_path):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    folder = tables(
        tmp_path,
        {
            "accounts": accounts(account_id=["a1"]),
            "labels": labels(a1=True, zz=True),
            "engagements": pa.table(
                {"actor_id": ["a1", "who"], "post_id": [1, 2], "kind": ["like", "LIKE"], "created_at": [at, at]}
            ),
            "measures": pa.table({"account_id": ["a1", "a1", "a1"], "risk": [float("inf"), 0.25, 0.5]}),
        },
    )
    found = read_tables(folder, Prepare())
    assert sorted(found.tables.files) == ["accounts", "engagements", "measures"]
    assert found.tables.read("engagements")[["actor_id", "post_id", "kind"]].to_numpy().tolist() == [
        ["a1", "1", "like"],
        ["who", "2", "like"],
    ]
    assert found.tables.read("measures").to_numpy().tolist() == [["a1", 0.25]]
    assert found.counts["measures"]["reasons"] == {"infinite": 1, "repeated": 1}


def test_tables_that_are_canonical_already_are_not_written_again(tmp_path):
    write_all({tmp_path / "t": prepare(Prepare(town=Town(accounts=80)))["tables"]})
    found = read_tables(tmp_path / "t", Prepare())
    assert found.tables.files["engagements"] == (tmp_path / "t" / "engagements.parquet",)
    before = pq.read_table(tmp_path / "t" / "accounts.parquet")
    assert pq.read_table(found.tables.files["accounts"][0]).equals(before)
    assert before.schema.equals(TABLES["accounts"].schema)


def test_cleaned_files_vanish_with_what_refers_to_them(tmp_path):
    found = read_tables(tables(tmp_path, {"accounts": accounts(account_id=["a1"])}), Prepare())
    path = found.tables.files["accounts"][0]
    assert path.is_file()
    del found
    assert not path.exists()


def test_no_accounts_at_all_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="expected accounts, got an empty table"):
        read_tables(tables(tmp_path, {"accounts": accounts(account_id=["a1"]).slice(0, 0)}), Prepare())
