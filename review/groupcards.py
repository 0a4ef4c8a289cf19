"""Groups that acted together, in words a page may show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from review.page import Album, shown
from review.words import Values, number, share

KINDS = {
    "farm": "in lockstep far beyond chance, on posts of others",
    "pod": "in lockstep far beyond chance, mostly on posts of its own members",
    "friends": "a little beyond chance, as people are who know each other or have the same taste",
    "fans": "loyal to one author; nothing is wrong with that",
}


def told_groups(groups: Sequence[Values], album: Album) -> list[dict[str, Any]]:
    """A card per group of ``together.json``."""
    return [_card(g, album) for g in groups]


def _card(group: Values, album: Album) -> dict[str, Any]:
    kind, members, posts = shown(group["kind"], 20), group["member_count"], group["post_count"]
    minutes = group["first_minutes"]
    sentences = [
        f"{members:,} accounts liked {posts:,} posts of {group['author_count']:,} authors together: "
        f"{KINDS.get(group['kind'], 'bound by what they like')}."
    ]
    if minutes is not None:
        sentences.append(f"On half of the posts drawn, half of its likes came within {_span(minutes)} of its first.")
    if group["significance"] is not None:
        sentences.append(
            f"By chance two of its members would be so coupled with probability 1 in 10^{group['significance']:.0f} "
            "(median tie)."
        )
    if group["scored"]:
        sentences.append(
            f"{group['scored']:,} of them are labelled; their median bot probability, out of fold, is "
            f"{number(group['median_probability'])}."
        )
    named = [
        (shown(m["account_id"], 80), "not labelled" if m["probability"] is None else number(m["probability"]))
        for m in group["named"]
    ]
    alt = (
        f"Members of the {kind} on a circle, with a line for posts two of them liked, and beside it dots for when each "
        "post was liked. The sentences above say the same."
    )
    return {
        "id": shown(group["group_id"], 60),
        "kind": kind,
        "members": f"{members:,}",
        "posts": f"{posts:,}",
        "density": share(group["density"]) if group["density"] is not None else "n/a",
        "seen": " to ".join(shown((group[k] or "?")[:10]) for k in ("first_seen", "last_seen")),
        "sentences": sentences,
        "named": named,
        "more": max(0, members - len(named)),
        "picture": album.get(
            group["picture"],
            f"{kind} of {members:,}: who and when",
            alt,
            "Left: members, those that resemble bots as squares; the darker a line, the more posts two of them share. "
            "Right: a row a post, a dot a like; dots in a column at the left are a burst.",
        ),
    }


def _span(minutes: float) -> str:
    """Minutes as people say them."""
    if minutes < 1:
        return "a minute"
    if minutes < 90:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.0f} hours" if minutes < 2880 else f"{minutes / 1440:.0f} days"
