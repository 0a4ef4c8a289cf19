"""Who acts together beyond chance: the null model, the false discovery rate and the caps, worked out by hand."""

from __future__ import annotations

from itertools import combinations
from math import comb, log10

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, poisson

from features import coactions, ops
from features.declare import VIEWS, roots
from features.lockstep import PAIR
from pipeline.engine import featurize_tables
from tests.features.town import JUDGED, ONE_THREAD, Town


def rows(**columns):
    return ibis.memtable(pd.DataFrame(columns))


def view_of(name, **relations):
    """What a view gives for hand-made relations, as a DataFrame."""
    return VIEWS[name].build(**relations).execute()


def measured(town, view):
    """What a view gives for a town, as a DataFrame."""
    made = featurize_tables(town.save(), town.judged(), ONE_THREAD, only=["early_targets"], also=[view])
    return made.connection.sql(made.plan.also[view]).df()


# --- how unlikely ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [0.001, 0.06, 0.5, 2, 8])
@pytest.mark.parametrize("n", [3, 4, 7, 20, 60])
def test_surprise_is_the_tail_of_a_poisson(n, expected):
    found = ops.surprise(ibis.literal(n), ibis.literal(float(expected))).execute()
    exact = -poisson.logsf(n - 1, expected) / np.log(10)
    if n >= 5 * expected:
        assert found == pytest.approx(exact, rel=0.002)
    elif n > expected:
        assert exact * 0.97 - 0.05 <= found <= exact
    else:
        assert found == 0


def test_nothing_is_surprising_that_is_no_more_than_expected():
    assert ops.surprise(ibis.literal(3), ibis.literal(3.0)).execute() == 0


def test_the_poisson_tail_is_close_to_that_of_drawing_pairs_one_by_one():
    # 900 ordered pairs fall on two accounts of three targets among 30 with probability 2 * 9 / 900 each; three pairs.
    exact = -log10(binom.sf(2, 3, 2 * 9 / 900))
    assert ops.surprise(ibis.literal(3), ibis.literal(3 * 2 * 9 / 900)).execute() == pytest.approx(exact, abs=0.7)


# --- the null model -------------------------------------------------------------------------------------------------


def test_the_pair_of_the_worked_example_is_found_with_the_probability_worked_out():
    town = Town.of({}).add("me").happen(PAIR, "me")
    (found,) = measured(town, "partners").to_dict("records")
    # Ten accounts of three targets; three pairs of likes in all: 3 * 2 * 9 / 900 expected of these two.
    assert (found["n_1m"], found["n_1h"], found["n_1d"], found["posts"]) == (3, 3, 3, 3)
    assert found["surprise"] == pytest.approx(-poisson.logsf(2, 0.06) / np.log(10), rel=1e-3)


def shared(*pairs, n_1m=0, n_1h=0):
    """Pairs (a, b, shared targets within a day)."""
    a, b, n = zip(*pairs, strict=True)
    k = len(pairs)
    return rows(moment=[0] * k, a=list(a), b=list(b), n_1m=[n_1m] * k, n_1h=[n_1h] * k, n_1d=list(n), posts=list(n))


def totals(accounts, targets, pairs):
    return rows(moment=[0], accounts=[accounts], all_targets=[targets], all_1m=[0], all_1h=[0], all_1d=[pairs])


def counts(accounts, targets):
    return rows(moment=[0] * accounts, actor=list(range(accounts)), targets=[targets] * accounts)


def partners(pairs, accounts, targets, all_targets, all_pairs):
    return view_of(
        "partners",
        shared_targets=shared(*pairs),
        target_counts=counts(accounts, targets),
        chances=totals(accounts, all_targets, all_pairs),
    )


def test_busy_accounts_must_share_more():
    # 40 accounts of 10 targets, 200 pairs: 200 * 2 * 100 / 160,000 = 0.25 are expected of each two.
    few = partners([(0, 1, 3)], 40, 10, 400, 200)
    many = partners([(0, 1, 8)], 40, 10, 400, 200)
    assert len(few) == 0
    assert many.surprise[0] == pytest.approx(-poisson.logsf(7, 0.25) / np.log(10), rel=0.003)


def test_fewer_than_three_shared_targets_say_nothing():
    assert len(partners([(0, 1, 2)], 40, 3, 4_000_000, 2)) == 0


def test_benjamini_and_hochberg_let_several_pass_where_one_would_not():
    accounts, targets = 40, 10
    tests = comb(accounts, 2) * 3
    limit = log10(tests / coactions.FALSE_SHARE)
    # A number of shared targets that passes when twelve pairs share as many, and fails with six.
    found = {n: -poisson.logsf(n - 1, 0.25) / np.log(10) for n in range(3, 12)}
    n = next(n for n, s in found.items() if limit - log10(12) < s < limit - log10(6))
    assert len(partners([(2 * i, 2 * i + 1, n) for i in range(6)], accounts, targets, 400, 200)) == 0
    assert len(partners([(2 * i, 2 * i + 1, n) for i in range(12)], accounts, targets, 400, 200)) == 12


