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
LABELS, AUDIT, REALISED, REFUSED = "labels.parquet", "audit_labels.parquet", "realised.json", "refused.parquet"


def feedback(scores: Sequence[Path], reviews: Sequence[Path], appeals: Sequence[Path], out: Path) -> Mapping[str, Any]:
    """Put verdicts beside what was scored, and write labels, verdicts and what they say of the scores to ``out``.

    Parameters
    ----------
    scores : folders that `unpump score` wrote, those people looked at; a verdict meets the last score before it
    reviews : files of verdicts by reviewers, such as label_review.parquet of `unpump review --serve`
    appeals : files of verdicts about appeals; CSV, JSON, JSON lines or Parquet with account_id, decision (bot, human,
        unclear), reviewer and decided_at, like reviews
    out : folder for labels.parquet, audit_labels.parquet, verdicts.parquet, refused.parquet and realised.json; verdicts
        of earlier calls in it are carried on, and those given again count once

    Raises
    ------
    BadInput
        When a file cannot be read, or no verdict is about any of the scores; nothing is written then.
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
            todo="Name label_review.parquet that `unpump review --serve` wrote.",
        )
    read = [(read_decisions(path), channel, str(path)) for path, channel in given]
    ids = sorted({str(a).strip() for rows, _, _ in read if "account_id" in rows for a in rows["account_id"].dropna()})
    told = pd.concat([_scores(place, ids) for place in scores], ignore_index=True)
    met = [verdicts_of(rows, told, channel, where) for rows, channel, where in read]
    before = _earlier(out / VERDICTS)
    verdicts = _each_once(pd.concat([*before, *(m.verdicts for m in met)], ignore_index=True))
    refused = _unknown(pd.concat([m.refused for m in met], ignore_index=True), verdicts)
    if len(refused) and verdicts.empty:
        raise _none_met(refused)
    drawn = _drawn(scores)
    found = realised(drawn, verdicts)
    labels = labels_of(verdicts)
    # A part of the drawn accounts is no sample of all, and whoever reads the file would take it for one.
    sample = labels[labels["account_id"].isin(drawn["account_id"]) & found["complete"]]

    def table(rows: pd.DataFrame, schema: pa.Schema = TABLE.schema) -> pa.Table:
        return pa.Table.from_pandas(rows, schema=schema, preserve_index=False)

    write_all(
        {
            out / LABELS: table(labels),
            out / AUDIT: table(sample),
            out / VERDICTS: table(verdicts, _schema()),
            out / REFUSED: table(refused, _refused_schema()),
            out / REALISED: found,
        }
    )
    summary = {
        "out": str(out),
        "verdicts": len(verdicts),
        "refused": len(refused),
        "accounts": len(latest(verdicts)),
        "labels": len(labels),
        "overturned": len(overturned(verdicts)),
        "audit": {k: found[k] for k in ("drawn", "judged", "unclear", "open", "complete")},
    }
    _tell(summary, refused, found["says"])
    return summary


def _tell(summary: Mapping[str, Any], refused: pd.DataFrame, withheld: str | None) -> None:
    log.info(
        "%d verdicts about %d accounts: %d labels, %d overturned; of %d accounts drawn by chance %d are judged",
        *(summary[k] for k in ("verdicts", "accounts", "labels", "overturned")),
        summary["audit"]["drawn"],
        summary["audit"]["judged"],
    )
    for (file, reason), rows in refused.groupby(["file", "reason"]):
        log.warning("%s: %d rows refused, the first is row %d: %s", file, len(rows), rows["row"].min(), reason)
    if withheld:
        log.warning("%s %s stays empty", withheld, AUDIT)


def _each_once(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Verdicts without those given again, in the order of their moments; what an earlier call knew is kept."""
    appeal = verdicts["channel"] == "appeal"
    again = verdicts.assign(appeal=appeal).duplicated(["account_id", "appeal", "reviewer", "decided_at"])
    return verdicts[~again].sort_values(["decided_at", "account_id", "channel", "reviewer"], ignore_index=True)


def _unknown(refused: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Refused rows less those that met their scores in an earlier call, when these were still there."""
    key = ["account_id", "reviewer", "decided_at"]
    known = refused[key].merge(verdicts[key].drop_duplicates(), how="left", on=key, indicator=True)["_merge"] == "both"
    return refused[~known.to_numpy()].reset_index(drop=True)


def _none_met(refused: pd.DataFrame) -> BadInput:
    first = refused.iloc[0]
    more = f" ({len(refused) - 1:,} more such rows)" if len(refused) > 1 else ""
    return BadInput(
        f"{first['file']}, row {first['row']}, column account_id",
        expected="an account that was scored before it was decided about",
        got=f"{printable(str(first['account_id']))}: {first['reason']}{more}",
        todo="Name the scores these verdicts are about.",
    )


def scores_in(scores: Path) -> Any:
    """The scores in a folder as a data set (of pyarrow) that reads only what is asked for.

    Raises
    ------
    BadInput
        When the folder holds no scores.
    """
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
    rows = scores_in(scores).to_table(columns=wanted, filter=usable).to_pandas()
    return rows.rename(columns={"scored_tier": "tier"})


def _drawn(scores: Sequence[Path]) -> pd.DataFrame:
    """The accounts that chance drew for the audit, each once: as they were scored last."""
    import pandas as pd
    import pyarrow.dataset as ds

    wanted = ["account_id", "status", "tier", "scored_tier", "bot_probability", "audit", "as_of"]
    rows = [scores_in(place).to_table(columns=wanted, filter=ds.field("audit")).to_pandas() for place in scores]
    found = pd.concat(rows, ignore_index=True).sort_values(["account_id", "as_of"], kind="stable")
    return found.drop_duplicates("account_id", keep="last").reset_index(drop=True)


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


def _refused_schema() -> pa.Schema:
    import pyarrow as pa

    from models.feedback import REFUSED as COLUMNS

    kinds = {"row": pa.int64(), "decided_at": pa.timestamp("us", tz="UTC")}
    return pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in COLUMNS])


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
