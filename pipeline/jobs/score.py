"""The job `unpump score`: one row out for every row of accounts in, with a status, a probability and reasons."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from features.errors import BadInput, printable
from pipeline.files import read_folder, to_json
from pipeline.layout import Layout
from pipeline.settings import Params

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.jobs.standing import Standing
    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)


def score(
    model: str,
    tables: Path | None,
    out: Path,
    params: Params,
    as_of: str | None = None,
    bot_share: float | None = None,
    root: Path = Path(),
    features: Path | None = None,
    feedback: Path | None = None,
    since: Path | None = None,
    deliver: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Score every account of ``tables`` and write ``scores.parquet`` and ``manifest.json`` to ``out``.

    A job that was killed goes on where it stopped when it is started again, and leaves the same bytes. Where there are
    more than ``score.single_file_rows`` rows, ``scores/`` holds them in parts.

    Parameters
    ----------
    model : a model directory, or ``models:/NAME@ALIAS``
    tables : folder of canonical tables; labels are ignored. None where ``features`` are given
    out : folder for the two files; one job at a time may write it
    params : settings; ``score`` says what is explained
    as_of : UTC moment at which every account is judged, ISO 8601; None judges each when its counters were read
    bot_share : share of bots expected among these accounts; None takes the one the model was declared for. It changes
        probabilities, not tiers: those hold by the share of people they may meet
    root : folder of the tracking store
    features : Parquet file of features that are ready, sorted by account_id, in place of ``tables``
    feedback : folder of `unpump feedback`; verdicts that people overturned are not repeated without new evidence
    since : folder of an earlier run; accounts whose features are what they were keep its rows, and the result is that
        of a full run. It may be ``out``
    deliver : takes what is in ``out`` elsewhere, before the job forgets its parts: where it fails, the same command
        started again has nothing left to do but this

    Returns
    -------
    summary: accounts, status and tiers (counts), model_version, out; with ``since`` taken_over and rescored

    Raises
    ------
    BadInput
        When the model, the tables, the features, the moment or the share cannot be used, another job writes ``out``,
        or its disk is full; earlier outputs stay as they were.
    """
    from pipeline.jobs.reading import reading
    from pipeline.jobs.readyfeatures import Features
    from pipeline.jobs.resumable import Parts, held, writable, write_whole
    from pipeline.jobs.scorebatch import FOLDER, bounded, identity, publish
    from pipeline.jobs.since import Earlier
    from pipeline.recipes.canonical import Cleaned, clean_tables
    from pipeline.tablefiles import TableFiles

    if bot_share is not None and not 0 < bot_share < 1:
        raise BadInput(
            "--bot-share", expected="a share above 0 and below 1", got=str(bot_share), todo="Say 0.05 for 5%."
        )
    if (tables is None) == (features is None) or (features and as_of):
        raise BadInput(
            "--tables and --features",
            expected="one of them; features are ready as of the moments they hold",
            got="both" if tables and features else "--as-of with --features" if features else "neither",
            todo="Name the folder of canonical tables, or the file of features.",
        )
    known, moment, params = load_model(model, root), moment_of(as_of), bounded(params)
    if since:
        params = _incremental(params)
    source: Cleaned | Features
    with held(out):
        if features:
            source = Features.given(features, known, params.score.part_rows)
            read, files = {"features": {"read": source.rows}}, {"features": [features]}
        else:
            given = TableFiles.open(tables or Path())
            source = clean_tables(given, params.prepare)
            check_columns(known, source.tables)
            known = reading(known, source.tables)
            read, files = source.counts, {name: list(paths) for name, paths in given.files.items()}
        engine = params.featurize.engine
        standing = _standing(feedback, params)
        this = {"engine": engine, "feedback": standing.stamp if standing else None}
        parts = Parts(out / FOLDER, {**identity(known, files, params, moment, bot_share), **this})
        if parts.resumed:
            log.info("going on with the job that was interrupted in %s", out)
        job = _worker(engine)(known, source, params, parts, moment, bot_share)
        if standing:
            job.standing = standing
        if since:
            job.since = Earlier.read(since, known, params, bot_share)
        facts = job.run()
        counts = {name: _added(f[name] for f in facts) for name in ("status", "tiers")}
        told = {
            "accounts": sum(counts["status"].values()),
            **counts,
            "model": {
                "address": printable(model, 300),
                "version": known.version,
                "feature_hash": known.feature_hash,
                "without": known.facts.get("without", []),
            },
            "as_of": moment.isoformat() if moment else None,
            "bot_share": bot_share if bot_share is not None else known.bot_share,
            "settings": params.score.model_dump(mode="json"),
            "tables": read,
            "files": publish(out, parts, facts, params),
        }
        with writable(out):
            write_whole(out / "manifest.json", to_json(told).encode())
        if deliver:
            deliver()
        parts.remove()
    done = {**{k: told[k] for k in ("accounts", "status", "tiers")}, "model_version": known.version, "out": str(out)}
    if since and job.since:
        done |= {"taken_over": job.since.taken, "rescored": job.since.made}
        log.info("%d accounts keep their scores, %d were scored anew", job.since.taken, job.since.made)
    return done


