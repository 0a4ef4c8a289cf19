"""The job `unpump feedback`: what people decided about scored accounts comes back as labels and measures scores."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable
from pipeline.jobs.standing import VERDICTS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

log = logging.getLogger(__name__)
LABELS, AUDIT, REALISED = "labels.parquet", "audit_labels.parquet", "realised.json"


def feedback(scores: Path, reviews: Sequence[Path], appeals: Sequence[Path], out: Path) -> Mapping[str, Any]:
    """Put verdicts beside what was scored, and write labels, verdicts and what they say of the scores to ``out``.

    Parameters
    ----------
    scores : folder that `unpump score` wrote, the one people looked at
    reviews : files of verdicts by reviewers, such as label_review.parquet of `unpump review --serve`
    appeals : files of verdicts about appeals; CSV, JSON, JSON lines or Parquet with account_id, decision (bot, human,
        unclear), reviewer and decided_at, like reviews
    out : folder for labels.parquet, audit_labels.parquet, verdicts.parquet and realised.json; verdicts of earlier
        calls in it are carried on, and those given again count once

    Raises
    ------
    BadInput
        When a file cannot be read, or a verdict is about an account that was not scored; nothing is written then.
    """
    import pandas as pd
    import pyarrow as pa

    from features.tables import LABELS as TABLE
    from models.feedback import labels_of, latest, overturned, realised, verdicts_of
    from pipeline.files import write_all
    from pipeline.jobs.review_labels import read_decisions

    given = [(path, "review") for path in reviews] + [(path, "appeal") for path in appeals]
    if not given:
        raise BadInput(
            "--reviews and --appeals",
            expected="a file of verdicts",
            got="none",
            todo="Name label_review.parquet of a run that `unpump review --serve` was used on.",
        )
    read = [(read_decisions(path), channel, str(path)) for path, channel in given]
    ids = sorted({str(a) for rows, _, _ in read if "account_id" in rows for a in rows["account_id"].dropna()})
    told = _scores(scores, ids)
    parts = [verdicts_of(rows, told, channel, where) for rows, channel, where in read]
    verdicts = pd.concat([*_earlier(out / VERDICTS), *parts], ignore_index=True)
    verdicts = verdicts.drop_duplicates(["account_id", "channel", "reviewer", "decided_at"], keep="first")
    verdicts = verdicts.sort_values(["decided_at", "account_id", "channel", "reviewer"], ignore_index=True)
    found = realised(_drawn(scores), verdicts)
    labels = labels_of(verdicts)

    def table(rows: pd.DataFrame) -> pa.Table:
        return pa.Table.from_pandas(rows, schema=TABLE.schema, preserve_index=False)

    write_all(
        {
            out / LABELS: table(labels),
            out / AUDIT: table(labels[labels["source"].str.startswith("audit:")]),
            out / VERDICTS: pa.Table.from_pandas(verdicts, schema=_schema(), preserve_index=False),
            out / REALISED: found,
        }
    )
    summary = {
        "out": str(out),
        "verdicts": len(verdicts),
        "accounts": len(latest(verdicts)),
        "labels": len(labels),
        "overturned": len(overturned(verdicts)),
        "audit": {k: found[k] for k in ("drawn", "judged", "open")},
    }
    log.info(
        "%d verdicts about %d accounts: %d labels, %d overturned; of %d accounts drawn by chance %d are judged",
        *(summary[k] for k in ("verdicts", "accounts", "labels", "overturned")),
        found["drawn"],
        found["judged"],
    )
    return summary


def _dataset(scores: Path) -> Any:
    """The scores as a data set that reads only what is asked for."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    from pipeline.jobs.scorebatch import MANY, SINGLE

    place = scores / SINGLE if (scores / SINGLE).is_file() else scores / MANY
    try:
        found = ds.dataset(place, format="parquet")
        absent = {"account_id", "status", "tier", "scored_tier", "audit", "reasons"} - set(found.schema.names)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _no_scores(scores, printable(str(error), 200)) from error
    if absent:
        raise _no_scores(scores, f"no column {', '.join(sorted(absent))}")
    return found


def _no_scores(scores: Path, got: str) -> BadInput:
    return BadInput(
        f"--scores {scores}",
        expected="a folder that `unpump score` wrote",
        got=got,
        todo="Score the accounts with this version of unpump, and name its --out.",
    )


def _scores(scores: Path, ids: Sequence[str]) -> pd.DataFrame:
    """What was said of some accounts."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    wanted = ["account_id", "bot_probability", "scored_tier", "model_version", "as_of", "audit", "reasons"]
    usable = ds.field("account_id").isin(pa.array(ids, pa.string())) & (ds.field("status") != "invalid")
    rows = _dataset(scores).to_table(columns=wanted, filter=usable).to_pandas()
    return rows.rename(columns={"scored_tier": "tier"})


def _drawn(scores: Path) -> pd.DataFrame:
    """The accounts that chance drew for the audit."""
    import pyarrow.dataset as ds

    wanted = ["account_id", "status", "tier", "scored_tier", "bot_probability", "audit"]
    return _dataset(scores).to_table(columns=wanted, filter=ds.field("audit")).to_pandas()


def _schema() -> pa.Schema:
    import pyarrow as pa

    from pipeline.jobs.scorerows import REASON

    moment, text = pa.timestamp("us", tz="UTC"), pa.string()
    kinds = {
        "decided_at": moment,
        "as_of": moment,
        "bot_probability": pa.float64(),
        "audit": pa.bool_(),
        "reasons": pa.list_(REASON),
    }
    from models.feedback import VERDICTS as COLUMNS

    return pa.schema([pa.field(name, kinds.get(name, text)) for name in COLUMNS])


def _earlier(path: Path) -> list[pd.DataFrame]:
    """Verdicts of earlier calls."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return []
    try:
        return [pq.read_table(path).cast(_schema()).to_pandas()]
    except (OSError, ValueError, pa.ArrowException) as error:
        raise BadInput(
            str(path),
            expected="verdicts that `unpump feedback` wrote",
            got=printable(str(error), 200),
            todo="Restore the file, or name another --out.",
        ) from error
