"""Family `lockstep`: accounts that like posts of the same authors at the same time, more than chance explains."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "lockstep"


def _alone(accounts: int) -> tuple[str, ...]:
    """Accounts that each like three authors whom nobody else likes."""
    return tuple(f"z{i} likes y{i}x{k}.1 {k}:{i % 60:02d}" for i in range(accounts) for k in (1, 2, 3))


def _in_step(members: Sequence[str], authors: int, apart_s: int = 10) -> tuple[str, ...]:
    """All ``members`` like a post of each author, one after the other."""
    return tuple(f"{who} likes v{v}.1 +{apart_s * i}s" for v in range(authors) for i, who in enumerate(members))


# 2 and 8 accounts of three targets each: of 30 targets in all, 3 pairs of likes within a minute. By chance, two
# accounts share 2 * 3 * (3 * 3) / (30 * 30) = 0.06.
PAIR = (*_alone(8), *_in_step(("me", "bob"), 3))
SQUAD = (*_alone(30), *_in_step(("me", "b", "c", "d", "e"), 6))


@feature(
    unit="targets",
    low=3,
    high=inf,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="it was among the first to like posts of {value:,.0f} authors (usual: {usual})",
    source="NEW",
    example=eg(3, events=PAIR),
)
def early_targets(together: Rows) -> Value:
    """Authors of whose posts it gave one of the first 50 likes: the evidence behind this family."""
    return ops.number(together.targets)


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="{value:,.0f} accounts like the same authors at the same time, beyond chance (usual: {usual})",
    source="SynchroTrap",
    example=eg(1, events=PAIR),
)
def lockstep_partners(together: Rows) -> Value:
    """Accounts that like posts of the same authors within a minute, an hour or a day more than chance explains."""
    return together.partners


@feature(
    unit="-log10 probability",
    low=0,
    high=inf,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="chance would couple it so with its closest partner once in 10^{value:.0f} times (usual: {usual})",
    source="NEW",
    # P(3 or more of 0.06) = 10^-4.463
    example=eg(4.463235, events=PAIR),
)
def lockstep_surprise(together: Rows) -> Value:
    """-log10 of the chance of sharing as many targets as with its closest partner, 0 without one."""
    return together.strongest


@feature(
    unit="targets",
    low=0,
    high=inf,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="it shares {value:,.0f} authors with its closest partner (usual: {usual})",
    source="SynchroTrap",
    example=eg(3, events=PAIR),
)
def lockstep_shared(together: Rows) -> Value:
    """Most authors whose posts it and a partner liked at the same time, 0 without partner."""
    return together.shared


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="it and its closest partner share {value:.0%} of their authors (usual: {usual})",
    source="SynchroTrap",
    # 3 shared of 3 and 4.
    example=eg(0.75, events=(*PAIR, "bob likes lone.1 10:00")),
)
def lockstep_overlap(together: Rows) -> Value:
    """Largest Jaccard overlap of its authors with those of a partner, 0 without partner."""
    return together.overlap


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="{value:.0%} of what it shares with its partners is within a minute (usual: {usual})",
    source="CooRTweet",
    example=eg(1, events=PAIR),
)
def lockstep_in_1m(together: Rows) -> Value:
    """Mean over partners of the share of shared authors on whom both acted within a minute, 0 without partner."""
    return together.fast


@feature(
    unit="posts",
    low=1,
    high=inf,
    missing="no partner in lockstep",
    evade="expensive",
    population=True,
    says="it shares {value:.3g} posts of an author with its partners (usual: {usual})",
    source="NEW",
    example=eg(1, events=PAIR),
)
def lockstep_posts_per_author(together: Rows) -> Value:
    """Mean over partners of the posts liked together per author liked together: many for fans, few for hire."""
    return together.posts


@feature(
    unit="accounts",
    low=0,
    high=inf,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="it belongs to a group of {value:,.0f} accounts that act together, 0 for none (usual: {usual})",
    source="CooRTweet",
    example=eg(5, events=SQUAD),
)
def group_size(together: Rows) -> Value:
    """Size of the group of accounts in lockstep it belongs to, 0 for none."""
    return together.size


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="{value:.0%} of the pairs in its group act together, 0 for no group (usual: {usual})",
    source="CooRTweet",
    example=eg(1, events=SQUAD),
)
def group_density(together: Rows) -> Value:
    """Share of possible ties of lockstep in its group, 0 without a group."""
    return together.density


@feature(
    unit="share",
    low=0,
    high=1,
    missing="fewer than 3 authors among the early likers of whose posts it is",
    evade="expensive",
    population=True,
    says="it acts together with {value:.0%} of the others in its group, 0 for no group (usual: {usual})",
    source="NEW",
    example=eg(1, events=SQUAD),
)
def group_share(together: Rows) -> Value:
    """Share of the other members of its group with whom it is in lockstep, 0 without a group."""
    return ops.either(ops.over(together.inside, together["size"] - 1), 0.0)


@feature(
    unit="weight per account",
    low=0,
    high=inf,
    missing="no author of whom it liked two posts early",
    evade="expensive",
    population=True,
    says="the densest block of likers and authors it belongs to weighs {value:.3g} an account (usual: {usual})",
    source="FRAUDAR",
    # 6 actors on 5 targets: each act weighs 1 / ln(6 + 5), 30 acts over 11 accounts.
    example=eg(
        1.137361,
        events=[
            f"{who} likes v{v}.{k} +{i}m"
            for v in range(5)
            for k in (1, 2)
            for i, who in enumerate(("me", "b", "c", "d", "e", "f"))
        ],
    ),
)
def block_density(acting_block: Rows) -> Value:
    """Density of the densest block of likers and liked in which it acts, 0 in none."""
    return acting_block.density


@feature(
    unit="index",
    low=0,
    high=1,
    missing="fewer than 5 authors of whose posts it gave one of the first 50 likes",
    evade="expensive",
    population=True,
    says="the authors it likes are alike in popularity by {value:.2f} beyond what is usual for such (usual: {usual})",
    source="CatchSync",
    # Of 11 ties, 5 are to authors with one liker, all of them its own, 2 with two and 4 with four: alike by 1, usual by
    # 5/11, background (25 + 4 + 16) / 121, least (2 * 5/11 - 45/121 - 3 * 25/121) / (1 - 3 * 45/121) = 5/7.
    example=eg(
        0.285714,
        events=(
            *(f"me likes v{v}.1 10:0{v}" for v in range(5)),
            *(f"{who} likes w.1 11:00" for who in "ab"),
            *(f"{who} likes x.1 11:00" for who in "cdef"),
        ),
    ),
)
def synchronicity(target_cells: Rows) -> Value:
    """How alike in popularity its authors are, less the least that fits how usual they are."""
    return target_cells.beyond