def _incremental(params: Params) -> Params:
    """The same settings, with checksums of features kept for the next run."""
    if params.featurize.engine != "duckdb":
        raise BadInput(
            "--since", expected="the engine duckdb", got=params.featurize.engine, todo="Leave --engine away."
        )
    return params.model_copy(update={"score": params.score.model_copy(update={"incremental": True})})


def _standing(feedback: Path | None, params: Params) -> Standing | None:
    """Verdicts that people overturned, if any are given."""
    from pipeline.jobs.standing import Standing

    if feedback is None:
        return None
    if params.score.explain in ("none", "sample") or params.featurize.engine != "duckdb":
        raise BadInput(
            "--feedback",
            expected="reasons, by which new evidence is told, on the engine duckdb",
            got=f"score.explain={params.score.explain}, engine {params.featurize.engine}",
            todo="Set score.explain to flagged or all, and leave --engine away.",
        )
    return Standing.read(feedback, params.score.new_evidence)


def _worker(engine: str) -> Callable[..., Any]:
    """What scores on ``engine``."""
    if engine == "spark":
        from pipeline.jobs.sparkscore import SparkJob

        return SparkJob
    from pipeline.jobs.scorebatch import Job

    return Job


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts of all parts together."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def load_model(address: str, root: Path) -> Model:
    """The model in a directory or registered under ``models:/NAME@ALIAS``; it is checked and runs no code.

    Raises
    ------
    BadInput
        When it is absent, altered, newer than this program, or no model of ours.
    """
    from models.bundle import from_files

    if address.startswith(("models:/", "runs:/")):
        from pipeline.tracking import fetch_model

        return from_files(fetch_model(address, Layout.project(root)), address)
    folder = Path(address)
    if not folder.is_dir():
        raise BadInput(
            printable(address, 200),
            expected="a model directory, or models:/NAME@ALIAS",
            got="a file" if folder.exists() else "no such folder",
            todo="Name the folder artifacts/model of a run.",
        )
    return from_files(read_folder(folder), address)


def moment_of(text: str | None) -> datetime | None:
    """The UTC moment ``text`` names; a moment without zone is taken as UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            "--as-of",
            expected="a moment such as 2026-06-01T00:00:00Z",
            got=printable(text),
            todo="Write it in ISO 8601.",
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def check_columns(model: Model, tables: TableFiles) -> None:
    """Refuse to score with columns other than those the model learned from; warn when a definition has changed.

    Raises
    ------
    BadInput
        When the model knows a column that is neither a feature of this program nor a measure of ``tables``.
    """
    from features.builder import feature_hash
    from features.catalogue import FEATURES
    from features.tables import measures_of

    files = tables.files.get("measures", ())
    measured = {m.name for m in measures_of(pq.read_schema(files[0]))} if files else set()
    absent = [c for c in model.columns if c not in FEATURES and c not in measured]
    if absent:
        more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
        raise BadInput(
            str(tables.folder),
            expected=f"the measures the model was trained on ({len(model.columns)} columns in all)",
            got=f"none of the name {', '.join(printable(c, 60) for c in absent[:5])}{more}",
            todo="Add them to the table measures, or score with the version of unpump that trained the model.",
        )
    if feature_hash() != model.feature_hash:
        changed = [d["name"] for d in model.declarations if d["name"] in FEATURES and _differs(d, FEATURES[d["name"]])]
        said = f"; changed: {', '.join(changed[:5])}" if changed else ""
        log.warning("the model was trained with another version of the features%s; train it again soon", said)


def _differs(declaration: Mapping[str, Any], feature: Any) -> bool:
    now = feature.to_dict()
    return any(declaration.get(k) != now[k] for k in ("view", "unit", "low", "high", "missing", "needs", "fitted"))
