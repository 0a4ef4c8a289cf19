"""Cores, communities and dense blocks on graphs small enough to draw."""

from __future__ import annotations

from itertools import combinations
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.communities import Edges, clustering, communities, cores, dense_blocks

# A triangle with a tail: 0-1-2, and 2-3-4.
TAILED = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)]


def drawn(pairs, n=None):
    a, b = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    return Edges.of(n or int(max(a.max(), b.max())) + 1, a, b, np.ones(len(a)))


def clique(*members):
    return list(combinations(members, 2))


def acts(pairs):
    return tuple(np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))


def everyone_on_everything(actors, targets):
    return [(a, t) for a in actors for t in targets]


def test_cores_peel_the_tail_and_keep_the_triangle():
    assert cores(drawn(TAILED)).tolist() == [2, 2, 2, 1, 1]


def test_clustering_is_the_share_of_neighbouring_neighbours():
    found = clustering(drawn(TAILED))
    # Of node 2's three pairs of neighbours one is tied; node 4 has one neighbour and no pair.
    assert found[:4] == pytest.approx([1, 1, 1 / 3, 0])
    assert np.isnan(found[4])


def test_nobody_is_in_a_core_without_ties():
    nothing = Edges.of(3, *(np.array([], dtype=np.int64) for _ in range(3)))
    assert cores(nothing).tolist() == [0, 0, 0]
    assert np.isnan(clustering(nothing)).all()
    assert nothing.density() == 0
    assert communities(nothing, 2, 1, 0.1).tolist() == [-1, -1, -1]


def test_two_cliques_that_share_one_tie_are_two_communities():
    graph = drawn([*clique(0, 1, 2, 3, 4, 5), *clique(6, 7, 8, 9, 10), (5, 6), (10, 11)])
    assert communities(graph, least=5, core=3, density=0.5).tolist() == [0] * 6 + [1] * 5 + [-1]


def test_a_ring_is_no_community_however_large():
    ring = drawn([(i, (i + 1) % 40) for i in range(40)])
    assert set(communities(ring, least=5, core=3, density=0.3).tolist()) == {-1}


def test_a_clique_smaller_than_asked_for_is_none():
    assert set(communities(drawn(clique(0, 1, 2, 3)), least=5, core=3, density=0.3).tolist()) == {-1}


def test_a_hanger_on_is_trimmed_off():
    # Node 6 knows one of six: below three ties it is not in the core.
    assert communities(drawn([*clique(0, 1, 2, 3, 4, 5), (0, 6)]), 5, 3, 0.3).tolist() == [0] * 6 + [-1]


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_ties_changes_nothing(random):
    pairs = [*clique(0, 1, 2, 3, 4, 5), *clique(5, 6, 7, 8, 9), *TAILED]
    pairs = sorted(set(pairs))
    usual = communities(drawn(pairs), 4, 2, 0.3)
    mixed = [pair if random.random() < 0.5 else pair[::-1] for pair in random.sample(pairs, len(pairs))]
    assert communities(drawn(mixed), 4, 2, 0.3).tolist() == usual.tolist()


def test_a_block_has_the_density_that_its_definition_gives():
    # Six actors on five targets: an act weighs 1 / ln(6 + 5), and there are 30 for 11 accounts.
    ((actors, targets, density),) = dense_blocks(*acts(everyone_on_everything(range(6), range(5))), 10, 5)
    assert (actors.tolist(), targets.tolist()) == ([*range(6)], [*range(5)])
    assert density == pytest.approx(30 / log(11) / 11)


def test_a_block_is_found_among_honest_acts_and_camouflage():
    dice = np.random.default_rng(3)
    block = everyone_on_everything(range(12), range(8))
    # 600 others act on a crowd of targets, and each member of the block acts on ten targets of the crowd too.
    crowd = [(100 + i, int(t)) for i in range(600) for t in dice.integers(50, 250, 4)]
    hidden = [(i, int(t)) for i in range(12) for t in dice.integers(50, 250, 10)]
    found = dense_blocks(*acts(sorted({*block, *crowd, *hidden})), 1, 5)
    assert found[0][0].tolist() == [*range(12)]
    assert found[0][1].tolist() == [*range(8)]


def test_the_second_block_is_found_when_the_first_is_taken_off():
    first, second = everyone_on_everything(range(9), range(9)), everyone_on_everything(range(20, 26), range(20, 26))
    found = dense_blocks(*acts(first + second), 10, 5)
    assert [b[0].tolist() for b in found] == [[*range(9)], [*range(20, 26)]]
    assert found[0][2] > found[1][2]


def test_too_few_actors_or_targets_are_no_block():
    assert dense_blocks(*acts(everyone_on_everything(range(4), range(30))), 10, 5) == []
    assert dense_blocks(*acts(everyone_on_everything(range(30), range(4))), 10, 5) == []


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 14), st.integers(0, 14)), min_size=1, max_size=120),
    st.randoms(use_true_random=False),
)
def test_what_is_called_a_block_is_one(pairs, random):
    mixed = acts(random.sample(sorted(pairs), len(pairs)))
    found = dense_blocks(*mixed, 3, 2)
    again = dense_blocks(*acts(sorted(pairs)), 3, 2)
    assert [(a.tolist(), t.tolist(), d) for a, t, d in found] == [(a.tolist(), t.tolist(), d) for a, t, d in again]
    degree = np.bincount([t for _, t in pairs], minlength=15)
    if found:
        actors, targets, density = found[0]
        inside = [(a, t) for a, t in pairs if a in actors and t in targets]
        weight = sum(1 / log(degree[t] + 5) for _, t in inside)
        whole = sum(1 / log(degree[t] + 5) for _, t in pairs) / len(
            {*(("a", a) for a, _ in pairs), *(("t", t) for _, t in pairs)}
        )
        assert density == pytest.approx(weight / (len(actors) + len(targets)))
        assert density >= whole - 1e-9
