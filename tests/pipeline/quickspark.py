"""Settings under which Spark is quick about few rows, and the mark of tests that need it."""

from __future__ import annotations

import importlib.util

import pytest

from pipeline.settings import Featurize
from pipeline.sparksession import take_java

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
