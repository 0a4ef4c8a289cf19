"""What a Python worker of Spark does in an audit: all about the likes of some authors, by the SQL of one machine.

A bucket is some of the authors with all likes of their posts and all who follow them: nothing that is estimated of them
looks further, but for what the driver gives: the band of all scores, and who is in which group. A worker needs duckdb,
numpy and pyarrow, and this code. It writes what it made itself; of a task that was tried twice only what the successful
try tells is looked at.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.audit import behind, closeup, estimates, evidence, peers
from pipeline.audit.constants import Constants
from pipeline.audit.relations import MOMENT
from pipeline.database import files, open_database, text

if TYPE_CHECKING:
    import duckdb

# What is made of a bucket and read on the driver: of each post, of each author, and for pages of some authors.
BY_POST = ("posts", "witnessed", "post_cells", "bursts", "post_groups")
BY_AUTHOR = ("creators", "creator_cells", "creator_groups", "wrote", "gained")
CLOSE = ("like_days", "audience")
# Rows that Spark brings together, a folder ``bucket=K`` for each bucket that has some.
GIVERS = "score, kind, tier"  # of the account that gave a like; null where it has no score
LIKES = f"bucket, post, actor, {GIVERS}, created_at"
FOLLOWS = "bucket, follower, followed, created_at"
_TYPES = {"score": "SMALLINT", "kind": "SMALLINT", "tier": "SMALLINT", "created_at": "BIGINT"}
MADE, MADE_SQL = pa.schema([("bucket", pa.int64()), ("name", pa.string())]), "bucket bigint, name string"


@dataclass(frozen=True)
class Work:
    """What every bucket of an audit has in common."""

    folder: str  # that the driver and all workers reach
    constants: Constants
    sharp: int  # band of all scores
    grouped: bool  # groups were looked for
    follows: bool  # follows are known
    memory: str  # that one bucket may use before it spills to the worker's disk


def write_buckets(work: Work, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Audit the buckets whose numbers ``batches`` hold; yields the number and the name of the files of each."""
    for batch in batches:
        for bucket in batch.column(0).to_pylist():
            yield pa.record_batch([[bucket], [write_bucket(work, bucket)]], schema=MADE)


def write_bucket(work: Work, bucket: int) -> str:
    """Audit one bucket and write ``made/RELATION/NAME.parquet`` of every relation; returns the name."""
    name = f"{uuid.uuid4().hex}.parquet"
    with (
        tempfile.TemporaryDirectory(prefix="unpump-", ignore_cleanup_errors=True) as spill,
        open_database("authenticity.worker_memory", work.memory, 1, Path(spill), ordered=False) as connection,
    ):
        take(connection, work, bucket)
        evidence.cells(connection, work.grouped, work.follows)
        estimates.of_authors(connection, work.constants)
        behind.behind(connection, work.constants.cut)
        peers.sum_up(connection, work.follows)
        closeup.by_likes(connection, some="")
        for relation in (*BY_POST, *BY_AUTHOR, *CLOSE):
            path = Path(work.folder) / "made" / relation / name
            connection.execute(f"COPY {relation} TO {text(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    return name


def take(connection: duckdb.DuckDBPyConnection, work: Work, bucket: int) -> None:
    """Make the relations that the SQL of one machine reads, with the rows of one bucket."""
    run, given = connection.execute, Path(work.folder) / "given"
    own = f"WHERE bucket = {int(bucket)}"
    run(f"CREATE TEMP TABLE written AS SELECT * FROM {_read([given / 'written.parquet'])} {own}")
    run(f"CREATE TEMP TABLE people AS SELECT * FROM {_read([given / 'authors.parquet'])} {own}")
    run(f"CREATE TEMP VIEW given_likes AS {_parts(work, 'likes', LIKES, bucket)}")
    run(
        "CREATE TEMP TABLE likes AS SELECT w.post, w.author, e.actor, "
        f"{MOMENT} FROM given_likes e JOIN written w USING (post)"
    )
    columns = ", ".join(f"{c}::UTINYINT AS {c}" for c in GIVERS.split(", "))
    run(
        f"CREATE TEMP TABLE actors AS SELECT DISTINCT account, {columns} FROM (SELECT actor AS account, {GIVERS} "
        f"FROM given_likes UNION ALL SELECT account, {GIVERS} FROM people) WHERE tier IS NOT NULL"
    )
    run(f"CREATE TEMP TABLE sharp AS SELECT {int(work.sharp)} AS sharp")
    # Of a pod both who gives a like and whose post it is are members: of the others nothing is asked.
    run(
        f"CREATE TEMP TABLE memberships AS SELECT * FROM {_read([given / 'memberships.parquet'])} WHERE account IN "
        "(SELECT actor FROM likes UNION SELECT account FROM people)"
    )
    if work.follows:
        evidence.follow_pairs(connection, _parts(work, "follows", FOLLOWS, bucket))


def _parts(work: Work, name: str, columns: str, bucket: int) -> str:
    """SELECT of the rows that Spark brought together for a bucket; none where it brought none."""
    wanted = columns.split(", ")[1:]
    parts = sorted((Path(work.folder) / name / f"bucket={int(bucket)}").glob("part-*.parquet"))
    if not parts:
        nothing = (f"NULL::{_TYPES.get(column, 'INTEGER')} AS {column}" for column in wanted)
        return f"SELECT {', '.join(nothing)} WHERE false"
    return f"SELECT {', '.join(wanted)} FROM {_read(parts)}"


def _read(parts: list[Path]) -> str:
    # The number of a bucket is in a column or known; it is not to be taken from the name of the folder.
    return f"read_parquet({files(parts)}, hive_partitioning = false)"
