"""The job `unpump monitor`: counts a batch, compares it with training, and says what a person should know."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from features.errors import BadInput, printable
from pipeline.files import read_json, write_all
from pipeline.profiling import COLUMNS, categories_of, table_facts
from pipeline.settings import Params
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from pipeline.engine import Featurized

log = logging.getLogger(__name__)
SEVERE = 3  # exit code: the run is done, and something severe was found


class Scorer(Protocol):
    """What monitoring needs of a model."""

    columns: Sequence[str]
    references: Mapping[str, Any]
    profile: Mapping[str, Any] | None
    bot_share: float | None

    def probabilities(self, matrix: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Calibrated probability, low and high."""


def monitor(
    model: str,
    tables: Path,
    out: Path,
    params: Params,
    labels: Path | None = None,
    reference: Path | None = None,
    root: Path = Path(),
) -> dict[str, Any]:
    """Compare the accounts of ``tables`` with those ``model`` was trained on, and write what was found to ``out``.

    Parameters
    ----------
    model : a model directory, or ``models:/NAME@ALIAS``
    tables : folder of canonical tables
    out : folder for monitor.json, monitor.html, metrics.prom, profile.json and history.json; the history of earlier
        runs in that folder tells what volume is usual
    params : settings
    labels : canonical labels that have arrived since (a Parquet file, or a folder with labels.parquet); None uses
        those of ``tables``, if there are any
    reference : profile.json of an earlier run to compare with instead of training
    root : folder of the tracking store

    Returns
    -------
    summary: severe, warnings, notices, codes, accounts, the paths written, and ``exit_code`` (0, or 3 with severe
    findings)

    Raises
    ------
    BadInput
        When the model, the tables, the labels or the reference cannot be used.
    """
    from pipeline.jobs.score import load_model

    return watch(load_model(model, root), TableFiles.open(tables), out, params, labels, reference)


def watch(
    model: Any, tables: TableFiles, out: Path, params: Params, labels: Path | None, reference: Path | None
) -> dict[str, Any]:
    """The same with a model that is loaded and tables that are open; they are cleaned as for scoring."""
    from models.monitoring import Seen, report
    from pipeline.jobs.reading import reading
    from pipeline.jobs.score import check_columns
    from pipeline.recipes.canonical import clean_tables
    from review.monitor import monitor_page
    from review.prometheus import prometheus_text

    check_columns(model, tables)
    clean = clean_tables(tables, params.prepare, may_be_empty=True)
    model = reading(model, clean.tables)
    known = known_profile(model, reference)
    truth = read_truth(tables, labels)
    counted = count(model, known, clean.tables, params, truth)
    history = earlier(out / "history.json", counted["batch"], params.monitor.history)
    seen = Seen(
        known,
        counted["profile"],
        params.monitor,
        bot_share=None if reference else model.bot_share,
        history=history["before"],
        labelled=counted["labelled"],
        population=frozenset(d["name"] for d in model.declarations if d.get("population")),
        read=clean.counts,
    )
    found = report(seen)
    found["about"] = {
        "as_of": counted["batch"]["as_of"],
        "as_of_s": counted["batch"]["as_of_s"],
        "model_version": model.version,
        "feature_hash": model.feature_hash,
        "reference": str(reference) if reference else "the accounts the model was trained on",
        "tables": str(tables.folder),
    }
    written = {
        "monitor.json": found,
        "monitor.html": monitor_page(found),
        "metrics.prom": prometheus_text(found),
        "profile.json": counted["profile"],
        "history.json": history["after"],
    }
    write_all({out / name: value for name, value in written.items()})
    for finding in found["findings"]:
        log.warning("%s %s (%s): %s", finding["code"], finding["check"], finding["severity"], finding["says"])
    return {
        "findings": found["counts"],
        "codes": [f["code"] for f in found["findings"]],
        "accounts": found["accounts"]["batch"],
        "out": str(out),
        "page": str(out / "monitor.html"),
        "exit_code": SEVERE if found["counts"]["severe"] else 0,
    }


def known_profile(model: Any, reference: Path | None) -> dict[str, Any]:
    """What the batch is compared with: the profile in ``reference``, else that of the model."""
    from models.monitoring import check_profile

    if reference is None:
        if model.profile is None:
            raise BadInput(
                "the model",
                expected="profile.json of the accounts it was trained on",
                got="none",
                todo="Train it again with this version of unpump, or name an earlier profile with --reference.",
            )
        check_profile(model.profile, "the model's profile.json", model.columns)
        return dict(model.profile)
    try:
        profile = read_json(reference)
    except (OSError, ValueError) as error:
        raise BadInput(
            str(reference),
            expected="profile.json of an earlier run of unpump monitor",
            got=printable(str(error)),
            todo="Name the file that an earlier run wrote.",
        ) from error
    check_profile(profile, str(reference), model.columns)
    return dict(profile)


