"""Family `received`: what posts received, and whether it fits together."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "received"


def _liked(*likes: int, **more: int) -> list[dict[str, int]]:
    """Posts of an example with these likes, and the same other numbers."""
    return [{"likes_count": n, **more} for n in likes]


@feature(
    unit="likes",
    low=0,
    high=inf,
    missing=1,
    evade="rented",
    says="half of its posts receive {value:,.0f} likes or more (usual: {usual})",
    source="HypeAuditor",
    example=eg(10, posts=_liked(8, 10, 30)),
)
def likes_median(liked_posts: Rows) -> Value:
    """Median number of likes of its own posts."""
    return liked_posts.likes.median()


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no post with a known number of likes, or no number of followers",
    evade="rented",
    says="a post receives {value:.3g} likes per follower (usual: {usual})",
    source="HypeAuditor",
    # ln 4 = 1.386294 on average, so e^1.386294 - 1 = 3 likes, over 100.
    example=eg(0.03, followers_count=99, posts=_liked(3, 3)),
)
def likes_per_follower(receiving: Rows) -> Value:
    """Geometric mean of the likes of its posts, over followers plus 1."""
    return ops.rounded((receiving.log_likes.exp() - 1) / receiving.log_followers.exp())


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no post with a known number of likes and comments",
    evade="rented",
    says="its posts receive {value:.3g} comments for each like (usual: {usual})",
    source="HypeAuditor",
    # Totals: 4 comments and 19 likes.
    example=eg(0.25, posts=_liked(9, 10, comments_count=2)),
)
def comments_per_like(liked_posts: Rows) -> Value:
    """Comments over likes of all its posts, each plus 1."""
    return ops.ratio(liked_posts.comments.sum(), liked_posts.likes.sum())


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing="no post with a known number of likes and reposts",
    evade="rented",
    says="its posts are shared {value:.3g} times for each like (usual: {usual})",
    source="NEW",
    example=eg(0.25, posts=_liked(9, 10, reposts_count=2)),
)
def reposts_per_like(liked_posts: Rows) -> Value:
    """Reposts over likes of all its posts, each plus 1."""
    return ops.ratio(liked_posts.reposts.sum(), liked_posts.likes.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="rented",
    says="{value:.0%} of its posts receive no like (usual: {usual})",
    source="NEW",
    example=eg(2 / 3, posts=_liked(0, 5, 0)),
)
def unliked_share(liked_posts: Rows) -> Value:
    """Share of its own posts without any like."""
    return ops.share(liked_posts.likes == 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 posts with a known number of likes and of comments",
    evade="rented",
    says="{value:.0%} of its posts receive no comment (usual: {usual})",
    source="NEW",
    example=eg(1, posts=_liked(1, 5, 2, comments_count=0)),
)
def uncommented_share(liked_posts: Rows) -> Value:
    """Share of its own posts without any comment."""
    return ops.when(liked_posts.comments.count() >= 3, ops.share(liked_posts.comments == 0))


@feature(
    unit="nats",
    low=0,
    high=50,
    missing=3,
    evade="rented",
    says="the logarithms of its likes spread by {value:.2f} (usual: {usual})",
    source="NEW",
    # ln 1, ln 1 and ln 8: mean ln 2, deviations 1, 1 and 2 times ln 2.
    example=eg(0.980258, posts=_liked(0, 0, 7)),
)
def likes_spread(liked_posts: Rows) -> Value:
    """Standard deviation of ln(1 + likes) over its posts: bought likes come in like amounts."""
    return ops.sd_of_logs(liked_posts.log_likes)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 posts with a known number of likes, or none was liked",
    evade="rented",
    says="{value:.0%} of all its likes are on one post (usual: {usual})",
    source="NEW",
    example=eg(0.6, posts=_liked(10, 30, 10)),
)
def top_post_share(liked_posts: Rows) -> Value:
    """Share of all likes that its most liked post received."""
    return ops.when(liked_posts.count() >= 3, ops.top_share(liked_posts.likes))


@feature(
    unit="correlation",
    low=-1,
    high=1,
    missing="fewer than 5 posts with a known number of likes and of comments",
    evade="rented",
    says="more likes go with more comments by {value:+.2f} (usual: {usual})",
    source="NEW",
    # Comments are the likes, so the two go together exactly.
    example=eg(1, posts=[{"likes_count": n, "comments_count": n} for n in (1, 5, 9, 20, 44)]),
)
def likes_comments_correlation(liked_posts: Rows) -> Value:
    """Correlation of the logarithms of likes and comments over its posts; 0 when one does not vary."""
    known = liked_posts.comments.notnull()
    together = ops.correlation(ops.when(known, liked_posts.log_likes), liked_posts.log_comments)
    return ops.when(liked_posts.comments.count() >= 5, together)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="rented",
    says="{value:.0%} of its posts have a number of likes next to a multiple of 50 (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=_liked(100, 151, 177, 230)),
)
def round_likes_share(big_posts: Rows) -> Value:
    """Share of posts with 50 likes or more whose likes lie within 1 of a multiple of 50; 6% by chance."""
    return ops.share((big_posts.likes % 50 <= 1) | (big_posts.likes % 50 == 49))


@feature(
    unit="ratio",
    low=0,
    high=inf,
    missing=1,
    evade="rented",
    says="its posts receive {value:.3g} likes for each time they are shown (usual: {usual})",
    source="Sen 2018",
    # (9 + 10 + 1) / (99 + 100 + 1).
    example=eg(0.1, posts=[*_liked(9, views_count=99), *_liked(10, views_count=100)]),
)
def likes_per_view(viewed_posts: Rows) -> Value:
    """Likes over views of all its posts, each plus 1."""
    return ops.ratio(viewed_posts.likes.sum(), viewed_posts.views.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="rented",
    says="{value:.0%} of its posts have more likes than views (usual: {usual})",
    source="Sen 2018",
    example=eg(0.5, posts=[{"likes_count": 9, "views_count": 3}, {"likes_count": 9, "views_count": 300}]),
)
def more_likes_than_views_share(viewed_posts: Rows) -> Value:
    """Share of posts liked more often than they were shown."""
    return ops.share(viewed_posts.likes > viewed_posts.views)


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing="no likes or followers are known, or fewer than 30 training accounts have both",
    evade="rented",
    says="likes on its posts are {value:+.1f} sd from those of accounts with as many followers (usual: {usual})",
    source="NEW",
    example=eg(
        0,
        followers_count=99,
        posts=_liked(3, 3),
        others=({"followers_count": 99, "posts": ({"likes_count": 3},)},) * 30,
    ),
)
def likes_for_followers(reception: Rows) -> Value:
    """Standard deviations of mean log likes above training accounts with as many followers, at most 10."""
    return reception.likes_for_followers


@feature(
    unit="sd",
    low=-10,
    high=10,
    missing="no likes or comments are known, or fewer than 30 training accounts have both",
    evade="rented",
    says="comments on its posts are {value:+.1f} sd from those of accounts with as many likes (usual: {usual})",
    source="NEW",
    example=eg(
        0,
        posts=_liked(3, 3, comments_count=1),
        others=({"posts": ({"likes_count": 3, "comments_count": 1},)},) * 30,
    ),
)
def comments_for_likes(reception: Rows) -> Value:
    """Standard deviations of mean log comments above training accounts with as many likes, at most 10."""
    return reception.comments_for_likes
