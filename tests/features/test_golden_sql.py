"""The SQL that is run, for some features of every family, compared with files a person has read.

A change that is meant is taken over by ``UNPUMP_GOLDEN=write pytest tests/features/test_golden_sql.py``; the commit
then shows what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from features.builder import plan
from features.catalogue import FAMILIES, FEATURES
from features.tables import TABLES

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("UNPUMP_GOLDEN") == "write"
SHOWN = (
    "has_picture",
    "followers_per_day",
    "handle_digits",
    "handle_pattern_share",
    "night_share",
    "gap_memory",
    "emoji_per_post",
    "likes_median",
    "authors_liked",
    "likes_fano",
    "likes_half_time",
    "likers_answered",
    "block_density",
    "follow_back_share",
)


def sql_of(name: str) -> str:
    """All that is run for one feature, step by step, as a file of SQL."""
    planned = plan({table: known.schema for table, known in TABLES.items()}, [name])
    parts = [f"-- {step.kind}: {step.name}\n" + ";\n\n".join(step.reads or (step.sql,)) for step in planned.steps]
    parts.append(f"-- result: one row per verdict\n{planned.select}")
    return ";\n\n".join(parts) + ";\n"


@pytest.mark.parametrize("name", SHOWN)
def test_the_sql_is_the_one_in_the_file(name):
    path = GOLDEN / f"{name}.sql"
    made = sql_of(name)
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(made.encode())
    assert path.is_file(), f"{path.name} is not there yet: write it with UNPUMP_GOLDEN=write"
    assert made == path.read_bytes().decode(), "if the change is meant, write it with UNPUMP_GOLDEN=write"


def test_every_family_is_shown_and_no_file_is_left_over():
    assert {FEATURES[name].family for name in SHOWN} == set(FAMILIES)
    assert {p.stem for p in GOLDEN.glob("*.sql")} == set(SHOWN)
