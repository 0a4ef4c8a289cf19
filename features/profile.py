"""Family `profile`: what the profile and its counters say."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing="no number of followers",
    evade="rented",
    says="it has {value:,.0f} followers (usual: {usual})",
    source="SGBot",
    example=eg(120, followers_count=120),
)
def followers(profile: Rows) -> Value:
    """Followers when the profile was read."""
    return ops.number(profile.followers_count)


@feature(
    unit="days",
    low=1,
    high=inf,
    missing="no opening date, or one after the profile was read",
    evade="rented",
    says="it is {value:,.0f} days old (usual: {usual})",
    source="BotHunter",
    example=eg(31, created_at="2024-01-01", observed_at="2024-02-01"),
)
def age_days(profile: Rows) -> Value:
    """Days from the opening of the account to the reading of its profile, at least 1."""
    return profile.age_days
