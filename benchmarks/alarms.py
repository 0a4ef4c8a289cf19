"""How often monitoring alarms about whole towns in which nothing changed, and whether it finds what was planted.

    python -m benchmarks.alarms [--towns 100] [--accounts 2500] [--workers 2] [--keep DIR] [--write docs/monitoring.md]

A model is trained on the town of seed 0. Towns of other seeds have their own people, farms, orders and scenes; each is
monitored whole, with its labels, by a program that has seen no other. Then the town of seed 1 is changed in one way
after the other. The command fails where a planted change is missed or the towns alarm more often than one in a hundred.
What is found of each town is kept in ``--keep``, with the model, so that more towns can be added another time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.simulation import put
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_json, write_all

STAGES = ("prepare", "split", "featurize", "vet", "train")
ALLOWED = 0.01  # of towns without drift, severe findings


@dataclass(frozen=True)
class Outcome:
    """What monitoring said of one batch: code -> severity, and the sentences."""

    name: str
    codes: dict[str, str]
    says: list[str]


def train(folder: Path, accounts: int, seed: int) -> Path:
    """The model directory of a town, trained without a search so that the clock decides nothing."""
    told = (f"prepare.town.accounts={accounts}", f"prepare.town.seed={seed}", "train.search.trials=0")
    words = [word for one in told for word in ("--set", one)]
    for stage in STAGES:
        subprocess.run([sys.executable, "-m", "pipeline", stage, "--out", str(folder), *words], cwd=PROJECT, check=True)
    return folder / "artifacts" / "model"


def watched(name: str, tables: Path, model: Path) -> Outcome:
    """What `unpump monitor` says of the tables, as a first batch."""
    from pipeline.jobs.monitor import monitor
    from pipeline.settings import Featurize, Params, Prepare

    params = Params(featurize=Featurize(memory="3GB", threads=1), prepare=Prepare(memory="2GB", threads=1))
    with tempfile.TemporaryDirectory() as out:
        monitor(str(model), tables, Path(out), params)
        found = json.loads((Path(out) / "monitor.json").read_text(encoding="utf-8"))["findings"]
    return Outcome(name, {f["code"]: f["severity"] for f in found}, [f"{f['code']} {f['says']}" for f in found])


def simulate(folder: Path, accounts: int, seed: int) -> None:
    """A town's tables, in a folder."""
    from pipeline.jobs.simulate import simulate_job
    from simulation.settings import Town

    simulate_job(Town(accounts=accounts, seed=seed), folder)


def calm(seed: int, accounts: int, model: Path, keep: Path) -> Outcome:
    """Monitor the town of another seed, unless that was done before."""
    kept = keep / f"seed-{seed:03d}.json"
    if kept.is_file():
        return Outcome(**read_json(kept))
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), accounts, seed)
        found = watched(f"seed {seed}", Path(folder), model)
    write_all({kept: asdict(found)})
    return found


# --- what is planted -------------------------------------------------------------------------------------------------


