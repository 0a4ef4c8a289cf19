"""The whole stage featurize on many events: rows a second and peak memory per family; pandas and Polars beside it.

    python -m benchmarks.featurize [--engagements 10000000 100000000] [--tables DIR ...] [--beside 5000000]

The crowd of ``benchmarks/crowd.py`` is made for each number of engagements (50 an account, 10 a post). ``--tables``
measures the canonical tables of folders instead, such as those of ``unpump simulate``. Everything runs in processes of
its own on ``--threads`` threads. A peak above ``--memory`` makes the command fail, and so does a value that pandas or
Polars find otherwise. ``--write PAGE`` puts the tables between their markers in a page.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.byhand import WORKS
from benchmarks.crowd import Crowd, write_crowd
from benchmarks.simulation import put
from features.builder import Plan, plan
from features.catalogue import FAMILIES, FEATURES
from features.tables import TABLES
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

WAYS = ("unpump", "pandas", "polars")
CLOSE = 1e-6
STEP = re.compile(r'"((?:view|group|graph|reference)_\w+)"')


@dataclass
class Watch:
    """Seconds and peak memory of each step: told when one has ended."""

    spans: list[tuple[str, float, float]] = field(default_factory=list)  # name, seconds, GB
    since: float = field(default_factory=time.perf_counter)

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        self.spans.append((step, now - self.since, peak_gb()))
        forget_peak()
        self.since = time.perf_counter()


def peak_gb() -> float:
    """Most memory this process has held since ``forget_peak``, in GB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(found[1]) * 1024 / 1e9 if found else float("nan")


def forget_peak() -> None:
    """Start counting the peak anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


@contextmanager
def spilled(folder: Path) -> Iterator[list[float]]:
    """Most GB that stood in ``folder`` at a time, as the only item of a list."""
    most, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            size = 0
            for path in folder.rglob("*"):
                try:
                    size += path.stat().st_size
                except FileNotFoundError:
                    continue  # DuckDB has just let go of it
            most[0] = max(most[0], size / 1e9)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield most
    finally:
        ended.set()
        looking.join()


# --- in a process of its own ---------------------------------------------------------------------------------------


def whole(tables: Path, settings: Featurize) -> dict[str, Any]:
    """Run the stage featurize as ``unpump featurize`` does and write what it returns."""
    from models.settings import Split
    from pipeline.files import write_value
    from pipeline.stages.featurize import featurize
    from pipeline.stages.split import split

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    given = TableFiles.open(tables)
    folds = split(given, Split())["folds"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as out, spilled(Path(folder)) as most:
        tempfile.tempdir = folder
        forget_peak()
        watch = Watch()
        started, worked = time.perf_counter(), time.process_time()
        made = featurize(given, folds, settings, watch=watch)
        write_value(Path(out) / "features.parquet", made.pop("features"))
        watch("written")
        for name, value in made.items():
            write_value(Path(out) / (name if name == "references" else f"{name}.parquet"), value)
        watch("others written")
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
        tempfile.tempdir = None
    return {"seconds": seconds, "worked": worked, "spilled": most[0], "spans": watch.spans}


def one_work(tables: Path, settings: Featurize, way: str, name: str, out: Path) -> dict[str, Any]:
    """One family's work done one way, written to ``out``."""
    import pandas as pd

    work = WORKS[name]
    if way == "unpump":
        import pipeline.engine as engine
    elif way == "polars":
        import polars  # noqa: F401 - loading it is not what is measured
    forget_peak()
    started = time.perf_counter()
    if way == "unpump":
        made = engine.featurize_tables(TableFiles.open(tables), None, settings, only=work.columns).table()
        values = made.drop_columns(["as_of"]).to_pandas().set_index("account_id")
    else:
        values = getattr(work, way)(tables)
    seconds = time.perf_counter() - started
    peak = peak_gb()
    everyone = pd.Index(TableFiles.open(tables).read("accounts", ["account_id"])["account_id"].sort_values())
    values.reindex(everyone)[list(work.columns)].astype("float64").reset_index().to_parquet(out)
    return {"seconds": seconds, "peak": peak}


def child(arguments: Sequence[str]) -> Any:
    """What ``python -m benchmarks.featurize --child ...`` prints last."""
    command = [sys.executable, "-m", "benchmarks.featurize", "--child", *arguments]
    threads = {"POLARS_MAX_THREADS": arguments[2], "OMP_NUM_THREADS": arguments[2]}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **threads})
    return json.loads(done.stdout.splitlines()[-1])


def be_child(what: str, memory: str, threads: str, tables: str, *rest: str) -> None:
    settings = Featurize(memory=memory, threads=int(threads))
    folder = Path(tables)
    found = whole(folder, settings) if what == "whole" else one_work(folder, settings, rest[0], rest[1], Path(rest[2]))
    print(json.dumps(found))


# --- tables --------------------------------------------------------------------------------------------------------


def rows_of(tables: Path) -> dict[str, int]:
    """Rows of each canonical table."""
    files = TableFiles.open(tables).files
    return {name: sum(pq.read_metadata(f).num_rows for f in files[name]) for name in TABLES if name in files}


def steps_of(whole: Plan, family: str) -> set[str]:
    """Steps without which the family has no values."""
    steps = {s.name: s for s in whole.steps}
    waiting = [f"group_{f.view}" for f in whole.features if f.family == family and f"group_{f.view}" in steps]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found and name in steps:
            found.add(name)
            waiting += STEP.findall(steps[name].sql + " ".join(steps[name].reads))
    return found


