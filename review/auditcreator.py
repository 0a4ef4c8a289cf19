"""The page of one audited creator: its likes over time, what the estimate rests on, its ratios, audience and posts."""

from __future__ import annotations

from collections.abc import Sequence

from models.alignment import RATIOS, sentence, stands_out
from models.authenticity import INTENT_SAYS, WAY_SAYS, WAYS
from review.auditparts import (
    RESTS_ON,
    VERDICT_SAYS,
    Row,
    burst,
    by_chance,
    cell,
    chance,
    cost_ends,
    day,
    likeliest,
    picture,
    rate,
    rate_ends,
    section,
    share,
    span,
    table,
    tile,
)
from review.auditplots import audience, timeline
from review.page import render, shown


def creator_page(row: Row, close: Row) -> str:
    """The page of one creator.

    Parameters
    ----------
    row : as in ``audit.parquet``, with username, price and cost (value, low, high; None where there is no price)
    close : days (day since 1970, likes, pumped), audience (band, likes), posts (rows of ``audit.parquet``)
    """
    name = shown(row.get("username") or row["account_id"], 80)
    sections = [
        _headline(row),
        _time(row, close),
        _behind(row),
        _aligned(row),
        _audience(row, close),
        _posts(close["posts"]),
    ]
    context = {
        "title": f"How much of {name}'s engagement is real",
        "subtitle": f"Account {shown(row['account_id'], 80)}. {RESTS_ON[row['rests_on']].capitalize()}.",
        "back": "../audit.html",
        "sections": [s for s in sections if s],
    }
    return render("audit.html.j2", context)


def _headline(row: Row) -> Row:
    likes = row["likes"]
    says = [
        f"Of {likes:,} likes on {row['posts']:,} posts, {row['authentic']:,.0f} are estimated to be authentic "
        f"({row['authentic_low']:,.0f} to {row['authentic_high']:,.0f}): {share(row)} are pumped.",
        f"Taken together: {VERDICT_SAYS[row['verdict']]}. How probable each explanation is: "
        + "; ".join(f"{INTENT_SAYS[i]}, {chance(row[f'p_{i}'])}" for i in by_chance(row))
        + ".",
    ]
    warnings = []
    if row["p_targeted"] >= 0.1 and row["verdict"] not in ("targeted",):
        warnings.append("somebody else may have paid for these likes; nothing here tells who did.")
    if row["rests_on"] != "events":
        warnings.append(f"{RESTS_ON[row['rests_on']]}.")
    if (row["low_evidence_share"] or 0) >= 0.2:
        warnings.append(
            f"{row['low_evidence_share']:.0%} of the likes are from accounts of which too little is known to "
            "score them."
        )
    tiles = [
        tile("likes counted", f"{likes:,}", f"on {row['posts']:,} posts"),
        tile("authentic", f"{row['authentic']:,.0f}", f"{row['authentic_low']:,.0f} to {row['authentic_high']:,.0f}"),
        tile(
            "pumped", f"{row['pumped_share']:.1%}", f"{row['pumped_share_low']:.1%} to {row['pumped_share_high']:.1%}"
        ),
    ]
    if row["authentic_rate"] is not None:
        note = f"{rate_ends(row)}, likes of a post per follower; {rate(row['engagement_rate'])} as counted"
        tiles.append(tile("authentic rate", rate(row["authentic_rate"]), note))
    if row.get("cost") is not None:
        tiles.append(
            tile("cost of an authentic like", f"{row['cost']:,.2f}", f"{cost_ends(row)}, at {row['price']:,.2f} a post")
        )
    ways = table(
        "Likes by way of pumping, estimated",
        [("way", True), ("likes", False), ("of all", False)],
        [[cell(f"{way}: {WAY_SAYS[way]}"), cell(f"{row[way]:,.0f}"), cell(f"{row[way] / likes:.1%}")] for way in WAYS],
    )
    return section("summary", "In a hurry", says=says, warnings=warnings, tiles=tiles, tables=[ways])


def _time(row: Row, close: Row) -> Row | None:
    if not close["days"]:
        return None
    pumped = row["pumped_share"] or 0.0
    low, high = (row["pumped_share_low"] / pumped, row["pumped_share_high"] / pumped) if pumped else (0.0, 1.0)
    # Likes of which too little is known count in the row as its other likes do; so they do here.
    days = close["days"]
    told_apart = sum(p for _, _, p in days)
    by = pumped * sum(n for _, n, _ in days) / told_apart if told_apart else 0.0
    svg, told = timeline([(day, n, min(n, p * by)) for day, n, p in days], low, high, row["rests_on"] != "counts")
    return section(
        "time", "Likes over time", pictures=picture(svg, told), notes=_undrawn(row, sum(n for _, n, _ in days))
    )


