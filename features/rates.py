"""Family `profile`: counters per day of age and per other counter, which travel better than the counters."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "profile"
YOUNG = "no opening date or no such counter"


@feature(
    unit="per day",
    low=0,
    high=inf,
    missing=YOUNG,
    evade="rented",
    says="it gained {value:.3g} followers per day of its age (usual: {usual})",
    source="SGBot",
    example=eg(0.5, followers_count=50, created_at="2024-01-01", observed_at="2024-04-10"),
)
def followers_per_day(profile: Rows) -> Value:
    """Followers per day of age."""
    return ops.over(profile.followers_count, profile.age_days)


@feature(
    unit="per day",
    low=0,
    high=inf,
    missing=YOUNG,
    evade="cheap",
    says="it followed {value:.3g} accounts per day of its age (usual: {usual})",
    source="SGBot",
    example=eg(2, following_count=200, created_at="2024-01-01", observed_at="2024-04-10"),
)
def following_per_day(profile: Rows) -> Value:
    """Accounts followed per day of age."""
    return ops.over(profile.following_count, profile.age_days)


@feature(
    unit="per day",
    low=0,
    high=inf,
    missing=YOUNG,
    evade="cheap",
    says="it published {value:.3g} posts per day of its age (usual: {usual})",
    source="SGBot",
    example=eg(10, posts_count=1000, created_at="2024-01-01", observed_at="2024-04-10"),
)
def posts_per_day(profile: Rows) -> Value:
    """Posts per day of age."""
    return ops.over(profile.posts_count, profile.age_days)


@feature(
    unit="per day",
    low=0,
    high=inf,
    missing=YOUNG,
    evade="cheap",
    says="it gave {value:.3g} likes per day of its age (usual: {usual})",
    source="SGBot",
    example=eg(1.5, likes_given_count=150, created_at="2024-01-01", observed_at="2024-04-10"),
)
def likes_given_per_day(profile: Rows) -> Value:
    """Likes given per day of age."""
    return ops.over(profile.likes_given_count, profile.age_days)


@feature(
    unit="per day",
    low=0,
    high=inf,
    missing=YOUNG,
    evade="rented",
    says="it was put on {value:.3g} lists per day of its age (usual: {usual})",
    source="SGBot",
    example=eg(0.05, listed_count=5, created_at="2024-01-01", observed_at="2024-04-10"),
)
def lists_per_day(profile: Rows) -> Value:
    """Lists it is on, per day of age."""
    return ops.over(profile.listed_count, profile.age_days)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no number of followers or of accounts it follows",
    evade="rented",
    says="it has {value:.3g} followers for each account it follows (usual: {usual})",
    source="SGBot",
    example=eg(0.5, followers_count=49, following_count=99),
)
def followers_per_following(profile: Rows) -> Value:
    """Followers over accounts followed, each plus 1."""
    return ops.ratio(profile.followers_count, profile.following_count)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no number of likes given or of posts",
    evade="cheap",
    says="it gave {value:.3g} likes for each of its posts (usual: {usual})",
    source="NEW",
    example=eg(3, likes_given_count=29, posts_count=9),
)
def likes_given_per_post(profile: Rows) -> Value:
    """Likes given over posts published, each plus 1."""
    return ops.ratio(profile.likes_given_count, profile.posts_count)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no number of followers or of posts",
    evade="rented",
    says="it has {value:.3g} followers for each of its posts (usual: {usual})",
    source="NEW",
    example=eg(10, followers_count=99, posts_count=9),
)
def followers_per_post(profile: Rows) -> Value:
    """Followers over posts published, each plus 1."""
    return ops.ratio(profile.followers_count, profile.posts_count)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no number of accounts it follows or of posts",
    evade="cheap",
    says="it follows {value:.3g} accounts for each of its posts (usual: {usual})",
    source="NEW",
    example=eg(20, following_count=199, posts_count=9),
)
def following_per_post(profile: Rows) -> Value:
    """Accounts followed over posts published, each plus 1."""
    return ops.ratio(profile.following_count, profile.posts_count)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no number of lists or of followers",
    evade="rented",
    says="it is on {value:.3g} lists for each follower (usual: {usual})",
    source="NEW",
    example=eg(0.1, listed_count=9, followers_count=99),
)
def lists_per_follower(profile: Rows) -> Value:
    """Lists it is on over followers, each plus 1."""
    return ops.ratio(profile.listed_count, profile.followers_count)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no number of likes given or of accounts it follows",
    evade="cheap",
    says="it gave {value:.3g} likes for each account it follows (usual: {usual})",
    source="NEW",
    example=eg(0.5, likes_given_count=49, following_count=99),
)
def likes_given_per_following(profile: Rows) -> Value:
    """Likes given over accounts followed, each plus 1: bought followers follow and never like."""
    return ops.ratio(profile.likes_given_count, profile.following_count)
