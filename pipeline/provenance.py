"""Where a run comes from: the commit of the code, the locks and fingerprints of its data, as tags for tracking."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.files import read_json
from pipeline.layout import Layout

CODE = Path(__file__).resolve().parents[1]
LONGEST = 500  # characters of a parameter, MLflow's limit


def tags(layout: Layout, model: Mapping[str, Any]) -> dict[str, str]:
    """What tells one run from another: commit, dvc.lock, data, features and model; what is not known is left out.

    Parameters
    ----------
    layout : Layout of the run
    model : files of the model directory, name -> bytes
    """
    intake = layout.path("intake")
    lock = layout.artifacts.parent / "dvc.lock"
    told = {
        **commit(CODE),
        "dvc_lock_md5": _md5(lock.read_bytes()) if lock.is_file() else None,
        "data_md5": str(read_json(intake).get("fingerprint") or "") if intake.is_file() else None,
        "feature_hash": _feature_hash(model),
        "model_fingerprint": fingerprint(model),
    }
    return {name: value for name, value in told.items() if value}


def fingerprint(model: Mapping[str, Any]) -> str:
    """MD5 over the files of a model directory, names and contents: equal for equal models and for no others."""
    told = [f"{name} {_md5(_bytes(model[name]))}" for name in sorted(model)]
    return _md5("\n".join(told).encode())


def _feature_hash(model: Mapping[str, Any]) -> str | None:
    return json.loads(_bytes(model["model.json"])).get("feature_hash")


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def commit(folder: Path) -> dict[str, str]:
    """Commit of the repository around ``folder`` and whether files differ from it; nothing outside a repository."""
    if not shutil.which("git"):
        return {}
    head = _git(folder, "rev-parse", "HEAD")
    if not head:
        return {}
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"git_commit": head, "git_changed": "no" if changed == "" else "yes", "mlflow.source.git.commit": head}


def _git(folder: Path, *words: str) -> str | None:
    try:
        told = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Settings as ``section.key`` and text, as tracking wants them."""
    if isinstance(value, Mapping) and value:
        for key in value:
            yield from flat(value[key], f"{name}.{key}" if name else str(key))
    else:
        text = value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
        yield name, text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def without_secrets(address: str) -> str:
    """An address that may be written down: no user, password or query."""
    parts = urlsplit(address)
    if not parts.netloc:
        return address.split("?", 1)[0]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
