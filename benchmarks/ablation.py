"""Measures docs/ablation.md: what each family of features is worth, and how quality falls when tables are absent.

    python -m benchmarks.ablation [--only naive default expert bot-or-not-2026 fake-stars-2024] [--data ../shared/data]

Each set is made by ``unpump prepare``, ``split`` and ``featurize`` in a folder of its own, and kept below
``out/ablation`` as soon as it is measured, so sets can be measured one by one; the page is written from all that is
known. Scores are out of fold, by one booster of a fixed growth; differences are of the same accounts and resamples.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.copies import with_copies
from benchmarks.results import SETS, commit, shown
from benchmarks.simulation import LEVELS
from features.catalogue import FAMILIES
from models.boosted import Booster, Growth, Rows, train_one
from models.folds import Side
from models.metrics import Scores, measure
from models.settings import Train
from models.subsets import masks
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_json, write_all
from simulation.settings import Town

KEPT = PROJECT / "out" / "ablation"
PAGE = PROJECT / "docs" / "ablation.md"
REAL = ("bot-or-not-2026", "fake-stars-2024")
SHOWN = ("average_precision", "recall_at_1pct_fpr")
TITLES = {"average_precision": "average precision", "recall_at_1pct_fpr": "recall at 1% false positives"}
BASE = ("profile", "name")  # what nearly every set has; families are added to these
GROWTH, TREES = Growth(0.05, leaves=15, least_rows=20, column_share=0.4, row_share=0.8, l2=1.0), 150
TRAIN = Train(threads=1)
RESAMPLES = 300
MASKED = 1.0  # weight of copies where one model is taught by them
FEWEST = 20  # accounts of a kind that is shown


@dataclass(frozen=True)
class Measured:
    """Labelled accounts of one set with their features and folds."""

    x: np.ndarray
    columns: list[str]
    declarations: list[dict[str, Any]]
    is_bot: np.ndarray
    kind: np.ndarray
    sides: list[Side]

    @classmethod
    def read(cls, folder: Path) -> Measured:
        """What ``unpump featurize`` left in ``folder``; columns that are empty or constant are left out."""
        folds = pd.read_parquet(folder / "folds.parquet")
        folds = folds[folds["fold"] >= 0].sort_values("account_id", ignore_index=True)
        features = pd.read_parquet(folder / "features.parquet").set_index("account_id").loc[folds["account_id"]]
        declared = {d["name"]: d for d in read_json(folder / "references" / "features.json")["features"]}
        columns = [c for c in features.columns if c != "as_of" and len(set(features[c].fillna(-np.inf))) > 1]
        fold = folds["fold"].to_numpy()
        sides = [Side(int(k), np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in np.unique(fold)]
        return cls(
            features[columns].to_numpy(dtype=np.float64),
            columns,
            [declared[c] for c in columns],
            folds["is_bot"].to_numpy(dtype=bool),
            folds["kind"].fillna("").to_numpy(dtype=str),
            sides,
        )

    def families(self) -> dict[str, np.ndarray]:
        """Family -> bool per column, those that have one here, in the order of the catalogue."""
        of = np.array([d["family"] for d in self.declarations])
        return {name: of == name for name in (*FAMILIES, "measured") if (of == name).any()}

    def scores(self, columns: np.ndarray, seen: np.ndarray | None = None, masked: float = 0.0) -> np.ndarray:
        """Out-of-fold raw scores by boosters on some columns, shape (n,).

        ``seen`` are values to score instead of those learned from; ``masked`` is the weight of copies without tables.
        """
        rows = Rows(
            self.x[:, columns],
            self.is_bot,
            np.ones(len(self.x)),
            [c for c, k in zip(self.columns, columns, strict=True) if k],
        )
        declared = [d for d, k in zip(self.declarations, columns, strict=True) if k]
        copied = np.array(list(masks(declared, rows.x).values())).reshape(-1, rows.x.shape[1])
        taught, sides = with_copies(rows, self.sides, copied, masked)
        scored = rows.x if seen is None else seen[:, columns]
        found = np.full(len(self.x), np.nan)
        for side in sides:
            text = train_one(taught.at(side.train), GROWTH, TREES, TRAIN, 0, TRAIN.threads)
            found[side.test] = Booster(text, tuple(rows.columns)).raw_scores(scored[side.test], TRAIN.threads)
        return found

    def compare(self, systems: dict[str, np.ndarray], kind: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
        """``SHOWN`` metrics of each system and how far the first is above the others; of one kind against people."""
        use = (self.kind == kind) | ~self.is_bot if kind else np.ones(len(self.is_bot), dtype=bool)
        values, gains = measure(
            self.is_bot[use],
            {n: Scores(s[use]) for n, s in squeezed(systems).items()},
            resamples=RESAMPLES,
            level=0.95,
            seed=0,
        )
        return ({n: {m: v[m] for m in SHOWN} for n, v in found.items()} for found in (values, gains))

    def kinds(self) -> list[str]:
        """Kinds of bots with enough accounts."""
        names, counts = np.unique(self.kind[self.is_bot & (self.kind != "")], return_counts=True)
        return [str(n) for n, c in zip(names, counts, strict=True) if c >= FEWEST] if len(names) > 1 else []


def squeezed(systems: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Log-odds as probabilities."""
    return {name: 1 / (1 + np.exp(-score)) for name, score in systems.items()}


