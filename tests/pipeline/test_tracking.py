"""Runs and the registry: what is logged, what is compared, and what happens when MLflow is away."""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tinyrun import QUICK, training
from tracked import PARAMS, aliases, changed, enter, train

from features.errors import BadInput
from models.bundle import from_files, to_files
from models.contributions import importance
from models.training import train_model
from pipeline import tracking
from pipeline.files import write_all
from pipeline.layout import Layout
from pipeline.provenance import commit, fingerprint, flat, without_secrets

METRICS = {"roc_auc": {"value": 0.9, "low": 0.8, "high": 0.95}, "f1": {"value": None, "low": None, "high": None}}


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without runs, made once: its migrations take seconds."""
    root = tmp_path_factory.mktemp("store")
    with tracking.opened(Layout.run(root, root)) as mlflow:
        mlflow.MlflowClient().search_experiments()
    return root / "mlflow.db"


@pytest.fixture
def layout(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Layout]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    made = Layout.run(tmp_path / "out", tmp_path)
    write_all({made.path("intake"): {"fingerprint": "d" * 32, "sources": {}}})
    yield made
    assert "MLFLOW_TRACKING_URI" not in os.environ


def run_of(layout: Layout, run_id: str) -> Any:
    with tracking.opened(layout) as mlflow:
        return mlflow.MlflowClient().get_run(run_id)


def files_of(layout: Layout, run_id: str) -> set[str]:
    def below(client: Any, path: str | None) -> Iterator[str]:
        for one in client.list_artifacts(run_id, path):
            yield from below(client, one.path) if one.is_dir else (one.path,)

    with tracking.opened(layout) as mlflow:
        return set(below(mlflow.MlflowClient(), None))


def test_a_training_is_logged_with_where_it_came_from(layout):
    (layout.artifacts.parent / "dvc.lock").write_text("schema: '2.0'\n")
    trained = training()
    told = train(layout, trained)
    assert told["why"] is None
    run = run_of(layout, told["run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["data_md5"] == "d" * 32
    assert run.data.tags["feature_hash"] == "f" * 32
    assert run.data.tags["dvc_lock_md5"] == hashlib.md5(b"schema: '2.0'\n").hexdigest()
    assert run.data.tags["model_fingerprint"] == fingerprint(trained["model"])
    assert len(run.data.tags["git_commit"]) == 40
    assert run.data.params["train.seed"] == "0"
    assert run.data.params["split.by"] == "group"
    assert run.data.metrics["accounts"] == 500
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.digest == "d" * 32
    assert {"oof.parquet", "baselines.parquet", "study.json"} <= files_of(layout, told["run_id"])


def test_artefacts_lie_beside_the_store_wherever_the_program_runs(layout, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    run_id = train(layout, training())["run_id"]
    assert list(elsewhere.iterdir()) == []
    assert list((layout.root / "mlartifacts").rglob("oof.parquet"))
    assert files_of(layout, run_id)


EVALUATION = {
    "overall": {"model": METRICS, "baselines": {"tree": METRICS}},
    "per_source": {"../na$me": {"model": METRICS}},
    "leave_source_out": {"here": {"model": METRICS, "baselines": {}}},
}


def evaluated() -> dict[str, Any]:
    curve = pd.DataFrame({"x": [0.0, 1.0]})
    return {"evaluation": EVALUATION, "transfer": curve, "roc": curve, "precision_recall": curve, "reliability": curve}


def explained(trained: dict[str, Any]) -> dict[str, Any]:
    found = importance(np.ones((2, 1)), ["followers"], {"followers": "profile"})
    table = trained["oof"][["account_id", "raw_score"]]
    pictures = {"a/b.svg": b"<svg/>"}
    return {"contributions": table, "importance": found, "cases": [], "evidence": table, "pictures": pictures}


def test_later_stages_write_into_the_run_of_their_model(layout):
    trained = training()
    run_id = train(layout, trained)["run_id"]
    assert tracking.track_evaluation(layout, PARAMS, trained, evaluated()) == {}
    assert tracking.track_explanation(layout, PARAMS, trained, explained(trained)) == {}
    assert tracking.track_review(layout, PARAMS, trained, {"review": "<html>"}) == {}
    metrics = run_of(layout, run_id).data.metrics
    assert metrics["roc_auc"] == 0.9
    assert metrics["roc_auc_low"] == 0.8
    assert metrics["baseline/tree/roc_auc"] == metrics["left_out/here/roc_auc"] == 0.9
    assert metrics["source/_na_me/roc_auc"] == 0.9  # no path upwards
    assert metrics["importance/profile"] == 1.0
    assert not any(name.startswith("f1") for name in metrics)
    wanted = {"evaluation.json", "plots/roc.csv", "importance.json", "pictures/a/b.svg", "review.html"}
    assert wanted <= files_of(layout, run_id)


def test_a_run_is_found_by_its_model_when_run_json_is_lost_and_never_for_another_model(layout):
    trained, other = training(), training(seed=1)
    run_id = train(layout, trained)["run_id"]
    layout.path("run").unlink()
    tracking.track_evaluation(layout, PARAMS, trained, evaluated())
    tracking.track_explanation(layout, PARAMS, other, explained(other))
    assert "evaluation.json" in files_of(layout, run_id)
    assert "importance.json" not in files_of(layout, run_id)


def test_a_store_that_is_away_fails_nothing_and_the_run_is_logged_later(layout, monkeypatch, caplog):
    trained = training()
    with monkeypatch.context() as away:
        away.setenv("MLFLOW_TRACKING_URI", "http://ann:secret@127.0.0.1:9")
        away.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        run = train(layout, trained)
        assert run["run_id"] is None
        assert "127.0.0.1:9" in run["why"]
        assert tracking.track_evaluation(layout, PARAMS, trained, evaluated()) == {}
        told = enter(layout, trained)
        assert told["decision"] == "refused"
        assert told["version"] is None
        assert "did not answer" in told["reasons"][0]
        with pytest.raises(BadInput, match="answers"):
            tracking.rollback(layout, PARAMS)
        assert os.environ["MLFLOW_TRACKING_URI"].startswith("http://ann")
        assert "secret" not in json.dumps(run) + json.dumps(told) + caplog.text
    write_all({layout.path(k): v for k, v in evaluated().items()})
    told = enter(layout, trained)  # it answers again
    assert told["decision"] == "promoted"
    assert {"oof.parquet", "evaluation.json"} <= files_of(layout, told["run_id"])
    assert tracking.relog(layout, PARAMS) == told["run_id"]


def test_a_store_that_is_damaged_is_said_to_be_so(layout):
    (layout.root / "mlflow.db").write_bytes(b"this is no database" * 100)
    run = train(layout, training(), write=False)
    assert run["run_id"] is None
    assert "not a database" in run["why"]


def test_champions_follow_each_other_and_a_worse_model_stays_challenger(layout):
    first, better, worse = training(), changed(training(trees=50), 0.3), changed(training(trees=40), -0.2)
    train(layout, first)
    told = enter(layout, first)
    assert told["decision"] == "promoted"
    assert aliases(layout) == {"champion": "1"}

    train(layout, worse)
    told = enter(layout, worse)
    assert told["decision"] == "refused"
    assert told["compared_with"] == "1"
    assert any("against the champion" in reason for reason in told["reasons"])
    assert aliases(layout) == {"champion": "1", "challenger": "2"}

    train(layout, better)
    assert enter(layout, better)["decision"] == "promoted"
    assert aliases(layout) == {"champion": "3", "previous": "1"}

    told = enter(layout, better)
    assert told["reasons"] == ["Version 3 is this very model and champion already; nothing changed."]
    assert told["version"] == "3"

    assert (
        tracking.rollback(layout, PARAMS)["says"] == "Version 1 of unpump is champion again; version 3 is challenger."
    )
    assert aliases(layout) == {"champion": "1", "challenger": "3"}
    with pytest.raises(BadInput, match="previous champion"):
        tracking.rollback(layout, PARAMS)
    told = enter(layout, better)
    assert told["decision"] == "refused"
    assert "rolled back" in told["reasons"][0]
    assert aliases(layout) == {"champion": "1", "challenger": "3"}


def test_a_version_carries_its_tags_and_the_decision(layout):
    trained = training()
    train(layout, trained)
    enter(layout, trained)
    with tracking.opened(layout) as mlflow:
        version = mlflow.MlflowClient().get_model_version_by_alias("unpump", "champion")
    assert version.tags["decision"] == "promoted"
    assert "baseline" in version.tags["reasons"]
    assert version.tags["feature_hash"] == "f" * 32
    assert version.tags["model_fingerprint"] == fingerprint(trained["model"])


def test_a_registered_model_is_fetched_whole_and_unknown_ones_are_refused(layout):
    trained = training()
    train(layout, trained)
    enter(layout, trained)
    assert tracking.fetch_model("models:/unpump@champion", layout) == trained["model"]
    assert tracking.fetch_model("models:/unpump/1", layout) == trained["model"]
    for address in ("models:/unpump@nobody", "models:/unpump/7", "models:/other@champion", "nonsense:/x"):
        with pytest.raises(BadInput):
            tracking.fetch_model(address, layout)


def test_nobody_to_go_back_to_is_said(layout):
    with pytest.raises(BadInput, match="no champion at all"):
        tracking.rollback(layout, PARAMS)


def test_the_mlflow_model_needs_nothing_of_this_repository_and_gives_the_same_scores(layout, tmp_path):
    trained = training()
    run_id = train(layout, trained)["run_id"]
    with tracking.opened(layout) as mlflow:
        model_id = mlflow.MlflowClient().get_run(run_id).outputs.model_outputs[0].model_id
        place = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{model_id}", dst_path=str(tmp_path / "m"))
    rows = trained["features"].drop(columns=["account_id", "as_of"])
    rows.iloc[:5, 0] = np.nan
    rows.to_parquet(tmp_path / "rows.parquet")
    code = f"""
