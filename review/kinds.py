"""How well kinds of accounts are told, as the review page shows it."""

from __future__ import annotations

from typing import Any

from review.page import shown
from review.words import Values, interval, number, share


def told_kinds(found: Values | None) -> dict[str, Any] | None:
    """Tables of ``evaluation.json``'s kinds; None where kinds were not told."""
    if not found:
        return None
    confusion = found["confusion"]
    return {
        "sentence": f"The most probable kind is the labelled one for {share(found['right'])} of the accounts whose "
        f"kind can be told. The mean of the average precisions is {number(found['mean']['average_precision'])}; "
        "a guess reaches the share of the kind.",
        "columns": ["kind", "accounts", "average precision", "interval", "a guess", "found at 1% false positives"],
        "rows": [
            {
                "name": shown(name, 60),
                "cells": [
                    f"{kind['accounts']:,}",
                    number(kind["average_precision"]["value"]),
                    interval(kind["average_precision"]),
                    number(kind["share"]),
                    share(kind["recall_at_1pct_fpr"]),
                ],
            }
            for name, kind in found["kinds"].items()
        ],
        "called": [shown(name, 60) for name in confusion["called"]],
        "confusion": [
            {"name": shown(name or "no kind", 60), "cells": [f"{n:,}" for n in row]}
            for name, row in zip(confusion["labelled"], confusion["accounts"], strict=True)
        ],
    }
