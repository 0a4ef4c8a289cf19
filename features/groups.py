"""Who acted together: the groups a reviewer asks for, told apart by what binds them and what they act on.

- `farm`: in lockstep, far beyond chance, on the posts of others.
- `pod`: in lockstep, far beyond chance, mostly on the posts of its own members.
- `friends`: a little beyond chance; people who know each other or have the same taste.
- `fans`: loyal to one author, and in no group of the above.

All as of the last common moment. Nothing is wrong with friends and fans.
"""

from __future__ import annotations

import pyarrow as pa

from features import ops
from features.declare import Rows, view

# Columns of groups.parquet.
GROUPS = pa.schema(
    {
        "group_id": pa.string(),
        "kind": pa.string(),
        "members": pa.list_(pa.string()),
        "posts": pa.list_(pa.string()),
        "member_count": pa.int64(),
        "post_count": pa.int64(),
        "author_count": pa.int64(),
        "density": pa.float64(),
        "significance": pa.float64(),
        "first_seen_at": pa.timestamp("us", tz="UTC"),
        "last_seen_at": pa.timestamp("us", tz="UTC"),
    }
)

# Half of a group's ties must be a hundred times as surprising as a tie needs to be: of those that chance makes pass
# the test, one in a hundred is.
FAR_BEYOND = 2.0
OWN_SHARE = 0.2  # of its shared likes a group spends on its members, from which on it is a pod
LOYAL_POSTS = 8  # of an author, at least, and
LOYAL_SHARE = 0.7  # of them that a fan liked
LEAST_FANS = 5
MOST_SHOWN = 100  # posts listed of a group, those with most members first


@view("event", stored=True)
def last_moment(moments: Rows) -> Rows:
    """The last common moment."""
    return moments.filter(moments.moment == moments.moment.max().as_scalar()).select("moment")


@view("event", stored=True, population=True)
def gatherings(groups_together: Rows, circles: Rows, last_moment: Rows) -> Rows:
    """Members of groups in lockstep (even numbers) and of circles of mutual ties (odd numbers)."""
    lockstep = groups_together.filter(groups_together.together >= 0).inner_join(last_moment, "moment")
    lockstep = lockstep.select("account", team=lockstep.together * 2, density="density")
    mutual = circles.filter(circles.circle >= 0).inner_join(last_moment, "moment")
    mutual = mutual.select("account", team=mutual.circle * 2 + 1, density="density")
    return lockstep.union(mutual)


@view("event", stored=True, population=True)
def bindings(gatherings: Rows, partners: Rows, last_moment: Rows) -> Rows:
    """How surprising the ties of lockstep inside a group are (their median), and how surprising any tie must be."""
    left = gatherings.select(a="account", a_team="team")
    right = gatherings.select(b="account", b_team="team")
    ties = partners.inner_join(last_moment, "moment").select("a", "b", "surprise")
    least = ties.surprise.min().as_scalar()
    ties = ties.inner_join(left, "a").inner_join(right, "b")
    ties = ties.filter(ties.a_team == ties.b_team)
    each = ties.group_by(team=ties.a_team).aggregate(significance=ties.surprise.median())
    return each.mutate(far=each.significance >= least + FAR_BEYOND)


@view("event", stored=True, population=True)
def teams(gatherings: Rows, bindings: Rows, colikes: Rows, last_moment: Rows) -> Rows:
    """Members of groups and what these are; a group in lockstep that is the circle of most members is left out."""
    likes = colikes.inner_join(last_moment, "moment").select("actor", "target")
    liked = likes.inner_join(gatherings, likes.actor == gatherings.account).select("team", "target")
    member = gatherings.select(member_team="team", member="account")
    liked = liked.left_join(member, [liked.team == member.member_team, liked.target == member.member])
    own = liked.group_by("team").aggregate(own=ops.over(ops.count_where(liked.member.notnull()), liked.count()))
    circled = gatherings.filter(gatherings.team % 2 == 1).select(circled="account")
    rows = gatherings.left_join(circled, gatherings.account == circled.circled)
    part = rows.group_by("team").aggregate(circled=ops.share(rows.circled.notnull()))
    rows = ops.joined(ops.joined(gatherings, own, {"team": "team"}), part, {"team": "team"})
    rows = ops.joined(rows, bindings, {"team": "team"})
    mutual = rows.team % 2 == 1
    pod = mutual | (rows.own >= OWN_SHARE)
    kind = ops.when(pod, ops.constant("pod"), ops.constant("farm"))
    rows = rows.filter(mutual | (rows.own < OWN_SHARE) | (rows.circled < 0.5))
    return rows.select(
        "account",
        "team",
        "density",
        "significance",
        kind=ops.when(rows.far, kind, ops.constant("friends")),
    )


