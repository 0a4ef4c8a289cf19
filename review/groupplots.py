"""A group that acted together as a picture: who is tied to whom, and how its likes came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from review.svg import BOT, GRID, INK, MUTED, PERSON, drawing, to_svg

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LINES = 150  # of the graph, the strongest


def together(likes: pd.DataFrame, members: Sequence[str], scores: Sequence[float | None]) -> bytes:
    """Members on a circle, tied by the posts both liked; beside it when they liked each post.

    Parameters
    ----------
    likes : actor_id, post_id, at_s (seconds)
    members : those drawn, in order
    scores : bot probability of each, None where it is not known
    """
    from matplotlib.gridspec import GridSpec

    with drawing() as plt:
        figure = plt.figure(figsize=(9.6, 4.2))
        grid = GridSpec(1, 2, figure, width_ratios=[1, 1.35], wspace=0.22)
        _graph(figure.add_subplot(grid[0]), likes, members, scores)
        _timeline(figure.add_subplot(grid[1]), likes)
        return to_svg(figure)


def shared(likes: pd.DataFrame, members: Sequence[str]) -> np.ndarray:
    """On how many of the posts two members both are; int of shape (n, n), zeros on the diagonal."""
    posts = sorted(set(likes["post_id"]))
    place, column = ({name: i for i, name in enumerate(names)} for names in (members, posts))
    on = np.zeros((len(members), len(posts)), dtype=np.int64)
    on[likes["actor_id"].map(place), likes["post_id"].map(column)] = 1
    both = on @ on.T
    np.fill_diagonal(both, 0)
    return both


def _graph(axes: Axes, likes: pd.DataFrame, members: Sequence[str], scores: Sequence[float | None]) -> None:
    from matplotlib.collections import LineCollection

    angle = 2 * np.pi * np.arange(len(members)) / max(len(members), 1)
    x, y = np.cos(angle), np.sin(angle)
    both = shared(likes, members)
    one, other = np.nonzero(np.triu(both))
    # Of ties as strong as each other those drawn are picked at random, lest the first members look like a hub.
    by_chance = np.random.default_rng(0).permutation(len(one))
    order = np.lexsort((by_chance, -both[one, other]))[:LINES]
    strongest = max(int(both.max(initial=0)), 1)
    ends = np.stack([np.column_stack([x, y])[one], np.column_stack([x, y])[other]], axis=1)[order[::-1]]
    weight = both[one, other][order[::-1]] / strongest
    lines = LineCollection(list(ends), colors=MUTED, linewidths=0.3 + weight, alpha=0.1 + 0.5 * weight, zorder=1)
    axes.add_collection(lines)
    groups = (
        ("resembles bots", BOT, "s", [s is not None and s >= 0.5 for s in scores]),
        ("resembles people", PERSON, "o", [s is not None and s < 0.5 for s in scores]),
        ("not labelled", GRID, "o", [s is None for s in scores]),
    )
    for name, colour, marker, mask in groups:
        if any(mask):
            axes.scatter(
                x[mask], y[mask], s=34, color=colour, marker=marker, edgecolors=INK, linewidths=0.4, label=name
            )
    axes.set_title(f"{len(members)} members, lines: posts both liked", fontsize=11)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-1.15, 1.15)
    axes.set_ylim(-1.15, 1.15)
    if members:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), fontsize=9, ncols=2, handletextpad=0.2)


def _timeline(axes: Axes, likes: pd.DataFrame) -> None:
    """Minutes after the first like of each post by the group, a row a post."""
    names = likes["post_id"].value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable").index
    first = likes.groupby("post_id")["at_s"].transform("min")
    minutes = (likes["at_s"] - first).to_numpy(dtype=np.float64) / 60
    row = likes["post_id"].map({name: i for i, name in enumerate(names)}).to_numpy()
    # Dots are an image: as shapes hundreds of them would weigh more than all else.
    axes.scatter(minutes, row, s=16, color=PERSON, alpha=0.7, linewidths=0, rasterized=True)
    axes.set_xscale("symlog", linthresh=1)
    ticks = {0: "0", 1: "1 min", 10: "10 min", 60: "1 h", 360: "6 h", 1440: "1 day", 10080: "1 week"}
    most = max(float(minutes.max(initial=0)), 10.0)
    there = [t for t in ticks if t <= most * 1.2]
    axes.set_xticks(there, [ticks[t] for t in there])
    axes.minorticks_off()
    axes.set_xlim(-0.3, most * 1.4)
    axes.set_yticks(range(len(names)), [f"post {i + 1}" for i in range(len(names))], fontsize=9)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("since the group's first like of the post")
    axes.set_title("when members liked", fontsize=11)
