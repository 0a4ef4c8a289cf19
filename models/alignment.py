"""Numbers that do not align: what each ratio of a creator says, beside the people it is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass

FAR = 0.95  # percentile from which on, at the end where pumped numbers lie, a ratio is worth a look
SCOPES = {
    "near": "accounts of similar size and age",
    "size": "accounts of similar size",
    "all": "accounts of the platform",
}


@dataclass(frozen=True)
class Ratio:
    """A number that pumping moves, the end where pumped numbers lie, and how it is said."""

    name: str
    title: str
    end: str  # high or low
    says: str  # with {value}
    resembles: str  # what such a number resembles, and what else makes it
    per: float = 1.0  # the value is said in these units
    least: float = 0.0  # a value below this is nothing odd, whatever its percentile


RATIOS: dict[str, Ratio] = {
    r.name: r
    for r in (
        Ratio(
            "engagement_vs_audience",
            "Engagement against audience",
            "high",
            "{value:.3g} likes and comments on a post for 100 followers",
            "This resembles bought likes; a post that spread would do it too.",
            100,
        ),
        Ratio(
            "comments_vs_likes",
            "Comments against likes",
            "low",
            "{value:.3g} comments for 100 likes",
            "This resembles bought likes; posts that need no answer do it too.",
            100,
        ),
        Ratio(
            "likes_vs_views",
            "Likes against views",
            "high",
            "{value:.3g} likes for 100 views",
            "This resembles likes by software that opens no post; a faithful audience does it too.",
            100,
        ),
        Ratio(
            "growth_without_posts",
            "Growth without posts",
            "high",
            "{value:.3g} new followers in 90 days for each post of these days and one more",
            "This resembles bought followers; being named by somebody well-known does it too.",
            # Where most gain nobody, a single new follower is more than 95% have.
            least=10,
        ),
        # Where nobody knows since when people follow. It is another number, so it has ranks of its own.
        Ratio(
            "followers_vs_posts",
            "Followers against posts",
            "high",
            "{value:.3g} followers in all for each post ever written and one more; since when they follow is unknown",
            "This resembles bought followers; being well-known from elsewhere, or deleting posts, does it too.",
        ),
    )
}


def stands_out(name: str, percentile: float | None, value: float = math.inf) -> bool:
    """Whether a ratio lies far out at the end where pumped numbers lie, and is large enough to be odd."""
    if percentile is None or value < RATIOS[name].least:
        return False
    return percentile >= FAR if RATIOS[name].end == "high" else percentile <= 1 - FAR


def sentence(name: str, value: float, percentile: float | None, peers: int | None, scope: str | None) -> str:
    """The ratio in words, with its percentile among its peers; never more than a resemblance."""
    ratio = RATIOS[name]
    said = ratio.says.format(value=value * ratio.per)
    if percentile is None or not peers or scope is None:
        return f"{said}; there are too few people to compare with."
    share, word = (percentile, "more") if ratio.end == "high" else (1 - percentile, "fewer")
    whom = f"all {peers:,}" if share >= 0.995 else f"{share:.0%} of {peers:,}"
    told = f"{said}: {word} than {whom} {SCOPES[scope]}."
    return f"{told} {ratio.resembles}" if stands_out(name, percentile, value) else told
