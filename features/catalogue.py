"""The catalogue: importing this module declares every view, reference and feature."""

from __future__ import annotations

import importlib

from features import declare
from features.declare import REFERENCES, VIEWS, Feature

__all__ = ["FAMILIES", "FEATURES", "REFERENCES", "VIEWS"]

# The order of the model's columns: family by family, as declared in each.
FAMILIES = {
    "profile": "what the profile and its counters say",
    "activity": "when it posts, and how much like clockwork",
}

importlib.import_module("features.views")
for _family in FAMILIES:
    importlib.import_module(f"features.{_family}")

FEATURES: dict[str, Feature] = {n: f for family in FAMILIES for n, f in declare.FEATURES.items() if f.family == family}


def print_catalogue() -> None:
    """Print every feature, family by family: name, unit and what it is."""
    width = max(map(len, FEATURES))
    for family, says in FAMILIES.items():
        print(f"{family}: {says}")
        for f in FEATURES.values():
            if f.family == family:
                print(f"  {f.name:<{width}}  {f.unit:<10}  {f.summary}")
