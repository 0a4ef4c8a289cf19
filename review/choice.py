"""Which accounts a reviewer should look at: the surest right and wrong, the borderline, a typical one per kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

SUREST_RIGHT_BOT = "surest bot, rightly"
SUREST_RIGHT_PERSON = "surest person, rightly"
FALSE_ALARM = "false alarm"
MISSED = "missed bot"
BORDERLINE = "borderline"


def choose(oof: pd.DataFrame, count: int, cut: float) -> list[tuple[str, list[str]]]:
    """At most ``count`` accounts chosen on purpose, each with why; the same ones whatever the order of rows.

    Every wish (surest right, surest wrong, borderline, typical of each kind and source) is met once before any is met
    twice; a typical account is one in the middle of its group.

    Parameters
    ----------
    oof : DataFrame with account_id, source, kind, is_bot and bot_probability of accounts scored out of fold
    count : int
    cut : float, probability at and above which an account is acted on

    Returns
    -------
    list of (account_id, reasons of the choice), in the order of the wishes
    """
    rows = oof.sort_values(["bot_probability", "account_id"], ignore_index=True)
    wishes = [*_ends(rows, cut), *_typical(rows)]
    chosen: dict[str, list[str]] = {}
    # One from every wish in turn, so that each is met before any is met twice.
    for turn in range(len(rows)):
        for why, ids in wishes:
            if turn < len(ids) and (ids[turn] in chosen or len(chosen) < count):
                chosen.setdefault(ids[turn], []).append(why)
        if len(chosen) >= count or all(turn + 1 >= len(ids) for _, ids in wishes):
            break
    ranks = {why: i for i, (why, _) in enumerate(wishes)}
    return sorted(chosen.items(), key=lambda one: ranks[one[1][0]])


def _ends(rows: pd.DataFrame, cut: float) -> list[tuple[str, Sequence[str]]]:
    bot = rows["is_bot"].to_numpy(dtype=bool)
    p = rows["bot_probability"].to_numpy(dtype=np.float64)
    ids = rows["account_id"].to_numpy(dtype=object)
    near = np.argsort(np.abs(p - cut), kind="stable")
    return [
        (SUREST_RIGHT_BOT, list(ids[bot & (p >= cut)][::-1])),
        (FALSE_ALARM, list(ids[~bot & (p >= cut)][::-1])),
        (MISSED, list(ids[bot & (p < cut)])),
        (SUREST_RIGHT_PERSON, list(ids[~bot & (p < cut)])),
        (BORDERLINE, list(ids[near])),
    ]


def _typical(rows: pd.DataFrame) -> list[tuple[str, Sequence[str]]]:
    """The account in the middle of the scores of each kind and of each source, once each."""
    wishes: list[tuple[str, Sequence[str]]] = []
    for column in ("kind", "source"):
        for value, group in rows.dropna(subset=[column]).groupby(column, sort=True):
            middle = group["account_id"].iloc[(len(group) - 1) // 2]
            wishes.append((f"typical of {column} {value}", [middle]))
    return wishes
