"""Training: from features and folds to a model, its honest scores, its baselines and the record of the search."""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import BadInput, printable
from models import calibration
from models.baselines import baselines
from models.blend import Member, choose, out_of_fold
from models.boosted import Ground, Rows, Trial, at_once, hush, train_one, usable, weights
from models.boostertext import average, tree_count
from models.bundle import Model
from models.folds import UNUSED, Side, sides
from models.search import search
from models.settings import Train
from models.thresholds import check_limits, thresholds
from models.vennabers import fit_interval

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
Tick = Callable[[str], None]
Beside = Callable[[Rows], Rows]
NOT_FEATURES = ("account_id", "as_of")


@dataclass(frozen=True)
class Trained:
    """What training gives: the model, and tables of labelled accounts sorted by account_id."""

    model: Model
    oof: pd.DataFrame
    baselines: pd.DataFrame
    study: dict[str, Any]


@dataclass(frozen=True)
class Labelled:
    """Labelled accounts of the folds with all their features, in one order; ``known`` are their rows of the folds."""

    known: pd.DataFrame
    x: np.ndarray
    columns: list[str]

    @classmethod
    def join(cls, features: pd.DataFrame, folds: pd.DataFrame) -> Labelled:
        """The accounts that have a fold, with their features, sorted by account_id.

        Raises
        ------
        BadInput
            When an account has no row in ``features`` or there is no feature column.
        """
        import pandas as pd

        known = folds[folds["fold"] != UNUSED].sort_values("account_id", ignore_index=True)
        columns = [c for c in features.columns if c not in NOT_FEATURES]
        place = pd.Index(features["account_id"]).get_indexer(pd.Index(known["account_id"]))
        if (place < 0).any():
            raise BadInput(
                f"features, account {known['account_id'][place < 0].iloc[0]}",
                expected="a row for every labelled account",
                got=f"{int((place < 0).sum()):,} labelled accounts without one",
                todo="Run `unpump featurize` again after `unpump split`.",
            )
        if not columns:
            raise BadInput(
                "features", expected="feature columns", got="none", todo="Check the setting featurize.families."
            )
        x = np.column_stack([features[c].to_numpy(dtype=np.float64, na_value=np.nan)[place] for c in columns])
        return cls(known, x, columns)

    def rows(self, chosen: Sequence[int], settings: Train) -> Rows:
        """What a booster learns from: the columns at some positions, weighted as the settings say."""
        bot = self.known["is_bot"].to_numpy(dtype=bool)
        weight = weights(bot, self.known["source"].to_numpy(dtype=str), settings)
        return Rows(np.ascontiguousarray(self.x[:, chosen]), bot, weight, [self.columns[i] for i in chosen])


def train_model(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    references: Mapping[str, bytes],
    settings: Train,
    tick: Tick = lambda says: None,
    beside: Beside | None = None,
    rivals: bool = True,
) -> Trained:
    """Train on the labelled accounts, and score each by boosters that did not see it.

    Nothing that is decided for a test (number of trees, growth, blend, calibration) was decided on its own accounts:
    the other tests decide. The final booster is grown on all accounts as all tests together decide.

    Parameters
    ----------
    features : DataFrame, one row per account: account_id, as_of and float64 columns
    folds : DataFrame as ``models.folds.split_accounts`` makes it
    references : name -> bytes, what the features were fitted on, with features.json that declares them
    settings : Train
    tick : called after each trial of the search with what to show
    beside : of the rows of all labelled accounts makes those to learn from: the same, followed by more that are in no
        test. Baselines and calibration are of the labelled accounts alone
    rivals : train baselines too; without, their table holds accounts alone

    Raises
    ------
    BadInput
        When accounts, classes or columns do not suffice, or a setting names what is not there.
    """
    check_limits(settings.tiers)
    labelled = Labelled.join(features, folds)
    _check_monotone(settings, labelled.columns)
    rows = labelled.rows(usable(labelled.x, labelled.columns), settings)
    tests = list(sides(labelled.known))
    check_classes(rows.is_bot, tests)
    taught, lessons = _taught(rows, tests, beside)
    trials, study = _trials(taught, lessons, len(rows.x), settings, tick)
    raw = out_of_fold(trials, lessons, taught, settings.members)[0][: len(rows.x)]
    blend = choose(trials, lessons, taught, settings.members)
    texts = _grow(taught, trials, blend, settings)
    text = average(texts, [m.share for m in blend])
    tested = ~np.isnan(raw)
    model, p = _assemble(text, rows, raw, tested, labelled.known, references, settings, trials, blend)
    oof = labelled.known.loc[tested, ["account_id", "source", "is_bot", "kind"]].reset_index(drop=True)
    oof = oof.assign(bot_probability=p, raw_score=raw[tested], fold=labelled.known["fold"].to_numpy()[tested])
    compared = oof[["account_id"]]
    if rivals:
        table, study["best_feature"] = baselines(rows, tests)
        compared = compared.join(table[tested].reset_index(drop=True))
    study["blend"] = [{"trial": m.trial, "trees": int(trials[m.trial].trees[m.step]), "share": m.share} for m in blend]
    return Trained(model, oof, compared, study)


