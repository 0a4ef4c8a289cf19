"""Imports point one way, each outside service has one door, and the graph is written once."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.docs import PRINTED
from pipeline.dvcyaml import OURS, PROJECT
from pipeline.graph import STAGES
from pipeline.layout import ARTEFACTS
from pipeline.settings import Params, read_params
from pipeline.settingsdoc import params_yaml
from pipeline.stage import resolve
from pipeline.yamlfiles import parse_yaml

FILES = sorted(p for package in OURS for p in (PROJECT / package).rglob("*.py"))
MAY_IMPORT = {
    "features": {"features"},
    "models": {"models", "features"},
    "review": {"review", "models", "features"},
    "simulation": {"simulation", "features.tables"},
    "pipeline": set(OURS),
}
# Outside service -> the only modules that may import it.
DOORS = {
    "mlflow": {"pipeline/tracking.py", "pipeline/pyfunc_model.py"},  # the second is run by MLflow, not by us
    "yaml": {"pipeline/yamlfiles.py"},
    "pyspark": {"pipeline/sparksession.py"},
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PROJECT)))
def test_imports_point_one_way(path):
    package = path.relative_to(PROJECT).parts[0]
    ours = {name for name in imports(path) if name.split(".")[0] in OURS}
    allowed = MAY_IMPORT[package]
    assert {n for n in ours if n.split(".")[0] not in allowed and n not in allowed} == set()


@pytest.mark.parametrize("service", DOORS)
def test_each_service_has_one_door(service):
    users = {str(p.relative_to(PROJECT)) for p in FILES if any(n.split(".")[0] == service for n in imports(p))}
    assert users <= DOORS[service]


def test_nothing_that_runs_code_when_loading_is_imported():
    risky = {"pickle", "joblib", "cloudpickle", "dill", "skops", "shelve", "marshal"}
    assert {str(p) for p in FILES if risky & {n.split(".")[0] for n in imports(p)}} == set()


@pytest.mark.parametrize("path", PRINTED)
def test_printed_files_are_what_the_declarations_say(path):
    assert (PROJECT / path).read_text(encoding="utf-8") == resolve(PRINTED[path])(), "run `make docs`"


def test_params_yaml_shows_every_setting():
    shown = (PROJECT / "params.yaml").read_text(encoding="utf-8")
    assert names(parse_yaml(shown, "params.yaml")) == names(parse_yaml(params_yaml(), "printed"))
    assert read_params(PROJECT / "params.yaml") == Params(), "the project itself runs on the defaults"


def names(values: dict, before: str = "") -> list[str]:
    """Dotted names of all settings, in order."""
    found = []
    for key, value in values.items():
        found += [f"{before}{key}", *(names(value, f"{before}{key}.") if isinstance(value, dict) else [])]
    return found


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_every_stage_names_functions_and_artefacts_that_exist(stage):
    assert callable(resolve(stage.run))
    assert not stage.track or callable(resolve(stage.track))
    assert set(stage.reads) | set(stage.writes) <= set(ARTEFACTS)
    assert set(stage.sections) <= set(Params.model_fields)


def test_every_artefact_is_written_by_one_stage_before_it_is_read():
    written: list[str] = []
    for stage in STAGES.values():
        assert set(stage.reads) <= set(written), stage.name
        written.extend(stage.writes)
    assert sorted(written) == sorted(ARTEFACTS)


def test_help_imports_nothing_heavy():
    heavy = ("mlflow", "shap", "sklearn", "lightgbm", "optuna", "matplotlib", "ibis", "duckdb", "pandas", "pyarrow")
    code = f"import sys, pipeline.cli as c; c.build_parser(); print([m for m in {heavy!r} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert said.stdout.strip() == "[]"
