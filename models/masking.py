"""One model for any subset of tables: it also learns from its accounts as they would look had tables not been given.

A booster grown on accounts of which everything is known sends what is missing along the way of the crowd, and is worse
on profiles alone than a booster grown on profiles. So every labelled account is there as it is and once more without
the features of each set of tables. Copies are on the side of their account in every test; they are never tested
themselves, and neither calibration nor thresholds see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.boosted import Rows
from models.folds import Side

# Tables that come last are the first to be absent: who has no follows may have likes, who has no posts has neither.
ABSENT = (("follows",), ("follows", "engagements"), ("follows", "engagements", "posts"))


def masks(declarations: Sequence[Mapping[str, Any]], x: np.ndarray) -> np.ndarray:
    """Which columns are gone when tables are absent.

    Parameters
    ----------
    declarations : of each column; ``needs`` lists the tables it cannot do without
    x : float64 of shape (n, f)

    Returns
    -------
    bool of shape (m, f), at most one row per entry of ``ABSENT``: without those that take nothing, everything, or what
    the row before takes
    """
    known = ~np.isnan(x).all(axis=0)
    found: list[np.ndarray] = []
    for tables in ABSENT:
        gone = np.array([bool({*tables} & {*(d.get("needs") or ())}) for d in declarations], dtype=bool) & known
        if gone.any() and not gone[known].all() and not (found and np.array_equal(gone, found[-1])):
            found.append(gone)
    return np.array(found).reshape(-1, x.shape[1])


def with_copies(rows: Rows, tests: Sequence[Side], gone: np.ndarray, weight: float) -> tuple[Rows, list[Side]]:
    """The rows, followed by a copy of each without the columns of each row of ``gone``.

    A copy that would lack no more than the account or its copy before is not made.

    Parameters
    ----------
    rows : Rows
    tests : positions in ``rows``
    gone : bool of shape (m, f)
    weight : float, of all copies of an account together against the account; 0 makes none
    """
    if not len(gone) or not weight:
        return rows, list(tests)
    parts, origin, now = [rows.x], [np.arange(len(rows.x))], rows.x
    for columns in gone:
        copied = np.flatnonzero((~np.isnan(now[:, columns])).any(axis=1))
        now = np.where(columns, np.nan, now)
        parts.append(now[copied])
        origin.append(copied)
    of = np.concatenate(origin)
    copies = np.bincount(of, minlength=len(rows.x)) - 1
    own = np.arange(len(of)) < len(rows.x)
    taught = Rows(
        np.vstack(parts),
        rows.is_bot[of],
        rows.weight[of] * np.where(own, 1.0, weight / np.maximum(copies[of], 1)),
        rows.columns,
    )

    def whole(positions: np.ndarray) -> np.ndarray:
        inside = np.zeros(len(rows.x), dtype=bool)
        inside[positions] = True
        return np.flatnonzero(inside[of])

    return taught, [Side(t.fold, whole(t.train), t.test) for t in tests]