def test_a_pair_as_surprising_as_the_last_one_found_is_found_too():
    strong = [(2 * i, 2 * i + 1, 9) for i in range(6)]
    weak = [(20, 21, 3)]
    found = partners(strong + weak, 40, 10, 400, 200)
    assert sorted(zip(found.a, found.b, strict=True)) == [(a, b) for a, b, _ in strong]


@pytest.mark.parametrize("seed", range(3))
def test_chance_alone_finds_next_to_nobody(seed):
    # 150 accounts like 12 of 60 authors each, popular ones far more often, at any time of the first hour.
    dice = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, 61)
    town = Town()
    town.add("me")
    events = []
    for i in range(150):
        liked = dice.choice(60, 12, replace=False, p=popularity / popularity.sum())
        events += [f"f{i} likes a{author}.{dice.integers(1, 5)} +{dice.integers(1, 3600)}s" for author in liked]
    town.happen(events, "me")
    found = measured(town, "partners")
    together = measured(town, "groups_together") if len(found) else pd.DataFrame({"together": []})
    assert len(measured(town, "shared_targets")) > 1000, "there must be pairs to choose from"
    assert len(found) <= 0.05 * 150
    assert (together["together"] < 0).all()


# --- caps -----------------------------------------------------------------------------------------------------------


def celebrated(likes):
    """``likes`` accounts like each post of three celebrities, one second after the other."""
    town = Town()
    town.add("me")
    posts = [f"c{k}.1" for k in range(3)]
    town.happen([f"f{i:03d} likes {post} +{i}s" for post in posts for i in range(likes)], "me")
    return town


def test_a_celebrity_pairs_only_its_first_fifty_likers():
    found = measured(celebrated(120), "shared_targets")
    early = {*found.a, *found.b}
    assert len(found) == comb(coactions.MOST_LIKES, 2)
    assert len(early) == coactions.MOST_LIKES


def test_a_post_of_fewer_likes_pairs_them_all():
    assert len(measured(celebrated(20), "shared_targets")) == comb(20, 2)


def test_where_pairs_would_explode_a_sample_of_posts_is_read(monkeypatch):
    # One post in the probe (draw 0) with four likes: 6 pairs, so 64 * 6 are expected of all.
    likes = rows(
        moment=[0] * 4, post=[7] * 4, actor=[1, 2, 3, 4], at_s=[0, 10, 20, 5000], target=[1] * 4, draw=[0.0] * 4
    )
    (usual,) = view_of("pair_rates", paired=likes).to_dict("records")
    assert (usual["hour_rate"], usual["day_rate"]) == (1, 1)
    monkeypatch.setattr(coactions, "PAIRS", 96)
    (scarce,) = view_of("pair_rates", paired=likes).to_dict("records")
    # Three pairs within an hour, six within a day.
    assert scarce["hour_rate"] == pytest.approx(96 / (64 * 3))
    assert scarce["day_rate"] == pytest.approx(96 / (64 * 6))


def test_only_posts_below_the_rate_are_paired():
    likes = rows(
        moment=[0] * 4,
        post=[1, 1, 2, 2],
        actor=[1, 2] * 2,
        at_s=[0, 9] * 2,
        target=[1, 1, 2, 2],
        draw=[0.1, 0.1, 0.9, 0.9],
    )
    rates = rows(moment=[0], hour_rate=[0.5], day_rate=[0.5])
    (found,) = view_of("shared_targets", paired=likes, pair_rates=rates).to_dict("records")
    assert (found["a"], found["b"], found["n_1m"], found["n_1d"]) == (1, 2, 1, 1)


def test_spans_are_inclusive_and_the_closest_likes_of_a_target_count():
    at = {1: (0, 60), 2: (0, 61), 3: (0, 3600), 4: (0, 3601), 5: (0, 86_400), 6: (0, 86_401)}
    likes = [(post, actor, s) for post, both in at.items() for actor, s in zip((1, 2), both, strict=True)]
    post, actor, at_s = zip(*likes, strict=True)
    paired = rows(
        moment=[0] * 12, post=list(post), actor=list(actor), at_s=list(at_s), target=list(post), draw=[0.1] * 12
    )
    rates = rows(moment=[0], hour_rate=[1.0], day_rate=[1.0])
    (found,) = view_of("shared_targets", paired=paired, pair_rates=rates).to_dict("records")
    assert (found["n_1m"], found["n_1h"], found["n_1d"]) == (1, 3, 5)


