"""The rows behind a feature: which posts, which accounts, which moments.

Each view here shows rows of a view that features are measured on, in one form. As they are read from the same views,
what is shown is what was measured. ``BEHIND`` says which of them stands behind a feature's own view; features of a
profile have none, for their value is all there is to see.
"""

from __future__ import annotations

from features import ops
from features.declare import Rows, Value, view

COLUMNS = ("account_id", "at_s", "post_id", "other_id", "amount", "place")


def _shown(rows: Rows, place: Value, **given: Value | str) -> Rows:
    """One form for all: ``place`` orders the rows of an account, lowest first."""
    kinds = {"account_id": "string", "at_s": "int64", "post_id": "string", "other_id": "string"}
    told = {c: ops.nothing(kind) if c not in given else given[c] for c, kind in kinds.items()}
    amount = ops.number(given["amount"]) if "amount" in given else ops.nothing("float64")  # type: ignore[arg-type]
    return rows.select(**told, amount=amount, place=ops.number(place))


@view("event")
def posts_behind(past_posts: Rows) -> Rows:
    """Posts that were counted, latest first."""
    return _shown(past_posts, -past_posts.at_s, account_id="account_id", at_s="at_s", post_id="post_id")


@view("event")
def gaps_behind(gaps: Rows) -> Rows:
    """Posts with the seconds since the one before, shortest first."""
    return _shown(gaps, gaps.gap_s, account_id="account_id", at_s="at_s", post_id="post_id", amount=gaps.gap_s)


@view("event")
def texts_behind(texts: Rows) -> Rows:
    """Posts with how many of the same wording the account wrote, most first."""
    counts = texts.group_by(["account_id", "skeleton"]).aggregate(same=texts.count())
    rows = ops.joined(texts, counts, {"account_id": "account_id", "skeleton": "skeleton"})
    return _shown(rows, -rows.same, account_id="account_id", at_s="at_s", post_id="post_id", amount=rows.same)


@view("event")
def liked_posts_behind(liked_posts: Rows) -> Rows:
    """Posts with their likes, most first."""
    rows = liked_posts
    return _shown(rows, -rows.likes, account_id="account_id", at_s="at_s", post_id="post_id", amount=rows.likes)


@view("event")
def acts_behind(acts: Rows, targets: Rows, people: Rows) -> Rows:
    """Own actions with the seconds between a post and them, fastest first."""
    rows = _named(acts, people, "account", "account_id")
    rows = _named(rows, people, "author", "other_id")
    rows = ops.joined(rows, targets.select("post", "post_id"), {"post": "post"})
    place = ops.either(ops.number(rows.delay_s), float(2**40))
    return _shown(
        rows, place, account_id="account_id", at_s="at_s", post_id="post_id", other_id="other_id", amount=rows.delay_s
    )


@view("event")
def authors_behind(liked_authors: Rows, people: Rows) -> Rows:
    """Accounts on whose posts it acted, and how often, most first."""
    return _others(liked_authors, people)


@view("event")
def likers_behind(likers: Rows, people: Rows) -> Rows:
    """Accounts that liked its posts, and how often, most first."""
    return _others(likers, people)


@view("event")
def arrivals_behind(arrivals: Rows, targets: Rows, people: Rows) -> Rows:
    """Likes of its posts with the seconds since publication, fastest first."""
    return _likes(arrivals, targets, people)


@view("event")
def busy_arrivals_behind(arrivals: Rows, liked_threads: Rows, targets: Rows, people: Rows) -> Rows:
    """Likes of those of its posts that have enough of them, fastest first."""
    return _likes(arrivals.semi_join(liked_threads, ["account", "post"]), targets, people)


def _likes(arrivals: Rows, targets: Rows, people: Rows) -> Rows:
    rows = _named(arrivals, people, "account", "account_id")
    rows = _named(rows, people, "actor", "other_id")
    rows = ops.joined(rows, targets.select("post", "post_id"), {"post": "post"})
    return _shown(
        rows,
        rows.delay_s,
        account_id="account_id",
        at_s="at_s",
        post_id="post_id",
        other_id="other_id",
        amount=rows.delay_s,
    )


@view("event")
def mutuals_behind(liked_authors: Rows, people: Rows) -> Rows:
    """Accounts that act on its posts and on whose posts it acts: how often the rarer way, most first."""
    rows = liked_authors.filter(liked_authors.back > 0)
    return _others(rows.mutate(n=ops.smallest(rows.n, rows.back)), people)


