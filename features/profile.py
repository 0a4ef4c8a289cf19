"""Family `profile`: the counters of a profile, and which of its fields are filled in."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "profile"
LIMITS = (2000, 5000, 7500)  # where Twitter and Instagram stop an account from following more
MANY = 200  # accounts followed, above which being followed back is a habit and not a coincidence


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
    return profile.followers_count


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing="no number of accounts it follows",
    evade="free",
    says="it follows {value:,.0f} accounts (usual: {usual})",
    source="SGBot",
    example=eg(80, following_count=80),
)
def following(profile: Rows) -> Value:
    """Accounts it followed when the profile was read."""
    return profile.following_count


@feature(
    unit="posts",
    low=0,
    high=inf,
    missing="no number of posts",
    evade="cheap",
    says="it has published {value:,.0f} posts (usual: {usual})",
    source="SGBot",
    example=eg(7, posts_count=7),
)
def posts_published(profile: Rows) -> Value:
    """Posts it had published when the profile was read."""
    return profile.posts_count


@feature(
    unit="likes",
    low=0,
    high=inf,
    missing="no number of likes given",
    evade="cheap",
    says="it has given {value:,.0f} likes (usual: {usual})",
    source="SGBot",
    example=eg(40, likes_given_count=40),
)
def likes_given(profile: Rows) -> Value:
    """Likes it had given when the profile was read."""
    return profile.likes_given_count


@feature(
    unit="lists",
    low=0,
    high=inf,
    missing="no number of lists",
    evade="rented",
    says="it is on {value:,.0f} lists (usual: {usual})",
    source="SGBot",
    example=eg(3, listed_count=3),
)
def lists(profile: Rows) -> Value:
    """Lists others had put it on when the profile was read."""
    return profile.listed_count


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


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="unknown whether it is verified",
    evade="expensive",
    says="verified by the platform: {value:.0f} (usual: {usual})",
    source="SGBot",
    example=eg(1, verified=True),
    reserved="some platforms verify for money, and some data sets hold verified accounts on one side only",
)
def is_verified(profile: Rows) -> Value:
    """Whether the platform vouches for its identity."""
    return ops.flag(profile.verified)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="unknown whether it is protected",
    evade="free",
    says="only approved followers see its posts: {value:.0f} (usual: {usual})",
    source="instafake",
    example=eg(0, protected=False),
)
def is_protected(profile: Rows) -> Value:
    """Whether only approved followers see its posts."""
    return ops.flag(profile.protected)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="unknown whether it has a picture",
    evade="free",
    says="a profile picture of its own: {value:.0f} (usual: {usual})",
    source="SGBot",
    example=eg(1, has_avatar=True),
)
def has_picture(profile: Rows) -> Value:
    """Whether it has a profile picture of its own."""
    return ops.flag(profile.has_avatar)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="unknown whether it has a banner",
    evade="free",
    says="a banner of its own: {value:.0f} (usual: {usual})",
    source="tweetbotornot2",
    example=eg(0, has_banner=False),
)
def has_banner(profile: Rows) -> Value:
    """Whether it has a banner picture of its own."""
    return ops.flag(profile.has_banner)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="the link was not read",
    evade="free",
    says="a link in the profile: {value:.0f} (usual: {usual})",
    source="Kouvela",
    example=eg(1, url="https://example.org"),
)
def has_link(profile: Rows) -> Value:
    """Whether the profile links to a page; an empty link is none, a null one is unknown."""
    return ops.flag(ops.length(profile.url.strip()) > 0)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="the place was not read",
    evade="free",
    says="a place in the profile: {value:.0f} (usual: {usual})",
    source="BotHunter",
    example=eg(0, location=""),
)
def has_location(profile: Rows) -> Value:
    """Whether the profile names a place; an empty place is none, a null one is unknown."""
    return ops.flag(ops.length(profile.location.strip()) > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than two of bio, picture, banner, link and place are known",
    evade="free",
    says="{value:.0%} of the profile's fields are filled in (usual: {usual})",
    source="Kouvela",
    example=eg(0.75, description="I paint", has_avatar=True, has_banner=False, url="https://example.org"),
)
def completeness(profile: Rows) -> Value:
    """Share of bio, picture, banner, link and place that are filled in, among those that are known."""
    filled = [
        ops.flag(ops.length(profile.description.strip()) > 0),
        ops.flag(profile.has_avatar),
        ops.flag(profile.has_banner),
        ops.flag(ops.length(profile.url.strip()) > 0),
        ops.flag(ops.length(profile.location.strip()) > 0),
    ]
    known = ops.number(sum((f.notnull().cast("int64") for f in filled[1:]), filled[0].notnull().cast("int64")))
    there = sum((ops.either(f, 0.0) for f in filled[1:]), ops.either(filled[0], 0.0))
    return ops.when(known >= 2, ops.over(there, known))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than two counters are known",
    evade="cheap",
    says="{value:.0%} of its counters are zero (usual: {usual})",
    source="NEW",
    example=eg(0.5, followers_count=0, following_count=90, posts_count=0, likes_given_count=4),
)
def zero_counters(profile: Rows) -> Value:
    """Share of followers, following, posts and likes given that are zero, among those that are known."""
    counts = [profile[c] for c in ("followers_count", "following_count", "posts_count", "likes_given_count")]
    known = sum((c.notnull().cast("int64") for c in counts[1:]), counts[0].notnull().cast("int64"))
    zeros = sum((ops.either(ops.flag(c == 0), 0.0) for c in counts[1:]), ops.either(ops.flag(counts[0] == 0), 0.0))
    return ops.when(known >= 2, ops.over(zeros, known))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="it follows fewer than 200 accounts, or followers are unknown",
    evade="rented",
    says="followers amount to {value:.0%} of those it follows, capped at 100% (usual: {usual})",
    source="bluesky-starter-packs",
    example=eg(0.25, followers_count=100, following_count=400),
)
def followed_back(profile: Rows) -> Value:
    """Followers over accounts followed, at most 1, for accounts that follow many."""
    share = ops.clip(ops.over(profile.followers_count, profile.following_count), 0.0, 1.0)
    return ops.when(profile.following_count >= MANY, share)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="no number of accounts it follows",
    evade="free",
    says="stopped just below a limit on following: {value:.0f} (usual: {usual})",
    source="NEW",
    example=eg(1, following_count=1998),
)
def at_following_limit(profile: Rows) -> Value:
    """Whether it follows 2,000, 5,000 or 7,500 accounts, or up to 2% fewer: where platforms stop mass following."""
    near = [(profile.following_count <= m + 1) & (profile.following_count >= 0.98 * m) for m in LIMITS]
    return ops.flag(near[0] | near[1] | near[2])


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="fewer than two counters are 20 or more",
    evade="cheap",
    says="all its larger counters are round: {value:.0f} (usual: {usual})",
    source="NEW",
    example=eg(0, followers_count=500, following_count=87, posts_count=3),
)
def round_counters(profile: Rows) -> Value:
    """Whether followers, following and posts of 20 or more are all multiples of ten."""
    counts = [ops.either(profile[c], 0) for c in ("followers_count", "following_count", "posts_count")]
    large = sum(((c >= 20).cast("int64") for c in counts[1:]), (counts[0] >= 20).cast("int64"))
    odd = [(c >= 20) & (c % 10 != 0) for c in counts]
    return ops.when(large >= 2, ops.flag(~(odd[0] | odd[1] | odd[2])))
