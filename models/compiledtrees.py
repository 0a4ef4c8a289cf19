"""The booster compiled for this processor: the same raw scores as LightGBM, bit for bit, at several times its rate.

QuickScorer's idea (Lucchese et al. 2015): a tree's leaves are bits, leftmost lowest. Every split that sends a row to
the right clears the bits of its left branch; the lowest bit left is the leaf of the row. No branch is taken, so a split
is judged for many rows by one instruction. A tree of more than 32 leaves is a few words of bits, each judged by the
splits that can clear some of it. Leaves are added up in LightGBM's order, in double precision.

Numba compiles on first use, in about a second; it comes with shap. What it cannot read is refused, and callers ask
LightGBM instead. Threads are ours: Numba's own parallel loops take three times as long to compile.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

BLOCK = 128  # rows whose columns and leaves stay in the first cache
SHARE = 64 * BLOCK  # rows a thread takes at a time
WORD = 32  # leaves judged together: half as many bits as the widest integer are judged twice as fast
FULL = np.uint32(0xFFFFFFFF)
ZERO = float(np.float32(1e-35))  # LightGBM takes what is no larger for zero
MISSING_IS_ZERO = 1  # LightGBM's code; unpump never trains so
WORTH_ROWS = 100_000  # below, compiling takes longer than LightGBM does


class Unreadable(ValueError):  # noqa: N818 - it says what the text is
    """A booster this module cannot compile."""


@dataclass(frozen=True)
class CompiledTrees:
    """Every split of all trees, word by word; the trees of ``classes`` scores take turns.

    ``columns`` are the columns that splits read, those where a missing value goes left apart from those where it goes
    right. One value per split and word it may clear bits of have ``column`` (an index of ``columns``), ``threshold``
    and ``kept`` (the bits that stay when a row goes right); ``leaves`` has one per leaf, from left to right.
    ``trees`` says at which word each tree begins, ``splits`` and ``firsts`` where each word's splits and leaves do.
    """

    features: int
    classes: int
    columns: np.ndarray
    missing_left: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    kept: np.ndarray
    leaves: np.ndarray
    trees: np.ndarray
    splits: np.ndarray
    firsts: np.ndarray

    @classmethod
    def of(cls, text: str) -> CompiledTrees:
        """The trees of a LightGBM model text.

        Raises
        ------
        Unreadable
            With categorical or linear splits, zero as a missing value, or averaged outputs.
        """
        head, *blocks = text.split("end of trees", 1)[0].split("\nTree=")
        facts = _facts(head)
        if "average_output" in head.split():
            raise Unreadable("trees that are averaged")
        trees = [_tree(_facts(block)) for block in blocks]
        words = [word for tree in trees for word in tree.words]
        used, column = np.unique(np.concatenate([_NONE, *(w.of for w in words)]), return_inverse=True)
        sizes = [min(WORD, len(t.leaves) - at) for t in trees for at in range(0, len(t.leaves), WORD)]
        return cls(
            features=int(facts["max_feature_idx"]) + 1,
            classes=int(facts.get("num_tree_per_iteration", "1")),
            columns=used // 2,
            missing_left=(used % 2).astype(np.bool_),
            column=column.astype(np.int64),
            threshold=np.concatenate([np.empty(0), *(w.threshold for w in words)]),
            kept=np.concatenate([np.empty(0, dtype=np.uint32), *(w.kept for w in words)]),
            leaves=np.concatenate([np.empty(0), *(t.leaves for t in trees)]),
            trees=np.cumsum([0, *(len(t.words) for t in trees)]),
            splits=np.cumsum([0, *(len(w.of) for w in words)]),
            firsts=np.cumsum([0, *sizes]),
        )

    @staticmethod
    def compiled() -> None:
        """Compile now what all trees share, so that the first scores need not wait for it."""
        _kernel()

    def raw_scores(self, matrix: np.ndarray, threads: int = 1) -> np.ndarray:
        """Log-odds of shape (n,) for ``matrix`` of shape (n, n_features), float64, NaN where missing.

        With several classes the shape is (n, classes). Rows may stand one after the other or columns may: neither is
        copied. The first call compiles.
        """
        rows = np.asarray(matrix, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.features:
            raise ValueError(f"a matrix of shape {rows.shape} where {self.features} columns are needed")
        found = np.zeros((self.classes, len(rows)))
        score = partial(self._score, _kernel(), rows.T, found)
        starts = range(0, len(rows), SHARE)
        if threads > 1 and len(starts) > 1:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(score, starts))
        else:
            for start in starts:
                score(start)
        return np.asarray(found[0] if self.classes == 1 else found.T)

    def _score(self, kernel: Any, columns: np.ndarray, found: np.ndarray, start: int) -> None:
        """Write the scores of some rows into ``found``; other threads run meanwhile."""
        kernel(
            columns[:, start : start + SHARE],
            found[:, start : start + SHARE],
            self.columns,
            self.missing_left,
            self.column,
            self.threshold,
            self.kept,
            self.leaves,
            self.trees,
            self.splits,
            self.firsts,
        )


def _facts(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.split("\n") if "=" in line)


_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class _Word:
    """The splits that may clear bits of 32 leaves; ``of`` is twice the feature, plus 1 where missing goes left."""

    of: np.ndarray
    threshold: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class _Tree:
    """One tree: its words and the values of its leaves, from left to right."""

    words: list[_Word]
    leaves: np.ndarray


def _tree(facts: dict[str, str]) -> _Tree:
    leaves = int(facts["num_leaves"])
    if facts.get("num_cat", "0") != "0" or facts.get("is_linear", "0") != "0":
        raise Unreadable("a split that is not numeric")
    value = np.array(facts["leaf_value"].split(), dtype=np.float64)
    if leaves == 1:
        return _Tree([_Word(_NONE, np.empty(0), np.empty(0, dtype=np.uint32))], value)
    left, right, feature, kind = (
        np.array(facts[k].split(), dtype=np.int64)
        for k in ("left_child", "right_child", "split_feature", "decision_type")
    )
    threshold = np.array(facts["threshold"].split(), dtype=np.float64)
    missing = (kind >> 2) & 3
    if (kind & 1).any() or (missing == MISSING_IS_ZERO).any():
        raise Unreadable("a split that is not numeric, or takes zero for missing")
    # Where training saw no missing value LightGBM takes one for zero.
    goes_left = np.where(missing == 2, (kind & 2) > 0, threshold >= 0)
    order, below = _from_left_to_right(left, right)
    words = []
    for at in range(0, leaves, WORD):
        cleared = np.array([(bits >> at) & int(FULL) for bits in below], dtype=np.uint32)
        touching = np.flatnonzero(cleared)
        words.append(_Word((feature * 2 + goes_left)[touching], threshold[touching], FULL ^ cleared[touching]))
    return _Tree(words, value[order])


def _from_left_to_right(left: np.ndarray, right: np.ndarray) -> tuple[list[int], list[int]]:
    """Leaves in the order they hang, and the bits of the leaves below each split's left branch."""
    order: list[int] = []
    bits: dict[int, int] = {}
    below = [0] * len(left)
    waiting = [(0, False)]
    while waiting:
        node, seen = waiting.pop()
        if node < 0:
            bits[node] = 1 << len(order)
            order.append(~node)
        elif seen:
            below[node] = bits[int(left[node])]
            bits[node] = below[node] | bits[int(right[node])]
        else:
            waiting += [(node, True), (int(right[node]), False), (int(left[node]), False)]
    return order, below


