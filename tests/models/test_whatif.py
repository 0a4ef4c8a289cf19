"""What would change a verdict is small, possible, within what is usual among people, and true of the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.bundle import Model, from_files
from models.whatif import MOST, NEAR, what_would_change
from tests.pipeline.tinyrun import training

EVADE = {"digits_share": "free", "has_picture": "free", "gaps_under_5s": "cheap", "followers": "rented", "age_days": ""}


def declared(**evade: str) -> Model:
    """The small model, its features declared to cost this to change."""
    model = from_files(training()["model"], "model")
    costs = {**EVADE, **evade}
    return replace(model, declarations=tuple({**d, "evade": costs[d["name"]]} for d in model.declarations))


@pytest.fixture(scope="module")
def model() -> Model:
    return declared()


@pytest.fixture(scope="module")
def found(model):
    matrix = model.matrix(training()["features"])
    return matrix, [what_would_change(model, row) for row in matrix]


def after(row: np.ndarray, model: Model, change: dict) -> np.ndarray:
    now = row.copy()
    for one in change["changes"]:
        now[model.columns.index(one["feature"])] = one["changed"]
    return now


def test_some_are_found_and_each_leads_to_a_milder_tier(model, found):
    matrix, changes = found
    harsh = [*model.tiers, "allow"]
    told = [(row, c) for row, c in zip(matrix, changes, strict=True) if c]
    assert len(told) > 20
    for row, change in told:
        now = after(row, model, change)
        assert model.probabilities(now[None, :])[0][0] == pytest.approx(change["probability"], abs=1e-12)
        before = str(model.tier(model.probabilities(row[None, :])[0])[0])
        assert harsh.index(change["tier"]) > harsh.index(before)
        assert model.raw_scores(row[None, :])[0] - model.raw_scores(now[None, :])[0] > 0


def test_only_what_a_person_can_change_is_changed_and_stays_in_what_was_seen(model, found):
    matrix, changes = found
    for row, change in zip(matrix, changes, strict=True):
        for one in change["changes"] if change else ():
            column = model.columns.index(one["feature"])
            assert one["feature"] in ("digits_share", "has_picture", "gaps_under_5s")
            assert one["value"] == row[column]
            low, _, high = model.usual[column]
            assert min(low, row[column]) <= one["changed"] <= max(high, row[column])
            assert one["text"].count("instead of") == 1


def test_no_change_is_there_for_nothing(model, found):
    matrix, changes = found
    for row, change in zip(matrix, changes, strict=True):
        if change and len(change["changes"]) > 1:
            assert len(change["changes"]) <= MOST
            tier = str(model.tier(model.probabilities(row[None, :])[0])[0])
            for left_out in change["changes"]:
                fewer = {"changes": [c for c in change["changes"] if c is not left_out]}
                p = model.probabilities(after(row, model, fewer)[None, :])[0]
                assert str(model.tier(p)[0]) == tier


def test_the_mildest_and_those_far_from_the_edge_are_left_alone(model, found):
    matrix, changes = found
    p = model.probabilities(matrix)[0]
    tiers = model.tier(p)
    raw = model.raw_scores(matrix)
    assert all(c is None for c, tier in zip(changes, tiers, strict=True) if tier == "allow")
    harshest = tiers == next(t for t, cut in model.tiers.items() if cut is not None and (tiers == t).any())
    far = harshest & (raw > raw[harshest].min() + NEAR + 0.5)
    assert far.any()
    assert all(changes[i] is None for i in np.flatnonzero(far))


def test_nothing_is_said_where_nothing_can_be_changed():
    model = declared(**dict.fromkeys(EVADE, "expensive"))
    matrix = model.matrix(training()["features"])
    assert all(what_would_change(model, row) is None for row in matrix[:50])


def test_what_is_suppressed_or_compares_with_others_is_not_offered(model):
    hidden = replace(
        model, declarations=tuple({**d, "suppressed": d["name"] == "digits_share"} for d in model.declarations)
    )
    matrix = model.matrix(training()["features"])
    offered = [c["feature"] for row in matrix[:200] if (w := what_would_change(hidden, row)) for c in w["changes"]]
    assert offered
    assert "digits_share" not in offered


def test_the_same_account_gets_the_same_answer(model, found):
    matrix, changes = found
    assert [what_would_change(model, row) for row in matrix[:40]] == changes[:40]
