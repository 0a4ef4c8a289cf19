"""Which model of a bundle reads some tables: the whole one, or that for accounts known without the tables absent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    from models.bundle import Model

log = logging.getLogger(__name__)


def reading(model: Model, tables: TableFiles) -> Model:
    """The model for what ``tables`` can tell; a table without rows tells as little as an absent one."""
    from features.catalogue import FEATURES
    from features.tables import measures_of

    there = {name for name, files in tables.files.items() if any(pq.read_metadata(f).num_rows for f in files)}
    given = {name for name, feature in FEATURES.items() if feature.needs_met(there)}
    if "measures" in there:
        given |= {m.name for m in measures_of(pq.read_schema(tables.files["measures"][0]))}
    chosen = model.given(given)
    if chosen is not model:
        absent = ", ".join(chosen.facts["without"])
        log.info("tables without %s: read by the model for %d features", absent, len(chosen.columns))
    elif lost := len(set(model.columns) - given):
        log.warning(
            "%d of %d features cannot be measured with these tables and count as missing", lost, len(model.columns)
        )
    return chosen
