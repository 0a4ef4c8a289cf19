"""Views of who acts together: likes of the same posts at the same time, against what chance would give.

The unit is a target: an author (a post of unknown author is its own). Two fans who like every post of one idol within
minutes share one target; two workers of a farm share a target per customer. Chance is a configuration model: all that
is kept is how many targets each account has and how many pairs of likes fall together in all.
"""

from __future__ import annotations

from features import ops
from features.declare import Rows, view
from features.eventviews import MOMENTS, WINDOW_S

SPANS_S = {"1m": 60, "1h": 3_600, "1d": ops.DAY_S}
MOST_LIKES = 50  # of a post, the earliest: a celebrity would pair everyone with everyone
LEAST_TARGETS = 3  # that two accounts must share; fewer say nothing among many accounts
PAIRS = 50_000_000  # of likes of one post that are looked at per span; beyond, a sample of the posts
PROBE = 64  # one post in so many tells how many pairs there are
FALSE_SHARE = 0.05  # of the ties found that chance may have made (Benjamini and Hochberg)


@view("event", stored=True)
def moments(verdicts: Rows) -> Rows:
    """The common moments, at most eight: each the earliest of a part of all moments of judgement."""
    judged = verdicts.select("as_of").distinct()
    numbered = judged.mutate(moment=ops.parts(judged.as_of, MOMENTS).cast("int32"))
    first = numbered.group_by("moment").aggregate(read_at=numbered.as_of.min())
    return first.mutate(read_at_s=ops.seconds(first.read_at))


@view("event", stored=True)
def reading(verdicts: Rows) -> Rows:
    """The common moment each account reads: the latest that is not after its own."""
    judged = verdicts.select("as_of").distinct()
    numbered = judged.mutate(moment=ops.parts(judged.as_of, MOMENTS).cast("int32"))
    return verdicts.select("account", "as_of").inner_join(numbered, "as_of").select("account", "moment")


@view("event", stored=True)
def colikes(likes: Rows, moments: Rows) -> Rows:
    """The earliest 50 likes of each post in the 90 days before each common moment.

    ``draw`` is a number from 0 to 1 per post that depends on its first like only, so that no later event changes it.
    """
    early = likes.filter(likes.nth < MOST_LIKES)
    rows = early.cross_join(moments)
    rows = rows.filter((rows.at_s < rows.read_at_s) & (rows.at_s >= rows.read_at_s - WINDOW_S))
    return rows.select(
        "moment",
        "post",
        "actor",
        "at_s",
        target=ops.either(rows.author.cast("int32"), (-1 - rows.post).cast("int32")),
        draw=ops.drawn(rows.first_s),
    )


@view("event", stored=True)
def target_counts(colikes: Rows) -> Rows:
    """How many targets each account has, at each common moment."""
    one = colikes.group_by(["moment", "actor", "target"]).aggregate(n=colikes.count())
    return one.group_by(["moment", "actor"]).aggregate(targets=one.count().cast("int32"))


@view("event", stored=True)
def paired(colikes: Rows, target_counts: Rows) -> Rows:
    """Likes of accounts with three targets or more: the others can share too few."""
    enough = target_counts.filter(target_counts.targets >= LEAST_TARGETS).select("moment", "actor")
    return colikes.semi_join(enough, ["moment", "actor"])


@view("event", stored=True)
def pair_rates(paired: Rows) -> Rows:
    """Which share of the posts is looked at for pairs within an hour and within a day, so that neither explodes."""
    probe = paired.filter(paired.draw * PROBE < 1)
    pairs = _pairs(probe, probe)
    seen = pairs.group_by("moment").aggregate(hour=ops.count_where(pairs.apart_s <= SPANS_S["1h"]), day=pairs.count())
    return seen.select(
        "moment",
        hour_rate=ops.smallest(ops.over(ops.constant(PAIRS), seen.hour * PROBE), 1.0),
        day_rate=ops.smallest(ops.over(ops.constant(PAIRS), seen.day * PROBE), 1.0),
    )