import sys
sys.path = [p for p in sys.path if p not in ("", {str(Path.cwd())!r})]
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model({place!r})
rows = pd.read_parquet({str(tmp_path / "rows.parquet")!r})
model.predict(rows).to_parquet({str(tmp_path / "whole.parquet")!r})
model.predict(rows[["age_days"]]).to_parquet({str(tmp_path / "part.parquet")!r})
model.predict(rows.iloc[:0]).to_parquet({str(tmp_path / "none.parquet")!r})
assert not {{"features", "models", "pipeline", "review"}} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": ""})
    model = from_files(trained["model"], "model")
    found = pd.read_parquet(tmp_path / "whole.parquet")
    assert np.allclose(found["bot_probability"], model.probabilities(rows)[0], rtol=0, atol=1e-12)
    assert np.array_equal(found["raw_score"], model.raw_scores(rows))
    assert found["tier"].tolist() == model.tier(model.probabilities(rows)[0]).tolist()
    alone = rows.assign(**{c: np.nan for c in rows.columns if c != "age_days"})
    assert np.array_equal(pd.read_parquet(tmp_path / "part.parquet")["raw_score"], model.raw_scores(alone))
    assert len(pd.read_parquet(tmp_path / "none.parquet")) == 0


def test_the_mlflow_model_refuses_an_altered_file_and_a_table_of_something_else(tmp_path):
    write_all({tmp_path / "model": training()["model"]})
    model, context = (
        runpy.run_path(str(tracking.PYFUNC))["Unpump"](),
        SimpleNamespace(artifacts={"model": tmp_path / "model"}),
    )
    model.load_context(context)
    with pytest.raises(ValueError, match="columns named as the model's 5 features"):
        model.predict(None, pd.DataFrame({"followers_count": [3.0]}))
    booster = tmp_path / "model" / "booster.txt"
    booster.write_text(booster.read_text().replace("leaf_value=", "leaf_value=9", 1))
    with pytest.raises(ValueError, match=r"booster\.txt of this model is not the file"):
        model.load_context(context)
    booster.unlink()
    with pytest.raises(ValueError, match=r"booster\.txt"):
        model.load_context(context)


