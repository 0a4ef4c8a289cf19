"""Parts of the pages of an audit: words for numbers, tables, tiles and sections, inert whatever others wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.authenticity import INTENTS
from review.page import Album, Picture, shown

Row = Mapping[str, Any]
RESTS_ON = {
    "events": "all likes are known one by one",
    "partial": "some likes are known one by one, the others by counters",
    "counts": "no like is known one by one: this rests on counters alone",
}
SHORT = {"events": "events", "partial": "part of the events", "counts": "counters alone"}
VERDICT_SAYS = {
    "ordinary": "nothing unusual",
    "viral": "resembles posts that spread, or giveaways",
    "targeted": "resembles likes that somebody else paid for",
    "traded": "resembles trading in a pod",
    "bought": "resembles ordering likes",
    "unclear": "pumped or not, who is behind it is unclear",
}


def share(row: Row) -> str:
    """The pumped share with its interval."""
    return f"{row['pumped_share']:.1%} ({row['pumped_share_low']:.1%} to {row['pumped_share_high']:.1%})"


def rate_ends(row: Row) -> str:
    """Both ends of the authentic rate."""
    return f"{rate(row['authentic_rate_low'])} to {rate(row['authentic_rate_high'])}"


def cost_ends(row: Row) -> str:
    """Both ends of what an authentic like costs."""
    ends = [f"{row[e]:,.2f}" if row[e] is not None else "no limit" for e in ("cost_low", "cost_high")]
    return " to ".join(ends)


def likeliest(row: Row) -> str:
    """The two most probable explanations."""
    return ", ".join(f"{i} {chance(row[f'p_{i}'])}" for i in by_chance(row)[:2])


def by_chance(row: Row) -> list[str]:
    """Explanations, the most probable first."""
    return sorted(INTENTS, key=lambda i: (-row[f"p_{i}"], i))


def chance(p: float) -> str:
    """A probability as a person reads it: none is certain."""
    return "over 99%" if p > 0.99 else "under 1%" if p < 0.01 else f"{p:.0%}"


def rate(value: float) -> str:
    """A share that may be tiny, in percent with two digits that count."""
    return f"{100 * value:.2g}%" if value < 0.0995 else f"{value:.0%}"


def burst(burst: Row, named: bool = False) -> str:
    """A burst of likes: how many, when, how many of them pumped, and on which post where it is ``named``."""
    whose = f" on {shown(burst['post_id'], 80)}" if named else ""
    return f"{burst['likes']:,} likes{whose} {span(burst)}, {burst['pumped']:,.0f} pumped"


def span(burst: Row) -> str:
    """Start and end of a burst, to the minute in UTC; the end with its date where that is another one."""
    first, last = burst["first_at"], burst["last_at"]
    return f"{first:%Y-%m-%d %H:%M} to {last:%H:%M}" if first.date() == last.date() else f"{day(first)} to {day(last)}"


def day(moment: datetime | None) -> str:
    """A moment to the minute; empty where there is none."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def picture(svg: bytes, told: tuple[str, str, str]) -> list[Picture]:
    """The picture for a page, if it fits."""
    found = Album({"one": svg}).get("one", *told)
    return [found] if found else []


def tile(name: str, value: str, note: str) -> dict[str, str]:
    """A number in large letters."""
    return {"name": name, "value": value, "note": note}


def cell(says: Any, note: str = "") -> Row:
    """A cell of a table, its words made inert."""
    return {"says": shown(says, 320), "note": shown(note, 120), "href": ""}


def table(caption: str, columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[Row]]) -> Row:
    """``columns`` are names and whether they hold text rather than numbers."""
    return {"caption": caption, "columns": [{"name": n, "text": t} for n, t in columns], "rows": rows}


def section(id: str, title: str, **parts: Any) -> Row:
    """A section of a page; what is not given is empty. ``notes`` stand below its pictures."""
    empty: dict[str, list[Any]] = {p: [] for p in ("says", "warnings", "tiles", "pictures", "notes", "tables")}
    return {"id": id, "title": title, **empty, **parts}
