"""On the simulated town: a clean one raises nothing, and labels that are wrong are found."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.labelnoise import rank_labels
from models.settings import Audit, Search, Split, Train
from models.training import train_model
from pipeline.files import read_folder, write_all
from pipeline.settings import Featurize
from pipeline.stages.featurize import featurize
from pipeline.stages.split import split
from pipeline.stages.vet import vet
from pipeline.tablefiles import TableFiles

QUICK = Train(trees=300, patience=40, members=1, learning_rate=0.1, search=Search(trials=0))


def measured_town(folder: Path, **changes: float):
    """A town in which 5% of the labels say the opposite, measured; and the truth."""
    from features.tables import TABLES
    from simulation.settings import Town
    from simulation.town import simulate

    made = simulate(Town.model_validate({"accounts": 4000, "seed": 3, "labels": {"wrong": 0.05}, **changes}))
    write_all({folder / "tables": {f"{n}.parquet": made[n] for n in made if n in TABLES}})
    tables = TableFiles.open(folder / "tables")
    folds = split(tables, Split())["folds"]
    measured = featurize(tables, folds, Featurize())
    write_all({folder / "features.parquet": measured["features"], folder / "references": measured["references"]})
    truth = made["truth"].to_pandas().set_index("account_id")["is_bot"].astype(bool)
    return tables, folds, pd.read_parquet(folder / "features.parquet"), read_folder(folder / "references"), truth


@pytest.mark.slow
def test_nothing_in_the_town_stops_a_run(tmp_path):
    tables, folds, features, references, _ = measured_town(tmp_path)
    told = vet(tables, features, folds, references, Audit())["data_audit"]
    assert [f["code"] for f in told["findings"] if f["severity"] != "note"] == []


@pytest.mark.slow
def test_of_as_many_labels_as_are_wrong_the_first_are_wrong_four_times_of_five(tmp_path):
    # Operators of middling skill; among experts bots look like people, and even the true labels do not tell.
    _, folds, features, references, truth = measured_town(tmp_path, evasion=0.5, evasion_spread=0.0)
    oof = train_model(features, folds, references, QUICK).oof
    ranked = rank_labels(oof)
    given = ranked["is_bot"].astype(bool)
    wrong = given.to_numpy() != truth.reindex(ranked["account_id"]).to_numpy()
    assert 0.03 < wrong.mean() < 0.07
    assert wrong[: wrong.sum()].mean() >= 0.8
    # So many are estimated to be wrong, within a third.
    assert ranked["looks_wrong"].sum() == pytest.approx(wrong.sum(), rel=0.33)
