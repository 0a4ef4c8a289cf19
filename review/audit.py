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
    share,
    table,
    tile,
)
from review.page import render

_SHOWN_RANKS = "Places that the intervals leave open stand below each rank."


def list_page(summary: Row, rows: Sequence[Row], known: int, how: str) -> str:
    """The page of all creators: those asked for, best first, or those with most pumped likes.

    Parameters
    ----------
    summary : as in ``audit.json``
    rows : as in ``audit.parquet``, each with page (its address or None); where ranked with rank, asked, price, cost,
        status_says (why there is no row) and could_be
    known : how many there are, more than ``rows`` where the page does not hold them all
    how : ``ranked`` (a list was asked for), ``asked`` (single ones were) or ``worst``
    """
    total = summary["likes"]
    if not total:
        says, tiles = [f"{summary['says'].capitalize()}."], []
    else:
        says = [
            f"{summary['creators']:,} creators were audited. Of {total:,} likes on their posts, "
            f"{summary['likes_seen']:,} are "
            f"known one by one. An estimated {share(summary)} of all are pumped; "
            f"{summary['pumped_posts']:,} "
            "posts look as if somebody had ordered or traded likes for them.",
            "The interval of all likes adds up the ends of those of all creators, as if all erred the same way.",
        ]
        ends = f"{summary['authentic_low']:,.0f} to {summary['authentic_high']:,.0f}"
        tiles = [
            tile("likes counted", f"{total:,}", "on all posts"),
            tile("authentic", f"{summary['authentic']:,.0f}", f"estimated; {ends}"),
        ]
        tiles += [tile(way, f"{summary['by_way'][way]:,.0f}", WAY_SAYS[way]) for way in WAYS]
    sections = [
        section("summary", "In a hurry", says=says, tiles=tiles),
        _ranking(rows, known) if how == "ranked" else _others(rows, known, summary["creators"], how),
        _what_if(summary["what_if"]),
    ]
    context = {
        "title": "How much of this engagement is real",
        "subtitle": "Likes counted, likes estimated to be authentic, and how sure that is. Made to be read offline.",
        "back": "",
        "sections": [s for s in sections if s],
    }
    return render("audit.html.j2", context)


def _ranking(rows: Sequence[Row], known: int) -> Row:
    by = next((r["ranked_by"] for r in rows if r.get("rank")), "")
    cells = []
    for r in rows:
        if r.get("row") is None:
            could = f" ({', '.join(r['could_be'][:3])})" if r["could_be"] else ""
            cells.append([cell("–"), cell(r["asked"], f"{r['status_says']}{could}"), *[cell("–")] * 7])
            continue
        rank = cell(str(r["rank"]), f"{r['rank_best']} to {r['rank_worst']}") if r.get("rank") else cell("–")
        cells.append(
            [
                rank,
                _who(r, r["username"] or r["account_id"], r["asked"]),
                *_numbers(r),
                cell("–" if r["cost"] is None else f"{r['cost']:,.2f}", cost_ends(r) if r["cost"] is not None else ""),
            ]
        )
    says = (
        [f"Ranked by {by}. {_SHOWN_RANKS}"] if by else ["None can be ranked: neither followers nor prices are known."]
    )
    if bare := sum(r.get("row") is None for r in rows):
        says.append(f"{bare:,} of the {known:,} that were asked for have no page; why stands below each name.")
    if known > len(rows):
        says.append(f"The first {len(rows):,} of {known:,} are shown; all are in ranking.csv.")
    grid = table("Creators asked for", [("rank", True), *_COLUMNS, ("cost of an authentic like", False)], cells)
    return section("creators", "Creators", says=says, tables=[grid])


def _others(rows: Sequence[Row], known: int, audited: int, how: str) -> Row | None:
    if not rows:
        return None
    says, caption = [], "Creators asked for"
    if how == "worst":
        caption = "Creators with most pumped likes, as estimated"
        paged = sum(bool(r.get("page")) for r in rows)
        says = [
            f"The {len(rows):,} of {audited:,} with most pumped likes, as estimated; the first {paged:,} have a page "
            "of their own. All are in audit.parquet."
        ]
    elif known > len(rows):
        says = [f"The first {len(rows):,} of {known:,} are shown; all have a page."]
    grid = table(caption, _COLUMNS, [[_who(r, r["account_id"]), *_numbers(r)] for r in rows])
    return section("creators", "Creators", says=says, tables=[grid])


def _what_if(effects: Sequence[Row]) -> Row:
    says = [
        "Before a platform acts: likes that would no longer count, how many of them are estimated to be honest, with a "
        "90% interval, and how many of the "
        f"{effects[0]['top'] if effects else 0} most liked posts would leave their places.",
        "A like is lost with the account that gave it, which is known of likes seen one by one only, or with the post "
        "it is on, as that is hidden; lost for both reasons it counts once, as lost with its giver. Every post before "
        "and after is in what_if_posts.parquet.",
    ]
    return section("what-if", "What acting on a tier would do", says=says, tables=[_effects(effects)])


_COLUMNS = [
    *(("creator", True), ("followers", False), ("likes", False), ("authentic", False)),
    *(("pumped", False), ("authentic rate", False), ("likely", True)),
]


def _who(row: Row, name: str, asked: str = "") -> Row:
    note = f"asked for as {asked}" if asked not in ("", name) else ""
    return {**cell(name, note), "href": row.get("page") or ""}


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
        *(("honest: lost with giver / with post", False), ("pumped ones taken off", False)),
        *(("posts hidden", False), ("posts that fall", False)),
    ]
    rows = [
        [
            cell(e["action"], e["says"]),
            cell(f"{e['accounts']:,}"),
            cell(f"{e['likes_lost']:,}", f"{e['likes_lost'] / e['likes']:.1%} of all" if e["likes"] else ""),
            cell(
                f"{e['honest_lost']:,.0f}",
                f"{e['honest_lost_low']:,.0f} to {e['honest_lost_high']:,.0f}" if e["likes_lost"] else "",
            ),
            cell(
                f"{e['honest_lost_by_giver']:,.0f} / {e['honest_lost_with_post']:,.0f}",
                f"of {e['likes_lost_by_giver']:,} / {e['likes_lost_with_post']:,} lost",
            ),
            cell(
                f"{e['pumped_lost']:,.0f}", f"{e['pumped_lost'] / e['pumped']:.1%} of all pumped" if e["pumped"] else ""
            ),
            cell(f"{e['posts_hidden']:,}", "with likes"),
            cell(f"{e['fall']:,}", f"of {e['top']:,}"),
        ]
        for e in effects
    ]
    return table("What each action would take away", columns, rows)
