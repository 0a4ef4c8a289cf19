"""Views of the accounts around an account: who likes its posts, whose posts it likes, who follows it, whom it follows.

What is told of a neighbour is what was known of it at the common moment the account reads: its profile if that was read
by then, and what it had done until then.
"""

from __future__ import annotations

from features import ops
from features.declare import Rows, view
from features.eventviews import LIKE

MASS_FOLLOWING = 1_500


@view("event", stored=True, population=True)
def facts(accounts: Rows, people: Rows, moments: Rows) -> Rows:
    """Profiles of accounts as they were known at each common moment."""
    rows = accounts.inner_join(people.select("account_id", "account"), "account_id").cross_join(moments)
    rows = rows.filter((rows.observed_at <= rows.read_at) & ops.either(rows.created_at < rows.read_at, True))
    age_days = ops.days_between(rows.read_at, rows.created_at)
    empty = (rows.followers_count < 2) & (rows.following_count < 2) & ops.given(rows.description).isnull()
    return rows.select(
        moment="moment",
        other=rows.account.cast("int32"),
        created_day=ops.day(ops.seconds(rows.created_at)).cast("int32"),
        log_age=ops.log1p(ops.when(age_days >= 0, age_days)),
        young=age_days < 30,
        log_followers=ops.log1p(ops.when(rows.followers_count >= 0, rows.followers_count)),
        log_following=ops.log1p(ops.when(rows.following_count >= 0, rows.following_count)),
        mass_following=rows.following_count > MASS_FOLLOWING,
        bare=ops.when(rows.has_avatar.notnull(), ~rows.has_avatar),
        empty=empty,
    )


@view("event", stored=True, population=True)
def records(deeds: Rows, moments: Rows) -> Rows:
    """What every account that acts had done until each common moment."""
    rows = deeds.cross_join(moments)
    rows = rows.filter(rows.at_s < rows.read_at_s)
    each = rows.group_by(["moment", "actor"]).aggregate(
        acts=rows.count(), likes=ops.count_where(rows.deed == LIKE), first_s=rows.at_s.min(), last_s=rows.at_s.max()
    )
    return each.select(
        "moment",
        other="actor",
        log_acts=ops.log1p(each.acts),
        slight=(each.acts <= 2) & (ops.day(each.first_s) == ops.day(each.last_s)),
        only_likes=(each.likes == each.acts) & (each.acts >= 10),
    )


@view("event", "accounts that liked its posts", population=True)
def fans(likers: Rows, reading: Rows, facts: Rows, records: Rows) -> Rows:
    """Likers of an account, with their profiles and their records."""
    rows = likers.select("account", "other", "n").inner_join(reading, "account")
    rows = ops.joined(rows, facts, {"moment": "moment", "other": "other"})
    return ops.joined(rows, records, {"moment": "moment", "other": "other"})


@view("event", "accounts that liked its posts and whose opening is known", counted="n", population=True)
def fan_cohorts(fans: Rows) -> Rows:
    """Likers of an account per day on which they were opened."""
    known = fans.filter(fans.created_day.notnull())
    return known.group_by(["account", "created_day"]).aggregate(n=known.count())


@view("event", "accounts on whose posts it acted", population=True)
def idols(liked_authors: Rows, reading: Rows, facts: Rows) -> Rows:
    """Authors on whose posts an account acted, with their profiles."""
    rows = liked_authors.select("account", "other", "n").inner_join(reading, "account")
    return ops.joined(rows, facts, {"moment": "moment", "other": "other"})


@view("event", stored=True)
def bonds(follows: Rows, people: Rows) -> Rows:
    """Follows between numbered accounts, and who may see them; a follow without a date is as old as the profiles."""
    fan = people.select(fan_id="account_id", fan="account", fan_as_of="as_of")
    idol = people.select(idol_id="account_id", idol="account", idol_as_of="as_of")
    rows = follows.inner_join(fan, follows.follower_id == fan.fan_id)
    rows = rows.inner_join(idol, rows.followed_id == idol.idol_id)
    undated = rows.created_at.isnull()
    return rows.select(
        fan=rows.fan.cast("int32"),
        idol=rows.idol.cast("int32"),
        at_s=ops.seconds(rows.created_at),
        seen_by_fan=ops.either(undated | (rows.created_at < rows.fan_as_of), False),
        seen_by_idol=ops.either(undated | (rows.created_at < rows.idol_as_of), False),
    )


@view("event", "accounts that follow it", population=True)
def followers_known(bonds: Rows, reading: Rows, facts: Rows) -> Rows:
    """Followers of an account, with their profiles."""
    rows = bonds.filter(bonds.seen_by_idol).select(account="idol", other="fan", at_s="at_s")
    rows = rows.inner_join(reading, "account")
    return ops.joined(rows, facts, {"moment": "moment", "other": "other"})


@view("event", "accounts that follow it and whose opening is known", counted="n", population=True)
def follower_cohorts(followers_known: Rows) -> Rows:
    """Followers of an account per day on which they were opened."""
    known = followers_known.filter(followers_known.created_day.notnull())
    return known.group_by(["account", "created_day"]).aggregate(n=known.count())


@view("event", "accounts it follows", population=True)
def followed_known(bonds: Rows, reading: Rows, facts: Rows) -> Rows:
    """Accounts that one follows, with their profiles."""
    rows = bonds.filter(bonds.seen_by_fan).select(account="fan", other="idol").inner_join(reading, "account")
    return ops.joined(rows, facts, {"moment": "moment", "other": "other"})


@view("event", "dated follows it received", counted="n")
def follower_hours(bonds: Rows) -> Rows:
    """Follows an account received, per hour."""
    known = bonds.filter(bonds.seen_by_idol & bonds.at_s.notnull())
    rows = known.select(account="idol", hour=ops.whole(known.at_s / 3600))
    return rows.group_by(["account", "hour"]).aggregate(n=rows.count())


@view("event", "dated follows it gave", counted="n")
def following_hours(bonds: Rows) -> Rows:
    """Follows an account gave, per hour."""
    known = bonds.filter(bonds.seen_by_fan & bonds.at_s.notnull())
    rows = known.select(account="fan", hour=ops.whole(known.at_s / 3600))
    return rows.group_by(["account", "hour"]).aggregate(n=rows.count())


@view("event", "accounts it follows")
def follow_backs(bonds: Rows) -> Rows:
    """Accounts that one follows, and whether they follow back."""
    out = bonds.filter(bonds.seen_by_fan).select(account="fan", other="idol")
    back = bonds.filter(bonds.seen_by_idol).select(back_from="fan", back_to="idol")
    rows = out.left_join(back, [out.account == back.back_to, out.other == back.back_from])
    return rows.select("account", "other", back=rows.back_from.notnull())


@view("event", "accounts that liked its posts", population=True)
def grouped_fans(likers: Rows, reading: Rows, groups_together: Rows) -> Rows:
    """Likes of an account per group of accounts that act together; group -1 holds all likers in none."""
    rows = likers.select("account", "other", "n").inner_join(reading, "account")
    member = groups_together.select("moment", "together", other="account")
    rows = ops.joined(rows, member, {"moment": "moment", "other": "other"})
    rows = rows.mutate(together=ops.either(rows.together, -1))
    return rows.group_by(["account", "together"]).aggregate(n=rows.n.sum())
