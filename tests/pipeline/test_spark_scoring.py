"""Scores made on Spark are those made on one machine: row by row, number by number."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from quickspark import SPARK, in_bare_worker, needs_spark
from scoremodel import FEATURIZE, Trained, trained_model
from smalltown import NOW, write_accounts

from features.errors import BadInput
from pipeline.jobs.score import score
from pipeline.jobs.scorerows import SCHEMA, invalid_rows, score_features
from pipeline.jobs.sparkrows import WRITTEN, WRITTEN_SQL, WRONG, write_part
from pipeline.settings import Params, Prepare, Score

CLEANING = Prepare(memory="1GB", threads=1)
LOCAL = Params(featurize=FEATURIZE, prepare=CLEANING, score=Score(explain="all"))
ON_SPARK = LOCAL.model_copy(update={"featurize": SPARK.model_copy(update={"families": FEATURIZE.families})})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts nobody has seen, one of them three times, one without identifier, one of which nothing is known."""
    folder = tmp_path_factory.mktemp("tables")
    write_accounts(folder, 400, seed=9, labels=False)
    accounts = pq.read_table(folder / "accounts.parquet")
    rows = accounts.slice(0, 5).to_pylist()
    twice = [{**rows[2], "observed_at": NOW.replace(month=5)}, {**rows[2], "observed_at": NOW.replace(month=4)}]
    nobody = dict.fromkeys(accounts.column_names) | {"account_id": "nobody", "platform": "town", "observed_at": NOW}
    odd = [*twice, {**rows[3], "account_id": None}, nobody]
    schema = pa.schema([f.with_nullable(True) for f in accounts.schema])
    both = pa.concat_tables([accounts.cast(schema), pa.Table.from_pylist(odd, schema=schema)])
    pq.write_table(both, folder / "accounts.parquet")
    return folder


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Texts are equal, numbers too but for what features may differ between engines."""
    assert list(ours.columns) == list(theirs.columns)
    for column in ours.columns:
        if column in ("reasons", "kind_reasons"):
            told = [[[(r["feature"], r["text"]) for r in rows] for rows in one[column]] for one in (ours, theirs)]
            assert told[0] == told[1]
        elif ours[column].dtype == np.float64:
            np.testing.assert_allclose(theirs[column], ours[column], rtol=0, atol=1e-9)
        else:
            pd.testing.assert_series_equal(theirs[column], ours[column])


@needs_spark
@pytest.mark.slow
@pytest.mark.parametrize("as_of", [None, "2026-05-20T00:00:00Z"])
def test_every_score_is_the_same_on_both_engines(trained, tables, tmp_path, as_of):
    told = {}
    for name, params in (("local", LOCAL), ("spark", ON_SPARK)):
        told[name] = score(str(trained.folder), tables, tmp_path / name, params, as_of=as_of, bot_share=0.2)
    assert told["local"]["status"] == {"scored": 399, "insufficient_evidence": 1, "invalid": 4}
    del told["local"]["out"], told["spark"]["out"]
    assert told["local"] == told["spark"]
    same(*(pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("local", "spark")))
    assert pq.read_schema(tmp_path / "spark" / "scores.parquet").equals(SCHEMA)
    manifests = [json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("local", "spark")]
    for one in manifests:
        del one["files"]["scores.parquet"]["sha256"]
    assert manifests[0] == manifests[1]


@needs_spark
@pytest.mark.slow
def test_many_rows_stay_in_the_parts_that_workers_wrote(trained, tables, tmp_path):
    small = ON_SPARK.model_copy(update={"score": Score(single_file_rows=10)})
    score(str(trained.folder), tables, tmp_path, small)
    told = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert list(told) == ["scores/part-00000.parquet", "scores/part-00001.parquet"]
    parts = [pq.read_table(tmp_path / name) for name in told]
    ids = [i for part in parts for i in part.column("account_id").to_pylist()]
    assert ids == sorted(ids)
    assert [(p.num_rows, p["account_id"][0].as_py(), p["account_id"][-1].as_py()) for p in parts] == [
        (f["rows"], f["first"], f["last"]) for f in told.values()
    ]
    assert not (tmp_path / "scores.parquet").exists()
    assert not (tmp_path / ".score").exists()


def test_features_that_are_ready_need_no_spark(trained, tmp_path):
    trained.features.to_parquet(tmp_path / "features.parquet")
    with pytest.raises(BadInput, match="--engine spark"):
        score(str(trained.folder), None, tmp_path / "out", ON_SPARK, features=tmp_path / "features.parquet")


def batches_of(features: pd.DataFrame, wrong: list[str], rows: int) -> list[pa.RecordBatch]:
    """What Spark hands to a worker: features of some accounts and, after its namesake, a row that cannot be used."""
    good = features.assign(**{WRONG: None}).astype({WRONG: object})
    bad = pd.DataFrame({"account_id": wrong, WRONG: "a later row"})
    both = pd.concat([good, bad]).sort_values("account_id", kind="stable")
    kinds = {"account_id": pa.string(), "as_of": pa.timestamp("us", tz="UTC"), WRONG: pa.string()}
    schema = pa.schema([(c, kinds.get(c, pa.float64())) for c in both.columns])
    return pa.Table.from_pandas(both, schema=schema, preserve_index=False).to_batches(rows)


def wishes(explain: str) -> SimpleNamespace:
    return SimpleNamespace(**Score(explain=explain).model_dump(mode="json"))


def light(trained: Trained):
    return replace(trained.model, references={}, profile=None, subsets={}, whole=trained.model.version)


@pytest.mark.parametrize("rows", [7, 1000])
def test_a_worker_writes_the_rows_that_one_machine_writes(trained, tmp_path, rows):
    wrong = trained.features["account_id"].iloc[[4, 4, 9]].tolist()
    given = batches_of(trained.features, wrong, rows)
    (told,) = write_part(light(trained), wishes("all"), 0.3, str(tmp_path), iter(given))
    assert told.schema == WRITTEN
    (one,) = told.to_pylist()
    assert (one["rows"], dict(one["status"])["invalid"]) == (len(trained.features) + 3, 3)
    found = pq.read_table(tmp_path / one["name"])
    whole = score_features(trained.model, pa.Table.from_pandas(trained.features), Score(explain="all"), 0.3)
    scored = found.filter(pa.compute.not_equal(found["status"], "invalid"))
    assert scored.equals(whole)
    places = [i for i, s in enumerate(found["status"].to_pylist()) if s == "invalid"]
    assert places == [5, 6, 12]
    lost = pa.table({"account_id": wrong, "reason": ["a later row"] * 3})
    assert found.take(places).equals(invalid_rows(trained.model, lost))


def test_a_worker_without_rows_writes_nothing(trained, tmp_path):
    assert list(write_part(light(trained), wishes("all"), None, str(tmp_path), iter([]))) == []
    assert list(tmp_path.iterdir()) == []


def test_what_workers_tell_has_one_schema():
    assert WRITTEN_SQL.replace(", ", "\n").count("\n") == len(WRITTEN) - 1
    assert [part.split(" ")[0] for part in WRITTEN_SQL.split(", ")] == WRITTEN.names


# LightGBM brings what it needs itself.
OTHERS = ("pandas", "sklearn", "pydantic", "yaml", "duckdb", "ibis", "sqlglot", "mlflow", "shap", "numba", "networkit")


def test_workers_need_lightgbm_numpy_and_pyarrow(trained, tmp_path):
    write = partial(write_part, light(trained), wishes("flagged"), None, str(tmp_path))
    (told,) = in_bare_worker(write, batches_of(trained.features, [], 100), OTHERS, tmp_path)
    assert told["rows"] == len(trained.features)
