"""Settings under which Spark is quick about few rows, the mark of tests that need it, and a worker without Spark."""

from __future__ import annotations

import importlib.util
import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.settings import Featurize
from pipeline.sparksession import shipped_code, take_java

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or take_java() is None,
    reason="Spark needs Java and pyspark: make spark",
)
# Compiling code for each of some hundred queries takes longer than running them on so few rows; so does a compiler that
# thinks long about a Java that lives for minutes, and clearing 16 MB of memory for each of some thousand joins.
QUICK = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.buffer.pageSize": "256k",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
SPARK = Featurize(engine="spark", memory="2GB", spark=QUICK)
# A worker has the packages it needs, none of the others that this project uses, and the code that is sent to it.
WORKER = """
import json, pickle, sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {others!r}:
            raise ImportError(name)

sys.meta_path.insert(0, Nothing())
sys.path.insert(0, {code!r})
with open({task!r}, "rb") as file:
    write, batches = pickle.load(file)
told = [row for batch in write(iter(batches)) for row in batch.to_pylist()]
print(json.dumps([told, sys.modules[write.func.__module__].__file__]))
"""


def in_bare_worker(
    write: partial, batches: Sequence[pa.RecordBatch], without: Sequence[str], folder: Path
) -> list[dict[str, Any]]:
    """What ``write`` tells of ``batches`` in a process of its own, where the packages ``without`` are not installed."""
    task = folder / "task"
    task.write_bytes(pickle.dumps((write, batches)))
    code = WORKER.format(others=tuple(without), code=str(shipped_code()), task=str(task))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    told, place = json.loads(found.stdout)
    assert "unpump_code.zip" in place
    return told
