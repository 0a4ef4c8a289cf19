"""The additive model of likes: probabilities by hand, cells that come back, bands as SQL has them."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.authenticity import ALL_FACTORS, FACTORS, INTENT_FACTORS, Additive, banded, coded, decoded, sharpness


def small() -> Additive:
    """Two classes; whether the giver follows the author moves the log-odds, and together with the pace even more."""
    follow = np.array([[0.0], [-1.0], [0.0], [1.0]])
    both = np.zeros((FACTORS["follow"].size * FACTORS["pace"].size, 1))
    both[3 * FACTORS["pace"].size + 1] = 2.0  # a stranger in a burst
    return Additive(("honest", "orders"), (("follow",), ("follow", "pace")), (follow, both), np.array([-1.0]))


def test_log_odds_are_the_sum_of_the_weights():
    codes = {"follow": np.array([1, 3, 3]), "pace": np.array([1, 5, 1])}
    # -1 - 1, -1 + 1, and -1 + 1 + 2
    expected = [1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-2))]
    assert small().probabilities(codes)[:, 1] == pytest.approx(expected)


def test_it_is_the_same_after_it_was_written():
    model = small()
    codes = {"follow": np.array([0, 1, 2, 3]), "pace": np.array([0, 1, 2, 1])}
    again = Additive.from_dict(model.to_dict())
    assert again.probabilities(codes) == pytest.approx(model.probabilities(codes))
    assert again.classes == ("honest", "orders")


@given(st.data())
def test_a_cell_gives_back_its_factors(data):
    factors = data.draw(st.sampled_from([ALL_FACTORS, INTENT_FACTORS]))
    codes = {f: data.draw(st.integers(0, FACTORS[f].size - 1)) for f in factors}
    columns = ", ".join(f"{code} AS {name}" for name, code in codes.items())
    ((cell,),) = duckdb.sql(f"SELECT {coded(factors)} FROM (SELECT {columns})").fetchall()
    assert {name: int(code[0]) for name, code in decoded(np.array([cell]), factors).items()} == codes


def test_every_cell_fits_into_a_whole_number_of_four_bytes():
    for factors in (ALL_FACTORS, INTENT_FACTORS):
        assert np.prod([float(FACTORS[f].size) for f in factors]) < 2**31


@pytest.mark.parametrize(("value", "band"), [("NULL", 0), ("0.019", 1), ("0.02", 2), ("0.5", 5), ("1.0", 7)])
def test_bands_begin_at_their_edges_and_nothing_known_is_zero(value, band):
    # 0.02, 0.07, 0.2, 0.5, 0.8, 0.95
    sql = banded(f"{value}::DOUBLE", FACTORS["score"].edges)
    assert duckdb.sql(f"SELECT {sql}").fetchall() == [(band,)]


def test_every_value_of_a_factor_is_named():
    for factor in FACTORS.values():
        assert not factor.edges or len(factor.values) == len(factor.edges) + 1
        assert factor.says


def test_scores_are_sharp_as_far_as_they_explain_who_is_a_bot():
    assert sharpness(np.array([0.0, 1.0, 1.0])) == 1
    assert sharpness(np.array([0.3, 0.3])) == pytest.approx(0)
    # Mean 0.5, so a variance of 0.25; 0.09 of it is left over on average.
    assert sharpness(np.array([0.1, 0.9])) == pytest.approx(1 - 0.09 / 0.25)
    assert sharpness(np.array([])) == 0
