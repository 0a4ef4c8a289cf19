"""Counting a batch in the bins of its reference, and telling a change from chance."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.comparison import Mixed, beyond, bot_share_of
from models.distance import distance, exact, merged, wilson
from models.drift import OTHER, Sample, Tally, edges_of, profile


def test_the_same_counts_are_no_distance():
    found = distance(np.array([50, 100, 50]), np.array([5, 10, 5]) * 10)
    assert (found.psi, found.js, found.p_value) == (0.0, 0.0, 1.0)


def test_psi_is_the_textbook_sum_less_what_chance_adds():
    # 10,000 accounts a side, a half against a quarter in the first of two bins: the sum is
    # (1/4 - 1/2) ln(1/2) + (3/4 - 1/2) ln(3/2) = 0.1733 + 0.1014 = 0.2747, and chance adds 1/10,000 + 1/10,000.
    found = distance(np.array([5000, 5000]), np.array([2500, 7500]))
    assert found.psi == pytest.approx(0.2747 - 0.0002, abs=5e-4)


def test_js_of_sides_that_share_nothing_is_one_bit():
    assert distance(np.array([1000, 0]), np.array([0, 1000])).js == pytest.approx(1)


def test_fishers_test_on_a_table_worked_by_hand():
    # 5 accounts a side, 5 hits in all, every one in the batch: one of C(10, 5) = 252 ways; two tails.
    assert exact(0, 5, 5, 5) == pytest.approx(2 / 252)


def test_wilson_of_none_in_ten():
    # z = 1.96: high = z^2 / (n + z^2) = 3.8416 / 13.8416.
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-3)


def test_bins_are_merged_until_chance_would_fill_them():
    # 10 of 40 accounts are the batch's: of the bins' 4, 4, 32 accounts chance gives it 1, 1 and 8.
    r, s = merged(np.array([4, 4, 22]), np.array([0, 0, 10]))
    assert (r.tolist(), s.tolist()) == ([30], [10])
    r, s = merged(np.array([10, 10, 10]), np.array([10, 10, 10]))
    assert len(r) == 3


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12), st.lists(st.integers(0, 50), min_size=12, max_size=12))
@settings(max_examples=200, deadline=None)
def test_distances_stay_in_their_bounds_whatever_the_counts(reference, batch):
    found = distance(np.array(reference), np.array(batch[: len(reference)]))
    assert 0 <= found.p_value <= 1
    assert -1e-9 <= found.js <= 1 + 1e-9
    assert 0 <= found.psi < math.inf


@pytest.mark.parametrize(("n", "m"), [(300, 100), (2000, 300), (500, 20_000)])
def test_a_p_value_below_1_in_100_comes_1_time_in_100(n, m):
    rng = np.random.default_rng(5)
    found = []
    for _ in range(1500):
        x, y = rng.normal(size=n), rng.normal(size=m)
        edges = edges_of(x)
        counts = [np.bincount(np.searchsorted(edges, v), minlength=len(edges) + 1) for v in (x, y)]
        found.append(distance(*counts))
    early = np.mean([f.p_value <= 0.01 for f in found])
    assert 0.004 <= early <= 0.018  # 15 of 1,500 are expected, give or take 3.9: within three times that
    limits = [f.js > f.js_limit(0.01, n, m) for f in found]
    assert np.mean(limits) == pytest.approx(early, abs=1e-9)


def test_edges_lie_between_values_and_heavy_values_stand_alone():
    x = np.array([0.0] * 90 + [1.0] * 5 + [2.0] * 5)
    assert edges_of(x).tolist() == [0.5, 1.5]
    assert edges_of(np.array([3.0, 3.0])).tolist() == []
    assert edges_of(np.array([np.nan])).tolist() == []


def test_a_value_that_differs_in_its_last_bit_falls_in_the_same_bin():
    third = np.array([1 / 3] * 50 + [0.9] * 50)
    edges = edges_of(third)
    almost = np.nextafter([1 / 3, 1 / 3], [0, 1])
    assert len(set(np.searchsorted(edges, almost))) == 1


def small(n: int = 400, seed: int = 0, **changes: float) -> dict:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.poisson(1, n).astype(float)])
    x[rng.random(n) < changes.get("missing", 0.1), 1] = np.nan
    return {"matrix": x, "columns": ["a", "b"], "probability": rng.beta(1, 3, n)}


def test_a_profile_is_json_and_counts_everybody_once():
    made = small()
    is_bot = np.arange(400) % 4 == 0
    known = profile(**made, is_bot=is_bot, cuts={"review": 0.5}, categories={"platform": ["x"] * 399 + [None]})
    assert json.loads(json.dumps(known, allow_nan=False)) == known
    assert known["accounts"] == [300, 100]
    for said in known["features"].values():
        assert np.sum(said["counts"]) + np.sum(said["missing"]) == 400
    assert np.sum(known["scores"]["counts"]) == 400
    assert known["totals"]["bots"] == pytest.approx(
        [made["probability"][~is_bot].sum(), made["probability"][is_bot].sum()]
    )
    assert known["categories"]["platform"]["(missing)"]["accounts"] == [1, 0]
    assert sum(known["cuts"]["review"]["accounts"]) == (made["probability"] >= 0.5).sum()


def test_a_batch_counted_in_pieces_is_the_batch_counted_at_once():
    known = profile(**small(), cuts={"review": 0.5})
    made = small(1000, seed=1)
    whole, pieces = Tally.like(known), Tally.like(known)
    kinds = ["x", "y"] * 500
    whole.add(made["matrix"], made["probability"], categories={"platform": kinds})
    for at in range(0, 1000, 300):
        rows = slice(at, at + 300)
        pieces.add(made["matrix"][rows], made["probability"][rows], categories={"platform": kinds[rows]})
    one, other = whole.to_json(), pieces.to_json()
    assert one["features"] == other["features"]
    assert one["categories"]["platform"]["x"]["accounts"] == other["categories"]["platform"]["x"]["accounts"]
    assert one["totals"]["bots"] == pytest.approx(other["totals"]["bots"])


def test_values_beyond_the_reference_are_counted():
    known = profile(np.array([[0.0], [1.0]]), ["a"], probability=np.array([0.1, 0.2]))
    tally = Tally.like(known)
    tally.add(np.array([[-1.0], [0.5], [1.0], [2.0], [3.0], [np.nan]]), np.full(6, 0.1))
    said = tally.to_json()["features"]["a"]
    assert (said["below"], said["above"], said["missing"]) == ([1], [2], [1])


def test_beyond_is_the_chance_that_the_largest_are_all_new():
    # One of 4 accounts is the batch's: it is the largest with probability 1/4; both ends double it.
    assert beyond(0, 1, 3, 1) == pytest.approx(0.5)
    assert beyond(0, 0, 3, 1) == 1


def test_a_category_with_many_values_keeps_the_largest():
    values = [f"v{i}" for i in range(300) for _ in range(1 + (i < 3))]
    known = profile(np.zeros((303, 1)), ["a"], probability=np.full(303, 0.5), categories={"language": values})[
        "categories"
    ]["language"]
    assert len(known) == 201
    assert known["v0"]["accounts"] == [2]
    assert known[OTHER]["accounts"] == [100]


def test_a_reference_can_be_given_another_share_of_bots():
    x = np.array([[0.0]] * 300 + [[1.0]] * 100)
    known = profile(x, ["a"], probability=np.full(400, 0.5), is_bot=x[:, 0] == 1)
    counts = known["features"]["a"]["counts"]
    assert Mixed(known)(counts).tolist() == [300, 100]
    rare = Mixed(known, 0.1)
    assert rare(counts) / rare.accounts == pytest.approx([0.9, 0.1])
    assert rare.accounts == pytest.approx(1 / (0.9**2 / 300 + 0.1**2 / 100))
    assert Mixed(known, 0.25).accounts == pytest.approx(400)


def test_the_share_of_bots_is_found_from_scores_alone():
    rng = np.random.default_rng(3)

    def scored(people: int, bots: int) -> np.ndarray:
        raw = np.concatenate([rng.normal(-2, 1.5, people), rng.normal(2, 1.5, bots)])
        return 1 / (1 + np.exp(-raw))

    p = scored(1500, 1500)
    known = profile(np.zeros((3000, 1)), ["a"], probability=p, is_bot=np.arange(3000) >= 1500)
    tally = Tally.like(known)
    tally.add(np.zeros((2000, 1)), scored(1800, 200))
    found = bot_share_of(Mixed(known), tally.to_json())
    assert found is not None
    assert found["low"] < 0.1 < found["high"]
    assert found["value"] == pytest.approx(0.1, abs=0.03)
    assert found["misfit"] < 0.02


def test_the_sample_is_the_same_whatever_the_order():
    ids = [f"a{i}" for i in range(100)]
    matrix = np.arange(100.0)[:, None]
    whole, pieces = Sample(10), Sample(10)
    whole.add(ids, matrix)
    for at in (50, 0):
        pieces.add(ids[at : at + 50], matrix[at : at + 50])
    assert whole.values.tolist() == pieces.values.tolist()
    assert len(whole.values) == 10
