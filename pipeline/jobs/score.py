"""The job `unpump score`: one row out for every row of accounts in, with a status, a probability and reasons."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from features.errors import BadInput, printable
from pipeline.files import read_folder, to_json, write_all
from pipeline.jobs.scorerows import ROWS, SCHEMA, in_groups, scored_rows
from pipeline.layout import Layout
from pipeline.settings import Params

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)


def score(
    model: str,
    tables: Path,
    out: Path,
    params: Params,
    as_of: str | None = None,
    bot_share: float | None = None,
    root: Path = Path(),
) -> dict[str, Any]:
    """Score every account of ``tables`` and write ``scores.parquet`` and ``manifest.json`` to ``out``.

    Parameters
    ----------
    model : a model directory, or ``models:/NAME@ALIAS``
    tables : folder of canonical tables; labels are ignored
    out : folder for the two files
    params : settings; ``score`` says what is explained
    as_of : UTC moment at which every account is judged, ISO 8601; None judges each when its counters were read
    bot_share : share of bots expected among these accounts; None takes the one the model was declared for. It changes
        probabilities, not tiers: those hold by the share of people they may meet
    root : folder of the tracking store

    Returns
    -------
    summary: accounts, status and tiers (counts), model_version, out

    Raises
    ------
    BadInput
        When the model, the tables, the moment or the share cannot be used; earlier outputs stay as they were.
    """
    from pipeline.progress import Progress
    from pipeline.recipes.canonical import read_tables

    if bot_share is not None and not 0 < bot_share < 1:
        raise BadInput(
            "--bot-share", expected="a share above 0 and below 1", got=str(bot_share), todo="Say 0.05 for 5%."
        )
    known, moment = load_model(model, root), moment_of(as_of)
    clean = read_tables(tables, params.prepare)
    check_columns(known, clean.tables)
    counts: dict[str, Counter[str]] = {"status": Counter(), "tier": Counter()}
    digests: dict[str, str] = {}
    total = clean.invalid.num_rows + _rows(clean.tables, "accounts")

    def write(path: Path) -> None:
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer, Progress("scoring accounts", total) as done:
            for rows in in_groups(scored_rows(known, clean, params, moment, bot_share)):
                writer.write_table(rows, row_group_size=ROWS)
                for name, counter in counts.items():
                    counter.update(v for v in rows.column(name).to_pylist() if v is not None)
                done.add(rows.num_rows)
        digests["scores.parquet"] = _sha256(path)

    def manifest(path: Path) -> None:
        told = {
            "accounts": sum(counts["status"].values()),
            "status": dict(counts["status"]),
            "tiers": dict(counts["tier"]),
            "model": {"address": printable(model, 300), "version": known.version, "feature_hash": known.feature_hash},
            "as_of": moment.isoformat() if moment else None,
            "bot_share": bot_share if bot_share is not None else known.bot_share,
            "settings": params.score.model_dump(mode="json"),
            "tables": clean.counts,
            "files": {name: {"sha256": digest} for name, digest in digests.items()},
        }
        path.write_text(to_json(told), encoding="utf-8", newline="\n")

    write_all({out / "scores.parquet": write, out / "manifest.json": manifest})
    return {
        "accounts": sum(counts["status"].values()),
        "status": dict(counts["status"]),
        "tiers": dict(counts["tier"]),
        "model_version": known.version,
        "out": str(out),
    }


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


def _rows(tables: TableFiles, name: str) -> int:
    return sum(pq.read_metadata(f).num_rows for f in tables.files[name])


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
