"""The model as MLflow stores it, in a folder of its own, and rows of features to ask it about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tinyrun import training

from models.bundle import Model, from_files
from pipeline import tracking
from pipeline.layout import Layout
from pipeline.settings import Params


@dataclass(frozen=True)
class Stored:
    """The folder of an MLflow model, the model that is in it, and features of some accounts, a few of them missing."""

    folder: Path
    model: Model
    rows: pd.DataFrame


def stored_model(root: Path) -> Stored:
    """Train, log and fetch it again below ``root``."""
    layout, trained = Layout.run(root / "out", root), training()
    inputs = {k: trained[k] for k in ("features", "folds", "references")}
    outputs = {k: trained[k] for k in ("model", "oof", "kinds", "baselines", "study")}
    run_id = tracking.track_training(layout, Params(), inputs, outputs)["run"]["run_id"]
    with tracking.opened(layout) as mlflow:
        model_id = mlflow.MlflowClient().get_run(run_id).outputs.model_outputs[0].model_id
        folder = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{model_id}", dst_path=str(root / "stored"))
    rows = trained["features"].drop(columns=["account_id", "as_of"])
    rows.iloc[:5, 0] = np.nan
    rows.iloc[3] = np.nan
    return Stored(Path(folder), from_files(trained["model"], "model"), rows)


def same_scores(found: pd.DataFrame, stored: Stored) -> None:
    """Every score is the model's own."""
    probability = stored.model.probabilities(stored.rows)[0]
    assert len(found) == len(stored.rows) > 100
    np.testing.assert_allclose(found["bot_probability"], probability, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found["raw_score"], stored.model.raw_scores(stored.rows))
    assert found["tier"].tolist() == stored.model.tier(probability).tolist()
