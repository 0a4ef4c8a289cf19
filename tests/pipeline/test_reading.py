"""Which model of a bundle reads some tables: by what the tables can tell, rows counting and not files."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from smalltown import NOW, write

from features.catalogue import FEATURES
from features.tables import TABLES, Measure
from pipeline.jobs.reading import reading
from pipeline.tablefiles import TableFiles


@dataclass
class Asked:
    """A model that notes what it was told can be known."""

    columns: tuple[str, ...] = ("followers_count", "posts_seen", "trust")
    facts: dict = field(default_factory=lambda: {"without": ["posts"]})
    known: set[str] = field(default_factory=set)
    fewer: bool = False

    def given(self, columns):
        self.known |= set(columns)
        return Asked(columns=("followers_count",)) if self.fewer else self


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "accounts", {"account_id": ["a"], "platform": ["x"], "observed_at": [NOW]})
    pq.write_table(TABLES["posts"].schema.empty_table(), tmp_path / "posts.parquet")
    measure = Measure("trust")
    schema = pa.schema([*TABLES["measures"].schema, measure.field()])
    pq.write_table(pa.table([["a"], [0.5]], schema=schema), tmp_path / "measures.parquet")
    return tmp_path


def test_a_table_without_rows_tells_nothing_and_measures_tell_themselves(folder):
    model = Asked()
    reading(model, TableFiles.open(folder))
    needs = {name: set(feature.needs) for name, feature in FEATURES.items()}
    assert model.known == {name for name in FEATURES if needs[name] <= {"accounts", "measures"}} | {"trust"}


def test_what_reads_the_tables_is_said(folder, caplog):
    caplog.set_level(logging.INFO)
    assert reading(Asked(fewer=True), TableFiles.open(folder)).columns == ("followers_count",)
    assert "tables without posts: read by the model for 1 features" in caplog.text


def test_what_no_model_can_do_without_is_warned_of(folder, caplog):
    reading(Asked(), TableFiles.open(folder))
    assert "count as missing" in caplog.text
