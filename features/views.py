"""Views: what features are measured on, each a function of canonical tables, references or other views."""

from __future__ import annotations

from features import ops
from features.declare import Rows, view

WINDOW_DAYS = 90  # posts older than this at the moment of judgement say little of what the account does now
MOST_POSTS = 500  # the latest ones; bounds the work for accounts that post all day
BIO_LENGTH = 2_000  # characters read of a bio, a name or a link; platforms allow a few hundred
NAME_LENGTH = 100
COUNTERS = ("followers_count", "following_count", "posts_count", "likes_given_count", "listed_count")
NOT_ALPHANUMERIC = r"[^\p{L}\p{N}]"


@view("account")
def profile(accounts: Rows) -> Rows:
    """Accounts as they stood when their counters were read, with cleaned texts and counters and their age."""
    bounded = {"description": BIO_LENGTH, "url": BIO_LENGTH, "location": NAME_LENGTH}
    age = ops.days_between(accounts.observed_at, accounts.created_at)
    return accounts.mutate(
        **{c: ops.when(accounts[c] >= 0, accounts[c]) for c in COUNTERS},
        **{c: ops.plain(accounts[c], most) for c, most in bounded.items()},
        # Opened after it was read: the clock is wrong, not the account young.
        age_days=ops.when(age >= 0, ops.largest(age, 1.0)),
    )


@view("account")
def names(accounts: Rows) -> Rows:
    """Handles and display names, cleaned, in forms that can be compared."""
    handle = ops.given(ops.plain(accounts.username, NAME_LENGTH))
    name = ops.given(ops.plain(accounts.display_name, NAME_LENGTH))
    rows = accounts.select("account_id", handle=handle, name=name, bio=ops.plain(accounts.description, BIO_LENGTH))
    pattern = ops.replaced(ops.replaced(rows.handle, r"\p{Lu}+", "A"), r"[\p{Ll}\p{Lo}]+", "a")
    return rows.mutate(
        # Letters by runs, digits one by one: a factory's series differs in letters and agrees in digits.
        handle_pattern=ops.replaced(pattern, r"\p{N}", "9"),
        handle_core=ops.lower(ops.without(rows.handle, NOT_ALPHANUMERIC)),
        name_core=ops.lower(ops.without(rows["name"], NOT_ALPHANUMERIC)),
    )


@view("event", "characters in its handle", counted="n")
def handle_characters(names: Rows) -> Rows:
    """How often each character occurs in a handle, upper and lower case alike."""
    known = names.filter(names.handle.notnull()).select("account_id", "handle")
    spelled = known.select("account_id", spelled=ops.lower(known.handle) + " ")
    rows = ops.pairs_of(spelled, "spelled")
    rows = rows.mutate(character=rows.pair.substr(0, 1))
    return rows.group_by(["account_id", "character"]).aggregate(n=rows.count())


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
    """Seconds between consecutive posts of an account, with the gap before each."""
    order = [past_posts.at_s, past_posts.post_id]
    at_before = ops.before(past_posts.at_s, past_posts.account_id, order)
    rows = past_posts.select("account_id", "post_id", "at_s", gap_s=past_posts.at_s - at_before)
    rows = rows.filter(rows.gap_s.notnull())
    gap_before_s = ops.before(rows.gap_s, rows.account_id, [rows.at_s, rows.post_id])
    return rows.mutate(gap_before_s=gap_before_s, log_gap=ops.log1p(rows.gap_s), log_gap_before=ops.log1p(gap_before_s))


@view("event", "gaps between posts", counted="n")
def gap_lengths(gaps: Rows) -> Rows:
    """How often each gap occurs, in whole minutes."""
    rows = gaps.mutate(minutes=ops.whole((gaps.gap_s + 30) / 60))
    return rows.group_by(["account_id", "minutes"]).aggregate(n=rows.count())


@view("event", "posts in the 90 days before it was judged", counted="n")
def hours(past_posts: Rows) -> Rows:
    """Posts per hour of the day, with the hour of the day in which it posted next before."""
    rows = past_posts.mutate(hour=ops.hour(past_posts.at_s))
    counts = rows.group_by(["account_id", "hour"]).aggregate(n=rows.count())
    return counts.mutate(hour_before=ops.before(counts.hour, counts.account_id, [counts.hour]))


@view("event", "posts in the 90 days before it was judged", counted="n")
def quarters(past_posts: Rows) -> Rows:
    """Posts per quarter of an hour of the day."""
    rows = past_posts.mutate(quarter=ops.whole(ops.second_of_day(past_posts.at_s) / 900))
    return rows.group_by(["account_id", "quarter"]).aggregate(n=rows.count())


@view("event", "posts in the 90 days before it was judged", counted="n")
def minutes(past_posts: Rows) -> Rows:
    """Posts per minute of the hour."""
    rows = past_posts.mutate(minute=ops.whole((ops.second_of_day(past_posts.at_s) % 3600) / 60))
    return rows.group_by(["account_id", "minute"]).aggregate(n=rows.count())


@view("event", "posts in the 90 days before it was judged", counted="n")
def second_counts(past_posts: Rows) -> Rows:
    """Posts per second of the minute."""
    rows = past_posts.mutate(second=past_posts.at_s % 60)
    return rows.group_by(["account_id", "second"]).aggregate(n=rows.count())


@view("event", "days with posts")
def days(past_posts: Rows) -> Rows:
    """Posts per day."""
    rows = past_posts.mutate(day=ops.day(past_posts.at_s))
    return rows.group_by(["account_id", "day"]).aggregate(n=rows.count(), weekday=ops.weekday(rows.at_s).max())
