"""Family `content`: how much an account repeats itself, and how rich its words are."""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "content"


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its posts repeat an earlier one, links, names and numbers aside (usual: {usual})",
    source="Lee",
    example=eg(1 / 3, posts=["Buy this now 5", "buy this NOW 6 https://t.co/x", "something else today"]),
)
def repeated_share(skeletons: Rows) -> Value:
    """Share of posts of three words or more that say what another has said, links, names and numbers aside."""
    return 1 - ops.over(skeletons.count(), skeletons.n.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=2,
    evade="cheap",
    says="{value:.0%} of its posts say one and the same (usual: {usual})",
    source="NEW",
    example=eg(2 / 3, posts=["Buy this now 5", "buy this NOW 6 https://t.co/x", "something else today"]),
)
def commonest_text_share(skeletons: Rows) -> Value:
    """Share of the commonest text among posts of three words or more."""
    return ops.top_share(skeletons.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its posts begin with the same two words (usual: {usual})",
    source="NEW",
    example=eg(2 / 3, posts=["the ending of it", "The ending of that", "good night"]),
)
def commonest_opening_share(openings: Rows) -> Value:
    """Share of the commonest first two words among posts of two words or more."""
    return ops.top_share(openings.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its posts begin as an earlier one did (usual: {usual})",
    source="NEW",
    example=eg(1 / 3, posts=["the ending of it", "The ending of that", "good night"]),
)
def repeated_opening_share(openings: Rows) -> Value:
    """Share of posts whose first two words another post has as well."""
    return 1 - ops.over(openings.count(), openings.n.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=10,
    evade="cheap",
    says="{value:.1%} of its phrases of three words are said again (usual: {usual})",
    source="NEW",
    # Two posts of seven words have ten phrases; a b c, b c d, c d e, d e f and e f g come twice.
    example=eg(0.5, posts=["a b c d e f g", "a b c d e f g"]),
)
def repeated_phrase_share(phrase_counts: Rows) -> Value:
    """Share of three words in a row that its posts have held before."""
    return 1 - ops.over(phrase_counts.count(), phrase_counts.n.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=10,
    evade="cheap",
    says="{value:.0%} of its words are new ones (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["a b c d e", "a b c d e"]),
)
def vocabulary_share(word_counts: Rows) -> Value:
    """Different words over words of its own posts."""
    return ops.over(word_counts.count(), word_counts.n.sum())


@feature(
    unit="score",
    low=0,
    high=1,
    missing=20,
    evade="cheap",
    says="its words repeat at {value:.4f}, whatever their number (usual: {usual})",
    source="Yule 1944",
    # Ten words twice each: (10 * 4 - 20) / 20^2.
    example=eg(0.05, posts=["a b c d e f g h i j", "a b c d e f g h i j"]),
)
def word_repetition(word_counts: Rows) -> Value:
    """Yule's characteristic: the chance that two words of its posts, drawn at random, are the same."""
    n = ops.number(word_counts.n.sum())
    squares = ops.number((word_counts.n * word_counts.n).sum())
    return ops.over(squares - n, n * n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=20,
    evade="cheap",
    says="{value:.0%} of its different words are used once (usual: {usual})",
    source="NEW",
    # 20 words, a is the one used twice among 19 different ones.
    example=eg(18 / 19, posts=["a b c d e f g h i j", "k l m n o p q r s a"]),
)
def once_share(word_counts: Rows) -> Value:
    """Share of its different words that it used only once."""
    return ops.share(word_counts.n == 1)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=10,
    evade="cheap",
    says="its commonest word makes up {value:.1%} of its words (usual: {usual})",
    source="NEW",
    example=eg(0.3, posts=["go go go a b c d e f g"]),
)
def commonest_word_share(word_counts: Rows) -> Value:
    """Share of the commonest word among its words."""
    return ops.top_share(word_counts.n)
