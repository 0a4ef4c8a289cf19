"""SHAP's own plots, drawn by the shap library: beeswarm of all features, waterfall of one account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from review.svg import INK, drawing, label, to_svg

HIDDEN = "features not shown"


def beeswarm(
    base: float, values: np.ndarray, data: np.ndarray, names: Sequence[str], *, most: int = 20, seed: int = 0
) -> bytes:
    """SHAP's beeswarm plot as SVG: one dot an account and feature, placed by contribution, coloured by value.

    Parameters
    ----------
    base : float, log-odds before anything is known
    values : ndarray of shape (n_accounts, n_features), contributions in log-odds
    data : ndarray of the same shape, feature values, NaN where missing (grey dots)
    names : feature names
    most : int, features drawn; the rest is summed up in the last row
    seed : int, of the order in which dots are drawn
    """
    import shap

    explained = shap.Explanation(
        values=np.asarray(values, dtype=np.float64),
        base_values=np.full(len(values), base),
        data=np.where(np.isfinite(data), data, np.nan),
        feature_names=[label(n) for n in names],
    )
    with drawing() as plt, _seeded(seed):
        figure = plt.figure()
        shap.plots.beeswarm(explained, max_display=min(most, len(names)), show=False, axis_color=INK)
        figure.axes[0].set_xlabel("contribution to the score (log-odds; right: towards bot)", fontsize=11)
        return to_svg(figure)


def waterfall(
    base: float,
    values: np.ndarray,
    data: np.ndarray,
    names: Sequence[str],
    *,
    suppressed: Sequence[bool] | None = None,
    most: int = 10,
) -> bytes:
    """SHAP's waterfall plot of one account as SVG.

    Parameters
    ----------
    base : float, log-odds before anything is known
    values, data : ndarrays of shape (n_features,), contributions in log-odds and feature values
    names : feature names
    suppressed : whether each feature must not be named; such features are summed up in one bar
    most : int, bars drawn; the rest is summed up in the last
    """
    import shap

    hidden = np.zeros(len(names), dtype=bool) if suppressed is None else np.asarray(suppressed, dtype=bool)
    shown = [label(n) for n, h in zip(names, hidden, strict=True) if not h]
    pushes, seen = np.asarray(values)[~hidden], [_shown(v) for v in np.asarray(data, dtype=np.float64)[~hidden]]
    if hidden.any():
        pushes = np.append(pushes, np.asarray(values)[hidden].sum())
        shown, seen = [*shown, HIDDEN], [*seen, "·"]
    explained = shap.Explanation(
        values=pushes, base_values=base, data=np.array(seen, dtype=object), feature_names=shown
    )
    with drawing() as plt:
        figure = plt.figure()
        shap.plots.waterfall(explained, max_display=most, show=False)
        figure.axes[0].grid(False)
        for axes in figure.axes:
            axes.tick_params(labelsize=11)
        return to_svg(figure)


def _shown(value: float) -> str:
    if np.isnan(value):
        return "missing"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.3g}"


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """SHAP draws from numpy's global generator: give it a known one and put the old one back."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
