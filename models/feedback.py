"""What people decided about scored accounts: labels that say where they come from, and how right the scores were.

A reviewer sees whom the score points at, and an appeal comes from whom it hit: labels of both are chosen by the score
and say nothing of those it passed over. Accounts drawn by chance do, so how right scores are is told from them alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from models.labelreview import DECISIONS, decided
from models.reasons import LEAST
from models.thresholds import ALLOW, TIERS

LIKELY = 0.5  # probability from which a score says bot
CHANNELS = ("review", "appeal", "audit")
# Of the usual range, the middle 80% of people: half of it is 1.3 standard deviations where values are normal. Counters
# that creep do not get there; a value that does is another one by any model.
FAR = 0.5
# Of drawn accounts, flagged and others alike, that were looked at before figures are told: the score decides who is
# looked at first, and at this share no count is more than a twentieth short on either side of it.
LOOKED = 0.95
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
SAID = ("bot_probability", "tier", "model_version", "as_of", "audit", "reasons")  # of VERDICTS, by the score
REFUSED = ("file", "row", "account_id", "decision", "reviewer", "decided_at", "reason")
NOT_SCORED = "the account is not among these scores: name the scores the person looked at"
EARLY = "decided before the moment the account was scored at: name the scores the person looked at"
OTHER_NIGHT = "the account is among these scores, but not as of the moment the verdict names"


class Met(NamedTuple):
    """Verdicts beside the scores they are about, and those that meet none."""

    verdicts: pd.DataFrame  # columns VERDICTS
    refused: pd.DataFrame  # columns REFUSED


def verdicts_of(rows: pd.DataFrame, scores: pd.DataFrame, channel: str, where: str) -> Met:
    """Verdicts in a file, checked, beside what the score had said.

    A verdict is about the score whose ``as_of`` it names. Where it names none, that is the last one of the account
    that is not of a moment after the verdict.

    Parameters
    ----------
    rows : columns account_id, decision (bot, human or unclear), reviewer, decided_at and optionally why and as_of; what
        the desk of `unpump review --serve` records for accounts without a label has an ``answer`` and its
        ``bot_probability`` in place of a decision
    scores : rows of scores with account_id, bot_probability, tier, model_version, as_of, audit and reasons, of one
        night or of several; of rows of one account and moment the last counts
    channel : review or appeal; verdicts about accounts drawn for the audit become ``audit``, except appeals
    where : the file, for messages

    Returns
    -------
    Met; every row with a decision is in one of the two

    Raises
    ------
    BadInput
        When a column is missing, or a decision is none we know; the message names the row.
    """
    given = _answered(rows.reset_index(drop=True))
    found = decided(given, where)
    named = pd.Series(given.get("as_of", pd.NaT), given.index)
    named = pd.to_datetime(named, utc=True, errors="coerce", format="ISO8601")
    found = found.assign(named=(found["row"] - 1).map(named))
    told = scores[["account_id", *SAID]].assign(as_of=pd.to_datetime(scores["as_of"], utc=True))
    pairs = found[["row", "account_id", "decided_at", "named"]].merge(told, on="account_id")
    meant = pairs["named"].isna() | (pairs["named"] == pairs["as_of"])
    usable = pairs[meant & ~(pairs["as_of"] > pairs["decided_at"])]
    usable = usable.sort_values(["row", "as_of"], kind="stable", na_position="first")
    usable = usable.drop_duplicates("row", keep="last")
    whole = found.drop(columns=["kind", "named"]).merge(usable[["row", *SAID]], on="row")
    by_chance = whole["audit"].to_numpy(dtype=bool) & (channel != "appeal")
    verdicts = whole.assign(channel=np.where(by_chance, "audit", channel))[list(VERDICTS)]
    left = found[~found["row"].isin(usable["row"])]
    early = left["row"].isin(pairs["row"][meant])
    scored = left["account_id"].isin(told["account_id"])
    why = np.where(early, EARLY, np.where(scored, OTHER_NIGHT, NOT_SCORED))
    return Met(verdicts, left.assign(file=where, reason=why)[list(REFUSED)].reset_index(drop=True))


def _answered(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with a decision in the place of what was answered to a score."""
    if not {"answer", "bot_probability"} <= set(rows.columns):
        return rows
    said = pd.to_numeric(rows["bot_probability"], errors="coerce") >= LIKELY
    answered = np.where((rows["answer"] == "agree") == said, "bot", "human")
    answered = np.where(rows["answer"] == "unsure", "unclear", answered)
    if "decision" not in rows:
        return rows.assign(decision=answered)
    return rows.assign(decision=rows["decision"].where(rows["decision"].notna(), answered))


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
    """The last verdict about each account by which a person took it off the tier the score had put it into.

    It stands until a later verdict of ``bot``. An ``unclear`` one decides nothing; a ``human`` one given while the
    score allowed the account confirms it, and had nothing new to look at.
    """
    told = verdicts[verdicts["decision"] != "unclear"]
    told = told.sort_values(["account_id", "decided_at", "channel", "reviewer"], kind="stable")
    # Verdicts before the last ``bot`` of an account are over: going backwards, no ``bot`` has been met yet.
    is_bot = (told["decision"] == "bot").iloc[::-1]
    standing = told[~is_bot.groupby(told["account_id"].iloc[::-1]).cummax().iloc[::-1].astype(bool)]
    flagged = standing[standing["tier"].notna() & (standing["tier"] != ALLOW)]
    return flagged.drop_duplicates("account_id", keep="last").reset_index(drop=True)