# Values lie in any order of memory, so that one compilation serves matrices by row and by column.
SIGNATURE = (
    "void(float64[:, :], float64[:, :], int64[::1], boolean[::1], int64[::1], float64[::1], uint32[::1], float64[::1], "
    "int64[::1], int64[::1], int64[::1])"
)


@cache
def _kernel() -> Any:
    import numba

    @numba.njit(inline="always")
    def lowest(bits: Any) -> Any:
        place = 0
        if bits & 0xFFFF == 0:
            bits >>= 16
            place += 16
        if bits & 0xFF == 0:
            bits >>= 8
            place += 8
        if bits & 0xF == 0:
            bits >>= 4
            place += 4
        if bits & 3 == 0:
            bits >>= 2
            place += 2
        return place + (bits & 1 == 0)

    @numba.njit(SIGNATURE, nogil=True)
    def score(x, out, columns, missing_left, column, threshold, kept, leaves, trees, splits, firsts):  # type: ignore[no-untyped-def]
        classes, n = out.shape
        near = np.zeros((len(columns), BLOCK))
        left = np.empty(BLOCK, dtype=np.uint32)
        found = np.empty(BLOCK, dtype=np.bool_)
        for low in range(0, n, BLOCK):
            here = min(n - low, BLOCK)
            totals = np.zeros((classes, BLOCK))
            for c in range(len(columns)):
                for r in range(here):
                    value = x[columns[c], low + r]
                    if abs(value) <= ZERO:
                        value = 0.0
                    # Not a number is never below a threshold, so it goes right of itself.
                    near[c, r] = -np.inf if missing_left[c] and value != value else value
            for t in range(len(trees) - 1):
                total = totals[t % classes]
                several = trees[t + 1] - trees[t] > 1
                if several:
                    found[:] = False
                for w in range(trees[t], trees[t + 1]):
                    left[:] = FULL
                    for i in range(splits[w], splits[w + 1]):
                        values, limit, mask = near[column[i]], threshold[i], kept[i]
                        for r in range(BLOCK):
                            left[r] &= FULL if values[r] <= limit else mask
                    first = firsts[w]
                    if not several:
                        for r in range(BLOCK):
                            total[r] += leaves[first + lowest(left[r])]
                        continue
                    # A row's leaf is in the first word that has a bit left. The last word has bits beyond the tree's
                    # leaves, which stay for every row; by then every row has found its leaf or finds it here.
                    for r in range(BLOCK):
                        if not found[r] and left[r] != 0:
                            total[r] += leaves[first + lowest(left[r])]
                            found[r] = True
            for k in range(classes):
                for r in range(here):
                    out[k, low + r] = totals[k, r]

    return score
