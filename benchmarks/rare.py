"""What adapting a model (`unpump adapt`) brings, or costs, where bots are rare.

    python -m benchmarks.rare --taught out/human-bots-2021 --tested out/nyu-2017 [--write docs/trust.md]

Both are finished `unpump run`s of one source each. The first ones' labelled accounts teach; of the second ones' bots so
many are taken away by chance that a given share is left, and the rest is ranked twice: by what was learned elsewhere,
and after adapting to these accounts without their labels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.simulation import put
from models.adaptation import adapted_scores, portable, surest, teach
from models.settings import Adapt, Train
from models.training import Labelled

SHARES = (None, 0.2, 0.1, 0.05, 0.03)  # None: as the set comes


def labelled(run: Path, columns: tuple[str, ...] | None = None) -> Labelled:
    """Labelled accounts of a run; with ``columns`` these and no others, missing where the run has none."""
    features = pd.read_parquet(run / "features.parquet")
    if columns is not None:
        features = features.reindex(columns=["account_id", "as_of", *columns])
    return Labelled.join(features, pd.read_parquet(run / "folds.parquet"))


def thinned(bot: np.ndarray, share: float | None, seed: int = 0) -> np.ndarray:
    """Rising positions of all people and of as many bots, drawn by chance, as make up ``share``."""
    bots, people = np.flatnonzero(bot), np.flatnonzero(~bot)
    if share is None:
        return np.arange(len(bot))
    drawn = np.random.default_rng(seed).choice(bots, round(share / (1 - share) * len(people)), replace=False)
    return np.sort(np.concatenate([people, drawn]))


def measured(taught: Path, tested: Path) -> list[str]:
    """A line of Markdown for each share."""
    settings, train = Adapt(), Train()
    here = labelled(taught)
    kept = portable(here.columns, settings)
    rows = here.rows(kept, train)
    there = labelled(tested, tuple(here.columns))
    is_bot = there.known["is_bot"].to_numpy(dtype=bool)
    lines = [
        "| bots | first ranking: ROC AUC, average precision | adapted | of the surest tenth are bots |",
        "|---:|---|---|---:|",
    ]
    for share in SHARES:
        chosen = thinned(is_bot, share)
        x, bot = there.x[chosen][:, kept], is_bot[chosen]
        first = teach(rows, x, train)
        guessed = surest(first, settings.share)
        right = bot[guessed.rows][guessed.is_bot].mean()
        second = adapted_scores(rows, x, train, settings)
        told = [f"{roc_auc_score(bot, s):.3f}, {average_precision_score(bot, s):.3f}" for s in (first, second)]
        lines.append(f"| {bot.mean():.0%} | {told[0]} | {told[1]} | {right:.0%} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure, print, and put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--taught", type=Path, required=True, help="folder of the run whose labels teach")
    parser.add_argument("--tested", type=Path, required=True, help="folder of the run whose accounts are ranked")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    lines = measured(options.taught, options.tested)
    if options.write:
        put(options.write, "rare", "\n".join(lines))


if __name__ == "__main__":
    main()
