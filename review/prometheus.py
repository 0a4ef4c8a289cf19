"""A monitoring run as a Prometheus text file, for the node exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Sample = tuple[dict[str, str], float | None]


def prometheus_text(report: Mapping[str, Any]) -> str:
    """The numbers of ``report`` that a dashboard or an alert rule needs, in the text exposition format."""
    lines: list[str] = []
    for name, says, samples in _families(report):
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines += [f"# HELP unpump_monitor_{name} {says}", f"# TYPE unpump_monitor_{name} gauge"]
            lines += [f"unpump_monitor_{name}{_labels(labels)} {float(value)!r}" for labels, value in known]
    return "\n".join(lines) + "\n"


def _families(report: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Sample]]]:
    yield (
        "findings",
        "Findings of the last run by severity.",
        [({"severity": s}, n) for s, n in report["counts"].items()],
    )
    yield (
        "finding",
        "1 for each check that spoke in the last run.",
        [({"code": f["code"], "check": f["check"], "severity": f["severity"]}, 1) for f in report["findings"]],
    )
    yield "as_of_seconds", "Newest moment of judgement, Unix time.", [({}, report["about"]["as_of_s"])]
    yield "accounts", "Accounts in the batch.", [({}, report["accounts"]["batch"])]
    yield (
        "table_rows",
        "Rows of each canonical table.",
        [({"table": n}, facts["rows"]) for n, facts in report["tables"]["batch"].items()],
    )
    yield "score_psi", "Population stability index of the scores, less chance.", [({}, report["scores"]["psi"])]
    share = report["bot_share"]["estimate"] or {}
    ends = ("value", "low", "high")
    yield "bot_share", "Share of bots estimated from scores.", [({"end": e}, share.get(e)) for e in ends]
    for what in ("precision", "recall"):
        yield (
            f"expected_{what}",
            f"Expected {what} by tier, without labels.",
            [
                ({"tier": t, "end": e}, (said[what] or {}).get(e))
                for t, said in report["expected"].items()
                for e in ends
            ],
        )
    yield (
        "flagged",
        "Accounts at and above each tier.",
        [({"tier": t}, e["flagged"]) for t, e in report["expected"].items()],
    )
    realised = report["realised"] or {"cuts": {}, "accounts": None}
    yield "labelled", "Accounts whose label is known.", [({}, realised["accounts"])]
    for what in ("precision", "recall", "false_positive_rate"):
        yield (
            f"realised_{what}",
            f"Realised {what.replace('_', ' ')} by tier, among labelled accounts.",
            [({"tier": t, "end": e}, (said[what] or {}).get(e)) for t, said in realised["cuts"].items() for e in ends],
        )
    features = sorted(report["features"], key=lambda f: f["feature"])
    yield (
        "feature_psi",
        "Population stability index, less chance.",
        [({"feature": f["feature"]}, f["psi"]) for f in features],
    )
    yield (
        "feature_missing_share",
        "Share of accounts without a value.",
        [({"feature": f["feature"]}, f["missing"]) for f in features],
    )


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{k}="{_escaped(v)}"' for k, v in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
