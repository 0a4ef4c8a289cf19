"""Job review-labels: a reviewer's decisions become labels of their own source, in a folder of tables to train on."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable
from pipeline.tablefiles import TableFiles

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)
HISTORY = "label_decisions.parquet"


def review_labels(decisions: Path, tables: Path, out: Path) -> Mapping[str, Any]:
    """Write the tables in ``tables`` to ``out`` with the labels as the reviewer decided, and the history of decisions.

    Parameters
    ----------
    decisions : CSV, JSON, JSON lines or Parquet with account_id, decision, reviewer and decided_at
    tables : canonical tables with labels; ``label_decisions.parquet`` of an earlier review is carried on
    out : folder for all tables, to be given to ``unpump run --tables``; it may be ``tables`` itself

    Raises
    ------
    BadInput
        When a file cannot be read or a decision cannot be applied; nothing is written then.
    """
    import pandas as pd
    import pyarrow as pa

    from features.tables import LABELS
    from models.labelreview import apply_decisions
    from pipeline.files import write_all

    given = TableFiles.open(tables)
    labels = given.read("labels")
    if labels is None or labels.empty:
        raise BadInput(
            str(tables), expected="labels.parquet", got="no labels", todo="Name the tables the model was trained on."
        )
    found = apply_decisions(labels, read_decisions(decisions), str(decisions))
    history = found.history
    earlier = tables / HISTORY
    if earlier.is_file():
        history = pd.concat([pd.read_parquet(earlier), history], ignore_index=True)
    contents: dict[Path, Any] = {
        out / "labels.parquet": pa.Table.from_pandas(found.labels, schema=LABELS.schema, preserve_index=False),
        out / HISTORY: history,
    }
    if out.resolve() != tables.resolve():
        for name, files in given.files.items():
            if name != "labels":
                single = files[0].parent == given.folder
                contents |= {out / (f"{name}.parquet" if single else f"{name}/{f.name}"): _copy(f) for f in files}
    write_all(contents)
    decided = found.history.drop_duplicates("account_id", keep="last")
    turned = decided["is_bot"].notna() & (decided["is_bot"] != decided["was_bot"])
    told = {
        "out": str(out),
        "decided": len(decided),
        "changed": int(turned.sum()),
        "confirmed": int((decided["is_bot"] == decided["was_bot"]).sum()),
        "removed": int(decided["is_bot"].isna().sum()),
        "labels": len(found.labels),
    }
    log.info(
        "%s decisions: %s labels changed, %s confirmed, %s removed; next: unpump run --tables %s",
        *(told[k] for k in ("decided", "changed", "confirmed", "removed", "out")),
    )
    return told


def read_decisions(path: Path) -> pd.DataFrame:
    """Rows of the file at ``path``, every column as text.

    Raises
    ------
    BadInput
        When it is absent, of another format, or damaged.
    """
    import pandas as pd
    import pyarrow as pa

    readers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda p: pd.read_csv(p, dtype=str, keep_default_na=False, encoding="utf-8-sig"),
        ".json": lambda p: pd.DataFrame(json.loads(p.read_text(encoding="utf-8"))),
        ".jsonl": lambda p: pd.DataFrame([json.loads(line) for line in p.open(encoding="utf-8") if line.strip()]),
        ".parquet": pd.read_parquet,
    }
    if path.suffix.lower() not in readers:
        raise BadInput(
            str(path),
            expected=f"a file that ends in {', '.join(readers)}",
            got=path.suffix or "no ending",
            todo="Save the decisions as one of these.",
        )
    try:
        rows = readers[path.suffix.lower()](path)
    except FileNotFoundError as error:
        raise BadInput(
            str(path), expected="a file of decisions", got="no such file", todo="See docs/trust.md for its columns."
        ) from error
    except (ValueError, TypeError, OSError, pa.ArrowInvalid) as error:  # pandas' parser errors are ValueErrors
        raise BadInput(
            str(path),
            expected=f"{path.suffix[1:]} in UTF-8",
            got=printable(str(error)),
            todo="Open it where it was written and save it again.",
        ) from error
    return rows


def _copy(source: Path) -> Callable[[Path], None]:
    def write(to: Path) -> None:
        shutil.copyfile(source, to)

    return write
