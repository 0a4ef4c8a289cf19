"""The gate: may a new model replace the one in use? Each check answers in a sentence; one failure keeps the old."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.errors import BadInput
from models.calibration import logit, prior_shift, sigmoid
from models.metrics import Scores, measure
from models.settings import Gate
from models.slices import DIMENSIONS, UNKNOWN, broken, measure_slices
from models.thresholds import TIERS

# A slice with fewer of either class says too little about which of two models is better.
FEWEST_OF_CLASS = 20
PER_SLICE = "false positives per slice"  # name of the check that pages look up


@dataclass(frozen=True)
class Answer:
    """What one check found; ``says`` is a sentence a person can act on."""

    check: str
    passed: bool
    says: str
    evidence: dict[str, Any] = field(default_factory=dict)


def judge(
    rows: pd.DataFrame,
    settings: Gate,
    *,
    baselines: pd.DataFrame | None = None,
    slices: pd.DataFrame | None = None,
    landed: pd.DataFrame | None = None,
    costs: Mapping[str, float] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Whether the challenger may become champion, and why.

    Parameters
    ----------
    rows : DataFrame, one row per labelled account: account_id, is_bot, challenger and, unless there is no champion,
        champion: the probability each gave without having learned from the account, at one share of bots
        (``at_share``). Both are judged on the rows where neither is missing. ``champion_saw`` (``same_rows``) marks
        rows where that is not certain
    settings : Gate
    baselines : DataFrame with account_id and one column of probabilities per baseline the challenger must beat
    slices : what ``models.slices.slice_accounts`` says of the accounts
    landed : account_id and the challenger's tier by thresholds chosen without the account
        (``models.policy.land_out_of_fold``), for ``settings.ceilings``
    costs : cost of explaining one account (``explaining_cost``) by ``challenger`` and ``champion``
    seed : of the bootstrap

    Returns
    -------
    JSON value: decision (promote or keep), reasons (sentences; those of failed checks when the decision is keep),
    checks (every answer with its evidence), accounts, bots

    Raises
    ------
    BadInput
        When no account was scored by both, or the rows hold one class.
    """
    columns = [c for c in ("challenger", "champion") if c in rows]
    known = rows.dropna(subset=columns).sort_values("account_id", ignore_index=True)
    bot = known["is_bot"].to_numpy(dtype=bool)
    if not bot.any() or bot.all():
        raise BadInput(
            "gate",
            expected="labelled bots and people that both models scored",
            got=f"{int(bot.sum()):,} bots and {int((~bot).sum()):,} people",
            todo="Score the same labelled accounts with both models.",
        )
    answers = [
        *_against_baselines(known, bot, baselines, settings, seed),
        *_against_champion(known, bot, settings, seed),
        *_in_slices(known, slices, settings, seed),
        *_ceilings(known, slices, landed, settings),
        *_cost(costs, settings),
    ]
    failed = [a.says for a in answers if not a.passed]
    return {
        "decision": "keep" if failed else "promote",
        "reasons": failed or [a.says for a in answers if a.passed],
        "checks": [asdict(a) for a in answers],
        "accounts": len(known),
        "bots": int(bot.sum()),
    }


def _against_baselines(
    known: pd.DataFrame, bot: np.ndarray, baselines: pd.DataFrame | None, settings: Gate, seed: int
) -> Iterator[Answer]:
    if baselines is None:
        return
    table = known[["account_id"]].merge(baselines, on="account_id", how="left", validate="one_to_one")
    rivals = {c: Scores(table[c].to_numpy(dtype=np.float64)) for c in table.columns[1:] if table[c].notna().all()}
    if not rivals:
        return
    systems = {"challenger": Scores(known["challenger"].to_numpy(dtype=np.float64))} | rivals
    _, differences = measure(bot, systems, resamples=settings.resamples, level=settings.level, seed=seed)
    name = min(rivals, key=lambda r: differences[r]["average_precision"]["value"])
    gained = differences[name]["average_precision"]
    yield Answer(
        "baselines",
        gained["low"] > settings.margin,
        f"Average precision {_moved(gained)} against the best baseline ({name}); it must be above "
        f"{settings.margin:+.3f} with its whole interval.",
        {"baseline": name, "average_precision": gained},
    )


