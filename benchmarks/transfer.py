"""Measures docs/transfer.md: what helps a model on a data set that training has not seen, each measure by itself.

``python -m benchmarks.transfer --data ../shared/data`` trains on two of three Twitter sets and tests on the third, for
every measure of ``MEASURES``. Which of them one would have chosen without looking at the third set is answered by the
two training sets alone: each is tested by the other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score as average_precision
from sklearn.metrics import roc_auc_score as roc_auc

from benchmarks.results import PROJECT, commit, sources
from models.adaptation import TEACHERS, adapted_scores, portable, ranks, teach
from models.boosted import Booster, Growth, Rows, train_one
from models.evaluation import replaced
from models.settings import Adapt, Train
from models.training import Labelled
from pipeline.files import write_all

PAGE = PROJECT / "docs" / "transfer.md"
SETS = ("cresci-2017", "human-bots-2021", "nyu-2017")
PLAIN = Growth(learning_rate=0.1, leaves=31, least_rows=20, column_share=1.0, row_share=1.0, l2=0.0)
PLAIN_TREES = 200
AGE = ("age_days",)
RESAMPLES = 300
# Directions the field agrees on: an audience, lists made by others, and a kept profile are hard to get for a bot.
MONOTONE: dict[str, Any] = {
    "followers": -1,
    "lists": -1,
    "is_verified": -1,
    "has_picture": -1,
    "has_banner": -1,
    "completeness": -1,
    "followers_per_following": -1,
    "handle_digits": 1,
}


@dataclass(frozen=True)
class Problem:
    """Labelled accounts to learn from, and those of another source to score: ``x`` (n, f), whose ``bot`` is known."""

    rows: Rows
    source: np.ndarray
    x: np.ndarray
    bot: np.ndarray

    def only(self, chosen: list[int]) -> Problem:
        """The same with some of the columns."""
        columns = [self.rows.columns[i] for i in chosen]
        rows = Rows(self.rows.x[:, chosen], self.rows.is_bot, self.rows.weight, columns)
        return Problem(rows, self.source, self.x[:, chosen], self.bot)

    @cached_property
    def ageless(self) -> Problem:
        """The same without the account's age."""
        return self.only(portable(self.rows.columns, Adapt(without=AGE)))


def grown(problem: Problem, growth: Growth = PLAIN, trees: int = PLAIN_TREES, train: Train | None = None) -> np.ndarray:
    """Scores of the other source by one booster."""
    train = train or Train()
    text = train_one(problem.rows, growth, trees, train, train.seed, train.threads)
    return Booster(text, tuple(problem.rows.columns)).raw_scores(problem.x, train.threads)


def balanced(problem: Problem) -> np.ndarray:
    """Every training source weighs the same."""
    place, count = np.unique(problem.source, return_inverse=True, return_counts=True)[1:]
    rows = replace(problem.rows, weight=len(place) / (len(count) * count[place]))
    return grown(replace(problem, rows=rows))


def ranked(problem: Problem) -> np.ndarray:
    """Every feature as its rank among the accounts of the same source."""

    def within(x: np.ndarray, source: np.ndarray) -> np.ndarray:
        out = np.full(x.shape, np.nan)
        for name in np.unique(source):
            for column in range(x.shape[1]):
                known = np.flatnonzero((source == name) & ~np.isnan(x[:, column]))
                out[known, column] = ranks(x[known, column])
        return out

    rows = replace(problem.rows, x=within(problem.rows.x, problem.source))
    return grown(replace(problem, rows=rows, x=within(problem.x, np.zeros(len(problem.x)))))


def telling_nothing_of_source(problem: Problem) -> np.ndarray:
    """Without columns that alone tell a source of training from the population (ROC AUC above .9, people and bots)."""
    whose = np.r_[np.zeros(len(problem.source), dtype=bool), np.ones(len(problem.x), dtype=bool)]
    kept = []
    for i in range(problem.x.shape[1]):
        value = np.nan_to_num(np.r_[problem.rows.x[:, i], problem.x[:, i]], nan=-1.0)
        if max(found := roc_auc(whose, value), 1 - found) <= 0.9:
            kept.append(i)
    return grown(problem.only(kept))


