"""The order book: who ordered what for which post or account, from which farm, at what price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulation.actors import like_buyer, victim
from simulation.chance import Array, Chance
from simulation.deeds import NONE
from simulation.market import MENU, PRICE_SHARES, PRICES, QUALITIES
from simulation.posts import MOST

if TYPE_CHECKING:
    from simulation.world import World

PRODUCTS = ("likes", "comments", "followers")
LIKES, COMMENTS, FOLLOWERS = range(3)
BURST, DRIP, GRADUAL = range(3)
STYLES = ("burst", "drip", "gradual")


@dataclass(frozen=True)
class Orders:
    """Arrays of one length. ``number`` does not depend on the size of the town; ``post`` is NONE for followers."""

    number: Array  # int64
    product: Array  # int8
    customer: Array  # int64, who paid; NONE where nobody in the town did
    beneficiary: Array  # int64, whose post or account it is
    post: Array  # int64, row
    operator: Array  # int64, the farm that took the order
    campaign: Array  # int64
    ordered: Array  # int64, pieces on the market
    wanted: Array  # int64, pieces in the town
    price: Array  # roubles of 2021
    evasion: Array  # of the farm at that moment
    style: Array  # int8
    at: Array  # seconds from the first day

    @classmethod
    def join(cls, parts: list[Orders]) -> Orders:
        """All of ``parts``, one after the other."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.number)

    def __getitem__(self, rows: Any) -> Orders:
        return Orders(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def for_posts(world: World, first: int, last: int) -> Orders:
    """Orders of likes and comments for posts of accounts ``first`` to ``last`` (excluded), sorted by number."""
    bought = like_buyer.posts_bought(world, first, last)
    attacked = victim.posts_attacked(world, first, last)
    post = np.concatenate([bought.post, attacked.post])
    customer = np.concatenate([bought.customer, attacked.customer])
    campaign = np.concatenate([bought.campaign, attacked.campaign])
    likes = _priced(world, post, customer, campaign, LIKES)
    also = world.chance.happens(world.town.farms.comments, "buys comments", world.posts.key(post))
    comments = _priced(world, post[also], customer[also], campaign[also], COMMENTS)
    both = Orders.join([likes, comments])
    return both[np.argsort(both.number, kind="stable")]


def for_accounts(world: World, first: int, last: int) -> Orders:
    """Orders of followers for accounts ``first`` to ``last`` (excluded), sorted by number."""
    chance = world.chance
    buyers = world.of_role("like_buyer", first, last)
    count = np.minimum(chance.times(world.town.buyers.follower_orders, "follower orders", buyers), 12)
    who, number = np.repeat(buyers, count), world.number_within(count)
    start = world.people.start_s[who]
    at = np.floor(start + chance.uniform("follower order at", who, number) * (world.end_s - start))
    campaign = like_buyer.campaign_at(world, who, at)
    key = who * MOST + number
    return _complete(world, key, FOLLOWERS, who, who, np.full(len(who), NONE), at, campaign)


def _priced(world: World, post: Array, customer: Array, campaign: Array, product: int) -> Orders:
    """Orders for posts: placed soon after the post is out."""
    key = world.posts.key(post)
    at = world.posts.at[post] + world.chance.waits(25 * 60, "order late", key, product)
    author = world.posts.author[post].astype(np.int64)
    return _complete(world, key, product, customer, author, post, at, campaign)


def _complete(
    world: World, key: Array, product: int, customer: Array, whose: Array, post: Array, at: Array, campaign: Array
) -> Orders:
    chance, town = world.chance, world.town
    name = PRODUCTS[product]
    farm = like_buyer.farm(world, whose, key, campaign, product)
    evasion = world.drift(world.operator_evasion(farm), at)
    ordered = _menu(chance, name, whose, key)
    # The naive order round numbers; the careful have them jittered
    jitter = np.exp(0.5 * evasion * chance.normal("order jitter", key, product))
    # and kept small.
    few = (0.4 if product == COMMENTS else 1.0) * (1 - 0.75 * evasion)
    wanted = np.maximum(np.round(ordered * town.farms.scale * few * jitter), 1).astype(np.int64)
    level = np.minimum((evasion * len(QUALITIES)).astype(np.int64), len(QUALITIES) - 1)
    luck = chance.uniform("order price", farm, product)
    table = np.array([PRICES[name][quality] for quality in QUALITIES])
    piece = np.array([np.interp(u, PRICE_SHARES, table[q]) for u, q in zip(luck, level, strict=True)])
    draw = chance.uniform("order style", key, product)
    style = np.where(draw < (1 - evasion) ** 1.5, BURST, np.where(draw > 1 - evasion**1.5, GRADUAL, DRIP))
    return Orders(
        number=key * 8 + product,
        product=np.full(len(key), product, dtype=np.int8),
        customer=customer,
        beneficiary=whose,
        post=post,
        operator=farm,
        campaign=campaign,
        ordered=ordered,
        wanted=wanted,
        price=np.round(piece * ordered, 2),
        evasion=evasion,
        style=style.astype(np.int8),
        at=np.round(at, 3),
    )


def _menu(chance: Chance, product: str, whose: Array, key: Array) -> Array:
    """Quantity from the market's menu; a buyer keeps to about the same."""
    pieces, offers = np.array(list(MENU[product])), np.cumsum(list(MENU[product].values()))
    habit, whim = chance.uniform("order size", whose), chance.uniform("order whim", key)
    place = np.where(whim < 0.7, habit, (whim - 0.7) / 0.3)
    return pieces[np.searchsorted(offers, place * offers[-1], side="right")]
