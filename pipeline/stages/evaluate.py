"""Evaluate: how good the scores are, compared with what, for whom, and on data from elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.settings import Evaluate
from pipeline.progress import Progress
from pipeline.settings import Params

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)


def evaluate(
    features: pd.DataFrame,
    transfer_features: pd.DataFrame,
    folds: pd.DataFrame,
    oof: pd.DataFrame,
    baselines: pd.DataFrame,
    model: Mapping[str, bytes],
    settings: Evaluate,
    params: Params,
    tables: TableFiles | None = None,
    kinds: pd.DataFrame | None = None,
) -> Mapping[str, Any]:
    """Metrics with intervals, what to expect of the tiers, scores of accounts left out, and points of curves."""
    from models.bundle import from_files
    from models.coverage import interval_coverage
    from models.evaluation import curves, evaluate_model, leave_sources_out, mean_of
    from models.kindevaluation import measure_kinds
    from models.labelnoise import rank_labels, summary
    from models.metrics import METRICS
    from models.policy import choose_tiers, land_out_of_fold
    from models.slices import ABOUT, broken, measure_slices, slice_labelled
    from models.unseen import unseen

    trained = from_files(model, "artifacts/model")
    found = evaluate_model(oof, baselines, settings, trained.shift)
    left_out: Mapping[str, Any] = {}
    transfer = None
    if settings.leave_source_out:
        with Progress("sources left out", folds["source"].nunique()) as progress:
            left_out, transfer = leave_sources_out(
                features,
                transfer_features,
                folds,
                params.train,
                oof,
                settings,
                lambda _: progress.add(1),
            )
    found["leave_source_out"] = left_out
    found["leave_source_out_mean"] = mean_of(left_out)
    if settings.unseen:
        of_bots = int(folds.loc[folds["is_bot"], "kind"].nunique())
        with Progress("kinds left out, and what came later", of_bots + 1) as progress:
            found["unseen"] = unseen(features, folds, oof, trained, params.train, settings, lambda _: progress.add(1))
    found["intervals"] = interval_coverage(oof, trained.shift, settings.level)
    slices = slice_labelled(oof, folds, tables.read("accounts", list(ABOUT)) if tables else None, features)
    share = params.train.bot_share
    found["tiers"] = choose_tiers(oof, params.train.tiers, params.policy, bot_share=share, slices=slices)
    landed = land_out_of_fold(oof, params.train.tiers, params.policy, bot_share=share, slices=slices)
    found["slices"] = measure_slices(
        oof.merge(landed, on="account_id", validate="one_to_one"),
        slices,
        tiers=[one["tier"] for one in found["tiers"]["tiers"]],
        ceilings=params.train.tiers,
        resamples=min(settings.resamples, 200),
        level=settings.level,
        seed=settings.seed,
    )
    unfair = broken(found["slices"])
    if unfair:
        log.info("%s times a slice has more people in a tier than its limit; the first: %s", len(unfair), unfair[0])
    suspects = rank_labels(oof, share)
    found["label_review"] = summary(suspects)
    log.info("%s of %s labels look wrong", f"{found['label_review']['look_wrong']:,}", f"{len(oof):,}")
    found["kinds"] = measure_kinds(kinds, oof, settings) if kinds is not None else None
    if found["kinds"]:
        mean = found["kinds"]["mean"]["average_precision"]
        log.info("kinds: mean average precision %s, right %.1f%%", mean, 100 * found["kinds"]["right"]["value"])
    found["model_version"] = trained.version
    for metric in ("roc_auc", "average_precision"):
        value = found["overall"]["model"][metric]["value"]
        log.info("%s: %s", METRICS[metric].says, "undefined" if value is None else f"{value:.4f}")
    scores = transfer if transfer is not None else oof[list(TRANSFER)].iloc[:0].assign(adapted_score=0.0)
    return {"evaluation": found, "transfer": scores, "label_review": suspects, **curves(oof)}


TRANSFER = ("account_id", "source", "is_bot", "bot_probability", "raw_score")
