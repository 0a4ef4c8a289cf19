"""Training the booster of kinds on labels that name kinds, and what it says of accounts it has not seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.boosted import at_once, hush
from models.boostertext import canonical, safe_names, tree_count
from models.folds import Side, sides
from models.kinds import BOT, PERSON, Kind, KindModel, shared_out
from models.settings import Train

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd

FEWEST = 3  # kinds of which a booster is made: with two, the side already says which
STEP = 10  # rounds between two looks at the loss
_ODD = re.compile(r"[^\w .\-]")


def kinds_of(is_bot: np.ndarray, kind: np.ndarray, fold: np.ndarray, least: int) -> tuple[tuple[Kind, ...], np.ndarray]:
    """The kinds that can be told, and which each account is; -1 where its kind is none of them.

    A kind needs ``least`` accounts, in two folds or more. People without a kind are ``human``; where no kind of a side
    can be told, its accounts are ``human`` or ``bot``.

    Parameters
    ----------
    is_bot, kind, fold : arrays of shape (n,); kind holds text or None
    least : int

    Returns
    -------
    kinds sorted by name, empty when there are fewer than three or one side has none; int64 of shape (n,)
    """
    given = labels(is_bot, kind)
    names: dict[str, bool] = {}
    for name in sorted(set(given) - {""}):
        here = given == name
        if here.sum() >= least and len(set(fold[here])) > 1:
            names[name] = bool(is_bot[here].mean() > 0.5)
    for side, word in ((True, BOT), (False, PERSON)):
        if side not in names.values() and (is_bot == side).sum() >= least and word not in names:
            names[word] = side
    given = labels(is_bot, kind, list(names))
    if len(names) < FEWEST or len(set(names.values())) < 2:
        return (), np.full(len(given), -1)
    kinds = tuple(Kind(name, names[name]) for name in sorted(names))
    place = {k.name: i for i, k in enumerate(kinds)}
    return kinds, np.array([place.get(g, -1) for g in given], dtype=np.int64)


def labels(is_bot: np.ndarray, kind: np.ndarray, told: Sequence[str] = ()) -> np.ndarray:
    """What each account is called by its label, object array: letters, digits, blanks, dots and dashes alone.

    People whose label names none of the kinds ``told`` are ``human``; such bots are ``bot`` where that is told, else
    they have an empty name.
    """
    given = np.array([_ODD.sub("_", k.strip())[:60] if isinstance(k, str) else "" for k in kind], dtype=object)
    given[(given == "") & ~is_bot] = PERSON
    for word, side in ((BOT, True), (PERSON, False)):
        if word in told:
            given[(is_bot == side) & ~np.isin(given, told)] = word
    return given


@dataclass(frozen=True)
class TrainedKinds:
    """The model of kinds, if labels tell three kinds or more, and what it said of accounts it had not seen.

    ``said`` has a row per tested account and kind: account_id, kind, probability, sorted by both.
    """

    model: KindModel | None
    said: pd.DataFrame


def train_kinds(
    x: np.ndarray,
    columns: Sequence[str],
    known: pd.DataFrame,
    oof: pd.DataFrame,
    settings: Train,
    like: KindModel | None = None,
) -> TrainedKinds:
    """Grow the booster of kinds, and share out the out-of-fold bot probabilities by boosters that saw other folds.

    How many rounds suit a fold is decided by the others, as everywhere in training.

    Parameters
    ----------
    x : float64 of shape (n, f), the model's columns of the accounts of ``known``
    columns : their names
    known : rows of the folds, sorted by account_id
    oof : account_id and bot_probability of the tested accounts, sorted by account_id
    settings : Train; ``kinds.rounds`` 0 makes none
    like : grow as many rounds as this booster has, which saves growing it on folds; nothing is said out of fold then
    """
    import pandas as pd

    kinds, y = kinds_of(
        known["is_bot"].to_numpy(dtype=bool),
        known["kind"].to_numpy(dtype=object),
        known["fold"].to_numpy(),
        settings.kinds.least,
    )
    nothing = pd.DataFrame(
        {
            "account_id": pd.Series(dtype="str"),
            "kind": pd.Series(dtype="str"),
            "probability": pd.Series(dtype="float64"),
        }
    )
    tests = list(sides(known))
    if not kinds or not settings.kinds.rounds or any(len(set(y[t.train]) - {-1}) < len(kinds) for t in tests):
        return TrainedKinds(None, nothing)
    ground = _Ground(x, y, len(kinds), columns, settings)
    raw, rounds = ground.out_of_fold(tests) if like is None else (None, tree_count(like.text) // len(like.kinds))
    model = KindModel(canonical(ground.grow(_sample(y >= 0, y, settings), rounds).model_to_string()), kinds)
    if raw is None:
        return TrainedKinds(model, nothing)
    place = pd.Series(np.arange(len(known)), index=known["account_id"].to_numpy()).loc[oof["account_id"]].to_numpy()
    is_bot = np.array([k.is_bot for k in kinds])
    p = shared_out(raw[place], is_bot, oof["bot_probability"].to_numpy(dtype=np.float64))
    ids = np.repeat(oof["account_id"].to_numpy(), len(kinds))
    said = pd.DataFrame({"account_id": ids, "kind": np.tile(model.names, len(oof)), "probability": p.ravel()})
    return TrainedKinds(model, said.astype({"account_id": "str", "kind": "str"}))


@dataclass(frozen=True)
class _Ground:
    """What boosters of kinds are grown on; ``y`` is the place of each account's kind, -1 for those not learned from."""

    x: np.ndarray
    y: np.ndarray
    count: int
    columns: Sequence[str]
    settings: Train

    def out_of_fold(self, tests: Sequence[Side]) -> tuple[np.ndarray, int]:
        """Raw scores (n, k) by boosters of other folds, and the number of rounds that suits all folds."""
        rounds = self.settings.kinds.rounds
        looks = list(range(min(STEP, rounds), rounds + 1, STEP))
        raw = np.full((len(looks), len(self.x), self.count), np.nan)
        lost = np.zeros((len(looks), len(tests)))
        workers, each = at_once(len(tests), self.settings.threads)

        def one(number: int) -> None:
            test = tests[number]
            inside = np.zeros(len(self.x), dtype=bool)
            inside[test.train] = True
            booster = self.grow(_sample(inside & (self.y >= 0), self.y, self.settings), looks[-1], each)
            now, done = np.zeros((len(test.test), self.count)), 0
            for i, look in enumerate(looks):
                now = now + booster.predict(
                    self.x[test.test], raw_score=True, start_iteration=done, num_iteration=look - done, num_threads=each
                )
                raw[i, test.test], done = now, look
                lost[i, number] = _losses(now, self.y[test.test])

        with ThreadPoolExecutor(workers, initializer=hush) as pool:
            list(pool.map(one, range(len(tests))))
        whole = lost.sum(axis=1)
        chosen = np.full((len(self.x), self.count), np.nan)
        for number, test in enumerate(tests):
            others = whole - lost[:, number] if len(tests) > 1 else whole
            chosen[test.test] = raw[int(others.argmin()), test.test]
        return chosen, looks[int(whole.argmin())]

    def grow(self, sample: tuple[np.ndarray, np.ndarray], rounds: int, threads: int | None = None) -> lgb.Booster:
        """A booster of some rows, weighted."""
        import lightgbm as lgb

        rows, weight = sample
        k = self.settings.kinds
        asked = {
            "objective": "multiclass",
            "num_class": self.count,
            "learning_rate": k.learning_rate,
            "num_leaves": k.leaves,
            "min_data_in_leaf": self.settings.least_rows,
            "min_sum_hessian_in_leaf": 1e-3,
            "feature_fraction": k.column_share,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "seed": self.settings.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads or self.settings.threads,
            "feature_pre_filter": False,
            "verbosity": -1,
        }
        data = lgb.Dataset(
            np.ascontiguousarray(self.x[rows]),
            self.y[rows],
            weight=weight,
            feature_name=safe_names(self.columns),
            params={"verbosity": -1, "feature_pre_filter": False},
        )
        return lgb.train(asked, data, num_boost_round=rounds)


