"""Raw scores of many accounts: by LightGBM, or by trees compiled for this processor where that pays."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.settings import Params

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
    def lightgbm(cls, model: Model) -> RawScores:
        """LightGBM's own."""
        return cls(model.raw_scores, model.kinds.raw_scores if model.kinds else None, by_column=False)


def raw_scores(model: Model, rows: int, params: Params) -> RawScores:
    """The fast way where it pays for ``rows`` accounts and the settings allow it, else LightGBM's."""
    from models.compiledtrees import WORTH_ROWS, CompiledTrees, Unreadable

    plain = RawScores.lightgbm(model)
    if params.score.compiled == "never" or (params.score.compiled == "auto" and rows < WORTH_ROWS):
        return plain
    threads = params.featurize.threads
    try:
        one = CompiledTrees.of(model.booster_text)
        many = CompiledTrees.of(model.kinds.text) if model.kinds else None
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
