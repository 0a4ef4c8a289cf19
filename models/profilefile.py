"""The schema of profile.json: which counts must be there, how many of each, and in which bounds.

A profile may come from a file of an earlier batch, or from a model directory whose checksums somebody computed anew.
Counts that do not fit together would make monitoring stop in the middle, or speak of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.errors import printable
from models.drift import FORMAT

MOST = 2**53  # beyond, a count is no whole number any more
Number = Annotated[float, Field(allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Amounts = Annotated[list[Amount], Field(min_length=1, max_length=2)]
Tallies = Annotated[list[Count], Field(min_length=1, max_length=2)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bins(_Strict):
    """Counts of one number over its bins, class by class."""

    edges: list[Number]
    counts: Annotated[list[list[Count]], Field(min_length=1, max_length=2)]
    missing: Tallies
    below: Tallies
    above: Tallies
    low: Number | None
    high: Number | None
    jitter: Amount = 0.0

    @model_validator(mode="after")
    def _fit(self) -> Bins:
        if any(a >= b for a, b in pairwise(self.edges)):
            raise ValueError("edges must rise")
        if any(len(c) != len(self.edges) + 1 for c in self.counts):
            raise ValueError("there must be a count for each bin")
        if (self.low is None) != (self.high is None) or (self.low or 0) > (self.high if self.high is not None else 0):
            raise ValueError("low and high must both be there, low not above high")
        return self


class Sums(_Strict):
    """What is summed over accounts."""

    accounts: Amounts
    bots: Amounts
    bots_low: Amounts
    bots_high: Amounts
    variance: Amounts


class Cut(Sums):
    """The same over those at and above a threshold."""

    cut: Annotated[float, Field(ge=0, le=1)]


class Slice(_Strict):
    """Accounts of one value of a category."""

    accounts: Tallies
    bots: Amounts
    flagged: dict[str, Tallies]


class Push(_Strict):
    """Sums of the contributions of one feature."""

    sum: Annotated[list[Number], Field(min_length=1, max_length=2)]
    squares: Amounts
    sizes: Amounts


class Pushes(_Strict):
    """Contributions of a sample."""

    accounts: Tallies
    features: dict[str, Push]


class TableFacts(_Strict):
    """One table as a whole."""

    rows: Count
    lag_days: Amount | None


class ProfileFile(_Strict):
    """All of profile.json."""

    format: Literal[1]
    accounts: Tallies
    features: Annotated[dict[str, Bins], Field(min_length=1)]
    scores: Bins
    totals: Sums
    cuts: dict[str, Cut]
    categories: dict[str, dict[str, Slice]]
    attributions: Pushes
    tables: dict[str, TableFacts]

    @model_validator(mode="after")
    def _whole(self) -> ProfileFile:
        classes = len(self.accounts)
        slices = [s for values in self.categories.values() for s in values.values()]
        per_class: list[Sequence[Any]] = [self.attributions.accounts]
        for bins in (*self.features.values(), self.scores):
            per_class += [bins.counts, bins.missing, bins.below, bins.above]
        for sums in (self.totals, *self.cuts.values()):
            per_class += [sums.accounts, sums.bots, sums.bots_low, sums.bots_high, sums.variance]
        for one in slices:
            per_class += [one.accounts, one.bots, *one.flagged.values()]
        for push in self.attributions.features.values():
            per_class += [push.sum, push.squares, push.sizes]
        if any(len(p) != classes for p in per_class):
            raise ValueError("every count must be told of the same classes")
        if set(self.attributions.features) != set(self.features):
            raise ValueError("contributions must be told of the same features")
        if any(set(s.flagged) != set(self.cuts) for s in slices):
            raise ValueError("slices must be told at the same cuts")
        seen = self.accounts
        for bins in self.features.values():
            if any(sum(c) + m != n for c, m, n in zip(bins.counts, bins.missing, seen, strict=True)):
                raise ValueError("the counts of a feature must add up to the accounts")
        return self


def wrong_in(profile: Any) -> str | None:
    """What makes ``profile`` none of this version; None when nothing does."""
    if not isinstance(profile, dict):
        return type(profile).__name__
    if profile.get("format") != FORMAT:
        return f"format {printable(repr(profile.get('format')), 40)}"
    try:
        ProfileFile.model_validate(profile)
    except (ValidationError, RecursionError, OverflowError) as error:
        if not isinstance(error, ValidationError):
            return type(error).__name__
        first = error.errors()[0]
        return printable(f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}", 200)
    return None
