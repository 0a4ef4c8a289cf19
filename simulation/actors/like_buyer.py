"""Like buyers are people who order likes, comments or followers: for some posts, and in campaigns for nearly all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role
from simulation.deeds import NONE
from simulation.neighbourhoods import NEIGHBOURHOOD

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

ROLE = Role(
    name="like_buyer",
    kind="like_buyer",
    says="a person who buys likes for some of its posts",
    profiles={"people_small": 0.2, "people_mid": 0.35, "people_large": 0.45},
    habits="like_buyer",
    tone="creator",
)

_CAMPAIGNS = 3  # that a neighbourhood's agency runs at the same time, with several buyers each


@dataclass(frozen=True)
class Bought:
    """Posts for which likes are ordered: row of the post, who pays, and the campaign (NONE without one)."""

    post: Array
    customer: Array
    campaign: Array


def posts_bought(world: World, first: int, last: int) -> Bought:
    """Posts of buyers numbered ``first`` to ``last`` (excluded) for which they order."""
    buyers = world.of_role("like_buyer", first, last)
    rows = world.originals(buyers)
    author, at = world.posts.author[rows].astype(np.int64), world.posts.at[rows]
    campaign = campaign_at(world, author, at)
    share = np.where(campaign == NONE, world.town.buyers.posts, 0.9)
    # Some buy often, some try it once or twice.
    share = share * np.where(campaign == NONE, 2 * world.chance.uniform("buys often", author), 1)
    chosen = world.chance.happens(share, "bought", world.posts.key(rows))
    return Bought(rows[chosen], author[chosen], campaign[chosen])


def campaign(world: World, buyer: Array) -> Array:
    """Number of the campaign each buyer takes part in, NONE without."""
    slot = world.chance.whole(_CAMPAIGNS, "campaign slot", buyer)
    joined = world.chance.happens(world.town.buyers.campaign, "campaign", buyer)
    return np.where(joined, buyer // NEIGHBOURHOOD * 8 + slot, NONE)


def campaign_at(world: World, buyer: Array, at: Array) -> Array:
    """Number of the campaign each buyer is in at a moment, NONE outside."""
    number = campaign(world, buyer)
    length = world.town.buyers.campaign_days * 86400
    start = world.chance.uniform("campaign start", number) * max(world.end_s - length, 1)
    return np.where((at >= start) & (at < start + length), number, NONE)


def farm(world: World, whose: Array, key: Array, campaign: Array, product: int) -> Array:
    """Farm that takes an order: the buyer's usual one; a campaign mixes farms and uses the same workers again."""
    chance = world.chance
    block, many = whose // NEIGHBOURHOOD, world.town.farms.per_thousand
    usual = chance.whole(many, "usual farm", np.where(campaign == NONE, whose, -1 - campaign), product)
    other = chance.whole(many, "other farm", key, product)
    switch = np.where(campaign == NONE, 0.1, 0.35)
    return world.farm_number(block, np.where(chance.happens(switch, "farm switch", key, product), other, usual))
