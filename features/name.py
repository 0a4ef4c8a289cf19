"""Family `name`: how the handle and the display name are spelled."""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "name"
NO_HANDLE = "no handle"
NO_NAME = "no display name"
SHORT = "the handle has fewer than 2 characters"
# Not in Abbott, bottle or robotham: the word alone, at an end of a handle, or with a capital of its own.
BOT_WORD = (
    r"(?i:(^|[^\p{L}])(ro)?bots?($|[^\p{L}])|bots?\d*$|^bots?[_\d]|ebooks$|automated|automatic)|\p{Ll}Bot(\p{Lu}|$)"
)


@feature(
    unit="characters",
    low=1,
    high=100,
    missing=NO_HANDLE,
    evade="free",
    says="its handle has {value:.0f} characters (usual: {usual})",
    source="SGBot",
    example=eg(7, username="ann_art"),
)
def handle_length(names: Rows) -> Value:
    """Characters of the handle; at most 100 are read."""
    return ops.length(names.handle)


@feature(
    unit="digits",
    low=0,
    high=100,
    missing=NO_HANDLE,
    evade="free",
    says="its handle has {value:.0f} digits (usual: {usual})",
    source="SGBot",
    example=eg(4, username="ann1984"),
)
def handle_digits(names: Rows) -> Value:
    """Digits of the handle."""
    return ops.characters(names.handle, r"\p{Nd}")


@feature(
    unit="share",
    low=0,
    high=1,
    missing=NO_HANDLE,
    evade="free",
    says="{value:.0%} of its handle's characters are digits (usual: {usual})",
    source="NEW",
    example=eg(0.4, username="abc12"),
)
def handle_digit_share(names: Rows) -> Value:
    """Share of digits among the characters of the handle."""
    return ops.over(ops.characters(names.handle, r"\p{Nd}"), ops.length(names.handle))


@feature(
    unit="digits",
    low=0,
    high=100,
    missing=NO_HANDLE,
    evade="free",
    says="its handle ends in {value:.0f} digits (usual: {usual})",
    source="NEW",
    example=eg(3, username="a1b234"),
)
def handle_trailing_digits(names: Rows) -> Value:
    """Digits at the end of the handle."""
    return ops.length(ops.extract(names.handle, r"\p{Nd}+$"))


@feature(
    unit="runs",
    low=0,
    high=50,
    missing=NO_HANDLE,
    evade="free",
    says="its handle has {value:.0f} groups of digits (usual: {usual})",
    source="Kouvela",
    example=eg(2, username="a1b234"),
)
def handle_digit_runs(names: Rows) -> Value:
    """Groups of neighbouring digits in the handle."""
    return ops.matches(names.handle, r"\p{Nd}+")


@feature(
    unit="flag",
    low=0,
    high=1,
    missing=NO_HANDLE,
    evade="free",
    says="its handle ends in a year: {value:.0f} (usual: {usual})",
    source="NEW",
    example=eg(1, username="ann1984"),
)
def handle_ends_in_year(names: Rows) -> Value:
    """Whether the handle ends in exactly four digits from 1940 to 2029: people like their birth years."""
    return ops.flag(ops.found(names.handle, r"(^|\P{Nd})(19[4-9]\d|20[0-2]\d)$"))


@feature(
    unit="nats",
    low=0,
    high=5,
    missing=NO_HANDLE,
    evade="free",
    says="the characters of its handle vary by {value:.2f} nats (usual: {usual})",
    source="BotHunter",
    example=eg(0.693147, username="abab"),
)
def handle_entropy(handle_characters: Rows) -> Value:
    """Shannon entropy of the characters of the handle, upper and lower case alike."""
    return ops.entropy(handle_characters.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no Latin letter in the handle",
    evade="free",
    says="{value:.0%} of its handle's letters are vowels (usual: {usual})",
    source="NEW",
    example=eg(0.5, username="anna1"),
)
def handle_vowel_share(names: Rows) -> Value:
    """Share of vowels among the Latin letters of the handle."""
    return ops.over(ops.characters(names.handle, "[aeiouyAEIOUY]"), ops.characters(names.handle, "[a-zA-Z]"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no letter in the handle",
    evade="free",
    says="{value:.0%} of its handle's letters are capitals (usual: {usual})",
    source="NEW",
    example=eg(0.25, username="Anna1"),
)
def handle_capital_share(names: Rows) -> Value:
    """Share of capitals among the letters of the handle."""
    return ops.over(ops.characters(names.handle, r"\p{Lu}"), ops.characters(names.handle, r"\p{L}"))


@feature(
    unit="changes",
    low=0,
    high=100,
    missing=NO_HANDLE,
    evade="free",
    says="its handle changes {value:.0f} times between letters and digits or between small letters and capitals "
    "(usual: {usual})",
    source="NEW",
    example=eg(3, username="a1Bc2"),
)
def handle_changes(names: Rows) -> Value:
    """How often a handle goes from letter to digit or back, or from a small letter to a capital."""
    changes = (r"\p{L}\p{Nd}", r"\p{Nd}\p{L}", r"\p{Ll}\p{Lu}")
    return sum((ops.matches(names.handle, c) for c in changes[1:]), ops.matches(names.handle, changes[0]))


@feature(
    unit="characters",
    low=0,
    high=100,
    missing=NO_HANDLE,
    evade="free",
    says="its handle has {value:.0f} underscores, points or dashes (usual: {usual})",
    source="NEW",
    example=eg(2, username="_ann_art"),
)
def handle_separators(names: Rows) -> Value:
    """Underscores, points and dashes in the handle."""
    return ops.characters(names.handle, r"[_.\-]")


@feature(
    unit="nats",
    low=-20,
    high=0,
    missing="no handle, or no training accounts",
    evade="free",
    says="its handle reads like others' at {value:.2f} nats a character, 0 being certain (usual: {usual})",
    source="SGBot",
    # Each of ^a, ab, b$ was seen 40 of 40 times: ln(40.5 / (40 + 0.5 * 66)) = ln(40.5 / 73) = -0.589157.
    example=eg(-0.589157, username="ab", others=({"username": "ab"},) * 40),
)
def handle_likelihood(rated_pairs: Rows) -> Value:
    """Mean log probability of each character of the handle after the one before, among training accounts."""
    return ops.mean(rated_pairs.log_p)


@feature(
    unit="nats",
    low=-20,
    high=0,
    missing="no handle, or no training accounts",
    evade="free",
    says="the least likely step in its handle has {value:.2f} nats (usual: {usual})",
    source="NEW",
    # ^a was seen 40 times, a never went to c: ln(0.5 / (40 + 0.5 * 66)) = ln(0.5 / 73) = -4.983607.
    example=eg(-4.983607, username="ac", others=({"username": "ab"},) * 40),
)
def handle_rarest_pair(rated_pairs: Rows) -> Value:
    """Log probability of the least likely two neighbouring characters of the handle, among training accounts."""
    return rated_pairs.log_p.min()


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no handle, or no training accounts",
    evade="free",
    says="{value:.1%} of known handles have the same pattern of letters and digits (usual: {usual})",
    source="LinkedIn clusters",
    example=eg(0.75, username="ann12", others=({"username": "bob34"},) * 30 + ({"username": "x"},) * 10),
)
def handle_pattern_share(patterned_names: Rows) -> Value:
    """Share of training handles with the same pattern; letters count by runs, digits one by one."""
    return patterned_names.pattern_share


