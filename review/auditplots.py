"""Pictures of an audit: likes over time split into authentic and pumped, and who gave them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from review.svg import BOT, INK, MUTED, PERSON, drawing, to_svg

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_BARS = 60  # of the timeline; more cannot be told apart
_SPANS = (1, 7, 30, 91, 365)  # days of a bar


def timeline(
    days: Sequence[tuple[int, int, float]], low: float, high: float, seen: bool
) -> tuple[bytes, tuple[str, str, str]]:
    """Likes over time as stacked bars, pumped ones on top, with the interval of where authentic ones end.

    Parameters
    ----------
    days : day since 1970, likes and pumped likes, in order
    low, high : ends of the interval of all pumped likes, over their estimate
    seen : days are those of the likes; else of the posts
    """
    first, last = days[0][0], days[-1][0]
    span = next((s for s in _SPANS if (last - first) // s < MOST_BARS), -(-(last - first + 1) // MOST_BARS))
    many = (last - first) // span + 1
    likes, pumped = [0.0] * many, [0.0] * many
    for day, n, p in days:
        likes[(day - first) // span] += n
        pumped[(day - first) // span] += p
    at = [_EPOCH + timedelta(days=first + i * span) for i in range(many)]
    honest = [n - p for n, p in zip(likes, pumped, strict=True)]
    # The interval is of the sum; each bar is given its part of it.
    up = [min(h, p * max(high - 1, 0.0)) for h, p in zip(honest, pumped, strict=True)]
    down = [p * max(1 - low, 0.0) for p in pumped]
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(9.6, 3.4))
        wide = timedelta(days=span * 0.86)
        axes.bar(at, honest, width=wide, align="edge", color=PERSON, label="authentic")
        axes.bar(
            at,
            pumped,
            bottom=honest,
            width=wide,
            align="edge",
            color=BOT,
            label="pumped",
            hatch="//",
            edgecolor=INK,
            linewidth=0,
        )
        middle = [a + wide / 2 for a in at]
        axes.errorbar(
            middle,
            honest,
            [up, down],
            fmt="none",
            ecolor=INK,
            elinewidth=1,
            capsize=2,
            label="90% interval of where authentic likes end",
        )
        axes.set_ylabel(f"likes {_every(span)}")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_ylim(0, None)
        axes.tick_params(colors=MUTED)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        figure.autofmt_xdate()
        svg = to_svg(figure)
    top = max(range(many), key=lambda i: pumped[i])
    alt = (
        f"Bars of likes {_every(span)} from {at[0]:%Y-%m-%d} to {at[-1]:%Y-%m-%d}: {sum(honest):,.0f} authentic and "
        f"{sum(pumped):,.0f} pumped as estimated; most pumped ones, {pumped[top]:,.0f} of {likes[top]:,.0f}, from "
        f"{at[top]:%Y-%m-%d} on."
    )
    whose = (
        "Likes at the moment they were given."
        if seen
        else "Likes at the moment their post was published: single likes are not known."
    )
    return svg, ("Likes over time", alt, f"{whose} Lines are the creator's 90% interval, shared out over the bars.")


def audience(bands: Sequence[tuple[str, int]]) -> tuple[bytes, tuple[str, str, str]]:
    """Likes by the bot probability of those who gave them."""
    total = sum(n for _, n in bands) or 1
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(7.2, 0.42 * len(bands) + 1.2))
        drawn = axes.barh(range(len(bands)), [100 * n / total for _, n in bands], color=PERSON)
        axes.bar_label(drawn, [f"{n:,}" for _, n in bands], padding=4, color=INK, fontsize=10)
        axes.set_yticks(range(len(bands)), [name for name, _ in bands])
        axes.invert_yaxis()
        axes.set_xlabel("% of likes seen, and their number")
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.14)
        svg = to_svg(figure)
    told = "; ".join(f"{name}: {n / total:.0%}" for name, n in bands)
    return svg, (
        "Who gave the likes",
        f"Bars of likes by the bot probability of the account that gave them. {told}.",
        "By the bot probability of the account that gave each like.",
    )


def _every(span: int) -> str:
    return {1: "a day", 7: "a week"}.get(span, f"in {span} days")
