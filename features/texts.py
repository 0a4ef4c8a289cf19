"""Views of what posts say and of what they receive."""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, view

TEXT_LENGTH = 4_000  # characters read of a post
MOST_COUNTED = 2**53  # likes of a post, or views: 500 times as many can be added up in whole numbers
URL = r"(?i)https?://\S+|www\.\S+"
MENTION = r"(?:^RT )?@[\p{L}\p{N}_]+:?"  # with the mark of a repost, which names its author
HASHTAG = r"#[\p{L}\p{N}_]+"
EMOJI = r"[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}]"
# A joined figure (family, flag, skin) is several code points; these only join or colour.
JOINERS = r"[\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}]"
NOT_WORD = r"[^\p{L}\p{N}' ]+"


def _is(kind: Value, name: str, text: Value, pattern: str) -> Value:
    """Kind of a post as it was given, else as its text begins."""
    return ops.either(kind == name, ops.found(text, pattern), False)


@view("event", "posts with text", stored=True)
def texts(past_posts: Rows) -> Rows:
    """Posts with text: what is counted in each, and forms of it that can be compared."""
    rows = past_posts.filter(~ops.blank(past_posts.text, TEXT_LENGTH))
    rows = rows.mutate(text=ops.plain(rows.text, TEXT_LENGTH), lines=ops.lines(rows.text, TEXT_LENGTH))
    rows = rows.mutate(marked=ops.marked(rows.text, URL, hints=("://", "w.", "W.")))
    # What is left of a text without links and names says what, not where and to whom.
    rows = rows.mutate(urls=ops.marks(rows.marked), named=ops.marked(ops.unmarked(rows.marked), MENTION, hints=("@",)))
    rows = rows.mutate(mentions=ops.marks(rows.named), body=ops.trimmed(ops.unmarked(rows.named)))
    # Blanks between words are most of what is no word: it is faster to leave them, and then to join those in a row.
    spoken = ops.replaced(ops.replaced(ops.lower(rows.body), NOT_WORD, " "), " {2,}", " ")
    rows = rows.mutate(spoken=ops.trimmed(spoken), digits=ops.characters(rows.body, r"\p{N}"))
    together = ops.unblanked(rows.spoken)  # letters, digits and apostrophes
    return rows.select(
        "account_id",
        "post_id",
        "at_s",
        "lines",
        "body",
        "spoken",
        "urls",
        "mentions",
        "digits",
        is_repost=_is(rows.kind, "repost", rows.text, r"^RT @"),
        is_reply=_is(rows.kind, "reply", rows.text, r"^@"),
        length=ops.length(rows.text),
        hashtags=ops.matches(rows.body, HASHTAG, hints=("#",)),
        emoji=ops.when(ops.found(rows.body, EMOJI), ops.characters(ops.without(rows.body, JOINERS), EMOJI), 0),
        capitals=ops.characters(rows.body, r"\p{Lu}"),
        letters=ops.length(together) - rows.digits - ops.occurrences(together, "'"),
        punctuation=ops.characters(rows.body, r"\p{P}"),
        words=ops.blanks(rows.spoken) + ops.when(rows.spoken == "", 0, 1),
        # Numbers aside, so that a price or a counter does not make a copy look new.
        skeleton=ops.digest(ops.when(rows.digits > 0, ops.without(together, r"\p{N}+"), together)),
        opening=ops.extract(rows.spoken, r"^\S+ \S+"),
    )


@view("event", "posts with text", counted="n")
def skeletons(texts: Rows) -> Rows:
    """How often an account says the same, links, names and numbers aside."""
    said = texts.filter(texts.words >= 3)
    return said.group_by(["account_id", "skeleton"]).aggregate(n=said.count())


@view("event", "posts of two words or more", counted="n")
def openings(texts: Rows) -> Rows:
    """How often an account begins with the same two words."""
    said = texts.filter(texts.opening != "")
    return said.group_by(["account_id", "opening"]).aggregate(n=said.count())


@view("event", "words", counted="n")
def word_counts(texts: Rows) -> Rows:
    """How often an account uses each word in what it writes itself."""
    own = texts.filter(~texts.is_repost).select("account_id", "spoken")
    words = ops.words_of(own, "spoken")
    return words.group_by(["account_id", "word"]).aggregate(n=words.count())


@view("event", "phrases of three words", counted="n")
def phrase_counts(texts: Rows) -> Rows:
    """How often an account uses each three words in a row in what it writes itself."""
    own = texts.filter(~texts.is_repost & (texts.words >= 3)).select("account_id", "spoken")
    phrases = ops.phrases_of(own, "spoken", 3)
    return phrases.group_by(["account_id", "phrase"]).aggregate(n=phrases.count())


@view("event", "hashtags", counted="n")
def hashtag_counts(texts: Rows) -> Rows:
    """How often an account uses each hashtag."""
    tagged = texts.filter(texts.hashtags > 0).select("account_id", tagged=ops.lower(texts.body))
    pieces = ops.pieces_of(tagged, "tagged", "#")
    tags = pieces.mutate(tag=ops.extract(pieces.piece, r"^[\p{L}\p{N}_]+"))
    tags = tags.filter(tags.tag != "")
    return tags.group_by(["account_id", "tag"]).aggregate(n=tags.count())


@view("event", "posts with a known number of likes")
def liked_posts(past_posts: Rows, profile: Rows) -> Rows:
    """Own posts with what they received, beside the author's followers."""
    own = past_posts.filter(ops.either(past_posts.kind != "repost", True) & (past_posts.likes_count >= 0))
    counts = {
        short: ops.when(own[f"{short}_count"] >= 0, ops.smallest(own[f"{short}_count"], MOST_COUNTED))
        for short in ("likes", "comments", "reposts", "views")
    }
    own = own.select("account_id", "post_id", "at_s", **counts)
    rows = own.inner_join(profile.select("account_id", followers="followers_count"), "account_id")
    return rows.mutate(
        log_likes=ops.log1p(rows.likes), log_comments=ops.log1p(rows.comments), log_reposts=ops.log1p(rows.reposts)
    )


@view("event", "posts with a known number of views")
def viewed_posts(liked_posts: Rows) -> Rows:
    """Own posts of which it is known how often they were shown."""
    return liked_posts.filter(liked_posts.views.notnull())


@view("event", "posts with 50 likes or more")
def big_posts(liked_posts: Rows) -> Rows:
    """Own posts with 50 likes or more."""
    return liked_posts.filter(liked_posts.likes >= 50)


@view("account")
def receiving(liked_posts: Rows) -> Rows:
    """Mean logarithms of what own posts received, the form in which accounts are compared."""
    rows = liked_posts
    return rows.group_by("account_id").aggregate(
        log_likes=ops.mean(rows.log_likes),
        log_comments=ops.mean(rows.log_comments),
        log_followers=ops.log1p(rows.followers.max()),
    )