@feature(
    unit="characters",
    low=1,
    high=100,
    missing=NO_NAME,
    evade="free",
    says="its name has {value:.0f} characters (usual: {usual})",
    source="SGBot",
    example=eg(8, display_name="Ann Bell"),
)
def name_length(names: Rows) -> Value:
    """Characters of the display name; at most 100 are read."""
    return ops.length(names["name"])


@feature(
    unit="words",
    low=1,
    high=100,
    missing=NO_NAME,
    evade="free",
    says="its name has {value:.0f} words (usual: {usual})",
    source="kaggle-2019",
    example=eg(2, display_name="Ann Bell"),
)
def name_words(names: Rows) -> Value:
    """Words of the display name."""
    return ops.matches(names["name"], r"\S+")


@feature(
    unit="share",
    low=0,
    high=1,
    missing=NO_NAME,
    evade="free",
    says="{value:.0%} of its name's characters are digits (usual: {usual})",
    source="SGBot",
    example=eg(0.25, display_name="Bob7"),
)
def name_digit_share(names: Rows) -> Value:
    """Share of digits among the characters of the display name."""
    return ops.over(ops.characters(names["name"], r"\p{Nd}"), ops.length(names["name"]))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=NO_NAME,
    evade="free",
    says="{value:.0%} of its name's characters are neither letters, digits nor blanks (usual: {usual})",
    source="NEW",
    example=eg(0.2, display_name="Ann ♥"),
)
def name_symbol_share(names: Rows) -> Value:
    """Share of characters of the display name that are neither letters, marks, digits nor blanks."""
    return ops.over(ops.characters(names["name"], r"[^\p{L}\p{M}\p{N}\s]"), ops.length(names["name"]))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no letter in the display name",
    evade="free",
    says="{value:.0%} of its name's letters are capitals (usual: {usual})",
    source="NEW",
    example=eg(0.25, display_name="Anna"),
)
def name_capital_share(names: Rows) -> Value:
    """Share of capitals among the letters of the display name."""
    return ops.over(ops.characters(names["name"], r"\p{Lu}"), ops.characters(names["name"], r"\p{L}"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no handle or no display name with a letter or digit",
    evade="free",
    says="its name and handle agree by {value:.0%} (usual: {usual})",
    source="NEW",
    # annbell against annb3ll: one of seven differs.
    example=eg(6 / 7, username="ann_b3ll", display_name="Ann Bell"),
)
def name_handle_similarity(names: Rows) -> Value:
    """1 less the edit distance between name and handle over the longer, letters and digits in lower case alone."""
    both = names.handle.notnull() & names["name"].notnull()
    return ops.when(both, ops.similarity(names.name_core, names.handle_core))


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="no handle or no display name",
    evade="free",
    says="its name is its handle: {value:.0f} (usual: {usual})",
    source="kaggle-2019",
    example=eg(1, username="ann", display_name="ann"),
)
def name_equals_handle(names: Rows) -> Value:
    """Whether the display name is the handle, letter for letter."""
    return ops.flag(names["name"] == names.handle)


@feature(
    unit="flag",
    low=0,
    high=1,
    missing="neither handle, name nor bio was read",
    evade="free",
    says="it calls itself a bot: {value:.0f} (usual: {usual})",
    source="BotHunter",
    example=eg(1, username="weather_bot"),
    reserved="bots that say so are labelled by what they say; the feature finds those and no others",
)
def has_bot_word(names: Rows) -> Value:
    """Whether handle, name or bio says that software runs it."""
    said = [ops.found(t, BOT_WORD) for t in (names.handle, names["name"], names.bio)]
    known = names.handle.notnull() | names["name"].notnull() | names.bio.notnull()
    return ops.when(
        known, ops.flag(ops.either(said[0], False) | ops.either(said[1], False) | ops.either(said[2], False))
    )
