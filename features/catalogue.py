"""The catalogue: importing this module declares every view, reference and feature."""

from __future__ import annotations

import importlib
import json
from math import isfinite
from typing import Any, TextIO

from features import declare
from features.declare import EVADE, GRAPHS, REFERENCES, VIEWS, Feature

__all__ = ["FAMILIES", "FEATURES", "GRAPHS", "REFERENCES", "VIEWS"]

# The order of the model's columns: family by family, as declared in each.
FAMILIES = {
    "profile": "what the profile and its counters say",
    "name": "how handle and display name are spelled",
    "activity": "when it posts, and how much like clockwork",
    "content": "what it posts, and how often the same",
    "received": "what its posts receive, and whether that fits together",
    "actions": "when it likes, comments and reposts, how fast, and on whose posts",
    "arrival": "how likes reach its posts, and whether the same accounts give them",
    "exchange": "who acts on each other's posts, how fast they answer, and in which circles",
    "lockstep": "who likes the same authors at the same time, more than chance explains",
    "neighbours": "what kind of accounts like its posts and follow it, and whose posts it likes",
}
MODULES = ("profile", "rates", "bio", "standing", "name", "activity", "rhythm", "content", "wording", "received")
VIEW_MODULES = ("views", "texts", "references")
EVENT_VIEW_MODULES = ("eventviews", "exchanges", "coactions", "graphs", "neighbours", "groups")
EVENT_MODULES = ("ownactions", "arrival", "reciprocity", "lockstep", "neighbourhood")

_ALL = (*VIEW_MODULES, *EVENT_VIEW_MODULES, *MODULES, *EVENT_MODULES, "evidence")
for _module in _ALL:
    importlib.import_module(f"features.{_module}")


def _sort(registry: dict[str, Any]) -> None:
    """Put declarations into the order of the modules above, whichever was imported first in this process."""
    place = {f"features.{name}": i for i, name in enumerate(_ALL)}
    found = sorted(registry.items(), key=lambda item: place.get(item[1].build.__module__, len(place)))
    registry.clear()
    registry.update(found)


for _registry in (VIEWS, REFERENCES, declare.FEATURES):
    _sort(_registry)

INTRO = """# Features

Printed by `unpump features --format markdown` from the declarations in `features/`; a test compares the two.

{features} features in {families} families, each one number per account, measured as it stood when it was judged: only
what happened before counts. A feature whose tables or columns are absent is missing, never 0. Numbers a user brings
in the table `measures` are features too, of the family `measured`; one that has the name of a feature here stands in
for it where the tables cannot give it.

What it costs an abuser to look like a person: {costs}.
"""

FEATURES: dict[str, Feature] = {n: f for family in FAMILIES for n, f in declare.FEATURES.items() if f.family == family}


def print_catalogue(stream: TextIO, form: str = "text") -> int:
    """Print the catalogue as ``text``, ``markdown`` or ``json``; return the number of features."""
    forms = {"text": catalogue_text, "markdown": catalogue_markdown, "json": catalogue_json}
    stream.write(forms[form]())
    return len(FEATURES)


def catalogue_text() -> str:
    """Name, unit and summary of every feature, family by family."""
    width = max(map(len, FEATURES))
    lines = []
    for family, says in FAMILIES.items():
        members = [f for f in FEATURES.values() if f.family == family]
        lines += ["", f"{family}: {says} ({len(members)})"]
        lines += [f"  {f.name:<{width}}  {f.unit:<11}  {f.summary}" for f in members]
    return "\n".join(lines[1:]) + "\n"


def catalogue_json() -> str:
    """Every declaration as JSON, in the order of the columns."""
    return json.dumps([f.to_dict() for f in FEATURES.values()], indent=2, ensure_ascii=False) + "\n"


def catalogue_markdown() -> str:
    """The page ``docs/features.md``."""
    costs = "; ".join(f"**{k}**, {v}" for k, v in EVADE.items())
    intro = INTRO.format(features=len(FEATURES), families=len(FAMILIES), costs=costs)
    lines = [*intro.splitlines(), "", "| family | features | what it tells |", "|---|---|---|"]
    counted = {family: [f for f in FEATURES.values() if f.family == family] for family in FAMILIES}
    lines += [f"| [{name}](#{name}) | {len(counted[name])} | {says} |" for name, says in FAMILIES.items()]
    for family, members in counted.items():
        lines += ["", f"## {family}", ""]
        for f in members:
            lines += [*_entry(f), ""]
        lines.pop()
    lines += [
        "",
        "## References",
        "",
        "Fitted on training accounts, each fold being left out of what its own accounts meet.",
        "",
    ]
    lines += [f"- **{r.name}**: {r.says}" for r in REFERENCES.values()]
    lines += ["", "## Views", "", "What features are measured on.", ""]
    lines += [f"- **{v.name}** (from {', '.join(v.inputs)}): {v.says}" for v in VIEWS.values()]
    return "\n".join(lines) + "\n"


def _entry(f: Feature) -> list[str]:
    ends = "".join(("[" if isfinite(f.low) else "(", f"{f.low:g}, {f.high:g}", "]" if isfinite(f.high) else ")"))
    facts = [
        f"{f.unit} in {ends}",
        f"missing: {f.missing}",
        f"to evade: {f.evade}",
        f"source: {f.source}",
        f"from: {', '.join(f.needs)}",
    ]
    if f.fitted:
        facts.append(f"against: {', '.join(f.fitted)}")
    if f.population:
        facts.append("compares the accounts measured together")
    lines = [f"### {f.name}", "", f.summary, "", f"- {'; '.join(facts)}"]
    if f.reserved:
        lines.append(f"- read with care: {f.reserved}")
    lines.append(f"- reason: “{f.says}”")
    lines.append(f"- example: {f.example}")
    return lines
