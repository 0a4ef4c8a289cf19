"""How the model compares with the champion, in words a page may show."""

from __future__ import annotations

from typing import Any

from review.page import shown
from review.words import Values, share


def told_champion(registration: Values | None) -> dict[str, Any] | None:
    """What `unpump register` decided and why; None where nothing was decided."""
    if not registration:
        return None
    promoted = registration.get("decision") == "promoted"
    checks = [
        {"passed": "passed" if c.get("passed") else "failed", "says": shown(c.get("says", ""), 500)}
        for c in registration.get("checks", [])
    ]
    return {
        "decision": "It became champion." if promoted else "It did not become champion.",
        "reasons": [shown(r, 700) for r in registration.get("reasons", [])],
        "checks": checks,
        "reasons_alike": _alike(registration.get("reasons_alike")),
    }


def _alike(found: Values | None) -> list[str]:
    """Whether reviewers read the same reasons as with the champion."""
    if not found or found.get("first") is None:
        return []
    moved = [
        f"{shown(m['feature'], 60)} {share(m['first'])} to {share(m['second'])}" for m in found.get("moved", [])[:5]
    ]
    return [
        f"Of {found['accounts']:,} labelled accounts {share(found['first'])} have the same first reason as with the "
        f"champion, and {share(found['overlap'])} of the reasons that either gives are given by both; "
        f"{share(found['signs'])} of those point the same way.",
        f"Share of what moves scores, champion to this model, where it differs most: {'; '.join(moved)}.",
    ]
