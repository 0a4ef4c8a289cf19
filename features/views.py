"""Views: what features are measured on, each a function of canonical tables, references or other views."""

from __future__ import annotations

from features import ops
from features.declare import Rows, view

WINDOW_DAYS = 90  # posts older than this at the moment of judgement say little of what the account does now
MOST_POSTS = 500  # the latest ones; bounds the work for accounts that post all day
BIO_LENGTH = 2_000  # characters read of a bio, a name or a link; platforms allow a few hundred
TEXT_LENGTH = 4_000  # characters read of a post


@view("account")
def profile(accounts: Rows) -> Rows:
    """Accounts as they stood when their counters were read, with ages, cleaned counters and lengths."""
    counters = {
        c: ops.when(accounts[c] >= 0, accounts[c])
        for c in ("followers_count", "following_count", "posts_count", "likes_given_count", "listed_count")
    }
    texts = {
        c: ops.plain(accounts[c], BIO_LENGTH)
        for c in ("username", "display_name", "description", "url", "location", "language")
    }
    age = ops.days_between(accounts.observed_at, accounts.created_at)
    return accounts.mutate(
        **counters,
        **texts,
        # Opened after it was read: the clock is wrong, not the account young.
        age_days=ops.when(age >= 0, ops.when(age < 1, 1.0, age)),
    )


@view("event", "posts in the 90 days before it was judged", stored=True)
def past_posts(posts: Rows, verdicts: Rows) -> Rows:
    """The latest 500 posts of the 90 days strictly before each account was judged."""
    known = posts.inner_join(verdicts.select("account_id", "as_of"), "account_id")
    known = known.filter(known.created_at < known.as_of)
    known = known.mutate(at_s=ops.seconds(known.created_at), as_of_s=ops.seconds(known.as_of))
    known = known.filter(known.at_s >= known.as_of_s - WINDOW_DAYS * ops.DAY_S)
    known = known.mutate(newest=ops.rank(known.account_id, [known.at_s.desc(), known.post_id]))
    return known.filter(known.newest < MOST_POSTS).drop("created_at", "as_of", "newest")


@view("event", "gaps between posts", stored=True)
def gaps(past_posts: Rows) -> Rows:
    """Seconds between consecutive posts of an account."""
    order = [past_posts.at_s, past_posts.post_id]
    at_before = ops.before(past_posts.at_s, past_posts.account_id, order)
    rows = past_posts.select("account_id", "post_id", "at_s", gap_s=past_posts.at_s - at_before)
    return rows.filter(rows.gap_s.notnull())
