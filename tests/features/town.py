"""Small worlds for tests: accounts written as keywords, posts as times or texts, run through the real engine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.declare import Example
from features.tables import TABLES
from pipeline.engine import featurize_tables
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

DAY = "2024-01-01"  # of a post that gives only its time; a Monday
JUDGED = "2024-02-01"
ONE_THREAD = Featurize(threads=1, memory="1GB")


def moment(text: str) -> pd.Timestamp:
    """A UTC instant from a date, a date and time, or a time of ``DAY``."""
    return pd.Timestamp(text if "-" in text else f"{DAY} {text}", tz="UTC")


class Town:
    """Canonical tables in the making."""

    def __init__(self) -> None:
        self.accounts: list[dict[str, Any]] = []
        self.posts: list[dict[str, Any]] = []
        self.verdicts: list[dict[str, Any]] = []
        self.measures: pa.Table | None = None

    def add(
        self,
        account_id: str,
        posts: Sequence[str | Mapping[str, Any]] = (),
        fold: int | None = None,
        as_of: str = JUDGED,
        **columns: Any,
    ) -> Town:
        """One account with its posts, judged at ``as_of``."""
        row = {"account_id": account_id, "platform": "x", "observed_at": JUDGED, **columns}
        for column in ("created_at", "observed_at"):
            if isinstance(row.get(column), str):
                row[column] = moment(row[column])
        self.accounts.append(row)
        self.verdicts.append({"account_id": account_id, "as_of": moment(as_of), "fold": fold})
        for i, post in enumerate(posts):
            given = dict(post) if isinstance(post, Mapping) else _post(post)
            at = given.pop("at", f"2024-01-15 12:{i // 60:02d}:{i % 60:02d}")
            self.posts.append(
                {"post_id": f"{account_id}-{i:04d}", "account_id": account_id, "created_at": moment(at), **given}
            )
        return self

    @classmethod
    def of(cls, examples: Mapping[str, Example]) -> Town:
        """One account per worked example, without fold, and its others in fold 0."""
        town = cls()
        for name, example in examples.items():
            town.add(name, example.posts, **example.rows)
            for i, other in enumerate(example.others):
                town.add(f"{name} {i}", fold=0, **other)
        return town

    def save(self, folder: Path | None = None, without: Sequence[str] = (), shuffle: int | None = None) -> TableFiles:
        """The tables as Parquet files, rows shuffled by the seed ``shuffle``."""
        folder = folder or Path(tempfile.mkdtemp(prefix="town-"))
        tables = {
            "accounts": pa.Table.from_pylist(self.accounts, schema=TABLES["accounts"].schema),
            "posts": pa.Table.from_pylist(self.posts, schema=TABLES["posts"].schema),
        }
        if self.measures is not None:
            tables["measures"] = self.measures
        for name, table in tables.items():
            if name not in without:
                if shuffle is not None:
                    order = pd.Series(range(table.num_rows)).sample(frac=1, random_state=shuffle)
                    table = table.take(pa.array(order))
                pq.write_table(table, folder / f"{name}.parquet")
        return TableFiles.open(folder)

    def judged(self) -> pa.Table:
        """The verdicts table."""
        kinds = {"account_id": pa.string(), "as_of": pa.timestamp("us", tz="UTC"), "fold": pa.int64()}
        return pa.Table.from_pylist(self.verdicts, schema=pa.schema(list(kinds.items())))

    def measure(self, only: Sequence[str] | None = None, **options: Any) -> pd.DataFrame:
        """Features of every account, indexed by account_id."""
        settings = options.pop("settings", ONE_THREAD)
        references = options.pop("references", None)
        files = self.save(**options)
        made = featurize_tables(files, self.judged(), settings, references, only)
        return made.table().to_pandas().set_index("account_id").drop(columns="as_of")


def _post(post: str) -> dict[str, Any]:
    timed = len(post) > 4 and post[:2].isdigit() and ":" in post[:14]
    return {"at": post} if timed else {"text": post}
