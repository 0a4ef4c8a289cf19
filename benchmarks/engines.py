"""A whole run on each engine from the same tables: how far apart features, scores and metrics are, and the seconds.

``python -m benchmarks.engines`` simulates a town, runs ``unpump run`` and ``unpump score`` on DuckDB and on Spark, and
prints what differs. Spark must be installed (``make spark``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ENGINES = ("duckdb", "spark")
# A small town: few partitions, and no more memory cleared for a join than its rows need.
SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.buffer.pageSize": "256k",
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
PRINTED = 4  # digits of a probability or a metric on a page


def main() -> None:
    """Run what the command line asks for and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1500, help="of the town (default: 1500)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="folder for the town and the runs (default: a temporary one)")
    parser.add_argument("--set", action="append", default=[], dest="changes", help="further settings of both runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = options.out or Path(folder)
        town = ["--accounts", str(options.accounts), "--seed", str(options.seed), "--out", str(out / "town")]
        unpump("simulate", *town)
        seconds = {engine: both(out, engine, options.changes) for engine in ENGINES}
        print(json.dumps(compared(out) | {"seconds": seconds}, indent=1))


def unpump(*words: str) -> float:
    """Run a command of unpump; returns the seconds it took."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "pipeline", *words], check=True)
    return time.monotonic() - started


def both(out: Path, engine: str, changes: list[str]) -> dict[str, float]:
    """Seconds of a whole run on ``engine`` and of scoring its accounts with its model."""
    run, tables = out / engine, str(out / "town")
    shared = [w for c in (f"featurize.spark={json.dumps(SMALL)}", *changes) for w in ("--set", c)]
    words = ["--tables", tables, "--engine", engine, *shared]
    return {
        "run": round(unpump("run", "--out", str(run), *words), 1),
        "score": round(
            unpump("score", "--model", str(run / "artifacts" / "model"), "--out", str(run / "scores"), *words), 1
        ),
    }


def compared(out: Path) -> dict[str, Any]:
    """What differs between the two runs."""
    found = {name: [table(out / engine / name) for engine in ENGINES] for name in FILES}
    features = found["features.parquet"]
    ours, theirs = (f.drop(columns="as_of") for f in features)
    distance = ((ours - theirs).abs() / ours.abs().clip(lower=1)).max().fillna(0.0)
    told: dict[str, Any] = {
        "accounts": len(ours),
        "features": len(ours.columns),
        "features_same_to_the_bit": sum(a.equals(b) for a, b in ((ours[c], theirs[c]) for c in ours)),
        "features_missing_elsewhere": int((ours.isna() != theirs.isna()).any().sum()),
        "largest_relative_distance_of_a_feature": float(distance.max()),
    }
    for name, column in FILES.items():
        if column:
            a, b = (f[column].to_numpy() for f in found[name])
            told[f"largest_distance_{name}_{column}"] = float(np.nanmax(np.abs(a - b)))
    ours, theirs = found["scores/scores.parquet"]
    told["tiers_that_differ"] = int((ours["tier"] != theirs["tier"]).sum())
    metrics = [flat(json.loads((out / e / "artifacts" / "evaluation.json").read_text())["overall"]) for e in ENGINES]
    told["metrics"] = len(metrics[0])
    told["metrics_that_differ_as_printed"] = sum(
        round(value, PRINTED) != round(metrics[1][name], PRINTED) for name, value in metrics[0].items()
    )
    return told


FILES = {
    "features.parquet": "",
    "artifacts/oof.parquet": "bot_probability",
    "scores/scores.parquet": "bot_probability",
}


def table(path: Path) -> pd.DataFrame:
    """Rows by account."""
    return pd.read_parquet(path).set_index("account_id")


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Every number in nested mappings, by its path."""
    found: dict[str, float] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[f"{before}{key}"] = float(value)
    return found


if __name__ == "__main__":
    main()
