"""Tiers chosen by rules a policy person can read, with what to expect of each before it is deployed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import BadInput
from models.settings import Policy, Rule
from models.slices import DIMENSIONS, UNKNOWN
from models.thresholds import ALLOW, CONFIDENCE, TIERS, check_limits, most_alarms


@dataclass(frozen=True)
class _Ladder:
    """Every threshold worth trying, from the strictest: how many bots and people reach it.

    Step 0 lets nobody in. ``cut`` lies halfway between neighbouring scores, so a score that differs in its last
    digit on another machine changes nothing.
    """

    cut: np.ndarray  # (k,), decreasing, from infinity
    bots: np.ndarray  # (k,), share of all bots at or above it
    alarms: np.ndarray  # (k,), number of people at or above it
    in_slice: dict[str, tuple[np.ndarray, int]]  # slice -> people of it at or above, and how many people it has
    people: int
    bots_known: int

    @classmethod
    def of(cls, bot: np.ndarray, p: np.ndarray, slices: Mapping[str, np.ndarray]) -> _Ladder:
        order = np.argsort(-p, kind="stable")
        ranked, truth = p[order], bot[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        lower = np.append(ranked[ends[:-1] + 1], 0.0)

        def reached(who: np.ndarray) -> np.ndarray:
            return np.concatenate([[0], np.cumsum(who)[ends]])

        in_slice = {}
        for name, column in slices.items():
            for value in np.unique(column[~bot]):
                member = (column == value) & ~bot
                in_slice[f"{name} {value}"] = (reached(member[order]), int(member.sum()))
        return cls(
            np.concatenate([[math.inf], (ranked[ends] + lower) / 2]),
            reached(truth) / max(int(bot.sum()), 1),
            reached(~truth),
            in_slice,
            int((~bot).sum()),
            int(bot.sum()),
        )


def choose_tiers(
    scored: pd.DataFrame,
    limits: Mapping[str, float],
    policy: Policy,
    *,
    bot_share: float | None = None,
    slices: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Thresholds of the tiers, and what to expect of each.

    Parameters
    ----------
    scored : DataFrame, one row per labelled account: account_id, is_bot, bot_probability by a model that did not see
        the account, and fold
    limits : tier -> share of people who may land in it or a harsher one, with ``models.thresholds.CONFIDENCE``
    policy : Policy, further rules
    bot_share : share of bots in the traffic; None: as in the labels
    slices : what ``models.slices.slice_accounts`` says of the accounts; needed by rules with ``per_slice``

    Returns
    -------
    JSON value: bot_share, accounts_per_day, and tiers, harshest first, each with tier, threshold (None: closed),
    because (which rule set the threshold, or why it is closed) and expected: precision, recall, recall_or_harsher,
    people (share of all people), people_or_harsher and per_day (its interval holds 95 of 100 days at the default
    level), each with value, low and high. What to expect is measured on accounts that had no part in choosing: the
    tiers of a fold are chosen on the other folds

    Raises
    ------
    BadInput
        When a tier is unknown, a class is absent, or ``per_slice`` is asked for without slices.
    """
    known, rules, sides = _asked(scored, limits, policy, bot_share, slices)
    chosen = _choose(known, sides, rules)
    place = _landed(known, sides, rules)
    expected = _expect(known["is_bot"].to_numpy(dtype=bool), place, len(chosen), policy, rules.bot_share)
    tiers = [
        {
            "tier": tier,
            "threshold": cut if math.isfinite(cut) else None,
            "because": because,
            "expected": expected[i],
        }
        for i, (tier, (cut, because)) in enumerate(chosen.items())
    ]
    return {"bot_share": rules.bot_share, "accounts_per_day": policy.accounts_per_day, "tiers": tiers}


