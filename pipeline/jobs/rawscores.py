"""Raw scores of many accounts: by LightGBM, or by trees compiled for this processor where that pays."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from models.bundle import Model

log = logging.getLogger(__name__)
SAMPLE = 256  # rows of a slice whose compiled scores are compared with LightGBM's


@dataclass(frozen=True)
class RawScores:
    """Two ways to the same numbers, to the last bit.

    ``bot`` gives the raw scores of a matrix of shape (n, f), ``kinds`` those of the kinds, shape (n, k); None where the
    model tells none. ``by_column`` says in which order of memory a matrix is read without a copy.
    """

    bot: Callable[[np.ndarray], np.ndarray]
    kinds: Callable[[np.ndarray], np.ndarray] | None
    by_column: bool

    @classmethod
    def lightgbm(cls, model: Model, threads: int = 0) -> RawScores:
        """LightGBM's own, on so many threads (0: as many as there are)."""
        kinds = partial(model.kinds.raw_scores, threads=threads) if model.kinds else None
        return cls(partial(model.raw_scores, threads=threads), kinds, by_column=False)


def raw_scores(model: Model, rows: int, compiled: Literal["auto", "always", "never"], threads: int) -> RawScores:
    """The fast way where it pays for ``rows`` accounts and ``compiled`` allows it, else LightGBM's.

    Each matrix is scored on ``threads`` threads; several may be at once.
    """
    from models.compiledtrees import WORTH_ROWS, CompiledTrees, Unreadable

    plain = RawScores.lightgbm(model, threads)
    if compiled == "never" or (compiled == "auto" and rows < WORTH_ROWS):
        return plain
    try:
        one = CompiledTrees.of(model.booster_text)
        many = CompiledTrees.of(model.kinds.text) if model.kinds else None
        CompiledTrees.compiled()  # once, before several threads ask for it
    except (ImportError, Unreadable):
        return plain

    def fast(trees: CompiledTrees) -> Callable[[np.ndarray], np.ndarray]:
        return lambda matrix: trees.raw_scores(matrix, threads)

    kinds = _checked(fast(many), plain.kinds) if many and plain.kinds else None
    return RawScores(_checked(fast(one), plain.bot), kinds, by_column=True)


def _checked(
    fast: Callable[[np.ndarray], np.ndarray], known: Callable[[np.ndarray], np.ndarray]
) -> Callable[[np.ndarray], np.ndarray]:
    """``fast``, of which a sample of every matrix is compared with what is known to be right."""

    def scores(matrix: np.ndarray) -> np.ndarray:
        found = fast(matrix)
        if np.array_equal(found[:SAMPLE], known(matrix[:SAMPLE])):
            return found
        log.warning("scored by LightGBM: compiled trees differ from it here")
        return known(matrix)

    return scores