def _taught(rows: Rows, tests: Sequence[Side], beside: Beside | None) -> tuple[Rows, list[Side]]:
    """The rows to learn from and the tests over them: rows that ``beside`` adds are on every training side."""
    if beside is None:
        return rows, list(tests)
    taught = beside(rows)
    added = np.arange(len(rows.x), len(taught.x))
    return taught, [Side(t.fold, np.concatenate([t.train, added]), t.test) for t in tests]


def check_classes(is_bot: np.ndarray, tests: Sequence[Side]) -> None:
    """Every training side needs both classes; BadInput for the first that has not."""
    if not tests:
        raise BadInput(
            "folds", expected="a fold to test", got="none", todo="Split again by group, or label more accounts."
        )
    for test in tests:
        bots = int(is_bot[test.train].sum())
        if bots == 0 or bots == len(test.train):
            raise BadInput(
                f"folds, training side of fold {test.fold}",
                expected="bots and people",
                got=f"{bots:,} bots and {len(test.train) - bots:,} people",
                todo="Split by group, or add a source with the other class.",
            )


def _check_monotone(settings: Train, columns: Sequence[str]) -> None:
    for name in sorted(settings.monotone):
        if name not in columns:
            near = difflib.get_close_matches(name, columns, 1)
            raise BadInput(
                "setting train.monotone",
                expected="the name of a feature",
                got=printable(name),
                todo=f"Did you mean {near[0]}?" if near else "`unpump features` prints the names.",
            )


def _trials(
    rows: Rows, tests: Sequence[Side], labelled: int, settings: Train, tick: Tick
) -> tuple[list[Trial], dict[str, Any]]:
    """Trials on all rows, and the study. A search on fewer rows hands on the growths that are worth growing again.

    It looks at no more than ``search.rows`` of the first ``labelled`` rows: copies of accounts, and accounts beside
    them, would cost time and decide nothing.
    """
    most = min(settings.search.rows, labelled)
    if len(rows.x) <= most or settings.search.trials == 0:
        found = search(Ground(rows, tests, settings), settings, tick)
        return found.trials, found.study(settings, len(rows.x))
    few, fewer_tests = _sample(rows, tests, labelled, most, settings.seed)
    found = search(Ground(few, fewer_tests, settings), settings, tick)
    picked: dict[int, None] = {}
    for i in [*range(len(fewer_tests)), None]:
        # With a single test there is no other to ask.
        without = i if len(fewer_tests) > 1 else None
        picked |= dict.fromkeys(m.trial for m in choose(found.trials, fewer_tests, few, settings.members, without))
    ground = Ground(rows, tests, settings)
    again = []
    for i in sorted(picked):
        again.append(ground.grow(found.trials[i].growth, settings.seed + i))
        tick(f"log loss {min(t.best()[1] for t in again):.4f} on all accounts")
    return again, found.study(settings, len(few.x))


def _sample(rows: Rows, tests: Sequence[Side], labelled: int, most: int, seed: int) -> tuple[Rows, list[Side]]:
    """``most`` of the first ``labelled`` rows, about the same share of every test, the same ones for the same seed."""
    kept = np.sort(np.random.default_rng(seed).permutation(labelled)[:most])
    place = np.full(len(rows.x), -1)
    place[kept] = np.arange(len(kept))

    def moved(positions: np.ndarray) -> np.ndarray:
        found = place[positions]
        return found[found >= 0]

    smaller = [Side(t.fold, moved(t.train), moved(t.test)) for t in tests]
    few = rows.at(kept)
    check_classes(few.is_bot, smaller)
    return few, smaller


def _grow(rows: Rows, trials: Sequence[Trial], blend: Sequence[Member], settings: Train) -> list[str]:
    """Text of each member of the blend, grown on all rows."""
    workers, each = at_once(len(blend), settings.threads)

    def grow(member: Member) -> str:
        trial = trials[member.trial]
        return train_one(rows, trial.growth, int(trial.trees[member.step]), settings, trial.seed, each)

    with ThreadPoolExecutor(workers, initializer=hush) as pool:
        return list(pool.map(grow, blend))


