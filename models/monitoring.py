"""Monitoring: every check looks at a batch beside its reference and answers with a finding or with nothing.

Checks are declared in ``models.checks`` (what comes in) and ``models.outcomes`` (what comes out) under codes that never
change their meaning. They do not print, log or exit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from features.errors import BadInput, printable
from models.comparison import (
    FeatureDrift,
    Mixed,
    Profile,
    PushDrift,
    ValueDrift,
    bot_share_of,
    features_drift,
    push_drift,
    rows_of,
    score_drift,
    value_drift,
)
from models.distance import Distance
from models.drift import FORMAT
from models.expected import expected, realised, usual
from models.profilefile import wrong_in
from models.settings import Monitor

Severity = Literal["notice", "warning", "severe"]
LONGEST = 1000  # characters of a sentence
SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "severe")


@dataclass(frozen=True)
class Finding:
    """What a person should know: a code to search for, how bad it is, a sentence, what to do, the numbers behind it."""

    code: str
    check: str
    severity: Severity
    says: str
    todo: str
    evidence: Mapping[str, Any]


Answer = tuple[Severity, str, dict[str, Any]] | None
Look = Callable[["Seen"], Answer]


@dataclass(frozen=True)
class Check:
    """One check; a statistical one takes its part of the false alarms allowed."""

    code: str
    name: str
    summary: str
    todo: str
    statistical: bool
    look: Look


CHECKS: dict[str, Check] = {}


def check(code: str, *, statistical: bool, todo: str) -> Callable[[Look], Look]:
    """Declare a check: a function of what was seen that returns severity, sentence and evidence, or None.

    Parameters
    ----------
    code : str, ``UNP`` and three digits
    statistical : bool, it speaks when chance is an unlikely explanation, at ``Seen.alpha``
    todo : str, what a person should do about it
    """

    def declare(look: Look) -> Look:
        if code in CHECKS:
            raise ValueError(f"{code} is declared twice")
        summary = " ".join((look.__doc__ or "").split())
        CHECKS[code] = Check(code, look.__name__.replace("_", " "), summary, todo, statistical, look)
        return look

    return declare


@dataclass(frozen=True)
class Seen:
    """Everything a check may look at; what costs time is computed when first asked for.

    Parameters
    ----------
    reference : profile of the accounts the model was trained on, or of an earlier batch
    batch : profile of the accounts of this batch, made by ``Tally.like(reference)``
    settings : Monitor
    bot_share : share of bots the model is declared to be used on; None: as in training
    history : volumes of earlier batches, oldest first: {"as_of", "accounts", "tables": {name: rows}}
    labelled : probability, low, high and truth of the accounts of this batch whose label is known
    population : features that depend on who else is measured
    read : table -> rows "read", "used" and "refused" of the batch, and "reasons" with their numbers
    """

    reference_profile: Profile
    batch: Profile
    settings: Monitor
    bot_share: float | None = None
    history: Sequence[Mapping[str, Any]] = ()
    labelled: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None
    population: frozenset[str] = field(default_factory=frozenset)
    read: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def alpha(self) -> float:
        """Probability with which one check may speak when nothing changed; all together stay below the setting."""
        _declare()
        return self.settings.alpha / sum(c.statistical for c in CHECKS.values())

    @cached_property
    def reference(self) -> Mixed:
        """The reference, with the share of bots the model is used on."""
        return Mixed(self.reference_profile, self.bot_share)

    @cached_property
    def accounts(self) -> int:
        """Accounts of the batch."""
        return int(self.batch["accounts"][0])

    @cached_property
    def tier(self) -> str | None:
        """The tier whose cut is watched: the one of the settings, else the harshest known."""
        cuts = self.batch["cuts"]
        if self.settings.tier in cuts:
            return self.settings.tier
        return max(cuts, key=lambda c: (cuts[c]["cut"], c), default=None)

    @cached_property
    def mixture(self) -> dict[str, float] | None:
        """Share of bots that best explains the scores."""
        return bot_share_of(self.reference, self.batch)

    @cached_property
    def scores(self) -> Distance:
        """Distance of the scores from the reference's."""
        return score_drift(self.reference, self.batch)

    @cached_property
    def features(self) -> list[FeatureDrift]:
        """Every feature beside the reference."""
        share = self.mixture["value"] if self.mixture else None
        each = self.alpha / max(1, len(self.reference_profile["features"]))
        return features_drift(self.reference, self.batch, each, share)

    @cached_property
    def pushes(self) -> list[PushDrift]:
        """How features move scores, beside the reference."""
        return push_drift(self.reference, self.batch)

    @cached_property
    def values(self) -> list[ValueDrift]:
        """Values of categories, beside the reference."""
        return value_drift(self.reference, self.batch, self.tier)

    @cached_property
    def expected(self) -> dict[str, Any]:
        """Precision and recall to be expected at every cut, and those of the reference."""
        return {
            cut: {**expected(self.batch, cut), "cut": said["cut"], "usual": usual(self.reference, cut)}
            for cut, said in self.batch["cuts"].items()
        }

    @cached_property
    def realised(self) -> dict[str, Any] | None:
        """What labels say about this batch; None without labels."""
        if self.labelled is None or not len(self.labelled[0]):
            return None
        probability, low, high, truth = self.labelled
        cuts = {name: said["cut"] for name, said in self.batch["cuts"].items()}
        return realised(probability, (low, high), truth, cuts, self.reference)

    def significant(self, rows: Sequence[Any], p_value: str) -> list[Any]:
        """Rows whose ``p_value`` chance alone would hardly give, whichever of all rows they are (Bonferroni)."""
        limit = self.alpha / max(1, len(rows))
        return [r for r in rows if getattr(r, p_value) <= limit]


