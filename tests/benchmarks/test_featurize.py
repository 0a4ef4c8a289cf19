"""What the benchmark of scale compares is the same, and its tables tell who needs what."""

from __future__ import annotations

import pytest

from benchmarks.byhand import WORKS
from benchmarks.crowd import Crowd, write_crowd
from benchmarks.featurize import CLOSE, GROWTH, Watch, steps_of, whole_line
from features.builder import plan
from features.catalogue import FAMILIES
from features.tables import TABLES
from pipeline.engine import featurize_tables
from pipeline.tablefiles import TableFiles
from tests.features.town import ONE_THREAD


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crowd")
    write_crowd(Crowd.of(40_000), folder)
    return folder


@pytest.mark.parametrize("way", ["pandas", "polars"])
@pytest.mark.parametrize("name", WORKS)
def test_the_same_values_come_out_by_hand(name, way, crowd):
    if way == "polars":
        pytest.importorskip("polars")
    columns = list(WORKS[name].columns)
    made = featurize_tables(TableFiles.open(crowd), None, ONE_THREAD, only=columns).table()
    ours = made.to_pandas().set_index("account_id")[columns]
    theirs = getattr(WORKS[name], way)(crowd).reindex(ours.index)[columns].astype("float64")
    assert ours.notna().any().all()
    assert (ours.isna() == theirs.isna()).all().all()
    assert ((ours - theirs).abs() / ours.abs().clip(lower=1)).max().max() <= CLOSE


def test_a_family_needs_its_own_steps_and_what_they_read():
    whole = plan({name: table.schema for name, table in TABLES.items()})
    assert {"view_deeds", "view_acts", "group_act_gaps"} <= steps_of(whole, "actions")
    assert "view_texts" not in steps_of(whole, "actions")
    assert all(steps_of(whole, family) for family in FAMILIES)


def test_each_step_is_told_when_it_has_ended(crowd):
    watch = Watch()
    featurize_tables(TableFiles.open(crowd), None, ONE_THREAD, only=["actions_days"], watch=watch)
    names = [name for name, _, _ in watch.spans]
    assert names[-1] == "group_act_days"
    assert names.index("view_deeds") < names.index("view_acts")
    assert all(0 <= seconds < 60 and 0.05 < peak < 20 for _, seconds, peak in watch.spans)


def test_the_line_of_a_run_has_a_cell_per_column(crowd):
    found = {"seconds": 2.0, "worked": 3.0, "spilled": 0.0, "spans": [("a", 1.0, 0.5), ("b", 1.0, 0.75)]}
    line = whole_line(crowd, found)
    assert line.count("|") == GROWTH[0].count("|") == GROWTH[1].count("|")
    assert "| 0.75 |" in line
