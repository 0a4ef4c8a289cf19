"""Measures docs/results.md: quality on the real labelled sets and on the town, transfer between sets, and times.

``python -m benchmarks.results --data ../shared/data`` runs everything and writes the page;
``--only quality transfer town audit times`` runs some parts again and keeps the others from ``out/results``, where each
set is kept as soon as it is measured; ``--sets`` measures some sets again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.dvcyaml import PROJECT
from pipeline.files import read_json, write_all

KEPT = PROJECT / "out" / "results"
PAGE = PROJECT / "docs" / "results.md"
PATIENT = "train.search.seconds=36000"

# Recipe -> (folder below the data, ROC AUC and average precision of the reference). The reference is LightGBM with
# 200 trees on the obvious columns of that set, 5 random folds; None: nobody measured that combination.
SETS: dict[str, tuple[str, float | None, float | None]] = {
    "cresci-2017": ("twitter/cresci-2017", 0.998, 0.999),
    "mib-2015": ("twitter/mib-2015", 1.0, 1.0),
    "human-bots-2021": ("twitter/human-bots-2021", 0.926, 0.888),
    "nyu-2017": ("twitter/nyu-2017", 0.975, 0.975),
    "gilani-2017": ("twitter/gilani-2017", 0.855, 0.839),
    "bot-or-not-2026": ("twitter/bot-or-not-2026", 0.996, 0.988),
    "instagram-kaggle-2019": ("instagram/kaggle-2019", 0.984, 0.985),
    "instafake-2019": ("instagram/instafake-2019", 0.993, 0.964),
    "fake-stars-events-2024": ("github/fake-stars-2024", 0.893, 0.908),
    "fake-stars-profiles-2024": ("github/fake-stars-2024", 0.824, 0.823),
    "fake-stars-2024": ("github/fake-stars-2024", None, None),
}
TRANSFERS = {
    "three sets of profiles": ("cresci-2017", "human-bots-2021", "nyu-2017"),
    "all Twitter sets": ("cresci-2017", "mib-2015", "human-bots-2021", "nyu-2017", "gilani-2017", "bot-or-not-2026"),
}


def main() -> None:
    """Measure what was asked and write the page from all that is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data", help="folder of the real data")
    parts: dict[str, Any] = {"quality": quality, "transfer": transfer, "town": town, "audit": audit, "times": times}
    parser.add_argument("--only", nargs="*", choices=sorted(parts), default=list(parts), help="parts to measure again")
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS), help="sets of the part quality")
    options = parser.parse_args()
    for name in options.only:
        chosen = {"only": options.sets} if name == "quality" else {}
        for row in parts[name](options.data.resolve(), **chosen):
            kept = KEPT / name / f"{next(iter(row.values()))}.json".replace(" ", "_").replace(",", "")
            write_all({kept: {"commit": commit(), **row}})
    write_all({PAGE: page({name: known(name) for name in parts})})
    print(f"wrote {PAGE.relative_to(PROJECT)}")


def known(part: str) -> list[dict[str, Any]]:
    """What was measured of a part, in the order of its declaration where it has one."""
    rows = [read_json(path) for path in sorted((KEPT / part).glob("*.json"))]
    order = list(SETS)
    return sorted(rows, key=lambda r: order.index(r["set"]) if r.get("set") in order else len(order))


def commit() -> str:
    """Short name of the commit that is measured, marked when the tree differs from it in more than docs."""

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=PROJECT, capture_output=True, text=True)

    name = git("describe", "--always").stdout.strip()
    return name if git("diff", "--quiet", "HEAD", "--", ".", ":!docs").returncode == 0 else f"{name}-dirty"


def evaluation(out: Path, *settings: str) -> dict[str, Any]:
    """Run the stages up to evaluate in a folder and return what was evaluated, with the seconds it took.

    The search may take as long as it needs: how busy the machine is then does not change the outcome.
    """
    started = time.monotonic()
    environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    chosen = [word for setting in (PATIENT, *settings) for word in ("--set", setting)]
    for stage in ("prepare", "split", "featurize", "vet", "train", "evaluate"):
        command = [sys.executable, "-m", "pipeline", stage, "--out", str(out), *chosen]
        subprocess.run(command, cwd=PROJECT, check=True, env=environment)
    return {**read_json(out / "artifacts" / "evaluation.json"), "seconds": round(time.monotonic() - started)}


