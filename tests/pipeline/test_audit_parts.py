"""Parts of the audit by hand: likes that are not seen, peers, places in a ranking, and words for who is behind."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.authenticity import INTENTS, POST_FACTORS, WAYS, Additive
from pipeline.audit import peers, posts
from pipeline.audit.asked import Asked, ranking
from pipeline.audit.constants import Constants, shipped
from pipeline.audit.matching import Match
from pipeline.audit.verdicts import UNCLEAR, verdicts
from pipeline.database import open_database

EVEN = Additive(("honest", *WAYS), (("amount",),), (np.zeros((7, 4)),), np.zeros(4))  # every way has a fifth


def table(connection: duckdb.DuckDBPyConnection, name: str, **columns: list) -> None:
    connection.register("given", pa.table(columns))
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")


@pytest.fixture
def connection():
    with open_database() as opened:
        yield opened


def test_likes_that_are_not_seen_are_like_those_that_are_and_like_posts_with_such_counters(connection):
    # Post 0: ten counted, six seen, of them three surely ordered. Post 1: nothing seen. Post 2: more seen than counted.
    table(
        connection,
        "counted",
        post=[0, 1, 2],
        author=[0, 0, 0],
        likes=[10, 5, 2],
        seen=[6, 0, 2],
        usual=[1, 1, 1],
        cell=[0, 0, 0],
    )
    table(
        connection,
        "judged",
        post=[0] * 6 + [2] * 4,
        tier=[5, 5, 5, 1, 0, 0] + [0] * 4,
        cell=[1] * 3 + [0] * 3 + [1] * 4,
    )
    nothing, sure = [0, 0], [0, 1_000_000]
    table(
        connection,
        "verdicts",
        cell=[0, 1],
        pumped=sure,
        spread=nothing,
        orders=sure,
        pod=nothing,
        automated=nothing,
        hijacked=nothing,
        unknown=[False, False],
    )
    assert POST_FACTORS  # the cell 0 of all: nothing is known
    posts.estimate(connection, EVEN)
    told = connection.sql("SELECT pumped / 1e6, orders / 1e6, pod / 1e6, unknown FROM posts ORDER BY post").fetchall()
    # Of the four not seen: (3 + 4 * 0.8) / (6 + 4) are pumped, (3 + 4 * 0.2) / 10 ordered, (0 + 4 * 0.2) / 10 by pod.
    assert told[0] == pytest.approx((3 + 4 * 0.62, 3 + 4 * 0.38, 4 * 0.08, 0))
    assert told[1] == pytest.approx((4.0, 1.0, 1.0, 0))
    assert told[2] == pytest.approx((2.0, 2.0, 0.0, 0))
    lost = connection.sql(
        "SELECT lost_discount, lost_suspend, honest_discount / 1e6 FROM witnessed ORDER BY post"
    ).fetchall()
    assert lost[0] == pytest.approx((4, 3, 1.0))


def test_a_creator_is_compared_with_people_of_its_size_and_age_and_not_with_itself(connection):
    n = 40
    day = 86_400_000_000
    table(
        connection,
        "people",
        account=list(range(n + 1)),
        platform=["town"] * (n + 1),
        followers=[100] * n + [1_000_000],
        posts_count=[3] * (n + 1),
        observed_us=[500 * day] * (n + 1),
        opened_us=[100 * day] * (n + 1),
    )
    rows = [(a, k) for a in range(n + 1) for k in range(3)]
    table(
        connection,
        "written",
        post=list(range(len(rows))),
        author=[a for a, _ in rows],
        posted_us=[490 * day] * len(rows),
        as_of_us=[500 * day] * len(rows),
        comments_count=[0] * len(rows),
        views_count=[99] * len(rows),
    )
    # Account a has a likes on each post; the last is in a class of its own.
    table(connection, "liked", post=list(range(len(rows))), likes=[a for a, _ in rows])
    peers.align(connection, follows=False)
    found = connection.sql(
        "SELECT author, value, percentile, peers, scope FROM ratios WHERE name = 'engagement_vs_audience' ORDER BY ALL"
    ).fetchall()
    assert found[39] == (39, pytest.approx(0.39), 1.0, 39, "near")
    assert found[13] == (13, pytest.approx(0.13), pytest.approx(13 / 39), 39, "near")
    assert found[40] == (40, pytest.approx(40 / 1e6), 1 / 40, 40, "all")  # nobody is of its size
    views = dict(connection.sql("SELECT author, value FROM ratios WHERE name = 'likes_vs_views'").fetchall())
    assert views[9] == pytest.approx((27 + 1) / (297 + 1))


DAY = 86_400  # seconds


def followed(connection: duckdb.DuckDBPyConnection, fans: list[tuple[int, int]], places: list[str] | None = None):
    """Fifty authors with 100 followers and one post each, of ten days ago; ``fans`` are author and days since when."""
    n = 50
    table(
        connection,
        "people",
        account=list(range(n)),
        platform=places or ["town"] * n,
        followers=[100] * (n - 1) + [0],
        posts_count=[1] * n,
        observed_us=[500 * DAY * 1_000_000] * n,
        opened_us=[100 * DAY * 1_000_000] * n,
    )
    table(
        connection,
        "written",
        post=list(range(n)),
        author=list(range(n)),
        posted_us=[490 * DAY * 1_000_000] * n,
        as_of_us=[500 * DAY * 1_000_000] * n,
        comments_count=[0] * n,
        views_count=[99] * n,
    )
    table(connection, "liked", post=list(range(n)), likes=[1] * n)
    table(
        connection,
        "fans",
        pair=[(1000 + i) * 4294967296 + author for i, (author, _) in enumerate(fans)],
        since_s=[0 if days is None else (500 - days) * DAY for _, days in fans],
    )
    peers.align(connection, follows=True)
    rows = connection.sql("SELECT name, author, value, percentile, peers FROM ratios ORDER BY ALL").fetchall()
    return {(name, author): rest for name, author, *rest in rows}


def test_who_gained_nobody_in_90_days_grew_by_nothing_and_ranks_below_those_who_grew(connection):
    # Authors 0 to 9 are dormant: their one dated follower came 200 days ago. Authors 10 to 47 gained 20 within 90 days,
    # author 48 has 100 followers and no row of any of them, and author 49 has none.
    old = [(a, 200) for a in range(10)]
    told = followed(connection, old + [(a, 30) for a in range(10, 48) for _ in range(20)])
    assert "followers_vs_posts" not in {name for name, _ in told}
    value, percentile, others = told["growth_without_posts", 3]
    assert (value, others) == (0, 47)  # 49 is of another size
    assert percentile == pytest.approx(0.5 * 9 / 47)  # nine others are dormant as well
    assert told["growth_without_posts", 20][:2] == [20 / (1 + 1), pytest.approx((10 + 0.5 * 37) / 47)]
    assert told["growth_without_posts", 49][0] == 0
    assert ("growth_without_posts", 48) not in told


def test_followers_of_all_times_are_ranked_where_no_follow_is_dated_and_only_there(connection):
    # Two platforms of 25; only on the first is a follow dated.
    places = ["dated"] * 25 + ["bare"] * 25
    told = followed(connection, [(a, 10) for a in range(25)] + [(a, None) for a in range(25, 50)], places)
    by = {name: {a for n, a in told if n == name} for name, _ in told}
    assert by["growth_without_posts"] == set(range(25))
    assert by["followers_vs_posts"] == set(range(25, 49))  # the last has no followers
    assert told["followers_vs_posts", 30][0] == 100 / (1 + 1)


def creator(name: str, authentic: tuple[float, float, float], rate: float | None = 0.1) -> dict:
    low, value, high = authentic
    ends = {"authentic": value, "authentic_low": low, "authentic_high": high}
    rates = {
        f"authentic_rate{e}": None if rate is None else rate * v / value
        for e, v in zip(("", "_low", "_high"), (value, low, high), strict=True)
    }
    return {"account_id": name, "username": None, "posts": 10, **ends, **rates}


def test_places_that_overlapping_intervals_leave_open():
    # 100 a post over 10, 20 and 50 authentic likes a post: 10, 5 and 2 each. The first two overlap.
    rows = [creator("a", (80, 100, 250)), creator("b", (150, 200, 260)), creator("c", (400, 500, 600))]
    asked = Asked(tuple(("account_id", n) for n in "abc"), (None, None, None), price=100.0)
    found = ranking(asked, [Match(n) for n in "abc"], rows)
    assert [(f["asked"], f["rank"], f["rank_best"], f["rank_worst"], f["cost"]) for f in found] == [
        ("c", 1, 1, 1, 2.0),
        ("b", 2, 2, 3, 5.0),
        ("a", 3, 2, 3, 10.0),
    ]


def test_where_no_like_may_be_authentic_the_cost_has_no_upper_end():
    (found,) = ranking(Asked((("account_id", "a"),), (100.0,)), [Match("a")], [creator("a", (0, 100, 200))])
    assert (found["cost_low"], found["cost"], found["cost_high"]) == (5.0, 10.0, None)


def test_without_prices_authentic_likes_per_follower_decide_and_unknown_ones_come_last():
    rows = [
        creator("a", (80, 100, 120), rate=None),
        creator("b", (80, 100, 120), rate=0.2),
        creator("c", (80, 100, 120), rate=0.9),
    ]
    asked = Asked(tuple(("account_id", n) for n in "abc"), (None, None, 5.0))
    found = ranking(asked, [Match(n) for n in "abc"], rows)
    assert [(f["asked"], f.get("rank")) for f in found] == [("c", 1), ("b", 2), ("a", None)]


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5).filter(lambda p: sum(p) > 0))
def test_no_guilt_is_said_where_a_victim_is_half_as_likely(weights):
    p = np.array(weights) / sum(weights)
    (said,) = verdicts(p[None, :])
    chance = dict(zip(INTENTS, p, strict=True))
    if said in ("bought", "traded"):
        assert chance[said] >= 0.5
        assert chance[said] >= 2 * chance["targeted"]
    assert said == UNCLEAR or chance[said] == max(p)


def test_what_is_shipped_is_whole():
    constants = shipped()
    assert constants.together.classes == ("honest", *WAYS)
    assert constants.intents["post"].classes == INTENTS
    assert 0 < constants.cut < 1
    again = Constants.from_dict(constants.to_dict())
    assert again.to_dict() == constants.to_dict()
