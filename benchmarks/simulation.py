"""Measure the simulated town: how real it looks, how hard it is, how it grows.

    python -m benchmarks.simulation realism DIR/tables [--write docs/simulation.md]
    python -m benchmarks.simulation difficulty [--write docs/simulation.md]
    python -m benchmarks.simulation growth [--accounts 10000 100000 1000000] [--write docs/simulation.md]

``DIR`` holds real accounts, made by ``unpump prepare`` from cresci-2017, human-bots-2021 and nyu-2017.
With ``--write`` the table replaces the one between the markers of its name in the page.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.real_profiles import FLAGS, NUMBERS, numbers_of, read_profiles, weights
from simulation.settings import Town
from simulation.town import simulate

LEVELS = {"naive": 0.0, "default": Town().evasion, "expert": 1.0}


@dataclass(frozen=True)
class Difficulty:
    """ROC AUC out of fold on the labels of a town."""

    profile: float  # LightGBM on the families profile and name
    single: float  # the best single column of those
    column: str
    events: float  # LightGBM on all families
    kinds: dict[str, float]  # each kind of bot against people, on all families


def realism(tables: Path, accounts: int = 20_000) -> pd.DataFrame:
    """Two-sample AUC of each column between the town and real accounts; 0.5: cannot be told apart.

    Returns
    -------
    DataFrame indexed by column: people, bots (town against real), then bots against people in the town and in reality
    """
    real = read_profiles(tables)
    weight = weights(real)
    made = simulate(Town(accounts=accounts))
    truth = made["truth"].to_pandas()
    town = numbers_of(made["accounts"].to_pandas())
    rows = {}
    for column in (*NUMBERS, *FLAGS):
        known = real[column].notna()
        found = {}
        for name, is_bot in (("people", False), ("bots", True)):
            ours = town.loc[truth.is_bot == is_bot, column].dropna()
            theirs = known & (real.is_bot == is_bot)
            both = np.concatenate([ours, real.loc[theirs, column]])
            from_town = np.concatenate([np.ones(len(ours)), np.zeros(theirs.sum())])
            w = np.concatenate([np.full(len(ours), 1 / len(ours)), weight[theirs] / weight[theirs].sum()])
            found[name] = roc_auc_score(from_town, both, sample_weight=w)
        found["town"] = roc_auc_score(truth.is_bot, town[column])
        found["real"] = roc_auc_score(real.is_bot[known], real[column][known], sample_weight=weight[known])
        rows[column] = found
    return pd.DataFrame(rows).T


def difficulty(town: Town) -> Difficulty:
    """How well bots are found in ``town``, from profiles and names alone and from everything."""
    from features.catalogue import FEATURES
    from models.settings import Split
    from pipeline.files import write_value
    from pipeline.settings import Featurize
    from pipeline.stages.featurize import featurize
    from pipeline.stages.split import split
    from pipeline.tablefiles import TableFiles

    with tempfile.TemporaryDirectory() as folder:
        made = simulate(town)
        write_value(Path(folder), {f"{name}.parquet": table for name, table in made.items()})
        tables = TableFiles.open(Path(folder))
        folds = split(tables, Split())["folds"]
        featurize(tables, folds, Featurize(memory="3GB"))["features"](Path(folder) / "features.parquet")
        features = pd.read_parquet(Path(folder) / "features.parquet").set_index("account_id").loc[folds.account_id]
    is_bot, fold = folds.is_bot.to_numpy(bool), folds.fold.to_numpy()
    matrix = features.drop(columns="as_of").astype("float64")
    bare = [c for c in matrix if c in FEATURES and FEATURES[c].family in ("profile", "name")]
    single = {c: abs(_auc(is_bot, matrix[c]) - 0.5) + 0.5 for c in bare}
    column = max(single, key=lambda c: single[c])
    scores = _out_of_fold(matrix, is_bot, fold)
    kind = folds.kind.to_numpy()
    kinds = {
        k: _auc(is_bot[use], scores[use]) for k in sorted(set(kind[is_bot])) if (use := (kind == k) | ~is_bot).any()
    }
    profile = _auc(is_bot, _out_of_fold(matrix[bare], is_bot, fold))
    return Difficulty(profile, single[column], column, _auc(is_bot, scores), kinds)


def _auc(is_bot: np.ndarray, value: np.ndarray | pd.Series) -> float:
    known = ~np.isnan(np.asarray(value, dtype=float))
    return float(roc_auc_score(is_bot[known], np.asarray(value)[known])) if len(set(is_bot[known])) == 2 else 0.5


def _out_of_fold(matrix: pd.DataFrame, is_bot: np.ndarray, fold: np.ndarray) -> np.ndarray:
    import lightgbm as lgb

    scores = np.empty(len(matrix))
    told = {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 15, "random_state": 0, "n_jobs": 1, "verbose": -1}
    for one in np.unique(fold):
        model = lgb.LGBMClassifier(**told, deterministic=True, force_row_wise=True)
        model.fit(matrix[fold != one].to_numpy(), is_bot[fold != one])
        scores[fold == one] = model.predict_proba(matrix[fold == one].to_numpy())[:, 1]
    return scores


@dataclass(frozen=True)
class Growth:
    """One run of ``unpump simulate``."""

    accounts: int
    engagements: int
    posts: int
    seconds: float
    peak_gb: float
    written_gb: float
    files: int


def growth(accounts: int) -> Growth:
    """Time, peak memory and size of ``unpump simulate`` with so many accounts, in a process of its own."""
    import json

    with tempfile.TemporaryDirectory(dir=os.environ.get("UNPUMP_SCRATCH")) as folder:
        command = [sys.executable, "-m", "pipeline", "simulate", "--out", folder, "--accounts", str(accounts)]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
        rows = json.loads((Path(folder) / "town.json").read_text(encoding="utf-8"))["rows"]
        files = list(Path(folder).rglob("*.parquet"))
        size = sum(p.stat().st_size for p in files)
    return Growth(accounts, rows["engagements"], rows["posts"], seconds, used.ru_maxrss / 1e6, size / 1e9, len(files))


def realism_table(found: pd.DataFrame) -> str:
    """The table of the page."""
    lines = ["| column | people | bots | bots vs people, town | bots vs people, real |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {c} | {r.people:.3f} | {r.bots:.3f} | {r.town:.3f} | {r.real:.3f} |" for c, r in found.iterrows()]
    return "\n".join(lines)


def difficulty_table(found: dict[str, Difficulty]) -> str:
    """The table of the page."""
    kinds = sorted({kind for d in found.values() for kind in d.kinds})
    lines = [f"| measure | {' | '.join(found)} |", "|---|" + "---:|" * len(found)]
    lines.append("| profile and name, LightGBM | " + " | ".join(f"{d.profile:.3f}" for d in found.values()) + " |")
    lines.append("| best single column | " + " | ".join(f"{d.single:.3f} ({d.column})" for d in found.values()) + " |")
    lines.append("| everything, LightGBM | " + " | ".join(f"{d.events:.3f}" for d in found.values()) + " |")
    for kind in kinds:
        values = (f"{d.kinds[kind]:.3f}" if kind in d.kinds else "" for d in found.values())
        lines.append(f"| everything, {kind} against people | " + " | ".join(values) + " |")
    return "\n".join(lines)


def growth_table(found: list[Growth]) -> str:
    """The table of the page."""
    lines = [
        "| accounts | engagements | posts | seconds | engagements a second | peak memory, GB | written, GB | files |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {g.accounts:,} | {g.engagements:,} | {g.posts:,} | {g.seconds:,.0f} | {g.engagements / g.seconds:,.0f} "
        f"| {g.peak_gb:.2f} | {g.written_gb:.2f} | {g.files} |"
        for g in found
    ]
    return "\n".join(lines)


def put(page: Path, name: str, table: str) -> None:
    """Replace what stands between the markers of ``name`` in ``page``."""
    text = page.read_text(encoding="utf-8")
    between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not between.search(text):
        raise SystemExit(f"{page} has no markers <!-- {name} --> and <!-- /{name} -->")
    page.write_text(between.sub(lambda m: f"{m[1]}{table}\n{m[2]}", text), encoding="utf-8")


def main() -> None:
    """Measure what is asked for, print the table, and put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    looks = what.add_parser("realism")
    looks.add_argument("tables", type=Path)
    what.add_parser("difficulty")
    grows = what.add_parser("growth")
    grows.add_argument("--accounts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    for one in what.choices.values():
        one.add_argument("--write", type=Path)
    options = parser.parse_args()
    if options.what == "realism":
        table = realism_table(realism(options.tables))
    elif options.what == "difficulty":
        drift = {"naive": 0.0, "default": Town().drift, "expert": 0.0}
        table = difficulty_table({n: difficulty(Town(evasion=e, drift=drift[n])) for n, e in LEVELS.items()})
    else:
        table = growth_table([growth(accounts) for accounts in options.accounts])
    print(table)
    if options.write:
        put(options.write, options.what, table)


if __name__ == "__main__":
    main()
