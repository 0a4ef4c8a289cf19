"""The canonical tables: what every source is turned into and every feature is computed from.

Any table but ``accounts`` may be absent. Timestamps are UTC with microseconds. ``docs/tables.md`` is printed from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
COUNT = pa.int64()
FLAG = pa.bool_()
SHARE = pa.float64()
MOMENT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Column:
    """One column of a canonical table; ``low`` and ``high`` bound numbers, both inclusive."""

    name: str
    type: pa.DataType
    says: str
    nullable: bool = True
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()  # the only values allowed, where they are few


@dataclass(frozen=True)
class Table:
    """One canonical table; ``key`` names the columns that identify a row (empty: rows may repeat)."""

    name: str
    says: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema, columns in their declared order."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def __getitem__(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)


def _count(name: str, says: str) -> Column:
    return Column(name, COUNT, says, low=0)


def _flag(name: str, says: str) -> Column:
    return Column(name, FLAG, says)


def _text(name: str, says: str) -> Column:
    return Column(name, TEXT, says)


ACCOUNTS = Table(
    "accounts",
    "One row per account, as it stood when its counters were read.",
    (
        Column("account_id", TEXT, "identifier, unique over all platforms", nullable=False),
        Column("platform", TEXT, "twitter, instagram, github, ...", nullable=False),
        # Not every public set gives names (two give only their length), so a name may be missing.
        _text("username", "the handle, as it is typed"),
        _text("display_name", "the name shown beside the handle"),
        _text("description", "the bio"),
        Column("created_at", MOMENT, "when the account was opened"),
        Column("observed_at", MOMENT, "when the counters were read", nullable=False),
        _count("followers_count", "accounts that follow it"),
        _count("following_count", "accounts it follows"),
        _count("posts_count", "posts it has published"),
        _count("likes_given_count", "likes it has given"),
        _count("listed_count", "lists it is a member of"),
        _flag("verified", "the platform vouches for its identity"),
        _flag("protected", "only approved followers see its posts"),
        _flag("has_avatar", "a picture of its own, not the default"),
        _flag("has_banner", "a banner picture of its own"),
        _text("url", "link in the profile"),
        _text("location", "place named in the profile"),
        _text("language", "language of the profile, ISO 639-1 where known"),
    ),
    key=("account_id",),
)

LABELS = Table(
    "labels",
    "What is known to be true: one row per account and source.",
    (
        Column("account_id", TEXT, "the account", nullable=False),
        Column("is_bot", FLAG, "operated by software, not by a person", nullable=False),
        _text("kind", "human, like_bot, fake_follower, self_bot, spam_bot, pod_member, like_buyer, ..."),
        Column("source", TEXT, "data set or annotator", nullable=False),
        Column("labelled_at", MOMENT, "when the label was given"),
        Column("confidence", SHARE, "how sure the annotator was", low=0, high=1),
    ),
    key=("account_id", "source"),
)

POSTS = Table(
    "posts",
    "One row per post.",
    (
        Column("post_id", TEXT, "identifier", nullable=False),
        Column("account_id", TEXT, "its author", nullable=False),
        Column("created_at", MOMENT, "when it was published", nullable=False),
        Column("kind", TEXT, "original, repost or reply", values=("original", "repost", "reply")),
        _text("text", "what it says"),
        _count("likes_count", "likes received"),
        _count("comments_count", "comments received"),
        _count("reposts_count", "times it was reposted"),
        _count("views_count", "times it was shown"),
    ),
    key=("post_id",),
)

ENGAGEMENTS = Table(
    "engagements",
    "One row per like, comment or repost.",
    (
        Column("actor_id", TEXT, "the account that acted", nullable=False),
        Column("post_id", TEXT, "the post it acted on", nullable=False),
        Column("kind", TEXT, "like, comment or repost", nullable=False, values=("like", "comment", "repost")),
        Column("created_at", MOMENT, "when it acted", nullable=False),
    ),
)

FOLLOWS = Table(
    "follows",
    "One row per follow.",
    (
        Column("follower_id", TEXT, "the account that follows", nullable=False),
        Column("followed_id", TEXT, "the account that is followed", nullable=False),
        Column("created_at", MOMENT, "when the follow began"),
    ),
    key=("follower_id", "followed_id"),
)

MEASURES = Table(
    "measures",
    "Numbers a user already has; every numeric column after the first is a feature of the family `measured`.",
    (Column("account_id", TEXT, "the account", nullable=False),),
    key=("account_id",),
)

TABLES: dict[str, Table] = {t.name: t for t in (ACCOUNTS, LABELS, POSTS, ENGAGEMENTS, FOLLOWS, MEASURES)}


@dataclass(frozen=True)
class Measure:
    """A numeric column of ``measures``; the declaration travels as metadata of the Parquet field."""

    name: str
    unit: str = "number"
    low: float | None = None
    high: float | None = None
    says: str = ""

    def field(self) -> pa.Field:
        """Arrow field that carries this declaration."""
        facts = {"unit": self.unit, "low": self.low, "high": self.high, "says": self.says}
        return pa.field(self.name, pa.float64(), metadata={k: str(v) for k, v in facts.items() if v not in (None, "")})

    @classmethod
    def of(cls, field: pa.Field) -> Measure:
        """The declaration a field carries; an undeclared column is a plain number."""
        facts = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        low, high = (float(facts[k]) if k in facts else None for k in ("low", "high"))
        return cls(field.name, facts.get("unit", "number"), low, high, facts.get("says", ""))


def measures_of(schema: pa.Schema) -> tuple[Measure, ...]:
    """The measures declared by the schema of a ``measures`` table, sorted by name."""
    return tuple(Measure.of(schema.field(n)) for n in sorted(schema.names) if n != "account_id")


def empty(name: str, measures: Iterable[Measure] = ()) -> pa.Table:
    """Canonical table ``name`` without rows."""
    schema = TABLES[name].schema
    for measure in measures:
        schema = schema.append(measure.field())
    return schema.empty_table()
