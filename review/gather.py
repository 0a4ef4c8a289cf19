"""What the review page shows, gathered from a run's artefacts: numbers become words, unknown text becomes inert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.metrics import METRICS
from models.reasons import NO_EVIDENCE
from review.casecards import card, filters, sentence
from review.championcard import told_champion
from review.groupcards import told_groups
from review.kinds import told_kinds
from review.modelcard import Described, human_parts, model_card
from review.page import Album, shown
from review.slicecards import told_slices
from review.words import Values, best, count, interval, listed, number, share, value

TITLES = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "recall_at_1pct_fpr": "recall at 1% FP",
    "recall_at_01pct_fpr": "recall at 0.1% FP",
    "f1": "F1",
    "mcc": "MCC",
    "brier": "Brier",
    "log_loss": "log loss",
    "expected_calibration_error": "calibration error",
}
SOURCE_METRICS = ("roc_auc", "average_precision", "recall_at_1pct_fpr", "expected_calibration_error")
BASELINES = {
    "constant": "constant (share of bots)",
    "best_feature": "best single feature",
    "tree": "tree of depth 3",
    "logistic": "logistic regression",
}
EVASION_METRICS = ("roc_auc", "average_precision", "recall_at_1pct_fpr")
FEW_BOTS = 400  # recall is then known within 5 points: 1.96 * sqrt(0.25 / 400) = 0.049
TRAVELS_BADLY = 0.10  # ROC AUC lost on a source that was left out


UNSEEN_METRICS = ("roc_auc", "recall_at_1pct_fpr")
UNSEEN_COLUMNS = [f"{TITLES[m]}, {side}" for m in UNSEEN_METRICS for side in ("unseen", "in random folds", "change")]
DROPPED = ("roc_auc", "average_precision")


def gather(
    intake: Values,
    evaluation: Values,
    importance: Values,
    cases: Sequence[Values],
    pictures: Mapping[str, bytes],
    model: Described,
    data_audit: Values | None = None,
    robustness: Values | None = None,
    said: Mapping[str, str] | None = None,
    together: Sequence[Values] = (),
    registration: Values | None = None,
) -> dict[str, Any]:
    """The context of ``review.html.j2``; arguments as the artefacts of a run (see ``pipeline.layout``)."""
    album = Album(pictures)
    overall = evaluation["overall"]
    per_source, left_out = evaluation.get("per_source", {}), evaluation.get("leave_source_out", {})
    counts = evaluation.get("counts", {}).get("sources", {})
    drawn = _pictures(album, overall["model"])
    groups = told_groups(together, album)
    told = [card(c, album) for c in cases]
    context = {
        "model": {"version": shown(model.version, 80), "feature_hash": shown(model.feature_hash, 80)},
        "summary": _summary(intake, evaluation, importance, album),
        "data": _data(intake),
        "audit": _audit(data_audit),
        "robustness": _robustness(robustness),
        "quality_columns": ["classifier", *(TITLES.get(m, m) for m in METRICS)],
        "slice_columns": ["slice", TITLES["roc_auc"], TITLES["average_precision"]],
        "quality_rows": _quality(overall, METRICS),
        "source_columns": ["source", *(TITLES[m] for m in SOURCE_METRICS)],
        "sources": _by_source(per_source, counts) if len(per_source) > 1 else [],
        "left_out_columns": ["source", *(TITLES[m] for m in SOURCE_METRICS), *(f"{TITLES[m]} lost" for m in DROPPED)],
        "left_out": _left_out(left_out, counts),
        "adapted": _by_source({s: {"model": v["adapted"]} for s, v in left_out.items() if "adapted" in v}, counts),
        "unseen_columns": ["tested", *UNSEEN_COLUMNS],
        "unseen": _unseen(evaluation.get("unseen")),
        "kinds": _kinds(evaluation.get("per_kind", {})),
        "told_kinds": told_kinds(evaluation.get("kinds")),
        "slices": _slices(evaluation.get("slices", [])),
        "met": told_slices(evaluation.get("slices", []), registration),
        "calibration": _calibration(overall["model"]) + _intervals(evaluation.get("intervals")),
        "tiers": _tiers(evaluation),
        "pictures": drawn,
        "importance": {"rows": _importance(importance, model), "pairs": _pairs(importance.get("interactions"))},
        "groups": groups,
        "champion": told_champion(registration),
        "cases": told,
        "cases_sentence": sentence(told, album),
        "filters": filters(told),
        "no_evidence": NO_EVIDENCE,
        "card": [*human_parts(said or {}), *model_card(intake, evaluation, importance, model)],
    }
    sections = {
        "summary": "In a hurry",
        "data": "Data and intake",
        "quality": "Quality",
        "sources": "Sources",
        "whom": "For whom",
        "calibration": "Calibration",
        "tiers": "Tiers",
        "robustness": "Evasion",
        "importance": "What it looks at",
        "groups": "Acted together",
        "cases": "Cases",
        "champion": "Champion",
        "card": "Model card",
    }
    if not context["sources"] and not context["left_out"]:
        del sections["sources"]
    if not any(context[name] for name in ("kinds", "told_kinds", "unseen", "slices", "met")):
        del sections["whom"]
    for name in ("robustness", "groups", "champion"):
        if not context[name]:
            del sections[name]
    return {**context, "sections": list(sections.items())}


def _audit(found: Values | None) -> dict[str, Any] | None:
    """What was looked for in the data before training, and what was found."""
    if not found:
        return None
    rows = [
        {
            "code": shown(f["code"], 20),
            "severity": shown(f["severity"], 20) + (", allowed" if f.get("allowed") else ""),
            "check": shown(f.get("check", ""), 80),
            "says": shown(f["says"], 700),
        }
        for f in found.get("findings", [])
    ]
    checks = f"{len(found.get('checks', []))} checks looked for leaks in the labelled accounts before training"
    outcome = f"; {len(rows)} found something." if rows else " and found none."
    return {"sentence": checks + outcome, "rows": rows}


def _robustness(found: Values | None) -> dict[str, Any] | None:
    """What is still found after an operator pays to look like people."""
    if not found:
        return None
    rows = []
    for level in [{"name": "nothing", "of": None, "changed": 0}, *found.get("levels", [])]:
        now = level.get("person") or level.get("quantiles") or (found.get("untouched") if level["of"] is None else None)
        if not now:
            continue
        measured = now.get("metrics", {})
        rows.append(
            {
                "name": shown(level["name"], 40),
                "note": f"{level['changed']} of {level['of']} features" if level["of"] else "",
                "ours": level["of"] is None,
                "metrics": [measured.get(m) for m in EVASION_METRICS],
            }
        )
    return {
        "sentences": [shown(s, 500) for s in found.get("says", [])],
        "columns": ["copied from people", *(TITLES[m] for m in EVASION_METRICS)],
        "rows": rows,
    }


def _summary(intake: Values, evaluation: Values, importance: Values, album: Album) -> dict[str, Any]:
    overall = evaluation["overall"]
    model, baselines = overall["model"], overall.get("baselines", {})
    name, rival = best(baselines)
    auc, precision = value(model, "roc_auc"), value(model, "average_precision")
    counts = evaluation.get("counts", {})
    families = [shown(f["family"], 40) for f in importance["families"][:3] if f["share"] > 0]
    sentences = []
    if auc is not None:
        sentences.append(
            f"Shown one bot and one person, the model gives the bot the higher score {auc:.0%} of the time."
            + (f" Its average precision is {precision:.3f}" if precision is not None else "")
            + (f"; the best baseline, {BASELINES.get(name, shown(name, 40))}, reaches {rival:.3f}." if rival else ".")
        )
    if families:
        sentences.append(f"It looks most at {listed(families)}.")
    tiles = [
        {"name": TITLES[m], "value": number(value(model, m)), "note": interval(model.get(m))}
        for m in ("roc_auc", "average_precision", "recall_at_1pct_fpr", "expected_calibration_error")
    ]
    if "accounts" in counts:
        bots = counts.get("bots", 0)
        tiles.insert(0, {"name": "labelled accounts", "value": f"{counts['accounts']:,}", "note": f"{bots:,} bots"})
    return {"sentences": sentences, "tiles": tiles, "warnings": list(_warnings(intake, evaluation, rival))}


def _warnings(intake: Values, evaluation: Values, rival: float | None) -> Iterable[str]:
    overall, counts = evaluation["overall"], evaluation.get("counts", {})
    if 0 < counts.get("bots", FEW_BOTS) < FEW_BOTS:
        yield f"Only {counts['bots']:,} labelled bots: every number here is known within several points only."
    precision = value(overall["model"], "average_precision")
    if rival is not None and precision is not None and precision <= rival:
        yield "A baseline does as well as the model; the simpler one should be preferred."
    auc = value(overall["model"], "roc_auc")
    worse = []
    for source, found in sorted(evaluation.get("leave_source_out", {}).items()):
        alone = value(found.get("model", {}), "roc_auc")
        inside = value(evaluation.get("per_source", {}).get(source, {}).get("model", {}), "roc_auc") or auc
        if alone is not None and inside is not None and inside - alone > TRAVELS_BADLY:
            worse.append(f"{alone:.2f} instead of {inside:.2f} on {shown(source, 60)}")
    if worse:
        yield (
            "Expect less than the headline on data from elsewhere. Left out of training, a source is told apart "
            f"less well: ROC AUC {listed(worse)}."
        )
    refused = sum(int(s.get("refused", 0)) for s in intake.get("sources", {}).values())
    read = sum(int(s.get("read", 0)) for s in intake.get("sources", {}).values())
    if read and refused > 0.05 * read:
        yield f"{refused:,} of {read:,} rows could not be used; see the table of sources."


def _data(intake: Values) -> dict[str, Any]:
    rows = []
    for name, s in sorted(intake.get("sources", {}).items()):
        reasons = sorted(s.get("reasons", {}).items(), key=lambda r: (-r[1], r[0]))
        rows.append(
            {
                "name": shown(name, 80),
                **{k: count(s.get(k)) for k in ("read", "used", "refused", "bots", "people")},
                "reasons": ", ".join(f"{shown(code, 60)} ({n:,})" for code, n in reasons) or "–",
            }
        )
    used = sum(int(s.get("used", 0)) for s in intake.get("sources", {}).values())
    several = f"{len(rows)} sources" if len(rows) != 1 else "one source"
    return {"sources": rows, "sentence": f"{used:,} rows of {several} were used. Nothing is dropped silently."}


def _quality(found: Values, metrics: Iterable[str]) -> list[dict[str, Any]]:
    names = list(metrics)
    rows = [{"name": "model", "ours": True, "note": "", "metrics": [found["model"].get(m) for m in names]}]
    for name, values in found.get("baselines", {}).items():
        label = BASELINES.get(name, shown(name, 60))
        rows.append({"name": label, "ours": False, "note": "", "metrics": [values.get(m) for m in names]})
    return rows


def _by_source(found: Values, counts: Values) -> list[dict[str, Any]]:
    rows = []
    for source, values in sorted(found.items()):
        told = counts.get(source, {})
        note = f"{told['accounts']:,} accounts, {told['bots']:,} bots" if told else ""
        why = values.get("why")
        metrics = [values.get("model", {}).get(m) for m in SOURCE_METRICS]
        note = f"{note}; not measured: {shown(why)}" if why else note
        rows.append({"name": shown(source, 80), "ours": False, "note": note, "metrics": metrics})
    return rows


def _left_out(found: Values, counts: Values) -> list[dict[str, Any]]:
    """As ``_by_source``, and what is lost against random folds on the same accounts."""
    rows = _by_source(found, counts)
    for row, (_, values) in zip(rows, sorted(found.items()), strict=True):
        row["metrics"] += [values.get("drop", {}).get(m) for m in DROPPED]
    return rows


def _unseen(found: Values | None) -> list[dict[str, Any]]:
    """Each kind left out of training, and what came later, with the same accounts out of fold beside it."""
    if not found:
        return []
    tests = {f"{shown(kind, 60)}, never labelled": test for kind, test in sorted(found["kinds"].items())}
    rows = []
    for name, test in {**tests, "the accounts judged last": found["later"]}.items():
        why = f"; not measured: {shown(test['why'])}" if "why" in test else ""
        metrics = [test.get(side, {}).get(m) for m in UNSEEN_METRICS for side in ("left_out", "inside", "change")]
        note = f"{test['accounts']:,} accounts, {test['bots']:,} bots{why}"
        rows.append({"name": name, "ours": False, "note": note, "metrics": metrics})
    return rows


def _kinds(found: Values) -> list[list[str]]:
    """Kind, accounts, and how many of them are scored above all but 1% and 0.1% of people."""
    rows = []
    for kind, values in sorted(found.items(), key=lambda k: (-k[1]["accounts"], k[0])):
        caught = [share(values.get(m)) for m in ("recall_at_1pct_fpr", "recall_at_01pct_fpr")]
        rows.append([shown(kind, 60), count(values["accounts"]), *caught])
    return rows


def _slices(found: Sequence[Values]) -> list[dict[str, Any]]:
    """A slice with its two ranking metrics; what is too small to measure keeps its counts."""
    rows = []
    for one in found:
        metrics = one.get("metrics") or {}
        rows.append(
            {
                "name": f"{shown(one['dimension'], 40).replace('_', ' ')}: {shown(one['slice'], 60)}",
                "ours": False,
                "note": f"{one['accounts']:,} accounts, {one['bots']:,} bots",
                "metrics": [metrics.get(m) for m in ("roc_auc", "average_precision")],
            }
        )
    return rows


def _calibration(model: Values) -> str:
    error = value(model, "expected_calibration_error")
    said = "A probability of 0.8 should mean that 8 of 10 such accounts are bots."
    if error is None:
        return said
    return f"{said} On accounts the model had not seen, the probability said is off by {error:.3f} on average."


def _intervals(found: Values | None) -> str:
    if not found or "why" in found:
        return ""
    return (
        f" The interval of a probability is {found['width']:.3f} wide on average. In {found['covered']:.0%} of "
        f"{found['bins']} bins of accounts with like scores the share of bots lies inside (covered); a bin is small, "
        f"so chance alone puts its share outside a narrow interval. In {found['compatible']:.0%} it does or misses it "
        "by no more than that chance (compatible)."
    )


def _tiers(evaluation: Values) -> dict[str, Any]:
    found = evaluation.get("tiers", {})
    listed = found.get("tiers", []) if isinstance(found, Mapping) else found
    columns = ["tier", "from probability", "of all people", "of all bots", "bots among those in it", "accounts a day"]
    rows = []
    for tier in listed:
        expected = tier.get("expected", tier)
        cut = tier.get("threshold")
        cells = [number(cut) if cut is not None else "closed"]
        cells += [share(expected.get(k)) for k in ("people", "recall", "precision")]
        cells.append(_per_day(expected.get("per_day")))
        because = shown(tier.get("because") or "", 200) if cut is None else ""
        rows.append({"name": shown(tier["tier"], 40), "because": because, "cells": cells})
    bots = found.get("bot_share") if isinstance(found, Mapping) else None
    taken = f" Bots are taken to be {bots:.1%} of accounts." if bots else ""
    return {
        "columns": columns,
        "rows": rows,
        "sentence": "An account lands in the harshest tier whose threshold its probability reaches; "
        f"below all of them it is allowed.{taken}",
    }


def _per_day(found: Any) -> str:
    if not isinstance(found, Mapping) or found.get("value") is None:
        return "n/a"
    return f"{found['value']:,.0f} ({found['low']:,.0f} to {found['high']:,.0f})"


def _pictures(album: Album, model: Values) -> dict[str, Any]:
    auc, precision = number(value(model, "roc_auc")), number(value(model, "average_precision"))
    error = number(value(model, "expected_calibration_error"))
    drawn = {
        "beeswarm": (
            "SHAP beeswarm of features",
            "One row a feature, one dot an account, placed by its contribution in log-odds and coloured by the value "
            "of the feature. The numbers are in the table of features.",
            "SHAP's beeswarm plot. A dot right of the line moved its account towards bot; grey means missing.",
        ),
        "families": (
            "Importance of families of features",
            "Bars of the mean absolute contribution of each family; the table of features has the numbers.",
            "Mean absolute contribution of each family, and its share of all.",
        ),
        "dependence": (
            "How contributions go with values",
            "A panel for each of the features that move scores most: contribution in log-odds against the value of the "
            "feature, a dot an account.",
            "Above the line a value moved its account towards bot. Accounts without a value stand at the left edge.",
        ),
        "roc": (
            "ROC curve",
            f"Share of bots found against share of people called bots; the area is {auc}.",
            "ROC curve.",
        ),
        "precision_recall": (
            "Precision and recall",
            f"Precision against recall; the average precision is {precision}.",
            "Precision against recall.",
        ),
        "reliability": (
            "Calibration curve",
            f"Share of bots seen against probability said, in ten groups; the mean distance is {error}.",
            "Points on the dashed line are probabilities that can be taken at their word; bars are 95% intervals.",
        ),
        "distributions": (
            "Scores of people and bots",
            "Two histograms of the bot probability, of people and of bots, with the thresholds of the tiers.",
            "How far the scores of people and of bots lie apart. Dashed lines are where tiers begin.",
        ),
    }
    return {name: album.get(f"{name}.svg", *words) for name, words in drawn.items()}


def _pairs(interactions: Values | None) -> dict[str, Any]:
    """Features that act together, and over how many accounts that was looked at."""
    found = interactions or {"rows": 0, "pairs": []}
    pairs = [{"features": [shown(n, 80) for n in p["features"]], "mean_abs": p["mean_abs"]} for p in found["pairs"]]
    return {"rows": found["rows"], "pairs": pairs}


def _importance(importance: Values, model: Described) -> list[dict[str, Any]]:
    said = {s.name: s for s in model.said}
    rows = []
    for f in importance["features"]:
        about = said.get(f["feature"])
        summary = about.summary if about else ""
        rows.append(
            {
                "feature": shown(f["feature"], 80),
                "family": shown(f["family"], 40),
                "mean_abs": f["mean_abs"],
                "share": f["share"],
                "summary": shown(summary, 300),
            }
        )
    return rows
