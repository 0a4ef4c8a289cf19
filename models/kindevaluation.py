"""How well kinds are told: each against all others with intervals, and which kinds are taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.kindtraining import labels
from models.metrics import Scores, measure
from models.settings import Evaluate

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("roc_auc", "average_precision", "recall_at_1pct_fpr")
MOST_RESAMPLES = 200


def measure_kinds(said: pd.DataFrame, oof: pd.DataFrame, settings: Evaluate) -> dict[str, Any] | None:
    """Quality of what was said of kinds out of fold; None where kinds were not told.

    Parameters
    ----------
    said : account_id, kind, probability, a row per tested account and kind
    oof : account_id, is_bot and kind of the tested accounts
    settings : Evaluate

    Returns
    -------
    JSON value: ``kinds``, name -> accounts, share (average precision of a guess) and ``SHOWN`` metrics with
    intervals; ``mean`` of average precisions over kinds; ``right``, share of accounts whose most probable kind is
    theirs, with interval; ``confusion`` (``labelled`` and ``called`` name rows and columns of ``accounts``)
    """
    if said.empty:
        return None
    table = said.set_index(["account_id", "kind"])["probability"].unstack().sort_index(axis=1)  # noqa: PD010
    known = oof.set_index("account_id").loc[table.index]
    names, p = [str(c) for c in table.columns], table.to_numpy(dtype=np.float64)
    label = labels(known["is_bot"].to_numpy(dtype=bool), known["kind"].to_numpy(dtype=object), names)
    resamples = min(settings.resamples, MOST_RESAMPLES)
    kinds = {}
    for i, name in enumerate(names):
        values, _ = measure(
            label == name, {"model": Scores(p[:, i])}, resamples=resamples, level=settings.level, seed=settings.seed
        )
        accounts = int((label == name).sum())
        found = {m: values["model"][m] for m in SHOWN}
        kinds[name] = {"accounts": accounts, "share": round(accounts / len(label), 6), **found}
    called = np.array(names, dtype=object)[p.argmax(axis=1)]
    labelled = [*names, *sorted(set(label) - {*names, ""})]
    counts = [[int(((label == a) & (called == b)).sum()) for b in names] for a in labelled]
    told = np.isin(label, names)
    precisions = [k["average_precision"]["value"] for k in kinds.values()]
    return {
        "kinds": kinds,
        "mean": {"average_precision": round(float(np.mean(precisions)), 6) if None not in precisions else None},
        "right": _share((label == called)[told], settings),
        "confusion": {"labelled": labelled, "called": names, "accounts": counts},
    }


def _share(hits: np.ndarray, settings: Evaluate) -> dict[str, Any]:
    """Share of ``hits`` with its bootstrap interval."""
    if not len(hits):
        return {"value": None, "low": None, "high": None, "reason": "no accounts"}
    drawn = np.random.default_rng(settings.seed).binomial(len(hits), hits.mean(), settings.resamples) / len(hits)
    low, high = np.quantile(drawn, [(1 - settings.level) / 2, (1 + settings.level) / 2])
    return {"value": round(float(hits.mean()), 6), "low": round(float(low), 6), "high": round(float(high), 6)}
