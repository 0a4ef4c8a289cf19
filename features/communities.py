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
SPARSE = 0.3  # of possible ties; a sparser community may be several
DIVIDED = 0.3  # modularity from which on a graph is said to have communities (Newman and Girvan 2004)
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

    def density(self) -> float:
        """Share of possible edges that are there; 0 below two nodes."""
        return len(self.a) / (self.n * (self.n - 1) / 2) if self.n > 1 else 0.0

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


def communities(edges: Edges, least: int, core: int, density: float) -> Array:
    """Dense communities: Louvain with refinement, split again while sparse and clearly divided, then trimmed.

    Parameters
    ----------
    edges : the graph
    least : int, members below which it is no community
    core : int, ties each member must have inside, at least
    density : float, share of possible ties that must be there

    Returns
    -------
    int64 of shape (n,), communities numbered from 0 by their first member; -1 for nodes in none
    """
    label = np.full(edges.n, ALONE, dtype=np.int64)
    found = 0
    waiting = [(*_core(np.arange(edges.n), edges, core), 0)]
    while waiting:
        nodes, part, depth = waiting.pop()
        if len(nodes) < least:
            continue
        with _one_thread() as networkit:
            graph = _graph(networkit, part)
            split = networkit.community.PLM(graph, refine=True).run().getPartition()
            divided = networkit.community.Modularity().getQuality(split, graph) >= DIVIDED
            member = np.asarray(split.getVector(), dtype=np.int64)
        if not divided:
            member = np.zeros(len(nodes), dtype=np.int64)
        for one in np.unique(member):
            inside, own = _core(nodes[member == one], part.among(member == one), core)
            if divided and own.density() < SPARSE and depth < DEEPEST:
                waiting.append((inside, own, depth + 1))
                continue
            while len(inside) >= least and own.density() < density:
                inside, own = _core(inside, own, int(own.degree().min()) + 1)
            if len(inside) >= least:
                label[inside] = found
                found += 1
    return _by_first_member(label)


def _core(nodes: Array, edges: Edges, least: int) -> tuple[Array, Edges]:
    """Those of ``nodes`` in the core of ``least`` ties, and the edges among them."""
    kept = cores(edges) >= least
    return nodes[kept], edges.among(kept)


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
    FRAUDAR takes off the lightest node, one at a time. Here all nodes lighter than the density go at once, and at least
    a tenth of those left: none of the former is in a block denser than what is left (Bahmani et al. 2012), and the
    rounds grow with the logarithm of the nodes. A cluster would do the same with a join per round.

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
    last_round = (np.zeros(n_actors, dtype=np.int32), np.zeros(n_targets, dtype=np.int32))  # in which it had an act
    best, best_round, now = -1.0, 0, 0
    while len(actor):
        now += 1
        by_actor = np.bincount(actor, weight, n_actors)
        by_target = np.bincount(target, weight, n_targets)
        alive = int((by_actor > 0).sum() + (by_target > 0).sum())
        density = float(weight.sum()) / alive
        if density > best:
            best, best_round = density, now
        there = np.concatenate([by_actor[by_actor > 0], by_target[by_target > 0]])
        least = max(density, float(np.partition(there, len(there) // 10)[len(there) // 10]))
        for weights, rounds in zip((by_actor, by_target), last_round, strict=True):
            rounds[weights > 0] = now
        kept = (by_actor > least)[actor] & (by_target > least)[target]
        actor, target, weight = actor[kept], target[kept], weight[kept]
    actors, targets = (np.flatnonzero(rounds >= best_round) for rounds in last_round)
    return actors, targets, best
