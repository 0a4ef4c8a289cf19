"""One model for any subset of tables: beside the booster for all tables it carries one for each way tables are absent.

A booster grown on accounts of which everything is known sends what is missing along the way of the crowd, and is much
worse on profiles alone than a booster grown on profiles. Teaching one booster both, by copies of its accounts without
tables, comes close and costs quality where everything is known (``benchmarks/ablation.py`` measures both). So a model
is as good on a subset of tables as a model of that subset, because that is what it carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Tables that come last are the first to be absent: who has no follows may have likes, who has no posts has neither.
ABSENT = (("follows",), ("follows", "engagements"), ("follows", "engagements", "posts"))


def masks(declarations: Sequence[Mapping[str, Any]], x: np.ndarray) -> dict[tuple[str, ...], np.ndarray]:
    """Which columns are gone when tables are absent.

    Parameters
    ----------
    declarations : of each column; ``needs`` lists the tables it cannot do without
    x : float64 of shape (n, f)

    Returns
    -------
    absent tables -> bool of shape (f,), for each entry of ``ABSENT`` but those that take nothing, everything, or what
    the entry before takes
    """
    known = ~np.isnan(x).all(axis=0)
    found: dict[tuple[str, ...], np.ndarray] = {}
    for tables in ABSENT:
        gone = np.array([bool({*tables} & {*(d.get("needs") or ())}) for d in declarations], dtype=bool) & known
        before = next(reversed(found.values()), None)
        if gone.any() and not gone[known].all() and not (before is not None and np.array_equal(gone, before)):
            found[tables] = gone
    return found
