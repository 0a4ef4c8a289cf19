"""A real model of the profile and name of a few hundred accounts, in a folder, for tests of scoring."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from models.bundle import Model, to_files
from models.training import train_model
from pipeline.files import read_folder, write_all
from pipeline.settings import Featurize
from pipeline.stages.featurize import featurize
from pipeline.tablefiles import TableFiles
from tests.pipeline.smalltown import write_accounts
from tests.pipeline.tinyrun import QUICK

FEATURIZE = Featurize(memory="1GB", threads=1, families=("profile", "name"))
N = 300


@dataclass(frozen=True)
class Trained:
    """A model in a folder, trained on the tables of another."""

    folder: Path
    tables: TableFiles
    model: Model
    features: pd.DataFrame


def trained_model(root: Path) -> Trained:
    """Train it below ``root``."""
    tables = write_accounts(root / "tables", N, seed=1)
    labels = tables.read("labels").sort_values("account_id", ignore_index=True)
    fold = np.arange(N) % 5
    folds = labels.assign(fold=fold, source_fold=0, kind=None, platform="town", group=labels["account_id"], by="group")
    made = featurize(tables, folds, FEATURIZE)
    write_all({root / "features.parquet": made["features"], root / "references": made["references"]})
    features = pd.read_parquet(root / "features.parquet")
    result = train_model(features, folds, read_folder(root / "references"), QUICK)
    write_all({root / "model": to_files(result.model)})
    return Trained(root / "model", tables, result.model, features)
