"""Files of an audit: tables, a summary, a ranking and pages, all written whole."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import BadInput, printable
from models.authenticity import INTENTS, WAYS
from pipeline.audit import written
from pipeline.audit.asked import Asked, costs, ranking
from pipeline.audit.closeup import by_likes, close_ups
from pipeline.audit.constants import Constants
from pipeline.audit.matching import STATUS_SAYS, matches
from pipeline.audit.whatif import CHANGED, changed_posts, what_if
from pipeline.files import write_all, write_value

if TYPE_CHECKING:
    import duckdb

    from pipeline.settings import Authenticity

log = logging.getLogger(__name__)
Row = dict[str, Any]
MOST_LISTED = 2_000  # creators asked for that the page of the list shows; more would make it too large
RANKING = (
    *(
        "rank",
        "rank_best",
        "rank_worst",
        "ranked_by",
        "asked",
        "account_id",
        "username",
        "status",
        "could_be",
        "followers",
        "posts",
    ),
    *("likes", "rests_on", "authentic", "authentic_low", "authentic_high"),
    *("pumped_share", "pumped_share_low", "pumped_share_high", "engagement_rate"),
    *("authentic_rate", "authentic_rate_low", "authentic_rate_high", "price", "cost", "cost_low", "cost_high"),
    *("verdict", *(f"p_{i}" for i in INTENTS)),
)


def publish(
    connection: duckdb.DuckDBPyConnection,
    constants: Constants,
    settings: Authenticity,
    asked: Asked,
    out: Path,
    more: Mapping[str, Any],
    likes: Callable[[duckdb.DuckDBPyConnection], None] = by_likes,
) -> Row:
    """Write everything to ``out`` and return the summary; ``more`` are further files by name.

    ``likes`` makes what ``closeup.by_likes`` makes of the authors ``chosen``.
    """
    from review.audit import list_page
    from review.auditcreator import creator_page

    every = written.creators(connection, constants)
    ranked = _ranked(connection, asked, every)
    listed = [] if asked.names else _chosen(every, asked, settings)
    shown = [f["row"] for f in ranked if f["row"]] or listed
    one_each = list({r["account_id"]: r for r in shown}.values())
    # Who was asked for gets a page, however many they are.
    paged = one_each if _wanted(asked) else one_each[: settings.pages]
    addresses = {r["account_id"]: f"creators/{page_name(r['account_id'])}" for r in paged}
    close = close_ups(connection, list(addresses), likes)
    effects, fallen = what_if(connection, constants.widths["creator"], settings.top)
    counts: Row = {"posts": 0, "pumped_posts": int(pa.compute.sum(every["pumped_posts"]).as_py() or 0)}
    written_rows: Row = {"what_if.parquet": fallen.num_rows}
    detailed: dict[str, Row] = {}
    posts_wanted = {p for c in close.values() for p in c["posts"]} | set(asked.posts)

    def write_audit(path: Path) -> None:
        with pq.ParquetWriter(path, written.SCHEMA, compression="zstd") as writer:
            writer.write_table(every)
            for piece in written.posts(connection, constants, settings.least_likes):
                counts["posts"] += piece.num_rows
                writer.write_table(piece)
                if posts_wanted:
                    some = piece.filter(pa.compute.is_in(piece["post_id"], pa.array(sorted(posts_wanted), pa.string())))
                    detailed.update((r["post_id"], r) for r in some.to_pylist())
        written_rows[path.name] = every.num_rows + counts["posts"]

    def write_changed(path: Path) -> None:
        written_rows[path.name] = 0
        with pq.ParquetWriter(path, CHANGED, compression="zstd") as writer:
            for piece in changed_posts(connection, settings.least_likes):
                written_rows[path.name] += piece.num_rows
                writer.write_table(piece)

    totals = _totals(every)
    summary: Row = {"creators": every.num_rows, **totals, "what_if": effects, "fitted_on": dict(constants.fitted)}
    price_of = {f["row"]["account_id"]: f["price"] for f in reversed(ranked) if f["row"]}

    def told() -> Row:
        """The summary, known after all posts were written."""
        return {**summary, **counts, "rows": written_rows, "says": _says(every.num_rows, counts, totals)}

    def write_pages(path: Path) -> None:
        path.mkdir(parents=True)
        if len(paged) > settings.pages:
            log.info("writing the pages of %s creators", f"{len(paged):,}")
        for r in paged:
            price, near = price_of.get(r["account_id"], asked.price), close[r["account_id"]]
            kept = [detailed[p] for p in near["posts"] if p in detailed]
            page = creator_page({**r, "price": price, **costs(r, price)}, {**near, "posts": kept})
            write_value(path / page_name(r["account_id"]), page)

    rows = [
        {
            **f,
            **(f["row"] or {}),
            "page": addresses.get(f["account_id"] or ""),
            "status_says": STATUS_SAYS.get(f["status"]),
        }
        for f in ranked
    ]
    rows = rows or [{**r, "page": addresses.get(r["account_id"])} for r in listed]
    how = "ranked" if ranked else "asked" if _wanted(asked) else "worst"
    most = MOST_LISTED if _wanted(asked) else settings.listed
    if len(rows) > most and ranked:
        log.warning("audit.html lists the first %s of %s creators; ranking.csv has all", f"{most:,}", f"{len(rows):,}")
    # The rows of posts come first: what is written after them tells of them.
    files: dict[Path, Any] = {
        out / "audit.parquet": write_audit,
        out / "what_if.parquet": fallen,
        out / "what_if_posts.parquet": write_changed,
        out / "audit.json": lambda path: write_value(path, told()),
        out / "audit.html": lambda path: write_value(path, list_page(told(), rows[:most], len(rows), how)),
        out / "creators": write_pages,
        **{out / name: value for name, value in more.items()},
    }
    if ranked:
        files[out / "ranking.csv"] = _csv(ranked).encode()
    write_all(files)
    short = {k: v for k, v in told().items() if k not in ("what_if", "fitted_on", "rows")}
    single = {"told": _told(asked, listed, detailed)} if asked.accounts or asked.posts else {}
    return {**short, **single, "pages": len(paged), "out": str(out)}


def _wanted(asked: Asked) -> bool:
    return bool(asked.names or asked.accounts or asked.posts)


def _ranked(connection: duckdb.DuckDBPyConnection, asked: Asked, every: pa.Table) -> list[Row]:
    """The creators of the list, best first; says in the log of whom there will be no page, and why."""
    if not asked.names:
        return []
    people = connection.execute("SELECT account_id, username, platform FROM people").fetchall()
    who = matches(asked.names, people)
    names = {account: username for account, username, _ in people}
    rows = [{**r, "username": names.get(r["account_id"])} for r in _rows_of(every, {m.account for m in who})]
    ranked = ranking(asked, who, rows)
    for f in ranked:
        f["username"] = names.get(f["account_id"])
    by_status = {s: [f["asked"] for f in ranked if f["status"] == s] for s in STATUS_SAYS}
    if not any(f["row"] for f in ranked):
        raise BadInput(
            "--creators",
            expected="creators with posts that have likes in the tables",
            got=", ".join(f"{len(some):,} times {s}, as {_some(some, 1)}" for s, some in by_status.items() if some),
            todo="Write account_id or username as the tables do.",
        )
    for status, some in by_status.items():
        if some:
            log.warning(
                "%s of %s creators asked for have no page, as %s: %s",
                *(f"{len(some):,}", f"{len(ranked):,}", STATUS_SAYS[status], _some(some)),
            )
    return ranked


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most > 1 else ""
    return ", ".join(printable(n, 80) for n in names[:most]) + more


def _rows_of(every: pa.Table, accounts: Iterable[str | None]) -> list[Row]:
    wanted = pa.array(sorted({a for a in accounts if a is not None}), pa.string())
    return list(every.filter(pa.compute.is_in(every["account_id"], wanted)).to_pylist())


def _chosen(every: pa.Table, asked: Asked, settings: Authenticity) -> list[Row]:
    """Rows of the creators asked for, and of the authors of posts asked for; else of those with most pumped likes."""
    if asked.accounts or asked.posts:
        return [{**r, "username": None} for r in _rows_of(every, {*asked.accounts, *asked.authors})]
    pumped = pa.compute.multiply(every["pumped_share"], every["likes"].cast(pa.float64()))
    keys = every.select(["account_id"]).append_column("pumped", pumped)
    order = pa.compute.sort_indices(keys, [("pumped", "descending"), ("account_id", "ascending")])
    first = every.take(order[: max(settings.pages, settings.listed)])
    return [{**r, "username": None} for r in first.to_pylist()]


def _told(asked: Asked, listed: Sequence[Row], detailed: Mapping[str, Row]) -> list[str]:
    """What is said in the terminal of each creator and post asked for."""
    from review.audittext import creator_text, nothing_text, post_text

    by = {r["account_id"]: r for r in listed}
    creators = [creator_text(by[a]) if a in by else nothing_text("Account", a) for a in asked.accounts]
    return creators + [post_text(detailed[p]) if p in detailed else nothing_text("Post", p) for p in asked.posts]


def page_name(account: str) -> str:
    """File of a creator's page: names of others never become file names."""
    return f"{hashlib.md5(account.encode(), usedforsecurity=False).hexdigest()[:16]}.html"


