"""Family `content`: what posts are made of: length, links, names, hashtags, signs."""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, eg, feature

FAMILY = "content"


@feature(
    unit="posts",
    low=1,
    high=500,
    missing=1,
    evade="cheap",
    says="{value:.0f} of its posts have text (usual: {usual})",
    source="NEW",
    example=eg(2, posts=["hello there", "good night"]),
)
def texts_seen(texts: Rows) -> Value:
    """Posts with text in the 90 days before it was judged, at most 500: the evidence behind this family."""
    return texts.count()


@feature(
    unit="characters",
    low=1,
    high=4000,
    missing=1,
    evade="cheap",
    says="its posts have {value:.0f} characters on average (usual: {usual})",
    source="Varol family",
    example=eg(4, posts=["abc", "abcde"]),
)
def text_length(texts: Rows) -> Value:
    """Mean number of characters of a post; at most 4,000 are read."""
    return texts.length.mean()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="the lengths of its posts vary by {value:.0%} (usual: {usual})",
    source="NEW",
    # Lengths 1, 1 and 4: mean 2, standard deviation sqrt(2), over the mean 0.7071, squashed to 0.7071 / 1.7071.
    example=eg(0.414214, posts=["a", "b", "abcd"]),
)
def text_length_variation(texts: Rows) -> Value:
    """Coefficient of variation cv of the length of its posts, as cv / (1 + cv)."""
    cv = ops.over(ops.sd(texts.length), texts.length.mean())
    return cv / (1 + cv)


@feature(
    unit="words",
    low=0,
    high=2000,
    missing=1,
    evade="cheap",
    says="its posts have {value:.1f} words on average (usual: {usual})",
    source="Varol family",
    example=eg(2.5, posts=["hello there @bob", "see you soon https://t.co/x"]),
)
def words_per_post(texts: Rows) -> Value:
    """Mean number of words of a post, links and names aside."""
    return texts.words.mean()


@feature(
    unit="characters",
    low=0,
    high=4000,
    missing="no word in its posts",
    evade="cheap",
    says="its words have {value:.2f} letters on average (usual: {usual})",
    source="NEW",
    example=eg(2.5, posts=["ab abc"]),
)
def letters_per_word(texts: Rows) -> Value:
    """Letters over words of its posts."""
    return ops.over(texts.letters.sum(), texts.words.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold a link (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["see https://t.co/x", "hello"]),
)
def link_share(texts: Rows) -> Value:
    """Share of posts with a link."""
    return ops.share(texts.urls > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold two links or more (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["https://t.co/x https://t.co/y", "see https://t.co/x"]),
)
def many_links_share(texts: Rows) -> Value:
    """Share of posts with two links or more."""
    return ops.share(texts.urls >= 2)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts are nothing but links and names (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["@bob https://t.co/x", "hello"]),
)
def empty_share(texts: Rows) -> Value:
    """Share of posts that hold no word besides links and names."""
    return ops.share(texts.words == 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts name another account (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["hi @bob", "hello"]),
)
def mention_share(texts: Rows) -> Value:
    """Share of posts that name another account."""
    return ops.share(texts.mentions > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts are replies (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["@bob hi", "hello"]),
)
def reply_share(texts: Rows) -> Value:
    """Share of posts that are replies: by their kind, else by a name at their beginning."""
    return ops.share(texts.is_reply)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts are reposts (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["RT @bob: hi", "hello"]),
)
def repost_share(texts: Rows) -> Value:
    """Share of posts that are reposts: by their kind, else by RT at their beginning."""
    return ops.share(texts.is_repost)


@feature(
    unit="hashtags",
    low=0,
    high=2000,
    missing=1,
    evade="cheap",
    says="its posts hold {value:.2f} hashtags on average (usual: {usual})",
    source="Varol family",
    example=eg(1.5, posts=["#a #b #c", "hello"]),
)
def hashtags_per_post(texts: Rows) -> Value:
    """Mean number of hashtags of a post."""
    return texts.hashtags.mean()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold a hashtag (usual: {usual})",
    source="Varol family",
    example=eg(0.5, posts=["#a #b #c", "hello"]),
)
def hashtag_share(texts: Rows) -> Value:
    """Share of posts with a hashtag."""
    return ops.share(texts.hashtags > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=3,
    evade="cheap",
    says="{value:.0%} of its hashtags are the same one (usual: {usual})",
    source="NEW",
    example=eg(2 / 3, posts=["#sun and #Sun", "#rain"]),
)
def commonest_hashtag_share(hashtag_counts: Rows) -> Value:
    """Share of the commonest hashtag among all hashtags used."""
    return ops.top_share(hashtag_counts.n)


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts end in a hashtag (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["hello #sun", "hello"]),
)
def ends_in_hashtag_share(texts: Rows) -> Value:
    """Share of posts whose last word is a hashtag, links aside."""
    return ops.share(ops.found(texts.body, r"#[\p{L}\p{N}_]+\s*$"))


