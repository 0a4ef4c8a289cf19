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

    from models.prevalence import Mistaken

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
    known = _scores(scores, ["status", "bot_probability", "model_version"])
    manifest = read_json(scores / "manifest.json") if (scores / "manifest.json").is_file() else {}
    meant_for = manifest.get("bot_share", model.bot_share)
    if without := manifest.get("model", {}).get("without"):
        raise BadInput(
            str(scores),
            expected="scores that rest on the tables the run had",
            got=f"scores without {printable(', '.join(map(str, without)), 200)}, of other trees than the run's own",
            todo="Train a run on tables like these, without the others; score with it, and name it with --run.",
        )
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
    # Both kinds of scores are brought back to the share of bots among the labels, whatever each was meant for.
    is_bot, labelled = (
        oof["is_bot"].to_numpy(dtype=bool),
        _at(oof["bot_probability"].to_numpy(), share, model.bot_share),
    )
    found = estimate_prevalence(
        _at(known["bot_probability"].to_numpy(), share, meant_for),
        is_bot,
        labelled,
        resamples=resamples,
        level=level,
        seed=seed,
        mistaken=_mistaken(is_bot, labelled),
    )
    log.info("%s", found.says)
    if out is not None:
        write_all({out: found.to_dict()})
    return found.to_dict()


def _mistaken(is_bot: np.ndarray, probability: np.ndarray) -> Mistaken | None:
    """How often labels look wrong; most of those that do are right, so this is the most they are."""
    from models.labelnoise import noise
    from models.prevalence import Mistaken

    if is_bot.all() or not is_bot.any():
        return None
    joint = noise(is_bot, probability).joint
    people, bots = joint[0, 1] / joint[0].sum(), joint[1, 0] / joint[1].sum()
    return Mistaken(round(float(people), 6), round(float(bots), 6))


def _scores(folder: Path, columns: list[str]) -> pd.DataFrame:
    """Columns of all scores in a folder of `unpump score`: one file, or a folder of parts where there are many."""
    import pandas as pd

    from pipeline.jobs.scorebatch import MANY, SINGLE

    parts = sorted((folder / MANY).glob("*.parquet"))
    if (folder / SINGLE).is_file() or not parts:
        return _table(folder / SINGLE, columns, "unpump score")
    return pd.concat([_table(part, columns, "unpump score") for part in parts], ignore_index=True)


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
