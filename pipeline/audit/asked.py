"""The creators somebody asks for: a CSV in, a ranking with intervals out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable

MOST = 10_000  # rows of a list


@dataclass(frozen=True)
class Asked:
    """Creators in the order they were asked for; ``price`` is that of a post where a row has none."""

    names: tuple[tuple[str, str], ...] = ()  # column (account_id or username) and value
    prices: tuple[float | None, ...] = ()
    price: float | None = None


def read(path: Path | None, price: float | None) -> Asked:
    """The list in the CSV ``path``: a column account_id or username, and optionally price.

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
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            where, expected="a CSV file in UTF-8", got=printable(str(error)), todo="Export the list again."
        ) from error
    column = next((c for c in ("account_id", "username") if rows and c in rows[0]), None)
    if column is None or len(rows) > MOST:
        raise BadInput(
            where,
            expected=f"a header with account_id or username, and 1 to {MOST:,} rows",
            got=f"{len(rows):,} rows, columns {printable(', '.join(map(str, rows[0] if rows else ())), 200) or 'none'}",
            todo="Write for example `account_id,price` on the first line.",
        )
    names, prices = [], []
    for line, row in enumerate(rows, start=2):
        name = (row[column] or "").strip()
        if not name:
            raise BadInput(
                f"{where}, row {line}", expected=column, got="nothing", todo="Remove the row or name somebody."
            )
        names.append((column, name))
        prices.append(_price(row.get("price"), f"{where}, row {line}"))
    return Asked(tuple(names), tuple(prices), price)


def _price(given: Any, where: str) -> float | None:
    if given is None or not str(given).strip():
        return None
    try:
        value = float(given)
    except (TypeError, ValueError) as error:
        raise BadInput(
            where, expected="a price such as 250.00", got=printable(str(given), 60), todo="Write a plain number."
        ) from error
    return _check_price(value, where)


def _check_price(value: float, where: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise BadInput(where, expected="a price above 0", got=str(value), todo="Leave it empty where there is none.")
    return value


def ranking(asked: Asked, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The creators asked for, best first, with the places their intervals leave open.

    Where all that are known have a price they are ranked by the cost of an authentic like, lowest first; else by
    authentic likes of a post per follower; those without either follow, in the order they were asked for.

    Parameters
    ----------
    asked : names and prices
    rows : creators as in ``audit.parquet``, with ``username``
    """
    by = {("account_id", r["account_id"]): r for r in reversed(rows)}
    by |= {("username", r["username"]): r for r in reversed(rows) if r["username"]}
    found: list[dict[str, Any]] = []
    for place, (name, own) in enumerate(zip(asked.names, asked.prices, strict=True)):
        row = by.get(name)
        price = own if own is not None else asked.price
        found.append({"asked": name[1], "place": place, "price": price, "row": row, **costs(row, price)})
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