def test_the_mlflow_model_asks_the_trees_that_know_no_more_than_is_given(tmp_path):
    from pipeline.pyfunc_model import Unpump

    trained = training()
    features = trained["features"][["account_id", "as_of", "age_days"]]
    small = train_model(features, trained["folds"], {}, QUICK).model
    model = replace(from_files(trained["model"], "model"), subsets={"follows": small})
    write_all({tmp_path / name: content for name, content in to_files(model).items()})
    served = Unpump()
    served.load_context(SimpleNamespace(artifacts={"model": str(tmp_path)}))
    rows = trained["features"]
    assert np.array_equal(served.predict(None, rows)["raw_score"], model.raw_scores(rows))
    assert np.array_equal(served.predict(None, rows[["age_days"]])["raw_score"], small.raw_scores(rows))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ann:secret@ml.example:5000/x?token=1", "https://ml.example:5000/x"),
        ("postgresql://u:p@db/mlflow", "postgresql://db/mlflow"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("databricks", "databricks"),
    ],
)
def test_addresses_are_written_down_without_secrets(address, shown):
    assert without_secrets(address) == shown


def test_settings_become_short_flat_texts():
    found = dict(flat({"train": {"seed": 0, "tiers": {"suspend": 0.001}, "sources": {}, "long": "x" * 999}}))
    assert found["train.seed"] == "0"
    assert found["train.tiers.suspend"] == "0.001"
    assert found["train.sources"] == "{}"
    assert len(found["train.long"]) == 500


def test_a_folder_without_a_repository_has_no_commit(tmp_path):
    assert commit(tmp_path) == {}
