"""Vet: look for leaks in labelled accounts before a model learns from them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.settings import Audit

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)
ABOUT = ["account_id", "platform", "username", "display_name", "created_at", "observed_at"]


def vet(
    tables: TableFiles, features: pd.DataFrame, folds: pd.DataFrame, references: Mapping[str, bytes], settings: Audit
) -> Mapping[str, Any]:
    """The findings of the data audit; severe ones are written too, and it is `train` that then refuses.

    Raises
    ------
    BadInput
        When the accounts are of one class, or ``audit.allow`` names no severe check.
    """
    from models.dataaudit import audit, report

    declared = json.loads(references["features.json"])["features"]
    known = {f["name"] for f in declared if f["family"] != "measured"}
    found = audit(features, folds, settings, tables.read("accounts", ABOUT), known)
    told = report(found, settings)
    for finding in told["findings"]:
        loud = log.warning if finding["severity"] == "severe" else log.info
        allowed = ", allowed" if finding["allowed"] else ""
        loud("%s (%s%s): %s", finding["code"], finding["severity"], allowed, finding["says"])
    if not told["findings"]:
        log.info("none of %s checks found anything", len(told["checks"]))
    return {"data_audit": told}
