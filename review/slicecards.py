"""People whom tiers would meet, slice by slice, as the review page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.gate import PER_SLICE
from models.slices import DIMENSIONS
from review.page import shown
from review.words import Values, count, share


def told_slices(found: Sequence[Values], registration: Values | None = None) -> dict[str, Any] | None:
    """Tables of false positives per tier, one for each dimension; None where none were counted.

    Parameters
    ----------
    found : ``slices`` of ``evaluation.json``, compared with the limits of ``train.tiers``
    registration : ``registration.json``, whose gate compares with ``register.ceilings``; None where it did not run
    """
    counted = [one for one in found if one.get("false_positives")]
    if not counted:
        return None
    ceilings, broken = _gate(registration)
    tiers = list(counted[0]["false_positives"])
    over = sum(told["breaks"] for one in counted for told in one["false_positives"].values())
    limits = {tier: told["ceiling"] for tier, told in counted[0]["false_positives"].items()}
    tables = []
    for name in DIMENSIONS:
        here = [one for one in counted if one["dimension"] == name]
        if here:
            rows = [_row(one, tiers, ceilings, broken) for one in here]
            tables.append({"name": DIMENSIONS[name].says, "title": name.replace("_", " "), "rows": rows})
    return {
        "tiers": [
            {"name": shown(tier, 40), "limit": "" if limit is None else f"limit {_plain(limit)}"}
            for tier, limit in limits.items()
        ],
        "tables": tables,
        "slices": len(counted),
        "sentence": _sentence(over, len(counted) * len(tiers), ceilings, broken),
    }


def _gate(registration: Values | None) -> tuple[Mapping[str, float], set[tuple[str, str, str]]]:
    """The ceilings of the gate, and the dimension, slice and tier of each that is broken."""
    for check in (registration or {}).get("checks", []):
        if check.get("check") == PER_SLICE:
            told = check["evidence"]
            return told["ceilings"], {(one["dimension"], one["slice"], one["tier"]) for one in told["broken"]}
    return {}, set()


def _row(
    one: Values, tiers: Sequence[str], ceilings: Mapping[str, float], broken: set[tuple[str, str, str]]
) -> dict[str, Any]:
    cells = []
    for tier in tiers:
        told = one["false_positives"][tier]
        breaks = (one["dimension"], one["slice"], tier) in broken
        mark = "over the limit" if told["breaks"] else ""
        cells.append(
            {
                "share": share(told["value"]),
                "interval": "" if told["low"] is None else f"{told['low']:.1%} to {told['high']:.1%}",
                "mark": f"breaks the ceiling of {_plain(ceilings[tier])}" if breaks else mark,
                "breaks": breaks,
            }
        )
    return {
        "name": shown(one["slice"], 60),
        "counts": [count(one["accounts"]), count(one["people"])],
        "cells": cells,
    }


def _plain(limit: float) -> str:
    """A limit in percent, with no more digits than it has."""
    return f"{100 * limit:.4g}%"


def _sentence(over: int, counts: int, ceilings: Mapping[str, float], broken: set[tuple[str, str, str]]) -> str:
    said = (
        f"{over:,} of the {counts:,} counts below {'is' if over == 1 else 'are'} over the limit of all people by more "
        "than chance explains."
        if over
        else "No count below is over the limit of all people by more than chance explains."
    )
    if not ceilings:
        return said
    if not broken:
        return f"{said} No slice breaks the gate's ceilings (register.ceilings)."
    names = sorted(f"{shown(d, 40).replace('_', ' ')} {shown(s, 60)} in {shown(t, 40)}" for d, s, t in broken)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{said} The gate's ceilings (register.ceilings) are broken by {'; '.join(names[:5])}{more}."
