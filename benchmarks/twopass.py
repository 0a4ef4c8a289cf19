"""Measures what scores of the accounts around an account would add: the two-pass features of docs/coordination.md.

    python -m benchmarks.twopass [--accounts 5000] [--write docs/coordination.md]

A first model scores every account; an account's new features are the mean score, and the share of scores above a half,
of those who like its posts, whose posts it likes, who follow it, whom it follows, and who acted together with it. An
account of fold a sees a neighbour of fold b through a first model that saw neither fold, so neither the neighbour's
label nor its own comes back to it; with k folds these are k(k+1)/2 first models. With ``--write`` the table replaces
the one between its markers in the page.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.ablation import GROWTH, TRAIN, TREES, gain, make
from benchmarks.simulation import LEVELS, put
from models.boosted import Booster, Rows, train_one
from models.metrics import Scores, measure
from simulation.settings import Town

FEWEST = 3  # neighbours with a score, of each relation
PUMPERS = ("like_buyer", "pod_member")  # people, whose kind the neighbourhood may tell
RESAMPLES = 300


@dataclass(frozen=True)
class Neighbourhood:
    """All accounts of a town: features, ``fold`` (-1: unlabelled), labels, and ``ties``, relation -> (who, other)."""

    x: np.ndarray
    fold: np.ndarray
    is_bot: np.ndarray
    kind: np.ndarray
    ties: dict[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def read(cls, folder: Path) -> Neighbourhood:
        """What ``unpump featurize`` left in ``folder``, with the events of its tables."""
        features = pd.read_parquet(folder / "features.parquet").set_index("account_id")
        folds = pd.read_parquet(folder / "folds.parquet").set_index("account_id").reindex(features.index)
        place = pd.Series(np.arange(len(features)), index=features.index)
        posts = pd.read_parquet(folder / "tables" / "posts.parquet", columns=["post_id", "account_id"])
        likes = pd.read_parquet(folder / "tables" / "engagements.parquet")
        likes = likes[likes["kind"] == "like"].merge(posts, on="post_id")[["actor_id", "account_id"]].drop_duplicates()
        follows = pd.read_parquet(folder / "tables" / "follows.parquet")[["follower_id", "followed_id"]]
        groups = pd.read_parquet(folder / "groups.parquet", columns=["group_id", "members"]).explode("members")
        mates = groups.merge(groups, on="group_id")[["members_x", "members_y"]].drop_duplicates()

        def pairs(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
            who, other = (place.reindex(rows[c]).to_numpy() for c in rows.columns[:2])
            known = ~np.isnan(who) & ~np.isnan(other) & (who != other)
            return who[known].astype(np.int64), other[known].astype(np.int64)

        given, received = pairs(likes), pairs(follows)
        return cls(
            features.drop(columns="as_of").to_numpy(dtype=np.float64),
            folds["fold"].fillna(-1).to_numpy(dtype=np.int64),
            folds["is_bot"].fillna(False).to_numpy(dtype=bool),
            folds["kind"].fillna("").to_numpy(dtype=str),
            {
                "likers": given[::-1],
                "liked": given,
                "followers": received[::-1],
                "followed": received,
                "group": pairs(mates),
            },
        )

    def learned(self, x: np.ndarray, truth: np.ndarray, without: tuple[int, ...]) -> np.ndarray:
        """Probabilities of all accounts by a booster that saw the labelled ones of other folds than ``without``."""
        rows = np.flatnonzero((self.fold >= 0) & ~np.isin(self.fold, without))
        columns = [f"column_{i}" for i in range(x.shape[1])]
        text = train_one(
            Rows(x[rows], truth[rows], np.ones(len(rows)), columns), GROWTH, TREES, TRAIN, 0, TRAIN.threads
        )
        return 1 / (1 + np.exp(-Booster(text, tuple(columns)).raw_scores(x, TRAIN.threads)))

    def second(self) -> np.ndarray:
        """The new features, shape (n, two for each relation)."""
        folds = [int(k) for k in np.unique(self.fold) if k >= 0]
        first = {(a, b): self.learned(self.x, self.is_bot, (a, b)) for a in folds for b in folds if a <= b}
        found = []
        for who, other in self.ties.values():
            # An unlabelled account has nothing to hide; the fold of the other end decides.
            a = np.where(self.fold[who] < 0, self.fold[other], self.fold[who])
            b = np.where(self.fold[other] < 0, a, self.fold[other])
            score = np.full(len(who), np.nan)
            for (low, high), said in first.items():
                here = (np.minimum(a, b) == low) & (np.maximum(a, b) == high)
                score[here] = said[other[here]]
            seen = ~np.isnan(score)
            count = np.bincount(who[seen], minlength=len(self.x)).astype(np.float64)
            count[count < FEWEST] = np.nan
            found += [
                np.bincount(who[seen], values[seen], len(self.x)) / count
                for values in (score, (score > 0.5).astype(float))
            ]
        return np.column_stack(found)

    def out_of_fold(self, x: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """Probabilities of labelled accounts by boosters on ``x`` that did not see their fold, NaN for the others."""
        found = np.full(len(x), np.nan)
        for k in np.unique(self.fold[self.fold >= 0]):
            found[self.fold == k] = self.learned(x, truth, (int(k),))[self.fold == k]
        return found


def compare(data: Neighbourhood) -> dict[str, dict]:
    """Average precision without and with the new features: of bots, and of each kind of people who pump."""
    both = np.hstack([data.x, data.second()])
    labelled = data.fold >= 0
    found = {}
    for told in ("bots", *PUMPERS):
        truth = data.is_bot if told == "bots" else data.kind == told
        systems = {
            name: Scores(data.out_of_fold(x, truth)[labelled]) for name, x in (("with", both), ("without", data.x))
        }
        values, gains = measure(truth[labelled], systems, resamples=RESAMPLES, level=0.95, seed=0)
        found[told] = {
            "values": [values[s]["average_precision"]["value"] for s in ("without", "with")],
            "average_precision": gains["without"]["average_precision"],
            "recall_at_1pct_fpr": gains["without"]["recall_at_1pct_fpr"],
        }
    return found


def main() -> None:
    """Measure, print the table, and put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=Town().accounts)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    head = "| town | told apart | AP without | AP with | gain | gain in recall at 1% false positives |"
    lines = [head, "|---|---|---:|---:|---:|---:|"]
    for level in LEVELS:
        with tempfile.TemporaryDirectory() as folder:
            make(level, Path(), Path(folder), options.accounts)
            data = Neighbourhood.read(Path(folder))
        for name, row in compare(data).items():
            without, with_ = row["values"]
            gains = (gain(row[m]) for m in ("average_precision", "recall_at_1pct_fpr"))
            cells = [level, name, f"{without:.3f}", f"{with_:.3f}", *gains]
            lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines)
    print(table)
    if options.write:
        put(options.write, "twopass", table)


if __name__ == "__main__":
    main()
