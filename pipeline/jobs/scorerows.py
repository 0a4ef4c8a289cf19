"""Rows of scores: one for every row of accounts, with a status, a probability, a tier and reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.settings import Score

if TYPE_CHECKING:
    from models.bundle import Model
    from pipeline.tablefiles import TableFiles

SCORED, NO_EVIDENCE, INVALID = "scored", "insufficient_evidence", "invalid"
ALLOW = "allow"
REASON = pa.struct(
    [
        ("feature", pa.string()),
        ("code", pa.string()),
        ("family", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("usual_low", pa.float64()),
        ("usual_high", pa.float64()),
        ("contribution", pa.float64()),
        ("text", pa.string()),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("status_reason", pa.string()),
        pa.field("bot_probability", pa.float64()),
        pa.field("bot_probability_low", pa.float64()),
        pa.field("bot_probability_high", pa.float64()),
        pa.field("tier", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("kind_probability", pa.float64()),
        pa.field("reasons", pa.list_(REASON), nullable=False),
        pa.field("kind_reasons", pa.list_(REASON), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("feature_hash", pa.string(), nullable=False),
        pa.field("as_of", pa.timestamp("us", tz="UTC")),
    ]
)
ROWS = 50_000  # of a row group; what is held at once


def in_groups(pieces: Iterable[pa.Table], rows: int = ROWS) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` each, so that a file does not depend on how the engine handed them out."""
    waiting: list[pa.Table] = []
    held = 0
    for piece in pieces:
        waiting.append(piece)
        held += piece.num_rows
        while held >= rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, rows).combine_chunks()
            waiting, held = [whole.slice(rows)], held - rows
    if held:
        yield pa.concat_tables(waiting).combine_chunks()


def score_features(
    model: Model,
    features: pa.Table,
    settings: Score,
    bot_share: float | None = None,
    trees: Callable[[np.ndarray], np.ndarray] | None = None,
) -> pa.Table:
    """Rows of ``SCHEMA`` for accounts whose features are known.

    Parameters
    ----------
    model : Model
    features : account_id, as_of and the model's columns, null or NaN where missing
    settings : Score; ``flagged`` explains the accounts of any tier but ``allow``
    bot_share : share of bots expected among the accounts; None: the model's own
    trees : another way to the raw scores of a matrix in column order, the same to the last bit; None asks LightGBM
    """
    from models.contributions import contributions
    from models.reasons import NO_EVIDENCE as NOTHING
    from models.reasons import has_evidence, reasons

    matrix: np.ndarray = np.empty((features.num_rows, len(model.columns)), order="F" if trees else "C")
    for place, column in enumerate(model.columns):
        matrix[:, place] = _numbers(features.column(column))
    raw = trees(matrix) if trees else model.raw_scores(matrix)
    own = model.calibrate(raw)
    tier = model.tier(own[0])
    shown = own if bot_share is None else replace(model, bot_share=bot_share).calibrate(raw)
    evidence: np.ndarray = np.asarray(~np.isnan(matrix).all(axis=1))
    said: list[list[dict[str, Any]]] = [[] for _ in range(len(matrix))]
    asked = np.flatnonzero(evidence & ((tier != ALLOW) if settings.explain == "flagged" else settings.explain == "all"))
    if len(asked):
        _, pushes = contributions(model, matrix[asked])
        for i, told in zip(asked, reasons(model, matrix[asked], pushes, settings.reasons), strict=True):
            said[i] = told
        # Nothing is done about an account because of what is not known of it.
        evidence[asked] &= has_evidence(model, matrix[asked], pushes) | (tier[asked] == ALLOW)
    n = len(matrix)
    kind, kind_probability, kind_said = _kinds(model, matrix, shown[0], evidence, settings)
    return pa.table(
        {
            "account_id": features.column("account_id").cast(pa.string()),
            "status": pa.array(np.where(evidence, SCORED, NO_EVIDENCE), pa.string()),
            "status_reason": pa.array([None if e else NOTHING for e in evidence], pa.string()),
            "bot_probability": shown[0],
            "bot_probability_low": shown[1],
            "bot_probability_high": shown[2],
            "tier": pa.array(np.where(evidence, tier, ALLOW), pa.string()),
            "kind": pa.array(kind, pa.string()),
            "kind_probability": pa.array(kind_probability, pa.float64()),
            "reasons": pa.array(said, pa.list_(REASON)),
            "kind_reasons": pa.array(kind_said, pa.list_(REASON)),
            "model_version": pa.array([model.version] * n, pa.string()),
            "feature_hash": pa.array([model.feature_hash] * n, pa.string()),
            "as_of": _moments(features.column("as_of")),
        },
        schema=SCHEMA,
    )


