"""What commonly breaks an installation is told with what to do about it, and the exit code says so."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.jobs import doctor
from pipeline.jobs.doctor import Finding, examine


def found(root: Path, what: str) -> Finding:
    return next(f for f in examine(root) if f.what == what)


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_a_sound_installation_is_told_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {f["severity"] for f in told["findings"]} <= {"good", "warning"}
    assert {"python", "packages", "lightgbm", "scratch", "disk", "memory", "tracking"} <= {
        f["what"] for f in told["findings"]
    }


def test_a_missing_libgomp_is_told_with_its_package(tmp_path, monkeypatch):
    def broken(name, *rest):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
        return real(name, *rest)

    real = __import__
    monkeypatch.setattr("builtins.__import__", broken)
    monkeypatch.setattr(doctor.ctypes.util, "find_library", lambda name: None)
    one = doctor._lightgbm(tmp_path)
    assert one.severity == "severe"
    assert "libgomp.so.1" in one.says
    assert "libgomp1" in one.says


def test_other_versions_than_locked_are_named(tmp_path):
    (tmp_path / "requirements.lock").write_text("numpy==1.0.0 \\\n    --hash=sha256:0\nno-such-thing==2 \\\n")
    one = found(tmp_path, "packages")
    assert one.severity == "warning"
    assert "numpy" in one.says
    assert "(locked 1.0.0)" in one.says
    assert "no-such-thing absent" in one.says


@pytest.mark.parametrize("place", ["absent", "file"])
def test_a_temporary_folder_that_cannot_be_written_is_severe(tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("TMPDIR", str(tmp_path / place))
    one = found(tmp_path, "scratch")
    assert one.severity == "severe"
    assert "TMPDIR" in one.says


def test_no_temporary_folder_at_all_is_severe(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert "Read-only file system" in found(tmp_path, "scratch").says


def test_a_tracking_server_that_is_away_is_severe_and_keeps_its_password(tmp_path, monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = taken.getsockname()[1]
    for scheme in ("http", "postgresql+psycopg2"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{scheme}://user:secret@127.0.0.1:{free}/mlflow")
        one = found(tmp_path, "tracking")
        assert one.severity == "severe"
        assert "does not answer" in one.says
        assert "secret" not in one.says
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 1
    assert "SEVERE" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "severity"), [(200, "good"), (503, "severe")])
def test_a_tracking_server_is_asked_how_it_is(tmp_path, monkeypatch, status, severity):
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
        assert found(tmp_path, "tracking").severity == severity
        server.shutdown()


def test_a_damaged_store_is_severe(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    assert found(tmp_path, "tracking").severity == "severe"
