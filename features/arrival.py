"""Family `arrival`: how likes reach the posts of an account, and whether the same accounts give them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from features import ops
from features.declare import Build, Rows, Value, eg, feature

FAMILY = "arrival"


def _likes(post: int, *delays: str) -> tuple[str, ...]:
    """Likes of a post of an example, each by another account, at these times after its publication."""
    return tuple(f"{who} likes me.{post} +{delay}" for who, delay in zip("abcdefghijklmnop", delays, strict=False))


@feature(
    unit="posts",
    low=1,
    high=inf,
    missing=1,
    evade="rented",
    says="{value:,.0f} of its posts received at least 3 likes (usual: {usual})",
    source="NEW",
    example=eg(1, events=(*_likes(1, "1m", "2m", "3m"), *_likes(2, "1m"))),
)
def threads_seen(liked_threads: Rows) -> Value:
    """Posts of the 90 days before it was judged with three likes or more: the evidence behind this family."""
    return liked_threads.count()


def _early(seconds: int, span: str, source: str) -> Callable[[Build], Build]:
    """Declare the mean share of likes that come in the first ``seconds``."""
    return feature(
        unit="share",
        low=0,
        high=1,
        missing=1,
        evade="rented",
        says="{value:.0%} of the likes of a post come within " + span + " (usual: {usual})",
        source=source,
        # One post with 1 of 4 likes in time, one with all.
        example=eg(
            0.625,
            events=(
                *_likes(1, f"{seconds - 1}s", "5h", "6h", "7h"),
                *_likes(2, f"{seconds - 1}s", f"{seconds - 1}s", f"{seconds - 1}s"),
            ),
        ),
    )


@_early(60, "a minute", "Weerasinghe pods")
def likes_in_1m(liked_threads: Rows) -> Value:
    """Mean over posts of the share of their likes that came in the first minute."""
    return ops.mean(ops.over(liked_threads.in_60, liked_threads.n))


@_early(300, "5 minutes", "Weerasinghe pods")
def likes_in_5m(liked_threads: Rows) -> Value:
    """Mean over posts of the share of their likes that came in the first 5 minutes."""
    return ops.mean(ops.over(liked_threads.in_300, liked_threads.n))


@_early(3600, "an hour", "creatorscore.io")
def likes_in_1h(liked_threads: Rows) -> Value:
    """Mean over posts of the share of their likes that came in the first hour."""
    return ops.mean(ops.over(liked_threads.in_3600, liked_threads.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="rented",
    says="in one post of ten, {value:.0%} or more of the likes come within 5 minutes (usual: {usual})",
    source="Weerasinghe pods",
    # Shares 0, 0 and 1: nine tenths of the way along them is 0.8 of the way from the second to the third.
    example=eg(0.8, events=(*_likes(1, "1h", "1h", "1h"), *_likes(2, "1h", "1h", "1h"), *_likes(3, "1m", "1m", "1m"))),
)
def likes_in_5m_top(liked_threads: Rows) -> Value:
    """Ninth decile over posts of the share of their likes that came in the first 5 minutes."""
    return ops.quantile(ops.over(liked_threads.in_300, liked_threads.n), 0.9)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="{value:.0%} of the likes of a post come after a day (usual: {usual})",
    source="NEW",
    example=eg(0.25, events=_likes(1, "1m", "2m", "3m", "2d")),
)
def likes_after_1d(liked_threads: Rows) -> Value:
    """Mean over posts of the share of their likes that came after the first day."""
    return ops.mean(1 - ops.over(liked_threads.in_86400, liked_threads.n))


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=1,
    evade="rented",
    says="half of the likes of a post are there after {value:,.0f} s (usual: {usual})",
    source="ND-Sync",
    example=eg(120, events=_likes(1, "1m", "2m", "3h")),
)
def likes_half_time(liked_threads: Rows) -> Value:
    """Median over posts of the time within which half of their likes came."""
    return liked_threads.half_s.median()


@feature(
    unit="log seconds",
    low=0,
    high=inf,
    missing=3,
    evade="rented",
    says="the logarithms of the times its posts take for half of their likes vary by {value:.2f} (usual: {usual})",
    source="ND-Sync",
    example=eg(0, events=[like for post in (1, 2, 3) for like in _likes(post, "1m", "2m", "3h")]),
)
def likes_half_time_spread(liked_threads: Rows) -> Value:
    """Standard deviation over posts of ln(1 + time within which half of their likes came): near 0 for a service."""
    return ops.sd_of_logs(ops.log1p(liked_threads.half_s))


@feature(
    unit="ratio",
    low=1,
    high=inf,
    missing=1,
    evade="rented",
    says="nine tenths of the likes of a post take {value:.3g} times as long as half of them (usual: {usual})",
    source="NEW",
    # Half after 99 s; nine tenths after 0.8 of the way from 99 s to 599 s, 499 s; each plus one.
    example=eg(5, events=_likes(1, "9s", "99s", "599s")),
)
def likes_tail(liked_threads: Rows) -> Value:
    """Geometric mean over posts of the time for nine tenths of the likes over the time for half of them."""
    return ops.rounded(ops.mean(ops.log1p(liked_threads.most_s) - ops.log1p(liked_threads.half_s)).exp())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="up to {value:.0%} of the likes of a post come within one minute (usual: {usual})",
    source="fake-star-audit",
    example=eg(0.75, events=_likes(1, "1h", "3605s", "3660s", "3h")),
)
def likes_burst(liked_threads: Rows) -> Value:
    """Mean over posts of the largest share of their likes within a minute."""
    return ops.mean(ops.over(liked_threads.burst, liked_threads.n))


@feature(
    unit="likes",
    low=1,
    high=inf,
    missing=1,
    evade="rented",
    says="one of its posts received {value:,.0f} likes within a minute (usual: {usual})",
    source="fake-star-audit",
    example=eg(3, events=_likes(1, "1h", "3605s", "3660s", "3h")),
)
def likes_burst_most(liked_threads: Rows) -> Value:
    """Largest number of likes within a minute on one of its posts."""
    return liked_threads.burst.max()


@feature(
    unit="likes",
    low=1,
    high=inf,
    missing=1,
    evade="rented",
    says="a like of its posts comes with {value:.3g} in the minute up to it, itself included (usual: {usual})",
    source="NEW",
    # 1, 2, 3 and 1 likes in the minutes up to each.
    example=eg(1.75, events=_likes(1, "1h", "3605s", "3660s", "3h")),
)
def likes_crowding(liked_threads: Rows) -> Value:
    """Mean over likes of the number of likes in the minute up to each, on the same post."""
    return ops.over(liked_threads.crowd.sum(), liked_threads.n.sum())


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing=1,
    evade="rented",
    says="likes per five minutes vary {value:.3g} times as much as by chance (usual: {usual})",
    source="NEW",
    # 3 likes in one span of 288: mean 1/96; 9 / 288 / mean - mean = 3 - 1/96.
    example=eg(2.989583, events=_likes(1, "1m", "2m", "3m")),
)
def likes_fano(thread_spans: Rows) -> Value:
    """Mean over posts of variance over mean of the likes per five minutes of the first day: 1 at random."""
    return ops.mean(thread_spans.fano)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="{value:.0%} of its likes come in the same second as another one on the post (usual: {usual})",
    source="fake-star-audit",
    example=eg(0.25, events=_likes(1, "1m", "2m", "2m", "3h")),
)
def likes_same_second(liked_threads: Rows) -> Value:
    """Share of likes that follow the one before on the same post within a second."""
    return ops.over(liked_threads.same_second.sum(), liked_threads.n.sum())


@feature(
    unit="log seconds",
    low=0,
    high=inf,
    missing=1,
    evade="rented",
    says="the logarithms of the gaps between the likes of a post vary by {value:.2f} (usual: {usual})",
    source="NEW",
    # Gaps of 60 s each.
    example=eg(0, events=_likes(1, "1m", "2m", "3m", "4m")),
)
def likes_gap_spread(liked_threads: Rows) -> Value:
    """Mean over posts of the standard deviation of ln(1 + gap between their likes): near 0 for an even drip."""
    return ops.mean(liked_threads.gap_spread)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="{value:.1%} of its likes come in bursts of 5 a minute on posts older than a day (usual: {usual})",
    source="NEW",
    # The fifth and sixth of six likes a day later have four or more others in the minute up to them.
    example=eg(0.25, events=_likes(1, "1m", "2m", *(f"{86_400 + 9 * i}s" for i in range(6)))),
)
def likes_late_bursts(liked_threads: Rows) -> Value:
    """Share of likes after the first day that have at least four others in the minute up to them."""
    return ops.over(liked_threads.late_bursts.sum(), liked_threads.n.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 10 likes of its posts, or fewer than 30 training accounts with as many",
    evade="rented",
    says="its likes come in at another pace than usual, by {value:.0%} (usual: {usual})",
    source="ND-Sync",
    # The others have half of their likes in the first minute and all in the first hour; this one all in a minute.
    example=eg(
        0.5,
        events=[
            *(f"{w} likes me.1 +5s" for w in "abcdefghij"),
            *(f"{w} likes p{i}.1 +{5 if w in 'abcde' else 1000}s" for i in range(30) for w in "abcdefghij"),
        ],
        others=tuple({"account_id": f"p{i}"} for i in range(30)),
    ),
)
def likes_pace_distance(arrival_against: Rows) -> Value:
    """Kolmogorov-Smirnov distance of the times of likes after publication from the mean of training accounts."""
    return arrival_against.distance


@feature(
    unit="log likes",
    low=0,
    high=inf,
    missing=3,
    evade="rented",
    says="the logarithms of the likes of its posts vary by {value:.2f} (usual: {usual})",
    source="NEW",
    example=eg(0, events=[like for post in (1, 2, 3) for like in _likes(post, "1m", "2m", "3h")]),
)
def likes_count_spread(threads: Rows) -> Value:
    """Standard deviation over posts with likes of ln(1 + likes seen): near 0 for a fixed package."""
    return ops.sd_of_logs(ops.log1p(threads.n))


# --- who gives them ------------------------------------------------------------------------------------------------

# Of five posts, ann likes all, bob one, and cy, di and ed four together.
FANS = (*(f"ann likes me.{i} +1m" for i in range(1, 6)), "bob likes me.1 +2m", "cy likes me.1 +3m", "di likes me.2 +3m")


@feature(
    unit="accounts",
    low=1,
    high=inf,
    missing=1,
    evade="rented",
    says="{value:,.0f} accounts liked its posts (usual: {usual})",
    source="HypeAuditor",
    example=eg(4, events=FANS),
)
def likers_seen(audience: Rows) -> Value:
    """Number of accounts that liked its posts."""
    return audience.count()


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 likes",
    evade="rented",
    says="two likes of its posts are from one account with a chance of {value:.1%} (usual: {usual})",
    source="NEW",
    # (5^2 + 3 * 1) / 8^2
    example=eg(0.4375, events=FANS),
)
def liker_concentration(audience: Rows) -> Value:
    """Sum over likers of the squared share of its likes that they gave."""
    total = ops.number(audience.n.sum())
    return ops.when(total >= 5, ops.over(audience.square.sum(), total * total))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 likes",
    evade="rented",
    says="{value:.0%} of its likes are from one account (usual: {usual})",
    source="NEW",
    example=eg(0.625, events=FANS),
)
def liker_top_share(audience: Rows) -> Value:
    """Share of its likes that the most frequent liker gave."""
    return ops.when(audience.n.sum() >= 5, ops.top_share(audience.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="rented",
    says="{value:.0%} of its likers liked only one of its posts (usual: {usual})",
    source="NEW",
    example=eg(0.8, events=(*FANS, "ed likes me.2 +4m")),
)
def likers_once(audience: Rows) -> Value:
    """Share of likers that gave it a single like."""
    return ops.share(audience.n == 1)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 posts with likes",
    evade="rented",
    says="{value:.0%} of its likes are from accounts that like nearly all its posts (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.625, events=FANS),
)
def likes_from_loyal(audience: Rows) -> Value:
    """Share of its likes from accounts that liked at least four of five of its posts."""
    loyal = ops.when(audience.n * 5 >= audience.posts * 4, audience.n, 0)
    return ops.when(audience.posts.max() >= 5, ops.over(loyal.sum(), audience.n.sum()))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 2 posts with likes",
    evade="rented",
    says="two of its posts share {value:.1%} of their likers (usual: {usual})",
    source="ND-Sync",
    # Two posts: a and b like both, c one: 2 shared of 2.5 likes a post, 2 / (5 - 2).
    example=eg(0.666667, events=(*_likes(1, "1m", "2m", "3m"), *_likes(2, "1m", "2m"))),
)
def liker_overlap(audience: Rows) -> Value:
    """Mean number of likers shared by two of its posts, over the mean number of likers of either."""
    shared, mean = _shared(audience)
    return ops.over(shared, 2 * mean - shared)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="fewer than 2 posts with likes",
    evade="rented",
    says="two of its posts share {value:.3g} times the likers they would by chance (usual: {usual})",
    source="Pacheco",
    # 2 shared, against 2.5 * 2.5 / 3 by chance.
    example=eg(0.96, events=(*_likes(1, "1m", "2m", "3m"), *_likes(2, "1m", "2m"))),
)
def liker_overlap_lift(audience: Rows) -> Value:
    """Likers shared by two of its posts, over those shared if each post drew from all its likers at random."""
    shared, mean = _shared(audience)
    return ops.over(shared * audience.count(), mean * mean)


def _shared(audience: Rows) -> tuple[Value, Value]:
    """Mean number of likers that two posts share, and of likes of a post."""
    likes, posts = ops.number(audience.n.sum()), ops.number(audience.posts.max())
    return ops.over(ops.number(audience.square.sum()) - likes, posts * (posts - 1)), ops.over(likes, posts)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="{value:.0%} of its likes are from accounts that do not follow it (usual: {usual})",
    source="NEW",
    example=eg(0.375, events=(*FANS, "ann follows me")),
)
def likes_from_strangers(following_likers: Rows) -> Value:
    """Share of its likes from accounts that do not follow it."""
    apart = ops.when(following_likers.follows, 0, following_likers.n)
    return ops.over(apart.sum(), following_likers.n.sum())
