"""Measures how long `unpump audit` takes on a large town, after scoring: seconds by step, processors, memory.

    python -m benchmarks.audit_scale TOWN [--scores DIR] [--memory 6GB] [--engine spark] [--write docs/audit.md]

``TOWN`` is what ``unpump simulate --accounts 1000000`` wrote. Without ``--scores`` plausible ones are made up from the
truth, as good ones would be: what they say does not change how long it takes. With ``--engine spark`` the audit runs on
both engines, and what they wrote is compared.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.simulation import put
from pipeline.database import open_database
from pipeline.dvcyaml import PROJECT

_STEP = re.compile(r"\[(\d+)/\d+\] (.*)")


def make_up_scores(town: Path, out: Path) -> Path:
    """Scores for every account of ``town``: high for most bots, low for most people, a tier and a kind for each."""
    out.mkdir(parents=True, exist_ok=True)
    luck = "hash(account_id) % 1000 / 1000.0"
    with open_database("", "2GB", 2) as connection:
        connection.execute(
            "COPY (SELECT account_id, 'scored' AS status, p AS bot_probability, CASE WHEN p >= 0.97 THEN 'suspend' "
            "WHEN p >= 0.9 THEN 'review' WHEN p >= 0.7 THEN 'challenge' WHEN p >= 0.4 THEN 'limit_reach' "
            "WHEN p >= 0.1 THEN 'discount' ELSE 'allow' END AS tier, kind, 0.9 AS kind_probability FROM ("
            f"SELECT account_id, kind, round(CASE WHEN is_bot THEN pow({luck}, 0.2) ELSE pow({luck}, 6) END, 6) AS p "
            f"FROM '{town}/truth.parquet') ORDER BY account_id) TO '{out}/scores.parquet' (FORMAT parquet)"
        )
    return out


def measure(town: Path, scores: Path, memory: str, engine: str, out: Path) -> dict[str, object]:
    """Run the audit in a process of its own, with what it starts, and time its steps."""
    steps: list[tuple[str, float, float]] = []
    changes = (f"authenticity.memory={memory}", f"featurize.memory={memory}", "authenticity.groups=never")
    command = [sys.executable, "-m", "pipeline", "audit", "--tables", str(town), "--scores", str(scores)]
    command += ["--out", str(out), "--json", "--engine", engine]
    command += [word for change in changes for word in ("--set", change)]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stdout is not None
    watch = Watch(process.pid)
    watch.start()
    for line in process.stderr:
        print(line, end="", flush=True)
        if found := _STEP.search(line):
            steps.append((found[2], time.monotonic() - started, watch.look()))
    told = json.loads(process.stdout.read().splitlines()[-1])
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(told)
    whole = time.monotonic() - started
    watch.ended.set()
    watch.join()
    processor = max(watch.worked, used.ru_utime + used.ru_stime)
    written = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    ends = [*((at, work) for _, at, work in steps[1:]), (whole, processor)]
    return {
        "steps": {
            "checking every row of the tables": (round(steps[0][1]), round(steps[0][2])),
            **{
                name: (round(end - at), round(done - work))
                for (name, at, work), (end, done) in zip(steps, ends, strict=True)
            },
        },
        "seconds": round(whole),
        "processor": round(processor),
        "memory_gb": round(max(watch.memory, used.ru_maxrss * 1024) / 1e9, 2),
        "written_gb": round(written / 1e9, 2),
        "load": round(os.getloadavg()[2], 1),
        **{k: told[k] for k in ("creators", "posts", "likes")},
    }


class Watch(threading.Thread):
    """Looks twice a second at a process and all it started (Linux): seconds worked, and the most memory."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.ended = process, threading.Event()
        self.worked, self.memory = 0.0, 0

    def run(self) -> None:
        """Look until it has ended."""
        while not self.ended.wait(0.5):
            self.look()

    def look(self) -> float:
        """Seconds that processors have worked so far, for children that have ended as well."""
        children: dict[int, list[int]] = {}
        work, memory = {}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                said = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            children.setdefault(int(said[1]), []).append(int(entry.name))
            work[int(entry.name)] = sum(map(int, said[11:15])) / os.sysconf("SC_CLK_TCK")
            memory[int(entry.name)] = int(said[21]) * os.sysconf("SC_PAGE_SIZE")
        family = [self.process] if self.process in work else []
        for one in family:  # grows while it is gone through
            family += children.get(one, ())
        self.worked = max(self.worked, sum(work[p] for p in family))
        self.memory = max(self.memory, sum(memory[p] for p in family))
        return self.worked


def compared(town: Path, scores: Path, memory: str, folder: Path) -> str:
    """The table of both engines, and how many files differ."""
    found = {e: measure(town, scores, memory, e, folder / e) for e in ("duckdb", "spark")}
    names = [f.relative_to(folder / "duckdb") for f in (folder / "duckdb").rglob("*") if f.is_file()]
    differ = [n for n in names if (folder / "duckdb" / n).read_bytes() != (folder / "spark" / n).read_bytes()]
    rows = []
    for engine, told in found.items():
        steps = told["steps"]
        assert isinstance(steps, dict)
        rows += [f"| {engine} | {name} | {seconds:,} | {work:,} |" for name, (seconds, work) in steps.items()]
        rows.append(f"| {engine} | all together | {told['seconds']:,} | {told['processor']:,} |")
    one, other = found.values()
    said = (
        f"Creators, posts, likes: {one['creators']:,}, {one['posts']:,}, {one['likes']:,}. Files that differ: "
        f"{len(differ)} of {len(names)}. Peak memory, of all processes: DuckDB {one['memory_gb']} GB, "
        f"Spark {other['memory_gb']} GB. Load of the machine meanwhile: {one['load']} and {other['load']}."
    )
    return "\n".join(["| engine | step | seconds | of processors |", "|---|---|---:|---:|", *rows, "", said])


def table(found: dict[str, object]) -> str:
    """The table of the page."""
    steps = found["steps"]
    assert isinstance(steps, dict)
    rows = [(name, f"{seconds:,}", f"{work:,}") for name, (seconds, work) in steps.items()]
    rows += [("all together", f"{found['seconds']:,}", f"{found['processor']:,}")]
    facts = [
        ("load of the machine meanwhile", f"{found['load']}"),
        ("peak memory", f"{found['memory_gb']} GB"),
        ("written", f"{found['written_gb']} GB"),
        ("creators, posts, likes", f"{found['creators']:,}, {found['posts']:,}, {found['likes']:,}"),
    ]
    lines = [f"| {name} | {seconds} | {work} |" for name, seconds, work in rows]
    said = "; ".join(f"{name}: {value}" for name, value in facts)
    return "\n".join(
        ["| step | seconds | of processors |", "|---|---:|---:|", *lines, "", f"{said[0].upper()}{said[1:]}."]
    )


def main() -> None:
    """Measure, print, and put the table into the page."""
    logging.basicConfig(level=logging.INFO)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("town", type=Path)
    parser.add_argument("--scores", type=Path, help="what `unpump score` wrote of the town (default: made up)")
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--engine", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        town, outs = options.town.resolve(), Path(folder) / "outs"
        scores = (options.scores or make_up_scores(town, Path(folder) / "scores")).resolve()
        if options.engine == "spark":
            found = compared(town, scores, options.memory, outs)
        else:
            found = table(measure(town, scores, options.memory, options.engine, outs))
    print(found)
    if options.write:
        put(options.write, "scale" if options.engine == "duckdb" else "scale-spark", found)


if __name__ == "__main__":
    main()
