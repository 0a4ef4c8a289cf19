"""Stress: what is still detected after an operator pays to evade."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.settings import Stress
from pipeline.progress import Progress
from pipeline.settings import Params

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def stress(
    features: pd.DataFrame, folds: pd.DataFrame, model: Mapping[str, bytes], settings: Stress, params: Params
) -> Mapping[str, Any]:
    """The cost-to-evade report, by boosters that did not see the accounts that are changed."""
    from models.blind import blind_scorer
    from models.bundle import from_files
    from models.robustness import evasion

    trained = from_files(model, "artifacts/model")
    if not settings.folds:
        return {"robustness": {"says": ["Not measured: stress.folds is 0."]}}
    with Progress("boosters grown without a fold", settings.folds) as progress:
        score, known = blind_scorer(trained, features, folds, params.train, settings.folds, lambda: progress.add(1))
    found = evasion(
        features[["account_id", *trained.columns]],
        known,
        {d["name"]: d.get("evade", "expensive") for d in trained.declarations},
        {d["name"]: d.get("family", "other") for d in trained.declarations},
        score,
        thresholds=trained.tiers,
        resamples=settings.resamples,
        level=settings.level,
        seed=settings.seed,
    )
    for sentence in found["says"]:
        log.info("%s", sentence)
    return {"robustness": found}
