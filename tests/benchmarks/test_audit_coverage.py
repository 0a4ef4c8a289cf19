"""Measuring the audit: too few intervals that hold are told, and enough of them hold in a town nobody knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.audit import LIKES_ALONE, measure, too_few
from benchmarks.audit_fit import FULL
from benchmarks.audit_towns import ACCOUNTS, MIXED, Teacher, town
from models.authenticity_intervals import UNITS
from pipeline.audit.constants import shipped


def row(sight, post, creator, accounts=ACCOUNTS, teacher="scores"):
    covered = {"post": {"coverage_big": post}, "creator": {"coverage_big": creator}}
    return {"sight": sight, "accounts": accounts, "teacher": teacher, **covered}


def test_too_few_intervals_that_hold_are_told_by_what_is_seen():
    fine = [row("everything", 0.90, 0.95), row("everything", 0.92, 0.95)]
    assert too_few(fine) is None
    # In one town without groups 97% of creators are covered, in the other 88%: the worst is told.
    short = [
        *fine,
        row("no groups", 0.95, 0.97),
        row("no groups", 0.95, 0.88),
        row("everything", 0.85, 0.95, 1500, "stranger"),
    ]
    assert too_few(short) == (
        "fewer than 90% of the intervals of a town hold: no groups, creators: 88.0%; "
        "another model, 1,500, everything, posts: 85.0%"
    )


@pytest.mark.slow
def test_intervals_hold_in_an_unseen_town_with_all_evidence_and_with_likes_alone(tmp_path):
    teacher = Teacher("stranger", 982, 2_000)
    folder = town(tmp_path, 981, MIXED, (teacher,), 2_000)
    for sight in (FULL, LIKES_ALONE):
        found = measure(folder, replace(sight, teacher=teacher), shipped())
        for unit in UNITS:
            assert found[unit]["coverage_big"] >= 0.86
