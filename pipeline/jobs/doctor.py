"""What is wrong with this installation, and what to do about it."""

from __future__ import annotations

import ctypes.util
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TextIO

Severity = Literal["good", "warning", "severe"]


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``says`` tells a person what it means and what to do."""

    what: str
    severity: Severity
    says: str

    def as_dict(self) -> dict[str, str]:
        """The finding as JSON."""
        return asdict(self)


def examine(root: Path) -> list[Finding]:
    """Look at everything unpump needs; ``root`` is the project folder."""
    checks: tuple[Callable[[Path], Finding], ...] = (
        _python,
        _packages,
        _lightgbm,
        _git,
        _disk,
        _memory,
        _tracking,
        _java,
        _browser,
    )
    return [check(root) for check in checks]


def print_findings(findings: Iterable[Finding], to: TextIO) -> None:
    """One line a finding, the worst last."""
    order = {"good": 0, "warning": 1, "severe": 2}
    for finding in sorted(findings, key=lambda f: order[f.severity]):
        mark = {"good": "ok     ", "warning": "warning", "severe": "SEVERE "}[finding.severity]
        print(f"{mark}  {finding.what:<10} {finding.says}", file=to)


def _python(root: Path) -> Finding:
    got = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("python", "good", f"Python {got}.")
    return Finding(
        "python", "severe", f"Python {got}; unpump is tested on 3.11 to 3.13. Make the environment with one of them."
    )


def _packages(root: Path) -> Finding:
    lock = root / "requirements.lock"
    if not lock.is_file():
        return Finding("packages", "warning", "No requirements.lock here, so versions were not compared.")
    wrong = []
    for name, wanted in locked(lock.read_text(encoding="utf-8")).items():
        try:
            got = version(name)
        except PackageNotFoundError:
            got = "absent"
        if got not in wanted:
            wrong.append(f"{name} {got} (locked {' or '.join(sorted(wanted))})")
    if not wrong:
        return Finding("packages", "good", "Every package is at its locked version.")
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return Finding(
        "packages", "warning", f"Other versions than locked: {', '.join(wrong[:5])}{more}. Run `make environment`."
    )


def locked(text: str) -> dict[str, set[str]]:
    """Versions allowed per package by a lock file's ``text``, those for other systems left out."""
    from packaging.requirements import Requirement

    allowed: dict[str, set[str]] = {}
    for line in text.splitlines():
        if "==" not in line or line.startswith((" ", "#")):
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker is None or wanted.marker.evaluate():
            allowed.setdefault(wanted.name, set()).add(next(iter(wanted.specifier)).version)
    return allowed


def _lightgbm(root: Path) -> Finding:
    try:
        import lightgbm
    except OSError as error:
        hint = " Install OpenMP: `apt-get install libgomp1` on Debian, `brew install libomp` on macOS."
        return Finding(
            "lightgbm",
            "severe",
            f"LightGBM does not load: {error}.{hint if not ctypes.util.find_library('gomp') else ''}",
        )
    return Finding("lightgbm", "good", f"LightGBM {lightgbm.__version__} loads.")


def _git(root: Path) -> Finding:
    if shutil.which("git") and (root / ".git").exists():
        return Finding("git", "good", "Runs are tagged with their commit.")
    return Finding(
        "git", "warning", "No git here: `dvc repro` needs a repository, and runs are not tagged with a commit."
    )


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free / 1e9
    if free >= 5:
        return Finding("disk", "good", f"{free:.0f} GB free.")
    return Finding(
        "disk", "warning", f"Only {free:.1f} GB free; large inputs spill to disk. Free some, or set TMPDIR elsewhere."
    )


def _memory(root: Path) -> Finding:
    meminfo = Path("/proc/meminfo")
    if not meminfo.is_file():
        return Finding("memory", "good", "Not looked at on this system.")
    facts = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    free = int(facts["MemAvailable"].split()[0]) / 1e6
    if free >= 4:
        return Finding("memory", "good", f"{free:.0f} GB available.")
    return Finding("memory", "warning", f"Only {free:.1f} GB available. Set featurize.memory lower, for example 2GB.")


def _tracking(root: Path) -> Finding:
    import os
    import sqlite3

    server = os.environ.get("MLFLOW_TRACKING_URI")
    if server:
        return Finding("tracking", "good", "Runs go to the server of MLFLOW_TRACKING_URI.")
    store = root / "mlflow.db"
    if not store.exists():
        return Finding("tracking", "good", "The first training makes mlflow.db in the project.")
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
            runs = connection.execute("select count(*) from runs").fetchone()[0]
    except sqlite3.Error as error:
        return Finding(
            "tracking",
            "severe",
            f"mlflow.db cannot be read ({error}). Move it away; the next training makes a new one.",
        )
    return Finding("tracking", "good", f"mlflow.db holds {runs} runs.")


def _java(root: Path) -> Finding:
    if shutil.which("java"):
        return Finding("java", "good", "There, for Spark.")
    return Finding("java", "warning", "No Java: only Spark needs it (`apt-get install openjdk-17-jre-headless`).")


def _browser(root: Path) -> Finding:
    if shutil.which("chromium"):
        return Finding("browser", "good", "There, for the tests of pages.")
    return Finding("browser", "warning", "No chromium: only the tests of pages need it (`apt-get install chromium`).")