def make(name: str, data: Path, folder: Path, accounts: int) -> Measured:
    """The set ``name``: a level of the town, or a recipe with its folder below ``data``."""
    if name in LEVELS:
        drift = Town().drift if name == "default" else 0.0
        values = {"accounts": accounts, "evasion": LEVELS[name], "drift": drift}
        source = [w for k, v in values.items() for w in ("--set", f"prepare.town.{k}={v}")]
    else:
        source = ["--source", f"{name}={data / SETS[name][0]}"]
    for stage, more in (("prepare", source), ("split", []), ("featurize", ["--set", "featurize.memory=3GB"])):
        subprocess.run([sys.executable, "-m", "pipeline", stage, "--out", str(folder), *more], cwd=PROJECT, check=True)
    return Measured.read(folder)


def families(data: Measured) -> dict[str, Any]:
    """Every family left out of all, and added to ``BASE`` alone; gains are positive where the family helps."""
    of = data.families()
    everything = np.ones(len(data.columns), dtype=bool)
    base = np.isin([d["family"] for d in data.declarations], BASE)
    without = {"all": data.scores(everything)} | {n: data.scores(~c) for n, c in of.items() if not c.all()}
    added = {n: data.scores(base | c) for n, c in of.items() if n not in BASE}
    if base.any():
        added = {"base": data.scores(base)} | added
    found: dict[str, Any] = {"columns": {n: int(c.sum()) for n, c in of.items()}, "base": [n for n in BASE if n in of]}
    for key, systems in (("without", without), ("added", added)):
        found[key] = {}
        for kind in ("", *data.kinds()):
            values, gains = data.compare(systems, kind)
            found[key][kind or "all bots"] = {"first": next(iter(values.values())), "gains": gains}
    return found


def subsets(data: Measured) -> dict[str, Any]:
    """Quality from all tables to the profile: a model of that subset, one model of all, and one taught by copies."""
    everything = np.ones(len(data.columns), dtype=bool)
    found: dict[str, Any] = {}
    levels = [("all tables", np.zeros(len(data.columns), dtype=bool))]
    levels += [(f"without {', '.join(tables)}", gone) for tables, gone in masks(data.declarations, data.x).items()]
    for name, gone in levels:
        seen = np.where(gone, np.nan, data.x)
        values, gains = data.compare(
            {
                "subset": data.scores(~gone),
                "one": data.scores(everything, seen),
                "copies": data.scores(everything, seen, MASKED),
            }
        )
        found[name] = {"columns": int((~gone).sum()), "values": values, "gains": gains}
    return found


def page(known: dict[str, dict[str, Any]]) -> str:
    """The page as Markdown."""
    lines = [
        "# What each family is worth, and any subset of tables",
        "",
        "Measured by `python -m benchmarks.ablation`. Out of fold in the folds of `unpump split`, one booster of",
        f"{TREES} trees of {GROWTH.leaves} leaves, so these numbers compare families; the quality of the product is in",
        "docs/results.md. Brackets are 95% intervals of differences on the same accounts and resamples (paired",
        "bootstrap); **bold** is a difference whose interval leaves out zero.",
        "",
        "In towns every family of events adds to a profile; fewer are missed once the others are there,",
        "because they tell of the same deeds from several sides. So none is left out: which of them an operator gives",
        "away, and which tables a user has, differs. A booster that never saw accounts without tables is much worse on",
        "them than one of their own; taught by copies of its accounts it is close to that one, but below it, and on a",
        "few hundred accounts it pays for them everywhere. So the model carries a booster for each way tables can be",
        "absent (docs/metrics.md), and is on any subset of tables what a model of that subset is.",
    ]
    for name, found in known.items():
        counts = found["counts"]
        lines += [
            "",
            f"## {name}",
            "",
            f"{counts['accounts']:,} accounts, {counts['bots']:,} of them bots. Commit {found['commit']}.",
        ]
        if "families" in found:
            lines += ["", *family_lines(found["families"]), "", *kind_lines(found["families"])]
        if "subsets" in found:
            lines += [*([""] if lines[-1] else []), *subset_lines(found["subsets"])]
    return "\n".join(lines) + "\n"