def _kinds(
    model: Model, matrix: np.ndarray, probability: np.ndarray, evidence: np.ndarray, settings: Score
) -> tuple[list[str | None], list[float | None], list[list[dict[str, Any]]]]:
    """The most probable kind of each account, its probability and what speaks for it; None without evidence."""
    from models.kinds import PERSON
    from models.reasons import kind_reasons

    n = len(matrix)
    said: list[list[dict[str, Any]]] = [[] for _ in range(n)]
    if model.kinds is None:
        return [None] * n, [None] * n, said
    name, share = model.kinds.named(matrix, probability)
    asked = np.flatnonzero(evidence & (name != PERSON)) if settings.explain != "none" else np.empty(0, dtype=np.int64)
    for i, told in zip(asked, kind_reasons(model, matrix[asked], name[asked], settings.reasons), strict=True):
        said[i] = told
    known = evidence.tolist()
    return (
        [k if e else None for k, e in zip(name, known, strict=True)],
        [float(p) if e else None for p, e in zip(share, known, strict=True)],
        said,
    )


def verdicts(tables: TableFiles, as_of: datetime | None) -> pa.Table | None:
    """When each account is judged: None leaves it to its ``observed_at``."""
    if as_of is None:
        return None
    ids = pa.concat_tables([pq.read_table(f, columns=["account_id"]) for f in tables.files["accounts"]])["account_id"]
    moment = pa.scalar(as_of, pa.timestamp("us", tz="UTC"))
    return pa.table({"account_id": ids, "as_of": pa.repeat(moment, len(ids)), "fold": pa.nulls(len(ids), pa.int64())})


def references(model: Model) -> dict[str, bytes]:
    """What the model's features were fitted on, by name, as the engine wants it."""
    found = {name: content for name, content in model.references.items() if name.endswith(".parquet")}
    return {name.removesuffix(".parquet"): content for name, content in found.items()}


def invalid_rows(model: Model, rows: pa.Table) -> pa.Table:
    """Rows of accounts that cannot be scored, as rows of ``SCHEMA`` sorted by account_id."""
    n = rows.num_rows
    empty: dict[str, Any] = {f.name: pa.nulls(n, f.type) for f in SCHEMA}
    told = empty | {
        "account_id": rows.column("account_id"),
        "status": pa.array([INVALID] * n, pa.string()),
        "status_reason": rows.column("reason"),
        "reasons": pa.array([[]] * n, pa.list_(REASON)),
        "kind_reasons": pa.array([[]] * n, pa.list_(REASON)),
        "model_version": pa.array([model.version] * n, pa.string()),
        "feature_hash": pa.array([model.feature_hash] * n, pa.string()),
    }
    table = pa.table(told, schema=SCHEMA)
    return table.take(pc.sort_indices(table, [("account_id", "ascending"), ("status_reason", "ascending")]))


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(), dtype=np.float64)


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments of the engine, which are UTC without saying so, as UTC."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return pc.assume_timezone(column.cast(pa.timestamp("us")), "UTC")
    return column.cast(pa.timestamp("us", tz="UTC"))
