"""Folds: who is trained on and who is tested on, so that no account meets itself or its twin on the other side."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.errors import BadInput
from models.labelreview import collected_by
from models.settings import Split

if TYPE_CHECKING:
    import pandas as pd

UNUSED = -1  # fold of an account in the gap before a test period: neither trained on nor tested
COLUMNS = ("account_id", "source", "is_bot", "kind", "platform", "group", "by", "fold", "source_fold")
# A name pattern with fewer letters (`a_1`, `007`) says nothing about who made the account.
FEWEST_LETTERS = 3
# A pattern may hold this share of a fold; beyond, it is a fashion (`user1234`) and would unbalance the folds.
LARGEST_SHARE_OF_FOLD = 0.25


@dataclass(frozen=True)
class Side:
    """One test: positions of the accounts trained on and of those tested, both increasing."""

    fold: int
    train: np.ndarray
    test: np.ndarray


def split_accounts(accounts: pd.DataFrame, labels: pd.DataFrame, settings: Split) -> pd.DataFrame:
    """Put every labelled account on one side of each fold.

    Parameters
    ----------
    accounts : DataFrame with account_id (unique), platform, username, observed_at
    labels : DataFrame with account_id (unique), is_bot, kind, source, labelled_at
    settings : Split

    Returns
    -------
    DataFrame, one row per labelled account, sorted by account_id, with the columns ``COLUMNS``; ``fold`` counts
    from 0, and is ``UNUSED`` in the gap before a test period. The order of the rows given does not matter.

    Raises
    ------
    BadInput
        When labels are of one class, repeated or without an account, or there are too few for the folds.
    """
    known = _labelled(accounts, labels)
    known["group"] = groups(known, settings)
    sources = sorted(known["source"].unique())
    known["source_fold"] = known["source"].map({s: i for i, s in enumerate(sources)}).astype("int64")
    known["by"] = settings.by
    if settings.by == "source":
        _need_two("sources", len(sources), "split.by")
        known["fold"] = known["source_fold"]
    elif settings.by == "time":
        known["fold"] = _periods(known, settings)
    else:
        known["fold"] = _balanced(known, settings)
    known["fold"] = known["fold"].astype("int64")
    return known[list(COLUMNS)]


def sides(folds: pd.DataFrame) -> Iterator[Side]:
    """The tests that ``folds`` describes, in the order of the folds.

    By time the training side is every earlier period (so the first period is never tested); else it is every other
    fold. Accounts whose group is tested are left out of training, wherever their fold would put them.
    """
    fold = folds["fold"].to_numpy()
    group = folds["group"].to_numpy()
    by_time = len(folds) > 0 and folds["by"].iloc[0] == "time"
    for k in sorted(set(fold[fold != UNUSED].tolist())):
        test = fold == k
        train = ~test & (fold != UNUSED) & (fold < k if by_time else True)
        train &= ~np.isin(group, np.unique(group[test]))
        if train.any():
            yield Side(int(k), np.flatnonzero(train), np.flatnonzero(test))


def groups(known: pd.DataFrame, settings: Split) -> np.ndarray:
    """Name of the group of each account: those that must stay on one side together.

    Accounts with the same platform and case-folded handle are one group. With ``name_patterns`` so are handles that
    differ only in the digits (a factory's `jenny_4821`, `jenny_9930`), as long as at least three letters remain and
    the pattern holds at most a quarter of a fold. A more common pattern is narrowed to the same number of digits in
    the same places; when that is still too common its handles are kept apart. Handles without a digit have no
    pattern, so a first name alone never joins two people. Without a handle an account is its own group.
    """
    handle = known["username"].fillna("").astype(str).str.casefold()
    place = known["platform"].astype(str) + ":"
    exact = (place + handle).where(handle != "", "id:" + known["account_id"].astype(str))
    if not settings.name_patterns:
        return exact.to_numpy(dtype=object)
    most = max(2, int(LARGEST_SHARE_OF_FOLD * len(known) / settings.folds))
    group = exact.copy()
    unsettled = (handle.str.count(r"[^\W\d_]") >= FEWEST_LETTERS) & handle.str.contains(r"\d")
    for digits in (r"\d+", r"\d"):
        pattern = (place + handle.str.replace(digits, "#", regex=True))[unsettled]
        small = pattern.map(pattern.value_counts()) <= most
        settled = small[small].index
        group.loc[settled] = pattern.loc[settled]
        unsettled.loc[settled] = False
    return group.to_numpy(dtype=object)


def _labelled(accounts: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Labelled accounts with what the split needs, sorted by account_id; ``source`` is the data set they are from."""
    again = labels["account_id"][labels["account_id"].duplicated()]
    if len(again):
        raise BadInput(
            f"labels, account {again.min()}",
            expected="one label per account",
            got=f"{len(again):,} accounts labelled more than once",
            todo="Run `unpump prepare`, which resolves repeated accounts.",
        )
    known = labels[["account_id", "source", "is_bot", "kind", "labelled_at"]].merge(
        accounts[["account_id", "platform", "username", "observed_at"]], on="account_id", how="left", indicator="found"
    )
    lost = known["account_id"][known["found"] == "left_only"]
    if len(lost):
        raise BadInput(
            f"labels, account {lost.min()}",
            expected="a row in accounts for every label",
            got=f"{len(lost):,} labels without one",
            todo="Run `unpump prepare`, which refuses such labels one by one.",
        )
    known = known.sort_values("account_id", ignore_index=True)
    known["source"] = known["source"].map(collected_by)
    known["is_bot"] = known["is_bot"].astype(bool)
    bots = int(known["is_bot"].sum())
    if bots == 0 or bots == len(known):
        raise BadInput(
            "labels, column is_bot",
            expected="accounts of both classes",
            got=f"{bots:,} bots and {len(known) - bots:,} people",
            todo="Add a source that has the other class.",
        )
    return known


def _need_two(what: str, found: int, where: str) -> None:
    if found < 2:
        raise BadInput(
            f"setting {where}", expected=f"at least 2 {what}", got=str(found), todo="Split by group instead."
        )


def _periods(known: pd.DataFrame, settings: Split) -> np.ndarray:
    """Period of each account, ``folds`` of about equal size; accounts of one moment share a period."""
    import pandas as pd

    moment = pd.to_datetime(known["labelled_at"].fillna(known["observed_at"]), utc=True)
    if moment.isna().any():
        raise BadInput(
            "setting split.by=time",
            expected="labelled_at or observed_at for every labelled account",
            got=f"{int(moment.isna().sum()):,} accounts without either",
            todo="Split by group instead, or give the dates in the recipe.",
        )
    at = moment.to_numpy(dtype="datetime64[us]").astype("int64")
    ordered = np.sort(at)
    places = np.arange(1, settings.folds) * len(at) // settings.folds
    starts = np.unique(ordered[places])
    starts = starts[starts > ordered[0]]
    _need_two("moments far enough apart to make periods", len(starts) + 1, "split.by=time")
    fold = np.searchsorted(starts, at, side="right")
    gap = settings.gap_days * 86_400_000_000
    upcoming = np.searchsorted(starts, at, side="right")
    has_next = upcoming < len(starts)
    next_start = starts[np.minimum(upcoming, len(starts) - 1)]
    return np.where(has_next & (at >= next_start - gap), UNUSED, fold)


def _balanced(known: pd.DataFrame, settings: Split) -> np.ndarray:
    """Fold of each account: whole groups, every source and class spread evenly, order by md5 of group and seed."""
    group, member = np.unique(known["group"].to_numpy(dtype=str), return_inverse=True)
    stratum = known["source_fold"].to_numpy() * 2 + known["is_bot"].to_numpy()
    held = np.zeros((len(group), int(stratum.max()) + 1), dtype=np.int64)
    np.add.at(held, (member, stratum), 1)
    _enough(known, held, settings)
    size = held.sum(axis=1)
    order = sorted(range(len(group)), key=lambda g: (-size[g], md5(f"{settings.seed}:{group[g]}")))
    load = np.zeros((settings.folds, held.shape[1]), dtype=np.float64)
    wanted = np.maximum(held.sum(axis=0) / settings.folds, 1e-9)
    fold = np.zeros(len(group), dtype=np.int64)
    several = [g for g in order if size[g] > 1]
    for g in several:
        # What the squares of the relative loads would grow by; the emptier fold wins, the first on a tie.
        growth = ((2 * load + held[g]) * held[g] / wanted**2).sum(axis=1)
        fold[g] = np.lexsort((load.sum(axis=1), growth.round(9)))[0]
        load[fold[g]] += held[g]
    total = load.sum(axis=1)
    only = held.argmax(axis=1)
    for s in range(held.shape[1]):
        queue = [(load[k, s], total[k], k) for k in range(settings.folds)]
        heapq.heapify(queue)
        for g in order[len(several) :]:
            if only[g] == s:
                here, all_here, k = heapq.heappop(queue)
                fold[g] = k
                total[k] += 1
                heapq.heappush(queue, (here + 1, all_here + 1, k))
    return fold[member]


def _enough(known: pd.DataFrame, held: np.ndarray, settings: Split) -> None:
    """Every fold needs a bot and a person, and they must not all belong to one group."""
    for says, column in (("people", 0), ("bots", 1)):
        found = int((held[:, column::2].sum(axis=1) > 0).sum())
        if found < settings.folds:
            raise BadInput(
                "labels, column is_bot",
                expected=f"at least {settings.folds} groups of {says} for {settings.folds} folds",
                got=f"{found} in {len(known):,} labelled accounts",
                todo="Label more accounts or lower split.folds.",
            )


def md5(text: str) -> str:
    """Hexadecimal md5 of ``text``: an order nobody chose, the same on every machine."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
