"""Split: put every labelled account on one side of each fold."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from features.errors import BadInput
from models.folds import UNUSED, split_accounts
from models.settings import Split
from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)


def split(tables: TableFiles, settings: Split) -> Mapping[str, Any]:
    """Folds of the labelled accounts in ``tables``.

    Raises
    ------
    BadInput
        When there are no labels, one class, or too few accounts for the folds.
    """
    labels = tables.read("labels", ["account_id", "is_bot", "kind", "source", "labelled_at"])
    if labels is None or labels.empty:
        raise BadInput(
            str(tables.folder),
            expected="labels.parquet with a row per labelled account",
            got="no labels",
            todo="Give labelled accounts; see docs/tables.md.",
        )
    accounts = tables.read("accounts", ["account_id", "platform", "username", "observed_at"])
    folds = split_accounts(accounts, labels, settings)
    used = folds[folds["fold"] != UNUSED]
    log.info(
        "%s accounts in %s groups, %s folds by %s; %s in a gap",
        f"{len(folds):,}",
        f"{folds['group'].nunique():,}",
        used["fold"].nunique(),
        settings.by,
        f"{len(folds) - len(used):,}",
    )
    return {"folds": folds}
