"""What every role of account says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """One role of account.

    ``profiles`` weighs the groups of real accounts (``fitted.GROUPS``) whose numbers it bears; ``habits`` names the
    section of ``People`` it lives by; ``tone`` is how it writes.
    """

    name: str
    kind: str  # what a label calls it
    says: str
    profiles: Mapping[str, float]
    is_bot: bool = False
    habits: str = "casual"
    tone: str = "plain"
    sleeps: bool = True
    public: float = 1.0  # how much better known than its followers alone would make it
