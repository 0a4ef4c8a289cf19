"""Files of an audit: tables, a summary, a ranking and pages, all written whole."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
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
from pipeline.audit.whatif import what_if
from pipeline.files import write_all, write_value

if TYPE_CHECKING:
    import duckdb

    from pipeline.settings import Authenticity

Row = dict[str, Any]
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
    names = dict(connection.execute("SELECT account_id, username FROM people").fetchall()) if asked.names else {}
    listed = chosen_rows(every, asked, names, settings)
    ranked = ranking(asked, listed) if asked.names else []
    if asked.names and not any(f["row"] for f in ranked):
        raise BadInput(
            "--creators",
            expected="creators with posts that have likes in the tables",
            got=f"none of {len(ranked):,}, such as {printable(asked.names[0][1], 80)}",
            todo="Write account_id or username as the tables do.",
        )
    shown = [f["row"] for f in ranked if f["row"]] if ranked else listed
    paged = list({r["account_id"]: r for r in shown}.values())[: settings.pages]
    addresses = {r["account_id"]: f"creators/{page_name(r['account_id'])}" for r in paged}
    close = close_ups(connection, list(addresses), likes)
    effects, fallen = what_if(connection, settings.top)
    counts: Row = {"posts": 0, "pumped_posts": int(pa.compute.sum(every["pumped_posts"]).as_py() or 0)}
    detailed: dict[str, Row] = {}
    posts_wanted = {p for c in close.values() for p in c["posts"]}

    def write_audit(path: Path) -> None:
        with pq.ParquetWriter(path, written.SCHEMA, compression="zstd") as writer:
            writer.write_table(every)
            for piece in written.posts(connection, constants, settings.least_likes):
                counts["posts"] += piece.num_rows
                writer.write_table(piece)
                if posts_wanted:
                    some = piece.filter(pa.compute.is_in(piece["post_id"], pa.array(sorted(posts_wanted), pa.string())))
                    detailed.update((r["post_id"], r) for r in some.to_pylist())

    totals = _totals(every)
    summary: Row = {"creators": every.num_rows, **totals, "what_if": effects, "fitted_on": dict(constants.fitted)}
    price_of = {f["row"]["account_id"]: f["price"] for f in reversed(ranked) if f["row"]}

    def told() -> Row:
        """The summary, known after all posts were written."""
        return {**summary, **counts, "says": _says(every.num_rows, counts, totals)}

    def write_pages(path: Path) -> None:
        pages = {}
        for r in paged:
            price, near = price_of.get(r["account_id"], asked.price), close[r["account_id"]]
            kept = [detailed[p] for p in near["posts"] if p in detailed]
            pages[page_name(r["account_id"])] = creator_page(
                {**r, "price": price, **costs(r, price)}, {**near, "posts": kept}
            )
        write_value(path, pages)

    rows = [{**f, **(f["row"] or {}), "page": addresses.get((f["row"] or {}).get("account_id", ""))} for f in ranked]
    rows = rows or [{**r, "page": addresses.get(r["account_id"])} for r in listed]
    # The rows of posts come first: what is written after them tells of them.
    files: dict[Path, Any] = {
        out / "audit.parquet": write_audit,
        out / "what_if.parquet": fallen,
        out / "audit.json": lambda path: write_value(path, told()),
        out / "audit.html": lambda path: write_value(path, list_page(told(), rows[: settings.listed], bool(ranked))),
        out / "creators": write_pages,
        **{out / name: value for name, value in more.items()},
    }
    if ranked:
        files[out / "ranking.csv"] = _csv(ranked).encode()
    write_all(files)
    short = {k: v for k, v in told().items() if k not in ("what_if", "fitted_on")}
    return {**short, "pages": len(paged), "out": str(out)}


def chosen_rows(every: pa.Table, asked: Asked, names: Mapping[str, Any], settings: Authenticity) -> list[Row]:
    """Rows of the creators asked for; without a list, of those with most pumped likes."""
    if asked.names:
        ids = {v for c, v in asked.names if c == "account_id"}
        called = {v for c, v in asked.names if c == "username"}
        ids |= {account for account, name in names.items() if name in called}
        some = every.filter(pa.compute.is_in(every["account_id"], pa.array(sorted(ids), pa.string())))
        return [{**r, "username": names.get(r["account_id"])} for r in some.to_pylist()]
    pumped = pa.compute.multiply(every["pumped_share"], every["likes"].cast(pa.float64()))
    keys = every.select(["account_id"]).append_column("pumped", pumped)
    order = pa.compute.sort_indices(keys, [("pumped", "descending"), ("account_id", "ascending")])
    first = every.take(order[: max(settings.pages, settings.listed)])
    return [{**r, "username": None} for r in first.to_pylist()]


def page_name(account: str) -> str:
    """File of a creator's page: names of others never become file names."""
    return f"{hashlib.md5(account.encode(), usedforsecurity=False).hexdigest()[:16]}.html"


def _totals(every: pa.Table) -> Row:
    total = {c: float(pa.compute.sum(every[c]).as_py() or 0) for c in ("likes", "likes_seen", "authentic", *WAYS)}
    verdicts = {v["values"]: v["counts"] for v in every["verdict"].value_counts().to_pylist()}
    return {
        "likes": int(total["likes"]),
        "likes_seen": int(total["likes_seen"]),
        "authentic": round(total["authentic"], 1),
        "pumped_share": round(1 - total["authentic"] / total["likes"], 4) if total["likes"] else None,
        "by_way": {w: round(total[w], 1) for w in WAYS},
        "verdicts": {v: int(verdicts.get(v, 0)) for v in (*INTENTS, "unclear")},
    }


def _says(creators: int, counts: Row, totals: Row) -> str:
    if not totals["likes"]:
        return "no post is known to have likes: there is nothing to audit"
    return (
        f"{creators:,} creators, {counts['posts']:,} posts, {totals['likes']:,} likes, {totals['likes_seen']:,} "
        "of them "
        f"seen; {totals['pumped_share']:.1%} estimated to be pumped, {counts['pumped_posts']:,} posts look pumped"
    )


def _csv(ranked: Sequence[Row]) -> str:
    """The ranking as CSV; text that a spreadsheet would take for a formula is written as text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(RANKING)
    for f in ranked:
        row = {**(f["row"] or {}), **f, "status": "audited" if f["row"] else "no likes known"}
        writer.writerow([_inert(row.get(c)) for c in RANKING])
    return out.getvalue()


def _inert(value: Any) -> Any:
    if isinstance(value, str):
        shown = printable(value, 200)
        return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown
    return "" if value is None else value
