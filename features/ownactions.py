"""Family `actions`: when an account likes, comments and reposts, how fast, and on whose posts."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "actions"

THREE = ("me likes bob.1 10:00:00", "me likes bob.2 10:00:03", "me likes eve.1 10:05:00")  # gaps of 3 s and 297 s


@feature(
    unit="actions",
    low=1,
    high=inf,
    missing=1,
    evade="expensive",
    says="it liked, commented or reposted {value:,.0f} times in 90 days (usual: {usual})",
    source="StarScout",
    example=eg(3, events=THREE),
)
def actions_seen(acts: Rows) -> Value:
    """Likes, comments and reposts in the 90 days before it was judged: the evidence behind this family."""
    return acts.count()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its actions are likes (usual: {usual})",
    source="NEW",
    example=eg(0.5, events=("me likes bob.1 10:00", "me comments bob.1 11:00")),
)
def actions_like_share(acts: Rows) -> Value:
    """Share of likes among likes, comments and reposts."""
    return ops.share(acts.deed == 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its actions are reposts (usual: {usual})",
    source="Varol family",
    example=eg(0.25, events=(*THREE, "me reposts bob.1 11:00")),
)
def actions_repost_share(acts: Rows) -> Value:
    """Share of reposts among likes, comments and reposts."""
    return ops.share(acts.deed == 2)


@feature(
    unit="actions",
    low=1,
    high=inf,
    missing=1,
    evade="expensive",
    says="it acts {value:.3g} times on a day on which it acts (usual: {usual})",
    source="NEW",
    example=eg(1.5, events=("me likes bob.1 2024-01-02", "me likes bob.2 2024-01-02", "me likes bob.3 2024-01-09")),
)
def actions_per_active_day(act_days: Rows) -> Value:
    """Mean number of actions on days (UTC) with actions."""
    return act_days.n.mean()


@feature(
    unit="days",
    low=1,
    high=91,
    missing=1,
    evade="expensive",
    says="it acted on {value:.0f} of 90 days (usual: {usual})",
    source="StarScout",
    example=eg(2, events=("me likes bob.1 2024-01-02", "me likes bob.2 2024-01-02", "me likes bob.3 2024-01-09")),
)
def actions_days(act_days: Rows) -> Value:
    """Days (UTC) with at least one action."""
    return act_days.count()


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 actions",
    evade="expensive",
    says="{value:.0%} of its actions fell on its busiest day (usual: {usual})",
    source="StarScout",
    example=eg(0.75, events=[*(f"me likes bob.{i} 2024-01-02" for i in (1, 2, 3)), "me likes bob.4 2024-01-09"]),
)
def actions_busiest_day_share(act_days: Rows) -> Value:
    """Share of its actions on the day (UTC) with the most."""
    return ops.when(act_days.n.sum() >= 3, ops.top_share(act_days.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 2 days with actions",
    evade="expensive",
    says="its actions per day vary by {value:.0%} of their mean, squashed to 1 (usual: {usual})",
    source="NEW",
    # 1 and 3 actions: mean 2, standard deviation 1, cv 0.5, over 1.5.
    example=eg(0.333333, events=["me likes eve.1 2024-01-09", *(f"me likes bob.{i} 2024-01-02" for i in (1, 2, 3))]),
)
def actions_daily_variation(act_days: Rows) -> Value:
    """Coefficient of variation cv of actions on days with actions, as cv / (1 + cv)."""
    cv = ops.over(ops.sd(act_days.n), act_days.n.mean())
    return ops.when(act_days.count() >= 2, cv / (1 + cv))


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=1,
    evade="cheap",
    says="half of its actions follow the one before within {value:,.0f} s (usual: {usual})",
    source="tweetbotornot2",
    example=eg(150, events=THREE),
)
def actions_gap_median(act_gaps: Rows) -> Value:
    """Median gap between consecutive actions."""
    return act_gaps.gap_s.median()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its actions come in the same second as the one before (usual: {usual})",
    source="NEW",
    example=eg(0.5, events=("me likes bob.1 10:00:00", "me likes bob.2 10:00:00", "me likes bob.3 11:00:00")),
)
def actions_same_second(act_gaps: Rows) -> Value:
    """Share of gaps between consecutive actions of less than a second."""
    return ops.share(act_gaps.gap_s == 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its actions come within 5 s of the one before (usual: {usual})",
    source="QUT",
    example=eg(0.5, events=THREE),
)
def actions_under_5s(act_gaps: Rows) -> Value:
    """Share of gaps between consecutive actions that are shorter than 5 seconds."""
    return ops.share(act_gaps.gap_s < 5)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its actions come within a minute of the one before (usual: {usual})",
    source="QUT",
    example=eg(0.5, events=THREE),
)
def actions_under_60s(act_gaps: Rows) -> Value:
    """Share of gaps between consecutive actions that are shorter than 60 seconds."""
    return ops.share(act_gaps.gap_s < 60)


@feature(
    unit="log seconds",
    low=0,
    high=inf,
    missing=2,
    evade="cheap",
    says="the logarithms of the gaps between its actions vary by {value:.2f} (usual: {usual})",
    source="NEW",
    # ln 4 = 1.386 and ln 298 = 5.697: half of their distance.
    example=eg(2.155399, events=THREE),
)
def actions_gap_spread(act_gaps: Rows) -> Value:
    """Standard deviation of ln(1 + gap): near 0 for clockwork."""
    return ops.sd_of_logs(act_gaps.log_gap)


@feature(
    unit="index",
    low=-1,
    high=1,
    missing=3,
    evade="cheap",
    says="its actions come in bursts to a degree of {value:.2f}, from -1 for clockwork to 1 (usual: {usual})",
    source="Goh-Barabasi",
    # Gaps of 60 s only: no deviation.
    example=eg(-1, events=[f"me likes bob.{i} 10:0{i}:00" for i in range(1, 5)]),
)
def actions_burstiness(act_gaps: Rows) -> Value:
    """Standard deviation less mean of the gaps, over their sum."""
    sd, mean = ops.sd(act_gaps.gap_s), act_gaps.gap_s.mean()
    return ops.over(sd - mean, sd + mean)


@feature(
    unit="correlation",
    low=-1,
    high=1,
    missing=4,
    evade="cheap",
    says="a gap between its actions resembles the one before to a degree of {value:.2f} (usual: {usual})",
    source="Goh-Barabasi",
    # Gaps of 1 s and 100 s in turn.
    example=eg(
        -1,
        events=[
            f"me likes bob.{i + 1} 10:0{t}"
            for i, t in enumerate(("0:00", "0:01", "1:41", "1:42", "3:22", "3:23", "5:03"))
        ],
    ),
)
def actions_gap_memory(act_gaps: Rows) -> Value:
    """Correlation of the logarithm of a gap with that of the gap before."""
    known = act_gaps.log_gap_before.notnull()
    return ops.correlation(ops.when(known, act_gaps.log_gap), act_gaps.log_gap_before)


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing="fewer than 10 actions",
    evade="expensive",
    says="its ten fastest actions in a row took {value:,.0f} s (usual: {usual})",
    source="tweetbotornot2",
    example=eg(18, events=[f"me likes bob.{i} 10:00:{2 * i:02d}" for i in range(1, 12)]),
)
def actions_fastest_ten(acts: Rows) -> Value:
    """Shortest time in which it acted ten times."""
    return acts.ten_s.min()


@feature(
    unit="days",
    low=0,
    high=90,
    missing=1,
    evade="cheap",
    says="it once did nothing for {value:.1f} days between two actions (usual: {usual})",
    source="NEW",
    example=eg(7, events=("me likes bob.1 2024-01-02", "me likes bob.2 2024-01-02", "me likes bob.3 2024-01-09")),
)
def actions_longest_pause(act_gaps: Rows) -> Value:
    """Longest gap between consecutive actions, in days."""
    return ops.number(act_gaps.gap_s.max()) / ops.DAY_S


@feature(
    unit="share",
    low=0,
    high=1,
    missing=10,
    evade="cheap",
    says="its actions spread over the hours of the day by {value:.0%} of what is possible (usual: {usual})",
    source="Varol family",
    example=eg(1, events=[f"me likes bob.{i} {i:02d}:00:00" for i in range(1, 13)]),
)
def actions_hour_evenness(act_hours: Rows) -> Value:
    """Entropy of the hours (UTC) of its actions, over the most that as many actions allow."""
    return ops.evenness(act_hours.n, 24)


@feature(
    unit="hours",
    low=0,
    high=23,
    missing=24,
    evade="cheap",
    says="in {value:.0f} hours of the day it has never acted (usual: {usual})",
    source="NEW",
    example=eg(22, events=[f"me likes bob.{i} {10 + i % 2}:{i:02d}:00" for i in range(1, 25)]),
)
def actions_silent_hours(act_hours: Rows) -> Value:
    """Hours of the day (UTC) without any of at least 24 actions: few for one who does not sleep."""
    return 24 - act_hours.count()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=5,
    evade="cheap",
    says="{value:.0%} of its actions come on the full minute (usual: {usual})",
    source="NEW",
    example=eg(0.6, events=[f"me likes bob.{i} 10:0{i}:{s}" for i, s in enumerate(("00", "00", "00", "07", "30"), 1)]),
)
def actions_on_full_minute(acts: Rows) -> Value:
    """Share of its actions at second 0 of a minute."""
    return ops.share(acts.at_s % 60 == 0)


@feature(
    unit="seconds",
    low=0,
    high=inf,
    missing=3,
    evade="cheap",
    says="half of its actions come within {value:,.0f} s of the post they are on (usual: {usual})",
    source="NEW",
    example=eg(30, events=("me likes bob.1 +20s", "me likes bob.2 +30s", "me likes bob.3 +1h")),
)
def reaction_median(act_delays: Rows) -> Value:
    """Median time from the publication of a post to its action on it."""
    return act_delays.delay_s.median()


@feature(
    unit="log seconds",
    low=0,
    high=inf,
    missing=3,
    evade="cheap",
    says="the logarithms of its reaction times vary by {value:.2f} (usual: {usual})",
    source="NEW",
    example=eg(0, events=[f"me likes bob.{i} +20s" for i in (1, 2, 3)]),
)
def reaction_spread(act_delays: Rows) -> Value:
    """Standard deviation of ln(1 + seconds from the publication of a post to its action on it)."""
    return ops.sd_of_logs(act_delays.log_delay)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its actions come in the first minute of a post (usual: {usual})",
    source="Weerasinghe pods",
    example=eg(0.75, events=[*(f"me likes bob.{i} +20s" for i in (1, 2, 3)), "me likes bob.4 +1h"]),
)
def reactions_in_1m(act_delays: Rows) -> Value:
    """Share of its actions within 60 seconds of publication."""
    return ops.share(act_delays.delay_s < 60)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its actions are on posts older than a day (usual: {usual})",
    source="NEW",
    example=eg(0.25, events=[*(f"me likes bob.{i} +20s" for i in (1, 2, 3)), "me likes bob.4 +2d"]),
)
def reactions_after_1d(act_delays: Rows) -> Value:
    """Share of its actions a day or more after publication."""
    return ops.share(act_delays.delay_s >= ops.DAY_S)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its actions are on the same author as the one before (usual: {usual})",
    source="NEW",
    example=eg(0.5, events=THREE),
)
def actions_same_author(acts: Rows) -> Value:
    """Share of its actions on an author on whom it had just acted."""
    return ops.share(acts.again)


@feature(
    unit="accounts",
    low=1,
    high=inf,
    missing=1,
    evade="expensive",
    says="it acted on the posts of {value:,.0f} accounts (usual: {usual})",
    source="StarScout",
    example=eg(2, events=THREE),
)
def authors_liked(liked_authors: Rows) -> Value:
    """Number of accounts on whose posts it acted."""
    return liked_authors.count()


@feature(
    unit="actions",
    low=1,
    high=inf,
    missing=1,
    evade="expensive",
    says="it acts {value:.3g} times on an author (usual: {usual})",
    source="StarScout",
    example=eg(1.5, events=THREE),
)
def actions_per_author(liked_authors: Rows) -> Value:
    """Mean number of actions on an author on whom it acts at all."""
    return liked_authors.n.mean()


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 actions on others",
    evade="expensive",
    says="{value:.0%} of its actions are on one author (usual: {usual})",
    source="NEW",
    example=eg(
        0.6, events=[*(f"me likes bob.{i} 10:00" for i in (1, 2, 3)), "me likes eve.1 10:00", "me likes al.1 10:00"]
    ),
)
def actions_top_author_share(liked_authors: Rows) -> Value:
    """Share of its actions on others that are on the author it acts on most."""
    return ops.when(liked_authors.n.sum() >= 5, ops.top_share(liked_authors.n))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 actions on others",
    evade="expensive",
    says="its actions spread over authors by {value:.0%} of what is possible (usual: {usual})",
    source="NEW",
    # 4 and 1 actions: entropy 0.5004 of at most ln 5.
    example=eg(0.310918, events=[*(f"me likes bob.{i} 10:00" for i in (1, 2, 3, 4)), "me likes eve.1 10:00"]),
)
def actions_author_evenness(liked_authors: Rows) -> Value:
    """Entropy of the authors on whom it acts, over the most that as many actions allow."""
    total = liked_authors.n.sum()
    return ops.when(total >= 5, ops.evenness(liked_authors.n, inf))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 5 authors on whom it acts",
    evade="expensive",
    says="{value:.0%} of the authors on whom it acts met it once only (usual: {usual})",
    source="StarScout",
    example=eg(0.8, events=[*(f"me likes {w}.1 10:00" for w in ("al", "bo", "cy", "di", "ed")), "me likes al.2 10:01"]),
)
def authors_liked_once(liked_authors: Rows) -> Value:
    """Share of the authors on whom it acts that it acted on once."""
    return ops.when(liked_authors.count() >= 5, ops.share(liked_authors.n == 1))
