"""Decide whether a model earns to be champion: it must beat every baseline, and the champion on the same accounts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import BadInput, printable
from models.bundle import Model, from_files
from models.gate import at_share, explaining_cost, judge, same_rows
from models.policy import land_out_of_fold
from models.slices import ABOUT, slice_labelled
from pipeline.registry import Registered
from pipeline.settings import Params

if TYPE_CHECKING:
    from pipeline.tablefiles import TableFiles

COMPARED = 1000  # accounts whose reasons are compared
log = logging.getLogger(__name__)
Values = Mapping[str, Any]


def register(
    model: Values,
    run: Values,
    evaluation: Values,
    features: pd.DataFrame,
    folds: pd.DataFrame,
    oof: pd.DataFrame,
    baselines: pd.DataFrame,
    settings: Any,
    params: Params,
    tables: TableFiles | None = None,
) -> dict[str, Any]:
    """What can be decided without the registry: whether the model beats its baselines.

    ``pipeline.tracking.track_registration`` compares with the champion and sets the aliases.
    """
    inputs: Values = {"model": model, "features": features, "folds": folds, "oof": oof, "baselines": baselines}
    inputs = {**inputs, "tables": tables}
    return {"registration": decide(inputs, params, None)}


def decide(inputs: Values, params: Params, champion: Registered | None) -> dict[str, Any]:
    """The verdict on a new model, the challenger.

    Parameters
    ----------
    inputs : model (files), features, folds, oof and baselines of the challenger's training, and the tables it was
        trained on; without tables no slice of language, and others by features only
    params : Params; ``register`` holds the rules, ``evaluate`` the seed of the bootstrap, ``train`` and ``policy`` the
        rules of the tiers
    champion : the model in use; None when there is none

    Returns
    -------
    dict with decision (promoted or refused), reasons (sentences), checks (each with passed, says and evidence),
    accounts and bots compared on
    """
    challenger = from_files(inputs["model"], "artifacts/model")
    rules, oof = params.register_, inputs["oof"]
    labelled = challenger.training_bot_share
    said = at_share(oof["bot_probability"].to_numpy(), challenger.bot_share or labelled, labelled)
    rows = oof[["account_id", "is_bot"]].assign(challenger=said)
    costs: dict[str, float] | None = None
    alike: dict[str, Any] | None = None
    notes: list[str] = []
    if champion is not None:
        old = _readable(champion)
        if old is None:
            return _not_compared(champion, "it cannot be read any more")
        rows, notes = _compared(oof, inputs["features"], champion, old)
        told = at_share(rows["champion"].to_numpy(), old.bot_share or old.training_bot_share, labelled)
        rows = rows.assign(challenger=said, champion=told)
        if rows.loc[rows["champion"].notna(), "is_bot"].nunique() < 2:
            return _not_compared(champion, "no bots and people could be scored by both")
        costs = {
            "challenger": explaining_cost(challenger.booster_text),
            "champion": explaining_cost(old.booster_text),
        }
        alike = _reasons_alike(old, challenger, inputs["features"], oof, params)
    tables = inputs.get("tables")
    accounts = tables.read("accounts", list(ABOUT)) if tables else None
    slices = slice_labelled(oof, inputs["folds"], accounts, inputs["features"])
    share = challenger.bot_share
    found = judge(
        rows,
        rules,
        baselines=inputs["baselines"],
        slices=slices,
        landed=land_out_of_fold(oof, params.train.tiers, params.policy, bot_share=share, slices=slices),
        costs=costs,
        seed=params.evaluate.seed,
    )
    decision = "promoted" if found["decision"] == "promote" else "refused"
    return {
        "decision": decision,
        "reasons": [*found["reasons"], *notes],
        "checks": found["checks"],
        "accounts": found["accounts"],
        "bots": found["bots"],
        "reasons_alike": alike,
    }


def refused(told: Values, reason: str) -> dict[str, Any]:
    """``told`` with the decision turned to refused for ``reason``, which comes first."""
    return {**told, "decision": "refused", "reasons": [reason, *told.get("reasons", [])]}


def _not_compared(champion: Registered, why: str) -> dict[str, Any]:
    said = (
        f"Champion version {champion.version} could not be compared with: {why}. "
        "A person may give the alias champion by hand, on MLflow's page of the model."
    )
    return {"decision": "refused", "reasons": [said], "checks": [], "accounts": 0, "bots": 0}


def _readable(champion: Registered) -> Model | None:
    try:
        return from_files(champion.files, f"champion version {champion.version}")
    except BadInput as error:
        log.warning("the champion cannot be compared: %s", error)
        return None


def _reasons_alike(
    old: Model, new: Model, features: pd.DataFrame, oof: pd.DataFrame, params: Params
) -> dict[str, Any] | None:
    """Whether reviewers will read the same reasons as before, on a sample of labelled accounts; it decides nothing.

    None where the champion's features are not measured any more.
    """
    from models.stability import agreement

    if not set(old.columns) <= set(features.columns):
        return None
    known = features[features["account_id"].isin(oof["account_id"])]
    drawn = known.sample(min(COMPARED, len(known)), random_state=params.evaluate.seed)
    found = agreement(old, new, drawn, params.explain.reasons)
    if found["first"] is not None:
        moved = ", ".join(f"{m['feature']} {m['first']:.1%} to {m['second']:.1%}" for m in found["moved"][:3])
        log.info(
            "reasons: the first is the champion's for %.0f%% of accounts; share of what moves scores: %s",
            100 * found["first"],
            moved,
        )
    return found


def _compared(
    oof: pd.DataFrame, features: pd.DataFrame, champion: Registered, old: Model
) -> tuple[pd.DataFrame, list[str]]:
    """Both models on the same accounts, neither having learned from them.

    The champion speaks out of fold about accounts it was trained on, and as it is deployed about all others.
    """
    table = features.set_index("account_id").reindex(oof["account_id"])
    absent = [c for c in old.columns if c not in table.columns]
    notes = []
    if absent:
        notes.append(
            f"Of the champion's {len(old.columns)} features {len(absent)} are not measured any more "
            f"({', '.join(printable(c, 40) for c in absent[:3])}, ...), so it was compared only on accounts of its own "
            "training."
        )
        scores = np.full(len(oof), np.nan)
    else:
        scores = old.probabilities(table)[0]
    if champion.oof is None:
        notes.append(
            f"The out-of-fold scores of champion version {champion.version} are lost; where both were trained on the "
            "same accounts the comparison favours the champion."
        )
    rows = same_rows(oof, champion.oof, scores)
    return rows, notes
