"""Family `exchange`: accounts that act on each other's posts, how fast they answer, and the circles they form."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "exchange"

# It acts on three accounts; bob acts back once, eve twice; zoe acts on it unasked.
MIXED = (
    "me likes bob.1 10:00",
    "me likes bob.2 11:00",
    "me likes eve.1 12:00",
    "me likes al.1 13:00",
    "bob likes me.1 10:05",
    "eve likes me.1 14:00",
    "eve likes me.2 15:00",
    "zoe likes me.1 16:00",
)


def _ring(*members: str, each: int = 2) -> tuple[str, ...]:
    """Everyone of ``members`` likes ``each`` posts of everyone else."""
    return tuple(
        f"{a} likes {b}.{post} 1{i}:{j}{post}"
        for i, a in enumerate(members)
        for j, b in enumerate(members)
        if a != b
        for post in range(1, each + 1)
    )


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="expensive",
    says="{value:.0%} of the accounts on whose posts it acts act on its posts (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.666667, events=MIXED),
)
def answering_share(liked_authors: Rows) -> Value:
    """Share of the accounts on whose posts it acts that act on its posts."""
    return ops.share(liked_authors.back > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 actions on others",
    evade="expensive",
    says="{value:.0%} of its actions are returned by as many (usual: {usual})",
    source="Weerasinghe pods",
    # 1 of 2 on bob, 1 of 1 on eve and none of 2 on al.
    example=eg(0.4, events=(*MIXED, "me likes al.2 13:01")),
)
def returned_share(liked_authors: Rows) -> Value:
    """Share of its actions that the same accounts returned, action by action."""
    returned = ops.smallest(liked_authors.n, liked_authors.back).sum()
    return ops.when(liked_authors.n.sum() >= 5, ops.over(returned, liked_authors.n.sum()))


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing=1,
    evade="expensive",
    says="{value:,.0f} accounts act on its posts as it acts on theirs (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(2, events=MIXED),
)
def mutual_accounts(liked_authors: Rows) -> Value:
    """Accounts on whose posts it acts and that act on its posts."""
    return ops.count_where(liked_authors.back > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no account that acts on its posts as it acts on theirs",
    evade="expensive",
    says="it gives and takes alike by {value:.0%}, on average over such accounts (usual: {usual})",
    source="NEW",
    # 1 of 2 with bob, 1 of 2 with eve.
    example=eg(0.5, events=MIXED),
)
def exchange_balance(liked_authors: Rows) -> Value:
    """Mean over accounts with actions both ways of the lower number over the higher."""
    low, high = ops.smallest(liked_authors.n, liked_authors.back), ops.largest(liked_authors.n, liked_authors.back)
    return ops.mean(ops.when(liked_authors.back > 0, ops.over(low, high)))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="rented",
    says="{value:.0%} of the accounts that like its posts get actions back (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.666667, events=MIXED),
)
def likers_answered(likers: Rows) -> Value:
    """Share of its likers on whose posts it acts."""
    return ops.share(likers.back > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 likes",
    evade="rented",
    says="{value:.0%} of its likes are from accounts on whose posts it acts (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.75, events=MIXED),
)
def likes_from_mutuals(likers: Rows) -> Value:
    """Share of its likes from accounts on whose posts it acts."""
    mutual = ops.when(likers.back > 0, likers.n, 0).sum()
    return ops.when(likers.n.sum() >= 3, ops.over(mutual, likers.n.sum()))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="rented",
    says="{value:.0%} of the first five likes of its posts are from accounts on whose posts it acts (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.6, events=(*MIXED, "yan likes me.2 16:30")),
)
def first_likes_from_mutuals(first_likes: Rows) -> Value:
    """Share of the first five likes of its posts from accounts on whose posts it acts."""
    return ops.share(first_likes.mutual)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="fewer than 3 accounts on whose posts it acts, or that like its posts",
    evade="expensive",
    population=True,
    says="{value:.3g} times as many accounts act back as would by chance (usual: {usual})",
    source="NEW",
    # 2 act back; by chance 3 * 3 of 9 accounts.
    example=eg(2, events=MIXED, others=tuple({"account_id": f"p{i}"} for i in range(8))),
)
def exchange_lift(give_and_take: Rows) -> Value:
    """Accounts with actions both ways, over their number if those it acts on acted on it as anyone does."""
    enough = (give_and_take.out >= 3) & (give_and_take.into >= 3)
    return ops.when(enough, ops.over(give_and_take.mutual, give_and_take.expected))


# bob answers after 5 min, it answers bob after 55 min, eve answers after 2 min, it answers eve after 60 s.
TALK = (
    "me likes bob.1 10:00:00",
    "bob likes me.1 10:05:00",
    "me likes bob.2 11:00:00",
    "me likes eve.1 12:00:00",
    "eve likes me.1 12:02:00",
    "me likes eve.2 12:03:00",
)


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=3,
    evade="expensive",
    says="half of the answers between it and those who act on its posts come within {value:,.0f} s (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(210, events=TALK),
)
def answer_median(answers: Rows) -> Value:
    """Median time from an action of one of two accounts on the other to the next action the other way."""
    return answers.gap_s.median()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="expensive",
    says="{value:.0%} of the answers between it and those who act on its posts come in 10 minutes (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.75, events=TALK),
)
def answers_in_10m(answers: Rows) -> Value:
    """Share of answers, either way, within 10 minutes."""
    return ops.share(answers.gap_s < 600)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="expensive",
    says="{value:.0%} of its own answers come in an hour (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(1, events=TALK),
)
def own_answers_in_1h(own_answers: Rows) -> Value:
    """Share of its own answers within an hour."""
    return ops.share(own_answers.gap_s < 3600)


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing="it neither acts on others nor is acted on",
    evade="expensive",
    population=True,
    says="{value:,.0f} accounts exchange two actions or more with it each way (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(2, events=_ring("me", "bob", "eve")),
)
def exchange_partners(circle_of: Rows) -> Value:
    """Accounts with which it exchanged at least two actions each way, at the common moment it reads."""
    return ops.number(circle_of.mutuals)


@feature(
    unit="ties",
    low=0,
    high=inf,
    missing="it neither acts on others nor is acted on",
    evade="expensive",
    population=True,
    says="it is in the {value:.0f}-core of mutual exchange (usual: {usual})",
    source="NEW",
    # Four who all exchange with each other: each has three.
    example=eg(3, events=_ring("me", "bob", "eve", "al")),
)
def exchange_core(circle_of: Rows) -> Value:
    """Largest k such that it belongs to accounts that each exchange with at least k of them."""
    return ops.number(circle_of.core)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 2 accounts with which it exchanges actions",
    evade="expensive",
    population=True,
    says="{value:.0%} of the accounts it exchanges actions with do so with each other (usual: {usual})",
    source="Varol family",
    # bob and eve do, neither does with zoe: 1 of 3 pairs.
    example=eg(0.333333, events=(*_ring("me", "bob", "eve"), *_ring("me", "zoe"))),
)
def exchange_clustering(circle_of: Rows) -> Value:
    """Share of pairs of accounts with which it exchanges actions that exchange actions too."""
    return circle_of.clustering


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing="it neither acts on others nor is acted on",
    evade="expensive",
    population=True,
    says="it belongs to a circle of {value:,.0f} accounts that act on each other's posts, 0 for none (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(5, events=_ring("me", "bob", "eve", "al", "cy")),
)
def circle_size(circle_of: Rows) -> Value:
    """Size of the dense community of mutual exchange it belongs to, 0 for none."""
    return ops.number(circle_of.size)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="it neither acts on others nor is acted on",
    evade="expensive",
    population=True,
    says="{value:.0%} of the pairs in its circle act on each other's posts, 0 for no circle (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(1, events=_ring("me", "bob", "eve", "al", "cy")),
)
def circle_density(circle_of: Rows) -> Value:
    """Share of possible mutual ties in its circle, 0 without a circle."""
    return circle_of.density


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 likes",
    evade="expensive",
    population=True,
    says="{value:.0%} of its likes are from its circle (usual: {usual})",
    source="Weerasinghe pods",
    # 8 likes from four of the circle and 2 of zoe.
    example=eg(0.8, events=(*_ring("me", "bob", "eve", "al", "cy"), "zoe likes me.1 20:00", "zoe likes me.2 20:00")),
)
def circle_likes_share(circle_likers: Rows) -> Value:
    """Share of its likes from accounts of its own circle of mutual exchange, 0 without a circle."""
    inside = ops.when(circle_likers.inside, circle_likers.n, 0).sum()
    return ops.when(circle_likers.n.sum() >= 3, ops.over(inside, circle_likers.n.sum()))
