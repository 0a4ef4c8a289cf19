"""References: what is fitted on training accounts, and how a fold is kept out of what its own accounts meet.

Every statistic is a sum of whole numbers over accounts. What an account of fold ``f`` meets is the total less the sum
of its own fold, so no account is ever measured against itself; ``held_out`` -1 (nothing held out) is what unlabelled
accounts meet and what a model carries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features import ops
from features.declare import Rows, Value, reference, view

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SYMBOLS = [*LETTERS, *LETTERS.upper(), *"0123456789_^$*"]  # ^ and $ are the ends of a handle, * any other character
PRIOR = 0.5  # of a pair of characters; between the 1 of Laplace and the 0 that makes new pairs impossible
BINS = 48  # half steps of ln(1 + count): 48 reach 2.6e10
PULL = 25.0  # accounts a bin needs before it counts as much as the trend of all bins
ENOUGH = 30  # accounts a curve is drawn through


@view("account")
def training(verdicts: Rows) -> Rows:
    """Accounts that references are fitted on: those with a fold."""
    return verdicts.filter(verdicts.fold.notnull()).select("account_id", "fold")


@view("account")
def meeting(verdicts: Rows) -> Rows:
    """Which ``held_out`` of a reference each account meets."""
    return verdicts.select("account_id", held_out=ops.either(verdicts.fold, -1))


def leave_out(counts: Rows, training: Rows, keys: Sequence[str]) -> Rows:
    """Totals of ``counts`` with nothing held out, and with each fold held out in turn.

    Parameters
    ----------
    counts : one row per fold and keys, all other columns whole numbers
    training : accounts with their folds
    keys : columns that tell the statistics apart

    Returns
    -------
    one row per held_out and keys, with the same other columns; a key seen only in the fold held out has zeros
    """
    sums = [c for c in counts.columns if c not in ("fold", *keys)]
    everything = counts.group_by(list(keys)).aggregate(**{s: counts[s].sum() for s in sums})
    folds = training.select(held_out=training.fold).distinct()
    held = folds.union(ops.values("held_out", [-1], training), distinct=True)
    grid = everything.cross_join(held)
    own = counts.rename({f"own_{c}": c for c in counts.columns})
    matched = grid.left_join(own, [grid.held_out == own.own_fold, *(grid[k] == own[f"own_{k}"] for k in keys)])
    left = {s: matched[s] - ops.either(matched[f"own_{s}"], 0) for s in sums}
    return matched.select("held_out", *keys, **left)


# --- names ---------------------------------------------------------------------------------------------------------


@view("event", "neighbouring characters in its handle")
def handle_pairs(names: Rows) -> Rows:
    """Every two neighbouring characters of a handle, its ends included."""
    known = names.filter(names.handle.notnull())
    spelled = ops.replaced(known.handle, "[^a-zA-Z0-9_]", "*")
    return ops.pairs_of(known.select("account_id", spelled="^" + spelled + "$"), "spelled")


@reference
def handle_model(handle_pairs: Rows, training: Rows) -> Rows:
    """Logarithm of the probability of each character of a handle after the one before it."""
    seen = handle_pairs.inner_join(training, "account_id")
    counts = leave_out(seen.group_by(["fold", "pair"]).aggregate(n=seen.count()), training, ["pair"])
    counts = counts.mutate(before=counts.pair.substr(0, 1))
    starts = counts.group_by(["held_out", "before"]).aggregate(n_before=counts.n.sum())
    held = starts.select("held_out").distinct()
    grid = held.cross_join(ops.values("before", SYMBOLS, training)).cross_join(ops.values("after", SYMBOLS, training))
    grid = grid.mutate(pair=grid.before + grid.after)
    grid = ops.joined(grid, counts.drop("before"), {"held_out": "held_out", "pair": "pair"})
    grid = ops.joined(grid, starts, {"held_out": "held_out", "before": "before"})
    n, n_before = (ops.number(ops.either(c, 0)) for c in (grid.n, grid.n_before))
    return grid.select("held_out", "pair", log_p=ops.log((n + PRIOR) / (n_before + PRIOR * len(SYMBOLS))))


@view("event", "neighbouring characters in its handle")
def rated_pairs(handle_pairs: Rows, meeting: Rows, handle_model: Rows) -> Rows:
    """Neighbouring characters of handles with their probability among training accounts."""
    pairs = handle_pairs.inner_join(meeting, "account_id")
    return ops.joined(pairs, handle_model, {"held_out": "held_out", "pair": "pair"})


@reference
def handle_patterns(names: Rows, training: Rows) -> Rows:
    """Share of handles with each pattern of letters and digits, and under the empty pattern their number."""
    known = names.filter(names.handle_pattern.notnull()).inner_join(training, "account_id")
    each = known.group_by(["fold", "handle_pattern"]).aggregate(n=known.count())
    counts = leave_out(each, training, ["handle_pattern"])
    whole = counts.group_by("held_out").aggregate(n_all=counts.n.sum())
    rows = counts.inner_join(whole, "held_out")
    # A pattern met once says nothing, and a model should not carry a million of them.
    common = rows.filter(rows.n >= 2)
    shares = common.select("held_out", "handle_pattern", share=ops.over(common.n, common.n_all))
    return shares.union(whole.select("held_out", handle_pattern=ops.constant(""), share=ops.number(whole.n_all)))


@view("account")
def patterned_names(names: Rows, meeting: Rows, handle_patterns: Rows) -> Rows:
    """Names with the share of training handles of the same pattern; null without a handle or without training."""
    rows = names.inner_join(meeting, "account_id")
    rows = ops.joined(rows, handle_patterns, {"held_out": "held_out", "handle_pattern": "handle_pattern"})
    fitted = handle_patterns.filter(handle_patterns.handle_pattern == "").select("held_out", n_all="share")
    rows = ops.joined(rows, fitted, {"held_out": "held_out"})
    known = rows.handle_pattern.notnull() & (rows.n_all > 0)
    return rows.mutate(pattern_share=ops.when(known, ops.either(rows.share, 0.0)))


# --- curves --------------------------------------------------------------------------------------------------------


def curve(members: Rows, training: Rows, x: str, y: str) -> Rows:
    """How ``y`` goes with ``x`` among training accounts: a straight trend, and per bin of ``x`` a shift from it.

    Both the shift and the spread of a bin are pulled to those of the trend, the more the fewer accounts it has.

    Parameters
    ----------
    members : account_id and the columns ``x`` and ``y``, logarithms of counts
    training : accounts with their folds

    Returns
    -------
    held_out, bin, intercept, slope, shift, spread; no rows for a held_out with fewer than 30 accounts
    """
    rows = members.select("account_id", x=members[x], y=members[y]).inner_join(training, "account_id")
    rows = rows.filter(rows.x.notnull() & rows.y.notnull())
    rows = rows.mutate(bin=bin_of(rows.x))
    powers = {"x": rows.x, "y": rows.y, "xx": rows.x * rows.x, "xy": rows.x * rows.y, "yy": rows.y * rows.y}
    sums = {name: ops.grains(value).sum() for name, value in powers.items()}
    counts = leave_out(rows.group_by(["fold", "bin"]).aggregate(n=rows.count(), **sums), training, ["bin"])
    names = ["n", *powers]
    trend = counts.group_by("held_out").aggregate(**{f"all_{c}": counts[c].sum() for c in names})
    trend = trend.filter(trend.all_n >= ENOUGH)
    mx, my, vx, cov, vy = _moments(trend, "all_")
    slope = ops.when(vx > 1e-6, cov / ops.largest(vx, 1e-6), 0.0)
    trend = trend.select(
        "held_out",
        slope=slope,
        intercept=my - slope * mx,
        variance=ops.largest(vy - slope * cov, 1e-4),
    )
    grid = trend.cross_join(ops.values("bin", BINS, training))
    bins = ops.joined(grid, counts, {"held_out": "held_out", "bin": "bin"})
    mx, my, vx, cov, vy = _moments(bins, "")
    n = ops.number(ops.either(bins.n, 0))
    inside = vy - 2 * bins.slope * cov + bins.slope * bins.slope * vx
    shift = (my - bins.intercept - bins.slope * mx) * n / (n + PULL)
    spread = ((ops.either(ops.largest(inside, 0.0), 0.0) * n + bins.variance * PULL) / (n + PULL)).sqrt()
    return bins.select("held_out", "bin", "intercept", "slope", shift=ops.when(n > 0, shift, 0.0), spread=spread)


def bin_of(x: Value) -> Value:
    """Bin of a logarithm."""
    return ops.whole(ops.clip(x * 2, 0.0, BINS - 1.0))


def against(rows: Rows, curves: Mapping[str, tuple[Rows, str, str]]) -> Rows:
    """``rows`` (with held_out) with one more column per curve: standard deviations of ``y`` above its curve."""
    for name, (fitted, x, y) in curves.items():
        rows = rows.mutate(bin=bin_of(rows[x]))
        rows = ops.joined(rows, fitted, {"held_out": "held_out", "bin": "bin"})
        expected = rows.intercept + rows.slope * rows[x] + rows["shift"]
        rows = rows.mutate(**{name: ops.clip((rows[y] - expected) / rows.spread, -10.0, 10.0)})
        rows = rows.drop("bin", "intercept", "slope", "shift", "spread")
    return rows


def _moments(rows: Rows, prefix: str) -> tuple[Value, ...]:
    """Means of x and y, variance of x, covariance, variance of y; null where there are no rows."""
    n = ops.number(rows[f"{prefix}n"]).nullif(0)
    x, y, xx, xy, yy = (ops.number(rows[f"{prefix}{c}"]) / ops.GRAIN / n for c in ("x", "y", "xx", "xy", "yy"))
    return x, y, xx - x * x, xy - x * y, yy - y * y


@view("account")
def counters(profile: Rows) -> Rows:
    """Logarithms of the counters, the form in which accounts are compared."""
    return profile.select(
        "account_id",
        log_followers=ops.log1p(profile.followers_count),
        log_following=ops.log1p(profile.following_count),
        log_posts=ops.log1p(profile.posts_count),
        log_likes_given=ops.log1p(profile.likes_given_count),
        log_listed=ops.log1p(profile.listed_count),
        log_age=ops.log1p(profile.age_days),
    )


@reference
def followers_by_following(counters: Rows, training: Rows) -> Rows:
    """Followers of accounts that follow as many."""
    return curve(counters, training, "log_following", "log_followers")


@reference
def followers_by_posts(counters: Rows, training: Rows) -> Rows:
    """Followers of accounts that post as much."""
    return curve(counters, training, "log_posts", "log_followers")


@reference
def posts_by_age(counters: Rows, training: Rows) -> Rows:
    """Posts of accounts as old."""
    return curve(counters, training, "log_age", "log_posts")


@reference
def following_by_age(counters: Rows, training: Rows) -> Rows:
    """Accounts followed by accounts as old."""
    return curve(counters, training, "log_age", "log_following")


@reference
def likes_given_by_posts(counters: Rows, training: Rows) -> Rows:
    """Likes given by accounts that post as much."""
    return curve(counters, training, "log_posts", "log_likes_given")


@reference
def lists_by_followers(counters: Rows, training: Rows) -> Rows:
    """Lists that hold accounts with as many followers."""
    return curve(counters, training, "log_followers", "log_listed")


@view("account")
def standing(
    counters: Rows,
    meeting: Rows,
    followers_by_following: Rows,
    followers_by_posts: Rows,
    posts_by_age: Rows,
    following_by_age: Rows,
    likes_given_by_posts: Rows,
    lists_by_followers: Rows,
) -> Rows:
    """Counters in standard deviations above those of comparable training accounts."""
    curves = {
        "followers_for_following": (followers_by_following, "log_following", "log_followers"),
        "followers_for_posts": (followers_by_posts, "log_posts", "log_followers"),
        "posts_for_age": (posts_by_age, "log_age", "log_posts"),
        "following_for_age": (following_by_age, "log_age", "log_following"),
        "likes_given_for_posts": (likes_given_by_posts, "log_posts", "log_likes_given"),
        "lists_for_followers": (lists_by_followers, "log_followers", "log_listed"),
    }
    return against(counters.inner_join(meeting, "account_id"), curves)


@reference
def likes_by_followers(receiving: Rows, training: Rows) -> Rows:
    """Likes a post receives from as many followers."""
    return curve(receiving, training, "log_followers", "log_likes")


@reference
def comments_by_likes(receiving: Rows, training: Rows) -> Rows:
    """Comments a post receives with as many likes."""
    return curve(receiving, training, "log_likes", "log_comments")


@view("account")
def reception(receiving: Rows, meeting: Rows, likes_by_followers: Rows, comments_by_likes: Rows) -> Rows:
    """Reactions to posts in standard deviations above those of comparable training accounts."""
    curves = {
        "likes_for_followers": (likes_by_followers, "log_followers", "log_likes"),
        "comments_for_likes": (comments_by_likes, "log_likes", "log_comments"),
    }
    return against(receiving.inner_join(meeting, "account_id"), curves)
