"""Exact SHAP values in bulk beside shap.TreeExplainer and LightGBM's own, in one run on the same matrix.

``python -m benchmarks.contributions`` prints a table; ``--rows``, ``--trees``, ``--leaves`` and ``--features`` change
its size. Every way is checked: base plus contributions must be LightGBM's raw score, and all ways must agree.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.contributions import in_batches


@dataclass(frozen=True)
class Trees:
    """A booster, as ``models.contributions`` wants it."""

    booster: Any


def matrix(rows: int, features: int, seed: int) -> np.ndarray:
    """Accounts of heavy-tailed counts, shares and flags, a tenth of the values missing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    third = features // 3
    x[:, :third] = np.round(np.exp(2 * x[:, :third] + 3))
    x[:, third : 2 * third] = 1 / (1 + np.exp(-x[:, third : 2 * third]))
    x[:, -5:] = x[:, -5:] > 0
    x[rng.random(x.shape) < 0.1] = np.nan
    return x


def train(options: argparse.Namespace) -> Trees:
    """A booster of the size asked for, on 20,000 made-up accounts."""
    import lightgbm as lgb

    x = matrix(20_000, options.features, seed=1)
    known = np.nan_to_num(x)
    half = options.features // 2
    score = np.log1p(known[:, 0]) - 2 * known[:, half] + known[:, -1] * known[:, -2] + 0.5 * np.sin(known[:, half + 1])
    y = score + np.random.default_rng(2).normal(size=len(x)) > np.median(score)
    told = {
        "objective": "binary",
        "num_leaves": options.leaves,
        "learning_rate": 0.03,
        "verbose": -1,
        "num_threads": options.threads,
        "deterministic": True,
        "force_row_wise": True,
        "feature_fraction": 0.6,
    }
    return Trees(lgb.train(told, lgb.Dataset(x, y), options.trees))


def ours(model: Trees, x: np.ndarray) -> np.ndarray:
    """Base and contributions as unpump computes them, piece by piece."""
    return np.vstack([np.column_stack([b.values, np.full(len(b.raw), b.base)]) for b in in_batches(model, x)])


def explainer(model: Trees, x: np.ndarray) -> np.ndarray:
    """The same by shap.TreeExplainer."""
    import shap

    tree = shap.TreeExplainer(model.booster)
    values = tree.shap_values(x)
    values = values[-1] if isinstance(values, list) else values
    base = float(np.ravel(tree.expected_value)[-1])
    return np.column_stack([values, np.full(len(x), base)])


def lightgbm(model: Trees, x: np.ndarray) -> np.ndarray:
    """The same by LightGBM's pred_contrib."""
    return np.asarray(model.booster.predict(x, pred_contrib=True))


def main() -> None:
    """Time the three ways and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 100_000), ("trees", 300), ("leaves", 31), ("features", 80), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    import shap  # noqa: F401 - loading it is not what is measured

    model, x = train(options), matrix(options.rows, options.features, seed=3)
    ours(model, matrix(5000, options.features, seed=4))  # so are first calls
    raw = model.booster.predict(x, raw_score=True)
    ways: dict[str, Callable[[Trees, np.ndarray], np.ndarray]] = {
        "unpump": ours,
        "shap.TreeExplainer": explainer,
        "LightGBM pred_contrib": lightgbm,
    }
    print(f"{options.rows:,} rows, {options.trees} trees of {options.leaves} leaves, {options.features} features")
    print(f"{'':<24}{'seconds':>9}{'rows/s':>10}{'times':>8}{'worst sum':>12}{'differs by':>12}{'peak GB':>9}")
    took: dict[str, float] = {}
    first: np.ndarray | None = None
    for name, way in ways.items():
        start = time.perf_counter()
        found = way(model, x)
        took[name] = time.perf_counter() - start
        wrong = np.abs(found.sum(axis=1) - raw).max()
        first = found if first is None else first
        apart = np.abs(found - first).max()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        times = took[name] / took["unpump"]
        rate = options.rows / took[name]
        print(f"{name:<24}{took[name]:>9.1f}{rate:>10,.0f}{times:>8.1f}{wrong:>12.1e}{apart:>12.1e}{peak:>9.2f}")
        if wrong > 1e-6:
            raise SystemExit(f"{name} misses the raw score by {wrong:.1e}")


if __name__ == "__main__":
    main()
