"""The booster: LightGBM grown the same way every time, and the number of trees found without looking at the test."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from features.errors import BadInput
from models.boostertext import safe_names
from models.folds import Side
from models.settings import Train

STEP = 10  # trees between two looks at the loss, at a learning rate of 0.05


@dataclass(frozen=True)
class Growth:
    """How trees are grown; what the search may change, and what is stored with the model."""

    learning_rate: float
    leaves: int
    least_rows: int
    column_share: float
    row_share: float
    l2: float
    path_smooth: float = 0.0  # pulls a leaf towards its parent: more for small sets
    extra_trees: bool = False  # one random threshold per column: more varied trees

    @classmethod
    def of(cls, settings: Train) -> Growth:
        """The growth the settings ask for."""
        return cls(**{f.name: getattr(settings, f.name) for f in fields(cls)})

    def with_(self, **changes: Any) -> Growth:
        """The same with some values changed."""
        return Growth(**(asdict(self) | changes))


@dataclass(frozen=True)
class Rows:
    """What a booster learns from: ``x`` float64 (n, f) with NaN missing, ``is_bot`` bool (n,), ``weight`` (n,)."""

    x: np.ndarray
    is_bot: np.ndarray
    weight: np.ndarray
    columns: Sequence[str]

    def at(self, rows: np.ndarray) -> Rows:
        """The rows at some positions."""
        return Rows(self.x[rows], self.is_bot[rows], self.weight[rows], self.columns)


@dataclass(frozen=True)
class Booster:
    """A grown booster as text, with its columns in order."""

    text: str
    columns: tuple[str, ...]

    def raw_scores(self, x: np.ndarray, threads: int = 1) -> np.ndarray:
        """Log-odds margin of each row of ``x`` (n, f), shape (n,)."""
        import lightgbm as lgb

        return np.asarray(lgb.Booster(model_str=self.text).predict(x, raw_score=True, num_threads=threads))


def usable(x: np.ndarray, columns: Sequence[str]) -> list[int]:
    """Positions of the columns of ``x`` that tell at least two accounts apart; a missing value is a value.

    Raises
    ------
    BadInput
        When none does.
    """
    kept = []
    for i in range(x.shape[1]):
        known = x[:, i][~np.isnan(x[:, i])]
        if len(known) and (len(known) < len(x) or known.min() < known.max()):
            kept.append(i)
    if not kept:
        raise BadInput(
            "features",
            expected="at least one column whose values differ between labelled accounts",
            got=f"{len(columns)} columns, all empty or constant",
            todo="Give tables or measures that say something about the accounts.",
        )
    return kept


def weights(is_bot: np.ndarray, source: np.ndarray, settings: Train) -> np.ndarray:
    """Weight of each account, mean 1.

    With ``class_weight`` balanced, bots and people weigh the same in total; with ``source_weight`` balanced, every
    source does (and its classes keep their shares, unless classes are balanced too, then within each source).
    """
    weight = np.ones(len(is_bot), dtype=np.float64)
    by_source = settings.source_weight == "balanced"
    groups = np.unique(source, return_inverse=True)[1] if by_source else np.zeros(len(is_bot), dtype=np.int64)
    if settings.class_weight == "balanced":
        cells = groups * 2 + is_bot
        weight /= np.bincount(cells)[cells]
    if by_source:
        weight /= np.bincount(groups, weights=weight)[groups]
    return weight * (len(weight) / weight.sum())


def parameters(growth: Growth, settings: Train, seed: int, columns: Sequence[str], threads: int) -> dict[str, Any]:
    """LightGBM's own parameters, those for sameness among them."""
    own: dict[str, Any] = {}
    if any(c in settings.monotone for c in columns):
        own = {
            "monotone_constraints": [settings.monotone.get(c, 0) for c in columns],
            "monotone_constraints_method": "intermediate",
        }
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": growth.learning_rate,
        "num_leaves": growth.leaves,
        "min_data_in_leaf": growth.least_rows,
        "min_sum_hessian_in_leaf": 1e-3,
        "feature_fraction": growth.column_share,
        "bagging_fraction": growth.row_share,
        "bagging_freq": 1 if growth.row_share < 1 else 0,
        "lambda_l2": growth.l2,
        "path_smooth": growth.path_smooth,
        "extra_trees": growth.extra_trees,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "feature_pre_filter": False,
        "verbosity": -1,
        **own,
    }


