"""Quality on what training has not seen: a kind of bot, and what came later; beside random folds on the same accounts.

Random folds answer for accounts like those already labelled. Operators change: the next campaign is of a kind nobody
labelled, and it comes later. Here a booster is grown as the model was, without the bots of a kind and without a fold of
people, and tested on both; and grown on the accounts judged first, and tested on those judged last. The same accounts
out of fold stand beside it, so the drop is a paired difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosted import Booster, Growth, train_one, usable
from models.calibration import sigmoid
from models.metrics import Scores, measure
from models.settings import Evaluate, Train
from models.training import Labelled

if TYPE_CHECKING:
    import pandas as pd

    from models.bundle import Model

Values = dict[str, Any]
Tick = Callable[[str], None]  # called with what was tested
SHOWN = ("roc_auc", "average_precision", "recall_at_1pct_fpr")
FEWEST = 20  # bots, or people, on either side
LATER = 0.3  # share of accounts, judged last, that are tested


@dataclass(frozen=True)
class Unseen:
    """Accounts to test, and those to train on: positions among the labelled accounts, rising."""

    train: np.ndarray
    test: np.ndarray


def unseen(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    oof: pd.DataFrame,
    model: Model,
    train: Train,
    settings: Evaluate,
    tick: Tick = lambda what: None,
) -> Values:
    """Test on each kind of bot as if nobody had labelled it, and on the accounts judged last.

    Parameters
    ----------
    features, folds : as training takes them
    oof : out-of-fold scores of the same accounts
    model : its first member says how a booster is grown
    train, settings : Train, Evaluate
    tick : called after each test

    Returns
    -------
    ``kinds`` (kind -> test) and ``later`` (a test), where a test holds ``accounts``, ``bots``, ``left_out`` and
    ``inside`` (metric -> value, low, high) and ``change`` (left out minus inside, paired), or ``why`` there is none
    """
    labelled = Labelled.join(features, folds)
    known = labelled.known
    inside = oof.set_index("account_id")["bot_probability"].reindex(known["account_id"]).to_numpy()
    bot = known["is_bot"].to_numpy(dtype=bool)
    kind = np.where(bot, known["kind"].fillna("").to_numpy(dtype=str), "")
    found: Values = {"kinds": {}}
    for name in sorted(set(kind) - {""}):
        asked = without_kind(known, kind == name)
        found["kinds"][str(name)] = _test(labelled, asked, inside, model, train, settings)
        tick(name)
    moments = features.set_index("account_id")["as_of"].reindex(known["account_id"])
    found["later"] = _test(labelled, judged_last(known, moments), inside, model, train, settings)
    tick("later")
    return found


def without_kind(known: pd.DataFrame, of_kind: np.ndarray) -> Unseen:
    """The bots of a kind and the people of the first fold, against everybody else outside their groups."""
    bot, fold = known["is_bot"].to_numpy(dtype=bool), known["fold"].to_numpy()
    tested = of_kind | (~bot & (fold == fold.min()))
    return _apart(known, tested, np.ones(len(known), dtype=bool))


def judged_last(known: pd.DataFrame, moments: pd.Series) -> Unseen:
    """The last ``LATER`` of the accounts by the moment they were judged, against those judged before all of them."""
    import pandas as pd

    at = pd.to_datetime(moments, utc=True).to_numpy(dtype="datetime64[us]").astype(np.int64)
    start = np.quantile(at, 1 - LATER, method="higher") if len(at) else 0
    # Where many share the last moment before the cut, they are earlier than what is tested, never the same moment.
    return _apart(known, at >= start, at < start)


def _apart(known: pd.DataFrame, tested: np.ndarray, trainable: np.ndarray) -> Unseen:
    group = known["group"].to_numpy(dtype=str)
    met = np.isin(group, group[tested])
    return Unseen(np.flatnonzero(trainable & ~met), np.flatnonzero(tested))


def _test(
    labelled: Labelled, asked: Unseen, inside: np.ndarray, model: Model, train: Train, settings: Evaluate
) -> Values:
    bot = labelled.known["is_bot"].to_numpy(dtype=bool)
    test = asked.test[~np.isnan(inside[asked.test])]
    counts = {"accounts": len(test), "bots": int(bot[test].sum())}
    why = _too_few(bot[asked.train], "to train on") or _too_few(bot[test], "to test on")
    if why:
        return {**counts, "why": why}
    chosen = usable(labelled.x[asked.train], labelled.columns)
    rows = labelled.rows(chosen, train).at(asked.train)
    member = model.facts["members"][0]
    text = train_one(rows, Growth(**member["growth"]), int(member["trees"]), train, int(member["seed"]), train.threads)
    p = sigmoid(Booster(text, tuple(rows.columns)).raw_scores(labelled.x[test][:, chosen], train.threads))
    values, changes = measure(
        bot[test],
        {"left_out": Scores(p, {}), "inside": Scores(inside[test], {})},
        resamples=min(settings.resamples, 200),
        level=settings.level,
        seed=settings.seed,
    )
    return {
        **counts,
        **{name: {m: values[name][m] for m in SHOWN} for name in values},
        "change": {m: changes["inside"][m] for m in SHOWN},
    }


def _too_few(bot: np.ndarray, what: str) -> str:
    bots = int(bot.sum())
    people = len(bot) - bots
    return "" if min(bots, people) >= FEWEST else f"{bots:,} bots and {people:,} people {what}"
