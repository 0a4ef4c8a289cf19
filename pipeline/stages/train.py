"""Train: one booster with honest scores, baselines beside it, and the record of the search."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from models.settings import Policy, Train
from pipeline.progress import Progress
from pipeline.settings import Params

if TYPE_CHECKING:
    import pandas as pd

    from models.bundle import Model
    from models.kinds import KindModel
    from models.training import Trained
    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)


def train(
    features: pd.DataFrame,
    folds: pd.DataFrame,
    references: Mapping[str, bytes],
    settings: Train,
    tables: TableFiles | None = None,
    data_audit: Mapping[str, Any] | None = None,
    params: Params | None = None,
) -> Mapping[str, Any]:
    """The model directory, out-of-fold scores of the model, of kinds and of baselines, and the study.

    Raises
    ------
    BadInput
        When accounts, classes or columns do not suffice, or a setting names what is not there.
    """
    from models.bundle import to_files
    from models.dataaudit import stop_if_severe
    from models.training import train_model

    if data_audit is not None:
        stop_if_severe(data_audit, "artifacts/data_audit.json")
    with Progress("training, trials of the search", max(settings.search.trials, 1)) as progress:

        def tick(says: str) -> None:
            progress.add(1)
            log.info("trial %s: %s", progress.done, says)

        trained = train_model(features, folds, references, settings, tick)
    policy = params.policy if params else Policy(rules={})
    model, kinds = complete(trained, features, folds, tables, settings, policy)
    if settings.subsets:
        model = replace(model, subsets=subsets(model, features, folds, references, tables, settings, policy))
    facts = model.facts
    log.info(
        "%s features, %s trees of %s boosters, calibrated by %s; model %s",
        len(model.columns),
        facts["trees"],
        len(facts["members"]),
        facts["calibration"]["method"],
        model.version,
    )
    return {
        "model": to_files(model),
        "oof": trained.oof,
        "kinds": kinds,
        "baselines": trained.baselines,
        "study": trained.study,
    }


def complete(
    trained: Trained,
    features: pd.DataFrame,
    folds: pd.DataFrame,
    tables: TableFiles | None,
    settings: Train,
    policy: Policy,
    like: KindModel | None = None,
) -> tuple[Model, Any]:
    """The model with tiers, kinds and the profile of its accounts; and what is said of their kinds out of fold.

    Kinds are told as ``like`` tells them where it is given; nothing is said out of fold then.
    """
    from models.kindtraining import train_kinds
    from models.training import Labelled
    from pipeline.profiling import training_profile

    model = replace(trained.model, tiers=tiers_by_policy(trained.oof, features, folds, tables, settings, policy))
    labelled = Labelled.join(features, folds)
    x = labelled.x[:, [labelled.columns.index(c) for c in model.columns]]
    kinds = train_kinds(x, model.columns, labelled.known, trained.oof, settings, like)
    log.info("kinds told: %s", ", ".join(k.name for k in kinds.model.kinds) if kinds.model else "none")
    model = replace(model, kinds=kinds.model)
    return replace(model, profile=training_profile(model, features, trained.oof, tables)), kinds.said


def subsets(
    whole: Model,
    features: pd.DataFrame,
    folds: pd.DataFrame,
    references: Mapping[str, bytes],
    tables: TableFiles | None,
    settings: Train,
    policy: Policy,
) -> dict[str, Model]:
    """A model for each way tables can be absent, trained on the features that are left; ``-`` joins absent tables.

    They learn as the settings say without a search: trials would be paid for again at every subset.
    """
    from models.subsets import masks
    from models.training import Labelled, train_model

    search = settings.search.model_copy(update={"trials": 0})
    plain = settings.model_copy(update={"search": search, "subsets": False})
    features = features[features["account_id"].isin(folds["account_id"])]  # others, perhaps millions, teach nothing
    labelled = Labelled.join(features[["account_id", *whole.columns]], folds)
    found = {}
    for absent, gone in masks(whole.declarations, labelled.x).items():
        names = [c for c, lost in zip(whole.columns, gone, strict=True) if lost]
        fewer = features.drop(columns=names).copy()
        known = {
            n for d, lost in zip(whole.declarations, gone, strict=True) if not lost for n in (d["name"], d["family"])
        }
        about = {
            "monotone": {n: way for n, way in plain.monotone.items() if n in fewer},
            "suppressed": tuple(n for n in plain.suppressed if n in known),
        }
        log.info("without %s: %s features", ", ".join(absent), len(whole.columns) - len(names))
        trained = train_model(fewer, folds, references, plain.model_copy(update=about), rivals=False)
        model, _ = complete(trained, fewer, folds, tables, plain, policy, whole.kinds)
        found["-".join(absent)] = replace(model, references={})
    return found


def tiers_by_policy(
    oof: pd.DataFrame,
    features: pd.DataFrame,
    folds: pd.DataFrame,
    tables: TableFiles | None,
    settings: Train,
    policy: Policy,
) -> dict[str, float | None]:
    """Thresholds of the tiers by the limits of ``settings`` and the rules of ``policy``, told in the log.

    What to expect of each tier is said before anything is deployed.
    """
    from models.policy import choose_tiers, lines
    from models.slices import ABOUT, slice_accounts

    accounts = tables.read("accounts", list(ABOUT)) if tables is not None else None
    known = oof[["account_id"]].merge(folds[["account_id", "source", "platform"]], on="account_id", how="left")
    slices = slice_accounts(known, accounts, features)
    found = choose_tiers(oof, settings.tiers, policy, bot_share=settings.bot_share, slices=slices)
    for line in lines(found):
        log.info("%s", line)
    return {one["tier"]: one["threshold"] for one in found["tiers"]}
