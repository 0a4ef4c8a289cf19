"""Fits what `unpump audit` needs to know on simulated towns, and writes it to ``pipeline/audit/constants.json``.

    python -m benchmarks.audit_fit [--work DIR] [--widths]

A town is read several times: with everything, and as it would look without groups, follows or kinds, with strangers
among those who like, with three in ten likes, and with none. Estimates are fitted on the towns ``FIT`` of
``benchmarks.audit_towns``, then the widths of their intervals on its towns ``WIDTHS``; ``--widths`` keeps the estimates
that are shipped and fits the widths alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from benchmarks.audit_towns import FIT, MIXED, TEACHER, VAGUE, WIDTHS, Set, Teacher, towns
from models.authenticity import (
    ALL_FACTORS,
    FACTORS,
    INTENT_FACTORS,
    INTENTS,
    LIKE_FACTORS,
    POST_FACTORS,
    WAYS,
    Additive,
    decoded,
    place,
)
from models.authenticity_intervals import KNOWN, LEAST, UNITS, Widths, basis
from pipeline.audit import creators, evidence, posts
from pipeline.audit.constants import SHIPPED, Constants, shipped
from pipeline.audit.relations import like_rows, number, show_tables
from pipeline.database import open_database
from pipeline.files import write_all

if TYPE_CHECKING:
    import duckdb


WRONG = 0.05  # of posts called pumped on the fitted towns that may not be
ALARMS = 0.01  # of viral posts, giveaways and posts of fan clubs' idols that may look pumped


@dataclass(frozen=True)
class Sight:
    """How much of a town is seen."""

    name: str
    weight: float = 1.0  # in fitting
    groups: bool = True
    follows: bool = True
    kinds: bool = True
    strangers: float = 0.0  # of likes whose giver is unknown
    kept: float = 1.0  # of likes
    teacher: Teacher = TEACHER  # gave the scores


FULL = Sight("everything")
PARTIAL = Sight("three likes in ten", 0.3, groups=False, kept=0.3)
COUNTS = Sight("counters alone", 0.0, groups=False, follows=False, kept=0.0)
OF_VAGUE = Sight("vague scores", teacher=VAGUE)
PARTIAL_OF_VAGUE = Sight("three likes in ten, vague scores", 0.3, groups=False, kept=0.3, teacher=VAGUE)
# What estimates are fitted on.
SIGHTS = (
    FULL,
    OF_VAGUE,
    Sight("no groups", 0.3, groups=False),
    Sight("no follows", 0.3, follows=False),
    Sight("no groups, no follows", 0.2, groups=False, follows=False),
    Sight("no kinds", 0.2, kinds=False),
    Sight("strangers", 0.2, strangers=0.2),
    PARTIAL,
)


def _lacking(name: str, **more: Any) -> tuple[Sight, ...]:
    """A sight with everything beside the likes, and all that lack some of it."""
    return tuple(
        Sight(
            ", ".join(filter(None, (name, str(k)))) or "everything",
            groups=k.groups,
            follows=k.follows,
            kinds=k.kinds,
            **more,
        )
        for k in KNOWN
        if not k.vague
    )


ALL_LIKES = _lacking("")
NO_COUNT_KINDS = replace(COUNTS, name="counters alone, no kinds", kinds=False)
STRANGERS = _lacking("strangers", strangers=0.2)
# What widths are fitted on, for every teacher. Three likes in ten show hardly any group.
WIDE = (
    *ALL_LIKES,
    *(s for s in _lacking("three likes in ten", kept=0.3) if not s.groups),
    *(STRANGERS[0], STRANGERS[-1]),
    *(COUNTS, NO_COUNT_KINDS),
)

_PAIRS = (
    *(("score", other) for other in ("kind", "tie", "pace", "follow")),
    *(("tie", other) for other in ("pace", "kind")),
    *(("pace", other) for other in ("follow", "kind")),
)
_SHARP = (("sharp", "score"), ("sharp", "kind"))
ALONE = (*((f,) for f in LIKE_FACTORS), *_PAIRS, *_SHARP)
TOGETHER = (
    *((f,) for f in ALL_FACTORS),
    *_PAIRS,
    *_SHARP,
    ("sharp", "company"),
    *(("company", other) for other in ("score", "kind", "size", "pace", "standing", "tie", "follow")),
    *(("standing", other) for other in ("score", "tie")),
)
COUNTERS = (
    *((f,) for f in POST_FACTORS),
    *(("usual", other) for other in ("talk", "shown", "writer")),
    *(("talk", other) for other in ("amount", "shown")),
    ("reach", "amount"),
)
INTENT = (
    *((f,) for f in INTENT_FACTORS),
    *(("struck", other) for other in ("lasting", "writer", "ordered")),
    ("ordered", "fire"),
)


def seen(sights: Iterable[Sight], teachers: Sequence[Teacher]) -> list[Sight]:
    """Those of ``sights`` for whose scores a town has a teacher."""
    return [s for s in sights if s.teacher in teachers]


def read(folder: Path, sight: Sight = FULL) -> duckdb.DuckDBPyConnection:
    """A town as it is seen, up to the cells of likes, beside ``truth`` (post, actor, cause as a class)."""
    connection = open_database("", "3GB", 2, ordered=False)
    tables = folder / "tables"
    show_tables(connection, {n: [tables / f"{n}.parquet"] for n in ("accounts", "posts", "engagements", "follows")})
    groups = pq.read_table(folder / "groups.parquet") if sight.groups else None
    number(connection, [folder / sight.teacher.name / "scores.parquet"], groups)
    like_rows(connection)
    connection.execute(
        "CREATE TEMP TABLE truth AS SELECT w.post, p.account AS actor, CASE WHEN t.role = 'hijacked' THEN 4 "
        "WHEN e.cause = 'order' THEN 1 WHEN e.cause = 'pod' THEN 2 ELSE 3 END AS cause "
        f"FROM '{tables}/truth_engagements.parquet' e JOIN '{tables}/truth.parquet' t ON t.account_id = e.actor_id "
        "JOIN people p ON p.account_id = e.actor_id JOIN written w USING (post_id) WHERE e.kind = 'like'"
    )
    connection.execute(
        "CREATE TEMP TABLE honest AS SELECT l.post, count(*) AS n, count(t.cause) AS pumped, "
        + ", ".join(f"count(*) FILTER (WHERE t.cause = {i}) AS {way}" for i, way in enumerate(WAYS, start=1))
        + " FROM likes l LEFT JOIN truth t USING (post, actor) GROUP BY l.post"
    )
    if sight.kept < 1:
        connection.execute(f"DELETE FROM likes WHERE hash(post, actor, 7) % 1000 >= {1000 * sight.kept}")
    if not sight.kinds:
        connection.execute("UPDATE scored SET kind = NULL")
    if sight.strangers:
        # The truth knows them still: they are told apart by a number that no account has.
        hidden = f"hash(post, actor, 11) % 1000 < {1000 * sight.strangers}"
        connection.execute(
            f"UPDATE truth SET actor = -1 - actor WHERE {hidden}; UPDATE likes SET actor = -1 - actor WHERE {hidden}"
        )
    evidence.like_cells(connection, sight.groups, sight.follows)
    return connection


def fitted(
    counts: pd.DataFrame, factors: Sequence[str], terms: Sequence[tuple[str, ...]], classes: Sequence[str]
) -> Additive:
    """The additive model of cells by class, from rows of cell, cls (index of the class) and n (their weight)."""
    codes, n = decoded(counts["cell"].to_numpy(), factors), len(counts)
    sizes = [int(np.prod([FACTORS[f].size for f in t])) for t in terms]
    blocks = [
        sparse.csr_matrix((np.ones(n), (np.arange(n), place(t, codes))), shape=(n, size))
        for t, size in zip(terms, sizes, strict=True)
    ]
    model = LogisticRegression(C=1.0, max_iter=500, tol=1e-4)
    model.fit(sparse.hstack(blocks).tocsr(), counts["cls"].to_numpy(), sample_weight=counts["n"].to_numpy())
    if list(model.classes_) != list(range(len(classes))):
        raise SystemExit(f"the towns lack one of {', '.join(classes)}")
    against_first = model.coef_[1:] - model.coef_[0]
    ends = np.cumsum([0, *sizes])
    weights = tuple(against_first[:, a:b].T for a, b in pairwise(ends))
    return Additive(tuple(classes), tuple(tuple(t) for t in terms), weights, model.intercept_[1:] - model.intercept_[0])


def likes_by_cell(connection: duckdb.DuckDBPyConnection, relation: str, weight: float) -> pd.DataFrame:
    """How many likes of each class fell into each cell."""
    found = connection.sql(
        f"SELECT cell, coalesce(t.cause, 0) AS cls, count(*) * {weight} AS n FROM ({relation}) s "
        "LEFT JOIN truth t USING (post, actor) GROUP BY 1, 2"
    )
    return found.df()


def added(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Counts of all parts together, in one order."""
    return pd.concat(parts).groupby(["cell", "cls"], as_index=False)["n"].sum()