def sources(data: Path, names: tuple[str, ...]) -> str:
    """The setting that names the recipes ``names`` with their folders."""
    return f"prepare.sources={json.dumps({name: str(data / SETS[name][0]) for name in names})}"


def quality(data: Path, only: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Out-of-fold quality inside each set, beside its reference and the best baseline."""
    for name in only:
        _, roc_auc, average_precision = SETS[name]
        with tempfile.TemporaryDirectory() as out:
            found = headline(evaluation(Path(out) / "grouped", sources(data, (name,))))
            row = {"set": name, "reference": [roc_auc, average_precision], **found}
            if below(found["model"], row["reference"]):
                again = evaluation(Path(out) / "random", sources(data, (name,)), "split.name_patterns=false")
                row["random_folds"] = again["overall"]["model"]
        yield row


def below(metrics: dict[str, Any], reference: list[float | None]) -> bool:
    """Whether a metric, rounded as the reference is, is below it."""
    found = (round(metrics[m]["value"], 3) for m in ("roc_auc", "average_precision"))
    return any(known is not None and value < known for value, known in zip(found, reference, strict=True))


def transfer(data: Path) -> list[dict[str, Any]]:
    """Quality on each set when the model was trained on the others."""
    rows = []
    for title, names in TRANSFERS.items():
        with tempfile.TemporaryDirectory() as out:
            found = evaluation(Path(out), sources(data, names))
        rows.append(
            {
                "sets": title,
                "left_out": found["leave_source_out"],
                "mean": found["leave_source_out_mean"],
                "inside": found["per_source"],
                "seconds": found["seconds"],
            }
        )
    return rows


def town(data: Path) -> list[dict[str, Any]]:
    """Out-of-fold quality on the embedded default."""
    with tempfile.TemporaryDirectory() as out:
        return [{"set": "the default town", "reference": [None, None], **headline(evaluation(Path(out)))}]


def audit(data: Path) -> Iterator[dict[str, Any]]:
    """What `unpump audit` says of towns that nothing was fitted on."""
    from benchmarks.audit import WORK, measured

    yield {"part": "towns", "towns": measured(WORK)}


def headline(found: dict[str, Any]) -> dict[str, Any]:
    """The metrics of one evaluation that the page shows."""
    overall = found["overall"]
    rivals = overall["baselines"]
    best = max(rivals, key=lambda name: rivals[name]["average_precision"]["value"] or 0)
    return {
        "counts": found["counts"],
        "model": overall["model"],
        "rival": {"name": best, **rivals[best]},
        "seconds": found["seconds"],
    }


def times(data: Path) -> list[dict[str, Any]]:
    """Seconds of the commands a newcomer types, in a fresh clone with an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "unpump"
        subprocess.run(["git", "clone", "-q", str(PROJECT), str(clone)], check=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("VIRTUAL_ENV", "MLFLOW", "DVC_"))}
        commands = {
            "make run, first command after git clone": ["make", "run"],
            "make test": ["make", "test"],
            "dvc repro, nothing changed": [".venv/bin/dvc", "repro", "-q"],
            "unpump --help": [".venv/bin/unpump", "--help"],
        }
        return [{"command": name, "seconds": clock(words, clone, environment)} for name, words in commands.items()]


