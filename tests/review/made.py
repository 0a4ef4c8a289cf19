"""Hand-made artefacts of a run, as the review stage reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.contributions import importance
from models.metrics import METRICS
from models.reasons import reasons
from models.wording import Said
from review import plots
from review.groupplots import together as drawn_together
from review.shapplots import beeswarm, waterfall


@dataclass(frozen=True)
class Described:
    version: str
    feature_hash: str
    said: tuple[Said, ...]

    @property
    def columns(self) -> list[str]:
        return [s.name for s in self.said]


def metrics(roc_auc: float) -> dict[str, Any]:
    """Every metric at one value, and one that is undefined, as it is with few people."""
    found = {m: {"value": roc_auc, "low": roc_auc - 0.02, "high": min(1.0, roc_auc + 0.02)} for m in METRICS}
    return {**found, "recall_at_01pct_fpr": {"value": None, "low": None, "high": None}}


def acted(names: list[str]) -> tuple[bytes, list[dict[str, Any]]]:
    """The picture and the facts of a farm of four accounts, one of which nobody has labelled."""
    members = ["ann", "ben", "cid", names[0]]
    likes = pd.DataFrame(
        {"actor_id": members * 2, "post_id": ["p1"] * 4 + [names[-1]] * 4, "at_s": [0, 30, 60, 7200, 5, 6, 7, 90_000]}
    )
    scores = [0.9, 0.8, 0.1, None]
    group = {
        "group_id": f"farm-{names[0]}",
        "kind": "farm",
        "member_count": 1204,
        "post_count": 2,
        "author_count": 1,
        "density": 0.75,
        "significance": 12.4,
        "first_seen": "2026-05-01T00:00:00+00:00",
        "last_seen": None,
        "scored": 3,
        "median_probability": 0.8,
        "first_minutes": 0.75,
        "named": [{"account_id": m, "probability": p} for m, p in zip(members, scores, strict=True)],
        "picture": "groups/00.svg",
    }
    return drawn_together(likes, members, scores), [group]


def met(called: int, people: int, limit: float, breaks: bool) -> dict[str, Any]:
    """People of a slice in a tier, as ``models.slices`` counts them."""
    value, low, high = (called / people, 0.09, 0.54) if people else (None, None, None)
    return {"ceiling": limit, "called": called, "value": value, "low": low, "high": high, "breaks": breaks}


def artefacts(names: list[str], features: list[str]) -> dict[str, Any]:
    """What ``review`` reads, with one case per account in ``names`` and the columns ``features``."""
    rng = np.random.default_rng(0)
    values, pushes = rng.normal(size=(60, len(features))) * 100, rng.normal(size=(60, len(features)))
    values[rng.random(values.shape) < 0.1] = np.nan
    is_bot = np.arange(60) % 3 == 0
    p = np.clip(is_bot * 0.5 + rng.random(60) * 0.5, 0.001, 0.999)
    said = tuple(
        Said(f, f"family {i % 2}", "count", f"{f} is {{value:,.1f}} (people: {{usual}})", f"What {f} is.", f, -50, 50)
        for i, f in enumerate(features)
    )
    model = Described("unpump-0a1b2c3d", "0123456789abcdef0123456789abcdef", said)
    kinds = importance(pushes, features, {s.name: s.family for s in said})
    kinds["interactions"] = {"rows": 50, "pairs": [{"features": [features[0], features[-1]], "mean_abs": 0.125}]}
    pictures = {
        "beeswarm.svg": beeswarm(-1.0, pushes, values, features),
        "families.svg": plots.bars(kinds["families"], "family"),
        "roc.svg": plots.roc((is_bot, p), {}),
        "precision_recall.svg": plots.precision_recall((is_bot, p), {}),
        "reliability.svg": plots.reliability(is_bot, p),
        "distributions.svg": plots.distributions(is_bot, p, [("review", 0.8)]),
    }
    cases = []
    for n, name in enumerate(names):
        i = n % 60
        pictures[f"cases/{n:03d}.svg"] = waterfall(-1.0, pushes[i], values[i], features)
        cases.append(
            {
                "account_id": name,
                "why": ["false alarm", name][: 1 + n % 2],
                "source": name if n % 5 == 0 else "nyu-2017",
                "kind": None if n % 4 else name,
                "is_bot": bool(is_bot[i]),
                "bot_probability": float(p[i]),
                "final": float(p[i]),
                "raw_score": float(pushes[i].sum() - 1),
                "tier": "review",
                "reasons": reasons(model, values[i : i + 1], pushes[i : i + 1], 5)[0],
                "picture": f"cases/{n:03d}.svg",
                "days": "days.svg",
                "likely": None if n % 3 else name,
                "likely_probability": None if n % 3 else 0.9,
                "kind_reasons": [] if n % 3 else reasons(model, values[i : i + 1], abs(pushes[i : i + 1]), 2)[0],
            }
        )
    pictures["dependence.svg"] = plots.dependence([(f, values[:, i], pushes[:, i]) for i, f in enumerate(features)])
    pictures["days.svg"] = plots.days({"posts": np.arange(90) % 3, "own actions": np.zeros(90, dtype=np.int64)})
    pictures["groups/00.svg"], together = acted(names)
    sources = {s: {"model": metrics(0.93), "baselines": {}} for s in ("nyu-2017", names[0])}
    tier = {"people": {"value": 0.01, "low": 0.005, "high": 0.02}, "recall": {"value": 0.5}, "precision": None}
    remains = {"metrics": metrics(0.8)}
    return {
        "data_audit": {
            "checks": [{"code": "AUD001"}, {"code": "AUD002"}],
            "findings": [
                {
                    "code": "AUD001",
                    "severity": "severe",
                    "allowed": True,
                    "check": names[0],
                    "says": f"One column alone: {names[0]}",
                }
            ],
            "stops": [],
        },
        "robustness": {
            "untouched": remains,
            "levels": [{"name": "free", "changed": 2, "of": 3, "person": remains, "quantiles": remains}],
            "says": [f"With its free features copied from a person, a bot is found: {names[0]}"],
        },
        "together": together,
        "registration": {
            "decision": "refused",
            "reasons": [f"It loses on the slice {names[0]}"],
            "checks": [
                {"check": "slices", "passed": False, "says": f"slice {names[0]} lost .1", "evidence": {}},
                {
                    "check": "false positives per slice",
                    "passed": False,
                    "says": "language above its ceiling",
                    "evidence": {
                        "ceilings": {"suspend": 0.005, "review": 0.025},
                        "broken": [{"dimension": "language", "slice": names[0], "tier": "suspend"}],
                    },
                },
            ],
            "reasons_alike": {
                "accounts": 60,
                "first": 0.9,
                "overlap": 0.8,
                "signs": 1.0,
                "moved": [{"feature": features[-1], "first": 0.1, "second": 0.2}],
            },
        },
        "said": {"owner": f"The integrity team {names[0]}", "contact": ""},
        "intake": {
            "sources": {
                s: {"read": 70, "used": 60, "refused": 10, "bots": 20, "people": 40, "reasons": {names[0]: 10}}
                for s in sources
            },
            "fingerprint": "0" * 32,
        },
        "evaluation": {
            "overall": {"model": metrics(0.95), "baselines": {"constant": metrics(0.5), "logistic": metrics(0.9)}},
            "per_source": sources,
            "leave_source_out": {
                **{
                    s: {"model": metrics(0.7), "adapted": metrics(0.8), "drop": {"roc_auc": metrics(0.23)["roc_auc"]}}
                    for s in sources
                },
                "one-sided": {"model": {}, "baselines": {}, "why": f"it has 3 bots and 0 people {names[0]}"},
            },
            "counts": {"accounts": 60, "bots": 20, "sources": {s: {"accounts": 30, "bots": 10} for s in sources}},
            "per_kind": {
                k: {"accounts": 30, "bots": 30, "recall_at_1pct_fpr": 0.5, "recall_at_01pct_fpr": None}
                for k in ("spam_bot", names[0])
            },
            "intervals": {"bins": 20, "covered": 0.4, "compatible": 0.95, "width": 0.031},
            "unseen": {
                "kinds": {
                    names[0]: {
                        "accounts": 30,
                        "bots": 20,
                        "left_out": metrics(0.6),
                        "inside": metrics(0.9),
                        "change": metrics(-0.3),
                    }
                },
                "later": {"accounts": 20, "bots": 0, "why": "0 bots and 20 people to test on"},
            },
            "kinds": {
                "kinds": {
                    k: {"accounts": 20, "share": 0.33, **metrics(0.9)} for k in sorted({"human", "spam_bot", names[0]})
                },
                "mean": {"average_precision": 0.9},
                "right": {"value": 0.8, "low": 0.7, "high": 0.9},
                "confusion": {"labelled": ["human", names[0]], "called": ["human"], "accounts": [[1, 2], [3, 4]]},
            },
            "slices": [
                {
                    "dimension": "language",
                    "slice": names[0],
                    "accounts": 30,
                    "bots": 10,
                    "people": 20,
                    "metrics": metrics(0.9),
                    "false_positives": {"suspend": met(5, 20, 0.001, True), "review": met(6, 20, 0.005, True)},
                },
                {
                    "dimension": "platform",
                    "slice": "town",
                    "accounts": 3,
                    "bots": 3,
                    "people": 0,
                    "metrics": None,
                    "false_positives": {"suspend": met(0, 0, 0.001, False), "review": met(0, 0, 0.005, False)},
                },
            ],
            "tiers": {
                "bot_share": 0.1,
                "tiers": [
                    {"tier": "suspend", "threshold": None, "because": f"too few people {names[0]}", "expected": {}},
                    {"tier": "review", "threshold": 0.8, "because": "", "expected": tier},
                ],
            },
        },
        "importance": kinds,
        "cases": cases,
        "pictures": pictures,
        "model": model,
    }
