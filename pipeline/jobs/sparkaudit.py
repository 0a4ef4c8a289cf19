"""An audit on Spark: it brings the likes of each author together, and workers audit some authors at a time.

The driver numbers accounts and posts, keeps what compares creators with one another, and writes the files. No like and
no follow passes through it: workers tell sums of posts, of creators, and of the days of each creator.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.audit import evidence, peers
from pipeline.audit.bucket import BY_AUTHOR, BY_POST, CLOSE, FOLLOWS, GIVERS, LIKES, MADE_SQL, Work, write_buckets
from pipeline.audit.verdicts import intent_tables
from pipeline.database import files, text
from pipeline.settings import Params
from pipeline.sizes import bytes_of
from pipeline.spark import show_table, told, write_folder
from pipeline.sparksession import session

if TYPE_CHECKING:
    import duckdb

    from pipeline.audit.constants import Constants
    from pipeline.tablefiles import TableFiles
_GIVERS = ", ".join(f"p.{column}" for column in GIVERS.split(", "))
# Canonical table -> folder for its rows as numbers, and what they are, in words of Spark.
GATHERED = {
    "engagements": (
        "likes",
        f"SELECT {LIKES} FROM (SELECT w.bucket, w.post, p.account AS actor, {_GIVERS}, "
        "unix_micros(e.created_at) AS created_at FROM engagements e JOIN audit_places w ON e.post_id = w.post_id "
        "LEFT JOIN audit_people p ON e.actor_id = p.account_id "
        "WHERE e.kind = 'like' AND unix_micros(e.created_at) < w.as_of_us) l",
    ),
    "follows": (
        "follows",
        f"SELECT {FOLLOWS} FROM (SELECT b.bucket, a.account AS follower, b.account AS followed, "
        "unix_micros(f.created_at) AS created_at FROM follows f JOIN audit_people a "
        "ON f.follower_id = a.account_id JOIN audit_authors b ON f.followed_id = b.account_id) f",
    ),
}


def estimate_with_spark(
    connection: duckdb.DuckDBPyConnection,
    constants: Constants,
    grouped: bool,
    tables: TableFiles,
    params: Params,
    folder: Path,
    say: Callable[[str], None] = lambda what: None,
) -> Callable[[duckdb.DuckDBPyConnection], None]:
    """Everything that is estimated, from the numbered relations of ``pipeline.audit.relations.number``.

    Parameters
    ----------
    connection : of the driver; gets every relation that ``pipeline.audit.outputs.publish`` reads
    constants : what was fitted on towns
    grouped : groups were looked for
    tables : where the canonical Parquet files are; every worker must reach them
    params : ``authenticity`` says how large a bucket is, ``featurize`` where Spark is
    folder : scratch that every worker reaches; it must stay until the result is published
    say : told what begins

    Returns
    -------
    what makes the close-ups of chosen authors, for ``publish``

    Raises
    ------
    BadInput
        When Spark is not installed or cannot be reached, or a table cannot be read.
    """
    settings = params.authenticity
    bytes_of(settings.worker_memory, "authenticity.worker_memory")
    spark = session(params.featurize)
    follows = "follows" in tables.files
    buckets = buckets_of(tables, settings.bucket_rows)
    evidence.band_accounts(connection, grouped, follows)
    ((sharp,),) = connection.execute("SELECT sharp FROM sharp").fetchall()
    give(connection, folder, buckets)
    work = Work(str(folder), constants, int(sharp), grouped, follows, settings.worker_memory)
    with told(folder):
        say("likes and follows of each author")
        gather(spark, tables, folder, buckets)
        say("what is known of each like, posts and creators")
        made = spread(spark, work, buckets)
    for name in ("likes", "follows"):
        shutil.rmtree(folder / name, ignore_errors=True)
    say("creators against people like them")
    # Posts stay in their files, in which they are no longer than they need to be; creators are few.
    for kind, relations in (("VIEW", BY_POST), ("TABLE", BY_AUTHOR)):
        for relation in relations:
            read = _read(folder, relation, sorted(made.values()))
            connection.execute(f"CREATE TEMP {kind} {relation} AS SELECT * FROM {read}")
    intent_tables(connection, constants)
    peers.compare(connection)
    return partial(_close_up, folder, made, buckets)


def buckets_of(tables: TableFiles, rows: int) -> int:
    """Into how many buckets authors are put, so that each has about ``rows`` engagements and follows."""
    parts = [f for name in ("engagements", "follows") for f in tables.files.get(name, ())]
    return max(1, -(-sum(pq.ParquetFile(f).metadata.num_rows for f in parts) // rows))


def give(connection: duckdb.DuckDBPyConnection, folder: Path, buckets: int) -> None:
    """Write to ``given/`` what Spark and workers need of accounts, posts and groups."""
    (folder / "given").mkdir()
    bucket = f"{{}} % {int(buckets)} AS bucket"
    known = f"LEFT JOIN (SELECT account, {GIVERS} FROM actors) a USING (account)"
    given = {
        # For Spark: numbers for names.
        "people": f"SELECT p.account_id, account, {GIVERS} FROM people p {known}",
        "places": f"SELECT post_id, post, {bucket.format('author')}, as_of_us FROM written",
        # For workers, in the order of buckets, so that each finds its rows side by side.
        "written": "SELECT post, author, posted_us, likes_count, comments_count, views_count, as_of_us, "
        f"{bucket.format('author')} FROM written ORDER BY bucket, post",
        "authors": f"SELECT p.account_id, account, p.platform, p.observed_us, p.opened_us, p.followers, p.posts_count, "
        f"{GIVERS}, {bucket.format('account')} FROM people p {known} "
        "WHERE account IN (SELECT author FROM written) ORDER BY bucket, account",
        "memberships": "SELECT * FROM memberships",
    }
    for name, select in given.items():
        path = text(str(folder / "given" / f"{name}.parquet"))
        connection.execute(f"COPY ({select}) TO {path} (FORMAT parquet, COMPRESSION zstd)")


def gather(spark: Any, tables: TableFiles, folder: Path, buckets: int) -> None:
    """Let Spark write likes and follows as numbers, a folder for each bucket, to ``likes/`` and ``follows/``."""
    for name in ("people", "places", "authors"):
        rows = spark.read.parquet(str(folder / "given" / f"{name}.parquet"))
        rows.createOrReplaceTempView(f"audit_{name}")
    for table, (name, select) in GATHERED.items():
        if table in tables.files:
            show_table(spark, tables, table)
            write_folder(spark.sql(select).repartition(buckets, "bucket"), folder / name, by="bucket")


def spread(spark: Any, work: Work, buckets: int) -> dict[int, str]:
    """Let workers audit all buckets; the name of the files of each."""
    for relation in (*BY_POST, *BY_AUTHOR, *CLOSE):
        (Path(work.folder) / "made" / relation).mkdir(parents=True)
    audited = partial(write_buckets, work)

    def some(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return audited(batches)

    rows = spark.range(0, buckets, 1, buckets).mapInArrow(some, MADE_SQL).collect()
    return {row["bucket"]: row["name"] for row in rows}


def _close_up(folder: Path, made: dict[int, str], buckets: int, connection: duckdb.DuckDBPyConnection) -> None:
    """What ``pipeline.audit.closeup.by_likes`` makes, of the authors ``chosen``, from what workers told."""
    found = connection.execute(f"SELECT DISTINCT author % {int(buckets)} AS bucket FROM chosen ORDER BY 1").fetchall()
    # Any bucket has the columns, also where nobody was chosen.
    names = [made[bucket] for (bucket,) in found] or [made[0]]
    for relation in CLOSE:
        connection.execute(
            f"CREATE TEMP TABLE {relation} AS SELECT r.* FROM {_read(folder, relation, names)} r "
            "JOIN chosen USING (author)"
        )


def _read(folder: Path, relation: str, names: list[str]) -> str:
    return f"read_parquet({files(folder / 'made' / relation / name for name in names)})"
