"""Checks of what comes in: how much, how fresh, and whether accounts look like those of training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from models.comparison import FeatureDrift
from models.drift import OTHER
from models.findings import CROWDS, FEWEST, NAMED, more, number, quoted, share_psi
from models.monitoring import Answer, Seen, Severity, check

# An index at which hardly an account is where it was; said whatever the features are worth.
MASSIVE = 1.0
BEYOND = 0.05  # of accounts; said whatever the features are worth
CATEGORY_SHARE = 0.005  # of accounts; a new value of fewer is not worth a night's sleep


def carried(features: Sequence[FeatureDrift]) -> float:
    """Share of what moves scores that ``features`` carry; all of it when that is not known."""
    if any(f.importance is None for f in features):
        return 1.0
    return sum(f.importance or 0.0 for f in features)


@check(
    "UNP001",
    statistical=False,
    todo="Compare with the export's own count of accounts before anything is done with the scores.",
)
def volume(seen: Seen) -> Answer:
    """Far fewer or far more accounts than usual: an export was cut, or repeated, or a source was added."""
    n, factor = seen.accounts, seen.settings.volume
    usual, source, room = _usual_accounts(seen)
    evidence = {"accounts": n, "usual": usual, "from": source, "factor": room}
    if n == 0:
        return "severe", "The batch holds no accounts.", evidence
    if usual / room <= n <= usual * room:
        return None
    fewer = n < usual
    ratio = usual / n if fewer else n / usual
    says = f"{n:,} accounts, {ratio:.1f} times {'fewer' if fewer else 'more'} than the usual {usual:,.0f} ({source})."
    if source == "training":
        # A platform is often larger than the labelled accounts a model learned from, and seldom much smaller.
        return ("warning" if fewer else "notice"), says, evidence
    return ("severe" if fewer and n < usual / (room * factor) else "warning"), says, evidence


def _usual_accounts(seen: Seen) -> tuple[float, str, float]:
    """Usual number of accounts, how it is known, and the factor it may be away from it."""
    factor = seen.settings.volume
    if seen.settings.accounts:
        return float(seen.settings.accounts), "setting monitor.accounts", factor
    earlier = sorted(float(h["accounts"]) for h in seen.history if h["accounts"])
    if not earlier:
        return float(seen.reference.accounts), "training", max(factor, 3.0)
    middle = earlier[len(earlier) // 2]
    # Where volumes swing, as over weekends, the swing is allowed: five times the usual distance from the median.
    swing = sorted(abs(math.log(e / middle)) for e in earlier)[len(earlier) // 2]
    return middle, f"{len(earlier)} earlier batches", max(factor, math.exp(5 * swing))


@check(
    "UNP002",
    statistical=False,
    todo="Look whether the export of that table ran, and whether its columns kept their meaning.",
)
def events(seen: Seen) -> Answer:
    """A table the model learned from is absent or much thinner per account: the features over it are blind."""
    worst: list[tuple[float, str, str]] = []
    before, now = seen.reference_profile["tables"], seen.batch["tables"]
    # Training profiles labelled accounts; its tables may hold the events of others too.
    all_then = before.get("accounts", {}).get("rows") or max(seen.reference.accounts, 1)
    evidence: dict[str, Any] = {}
    for name, facts in before.items():
        then = facts["rows"] / all_then
        rows = now.get(name, {}).get("rows", 0)
        here = rows / max(seen.accounts, 1)
        evidence[name] = {"per_account": here, "reference": then}
        if not then:
            continue
        if not rows:
            worst.append((math.inf, name, f"{name} is absent or empty"))
        elif not then / seen.settings.events <= here <= then * seen.settings.events:
            ratio = max(here / then, then / here)
            worst.append((ratio, name, f"{name}: {here:,.3g} rows per account where {then:,.3g} were usual"))
    if not worst:
        return None
    worst.sort(key=lambda w: (-w[0], w[1]))
    severity: Severity = "severe" if math.isinf(worst[0][0]) else "warning"
    return severity, f"Events differ from training: {'; '.join(w[2] for w in worst)}.", evidence


@check("UNP003", statistical=False, todo="Look at the feed of that table; score again when it has caught up.")
def staleness(seen: Seen) -> Answer:
    """The newest event is long past when accounts are judged: a feed has stopped."""
    late, evidence = [], {}
    for name, facts in seen.batch["tables"].items():
        then = seen.reference_profile["tables"].get(name, {})
        if facts.get("lag_days") is None or then.get("lag_days") is None:
            continue
        evidence[name] = {"lag_days": facts["lag_days"], "reference": then["lag_days"]}
        if facts["lag_days"] > then["lag_days"] + seen.settings.lag_days:
            late.append(f"the newest of {name} is {facts['lag_days']:.1f} days older than the newest judgement")
    if not late:
        return None
    return "warning", f"Events end early: {'; '.join(late)}. Has an export stopped?", evidence


@check("UNP004", statistical=False, todo="Collect several batches and monitor them together.")
def too_few_accounts(seen: Seen) -> Answer:
    """So few accounts that no distribution can be judged."""
    if seen.accounts >= FEWEST or not seen.accounts:
        return None
    says = f"Only {seen.accounts} accounts; distributions are judged from {FEWEST} on."
    return "notice", says, {"accounts": seen.accounts, "needed": FEWEST}


@check("UNP005", statistical=False, todo="Look at these rows: an export was cut in the middle, or changed its columns.")
def refused_rows(seen: Seen) -> Answer:
    """Rows that cannot be used (a negative count, no identifier, a moment that is none) are a part of a table."""
    limit, found, evidence = seen.settings.refused, [], {}
    for name, facts in seen.read.items():
        share = facts["refused"] / max(facts["read"], 1)
        evidence[name] = {"read": facts["read"], "refused": facts["refused"], "reasons": dict(facts["reasons"])}
        if share >= limit:
            most = max(facts["reasons"], key=lambda r: (facts["reasons"][r], r), default="unknown")
            found.append((share, name, f"{share:.1%} of {name}, most of them {most.replace('_', ' ')}"))
    if not found:
        return None
    found.sort(key=lambda f: (-f[0], f[1]))
    severity: Severity = "severe" if found[0][0] >= 10 * limit else "warning"
    return severity, f"Rows cannot be used: {'; '.join(f[2] for f in found)}.", evidence


@check(
    "UNP010",
    statistical=True,
    todo="Look at rows of these features: a changed unit is a fault upstream, a real change asks for new labels.",
)
def input_drift(seen: Seen) -> Answer:
    """The values of features are distributed otherwise than among the accounts the model learned from."""
    limit, severe = seen.settings.psi_warning, seen.settings.psi_severe
    found = [f for f in seen.significant(seen.features, "p_value") if f.psi >= limit and f.js > f.js_limit]
    if not found or seen.accounts < FEWEST:
        return None
    found.sort(key=lambda f: (-f.psi, f.feature))
    # What depends on who else is there has one value for a whole crowd: a farm more, and thousands of accounts differ.
    alone = [f for f in found if f.feature not in seen.population]
    strong = [f for f in alone if f.psi >= severe]
    weight, strongly = carried(found), carried(strong)
    massive = any(f.psi >= MASSIVE for f in alone)
    if weight < seen.settings.weight and strongly < seen.settings.weight / 5 and not massive:
        return None
    is_severe = strongly >= 2 * seen.settings.weight
    named = ", ".join(f"{f.feature} (PSI {f.psi:.2f})" for f in found[:NAMED])
    says = f"{number(len(found), 'feature')} drifted: {named}{more(found)}."
    explained = [f for f in found if f.psi_same_mix is not None and f.psi_same_mix < limit]
    if explained:
        says += f" {len(explained)} of them would not have if there were as many bots as before."
    evidence = {
        "features": [
            {"feature": f.feature, "psi": f.psi, "js": f.js, "js_limit": f.js_limit, "p_value": f.p_value}
            for f in found
        ],
        "importance": weight,
        "importance_severe": strongly,
    }
    if carried(alone) >= seen.settings.weight or strongly >= seen.settings.weight / 5 or massive:
        return ("severe" if is_severe else "warning"), says, evidence
    return "notice", f"{says} They depend on who else is there; crowds come and go.", evidence


@check(
    "UNP011",
    statistical=True,
    todo="Look where the columns these features are computed from stopped, or began, to be filled.",
)
def missing_values(seen: Seen) -> Answer:
    """Features are missing far more often, or far less often, than in training."""
    found = []
    for f in seen.significant(seen.features, "missing_p"):
        shift = abs(f.missing - f.missing_reference)
        if share_psi(f.missing, f.missing_reference) >= seen.settings.psi_warning or shift >= 0.1:
            found.append((shift, f))
    if not found or seen.accounts < FEWEST:
        return None
    found.sort(key=lambda s: (-s[0], s[1].feature))
    named = ", ".join(f"{f.feature} ({f.missing:.1%}, in training {f.missing_reference:.1%})" for _, f in found[:NAMED])
    weight = carried([f for shift, f in found if shift >= 0.5])
    severity: Severity = "severe" if weight >= 2 * seen.settings.weight else "warning"
    evidence = {
        "features": [{"feature": f.feature, "missing": f.missing, "reference": f.missing_reference} for _, f in found]
    }
    return severity, f"{number(len(found), 'feature')} missing otherwise: {named}{more(found)}.", evidence


@check(
    "UNP012",
    statistical=True,
    todo="Look at accounts beyond the range: a changed unit is a fault upstream, a new kind of account needs labels.",
)
def beyond_training(seen: Seen) -> Answer:
    """Values beyond everything seen in training, where trees cannot tell more from most."""
    found = [f for f in seen.significant(seen.features, "outside_p") if f.outside >= 0.01]
    if not found or seen.accounts < FEWEST:
        return None
    found.sort(key=lambda f: (-f.outside, f.feature))
    # Heavy tails send some accounts beyond any range; that matters where many go, or scores depend on it.
    alone = [f for f in found if f.feature not in seen.population]
    matters = carried(alone) >= seen.settings.weight or any(f.outside >= BEYOND for f in alone)
    if not matters and carried(found) < seen.settings.weight:
        return None
    named = ", ".join(f"{f.feature} ({f.outside:.1%} of accounts)" for f in found[:NAMED])
    evidence = {"features": [{"feature": f.feature, "outside": f.outside, "p_value": f.outside_p} for f in found]}
    says = f"{number(len(found), 'feature')} beyond the range of training: {named}{more(found)}."
    return ("warning" if matters else "notice"), says, evidence


@check(
    "UNP013",
    statistical=True,
    todo="Do not act on scores of these accounts until some of them are labelled and the model has learned from them.",
)
def new_values(seen: Seen) -> Answer:
    """A platform, a language or another category the model has never seen."""
    fresh = [v for v in seen.values if v.new]
    # At least one value may be new by chance for each that exists: all values of the batch count as tries.
    limit = seen.alpha / max(1, len(seen.values))
    found = [v for v in fresh if v.p_value <= limit and v.share >= CATEGORY_SHARE]
    if not found:
        return None
    found.sort(key=lambda v: (-v.share, v.category, v.value))
    named = ", ".join(f"{v.category} {quoted(v.value)} ({v.accounts:,} accounts)" for v in found[:NAMED])
    severity: Severity = "severe" if any(v.category == "platform" and v.share >= 0.05 for v in found) else "warning"
    evidence = {"values": [{"category": v.category, "value": v.value, "share": v.share} for v in found]}
    return severity, f"Never seen in training: {named}{more(found)}.", evidence


@check(
    "UNP014",
    statistical=True,
    todo="If the mix of accounts changed on purpose, use this batch as reference from now on; else look at the export.",
)
def category_shares(seen: Seen) -> Answer:
    """A known category has become much more or much less common."""
    known = [v for v in seen.values if not v.new and v.value != OTHER]
    found = [
        v
        for v in seen.significant(known, "p_value")
        if share_psi(v.share, v.share_reference) >= (MASSIVE if v.category in CROWDS else seen.settings.psi_warning)
    ]
    if not found or seen.accounts < FEWEST:
        return None
    found.sort(key=lambda v: (-abs(v.share - v.share_reference), v.category, v.value))
    named = ", ".join(
        f"{v.category} {quoted(v.value)} {v.share:.1%} (in training {v.share_reference:.1%})" for v in found[:NAMED]
    )
    evidence = {
        "values": [
            {"category": v.category, "value": v.value, "share": v.share, "reference": v.share_reference} for v in found
        ]
    }
    return "warning", f"Other accounts than before: {named}{more(found)}.", evidence
