"""Pod members are people who like each other's posts by agreement.

Two ways are common: answering a call at once, or working through the day's list in a fixed order (turn-taking).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.actors.role import Role
from simulation.deeds import COMMENT, LIKE, POD, Deeds
from simulation.neighbourhoods import NEIGHBOURHOOD, blocks
from simulation.ties import FRIEND, Follows

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

ROLE = Role(
    name="pod_member",
    kind="pod_member",
    says="a person who trades likes in a pod",
    profiles={"people_small": 0.55, "people_mid": 0.45},
    habits="pod_member",
    tone="creator",
)


def pods(world: World, block: int) -> list[tuple[int, Array]]:
    """Number and members of every pod of a neighbourhood."""
    chance, many = world.chance, world.town.pods.per_thousand
    members = world.of_role("pod_member", block * NEIGHBOURHOOD, (block + 1) * NEIGHBOURHOOD)
    home = chance.whole(many, "pod", members)
    second = (home + 1 + chance.whole(max(many - 1, 1), "second pod", members)) % many
    twice = chance.happens(world.town.pods.second, "two pods", members) & (second != home)
    found = [(block * 8 + i, members[(home == i) | (twice & (second == i))]) for i in range(many)]
    return [(number, those) for number, those in found if len(those) > 1]


def agreed(world: World, first: int, last: int) -> Deeds:
    """Likes and comments of pods on posts of their members numbered ``first`` to ``last`` (whole neighbourhoods)."""
    parts = [
        _answers(world, number, members) for block in blocks(first, last) for number, members in pods(world, block)
    ]
    return Deeds.join(parts)


def _answers(world: World, pod: int, members: Array) -> Deeds:
    chance, settings, posts = world.chance, world.town.pods, world.posts
    rows = world.originals(members)
    rows = rows[chance.happens(settings.submitted, "submitted", posts.key(rows), pod)]
    post, mate = np.repeat(rows, len(members)), np.tile(members, len(rows))
    key, author = posts.key(post), posts.author[post]
    loyal = np.clip(settings.joined + 0.22 * chance.normal("loyal", mate, pod), 0.05, 1)
    joins = (mate != author) & (chance.uniform("joins", key, mate, pod) < loyal)
    post, mate, key = post[joins], mate[joins], key[joins]
    at = _when(world, pod, post, mate, key, rows)
    says = chance.happens(settings.comments, "pod comment", key, mate, pod)
    late = chance.around(18, 0.5, "pod comment late", key, mate)
    return Deeds.join(
        [
            Deeds.of(mate, post, at, LIKE, POD, pod),
            Deeds.of(mate[says], post[says], (at + late)[says], COMMENT, POD, pod),
        ]
    )


def _when(world: World, pod: int, post: Array, mate: Array, key: Array, rows: Array) -> Array:
    chance, settings = world.chance, world.town.pods
    posted = world.posts.at[post]
    at_once = posted + chance.around(settings.delay_min * 60, 0.9, "pod delay", key, mate)
    # Turn-taking: a list closes every day at the same hour, and everybody works through it from the top.
    hour = 3600.0 * chance.whole(24, "pod hour", pod)[0]
    day = np.floor((world.posts.at[rows] - hour) / 86400) + 1
    order = np.lexsort((world.posts.at[rows], day))
    _, size = np.unique(day[order], return_counts=True)
    place = np.empty(len(rows))
    place[order] = world.number_within(size)
    where = np.searchsorted(rows, post) if len(rows) else np.empty(0, dtype=np.int64)
    begins = day[where] * 86400 + hour + chance.waits(900, "pod begins", mate, day[where].astype(np.int64), pod)
    listed = begins + (place[where] + 0.5 * chance.uniform("pod pace", key, mate)) * settings.gap_s
    fixed = listed if bool(chance.happens(0.5, "pod takes turns", pod)[0]) else at_once
    evasion = world.drift(np.full(len(post), world.operator_evasion(np.array([-1 - pod]))[0]), posted)
    human = chance.happens(evasion, "pod human", key, mate)
    own = world.clock.visit(mate, posted + chance.around(3 * 3600, 1.1, "pod own", key, mate), key)
    return np.where(human, own, fixed)


def follows(world: World, first: int, last: int) -> Follows:
    """Members of a pod follow most of the others."""
    chance, created = world.chance, world.people.created_s
    nobody = np.empty(0, dtype=np.int64)
    parts = [Follows.of(nobody, nobody, np.empty(0), FRIEND, POD)]
    for block in blocks(first, last):
        for pod, members in pods(world, block):
            one, other = np.repeat(members, len(members)), np.tile(members, len(members))
            knows = (one != other) & chance.happens(0.7, "pod follow", one, other, pod)
            one, other = one[knows], other[knows]
            since = np.maximum(created[one], created[other])
            at = since + (world.end_s - since) * chance.uniform("pod follow at", one, other, pod) ** 0.5 * 0.6
            parts.append(Follows.of(one, other, np.round(at, 3) + 1, FRIEND, POD, pod))
    return Follows.join(parts)
