"""The page of all audited creators: those asked for, best first, or those with most pumped likes, and the what-if."""

from __future__ import annotations

from collections.abc import Sequence

from models.authenticity import WAY_SAYS, WAYS
from review.auditparts import (
    SHORT,
    VERDICT_SAYS,
    Row,
    cell,
    cost_ends,
    likeliest,
    rate,
    rate_ends,
    section,
    table,
    tile,
)
from review.page import render

_SHOWN_RANKS = "Places that the intervals leave open stand below each rank."


def list_page(summary: Row, rows: Sequence[Row], ranked: bool) -> str:
    """The page of all creators: those asked for, best first, or those with most pumped likes.

    Parameters
    ----------
    summary : as in ``audit.json``
    rows : as in ``audit.parquet``, each with page (its address or None); where ``ranked`` with rank, asked, price, cost
    """
    total = summary["likes"]
    if not total:
        says, tiles = [f"{summary['says'].capitalize()}."], []
    else:
        says = [
            f"{summary['creators']:,} creators were audited. Of {total:,} likes on their posts, "
            f"{summary['likes_seen']:,} are "
            f"known one by one. An estimated {summary['pumped_share']:.1%} of all are pumped; "
            f"{summary['pumped_posts']:,} "
            "posts look as if somebody had ordered or traded likes for them.",
        ]
        tiles = [
            tile("likes counted", f"{total:,}", "on all posts"),
            tile("authentic", f"{summary['authentic']:,.0f}", "estimated"),
        ]
        tiles += [tile(way, f"{summary['by_way'][way]:,.0f}", WAY_SAYS[way]) for way in WAYS]
    sections = [
        section("summary", "In a hurry", says=says, tiles=tiles),
        _ranking(rows) if ranked else _worst(rows),
        section(
            "what-if",
            "What acting on a tier would do",
            says=[
                "Before a platform acts: likes it would no longer count, how many of them are estimated to be "
                "honest, and how "
                f"many of the {summary['what_if'][0]['top'] if summary['what_if'] else 0} most liked posts would "
                "leave their places. Only likes that are known one by one are told.",
            ],
            tables=[_effects(summary["what_if"])],
        ),
    ]
    context = {
        "title": "How much of this engagement is real",
        "subtitle": "Likes counted, likes estimated to be authentic, and how sure that is. Made to be read offline.",
        "back": "",
        "sections": [s for s in sections if s],
    }
    return render("audit.html.j2", context)


def _ranking(rows: Sequence[Row]) -> Row:
    by = next((r["ranked_by"] for r in rows if r.get("rank")), "")
    cells = []
    for r in rows:
        if r.get("row") is None:
            cells.append([cell("–"), cell(r["asked"], "no likes of it are known"), *[cell("–")] * 7])
            continue
        rank = cell(str(r["rank"]), f"{r['rank_best']} to {r['rank_worst']}") if r.get("rank") else cell("–")
        cells.append(
            [
                rank,
                _who(r, r["asked"]),
                *_numbers(r),
                cell("–" if r["cost"] is None else f"{r['cost']:,.2f}", cost_ends(r) if r["cost"] is not None else ""),
            ]
        )
    says = (
        [f"Ranked by {by}. {_SHOWN_RANKS}"] if by else ["None can be ranked: neither followers nor prices are known."]
    )
    grid = table("Creators asked for", [("rank", True), *_COLUMNS, ("cost of an authentic like", False)], cells)
    return section("creators", "Creators", says=says, tables=[grid])


def _worst(rows: Sequence[Row]) -> Row | None:
    if not rows:
        return None
    grid = table(
        "Creators with most pumped likes, as estimated",
        _COLUMNS,
        [[_who(r, r["account_id"]), *_numbers(r)] for r in rows],
    )
    return section("creators", "Creators", tables=[grid])


_COLUMNS = [
    *(("creator", True), ("followers", False), ("likes", False), ("authentic", False)),
    *(("pumped", False), ("authentic rate", False), ("likely", True)),
]


def _who(row: Row, name: str) -> Row:
    return {**cell(name), "href": row.get("page") or ""}


def _numbers(row: Row) -> list[Row]:
    known = row["authentic_rate"] is not None
    return [
        cell("–" if row["followers"] is None else f"{row['followers']:,}"),
        cell(f"{row['likes']:,}", SHORT[row["rests_on"]]),
        cell(f"{row['authentic']:,.0f}", f"{row['authentic_low']:,.0f} to {row['authentic_high']:,.0f}"),
        cell(f"{row['pumped_share']:.0%}", f"{row['pumped_share_low']:.0%} to {row['pumped_share_high']:.0%}"),
        cell(rate(row["authentic_rate"]) if known else "–", rate_ends(row) if known else ""),
        cell(VERDICT_SAYS[row["verdict"]], likeliest(row)),
    ]


def _effects(effects: Sequence[Row]) -> Row:
    columns = [
        *(("action", True), ("accounts", False), ("likes lost", False), ("of them honest", False)),
        *(("pumped ones taken off", False), ("posts that fall", False)),
    ]
    rows = [
        [
            cell(e["action"], e["says"]),
            cell(f"{e['accounts']:,}"),
            cell(f"{e['likes_lost']:,}", f"{e['likes_lost'] / e['likes']:.1%} of all" if e["likes"] else ""),
            cell(
                f"{e['honest_lost']:,.0f}",
                f"{e['honest_lost'] / e['likes_lost']:.1%} of those lost" if e["likes_lost"] else "",
            ),
            cell(
                f"{e['pumped_lost']:,.0f}", f"{e['pumped_lost'] / e['pumped']:.1%} of all pumped" if e["pumped"] else ""
            ),
            cell(f"{e['fall']:,}", f"of {e['top']:,}"),
        ]
        for e in effects
    ]
    return table("What each action would take away", columns, rows)
