"""Whatever is imported is declared: nothing works only because another package happened to bring it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from pipeline.dvcyaml import PROJECT

OURS = ("features", "models", "pipeline", "review", "simulation")
KNOWN = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
SPARK = (PROJECT / "requirements-spark.lock").read_text(encoding="utf-8")  # large, and for those alone who use it
# Compared with in environments of their own, which `benchmarks/rivals.py` makes.
RIVALS = {"flaml", "autogluon"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    lines = [*KNOWN["dependencies"], *(d for e in extras for d in KNOWN["optional-dependencies"].get(e, []))]
    return {plain(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in lines}  # type: ignore[index]


def imported(folder: str) -> set[str]:
    """Top names of modules from elsewhere that the code in ``folder`` imports, at the top or inside functions."""
    local = {p.stem for p in (PROJECT / "tests").rglob("*.py")}
    found = set()
    for path in (PROJECT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return {n for n in found if n not in sys.stdlib_module_names and n not in (*OURS, "tests", "benchmarks", *local)}


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        *((f, ("spark",) if f == "pipeline" else ()) for f in OURS),
        ("tests", ("dev", "spark")),
        ("benchmarks", ("dev", "benchmarks")),
    ],
)
def test_what_is_imported_is_declared(folder, extras):
    brought_by = packages_distributions()
    known = declared(*extras)
    absent = {
        module
        for module in imported(folder) - RIVALS
        if not {plain(d) for d in brought_by.get(module, [module])} & known
    }
    assert absent == set()


def test_what_is_declared_is_locked_with_its_hash():
    for lock, needed in ((LOCK, declared("dev", "benchmarks")), (SPARK, declared("spark") - declared())):
        locked = {plain(n) for n in re.findall(r"^([A-Za-z0-9._-]+)==", lock, flags=re.MULTILINE)}
        assert needed - locked == set()
        assert all("--hash=sha256:" in part for part in re.split(r"\n(?=[A-Za-z0-9._-]+==)", lock.strip()))


def test_both_locks_name_one_version_of_what_they_share():
    found = [dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock, flags=re.MULTILINE)) for lock in (LOCK, SPARK)]
    shared = found[0].keys() & found[1].keys()
    assert "protobuf" in shared
    assert {n: (found[0][n], found[1][n]) for n in shared if found[0][n] != found[1][n]} == {}