def _assemble(
    text: str,
    rows: Rows,
    raw: np.ndarray,
    tested: np.ndarray,
    known: pd.DataFrame,
    references: Mapping[str, bytes],
    settings: Train,
    trials: Sequence[Trial],
    blend: Sequence[Member],
) -> tuple[Model, np.ndarray]:
    """The model, and the cross-fitted probability of every tested account at the declared share of bots."""
    bot, fold, score = rows.is_bot[tested], known["fold"].to_numpy()[tested], raw[tested]
    method, losses = calibration.choose(score, bot, fold, settings.calibration)
    share = float(bot.mean())
    shift = calibration.prior_shift(settings.bot_share, share)
    honest = calibration.cross_fitted(method, score, bot, fold)
    p = calibration.sigmoid(calibration.logit(honest) + shift)
    declared, digest = declarations(references, rows.columns)
    declared = suppress(declared, settings.suppressed)
    sources = known.groupby("source")["is_bot"].agg(["size", "sum"])
    facts = {
        "accounts": len(rows.x),
        "bots": int(rows.is_bot.sum()),
        "sources": {str(s): {"accounts": int(r["size"]), "bots": int(r["sum"])} for s, r in sources.iterrows()},
        "members": [
            {
                "growth": asdict(trials[m.trial].growth),
                "seed": trials[m.trial].seed,
                "trees": int(trials[m.trial].trees[m.step]),
                "share": m.share,
            }
            for m in blend
        ],
        "trees": tree_count(text),
        "calibration": {"method": method, "log_loss": {k: round(v, 6) for k, v in losses.items()}},
        "split": str(known["by"].iloc[0]),
        "settings": settings.model_dump(mode="json"),
        "fingerprint": fingerprint(known, rows),
    }
    model = Model(
        booster_text=text,
        columns=tuple(rows.columns),
        curve=calibration.fit(method, score, bot),
        interval=fit_interval(score, bot),
        tiers=thresholds(bot, p, settings.tiers),
        bot_share=settings.bot_share,
        training_bot_share=share,
        declarations=declared,
        feature_hash=digest,
        usual=usual(rows),
        facts=facts,
        references=dict(references),
    )
    return model, p


def declarations(references: Mapping[str, bytes], columns: Sequence[str]) -> tuple[tuple[dict[str, Any], ...], str]:
    """Declaration of each column, and the hash of all, from features.json; a bare name where there is none."""
    declared = json.loads(references["features.json"]) if "features.json" in references else {}
    by_name = {d["name"]: d for d in declared.get("features", [])}
    found = tuple(by_name.get(c) or {"name": c, "family": "measured", "unit": "number"} for c in columns)
    return found, str(declared.get("hash", ""))


def suppress(declared: tuple[dict[str, Any], ...], hidden: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """The declarations, those of the features or families ``hidden`` marked as never to be named in a reason.

    Raises
    ------
    BadInput
        When there is no such feature or family: a misspelled name would be shown.
    """
    known = {name for d in declared for name in (d["name"], d["family"])}
    for name in hidden:
        if name not in known:
            raise BadInput(
                "setting train.suppressed",
                expected="features or families of the model",
                got=printable(name),
                todo="`unpump features` lists them.",
            )
    return tuple({**d, "suppressed": True} if {d["name"], d["family"]} & set(hidden) else d for d in declared)


def usual(rows: Rows) -> np.ndarray:
    """10th, 50th and 90th percentile of people for each column, NaN where none was measured; shape (f, 3)."""
    people = rows.x[~rows.is_bot]
    out = np.full((people.shape[1], 3), np.nan)
    for i, column in enumerate(people.T):
        seen = column[np.isfinite(column)]
        if len(seen):
            out[i] = np.quantile(seen, [0.1, 0.5, 0.9], method="inverted_cdf")
    return out


def fingerprint(known: pd.DataFrame, rows: Rows) -> str:
    """md5 of who was trained on, with which labels, folds and values."""
    digest = hashlib.md5(usedforsecurity=False)
    for column in ("account_id", "source", "is_bot", "fold"):
        digest.update("\x1f".join(known[column].astype(str)).encode("utf-8", "surrogatepass"))
    digest.update("\x1f".join(rows.columns).encode("utf-8", "surrogatepass"))
    digest.update(np.where(np.isnan(rows.x), np.nan, rows.x).tobytes())
    return digest.hexdigest()
