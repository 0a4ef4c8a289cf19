"""Rows of scores: one for every row of accounts, with a status, a probability, a tier and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.jobs.rawscores import RawScores

if TYPE_CHECKING:
    from models.bundle import Model
    from models.reasons import Reasons
    from pipeline.settings import Score
    from pipeline.tablefiles import TableFiles

SCORED, NO_EVIDENCE, INVALID, OVERTURNED = "scored", "insufficient_evidence", "invalid", "overturned"
ALLOW = "allow"
PROBABILITY = ("bot_probability", "bot_probability_low", "bot_probability_high")
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
        pa.field("scored_tier", pa.string()),
        pa.field("audit", pa.bool_(), nullable=False),
        pa.field("features_sum", pa.string()),
    ]
)
ROWS = 50_000  # of a row group; what is held at once


def in_groups(pieces: Iterable[pa.Table], *rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` each, so that a file does not depend on how the engine handed them out.

    Several numbers take turns; none stands for ``ROWS``.
    """
    sizes = cycle(rows or (ROWS,))
    size = next(sizes)
    waiting: list[pa.Table] = []
    held = 0
    for piece in pieces:
        waiting.append(piece)
        held += piece.num_rows
        while held >= size:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, size).combine_chunks()
            waiting, held = [whole.slice(size)], held - size
            size = next(sizes)
    if held:
        yield pa.concat_tables(waiting).combine_chunks()


def score_features(
    model: Model,
    features: pa.Table,
    settings: Score,
    bot_share: float | None = None,
    trees: RawScores | None = None,
    matrix: np.ndarray | None = None,
) -> pa.Table:
    """Rows of ``SCHEMA`` for accounts whose features are known.

    Parameters
    ----------
    model : Model
    features : account_id, as_of and the model's columns, null or NaN where missing
    settings : Score; ``explain`` says who gets reasons
    bot_share : share of bots expected among the accounts; None: the model's own
    trees : the way to raw scores; None asks LightGBM
    matrix : the model's columns of ``features``, where they were put together before
    """
    from models.contributions import contributions
    from models.reasons import NO_EVIDENCE as NOTHING
    from models.reasons import Reasons, chosen, has_evidence

    trees = trees or RawScores.lightgbm(model)
    if matrix is None:
        matrix = matrix_of(model, features, trees.by_column)
    raw = trees.bot(matrix)
    own = model.calibrate(raw)
    tier = model.tier(own[0])
    shown = own if bot_share is None else replace(model, bot_share=bot_share).calibrate(raw)
    evidence = _known_at_all(matrix)
    said = Reasons.none()
    ids = features.column("account_id").cast(pa.string())
    by_chance = _drawn(ids, settings)
    everyone = np.ones(len(matrix), dtype=bool)
    wanted = {"all": everyone, "flagged": tier != ALLOW, "sample": by_chance, "none": ~everyone}[settings.explain]
    asked = np.flatnonzero(evidence & wanted)
    if len(asked):
        rows = matrix[asked]
        _, pushes = contributions(model, rows, raw[asked])
        said = chosen(model, rows, pushes, settings.reasons).of_rows(asked)
        # Nothing is done about an account because of what is not known of it.
        evidence[asked] &= has_evidence(model, rows, pushes) | (tier[asked] == ALLOW)
    n = len(matrix)
    tiers = pa.array(np.where(evidence, tier, ALLOW), pa.string())
    told = everyone if settings.explain == "flagged" else wanted
    kind, kind_probability, kind_said = _kinds(model, matrix, shown[0], evidence, told, settings.reasons, trees)
    return pa.table(
        {
            "account_id": ids,
            "status": _either(evidence, SCORED, NO_EVIDENCE),
            "status_reason": _either(evidence, None, NOTHING),
            # A number that rests on nothing would pretend to know.
            **{
                name: pa.array(values, pa.float64(), mask=~evidence)
                for name, values in zip(PROBABILITY, shown, strict=True)
            },
            "tier": tiers,
            "kind": kind,
            "kind_probability": kind_probability,
            "reasons": reason_lists(model, said, n),
            "kind_reasons": reason_lists(model, kind_said, n),
            "model_version": pa.repeat(pa.scalar(model.version), n),
            "feature_hash": pa.repeat(pa.scalar(model.feature_hash), n),
            "as_of": moments(features.column("as_of")),
            "scored_tier": tiers,
            "audit": by_chance,
            "features_sum": pa.nulls(n, pa.string()),
        },
        schema=SCHEMA,
    )


