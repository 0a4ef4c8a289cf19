"""Family `activity`: how much an account posts, and the gaps between its posts."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "activity"


@feature(
    unit="posts",
    low=1,
    high=500,
    missing=1,
    evade="cheap",
    says="{value:.0f} of its posts were looked at (usual: {usual})",
    source="TwiBot-22",
    example=eg(3, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def posts_seen(past_posts: Rows) -> Value:
    """Posts in the 90 days before it was judged, at most 500: the evidence behind this family."""
    return past_posts.count()


@feature(
    unit="days",
    low=1,
    high=91,
    missing=1,
    evade="cheap",
    says="it posted on {value:.0f} of 90 days (usual: {usual})",
    source="NEW",
    example=eg(2, posts=["2024-01-01 10:00", "2024-01-01 11:00", "2024-01-05 10:00"]),
)
def days_with_posts(days: Rows) -> Value:
    """Days (UTC) with at least one post."""
    return days.count()


@feature(
    unit="posts",
    low=1,
    high=500,
    missing=1,
    evade="cheap",
    says="it publishes {value:.3g} posts on a day with posts (usual: {usual})",
    source="NEW",
    example=eg(1.5, posts=["2024-01-01 10:00", "2024-01-01 11:00", "2024-01-05 10:00"]),
)
def posts_per_active_day(days: Rows) -> Value:
    """Mean number of posts on days with posts."""
    return days.n.mean()


@feature(
    unit="posts",
    low=1,
    high=500,
    missing=1,
    evade="cheap",
    says="it published {value:.0f} posts on its busiest day (usual: {usual})",
    source="NEW",
    example=eg(2, posts=["2024-01-01 10:00", "2024-01-01 11:00", "2024-01-05 10:00"]),
)
def posts_on_busiest_day(days: Rows) -> Value:
    """Posts on the day (UTC) with the most."""
    return days.n.max()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="its posts per day vary by {value:.0%} of their mean (usual: {usual})",
    source="NEW",
    # 1, 1 and 4 posts: mean 2, standard deviation sqrt(2), over the mean 0.7071, squashed to 0.7071 / 1.7071.
    example=eg(
        0.414214,
        posts=["2024-01-01 10:00", "2024-01-02 10:00", *(f"2024-01-03 1{h}:00" for h in range(4))],
    ),
)
def daily_variation(days: Rows) -> Value:
    """Coefficient of variation cv of posts on days with posts, as cv / (1 + cv)."""
    cv = ops.over(ops.sd(days.n), days.n.mean())
    return cv / (1 + cv)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its days with posts fall on a weekend (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["2024-01-05 10:00", "2024-01-06 10:00"]),
)
def weekend_share(days: Rows) -> Value:
    """Share of days with posts that are Saturdays or Sundays (UTC)."""
    return ops.share(days.weekday >= 5)


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=1,
    evade="cheap",
    says="half of its posts follow the one before within {value:,.0f} s (usual: {usual})",
    source="tweetbotornot2",
    example=eg(150, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gap_median(gaps: Rows) -> Value:
    """Median gap between consecutive posts."""
    return gaps.gap_s.median()


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=1,
    evade="cheap",
    says="its two closest posts are {value:,.0f} s apart (usual: {usual})",
    source="tweetbotornot2",
    example=eg(3, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gap_shortest(gaps: Rows) -> Value:
    """Shortest gap between consecutive posts."""
    return gaps.gap_s.min()


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=1,
    evade="cheap",
    says="it was silent for at most {value:,.0f} s between posts (usual: {usual})",
    source="NEW",
    example=eg(297, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gap_longest(gaps: Rows) -> Value:
    """Longest gap between consecutive posts."""
    return gaps.gap_s.max()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="its longest silence is {value:.0%} of the time between its first and last post (usual: {usual})",
    source="NEW",
    example=eg(0.99, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def longest_gap_share(gaps: Rows) -> Value:
    """Longest gap over the sum of all gaps; 0 when all posts came at once."""
    return ops.either(ops.over(gaps.gap_s.max(), gaps.gap_s.sum()), 0.0)


@feature(
    unit="score",
    low=-1,
    high=1,
    missing=2,
    evade="cheap",
    says="its gaps have a burstiness of {value:+.2f}, -1 being a clock and +1 all at once (usual: {usual})",
    source="Goh-Barabasi",
    # Gaps of 3 s and 297 s: mean 150, standard deviation 147.
    example=eg(-3 / 297, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gap_burstiness(gaps: Rows) -> Value:
    """Spread of the gaps less their mean, over their sum; -1 when all gaps are equal."""
    spread, centre = ops.sd(gaps.gap_s), gaps.gap_s.mean()
    return ops.either(ops.over(spread - centre, spread + centre), -1.0)


@feature(
    unit="nats",
    low=0,
    high=20,
    missing=2,
    evade="cheap",
    says="the logarithms of its gaps spread by {value:.2f} (usual: {usual})",
    source="NEW",
    # ln 4 = 1.386294 and ln 298 = 5.697093: half their difference.
    example=eg(2.1554, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gap_spread(gaps: Rows) -> Value:
    """Standard deviation of the logarithm of 1 + gap in seconds."""
    return ops.sd_of_logs(gaps.log_gap)


@feature(
    unit="correlation",
    low=-1,
    high=1,
    missing=4,
    evade="cheap",
    says="a long gap follows a long one with correlation {value:+.2f} (usual: {usual})",
    source="Goh-Barabasi",
    # Gaps of 10 s and 1000 s in turn: every gap is the opposite of the one before.
    example=eg(-1, posts=["10:00:00", "10:00:10", "10:16:50", "10:17:00", "10:33:40", "10:33:50"]),
)
def gap_memory(gaps: Rows) -> Value:
    """Correlation of the logarithms of consecutive gaps; 0 when they do not vary."""
    known = gaps.gap_before_s.notnull()
    return ops.correlation(ops.when(known, gaps.log_gap), ops.when(known, gaps.log_gap_before))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its posts come within 5 s of the one before (usual: {usual})",
    source="QUT",
    example=eg(0.5, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gaps_under_5s(gaps: Rows) -> Value:
    """Share of gaps between consecutive posts that are shorter than 5 seconds."""
    return ops.share(gaps.gap_s < 5)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its posts come within a minute of the one before (usual: {usual})",
    source="QUT",
    example=eg(0.5, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gaps_under_60s(gaps: Rows) -> Value:
    """Share of gaps between consecutive posts that are shorter than a minute."""
    return ops.share(gaps.gap_s < 60)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its posts come an hour or more after the one before (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["10:00:00", "11:00:00", "11:05:00"]),
)
def gaps_over_1h(gaps: Rows) -> Value:
    """Share of gaps between consecutive posts of an hour or more."""
    return ops.share(gaps.gap_s >= 3600)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its gaps are as long as the one before (usual: {usual})",
    source="NEW",
    # Gaps of 600, 610 and 60 s: the second is within 10% of the first, the third not.
    example=eg(0.5, posts=["10:00:00", "10:10:00", "10:20:10", "10:21:10"]),
)
def steady_gaps(gaps: Rows) -> Value:
    """Share of gaps within 10% of the gap before."""
    return ops.share(ops.distance(gaps.gap_s, gaps.gap_before_s) <= 0.1 * gaps.gap_before_s)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its gaps have the same number of minutes (usual: {usual})",
    source="NEW",
    example=eg(2 / 3, posts=["10:00:00", "10:10:00", "10:20:10", "10:21:10"]),
)
def commonest_gap_share(gap_lengths: Rows) -> Value:
    """Share of the commonest gap, in whole minutes."""
    return ops.top_share(gap_lengths.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="its gaps take {value:.0%} as many lengths as they could (usual: {usual})",
    source="Kouvela",
    # Two gaps of 10 minutes and one of 1: (ln 3 - (2 ln 2) / 3) / ln 3.
    example=eg(0.579380, posts=["10:00:00", "10:10:00", "10:20:10", "10:21:10"]),
)
def gap_variety(gap_lengths: Rows) -> Value:
    """Entropy of the gaps in whole minutes over that of gaps that all differ."""
    return ops.evenness(gap_lengths.n, 500)
