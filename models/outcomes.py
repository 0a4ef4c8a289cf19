"""Checks of what comes out: scores, what moves them, and how right they are, expected and realised."""

from __future__ import annotations

import math
from typing import Any

from models.findings import CROWDS, FEWEST, NAMED, more, number, quoted, share_psi
from models.monitoring import Answer, Seen, Severity, check

SLICE = 50  # accounts a slice needs on both sides
SHIFT = 0.15  # of the share flagged; one campaign can move that of a small slice by a tenth


@check(
    "UNP020",
    statistical=True,
    todo="If there are only more bots of a known kind, tiers hold; if not, label a random sample and train again.",
)
def score_drift(seen: Seen) -> Answer:
    """Scores are distributed otherwise than out of fold in training."""
    d = seen.scores
    if seen.accounts < FEWEST or d.p_value > seen.alpha or d.psi < seen.settings.psi_warning:
        return None
    says = f"Scores drifted: PSI {d.psi:.2f} over {d.bins} bins."
    evidence: dict[str, Any] = {"psi": d.psi, "js": d.js, "p_value": d.p_value, "bins": d.bins}
    if seen.mixture and seen.reference.bot_share is not None:
        m = seen.mixture
        evidence |= {"bot_share": m, "reference_bot_share": seen.reference.bot_share}
        says += (
            f" They look like {m['value']:.1%} bots ({m['low']:.1%} to {m['high']:.1%}) where the reference holds "
            f"{seen.reference.bot_share:.1%}; "
        )
        says += (
            "that explains them."
            if m["misfit"] < seen.settings.psi_warning
            else f"no share of known bots explains them (PSI {m['misfit']:.2f} is left): accounts behave in a new way."
        )
    return ("severe" if d.psi >= seen.settings.psi_severe else "warning"), says, evidence


@check(
    "UNP021",
    statistical=True,
    todo="Look at these features among the drifted inputs; if they are sound, evaluate on fresh labels.",
)
def attribution_drift(seen: Seen) -> Answer:
    """Other features than before decide, or the same ones push the other way."""
    # In log-odds: a push of 0.25 changes odds by 28%; less is not worth a look, however certain.
    found = [p for p in seen.significant(seen.pushes, "p_value") if abs(p.change) >= seen.settings.push]
    if not found:
        return None
    found.sort(key=lambda p: (-abs(p.change), p.feature))
    named = ", ".join(f"{p.feature} (mean push {p.push_reference:+.2f} → {p.push:+.2f})" for p in found[:NAMED])
    evidence = {
        "features": [
            {"feature": p.feature, "push": p.push, "reference": p.push_reference, "size": p.size, "p_value": p.p_value}
            for p in found
        ]
    }
    severity: Severity = "severe" if abs(found[0].change) >= 4 * seen.settings.push else "warning"
    return severity, f"{number(len(found), 'feature')} move scores otherwise: {named}{more(found)}.", evidence


@check("UNP022", statistical=True, todo="Look at flagged accounts of that slice before acting on them.")
def slice_flags(seen: Seen) -> Answer:
    """One platform, language or age band is flagged far more or far less often than before."""
    slices = [v for v in seen.values if v.accounts >= SLICE and v.reference >= SLICE and v.flagged is not None]
    found = [
        v
        for v in seen.significant(slices, "flagged_p")
        if abs(v.flagged - v.flagged_reference) >= SHIFT
        and share_psi(v.flagged, v.flagged_reference) >= seen.settings.psi_warning
    ]
    if not found:
        return None
    found.sort(key=lambda v: (-abs(v.flagged - v.flagged_reference), v.category, v.value))
    named = ", ".join(
        f"{v.category} {quoted(v.value)} {v.flagged:.1%} (in training {v.flagged_reference:.1%})" for v in found[:NAMED]
    )
    evidence = {
        "slices": [
            {"category": v.category, "value": v.value, "flagged": v.flagged, "reference": v.flagged_reference}
            for v in found
        ]
    }
    # A farm that writes in one language is a crowd of its own; that is worth knowing, not worth waking somebody.
    severity: Severity = "notice" if all(v.category in CROWDS for v in found) else "warning"
    return severity, f"Flagged otherwise than before (tier {seen.tier}): {named}{more(found)}.", evidence


@check("UNP030", statistical=False, todo="Raise the tier's threshold, or train with recent labels.")
def expected_precision(seen: Seen) -> Answer:
    """By its own probabilities, fewer of those flagged are bots than the reference had."""
    return _expected(seen, "precision")


@check(
    "UNP031",
    statistical=False,
    todo="Lower the tier's threshold if its false positives allow, or train with recent labels.",
)
def expected_recall(seen: Seen) -> Answer:
    """By its own probabilities, the model finds a smaller part of the bots than in the reference."""
    return _expected(seen, "recall")


