"""Split every score into contributions, and choose cases with their reasons and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.groups import GROUPS
from models.bundle import Model, from_files
from models.contributions import importance, in_batches, interactions, strongest_pairs
from models.peers import ALIKE, Peers
from models.reasons import has_evidence, kind_reasons, reasons
from models.settings import Explain
from models.whatif import what_would_change
from pipeline.evidence import EVIDENCE, evidence
from pipeline.settings import Featurize, Params
from pipeline.tablefiles import TableFiles
from pipeline.timelines import timelines
from pipeline.together import acted_together
from review import plots
from review.choice import choose
from review.shapplots import beeswarm, waterfall

PAIRS = 20  # interactions kept
WATCHED = ("review", "challenge", "limit_reach", "discount", "suspend")  # the first that is open parts right from wrong


def explain(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    model: Mapping[str, bytes],
    oof: pd.DataFrame,
    settings: Explain,
    params: Params | None = None,
    tables: TableFiles | None = None,
    groups: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Contributions of every account, importance of features, and cases worth a look.

    Parameters
    ----------
    features : account_id, as_of, then the features; every account, labelled or not
    folds : labelled accounts
    model : files of the model directory
    oof : labelled accounts with bot_probability by a model that did not see them
    settings : Explain
    params : all settings; ``featurize`` says with how much memory the tables are read
    tables : canonical tables, from which the rows behind reasons are read; None shows none
    groups : who acted together; None shows none

    Returns
    -------
    contributions (account_id, raw_score, base_value, one column per feature; base and contributions add up to the
    raw score within 1e-6), importance, cases, evidence (rows behind their reasons), together (groups worth a look),
    pictures (name -> SVG)
    """
    known = from_files(model, "artifacts/model")
    matrix = known.matrix(features)
    parts = list(in_batches(known, matrix))
    raw = np.concatenate([p.raw for p in parts]) if parts else np.empty(0)
    values = np.vstack([p.values for p in parts]) if parts else np.empty((0, len(known.columns)))
    base = parts[0].base if parts else 0.0
    table = pd.concat(
        [
            pd.DataFrame({"account_id": features["account_id"].to_numpy(), "raw_score": raw, "base_value": base}),
            pd.DataFrame(values, columns=list(known.columns)),
        ],
        axis=1,
    )
    ranked = importance(values, known.columns, {s.name: s.family for s in known.said})
    ranked["interactions"] = _interactions(known, settings, matrix)
    place = pd.Series(np.arange(len(features)), index=features["account_id"].to_numpy())
    cases, waterfalls = _cases(known, settings, oof, place, matrix, values, raw, base)
    tell_peers(cases, features, oof)
    engine = (params or Params()).featurize
    shown = rows_behind(cases, tables, features, settings, engine)
    histories = _histories(cases, tables, features, engine)
    together, graphs = acted_together(_as_declared(groups), tables, oof, engine, settings.groups)
    pictures = {**_pictures(known, settings, oof, ranked, matrix, values, base), **graphs, **waterfalls, **histories}
    return {
        "contributions": table,
        "importance": ranked,
        "cases": cases,
        "evidence": shown,
        "together": together,
        "pictures": pictures,
    }


def _interactions(model: Model, settings: Explain, matrix: np.ndarray) -> dict[str, Any]:
    """The strongest pairs of features that may be named, over accounts drawn by chance, and how many those were."""
    named = np.array([i for i, s in enumerate(model.said) if not s.suppressed], dtype=np.int64)
    drawn = np.random.default_rng(settings.seed).permutation(len(matrix))[: settings.interactions]
    if not len(drawn):
        return {"rows": 0, "pairs": []}
    found = interactions(model, matrix[np.sort(drawn)])[:, named][:, :, named]
    return {"rows": len(drawn), "pairs": strongest_pairs(found, [model.columns[i] for i in named], PAIRS)}


def _histories(
    cases: Sequence[dict[str, Any]], tables: TableFiles | None, features: pd.DataFrame, engine: Featurize
) -> dict[str, bytes]:
    """Pictures of what the accounts of ``cases`` did day by day; each case gets the name of its own as ``days``."""
    if tables is None or not cases:
        return {}
    judged = features.loc[features["account_id"].isin([c["account_id"] for c in cases]), ["account_id", "as_of"]]
    found = timelines(tables, judged, engine)
    pictures = {}
    for one in cases:
        if one["account_id"] in found:
            one["days"] = one["picture"].replace(".svg", "-days.svg")
            pictures[one["days"]] = plots.days(found[one["account_id"]])
    return pictures


def _as_declared(groups: pd.DataFrame | None) -> pa.Table:
    """Groups in their declared types; none where there are none."""
    return GROUPS.empty_table() if groups is None else pa.Table.from_pandas(groups, GROUPS, preserve_index=False)


def tell_peers(cases: Sequence[dict[str, Any]], features: pd.DataFrame, oof: pd.DataFrame) -> None:
    """Give each reason of ``cases`` the range of people of similar size and age; None where it is not known."""
    known = Peers.of(features, oof.loc[~oof["is_bot"].astype(bool), "account_id"].tolist())
    for one in cases:
        if known is None:
            for reason in one["reasons"]:
                reason["peers"] = None
        else:
            row = features.loc[features["account_id"] == one["account_id"], list(ALIKE)]
            known.tell(one, row.iloc[0].to_list())


