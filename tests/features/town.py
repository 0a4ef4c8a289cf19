"""Small worlds for tests: accounts written as keywords, posts as times or texts, run through the real engine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
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
        self.engagements: list[dict[str, Any]] = []
        self.follows: list[dict[str, Any]] = []

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
                known = {k: v for k, v in other.items() if k != "account_id"}
                town.add(f"{name} {other.get('account_id', i)}", **{"fold": 0, **known})
            town.happen(example.events, name)
        return town

    def happen(self, events: Sequence[str], me: str) -> Town:
        """What ``events`` tell (see ``features.declare.Example``); names other than ``me`` are told apart by it."""
        published: dict[str, pd.Timestamp] = {}
        for event in sorted(events, key=lambda e: " posts " not in e):
            who, verb, what, when = (*event.split(" ", 3), "")[:4]
            if verb == "follows":
                at = moment(when) if when else None
                row = {"follower_id": _named(who, me), "followed_id": _named(what, me), "created_at": at}
                self.follows.append(row)
                continue
            if what not in published:
                author, number = what.rsplit(".", 1)
                at = moment(when) if verb == "posts" else moment("00:00") + pd.Timedelta(hours=int(number))
                published[what] = at
                post = {"post_id": _named(what, me), "account_id": _named(author, me), "created_at": at}
                self.posts.append({**post, "kind": "original"})
            if verb != "posts":
                at = published[what] + pd.Timedelta(when.replace("d", "D")) if when[0] in "+-" else moment(when)
                row = {"actor_id": _named(who, me), "post_id": _named(what, me), "kind": verb[:-1], "created_at": at}
                self.engagements.append(row)
        return self

    def copy(self) -> Town:
        """The same tables, to be changed apart."""
        other = Town()
        for table in ("accounts", "posts", "verdicts", "engagements", "follows"):
            setattr(other, table, list(getattr(self, table)))
        other.measures = self.measures
        return other

    def keep(self, wanted: Callable[[str], bool]) -> Town:
        """The same events among fewer accounts."""
        other = self.copy()
        other.accounts = [a for a in self.accounts if wanted(a["account_id"])]
        other.verdicts = [v for v in self.verdicts if wanted(v["account_id"])]
        return other

    def save(self, folder: Path | None = None, without: Sequence[str] = (), shuffle: int | None = None) -> TableFiles:
        """The tables as Parquet files, rows shuffled by the seed ``shuffle``."""
        folder = folder or Path(tempfile.mkdtemp(prefix="town-"))
        tables = {
            "accounts": pa.Table.from_pylist(self.accounts, schema=TABLES["accounts"].schema),
            "posts": pa.Table.from_pylist(self.posts, schema=TABLES["posts"].schema),
        }
        if self.engagements or self.follows:
            tables["engagements"] = pa.Table.from_pylist(self.engagements, schema=TABLES["engagements"].schema)
            tables["follows"] = pa.Table.from_pylist(self.follows, schema=TABLES["follows"].schema)
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


def _named(who: str, me: str) -> str:
    return me + who[2:] if who == "me" or who.startswith("me.") else f"{me} {who}"


def _post(post: str) -> dict[str, Any]:
    timed = len(post) > 4 and post[:2].isdigit() and ":" in post[:14]
    return {"at": post} if timed else {"text": post}
