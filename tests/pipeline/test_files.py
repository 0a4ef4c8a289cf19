"""Files are written whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from features.errors import BadInput
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_folder, read_json, write_all


def test_a_value_is_written_by_its_kind(tmp_path):
    write_all(
        {
            tmp_path / "a.json": {"b": 1, "a": [None, "é"]},
            tmp_path / "b.csv": pd.DataFrame({"x": [1, 2]}),
            tmp_path / "c.parquet": pd.DataFrame({"x": [1.5]}),
            tmp_path / "page.html": "<p>",
            tmp_path / "folder": {"one.txt": "1", "two.json": {}, "deep/three.txt": b"3"},
            tmp_path / "streamed.bin": lambda path: path.write_bytes(b"s"),
        }
    )
    assert read_json(tmp_path / "a.json") == {"a": [None, "é"], "b": 1}
    assert (tmp_path / "b.csv").read_bytes() == b"x\n1\n2\n"
    assert pd.read_parquet(tmp_path / "c.parquet")["x"].tolist() == [1.5]
    assert read_folder(tmp_path / "folder") == {"one.txt": b"1", "two.json": b"{}\n", "deep/three.txt": b"3"}
    assert (tmp_path / "streamed.bin").read_bytes() == b"s"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "a.json",
        "b.csv",
        "c.parquet",
        "folder",
        "page.html",
        "streamed.bin",
    ]


def test_nothing_is_replaced_when_one_of_several_fails(tmp_path):
    write_all({tmp_path / "a.json": 1, tmp_path / "b": {"x.txt": "old"}})

    def fail(path):
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        write_all({tmp_path / "a.json": 2, tmp_path / "b": {"x.txt": fail}})
    assert read_json(tmp_path / "a.json") == 1
    assert read_folder(tmp_path / "b") == {"x.txt": b"old"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b"]  # no temporary files left


def test_a_folder_is_replaced_whole(tmp_path):
    write_all({tmp_path / "m": {"old.txt": "1", "both.txt": "1"}})
    write_all({tmp_path / "m": {"both.txt": "2"}})
    assert read_folder(tmp_path / "m") == {"both.txt": b"2"}


def test_not_a_number_never_reaches_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_all({tmp_path / "a.json": {"x": float("nan")}})
    assert not (tmp_path / "a.json").exists()


def test_the_same_rows_give_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"x": [1.0, None], "name": ["a", None]})
    write_all({tmp_path / "a.parquet": frame, tmp_path / "b.parquet": frame.copy()})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_killed_writer_leaves_the_earlier_file(tmp_path):
    """SIGKILL in the middle of a write: what stood there before still stands, whole."""
    target = tmp_path / "a.txt"
    target.write_text("earlier")
    script = textwrap.dedent(f"""
        import os, signal, pathlib
        from pipeline.files import write_all
        def half(path):
            path.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        write_all({{pathlib.Path({str(target)!r}): half}})
    """)
    died = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False)
    assert died.returncode == -signal.SIGKILL
    assert target.read_text() == "earlier"


@pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/full"), reason="needs root to mount a small disk")
def test_a_full_disk_is_one_sentence_and_earlier_files_stay(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        write_all({disk / "a.bin": b"earlier"})
        with pytest.raises(BadInput, match="No space left"):
            write_all({disk / "a.bin": b"x" * 1_000_000})
        assert (disk / "a.bin").read_bytes() == b"earlier"
        assert [p.name for p in disk.iterdir()] == ["a.bin"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
