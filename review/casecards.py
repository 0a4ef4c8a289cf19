"""Cases as the page shows them: one card an account, with reasons and waterfall."""

from __future__ import annotations

from typing import Any

from models.reasons import NO_EVIDENCE
from review.page import Album, shown
from review.words import Values, listed, number


def card(case: Values, album: Album) -> dict[str, Any]:
    """One case of ``cases.json`` as the template wants it."""
    whys = [shown(w, 60) for w in case["why"]]
    bot = case.get("is_bot")
    truth = {True: "bot", False: "person", None: "unknown"}[bot]
    reasons: list[dict[str, Any]] = [
        {
            "text": shown(r["text"], 320),
            "push": f"{r['contribution']:+.2f} log-odds",
            "direction": "towards bot" if r["contribution"] > 0 else "towards person",
            "class": "bot" if r["contribution"] > 0 else "person",
            "code": shown(r["code"], 80),
            "peers": shown((r.get("peers") or {}).get("text", ""), 200),
            "evidence": [shown(line, 320) for line in r.get("evidence") or []],
        }
        for r in case["reasons"]
    ]
    account, kind, source = shown(case["account_id"], 80), shown(case.get("kind") or "", 60), shown(case["source"], 80)
    picture = album.get(
        case.get("picture") or "",
        f"Waterfall of account {account}",
        f"SHAP waterfall: from the base score, each bar adds a feature's contribution, up to {case['raw_score']:.2f} "
        "log-odds. The largest are listed as reasons.",
        "SHAP's waterfall plot, in log-odds: red towards bot, blue towards person.",
    )
    return {
        "account_id": account,
        "why": whys[0],
        "whys": "\n".join(whys),
        "truth": truth,
        "truth_class": {"bot": "bot", "person": "person"}.get(truth, "muted"),
        "kind": kind,
        "source": source,
        "probability": number(case["bot_probability"]),
        "sentence": _case_sentence(case, kind, source, whys) if case["bot_probability"] is not None else "",
        "reasons": reasons,
        "change_sentence": _change_sentence(case),
        "changes": [shown(c["text"], 320) for c in (case.get("change") or {}).get("changes", [])],
        "kind_sentence": _kind_sentence(case),
        "kind_reasons": [
            {"text": shown(r["text"], 320), "push": f"{r['contribution']:+.2f}", "code": shown(r["code"], 80)}
            for r in case.get("kind_reasons") or []
        ],
        "text": " ".join([account, *(r["text"] for r in reasons)]).lower(),
        "picture": picture,
        "days": album.get(
            case.get("days") or "",
            f"Days of account {account}",
            "Posts, own actions and reactions to its posts per day of the 90 days before the account was judged.",
            "What it did and received, day by day; each row has a scale of its own.",
        ),
    }


def looked_up(case: Values, cut: float) -> dict[str, Any]:
    """An account that was asked for, as ``desk.html.j2`` wants it; ``cut`` is from where the model says bot."""
    told = card(
        {**case, "why": ["asked for"], "source": case["source"] or "nowhere", "picture": "", "days": ""}, Album({})
    )
    likeness = "a bot" if case["final"] >= cut else "a person"
    label = (
        f" It is labelled {told['truth']} by {told['source']}; a model that had not seen it gave "
        f"{case['bot_probability']:.3f}."
        if case["is_bot"] is not None
        else ""
    )
    return {
        **told,
        "sentence": f"The model gives {case['final']:.3f} ({case['final_low']:.3f} to {case['final_high']:.3f}), tier "
        f"{shown(case['final_tier'], 40)}.{label}",
        "question": f"The model says it resembles {likeness}:",
        "no_evidence": NO_EVIDENCE,
    }


def _case_sentence(case: Values, kind: str, source: str, whys: list[str]) -> str:
    named, p = (f" ({kind})" if kind else ""), case["bot_probability"]
    return (
        f"Chosen as {listed(whys)}. From {source}{named}. A model that had not seen it gave {p:.3f}, "
        f"tier {shown(case['tier'], 40)}; the reasons are those of the final model, which gives {case['final']:.3f}."
    )


def _change_sentence(case: Values) -> str:
    change = case.get("change")
    if not change:
        return ""
    return (
        f"It is near the edge of its tier: the final model would give {change['probability']:.3f}, tier "
        f"{shown(change['tier'], 40)}, were the following so and all else equal."
    )


def _kind_sentence(case: Values) -> str:
    likely = case.get("likely")
    if likely is None:
        return ""
    speaks = "; for that speaks:" if case.get("kind_reasons") else "."
    return f"Most like the kind {shown(likely, 60)}, with a probability of {case['likely_probability']:.3f}{speaks}"


def sentence(told: list[dict[str, Any]], album: Album) -> str:
    """What the cases are, and what they are not."""
    if not told:
        return "No case was asked for (setting explain.cases)."
    left = f" {album.left_out} pictures were left out to keep the page small." if album.left_out else ""
    return (
        f"{len(told)} accounts: the surest right and wrong ones, borderline ones, a typical one per kind and source. "
        f"They are not a sample, and say nothing about how often the model errs.{left}"
    )


def filters(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choices of the selects above the cases; one with a single choice is left out."""
    choices = {
        "why": ("chosen as", {w for c in told for w in c["whys"].split("\n")}),
        "source": ("source", {c["source"] for c in told}),
        "kind": ("kind", {c["kind"] for c in told if c["kind"]}),
    }
    return [{"key": k, "name": n, "options": sorted(o)} for k, (n, o) in choices.items() if len(o) > 1]
