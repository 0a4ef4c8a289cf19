"""Family `neighbours`: what kind of accounts like its posts and follow it, and whose posts it likes."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "neighbours"

FIVE = tuple(f"{who} likes me.1 +{i}m" for i, who in enumerate("abcde", 1))


def _fans(*columns: Mapping[str, object]) -> tuple[dict[str, object], ...]:
    """Profiles of a, b, c, ... of an example."""
    return tuple({"account_id": who, **given} for who, given in zip("abcde", columns, strict=False))


YOUNG, OLD = {"created_at": "2024-01-22"}, {"created_at": "2014-01-01"}  # ten days, and ten years


@feature(
    unit="days",
    low=0,
    high=inf,
    missing="no liker whose opening is known",
    evade="rented",
    population=True,
    says="its likers are {value:,.0f} days old (usual: {usual})",
    source="StarScout",
    # Two of 10 days: the geometric mean of days plus one, less one.
    example=eg(10, events=FIVE, others=_fans(YOUNG, YOUNG)),
)
def fans_age(fans: Rows) -> Value:
    """Geometric mean of the ages of the accounts that liked its posts."""
    return ops.rounded(ops.mean(fans.log_age).exp() - 1)


@feature(
    unit="log days",
    low=0,
    high=inf,
    missing="no liker whose opening is known",
    evade="rented",
    population=True,
    says="the logarithms of the ages of its likers vary by {value:.2f} (usual: {usual})",
    source="StarScout",
    example=eg(0, events=FIVE, others=_fans(OLD, OLD)),
)
def fans_age_spread(fans: Rows) -> Value:
    """Standard deviation of the logarithms of the ages of its likers."""
    return ops.sd_of_logs(fans.log_age)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no liker whose opening is known",
    evade="rented",
    population=True,
    says="{value:.0%} of its likers are younger than 30 days (usual: {usual})",
    source="fake-star-audit",
    example=eg(0.25, events=FIVE, others=_fans(YOUNG, OLD, OLD, OLD)),
)
def fans_young(fans: Rows) -> Value:
    """Share of its likers that are younger than 30 days."""
    return ops.share(fans.young)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 likers whose opening is known",
    evade="rented",
    population=True,
    says="{value:.0%} of its likers were opened on one and the same day (usual: {usual})",
    source="LinkedIn clusters",
    example=eg(0.6, events=FIVE, others=_fans(YOUNG, YOUNG, YOUNG, OLD, {"created_at": "2020-01-01"})),
)
def fans_cohort(fan_cohorts: Rows) -> Value:
    """Largest share of its likers that were opened on the same day."""
    return ops.when(fan_cohorts.n.sum() >= 5, ops.top_share(fan_cohorts.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no liker with a known picture",
    evade="rented",
    population=True,
    says="{value:.0%} of its likers have no picture (usual: {usual})",
    source="FriendBot",
    example=eg(0.5, events=FIVE, others=_fans({"has_avatar": True}, {"has_avatar": False})),
)
def fans_bare(fans: Rows) -> Value:
    """Share of its likers without a picture of their own."""
    return ops.share(fans.bare)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no liker whose number of followed accounts is known",
    evade="rented",
    population=True,
    says="{value:.0%} of its likers follow more than 1,500 accounts (usual: {usual})",
    source="HypeAuditor",
    example=eg(0.5, events=FIVE, others=_fans({"following_count": 2000}, {"following_count": 200})),
)
def fans_mass_following(fans: Rows) -> Value:
    """Share of its likers that follow more than 1,500 accounts."""
    return ops.share(fans.mass_following)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no liker whose profile is known",
    evade="rented",
    population=True,
    says="{value:.0%} of its likers have an empty profile (usual: {usual})",
    source="StarScout",
    example=eg(
        0.5,
        events=FIVE,
        others=_fans({"followers_count": 0, "following_count": 1}, {"followers_count": 9, "following_count": 1}),
    ),
)
def fans_empty(fans: Rows) -> Value:
    """Share of its likers with fewer than two followers, fewer than two followed accounts and no bio."""
    return ops.share(fans.empty)


@feature(
    unit="followers",
    low=0,
    high=inf,
    missing="no liker whose number of followers is known",
    evade="rented",
    population=True,
    says="its likers have {value:,.0f} followers (usual: {usual})",
    source="Sybil Edge",
    # The square root of 10 * 1000, less one.
    example=eg(99, events=FIVE, others=_fans({"followers_count": 9}, {"followers_count": 999})),
)
def fans_followers(fans: Rows) -> Value:
    """Geometric mean of the followers of its likers."""
    return ops.rounded(ops.mean(fans.log_followers).exp() - 1)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no liker whose counters are known",
    evade="rented",
    population=True,
    says="its likers follow {value:.3g} accounts for each follower (usual: {usual})",
    source="Sybil Edge",
    example=eg(10, events=FIVE, others=_fans({"followers_count": 9, "following_count": 99})),
)
def fans_following_ratio(fans: Rows) -> Value:
    """Geometric mean over its likers of accounts followed plus one, over followers plus one."""
    return ops.rounded(ops.mean(fans.log_following - fans.log_followers).exp())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="rented",
    population=True,
    says="{value:.0%} of its likers did next to nothing else (usual: {usual})",
    source="StarScout",
    # All but a, who acted three times.
    example=eg(0.8, events=(*FIVE, "a likes x.1 10:00", "a likes x.2 10:00")),
)
def fans_slight(fans: Rows) -> Value:
    """Share of its likers that acted at most twice in all, on a single day."""
    return ops.share(fans.slight)


@feature(
    unit="actions",
    low=0,
    high=inf,
    missing=3,
    evade="rented",
    population=True,
    says="its likers had acted {value:,.0f} times (usual: {usual})",
    source="Sybil Edge",
    # Four actions each.
    example=eg(4, events=(*FIVE, *(f"{who} likes x.{i} 1{i}:00" for who in "abcde" for i in (1, 2, 3)))),
)
def fans_actions(fans: Rows) -> Value:
    """Geometric mean of the actions of its likers until then."""
    return ops.rounded(ops.mean(fans.log_acts).exp() - 1)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="rented",
    population=True,
    says="{value:.0%} of its likers like, and do nothing else (usual: {usual})",
    source="NEW",
    # a likes ten more posts; the others have done too little to tell.
    example=eg(0.2, events=(*FIVE, *(f"a likes x.{i} 10:00" for i in range(1, 11)))),
)
def fans_only_like(fans: Rows) -> Value:
    """Share of its likers that acted at least ten times and only by likes."""
    return ops.share(fans.only_likes)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 likes",
    evade="expensive",
    population=True,
    says="{value:.0%} of its likes are from accounts that act together (usual: {usual})",
    source="FRAUDAR",
    # Of six likes five come from a group that likes six authors together.
    example=eg(
        0.833333,
        events=(
            *(f"z{i} likes y{i}x{k}.1 {k}:{i % 60:02d}" for i in range(30) for k in (1, 2, 3)),
            *(f"{w} likes {v}.1 +{10 * i}s" for v in ("me", *"vwxyz") for i, w in enumerate("abcde")),
            "q likes me.1 +3h",
        ),
    ),
)
def likes_from_groups(grouped_fans: Rows) -> Value:
    """Share of its likes from members of groups of accounts in lockstep."""
    inside = ops.when(grouped_fans.together >= 0, grouped_fans.n, 0).sum()
    return ops.when(grouped_fans.n.sum() >= 5, ops.over(inside, grouped_fans.n.sum()))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 likes",
    evade="expensive",
    population=True,
    says="{value:.0%} of its likes are from one group of accounts that act together (usual: {usual})",
    source="FRAUDAR",
    example=eg(0, events=FIVE),
)
def likes_from_one_group(grouped_fans: Rows) -> Value:
    """Largest share of its likes from one group of accounts in lockstep."""
    inside = ops.when(grouped_fans.together >= 0, grouped_fans.n, 0).max()
    return ops.when(grouped_fans.n.sum() >= 5, ops.over(inside, grouped_fans.n.sum()))


# --- whose posts it likes ------------------------------------------------------------------------------------------

THREE = tuple(f"me likes {who}.1 1{i}:00" for i, who in enumerate("abc"))


@feature(
    unit="followers",
    low=0,
    high=inf,
    missing="no author whose number of followers is known",
    evade="expensive",
    population=True,
    says="the authors it likes have {value:,.0f} followers (usual: {usual})",
    source="EvolveBot",
    example=eg(99, events=THREE, others=_fans({"followers_count": 9}, {"followers_count": 999})),
)
def idols_followers(idols: Rows) -> Value:
    """Geometric mean of the followers of the authors on whose posts it acts."""
    return ops.rounded(ops.mean(idols.log_followers).exp() - 1)


@feature(
    unit="log followers",
    low=0,
    high=inf,
    missing="no author whose number of followers is known",
    evade="expensive",
    population=True,
    says="the logarithms of the followers of the authors it likes vary by {value:.2f} (usual: {usual})",
    source="EvolveBot",
    # ln 10 and ln 1000: half of their distance.
    example=eg(2.302585, events=THREE, others=_fans({"followers_count": 9}, {"followers_count": 999})),
)
def idols_followers_spread(idols: Rows) -> Value:
    """Standard deviation of the logarithms of the followers of the authors on whose posts it acts."""
    return ops.sd_of_logs(idols.log_followers)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no author whose opening is known",
    evade="expensive",
    population=True,
    says="{value:.0%} of the authors it likes are younger than 30 days (usual: {usual})",
    source="EvolveBot",
    example=eg(0.333333, events=THREE, others=_fans(YOUNG, OLD, OLD)),
)
def idols_young(idols: Rows) -> Value:
    """Share of the authors on whose posts it acts that are younger than 30 days."""
    return ops.share(idols.young)


# --- who follows ---------------------------------------------------------------------------------------------------

FOLLOWED = (
    "a follows me 10:00",
    "b follows me 10:30",
    "c follows me 12:00",
    "d follows me 2024-01-09",
    "me follows a 9:00",
)


@feature(
    unit="days",
    low=0,
    high=inf,
    missing="no follower whose opening is known",
    evade="rented",
    population=True,
    says="its followers are {value:,.0f} days old (usual: {usual})",
    source="EvolveBot",
    example=eg(10, events=FOLLOWED, others=_fans(YOUNG, YOUNG)),
)
def followers_age(followers_known: Rows) -> Value:
    """Geometric mean of the ages of its followers."""
    return ops.rounded(ops.mean(followers_known.log_age).exp() - 1)


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no follower whose counters are known",
    evade="rented",
    population=True,
    says="its followers follow {value:.3g} accounts for each follower (usual: {usual})",
    source="EvolveBot",
    example=eg(10, events=FOLLOWED, others=_fans({"followers_count": 9, "following_count": 99})),
)
def followers_following_ratio(followers_known: Rows) -> Value:
    """Geometric mean over its followers of accounts followed plus one, over followers plus one."""
    return ops.rounded(ops.mean(followers_known.log_following - followers_known.log_followers).exp())


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no follower with a known picture",
    evade="rented",
    population=True,
    says="{value:.0%} of its followers have no picture (usual: {usual})",
    source="FriendBot",
    example=eg(0.5, events=FOLLOWED, others=_fans({"has_avatar": True}, {"has_avatar": False})),
)
def followers_bare(followers_known: Rows) -> Value:
    """Share of its followers without a picture of their own."""
    return ops.share(followers_known.bare)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 followers whose opening is known",
    evade="rented",
    population=True,
    says="{value:.0%} of its followers were opened on one and the same day (usual: {usual})",
    source="LinkedIn clusters",
    example=eg(0.8, events=(*FOLLOWED, "e follows me 11:00"), others=_fans(YOUNG, YOUNG, YOUNG, YOUNG, OLD)),
)
def followers_cohort(follower_cohorts: Rows) -> Value:
    """Largest share of its followers that were opened on the same day."""
    return ops.when(follower_cohorts.n.sum() >= 5, ops.top_share(follower_cohorts.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 dated follows",
    evade="rented",
    says="{value:.0%} of its followers came within one hour (usual: {usual})",
    source="HypeAuditor",
    example=eg(0.5, events=FOLLOWED),
)
def followers_burst(follower_hours: Rows) -> Value:
    """Largest share of dated follows it received within one hour (UTC)."""
    return ops.when(follower_hours.n.sum() >= 3, ops.top_share(follower_hours.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 dated follows",
    evade="cheap",
    says="{value:.0%} of the follows it gave came within one hour (usual: {usual})",
    source="NEW",
    example=eg(0.75, events=("me follows a 10:00", "me follows b 10:30", "me follows c 10:50", "me follows d 12:00")),
)
def following_burst(following_hours: Rows) -> Value:
    """Largest share of dated follows it gave within one hour (UTC)."""
    return ops.when(following_hours.n.sum() >= 3, ops.top_share(following_hours.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="{value:.0%} of the accounts it follows follow back (usual: {usual})",
    source="EvolveBot",
    example=eg(0.5, events=("me follows a 10:00", "me follows b 10:00", "a follows me 11:00")),
)
def follow_back_share(follow_backs: Rows) -> Value:
    """Share of the accounts it follows that follow back."""
    return ops.share(follow_backs.back)


@feature(
    unit="followers",
    low=0,
    high=inf,
    missing="no followed account whose number of followers is known",
    evade="cheap",
    population=True,
    says="the accounts it follows have {value:,.0f} followers (usual: {usual})",
    source="EvolveBot",
    example=eg(
        99,
        events=("me follows a 10:00", "me follows b 10:00"),
        others=_fans({"followers_count": 9}, {"followers_count": 999}),
    ),
)
def followed_followers(followed_known: Rows) -> Value:
    """Geometric mean of the followers of the accounts it follows."""
    return ops.rounded(ops.mean(followed_known.log_followers).exp() - 1)