@view("event")
def partners_behind(partners: Rows, reading: Rows, people: Rows) -> Rows:
    """Accounts that like the same authors at the same time: how many within an hour, most first."""
    sides = [
        partners.select("moment", account=mine, other=other, n=ops.largest(partners.n_1h, partners.n_1d))
        for mine, other in (("a", "b"), ("b", "a"))
    ]
    return _others(sides[0].union(sides[1]).inner_join(reading, ["moment", "account"]), people)


@view("event")
def followers_behind(bonds: Rows, people: Rows) -> Rows:
    """Accounts that follow it, the latest first."""
    seen = bonds.filter(bonds.seen_by_idol)
    return _follows(seen.select("at_s", account="idol", other="fan"), people)


@view("event")
def followed_behind(bonds: Rows, people: Rows) -> Rows:
    """Accounts it follows, the latest first."""
    seen = bonds.filter(bonds.seen_by_fan)
    return _follows(seen.select("at_s", account="fan", other="idol"), people)


def _named(rows: Rows, people: Rows, number: str, name: str) -> Rows:
    """``rows`` with the identifier of the account whose number is in the column ``number``."""
    return ops.joined(
        rows, people.select(**{f"{name}_number": "account", name: "account_id"}), {number: f"{name}_number"}
    )


def _others(rows: Rows, people: Rows) -> Rows:
    named = _named(_named(rows, people, "account", "account_id"), people, "other", "other_id")
    return _shown(named, -named.n, account_id="account_id", other_id="other_id", amount=named.n)


def _follows(rows: Rows, people: Rows) -> Rows:
    named = _named(_named(rows, people, "account", "account_id"), people, "other", "other_id")
    place = -ops.either(named.at_s, -(2**40))
    return _shown(named, place, account_id="account_id", other_id="other_id", at_s="at_s")


# View of a feature -> where its rows are shown.
BEHIND = {
    **dict.fromkeys(("past_posts", "hours", "quarters", "minutes", "second_counts", "days"), "posts_behind"),
    **dict.fromkeys(("gaps", "gap_lengths"), "gaps_behind"),
    **dict.fromkeys(
        ("texts", "skeletons", "openings", "word_counts", "phrase_counts", "hashtag_counts"), "texts_behind"
    ),
    **dict.fromkeys(("liked_posts", "viewed_posts", "big_posts", "receiving", "reception"), "liked_posts_behind"),
    **dict.fromkeys(("acts", "act_gaps", "act_delays", "act_hours", "act_days"), "acts_behind"),
    **dict.fromkeys(("liked_authors", "idols"), "authors_behind"),
    **dict.fromkeys(
        ("likers", "audience", "following_likers", "fans", "fan_cohorts", "grouped_fans", "circle_likers"),
        "likers_behind",
    ),
    **dict.fromkeys(("threads", "thread_spans", "first_likes", "arrival_against"), "arrivals_behind"),
    "liked_threads": "busy_arrivals_behind",
    **dict.fromkeys(("answers", "own_answers", "circle_of", "give_and_take"), "mutuals_behind"),
    **dict.fromkeys(("together", "acting_block", "target_cells"), "partners_behind"),
    **dict.fromkeys(("followers_known", "follower_cohorts", "follower_hours"), "followers_behind"),
    **dict.fromkeys(("followed_known", "following_hours", "follow_backs"), "followed_behind"),
}
# What one row says; only what is known of it is filled in.
SAYS = {
    "posts_behind": "posted {post}",
    "gaps_behind": "posted {post}, {amount} s after the post before",
    "texts_behind": "posted {post}, one of {amount} with the same wording",
    "liked_posts_behind": "posted {post}, which has {amount} likes",
    "acts_behind": "acted on {post} of {other}, {amount} s after it appeared",
    "authors_behind": "acted {amount} times on posts of {other}",
    "likers_behind": "{other} liked its posts {amount} times",
    "arrivals_behind": "{other} liked {post} {amount} s after it appeared",
    "busy_arrivals_behind": "{other} liked {post} {amount} s after it appeared",
    "mutuals_behind": "it and {other} act on each other's posts, {amount} times or more each way",
    "partners_behind": "it and {other} liked the same {amount} authors within a day of each other",
    "followers_behind": "{other} follows it",
    "followed_behind": "it follows {other}",
}
