"""The job: what it writes, what it says of planted drift, late labels and earlier batches, and what it refuses."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from smalltown import NOW, SmallModel, small_model, write, write_accounts

from features.errors import BadInput
from models.settings import Monitor
from pipeline.jobs.monitor import earlier, read_truth, watch
from pipeline.settings import Featurize, Params
from pipeline.tablefiles import TableFiles

PARAMS = Params(featurize=Featurize(memory="1GB", threads=1), monitor=Monitor(sample=300))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SmallModel:
    return small_model(tmp_path_factory.mktemp("training"))


def run(model: Any, folder: Path, out: Path, n: int = 1000, seed: int = 1, **changes: Any) -> dict[str, Any]:
    return watch(model, write_accounts(folder, n, seed, **changes), out, PARAMS, None, None)


def test_a_batch_like_training_is_silent(model, tmp_path):
    said = run(model, tmp_path / "tables", tmp_path / "out")
    assert said["codes"] == []
    assert said["exit_code"] == 0
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert written == ["history.json", "metrics.prom", "monitor.html", "monitor.json", "profile.json"]


def test_the_same_batch_gives_the_same_bytes_and_counts_once_in_the_history(model, tmp_path):
    for out in ("a", "a", "b"):
        run(model, tmp_path / "tables", tmp_path / out)
    for name in ("monitor.html", "monitor.json", "metrics.prom", "profile.json", "history.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert len(json.loads((tmp_path / "a" / "history.json").read_text())) == 1


def test_drifted_counters_and_a_new_platform_are_severe_and_end_with_code_3(model, tmp_path):
    n = 1000
    said = run(
        model,
        tmp_path / "tables",
        tmp_path / "out",
        followers_count=[100_000] * n,
        platform=["town"] * 800 + ["moon"] * 200,
    )
    assert said["exit_code"] == 3
    assert {"UNP010", "UNP013"} <= set(said["codes"])
    report = json.loads((tmp_path / "out" / "monitor.json").read_text())
    assert report["about"]["as_of"] == "2026-06-01T00:00:00Z"
    platform = next(f for f in report["findings"] if f["code"] == "UNP013")
    assert "“moon” (200 accounts)" in platform["says"]


def test_columns_that_stop_being_filled_are_found(model, tmp_path):
    said = run(model, tmp_path / "tables", tmp_path / "out", created_at=[None] * 1000)
    assert "UNP011" in said["codes"]


def test_an_export_without_posts_is_severe(model, tmp_path):
    tables = write_accounts(tmp_path / "tables", 500, 1)
    del tables.files["posts"]
    said = watch(model, tables, tmp_path / "out", PARAMS, None, None)
    assert "UNP002" in said["codes"]
    assert said["exit_code"] == 3


def test_a_batch_is_cleaned_as_for_scoring(model, tmp_path):
    """Of two rows of one account the later counts; a few unusable rows change nothing, many are told."""
    folder = tmp_path / "tables"
    write_accounts(folder, 1000, 1)
    once = pq.read_table(folder / "accounts.parquet")
    earlier_rows = once.slice(0, 5).set_column(
        once.schema.get_field_index("observed_at"), "observed_at", [[NOW - timedelta(days=1)] * 5]
    )
    blank = once.slice(7, 1).set_column(0, "account_id", [["  "]])
    pq.write_table(pa.concat_tables([once, earlier_rows.cast(once.schema), blank.cast(once.schema)]), folder / "a")
    (folder / "a").rename(folder / "accounts.parquet")
    said = watch(model, TableFiles.open(folder), tmp_path / "out", PARAMS, None, None)
    assert said["codes"] == []
    assert said["accounts"] == 1000
    read = json.loads((tmp_path / "out" / "monitor.json").read_text())["read"]["accounts"]
    assert (read["read"], read["used"], read["refused"]) == (1006, 1000, 6)


def test_rows_that_cannot_be_used_are_told(model, tmp_path):
    counts = [5 if i % 5 else -1 for i in range(1000)]
    said = run(model, tmp_path / "tables", tmp_path / "out", posts_count=counts)
    assert "UNP005" in said["codes"]
    assert said["exit_code"] == 3
    found = json.loads((tmp_path / "out" / "monitor.json").read_text())["findings"]
    assert "20.0% of accounts, most of them negative" in next(f for f in found if f["code"] == "UNP005")["says"]


def test_volume_is_learned_from_earlier_batches(model, tmp_path):
    for night in range(3):
        observed = [NOW + timedelta(days=night)] * 1000
        run(model, tmp_path / f"tables{night}", tmp_path / "out", seed=night + 1, observed_at=observed)
    observed = [NOW + timedelta(days=3)] * 300
    said = run(model, tmp_path / "cut", tmp_path / "out", n=300, seed=9, observed_at=observed)
    assert "UNP001" in said["codes"]
    # An old batch monitored again is not judged by those that came after it.
    said = run(model, tmp_path / "tables0", tmp_path / "out", seed=1)
    assert "UNP001" not in said["codes"]
    assert [h["accounts"] for h in json.loads((tmp_path / "out" / "history.json").read_text())] == [1000] * 3 + [300]


def test_labels_that_arrive_late_are_compared_with_what_was_said(model, tmp_path):
    write_accounts(tmp_path / "tables", 1000, 1)
    tables = write_accounts(tmp_path / "unlabelled", 1000, 1, labels=False)
    silent = watch(model, tables, tmp_path / "out", PARAMS, None, None)
    assert silent["codes"] == []
    assert json.loads((tmp_path / "out" / "monitor.json").read_text())["realised"] is None
    good = watch(model, tables, tmp_path / "good", PARAMS, tmp_path / "tables", None)
    assert good["codes"] == []
    report = json.loads((tmp_path / "good" / "monitor.json").read_text())
    assert report["realised"]["accounts"] == 1000
    assert report["realised"]["roc_auc"]["value"] > 0.8
    ids = [f"1-{i:05d}" for i in range(1000)]
    write(tmp_path / "wrong", "labels", {"account_id": ids, "is_bot": [False] * 1000, "source": ["audit"] * 1000})
    bad = watch(model, tables, tmp_path / "bad", PARAMS, tmp_path / "wrong" / "labels.parquet", None)
    assert {"UNP040", "UNP042", "UNP043"} <= set(bad["codes"])
    assert bad["exit_code"] == 3


def test_an_earlier_profile_can_be_the_reference(model, tmp_path):
    changed = {"followers_count": [7] * 1000}
    assert "UNP010" in run(model, tmp_path / "one", tmp_path / "first", **changed)["codes"]
    tables = write_accounts(tmp_path / "two", 1000, 2, **changed)
    said = watch(model, tables, tmp_path / "second", PARAMS, None, tmp_path / "first" / "profile.json")
    assert said["codes"] == []


def test_metrics_are_in_the_text_format(model, tmp_path):
    run(model, tmp_path / "tables", tmp_path / "out", language=['e"n\\\n'] * 1000)
    lines = (tmp_path / "out" / "metrics.prom").read_text().splitlines()
    assert "unpump_monitor_accounts 1000.0" in lines
    assert 'unpump_monitor_findings{severity="severe"} 0.0' in lines
    assert any(line.startswith('unpump_monitor_feature_psi{feature="followers"} ') for line in lines)
    assert any(line.startswith('unpump_monitor_expected_precision{tier="review",end="low"} ') for line in lines)
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))


def test_contradictory_labels_are_left_out(tmp_path):
    write(
        tmp_path,
        "labels",
        {"account_id": ["a", "a", "b"], "is_bot": [True, False, True], "source": ["x", "y", "x"]},
    )
    tables = write_accounts(tmp_path / "tables", 10, 0, labels=False)
    assert read_truth(tables, tmp_path) == {"b": True}


def test_an_empty_batch_is_reported_not_a_crash(model, tmp_path):
    said = run(model, tmp_path / "tables", tmp_path / "out", n=0)
    assert said["codes"][0] == "UNP001"
    assert said["exit_code"] == 3


@pytest.mark.parametrize("text", ["{", "[1]", '[{"id": "x"}]', '"x"'])
def test_a_damaged_history_is_refused(tmp_path, text):
    (tmp_path / "history.json").write_text(text)
    with pytest.raises(BadInput, match="history"):
        earlier(tmp_path / "history.json", {"id": "y", "as_of_s": 0, "accounts": 1}, 10)


def test_a_model_without_a_profile_is_refused(model, tmp_path):
    bare = SmallModel(model.booster)
    with pytest.raises(BadInput, match=r"profile\.json"):
        run(bare, tmp_path / "tables", tmp_path / "out", n=60)


@pytest.mark.parametrize("content", ["{", '{"format": 99}', "[]"])
def test_a_foreign_reference_is_refused(model, tmp_path, content):
    (tmp_path / "profile.json").write_text(content)
    tables = write_accounts(tmp_path / "tables", 60, 1)
    with pytest.raises(BadInput, match="profile"):
        watch(model, tables, tmp_path / "out", PARAMS, None, tmp_path / "profile.json")
    assert not (tmp_path / "out").exists()