def _totals(every: pa.Table) -> Row:
    # Ends are added up as if all creators erred the same way, as they do where pumping is better hidden than is usual.
    ends = ("authentic", "authentic_low", "authentic_high")
    total = {c: float(pa.compute.sum(every[c]).as_py() or 0) for c in ("likes", "likes_seen", *ends, *WAYS)}
    part = {end: 1 - total[end] / total["likes"] if total["likes"] else None for end in ends}
    verdicts = {v["values"]: v["counts"] for v in every["verdict"].value_counts().to_pylist()}
    return {
        "likes": int(total["likes"]),
        "likes_seen": int(total["likes_seen"]),
        **{end: round(total[end], 1) for end in ends},
        "pumped_share": _rounded(part["authentic"]),
        "pumped_share_low": _rounded(part["authentic_high"]),
        "pumped_share_high": _rounded(part["authentic_low"]),
        "by_way": {w: round(total[w], 1) for w in WAYS},
        "verdicts": {v: int(verdicts.get(v, 0)) for v in (*INTENTS, "unclear")},
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _says(creators: int, counts: Row, totals: Row) -> str:
    if not totals["likes"]:
        return "no post is known to have likes: there is nothing to audit"
    return (
        f"{creators:,} creators, {counts['posts']:,} posts, {totals['likes']:,} likes, {totals['likes_seen']:,} "
        "of them "
        f"seen; {totals['pumped_share']:.1%} ({totals['pumped_share_low']:.1%} to {totals['pumped_share_high']:.1%}) "
        f"estimated to be pumped, {counts['pumped_posts']:,} posts look pumped"
    )


def _csv(ranked: Sequence[Row]) -> str:
    """The ranking as CSV; text that a spreadsheet would take for a formula is written as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(RANKING)
    for f in ranked:
        row = {**(f["row"] or {}), **f, "could_be": " ".join(f["could_be"])}
        writer.writerow([_inert(row.get(c)) for c in RANKING])
    return out.getvalue()


def _inert(value: Any) -> Any:
    if isinstance(value, str):
        shown = printable(value, 200)
        return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown
    return "" if value is None else value