def rows_behind(
    cases: Sequence[dict[str, Any]],
    tables: TableFiles | None,
    features: pd.DataFrame,
    settings: Explain,
    engine: Featurize,
) -> pa.Table:
    """What stands behind the reasons of ``cases``; each reason gets it in words, as its ``evidence``."""
    asked = [(c["account_id"], r["feature"], r["code"]) for c in cases for r in c["reasons"]]
    found = (
        evidence(tables, features, asked, engine, settings.evidence) if tables is not None else EVIDENCE.empty_table()
    )
    told: dict[tuple[str, str], list[str]] = {}
    for row in found.select(["account_id", "feature", "text"]).to_pylist():
        told.setdefault((row["account_id"], row["feature"]), []).append(row["text"])
    for c in cases:
        for reason in c["reasons"]:
            reason["evidence"] = told.get((c["account_id"], reason["feature"]), [])
    return found


def watched_cut(tiers: Mapping[str, float | None]) -> float:
    """Probability from which an account is looked at by a person: the review tier's, else the next that is open."""
    return next((cut for tier in WATCHED if (cut := tiers.get(tier)) is not None), 0.5)


def _cases(
    model: Model,
    settings: Explain,
    oof: pd.DataFrame,
    place: pd.Series,
    matrix: np.ndarray,
    values: np.ndarray,
    raw: np.ndarray,
    base: float,
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    chosen = choose(oof, settings.cases, watched_cut(model.tiers))
    known: dict[Any, dict[Any, Any]] = oof.set_index("account_id").to_dict("index")
    cases, pictures = [], {}
    hidden = [s.suppressed for s in model.said]
    for number, (account, why) in enumerate(chosen):
        here = slice(int(place[account]), int(place[account]) + 1)
        picture = f"cases/{number:03d}.svg"
        pictures[picture] = waterfall(base, values[here][0], matrix[here][0], model.columns, suppressed=hidden)
        told = case(model, account, matrix[here], values[here], float(raw[here][0]), settings.reasons, known[account])
        cases.append({**told, "why": why, "picture": picture})
    return cases, pictures


def case(
    model: Model,
    account: str,
    matrix: np.ndarray,
    values: np.ndarray,
    raw: float,
    most: int,
    label: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One account as ``cases.json`` holds it.

    Parameters
    ----------
    model : Model
    account : its identifier
    matrix, values : its features and contributions, of shape (1, n_features)
    raw : its raw score
    most : reasons at most
    label : its row of the out-of-fold scores; without it is_bot, kind, source, fold, bot_probability and tier, which
        come from there, are None

    ``change`` is the smallest change found that leads into a milder tier, of what a person can change
    (``models.whatif``); None for accounts far from the edge of their tier. ``likely`` is the kind the final model gives
    it, with ``likely_probability`` and ``kind_reasons``; None where the model tells no kinds.
    """
    probability, low, high = (float(v[0]) for v in model.calibrate(np.array([raw])))
    known: Mapping[str, Any] = label or {}
    blind = float(known["bot_probability"]) if known else None
    kind = known.get("kind")
    likely, share = None, None
    if model.kinds is not None:
        (likely,), (share,) = (v.tolist() for v in model.kinds.named(matrix, np.array([probability])))
    return {
        "account_id": account,
        "source": str(known["source"]) if known else None,
        "kind": None if kind is None or pd.isna(kind) else str(kind),
        "is_bot": bool(known["is_bot"]) if known else None,
        "fold": int(known["fold"]) if known else None,
        "bot_probability": blind,
        "tier": str(model.tier(np.array([blind]))[0]) if blind is not None else None,
        "final": probability,
        "final_low": low,
        "final_high": high,
        "final_tier": str(model.tier(np.array([probability]))[0]),
        "raw_score": raw,
        "evidence": bool(has_evidence(model, matrix, values)[0]),
        "reasons": reasons(model, matrix, values, most)[0],
        "likely": likely,
        "likely_probability": share,
        "change": what_would_change(model, matrix[0]),
        "kind_reasons": kind_reasons(model, matrix, [likely], most)[0] if likely is not None else [],
    }


def _strongest(named: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[tuple[str, int]]:
    """Name and position of the features whose dependence is drawn."""
    return [(str(f["feature"]), list(columns).index(f["feature"])) for f in named[: plots.PANELS]]


def _pictures(
    model: Model,
    settings: Explain,
    oof: pd.DataFrame,
    ranked: Mapping[str, Any],
    matrix: np.ndarray,
    values: np.ndarray,
    base: float,
) -> dict[str, bytes]:
    shown = np.array([i for i, s in enumerate(model.said) if not s.suppressed], dtype=np.int64)
    some = np.sort(np.random.default_rng(settings.seed).permutation(len(values))[: settings.picture_rows])
    names = [model.columns[i] for i in shown]
    is_bot, p = oof["is_bot"].to_numpy(dtype=bool), oof["bot_probability"].to_numpy(dtype=np.float64)
    source = oof["source"].to_numpy(dtype=str)
    sources = {str(s): (is_bot[source == s], p[source == s]) for s in np.unique(source)}
    cuts = [(tier, cut) for tier, cut in model.tiers.items() if cut is not None]
    named = [f for f in ranked["features"] if f["feature"] in set(names)]
    return {
        "beeswarm.svg": beeswarm(
            base, values[np.ix_(some, shown)], matrix[np.ix_(some, shown)], names, seed=settings.seed
        ),
        "families.svg": plots.bars(ranked["families"], "family"),
        "features.svg": plots.bars(named, "feature"),
        "dependence.svg": plots.dependence(
            [(n, matrix[some, i], values[some, i]) for n, i in _strongest(named, model.columns)]
        ),
        "roc.svg": plots.roc((is_bot, p), sources),
        "precision_recall.svg": plots.precision_recall((is_bot, p), sources),
        "reliability.svg": plots.reliability(is_bot, p),
        "distributions.svg": plots.distributions(is_bot, p, cuts),
    }
