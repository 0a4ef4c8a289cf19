"""Evaluation: quality with intervals, beside baselines, per source, and on sources left out of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import BadInput
from models.adaptation import adapted_scores, portable, ranks
from models.baselines import NAMES, baselines
from models.boosted import Rows, usable
from models.calibration import logit, sigmoid
from models.folds import UNUSED, Side
from models.metrics import METRICS, RECALLS, Scores, best_threshold, call_out_of_fold, measure
from models.search import KNOWN
from models.settings import Evaluate, Train
from models.training import Labelled, train_model

if TYPE_CHECKING:
    import pandas as pd

Values = dict[str, Any]
Tick = Callable[[str], None]  # called with the name of each source that is done
KNOWN_TRIALS = 1 + len(KNOWN)  # the settings as they are, and the known growths
RANKING = ("roc_auc", "average_precision", *RECALLS)  # what adapted scores are measured by: they are no probabilities
POINTS = 400  # of a drawn curve, at most
BINS = 15  # of the reliability curve, equal counts


@dataclass(frozen=True)
class Ruler:
    """How metrics are measured, the same way everywhere."""

    settings: Evaluate

    def measure(self, is_bot: np.ndarray, systems: Mapping[str, Scores]) -> Values:
        """``model``, ``baselines`` and ``gain`` (model minus each baseline): metric -> value, low, high."""
        s = self.settings
        values, gains = measure(is_bot, systems, resamples=s.resamples, level=s.level, seed=s.seed)
        return {"model": values.pop("model"), "baselines": values, "gain": gains}


def evaluate_model(oof: pd.DataFrame, beside: pd.DataFrame, settings: Evaluate, shift: float = 0.0) -> Values:
    """Quality of out-of-fold scores, of all accounts and of each source.

    Parameters
    ----------
    oof : DataFrame with account_id, source, is_bot, kind, bot_probability and fold
    beside : DataFrame with account_id and a column of probabilities for each baseline
    settings : Evaluate
    shift : what the declared share of bots added to the log-odds; taken off, because labels can only tell whether
        probabilities are right at their own share

    Returns
    -------
    JSON value: ``overall`` and ``per_source`` (each with model, baselines, gain), ``per_kind`` (share found at 1% and
    0.1% false positives) and ``counts``
    """
    known = oof.merge(beside, on="account_id", validate="one_to_one").sort_values("account_id", ignore_index=True)
    bot, fold = known["is_bot"].to_numpy(dtype=bool), known["fold"].to_numpy()
    known["bot_probability"] = sigmoid(logit(known["bot_probability"].to_numpy(dtype=np.float64)) - shift)
    systems = {
        name: _scores(bot, known[column].to_numpy(dtype=np.float64), fold)
        for name, column in {"model": "bot_probability", **{n: n for n in NAMES}}.items()
    }
    ruler, source = Ruler(settings), known["source"].to_numpy(dtype=str)
    per_source = {}
    for name in sorted(set(source)):
        here = np.flatnonzero(source == name)
        per_source[name] = ruler.measure(bot[here], {k: s.rows(here) for k, s in systems.items()})
    return {
        "overall": ruler.measure(bot, systems),
        "per_source": per_source,
        "per_kind": _per_kind(known),
        "counts": _counts(known),
    }


def _scores(bot: np.ndarray, probability: np.ndarray, fold: np.ndarray) -> Scores:
    return Scores(probability, call_out_of_fold(bot, probability, fold))


def _per_kind(known: pd.DataFrame) -> Values:
    """Share of each inauthentic kind that is scored above all but 1% and 0.1% of the people called human."""
    person = ~known["is_bot"].to_numpy(dtype=bool)
    p, kind = known["bot_probability"].to_numpy(), known["kind"].fillna("unknown").to_numpy(dtype=str)
    found: Values = {}
    people = np.sort(p[person])[::-1]
    for name in sorted(set(kind)):
        here = kind == name
        found[name] = {"accounts": int(here.sum()), "bots": int((here & ~person).sum())}
        for metric, share in RECALLS.items():
            allowed = int(np.floor(share * len(people) + 1e-9))
            enough = len(people) >= METRICS[metric].people_needed
            # Above the first person who may not be called: at most `allowed` people score higher than that.
            found[name][metric] = round(float((p[here] > people[allowed]).mean()), 6) if enough else None
    return found


def _counts(known: pd.DataFrame) -> Values:
    def of(rows: pd.DataFrame) -> Values:
        bots = int(rows["is_bot"].sum())
        return {"accounts": len(rows), "bots": bots, "people": len(rows) - bots}

    sources = {str(name): of(rows) for name, rows in known.groupby("source")}
    return {**of(known), "sources": sources}


def leave_sources_out(
    features: pd.DataFrame,
    transfer_features: pd.DataFrame,
    folds: pd.DataFrame,
    train: Train,
    oof: pd.DataFrame,
    settings: Evaluate,
    tick: Tick = lambda source: None,
) -> tuple[Values, pd.DataFrame]:
    """Train without each source in turn and test on it: what to expect of data from elsewhere.

    Growth, number of trees, calibration and thresholds are chosen inside the other sources, by their own folds;
    features that are fitted are those of ``transfer_features``, fitted without the source.

    Parameters
    ----------
    features, folds : as training takes them
    transfer_features : account_id and the columns that replace their namesakes
    train : Train; only the known growths are tried, the search proposes none
    oof : account_id and bot_probability of the same accounts out of fold, for the drop
    settings : Evaluate
    tick : called after each source

    Returns
    -------
    source -> model, baselines, gain, ``adapted`` (how well the source is ranked by a model adapted to its accounts
    without their labels) and ``drop`` (ROC AUC and average precision out of fold minus left out, each with value, low,
    high, paired on the accounts that have both), or ``why`` there are
    none, and nothing when there is one source only; and DataFrame account_id, source, is_bot, bot_probability,
    raw_score, adapted_score
    """
    apart = replaced(features, transfer_features)
    sources = sorted(folds["source"].unique())
    sources = sources if len(sources) > 1 else []
    found: Values = {}
    parts = []
    for source in sources:
        why = _why_not(folds, source)
        if not why:
            try:
                found[source], part = _leave_out(apart, folds, source, train, settings)
                found[source]["drop"] = _drop(part, oof, settings)
                parts.append(part)
            except BadInput as error:  # too few of a class in what remains
                why = str(error)
        if why:
            found[source] = {"model": {}, "baselines": {}, "why": why}
        tick(source)
    return found, _together(parts)


def replaced(features: pd.DataFrame, transfer_features: pd.DataFrame) -> pd.DataFrame:
    """``features`` with the columns that both have taken from ``transfer_features``, account by account."""
    columns = [c for c in transfer_features.columns if c != "account_id" and c in features.columns]
    if not columns:
        return features
    other = transfer_features.set_index("account_id").loc[features["account_id"], columns]
    return features.assign(**{c: other[c].to_numpy() for c in columns})


def mean_of(found: Mapping[str, Values], metrics: tuple[str, ...] = ("roc_auc", "average_precision")) -> Values:
    """Plain mean over the sources that have a value, None where none has; and the lowest."""
    given = {m: [s["model"].get(m, {}).get("value") for s in found.values()] for m in metrics}
    seen = {m: [v for v in values if v is not None] for m, values in given.items()}
    means = {m: round(float(np.mean(v)), 6) if v else None for m, v in seen.items()}
    return {**means, "lowest": {m: min(v) if v else None for m, v in seen.items()}}


def _why_not(folds: pd.DataFrame, source: str) -> str:
    used = folds[folds["fold"] != UNUSED]
    for name, rows in (("it has", used[used["source"] == source]), ("the others have", used[used["source"] != source])):
        bots = int(rows["is_bot"].sum())
        if not bots or bots == len(rows):
            return f"{name} {bots:,} bots and {len(rows) - bots:,} people"
    return ""


def _leave_out(
    features: pd.DataFrame, folds: pd.DataFrame, source: str, train: Train, settings: Evaluate
) -> tuple[Values, pd.DataFrame]:
    everyone = folds[folds["fold"] != UNUSED]
    known = everyone[everyone["source"] == source].sort_values("account_id", ignore_index=True)
    # An account of another source whose group has a member here has been seen, in a way; it does not teach.
    others = everyone[(everyone["source"] != source) & ~everyone["group"].isin(known["group"])]
    known_growths = train.search.model_copy(update={"trials": min(train.search.trials, KNOWN_TRIALS)})
    trained = train_model(features, others, {}, train.model_copy(update={"search": known_growths, "bot_share": None}))
    rows = features.set_index("account_id").loc[known["account_id"]]
    raw = trained.model.raw_scores(rows)
    probability = trained.model.calibrate(raw)[0]
    bot = known["is_bot"].to_numpy(dtype=bool)
    systems = {"model": _called(trained.oof, "bot_probability", probability)}
    beside = trained.baselines.merge(trained.oof[["account_id", "is_bot"]], on="account_id")
    taught, x = _apart(features, others, known, train)
    for name, p in _baselines_apart(taught, x, bot).items():
        systems[name] = _called(beside, name, p)
    adapted = _adapted(taught, x, train)
    systems["adapted"] = Scores(ranks(adapted), {})
    found = Ruler(settings).measure(bot, systems)
    found["adapted"] = {m: v for m, v in found["baselines"].pop("adapted").items() if m in RANKING}
    # The model minus the adapted one, turned round: what adapting brings.
    found["adapted_gain"] = {m: _turned(v) for m, v in found["gain"].pop("adapted").items() if m in RANKING}
    part = known[["account_id", "source", "is_bot"]]
    return found, part.assign(bot_probability=probability, raw_score=raw, adapted_score=adapted)


def _called(seen: pd.DataFrame, column: str, probability: np.ndarray) -> Scores:
    """Scores of accounts left out, called at the thresholds that suited the accounts trained on."""
    bot, p = seen["is_bot"].to_numpy(dtype=bool), seen[column].to_numpy(dtype=np.float64)
    return Scores(probability, {m: probability >= best_threshold(bot, p, m) for m in ("f1", "mcc")})


def _apart(features: pd.DataFrame, others: pd.DataFrame, known: pd.DataFrame, train: Train) -> tuple[Rows, np.ndarray]:
    """Accounts to learn from, and the same columns of those left out in the order of ``known``, shape (n, f)."""
    import pandas as pd

    both = Labelled.join(features, pd.concat([others, known]))
    tested = both.known["account_id"].isin(known["account_id"]).to_numpy()
    chosen = usable(both.x[~tested], both.columns)
    return both.rows(chosen, train).at(np.flatnonzero(~tested)), both.x[tested][:, chosen]


def _baselines_apart(rows: Rows, x: np.ndarray, bot: np.ndarray) -> dict[str, np.ndarray]:
    both = Rows(np.vstack([rows.x, x]), np.r_[rows.is_bot, bot], np.r_[rows.weight, np.ones(len(x))], rows.columns)
    seen = len(rows.x)
    said, _ = baselines(both, [Side(0, np.arange(seen), np.arange(seen, len(both.x)))])
    return {name: said[name].to_numpy()[seen:] for name in NAMES}


def _adapted(rows: Rows, x: np.ndarray, train: Train) -> np.ndarray:
    """Scores of a population by a model adapted to it without its labels."""
    chosen = portable(rows.columns, train.adapt)
    part = Rows(rows.x[:, chosen], rows.is_bot, rows.weight, [rows.columns[i] for i in chosen])
    return adapted_scores(part, x[:, chosen], train, train.adapt)


def _turned(gain: Values) -> Values:
    """The same difference seen from the other side."""
    if gain.get("value") is None:
        return gain
    low, high = gain.get("low"), gain.get("high")
    return {
        **gain,
        "value": -gain["value"],
        "low": None if high is None else -high,
        "high": None if low is None else -low,
    }


def _drop(left_out: pd.DataFrame, oof: pd.DataFrame, settings: Evaluate) -> Values:
    """What a source loses by being left out of training, on the same accounts: metric -> value, low, high."""
    both = left_out.merge(oof[["account_id", "bot_probability"]], on="account_id", suffixes=("", "_inside"))
    scores = {side: Scores(both[f"bot_probability{end}"].to_numpy()) for side, end in (("in", "_inside"), ("out", ""))}
    bot = both["is_bot"].to_numpy(dtype=bool)
    _, lost = measure(bot, scores, resamples=settings.resamples, level=settings.level, seed=settings.seed)
    return {metric: lost["out"][metric] for metric in ("roc_auc", "average_precision")}


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    if parts:
        return pd.concat(parts).sort_values("account_id", ignore_index=True)
    kinds = {
        "account_id": "str",
        "source": "str",
        "is_bot": "bool",
        "bot_probability": "float64",
        "raw_score": "float64",
        "adapted_score": "float64",
    }
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def curves(oof: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Points of the ROC, precision-recall and reliability curves of out-of-fold scores, for drawing."""
    import pandas as pd

    ranked = oof.sort_values(["bot_probability", "account_id"], ascending=[False, True], ignore_index=True)
    bot, p = ranked["is_bot"].to_numpy(dtype=bool), ranked["bot_probability"].to_numpy()
    ends = np.flatnonzero(np.append(p[1:] != p[:-1], True))
    hits, alarms = np.cumsum(bot)[ends], np.cumsum(~bot)[ends]
    fpr, recall = alarms / max((~bot).sum(), 1), hits / max(bot.sum(), 1)
    places = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), POINTS)).round().astype(int))
    roc = pd.DataFrame({"false_positive_rate": fpr[places], "recall": recall[places], "threshold": p[ends][places]})
    precision = hits / (hits + alarms)
    pr = pd.DataFrame({"recall": recall[places], "precision": precision[places], "threshold": p[ends][places]})
    edges = np.unique(np.quantile(p, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    bins = pd.DataFrame({"bin": np.searchsorted(edges, p), "said": p, "seen": bot.astype(float)}).groupby("bin")
    reliability = bins.agg(said=("said", "mean"), seen=("seen", "mean"), accounts=("seen", "size"))
    start = pd.DataFrame({"false_positive_rate": [0.0], "recall": [0.0], "threshold": [1.0]})
    return {
        "roc": pd.concat([start, roc], ignore_index=True).round(6),
        "precision_recall": pr.round(6),
        "reliability": reliability.reset_index(drop=True).round(6),
    }
