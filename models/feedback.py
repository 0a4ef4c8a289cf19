"""What people decided about scored accounts: labels that say where they come from, and how right the scores were.

A reviewer sees whom the score points at, and an appeal comes from whom it hit: labels of both are chosen by the score
and say nothing of those it passed over. Accounts drawn by chance do, so how right scores are is told from them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.errors import BadInput, printable
from models.labelreview import DECISIONS, decided
from models.thresholds import ALLOW, TIERS

LIKELY = 0.5  # probability from which a score says bot
CHANNELS = ("review", "appeal", "audit")
# What is kept of a verdict; ``reasons`` are those the score gave, by which later ones are compared.
VERDICTS = (
    "account_id",
    "decision",
    "channel",
    "reviewer",
    "decided_at",
    "why",
    "bot_probability",
    "tier",
    "model_version",
    "as_of",
    "audit",
    "reasons",
)


def verdicts_of(rows: pd.DataFrame, scores: pd.DataFrame, channel: str, where: str) -> pd.DataFrame:
    """Verdicts in a file, checked, beside what the score had said.

    Parameters
    ----------
    rows : columns account_id, decision (bot, human or unclear), reviewer, decided_at and optionally why; what the desk
        of `unpump review --serve` records for accounts without a label has an ``answer`` and its ``bot_probability``
        in place of a decision
    scores : rows of scores with account_id, bot_probability, tier, model_version, as_of, audit and reasons
    channel : review or appeal; verdicts about accounts drawn for the audit become ``audit``, except appeals
    where : the file, for messages

    Raises
    ------
    BadInput
        When a column is missing, a decision is none we know, or an account was not scored; the message names the row.
    """
    given = rows.copy()
    if {"answer", "bot_probability"} <= set(given.columns):
        said = pd.to_numeric(given["bot_probability"], errors="coerce") >= LIKELY
        answered = np.where((given["answer"] == "agree") == said, "bot", "human")
        answered = np.where(given["answer"] == "unsure", "unclear", answered)
        known = given["decision"].notna() if "decision" in given else pd.Series(False, index=given.index)
        given["decision"] = given["decision"].where(known, answered) if "decision" in given else answered
    found = decided(given, where)
    known_scores = scores.drop_duplicates("account_id").set_index("account_id")
    strange = found[~found["account_id"].isin(known_scores.index)]
    if len(strange):
        more = f" ({len(strange) - 1:,} more such rows)" if len(strange) > 1 else ""
        raise BadInput(
            f"{where}, row {int(strange['row'].min())}, column account_id",
            expected="an account that was scored",
            got=printable(str(strange["account_id"].iloc[0])) + more,
            todo="Name the scores these verdicts are about.",
        )
    said_then = known_scores.loc[found["account_id"]].reset_index(drop=True)
    kept = ["bot_probability", "tier", "model_version", "as_of", "audit", "reasons"]
    found = pd.concat([found.reset_index(drop=True).drop(columns=["row", "kind"]), said_then[kept]], axis=1)
    by_chance = said_then["audit"].to_numpy(dtype=bool) & (channel != "appeal")
    return found.assign(channel=np.where(by_chance, "audit", channel))[list(VERDICTS)]


def latest(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The last verdict about each account, sorted by account."""
    rows = verdicts.sort_values(["account_id", "decided_at", "channel", "reviewer"], kind="stable")
    return rows.drop_duplicates("account_id", keep="last").reset_index(drop=True)


def labels_of(verdicts: pd.DataFrame) -> pd.DataFrame:
    """The last verdict about each account as a canonical label of the source ``CHANNEL:REVIEWER``.

    ``labelled_at`` is the moment the account was judged at by the score the person saw: features must be measured as
    they were then. Unclear verdicts give no label.
    """
    last = latest(verdicts)
    last = last[last["decision"] != "unclear"].reset_index(drop=True)
    is_bot = last["decision"].map(DECISIONS).astype(bool)
    return pd.DataFrame(
        {
            "account_id": last["account_id"],
            "is_bot": is_bot,
            "kind": [None if bot else "human" for bot in is_bot],
            "source": last["channel"] + ":" + last["reviewer"],
            "labelled_at": pd.to_datetime(last["as_of"], utc=True),
            "confidence": np.full(len(last), np.nan),
        }
    )


def overturned(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Last verdicts by which a person took an account off the tier the score had put it into."""
    last = latest(verdicts)
    return last[(last["decision"] == "human") & last["tier"].notna() & (last["tier"] != ALLOW)].reset_index(drop=True)


def is_new(then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], least: float) -> bool:
    """Whether reasons speak for a bot that did not when a person looked.

    A reason is new when it pushes towards bot by ``least`` log-odds more than it did then. One that was not shown then
    counts as having pushed like the weakest that was: reasons change places without anything having happened.
    """
    before = {r["feature"]: float(r["contribution"]) for r in then}
    unseen = min((c for c in before.values() if c > 0), default=0.0)
    return any(r["contribution"] - max(before.get(r["feature"], unseen), 0.0) >= least for r in now)


def realised(scores: pd.DataFrame, verdicts: pd.DataFrame, level: float = 0.95) -> dict[str, Any]:
    """How right each tier and harsher ones were, by the verdicts about accounts drawn by chance.

    Parameters
    ----------
    scores : rows with account_id, status, tier, bot_probability and audit
    verdicts : as ``verdicts_of`` gives them, of all channels
    level : of the intervals (Clopper and Pearson)

    Returns
    -------
    JSON value: ``drawn``, ``judged``, ``unclear`` and ``open`` accounts; ``bot_share``; ``tiers``: tier -> precision,
    recall and false_positive_rate, each {"value", "low", "high", "hits", "of"}, value None where nobody was counted
    """
    usable = scores[scores["audit"].to_numpy(dtype=bool) & scores["tier"].notna().to_numpy()]
    last = latest(verdicts).set_index("account_id")["decision"]
    decision = usable["account_id"].map(last)
    known = decision.isin(["bot", "human"]).to_numpy()
    bot = (decision == "bot").to_numpy()[known]
    # An overturned verdict is shown as allowed; what the score had said is what is to be judged.
    rank = usable["scored_tier"].map({t: i for i, t in enumerate(TIERS)}).fillna(len(TIERS)).to_numpy()[known]
    tiers = {}
    for place, tier in enumerate(TIERS):
        flagged = rank <= place
        tiers[tier] = {
            "precision": share_of(int((bot & flagged).sum()), int(flagged.sum()), level),
            "recall": share_of(int((bot & flagged).sum()), int(bot.sum()), level),
            "false_positive_rate": share_of(int((~bot & flagged).sum()), int((~bot).sum()), level),
        }
    unclear = int((decision == "unclear").sum())
    return {
        "drawn": len(usable),
        "judged": int(known.sum()),
        "unclear": unclear,
        "open": len(usable) - int(known.sum()) - unclear,
        "level": level,
        "bot_share": share_of(int(bot.sum()), int(known.sum()), level),
        "expected_bot_share": float(usable["bot_probability"].mean()) if len(usable) else None,
        "tiers": tiers,
    }


def share_of(hits: int, n: int, level: float) -> dict[str, Any]:
    """A share with its exact interval (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    if not n:
        return {"value": None, "low": 0.0, "high": 1.0, "hits": 0, "of": 0}
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return {"value": hits / n, "low": low, "high": high, "hits": hits, "of": n}
