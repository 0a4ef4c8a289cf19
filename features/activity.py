"""Family `activity`: when an account posts, and how much like clockwork."""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, eg, feature


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its posts come within 5 seconds of the one before (usual: {usual})",
    source="QUT",
    example=eg(0.5, posts=["10:00:00", "10:00:03", "10:05:00"]),
)
def gaps_under_5s(gaps: Rows) -> Value:
    """Share of gaps between consecutive posts that are shorter than 5 seconds."""
    return ops.share(gaps.gap_s < 5)