@dataclass(frozen=True)
class Trial:
    """Out-of-fold raw scores of one growth, taken after every few trees.

    ``trees`` int (s,), rising; ``raw`` float32 (s, n), NaN for accounts that are never tested; ``losses`` float64
    (s, k), weighted mean log loss on each test; ``held`` float64 (k,), weight of each test.
    """

    growth: Growth
    seed: int
    trees: np.ndarray
    raw: np.ndarray
    losses: np.ndarray
    held: np.ndarray
    proposed: bool = False  # by the search; the others are known growths

    def best(self, without: int | None = None) -> tuple[int, float]:
        """Place in ``trees`` with the least log loss over all tests but the one at position ``without``; the loss."""
        counted = self.held.copy()
        if without is not None:
            counted[without] = 0
        loss = self.losses @ counted / counted.sum()
        return int(loss.argmin()), float(loss.min())


class Ground:
    """The training sides, binned once and grown on by every trial."""

    def __init__(self, rows: Rows, tests: Sequence[Side], settings: Train) -> None:
        import lightgbm as lgb

        self.rows, self.tests, self.settings = rows, tests, settings
        self.names = safe_names(rows.columns)
        self._sets = [
            lgb.Dataset(
                rows.x[t.train],
                rows.is_bot[t.train].astype(np.float64),
                weight=rows.weight[t.train],
                feature_name=self.names,
                params={"verbosity": -1, "feature_pre_filter": False},
            )
            for t in tests
        ]

    def grow(self, growth: Growth, seed: int) -> Trial:
        """Grow one booster per test, all in step, until their common loss has not improved for ``patience`` trees.

        Which number of trees is best for a test is left to the caller, who can ask the other tests; only the moment
        of stopping, ``patience`` trees past the best, is common to all.
        """
        import lightgbm as lgb

        settings = self.settings
        workers, each = at_once(len(self.tests), settings.threads)
        asked = parameters(growth, settings, seed, self.rows.columns, each)
        boosters = [lgb.Booster(params=asked, train_set=s) for s in self._sets]
        now = np.full(len(self.rows.x), np.nan)
        for test in self.tests:
            now[test.test] = 0.0
        held = np.array([self.rows.weight[t.test].sum() for t in self.tests])
        step = max(1, round(STEP * 0.05 / growth.learning_rate))
        trees, raw, lost = [], [], []
        best, best_at, done = np.inf, 0, 0
        with ThreadPoolExecutor(workers, initializer=hush) as pool:
            while done < settings.trees and done - best_at < max(settings.patience, 2 * step):
                count = min(step, settings.trees - done)

                def advance(k: int, done: int = done, count: int = count) -> np.ndarray:
                    for _ in range(count):
                        boosters[k].update()
                    gain = boosters[k].predict(
                        self.rows.x[self.tests[k].test],
                        raw_score=True,
                        start_iteration=done,
                        num_iteration=count,
                        num_threads=each,
                    )
                    return np.asarray(gain)

                gains = list(pool.map(advance, range(len(boosters))))
                loss = []
                for test, gain in zip(self.tests, gains, strict=True):
                    now[test.test] += gain
                    loss.append(log_loss(now[test.test], self.rows.is_bot[test.test], self.rows.weight[test.test]))
                done += count
                trees.append(done)
                raw.append(now.astype(np.float32))
                lost.append(loss)
                common = float(np.array(loss) @ held / held.sum())
                if common < best - 1e-6:
                    best, best_at = common, done
        return Trial(growth, seed, np.array(trees), np.stack(raw), np.array(lost), held)


def log_loss(raw: np.ndarray, is_bot: np.ndarray, weight: np.ndarray) -> float:
    """Weighted mean log loss of log-odds ``raw``; shapes (n,)."""
    return float(np.average(losses(raw, is_bot), weights=weight))


def losses(raw: np.ndarray, is_bot: np.ndarray) -> np.ndarray:
    """Log loss of each account at log-odds ``raw``; shapes (n,)."""
    return np.logaddexp(0, np.where(is_bot, -raw, raw))


def at_once(boosters: int, threads: int) -> tuple[int, int]:
    """How many boosters to grow at the same time, and threads for each.

    Boosters beside each other need not wait for each other; the threads of one booster do, at every split. The
    number of threads does not change a booster.
    """
    workers = max(1, min(boosters, threads))
    return workers, max(1, threads // workers)


def hush() -> None:
    """Silence LightGBM in this thread: how much it says is a setting of each thread, made by reading parameters."""
    import lightgbm as lgb

    lgb.Dataset(np.zeros((2, 1)), params={"verbosity": -1}).construct()


def train_one(rows: Rows, growth: Growth, trees: int, settings: Train, seed: int, threads: int) -> str:
    """Text of a booster of ``trees`` trees grown on all ``rows``."""
    import lightgbm as lgb

    asked = parameters(growth, settings, seed, rows.columns, threads)
    data = lgb.Dataset(
        rows.x,
        rows.is_bot.astype(np.float64),
        weight=rows.weight,
        feature_name=safe_names(rows.columns),
        params={"verbosity": -1, "feature_pre_filter": False},
    )
    return lgb.train(asked, data, num_boost_round=trees).model_to_string()
