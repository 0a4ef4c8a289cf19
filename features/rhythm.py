"""Family `activity`: at which times of the day, the hour and the minute an account posts."""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "activity"
LN_24 = 3.1780538303479458


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="its posts spread over the hours of the day by {value:.0%} (usual: {usual})",
    source="Varol family",
    # Three posts in one hour and three in another: ln 2 / ln 24.
    example=eg(0.218104, posts=["10:00", "10:20", "10:40", "13:00", "13:20", "13:40"]),
)
def hour_entropy(hours: Rows) -> Value:
    """Entropy of the hour of the day (UTC) over that of even posting."""
    return ops.entropy(hours.n) / LN_24


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its posts fall in its busiest hour of the day (usual: {usual})",
    source="Varol family",
    example=eg(2 / 3, posts=["10:00", "10:20", "10:30", "10:40", "13:00", "13:20"]),
)
def busiest_hour_share(hours: Rows) -> Value:
    """Share of posts in the hour of the day (UTC) with the most."""
    return ops.top_share(hours.n)


@feature(
    unit="hours",
    low=0,
    high=23,
    missing=5,
    evade="cheap",
    says="it keeps {value:.0f} hours of the day free of posts in a row (usual: {usual})",
    source="NEW",
    # Posts in the hours 10 and 13: hours 14 to 9 are free, around midnight.
    example=eg(20, posts=["10:00", "10:20", "10:30", "10:40", "13:00", "13:20"]),
)
def quiet_hours(hours: Rows) -> Value:
    """Longest run of hours of the day without any post, around midnight as well: sleep, or its absence."""
    inside = ops.either((hours.hour - hours.hour_before).max(), 1)
    around = hours.hour.min() + 24 - hours.hour.max()
    return ops.largest(inside, around) - 1


@feature(
    unit="hours",
    low=1,
    high=24,
    missing=5,
    evade="cheap",
    says="it posts in {value:.0f} different hours of the day (usual: {usual})",
    source="NEW",
    example=eg(2, posts=["10:00", "10:20", "10:30", "10:40", "13:00"]),
)
def hours_used(hours: Rows) -> Value:
    """Hours of the day (UTC) with at least one post."""
    return hours.count()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its posts fall in one quarter of an hour of the day (usual: {usual})",
    source="tweetbotornot2",
    example=eg(0.6, posts=["10:00", "10:05", "10:10", "10:40", "13:00"]),
)
def busiest_quarter_share(quarters: Rows) -> Value:
    """Share of posts in the quarter of an hour of the day with the most."""
    return ops.top_share(quarters.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="its posts fall in {value:.0%} as many quarters of an hour as they could (usual: {usual})",
    source="tweetbotornot2",
    example=eg(0.6, posts=["10:00", "10:05", "10:10", "10:40", "13:00"]),
)
def quarters_used_share(quarters: Rows) -> Value:
    """Different quarters of an hour of the day over posts, at most 96."""
    return ops.over(quarters.count(), ops.smallest(quarters.n.sum(), 96))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="its posts spread over the minutes of the hour by {value:.0%} of what they could (usual: {usual})",
    source="NEW",
    # Always at minute 0 or 30, three and three: ln 2 over the ln 6 that six posts could reach.
    example=eg(0.386853, posts=["10:00", "11:00", "12:30", "13:00", "14:30", "15:30"]),
)
def minute_entropy(minutes: Rows) -> Value:
    """Entropy of the minute of the hour over the most that as many posts, or 60 minutes, allow."""
    return ops.evenness(minutes.n, 60)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its posts fall in one minute of the hour (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["10:00", "11:00", "12:30", "13:00", "14:31", "15:32"]),
)
def busiest_minute_share(minutes: Rows) -> Value:
    """Share of posts in the minute of the hour with the most: the mark of a timetable."""
    return ops.top_share(minutes.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its posts fall within a minute after a quarter of an hour (usual: {usual})",
    source="NEW",
    example=eg(0.6, posts=["10:00:00", "11:15:59", "12:30:30", "13:01:00", "14:32:00"]),
)
def on_quarter_share(past_posts: Rows) -> Value:
    """Share of posts in the first minute of a quarter of an hour; 7% by chance."""
    return ops.share(ops.second_of_day(past_posts.at_s) % 900 < 60)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its posts fall on second 0 of a minute (usual: {usual})",
    source="NEW",
    example=eg(0.2, posts=["10:00:00", "11:15:59", "12:30:30", "13:01:05", "14:32:07"]),
)
def on_minute_share(past_posts: Rows) -> Value:
    """Share of posts on the exact minute; 2% by chance."""
    return ops.share(past_posts.at_s % 60 == 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="its posts fall on seconds of the minute that differ by {value:.0%} of what they could (usual: {usual})",
    source="NEW",
    # Five posts, all on second 7.
    example=eg(0, posts=["10:00:07", "11:15:07", "12:30:07", "13:01:07", "14:32:07"]),
)
def second_entropy(second_counts: Rows) -> Value:
    """Entropy of the second of the minute over the most that as many posts, or 60 seconds, allow."""
    return ops.evenness(second_counts.n, 60)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its posts fall between midnight and 6 o'clock UTC (usual: {usual})",
    source="NEW",
    example=eg(0.2, posts=["03:00", "10:20", "10:30", "10:40", "13:00"]),
)
def night_share(past_posts: Rows) -> Value:
    """Share of posts from midnight to 6 in the morning, UTC."""
    return ops.share(ops.hour(past_posts.at_s) < 6)
