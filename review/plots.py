"""The curves of a model's quality and the bars of its importance, drawn as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from review.svg import BOT, GRID, INK, MUTED, PERSON, THIRD, drawing, label, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 6  # features whose dependence is drawn
MOST_SOURCES = 6  # lines a person can tell apart
_POINTS = 400  # of a curve; more cannot be seen

Truth = tuple[np.ndarray, np.ndarray]  # is_bot (bool) and bot_probability of the same accounts


def roc(everyone: Truth, sources: Mapping[str, Truth]) -> bytes:
    """Receiver operating characteristic of all accounts, and of each source that has both people and bots."""
    from sklearn.metrics import roc_auc_score, roc_curve

    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(5.2, 4.6))
        axes.plot([0, 1], [0, 1], color=GRID, linewidth=1, linestyle="--")
        for name, style, (is_bot, p) in _lines(everyone, sources):
            x, y, _ = roc_curve(is_bot, p)
            axes.plot(*_thin(x, y), label=f"{name} ({roc_auc_score(is_bot, p):.3f})", **style)
        _finish(axes, "ROC curve (area)", "share of people called bots", "share of bots found", "lower right")
        return to_svg(figure)


def precision_recall(everyone: Truth, sources: Mapping[str, Truth]) -> bytes:
    """Precision against recall of all accounts, and of each source that has both people and bots."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(5.2, 4.6))
        for name, style, (is_bot, p) in _lines(everyone, sources):
            precision, recall, _ = precision_recall_curve(is_bot, p)
            axes.plot(*_thin(recall, precision), label=f"{name} ({average_precision_score(is_bot, p):.3f})", **style)
        title = "Precision and recall (average precision)"
        _finish(axes, title, "recall: share of bots found", "precision: share of bots among those called", "lower left")
        return to_svg(figure)


def reliability(is_bot: np.ndarray, p: np.ndarray, bins: int = 10) -> bytes:
    """Probability said against share seen, in bins of equally many accounts, with 95% intervals (Wilson)."""
    from scipy.stats import binomtest

    order = np.argsort(p, kind="stable")
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(5.2, 4.6))
        axes.plot([0, 1], [0, 1], color=GRID, linewidth=1, linestyle="--", label="perfect")
        for i, rows in enumerate(r for r in np.array_split(order, min(bins, max(1, len(order)))) if len(r)):
            said, seen = float(p[rows].mean()), float(is_bot[rows].mean())
            low, high = binomtest(int(is_bot[rows].sum()), len(rows)).proportion_ci(0.95, "wilson")
            axes.errorbar(
                said,
                seen,
                [[seen - low], [high - seen]],
                fmt="o",
                color=PERSON,
                capsize=3,
                label="" if i else "accounts, in tenths",
            )
        _finish(axes, "Calibration", "probability said", "share of bots seen", "upper left")
        return to_svg(figure)


def distributions(is_bot: np.ndarray, p: np.ndarray, tiers: Sequence[tuple[str, float]] = ()) -> bytes:
    """Scores of people and of bots, each as shares of their own number; dashed lines are where tiers begin."""
    edges = np.linspace(0, 1, 41)
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(7.2, 3.6))
        for name, mask, colour in (("people", ~is_bot, PERSON), ("bots", is_bot, BOT)):
            if mask.any():
                weights = np.full(int(mask.sum()), 1 / mask.sum())
                axes.hist(p[mask], edges, weights=weights, histtype="stepfilled", alpha=0.35, color=colour)
                axes.hist(
                    p[mask], edges, weights=weights, histtype="step", color=colour, label=f"{name} ({mask.sum():,})"
                )
        axes.set_yscale("log")
        for name, cut in tiers:
            if cut <= 1:
                axes.axvline(cut, color=MUTED, linewidth=0.8, linestyle="--")
                axes.text(
                    cut, 1.02, f" {name}", rotation=60, fontsize=8, color=MUTED, transform=axes.get_xaxis_transform()
                )
        axes.set_xlim(0, 1)
        axes.set_xlabel("bot probability")
        axes.set_ylabel("share (log scale)")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper center")
        return to_svg(figure)