def _against_champion(known: pd.DataFrame, bot: np.ndarray, settings: Gate, seed: int) -> Iterator[Answer]:
    if "champion" not in known:
        return
    _, found = measure(bot, _pair(known), resamples=settings.resamples, level=settings.level, seed=seed)
    moved = found["champion"]
    quality = moved["average_precision"]
    saw = int(known["champion_saw"].sum()) if "champion_saw" in known else 0
    flattered = f" The champion may have learned from {saw:,} of them, which flatters it." if saw else ""
    yield Answer(
        "quality",
        quality["low"] >= -settings.may_lose and quality["value"] >= -settings.tolerance,
        f"Average precision {_moved(quality)} against the champion on the same {len(known):,} accounts; it may lose "
        f"{settings.tolerance:.3f}, and its interval must stay above {-settings.may_lose:+.3f}.{flattered}",
        {"average_precision": quality, "champion_saw": saw},
    )
    recall = moved["recall_at_1pct_fpr"]
    if recall["value"] is not None:
        worse = recall["high"] < 0 and recall["value"] < -settings.recall_may_lose
        yield Answer(
            "recall",
            not worse,
            f"Recall at 1% false positives {_moved(recall)} against the champion; a certain loss beyond "
            f"{settings.recall_may_lose:.3f} is not allowed.",
            {"recall_at_1pct_fpr": recall},
        )
    for metric, words in (("log_loss", "Log loss"), ("expected_calibration_error", "Expected calibration error")):
        told = moved[metric]
        worse = told["low"] > 0 and told["value"] > settings.calibration_may_lose
        yield Answer(
            "calibration",
            not worse,
            f"{words} {_moved(told)} against the champion (lower is better); a certain rise beyond "
            f"{settings.calibration_may_lose:.3f} is not allowed.",
            {metric: told},
        )


def _in_slices(known: pd.DataFrame, slices: pd.DataFrame | None, settings: Gate, seed: int) -> Iterator[Answer]:
    """The champion is not beaten on average by losing somewhere: slices that lose for certain and by much."""
    if slices is None or "champion" not in known:
        return
    table = known[["account_id"]].merge(slices, on="account_id", how="left", validate="one_to_one")
    measured = []
    for name in DIMENSIONS:
        column = table[name].fillna(UNKNOWN).to_numpy(dtype=str)
        for value in np.unique(column):
            here = known[column == value]
            bot = here["is_bot"].to_numpy(dtype=bool)
            if min(bot.sum(), (~bot).sum()) < FEWEST_OF_CLASS:
                continue
            _, found = measure(bot, _pair(here), resamples=settings.resamples, level=settings.level, seed=seed)
            moved = found["champion"]["average_precision"]
            measured.append({"dimension": name, "slice": str(value), "accounts": len(here), "average_precision": moved})
    looked_at = len(measured)
    lost = [
        one
        for one in measured
        if one["average_precision"]["value"] < -settings.slice_may_lose
        and certain_loss(one["average_precision"], settings.level, looked_at)
    ]
    told = "; ".join(f"{one['dimension']} {one['slice']} {_moved(one['average_precision'])}" for one in lost)
    yield Answer(
        "slices",
        not lost,
        f"Average precision falls for certain by more than {settings.slice_may_lose:.3f} in {told}."
        if lost
        else f"In none of {looked_at} slices does average precision fall for certain by more than "
        f"{settings.slice_may_lose:.3f}.",
        {"slices": looked_at, "lost": lost},
    )


def certain_loss(moved: Mapping[str, Any], level: float, compared: int) -> bool:
    """Whether a difference is below zero for certain, where ``compared`` of them were looked at (Bonferroni).

    At 95% each, one of 20 slices would lose in 2 of 5 comparisons of models that are equally good (1 - .975 ** 20). The
    interval is widened as that of a normal value would be: the resamples do not reach so far.
    """
    from scipy.stats import norm

    wider = norm.isf((1 - level) / 2 / compared) / norm.isf((1 - level) / 2)
    return bool(moved["value"] + (moved["high"] - moved["value"]) * wider < 0)


