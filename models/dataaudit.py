"""The data audit: what is looked for in labelled accounts before a model learns from them.

A model with a leak looks excellent and fails in the field. Each check has a code and answers with a finding or with
nothing. A *severe* finding means that the measured quality would not be true, and stops the run unless it is allowed
in ``params.yaml``; an *issue* means that quality is true for this set and may not travel; a *note* is worth knowing.
The checks are in ``models.auditcolumns`` and ``models.auditaccounts``; ``docs/trust.md`` says what to do about each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.errors import BadInput, printable
from models.folds import UNUSED, md5
from models.onecolumn import parts
from models.settings import Audit

Severity = Literal["note", "issue", "severe"]
SEVERITIES: tuple[Severity, ...] = ("severe", "issue", "note")
# A source is looked at on its own when it has so many accounts of each class.
FEWEST_OF_CLASS = 20


@dataclass(frozen=True)
class Finding:
    """One thing a person should know, under a code to search for."""

    code: str
    check: str
    severity: Severity
    says: str
    evidence: Mapping[str, Any]


Answer = tuple[str, dict[str, Any]] | None  # a sentence and its evidence, or all is well


@dataclass(frozen=True)
class Check:
    """One check."""

    code: str
    name: str
    severity: Severity
    summary: str
    look: Callable[[Known], Answer]


CHECKS: dict[str, Check] = {}


def check(code: str, *, severity: Severity) -> Callable[[Callable[[Known], Answer]], Callable[[Known], Answer]]:
    """Declare a check: a function of what is known that returns a sentence and evidence, or None.

    Parameters
    ----------
    code : str, ``AUD`` and three digits; it never changes its meaning
    severity : what a finding means, see the module
    """

    def declare(look: Callable[[Known], Answer]) -> Callable[[Known], Answer]:
        if code in CHECKS:
            raise ValueError(f"{code} is declared twice")
        summary = " ".join((look.__doc__ or "").split())
        CHECKS[code] = Check(code, look.__name__.replace("_", " "), severity, summary, look)
        return look

    return declare


@dataclass(frozen=True)
class Scope:
    """Accounts a check looks at together: all of them, or those of one source."""

    name: str
    rows: np.ndarray  # positions in ``Known.sampled``


@dataclass(frozen=True)
class Known:
    """Labelled accounts as the checks see them; every frame has one row per account, sorted by account_id."""

    folds: pd.DataFrame  # account_id, source, is_bot, group, fold, ...; those in a gap are left out
    x: pd.DataFrame  # one float64 column per feature, NaN missing
    accounts: pd.DataFrame  # username, display_name, platform, created_at, observed_at; missing where unknown
    settings: Audit = field(default_factory=Audit)
    declared: Collection[str] = frozenset()  # columns known to be no identifier

    @cached_property
    def bot(self) -> np.ndarray:
        """Bool of shape (n,)."""
        return self.folds["is_bot"].to_numpy(dtype=bool)

    @cached_property
    def source(self) -> np.ndarray:
        """Str of shape (n,)."""
        return self.folds["source"].to_numpy(dtype=str)

    @cached_property
    def part(self) -> np.ndarray:
        """Side of each account when a check learns: whole groups, and not the folds of the model."""
        return parts(self.folds["group"].to_numpy(), self.settings.seed)

    @cached_property
    def sampled(self) -> np.ndarray:
        """Positions of at most ``settings.rows`` accounts, chosen by md5 of their id, increasing."""
        if len(self.folds) <= self.settings.rows:
            return np.arange(len(self.folds))
        order = sorted(
            range(len(self.folds)), key=lambda i: md5(f"{self.settings.seed}:{self.folds['account_id'].iloc[i]}")
        )
        return np.sort(np.array(order[: self.settings.rows]))

    @cached_property
    def scopes(self) -> list[Scope]:
        """All sampled accounts, and each source that has enough of both classes where there are several."""
        scopes = [Scope("all accounts", self.sampled)]
        names = np.unique(self.source)
        for name in names if len(names) > 1 else []:
            rows = self.sampled[self.source[self.sampled] == name]
            if min(self.bot[rows].sum(), (~self.bot[rows]).sum()) >= FEWEST_OF_CLASS:
                scopes.append(Scope(str(name), rows))
        return scopes

    @cached_property
    def told(self) -> list[tuple[str, str, float, float]]:
        """What single columns tell of the label: scope, column, balanced accuracy and ROC AUC, best first.

        Only columns that reach ``models.auditcolumns.TELLING`` are listed.
        """
        from models.auditcolumns import single_columns

        return single_columns(self)

    def columns(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name and values of every feature that is not the same everywhere."""
        for name in self.x.columns:
            values = self.x[name].to_numpy(dtype=np.float64)
            known = values[~np.isnan(values)]
            if len(known) and (len(known) < len(values) or known.min() < known.max()):
                yield str(name), values


