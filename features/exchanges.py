"""Views of give and take: accounts that act on each other's posts, how fast they answer, and their circles."""

from __future__ import annotations

from features import ops
from features.declare import Rows, view
from features.eventviews import WINDOW_S

LEAST_EACH_WAY = 2  # actions each way for a tie of a circle: one like back is courtesy


@view("event", stored=True)
def mutual_pairs(ties: Rows) -> Rows:
    """Pairs of accounts that acted on each other's posts."""
    back = ties.select(a_back="author", b_back="actor")
    out = ties.filter(ties.actor < ties.author)
    rows = out.inner_join(back, [out.actor == back.a_back, out.author == back.b_back])
    return rows.select(a="actor", b="author")


@view("event", stored=True)
def mutual_deeds(deeds: Rows, mutual_pairs: Rows) -> Rows:
    """What accounts that act on each other's posts did to each other."""
    rows = deeds.filter(deeds.author.notnull() & (deeds.actor != deeds.author))
    rows = rows.select(
        "actor",
        "author",
        "at_s",
        "given",
        "received",
        low=ops.smallest(rows.actor, rows.author),
        high=ops.largest(rows.actor, rows.author),
    )
    return rows.inner_join(mutual_pairs, [rows.low == mutual_pairs.a, rows.high == mutual_pairs.b]).drop("low", "high")


@view("event", "answers between it and those who act on its posts", stored=True)
def answers(mutual_deeds: Rows) -> Rows:
    """Actions that turn the direction between two accounts, and the seconds since the last action the other way."""
    rows = mutual_deeds
    own = rows.filter(rows.given).select(account="actor", other="author", at_s="at_s", own=ops.constant(1))
    others = rows.filter(rows.received).select(account="author", other="actor", at_s="at_s", own=ops.constant(0))
    both = own.union(others)
    order = [both.at_s, both.own]
    pair = [both.account, both.other]
    both = both.mutate(
        own_before=ops.before(both.own, pair, order),
        gap_s=both.at_s - ops.before(both.at_s, pair, order),
    )
    return both.filter(both.own != both.own_before).select("account", "own", "gap_s")


@view("event", "answers of its own", counted="own")
def own_answers(answers: Rows) -> Rows:
    """Answers that the account itself gave."""
    return answers.filter(answers.own == 1)


@view("event", stored=True)
def exchanges(mutual_deeds: Rows, moments: Rows) -> Rows:
    """Pairs of accounts with two actions or more each way in the 90 days before each common moment."""
    rows = mutual_deeds.cross_join(moments)
    rows = rows.filter((rows.at_s < rows.read_at_s) & (rows.at_s >= rows.read_at_s - WINDOW_S))
    pairs = rows.group_by(["moment", "a", "b"]).aggregate(
        there=ops.count_where(rows.actor == rows.a),
        back=ops.count_where(rows.actor == rows.b),
        first_s=rows.at_s.min(),
        last_s=rows.at_s.max(),
    )
    pairs = pairs.mutate(weight=ops.smallest(pairs.there, pairs.back).cast("int32"))
    return pairs.filter(pairs.weight >= LEAST_EACH_WAY).select("moment", "a", "b", "weight", "first_s", "last_s")


@view("event", stored=True)
def acting(ties: Rows) -> Rows:
    """Accounts that acted on others, or were acted on, before they were judged."""
    given = ties.filter(ties.given > 0).select(account="actor")
    received = ties.filter(ties.received > 0).select(account="author")
    return given.distinct().union(received.distinct(), distinct=True)


@view("account", population=True)
def circle_of(acting: Rows, reading: Rows, circles: Rows) -> Rows:
    """The circle of mutual ties an account belongs to; zeros for one in none."""
    rows = acting.inner_join(reading, "account")
    rows = ops.joined(rows, circles, {"moment": "moment", "account": "account"})
    return rows.select(
        "account",
        "clustering",
        "circle",
        mutuals=ops.either(rows.mutuals, 0),
        core=ops.either(rows.core, 0),
        size=ops.either(rows.size, 0),
        density=ops.when(rows.circle >= 0, rows.density, 0.0),
    )


@view("event", "accounts that liked its posts", population=True)
def circle_likers(likers: Rows, reading: Rows, circles: Rows) -> Rows:
    """Likers of an account, and whether they belong to its circle."""
    rows = likers.select("account", "other", "n").inner_join(reading, "account")
    inside = circles.filter(circles.circle >= 0)
    own = inside.select(moment="moment", account="account", own="circle")
    theirs = inside.select(moment="moment", other="account", theirs="circle")
    rows = ops.joined(rows, own, {"moment": "moment", "account": "account"})
    rows = ops.joined(rows, theirs, {"moment": "moment", "other": "other"})
    return rows.select("account", "n", inside=ops.either(rows.own == rows.theirs, False))


@view("account", population=True)
def give_and_take(liked_authors: Rows, likers: Rows, verdicts: Rows) -> Rows:
    """How many accounts one acts on, how many of them act back, and how many would by chance.

    By chance, each account it acts on acts back as any account does: with the share of accounts that act on it.
    """
    out = liked_authors.group_by("account").aggregate(
        out=liked_authors.count(), mutual=ops.count_where(liked_authors.back > 0)
    )
    rows = ops.joined(out, likers.group_by("account").aggregate(into=likers.count()), {"account": "account"})
    everyone = verdicts.count().as_scalar()
    return rows.mutate(expected=ops.number(rows.out) * ops.number(rows.into) / everyone)
