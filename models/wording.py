"""A feature's sentence filled with one account's value and what is usual among people; hostile text stays text.

Sentences come out of a model directory or a user's recipe. Only the fields ``value`` and ``usual`` with a plain
number format are filled; anything else (attributes, indexes, conversions, unknown fields) makes the sentence unusable
and a plain one takes its place, so a sentence can neither run code nor stop a batch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import Any

from features.errors import printable

LONGEST = 300  # characters of a sentence

_FORMAT = re.compile(r"\+?,?(\.[0-9])?[defg%]?")
_FLAGS = ("flag", "yes/no", "bool", "boolean")


@dataclass(frozen=True)
class Said:
    """What can be said of one feature: its declaration, and the range in which most people are.

    ``usual_low`` and ``usual_high`` are the 10th and 90th percentile of people; NaN where no person was measured.
    """

    name: str
    family: str
    unit: str
    says: str
    summary: str
    missing: str
    usual_low: float = math.nan
    usual_high: float = math.nan
    suppressed: bool = False

    @classmethod
    def of(cls, declaration: Mapping[str, Any], usual: tuple[float, float] = (math.nan, math.nan)) -> Said:
        """The declaration as it is kept in a model, with the usual range of people."""
        texts = {k: str(declaration.get(k) or "") for k in ("name", "family", "unit", "says", "summary", "missing")}
        low, high = (math.nan if v is None else float(v) for v in usual)
        return cls(**texts, usual_low=low, usual_high=high, suppressed=bool(declaration.get("suppressed", False)))

    @property
    def code(self) -> str:
        """Stable code of a reason that speaks of this feature: it changes only if the feature does."""
        return f"{self.family}.{self.name}"

    def sentence(self, value: float) -> str:
        """The sentence for an account whose value is ``value``; for NaN, that and why it is not known."""
        if math.isnan(value):
            return self._unknown
        filled = self._filled(value)
        if filled is None:
            filled = f"{self.name} is {number(value, self.unit)} (usual: {self._usual('')})"
        return printable(filled[:1].upper() + filled[1:], LONGEST)

    @cached_property
    def _unknown(self) -> str:
        what = self.summary.rstrip(".") or self.name
        why = f" ({self.missing})" if self.missing and self.missing != "never" else ""
        return printable(f"Not known: {what[:1].lower()}{what[1:]}{why}", LONGEST)

    @cached_property
    def _pieces(self) -> tuple[tuple[str, str | None], ...] | None:
        """Text, and the format of the value that follows it; None when the sentence asks for more than its fields."""
        return _pieces(self)

    def _filled(self, value: float) -> str | None:
        if self._pieces is None:
            return None
        try:
            said = [text if form is None else text + number(value, self.unit, form) for text, form in self._pieces]
        except ValueError:  # a form that Python does not know
            return None
        return "".join(said) or None

    def _usual(self, form: str) -> str:
        if math.isnan(self.usual_low) or math.isnan(self.usual_high):
            return "not known"
        low, high = number(self.usual_low, self.unit, form), number(self.usual_high, self.unit, form)
        if low == high:
            return low
        return "yes or no" if self.unit in _FLAGS else f"{low} to {high}"


def number(value: float, unit: str, form: str = "") -> str:
    """``value`` as a person reads it: by ``form`` where one is given, else as its unit suggests."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "beyond any number"
    if unit in _FLAGS and value in (0, 1):
        return "yes" if value else "no"
    if form:
        return format(round(value) if form.endswith("d") else value, form)
    if unit == "share":
        return f"{value:.0%}" if 0.1 <= abs(value) <= 0.9 or value in (0, 1) else f"{value:.1%}"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _pieces(said: Said) -> tuple[tuple[str, str | None], ...] | None:
    """The sentence taken apart once, with what is usual filled in; None when it asks for more than its two fields."""
    try:
        parts = list(Formatter().parse(said.says))
    except ValueError:
        return None
    form = next((spec or "" for _, name, spec, _ in parts if name == "value"), "")
    out: list[tuple[str, str | None]] = []
    for text, name, spec, conversion in parts:
        if name is None:
            out.append((text, None))
            continue
        if name not in ("value", "usual") or conversion or not _FORMAT.fullmatch(spec or ""):
            return None
        if name == "value":
            out.append((text, spec or ""))
            continue
        try:
            out.append((text + said._usual(spec or form), None))
        except ValueError:  # a form that Python does not know
            return None
    return tuple(out)
