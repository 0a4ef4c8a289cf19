"""Parts are whole or absent, checked before they are trusted, and one job at a time writes an output."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from features.errors import BadInput
from pipeline.jobs import resumable
from pipeline.jobs.resumable import Parts, checksum, held, write_whole

JOB = {"model": "m1", "tables": ["a", 1]}


def writes(text: str) -> Any:
    def write(path: Path) -> dict[str, Any]:
        path.write_text(text)
        return {"rows": len(text)}

    return write


def test_a_part_is_kept_with_its_checksum(tmp_path):
    parts = Parts(tmp_path / ".score", JOB)
    facts = parts.make("part-00000", writes("four"))
    assert facts == {"rows": 4, "sha256": checksum(parts.path("part-00000"))}
    again = Parts(tmp_path / ".score", JOB)
    assert again.resumed
    assert again.sound("part-00000") == facts


def test_another_job_starts_over(tmp_path):
    Parts(tmp_path / ".score", JOB).make("p", writes("x"))
    other = Parts(tmp_path / ".score", {**JOB, "model": "m2"})
    assert not other.resumed
    assert other.sound("p") is None


@pytest.mark.parametrize("harm", ["shorter", "changed", "absent", "no facts", "facts cut", "facts of another kind"])
def test_a_damaged_part_is_made_again(tmp_path, harm):
    parts = Parts(tmp_path / ".score", JOB)
    parts.make("p", writes("whole"))
    part, facts = parts.path("p"), tmp_path / ".score" / "p.json"
    {
        "shorter": lambda: part.write_text("whol"),
        "changed": lambda: part.write_text("Whole"),
        "absent": part.unlink,
        "no facts": facts.unlink,
        "facts cut": lambda: facts.write_text('{"rows": 5, "sha'),
        "facts of another kind": lambda: facts.write_text("[]"),
    }[harm]()
    assert Parts(tmp_path / ".score", JOB).sound("p") is None


def test_a_part_whose_writing_fails_leaves_nothing(tmp_path):
    parts = Parts(tmp_path / ".score", JOB)

    def write(path: Path) -> dict[str, Any]:
        path.write_text("half")
        raise OSError(28, "No space left on device", str(path))

    with pytest.raises(BadInput, match=r"No space left on device.*run the same command again"):
        parts.make("p", write)
    assert list((tmp_path / ".score" / "parts").iterdir()) == []


def test_parts_stay_until_the_job_is_removed(tmp_path):
    parts = Parts(tmp_path / ".score", JOB)
    for name in ("a", "b"):
        parts.make(name, writes(name))
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / "old").write_text("old")
    parts.publish_all(["a", "b"], tmp_path / "scores")
    parts.publish("a", tmp_path / "one")
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == ["a", "b"]
    assert (tmp_path / "one").read_text() == "a"
    assert parts.sound("a") is not None
    parts.remove()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "scores"]


def test_a_file_system_without_second_names_gets_copies(tmp_path, monkeypatch):
    def refuse(*_: Any) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(resumable.os, "link", refuse)
    parts = Parts(tmp_path / ".score", JOB)
    parts.make("a", writes("a"))
    parts.publish("a", tmp_path / "one")
    assert (tmp_path / "one").read_text() == "a"


def test_a_small_file_is_replaced_whole(tmp_path):
    write_whole(tmp_path / "f", b"old")
    write_whole(tmp_path / "f", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("f", b"new")]


def test_one_job_at_a_time(tmp_path):
    out = tmp_path / "out"
    with held(out), pytest.raises(BadInput, match=f"process {os.getpid()} on .* is writing"), held(out):
        pass
    with held(out):
        pass
    assert list(out.iterdir()) == []


def test_a_failed_job_lets_go(tmp_path):
    with pytest.raises(RuntimeError), held(tmp_path):
        raise RuntimeError
    with held(tmp_path):
        pass


def test_the_lock_of_a_killed_job_is_gone(tmp_path):
    code = (
        "import os, sys, signal; from pathlib import Path; from pipeline.jobs.resumable import held\n"
        f"with held(Path({str(tmp_path)!r})): os.kill(os.getpid(), signal.SIGKILL)"
    )
    project = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=project).returncode == -9
    assert (tmp_path / ".score.lock").exists()
    with held(tmp_path):
        pass
    assert not (tmp_path / ".score.lock").exists()


def _count(out: Path, tries: int) -> None:
    """Add one to a number, with a pause a second writer would fall into."""
    done = 0
    while done < tries:
        try:
            with held(out):
                number = int((out / "number").read_text())
                os.sched_yield()
                (out / "number").write_text(str(number + 1))
                done += 1
        except BadInput:
            continue


def test_removing_the_lock_file_never_lets_two_in(tmp_path):
    (tmp_path / "number").write_text("0")
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_count, args=(tmp_path, 200)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert (tmp_path / "number").read_text() == "600"
