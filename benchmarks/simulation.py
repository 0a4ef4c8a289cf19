"""Measure the simulated town: how real it looks, how hard it is, how it grows.

    python -m benchmarks.simulation realism DIR/tables [--write docs/simulation.md]
    python -m benchmarks.simulation difficulty [--seeds 0 1 2] [--write docs/simulation.md]
    python -m benchmarks.simulation growth [--accounts 10000 100000 1000000] [--keep DIR] [--write docs/simulation.md]

``DIR`` holds real accounts, made by ``unpump prepare`` from cresci-2017, human-bots-2021 and nyu-2017.
With ``--keep`` the largest town stays in a folder. With ``--write`` the table replaces the one between the markers of
its name in the page.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.real_profiles import FLAGS, NUMBERS, numbers_of, read_profiles, weights
from simulation.settings import Town
from simulation.town import simulate

_KNOWN = ("spam_bot", "fake_follower")  # kinds of bots that the real sets are made of
LEVELS = {"naive": 0.0, "default": Town().evasion, "expert": 1.0}


@dataclass(frozen=True)
class Difficulty:
    """Out of fold, learnt from the labels of a town and judged by its truth: ROC AUC unless said otherwise."""

    profile: float  # LightGBM on the families profile and name
    labels: float  # the same judged by the labels, wrong ones included, as one would measure it on a real set
    single: tuple[float, str]  # the best single column of those, up or down, among the accounts that have a value
    any: tuple[float, str]  # the best single column of all families that half of the accounts have
    events: float  # LightGBM on all families
    precision: float  # its average precision
    logistic: float  # average precision of a logistic regression on all families
    kinds: dict[str, float]  # each kind of bot against people, on all families


def realism(tables: Path, accounts: int = 20_000) -> pd.DataFrame:
    """Two-sample AUC of each column between the town and real accounts; 0.5: cannot be told apart.

    Returns
    -------
    DataFrame indexed by column: people, bots, bots of the kinds that real sets hold (town against real), then bots
    against people in the town and in reality
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
        for name, those in (("people", ~truth.is_bot), ("bots", truth.is_bot), ("alike", truth.kind.isin(_KNOWN))):
            ours = town.loc[those, column].dropna()
            theirs = known & (real.is_bot == (name != "people"))
            both = np.concatenate([ours, real.loc[theirs, column]])
            from_town = np.concatenate([np.ones(len(ours)), np.zeros(theirs.sum())])
            w = np.concatenate([np.full(len(ours), 1 / len(ours)), weight[theirs] / weight[theirs].sum()])
            found[name] = roc_auc_score(from_town, both, sample_weight=w)
        found["town"] = roc_auc_score(truth.is_bot, town[column])
        found["real"] = roc_auc_score(real.is_bot[known], real[column][known], sample_weight=weight[known])
        rows[column] = found
    return pd.DataFrame(rows).T


def difficulty(town: Town, trees: int = 200) -> Difficulty:
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
    said, fold = folds.is_bot.to_numpy(bool), folds.fold.to_numpy()
    truth = made["truth"].to_pandas().set_index("account_id").loc[folds.account_id]
    is_bot, kind = truth.is_bot.to_numpy(bool), truth.kind.to_numpy()
    matrix = features.drop(columns="as_of").astype("float64")
    bare = [c for c in matrix if c in FEATURES and FEATURES[c].family in ("profile", "name")]
    single = {c: abs(_auc(is_bot, matrix[c]) - 0.5) + 0.5 for c in matrix if matrix[c].notna().mean() >= 0.5}
    profile = _out_of_fold(matrix[bare], said, fold, trees)
    scores = _out_of_fold(matrix, said, fold, trees)
    return Difficulty(
        profile=_auc(is_bot, profile),
        labels=_auc(said, profile),
        single=max((single[c], c) for c in bare if c in single),
        any=max((auc, c) for c, auc in single.items()),
        events=_auc(is_bot, scores),
        precision=float(average_precision_score(is_bot, scores)),
        logistic=float(average_precision_score(is_bot, _by_logistic(matrix, said, fold))),
        kinds={
            k: _auc(is_bot[use], scores[use]) for k in sorted(set(kind[is_bot])) if any(use := (kind == k) | ~is_bot)
        },
    )