def family_lines(found: dict[str, Any]) -> list[str]:
    """What is lost without a family, and what it adds to the base."""
    whole, base = found["without"]["all bots"], found["added"]["all bots"]
    first, start = whole["first"], base["first"]
    lines = [f"All families: {_told(first)}."]
    if found["base"]:
        lines.append(f"The base, {' and '.join(found['base'])}: {_told(start)}.")
    lines += ["", "| family | features | lost without it: AP | recall at 1% | added to the base: AP | recall at 1% |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for name, count in found["columns"].items():
        lost = [gain(whole["gains"].get(name, {}).get(m)) for m in SHOWN]
        more = [gain(base["gains"].get(name, {}).get(m), -1) for m in SHOWN]
        lines.append(f"| {name} | {count} | {' | '.join(lost + more)} |")
    return lines


def _told(metrics: dict[str, Any]) -> str:
    return ", ".join(f"{TITLES[m]} {shown(metrics[m])}" for m in SHOWN)


def kind_lines(found: dict[str, Any]) -> list[str]:
    """The same, kind by kind against people."""
    kinds = [k for k in found["without"] if k != "all bots"]
    if not kinds:
        return []
    lines = []
    for metric in SHOWN:
        for key, says, sign in (("without", "lost without the family", 1), ("added", "added to the base", -1)):
            lines += [f"{TITLES[metric].capitalize()}, each kind of bot against people, {says}:", ""]
            firsts = (found[key][k]["first"][metric]["value"] for k in kinds)
            heads = [f"{k} ({'n/a' if v is None else f'{v:.3f}'})" for k, v in zip(kinds, firsts, strict=True)]
            lines += [f"| family | {' | '.join(heads)} |", "|---|" + "---:|" * len(kinds)]
            for name in found["columns"]:
                gains = [found[key][k]["gains"].get(name) for k in kinds]
                if any(g for g in gains):
                    lines.append(f"| {name} | {' | '.join(gain((g or {}).get(metric), sign) for g in gains)} |")
            lines.append("")
    return lines


def subset_lines(found: dict[str, Any]) -> list[str]:
    """How quality falls with tables, and against a model of that subset."""
    lines = [
        "*Of the subset*: a booster of the features that are left, which is what the model carries for them. Beside it",
        "what else could serve: *one booster* of all tables, and one *with copies* of its accounts without tables.",
        "",
        "| tables | features | of the subset: AP | one booster | with copies | recall at 1% | one booster "
        "| with copies |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in found.items():
        cells = [name, f"{row['columns']}"]
        for metric in SHOWN:
            cells.append(shown(row["values"]["subset"][metric]))
            cells += [gain(row["gains"][system][metric], -1) for system in ("one", "copies")]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def gain(metric: dict[str, Any] | None, sign: int = 1) -> str:
    """A difference with its interval, bold where that leaves out zero; empty where there is none."""
    if metric is None or metric.get("value") is None:
        return ""
    value = sign * metric["value"]
    if metric.get("low") is None:
        return f"{value:+.3f}"
    low, high = sorted((sign * metric["low"], sign * metric["high"]))
    said = f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"**{said}**" if low > 0 or high < 0 else said


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked and write the page from all that is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = (*LEVELS, *REAL)
    parser.add_argument("--only", nargs="*", choices=names, default=list(names), help="sets to measure again")
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data", help="folder of the real data")
    parser.add_argument("--accounts", type=int, default=Town().accounts, help="of each town")
    parts = {"families": families, "subsets": subsets}
    parser.add_argument("--parts", nargs="*", choices=list(parts), default=list(parts), help="what to measure again")
    options = parser.parse_args(arguments)
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            data = make(name, options.data.resolve(), Path(folder), options.accounts)
        kept = KEPT / f"{name}.json"
        told = read_json(kept) if kept.is_file() else {}
        told |= {"commit": commit(), "counts": {"accounts": len(data.is_bot), "bots": int(data.is_bot.sum())}}
        told |= {part: parts[part](data) for part in options.parts}
        write_all({kept: json.loads(json.dumps(told))})
        print(f"measured {name}")
    known = {n: read_json(KEPT / f"{n}.json") for n in names if (KEPT / f"{n}.json").is_file()}
    write_all({PAGE: page(known)})
    print(f"wrote {PAGE.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
