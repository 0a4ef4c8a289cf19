"""Rows of ``audit.parquet``: what is said of every creator and every post, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.authenticity import INTENTS, WAYS
from models.authenticity_intervals import BASES, Known, basis
from pipeline.audit.behind import MOST_BURSTS, MOST_CREATOR_BURSTS, burst_lists
from pipeline.audit.constants import Constants
from pipeline.audit.evidence import MILLION, known
from pipeline.audit.pieces import pieces

if TYPE_CHECKING:
    import duckdb

Array = np.ndarray[Any, Any]
MOMENT = pa.timestamp("us", tz="UTC")
NUMBER, COUNT, TEXT = pa.float64(), pa.int64(), pa.string()
BURST = pa.struct([("post_id", TEXT), ("first_at", MOMENT), ("last_at", MOMENT), ("likes", COUNT), ("pumped", NUMBER)])
GROUP = pa.struct([("group_id", TEXT), ("kind", TEXT), ("likes", COUNT)])
RATIO = pa.struct([("name", TEXT), ("value", NUMBER), ("percentile", NUMBER), ("peers", COUNT), ("scope", TEXT)])
SCHEMA = pa.schema(
    [
        ("level", TEXT),  # creator or post
        ("account_id", TEXT),  # the creator, or the author of the post
        ("post_id", TEXT),
        ("posted_at", MOMENT),
        ("posts", COUNT),  # of a creator, with likes
        ("followers", COUNT),
        ("likes", COUNT),  # counted
        ("likes_seen", COUNT),  # of them with an event
        ("rests_on", TEXT),  # events, partial, counts
        ("authentic", NUMBER),
        ("authentic_low", NUMBER),
        ("authentic_high", NUMBER),
        ("pumped_share", NUMBER),
        ("pumped_share_low", NUMBER),
        ("pumped_share_high", NUMBER),
        *((way, NUMBER) for way in WAYS),  # likes brought by each way of pumping
        ("low_evidence_share", NUMBER),  # of likes seen, from accounts that could not be scored
        *((f"p_{name}", NUMBER) for name in INTENTS),
        ("verdict", TEXT),
        ("pumped_posts", COUNT),  # of a creator, that look pumped
        ("engagement_rate", NUMBER),  # likes of a post per follower
        ("authentic_rate", NUMBER),
        ("authentic_rate_low", NUMBER),
        ("authentic_rate_high", NUMBER),
        ("bursts", pa.list_(BURST)),  # the largest, of posts that look pumped
        ("groups", pa.list_(GROUP)),
        ("ratios", pa.list_(RATIO)),
    ]
)
_SUMS = ("likes", "seen", "unknown", "pumped", "spread", *WAYS)


def creators(connection: duckdb.DuckDBPyConnection, constants: Constants) -> pa.Table:
    """Rows of all creators, sorted by account_id."""
    found = connection.sql(
        f"SELECT q.account_id, c.posts, q.followers, {', '.join(f'c.{s}' for s in _SUMS)}, "
        "i.* EXCLUDE (cell), c.struck AS pumped_posts, b.bursts, d.groups, r.ratios "
        "FROM creators c JOIN people q ON q.account = c.author JOIN creator_cells k USING (author) "
        "JOIN creator_intents i USING (cell) LEFT JOIN creator_groups d USING (author) "
        f"LEFT JOIN ({burst_lists('author', MOST_CREATOR_BURSTS)}) b USING (author) "
        "LEFT JOIN (SELECT author, list({'name': name, 'value': value, 'percentile': percentile, 'peers': peers, "
        "'scope': scope} ORDER BY ratio) AS ratios FROM ratios GROUP BY author) r USING (author) ORDER BY q.account"
    ).to_arrow_table()
    return _rows(found, "creator", constants, known(connection))


def posts(connection: duckdb.DuckDBPyConnection, constants: Constants, least: int) -> Iterator[pa.Table]:
    """Rows of all posts with ``least`` likes or more, sorted by author and time, in pieces."""
    beside = known(connection)
    rows = connection.sql(
        f"SELECT q.account_id, w.post_id, w.posted_us, {', '.join(f'p.{s}' for s in _SUMS)}, i.* EXCLUDE (cell), "
        "b.bursts, d.groups FROM posts p JOIN written w USING (post) JOIN people q ON q.account = p.author "
        "JOIN post_cells k USING (post) JOIN post_intents i USING (cell) LEFT JOIN "
        f"({burst_lists('post', MOST_BURSTS)}) b USING (post) "
        f"LEFT JOIN post_groups d USING (post) WHERE p.likes >= {int(least)} ORDER BY p.post"
    )
    for piece in pieces(rows):
        yield _rows(piece, "post", constants, beside)


def _rows(found: pa.Table, level: str, constants: Constants, beside: Known) -> pa.Table:
    """``found`` with intervals, in the columns of ``SCHEMA``."""
    n = found.num_rows
    value = {name: _floats(found, name) for name in _SUMS}
    likes, pumped, spread = value["likes"], value["pumped"] / MILLION, value["spread"] / MILLION
    rests_on = basis(likes, value["seen"], value["unknown"], beside)
    low, high = constants.widths[level].interval(likes, pumped, spread, rests_on)
    columns: dict[str, Any] = {
        "level": pa.repeat(pa.scalar(level, TEXT), n),
        "likes": found["likes"].cast(COUNT),
        "likes_seen": found["seen"].cast(COUNT),
        "rests_on": pa.array(BASES, TEXT).take(pa.array(rests_on % len(BASES))),
        "authentic": _rounded(likes - pumped),
        "authentic_low": _rounded(likes - high),
        "authentic_high": _rounded(likes - low),
        "pumped_share": _rounded(pumped / likes),
        "pumped_share_low": _rounded(low / likes),
        "pumped_share_high": _rounded(high / likes),
        "low_evidence_share": _rounded(value["unknown"] / np.where(value["seen"] > 0, value["seen"], np.nan)),
        **{way: _rounded(value[way] / MILLION) for way in WAYS},
    }
    if "posted_us" in found.column_names:
        columns["posted_at"] = found["posted_us"].cast(COUNT).cast(pa.timestamp("us")).cast(MOMENT)
    if level == "creator":
        per = _floats(found, "posts") * np.where(_floats(found, "followers") > 0, _floats(found, "followers"), np.nan)
        columns["engagement_rate"] = _rounded(likes / per, 8)
        for name, count in (("", pumped), ("_low", high), ("_high", low)):
            columns[f"authentic_rate{name}"] = _rounded((likes - count) / per, 8)
    given = set(found.column_names)
    return pa.table(
        [
            columns[f.name]
            if f.name in columns
            else found[f.name].cast(f.type)
            if f.name in given
            else pa.nulls(n, f.type)
            for f in SCHEMA
        ],
        schema=SCHEMA,
    )


def _floats(found: pa.Table, name: str) -> Array:
    return np.asarray(found[name].cast(NUMBER).to_numpy(zero_copy_only=False), dtype=np.float64)


def _rounded(values: Array, digits: int = 4) -> pa.Array:
    """Numbers as they are written: rounded, null where there is none."""
    return pa.array(np.round(values, digits) + 0.0, NUMBER, from_pandas=True)
