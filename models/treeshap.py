"""SHAP values in bulk: woodelf's algorithm in double precision, many times faster than LightGBM's own on large batches.

woodelf sums in single precision, which misses LightGBM's raw score by some 1e-5. One overridden method keeps double
precision and agrees with LightGBM within 1e-13. Callers check the result all the same (``models.contributions``),
because this leans on woodelf's inner parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import lightgbm as lgb


class BulkTrees:
    """The trees of a booster, read once and used for every batch.

    Raises
    ------
    ImportError, AttributeError, TypeError, ValueError
        When woodelf is absent, has changed, or cannot read the booster (categorical splits).
    """

    def __init__(self, booster: lgb.Booster) -> None:
        from woodelf.core.trees.parse_models import load_decision_tree_ensemble_model

        self.columns = booster.num_feature()
        self.trees = load_decision_tree_ensemble_model(booster, list(range(self.columns)))

    def values(self, matrix: np.ndarray) -> np.ndarray:
        """SHAP values of shape (n_rows, n_features), log-odds, for ``matrix`` of the same shape; NaN is missing."""
        import pandas as pd
        from woodelf.core.cube_metric import ShapleyValues
        from woodelf.woodelf_sparse import sparse_path_dependent_single_tree

        # Each tree reads a few columns: column order in memory makes that one stretch each.
        rows = pd.DataFrame(np.asfortranarray(matrix), columns=range(self.columns), copy=False)
        paths = _double_precision()(ShapleyValues(), max(1, min(self.trees.max_depth, self.columns)))
        found: dict[int, np.ndarray] = {}
        for tree in self.trees.trees:
            sparse_path_dependent_single_tree(tree, rows, found, paths, False, True)
        out = np.zeros(matrix.shape)
        for column, sums in found.items():
            out[:, column] = sums
        return out


def _double_precision() -> Any:
    from woodelf.core.path_to_s_vectors.lts_recursive_p2s import LTSRecursivePathToSVectors

    class DoublePrecision(LTSRecursivePathToSVectors):
        def get_path_dependent_s_matrix(
            self,
            features_in_path: list[int],
            consumer_patterns: np.ndarray,
            covers: np.ndarray,
            w: float,
            w_neighbor: float | None = None,
        ) -> Mapping[int, np.ndarray]:
            if not features_in_path:
                return {}
            table = self._get_s_matrix(covers, consumer_patterns, w, w_neighbor)
            return {feature: table[:, i] for i, feature in enumerate(features_in_path)}

    return DoublePrecision