def matrix_of(model: Model, features: pa.Table, by_column: bool) -> np.ndarray:
    """The model's columns, float64 of shape (n, f), NaN where missing; ``by_column`` is the order in memory."""
    matrix: np.ndarray = np.empty((features.num_rows, len(model.columns)), order="F" if by_column else "C")
    for place, column in enumerate(model.columns):
        matrix[:, place] = numbers(features.column(column))
    return matrix


def _drawn(ids: pa.ChunkedArray, settings: Score) -> np.ndarray:
    """Whether chance draws each account for the audit."""
    from models.drawn import drawn

    if not settings.audit_share:
        return np.zeros(len(ids), dtype=bool)
    return drawn(ids.to_pylist(), settings.audit_share, settings.audit_seed)


def _known_at_all(matrix: np.ndarray) -> np.ndarray:
    """Whether any value of each account is known; stops looking at those of which one is."""
    known = np.zeros(len(matrix), dtype=bool)
    for column in matrix.T:
        known |= ~np.isnan(column)
        if known.all():
            break
    return known


def _either(condition: np.ndarray, then: str | None, otherwise: str) -> pa.Array:
    text = pa.string()
    return pc.if_else(pa.array(condition), pa.scalar(then, text), pa.scalar(otherwise, text))


def reason_lists(model: Model, found: Reasons, rows: int) -> pa.Array:
    """Reasons as the column of ``rows`` accounts: a list of ``REASON`` for each."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(found.row, minlength=rows))]).astype(np.int32)
    place = pa.array(found.column)

    def of_each(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind).take(place)

    def number(values: np.ndarray) -> pa.Array:
        return pa.array(values, pa.float64(), mask=~np.isfinite(values))

    usual = np.array([(s.usual_low, s.usual_high) for s in model.said], dtype=np.float64).reshape(-1, 2)[found.column]
    columns = {
        **{n: of_each([getattr(s, n) for s in model.said], pa.string()) for n in ("code", "family", "unit")},
        "feature": of_each([s.name for s in model.said], pa.string()),
        "value": number(found.value),
        "usual_low": number(usual[:, 0]),
        "usual_high": number(usual[:, 1]),
        "contribution": pa.array(found.push, pa.float64()),
        "text": pa.array(found.texts(model), pa.string()),
    }
    structs = pa.StructArray.from_arrays([columns[f.name] for f in REASON], fields=list(REASON))
    return pa.ListArray.from_arrays(pa.array(starts), structs)


def _kinds(
    model: Model,
    matrix: np.ndarray,
    probability: np.ndarray,
    evidence: np.ndarray,
    told: np.ndarray,
    reasons: int,
    trees: RawScores,
) -> tuple[pa.Array, pa.Array, Reasons]:
    """The most probable kind of each account and its probability, None without evidence; reasons where ``told``."""
    from models.kinds import PERSON
    from models.reasons import Reasons, kind_chosen

    n, said = len(matrix), Reasons.none()
    if model.kinds is None or trees.kinds is None:
        return pa.nulls(n, pa.string()), pa.nulls(n, pa.float64()), said
    name, share = model.kinds.named_by(trees.kinds(matrix), probability)
    if len(asked := np.flatnonzero(evidence & told & (name != PERSON))):
        said = kind_chosen(model, matrix[asked], name[asked], reasons).of_rows(asked)
    return pa.array(name, pa.string(), mask=~evidence), pa.array(share, pa.float64(), mask=~evidence), said


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
        "audit": pa.array([False] * n, pa.bool_()),
    }
    table = pa.table(told, schema=SCHEMA)
    return table.take(pc.sort_indices(table, [("account_id", "ascending"), ("status_reason", "ascending")]))


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Values of a column as float64, NaN where missing."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)  # null becomes NaN


def moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Moments of the engine, which are UTC without saying so, as UTC."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is None:
        return pc.assume_timezone(column.cast(pa.timestamp("us")), "UTC")
    return column.cast(pa.timestamp("us", tz="UTC"))