def masked(problem: Problem) -> np.ndarray:
    """Every training account a second time with a third of its columns masked."""
    hidden = np.random.default_rng(0).random(problem.rows.x.shape) < 1 / 3
    rows = problem.rows
    twice = Rows(
        np.vstack([rows.x, np.where(hidden, np.nan, rows.x)]),
        np.tile(rows.is_bot, 2),
        np.tile(rows.weight, 2),
        rows.columns,
    )
    return grown(replace(problem, rows=twice))


def monotone(problem: Problem) -> np.ndarray:
    """Directions of ``MONOTONE`` are kept."""
    return grown(problem.ageless, train=Train(monotone=MONOTONE))


def adapted(share: float, without: tuple[str, ...] = AGE) -> Callable[[Problem], np.ndarray]:
    """Adapted to the population with the surest ``share`` of either end as labels."""
    settings = Adapt(share=share, without=without)

    def score(problem: Problem) -> np.ndarray:
        part = problem.only(portable(problem.rows.columns, settings))
        return adapted_scores(part.rows, part.x, Train(), settings)

    return score


MEASURES: Mapping[str, Callable[[Problem], np.ndarray]] = {
    "plain (LightGBM, 200 trees)": grown,
    "sources weigh the same": balanced,
    "without account age": lambda p: grown(p.ageless),
    "ranks within the population": ranked,
    "columns that give the source away dropped": telling_nothing_of_source,
    "monotone, without age": monotone,
    "masked columns": masked,
    "one small forest of extra trees, without age": lambda p: grown(p.ageless, *TEACHERS[0]),
    "three forests of extra trees, without age": lambda p: teach(p.ageless.rows, p.ageless.x, Train()),
    "adapted, 10% either end, with age": adapted(0.1, without=()),
    "adapted, 10% either end": adapted(0.1),
    "adapted, 20% either end": adapted(0.2),
    "adapted, 30% either end": adapted(0.3),
}
CHOSEN = "**chosen by the training sets alone**"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data", help="folder of the real data")
    labelled = load(parser.parse_args().data.resolve())
    tests = {s: problem(labelled, [o for o in SETS if o != s], s) for s in SETS}
    said = {}
    for name, measure in MEASURES.items():
        said[name] = {s: measure(p) for s, p in tests.items()}
        print(f"{name}: {' '.join(f'{roc_auc(tests[s].bot, v):.3f}' for s, v in said[name].items())}", flush=True)
    inner = {}
    for taught, test in permutations(SETS, 2):
        asked = problem(labelled, [taught], test)
        inner[taught, test] = {name: roc_auc(asked.bot, measure(asked)) for name, measure in MEASURES.items()}
    chosen = {s: choose(inner, s) for s in SETS}
    said[CHOSEN] = {s: said[name][s] for s, name in chosen.items()}
    write_all({PAGE: page(tests, said, chosen)})
    print(f"wrote {PAGE.relative_to(PROJECT)}")


