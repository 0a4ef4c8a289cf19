"""What tests of runs and of the registry do with a store: train, register, and look who is champion."""

from __future__ import annotations

from typing import Any

from sklearn.isotonic import IsotonicRegression

from pipeline import tracking
from pipeline.files import write_all
from pipeline.layout import Layout
from pipeline.settings import Params
from pipeline.stages.register import register

PARAMS = Params()


def train(layout: Layout, trained: dict[str, Any], write: bool = True) -> dict[str, Any]:
    """Track a training and, as ``execute`` does, write its outputs."""
    inputs = {k: trained[k] for k in ("features", "folds", "references")}
    outputs = {k: trained[k] for k in ("model", "oof", "kinds", "baselines", "study")}
    run = tracking.track_training(layout, PARAMS, inputs, outputs)["run"]
    if write:
        written = {layout.path(k): v for k, v in (inputs | outputs | {"run": run}).items()}
        write_all(written)
    return run


def enter(layout: Layout, trained: dict[str, Any], params: Params = PARAMS) -> dict[str, Any]:
    """Run the register stage and its tracking."""
    inputs = {k: trained[k] for k in ("model", "features", "folds", "oof", "baselines")}
    inputs |= {"run": {}, "evaluation": {}}
    outputs = register(**inputs, settings=params.register_, params=params)
    return tracking.track_registration(layout, params, inputs, outputs)["registration"]


def changed(trained: dict[str, Any], share: float) -> dict[str, Any]:
    """The same training with scores mixed with the truth (better) or, below zero, with its opposite (worse)."""
    truth = trained["oof"]["is_bot"].astype(float)
    p = trained["oof"]["bot_probability"]
    mixed = (1 - abs(share)) * p + abs(share) * (truth if share > 0 else 1 - truth)
    honest = IsotonicRegression().fit_transform(mixed, truth) * 0.99 + mixed * 0.01  # calibrated again, without ties
    return {**trained, "oof": trained["oof"].assign(bot_probability=honest)}


def aliases(layout: Layout) -> dict[str, str]:
    with tracking.opened(layout) as mlflow:
        (model,) = mlflow.MlflowClient().search_registered_models()
        return {alias: str(version) for alias, version in model.aliases.items()}