@view("event", stored=True, population=True)
def fan_clubs(ties: Rows, threads: Rows, teams: Rows) -> Rows:
    """Accounts that liked most posts of one author and are in no other group."""
    posts = threads.group_by("account").aggregate(posts=threads.count())
    posts = posts.filter(posts.posts >= LOYAL_POSTS)
    rows = ties.inner_join(posts, ties.author == posts.account).select("actor", "author", "liked", "posts")
    rows = rows.filter(ops.number(rows.liked) >= rows.posts * LOYAL_SHARE)
    rows = rows.anti_join(teams.select(actor="account"), "actor")
    club = rows.group_by("author").aggregate(fans=rows.count(), density=ops.over(rows.liked.sum(), rows.posts.sum()))
    rows = rows.select("actor", "author").inner_join(club.filter(club.fans >= LEAST_FANS), "author")
    return rows.select(account="actor", idol="author", density="density")


@view("event", stored=True, population=True)
def members(teams: Rows, fan_clubs: Rows) -> Rows:
    """Every member of every group; ``idol`` is the author a club is loyal to."""
    acting = teams.select("account", "team", "kind", "density", "significance", idol=ops.nothing("int32"))
    loyal = fan_clubs.select(
        "account",
        team=-1 - fan_clubs.idol.cast("int64"),
        kind=ops.constant("fans"),
        density="density",
        significance=ops.nothing("float64"),
        idol=fan_clubs.idol.cast("int32"),
    )
    return acting.union(loyal)


@view("event", stored=True, population=True)
def shared_posts(members: Rows, colikes: Rows, last_moment: Rows, targets: Rows) -> Rows:
    """Posts that two or more members of a group liked early, and when."""
    likes = colikes.inner_join(last_moment, "moment").select("actor", "post", "target", "at_s")
    rows = likes.inner_join(members, likes.actor == members.account)
    rows = rows.filter(rows.idol.isnull() | (rows.idol == rows.target))
    posts = rows.group_by(["team", "post", "target"]).aggregate(
        members=rows.account.nunique(), first_s=rows.at_s.min(), last_s=rows.at_s.max()
    )
    posts = posts.filter(posts.members >= 2)
    return posts.inner_join(targets.select("post", "post_id"), "post")


@view("event", stored=True, population=True)
def groups(members: Rows, shared_posts: Rows, people: Rows) -> Rows:
    """Groups of accounts that acted together: who, on what, how densely, and from when to when.

    ``significance`` is -log10 of the probability that chance couples two members so, the median of their ties of
    lockstep; null where no pair is beyond chance, and for fans. ``group_id`` is told by kind and members, so it stays
    while they do.
    """
    named = members.inner_join(people.select("account", "account_id"), "account")
    who = named.group_by(["team", "kind", "density", "significance"]).aggregate(
        members=named.account_id.collect().sort(), member_count=named.count()
    )
    shown = shared_posts.mutate(place=ops.rank(shared_posts.team, [shared_posts.members.desc(), shared_posts.post_id]))
    what = shown.group_by("team").aggregate(
        posts=ops.collected(shown.post_id, shown.place, MOST_SHOWN),
        post_count=shown.count(),
        author_count=shown.target.nunique(),
        first_s=shown.first_s.min(),
        last_s=shown.last_s.max(),
    )
    rows = who.inner_join(what, "team")
    return rows.select(
        group_id=rows.kind + "-" + ops.digest(rows.members.join(" ")).substr(0, 10),
        kind="kind",
        members="members",
        posts="posts",
        member_count="member_count",
        post_count="post_count",
        author_count="author_count",
        density="density",
        significance="significance",
        first_seen_at=ops.instant(rows.first_s),
        last_seen_at=ops.instant(rows.last_s),
    ).order_by("group_id")
