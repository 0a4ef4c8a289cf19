"""All engagements on the posts of some accounts: gathered, checked against the rules of the world, and put in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation import delivery, reacting
from simulation.actors import like_bot, pod_member, self_bot, spam_bot
from simulation.chance import Array
from simulation.deeds import COVER, HONEST, POSTED, REPOST, Deeds
from simulation.orders import Orders
from simulation.posts import REPOST as REPOSTED
from simulation.roles import CODES
from simulation.scenes import giveaway, live_event, newcomer, viral
from simulation.ties import Follows
from simulation.world import World

# What accounts do on posts anywhere, by actor: (world, first, last) -> deeds.
BY_ACTOR: tuple[Callable[[World, int, int], Deeds], ...] = (
    reacting.exploring,
    newcomer.likes,
    live_event.likes,
    like_bot.cover,
    self_bot.service,
    spam_bot.comments,
)


@dataclass
class Pending:
    """Deeds found by actor, sorted into the blocks of the posts' authors."""

    blocks: list[tuple[int, int]]
    parts: list[list[Deeds]]

    @classmethod
    def gather(cls, world: World, blocks: list[tuple[int, int]]) -> Pending:
        """Everything that is done by actor, and the engagements that reposts and replies are."""
        pending = cls(blocks, [[] for _ in blocks])
        for first, last in blocks:
            for source in BY_ACTOR:
                pending.add(world, source(world, first, last))
            rows = np.arange(world.posts.first[first], world.posts.first[last])
            pending.add(world, reacting.pointed(world, rows[world.posts.target[rows] >= 0]))
        return pending

    def add(self, world: World, deeds: Deeds) -> None:
        """Put ``deeds`` where the authors of their posts are."""
        edges = world.posts.first[[first for first, _ in self.blocks]]
        block = np.searchsorted(edges, deeds.post, side="right") - 1
        order = np.argsort(block, kind="stable")
        ends = np.searchsorted(block[order], np.arange(len(self.blocks) + 1))
        for i in np.unique(block):
            self.parts[i].append(deeds[order[ends[i] : ends[i + 1]]])

    def take(self, i: int) -> Deeds:
        """Deeds on posts of block ``i``; they are forgotten here."""
        found, self.parts[i] = Deeds.join(self.parts[i]), []
        return found


def engagements(world: World, follows: Follows, pending: Deeds, booked: Orders, first: int, last: int) -> Deeds:
    """Engagements on posts of accounts ``first`` to ``last`` (excluded) by time; ``booked`` are the orders for them."""
    rows = np.arange(world.posts.first[first], world.posts.first[last])
    everything = Deeds.join(
        [
            pending,
            reacting.along_follows(world, follows.followers_of(first, last)),
            viral.likes(world, rows),
            giveaway.entries(world, rows),
            pod_member.agreed(world, first, last),
            delivery.deeds(world, booked),
        ]
    )
    return settle(world, everything)


def settle(world: World, deeds: Deeds) -> Deeds:
    """What can have happened: after account and post exist, by another account, once per actor, post and kind."""
    people, posts = world.people, world.posts
    at = np.round(deeds.at, 3)
    actor, post = deeds.actor, deeds.post
    good = (actor < world.n) & (posts.author[post] < world.n) & (posts.author[post] != actor)
    good &= (at > posts.at[post]) & (at < world.end_s) & (at > people.start_s[actor])
    good &= (posts.kind[post] != REPOSTED) | (deeds.what == REPOST)
    good &= _owner_is_there(world, deeds)
    deeds, at = deeds[good], at[good]
    key = (deeds.post.astype(np.int64) * world.total + deeds.actor) * 4 + deeds.what
    order = np.lexsort((at, deeds.group != POSTED, key))  # a post's own engagement goes before any other
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = key[order][1:] != key[order][:-1]
    kept = order[fresh]
    kept = kept[np.lexsort((deeds.what[kept], deeds.post[kept], deeds.actor[kept], at[kept]))]
    kept_deeds = deeds[kept]
    return Deeds(kept_deeds.actor, kept_deeds.post, at[kept], kept_deeds.what, kept_deeds.cause, kept_deeds.group)


def _owner_is_there(world: World, deeds: Deeds) -> Array:
    """A hijacked account's owner is locked out most of the time; a bot that a farm dropped does nothing more."""
    people, actor = world.people, deeds.actor
    lost = (deeds.cause == HONEST) & (deeds.at >= people.turned_s[actor]) & (deeds.group != POSTED)
    kept = world.chance.happens(0.15, "owner", actor.astype(np.int64), world.posts.key(deeds.post))
    gone = (deeds.cause == COVER) & (deeds.at > people.retired_s[actor])
    return ~(lost & ~kept) & ~gone


def is_hijacked(world: World, who: Array, at: Array) -> Array:
    """Bool: is the account in a farm's hands at that moment."""
    return (world.people.role[who] == CODES["hijacked"]) & (at >= world.people.turned_s[who])
