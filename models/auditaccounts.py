"""Checks of the data audit that look at accounts: who meets whom across folds, and what labels and dates say."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from features.errors import printable
from models.auditcolumns import NEARLY, sources_told
from models.dataaudit import Answer, Known, check
from models.findings import NAMED, more
from models.onecolumn import balanced_accuracy, screened, told_by

TWINS = 0.05  # share of accounts that are measured exactly alike
SERIES = 0.05  # share of accounts in a series of names
BOTH_LABELS = 0.005  # handles with both labels, per labelled account
NAME_GAP = 0.2  # between the shares of bots and of people whose display name repeats


@check("AUD008", severity="severe")
def accounts_on_both_sides(known: Known) -> Answer:
    """The same account, or two that must stay together, is in two folds."""
    folds = known.folds
    twice = folds.groupby("account_id")["fold"].agg(["size", "nunique"])
    repeated = twice.index[twice["size"] > 1]
    # By time and by source the group of a tested account is left out of training instead.
    by = folds["by"].iloc[0] if "by" in folds else "group"
    apart = folds.groupby("group")["fold"].nunique()
    split = apart.index[apart > 1] if by == "group" else apart.index[:0]
    if not len(repeated) and not len(split):
        return None
    accounts = int(folds["group"].isin(split).sum())
    said = []
    if len(repeated):
        said.append(f"{len(repeated):,} accounts are listed more than once ({_shown(repeated)})")
    if len(split):
        said.append(f"{len(split):,} groups with {accounts:,} accounts are in several folds ({_shown(split)})")
    return f"{'; '.join(said)}. They would be tested with what was learned from themselves.", {
        "repeated_accounts": len(repeated),
        "groups_in_several_folds": len(split),
        "accounts": accounts,
    }


@check("AUD009", severity="issue")
def names_repeat(known: Known) -> Answer:
    """A handle occurs twice on one platform, or display names of one class repeat far more often than of the other."""
    place = _places(known)
    again = place[place.notna() & place.duplicated(keep=False)]
    name = known.accounts["display_name"].astype("string").str.strip().str.casefold()
    name = name.where(name.str.len() >= 4)
    fold = known.folds["fold"]
    crossing = (fold.groupby(name.to_numpy()).transform("nunique") > 1).to_numpy()
    there = name.notna().to_numpy()
    bots, people = (_share(crossing[there & who]) for who in (known.bot, ~known.bot))
    said = []
    if len(again):
        said.append(f"{len(again):,} accounts share their handle on one platform ({_shown(again.unique())})")
    if abs(bots - people) >= NAME_GAP:
        said.append(f"display names repeat in another fold for {bots:.0%} of bots and {people:.0%} of people")
    if not said:
        return None
    return f"{_sentence('; '.join(said))}. A model that reads names may remember them.", {
        "same_handle": len(again),
        "display_name_repeats": {"bots": round(bots, 4), "people": round(people, 4)},
    }


@check("AUD010", severity="severe")
def accounts_with_both_labels(known: Known) -> Answer:
    """The same account is labelled a bot and a person, or many share a handle with one of the other label."""
    folds = known.folds
    twice = int(folds.groupby("account_id")["is_bot"].nunique().gt(1).sum())
    names = _handles_with_both_labels(known)
    if not twice and len(names) < BOTH_LABELS * len(folds):
        return None
    return f"{_both(twice, names)}. Half of these labels are wrong, in training and in the numbers alike.", {
        "accounts": twice,
        "handles": len(names),
    }


@check("AUD011", severity="issue")
def equal_accounts_with_both_labels(known: Known) -> Answer:
    """Accounts that are measured exactly alike have different labels, which bounds what any model can reach."""
    twins = _twins(known)
    mixed = known.folds["is_bot"].groupby(twins).transform("nunique") > 1
    count = known.folds["is_bot"].groupby(twins).transform("size")
    minority = known.folds["is_bot"].groupby(twins).transform("mean")
    wrong = float((np.minimum(minority, 1 - minority))[mixed].sum())
    if mixed.mean() < TWINS:
        return None
    return (
        f"{int(mixed.sum()):,} accounts ({mixed.mean():.1%}) are measured exactly like one with the other label; no "
        f"model of these columns can be right about more than {1 - wrong / len(known.folds):.1%} of accounts.",
        {"accounts": int(mixed.sum()), "largest": int(count[mixed].max()), "accuracy_bound": 1 - wrong / len(mixed)},
    )


@check("AUD012", severity="issue")
def equal_accounts_in_several_folds(known: Known) -> Answer:
    """Accounts that are measured exactly alike are in several folds: out-of-fold scores of them are memory."""
    twins = _twins(known)
    apart = known.folds["fold"].groupby(twins).transform("nunique") > 1
    same = known.folds["is_bot"].groupby(twins).transform("nunique") == 1
    told = apart & same
    if told.mean() < TWINS:
        return None
    return (
        f"{int(told.sum()):,} accounts ({told.mean():.1%}) have a twin in another fold that is measured exactly alike "
        "and has the same label. They are scored from memory, and new accounts will not be.",
        {"accounts": int(told.sum()), "share": round(float(told.mean()), 6)},
    )


@check("AUD013", severity="issue")
def dates_decide_the_label(known: Known) -> Answer:
    """When an account was opened or read tells its label: the classes were collected at different times."""
    found = []
    for name, values in _dates(known):
        for scope in known.scopes:
            bot, at = known.bot[scope.rows], values[scope.rows]
            if np.isnan(at).all() or screened(at, bot) < NEARLY:
                continue
            accuracy = balanced_accuracy(bot, told_by(at, bot, known.part[scope.rows]))
            if accuracy >= NEARLY:
                found.append({"date": name, "in": scope.name, "balanced_accuracy": round(accuracy, 4)})
    if not found:
        return None
    words = "; ".join(f"{f['date']} in {f['in']} ({f['balanced_accuracy']:.3f})" for f in found[:NAMED])
    return (
        f"The date alone tells bots from people, with balanced accuracy: {words}. Ages and rates carry that into the "
        "features, and a split by time would compare collections.",
        {"dates": found},
    )


@check("AUD014", severity="note")
def dates_decide_the_source(known: Known) -> Answer:
    """When an account was opened or read tells which source it is from."""
    found = [f for name, values in _dates(known) for f in sources_told(known, name, values)]
    if not found:
        return None
    words = ", ".join(f"{f['column']} gives away {f['source']} ({f['roc_auc']:.3f})" for f in found[:NAMED])
    return f"Dates tell the source, by ROC AUC: {words}. A split by time is then a split by source.", {"dates": found}


@check("AUD016", severity="issue")
def sources_of_one_class(known: Known) -> Answer:
    """A source holds only bots or only people, so whatever gives the source away gives the label away."""
    names = np.unique(known.source)
    if len(names) < 2:
        return None
    bots = {str(n): float(known.bot[known.source == n].mean()) for n in names}
    only = {n: "bots" if share == 1 else "people" for n, share in bots.items() if share in (0.0, 1.0)}
    if not only:
        return None
    words = ", ".join(f"{n} only {what}" for n, what in only.items())
    return f"Sources of one class: {words}. What tells the source tells the label; add the other class.", {"only": only}


@check("AUD017", severity="issue")
def series_of_names_on_both_sides(known: Known) -> Answer:
    """Handles that differ only in their digits, as a factory makes them, are in several folds."""
    handle = known.accounts["username"].astype("string").str.casefold()
    made = handle.str.contains(r"\d") & (handle.str.count(r"[^\W\d_]") >= 3)
    series = handle.str.replace(r"\d+", "#", regex=True).where(made.fillna(False))
    fold, bot = known.folds["fold"], known.folds["is_bot"]
    apart = fold.groupby(series.to_numpy()).transform("nunique") > 1
    same = bot.groupby(series.to_numpy()).transform("nunique") == 1
    told = (apart & same).fillna(False).astype(bool)
    if told.mean() < SERIES:
        return None
    return (
        f"{int(told.sum()):,} accounts ({told.mean():.1%}) are in series of handles that differ only in digits, have "
        "one label and are in several folds. Set split.name_patterns: true to keep each series on one side.",
        {"accounts": int(told.sum()), "series": int(series[told.to_numpy()].nunique())},
    )


@check("AUD018", severity="issue")
def handles_with_both_labels(known: Known) -> Answer:
    """A few handles are labelled a bot by one row and a person by another, as when two sources judged one account."""
    names = _handles_with_both_labels(known)
    if not 0 < len(names) < BOTH_LABELS * len(known.folds):
        return None
    return f"{_both(0, names)}.", {"handles": len(names)}


def _handles_with_both_labels(known: Known) -> list[str]:
    """Handles that occur on one platform with both labels, sorted."""
    place = _places(known)
    both = known.folds["is_bot"].groupby(place.to_numpy()).transform("nunique") > 1
    return sorted(set(place[both.fillna(False).to_numpy(dtype=bool)]))


def _both(twice: int, names: list[str]) -> str:
    said = [f"{twice:,} accounts are labelled a bot and a person"] if twice else []
    if names:
        said.append(f"{len(names):,} handles belong to a bot by one label and a person by another ({_shown(names)})")
    return "; ".join(said)


def _places(known: Known) -> pd.Series:
    """Platform and case-folded handle of each account, missing where it has none."""
    handle = known.accounts["username"].astype("string").str.casefold()
    return known.accounts["platform"].astype("string").fillna("") + ":" + handle


def _twins(known: Known) -> np.ndarray:
    """A number per account, equal for accounts whose every column is; a missing value is equal to a missing one."""
    hashed = pd.util.hash_pandas_object(known.x.astype("float32"), index=False)
    return hashed.to_numpy()


def _dates(known: Known) -> list[tuple[str, np.ndarray]]:
    found = []
    for name in ("created_at", "observed_at"):
        moment = pd.to_datetime(known.accounts[name], utc=True)
        at = (moment - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy(dtype=np.float64)
        if np.isfinite(at).any():
            found.append((name, at))
    return found


def _share(yes: np.ndarray) -> float:
    return float(yes.mean()) if len(yes) else 0.0


def _shown(names: Iterable[object]) -> str:
    listed = [printable(str(n), 40) for n in names]
    return ", ".join(listed[:NAMED]) + more(listed)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