def _ceilings(
    known: pd.DataFrame, slices: pd.DataFrame | None, landed: pd.DataFrame | None, settings: Gate
) -> Iterator[Answer]:
    if slices is None or landed is None:
        return
    held = [tier for tier in TIERS if tier in settings.ceilings]
    scored = known[["account_id", "is_bot"]].assign(bot_probability=known["challenger"])
    scored = scored.merge(landed, on="account_id", how="left", validate="one_to_one")
    # Only the counts are needed here, so the fewest resamples.
    found = measure_slices(scored, slices, tiers=held, ceilings=settings.ceilings, resamples=1)
    sentences = broken(found)
    yield Answer(
        PER_SLICE,
        not sentences,
        " ".join(sentences)
        if sentences
        else f"In none of {len(found)} slices do more people reach {', '.join(held) or 'any tier'} than the ceiling "
        "and chance allow.",
        {
            "ceilings": dict(settings.ceilings),
            "broken": [
                {"dimension": one["dimension"], "slice": one["slice"], "tier": tier}
                for one in found
                for tier, told in one["false_positives"].items()
                if told["breaks"]
            ],
            "slices": {name: sum(one["dimension"] == name for one in found) for name in DIMENSIONS},
        },
    )


def _cost(costs: Mapping[str, float] | None, settings: Gate) -> Iterator[Answer]:
    if not costs or not costs.get("champion"):
        return
    times = costs["challenger"] / costs["champion"]
    yield Answer(
        "cost of explaining",
        times <= settings.cost_may_grow,
        f"Explaining an account costs {times:.2g} times what it costs with the champion; {settings.cost_may_grow:g} "
        "times is the most allowed.",
        {"challenger": costs["challenger"], "champion": costs["champion"]},
    )


def at_share(probability: np.ndarray, meant_for: float, bot_share: float) -> np.ndarray:
    """Probabilities that are meant for one share of bots, at another; shape (n,), missing stays missing.

    Labels can judge probabilities at their own share only: a model declared for fewer bots than are labelled would
    look badly calibrated because it is right.
    """
    if meant_for == bot_share:
        return np.asarray(probability, dtype=np.float64)
    return sigmoid(logit(probability) + prior_shift(bot_share, meant_for))


def _pair(known: pd.DataFrame) -> dict[str, Scores]:
    return {name: Scores(known[name].to_numpy(dtype=np.float64)) for name in ("challenger", "champion")}


def _moved(change: Mapping[str, Any]) -> str:
    """A difference with its interval; zero has no sign."""
    return f"moves by {change['value']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})"


def same_rows(
    oof: pd.DataFrame, champion_oof: pd.DataFrame | None, champion_scores: pd.Series | np.ndarray
) -> pd.DataFrame:
    """The rows ``judge`` compares on, with probabilities of the champion that it gave without the account's label.

    A champion's scores of accounts it was trained on flatter it; where it trained on an account, what it said out of
    fold then is used instead.

    Parameters
    ----------
    oof : the challenger's out-of-fold rows: account_id, is_bot, bot_probability
    champion_oof : the same of the champion's own training, from its run; None when it is lost
    champion_scores : probability of each row of ``oof`` by the champion as it is deployed, shape (n,)

    Returns
    -------
    DataFrame with account_id, is_bot, challenger, champion, and ``champion_saw`` (bool: scored by a model that may
    have learned from the account, because its own out-of-fold scores are lost)
    """
    rows = oof[["account_id", "is_bot"]].assign(
        challenger=oof["bot_probability"].to_numpy(), champion=np.asarray(champion_scores, dtype=np.float64)
    )
    if champion_oof is None:
        return rows.assign(champion_saw=True)
    blind = rows["account_id"].map(champion_oof.set_index("account_id")["bot_probability"])
    return rows.assign(champion=blind.fillna(rows["champion"]), champion_saw=False)


def explaining_cost(booster: str) -> float:
    """Operations that exact SHAP values of one account take: over all trees, leaves times depth squared.

    The time of TreeSHAP grows with it (Lundberg 2018), and unlike a stopwatch it is the same on every machine.

    Parameters
    ----------
    booster : LightGBM's model text

    Returns
    -------
    float, at least 0
    """
    total = 0.0
    for left, right in zip(_children("left", booster), _children("right", booster), strict=True):
        depth = np.zeros(len(left) + 1, dtype=np.int64)
        for node, children in enumerate(zip(left, right, strict=True)):
            for child in children:
                if child > 0:  # the parent of an inner node always has a smaller number
                    depth[child] = depth[node] + 1
        total += (len(left) + 1) * (float(depth.max()) + 1) ** 2 if len(left) else 0.0
    return total


def _children(side: str, booster: str) -> Sequence[list[int]]:
    return [[int(c) for c in line.split()] for line in re.findall(rf"^{side}_child=([-\d ]*)$", booster, re.MULTILINE)]