def is_new(
    then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], least: float, same_model: bool = True
) -> bool:
    """Whether reasons speak for a bot that did not when a person looked.

    By the same model, a reason is new when it pushes towards bot by ``least`` log-odds more than it did, and its value
    is another one. What a reason that was not shown then pushed is bounded by those that were; beyond that bound
    something about the account has changed, because the same values have the same pushes.

    Another model gives the same values other pushes, so the values alone are compared: a reason is new when it was
    shown then, its value has moved by ``FAR`` of the usual range, and it pushes by ``least``. Of a reason that was not
    shown then, nobody knows whether its value has changed.

    Parameters
    ----------
    then, now : reasons as in scores, the best first; without any then, nothing can be told to be new
    least : float, log-odds
    same_model : whether both are by one model
    """
    before = {r["feature"]: r for r in then}
    for reason in now if before else ():
        push, old = float(reason["contribution"]), before.get(reason["feature"])
        if old is None:
            new = same_model and push - _most_unseen(then, reason["family"]) >= least
        elif same_model:
            new = push - max(float(old["contribution"]), 0.0) >= least and _moved(old, reason, 0.0)
        else:
            new = push >= least and _moved(old, reason, FAR)
        if new:
            return True
    return False


def _moved(old: Mapping[str, Any], reason: Mapping[str, Any], far: float) -> bool:
    """Whether a value is another one, and ``far`` times the usual range away; what became unknown is no evidence."""
    was, value = _number(old["value"]), _number(reason["value"])
    if math.isnan(value) or math.isnan(was):
        return math.isnan(was) and not math.isnan(value)
    # Engines may differ in the last bits of a value.
    if math.isclose(was, value, rel_tol=1e-9, abs_tol=1e-12):
        return False
    usual = _number(reason["usual_high"]) - _number(reason["usual_low"])
    return abs(value - was) >= far * (abs(was) if math.isnan(usual) else usual)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _most_unseen(shown: Sequence[Mapping[str, Any]], family: str) -> float:
    """The most that a feature of ``family`` which is not among the reasons ``shown`` can have pushed, in log-odds.

    Reasons are the largest of each family by size, then the largest of what is left: see ``models.reasons.chosen``.
    """
    first: dict[str, float] = {}
    second: list[float] = []
    for reason in shown:
        size = abs(float(reason["contribution"]))
        if reason["family"] in first:
            second.append(size)
        else:
            first[reason["family"]] = size
    if family not in first:
        return LEAST if second else min(first.values())
    return min([first[family], *second])


