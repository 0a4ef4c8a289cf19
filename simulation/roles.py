"""All roles of account, in the order of their codes."""

from __future__ import annotations

import numpy as np

from simulation.actors import (
    active,
    brand,
    casual,
    creator,
    fake_follower,
    hijacked,
    like_bot,
    like_buyer,
    lurker,
    news_desk,
    pod_member,
    self_bot,
    spam_bot,
    superfan,
)

ROLES = (
    lurker.ROLE,
    casual.ROLE,
    active.ROLE,
    superfan.ROLE,
    creator.ROLE,
    brand.ROLE,
    news_desk.ROLE,
    pod_member.ROLE,
    like_buyer.ROLE,
    like_bot.ROLE,
    fake_follower.ROLE,
    self_bot.ROLE,
    spam_bot.ROLE,
    hijacked.ROLE,
)
CODES = {role.name: code for code, role in enumerate(ROLES)}
IS_BOT = np.array([role.is_bot for role in ROLES])
# Accounts in which no person lives: whatever they like is cover.
MACHINES = np.array([CODES["like_bot"], CODES["fake_follower"], CODES["spam_bot"]])