def posts_by_cell(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """How many likes of each class the posts of each cell of counters have."""
    wide = connection.sql(
        f"SELECT cell, sum(h.n - h.pumped) AS honest, {', '.join(f'sum(h.{w}) AS {w}' for w in WAYS)} "
        "FROM counted JOIN honest h USING (post) GROUP BY cell"
    ).df()
    long = wide.melt("cell", ["honest", *WAYS], "name", "n")
    long["cls"] = long["name"].map({"honest": 0} | {w: i for i, w in enumerate(WAYS, start=1)})
    return long[long["n"] > 0][["cell", "cls", "n"]]


def intentions(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make ``post_truth`` and ``creator_truth``: who was behind the likes, as an index into ``INTENTS``."""
    tables = folder / "tables"
    connection.execute(
        "CREATE TEMP TABLE sold AS SELECT w.post, w.author, bool_or(o.customer_id = o.beneficiary_id) AS own "
        f"FROM '{tables}/truth_orders.parquet' o JOIN written w USING (post_id) "
        "WHERE o.product = 'likes' AND o.delivered > 0 GROUP BY 1, 2"
    )
    connection.execute(
        "CREATE TEMP TABLE post_truth AS SELECT p.post, p.author, CASE WHEN h.orders + h.hijacked >= 2 AND s.own "
        "THEN 4 "
        "WHEN h.pod >= 2 THEN 3 WHEN h.orders + h.hijacked >= 2 AND s.post IS NOT NULL THEN 2 "
        "WHEN v.post_id IS NOT NULL THEN 1 ELSE 0 END AS intent "
        "FROM posts p JOIN written w USING (post) JOIN honest h USING (post) LEFT JOIN sold s USING (post) "
        f"LEFT JOIN (SELECT DISTINCT post_id FROM '{tables}/truth_posts.parquet') v USING (post_id)"
    )
    connection.execute(
        "CREATE TEMP TABLE creator_truth AS SELECT author, CASE WHEN bool_or(intent = 4) THEN 4 "
        "WHEN bool_or(intent = 3) THEN 3 WHEN bool_or(intent = 2) THEN 2 WHEN bool_or(intent = 1) THEN 1 ELSE 0 END "
        "AS intent FROM post_truth GROUP BY author"
    )


def intents_by_cell(connection: duckdb.DuckDBPyConnection, unit: str, weight: float) -> pd.DataFrame:
    """How many posts or creators of each intent are in each cell."""
    key = "post" if unit == "post" else "author"
    return connection.sql(
        f"SELECT cell, intent AS cls, count(*) * {weight} AS n FROM {unit}_cells JOIN {unit}_truth USING ({key}) "
        "GROUP BY 1, 2"
    ).df()


def errors(connection: duckdb.DuckDBPyConnection, unit: str) -> dict[str, Any]:
    """Estimates of posts or creators beside the truth, as ``Widths.fit`` wants them."""
    truth = "SELECT p.post, p.author, h.pumped AS truth FROM posts p JOIN honest h USING (post)"
    rows = (
        f"SELECT p.likes, p.seen, p.unknown, p.pumped, p.spread, t.truth FROM posts p JOIN ({truth}) t USING (post)"
        if unit == "post"
        else "SELECT c.likes, c.seen, c.unknown, c.pumped, c.spread, t.truth FROM creators c JOIN "
        f"(SELECT author, sum(truth) AS truth FROM ({truth}) GROUP BY author) t USING (author)"
    )
    found = {k: v.astype(np.float64) for k, v in connection.sql(rows).fetchnumpy().items()}
    found["pumped"], found["spread"] = found["pumped"] / 1e6, found["spread"] / 1e6
    return {**found, "rests_on": basis(found["likes"], found["seen"], found["unknown"], evidence.known(connection))}


def fit(work: Path) -> Constants:
    """Everything but the widths, from the towns of ``FIT``."""
    made = list(towns(work, FIT))
    alone = fitted(
        added(likes_by_cell(read(t.folder, s), "seen", s.weight) for t in made for s in seen(SIGHTS, t.teachers)),
        LIKE_FACTORS,
        ALONE,
        ("honest", *WAYS),
    )
    print("likes on their own are fitted", flush=True)
    cells, counters = [], []
    for town in made:
        for sight in seen(SIGHTS, town.teachers):
            connection = read(town.folder, sight)
            evidence.weigh(connection, alone)
            cells.append(likes_by_cell(connection, evidence.joined_cells(), sight.weight))
            if sight is FULL:
                posts.count_cells(connection)
                counters.append(posts_by_cell(connection))
    together = fitted(added(cells), ALL_FACTORS, TOGETHER, ("honest", *WAYS))
    by_counters = fitted(added(counters), POST_FACTORS, COUNTERS, ("honest", *WAYS))
    print("likes in their company and posts by their counters are fitted", flush=True)
    cut = cut_of(
        pd.concat(guilty_looks(_estimated(t.folder, FULL, alone, together, by_counters), t.folder) for t in made)
    )
    print(f"posts look pumped from {cut:.3f} on", flush=True)
    found: dict[str, list[pd.DataFrame]] = {u: [] for u in UNITS}
    for town in made:
        for sight in seen((FULL, PARTIAL, COUNTS, OF_VAGUE, PARTIAL_OF_VAGUE), town.teachers):
            connection = _estimated(town.folder, sight, alone, together, by_counters)
            creators.sum_up(connection, cut)
            creators.intent_cells(connection)
            intentions(connection, town.folder)
            for unit in UNITS:
                found[unit].append(intents_by_cell(connection, unit, 1.0 if sight is FULL else 0.3))
    intents = {u: fitted(added(found[u]), INTENT_FACTORS, INTENT, INTENTS) for u in UNITS}
    return Constants(alone, together, by_counters, intents, {}, cut, {"estimates": told(FIT)})


def widen(work: Path, constants: Constants) -> Constants:
    """The same with widths from the towns of ``WIDTHS``."""
    wrong: dict[str, dict[Any, list[dict[str, Any]]]] = {u: {} for u in UNITS}
    for town in towns(work, WIDTHS):
        for teacher, sight in product(town.teachers, WIDE):
            connection = _estimated(
                town.folder, replace(sight, teacher=teacher), constants.alone, constants.together, constants.counters
            )
            creators.sum_up(connection, constants.cut)
            for unit in UNITS:
                circumstances = (town.level, town.accounts, teacher, sight)
                wrong[unit].setdefault(circumstances, []).append(errors(connection, unit))
    widths = {u: Widths.fit([_joined(parts) for parts in wrong[u].values()], LEAST[u]) for u in UNITS}
    return replace(constants, widths=widths, fitted={**constants.fitted, "widths": told(WIDTHS)})


def told(sets: Sequence[Set]) -> list[dict[str, Any]]:
    """The towns of ``sets`` as JSON values."""
    return [
        {
            "accounts": one.accounts,
            "seeds": list(one.seeds),
            "evasion": ["mixed" if level == MIXED else level for level in one.levels],
            "teachers": [
                {"seed": t.seed, "accounts": t.accounts, "learns": "profiles and names" if t.vague else "everything"}
                for t in one.teachers
            ],
        }
        for one in sets
    ]


def _estimated(folder: Path, sight: Sight, alone: Additive, together: Additive, counters: Additive) -> Any:
    """A town up to the estimates of its posts."""
    connection = read(folder, sight)
    evidence.weigh(connection, alone)
    evidence.judge(connection, together)
    posts.count_cells(connection)
    posts.estimate(connection, counters)
    return connection


def guilty_looks(connection: duckdb.DuckDBPyConnection, folder: Path) -> pd.DataFrame:
    """Every post with 5 likes or more: what was done to it, and the share of its likes that looks ordered or traded.

    Returns
    -------
    DataFrame with paid and share (likes that look ordered or traded, and of all), pumped (three likes or more, and
    a fifth of all, were
    ordered or traded) and looks (viral, giveaway, or of a fan club's idol, with fewer than three such likes)
    """
    paid, true = " + ".join(f"p.{w}" for w in creators.PAID), " + ".join(f"h.{w}" for w in creators.PAID)
    tables = folder / "tables"
    return connection.sql(
        f"SELECT ({paid}) / 1e6 / p.likes AS share, ({paid}) / 1e6 AS paid, "
        f"{true} >= 3 AND {true} >= 0.2 * h.n AS pumped, "
        f"{true} < 3 AND (v.post_id IS NOT NULL OR i.idol_id IS NOT NULL) AS looks "
        "FROM posts p JOIN honest h USING (post) JOIN written w USING (post) JOIN people q ON q.account = p.author "
        f"LEFT JOIN (SELECT DISTINCT post_id FROM '{tables}/truth_posts.parquet') v USING (post_id) "
        f"LEFT JOIN (SELECT DISTINCT idol_id FROM '{tables}/truth.parquet') i ON i.idol_id = q.account_id "
        f"WHERE p.likes >= {creators.LEAST_LIKES}"
    ).df()


def called(looks: pd.DataFrame, cut: float) -> pd.Series:
    """Which posts look pumped from the share ``cut`` on, as ``pipeline.audit.creators.struck`` has it."""
    return (looks["share"] >= cut) & (looks["paid"] >= creators.LEAST_STRUCK)


def cut_of(looks: pd.DataFrame) -> float:
    """The lowest share at which few guilty-looking posts are called pumped, and few that are called so are not."""
    for cut in np.arange(0.05, 0.9, 0.01):
        those = called(looks, float(cut))
        alarms = (those & looks["looks"]).sum() / looks["looks"].sum()
        if alarms <= ALARMS and (those & ~looks["pumped"]).sum() <= WRONG * those.sum():
            return float(cut)
    raise SystemExit("no share of likes tells pumped posts from others")


def _joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def _lines(value: Any) -> str:
    """JSON with a line for each part, and for each term of a model."""
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {_lines(v)}" for k, v in value.items()) + "\n}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(json.dumps(v) for v in value) + "\n]"
    return json.dumps(value)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("out/audit"), help="folder that keeps the towns")
    parser.add_argument("--widths", action="store_true", help="keep the estimates that are shipped")
    options = parser.parse_args()
    work = options.work.resolve()
    # Estimates as they are written: widths are the same whether they are fitted with them or later.
    estimates = shipped() if options.widths else Constants.from_dict(fit(work).to_dict())
    # A line for each part and term: a change of the fit can be read in a commit.
    write_all({SHIPPED: (_lines(widen(work, estimates).to_dict()) + "\n").encode()})
    print(f"wrote {SHIPPED.name}, {SHIPPED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