def _losses(raw: np.ndarray, y: np.ndarray) -> float:
    """Sum of the log losses of accounts whose kind is known."""
    raw, y = raw[y >= 0], y[y >= 0]
    most = raw.max(axis=1, initial=-np.inf)
    return float((np.log(np.exp(raw - most[:, None]).sum(axis=1)) + most - raw[np.arange(len(y)), y]).sum())


def _sample(allowed: np.ndarray, y: np.ndarray, settings: Train) -> tuple[np.ndarray, np.ndarray]:
    """At most ``kinds.rows`` of the allowed rows, rare kinds whole, and weights that give each kind its size back."""
    most = settings.kinds.rows
    rows = np.flatnonzero(allowed)
    if len(rows) <= most:
        return rows, np.ones(len(rows))
    order = np.random.default_rng(settings.seed).permutation(len(y))
    shuffled = rows[np.argsort(order[rows], kind="stable")]
    sizes = np.bincount(y[rows])
    kept = _kept(sizes, most)
    turn = np.zeros(len(shuffled), dtype=np.int64)
    for kind in np.flatnonzero(sizes):
        here = y[shuffled] == kind
        turn[here] = np.arange(here.sum())
    chosen = np.sort(shuffled[turn < kept[y[shuffled]]])
    return chosen, (sizes / np.maximum(kept, 1))[y[chosen]]


def _kept(sizes: np.ndarray, most: int) -> np.ndarray:
    """How many of each kind are kept: small kinds whole, what is left divided evenly among the large ones."""
    kept = np.zeros(len(sizes), dtype=np.int64)
    left, waiting = most, [int(i) for i in np.argsort(sizes, kind="stable") if sizes[i]]
    while waiting:
        kind = waiting.pop(0)
        kept[kind] = min(int(sizes[kind]), left // (len(waiting) + 1))
        left -= int(kept[kind])
    return kept
