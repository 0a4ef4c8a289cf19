"""Spark beyond one process: workers in processes of their own, and a server that is spoken to over Spark Connect."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from quickspark import QUICK, needs_spark
from scoremodel import FEATURIZE, Trained, trained_model
from smalltown import write_accounts

from pipeline.jobs.audit import audit
from pipeline.jobs.score import score
from pipeline.settings import Params, Prepare
from pipeline.sparksession import take_java
from tests.pipeline.auditstory import write_story

FLAGS = QUICK["spark.driver.extraJavaOptions"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_accounts(folder, 300, seed=3, labels=False)
    return folder


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[str]:
    """Address of a Spark Connect server in a process of its own."""
    import pyspark

    take_java()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "spark.ui.enabled": "false",
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.driver.extraJavaOptions": FLAGS,
    }
    asked = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local[2]"]
    asked += [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    asked += ["--driver-memory", "1g", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    known = os.environ | {"PYSPARK_PYTHON": sys.executable}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([*asked, "spark-internal"], cwd=tmp_path, env=known, stdout=log, stderr=log)
        try:
            for _ in range(240):
                with socket.socket() as knock:
                    if knock.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
            yield f"sc://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def by_command(command: str, master: str, **given: object) -> None:
    """Run a command with --engine spark in a process of its own: a process can hold one kind of session only."""
    spark = json.dumps(QUICK | {"spark.executor.extraJavaOptions": FLAGS})
    changes = {"featurize.spark_master": master, "featurize.spark": spark, "score.explain": "all"}
    changes |= {"authenticity.bucket_rows": "100"}
    asked = [sys.executable, "-m", "pipeline", command, "--engine", "spark"]
    asked += [word for key, value in given.items() for word in (f"--{key}", str(value))]
    asked += [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def scored_by_command(trained: Trained, tables: Path, out: Path, master: str) -> pd.DataFrame:
    """What `unpump score --engine spark` writes."""
    by_command("score", master, model=trained.folder, tables=tables, out=out)
    return pd.read_parquet(out / "scores.parquet")


def audited_alike(root: Path, master: str) -> None:
    """`unpump audit --engine spark` writes the bytes of one machine."""
    write_story(root)
    given = {"scores": root / "scores", "groups": root / "groups.parquet"}
    audit(root / "tables", root / "local", Params(prepare=Prepare(memory="1GB", threads=1)), **given)
    by_command("audit", master, tables=root / "tables", out=root / "spark", **given)
    names = [p.relative_to(root / "local") for p in (root / "local").rglob("*") if p.is_file()]
    assert len(names) == 7
    for name in names:
        assert (root / "spark" / name).read_bytes() == (root / "local" / name).read_bytes(), name


def same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    for column in ours.columns.drop(["reasons", "kind_reasons"]):
        if ours[column].dtype == np.float64:
            np.testing.assert_allclose(theirs[column], ours[column], rtol=0, atol=1e-9)
        else:
            pd.testing.assert_series_equal(theirs[column], ours[column])


@pytest.fixture(scope="module")
def expected(trained, tables, tmp_path_factory) -> pd.DataFrame:
    """What one machine makes of the same tables."""
    out = tmp_path_factory.mktemp("expected")
    given: dict[str, Any] = {"featurize": FEATURIZE, "prepare": Prepare(memory="1GB", threads=1)}
    score(str(trained.folder), tables, out, Params(**given))
    return pd.read_parquet(out / "scores.parquet")


@needs_spark
@pytest.mark.slow
def test_every_score_is_the_same_when_workers_are_processes_of_their_own(trained, tables, expected, tmp_path):
    same(expected, scored_by_command(trained, tables, tmp_path, "local-cluster[2,1,1024]"))


@needs_spark
@pytest.mark.slow
def test_every_score_is_the_same_over_spark_connect(trained, tables, expected, tmp_path, connect):
    same(expected, scored_by_command(trained, tables, tmp_path / "out", connect))


@needs_spark
@pytest.mark.slow
def test_an_audit_is_the_same_when_workers_are_processes_of_their_own(tmp_path):
    audited_alike(tmp_path, "local-cluster[2,1,1024]")


@needs_spark
@pytest.mark.slow
def test_an_audit_is_the_same_over_spark_connect(tmp_path, connect):
    audited_alike(tmp_path, connect)
