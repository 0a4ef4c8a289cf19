"""Prepare: given tables, known data sets or the simulated town become clean tables, and every row is accounted for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable
from pipeline.recipes.prepared import from_sources, from_tables
from pipeline.settings import Prepare

log = logging.getLogger(__name__)


def prepare(settings: Prepare) -> dict[str, Any]:
    """Clean canonical tables, the rows that could not be used, and the count of both.

    Parameters
    ----------
    settings : Prepare; ``tables`` (a folder of canonical tables) or ``sources`` (recipes with their data), and when
        neither is given the simulated ``town``

    Returns
    -------
    dict of
        tables : folder of Parquet files, one a table, sorted by key; one row per account and per labelled account
        refused : source, file, row (1-based, null for a whole file), column, reason_code, reason, value
        intake : rows read, used and refused per source and table with reasons, labels per source, md5 of all values

    Raises
    ------
    BadInput
        When a file or column is missing or cannot be read, a recipe is wrong or unknown, no row is usable, or there
        are not both bots and people among the labels.
    """
    if settings.tables and settings.sources:
        raise BadInput(
            "settings prepare.tables and prepare.sources",
            expected="one of them",
            got="both",
            todo="Give canonical tables or recipes with their data, not both.",
        )
    if settings.tables:
        outcome = from_tables(Path(settings.tables).expanduser(), "tables", settings)
    elif settings.sources:
        outcome = from_sources(settings)
    else:
        outcome = _from_town(settings)
    _check_labels(outcome["intake"])
    for name, facts in outcome["intake"]["sources"].items():
        log.info("%s: %d rows read, %d used, %d refused", name, facts["read"], facts["used"], facts["refused"])
        for code, rows in sorted(facts["reasons"].items(), key=lambda r: -r[1]):
            log.info("  %d refused as %s", rows, code)
    return outcome


def _from_town(settings: Prepare) -> dict[str, Any]:
    import tempfile

    from features.tables import TABLES
    from pipeline.files import write_value
    from simulation.town import simulate

    with tempfile.TemporaryDirectory(prefix="unpump-town-") as folder:
        made = simulate(settings.town)
        write_value(Path(folder), {f"{name}.parquet": made[name] for name in made if name in TABLES})
        return from_tables(Path(folder), "town", settings)


def _check_labels(intake: Mapping[str, Any]) -> None:
    """Training needs both kinds of accounts."""
    bots = sum(counts["bots"] for counts in intake["labels"].values())
    people = sum(counts["people"] for counts in intake["labels"].values())
    if not bots and not people:
        reasons = [
            f"{n:,} rows refused as {c}" for s in intake["sources"].values() for c, n in sorted(s["reasons"].items())
        ]
        raise BadInput(
            "labels",
            expected="accounts that are known to be bots or people",
            got=", ".join(["no labelled account", *reasons]),
            todo="Add a table of labels, or `label:` to the recipe; docs/recipes.md says how.",
        )
    if not bots or not people:
        there, absent = (f"{bots:,} bots", "people") if bots else (f"{people:,} people", "bots")
        raise BadInput(
            printable(f"labels of {', '.join(sorted(intake['labels']))}", 200),
            expected="both bots and people",
            got=f"{there} and no {absent}",
            todo=f"Add a source that has {absent}.",
        )
