"""A crowd of any size, made fast: millions of events with audiences, farms, pods and celebrities, as canonical Parquet.

The town of ``simulation/`` is the careful one; this one exists to load the machine, and keeps only what costs time:
heavy tails, repeated ties, communities, bursts and shared targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.tables import TABLES

END_S = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
DAYS = 90
CHUNK = 2_000_000  # rows of a row group
FARM, POD, CLUB = 60, 25, 40  # members
DEEDS = np.array(["like", "like", "like", "like", "like", "like", "like", "like", "comment", "repost"])


@dataclass(frozen=True)
class Crowd:
    """Size of a crowd; posts and engagements are close to these numbers."""

    accounts: int
    posts: int
    engagements: int
    seed: int = 0

    @classmethod
    def of(cls, engagements: int, seed: int = 0) -> Crowd:
        """50 engagements an account, 10 a post."""
        return cls(max(engagements // 50, 200), max(engagements // 10, 1_000), engagements, seed)


def write_crowd(crowd: Crowd, folder: Path) -> None:
    """Write accounts, posts, engagements, follows and labels of ``crowd`` as Parquet files in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(crowd.seed)
    n, p = crowd.accounts, crowd.posts
    ids = pa.array(np.arange(n)).cast(pa.string())
    ids = pc.binary_join_element_wise("u", pc.utf8_lpad(ids, 8, "0"), "")
    # One in fifty accounts is in a farm, a pod or a club; the rest are people.
    kind = np.full(n, "human", dtype=object)
    bot = n // 50
    kind[:bot], kind[bot : 2 * bot] = "like_bot", "pod_member"
    fame = rng.pareto(1.3, n) + 0.1
    age_s = np.minimum(rng.lognormal(13.8 + 4.0, 0.8, n), 4e8) + 86_400
    # Posts: half of the accounts write, some a lot; sorted by author and time.
    writes = rng.gamma(0.5, 1.0, n)
    writes[:bot] *= 0.1
    author = np.sort(rng.choice(n, p, p=writes / writes.sum()).astype(np.int32))
    posted = END_S - (rng.random(p) * DAYS * 86_400).astype(np.int64) - 1
    post_ids = pc.binary_join_element_wise("p", pc.utf8_lpad(pa.array(np.arange(p)).cast(pa.string()), 10, "0"), "")
    weight = fame[author] * rng.lognormal(0, 1, p)
    received = np.zeros(p, dtype=np.int64)

    with pq.ParquetWriter(folder / "engagements.parquet", TABLES["engagements"].schema, compression="zstd") as writer:
        for actor, post, at in _events(rng, crowd, author, posted, weight, bot):
            received += np.bincount(post, minlength=p)
            deed = pa.DictionaryArray.from_arrays(
                pa.array(rng.integers(0, len(DEEDS), len(actor)).astype(np.int8)), pa.array(DEEDS)
            )
            writer.write_table(
                pa.table(
                    [ids.take(pa.array(actor)), post_ids.take(pa.array(post)), deed.cast(pa.string()), _moment(at)],
                    schema=TABLES["engagements"].schema,
                )
            )
    _write(
        folder,
        "posts",
        p,
        post_id=post_ids,
        account_id=ids.take(pa.array(author)),
        created_at=_moment(posted),
        kind=pa.array(["original"] * p),
        likes_count=pa.array(received),
    )
    follower = rng.integers(0, n, 10 * n)
    followed = (follower + 1 + rng.geometric(0.02, 10 * n)) % n
    pair = np.unique(follower * n + followed)
    _write(
        folder,
        "follows",
        len(pair),
        follower_id=ids.take(pa.array(pair // n)),
        followed_id=ids.take(pa.array(pair % n)),
    )
    end = _moment(np.full(n, END_S))
    _write(
        folder,
        "accounts",
        n,
        account_id=ids,
        platform=pa.array(["crowd"] * n),
        username=ids,
        created_at=_moment(END_S - age_s.astype(np.int64)),
        observed_at=end,
        followers_count=pa.array((fame * 100).astype(np.int64)),
        following_count=pa.array(rng.lognormal(5, 1.2, n).astype(np.int64)),
        posts_count=pa.array(np.bincount(author, minlength=n)),
        has_avatar=pa.array(rng.random(n) < np.where(np.arange(n) < bot, 0.8, 0.97)),
    )
    labelled = np.sort(rng.choice(n, min(n, 20_000), replace=False))
    _write(
        folder,
        "labels",
        len(labelled),
        account_id=ids.take(pa.array(labelled)),
        is_bot=pa.array(labelled < bot),
        kind=pa.array(kind[labelled], pa.string()),
        source=pa.array(["crowd"] * len(labelled)),
        labelled_at=_moment(np.full(len(labelled), END_S)),
    )


def _events(
    rng: np.random.Generator, crowd: Crowd, author: np.ndarray, posted: np.ndarray, weight: np.ndarray, bot: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    n = crowd.accounts
    along = np.cumsum(weight)
    by_author = np.searchsorted(author, np.arange(n + 1))
    has_posts = np.flatnonzero(np.diff(by_author))
    buyers = has_posts[rng.integers(0, len(has_posts), (max(bot // FARM, 1), 30))]
    busy = rng.gamma(1.0, 1.0, n)
    order = np.cumsum(busy)
    left = crowd.engagements
    while left > 0:
        size = min(CHUNK, left)
        left -= size
        post = np.searchsorted(along, rng.random(size) * along[-1]).astype(np.int32)
        # Most come from an audience near the author, the others from anywhere.
        near = (author[post] + 1 + rng.geometric(0.01, size)) % n
        anyone = np.searchsorted(order, rng.random(size) * order[-1])
        actor = np.where(rng.random(size) < 0.7, near, anyone).astype(np.int32)
        delay = rng.lognormal(8.5, 1.6, size)
        # Farms: each serves thirty buyers, within minutes.
        farm = np.flatnonzero(actor < bot)
        whom = buyers[np.minimum(actor[farm] // FARM, len(buyers) - 1), rng.integers(0, 30, len(farm))]
        post[farm] = by_author[whom] + (rng.random(len(farm)) * np.diff(by_author)[whom]).astype(int)
        delay[farm] = rng.exponential(300, len(farm))
        # Pods: members like each other's posts.
        pod = np.flatnonzero((actor >= bot) & (actor < 2 * bot) & (rng.random(size) < 0.7))
        mate = np.minimum((actor[pod] // POD) * POD + rng.integers(0, POD, len(pod)), n - 1)
        written = np.diff(by_author)[mate]
        ok = written > 0
        post[pod[ok]] = by_author[mate[ok]] + (rng.random(int(ok.sum())) * written[ok]).astype(int)
        at = posted[post] + delay.astype(np.int64)
        good = (at < END_S) & (author[post] != actor)
        yield actor[good], post[good], at[good]


def _moment(at_s: np.ndarray) -> pa.Array:
    return pa.array(at_s.astype(np.int64) * 1_000_000).cast(TABLES["posts"]["created_at"].type)


def _write(folder: Path, name: str, rows: int, **given: pa.Array) -> None:
    schema = TABLES[name].schema
    columns = [given[f.name] if f.name in given else pa.nulls(rows, f.type) for f in schema]
    table = pa.table([c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=CHUNK, compression="zstd")
