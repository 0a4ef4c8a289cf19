"""What is wrong with this installation, and what to do about it."""

from __future__ import annotations

import ctypes.util
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TextIO
from urllib.request import urlopen

from features.errors import printable

PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}  # where nothing else is said
PATIENCE = 3.0  # seconds a server has to answer
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
        _scratch,
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


def _scratch(root: Path) -> Finding:
    import tempfile

    told = os.environ.get("TMPDIR")
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
        place = tempfile.gettempdir()
    except OSError as error:
        says = f"No temporary folder can be written: {error.strerror or error}. Set TMPDIR to one that can."
        return Finding("scratch", "severe", says)
    if told and not (os.path.isdir(told) and os.access(told, os.W_OK | os.X_OK)):
        says = f"TMPDIR is {printable(told, 120)}, which cannot be written; {place} is used instead. Correct it."
        return Finding("scratch", "severe", says)
    free = shutil.disk_usage(place).free / 1e9
    return Finding("scratch", "good" if free >= 5 else "warning", f"{place} can be written; {free:.0f} GB free.")


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
    import sqlite3

    server = os.environ.get("MLFLOW_TRACKING_URI")
    if server:
        return _server(server)
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


def _server(address: str) -> Finding:
    """Whether what MLFLOW_TRACKING_URI names answers within seconds."""
    from urllib.parse import urlsplit

    shown = printable(re.sub(r"//[^/@]*@", "//***@", address), 160)  # passwords stay where they are
    todo = "Training goes on without it, and `unpump register` logs the run once it answers."
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme.split("+")[0])
        if parts.hostname is None or port is None:
            return Finding("tracking", "good", f"Runs go to {shown}; whether it can be written was not tried.")
        with socket.create_connection((parts.hostname, port), timeout=PATIENCE):
            pass
        if parts.scheme in ("http", "https"):
            with urlopen(f"{address.rstrip('/')}/health", timeout=PATIENCE) as answer:
                answer.read(100)
    except (OSError, ValueError) as error:
        return Finding("tracking", "severe", f"{shown} (MLFLOW_TRACKING_URI) does not answer: {error}. {todo}")
    return Finding("tracking", "good", f"{shown} (MLFLOW_TRACKING_URI) answers.")


def _java(root: Path) -> Finding:
    from pipeline.sparksession import OLDEST_JAVA, find_java

    if find_java():
        return Finding("java", "good", "There, for Spark.")
    return Finding("java", "warning", f"No Java {OLDEST_JAVA}: only Spark needs it, and `make spark` brings one.")


def _browser(root: Path) -> Finding:
    if shutil.which("chromium"):
        return Finding("browser", "good", "There, for the tests of pages.")
    return Finding("browser", "warning", "No chromium: only the tests of pages need it (`apt-get install chromium`).")
