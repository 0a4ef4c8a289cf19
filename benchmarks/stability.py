"""Are the reasons the same when the model is grown again with another seed, or when another model takes over?

``python -m benchmarks.stability --run out/mine`` grows the model of a run again with other seeds and compares what is
said of its accounts; ``--other out/last/artifacts/model`` compares with another model, such as the champion.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.bundle import from_files
from models.stability import agreement, regrown
from pipeline.files import read_folder
from pipeline.layout import Layout
from pipeline.settings import Params
from pipeline.stage import load

MEASURES = ("first", "second_first", "overlap", "signs", "rank")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of an `unpump run`")
    parser.add_argument("--other", type=Path, help="model directory to compare with, instead of other seeds")
    parser.add_argument("--seeds", type=int, default=3, help="how often the model is grown again")
    parser.add_argument("--accounts", type=int, default=1000, help="accounts compared, drawn at random")
    parser.add_argument("--reasons", type=int, default=5, help="reasons compared")
    options = parser.parse_args()
    layout = Layout.run(options.run, options.run)
    features, folds = load("features", layout, "stability"), load("folds", layout, "stability")
    model = from_files(load("model", layout, "stability"), str(layout.path("model")))
    drawn = features.sample(min(options.accounts, len(features)), random_state=0)
    if options.other:
        others = {str(options.other): from_files(read_folder(options.other), str(options.other))}
    else:
        # The settings that matter for one growth (weights, threads) are in the model's own facts.
        settings = Params().train.model_validate(model.facts["settings"])
        others = {
            f"seed +{s}": regrown(model, features, folds, settings, 1000 * s) for s in range(1, options.seeds + 1)
        }
    found = {name: agreement(model, other, drawn, options.reasons) for name, other in others.items()}
    print("| compared with | accounts | first reason same | first among theirs | codes in common | same sign | rank |")
    print("|---|---|---|---|---|---|---|")
    for name, one in found.items():
        print(f"| {name} | {one['accounts']:,} | " + " | ".join(told(one[m]) for m in MEASURES) + " |")
    for name, one in found.items():
        moved = ", ".join(f"{m['feature']} {m['first']:.1%} to {m['second']:.1%}" for m in one["moved"])
        print(f"\nMoved most, {name}: {moved}.")
    if len(found) > 1:
        means = {m: np.mean([one[m] for one in found.values()]) for m in MEASURES}
        print("\nMean: " + ", ".join(f"{m} {v:.3f}" for m, v in means.items()))


def told(value: Any) -> str:
    return "n/a" if value is None or pd.isna(value) else f"{value:.3f}"


if __name__ == "__main__":
    main()