def _declare() -> None:
    """Import the modules that declare checks; they need this one first."""
    import models.checks
    import models.outcomes  # noqa: F401


def examine(seen: Seen) -> list[Finding]:
    """What every check has to say, the worst first."""
    _declare()

    findings = []
    for one in CHECKS.values():
        answer = one.look(seen)
        if answer is not None:
            severity, says, evidence = answer
            # Names of measures and values of categories come from outside.
            findings.append(Finding(one.code, one.name, severity, printable(says, LONGEST), one.todo, evidence))
    return sorted(findings, key=lambda f: (-SEVERITIES.index(f.severity), f.code))


def report(seen: Seen) -> dict[str, Any]:
    """Findings and all numbers behind them, as JSON values."""
    findings = examine(seen)
    return {
        "findings": [asdict(f) for f in findings],
        "counts": {s: sum(f.severity == s for f in findings) for s in SEVERITIES},
        "accounts": {"batch": seen.accounts, "reference": round(seen.reference.accounts)},
        "bot_share": {"reference": seen.reference.bot_share, "estimate": seen.mixture},
        "scores": {**asdict(seen.scores), **_histograms(seen)},
        "tier": seen.tier,
        "expected": seen.expected,
        "realised": seen.realised,
        "features": rows_of(sorted(seen.features, key=lambda f: (-f.psi, f.feature))),
        "attributions": rows_of(sorted(seen.pushes, key=lambda p: (-abs(p.change), p.feature))),
        "categories": rows_of(seen.values),
        "tables": {"batch": seen.batch["tables"], "reference": seen.reference_profile["tables"]},
        "read": {name: dict(facts) for name, facts in seen.read.items()},
        "history": [dict(h) for h in seen.history],
        "alpha": seen.settings.alpha,
    }


def _histograms(seen: Seen) -> dict[str, Any]:
    then = seen.reference(seen.reference_profile["scores"]["counts"])
    return {
        "edges": seen.reference_profile["scores"]["edges"],
        "reference": [float(c) for c in then],
        "batch": list(seen.batch["scores"]["counts"][0]),
    }


def check_profile(profile: Any, where: str, columns: Sequence[str]) -> None:
    """Refuse what is not a profile of this version, or not one of the features ``columns``.

    Raises
    ------
    BadInput
        When ``profile`` was written by another version, is of another model, or is none at all.
    """
    wrong = wrong_in(profile)
    if wrong:
        raise BadInput(
            where,
            expected=f"a profile of format {FORMAT}",
            got=wrong,
            todo="Train the model again with this version of unpump.",
        )
    absent = sorted(set(columns) ^ set(profile["features"]))
    if absent:
        raise BadInput(
            where,
            expected=f"a profile of the model's {len(columns)} features",
            got=f"one that differs in {', '.join(printable(str(a), 40) for a in absent[:3])}",
            todo="Compare with a profile of the same model.",
        )
