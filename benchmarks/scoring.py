"""Scoring a million accounts whose features are ready, in one run beside plain LightGBM, mlflow.pyfunc and shap.

    python -m benchmarks.scoring [--accounts 1000000] [--run OUT] [--write docs/scoring.md]

A model is trained on a simulated town, or taken from the folder of an `unpump run`; its accounts are drawn again and
again until there are ``--accounts``, so that the share that is flagged is the town's. LightGBM has the matrix in memory
and gives raw scores; unpump reads the features from a file, calibrates, puts into tiers, tells kinds and writes. The
command fails where unpump is slower than 95% of LightGBM's rate, compiled trees than three times it or unlike it, or
scoring and explaining takes longer than two minutes. Times are wall clock: let nothing else run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.simulation import put
from models.bundle import Model, from_files
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_folder, read_json
from pipeline.settings import Featurize, Params, Score

STAGES = ("prepare", "split", "featurize", "vet", "train")
AT_LEAST = {"unpump": 0.95, "compiled trees": 3.0}  # times LightGBM's rate
SECONDS = 120.0  # for scores and reasons of a million accounts
GROUP = 100_000  # rows of a row group


@dataclass(frozen=True)
class Took:
    """One way, what it did, how many accounts in how many seconds, and how long processors worked on it."""

    way: str
    does: str
    rows: int
    seconds: float
    worked: float

    @property
    def rate(self) -> float:
        """Accounts a second."""
        return self.rows / self.seconds


def timed(way: str, does: str, rows: int, work: Callable[[], Any]) -> tuple[Took, Any]:
    """How long ``work`` takes, and what it gives."""
    started, worked = time.perf_counter(), time.process_time()
    found = work()
    took = Took(way, does, rows, time.perf_counter() - started, time.process_time() - worked)
    said = f"{took.rows:,} in {took.seconds:.1f} s ({took.worked:.1f} s of processors), {took.rate:,.0f} a second"
    print(f"{way}: {does}: {said}", flush=True)
    return took, found


def train(out: Path, accounts: int) -> None:
    """The stages up to train on a simulated town."""
    told = (f"prepare.town.accounts={accounts}", "train.search.trials=0")
    words = [word for one in told for word in ("--set", one)]
    for stage in STAGES:
        subprocess.run([sys.executable, "-m", "pipeline", stage, "--out", str(out), *words], cwd=PROJECT, check=True)


def draw(run: Path, model: Model, accounts: int, path: Path, seed: int = 0) -> np.ndarray:
    """Write ``accounts`` rows of the run's features, drawn with replacement; returns their matrix."""
    known = pq.read_table(run / "features.parquet", columns=list(model.columns)).to_pandas().to_numpy(dtype=np.float64)
    chosen = np.random.default_rng(seed).integers(0, len(known), accounts)
    schema = pa.schema(
        [
            ("account_id", pa.string()),
            ("as_of", pa.timestamp("us", tz="UTC")),
            *((c, pa.float64()) for c in model.columns),
        ]
    )
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=["account_id"]) as writer:
        for start in range(0, accounts, GROUP):
            rows = known[chosen[start : start + GROUP]]
            ids = pa.array([f"account-{i:09d}" for i in range(start, start + len(rows))])
            moments = pa.array(np.zeros(len(rows), dtype="datetime64[us]")).cast(schema.field("as_of").type)
            values = [pa.array(rows[:, i], mask=np.isnan(rows[:, i])) for i in range(rows.shape[1])]
            writer.write_table(pa.Table.from_arrays([ids, moments, *values], schema=schema), row_group_size=GROUP)
    return np.ascontiguousarray(known[chosen])


def scored(model: Path, features: Path, explain: str, compiled: str, threads: int) -> dict[str, Any]:
    """`unpump score` of the features into a folder that vanishes; returns its manifest and checks the rows."""
    from pipeline.jobs.score import score

    params = Params(score=Score(explain=explain, compiled=compiled), featurize=Featurize(threads=threads))
    with tempfile.TemporaryDirectory(dir=features.parent) as out:
        score(str(model), None, Path(out), params, features=features)
        return dict(read_json(Path(out) / "manifest.json"))


def pyfunc_of(model: Path, folder: Path) -> Any:
    """The model as MLflow serves it."""
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    import mlflow

    from pipeline.tracking import PYFUNC

    mlflow.pyfunc.save_model(
        str(folder), python_model=str(PYFUNC), artifacts={"model": str(model)}, pip_requirements=["lightgbm"]
    )
    return mlflow.pyfunc.load_model(str(folder))


