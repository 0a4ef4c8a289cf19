"""A reviewer's decisions become labels of a source of their own, and what they replaced is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import BadInput, printable

HISTORY = (
    "account_id",
    "was_bot",
    "was_kind",
    "was_source",
    "is_bot",
    "kind",
    "source",
    "decision",
    "decided_at",
    "why",
)
# What a reviewer may decide, and the label it gives; None leaves the account without one.
DECISIONS: dict[str, bool | None] = {"bot": True, "human": False, "unclear": None}
REVIEW, OF = "review:", " of "  # the source of a decision: review:NAME of SOURCE


@dataclass(frozen=True)
class Reviewed:
    """Labels after a review, and what became of each decided one."""

    labels: pd.DataFrame  # canonical labels
    history: pd.DataFrame  # columns HISTORY


def apply_decisions(labels: pd.DataFrame, decisions: pd.DataFrame, where: str) -> Reviewed:
    """Labels with a reviewer's decisions in the place of those decided about.

    A decision becomes a label of the source ``review:NAME of SOURCE``, where SOURCE is the data set the account is
    from (``collected_by``). It keeps the moment its account was judged at (``labelled_at``): features must be measured
    as they were when the reviewer saw them, and an account must not look inactive because it was reviewed years later.
    When it was decided is in the history, taken from the file.

    Parameters
    ----------
    labels : canonical labels
    decisions : str columns account_id, decision (a key of ``DECISIONS``; empty rows are skipped), reviewer,
        decided_at (ISO 8601; without a zone it is UTC), and optionally kind and why
    where : the file, for messages

    Returns
    -------
    Reviewed; where several decisions are about one account the latest counts, all are in the history

    Raises
    ------
    BadInput
        When a column, a reviewer or a moment is missing, a decision is none we know, an account has no label, or two
        decisions of one moment disagree; the message names the row.
    """
    asked = decided(decisions, where)
    known = labels.set_index("account_id", drop=False)
    strange = asked[~asked["account_id"].isin(known.index)]
    if len(strange):
        raise _wrong(where, strange, "account_id", "an account that has a label", strange["account_id"].iloc[0])
    last = asked.drop_duplicates("account_id", keep="last").set_index("account_id", drop=False)
    kept = labels[~labels["account_id"].isin(last.index)]
    before = known.loc[~known.index.duplicated()]
    given = last[last["decision"].map(DECISIONS).notna()]
    old = before.loc[given.index]
    is_bot = given["decision"].map(DECISIONS).astype(bool)
    # The kind stays where the label does: a spam bot that is confirmed is still a spam bot.
    kind = given["kind"].where(given["kind"].notna(), old["kind"].where(old["is_bot"].astype(bool) == is_bot))
    kind = kind.where(kind.notna() | is_bot, "human")
    new = pd.DataFrame(
        {
            "account_id": given.index.to_numpy(),
            "is_bot": is_bot.to_numpy(),
            "kind": kind.to_numpy(dtype=object),
            "source": _sources(given["reviewer"], old["source"]),
            "labelled_at": old["labelled_at"].to_numpy(),
            "confidence": np.full(len(given), np.nan),
        }
    )
    new["labelled_at"] = pd.to_datetime(new["labelled_at"], utc=True)
    merged = pd.concat([kept, new[list(kept.columns)]], ignore_index=True) if len(new) else kept
    return Reviewed(merged.sort_values(["account_id", "source"], ignore_index=True), _history(asked, before))


def collected_by(source: str) -> str:
    """The data set an account is from, whoever judged it last.

    Accounts of a data set stay its own when a reviewer has decided about some of them: left out of training, all are.
    """
    return source.rpartition(OF)[2] if source.startswith(REVIEW) else source


def _sources(reviewer: pd.Series, before: pd.Series) -> np.ndarray:
    """Names of the sources of decisions by ``reviewer`` about labels of the sources ``before``."""
    return (REVIEW + reviewer.to_numpy(dtype=object)) + OF + before.map(collected_by).to_numpy(dtype=object)


def _history(asked: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """One row per decision: what stood before the review and what was decided, in the order of the moments."""
    old = before.loc[asked["account_id"]]
    decided = asked["decision"].map(DECISIONS)
    return pd.DataFrame(
        {
            "account_id": asked["account_id"].to_numpy(),
            "was_bot": old["is_bot"].to_numpy(dtype=bool),
            "was_kind": old["kind"].to_numpy(dtype=object),
            "was_source": old["source"].to_numpy(dtype=object),
            "is_bot": pd.array(decided.to_numpy(dtype=object), dtype="boolean"),
            "kind": asked["kind"].to_numpy(dtype=object),
            "source": _sources(asked["reviewer"], old["source"]),
            "decision": asked["decision"].to_numpy(dtype=object),
            "decided_at": asked["decided_at"].to_numpy(),
            "why": asked["why"].to_numpy(dtype=object),
        }
    )[list(HISTORY)].assign(decided_at=lambda h: pd.to_datetime(h["decided_at"], utc=True))


def decided(decisions: pd.DataFrame, where: str) -> pd.DataFrame:
    """The decisions that say something, checked, in the order of their moments and accounts."""
    needed = ("account_id", "decision", "reviewer", "decided_at")
    absent = [c for c in needed if c not in decisions.columns]
    if absent:
        raise BadInput(
            where,
            expected=f"columns {', '.join(needed)}",
            got=f"no {', '.join(absent)} among {', '.join(map(str, decisions.columns))}",
            todo="Fill in the columns decision (bot, human or unclear), reviewer and decided_at beside account_id.",
        )
    rows = decisions.reindex(columns=[*needed, "kind", "why"]).reset_index(drop=True)
    rows = rows.astype("string").apply(lambda column: column.str.strip()).astype(object)
    rows = rows.where(rows.notna() & (rows != ""), None)
    rows = rows.assign(row=np.arange(1, len(rows) + 1))[rows["decision"].notna()]
    rows["decision"] = rows["decision"].str.casefold()
    unknown = rows[~rows["decision"].isin(DECISIONS)]
    if len(unknown):
        raise _wrong(where, unknown, "decision", f"one of {', '.join(DECISIONS)}", unknown["decision"].iloc[0])
    for column in ("account_id", "reviewer", "decided_at"):
        empty = rows[rows[column].isna()]
        if len(empty):
            raise _wrong(where, empty, column, "a value", "nothing")
    moment = pd.to_datetime(rows["decided_at"], utc=True, errors="coerce", format="ISO8601")
    if moment.isna().any():
        wrong = rows[moment.isna()]
        raise _wrong(where, wrong, "decided_at", "a moment such as 2026-05-04T10:00Z", wrong["decided_at"].iloc[0])
    rows["decided_at"] = moment
    rows = rows.sort_values(["decided_at", "account_id", "reviewer", "row"], ignore_index=True)
    same = rows.groupby(["account_id", "decided_at"])["decision"].transform("nunique") > 1
    if same.any():
        wrong = rows[same]
        both = " and ".join(sorted(set(wrong.loc[wrong["account_id"] == wrong["account_id"].iloc[0], "decision"])))
        raise _wrong(where, wrong, "decision", "one decision per account and moment", both)
    return rows


def _wrong(where: str, rows: pd.DataFrame, column: str, expected: str, got: Any) -> BadInput:
    more = f" ({len(rows) - 1:,} more such rows)" if len(rows) > 1 else ""
    return BadInput(
        f"{where}, row {int(rows['row'].min())}, column {column}",
        expected=expected,
        got=printable(str(got)) + more,
        todo="Correct the row; nothing was applied.",
    )