def rewrite(folder: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change one table in place."""
    path = folder / f"{table}.parquet"
    made = change(pq.read_table(path))
    pq.write_table(made, path)


def column(rows: pa.Table, name: str, values: Any) -> pa.Table:
    """The rows with another column ``name``."""
    place = rows.schema.get_field_index(name)
    kind = rows.schema.field(place).type
    return rows.set_column(place, rows.schema.field(place).with_nullable(True), pc.cast(values, kind))


def some(rows: pa.Table, share: float) -> pa.Table:
    """The first rows; accounts stand in no order that matters."""
    return rows.slice(0, int(rows.num_rows * share))


def seconds_for_days(rows: pa.Table) -> pa.Table:
    """Accounts opened a day for a second too early."""
    age = pc.subtract(rows["observed_at"].cast(pa.int64()), rows["created_at"].cast(pa.int64()))
    return column(
        rows,
        "created_at",
        pc.subtract(rows["observed_at"].cast(pa.int64()), pc.divide(age, 100)).cast(pa.timestamp("us")),
    )


def mostly(rows: pa.Table, name: str, value: Any, every: int = 2) -> pa.Table:
    """``value`` in one of ``every`` rows."""
    hit = pa.array([i % every == 0 for i in range(rows.num_rows)])
    return column(rows, name, pc.if_else(hit, pa.scalar(value, rows.schema.field(name).type), rows[name]))


def nobody_is_a_bot(rows: pa.Table) -> pa.Table:
    """Labels that say person of everybody."""
    return column(rows, "is_bot", pa.array([False] * rows.num_rows))


def without_last_days(rows: pa.Table) -> pa.Table:
    """Events of the last ten days are absent: a feed has stopped."""
    newest = pc.max(rows["created_at"]).as_py()
    return rows.filter(pc.less(rows["created_at"], pa.scalar(newest - timedelta(days=10), rows["created_at"].type)))


PLANTED: dict[str, tuple[str, str, Callable[[pa.Table], pa.Table]]] = {
    # what -> a code that must speak, the table, how
    "a fifth of the accounts arrive": ("UNP001", "accounts", lambda t: some(t, 0.2)),
    "a tenth of the engagements arrive": ("UNP002", "engagements", lambda t: some(t, 0.1)),
    "posts of the last ten days are absent": ("UNP003", "posts", without_last_days),
    "thirty accounts arrive": ("UNP004", "accounts", lambda t: t.slice(0, 30)),
    "one count in twenty is negative": ("UNP005", "accounts", lambda t: mostly(t, "posts_count", -1, 20)),
    "followers are counted in thousands": (
        "UNP010",
        "accounts",
        lambda t: column(t, "followers_count", pc.divide(t["followers_count"], 1000)),
    ),
    "ages are a hundredth": ("UNP010", "accounts", seconds_for_days),
    "half of the accounts come without an opening date": (
        "UNP011",
        "accounts",
        lambda t: mostly(t, "created_at", None),
    ),
    "following is counted a thousandfold": (
        "UNP012",
        "accounts",
        lambda t: column(t, "following_count", pc.multiply(pc.add(t["following_count"], 1), 1000)),
    ),
    "half of the accounts are of a new platform": ("UNP013", "accounts", lambda t: mostly(t, "platform", "moon")),
    "labels say that all are people": ("UNP042", "labels", nobody_is_a_bot),
}


def planted(what: str, tables: Path, model: Path) -> Outcome:
    """Monitor a town with one thing changed."""
    _, table, change = PLANTED[what]
    with tempfile.TemporaryDirectory() as folder:
        for path in tables.glob("*.parquet"):
            shutil.copyfile(path, Path(folder) / path.name)
        rewrite(Path(folder), table, change)
        return watched(what, Path(folder), model)


# --- what is said ----------------------------------------------------------------------------------------------------


def calm_lines(outcomes: Sequence[Outcome], accounts: int) -> list[str]:
    """How often something was said about towns in which nothing changed."""
    levels = ("severe", "warning", "notice")
    worst = [next((s for s in levels if s in o.codes.values()), "nothing") for o in outcomes]
    by_code = Counter((code, severity) for o in outcomes for code, severity in o.codes.items())
    told = "; ".join(f"{code} ({severity}) {n}" for (code, severity), n in sorted(by_code.items())) or "none"
    n = len(outcomes)
    return [
        f"| towns of {accounts:,} accounts | severe (exit code 3) | a warning at worst | a notice at worst | nothing |",
        "|---:|---:|---:|---:|---:|",
        f"| {n} | {' | '.join(str(worst.count(level)) for level in (*levels, 'nothing'))} |",
        "",
        f"Codes that spoke, in how many of the {n} towns: {told}.",
    ]


def planted_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """What was said of each planted change."""
    lines = ["| planted | must speak | spoke |", "|---|---|---|"]
    for one in outcomes:
        spoke = ", ".join(f"{code} ({severity})" for code, severity in sorted(one.codes.items())) or "none"
        lines.append(f"| {one.name} | {PLANTED[one.name][0]} | {spoke} |")
    return lines


def main() -> None:
    """Measure, print, and put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=2500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the model and what is found of each town")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder)
        model = keep / "run" / "artifacts" / "model"
        if not (model / "model.json").is_file():
            train(keep / "run", options.accounts, seed=0)
        tables = Path(folder) / "planted"
        simulate(tables, options.accounts, seed=1)
        with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(calm, seed, options.accounts, model, keep) for seed in range(1, options.towns + 1)]
            plants = [pool.submit(planted, what, tables, model) for what in PLANTED]
            quiet = []
            for job in jobs:
                quiet.append(job.result())
                if quiet[-1].codes:
                    print(quiet[-1].name, *quiet[-1].says, sep="\n  ", flush=True)
            found = [job.result() for job in plants]
    said = {"alarms": calm_lines(quiet, options.accounts), "planted": planted_lines(found)}
    print("\n\n".join("\n".join(lines) for lines in said.values()))
    if options.write:
        for name, lines in said.items():
            put(options.write, name, "\n".join(lines))
    missed = [one.name for one in found if PLANTED[one.name][0] not in one.codes]
    severe = sum("severe" in one.codes.values() for one in quiet)
    if missed or severe > ALLOWED * max(len(quiet), 100):
        raise SystemExit(f"{severe} of {len(quiet)} calm towns were alarmed; missed: {', '.join(missed) or 'nothing'}")


if __name__ == "__main__":
    main()