def _by_logistic(matrix: pd.DataFrame, said: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Out-of-fold probabilities of the logistic regression that every training compares itself with."""
    from models.baselines import baselines
    from models.boosted import Rows
    from models.folds import Side

    sides = [Side(int(one), np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in np.unique(fold)]
    rows = Rows(matrix.to_numpy(), said, np.ones(len(said)), list(matrix))
    return baselines(rows, sides)[0]["logistic"].to_numpy()


def _auc(is_bot: np.ndarray, value: np.ndarray | pd.Series) -> float:
    known = ~np.isnan(np.asarray(value, dtype=float))
    return float(roc_auc_score(is_bot[known], np.asarray(value)[known])) if len(set(is_bot[known])) == 2 else 0.5


def _out_of_fold(matrix: pd.DataFrame, is_bot: np.ndarray, fold: np.ndarray, trees: int) -> np.ndarray:
    import lightgbm as lgb

    scores = np.empty(len(matrix))
    told = {
        "n_estimators": trees,
        "learning_rate": 0.05,
        "num_leaves": 15,
        "random_state": 0,
        "n_jobs": 1,
        "verbose": -1,
    }
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
    busy: float  # seconds of processor time, all cores together
    load: float  # processes of the whole machine that ran or wanted to, on average while it lasted
    peak_gb: float
    written_gb: float
    files: int


def growth(accounts: int, keep: Path | None = None) -> Growth:
    """Time, peak memory and size of ``unpump simulate`` with so many accounts, in a process of its own.

    The town stays in the folder ``keep`` where one is named.
    """
    import json

    with tempfile.TemporaryDirectory(dir=os.environ.get("UNPUMP_SCRATCH")) as scratch:
        folder = str(keep or scratch)
        command = [sys.executable, "-m", "pipeline", "simulate", "--out", folder, "--accounts", str(accounts)]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        loads = []
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            loads.append(os.getloadavg()[0])
            time.sleep(0.2)
        _, status, used = ended
        seconds, busy = time.perf_counter() - started, used.ru_utime + used.ru_stime
        if status:
            raise SystemExit(f"{' '.join(command)} failed")
        rows = json.loads((Path(folder) / "town.json").read_text(encoding="utf-8"))["rows"]
        files = list(Path(folder).rglob("*.parquet"))
        size = sum(p.stat().st_size for p in files)
    return Growth(
        accounts,
        rows["engagements"],
        rows["posts"],
        seconds,
        busy,
        float(np.mean(loads)),
        used.ru_maxrss / 1e6,
        size / 1e9,
        len(files),
    )


def realism_table(found: pd.DataFrame) -> str:
    """The table of the page."""
    lines = [
        "| column | people | bots | spam bots and fake followers | bots vs people, town | bots vs people, real |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {c} | {r.people:.3f} | {r.bots:.3f} | {r.alike:.3f} | {r.town:.3f} | {r.real:.3f} |"
        for c, r in found.iterrows()
    ]
    return "\n".join(lines)


def difficulty_table(found: dict[str, list[Difficulty]]) -> str:
    """The table of the page: for each level the mean over seeds, with the lowest and highest."""
    kinds = sorted({kind for level in found.values() for one in level for kind in one.kinds})
    lines = [f"| measure | {' | '.join(found)} |", "|---|" + "---:|" * len(found)]

    def line(name: str, value: Callable[[Difficulty], float | None], says: Callable[[Difficulty], str] | None) -> None:
        cells = []
        for level in found.values():
            values = [v for one in level if (v := value(one)) is not None]
            named = sorted({says(one) for one in level}) if says else []
            cell = f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else ""
            cells.append(", ".join([cell, *named]))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")

    line("profile and name, LightGBM", lambda d: d.profile, None)
    line("the same, judged by the labels", lambda d: d.labels, None)
    line("best single column of profile and name", lambda d: d.single[0], lambda d: d.single[1])
    line("best single column of all", lambda d: d.any[0], lambda d: d.any[1])
    line("everything, LightGBM", lambda d: d.events, None)
    line("everything, LightGBM, average precision", lambda d: d.precision, None)
    line("everything, logistic regression, average precision", lambda d: d.logistic, None)
    for kind in kinds:
        line(f"everything, {kind} against people", partial(_of_kind, kind), None)
    return "\n".join(lines)


def _of_kind(kind: str, one: Difficulty) -> float | None:
    return one.kinds.get(kind)


def growth_table(found: list[Growth]) -> str:
    """The table of the page."""
    lines = [
        "| accounts | engagements | posts | seconds | of processor | load | peak memory, GB | written, GB | files |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {g.accounts:,} | {g.engagements:,} | {g.posts:,} | {g.seconds:,.0f} | {g.busy:,.0f} | {g.load:.1f} "
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
    hard = what.add_parser("difficulty")
    hard.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    grows = what.add_parser("growth")
    grows.add_argument("--accounts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    grows.add_argument("--keep", type=Path)
    for one in what.choices.values():
        one.add_argument("--write", type=Path)
    options = parser.parse_args()
    if options.what == "realism":
        table = realism_table(realism(options.tables))
    elif options.what == "difficulty":
        drift = {"naive": 0.0, "default": Town().drift, "expert": 0.0}
        levels = {
            name: [difficulty(Town(evasion=evasion, drift=drift[name], seed=seed)) for seed in options.seeds]
            for name, evasion in LEVELS.items()
        }
        table = difficulty_table(levels)
    else:
        kept = [options.keep if n == max(options.accounts) else None for n in options.accounts]
        table = growth_table([growth(n, keep) for n, keep in zip(options.accounts, kept, strict=True)])
    print(table)
    if options.write:
        put(options.write, options.what, table)


if __name__ == "__main__":
    main()