@view("event", stored=True)
def shared_targets(paired: Rows, pair_rates: Rows) -> Rows:
    """Pairs of accounts, and on how many targets they acted together within a minute, an hour and a day."""
    rows = ops.joined(paired, pair_rates, {"moment": "moment"})
    hour, day = ops.either(rows.hour_rate, 1.0), ops.either(rows.day_rate, 1.0)
    rows = rows.mutate(by_hour=rows.draw < hour, by_day=rows.draw < day).drop("hour_rate", "day_rate", "draw")
    pairs = _pairs(rows.filter(rows.by_hour | rows.by_day), rows.filter(rows.by_hour | rows.by_day))
    near = pairs.by_hour & (pairs.apart_s <= SPANS_S["1h"])
    pairs = pairs.filter(near | pairs.by_day)
    once = pairs.group_by(["moment", "a", "b", "target"]).aggregate(
        posts=pairs.count(),
        closest_s=ops.when(pairs.by_hour, pairs.apart_s).min(),
        by_day=pairs.by_day.max(),
    )
    return once.group_by(["moment", "a", "b"]).aggregate(
        n_1m=ops.count_where(once.closest_s <= SPANS_S["1m"]).cast("int32"),
        n_1h=ops.count_where(once.closest_s <= SPANS_S["1h"]).cast("int32"),
        n_1d=ops.count_where(once.by_day).cast("int32"),
        posts=once.posts.sum().cast("int32"),
    )


def _pairs(left: Rows, right: Rows) -> Rows:
    """Two likes of one post within a day by different accounts, the one with the lower number first."""
    other = right.view().select(other_moment="moment", other_post="post", b="actor", other_at_s="at_s")
    rows = left.rename(a="actor").inner_join(
        other,
        [left.moment == other.other_moment, left.post == other.other_post, left.actor < other.b],
    )
    rows = rows.mutate(apart_s=ops.distance(rows.at_s, rows.other_at_s))
    return rows.filter(rows.apart_s <= SPANS_S["1d"])


@view("event", stored=True)
def chances(shared_targets: Rows, target_counts: Rows) -> Rows:
    """Totals per common moment that chance keeps: targets of all accounts, and pairs within each span."""
    enough = target_counts.filter(target_counts.targets >= LEAST_TARGETS)
    all_targets = enough.group_by("moment").aggregate(accounts=enough.count(), all_targets=enough.targets.sum())
    pairs = shared_targets
    sums = {f"all_{span}": pairs[f"n_{span}"].sum() for span in SPANS_S}
    return ops.joined(all_targets, pairs.group_by("moment").aggregate(**sums), {"moment": "moment"})


@view("event", stored=True)
def partners(shared_targets: Rows, target_counts: Rows, chances: Rows) -> Rows:
    """Pairs of accounts that share more targets than chance explains, at a false discovery rate of 5%.

    ``surprise`` is -log10 of the probability, by chance, of as many shared targets within the most telling span.
    """
    pairs = shared_targets.filter((shared_targets.n_1h >= LEAST_TARGETS) | (shared_targets.n_1d >= LEAST_TARGETS))
    left, right = (target_counts.select(moment="moment", **{c: "actor", f"targets_{c}": "targets"}) for c in "ab")
    rows = ops.joined(pairs, left, {"moment": "moment", "a": "a"})
    rows = ops.joined(rows, right, {"moment": "moment", "b": "b"})
    rows = ops.joined(rows, chances, {"moment": "moment"})
    # Of all ordered pairs that fall together, the share that falls to these two: as their targets, of all targets.
    weight = ops.number(rows.targets_a) * rows.targets_b / (ops.number(rows.all_targets) * rows.all_targets)
    surprise = [ops.surprise(rows[f"n_{s}"], weight * 2 * rows[f"all_{s}"]) for s in SPANS_S]
    rows = rows.mutate(surprise=ops.largest(*surprise))
    place = ops.rank(rows.moment, [rows.surprise.desc(), rows.a, rows.b]) + 1
    tests = ops.number(rows.accounts) * (rows.accounts - 1) / 2 * len(SPANS_S)
    rows = rows.mutate(found=rows.surprise >= (tests / FALSE_SHARE / place).log10())
    least = rows.filter(rows.found).group_by("moment").aggregate(least=rows.surprise.min())
    rows = ops.joined(rows, least, {"moment": "moment"})
    return rows.filter(rows.surprise >= rows.least).select(
        "moment", "a", "b", "targets_a", "targets_b", "n_1m", "n_1h", "n_1d", "posts", "surprise"
    )


@view("event", stored=True)
def firm_ties(colikes: Rows) -> Rows:
    """Accounts and the authors whose posts they liked at least twice, at each common moment."""
    known = colikes.filter(colikes.target >= 0)
    rows = known.group_by(["moment", "actor", "target"]).aggregate(n=known.count())
    return rows.filter(rows.n >= 2).drop("n")


