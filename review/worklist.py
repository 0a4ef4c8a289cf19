"""Accounts of scores as ``worklist.html.j2`` wants them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from review.page import shown
from review.words import number


@dataclass(frozen=True)
class Listed:
    """An account of a list; what the score says of it is None while it is not to be known."""

    account_id: str
    as_of: datetime | None
    tier: str | None
    probability: float | None


def entries(some: Iterable[Listed]) -> list[dict[str, str]]:
    """Entries of a list, with the address of each."""
    return [
        {
            "account_id": shown(one.account_id, 80),
            "link": f"/?account={quote(one.account_id, safe='')}",
            "tier": shown(one.tier or "", 40),
            "probability": number(one.probability) if one.probability is not None else "",
        }
        for one in some
    ]


def case_of(row: Mapping[str, Any], blind: bool, may_decide: bool) -> dict[str, Any]:
    """The row of scores of an account; nothing of what the score says is in it when ``blind``."""
    known = row["status"] != "invalid"
    told: dict[str, Any] = {
        "raw": row["account_id"],
        "account_id": shown(row["account_id"], 80),
        "as_of": f"{row['as_of']:%Y-%m-%d %H:%M} UTC" if row["as_of"] else "",
        "audit": bool(row["audit"]),
        "blind": blind,
        "may_decide": known and may_decide,
        "sentences": [],
        "reasons": [],
    }
    return told if blind else told | {"sentences": _sentences(row), "reasons": [_reason(r) for r in row["reasons"]]}


def _sentences(row: Mapping[str, Any]) -> list[str]:
    """What the score says, one thing a sentence."""
    said = []
    if row["bot_probability"] is not None:
        low, high = row["bot_probability_low"], row["bot_probability_high"]
        between = f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else ""
        said.append(
            f"Model {shown(row['model_version'], 80)} gives {row['bot_probability']:.3f}{between}, "
            f"tier {shown(row['scored_tier'], 40)}."
        )
    if row["kind"] is not None:
        said.append(
            f"Most like the kind {shown(row['kind'], 60)}, with a probability of {row['kind_probability']:.3f}."
        )
    if row["status"] != "scored":
        said.append(f"Status {row['status']}: {shown(row['status_reason'] or 'no reason is given', 400)}.")
    if not row["reasons"] and row["status"] != "invalid":
        said.append("The scores hold no reasons for it.")
    return said


def _reason(reason: Mapping[str, Any]) -> dict[str, str]:
    towards = "bot" if reason["contribution"] > 0 else "person"
    return {
        "text": shown(reason["text"], 320),
        "push": f"{reason['contribution']:+.2f} log-odds",
        "direction": f"towards {towards}",
        "class": towards,
        "code": shown(reason["code"], 80),
    }
