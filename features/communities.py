"""Algorithms on graphs in arrays: cores, communities that are dense, and dense blocks of who acts on whom.

Edges are arrays of whole numbers below ``n``, each undirected edge once. Results depend on the edges only, not on
their order: edges are sorted first, one thread works, and seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SEED = 0
SPLIT_AT = 8  # members; smaller communities are left whole however sparse
DEEPEST = 6  # times a sparse community is split again
ALONE = -1


@dataclass(frozen=True)
class Edges:
    """An undirected weighted graph on ``n`` nodes, edges sorted, ``a`` < ``b``."""

    n: int
    a: Array
    b: Array
    weight: Array

    @classmethod
    def of(cls, n: int, a: Array, b: Array, weight: Array) -> Edges:
        """Edges in one order, whatever order they came in."""
        low, high = np.minimum(a, b), np.maximum(a, b)
        order = np.lexsort((high, low))
        return cls(n, low[order], high[order], weight[order].astype(np.float64))

    def degree(self) -> Array:
        """Number of edges of each node."""
        return np.bincount(self.a, minlength=self.n) + np.bincount(self.b, minlength=self.n)

    def among(self, chosen: Array) -> Edges:
        """Edges between the nodes that ``chosen`` (bool per node) marks, renumbered from 0 in their order."""
        kept = chosen[self.a] & chosen[self.b]
        number = np.cumsum(chosen) - 1
        return Edges(int(chosen.sum()), number[self.a[kept]], number[self.b[kept]], self.weight[kept])


@contextmanager
def _one_thread() -> Iterator[Any]:
    """Networkit with one thread and a fixed seed; the threads of others are as before afterwards."""
    import networkit

    before = networkit.getMaxNumberOfThreads()
    networkit.setNumberOfThreads(1)
    networkit.setSeed(SEED, False)
    try:
        yield networkit
    finally:
        networkit.setNumberOfThreads(before)


def _graph(networkit: Any, edges: Edges) -> Any:
    return networkit.GraphFromCoo((edges.weight, (edges.a, edges.b)), n=edges.n, weighted=True, directed=False)


def cores(edges: Edges) -> Array:
    """For each node the largest k such that it is in a subgraph where all have at least k neighbours."""
    if not len(edges.a):
        return np.zeros(edges.n, dtype=np.int64)
    with _one_thread() as networkit:
        found = networkit.centrality.CoreDecomposition(_graph(networkit, edges)).run()
        return np.asarray(found.scores(), dtype=np.int64)


def clustering(edges: Edges) -> Array:
    """For each node the share of pairs of its neighbours that are neighbours; nan with fewer than two."""
    if not len(edges.a):
        return np.full(edges.n, np.nan)
    with _one_thread() as networkit:
        found = networkit.centrality.LocalClusteringCoefficient(_graph(networkit, edges), turbo=True).run()
        scores = np.asarray(found.scores(), dtype=np.float64)
    return np.where(edges.degree() >= 2, scores, np.nan)


def communities(edges: Edges, least: int, density: float) -> Array:
    """Dense communities: Louvain with refinement, split again while sparse; -1 for nodes in none.

    Parameters
    ----------
    edges : the graph
    least : int, members below which it is no community
    density : float, share of possible edges below which it is none

    Returns
    -------
    int64 of shape (n,), communities numbered from 0 by their first member
    """
    label = np.full(edges.n, ALONE, dtype=np.int64)
    waiting = [(np.flatnonzero(edges.degree() > 0), edges.among(edges.degree() > 0), 0)]
    found = 0
    while waiting:
        nodes, part, depth = waiting.pop()
        if not len(part.a):
            continue
        with _one_thread() as networkit:
            split = networkit.community.PLM(_graph(networkit, part), refine=True).run()
            member = np.asarray(split.getPartition().getVector(), dtype=np.int64)
        for one in np.unique(member):
            inside = member == one
            size = int(inside.sum())
            if size < least:
                continue
            own = part.among(inside)
            dense = len(own.a) / (size * (size - 1) / 2)
            whole = size == len(nodes)
            if dense < max(density, 0.3) and size > SPLIT_AT and depth < DEEPEST and not whole:
                waiting.append((nodes[inside], own, depth + 1))
            elif dense >= density:
                label[nodes[inside]] = found
                found += 1
    return _by_first_member(label)


def _by_first_member(label: Array) -> Array:
    """Communities renumbered from 0 in the order of their first members."""
    inside = np.flatnonzero(label >= 0)
    names, first = np.unique(label[inside], return_index=True)
    number = np.empty(len(names), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(names))
    result = np.full(len(label), ALONE, dtype=np.int64)
    result[inside] = number[np.searchsorted(names, label[inside])]
    return result


def dense_blocks(actor: Array, target: Array, most: int, least: int) -> list[tuple[Array, Array, float]]:
    """Blocks of actors who act on the same targets, densest first, as FRAUDAR finds them.

    Each act on a target weighs 1 / ln(degree of the target + 5), so that camouflage on popular targets counts little.
    Nodes are peeled off in rounds, all those below 1.1 times the mean at once, which reaches 1 / 2.2 of the densest
    block in a number of rounds that grows with the logarithm of the nodes (Bahmani et al. 2012); it is also what a
    cluster would do, with a join per round.

    Parameters
    ----------
    actor, target : whole numbers from 0, one act a row, each pair once
    most : int, blocks
    least : int, actors and targets below which a block is none

    Returns
    -------
    list of (actors, targets, density), density being weight per node of the block
    """
    blocks: list[tuple[Array, Array, float]] = []
    order = np.lexsort((target, actor))
    actor, target = actor[order], target[order]
    weight = 1 / np.log(np.bincount(target)[target] + 5)
    while len(blocks) < most and len(actor):
        actors, targets, density = _peel(actor, target, weight)
        if len(actors) < least or len(targets) < least:
            break
        blocks.append((actors, targets, density))
        inside = np.isin(actor, actors) & np.isin(target, targets)
        actor, target, weight = actor[~inside], target[~inside], weight[~inside]
    return blocks


def _peel(actor: Array, target: Array, weight: Array) -> tuple[Array, Array, float]:
    """The densest subgraph met on the way when light nodes are taken off in rounds."""
    n_actors, n_targets = int(actor.max()) + 1, int(target.max()) + 1
    round_of = (np.zeros(n_actors, dtype=np.int32), np.zeros(n_targets, dtype=np.int32))
    best, best_round, now = -1.0, 0, 0
    while len(actor):
        now += 1
        by_actor = np.bincount(actor, weight, n_actors)
        by_target = np.bincount(target, weight, n_targets)
        alive = int((by_actor > 0).sum() + (by_target > 0).sum())
        density = float(weight.sum()) / alive
        if density > best:
            best, best_round = density, now
        stays = (by_actor > 1.1 * density, by_target > 1.1 * density)
        for keep, rounds in zip(stays, round_of, strict=True):
            rounds[keep] = now
        kept = stays[0][actor] & stays[1][target]
        actor, target, weight = actor[kept], target[kept], weight[kept]
    # Who was still there when the densest round began stayed through the round before it.
    there = [np.flatnonzero(rounds >= best_round - 1) for rounds in round_of]
    if best_round == 1:
        there = [np.arange(n_actors), np.arange(n_targets)]
    return there[0], there[1], best
