"""What was fitted on simulated towns, kept as numbers in ``constants.json``: ``python -m benchmarks.audit_fit``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.authenticity import Additive
from models.authenticity_intervals import UNITS, Widths
from pipeline.files import read_json

SHIPPED = Path(__file__).parent / "constants.json"
FORMAT = 2


@dataclass(frozen=True)
class Constants:
    """Models of likes on their own and in their company, of posts by their counters, of intent, and widths."""

    alone: Additive
    together: Additive
    counters: Additive
    intents: dict[str, Additive]  # of a creator, of a post
    widths: dict[str, Widths]  # of a creator, of a post
    cut: float  # share of likes that look ordered or traded, from which on a post looks pumped
    fitted: Mapping[str, Any]  # on which towns

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "format": FORMAT,
            "fitted": dict(self.fitted),
            "alone": self.alone.to_dict(),
            "together": self.together.to_dict(),
            "counters": self.counters.to_dict(),
            "intents": {u: self.intents[u].to_dict() for u in UNITS},
            "widths": {u: self.widths[u].to_dict() for u in UNITS if u in self.widths},
            "cut": round(self.cut, 4),
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Constants:
        """What ``to_dict`` made."""
        return cls(
            alone=Additive.from_dict(told["alone"]),
            together=Additive.from_dict(told["together"]),
            counters=Additive.from_dict(told["counters"]),
            intents={u: Additive.from_dict(told["intents"][u]) for u in UNITS},
            widths={u: Widths.from_dict(w) for u, w in told["widths"].items()},
            cut=float(told["cut"]),
            fitted=told["fitted"],
        )


@cache
def shipped() -> Constants:
    """The constants that come with unpump."""
    return Constants.from_dict(read_json(SHIPPED))