def count(
    model: Any, known: Mapping[str, Any], tables: TableFiles, params: Params, truth: Mapping[str, bool]
) -> dict[str, Any]:
    """Score every account and count it; memory holds a batch of rows at a time, and a sample to be explained."""
    import numpy as np

    from models.contributions import contributions
    from models.drift import Sample, Tally
    from pipeline.engine import featurize_tables

    made = featurize_tables(tables, None, params.featurize, fitted(model), only=model.columns)
    tally, sample = Tally.like(known, model.columns), Sample(params.monitor.sample)
    said: list[tuple[np.ndarray, ...]] = []
    as_of: datetime | None = None
    for rows, accounts in frames(made):
        matrix = rows[list(model.columns)].to_numpy(dtype=np.float64)
        p, low, high = model.probabilities(matrix)
        tally.add(matrix, p, bounds=(low, high), categories=categories_of(accounts))
        sample.add(rows["account_id"], matrix)
        judged = [truth.get(a) for a in rows["account_id"]] if truth else []
        at = np.array([i for i, t in enumerate(judged) if t is not None], dtype=np.int64)
        said.append((p[at], low[at], high[at], np.array([judged[i] for i in at], dtype=bool)))
        newest = rows["as_of"].max().to_pydatetime().replace(tzinfo=UTC)
        as_of = newest if as_of is None or newest > as_of else as_of
    if len(sample.values):
        tally.add_attributions(contributions(model, sample.values)[1])
    facts = table_facts(tables, params.featurize)
    profile = tally.to_json(facts)
    return {
        "profile": profile,
        "labelled": tuple(np.concatenate(column) for column in zip(*said, strict=True)) if truth and said else None,
        "batch": {
            "as_of": as_of.strftime("%Y-%m-%dT%H:%M:%SZ") if as_of is not None else None,
            "as_of_s": as_of.timestamp() if as_of is not None else None,
            "accounts": int(profile["accounts"][0]),
            "tables": {name: f["rows"] for name, f in facts.items()},
            "id": hashlib.md5(repr(sorted(_numbers(profile))).encode(), usedforsecurity=False).hexdigest(),
        },
    }


def _numbers(profile: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What tells one batch from another: the counts of every feature."""
    return [(name, repr((f["counts"], f["missing"]))) for name, f in profile["features"].items()]


def fitted(model: Any) -> dict[str, bytes]:
    """What the model's features were fitted on, by name."""
    return {
        name.removesuffix(".parquet"): content
        for name, content in model.references.items()
        if name.endswith(".parquet")
    }


def frames(made: Featurized) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Features, and beside them what categories are made of, in batches sorted by account."""
    from pipeline.engine import ROWS

    known = ", ".join(f'any_value("{c}") AS "{c}"' for c in COLUMNS)
    # Apart by a name no feature has: a measure may be named like a column of accounts.
    given = ", ".join(f'a."{c}" AS "account: {c}"' for c in COLUMNS)
    query = (
        f"SELECT f.*, {given} FROM ({made.plan.select}) AS f "
        f"LEFT JOIN (SELECT account_id, {known} FROM accounts GROUP BY account_id) AS a USING (account_id) "
        "ORDER BY account_id"
    )
    for batch in made.connection.sql(query).to_arrow_reader(ROWS):
        frame: pd.DataFrame = batch.to_pandas()
        wanted = {f"account: {c}": c for c in COLUMNS}
        yield frame, frame[["account_id", *wanted]].rename(columns=wanted)


def read_truth(tables: TableFiles, labels: Path | None) -> dict[str, bool]:
    """Account -> is it a bot, of the labels that have arrived; accounts with contradictory labels are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if labels is None:
        paths = tables.files.get("labels", ())
    else:
        paths = (labels / "labels.parquet" if labels.is_dir() else labels,)
    found: dict[str, bool] = {}
    contradictory: set[str] = set()
    for path in paths:
        try:
            table = pq.read_table(path, columns=["account_id", "is_bot"])
            ids, bots = table["account_id"].cast(pa.string()), table["is_bot"].cast(pa.bool_())
        except (OSError, ValueError, pa.ArrowException) as error:
            raise BadInput(
                str(path),
                expected="labels with the columns account_id and is_bot",
                got=printable(str(error)),
                todo="See docs/tables.md for the columns of labels.",
            ) from error
        for account, is_bot in zip(ids.to_pylist(), bots.to_pylist(), strict=True):
            if account is None or is_bot is None:
                continue
            if found.setdefault(account, is_bot) != is_bot:
                contradictory.add(account)
    if contradictory:
        log.warning("%d accounts with contradictory labels are left out", len(contradictory))
    return {a: b for a, b in found.items() if a not in contradictory}


def earlier(path: Path, batch: Mapping[str, Any], most: int) -> dict[str, list[dict[str, Any]]]:
    """Volumes of earlier batches, oldest first, without and with this one; the same batch again counts once."""
    try:
        told = read_json(path) if path.is_file() else []
        known = [
            {k: h[k] for k in ("as_of", "as_of_s", "accounts", "tables", "id")} for h in told if h["id"] != batch["id"]
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise BadInput(
            str(path),
            expected="the history an earlier run wrote",
            got=printable(f"{type(error).__name__}: {error}"),
            todo="Restore the file, or remove it to start a new history.",
        ) from error
    known.sort(key=lambda h: (h["as_of_s"] or 0, h["id"]))
    before = [h for h in known if (h["as_of_s"] or 0) <= (batch["as_of_s"] or 0)]
    after = sorted([*known, dict(batch)], key=lambda h: (h["as_of_s"] or 0, h["id"]))
    return {"before": before[-most:] if most else [], "after": after[-most:] if most else []}
