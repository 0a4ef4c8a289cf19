"""Family `profile`: what is written in the bio."""

from __future__ import annotations

from math import inf

from features import ops
from features.declare import Rows, Value, eg, feature
from features.texts import EMOJI, HASHTAG, JOINERS, MENTION, URL

FAMILY = "profile"
NO_BIO = "the bio was not read"
EMPTY = "no bio"
# Asking to be followed, selling, and ways to be reached, in the words spam uses in several languages.
PROMOTION = (
    r"(?i)\bfollow (me|back|for)|follow ?back|\bf4f\b|\bdm\b|promo|discount|giveaway|free |earn |\bshop\b|official|"
    r"whats ?app|telegram|t\.me/|crypto|bitcoin|nft|invest|sígueme|seguime|siguenos|abonne|seguimi|takip"
)


@feature(
    unit="characters",
    low=0,
    high=inf,
    missing=NO_BIO,
    evade="free",
    says="its bio has {value:.0f} characters (usual: {usual})",
    source="SGBot",
    example=eg(7, description="I paint"),
)
def bio_length(profile: Rows) -> Value:
    """Characters of the bio, blanks at its ends aside; an empty bio has 0, a null one is unknown."""
    return ops.length(profile.description.strip())


@feature(
    unit="words",
    low=0,
    high=inf,
    missing=NO_BIO,
    evade="free",
    says="its bio has {value:.0f} words (usual: {usual})",
    source="BotHunter",
    example=eg(2, description="I paint"),
)
def bio_words(profile: Rows) -> Value:
    """Words of the bio."""
    return ops.matches(profile.description, r"\S+")


@feature(
    unit="links",
    low=0,
    high=inf,
    missing=NO_BIO,
    evade="free",
    says="its bio holds {value:.0f} links (usual: {usual})",
    source="Kouvela",
    example=eg(1, description="see https://example.org now"),
)
def bio_links(profile: Rows) -> Value:
    """Links in the bio."""
    return ops.matches(profile.description, URL)


@feature(
    unit="hashtags",
    low=0,
    high=inf,
    missing=NO_BIO,
    evade="free",
    says="its bio holds {value:.0f} hashtags (usual: {usual})",
    source="Kouvela",
    example=eg(2, description="#art and #music"),
)
def bio_hashtags(profile: Rows) -> Value:
    """Hashtags in the bio."""
    return ops.matches(profile.description, HASHTAG)


@feature(
    unit="mentions",
    low=0,
    high=inf,
    missing=NO_BIO,
    evade="free",
    says="its bio names {value:.0f} other accounts (usual: {usual})",
    source="NEW",
    example=eg(1, description="sister of @bob"),
)
def bio_mentions(profile: Rows) -> Value:
    """Other accounts named in the bio."""
    return ops.matches(profile.description, MENTION)


@feature(
    unit="characters",
    low=0,
    high=inf,
    missing=NO_BIO,
    evade="free",
    says="its bio holds {value:.0f} emoji (usual: {usual})",
    source="NEW",
    example=eg(2, description="art 🎨 and sun ☀"),
)
def bio_emoji(profile: Rows) -> Value:
    """Emoji in the bio; the parts of a joined figure count each."""
    return ops.characters(ops.without(profile.description, JOINERS), EMOJI)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=EMPTY,
    evade="free",
    says="{value:.0%} of its bio's characters are digits (usual: {usual})",
    source="NEW",
    example=eg(0.5, description="b1l2"),
)
def bio_digit_share(profile: Rows) -> Value:
    """Share of digits among the characters of the bio."""
    return ops.over(ops.characters(profile.description, r"\p{N}"), ops.length(profile.description))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=EMPTY,
    evade="free",
    says="{value:.0%} of its bio's characters are neither letters, digits nor blanks (usual: {usual})",
    source="NEW",
    example=eg(0.25, description="art | suns…!"),
)
def bio_symbol_share(profile: Rows) -> Value:
    """Share of characters of the bio that are neither letters, digits nor blanks."""
    symbols = ops.characters(profile.description, r"[^\p{L}\p{M}\p{N}\s]")
    return ops.over(symbols, ops.length(profile.description))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no letter in the bio",
    evade="free",
    says="{value:.0%} of its bio's letters are capitals (usual: {usual})",
    source="NEW",
    example=eg(0.5, description="GoGo"),
)
def bio_capital_share(profile: Rows) -> Value:
    """Share of capitals among the letters of the bio."""
    return ops.over(ops.characters(profile.description, r"\p{Lu}"), ops.characters(profile.description, r"\p{L}"))


@feature(
    unit="flag",
    low=0,
    high=1,
    missing=NO_BIO,
    evade="free",
    says="its bio asks, offers or sells: {value:.0f} (usual: {usual})",
    source="NEW",
    example=eg(1, description="DM for promo"),
)
def bio_promotes(profile: Rows) -> Value:
    """Whether the bio asks to be followed, offers something or names a way to be reached."""
    return ops.flag(ops.found(profile.description, PROMOTION))


@feature(
    unit="characters",
    low=0,
    high=inf,
    missing="the place was not read",
    evade="free",
    says="the place it names has {value:.0f} characters (usual: {usual})",
    source="NEW",
    example=eg(6, location="London"),
)
def location_length(profile: Rows) -> Value:
    """Characters of the place named in the profile; an empty one has 0, a null one is unknown."""
    return ops.length(profile.location.strip())
