"""Measures how long `unpump audit` takes on a large town, after scoring: seconds by step, processors, memory.

    python -m benchmarks.audit_scale TOWN [--scores DIR] [--memory 6GB] [--write docs/audit.md]

``TOWN`` is what ``unpump simulate --accounts 1000000`` wrote. Without ``--scores`` plausible ones are made up from the
truth, as good ones would be: what they say does not change how long it takes.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import resource
import subprocess
import sys
import tempfile
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


def measure(town: Path, scores: Path, memory: str) -> dict[str, object]:
    """Run the audit in a process of its own and time its steps."""
    steps: list[tuple[str, float, float]] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as out:
        command = [sys.executable, "-m", "pipeline", "audit", "--tables", str(town), "--scores", str(scores)]
        command += [
            "--out",
            out,
            "--json",
            "--set",
            f"authenticity.memory={memory}",
            "--set",
            "authenticity.groups=never",
        ]
        started = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:
            print(line, end="", flush=True)
            if found := _STEP.search(line):
                steps.append((found[2], time.monotonic() - started, worked(process.pid)))
        told = json.loads(process.stdout.read().splitlines()[-1])
        if process.wait():
            raise SystemExit(told)
        written = sum(f.stat().st_size for f in Path(out).rglob("*") if f.is_file())
    after, whole = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
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
        "memory_gb": round(after.ru_maxrss / 1e6, 2),
        "written_gb": round(written / 1e9, 2),
        "load": round(os.getloadavg()[2], 1),
        **{k: told[k] for k in ("creators", "posts", "likes")},
    }


def worked(process: int) -> float:
    """Seconds that processors have worked for a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scores = options.scores or make_up_scores(options.town.resolve(), Path(folder))
        found = table(measure(options.town.resolve(), scores.resolve(), options.memory))
    print(found)
    if options.write:
        put(options.write, "scale", found)


if __name__ == "__main__":
    main()
