"""Labels: what annotators say, when they say it, and how often they are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from features.tables import LABELS
from simulation.roles import CODES, IS_BOT, ROLES

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

_SUSPECTED = ("spam_bot", "like_bot", "fake_follower")  # what an honest account is taken for


def truth_at(world: World, who: Array, at_s: Array) -> tuple[Array, Array]:
    """Is it a bot, and the kind, at a moment: a hijacked account is its owner's until the take-over."""
    role = world.people.role[who]
    owned = (role == CODES["hijacked"]) & (world.people.turned_s[who] >= at_s)
    kinds = np.array([one.kind for one in ROLES], dtype=object)[role]
    return IS_BOT[role] & ~owned, np.where(owned, "human", kinds)


def labels(world: World, account_ids: pa.Array) -> pa.Table:
    """The labels table, sorted by account and source; ``account_ids`` in the order of account numbers."""
    chance, settings = world.chance, world.town.labels
    who = np.flatnonzero(chance.happens(settings.share, "labelled", np.arange(world.n)))
    seen_s = world.people.seen_s[who]
    late = chance.happens(settings.late, "label late", who)
    labelled_s = seen_s + np.where(late, np.floor(chance.uniform("label later", who) * settings.late_days * 86400), 0)
    is_bot, kind = truth_at(world, who, labelled_s)
    parts = []
    for annotator in range(settings.annotators):
        wrong = chance.happens(settings.wrong, "label wrong", who, annotator)
        suspected = np.array(_SUSPECTED, dtype=object)[chance.whole(len(_SUSPECTED), "suspected", who, annotator)]
        said = np.where(wrong, np.where(is_bot, "human", suspected), kind)
        unsure = chance.happens(settings.unsure, "unsure", who, annotator)
        # Those who are wrong have more doubts than those who are right.
        sure = 0.5 + 0.5 * chance.uniform("sure", who, annotator) ** np.where(wrong, 2.0, 0.5)
        source = "town" if settings.annotators == 1 else f"annotator_{annotator + 1}"
        columns = {
            "account_id": account_ids.take(pa.array(who)),
            "is_bot": pa.array(is_bot ^ wrong),
            "kind": pa.array(said.tolist(), pa.string()),
            "source": pa.array([source] * len(who), pa.string()),
            "labelled_at": world.moments(labelled_s),
            "confidence": pa.array(np.where(unsure, np.round(sure, 2), 1.0)),
        }
        parts.append(pa.table(columns, schema=LABELS.schema))
    return pa.concat_tables(parts).sort_by([("account_id", "ascending"), ("source", "ascending")])
