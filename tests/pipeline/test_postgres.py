"""PostgreSQL as the store of MLflow: a real one, asked directly and through the server of deploy/compose.yaml."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tinyrun import training
from tracked import PARAMS, aliases, changed, enter, train

from models.bundle import from_files
from pipeline import tracking
from pipeline.files import write_all
from pipeline.jobs.doctor import examine
from pipeline.layout import Layout
from pipeline.yamlfiles import read_yaml

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
PATIENCE = 60.0  # seconds for a server to answer


def programs() -> Path | None:
    """The folder of PostgreSQL's own programs; Debian keeps them off the path."""
    places = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        Path(shutil.which("initdb") or "").parent,
    ]
    needed = ("initdb", "postgres", "createdb", "pg_isready")
    return next((p for p in places if all((p / name).is_file() for name in needed)), None)


pytestmark = pytest.mark.skipif(
    programs() is None or os.name != "posix", reason="needs PostgreSQL (`apt-get install postgresql`)"
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(answers: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Until ``answers`` no longer raises OSError."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            answers()
        except OSError:
            assert process.poll() is None, "it has ended"
            assert time.monotonic() < until, "it does not answer"
            time.sleep(0.1)
        else:
            return


@contextmanager
def running(command: list[str], answers: Callable[[], object], **how: object) -> Iterator[None]:
    """A server that lives as long as the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)  # type: ignore[call-overload]
    try:
        wait_for(answers, process)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL would wait for its clients after another
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """HOST:PORT of a PostgreSQL of our own with a user ``mlflow``, reached from this machine only."""
    there = programs()
    assert there is not None
    # It refuses to run as root, and pytest's folders are open to their owner only.
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder:
        if who:
            shutil.chown(folder, "postgres", "postgres")
        data, port = f"{folder}/data", free_port()
        made = [str(there / "initdb"), "--pgdata", data, "--auth=trust", "--no-sync", "--encoding=UTF8"]
        subprocess.run([*made, "--username=mlflow"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **who)  # type: ignore[call-overload]
        server = [str(there / "postgres"), "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"]
        ready = [str(there / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]

        def answers() -> None:
            if subprocess.run(ready).returncode:
                raise ConnectionRefusedError

        with running(server, answers, cwd=folder, **who):
            yield f"127.0.0.1:{port}"


@pytest.fixture
def database(postgres: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database."""
    there, name = programs(), f"of_{request.node.name}"[:60]
    host, port = postgres.split(":")
    subprocess.run([f"{there}/createdb", "-h", host, "-p", port, "-U", "mlflow", name], check=True)
    return f"postgresql+psycopg2://mlflow@{postgres}/{name}"


@pytest.fixture
def served(database: str, tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server started with the words of deploy/compose.yaml."""
    port = free_port()
    here = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--backend-store-uri": database,
        "--artifacts-destination": str(tmp_path / "kept"),
        "--allowed-hosts": f"127.0.0.1:{port}",
    }
    words = read_yaml(COMPOSE)["services"]["mlflow"]["command"]
    changed = [f"{name}={here[name]}" if (name := word.partition("=")[0]) in here else word for word in words]
    assert set(here) <= {word.partition("=")[0] for word in words}
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    address = f"http://127.0.0.1:{port}"

    def answers() -> None:
        with urlopen(f"{address}/health", timeout=3) as said:
            assert said.status == 200

    with running([sys.executable, "-m", "mlflow", *changed], answers, cwd=tmp_path, env=environment):
        yield address


def follow_each_other(root: Path) -> None:
    """A champion, a better one, and back again; what is fetched by its alias is the model that was registered."""
    names = iter(("first", "second"))

    def registered(made: dict[str, Any]) -> tuple[Layout, dict[str, Any]]:
        layout = Layout.run(root / next(names), root)
        write_all({layout.path("intake"): {"fingerprint": "d" * 32, "sources": {}}})
        assert train(layout, made)["why"] is None
        return layout, enter(layout, made)

    first = training()
    layout, told = registered(first)
    assert (told["decision"], told["version"]) == ("promoted", "1")
    assert aliases(layout) == {"champion": "1"}
    layout, told = registered(changed(training(trees=50), 0.3))
    assert (told["decision"], told["version"]) == ("promoted", "2")
    assert aliases(layout) == {"champion": "2", "previous": "1"}
    tracking.rollback(layout, PARAMS)
    assert aliases(layout) == {"champion": "1", "challenger": "2"}
    known = from_files(first["model"], "the first")
    assert from_files(tracking.fetch_model("models:/unpump@champion", layout), "fetched").version == known.version


def test_champions_follow_each_other_in_postgresql(database, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    follow_each_other(tmp_path / "runs")
    # A database keeps no files: they lie beside the runs, wherever the program was started.
    assert list((tmp_path / "runs" / "mlartifacts").rglob("oof.parquet"))
    assert list(elsewhere.iterdir()) == []


def test_champions_follow_each_other_on_the_server_of_the_compose_file(served, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", served)
    follow_each_other(tmp_path / "runs")
    assert list((tmp_path / "kept").rglob("oof.parquet"))
    (tracked,) = [f for f in examine(tmp_path) if f.what == "tracking"]
    assert (tracked.severity, "answers" in tracked.says) == ("good", True)