def _undrawn(row: Row, drawn: int) -> list[str]:
    """What the bars leave out or have too much, so that they can be set against the tiles."""
    likes = row["likes"]
    if drawn < likes:
        return [
            f"The bars show the {drawn:,} likes that are known one by one. The other {likes - drawn:,} of {likes:,} "
            "are counted and not seen: when they were given is not known, so they are in the numbers above and in no "
            "bar."
        ]
    if drawn > likes:
        return [
            f"The bars show all {drawn:,} likes that were seen; {likes:,} are counted, so {drawn - likes:,} or more "
            "were taken back. The numbers above are of those counted."
        ]
    return []


def _behind(row: Row) -> Row | None:
    groups, bursts = row["groups"] or [], row["bursts"] or []
    says = [f"{row['pumped_posts']:,} of its posts look as if likes had been ordered or traded for them."]
    grids = []
    if bursts:
        rows = [
            [cell(b["post_id"]), cell(span(b)), cell(f"{b['likes']:,}"), cell(f"{b['pumped']:,.0f}")] for b in bursts
        ]
        columns = [("post", True), ("when (UTC)", True), ("likes", False), ("pumped", False)]
        grids.append(table("Largest bursts of likes, on posts that look pumped", columns, rows))
    if not groups:
        says.append("No farm or pod is known to have liked its posts.")
        return section("behind", "What it rests on", says=says, tables=grids)
    says.append(
        "Farms and services like innocent posts too, to look innocent: a few likes of theirs are no sign of an order."
    )
    rows = [[cell(g["group_id"]), cell(g["kind"]), cell(f"{g['likes']:,}")] for g in groups]
    grid = table(
        "Groups of accounts acting together that liked its posts",
        [("group", True), ("kind", True), ("likes", False)],
        rows,
    )
    return section("behind", "What it rests on", says=says, tables=[*grids, grid])


def _aligned(row: Row) -> Row | None:
    found = row["ratios"] or []
    if not found:
        return None
    rows = [
        [
            cell(RATIOS[r["name"]].title),
            cell(sentence(r["name"], r["value"], r["percentile"], r["peers"], r["scope"])),
            cell("–" if r["percentile"] is None else f"{r['percentile']:.0%}"),
            cell("yes" if stands_out(r["name"], r["percentile"], r["value"]) else "no"),
        ]
        for r in found
    ]
    columns = [("number", True), ("beside people like it", True), ("percentile", False), ("stands out", True)]
    return section("aligned", "Numbers that do not align", tables=[table("Ratios of the creator", columns, rows)])


def _audience(row: Row, close: Row) -> Row | None:
    if not close["audience"]:
        return None
    says = [
        f"{row['low_evidence_share'] or 0:.1%} of the likes are from accounts of which too little is known to "
        "score them."
    ]
    return section("audience", "Quality of the audience", says=says, pictures=picture(*audience(close["audience"])))


def _posts(posts: Sequence[Row]) -> Row | None:
    if not posts:
        return None
    rows = [
        [
            cell(p["post_id"], day(p["posted_at"])),
            cell(f"{p['likes']:,}"),
            cell(f"{p['authentic']:,.0f}", f"{p['authentic_low']:,.0f} to {p['authentic_high']:,.0f}"),
            cell(f"{p['pumped_share']:.0%}", f"{p['pumped_share_low']:.0%} to {p['pumped_share_high']:.0%}"),
            cell(VERDICT_SAYS[p["verdict"]], likeliest(p)),
            cell("; ".join(burst(b) for b in p["bursts"] or ()) or "–"),
            cell("; ".join(f"{g['group_id']}: {g['likes']:,}" for g in p["groups"] or ()) or "–"),
        ]
        for p in posts
    ]
    columns = [
        *(("post", True), ("likes", False), ("authentic", False), ("pumped", False)),
        *(("likely", True), ("bursts of likes", True), ("groups that delivered", True)),
    ]
    return section("posts", "Posts", tables=[table("Its posts with most pumped likes, as estimated", columns, rows)])
