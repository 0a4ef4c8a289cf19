"""The creators somebody asks for: a CSV in, a ranking with intervals out."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable
from pipeline.audit.matching import Match

if TYPE_CHECKING:
    import duckdb

MOST = 10_000  # rows of a list
COLUMNS = ("account_id", "username")
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Asked:
    """Creators in the order they were asked for; ``price`` is that of a post where a row has none."""

    names: tuple[tuple[str, str], ...] = ()  # column (account_id or username) and value
    prices: tuple[float | None, ...] = ()
    price: float | None = None
    accounts: tuple[str, ...] = ()  # account_id of single creators, instead of a list
    posts: tuple[str, ...] = ()  # post_id of single posts
    authors: tuple[str, ...] = ()  # account_id of who wrote these


def read(path: Path | None, price: float | None) -> Asked:
    """The list in the CSV ``path``: a column account_id or username, and optionally price.

    Header names count in any letter case; columns are parted by commas, semicolons or tabs, as the header is.

    Raises
    ------
    BadInput
        When the file or a price cannot be used.
    """
    if price is not None:
        _check_price(price, "--price")
    if path is None:
        return Asked(price=price)
    where = f"--creators {printable(str(path), 200)}"
    try:
        header, rows, delimiter = _table(path)
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadInput(
            where, expected="a CSV file in UTF-8", got=printable(str(error)), todo="Export the list again."
        ) from error
    columns = [c for c in COLUMNS if c in header]
    if not columns or not 1 <= len(rows) <= MOST:
        raise BadInput(
            where,
            expected=f"a header with account_id or username, and 1 to {MOST:,} rows",
            got=f"{len(rows):,} rows, columns {printable(', '.join(header), 200) or 'none'}",
            todo="Write for example `account_id,price` on the first line.",
        )
    names, prices = [], []
    for line, values in rows:
        row = dict(zip(header, values, strict=False))
        named = [(c, name) for c in columns if (name := row.get(c, "").strip())]
        if not named:
            raise BadInput(
                f"{where}, row {line}", expected=columns[0], got="nothing", todo="Remove the row or name somebody."
            )
        names.append(named[0])
        prices.append(_price(row.get("price"), f"{where}, row {line}", delimiter))
    return Asked(tuple(names), tuple(prices), price)


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]], str]:
    """Names of the columns as we write them, rows that are not empty with their line, and what parts the columns."""
    raw = path.read_bytes()
    # Spreadsheets that export "Unicode text" write UTF-16; both have a mark of what they are in front.
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.strip().lower().startswith("sep="):  # a spreadsheet's own hint, no header
        text, skipped = rest, 1
    top = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=top.count)
    # A line is counted where its row ends, as editors count; names do not go over lines.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in next(reader, [])]
    rows = [(reader.line_num + skipped, row) for row in reader if any(v.strip() for v in row)]
    return header, rows, delimiter


def single(connection: duckdb.DuckDBPyConnection, asked: Asked, accounts: Sequence[str], posts: Sequence[str]) -> Asked:
    """``asked`` with single creators and posts, after ``relations.number``.

    Raises
    ------
    BadInput
        When an account or a post is not in the tables.
    """
    for flag, ids, relation, column in (
        ("--account", accounts, "people", "account_id"),
        ("--post", posts, "written", "post_id"),  # without posts from after their author was observed
    ):
        known = _known(connection, relation, column, ids)
        if unknown := next((i for i in ids if i not in known), None):
            raise BadInput(
                f"{flag} {printable(unknown, 80)}",
                expected=f"{'an' if column[0] == 'a' else 'a'} {column} of the tables",
                got="none of this name",
                todo="Write it as the tables do, letter by letter.",
            )
    authors = connection.execute(
        "SELECT DISTINCT p.account_id FROM written w JOIN people p ON p.account = w.author "
        "WHERE list_contains($1, w.post_id) ORDER BY 1",
        [list(posts)],
    ).fetchall()
    once = (tuple(dict.fromkeys(ids)) for ids in (accounts, posts))
    return replace(asked, accounts=next(once), posts=next(once), authors=tuple(a for (a,) in authors))


def _known(connection: duckdb.DuckDBPyConnection, relation: str, column: str, ids: Sequence[str]) -> set[str]:
    found = connection.execute(f"SELECT {column} FROM {relation} WHERE list_contains($1, {column})", [list(ids)])
    return {one for (one,) in found.fetchall()}


def _price(given: str | None, where: str, delimiter: str) -> float | None:
    if given is None or not given.strip():
        return None
    # Where semicolons part columns, commas are in use for decimals.
    plain = given.strip().replace(",", ".") if delimiter == ";" and "." not in given else given
    try:
        value = float(plain)
    except (TypeError, ValueError) as error:
        raise BadInput(
            where, expected="a price such as 250.00", got=printable(str(given), 60), todo="Write a plain number."
        ) from error
    return _check_price(value, where)


def _check_price(value: float, where: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise BadInput(where, expected="a price above 0", got=str(value), todo="Leave it empty where there is none.")
    return value


def ranking(asked: Asked, matches: Sequence[Match], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The creators asked for, best first, with the places their intervals leave open.

    Where all that are known have a price they are ranked by the cost of an authentic like, lowest first; else by
    authentic likes of a post per follower; those without either follow, in the order they were asked for.

    Parameters
    ----------
    asked : names and prices
    matches : who each name is
    rows : creators as in ``audit.parquet``, with ``username``

    Returns
    -------
    a row for each name: asked, price, ``row`` (None where it is not audited), status, could_be (accounts, where the
    name fits several), and rank, cost and the rest where they are known
    """
    by = {r["account_id"]: r for r in rows}
    found: list[dict[str, Any]] = []
    for place, (name, own, match) in enumerate(zip(asked.names, asked.prices, matches, strict=True)):
        row = by.get(match.account or "")
        price = own if own is not None else asked.price
        found.append(
            {
                **{"asked": name[1], "place": place, "price": price, "row": row, **costs(row, price)},
                **{"status": match.status(row is not None), "account_id": match.account, "could_be": match.several},
            }
        )
    known = [f for f in found if f["row"] is not None]
    by_cost = bool(known) and all(f["cost"] is not None for f in known)
    for f in known:
        f |= _merit(f, by_cost)
    ranked = sorted((f for f in found if "merit" in f), key=lambda f: (f["merit"], f["place"]))
    for rank, f in enumerate(ranked, start=1):
        f["rank"] = rank
        f["rank_best"] = 1 + sum(o["merit_high"] < f["merit_low"] for o in ranked)
        f["rank_worst"] = len(ranked) - sum(o["merit_low"] > f["merit_high"] for o in ranked)
        f["ranked_by"] = "cost of an authentic like" if by_cost else "authentic likes of a post per follower"
    return [*ranked, *(f for f in found if "merit" not in f)]


def _merit(one: dict[str, Any], by_cost: bool) -> dict[str, float]:
    """What a creator is ranked by, lowest first, with its interval; empty where it is not known."""
    row = one["row"]
    if by_cost:
        high = one["cost_high"]
        return {"merit": one["cost"], "merit_low": one["cost_low"], "merit_high": math.inf if high is None else high}
    if row["authentic_rate"] is None:
        return {}
    ends = {"merit": "authentic_rate", "merit_low": "authentic_rate_high", "merit_high": "authentic_rate_low"}
    return {name: -row[end] for name, end in ends.items()}


def costs(row: dict[str, Any] | None, price: float | None) -> dict[str, float | None]:
    """Price of a post over its authentic likes, with the interval; an end is None where no like may be authentic."""
    if row is None or price is None or not row["posts"]:
        return {"cost": None, "cost_low": None, "cost_high": None}
    per = {end: row[f"authentic{end}"] / row["posts"] for end in ("", "_low", "_high")}
    ends = {"cost": "", "cost_low": "_high", "cost_high": "_low"}
    return {k: round(price / per[v], 4) if per[v] > 0 else None for k, v in ends.items()}
