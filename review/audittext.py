"""An estimate as a few lines of text for the terminal."""

from __future__ import annotations

from models.authenticity import INTENT_SAYS, WAY_SAYS, WAYS
from review.auditparts import RESTS_ON, VERDICT_SAYS, Row, burst, by_chance, chance, share
from review.page import shown


def creator_text(row: Row) -> str:
    """A creator: likes, interval, ways, who is likely to be behind it, and bursts."""
    name = f"Account {shown(row['account_id'], 80)}"
    return "\n".join([f"{name}: {row['likes']:,} likes on {row['posts']:,} posts", *_lines(row, named=True)])


def post_text(row: Row) -> str:
    """A post, likewise."""
    name = f"Post {shown(row['post_id'], 80)} of account {shown(row['account_id'], 80)}"
    return "\n".join([f"{name}: {row['likes']:,} likes", *_lines(row, named=False)])


def nothing_text(what: str, name: str) -> str:
    """An account or a post that is known, and of which nothing can be estimated."""
    return f"{what} {shown(name, 80)}: no likes are known, so nothing is estimated"


def _lines(row: Row, named: bool) -> list[str]:
    ways = [f"{row[way]:,.0f} {way} ({WAY_SAYS[way]})" for way in WAYS if round(row[way]) > 0]
    bursts = row["bursts"] or []
    return [
        f"  authentic: {row['authentic']:,.0f} ({row['authentic_low']:,.0f} to {row['authentic_high']:,.0f}); "
        f"pumped: {share(row)}",
        f"  ways of pumping, estimated: {'; '.join(ways) or 'none with a like or more'}",
        f"  likely: {VERDICT_SAYS[row['verdict']]}; "
        + "; ".join(f"{INTENT_SAYS[i]}, {chance(row[f'p_{i}'])}" for i in by_chance(row)[:3]),
        *(f"  burst: {burst(b, named)}" for b in bursts),
        *([] if bursts else ["  bursts: none on posts that look pumped"]),
        f"  rests on: {RESTS_ON[row['rests_on']]}, {row['likes_seen']:,} of {row['likes']:,}",
    ]
