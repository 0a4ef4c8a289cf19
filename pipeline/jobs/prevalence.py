"""Job prevalence: how many bots there are among accounts that were scored and never labelled."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

log = logging.getLogger(__name__)


def prevalence(
    scores: Path, run: Path, out: Path | None, *, resamples: int, level: float, seed: int
) -> Mapping[str, Any]:
    """The share of bots in a scored population, with its interval.

    Parameters
    ----------
    scores : folder that `unpump score` wrote
    run : folder of the run the model is from; its out-of-fold scores say how bots and people score
    out : JSON file to write; None: nothing is written
    resamples, level, seed : of the bootstrap

    Raises
    ------
    BadInput
        When a file is missing or the scores are of another model than the run's.
    """
    from models.prevalence import estimate_prevalence
    from pipeline.files import read_folder, read_json, write_all

    model = _model(read_folder(run / "artifacts" / "model"), run)
    oof = _table(run / "artifacts" / "oof.parquet", ["account_id", "is_bot", "bot_probability"], "unpump run")
    known = _table(scores / "scores.parquet", ["status", "bot_probability", "model_version"], "unpump score")
    manifest = scores / "manifest.json"
    meant_for = read_json(manifest).get("bot_share") if manifest.is_file() else model.bot_share
    known = known[known["status"] == "scored"]
    others = sorted(set(known["model_version"]) - {model.version})
    if others:
        raise BadInput(
            str(scores),
            expected=f"scores of model {model.version}",
            got=f"scores of {printable(', '.join(map(str, others)))}",
            todo="Name the run the model was trained in.",
        )
    share = float(oof["is_bot"].mean())
    oof = oof[~oof["account_id"].isin(doubtful(run))]
    # Both kinds of scores are brought back to the share of bots among the labels, whatever each was meant for.
    found = estimate_prevalence(
        _at(known["bot_probability"].to_numpy(), share, meant_for),
        oof["is_bot"].to_numpy(dtype=bool),
        _at(oof["bot_probability"].to_numpy(), share, model.bot_share),
        resamples=resamples,
        level=level,
        seed=seed,
    )
    log.info("%s", found.says)
    if out is not None:
        write_all({out: found.to_dict()})
    return found.to_dict()


def doubtful(run: Path) -> list[str]:
    """Labelled accounts whose label looks wrong (``models.labelnoise``).

    Where 2 of 100 people are bots by mistake of a label, a population with 1% bots shows fewer high scores than those
    people do, and would be said to have none.
    """
    if not (run / "artifacts" / "label_review.parquet").is_file():
        return []
    found = _table(run / "artifacts" / "label_review.parquet", ["account_id", "looks_wrong"], "unpump evaluate")
    wrong = found.loc[found["looks_wrong"], "account_id"].tolist()
    if wrong:
        log.info("%d labelled accounts are left out because their label looks wrong", len(wrong))
    return wrong


def _model(files: Mapping[str, bytes], run: Path) -> Any:
    from models.bundle import from_files

    return from_files(files, str(run / "artifacts" / "model"))


def _at(probability: np.ndarray, share: float, meant_for: float | None) -> np.ndarray:
    """Probabilities meant for one share of bots as they would be at ``share``."""
    from models.calibration import logit, prior_shift, sigmoid

    return probability if meant_for is None else sigmoid(logit(probability) + prior_shift(share, meant_for))


def _table(path: Path, columns: list[str], maker: str) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    if not path.is_file():
        raise BadInput(str(path), expected="a Parquet file", got="no such file", todo=f"Run `{maker}` first.")
    try:
        return pd.read_parquet(path, columns=columns)
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        raise BadInput(
            str(path),
            expected=f"columns {', '.join(columns)}",
            got=printable(str(error)),
            todo=f"Make it again with `{maker}`.",
        ) from error
