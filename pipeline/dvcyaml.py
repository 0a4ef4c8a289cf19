"""``dvc.yaml`` printed from the declared stages: `python -m pipeline.dvcyaml > dvc.yaml`.

The code a stage depends on is found by following its imports, so no list of files has to be kept.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from pipeline.graph import STAGES
from pipeline.layout import ARTEFACTS, Layout
from pipeline.settings import Params
from pipeline.stage import Stage
from pipeline.yamlfiles import to_yaml

PROJECT = Path(__file__).resolve().parents[1]
OURS = ("features", "models", "pipeline", "review", "simulation")
# Other versions of the libraries may give other results, so a new lock means a new run.
LOCK = "requirements.lock"


def dvc_yaml() -> str:
    """The text of dvc.yaml."""
    head = "# Printed from pipeline/graph.py by `python -m pipeline.dvcyaml > dvc.yaml`; a test compares the two.\n"
    plots = [_path(a.name) for a in ARTEFACTS.values() if a.plot]
    return head + to_yaml({"stages": {s.name: _entry(s) for s in STAGES.values()}, "plots": plots})


def _entry(stage: Stage) -> dict[str, Any]:
    code = sorted(str(p.relative_to(PROJECT)) for p in code_of(stage.run.split(":")[0]))
    entry: dict[str, Any] = {
        "cmd": f"unpump {stage.name}",
        "deps": [*map(_path, stage.reads), *stage.files, *code, LOCK],
    }
    if stage.sections:
        entry["params"] = [Params.model_fields[s].alias or s for s in stage.sections]
    metrics = [_path(n) for n in stage.writes if not ARTEFACTS[n].cached]
    outs = [_path(n) for n in stage.writes if ARTEFACTS[n].cached]
    return (
        entry
        | ({"outs": outs} if outs else {})
        | ({"metrics": [{m: {"cache": False}} for m in metrics]} if metrics else {})
    )


def _path(name: str) -> str:
    return str(Layout.project(Path()).path(name))


def code_of(module: str) -> set[Path]:
    """Files of our own that ``module`` imports, directly or through others, at the top or inside functions."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting.extend(imports_of(path))
    return found


def imports_of(path: Path) -> list[str]:
    """Names of our own modules that the file at ``path`` mentions in import statements."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names.extend(f"{node.module}.{alias.name}" for alias in node.names)
        # A module may be imported by name, as the families of features are.
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.split(".")[0] in OURS:
            names.append(node.value.split(":")[0])
    return [n for n in names if n.split(".")[0] in OURS]


def _file(module: str) -> Path | None:
    path = PROJECT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((c for c in candidates if c.is_file()), None)


if __name__ == "__main__":
    print(dvc_yaml(), end="")
