"""One booster taught by copies of its accounts without tables: another way to any subset of tables, measured.

Every labelled account is there as it is and once more without the features of each set of tables. Copies are on the
side of their account in every test and are never tested themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.boosted import Rows
from models.folds import Side


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
