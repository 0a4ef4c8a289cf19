"""What a person wants to see of a town: counts, activity, some posts, degrees; gathered while the tables pass by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.chance import Array
from simulation.settings import Town

_HOURS = 72  # of a post's life that are drawn
_US_PER_HOUR = 3_600_000_000
_BOUGHT = {
    "burst": "likes bought, delivered in a burst",
    "drip": "likes bought, dripped",
    "gradual": "likes bought, delivered as people come",
}


class Tally:
    """Feed it every piece of ``town.stream`` in order, then ask for the ``summary``."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.rows: dict[str, int] = {}
        self.by_hour = {"all": np.zeros(24), "pumped": np.zeros(24)}
        self.by_day = {"all": np.zeros(town.calendar.days), "pumped": np.zeros(town.calendar.days)}
        self.causes: dict[str, int] = {}
        self.scenes: dict[str, int] = {}
        self.orders = {"orders": 0, "ordered": 0, "delivered": 0, "roubles": 0.0}
        self.first: dict[str, pa.Table] = {}
        self.last: dict[str, pa.Table] = {}
        self.posts: list[dict[str, Any]] = []

    def add(self, name: str, table: pa.Table) -> None:
        """Take notice of a piece of table ``name``."""
        self.rows[name] = self.rows.get(name, 0) + table.num_rows
        if name in ("engagements", "truth_engagements"):
            self._when(table, "all" if name == "engagements" else "pumped")
        if name == "truth_engagements":
            _count_into(self.causes, table["cause"])
        elif name == "truth_orders":
            self._order(table)
        elif name == "truth_posts":
            _count_into(self.scenes, table["scene"])
        if name in ("accounts", "truth", "labels"):
            self.last[name] = table
        elif not self.posts and name.startswith(("engagements", "truth_", "posts")):
            self.first[name] = table
            if name == "truth_posts":  # the last piece of a block
                self.posts = examples(self.first)
                self.first = {}

    def _when(self, table: pa.Table, which: str) -> None:
        at_us = table["created_at"].cast(pa.int64()).to_numpy()
        self.by_hour[which] += np.bincount(at_us // _US_PER_HOUR % 24, minlength=24)
        days = self.town.calendar.days
        day = (at_us - int(self.town.calendar.end_at.timestamp()) * 1_000_000) // (24 * _US_PER_HOUR) + days
        self.by_day[which] += np.bincount(day, minlength=days)[:days]

    def _order(self, table: pa.Table) -> None:
        self.orders["orders"] += table.num_rows
        self.orders["ordered"] += pc.sum(table["ordered"]).as_py() or 0
        self.orders["delivered"] += pc.sum(table["delivered"]).as_py() or 0
        self.orders["roubles"] += pc.sum(table["price"]).as_py() or 0.0

    def summary(self) -> dict[str, Any]:
        """Plain values: rows per table, roles, labels, causes, scenes, orders, activity, posts and degrees."""
        truth = self.last["truth"]
        roles = {
            row["role"]: {"accounts": row["count_all"], "bots": row["is_bot_sum"]}
            for row in truth.group_by("role").aggregate([([], "count_all"), ("is_bot", "sum")]).to_pylist()
        }
        labels = self.last.get("labels")
        return {
            "settings": self.town.model_dump(mode="json"),
            "rows": self.rows,
            "roles": roles,
            "bots": pc.sum(truth["is_bot"]).as_py(),
            "victims": pc.sum(truth["victim"]).as_py(),
            "labelled": labels.num_rows if labels else 0,
            "labelled_bots": (pc.sum(labels["is_bot"]).as_py() or 0) if labels else 0,
            "causes": self.causes,
            "scenes": self.scenes,
            "orders": self.orders,
            "by_hour": {name: values.tolist() for name, values in self.by_hour.items()},
            "by_day": {name: values.tolist() for name, values in self.by_day.items()},
            "posts": self.posts,
            "degrees": self._degrees(truth),
        }

    def _degrees(self, truth: pa.Table) -> dict[str, dict[str, list[list[float]]]]:
        """Share of accounts at or above a number of followers and followed, inside the town and as shown."""
        accounts = self.last["accounts"]
        is_bot = truth["is_bot"].to_numpy()
        found = {}
        for name, title in (("followers", "followers in the town"), ("following", "followed in the town")):
            shown = accounts[f"{name}_count"].to_numpy()  # NaN where the counter is missing
            inside = shown - truth[f"{name}_outside"].to_numpy()
            found[title] = {"people": reached(inside[~is_bot]), "bots": reached(inside[is_bot])}
        shown = accounts["followers_count"].to_numpy()
        found["followers shown in the profile"] = {"people": reached(shown[~is_bot]), "bots": reached(shown[is_bot])}
        return found


def reached(values: Array) -> list[list[float]]:
    """Pairs of a value and the share of accounts at or above it, at 40 steps up to the largest; none for no account."""
    known = np.sort(values[~np.isnan(values.astype(float))])
    if not len(known):
        return []
    steps = np.unique(np.geomspace(1, max(known[-1], 1), 40).round())
    share = 1 - np.searchsorted(known, steps) / len(known)
    return [[float(s), float(p)] for s, p in zip(steps, share, strict=True) if p > 0]


def _count_into(total: dict[str, int], column: pa.ChunkedArray) -> None:
    for pair in column.value_counts().to_pylist():
        total[pair["values"]] = total.get(pair["values"], 0) + pair["counts"]


def examples(block: dict[str, pa.Table]) -> list[dict[str, Any]]:
    """Likes over time of an honest, a viral and some pumped posts, chosen among the first accounts.

    Returns
    -------
    list of {"what", "post_id", "honest", "pumped"}, the last two being hours from the post to each like, ascending
    """
    if "engagements" not in block or "posts" not in block:
        return []
    likes = block["engagements"].filter(pc.equal(block["engagements"]["kind"], "like"))
    paid = block["truth_engagements"].filter(pc.equal(block["truth_engagements"]["kind"], "like"))
    posted = dict(zip(block["posts"]["post_id"].to_pylist(), block["posts"]["created_at"].to_pylist(), strict=True))
    orders = block["truth_orders"]
    orders = orders.filter(pc.equal(orders["product"], "likes"))
    counts = {pair["values"]: pair["counts"] for pair in likes["post_id"].value_counts().to_pylist()}
    bought = {pair["values"]: pair["counts"] for pair in paid["post_id"].value_counts().to_pylist()}
    chosen: list[tuple[str, str]] = []
    for style, what in _BOUGHT.items():
        some = orders.filter(pc.equal(orders["style"], style))["post_id"].to_pylist()
        if some:  # the one with most of both kinds of likes shows how they lie on each other
            both = {post: min(bought.get(post, 0), counts.get(post, 0) - bought.get(post, 0)) for post in some}
            chosen.append((what, max(both, key=lambda p: (both[p], bought.get(p, 0), p))))
    viral = block["truth_posts"].filter(pc.equal(block["truth_posts"]["scene"], "viral"))
    unpaid = [p for p in viral["post_id"].to_pylist() if p not in bought]
    if unpaid:
        most = max(unpaid, key=lambda p: (counts.get(p, 0), p))
        chosen.insert(0, ("went viral, nobody paid", most))
    touched = set(bought) | {p for _, p in chosen}
    honest = [p for p in counts if p not in touched]
    if honest:
        chosen.insert(0, ("liked by its author's followers", max(honest, key=lambda p: (counts[p], p))))
    pumped = _hours(paid, posted, {p for _, p in chosen})
    every = _hours(likes, posted, {p for _, p in chosen})
    return [
        {
            "what": what,
            "post_id": post,
            "honest": _difference(every.get(post, []), pumped.get(post, [])),
            "pumped": pumped.get(post, []),
        }
        for what, post in chosen
    ]


def _hours(likes: pa.Table, posted: dict[str, Any], wanted: set[str]) -> dict[str, list[float]]:
    some = likes.filter(pc.is_in(likes["post_id"], pa.array(sorted(wanted), pa.string())))
    found: dict[str, list[float]] = {}
    for post, at in zip(some["post_id"].to_pylist(), some["created_at"].to_pylist(), strict=True):
        hours = (at - posted[post]).total_seconds() / 3600
        if hours <= _HOURS:
            found.setdefault(post, []).append(round(hours, 5))
    return {post: sorted(hours) for post, hours in found.items()}


def _difference(every: list[float], some: list[float]) -> list[float]:
    left = list(every)
    for one in some:
        left.remove(one)
    return left