def test_two_posts_of_one_author_are_one_target():
    events = [f"{who} likes v.{k} +{s}s" for k in range(1, 9) for who, s in (("a", 1), ("b", 2))]
    town = Town()
    town.add("me").happen(events, "me")
    assert len(measured(town, "shared_targets")) == 0  # neither has three targets


# --- point in time, also two hops away ------------------------------------------------------------------------------

EARLY = "2024-01-20"


def judged_early(town, early=EARLY, others=JUDGED):
    """``me`` is judged early, everybody else later."""
    town.verdicts = [
        {**v, "as_of": pd.Timestamp(early if v["account_id"] == "me" else others, tz="UTC")} for v in town.verdicts
    ]
    return town


def neighbourhood():
    """``me`` likes and is liked; its neighbours act together on the posts of others."""
    town = Town()
    names = ["me", *(f"n{i}" for i in range(8)), *(f"x{i}" for i in range(8))]
    for who in names:
        town.add(who, fold=None if who == "me" else int(who[1:]) % 3, followers_count=10, following_count=20)
    events = [
        f"{a} likes x{k}.1 +{20 * i}s" for k in range(8) for i, a in enumerate(["me", *(f"n{j}" for j in range(8))])
    ]
    events += [f"n{i} likes me.{k} +{i}m" for k in (1, 2, 3) for i in range(8)]
    events += [
        f"{a} {verb} {b}.2 +{5 + i}m"
        for i, (a, b) in enumerate(combinations([f"n{j}" for j in range(8)], 2))
        for verb in ("likes", "comments")
    ]
    events += [f"me likes n{i}.2 +1m" for i in range(8)]
    town.happen(events, "me")
    # Thirty others keep to themselves, so that acting together is no matter of chance.
    town.happen([f"z{i} likes y{i}x{k}.1 {k}:{i:02d}" for i in range(30) for k in (1, 2, 3)], "me")
    for table, columns in (("posts", ("post_id", "account_id")), ("engagements", ("actor_id", "post_id"))):
        changed = [{**row, **{c: row[c].removeprefix("me ") for c in columns}} for row in getattr(town, table)]
        setattr(town, table, changed)
    return judged_early(town)


def later(town, days):
    """Neighbours of neighbours, and strangers whose names come first, act in step from the early judgement on."""
    other = town.copy()
    start = pd.Timestamp(EARLY, tz="UTC")
    actors = [*(f"n{i}" for i in range(8)), *(f"x{i}" for i in range(4)), *(f"0stranger{i}" for i in range(6))]
    for k in range(8):
        post = f"x{k}.9"
        at = start + pd.Timedelta(days=days * k)
        other.posts.append({"post_id": post, "account_id": f"x{k}", "created_at": at, "kind": "original"})
        for i, actor in enumerate(actors):
            if actor != f"x{k}":
                for kind in ("like", "comment"):
                    row = {"actor_id": actor, "post_id": post, "kind": kind, "created_at": at + pd.Timedelta(seconds=i)}
                    other.engagements.append(row)
    other.engagements += [
        {"actor_id": f"x{i}", "post_id": f"n{i}.2", "kind": "like", "created_at": start + pd.Timedelta(minutes=i)}
        for i in range(8)
    ]
    other.follows += [
        {"follower_id": f"x{i}", "followed_id": f"n{j}", "created_at": start + pd.Timedelta(hours=1)}
        for i in range(8)
        for j in range(8)
    ]
    return other


@pytest.fixture(scope="module")
def before_and_after():
    town = neighbourhood()
    return town.measure(), later(town, days=1).measure()


def test_what_neighbours_of_neighbours_do_later_changes_nothing(before_and_after):
    before, after = (found.loc["me"] for found in before_and_after)
    assert before["group_size"] > 0, "the example must have something to change"
    assert before["likes_from_groups"] > 0
    pd.testing.assert_series_equal(after, before, check_exact=True)


def test_those_judged_later_do_see_it(before_and_after):
    before, after = (found.loc["n1"] for found in before_and_after)
    assert not after.equals(before)


def test_with_more_moments_of_judgement_than_graphs_nothing_comes_from_later():
    town = neighbourhood()
    moments = pd.date_range("2024-01-10", "2024-02-01", periods=24, tz="UTC")
    others = iter(moments)
    town.verdicts = [v if v["account_id"] == "me" else {**v, "as_of": next(others)} for v in town.verdicts]
    before, after = town.measure().loc["me"], later(town, days=1).measure().loc["me"]
    pd.testing.assert_series_equal(after, before, check_exact=True)


def test_every_view_of_acting_together_starts_from_the_moments_of_judgement():
    assert {"moments", "verdicts"} <= roots("partners") & roots("groups_together") & roots("blocks")
