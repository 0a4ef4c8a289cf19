"""Family `profile`: counters against those of comparable training accounts."""

from __future__ import annotations

from features.declare import Rows, Value, eg, feature

FAMILY = "profile"
FEW = "a counter is unknown, or fewer than 30 training accounts have both"
# Half of the others have 0 and half have e^2 - 1 = 6.389 ~ 6: ln 7 = 1.9459, so mean 0.97296 and spread 0.97296.
OTHERS = (
    {"followers_count": 0, "following_count": 9, "posts_count": 9},
    {"followers_count": 6, "following_count": 9, "posts_count": 9},
)


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing=FEW,
    evade="rented",
    says="its followers are {value:+.1f} sd from those of accounts that follow as many (usual: {usual})",
    source="NEW",
    example=eg(1, followers_count=6, following_count=9, others=OTHERS * 20),
)
def followers_for_following(standing: Rows) -> Value:
    """Standard deviations of log followers above training accounts that follow as many, at most 10."""
    return standing.followers_for_following


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing=FEW,
    evade="rented",
    says="its followers are {value:+.1f} sd from those of accounts that post as much (usual: {usual})",
    source="NEW",
    example=eg(-1, followers_count=0, posts_count=9, others=OTHERS * 20),
)
def followers_for_posts(standing: Rows) -> Value:
    """Standard deviations of log followers above training accounts with as many posts, at most 10."""
    return standing.followers_for_posts


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing=FEW,
    evade="cheap",
    says="its posts are {value:+.1f} sd from those of accounts as old (usual: {usual})",
    source="NEW",
    example=eg(
        0,
        posts_count=9,
        created_at="2024-01-01",
        observed_at="2024-02-01",
        others=({"posts_count": 9, "created_at": "2024-01-01", "observed_at": "2024-02-01"},) * 30,
    ),
)
def posts_for_age(standing: Rows) -> Value:
    """Standard deviations of log posts above training accounts as old, at most 10."""
    return standing.posts_for_age


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing=FEW,
    evade="cheap",
    says="the number it follows is {value:+.1f} sd from that of accounts as old (usual: {usual})",
    source="NEW",
    example=eg(
        0,
        following_count=9,
        created_at="2024-01-01",
        observed_at="2024-02-01",
        others=({"following_count": 9, "created_at": "2024-01-01", "observed_at": "2024-02-01"},) * 30,
    ),
)
def following_for_age(standing: Rows) -> Value:
    """Standard deviations of log accounts followed above training accounts as old, at most 10."""
    return standing.following_for_age


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing=FEW,
    evade="cheap",
    says="the likes it gave are {value:+.1f} sd from those of accounts that post as much (usual: {usual})",
    source="NEW",
    example=eg(
        1,
        likes_given_count=6,
        posts_count=9,
        others=({"likes_given_count": 0, "posts_count": 9}, {"likes_given_count": 6, "posts_count": 9}) * 20,
    ),
)
def likes_given_for_posts(standing: Rows) -> Value:
    """Standard deviations of log likes given above training accounts with as many posts, at most 10."""
    return standing.likes_given_for_posts


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing=FEW,
    evade="rented",
    says="the lists it is on are {value:+.1f} sd from those of accounts with as many followers (usual: {usual})",
    source="NEW",
    example=eg(
        -1,
        listed_count=0,
        followers_count=9,
        others=({"listed_count": 0, "followers_count": 9}, {"listed_count": 6, "followers_count": 9}) * 20,
    ),
)
def lists_for_followers(standing: Rows) -> Value:
    """Standard deviations of log lists above training accounts with as many followers, at most 10."""
    return standing.lists_for_followers
