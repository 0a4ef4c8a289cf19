"""Circles, groups and blocks: one graph of each common moment, told by account numbers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from features.graphs import BLOCK_FALLOFF, blocks, circles, circles_schema, groups_schema, groups_together

POD = [(100 + a, 100 + b) for a, b in combinations(range(6), 2)]
FAMILY = [(200 + a, 200 + b) for a, b in combinations(range(3), 2)]


def exchanged(*pairs, moment=0, weight=2):
    a, b = zip(*pairs, strict=True)
    return pa.table(
        {
            "moment": pa.array([moment] * len(pairs), pa.int32()),
            "a": pa.array(a, pa.int32()),
            "b": pa.array(b, pa.int32()),
            "weight": pa.array([weight] * len(pairs), pa.int32()),
            "surprise": pa.array([5.0] * len(pairs), pa.float64()),
        }
    )


def by_account(table):
    return {row["account"]: row for row in table.to_pylist()}


def test_a_pod_is_a_circle_and_three_friends_are_not():
    found = by_account(circles(exchanged(*POD, *FAMILY, (105, 200))))
    member, friend = found[101], found[201]
    assert (member["circle"], member["size"], member["density"]) == (0, 6, 1)
    assert (member["mutuals"], member["core"], member["clustering"]) == (5, 5, 1)
    assert (friend["circle"], friend["size"], friend["density"]) == (-1, 0, 0)
    assert (friend["mutuals"], friend["core"]) == (2, 2)
    # 105 knows the pod and 200: of its 15 pairs of neighbours 10 are tied.
    assert found[105]["clustering"] == pytest.approx(10 / 15)


def test_two_pods_with_a_common_member_are_two_circles():
    # 105 is in both; it is put into one of them.
    other = [(a, b) for a, b in combinations([105, *range(300, 306)], 2)]
    found = by_account(circles(exchanged(*POD, *other)))
    assert {found[a]["circle"] for a in range(100, 105)} == {0}
    assert {found[a]["circle"] for a in range(300, 306)} == {1}
    assert found[105]["circle"] in (0, 1)


def test_ties_inside_a_group_are_counted_apart_from_all_ties():
    found = by_account(groups_together(exchanged(*POD, (100, 200), (100, 201))))
    assert (found[100]["together"], found[100]["inside"], found[100]["size"]) == (0, 5, 6)
    assert (found[200]["together"], found[200]["inside"]) == (-1, 0)


def test_each_common_moment_has_a_graph_of_its_own():
    early, late = exchanged(*POD[:3], moment=0), exchanged(*POD, moment=1)
    both = circles(pa.concat_tables([early, late]))
    apart = pa.concat_tables([circles(early), circles(late)])
    assert both.equals(apart)
    assert set(both["moment"].to_pylist()) == {0, 1}


@pytest.mark.parametrize(
    ("compute", "schema"), [(circles, circles_schema()), (groups_together, groups_schema())], ids=["circles", "groups"]
)
def test_no_ties_give_no_rows_with_the_same_columns(compute, schema):
    found = compute(exchanged((1, 2)).slice(0, 0))
    assert found.num_rows == 0
    assert found.schema == schema


def firm(*pairs, moment=0):
    actor, target = zip(*pairs, strict=True)
    columns = {"moment": [moment] * len(pairs), "actor": actor, "target": target}
    return pa.table({name: pa.array(values, pa.int32()) for name, values in columns.items()})


def test_members_of_a_block_act_or_are_acted_on():
    table = blocks(firm(*((a, t) for a in range(10, 16) for t in range(50, 55))))
    rows = table.to_pylist()
    assert {r["account"] for r in rows if r["acts"]} == set(range(10, 16))
    assert {r["account"] for r in rows if not r["acts"]} == set(range(50, 55))
    assert {r["block"] for r in rows} == {0}


def test_a_block_much_less_dense_than_the_first_is_the_crowd():
    dense = [(a, t) for a in range(40) for t in range(100, 140)]
    # Each of these acts on two of 400 targets: the density of a tree.
    loose = [(1000 + i, 2000 + (i + k) % 400) for i in range(400) for k in (0, 1)]
    table = blocks(firm(*dense, *loose))
    density = {r["block"]: r["density"] for r in table.to_pylist()}
    assert density[0] == pytest.approx(1600 / np.log(45) / 80)
    assert all(d >= BLOCK_FALLOFF * density[0] for d in density.values())
    assert {r["account"] for r in table.to_pylist()} == {*range(40), *range(100, 140)}
