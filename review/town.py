"""The page of pictures of a simulated town."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from review.page import Album, Picture, render, shown
from review.svg import BOT, MUTED, PERSON, drawing, to_svg

_WIDE = 6.0  # inches: two pictures side by side on a laptop, one on a phone without scrolling
_CAUSES = {
    "order": "delivered for an order",
    "pod": "traded in a pod",
    "automation": "by a service on a person's account",
    "cover": "bots' likes on innocent posts",
    "spam": "advertisements",
}


def page(summary: Mapping[str, Any]) -> str:
    """One self-contained HTML file.

    Parameters
    ----------
    summary : what ``simulation.summary.Tally`` gathered: settings, rows, roles, causes, scenes, orders, by_hour,
        by_day, posts (hours from post to like) and degrees
    """
    accounts = summary["rows"]["accounts"]
    roles = sorted(summary["roles"].items(), key=lambda r: (-r[1]["accounts"], r[0]))
    engagements, sold = summary["rows"].get("engagements", 0), summary["orders"]
    context = {
        "title": f"A town of {accounts:,} accounts",
        "seed": summary["settings"]["seed"],
        "days": summary["settings"]["calendar"]["days"],
        "evasion": summary["settings"]["evasion"],
        "tiles": [
            {"name": "accounts", "value": f"{accounts:,}", "note": f"{summary['bots']:,} bots"},
            {"name": "labels", "value": f"{summary['labelled']:,}", "note": f"{summary['labelled_bots']:,} say bot"},
            {"name": "posts", "value": f"{summary['rows'].get('posts', 0):,}", "note": "with counters"},
            {"name": "engagements", "value": f"{engagements:,}", "note": "likes, comments, reposts"},
            {"name": "follows", "value": f"{summary['rows'].get('follows', 0):,}", "note": "inside the town"},
            {
                "name": "orders",
                "value": f"{sold['orders']:,}",
                "note": f"{sold['delivered']:,} pieces",
            },
        ],
        "roles": [
            {"name": shown(name), "accounts": f"{facts['accounts']:,}", "bots": f"{facts['bots']:,}"}
            for name, facts in roles
        ],
        "causes": [
            {"name": _CAUSES.get(name, shown(name)), "count": f"{count:,}", "share": f"{count / engagements:.1%}"}
            for name, count in sorted(summary["causes"].items(), key=lambda c: (-c[1], c[0]))
            if engagements
        ],
        "pictures": _pictures(summary),
    }
    return render("town.html.j2", context)


def _pictures(summary: Mapping[str, Any]) -> list[Picture]:
    drawn: dict[str, bytes] = {}
    says: dict[str, tuple[str, str, str]] = {}
    if summary["rows"].get("engagements"):
        drawn["hours"], says["hours"] = _hours(summary["by_hour"])
        drawn["days"], says["days"] = _days(summary["by_day"])
    if summary["posts"]:
        drawn["posts"], says["posts"] = _posts(summary["posts"])
    if summary["degrees"]:
        drawn["degrees"], says["degrees"] = _degrees(summary["degrees"])
    album = Album(drawn)
    found = [album.get(name, *says[name]) for name in drawn]
    return [picture for picture in found if picture]


def _hours(by_hour: Mapping[str, list[float]]) -> tuple[bytes, tuple[str, str, str]]:
    pumped = by_hour["pumped"]
    honest = [a - p for a, p in zip(by_hour["all"], pumped, strict=True)]
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(_WIDE, 3.2))
        for values, colour, name in ((honest, PERSON, "honest"), (pumped, BOT, "not honest")):
            total = sum(values) or 1
            axes.plot(range(24), [100 * v / total for v in values], color=colour, marker="o", markersize=3, label=name)
        axes.set(xlabel="hour (UTC)", ylabel="% of engagements", ylim=(0, None), xticks=range(0, 24, 3))
        axes.legend()
        svg = to_svg(figure)
    low, high = min(honest), max(honest)
    quiet, busy = honest.index(low), honest.index(high)
    alt = (
        f"Lines of honest and other engagements by hour; honest ones are fewest at {quiet} h and most at {busy} h UTC."
    )
    return svg, (
        "Activity by hour",
        alt,
        "Each line adds up to 100%. People sleep, farms worked by hand keep shifts, naive software does neither.",
    )


def _days(by_day: Mapping[str, list[float]]) -> tuple[bytes, tuple[str, str, str]]:
    pumped = by_day["pumped"]
    honest = [a - p for a, p in zip(by_day["all"], pumped, strict=True)]
    with drawing() as plt:
        figure, axes = plt.subplots(figsize=(_WIDE, 3.2))
        axes.stackplot(range(len(honest)), honest, pumped, colors=[PERSON, BOT], labels=["honest", "not honest"])
        axes.set(xlabel="day", ylabel="engagements", xlim=(0, len(honest) - 1), ylim=(0, None))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        svg = to_svg(figure)
    alt = f"Engagements of each of {len(honest)} days, honest and not, one on top of the other."
    return svg, (
        "Activity by day",
        alt,
        "Peaks are live events; dips are holidays. The first days lack what older posts would still get.",
    )


def _posts(posts: list[Mapping[str, Any]]) -> tuple[bytes, tuple[str, str, str]]:
    with drawing() as plt:
        figure, grid = plt.subplots(len(posts), 1, figsize=(_WIDE, 1.75 * len(posts)), sharex=True, squeeze=False)
        for axes, post in zip(grid[:, 0], posts, strict=True):
            axes.hist(
                [post["honest"], post["pumped"]],
                bins=range(0, 73),
                stacked=True,
                color=[PERSON, BOT],
                label=["honest", "bought or traded"],
            )
            axes.set_title(post["what"], loc="left")
            axes.set_ylabel("likes an hour")
        grid[0, 0].legend()
        grid[-1, 0].set(xlabel="hours after the post", xlim=(0, 72))
        figure.tight_layout()
        svg = to_svg(figure)
    told = "; ".join(f"{p['what']}: {len(p['honest'])} honest and {len(p['pumped'])} other likes" for p in posts)
    return svg, (
        "Likes over time",
        f"Likes an hour in the first three days of {len(posts)} posts. {told}.",
        "The same scale of hours, so that a burst can be told from a wave of people.",
    )


def _degrees(degrees: Mapping[str, Mapping[str, list[list[float]]]]) -> tuple[bytes, tuple[str, str, str]]:
    with drawing() as plt:
        figure, grid = plt.subplots(len(degrees), 1, figsize=(_WIDE, 2.9 * len(degrees)), squeeze=False)
        for axes, (title, lines) in zip(grid[:, 0], degrees.items(), strict=True):
            for name, colour in (("people", PERSON), ("bots", BOT)):
                if lines[name]:
                    axes.plot(*zip(*lines[name], strict=True), color=colour, label=name)
            axes.set(xscale="log", yscale="log", xlabel=title, ylabel="share with at least")
            axes.tick_params(colors=MUTED)
        grid[0, 0].legend()
        figure.tight_layout()
        svg = to_svg(figure)
    alt = (
        "Share of accounts with at least a number of "
        + ", ".join(degrees)
        + ", for people and for bots, on logarithmic axes."
    )
    return svg, (
        "Degrees",
        alt,
        "Straight, slowly falling lines are heavy tails: a few accounts are known to very many.",
    )