def load(data: Path) -> Labelled:
    """Features of the three sets, what is fitted fitted without an account's own set."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as out:
        for stage in ("prepare", "split", "featurize"):
            command = [sys.executable, "-m", "pipeline", stage, "--out", out, "--set", sources(data, SETS)]
            subprocess.run(command, cwd=PROJECT, check=True)
        read = {n: pd.read_parquet(Path(out) / f"{n}.parquet") for n in ("features", "transfer_features", "folds")}
    return Labelled.join(replaced(read["features"], read["transfer_features"]), read["folds"])


def problem(labelled: Labelled, taught: list[str], test: str) -> Problem:
    """Train on the accounts of some sets, test on another; groups with members in both do not teach."""
    source = labelled.known["source"].to_numpy(dtype=str)
    group = labelled.known["group"].to_numpy(dtype=str)
    there = np.flatnonzero(source == test)
    here = np.flatnonzero(np.isin(source, taught) & ~np.isin(group, group[there]))
    kept = [i for i in range(labelled.x.shape[1]) if len(np.unique(labelled.x[here, i])) > 1]
    bot = labelled.known["is_bot"].to_numpy(dtype=bool)
    rows = Rows(labelled.x[np.ix_(here, kept)], bot[here], np.ones(len(here)), [labelled.columns[i] for i in kept])
    return Problem(rows, source[here], labelled.x[np.ix_(there, kept)], bot[there])


def choose(inner: Mapping[tuple[str, str], Mapping[str, float]], left_out: str) -> str:
    """The measure with the best mean ROC AUC between the sets other than ``left_out``."""
    known = [found for pair, found in inner.items() if left_out not in pair]
    return max(MEASURES, key=lambda name: float(np.mean([found[name] for found in known])))


def page(tests: Mapping[str, Problem], said: Mapping[str, Mapping[str, np.ndarray]], chosen: Mapping[str, str]) -> str:
    """The page as Markdown."""
    plain = said["plain (LightGBM, 200 trees)"]
    lines = [
        "# On a data set that training has not seen",
        "",
        "Measured by `python -m benchmarks.transfer --data folder`: trained on two of three Twitter sets, tested on",
        "the third. ROC AUC on each, the mean with its 95% bootstrap interval, what it adds to the plain mean,",
        "and the mean average precision. [Trust](trust.md) says how a model is adapted.",
        "",
        f"| measure | {' | '.join(SETS)} | mean | against plain | mean average precision |",
        "|---|" + "---|" * (len(SETS) + 3),
    ]
    for name, scores in said.items():
        aucs = {s: roc_auc(tests[s].bot, v) for s, v in scores.items()}
        precision = np.mean([average_precision(tests[s].bot, v) for s, v in scores.items()])
        low, high, gain_low, gain_high = interval(tests, scores, plain)
        gain = np.mean(list(aucs.values())) - np.mean([roc_auc(tests[s].bot, plain[s]) for s in SETS])
        against = "" if scores is plain else f"{gain:+.3f} ({gain_low:+.3f} to {gain_high:+.3f})"
        cells = [f"{aucs[s]:.3f}" for s in SETS]
        mean = f"{np.mean(list(aucs.values())):.3f} ({low:.3f} to {high:.3f})"
        lines.append(f"| {name} | {' | '.join(cells)} | {mean} | {against} | {precision:.3f} |")
    lines += ["", "What the training sets chose, each tested by the other:", ""]
    lines += [f"- {s} left out: {name}" for s, name in chosen.items()]
    return "\n".join([*lines, "", f"Commit measured: {commit()}."]) + "\n"


def interval(
    tests: Mapping[str, Problem], scores: Mapping[str, np.ndarray], plain: Mapping[str, np.ndarray]
) -> tuple[float, float, float, float]:
    """95% bootstrap interval of the mean ROC AUC over the sets, and of its gain; accounts are drawn within a set."""
    random = np.random.default_rng(0)
    means, gains = [], []
    for _ in range(RESAMPLES):
        found, before = [], []
        for name, test in tests.items():
            drawn = random.integers(0, len(test.bot), len(test.bot))
            found.append(roc_auc(test.bot[drawn], scores[name][drawn]))
            before.append(roc_auc(test.bot[drawn], plain[name][drawn]))
        means.append(np.mean(found))
        gains.append(np.mean(found) - np.mean(before))
    low, high = np.quantile(means, [0.025, 0.975])
    gain_low, gain_high = np.quantile(gains, [0.025, 0.975])
    return float(low), float(high), float(gain_low), float(gain_high)


if __name__ == "__main__":
    main()
