"""The schema of model.json: what must be there, of which kind, and in which order numbers must stand."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.errors import BadInput, printable

FORMAT = 1  # raised when an older program could no longer read the directory as it is meant
LARGEST = 64 * 2**20  # bytes; ours have some hundred kilobytes

Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _rising(values: list[float], what: str, strictly: bool = True) -> None:
    pairs = list(pairwise(values))
    if not values or any(a > b or (strictly and a == b) for a, b in pairs):
        raise ValueError(f"{what} must rise")


class Knots(_Strict):
    """The calibration curve."""

    raw: list[Number]
    log_odds: list[Number]

    @model_validator(mode="after")
    def _in_order(self) -> Knots:
        if len(self.raw) != len(self.log_odds):
            raise ValueError("raw and log_odds must have one length")
        _rising(self.raw, "raw")
        _rising(self.log_odds, "log_odds")
        return self


class Bounds(_Strict):
    """The Venn-Abers interval."""

    raw: list[Number]
    low: list[Share]
    high: list[Share]

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        if not len(self.raw) == len(self.low) == len(self.high):
            raise ValueError("raw, low and high must have one length")
        _rising(self.raw, "raw")
        _rising(self.low, "low", strictly=False)
        _rising(self.high, "high", strictly=False)
        if any(a > b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError("low must not exceed high")
        return self


class Tier(_Strict):
    """One tier and the probability from which it holds."""

    tier: str
    threshold: Share | None


class KindOf(_Strict):
    """One kind of account that the model can tell."""

    kind: str = Field(min_length=1, max_length=60)
    is_bot: bool


class ModelFile(_Strict):
    """All of model.json."""

    program: str
    format: int
    columns: list[str] = Field(min_length=1)
    trees: int
    calibration: Knots
    interval: Bounds
    tiers: list[Tier]
    bot_share: Annotated[float, Field(gt=0, lt=1)] | None
    training_bot_share: Annotated[float, Field(gt=0, lt=1)]
    declarations: list[dict[str, Any]]
    feature_hash: str
    usual: list[list[Number | None]]
    facts: dict[str, Any]
    kinds: list[KindOf] = []
    files: dict[str, str]
    version: str

    @model_validator(mode="after")
    def _whole(self) -> ModelFile:
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("columns must differ")
        if len(self.declarations) != len(self.columns) or len(self.usual) != len(self.columns):
            raise ValueError("there must be a declaration and a usual range for each column")
        if any(len(row) != 3 for row in self.usual):
            raise ValueError("a usual range is three numbers")
        if any(d.get("name") != c for d, c in zip(self.declarations, self.columns, strict=True)):
            raise ValueError("declarations must be in the order of the columns")
        cuts = [t.threshold for t in self.tiers if t.threshold is not None]
        if any(a < b for a, b in pairwise(cuts)):
            raise ValueError("a harsher tier must not have a lower threshold")
        if len({t.tier for t in self.tiers}) != len(self.tiers):
            raise ValueError("tiers must differ")
        names = [k.kind for k in self.kinds]
        if names != sorted(set(names)) or (names and (len(names) < 3 or len({k.is_bot for k in self.kinds}) < 2)):
            raise ValueError("kinds must be three or more, of both sides, different and in order")
        return self


def dumps(value: Any) -> str:
    """JSON with sorted keys and no not-a-number, the same text on every machine."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)


def read_model_file(data: bytes, where: str) -> tuple[dict[str, Any], ModelFile]:
    """The JSON value in ``data`` as it stands, and checked.

    Raises
    ------
    BadInput
        When it is no JSON, another program's, of a newer format, or not what a model needs.
    """
    if len(data) > LARGEST:
        raise _foreign(where, f"{len(data):,} bytes")
    try:
        content = json.loads(data.decode("utf-8"), parse_constant=_refuse)
        if not isinstance(content, dict) or content.get("program") != "unpump":
            raise _foreign(where, "JSON of another program")
        made = content.get("format")
        if isinstance(made, int) and made > FORMAT:
            raise BadInput(
                where,
                expected=f"a model of format {FORMAT} or older",
                got=f"format {made}",
                todo="Update unpump; the model was saved by a newer version.",
            )
        dumps(content).encode("utf-8")  # lone surrogates and infinite numbers cannot be written again
    except BadInput:
        raise
    except (ValueError, OverflowError, RecursionError) as error:
        raise _foreign(where, str(error) or type(error).__name__) from error
    try:
        return content, ModelFile.model_validate(content)
    except (ValidationError, OverflowError, RecursionError) as error:
        got = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            got = f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}"
        raise _foreign(where, got) from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant}, which is no JSON number")


def _foreign(where: str, got: str) -> BadInput:
    return BadInput(
        where,
        expected="model.json as unpump writes it",
        got=printable(got),
        todo="Copy the model directory again, or train it again.",
    )
