"""A scoring job that is killed, or whose disk is full, ends with the bytes of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from smalltown import write_accounts
from tinyrun import QUICK

from models.bundle import to_files
from models.training import train_model
from pipeline.files import read_folder, write_all
from pipeline.settings import Featurize
from pipeline.stages.featurize import featurize

pytestmark = pytest.mark.slow  # each test starts the program several times
PROJECT = Path(__file__).parents[2]
SETTINGS = [
    word
    for change in (
        "featurize.memory=1GB",
        "featurize.threads=1",
        "prepare.memory=1GB",
        "prepare.threads=1",
        "score.part_rows=100",
        "score.explain=all",
    )
    for word in ("--set", change)
]
N = 1500


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model``, ``tables`` of other accounts, and ``calm``: their scores by a job nobody disturbed."""
    root = tmp_path_factory.mktemp("town")
    told = Featurize(memory="1GB", threads=1, families=("profile",))
    tables = write_accounts(root / "training", 400, seed=1)
    labels = tables.read("labels").sort_values("account_id", ignore_index=True)
    fold = np.arange(len(labels)) % 5
    folds = labels.assign(fold=fold, source_fold=0, kind=None, platform="town", group=labels["account_id"], by="group")
    made = featurize(tables, folds, told)
    write_all({root / "features.parquet": made["features"], root / "references": made["references"]})
    result = train_model(pd.read_parquet(root / "features.parquet"), folds, read_folder(root / "references"), QUICK)
    write_all({root / "model": to_files(result.model)})
    write_accounts(root / "tables", N, seed=2, labels=False)
    finished = start(root, root / "calm")
    assert finished.wait(120) == 0
    return root


def start(town: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """The job, as a scheduler starts it; cwd has no params.yaml."""
    words = ["score", "--model", str(town / "model"), "--tables", str(town / "tables"), "--out", str(out), *SETTINGS]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words, *more],
        cwd=town,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def content(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def wait_for(path: Path, running: subprocess.Popen[str]) -> None:
    while not path.exists() and running.poll() is None:
        time.sleep(0.005)


def test_a_job_left_alone_leaves_scores_and_a_manifest_that_agree(town):
    found = content(town / "calm")
    assert sorted(found) == ["manifest.json", "scores.parquet"]
    manifest = json.loads(found["manifest.json"])
    assert manifest["accounts"] == N
    assert manifest["files"]["scores.parquet"]["rows"] == N
    ids = pq.read_table(town / "calm" / "scores.parquet").column("account_id").to_pylist()
    assert ids == sorted(f"2-{i:05d}" for i in range(N))


def test_killed_at_20_random_moments_it_ends_with_the_same_bytes(town, tmp_path):
    chance = random.Random(7)
    out = tmp_path / "out"
    kills = finished = between = 0
    while kills < 20:
        running = start(town, out)
        # A third of the moments lie anywhere from the start on, a third between parts, a third where scores are
        # put together from them.
        part = (None, chance.randrange(14), 14)[kills % 3]
        wait_for(out / (".score.lock" if part is None else f".score/part-{part:05d}.parquet.json"), running)
        time.sleep(chance.random() * (0.05 if part is not None else 3))
        running.send_signal(signal.SIGKILL)
        said = running.communicate()[1]
        if running.returncode == 0:  # it was faster
            finished += 1
            assert content(out) == content(town / "calm")
            shutil.rmtree(out)
            continue
        assert running.returncode == -signal.SIGKILL, said
        kills += 1
        between += len(list(out.glob(".score/part-*.json"))) > 0
        # Every fourth time the job may end, so that each end is one after other moments.
        if kills % 4 == 0:
            said = start(town, out).communicate(timeout=120)[1]
            assert content(out) == content(town / "calm"), said
            finished += 1
            shutil.rmtree(out)
    assert finished >= 5
    assert between >= 5  # some were killed between parts


def test_killed_between_parts_it_keeps_those_it_has(town, tmp_path):
    out = tmp_path / "out"
    running = start(town, out)
    wait_for(out / ".score" / "part-00002.parquet.json", running)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {p.name: p.stat().st_mtime_ns for p in (out / ".score" / "parts").glob("part-*")}
    assert len(kept) >= 3
    again = start(town, out, "--set", "score.single_file_rows=0")
    said = again.communicate(timeout=120)[1]
    # Another setting is another job: nothing is mixed.
    assert "going on" not in said
    assert sorted(p.name for p in (out / "scores").iterdir()) == [f"part-{i:05d}.parquet" for i in range(15)]
    assert not (out / "scores.parquet").exists()


def test_the_same_command_goes_on(town, tmp_path):
    out = tmp_path / "out"
    running = start(town, out)
    wait_for(out / ".score" / "part-00002.parquet.json", running)
    running.send_signal(signal.SIGKILL)
    running.wait()
    again = start(town, out)
    said = again.communicate(timeout=120)[1]
    assert "going on with the job" in said
    assert content(out) == content(town / "calm")


def test_a_second_job_on_one_output_stops_with_a_clear_message(town, tmp_path):
    out = tmp_path / "out"
    first = start(town, out)
    wait_for(out / ".score.lock", first)
    first.send_signal(signal.SIGSTOP)
    try:
        second = start(town, out)
        said = second.communicate(timeout=120)[1]
        assert second.returncode == 2
        assert f"process {first.pid} on " in said
        assert "Wait for it to end, or name another folder." in said
    finally:
        first.send_signal(signal.SIGCONT)
    assert first.wait(120) == 0
    assert content(out) == content(town / "calm")


def test_earlier_scores_stay_until_new_ones_are_whole(town, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(town / "calm", out)
    before = content(out)
    running = start(town, out, "--set", "score.reasons=1")
    wait_for(out / ".score" / "part-00001.parquet.json", running)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert {k: v for k, v in content(out).items() if not k.startswith(".score")} == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB, which holds the features of the town or its parts, not both."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_a_sentence_and_the_job_goes_on_when_there_is_room(town, small_disk):
    out = small_disk / "out"
    running = start(town, out)
    said = running.communicate(timeout=120)[1]
    assert running.returncode == 2, said
    assert "No space left on device" in said
    assert "it goes on where it stopped" in said
    assert "Traceback" not in said
    assert not (out / "scores.parquet").exists()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    again = start(town, out)
    said = again.communicate(timeout=120)[1]
    assert again.returncode == 0, said
    assert content(out) == content(town / "calm")


def peak_of(words: list[str], cwd: Path) -> int:
    """Largest memory in bytes that a command held."""
    code = (
        "import resource, subprocess, sys\n"
        f"done = subprocess.run({words!r}, capture_output=True, text=True)\n"
        "print(done.stderr[-2000:], file=sys.stderr)\n"
        "assert done.returncode == 0\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * (1 if sys.platform == "darwin" else resource.getpagesize() // 4)


def test_memory_stays_below_its_setting(town, tmp_path):
    tables = tmp_path / "tables"
    write_accounts(tables, 200_000, seed=3, labels=False)
    words = [sys.executable, "-m", "pipeline", "score", "--model", str(town / "model"), "--tables", str(tables)]
    peak = peak_of([*words, "--out", str(tmp_path / "out"), "--set", "score.memory=1500MB"], town)
    assert peak < 1.5e9
    assert pq.read_metadata(tmp_path / "out" / "scores.parquet").num_rows == 200_000
