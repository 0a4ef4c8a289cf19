"""Fake followers are sold by the hundred: they follow whoever paid, and people to hide among."""

from __future__ import annotations

from simulation.actors.role import Role

ROLE = Role(
    name="fake_follower",
    kind="fake_follower",
    says="follows whoever paid, does little else",
    profiles={"sold_follower": 0.55, "fresh_spam": 0.3, "mixed_bot": 0.15},
    is_bot=True,
    tone="bot",
    public=0.2,
)