def compare(run: Path, accounts: int, threads: int, folder: Path) -> tuple[list[Took], dict[str, Any], list[str]]:
    """Every way on the same accounts: what each took, the manifest of the explained scores, what was missed."""
    import pandas as pd

    from models.compiledtrees import CompiledTrees
    from models.contributions import contributions

    where = run / "artifacts" / "model"
    model = from_files(read_folder(where), str(where))
    features = folder / "features.parquet"
    matrix = draw(run, model, accounts, features)
    booster, few = model.booster, 1000
    compiled = CompiledTrees.of(model.booster_text)
    compiled.raw_scores(matrix[:few], threads)  # compiles
    contributions(model, matrix[:5000])
    pyfunc = pyfunc_of(where, folder / "pyfunc")
    frame = pd.DataFrame(matrix[: accounts // 10], columns=list(model.columns))
    pyfunc.predict(frame[:few])
    missed = []

    def plain() -> np.ndarray:
        return np.asarray(booster.predict(matrix, raw_score=True, num_threads=threads))

    first, raw = timed("LightGBM", "raw scores, matrix in memory", accounts, plain)
    fast, again = timed("compiled trees", "the same", accounts, lambda: compiled.raw_scores(matrix, threads))
    if not np.array_equal(raw, again):
        missed.append("compiled trees give other scores")
    did = "file to file: read, scored, calibrated, tiers, kinds, written"
    ours, _ = timed("unpump", did, accounts, lambda: scored(where, features, "none", "auto", threads))
    slow, _ = timed(
        "unpump, trees not compiled", "the same", accounts, lambda: scored(where, features, "none", "never", threads)
    )
    whole, manifest = timed(
        "unpump with reasons",
        "the same, and everybody flagged explained",
        accounts,
        lambda: scored(where, features, "flagged", "auto", threads),
    )
    served, _ = timed(
        "mlflow.pyfunc", "probability and tier, frame in memory", len(frame), lambda: pyfunc.predict(frame)
    )
    second, _ = timed("LightGBM", "raw scores, matrix in memory", accounts, plain)
    best = min(first, second, key=lambda t: t.seconds)
    pushes, given = timed(
        "unpump", "contributions alone, in bulk", accounts // 20, lambda: contributions(model, matrix[: accounts // 20])
    )
    theirs, found = timed(
        "LightGBM",
        "pred_contrib",
        accounts // 200,
        lambda: np.asarray(booster.predict(matrix[: accounts // 200], pred_contrib=True, num_threads=threads)),
    )
    explained, _ = timed(
        "shap.TreeExplainer", "the same", accounts // 200, lambda: by_shap(booster, matrix[: accounts // 200])
    )
    if not np.abs(given[1][: accounts // 200] - found[:, :-1]).max() <= 1e-6:
        missed.append("contributions differ from LightGBM's")
    missed += [
        f"{one.way}: {one.rate / best.rate:.2f} times LightGBM's rate, not {AT_LEAST[one.way]}"
        for one in (ours, fast)
        if one.rate < AT_LEAST[one.way] * best.rate
    ]
    if whole.seconds > SECONDS * accounts / 1e6:
        missed.append(f"{whole.seconds:.0f} s for scores and reasons")
    return [best, fast, ours, slow, served, whole, pushes, theirs, explained], manifest, missed


def by_shap(booster: Any, matrix: np.ndarray) -> Any:
    """SHAP values by the package of that name."""
    import shap

    return shap.TreeExplainer(booster).shap_values(matrix)


def lines(took: list[Took], manifest: dict[str, Any], run: Path, threads: int) -> list[str]:
    """The table, and what it was measured on."""
    base = took[0]
    flagged = sum(n for tier, n in manifest["tiers"].items() if tier != "allow")
    model = run / "artifacts" / "model"
    facts = read_json(model / "model.json")
    kinds = len(facts["kinds"])
    made = [
        "| | | accounts | s | s of processors | accounts a second | times LightGBM |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in took:
        same = one.does.startswith(("contributions", "pred_contrib")) or one.way.startswith("shap")
        times = "" if same else f"{one.rate / base.rate:.2f}"
        took_s = f"{one.seconds:.1f} | {one.worked:.1f}"
        made.append(f"| {one.way} | {one.does} | {one.rows:,} | {took_s} | {one.rate:,.0f} | {times} |")
    return [
        *made,
        "",
        f"{len(facts['columns'])} features, {facts['trees']} trees, {kinds} kinds; {flagged:,} of "
        f"{manifest['accounts']:,} accounts flagged ({flagged / manifest['accounts']:.0%}); {threads} threads.",
    ]


def main() -> None:
    """Measure, print, and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--town", type=int, default=5000, help="accounts of the town the model is trained on")
    parser.add_argument("--run", type=Path, help="folder of an `unpump run` to take model and accounts from instead")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scratch", type=Path, help="where features and scores stand")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        run = options.run or Path(scratch) / "run"
        if not options.run:
            train(run, options.town)
        took, manifest, missed = compare(run, options.accounts, options.threads, Path(scratch))
        said = lines(took, manifest, run, options.threads)
    print("\n".join(said))
    if options.write:
        put(options.write, "scoring", "\n".join(said))
    if missed:
        raise SystemExit("; ".join(missed))


if __name__ == "__main__":
    main()