def bars(entries: Sequence[Mapping[str, Any]], name: str, most: int = 20) -> bytes:
    """Mean absolute contribution as bars, largest on top; ``entries`` as in ``importance.json``, ``name`` their key."""
    shown = list(entries)[:most][::-1]
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(7.2, 0.34 * len(shown) + 1.2))
        sizes = [float(e["mean_abs"]) for e in shown]
        drawn = axes.barh(range(len(shown)), sizes, color=PERSON)
        axes.bar_label(drawn, [f"{float(e['share']):.0%}" for e in shown], padding=4, color=INK, fontsize=10)
        axes.set_yticks(range(len(shown)), [label(str(e[name])) for e in shown])
        axes.set_xlabel("mean absolute contribution (log-odds) and share of all")
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.12)
        return to_svg(figure)


def dependence(panels: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> bytes:
    """How the contribution of a feature goes with its value, a panel a feature; accounts without a value stand left.

    Parameters
    ----------
    panels : name, values (NaN where missing) and contributions of each
    """
    rows = max(1, -(-len(panels) // 3))
    with drawing() as plt:
        figure, grid = plt.subplots(rows, 3, figsize=(9.6, 2.7 * rows), squeeze=False, layout="constrained")
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes, (name, value, contribution) in zip(grid.flat, panels, strict=False):
            known = np.isfinite(value)
            wide = known.any() and value[known].min() >= 0 and value[known].max() > 1000
            axes.axhline(0, color=GRID, linewidth=1)
            # Dots are an image: thousands of them as shapes would fill the page.
            axes.scatter(
                value[known], contribution[known], s=5, alpha=0.35, color=PERSON, linewidths=0, rasterized=True
            )
            if wide:
                axes.set_xscale("symlog", linthresh=1)
            if not known.all():
                axes.plot(
                    np.full(int((~known).sum()), 0.02),
                    contribution[~known],
                    "_",
                    color=MUTED,
                    alpha=0.4,
                    transform=axes.get_yaxis_transform(),
                    rasterized=True,
                )
            axes.set_title(label(name, 32), fontsize=10)
            axes.tick_params(labelsize=8)
        for axes in grid[:, 0]:
            axes.set_ylabel("contribution", fontsize=9)
        return to_svg(figure)


def days(counts: Mapping[str, np.ndarray]) -> bytes:
    """Events per day, a row a kind of event; the last day, at the right, ends when the account was judged.

    Parameters
    ----------
    counts : name -> counts of shape (n,), the oldest day first
    """
    with drawing() as plt:
        figure, grid = plt.subplots(
            len(counts), 1, figsize=(7.2, 0.3 + 0.62 * len(counts)), sharex=True, squeeze=False, layout="constrained"
        )
        for axes, (name, values) in zip(grid[:, 0], counts.items(), strict=True):
            edges = np.arange(-len(values), 1)
            # An image: twenty of these in full detail would take the room of the waterfalls.
            axes.stairs(values, edges, fill=True, color=PERSON, alpha=0.8, rasterized=True)
            axes.set_ylim(0, max(1, int(values.max())))
            axes.set_yticks([0, max(1, int(values.max()))])
            axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
            axes.tick_params(labelsize=8)
            axes.grid(visible=False)
        grid[-1, 0].set_xlim(-max(len(v) for v in counts.values()), 0)
        grid[-1, 0].set_xlabel("days before it was judged", fontsize=9)
        return to_svg(figure)


def _lines(everyone: Truth, sources: Mapping[str, Truth]) -> list[tuple[str, dict[str, Any], Truth]]:
    """Name, style and accounts of each line; sources with one class only have no curve."""
    colours = (PERSON, THIRD, "#9a6700", "#1a7f37", "#bc4c00", "#57606a")
    big = sorted((s for s in sources if _both(sources[s])), key=lambda s: (-len(sources[s][0]), s))[:MOST_SOURCES]
    lines: list[tuple[str, dict[str, Any], Truth]] = []
    if _both(everyone):
        lines.append(("all accounts", {"color": BOT, "linewidth": 2.2, "zorder": 5}, everyone))
    if len(sources) > 1:
        lines += [(label(s, 24), {"color": c, "linewidth": 1}, sources[s]) for s, c in zip(big, colours, strict=False)]
    return lines


def _both(truth: Truth) -> bool:
    return bool(truth[0].any() and not truth[0].all())


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most ``_POINTS`` points of a curve, its ends among them."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(int))
    return x[keep], y[keep]


def _finish(axes: Axes, title: str, x: str, y: str, legend: Any) -> None:
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=legend, fontsize=9)
    else:
        axes.text(0.5, 0.5, "needs both people and bots", ha="center", color=MUTED)