def audit(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    settings: Audit,
    accounts: pd.DataFrame | None = None,
    declared: Collection[str] = frozenset(),
) -> list[Finding]:
    """Every finding about labelled accounts, severe ones first, then by code.

    Parameters
    ----------
    features : account_id and one numeric column per feature (others are ignored), NaN missing
    folds : account_id, source, is_bot, platform, group, fold, as the stage `split` writes them
    settings : Audit
    accounts : canonical accounts, for names and dates; None: checks of them are silent
    declared : columns that unpump computes itself. They are not taken for identifiers: seconds between posts hardly
        ever repeat either, and only their declaration says what they are

    Raises
    ------
    BadInput
        When ``settings.allow`` holds a code that no severe check has, or no labelled account has features.
    """
    import models.auditaccounts  # registers the checks
    import models.auditcolumns  # noqa: F401

    _check_allowed(settings.allow)
    known = _known(features, folds, settings, accounts, declared)
    found = []
    for one in CHECKS.values():
        answer = one.look(known)
        if answer is not None:
            found.append(Finding(one.code, one.name, one.severity, *answer))
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.code))


def report(found: Sequence[Finding], settings: Audit) -> dict[str, Any]:
    """The findings as a JSON value: ``stops`` holds the codes of severe findings that are not allowed."""
    stops = sorted({f.code for f in found if f.severity == "severe"} - set(settings.allow))
    return {
        "findings": [{**asdict(f), "allowed": f.code in settings.allow} for f in found],
        "checks": [
            {"code": c.code, "check": c.name, "severity": c.severity, "summary": c.summary} for c in CHECKS.values()
        ],
        "stops": stops,
    }


def stop_if_severe(told: Mapping[str, Any], where: str) -> None:
    """Refuse to train on data that ``report`` says would give untrue numbers.

    Parameters
    ----------
    told : what ``report`` returned
    where : the file it is in, for the message

    Raises
    ------
    BadInput
        Naming every severe finding that is not allowed, and how to allow it.
    """
    if not told["stops"]:
        return
    severe = [f"{f['code']} {f['says']}" for f in told["findings"] if f["code"] in told["stops"]]
    raise BadInput(
        where,
        expected="no severe finding",
        got=printable(" ".join(severe), 1500),
        todo=f"Correct the data, leave the columns out (featurize.without), or, if you know why it is no leak, "
        f"allow it: audit.allow: [{', '.join(told['stops'])}].",
    )


def _check_allowed(allow: Collection[str]) -> None:
    severe = sorted(c.code for c in CHECKS.values() if c.severity == "severe")
    unknown = sorted(set(allow) - set(severe))
    if unknown:
        raise BadInput(
            "setting audit.allow",
            expected=f"codes of severe checks ({', '.join(severe)})",
            got=printable(", ".join(unknown)),
            todo="Only severe findings stop a run; see docs/trust.md.",
        )


def _known(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    settings: Audit,
    accounts: pd.DataFrame | None,
    declared: Collection[str],
) -> Known:
    used = folds[folds["fold"] != UNUSED].sort_values("account_id", kind="stable", ignore_index=True)
    if used.empty or used["is_bot"].nunique() < 2:
        raise BadInput(
            "audit",
            expected="labelled accounts of both classes",
            got=f"{len(used):,} accounts of {used['is_bot'].nunique()} classes",
            todo="Run `unpump split` first.",
        )
    numeric = [c for c in features.columns if pd.api.types.is_numeric_dtype(features[c]) and c != "account_id"]
    x = features.drop_duplicates("account_id").set_index("account_id")[numeric].astype(np.float64)
    about = pd.DataFrame({"account_id": []}) if accounts is None else accounts.drop_duplicates("account_id")
    wanted = ["platform", "username", "display_name", "created_at", "observed_at"]
    return Known(
        used,
        x.reindex(used["account_id"]).reset_index(drop=True).replace([np.inf, -np.inf], np.nan),
        about.set_index("account_id").reindex(index=used["account_id"], columns=wanted).reset_index(drop=True),
        settings,
        frozenset(declared),
    )
