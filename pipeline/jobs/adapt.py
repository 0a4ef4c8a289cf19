"""The job `unpump adapt`: a model of a run, adapted to a population that nobody labelled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput
from models.settings import Adapt, Evaluate
from pipeline.files import read_folder, write_all
from pipeline.settings import Params

if TYPE_CHECKING:
    import pandas as pd

    from models.bundle import Model
    from models.training import Trained

log = logging.getLogger(__name__)
FEWEST = 500  # accounts of a population; fewer have too few at either end to learn from


def adapt(
    run: Path, tables: Path, out: Path, params: Params, as_of: str | None = None, bot_share: float | None = None
) -> Mapping[str, Any]:
    """Train the model of a run again, with the surest accounts of a population beside the labelled ones.

    Parameters
    ----------
    run : folder of an `unpump run`: its features, folds and model are read, and stay as they are
    tables : folder of canonical tables of the population; labels are ignored
    out : folder for ``model/`` (a model directory) and ``adaptation.json``
    params : settings; ``train.adapt`` says how
    as_of : UTC moment at which the population is judged; None judges each account when its counters were read
    bot_share : share of bots that is expected in the population; None: nothing is known of it, and a warning says so

    Returns
    -------
    summary: accounts, guessed bots and people, quality on the labelled accounts before and after, model_version, out

    Raises
    ------
    BadInput
        When the run, the tables or the moment cannot be used, the population is too small, or its bots are so rare
        that adapting would do harm; earlier outputs stay.
    """
    from models.bundle import from_files, to_files

    check_share(bot_share, params.train.adapt)

    model = from_files(read_folder(run / "artifacts" / "model"), str(run / "artifacts" / "model"))
    population = measured(model, tables, params, as_of)
    if len(population) < FEWEST:
        raise BadInput(
            str(tables),
            expected=f"at least {FEWEST:,} accounts to adapt to",
            got=f"{len(population):,}",
            todo="Score them with the model as it is (`unpump score`).",
        )
    trained, guesses = adapted(run, population, model, params)
    before = _table(run / "artifacts" / "oof.parquet")
    log.info("%s of %s accounts count as people, %s as bots", guesses["people"], len(population), guesses["bots"])
    told = {
        "adapted_from": model.version,
        "model_version": trained.model.version,
        "accounts": len(population),
        "guessed": guesses,
        "settings": params.train.adapt.model_dump(mode="json"),
        "labelled_accounts": {
            "before": quality(before, params.evaluate),
            "after": quality(trained.oof, params.evaluate),
        },
    }
    files = {out / "model" / name: value for name, value in to_files(trained.model).items()}
    write_all({**files, out / "adaptation.json": told})
    return {**told, "out": str(out)}


def check_share(bot_share: float | None, settings: Adapt) -> None:
    """Refuse a population whose bots are expected to be rare: the surest accounts would hold too many people."""
    if bot_share is None:
        log.warning(
            "adapting takes %.0f%% of the accounts for bots; it does harm where fewer than %.0f%% are. Say what share "
            "is expected with --bot-share",
            100 * settings.share,
            100 * settings.fewest_bots,
        )
    elif not settings.fewest_bots <= bot_share < 1:
        raise BadInput(
            "--bot-share",
            expected=f"a population of which at least {settings.fewest_bots:.0%} are bots (train.adapt.fewest_bots)",
            got=f"{bot_share:.3g}",
            todo="Score it with the model as it is (`unpump score`): adapting would put people among its few bots.",
        )


def measured(model: Model, tables: Path, params: Params, as_of: str | None) -> pd.DataFrame:
    """Features of the accounts of ``tables`` as the model measures them, a row each, sorted by account_id."""
    from pipeline.engine import featurize_tables
    from pipeline.jobs.score import check_columns, moment_of
    from pipeline.jobs.scorerows import references, verdicts
    from pipeline.recipes.canonical import read_tables

    moment: datetime | None = moment_of(as_of)
    clean = read_tables(tables, params.prepare)
    check_columns(model, clean.tables)
    known = verdicts(clean.tables, moment)
    made = featurize_tables(clean.tables, known, params.featurize, references(model), model.columns)
    return made.table().to_pandas()


def adapted(run: Path, population: pd.DataFrame, model: Model, params: Params) -> tuple[Trained, dict[str, int]]:
    """The adapted model with its out-of-fold scores, and how many accounts were guessed to be what."""
    import numpy as np

    from models.adaptation import STUDENT, STUDENT_TREES, surest, teach, with_guesses
    from models.boosted import Rows
    from models.training import train_model
    from pipeline.profiling import training_profile
    from pipeline.stages.train import tiers_by_policy
    from pipeline.tablefiles import TableFiles

    asked = params.train
    none = asked.search.model_copy(update={"trials": 0})
    kept = {name: way for name, way in asked.monotone.items() if name not in asked.adapt.without}
    changes = {**asdict(STUDENT), "trees": STUDENT_TREES, "search": none, "monotone": kept}
    settings = asked.model_copy(update=changes)
    features, folds = (_table(run / f"{name}.parquet") for name in ("features", "folds"))
    features = features.drop(columns=[c for c in asked.adapt.without if c in features])
    counts: dict[str, int] = {}

    def beside(rows: Rows) -> Rows:
        x = population.reindex(columns=list(rows.columns)).to_numpy(dtype=np.float64, na_value=np.nan)
        found = surest(teach(rows, x, settings), asked.adapt.share)
        counts.update(bots=int(found.is_bot.sum()), people=int((~found.is_bot).sum()))
        return with_guesses(rows, x, found, asked.adapt.weight)

    trained = train_model(features, folds, model.references, settings, beside=beside)
    tables = TableFiles.open(run / "tables")
    whole = replace(
        trained.model,
        facts={**trained.model.facts, "adapted_from": model.version, "adapted_to": len(population)},
        tiers=tiers_by_policy(trained.oof, features, folds, tables, settings, params.policy),
    )
    whole = replace(whole, profile=training_profile(whole, features, trained.oof, tables))
    return replace(trained, model=whole), counts


def quality(oof: pd.DataFrame, settings: Evaluate) -> dict[str, Any]:
    """How well out-of-fold scores rank labelled accounts, with intervals."""
    from models.metrics import Scores, measure

    scores = Scores(oof["bot_probability"].to_numpy(dtype=float), {})
    bot = oof["is_bot"].to_numpy(dtype=bool)
    values, _ = measure(bot, {"model": scores}, resamples=settings.resamples, level=settings.level, seed=settings.seed)
    return {name: values["model"][name] for name in ("roc_auc", "average_precision", "recall_at_1pct_fpr")}


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise BadInput(
            str(path), expected="a table of a run", got="no such file", todo="Name a folder of `unpump run`."
        )
    return pd.read_parquet(path)