def realised(scores: pd.DataFrame, verdicts: pd.DataFrame, level: float = 0.95) -> dict[str, Any]:
    """How right each tier and harsher ones were, by the verdicts about accounts drawn by chance.

    What is flagged is looked at first, so accounts nobody has judged are not like those that were. ``low`` and
    ``high`` hold whatever they turn out to be. A value is given only where ``LOOKED`` of the flagged accounts, and for
    all but precision of the others too, were looked at.

    Parameters
    ----------
    scores : rows of drawn accounts, each once, with account_id, tier, scored_tier, bot_probability and audit
    verdicts : as ``verdicts_of`` gives them, of all channels; an account is judged by the tier its verdict met
    level : of the intervals (Clopper and Pearson)

    Returns
    -------
    JSON value: ``drawn``, ``judged``, ``unclear`` and ``open`` accounts; ``complete``: no value is withheld; ``says``:
    the sentence why, else None; ``bot_share``; ``tiers``: tier -> precision, recall and false_positive_rate, each
    {"value", "low", "high", "hits", "of"}, hits and of counted among those judged, value None where nobody was counted
    or too much is open
    """
    usable = scores[scores["audit"].to_numpy(dtype=bool) & scores["tier"].notna().to_numpy()]
    last = latest(verdicts).set_index("account_id")
    decision = usable["account_id"].map(last["decision"])
    bot, human = (decision == "bot").to_numpy(), (decision == "human").to_numpy()
    seen = decision.notna()
    # An overturned verdict is shown as allowed; what the score had said is what is to be judged.
    tier = usable["account_id"].map(last["tier"]).where(seen, usable["scored_tier"])
    probability = usable["account_id"].map(last["bot_probability"]).where(seen, usable["bot_probability"])
    rank = tier.map({t: i for i, t in enumerate(TIERS)}).fillna(len(TIERS)).to_numpy()
    tiers, covered = {}, [bool(len(usable))]
    for place, name in enumerate(TIERS):
        flagged = rank <= place
        enough = [not within.any() or seen.to_numpy()[within].mean() >= LOOKED for within in (flagged, ~flagged)]
        covered += enough
        tiers[name] = {
            "precision": _bounded(bot & flagged, human & flagged, bot | human, flagged, flagged, enough[0], level),
            "recall": _bounded(bot & flagged, bot & ~flagged, bot | human, flagged, ~flagged, all(enough), level),
            "false_positive_rate": _bounded(
                human & flagged, human & ~flagged, bot | human, flagged, ~flagged, all(enough), level
            ),
        }
    everyone = np.ones(len(usable), dtype=bool)
    counts = {
        "drawn": len(usable),
        "judged": int((bot | human).sum()),
        "unclear": int((decision == "unclear").sum()),
        "open": int((~seen).sum()),
    }
    return {
        **counts,
        "complete": all(covered),
        "says": None if all(covered) else _withheld(counts),
        "level": level,
        # The last tier tells flagged accounts from those that are allowed.
        "bot_share": _bounded(bot, human, bot | human, everyone, everyone, all(covered[-2:]), level),
        "expected_bot_share": float(probability.mean()) if len(usable) else None,
        "tiers": tiers,
    }


def _bounded(
    hits: np.ndarray,
    misses: np.ndarray,
    judged: np.ndarray,
    may_hit: np.ndarray,
    may_miss: np.ndarray,
    enough: bool,
    level: float,
) -> dict[str, Any]:
    """A share among judged accounts, with an interval that holds whatever those not judged turn out to be.

    All arguments but the last two are bool of one entry an account; an account that is not judged could still be a hit
    where ``may_hit``, and a miss where ``may_miss``. ``enough`` lets the value be told.
    """
    n, m = int(hits.sum()), int(misses.sum())
    share = share_of(n, n + m, level)
    more, less = int((may_hit & ~judged).sum()), int((may_miss & ~judged).sum())
    low, high = share_of(n, n + m + less, level)["low"], share_of(n + more, n + m + more, level)["high"]
    return {**share, "value": share["value"] if enough else None, "low": low, "high": high}


def _withheld(counts: Mapping[str, int]) -> str:
    if not counts["drawn"]:
        return "No account of these scores was drawn by chance: set score.audit_share."
    return (
        f"{counts['open']:,} of {counts['drawn']:,} accounts drawn by chance are still to be looked at. Figures wait "
        f"until {LOOKED:.0%} of the flagged and of the others are; until then low and high allow for whatever they are."
    )


def share_of(hits: int, n: int, level: float) -> dict[str, Any]:
    """A share with its exact interval (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    if not n:
        return {"value": None, "low": 0.0, "high": 1.0, "hits": 0, "of": 0}
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return {"value": hits / n, "low": low, "high": high, "hits": hits, "of": n}
