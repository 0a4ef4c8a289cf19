"""Relations that are no SQL: circles of mutual ties, groups that act together, and dense blocks.

Each is a pure function of Arrow tables. They hold one graph of one common moment in memory at a time: 16 bytes an edge
and 100 bytes a node, a hundred million edges on a machine with 8 GB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.communities import Array, Edges, clustering, communities, cores, dense_blocks
from features.declare import graph

LEAST_MEMBERS = 5
LEAST_TIES = 3  # of each member inside its group
CIRCLE_DENSITY = 0.3  # of possible mutual ties; friends of friends are sparser
GROUP_DENSITY = 0.15  # of possible ties of acting together
BLOCKS = 10
LEAST_BLOCK = 5  # actors, and targets
BLOCK_FALLOFF = 0.25  # a block less dense than this share of the first is the crowd


@graph(
    moment="int32",
    account="int32",
    mutuals="int64",
    core="int64",
    clustering="float64",
    circle="int64",
    size="int64",
    density="float64",
)
def circles(exchanges: pa.Table) -> pa.Table:
    """Mutual ties of each account, its core number, and the community of the mutual graph it belongs to (-1: none)."""

    def one(edges: Edges) -> dict[str, Array]:
        label = communities(edges, LEAST_MEMBERS, LEAST_TIES, CIRCLE_DENSITY)
        found = {"mutuals": edges.degree(), "core": cores(edges), "clustering": clustering(edges), "circle": label}
        return found | _of_group(edges, label)

    return _per_moment(exchanges, "weight", one, circles_schema())


@graph(moment="int32", account="int32", together="int64", size="int64", density="float64", inside="int64")
def groups_together(partners: pa.Table) -> pa.Table:
    """The group of accounts with which each account acts together (-1: none), its size, density and ties inside."""

    def one(edges: Edges) -> dict[str, Array]:
        label = communities(edges, LEAST_MEMBERS, LEAST_TIES, GROUP_DENSITY)
        same = (label[edges.a] == label[edges.b]) & (label[edges.a] >= 0)
        inside = np.bincount(np.concatenate([edges.a[same], edges.b[same]]), minlength=edges.n)
        return {"together": label, "inside": inside} | _of_group(edges, label)

    return _per_moment(partners, "surprise", one, groups_schema())


@graph(moment="int32", account="int32", block="int32", density="float64", acts="bool")
def blocks(firm_ties: pa.Table) -> pa.Table:
    """Members of the densest blocks of actors and targets, by FRAUDAR's measure; ``acts`` tells actors from targets."""
    parts = []
    for moment, rows in _moments(firm_ties):
        accounts, codes = np.unique(np.concatenate([rows["actor"], rows["target"]]), return_inverse=True)
        actor, target = np.split(codes.astype(np.int32), 2)
        found = dense_blocks(actor, target, BLOCKS, LEAST_BLOCK)
        for number, (actors, targets, density) in enumerate(found):
            if density < BLOCK_FALLOFF * found[0][2]:
                break
            for members, acts in ((actors, True), (targets, False)):
                parts.append(
                    pa.table(
                        {
                            "moment": np.full(len(members), moment, dtype=np.int32),
                            "account": accounts[members].astype(np.int32),
                            "block": np.full(len(members), number, dtype=np.int32),
                            "density": np.full(len(members), density),
                            "acts": np.full(len(members), acts),
                        }
                    )
                )
    kinds = [pa.int32(), pa.int32(), pa.int32(), pa.float64(), pa.bool_()]
    schema = pa.schema(list(zip(("moment", "account", "block", "density", "acts"), kinds, strict=True)))
    return pa.concat_tables([schema.empty_table(), *parts])


def circles_schema() -> pa.Schema:
    """Columns of ``circles``."""
    return _schema({"mutuals": "i", "core": "i", "clustering": "f", "circle": "i", "size": "i", "density": "f"})


def groups_schema() -> pa.Schema:
    """Columns of ``groups_together``."""
    return _schema({"together": "i", "size": "i", "density": "f", "inside": "i"})


def _schema(columns: Mapping[str, str]) -> pa.Schema:
    kinds = {"i": pa.int64(), "f": pa.float64()}
    head = [("moment", pa.int32()), ("account", pa.int32())]
    return pa.schema([*head, *((name, kinds[kind]) for name, kind in columns.items())])


def _moments(rows: pa.Table) -> Iterator[tuple[int, dict[str, Array]]]:
    """The rows of each common moment, as arrays."""
    for moment in sorted(pc.unique(rows["moment"]).to_pylist()):
        one = rows.filter(pc.equal(rows["moment"], moment))
        yield moment, {name: one[name].to_numpy() for name in one.column_names}


def _per_moment(
    rows: pa.Table, weight: str, measure: Callable[[Edges], dict[str, Array]], schema: pa.Schema
) -> pa.Table:
    """``measure`` of the graph of each common moment, a row per account with a tie."""
    parts = [schema.empty_table()]
    for moment, ties in _moments(rows):
        accounts, codes = np.unique(np.concatenate([ties["a"], ties["b"]]), return_inverse=True)
        a, b = np.split(codes, 2)
        found = measure(Edges.of(len(accounts), a, b, ties[weight]))
        columns: dict[str, Any] = {"moment": np.full(len(accounts), moment), "account": accounts} | found
        parts.append(
            pa.table([pa.array(columns[f.name], from_pandas=True).cast(f.type) for f in schema], schema=schema)
        )
    return pa.concat_tables(parts)


def _of_group(edges: Edges, label: Array) -> dict[str, Array]:
    """Size and density of the group of each node; 0 outside groups."""
    groups = int(label.max(initial=-1)) + 1
    size = np.bincount(label[label >= 0], minlength=groups)
    same = (label[edges.a] == label[edges.b]) & (label[edges.a] >= 0)
    inside = np.bincount(label[edges.a[same]], minlength=groups)
    density = inside / np.maximum(size * (size - 1) / 2, 1)
    grouped = label >= 0
    return {
        "size": np.where(grouped, np.append(size, 0)[label], 0),
        "density": np.where(grouped, np.append(density, 0.0)[label], 0.0),
    }
