"""Words and numbers that checks share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from features.errors import printable

# Below this many accounts no distribution is judged: with 5 accounts expected in a bin there would be few bins.
# People of one language come in crowds (a circle of friends, a country's launch, a campaign), so their number swings
# more than that of accounts drawn one by one.
CROWDS = frozenset({"language"})
FEWEST = 50
NAMED = 5  # features or values named in a sentence


def share_psi(now: float, then: float) -> float:
    """Population stability index of a share, kept finite by half an account in a thousand."""
    a, b = (min(max(x, 0.0005), 0.9995) for x in (now, then))
    return (a - b) * math.log(a / b) + (b - a) * math.log((1 - a) / (1 - b))


def number(n: int, what: str) -> str:
    """``n`` of ``what``, in the plural where there are several."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def more(found: Sequence[Any]) -> str:
    """How many of ``found`` a sentence that names ``NAMED`` of them leaves out."""
    return f" and {len(found) - NAMED} more" if len(found) > NAMED else ""


def quoted(value: str) -> str:
    """A value that others chose, made harmless."""
    return f"“{printable(value, 40)}”"
