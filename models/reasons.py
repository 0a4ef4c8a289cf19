"""Why an account has its score, in sentences anyone can check: which values, and what is usual among people.

Reasons follow from contributions alone, so the same account and model always have the same reasons. They do not say
in which direction a value should be read: the same value may speak for and against a bot, depending on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def reasons(model: Explainable, matrix: Any, contributions: Any, most: int) -> list[list[dict[str, Any]]]:
    """The reasons of every account, most telling first.

    The largest contribution of each family comes first, family by family, then what is left, by size; contributions
    below ``LEAST`` and suppressed features are no reasons. Equal contributions are ordered by column.

    Parameters
    ----------
    model : Model
    matrix : array of shape (n_accounts, n_features), float64, NaN where missing
    contributions : array of the same shape, log-odds
    most : int, reasons per account at most

    Returns
    -------
    list of n_accounts lists of at most ``most`` dicts: feature, code (stable between versions), family, unit, value
    (None when missing), usual_low and usual_high (10th and 90th percentile of people, None when unknown),
    contribution (log-odds, positive towards bot) and text. Empty when nothing carries the score.
    """
    values = np.asarray(matrix, dtype=np.float64)
    pushes = np.round(np.asarray(contributions, dtype=np.float64), DIGITS)
    size = np.where(_shown(model), np.abs(pushes), 0.0)
    order = np.argsort(-size, axis=1, kind="stable")
    families = [s.family for s in model.said]
    out = []
    for row in range(len(values)):
        candidates = [int(c) for c in order[row] if size[row, c] >= LEAST]
        chosen = _family_first(candidates, families)[:most]
        out.append([_reason(model.said[c], values[row, c], pushes[row, c]) for c in chosen])
    return out


def kind_reasons(model: HasKinds, matrix: Any, kinds: Any, most: int) -> list[list[dict[str, Any]]]:
    """What speaks for the kind each account was given, most telling first; nothing for ``human``.

    Parameters
    ----------
    model : Model that tells kinds
    matrix : array of shape (n_accounts, n_features), float64, NaN where missing
    kinds : name of a kind for each account, a sequence of n_accounts
    most : int, reasons per account at most

    Returns
    -------
    list of n_accounts lists as of ``reasons``; contributions are to the score of the kind, all positive
    """
    values, given = np.asarray(matrix, dtype=np.float64), np.asarray(kinds, dtype=object)
    out: list[list[dict[str, Any]]] = [[] for _ in given]
    assert model.kinds is not None
    for name in sorted(set(given) - {PERSON}):
        here = np.flatnonzero(given == name)
        _, pushes = contributions(model.kinds.trees_of(name), values[here])
        for i, told in zip(here, reasons(model, values[here], np.maximum(pushes, 0.0), most), strict=True):
            out[i] = told
    return out


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


def _family_first(candidates: list[int], families: list[str]) -> list[int]:
    """The first candidate of each family, then the others, both in the order they came."""
    seen: set[str] = set()
    first: list[int] = []
    later: list[int] = []
    for c in candidates:
        (later if families[c] in seen else first).append(c)
        seen.add(families[c])
    return first + later


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
