"""Views of events: who acted on what, and when.

What one account does, and what reaches its posts, is read up to the very moment the account is judged. What ties many
accounts together (who acts with whom, who reaches whom over two steps) is computed for at most eight common moments;
an account reads the latest that is not after its own, which is its own where there are no more than eight.
"""

from __future__ import annotations

from features import ops
from features.declare import Rows, reference, view
from features.references import leave_out
from features.views import WINDOW_DAYS

MOMENTS = 8
WINDOW_S = WINDOW_DAYS * ops.DAY_S
LIKE, COMMENT, REPOST = 0, 1, 2
LONGEST_DELAY_S = 2**31 - 1
CURVE_S = (60, 300, 900, 3_600, 10_800, 21_600, 86_400, 259_200)  # points at which arrival curves are compared
SPANS = 288  # five minutes of a day
LATE_BURST = 5  # likes within a minute
ENOUGH_LIKES = 10
ENOUGH_ACCOUNTS = 30


@view("event", stored=True, optional=("engagements", "posts", "follows"))
def people(verdicts: Rows, engagements: Rows, posts: Rows, follows: Rows) -> Rows:
    """Everyone who is judged, acts, is acted on or follows, by number; who is not judged has no moment of judgement."""
    known = verdicts.select("account_id", "account", "as_of")
    named = engagements.select(account_id="actor_id").distinct()
    for others in (
        posts.select("account_id"),
        follows.select(account_id="follower_id"),
        follows.select(account_id="followed_id"),
    ):
        named = named.union(others.distinct())
    strangers = named.distinct().anti_join(verdicts, "account_id")
    first = verdicts.count().as_scalar()
    number = (ops.rank(None, [strangers.account_id]) + first).cast("int64")
    others = strangers.select("account_id", account=number, as_of=ops.no_moment())
    return known.union(others)


@view("event", stored=True, optional=("posts",))
def targets(posts: Rows, engagements: Rows, people: Rows) -> Rows:
    """Everything that is acted on, by number, with its author where it is known."""
    authors = people.select(author_id="account_id", author="account", author_as_of="as_of")
    written = posts.inner_join(authors, posts.account_id == authors.author_id)
    known = written.select("post_id", "author", "author_as_of", posted_at="created_at")
    unknown = engagements.select("post_id").distinct().anti_join(posts, "post_id")
    nobody = unknown.mutate(author=ops.nothing("int64"), author_as_of=ops.no_moment(), posted_at=ops.no_moment())
    rows = known.union(nobody)
    return rows.mutate(
        post=ops.rank(None, [rows.post_id]).cast("int32"),
        author=rows.author.cast("int32"),
        posted_s=ops.seconds(rows.posted_at),
    )


@view("event", stored=True, optional=("posts",))
def deeds(engagements: Rows, targets: Rows, people: Rows, verdicts: Rows) -> Rows:
    """Likes, comments and reposts, and who may see them.

    ``given``: before its actor was judged; ``received``: before the author of the post was; both within 90 days.
    """
    actors = people.select(actor_id="account_id", actor="account", actor_as_of="as_of")
    last = verdicts.as_of.max().as_scalar()
    happened = engagements.filter(engagements.created_at < last)
    rows = happened.inner_join(targets, "post_id").inner_join(actors, "actor_id")
    at_s, as_of_s, author_as_of_s = (ops.seconds(rows[c]) for c in ("created_at", "actor_as_of", "author_as_of"))
    given = (rows.created_at < rows.actor_as_of) & (at_s >= as_of_s - WINDOW_S)
    received = (rows.created_at < rows.author_as_of) & (rows.posted_at < rows.author_as_of)
    delay = at_s - rows.posted_s
    return rows.select(
        actor=rows.actor.cast("int32"),
        author="author",
        post="post",
        deed=ops.when(rows.kind == "like", LIKE, ops.when(rows.kind == "comment", COMMENT, REPOST)).cast("int8"),
        at_s=at_s,
        # A reaction to what is not yet there is a mistake of the clocks.
        delay_s=ops.when((delay >= 0) & (delay <= LONGEST_DELAY_S), delay).cast("int32"),
        given=ops.either(given, False),
        received=ops.either(received & (rows.posted_s >= author_as_of_s - WINDOW_S), False),
    )


# --- what an account does ------------------------------------------------------------------------------------------


@view("event", "actions in the 90 days before it was judged", stored=True)
def acts(deeds: Rows) -> Rows:
    """Own likes, comments and reposts in their order, with the gap before each."""
    own = deeds.filter(deeds.given)
    own = own.select("author", "post", "deed", "at_s", "delay_s", account="actor")
    order = [own.at_s, own.post, own.deed]
    at_1, at_2, at_9 = (ops.before(own.at_s, own.account, order, n) for n in (1, 2, 9))
    return own.mutate(
        gap_s=own.at_s - at_1,
        gap_before_s=at_1 - at_2,
        ten_s=own.at_s - at_9,
        again=own.author == ops.before(own.author, own.account, order),
    )


