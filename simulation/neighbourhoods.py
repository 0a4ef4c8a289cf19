"""Neighbourhoods: 1,000 account numbers each, in a few communities; farms, pods and fan clubs are local."""

from __future__ import annotations

import numpy as np

from simulation.chance import Array, Chance

NEIGHBOURHOOD = 1000
COMMUNITIES = (40, 60, 80, 110, 150, 200, 360)  # accounts in the communities of a neighbourhood
TOPICS = 8  # subjects people care for


def blocks(first: int, last: int) -> range:
    """Numbers of the neighbourhoods of accounts ``first`` to ``last`` (excluded)."""
    return range(first // NEIGHBOURHOOD, -(-last // NEIGHBOURHOOD))


def communities(chance: Chance, who: Array) -> tuple[Array, Array]:
    """First and past-the-end number of each account's community; the order of sizes differs by neighbourhood."""
    turned = np.stack([np.roll(COMMUNITIES, -i) for i in range(len(COMMUNITIES))])
    ends = np.cumsum(turned, axis=1)
    table = np.stack([np.repeat(np.arange(len(sizes)), sizes) for sizes in turned])
    block, place = who // NEIGHBOURHOOD, who % NEIGHBOURHOOD
    turn = chance.whole(len(turned), "community order", block)
    number = table[turn, place]
    high = ends[turn, number]
    return block * NEIGHBOURHOOD + high - turned[turn, number], block * NEIGHBOURHOOD + high