def land_out_of_fold(
    scored: pd.DataFrame,
    limits: Mapping[str, float],
    policy: Policy,
    *,
    bot_share: float | None = None,
    slices: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The tier each account lands in by thresholds it had no part in: those of its fold are chosen on the other folds.

    On the accounts a threshold was chosen on it keeps its limit whatever the scores are worth; only others can tell
    whether a rule keeps its promise.

    Parameters
    ----------
    scored, limits, policy, bot_share, slices : as ``choose_tiers`` takes them

    Returns
    -------
    DataFrame, one row per row of ``scored``, by account_id: account_id and tier (``allow`` for none)

    Raises
    ------
    BadInput
        As ``choose_tiers`` does.
    """
    known, rules, sides = _asked(scored, limits, policy, bot_share, slices)
    names = np.array([*rules.tiers, ALLOW], dtype=object)  # the last one is at -1
    return known[["account_id"]].assign(tier=names[_landed(known, sides, rules)])


def _asked(
    scored: pd.DataFrame,
    limits: Mapping[str, float],
    policy: Policy,
    bot_share: float | None,
    slices: pd.DataFrame | None,
) -> tuple[pd.DataFrame, _Rules, dict[str, np.ndarray]]:
    """Accounts by account_id, the rules, and the slices of the accounts; BadInput for what cannot be followed."""
    known = scored.sort_values("account_id", ignore_index=True)
    bot = known["is_bot"].to_numpy(dtype=bool)
    rules = _Rules(check_limits(limits), policy, bot_share or float(bot.mean()), int((~bot).sum()))
    _check(rules, bot, slices)
    return known, rules, _columns(known, slices) if slices is not None else {}


def _landed(known: pd.DataFrame, sides: Mapping[str, np.ndarray], rules: _Rules) -> np.ndarray:
    """Position of the tier of each account by thresholds chosen on the other folds, -1 for none; shape (n,)."""
    p, fold = known["bot_probability"].to_numpy(dtype=np.float64), known["fold"].to_numpy()
    place = np.full(len(known), -1)
    for k in np.unique(fold):
        here = fold == k
        if known.loc[~here, "is_bot"].nunique() < 2:
            chosen = _choose(known, sides, rules)
        else:
            chosen = _choose(known[~here], {name: column[~here] for name, column in sides.items()}, rules)
        place[here] = _place(p[here], [cut for cut, _ in chosen.values()])
    return place


@dataclass(frozen=True)
class _Rules:
    """All that decides about thresholds."""

    limits: Mapping[str, float]
    policy: Policy
    bot_share: float
    people: int  # that all thresholds together are chosen on, for what can be promised

    @property
    def tiers(self) -> list[str]:
        """Tiers with a limit or a rule, harshest first."""
        return [t for t in TIERS if t in self.limits or t in self.policy.rules]


def lines(chosen: Mapping[str, Any]) -> list[str]:
    """What ``choose_tiers`` found, as sentences for a terminal or a page."""
    told = [
        f"Of {chosen['accounts_per_day']:,.0f} accounts a day, {chosen['bot_share']:.1%} are taken to be bots. "
        "Brackets hold intervals measured on accounts that had no part in choosing."
    ]
    for one in chosen["tiers"]:
        if one["threshold"] is None:
            told.append(f"{one['tier']}: closed, because {one['because']}.")
            continue
        e = one["expected"]
        told.append(
            f"{one['tier']}: from probability {one['threshold']:.4g} on ({one['because']}); "
            f"{_count(e['per_day'])} accounts a day, {_percent(e['precision'])} of them bots; finds "
            f"{_percent(e['recall'])} of all bots, and {_percent(e['people'], 2)} of all people land in it."
        )
    return told


def _check(rules: _Rules, bot: np.ndarray, slices: pd.DataFrame | None) -> None:
    if not bot.any() or bot.all():
        raise BadInput(
            "policy",
            expected="labelled bots and people",
            got=f"{int(bot.sum()):,} bots and {int((~bot).sum()):,} people",
            todo="Choose tiers on accounts of both classes.",
        )
    if slices is None and any(rule.per_slice for rule in rules.policy.rules.values()):
        raise BadInput(
            "setting policy.rules",
            expected="slices for a rule with per_slice",
            got="none",
            todo="Give the accounts' slices, or set per_slice: false.",
        )


def _columns(known: pd.DataFrame, slices: pd.DataFrame) -> dict[str, np.ndarray]:
    table = known[["account_id"]].merge(slices, on="account_id", how="left", validate="one_to_one")
    return {name: table[name].fillna(UNKNOWN).to_numpy(dtype=str) for name in DIMENSIONS if name in table}


def _choose(known: pd.DataFrame, slices: Mapping[str, np.ndarray], rules: _Rules) -> dict[str, tuple[float, str]]:
    """Threshold of each tier, harshest first, and what set it; infinity closes a tier."""
    bot, p = known["is_bot"].to_numpy(dtype=bool), known["bot_probability"].to_numpy(dtype=np.float64)
    ladder = _Ladder.of(bot, p, slices)
    found: dict[str, tuple[float, str]] = {}
    above = 0  # the step the harsher tiers reach down to
    for tier in rules.tiers:
        step, because = _step(ladder, rules, tier, above)
        if step == 0:
            found[tier] = (math.inf, because)
        elif step <= above:
            found[tier] = (math.inf, f"its rule ({because}) reaches no further than the harsher tiers do")
        else:
            above = step
            found[tier] = (float(ladder.cut[step]), because)
    return found


def _step(ladder: _Ladder, rules: _Rules, tier: str, above: int) -> tuple[int, str]:
    """The lowest step that the limit and every given rule allow, and the one that stops there in words."""
    limit, rule, share = rules.limits.get(tier), rules.policy.rules.get(tier, Rule()), rules.bot_share
    limits: list[tuple[int, str]] = []
    wrong = ladder.alarms / max(ladder.people, 1)
    if limit is not None:
        limits.append(_fewest_false(ladder, limit, rules.people))
        if rule.per_slice:
            limits += [
                (_last(alarms <= math.floor(limit * n + 1e-9)), f"at most {limit:.2%} of the people in {name}")
                for name, (alarms, n) in ladder.in_slice.items()
            ]
    daily = rules.policy.accounts_per_day * (share * ladder.bots + (1 - share) * wrong)
    if rule.precision is not None:
        caught = share * ladder.bots
        called = caught + (1 - share) * wrong
        enough = caught >= rule.precision * called - 1e-12
        # Precision need not fall steadily; the lowest threshold that keeps it is the one that finds most.
        limits.append((int(np.flatnonzero(enough).max()), f"at least {rule.precision:.1%} of them must be bots"))
    if rule.per_day is not None:
        limits.append((_last(daily - daily[above] <= rule.per_day + 1e-9), f"at most {rule.per_day:,g} accounts a day"))
    if rule.false_alarm_cost is not None and rule.miss_cost is not None:
        cost = share * (1 - ladder.bots) * rule.miss_cost + (1 - share) * wrong * rule.false_alarm_cost
        words = f"lowest cost when a person costs {rule.false_alarm_cost:g} and a bot missed {rule.miss_cost:g}"
        limits.append((int(np.flatnonzero(cost <= cost.min() + 1e-12).min()), words))
    if not limits:
        return 0, "it has no rule"
    return min(limits, key=lambda one: one[0])


def _fewest_false(ladder: _Ladder, limit: float, people: int) -> tuple[int, str]:
    """As ``models.thresholds.thresholds`` does, with the reason in words.

    ``people`` are all that were labelled. Where the ladder holds a part of them, it may meet the same share of its own:
    with fewer people less can be promised, and a tier that is open would be tried on folds where it is closed.
    """
    allowed = most_alarms(people, limit)
    if allowed is None:
        needed = math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-limit))
        return 0, (
            f"to promise at most {limit:.2%} of people with {CONFIDENCE:.0%} confidence takes at least {needed:,} "
            f"labelled people, and there are {people:,}"
        )
    here = allowed * ladder.people // people
    return _last(ladder.alarms <= here), f"at most {limit:.2%} of people, with {CONFIDENCE:.0%} confidence"


def _last(allowed: np.ndarray) -> int:
    """The last step before a rising count breaks its limit."""
    return int(np.flatnonzero(allowed).max())


def _place(p: np.ndarray, cuts: list[float]) -> np.ndarray:
    """Position of the first (harshest) tier whose threshold is reached; -1 for none."""
    reached = np.asarray(p)[:, None] >= np.array(cuts)[None, :]
    return np.where(reached.any(axis=1), reached.argmax(axis=1), -1)


def _expect(bot: np.ndarray, place: np.ndarray, tiers: int, policy: Policy, share: float) -> list[dict[str, Any]]:
    """What to expect of each tier, from where accounts of known truth landed."""
    random = np.random.default_rng(policy.seed)
    seats = np.where(place < 0, tiers, place)
    counts = np.array([np.bincount(seats[who], minlength=tiers + 1) for who in (bot, ~bot)], dtype=float)
    once = _figures(counts, share, policy.accounts_per_day)
    low, high = policy.bot_share_low or share, policy.bot_share_high or share
    # Jeffreys' half an account a tier: where no person was seen, none is not certain.
    drawn = np.array(
        [
            _figures(
                np.array([random.dirichlet(c + 0.5) for c in counts]),
                random.uniform(low, high),
                policy.accounts_per_day,
            )
            for _ in range(policy.resamples)
        ]
    )  # (resamples, figures, tiers)
    drawn[:, -1] = random.poisson(drawn[:, -1])  # one day has more accounts than another
    names = ("precision", "recall", "recall_or_harsher", "people", "people_or_harsher", "per_day")
    return [
        {name: _told(once[j, i], drawn[:, j, i], policy.level) for j, name in enumerate(names)} for i in range(tiers)
    ]


def _figures(counts: np.ndarray, share: float, accounts: float) -> np.ndarray:
    bots, people = (c[:-1] / c.sum() for c in counts)
    landed = share * bots + (1 - share) * people
    with np.errstate(invalid="ignore"):
        precision = share * bots / landed
    return np.stack([precision, bots, np.cumsum(bots), people, np.cumsum(people), accounts * landed])


def _told(value: float, drawn: np.ndarray, level: float) -> dict[str, float | None]:
    drawn = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or not len(drawn):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    ends = min(float(low), value), max(float(high), value)  # all of a few seen is compatible with all
    return {"value": round(float(value), 6), "low": round(ends[0], 6), "high": round(ends[1], 6)}


def _percent(told: Mapping[str, float | None], digits: int = 1) -> str:
    if told["value"] is None:
        return "an unknown share"
    return f"{told['value']:.{digits}%} ({told['low']:.{digits}%} to {told['high']:.{digits}%})"


def _count(told: Mapping[str, float | None]) -> str:
    return "0" if told["value"] is None else f"{told['value']:,.0f} ({told['low']:,.0f} to {told['high']:,.0f})"
