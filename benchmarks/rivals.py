"""Quality and cost beside what an engineer would pick instead: FLAML and AutoGluon, each in an environment of its own.

    python -m benchmarks.rivals --runs out/town out/cresci --out rivals.json [--write docs/rivals.md]

Every rival gets the same folds and the same features.parquet of a finished `unpump run`, and per fold its part of the
CPU time that `unpump train` took (search, folds, baselines and the final model together). `--long SECONDS` adds
AutoGluon's best preset with so much time per fold, as a ceiling. The environments are made once with pip below
`--environments` and used again. This file is also the worker that runs inside them, so it imports nothing but the
standard library at the top.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
THREADS = 2
SCORED = 100_000  # rows of the scoring test, the labelled ones over and over
RIVALS = {
    "flaml": ("flaml[automl]", "pandas", "pyarrow", "scikit-learn"),
    "autogluon": ("autogluon.tabular[lightgbm,catboost,xgboost]", "pyarrow"),
}
NOT_FEATURES = ("account_id", "as_of")


def main() -> None:
    """Measure every rival on every run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", type=Path, required=True, help="folders of finished `unpump run`s")
    parser.add_argument("--out", type=Path, required=True, help="JSON file; what it already holds is kept")
    parser.add_argument("--rivals", nargs="*", choices=sorted(RIVALS), default=sorted(RIVALS))
    parser.add_argument("--seconds", type=float, help="seconds per fold instead of unpump's CPU time")
    parser.add_argument("--long", type=float, help="seconds per fold of AutoGluon's best preset, as a ceiling")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "unpump-rivals",
        help="folder of the rivals' environments",
    )
    parser.add_argument("--write", type=Path, help="page whose table is replaced")
    options = parser.parse_args()
    known = json.loads(options.out.read_text()) if options.out.is_file() else {}
    for run in options.runs:
        row = known.setdefault(run.name, {})
        row["unpump"] = ours(run)
        folds = row["unpump"]["folds"]
        budget = options.seconds or row["unpump"]["train_cpu_s"] / THREADS / folds
        for name in options.rivals:
            row[name] = rival(name, run, options.environments, budget, best=False)
        if options.long:
            row["autogluon, long"] = rival("autogluon", run, options.environments, options.long, best=True)
        compare(run, row)
        options.out.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    told = "\n".join(table(known))
    print(told)
    if options.write:
        from benchmarks.simulation import put

        put(options.write, "rivals", told)


def ours(run: Path) -> dict[str, Any]:
    """Time of `unpump train` and of scoring, by a program started for it; the scores are those of the run."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "run"
        shutil.copytree(run, again, ignore=shutil.ignore_patterns("mlartifacts", "mlflow.db"))
        before, started = children(), time.monotonic()
        command = [sys.executable, "-m", "pipeline", "train", "--out", str(again)]
        subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
        took, cpu = time.monotonic() - started, children() - before
    command = [sys.executable, __file__, "--worker", "unpump", "--run", str(run)]
    told = json.loads(subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout)
    folds = pd.read_parquet(run / "artifacts" / "oof.parquet", columns=["fold"])["fold"].nunique()
    return {"train_s": took, "train_cpu_s": cpu, "score_s": told["score_s"], "folds": int(folds)}


def rival(name: str, run: Path, environments: Path, seconds: float, best: bool) -> dict[str, Any]:
    """Out-of-fold scores and times of a rival that may use ``seconds`` per fold."""
    python = environment(name, environments)
    with tempfile.TemporaryDirectory() as folder:
        words = ["--worker", name, "--run", str(run), "--seconds", str(seconds), "--folder", folder]
        before, started = children(), time.monotonic()
        settings = os.environ | {"OMP_NUM_THREADS": str(THREADS), "PYTHONPATH": ""}
        told = subprocess.run(
            [str(python), str(Path(__file__).resolve()), *words, *(["--best"] if best else [])],
            cwd=folder,
            check=True,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).stdout
        took, cpu = time.monotonic() - started, children() - before
    return {**json.loads(told.splitlines()[-1]), "wall_s": took, "cpu_s": cpu, "seconds_per_fold": seconds}


def environment(name: str, folder: Path) -> Path:
    """The Python of the environment with ``name``, made when it is absent."""
    python = folder / name / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder / name)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *RIVALS[name]], check=True)
    return python


def children() -> float:
    """CPU seconds of finished child processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(run: Path, row: dict[str, Any]) -> None:
    """Average precision of everybody with intervals, and how far unpump is above each rival."""
    import numpy as np
    import pandas as pd

    from models.metrics import Scores, measure

    oof = pd.read_parquet(run / "artifacts" / "oof.parquet").sort_values("account_id", ignore_index=True)
    bot = oof["is_bot"].to_numpy(dtype=bool)
    systems = {"unpump": Scores(oof["bot_probability"].to_numpy())}
    for name, told in row.items():
        if name != "unpump" and "scores" in told:
            theirs = pd.Series(told.pop("scores")).reindex(oof["account_id"])
            systems[name] = Scores(theirs.to_numpy(dtype=np.float64))
    values, differences = measure(bot, systems, resamples=500, level=0.95, seed=0)
    for name in systems:
        row[name]["average_precision"] = values[name]["average_precision"]
        row[name]["roc_auc"] = values[name]["roc_auc"]
        if name != "unpump":
            row[name]["unpump_minus"] = differences[name]["average_precision"]


