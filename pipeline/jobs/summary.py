"""The few lines a person wants after a run: how good, compared with what, and where to look further."""

from __future__ import annotations

import shlex
from typing import Any, TextIO

from pipeline.files import read_json
from pipeline.layout import Layout
from pipeline.stage import load

METRICS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "recall_at_1pct_fpr": "recall at 1% false positives",
}


def headline(layout: Layout) -> dict[str, Any]:
    """Metrics of the model and its best baseline, the decision of the registry, and paths; all JSON values."""
    evaluation = load("evaluation", layout, "summary")
    overall = evaluation["overall"]
    best = max(overall["baselines"], key=lambda name: overall["baselines"][name]["average_precision"]["value"] or 0)
    registration = layout.path("registration")
    return {
        "metrics": {name: overall["model"][name] for name in METRICS},
        "baseline": {"name": best, **{name: overall["baselines"][best][name]["value"] for name in METRICS}},
        "decision": read_json(registration) if registration.is_file() else None,
        "report": str(layout.path("review")),
        "mlflow": f"mlflow ui --backend-store-uri {shlex.quote(f'sqlite:///{layout.root}/mlflow.db')}",
        "out": str(layout.data),
    }


def print_headline(found: dict[str, Any], to: TextIO) -> None:
    """Print ``found`` as a small table with the next steps below it."""
    print("", file=to)
    for name, label in METRICS.items():
        metric, rival = found["metrics"][name], found["baseline"][name]
        print(
            f"  {label:<30}{_interval(metric):<24}best baseline ({found['baseline']['name']}) {_number(rival)}", file=to
        )
    decision = found["decision"]
    if decision:
        print(f"\n  registry  {decision['decision']}: {' '.join(decision['reasons'])}", file=to)
    print(f"\n  report    {found['report']}\n  MLflow    {found['mlflow']}\n", file=to)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _interval(metric: dict[str, Any]) -> str:
    if metric["value"] is None:
        return "undefined"
    return f"{metric['value']:.3f} ({_number(metric['low'])} to {_number(metric['high'])})"
