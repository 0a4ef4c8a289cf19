"""What is known of each like as a cell of few whole numbers, and what the likes of a post amount to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.authenticity import (
    ALL_FACTORS,
    FACTORS,
    LIKE_FACTORS,
    VAGUE,
    WAYS,
    Additive,
    banded,
    coded,
    decoded,
    sharpness,
)
from models.authenticity_intervals import Known
from models.thresholds import TIERS

if TYPE_CHECKING:
    import duckdb

CROWD_S = 600  # likes this close before or after a like are its crowd
LEAST_CROWD = 5  # likes that make a crowd
BURST_SHARE = 0.25  # of all likes of the post in one crowd, from which on it is a burst
MILLION = 1_000_000.0
SHORTLY_S = 7 * 86_400
PAIR = "({0}::BIGINT * 4294967296 + {1})"  # two accounts as one number: one key to join by
FOLLOWS = (
    "SELECT a.account AS follower, b.account AS followed, f.created_at FROM t_follows f "
    "JOIN people a ON a.account_id = f.follower_id JOIN people b ON b.account_id = f.followed_id"
)
_KIND = (
    "CASE WHEN kind IS NULL THEN 0 WHEN kind = 'human' THEN 1 "
    "WHEN kind IN ('like_bot', 'fake_follower', 'spam_bot') THEN 2 WHEN kind = 'hijacked' THEN 3 "
    "WHEN kind = 'self_bot' THEN 4 WHEN kind = 'pod_member' THEN 5 WHEN kind = 'like_buyer' THEN 6 ELSE 0 END"
)
_TIER = "CASE tier " + " ".join(f"WHEN '{t}' THEN {i}" for i, t in enumerate(reversed(TIERS), start=1)) + " ELSE 0 END"
# What a platform may do to likes -> the mildest tier whose accounts it is done to, counted from the mildest of all.
ACTIONS = {name: len(TIERS) - TIERS.index(name) for name in ("discount", "limit_reach", "suspend")}
_PACE = (
    f"CASE WHEN crowd >= {LEAST_CROWD} AND crowd >= {BURST_SHARE} * seen THEN 1 WHEN crowd >= {LEAST_CROWD} THEN 2 "
    "ELSE lag END"
)


def like_cells(connection: duckdb.DuckDBPyConnection, grouped: bool, follows: bool) -> None:
    """Make ``seen``, see ``cells``, from what ``pipeline.audit.relations`` makes."""
    band_accounts(connection, grouped, follows)
    if follows:
        follow_pairs(connection)
    cells(connection, grouped, follows)


def band_accounts(connection: duckdb.DuckDBPyConnection, grouped: bool, follows: bool) -> None:
    """Make ``actors``: score, kind and tier of every account with a score; ``sharp``, the band of all; and ``sight``.

    Parameters
    ----------
    connection : with ``scored``
    grouped, follows : groups were looked for, and follows are known; ``sight`` says so, and whether kinds are
    """
    run = connection.execute
    score = banded("bot", FACTORS["score"].edges)
    run(
        f"CREATE TEMP TABLE actors AS SELECT account, ({score})::UTINYINT AS score, ({_KIND})::UTINYINT AS kind, "
        f"({_TIER})::UTINYINT AS tier FROM scored"
    )
    scores = run("SELECT bot FROM scored WHERE bot IS NOT NULL ORDER BY bot").fetchnumpy()["bot"]
    band = int(np.searchsorted(FACTORS["sharp"].edges, sharpness(np.asarray(scores)), side="right")) + 1
    run(f"CREATE TEMP TABLE sharp AS SELECT {band if len(scores) else 0} AS sharp")
    run(
        f"CREATE TEMP TABLE sight AS SELECT {grouped} AS groups, {follows} AS follows, "
        f"EXISTS (FROM actors WHERE kind > 0) AS kinds, (SELECT sharp <= {VAGUE} FROM sharp) AS vague"
    )


def follow_pairs(connection: duckdb.DuckDBPyConnection, rows: str = FOLLOWS) -> None:
    """Make ``fans``: who follows whom, as a ``PAIR``, and since when; of ``rows`` of follower, followed, created_at."""
    connection.execute(
        f"CREATE TEMP TABLE fans AS SELECT {PAIR.format('follower', 'followed')} AS pair, "
        "greatest(0, least(coalesce(min(created_at), 0) // 1000000, 2147483647))::INTEGER AS since_s "
        f"FROM ({rows}) GROUP BY 1"
    )


def cells(connection: duckdb.DuckDBPyConnection, grouped: bool, follows: bool) -> None:
    """Make ``seen``: post, author, actor, moment, tier of the actor and cell of ``LIKE_FACTORS`` of every like.

    Parameters
    ----------
    connection : with ``likes``, ``actors``, ``sharp``, ``memberships`` and, where follows are known, ``fans``
    grouped : groups were looked for; without, ties are not known
    follows : follows are known
    """
    run = connection.execute
    run(
        "CREATE TEMP TABLE bound AS SELECT account, CASE WHEN bool_or(kind = 'farm') THEN 2 WHEN bool_or(kind = 'pod') "
        "THEN 4 WHEN bool_or(kind = 'friends') THEN 5 ELSE 6 END::UTINYINT AS tie FROM memberships GROUP BY account"
    )
    run(
        "CREATE TEMP TABLE mates AS SELECT DISTINCT a.account AS actor, b.account AS author FROM memberships a "
        "JOIN memberships b USING (team) WHERE a.kind = 'pod' AND a.account <> b.account"
    )
    run("CREATE TEMP TABLE counts AS SELECT post, count(*)::INTEGER AS seen FROM likes GROUP BY post")
    frame = f"PARTITION BY l.post ORDER BY l.at_s RANGE BETWEEN {CROWD_S} PRECEDING AND {CROWD_S} FOLLOWING"
    some = "FROM likes l JOIN counts c USING (post) WHERE c.seen"
    rows = (
        f"SELECT l.post, l.author, l.actor, l.at_s, l.lag, c.seen, 1 AS crowd {some} < {LEAST_CROWD} UNION ALL "
        f"SELECT l.post, l.author, l.actor, l.at_s, l.lag, c.seen, count(*) OVER ({frame}) AS crowd "
        f"{some} >= {LEAST_CROWD}"
    )
    tie = (
        "CASE WHEN b.tie = 2 THEN 2 WHEN m.actor IS NOT NULL THEN 3 WHEN b.tie IS NOT NULL THEN b.tie "
        "WHEN a.account IS NULL THEN 0 ELSE 1 END"
        if grouped
        else "0"
    )
    joins = " LEFT JOIN bound b ON b.account = r.actor LEFT JOIN mates m ON m.actor = r.actor AND m.author = r.author"
    follow, follow_join = "0", ""
    if follows:
        follow = (
            "CASE WHEN a.account IS NULL THEN 0 WHEN f.pair IS NULL OR f.since_s > r.at_s THEN 3 "
            f"WHEN f.since_s > r.at_s - {SHORTLY_S} THEN 2 ELSE 1 END"
        )
        follow_join = f" LEFT JOIN fans f ON f.pair = {PAIR.format('r.actor', 'r.author')}"
    run(
        f"CREATE TEMP TABLE seen AS SELECT post, author, actor, at_s, tier, {coded(LIKE_FACTORS)} AS cell FROM ("
        f"SELECT r.post, r.author, r.actor, r.at_s, z.sharp, coalesce(a.tier, 0) AS tier, "
        f"coalesce(a.score, 0) AS score, coalesce(a.kind, 0) AS kind, {tie} AS tie, "
        f"{_PACE} AS pace, {follow} AS follow FROM ({rows}) r CROSS JOIN sharp z LEFT JOIN actors a "
        f"ON a.account = r.actor{joins if grouped else ''}{follow_join})"
    )
    run("DROP TABLE likes")


def known(connection: duckdb.DuckDBPyConnection) -> Known:
    """What is known of those who like beside their scores, and whether these are vague; after ``band_accounts``."""
    return Known(*connection.execute("SELECT groups, follows, kinds, vague FROM sight").fetchall()[0])


def weigh(connection: duckdb.DuckDBPyConnection, alone: Additive) -> None:
    """Make ``company``: the cell of every post and author, from how suspicious each like is on its own.

    The mean of a like's company leaves out the like itself, and the standing of its author leaves out the post.
    """
    put_cells(connection, "alone", distinct_cells(connection, "seen"), alone, LIKE_FACTORS)
    run = connection.execute
    run(
        "CREATE TEMP TABLE heat AS SELECT post, any_value(author) AS author, count(*)::INTEGER AS seen, "
        "sum(pumped)::BIGINT AS pumped FROM seen JOIN alone USING (cell) GROUP BY post"
    )
    run(
        "CREATE TEMP TABLE standings AS SELECT author, sum(seen)::BIGINT AS seen, sum(pumped)::BIGINT AS pumped "
        "FROM heat GROUP BY author"
    )
    standing = banded("s", FACTORS["standing"].edges)
    size = banded("seen", FACTORS["size"].edges)
    run(
        f"CREATE TEMP TABLE company AS SELECT post, seen, pumped, ({standing})::UTINYINT AS standing, "
        f"({size})::UTINYINT AS size FROM (SELECT h.post, h.seen, h.pumped, "
        f"CASE WHEN a.seen > h.seen THEN (a.pumped - h.pumped) / {MILLION} / (a.seen - h.seen) END AS s "
        "FROM heat h JOIN standings a USING (author))"
    )


def joined_cells() -> str:
    """SELECT of post, actor and the cell of ``ALL_FACTORS`` of every like, after ``weigh``."""
    mean = banded(f"(c.pumped - a.pumped) / {MILLION} / nullif(c.seen - 1, 0)", FACTORS["company"].edges)
    more = coded(("company", "standing", "size"))
    many = int(np.prod([FACTORS[f].size for f in ("company", "standing", "size")]))
    return (
        f"SELECT post, author, actor, at_s, tier, cell * {many} + {more} AS cell FROM (SELECT s.*, "
        f"({mean}) AS company, c.standing, c.size FROM seen s JOIN alone a USING (cell) JOIN company c USING (post))"
    )


def judge(connection: duckdb.DuckDBPyConnection, together: Additive) -> None:
    """Make ``judged``, as ``seen`` with the cell of ``ALL_FACTORS``, and ``verdicts``, what each cell says."""
    connection.execute(f"CREATE TEMP TABLE judged AS {joined_cells()}")
    connection.execute("DROP TABLE seen")
    put_cells(connection, "verdicts", distinct_cells(connection, "judged"), together, ALL_FACTORS)


def distinct_cells(connection: duckdb.DuckDBPyConnection, relation: str) -> np.ndarray[Any, Any]:
    """The cells that occur in ``relation``, sorted."""
    found = connection.execute(f"SELECT DISTINCT cell FROM {relation} ORDER BY cell").fetchnumpy()["cell"]
    return np.asarray(found, dtype=np.int64)


def put_cells(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    cells: np.ndarray[Any, Any],
    model: Additive,
    factors: tuple[str, ...],
) -> None:
    """A table ``name`` of cells with the probability of each way, of all together, and its variance.

    They are parts per million: sums of whole numbers are the same in any order, those of floats are not.
    """
    shares = model.probabilities(decoded(cells, factors))[:, 1:] if len(cells) else np.zeros((0, len(WAYS)))
    parts = np.round(shares * MILLION).astype(np.int32)
    pumped = parts.sum(axis=1, dtype=np.int32)
    columns = {"cell": pa.array(cells, pa.int32()), "pumped": pa.array(pumped)}
    columns["spread"] = pa.array((pumped * (1 - pumped / MILLION)).astype(np.int32))
    if "score" in factors:  # the account could not be scored, and is in no farm or pod
        codes = decoded(cells, factors)
        columns["unknown"] = pa.array((codes["score"] == 0) & ~np.isin(codes["tie"], (2, 3, 4)))
    columns |= {way: pa.array(parts[:, i]) for i, way in enumerate(WAYS)}
    connection.register("given", pa.table(columns))
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")