def clock(words: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds that a command takes; it must succeed."""
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{environment['PATH']}"
    started = time.monotonic()
    subprocess.run(words, cwd=folder, env=environment | {"PATH": path}, check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - started, 2)


def page(measured: dict[str, list[dict[str, Any]]]) -> str:
    """The page as Markdown."""
    lines = [
        "# Results",
        "",
        "Measured by `make results DATA=folder` (`python -m benchmarks.results`), on "
        f"{os.cpu_count()} cores with Python {platform.python_version()}. Brackets hold 95% bootstrap intervals.",
    ]
    writers = {
        "quality": quality_lines,
        "transfer": transfer_lines,
        "town": town_lines,
        "audit": audit_lines,
        "times": times_lines,
    }
    for name, writer in writers.items():
        if rows := measured[name]:
            lines += ["", *writer(rows), "", f"Commits measured: {', '.join(sorted({r['commit'] for r in rows}))}."]
    return "\n".join(lines) + "\n"


def quality_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Quality inside each real set."""
    return [
        "## Inside each real set",
        "",
        "Out of fold, 5 grouped folds (near-identical names stay on one side), which is harder than 5 random folds.",
        "The reference is LightGBM with 200 trees on the obvious columns of the set over random folds; where unpump is",
        "below it, its own figures over random folds stand beside. Seconds are of prepare to evaluate; the machine",
        "did other things as well while it measured.",
        "",
        *metric_table(rows, reference=True),
    ]


def town_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Quality on the town."""
    return ["## The simulated town (`make run`)", "", *metric_table(rows, reference=False)]


def metric_table(rows: list[dict[str, Any]], reference: bool) -> list[str]:
    """One line a set: reference, model, best baseline."""
    head = [
        "set",
        "accounts (bots)",
        "ROC AUC",
        "average precision",
        "recall at 1% false positives",
        "best baseline: average precision",
        "s",
    ]
    if reference:
        head[2:2] = ["reference ROC AUC / AP", "random folds ROC AUC / AP"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        model, counts = row["model"], row["counts"]
        cells = [row["set"], f"{counts['accounts']:,} ({counts['bots']:,})"]
        if reference:
            cells.append(" / ".join("–" if v is None else f"{v:.3f}" for v in row["reference"]))
            again = row.get("random_folds", {})
            cells.append(" / ".join(f"{again[m]['value']:.3f}" for m in ("roc_auc", "average_precision") if again))
        cells += [shown(model[m]) for m in ("roc_auc", "average_precision", "recall_at_1pct_fpr")]
        cells += [f"{row['rival']['name']} {shown(row['rival']['average_precision'])}", str(row["seconds"])]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def transfer_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Quality on a set that training has not seen."""
    lines = [
        "## Trained on the other sets, tested on one (leave one source out)",
        "",
        "As it comes, and adapted to the accounts of the set left out without their labels (`unpump adapt`).",
        "[transfer.md](transfer.md) holds what each measure brings.",
    ]
    for row in rows:
        lines += [
            "",
            f"### {row['sets'][0].upper()}{row['sets'][1:]}",
            "",
            "| left out | ROC AUC | average precision | adapted: ROC AUC | adapted: average precision "
            "| inside the folds: ROC AUC |",
            "|---|---|---|---|---|---|",
        ]
        for name, found in sorted(row["left_out"].items()):
            if found.get("why"):
                lines.append(f"| {name} | {found['why']} | | | | |")
                continue
            inside = shown(row["inside"][name]["model"]["roc_auc"])
            ways = (found["model"], found["adapted"])
            cells = [shown(way[m]) for way in ways for m in ("roc_auc", "average_precision")]
            lines.append(f"| {name} | {' | '.join([*cells, inside])} |")
        told = [found for found in row["left_out"].values() if not found.get("why")]
        means = [
            f"{statistics.mean(found[way][m]['value'] for found in told):.3f}"
            for way in ("model", "adapted")
            for m in ("roc_auc", "average_precision")
        ]
        lines.append(f"| **mean** | {' | '.join(means)} | |")
    return lines


def audit_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Errors of the audit by level of evasion, and pumped posts found."""
    from benchmarks.audit import tables

    made = tables(rows[0]["towns"])
    return [
        "## Real engagement (`unpump audit`)",
        "",
        "On towns of unseen seeds and levels of evasion (0 naive, 1 expert); more is in [audit.md](audit.md).",
        "",
        *made["errors"].splitlines(),
        "",
        *made["pumped"].splitlines(),
    ]


def times_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Times of the commands."""
    return [
        "## Times",
        "",
        "| command | seconds |",
        "|---|---|",
        *(f"| `{r['command']}` | {r['seconds']:g} |" for r in rows),
    ]


def shown(metric: dict[str, Any]) -> str:
    """A metric with its interval."""
    if metric["value"] is None:
        return "undefined"
    if metric.get("low") is None:
        return f"{metric['value']:.3f}"
    return f"{metric['value']:.3f} ({metric['low']:.3f} to {metric['high']:.3f})"


if __name__ == "__main__":
    main()