def family_table(tables: Path, settings: Featurize, found: Mapping[str, Any]) -> list[str]:
    """A line per family: what only it needs, and what it would take alone."""
    files = TableFiles.open(tables).files
    rows = rows_of(tables)
    todo = plan({n: pq.read_schema(f[0]) for n, f in files.items() if n in TABLES}, also=["groups"])
    needs = {family: steps_of(todo, family) for family in FAMILIES}
    seconds: dict[str, float] = {}
    peak: dict[str, float] = {}
    for name, took, most in found["spans"]:
        seconds[name] = seconds.get(name, 0.0) + took
        peak[name] = max(peak.get(name, 0.0), most)
    lines = [
        "| family | features | seconds of its own | seconds with what it shares | rows it reads | rows a second "
        "| peak memory, GB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for family, steps in needs.items():
        if not steps:
            continue
        own = steps.difference(*(s for other, s in needs.items() if other != family))
        alone = sum(seconds.get(s, 0.0) for s in steps)
        own_s = sum(seconds.get(s, 0.0) for s in own)
        known = {t for f in FEATURES.values() if f.family == family for t in f.reads}
        read = sum(rows.get(t, 0) for t in known)
        most = max(peak.get(s, 0.0) for s in steps)
        count = sum(f.family == family for f in FEATURES.values())
        lines.append(
            f"| {family} | {count} | {own_s:,.1f} | {alone:,.1f} | {read:,} | {read / alone:,.0f} | {most:.2f} |"
        )
    rest = set(seconds).difference(*needs.values())
    most = max(peak[s] for s in rest)
    lines.append(f"| groups, result, files | | {sum(seconds[s] for s in rest):,.1f} | | | | {most:.2f} |")
    return lines


def whole_line(tables: Path, found: Mapping[str, Any]) -> str:
    """The line of one run in the table of growth."""
    rows = rows_of(tables)
    engagements = rows.get("engagements", 0)
    peak = max(most for _, _, most in found["spans"])
    held = f"{peak:.2f} | {found['spilled']:.1f}"
    return (
        f"| {engagements:,} | {rows.get('posts', 0):,} | {rows.get('follows', 0):,} | {rows['accounts']:,} "
        f"| {found['seconds']:,.0f} | {found['worked']:,.0f} | {engagements / found['seconds']:,.0f} | {held} |"
    )


GROWTH = [
    "| engagements | posts | follows | accounts | seconds | seconds of processors | engagements a second "
    "| peak memory, GB | spilled, GB |",
    "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
]


def beside_table(tables: Path, memory: str, threads: int) -> list[str]:
    """Three families done three ways; stops when the values differ."""
    import numpy as np
    import pandas as pd

    lines = [
        "| family | features | unpump, s | pandas, s | Polars, s | unpump, GB | pandas, GB | Polars, GB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, work in WORKS.items():
        took, frames = {}, {}
        with tempfile.TemporaryDirectory() as folder:
            for way in WAYS:
                out = Path(folder) / f"{way}.parquet"
                took[way] = child(["work", memory, str(threads), str(tables), way, name, str(out)])
                frames[way] = pd.read_parquet(out).set_index("account_id")
        ours = frames["unpump"]
        for way in WAYS[1:]:
            apart = ((frames[way] - ours).abs() / ours.abs().clip(lower=1)).max().max()
            if (frames[way].isna() != ours.isna()).to_numpy().any() or not np.nan_to_num(apart) <= CLOSE:
                raise SystemExit(f"{way} finds other values than unpump for {name}: they differ by {apart}")
        seconds = " | ".join(f"{took[w]['seconds']:.1f}" for w in WAYS)
        peaks = " | ".join(f"{took[w]['peak']:.2f}" for w in WAYS)
        lines.append(f"| {name} | {len(work.columns)} | {seconds} | {peaks} |")
    return lines


def main() -> None:
    """Measure, print, and put the tables into the page."""
    if sys.argv[1:2] == ["--child"]:
        be_child(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engagements", type=int, nargs="*", default=[10_000_000, 100_000_000])
    parser.add_argument("--tables", type=Path, nargs="+", help="canonical tables to measure instead of crowds")
    parser.add_argument("--beside", type=int, default=5_000_000, help="events for pandas and Polars; 0 leaves them out")
    parser.add_argument("--memory", default="8GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scratch", type=Path, help="where crowds and spilled rows stand")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    if options.scratch:
        os.environ["TMPDIR"] = tempfile.tempdir = str(options.scratch)
    said: dict[str, list[str]] = {}
    too_much = False
    with tempfile.TemporaryDirectory() as folder:
        crowds = [(n, Path(folder) / f"crowd-{n}") for n in options.engagements]
        growth = list(GROWTH)
        for tables in options.tables if options.tables else [path for _, path in crowds]:
            for n, path in crowds:
                if path == tables:
                    write_crowd(Crowd.of(n), path)
            found = child(["whole", options.memory, str(options.threads), str(tables)])
            growth.append(whole_line(tables, found))
            said["families"] = family_table(tables, Featurize(), found)
            too_much |= max(most for _, _, most in found["spans"]) > float(re.sub("[^0-9.]", "", options.memory))
            print("\n".join([*growth, "", *said["families"], ""]), flush=True)
        said["whole"] = growth
        if options.beside:
            tables = Path(folder) / "beside"
            write_crowd(Crowd.of(options.beside), tables)
            said["beside"] = beside_table(tables, options.memory, options.threads)
            print("\n".join(said["beside"]))
    if options.write:
        for name, lines in said.items():
            put(options.write, name, "\n".join(lines))
    if too_much:
        raise SystemExit(f"more than {options.memory} was held")


if __name__ == "__main__":
    main()
