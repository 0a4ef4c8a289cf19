"""Train: one booster with honest scores, baselines beside it, and the record of the search."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.settings import Train
from pipeline.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)


def train(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    references: Mapping[str, bytes],
    settings: Train,
    tables: TableFiles | None = None,
) -> Mapping[str, Any]:
    """The model directory, out-of-fold scores of the model and its baselines, and the study.

    Raises
    ------
    BadInput
        When accounts, classes or columns do not suffice, or a setting names what is not there.
    """
    from models.bundle import to_files
    from models.training import train_model
    from pipeline.profiling import training_profile

    with Progress("training, trials of the search", max(settings.search.trials, 1)) as progress:

        def tick(says: str) -> None:
            progress.add(1)
            log.info("trial %s: %s", progress.done, says)

        trained = train_model(features, folds, references, settings, tick)
    model = replace(trained.model, profile=training_profile(trained.model, features, trained.oof, tables))
    facts = model.facts
    log.info(
        "%s features, %s trees of %s boosters, calibrated by %s; model %s",
        len(model.columns),
        facts["trees"],
        len(facts["members"]),
        facts["calibration"]["method"],
        model.version,
    )
    return {
        "model": to_files(model),
        "oof": trained.oof,
        "baselines": trained.baselines,
        "study": trained.study,
    }
