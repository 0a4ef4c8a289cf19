"""Is the share of bots of a whole town found by a model trained in another town, from 1% to 40%?

    python -m benchmarks.prevalence [--shares 0.01 0.05 0.1 0.2 0.4] [--towns 3] [--write docs/trust.md]

A model is trained on the town of seed 0 (28% bots among the labels). Towns of other seeds, with that share of bots, are
scored without labels and `unpump prevalence` estimates the share; the truth is what the simulator made.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.alarms import train
from benchmarks.simulation import put
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_json
from simulation.settings import Shares

BOTS = ("like_bot", "fake_follower", "self_bot", "spam_bot", "hijacked")


def weights(share: float) -> list[str]:
    """Settings of a town with about ``share`` bots, people and bots mixed among themselves as by default."""
    usual = Shares().model_dump()
    bots = sum(usual[kind] for kind in BOTS)
    people = sum(usual.values()) - bots
    factor = share / (1 - share) * people / bots
    return [f"prepare.town.shares.{kind}={usual[kind] * factor:.4f}" for kind in BOTS]


def estimated(run: Path, folder: Path, share: float, seed: int, accounts: int) -> dict[str, Any]:
    """The truth of one town and what `unpump prevalence` says of it."""
    town, scores = folder / "town", folder / "scores"
    words = [word for one in weights(share) for word in ("--set", one)]
    unpump("simulate", "--out", town, "--accounts", accounts, "--seed", seed, *words)
    unpump("score", "--model", run / "artifacts" / "model", "--tables", town, "--out", scores)
    unpump("prevalence", "--scores", scores, "--run", run, "--out", folder / "found.json")
    accounts_there = pd.read_parquet(town / "accounts.parquet", columns=["account_id"])
    truth = pd.read_parquet(town / "truth.parquet").set_index("account_id").loc[accounts_there["account_id"]]
    return {"asked": share, "true": float(truth["is_bot"].mean()), **read_json(folder / "found.json")}


def unpump(*words: Any) -> None:
    """Run a command of the program, quietly."""
    command = [sys.executable, "-m", "pipeline", *map(str, words)]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def table(found: list[dict[str, Any]]) -> list[str]:
    """A line per town, and how many intervals held the truth."""
    lines = ["| true share of bots | EM | adjusted count | counted | misfit |", "|---:|---|---|---:|---:|"]
    for one in found:
        cells = [f"{one['true']:.1%}", *(said(one[way]) for way in ("em", "adjusted_count"))]
        lines.append(f"| {' | '.join(cells)} | {one['counted']:.1%} | {one['misfit']:.3f} |")
    held = {w: sum(one[w]["low"] <= one["true"] <= one[w]["high"] for one in found) for w in ("em", "adjusted_count")}
    off = sum(abs(one["em"]["value"] - one["true"]) for one in found) / len(found)
    lines += [
        "",
        f"Of {len(found)} intervals {held['em']} (EM) and {held['adjusted_count']} (adjusted count) hold the truth;",
    ]
    return [*lines, f"EM is {off:.1%} off on average."]


def said(one: dict[str, float]) -> str:
    """An estimate with its interval."""
    return f"{one['value']:.1%} ({one['low']:.1%} to {one['high']:.1%})"


def main() -> None:
    """Measure, print, and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.01, 0.05, 0.1, 0.2, 0.4])
    parser.add_argument("--towns", type=int, default=3, help="of each share")
    parser.add_argument("--accounts", type=int, default=5000)
    parser.add_argument("--run", type=Path, help="a finished run on a town; made when it is not given")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        run = options.run or Path(folder) / "run"
        if not options.run:
            train(run, options.accounts, 0)
        for share in options.shares:
            for number in range(options.towns):
                here = Path(folder) / f"{share}-{number}"
                here.mkdir()
                found.append(estimated(run, here, share, 1 + len(found), options.accounts))
                print(found[-1]["true"], said(found[-1]["em"]), flush=True)
    lines = table(found)
    print("\n".join(lines))
    if options.write:
        put(options.write, "prevalence", "\n".join(lines))


if __name__ == "__main__":
    main()