@view("account", population=True)
def together(target_counts: Rows, reading: Rows, partners: Rows, groups_together: Rows) -> Rows:
    """With whom and how closely an account acts together; zeros for one that acts with nobody."""
    ends = [("a", "b"), ("b", "a")]
    sides = [
        partners.select(
            "moment",
            "n_1m",
            "n_1h",
            "n_1d",
            "posts",
            "surprise",
            account=mine,
            own=f"targets_{mine}",
            other=f"targets_{other}",
        )
        for mine, other in ends
    ]
    ties = sides[0].union(sides[1])
    shared = ops.largest(ties.n_1h, ties.n_1d)
    ties = ties.mutate(
        shared=shared,
        overlap=ops.over(shared, ties.own + ties.other - shared),
        fast=ops.number(ties.n_1m) / ops.largest(shared, 1),
    )
    each = ties.group_by(["moment", "account"]).aggregate(
        partners=ties.count(),
        strongest=ties.surprise.max(),
        shared=ties.shared.max(),
        overlap=ties.overlap.max(),
        fast=ops.mean(ties.fast),
        posts=ops.mean(ops.over(ties.posts, ties.shared)),
    )
    enough = target_counts.filter(target_counts.targets >= LEAST_TARGETS).rename(account="actor")
    rows = enough.inner_join(reading, ["moment", "account"])
    rows = ops.joined(rows, each, {"moment": "moment", "account": "account"})
    rows = ops.joined(rows, groups_together, {"moment": "moment", "account": "account"})
    numbers = ("partners", "strongest", "shared", "overlap", "fast", "size", "density", "inside")
    return rows.select(
        "account", "targets", "together", "posts", **{c: ops.either(ops.number(rows[c]), 0.0) for c in numbers}
    )


@view("account", population=True)
def acting_block(firm_ties: Rows, reading: Rows, blocks: Rows) -> Rows:
    """The densest block in which an account acts on others."""
    rows = firm_ties.select("moment", account="actor").distinct().inner_join(reading, ["moment", "account"])
    acting = blocks.filter(blocks.acts)
    best = acting.group_by(["moment", "account"]).aggregate(density=acting.density.max())
    rows = ops.joined(rows, best, {"moment": "moment", "account": "account"})
    return rows.select("account", density=ops.either(rows.density, 0.0))


LEAST_AUTHORS = 5


@view("account", population=True)
def target_cells(colikes: Rows, reading: Rows) -> Rows:
    """How alike the targets of an account are, and how usual (CatchSync): cells of popularity, by powers of two.

    ``beyond`` is synchronicity less its least possible value, given normality (the parabola of Jiang et al. 2014).
    """
    known = colikes.filter(colikes.target >= 0)
    ties = known.group_by(["moment", "actor", "target"]).aggregate(n=known.count())
    popular = ties.group_by(["moment", "target"]).aggregate(
        cell=(ops.whole(ops.log2(ties.count())) * 64 + ops.whole(ops.log2(ops.over(ties.n.sum(), ties.count())) * 2))
    )
    rows = ties.drop("n").inner_join(popular, ["moment", "target"])
    cells = rows.group_by(["moment", "cell"]).aggregate(all_n=rows.count())
    total = cells.group_by("moment").aggregate(
        cells=cells.count(), total=cells.all_n.sum(), all_squares=(cells.all_n * cells.all_n).sum()
    )
    mine = rows.group_by(["moment", "actor", "cell"]).aggregate(n=rows.count()).inner_join(cells, ["moment", "cell"])
    each = mine.group_by(["moment", "actor"]).aggregate(
        n=mine.n.sum(), squares=(mine.n * mine.n).sum(), crossed=(mine.n * mine.all_n).sum()
    )
    each = each.filter(each.n >= LEAST_AUTHORS).inner_join(total, "moment").rename(account="actor")
    each = each.inner_join(reading, ["moment", "account"])
    alike = ops.over(each.squares, ops.number(each.n) * each.n)
    usual = ops.over(each.crossed, ops.number(each.n) * each.total)
    background = ops.over(each.all_squares, ops.number(each.total) * each.total)
    least = ops.over(2 * usual - background - each.cells * usual * usual, 1 - each.cells * background)
    beyond = ops.largest(alike - ops.either(least, alike), 0.0)
    return each.select("account", beyond=ops.smallest(ops.rounded(beyond), 1.0))