def _expected(seen: Seen, what: str) -> Answer:
    tier = seen.tier
    if tier is None or seen.accounts < FEWEST:
        return None
    said = seen.expected[tier]
    now, then = said[what], said["usual"][what]
    if now is None or then is None:
        return None
    loss = then["low"] - now["high"]
    limit = seen.settings.loss if what == "precision" else seen.settings.recall_loss
    if loss < limit:
        return None
    says = (
        f"Expected {what} at tier {tier} is {now['value']:.2f} ({now['low']:.2f} to {now['high']:.2f}), "
        f"where the reference had {then['value']:.2f}."
    )
    severity: Severity = "severe" if loss >= 3 * limit else "warning"
    return severity, says, {"tier": tier, "now": now, "reference": then}


@check(
    "UNP040",
    statistical=True,
    todo="Stop acting on this tier without a look by a person; calibrate again with these labels.",
)
def realised_precision(seen: Seen) -> Answer:
    """Labels have arrived, and fewer of the flagged accounts are bots than their probabilities promised."""
    return _realised_among_flagged(seen)


def _realised_among_flagged(seen: Seen) -> Answer:
    if not seen.realised or seen.tier is None:
        return None
    said = seen.realised["cuts"][seen.tier]
    c = said["among_flagged"]
    missing = (c["expected"] - c["seen"]) / max(c["accounts"], 1)
    if c["p_value"] > seen.alpha or missing < seen.settings.loss:
        return None
    says = (
        f"Of {c['accounts']:,} labelled accounts flagged at tier {seen.tier}, {c['seen']:,.0f} are bots; "
        f"{c['expected']:,.0f} were promised."
    )
    return ("severe" if missing >= 3 * seen.settings.loss else "warning"), says, {"tier": seen.tier, **said}


@check("UNP041", statistical=True, todo="Look at the missed bots: a new kind needs labels and training.")
def realised_recall(seen: Seen) -> Answer:
    """Labels have arrived, and the model has missed more bots than it used to."""
    if not seen.realised or seen.tier is None:
        return None
    said = seen.realised["cuts"][seen.tier]
    then = seen.expected[seen.tier]["usual"]["recall"]
    if said["recall"] is None or then is None or said["recall_p"] > seen.alpha:
        return None
    loss = then["value"] - said["recall"]["value"]
    if loss < seen.settings.recall_loss:
        return None
    says = (
        f"Recall among labelled bots at tier {seen.tier} is {said['recall']['value']:.2f} "
        f"({said['recall']['low']:.2f} to {said['recall']['high']:.2f}); it was {then['value']:.2f}. "
        "Labels chosen by score would tell otherwise; compare with a random audit."
    )
    return ("severe" if loss >= 3 * seen.settings.recall_loss else "warning"), says, {"tier": seen.tier, **said}


@check(
    "UNP042",
    statistical=True,
    todo="Stop acting on this tier without a look by a person; look what the flagged people have in common.",
)
def realised_false_positives(seen: Seen) -> Answer:
    """Labels have arrived, and more people are flagged than in training."""
    if not seen.realised or seen.tier is None:
        return None
    said = seen.realised["cuts"][seen.tier]
    rate, then = said["false_positive_rate"], seen.expected[seen.tier]["usual"].get("false_positive_rate")
    if rate is None or then is None or said["false_positive_p"] > seen.alpha or rate["low"] <= 2 * then["value"]:
        return None
    says = (
        f"{rate['value']:.1%} of labelled people reach tier {seen.tier} ({rate['low']:.1%} to {rate['high']:.1%}); "
        f"in training {then['value']:.1%} did."
    )
    return ("severe" if rate["low"] >= 4 * then["value"] else "warning"), says, {"tier": seen.tier, **said}


@check(
    "UNP043",
    statistical=True,
    todo="Calibrate again with these labels, or declare the share of bots this platform has.",
)
def realised_calibration(seen: Seen) -> Answer:
    """Labels have arrived, and there are more or fewer bots than all probabilities add up to."""
    if not seen.realised:
        return None
    c = seen.realised["calibration"]
    gap = abs(c["seen"] - c["expected"]) / max(c["accounts"], 1)
    if c["p_value"] > seen.alpha or gap < seen.settings.loss:
        return None
    says = (
        f"{c['seen']:,.0f} of {c['accounts']:,} labelled accounts are bots; "
        f"their probabilities add up to {c['expected']:,.0f}."
    )
    return ("severe" if gap >= 3 * seen.settings.loss else "warning"), says, dict(c)


@check("UNP044", statistical=True, todo="Train again with these labels.")
def realised_ranking(seen: Seen) -> Answer:
    """Labels have arrived, and scores tell bots from people less well than in training."""
    if not seen.realised:
        return None
    now, then = seen.realised["roc_auc"], seen.realised["roc_auc_reference"]
    if now is None or then is None:
        return None
    from scipy.stats import norm

    # Both errors added as variances, at this check's part of the false alarms instead of 5%.
    spread = math.hypot((now["high"] - now["low"]) / 3.92, (then["high"] - then["low"]) / 3.92)
    loss = then["value"] - now["value"]
    if loss < seen.settings.loss or loss < float(norm.isf(seen.alpha)) * spread:
        return None
    says = (
        f"ROC AUC among labelled accounts is {now['value']:.3f} ({now['low']:.3f} to {now['high']:.3f}); "
        f"it was {then['value']:.3f}."
    )
    return ("severe" if loss >= 3 * seen.settings.loss else "warning"), says, {"now": now, "reference": then}
