"""The MLflow model behind a web address and inside a query of Spark: every score is the one `unpump score` gives."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pandas as pd
import pytest
from mlflowmodel import Stored, same_scores, stored_model
from quickspark import SPARK, needs_spark


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    return stored_model(tmp_path_factory.mktemp("mlflow"))


@pytest.fixture
def address(stored, tmp_path) -> Iterator[str]:
    """Where `mlflow models serve` answers; it runs in an empty folder, without this repository on its path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(stored.folder)]
    asked += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    quiet = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONPATH": ""}
    quiet["PATH"] = f"{os.path.dirname(sys.executable)}{os.pathsep}{quiet['PATH']}"
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(asked, cwd=tmp_path, env=quiet, stdout=log, stderr=log, start_new_session=True)
        try:
            place = f"http://127.0.0.1:{port}"
            for _ in range(240):
                if answers(f"{place}/ping"):
                    break
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
            yield place
        finally:
            os.killpg(server.pid, 15)
            server.wait(30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as found:
            return bool(found.status == 200)
    except (OSError, urllib.error.URLError):
        return False


@pytest.mark.slow
def test_every_score_of_a_server_is_the_models(stored, address):
    known = stored.rows.astype(object).where(stored.rows.notna(), None)
    body = json.dumps({"dataframe_split": known.to_dict("split", index=False)})
    asked = urllib.request.Request(f"{address}/invocations", body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as found:
        same_scores(pd.DataFrame(json.load(found)["predictions"]), stored)


@needs_spark
@pytest.mark.slow
def test_every_score_in_a_query_of_spark_is_the_models(stored, tmp_path):
    import mlflow

    from pipeline.sparksession import session

    spark = session(SPARK)
    stored.rows.assign(place=range(len(stored.rows))).to_parquet(tmp_path / "features.parquet")
    rows = spark.read.parquet(str(tmp_path / "features.parquet"))
    predict = mlflow.pyfunc.spark_udf(spark, str(stored.folder), env_manager="local")
    told = rows.select("place", predict(*stored.rows.columns).alias("told")).select("place", "told.*")
    found = pd.DataFrame([row.asDict() for row in told.collect()])
    same_scores(found.sort_values("place", ignore_index=True), stored)