def table(known: dict[str, Any]) -> list[str]:
    """What was measured, as Markdown."""
    lines = [
        "| run | system | average precision | unpump minus it | training CPU s | training s | scoring 100,000 s |",
        "|---|---|---|---|---|---|---|",
    ]
    for run, row in known.items():
        for name in ["unpump", *(n for n in row if n != "unpump")]:
            told = row[name]
            cells = [
                run,
                name,
                interval(told["average_precision"], ""),
                "" if name == "unpump" else interval(told["unpump_minus"], "+"),
                f"{told.get('train_cpu_s', told.get('cpu_s')):.0f}",
                f"{told.get('train_s', told.get('wall_s')):.0f}",
                f"{told['score_s']:.2f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def interval(told: dict[str, Any], sign: str) -> str:
    """A value with its interval."""
    return f"{told['value']:{sign}.4f} ({told['low']:{sign}.4f} to {told['high']:{sign}.4f})"


def worker(options: argparse.Namespace) -> None:
    """Inside an environment: fit fold by fold, score, and print one JSON line."""
    import numpy as np
    import pandas as pd

    features = pd.read_parquet(options.run / "features.parquet")
    oof = pd.read_parquet(options.run / "artifacts" / "oof.parquet")
    folds = pd.read_parquet(options.run / "folds.parquet")
    columns = [c for c in features.columns if c not in NOT_FEATURES]
    if options.worker == "unpump":
        print(json.dumps({"score_s": score_ours(options.run, features[columns])}))
        return
    fit = {"flaml": fit_flaml, "autogluon": fit_autogluon}[options.worker]
    table = folds[folds["account_id"].isin(oof["account_id"])].merge(features, on="account_id")
    table = table.sort_values("account_id", ignore_index=True)
    x, bot, fold = table[columns].astype("float64"), table["is_bot"].to_numpy(dtype=int), table["fold"].to_numpy()
    scores = np.full(len(table), np.nan)
    spent, score_s = 0.0, 0.0
    for k in np.unique(fold):
        here = fold == k
        started = time.monotonic()
        predict = fit(x[~here], bot[~here], options.seconds, options.folder / str(k), options.best)
        spent += time.monotonic() - started
        scores[here] = predict(x[here])
        if not score_s:
            many = x.iloc[np.resize(np.arange(len(x)), SCORED)].reset_index(drop=True)
            started = time.monotonic()
            predict(many)
            score_s = time.monotonic() - started
    told = {"scores": dict(zip(table["account_id"], scores.tolist(), strict=True)), "fit_s": spent, "score_s": score_s}
    print(json.dumps(told))


def score_ours(run: Path, x: Any) -> float:
    """Seconds to give ``SCORED`` accounts their probabilities as `unpump score` does for so many, without reasons."""
    import numpy as np

    sys.path.insert(0, str(PROJECT))
    from models.bundle import from_files
    from pipeline.jobs.rawscores import raw_scores

    folder = run / "artifacts" / "model"
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    model = from_files(files, str(folder))
    many = x.iloc[np.resize(np.arange(len(x)), SCORED)].reset_index(drop=True)
    trees = raw_scores(model, SCORED, "auto", THREADS)
    model.calibrate(trees.bot(model.matrix(many.head(100))))
    started = time.monotonic()
    model.calibrate(trees.bot(model.matrix(many)))
    return time.monotonic() - started


def fit_flaml(x: Any, bot: Any, seconds: float, folder: Path, best: bool) -> Callable[[Any], Any]:
    """FLAML's search over its default learners."""
    from flaml import AutoML

    automl = AutoML()
    automl.fit(
        x, bot, task="classification", metric="ap", time_budget=seconds, n_jobs=THREADS, seed=0, verbose=0,
        log_file_name="",
    )  # fmt: skip
    return lambda rows: automl.predict_proba(rows)[:, 1]


def fit_autogluon(x: Any, bot: Any, seconds: float, folder: Path, best: bool) -> Callable[[Any], Any]:
    """AutoGluon's default preset, or its best with bagging and stacking."""
    from autogluon.tabular import TabularPredictor

    predictor = TabularPredictor(
        "is_bot", problem_type="binary", eval_metric="average_precision", path=str(folder), verbosity=0
    )
    predictor.fit(
        x.assign(is_bot=bot),
        time_limit=seconds,
        presets="best_quality" if best else "medium_quality",
        num_cpus=THREADS,
        num_gpus=0,
        dynamic_stacking=False,
    )
    return lambda rows: predictor.predict_proba(rows)[1].to_numpy()


def worker_options() -> argparse.Namespace:
    """Options of the worker."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--best", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    if "--worker" in sys.argv:
        worker(worker_options())
    else:
        main()
