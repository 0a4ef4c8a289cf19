"""Why an account has its score, in sentences anyone can check: which values, and what is usual among people.

Reasons follow from contributions alone, so the same account and model always have the same reasons. They do not say
in which direction a value should be read: the same value may speak for and against a bot, depending on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models.contributions import contributions
from models.kinds import PERSON, KindModel
from models.wording import Said

LEAST = 0.05  # log-odds a reason must carry: 5% of the odds
DIGITS = 6  # of a contribution; the last bits depend on the order of summing, and must not decide an order

NO_EVIDENCE = "Nothing that is known of this account carries its score: insufficient evidence"


class Explainable(Protocol):
    """A model that can say what its columns mean."""

    @property
    def columns(self) -> Sequence[str]:
        """Features in the order of the matrix."""

    @property
    def said(self) -> Sequence[Said]:
        """What can be said of each column, in the same order."""


class HasKinds(Explainable, Protocol):
    """A model that can also say which kind of account it is."""

    @property
    def kinds(self) -> KindModel | None:
        """The model of kinds."""


@dataclass(frozen=True)
class Reasons:
    """Reasons of many accounts, one after the other: an entry per reason, the accounts' in order, best first.

    ``row`` is the account, ``column`` the feature, ``value`` its value (NaN where missing) and ``push`` its
    contribution in log-odds; ndarrays of one length.
    """

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    push: np.ndarray

    @classmethod
    def none(cls) -> Reasons:
        """No reasons."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))

    def of_rows(self, rows: np.ndarray) -> Reasons:
        """The same where account i stands in row ``rows[i]``."""
        return Reasons(rows[self.row], self.column, self.value, self.push)

    def texts(self, model: Explainable) -> list[str]:
        """The sentence of every entry."""
        said = [""] * len(self.row)
        # Entries of a feature together: its sentence is taken apart once, and values that repeat are said once.
        order = np.argsort(self.column, kind="stable")
        starts = np.searchsorted(self.column[order], np.arange(len(model.said) + 1))
        for place, one in enumerate(model.said):
            known: dict[float, str] = {}
            unknown = one.sentence(float("nan"))
            here = order[starts[place] : starts[place + 1]]
            for at, value in zip(here.tolist(), self.value[here].tolist(), strict=True):
                text = unknown if value != value else known.get(value)
                if text is None:
                    text = known[value] = one.sentence(value)
                said[at] = text
        return said


def chosen(model: Explainable, matrix: Any, contributions: Any, most: int) -> Reasons:
    """The reasons of every account, most telling first.

    The largest contribution of each family comes first, family by family, then what is left, by size; contributions
    below ``LEAST`` and suppressed features are no reasons. Equal contributions are ordered by column.

    Parameters
    ----------
    model : Model
    matrix : array of shape (n_accounts, n_features), float64, NaN where missing
    contributions : array of the same shape, log-odds
    most : int, reasons per account at most
    """
    values = np.asarray(matrix, dtype=np.float64)
    pushes = np.round(np.asarray(contributions, dtype=np.float64), DIGITS)
    if not values.size:
        return Reasons.none()
    size = np.where(_shown(model), np.abs(pushes), 0.0)
    left = size.copy()  # of the families that have not been named yet
    family = np.unique([s.family for s in model.said], return_inverse=True)[1]
    columns_of = [np.flatnonzero(family == f) for f in range(family.max() + 1)]
    column = np.full((len(values), most), -1, dtype=np.int64)
    count = np.zeros(len(values), dtype=np.int64)
    rows = np.arange(len(values))
    for by_family in (True, False):
        while len(rows):
            best = left[rows].argmax(axis=1)  # the first of equal ones
            going = left[rows, best] >= LEAST
            rows, best = rows[going], best[going]
            column[rows, count[rows]] = best
            count[rows] += 1
            size[rows, best] = 0.0
            if by_family:
                for f in np.unique(family[best]):
                    left[np.ix_(rows[family[best] == f], columns_of[f])] = 0.0
            more = count[rows] < most
            rows = rows[more]
        rows, left = np.flatnonzero(count < most), size
    at = np.nonzero(column >= 0)
    named = column[at]
    return Reasons(at[0], named, values[at[0], named], pushes[at[0], named])


def reasons(model: Explainable, matrix: Any, contributions: Any, most: int) -> list[list[dict[str, Any]]]:
    """The reasons of every account as ``chosen`` finds them.

    Returns
    -------
    list of n_accounts lists of at most ``most`` dicts: feature, code (stable between versions), family, unit, value
    (None when missing), usual_low and usual_high (10th and 90th percentile of people, None when unknown),
    contribution (log-odds, positive towards bot) and text. Empty when nothing carries the score.
    """
    return _told(model, len(np.asarray(matrix)), chosen(model, matrix, contributions, most))


def kind_chosen(model: HasKinds, matrix: Any, kinds: Any, most: int) -> Reasons:
    """What speaks for the kind each account was given, most telling first; nothing for ``human``.

    Parameters
    ----------
    model : Model that tells kinds
    matrix : array of shape (n_accounts, n_features), float64, NaN where missing
    kinds : name of a kind for each account, a sequence of n_accounts
    most : int, reasons per account at most

    Returns
    -------
    Reasons, sorted by account; contributions are to the score of the kind, all positive
    """
    values, given = np.asarray(matrix, dtype=np.float64), np.asarray(kinds, dtype=object)
    assert model.kinds is not None
    parts = [Reasons.none()]
    for name in sorted(set(given) - {PERSON}):
        here = np.flatnonzero(given == name)
        _, pushes = contributions(model.kinds.trees_of(name), values[here])
        parts.append(chosen(model, values[here], np.maximum(pushes, 0.0), most).of_rows(here))
    row, column, value, push = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "column", "value", "push")
    )
    order = np.argsort(row, kind="stable")
    return Reasons(row[order], column[order], value[order], push[order])


def kind_reasons(model: HasKinds, matrix: Any, kinds: Any, most: int) -> list[list[dict[str, Any]]]:
    """What ``kind_chosen`` finds, as a list of n_accounts lists as of ``reasons``."""
    return _told(model, len(np.asarray(matrix)), kind_chosen(model, matrix, kinds, most))


def has_evidence(model: Explainable, matrix: Any, contributions: Any) -> np.ndarray:
    """Whether anything that was measured, and may be shown, carries the score of each account.

    Returns
    -------
    bool ndarray of shape (n_accounts,); False where no value that is present contributes ``LEAST`` log-odds
    """
    present = ~np.isnan(np.asarray(matrix, dtype=np.float64))
    size = np.abs(np.round(np.asarray(contributions, dtype=np.float64), DIGITS))
    return (present & _shown(model) & (size >= LEAST)).any(axis=1)


def _shown(model: Explainable) -> np.ndarray:
    return np.array([not s.suppressed for s in model.said], dtype=bool)


def _told(model: Explainable, rows: int, found: Reasons) -> list[list[dict[str, Any]]]:
    out: list[list[dict[str, Any]]] = [[] for _ in range(rows)]
    for row, column, value, push in zip(found.row, found.column, found.value, found.push, strict=True):
        out[row].append(_reason(model.said[column], value, push))
    return out


def _reason(said: Said, value: float, push: float) -> dict[str, Any]:
    return {
        "feature": said.name,
        "code": said.code,
        "family": said.family,
        "unit": said.unit,
        "value": _known(value),
        "usual_low": _known(said.usual_low),
        "usual_high": _known(said.usual_high),
        "contribution": float(push),
        "text": said.sentence(float(value)),
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