@view("event", "gaps between actions")
def act_gaps(acts: Rows) -> Rows:
    """Seconds between consecutive actions of an account."""
    rows = acts.filter(acts.gap_s.notnull())
    return rows.select("account", "gap_s", log_gap=ops.log1p(rows.gap_s), log_gap_before=ops.log1p(rows.gap_before_s))


@view("event", "actions on posts of known age")
def act_delays(acts: Rows) -> Rows:
    """Own actions on posts whose publication is known."""
    rows = acts.filter(acts.delay_s.notnull())
    return rows.select("account", "delay_s", log_delay=ops.log1p(rows.delay_s))


@view("event", "actions in the 90 days before it was judged", counted="n")
def act_hours(acts: Rows) -> Rows:
    """Own actions per hour of the day."""
    rows = acts.select("account", hour=ops.hour(acts.at_s).cast("int8"))
    return rows.group_by(["account", "hour"]).aggregate(n=rows.count())


@view("event", "days with actions")
def act_days(acts: Rows) -> Rows:
    """Own actions per day."""
    rows = acts.select("account", day=ops.day(acts.at_s).cast("int32"))
    return rows.group_by(["account", "day"]).aggregate(n=rows.count())


# --- who acts on whom ----------------------------------------------------------------------------------------------


@view("event", stored=True)
def ties(deeds: Rows) -> Rows:
    """How often one account acted on the posts of another: as its actor and as its author may know, and likes alone."""
    rows = deeds.filter(deeds.author.notnull() & (deeds.actor != deeds.author))
    liked = rows.received & (rows.deed == LIKE)
    return rows.group_by(["actor", "author"]).aggregate(
        given=ops.count_where(rows.given).cast("int32"),
        received=ops.count_where(rows.received).cast("int32"),
        liked=ops.count_where(liked).cast("int32"),
        first_s=rows.at_s.min(),
    )


@view("event", "accounts on whose posts it acted", stored=True)
def liked_authors(ties: Rows) -> Rows:
    """Authors on whose posts an account acted, and how often they acted on its posts."""
    out = ties.filter(ties.given > 0).select(account="actor", other="author", n="given")
    back = ties.filter(ties.received > 0).select(actor="actor", author="author", back="received")
    rows = out.left_join(back, [out.account == back.author, out.other == back.actor])
    return rows.select("account", "other", "n", back=ops.either(rows.back, 0))


@view("event", "accounts that liked its posts", stored=True)
def likers(ties: Rows) -> Rows:
    """Accounts that liked posts of an account, how often, and how often it acted on theirs."""
    liking = ties.filter(ties.liked > 0).select(account="author", other="actor", n="liked")
    back = ties.filter(ties.given > 0).select(actor="actor", author="author", back="given")
    rows = liking.left_join(back, [liking.account == back.actor, liking.other == back.author])
    return rows.select("account", "other", "n", back=ops.either(rows.back, 0))


# --- how likes arrive ----------------------------------------------------------------------------------------------


@view("event", stored=True)
def likes(deeds: Rows) -> Rows:
    """Likes of each post in their order: place, gap to the one before, and how many came in the minute up to each.

    All three look back only, so that likes after an account was judged change nothing for it.
    """
    liked = deeds.filter((deeds.deed == LIKE) & (deeds.author.isnull() | (deeds.actor != deeds.author)))
    rows = liked.select("post", "actor", "author", "at_s", "delay_s", "received")
    order = [rows.at_s, rows.actor]
    return rows.mutate(
        first_s=ops.of_all(rows.at_s.min(), rows.post),
        nth=ops.rank(rows.post, order).cast("int32"),
        gap_s=(rows.at_s - ops.before(rows.at_s, rows.post, order)).cast("int32"),
        near=ops.within(rows.at_s, rows.post, 60).cast("int32"),
    )


@view("event", "likes of its posts")
def arrivals(likes: Rows) -> Rows:
    """Likes of own posts before the account was judged."""
    return likes.filter(likes.received & likes.delay_s.notnull()).drop("received").rename(account="author")


@view("event", "posts with likes", stored=True)
def threads(arrivals: Rows) -> Rows:
    """Own posts with likes, and how these came in."""
    rows = arrivals
    early = {f"in_{s}": ops.count_where(rows.delay_s < s) for s in CURVE_S}
    return rows.group_by(["account", "post"]).aggregate(
        n=rows.count(),
        half_s=ops.quantile(rows.delay_s, 0.5),
        most_s=ops.quantile(rows.delay_s, 0.9),
        burst=rows.near.max(),
        crowd=rows.near.sum(),
        late_bursts=ops.count_where((rows.delay_s >= ops.DAY_S) & (rows.near >= LATE_BURST)),
        same_second=ops.count_where(rows.gap_s == 0),
        gap_spread=ops.sd_of_logs(ops.log1p(rows.gap_s)),
        posted_s=(rows.at_s - rows.delay_s).min(),
        **early,
    )