@feature(
    unit="characters",
    low=0,
    high=4000,
    missing=1,
    evade="cheap",
    says="its posts hold {value:.2f} emoji on average (usual: {usual})",
    source="NEW",
    example=eg(1.5, posts=["😀😀 hi ☀", "hello"]),
)
def emoji_per_post(texts: Rows) -> Value:
    """Mean number of emoji of a post; the parts of a joined figure count each."""
    return texts.emoji.mean()


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold an emoji (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["😀😀 hi", "hello"]),
)
def emoji_share(texts: Rows) -> Value:
    """Share of posts with an emoji."""
    return ops.share(texts.emoji > 0)


@feature(
    unit="share",
    low=0,
    high=1,
    missing="no letter in its posts",
    evade="cheap",
    says="{value:.0%} of its letters are capitals (usual: {usual})",
    source="NEW",
    example=eg(0.4, posts=["GO", "abc"]),
)
def capital_share(texts: Rows) -> Value:
    """Share of capitals among the letters of its posts."""
    return ops.over(texts.capitals.sum(), texts.letters.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.1%} of its characters are digits (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["ab12", "a1b2"]),
)
def digit_share(texts: Rows) -> Value:
    """Share of digits among the characters of its posts, links and names aside."""
    return ops.over(texts.digits.sum(), texts.length.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.1%} of its characters are punctuation (usual: {usual})",
    source="NEW",
    example=eg(0.25, posts=["ab!", "abcd."]),
)
def punctuation_share(texts: Rows) -> Value:
    """Share of punctuation among the characters of its posts, links and names aside."""
    return ops.over(texts.punctuation.sum(), texts.length.sum())


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold an exclamation mark (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["Oh! No!", "hello"]),
)
def exclamation_share(texts: Rows) -> Value:
    """Share of posts with an exclamation mark."""
    return ops.share(ops.found(texts.body, "[!！]"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold a question mark (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["why?", "hello"]),
)
def question_share(texts: Rows) -> Value:
    """Share of posts with a question mark."""
    return ops.share(ops.found(texts.body, "[?？]"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts end in a full stop, a question or an exclamation mark (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["Good night.", "hello"]),
)
def ends_in_stop_share(texts: Rows) -> Value:
    """Share of posts whose text, links and names aside, ends as a sentence should."""
    return ops.share(ops.found(texts.body, r"[.!?。！？…]\s*$"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts begin with a small letter (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["Good night.", "hello"]),
)
def starts_small_share(texts: Rows) -> Value:
    """Share of posts whose text, links and names aside, begins with a small letter."""
    return ops.share(ops.found(texts.body, r"^\s*\p{Ll}"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold curly quotes, long dashes or other signs of typesetting (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["so it goes — again", "hello"]),
)
def typeset_share(texts: Rows) -> Value:
    """Share of posts with curly double quotes, long dashes, bullets or the one-character ellipsis."""
    return ops.share(ops.found(texts.body, "[“”«»–—•…]"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts stretch a letter or a sign, as in sooo or !!! (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["sooo good", "hello"]),
)
def stretched_share(texts: Rows) -> Value:
    """Share of posts in which a vowel, an exclamation or a question mark stands three times or more in a row."""
    return ops.share(ops.found(texts.body, r"(?i)aaa|eee|iii|ooo|uuu|yyy|hhh|mmm|sss|!!!|\?\?\?"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts hold a word of four capitals or more (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["this is GREAT", "hello from the USA"]),
)
def shouting_share(texts: Rows) -> Value:
    """Share of posts with a word of four capital letters or more."""
    return ops.share(ops.found(texts.body, r"(^|[^\p{L}\p{N}_#@])\p{Lu}{4,}($|[^\p{L}\p{N}_])"))


@feature(
    unit="share",
    low=0,
    high=1,
    missing=1,
    evade="cheap",
    says="{value:.0%} of its posts run over several lines (usual: {usual})",
    source="NEW",
    example=eg(0.5, posts=["one\ntwo", "hello"]),
)
def multiline_share(texts: Rows) -> Value:
    """Share of posts with a line break."""
    return ops.share(texts.lines > 0)
