"""What the benchmarks of scoring and monitoring plant, and how they tell what they found."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.alarms import PLANTED, Outcome, calm_lines, planted_lines, rewrite
from benchmarks.scoring import Took, lines
from models.monitoring import CHECKS, examine  # noqa: F401 - declares the checks
from pipeline.files import write_all
from pipeline.jobs.simulate import simulate_job
from pipeline.recipes.canonical import read_tables
from pipeline.settings import Prepare
from simulation.settings import Town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("town")
    simulate_job(Town(accounts=200, seed=1), root)
    return root


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_change_changes_one_table_that_can_still_be_read(what, town, tmp_path):
    _, table, change = PLANTED[what]
    for path in town.glob("*.parquet"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rewrite(tmp_path, table, change)
    before, after = (pq.read_table(folder / f"{table}.parquet") for folder in (town, tmp_path))
    assert not before.equals(after)
    assert before.schema.names == after.schema.names
    assert read_tables(tmp_path, Prepare(memory="1GB", threads=1)).tables.files["accounts"]


def test_a_code_is_planted_for_what_comes_in_and_for_labels():
    codes = {code for code, _, _ in PLANTED.values()}
    assert {f"UNP00{i}" for i in range(1, 6)} | {"UNP010", "UNP011", "UNP012", "UNP013", "UNP042"} == codes


def test_towns_are_counted_by_the_worst_that_was_said():
    towns = [Outcome("a", {}, []), Outcome("b", {"UNP010": "warning", "UNP022": "notice"}, [])]
    towns += [Outcome("c", {"UNP010": "severe"}, []), Outcome("d", {"UNP022": "notice"}, [])]
    said = calm_lines(towns, 2500)
    assert said[2] == "| 4 | 1 | 1 | 1 | 1 |"
    assert "UNP010 (severe) 1; UNP010 (warning) 1; UNP022 (notice) 2" in said[-1]
    first = next(iter(PLANTED))
    assert planted_lines([Outcome(first, {"UNP001": "warning"}, [])])[-1] == f"| {first} | UNP001 | UNP001 (warning) |"


def test_rates_are_told_beside_lightgbms(tmp_path):
    facts = {"columns": ["a", "b"], "trees": 3, "kinds": []}
    write_all({tmp_path / "artifacts" / "model" / "model.json": facts})
    took = [Took("LightGBM", "raw", 100, 2.0, 4.0), Took("unpump", "all", 100, 1.0, 1.5)]
    said = lines(took, {"accounts": 100, "tiers": {"allow": 90, "review": 10}}, tmp_path, 2)
    assert said[3] == "| unpump | all | 100 | 1.0 | 1.5 | 100 | 2.00 |"
    assert "2 features, 3 trees, 0 kinds; 10 of 100 accounts flagged (10%)" in said[-1]