@view("event", "posts with 3 likes or more")
def liked_threads(threads: Rows) -> Rows:
    """Own posts with three likes or more."""
    return threads.filter(threads.n >= 3)


@view("account")
def arrival_shares(threads: Rows) -> Rows:
    """Share of all likes of an account that came within each span of publication."""
    rows = threads
    n = rows.n.sum()
    return rows.group_by("account").aggregate(
        likes=n.cast("int64"), **{f"by_{s}": ops.over(rows[f"in_{s}"].sum(), n) for s in CURVE_S}
    )


@view("event", stored=True)
def trained(verdicts: Rows) -> Rows:
    """Numbers and folds of the accounts that references are fitted on."""
    return verdicts.filter(verdicts.fold.notnull()).select("account", "fold")


@reference
def arrival_curve(arrival_shares: Rows, trained: Rows) -> Rows:
    """How soon likes come in, on average over training accounts with 10 likes or more."""
    rows = arrival_shares.filter(arrival_shares.likes >= ENOUGH_LIKES).inner_join(trained, "account")
    sums = {f"by_{s}": ops.grains(rows[f"by_{s}"]).sum() for s in CURVE_S}
    counts = rows.group_by("fold").aggregate(part=ops.constant(0), n=rows.count(), **sums)
    fitted = leave_out(counts, trained, ["part"])
    return fitted.select("held_out", "n", **{c: ops.over(fitted[c], fitted.n) / ops.GRAIN for c in sums})


@view("account")
def arrival_against(arrival_shares: Rows, verdicts: Rows, arrival_curve: Rows) -> Rows:
    """Largest distance between how soon likes come in here and on training accounts; null below 10 likes."""
    met = verdicts.select("account", held_out=ops.either(verdicts.fold, -1))
    rows = ops.joined(
        arrival_shares.inner_join(met, "account"), _called(arrival_curve, "usual"), {"held_out": "held_out"}
    )
    furthest = ops.largest(*(ops.distance(rows[f"by_{s}"], rows[f"usual_{s}"]) for s in CURVE_S))
    enough = (rows.likes >= ENOUGH_LIKES) & (rows.fitted >= ENOUGH_ACCOUNTS)
    return rows.select("account", distance=ops.when(enough, furthest))


def _called(curve: Rows, name: str) -> Rows:
    return curve.select("held_out", fitted="n", **{f"{name}_{s}": curve[f"by_{s}"] for s in CURVE_S})


@view("event", "5-minute spans of the first day of its posts")
def thread_bins(arrivals: Rows) -> Rows:
    """Likes of each post per five minutes of its first day, spans without any left out."""
    early = arrivals.filter(arrivals.delay_s < ops.DAY_S)
    rows = early.select("account", "post", span=ops.whole(early.delay_s / 300).cast("int16"))
    return rows.group_by(["account", "post", "span"]).aggregate(n=rows.count())


@view("event", "posts with 3 likes or more in their first day")
def thread_spans(thread_bins: Rows) -> Rows:
    """How unevenly the likes of a post fill its first day: variance over mean of likes per five minutes."""
    rows = thread_bins.mutate(square=thread_bins.n * thread_bins.n)
    posts = rows.group_by(["account", "post"]).aggregate(n=rows.n.sum(), square=rows.square.sum())
    posts = posts.filter(posts.n >= 3)
    mean = ops.number(posts.n) / SPANS
    return posts.select("account", fano=ops.number(posts.square) / SPANS / mean - mean)


@view("event", "first five likes of its posts")
def first_likes(arrivals: Rows, likers: Rows) -> Rows:
    """The first five likes of each post, and whether they come from accounts on whose posts the author acts."""
    first = arrivals.filter(arrivals.nth < 5).select("account", other="actor")
    known = likers.select(known_account="account", known_other="other", back="back")
    rows = first.left_join(known, [first.account == known.known_account, first.other == known.known_other])
    return rows.select("account", mutual=ops.either(rows.back, 0) > 0)


@view("event", "accounts that liked its posts")
def audience(likers: Rows, threads: Rows) -> Rows:
    """Likers of an account, beside the number of its posts with likes."""
    posts = threads.group_by("account").aggregate(posts=threads.count())
    rows = likers.mutate(square=likers.n.cast("int64") * likers.n)
    return ops.joined(rows, posts, {"account": "account"})


@view("event", "accounts that liked its posts")
def following_likers(likers: Rows, follows: Rows, people: Rows) -> Rows:
    """Likers of an account, and whether they follow it."""
    fans = people.select(fan_id="account_id", fan="account")
    idols = people.select(idol_id="account_id", idol="account", as_of="as_of")
    known = follows.inner_join(fans, follows.follower_id == fans.fan_id)
    known = known.inner_join(idols, known.followed_id == idols.idol_id)
    # A follow without a date is as old as the profile it was read from.
    known = known.filter(known.created_at.isnull() | (known.created_at < known.as_of)).select("fan", "idol")
    rows = likers.left_join(known, [likers.other == known.fan, likers.account == known.idol])
    return rows.select("account", "n", follows=rows.fan.notnull())
