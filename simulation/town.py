"""A small town with known truth: people, like farms, pods and spam, in the canonical tables."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from features.tables import TABLES
from simulation.settings import Town

END_S = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())  # counters are read and labels given at this moment
DAYS = 90
KINDS = (
    # kind, is_bot, share, posts (mean), likes (mean), followers (log mean), following (log mean), age in days
    ("human", False, 0.62, 9, 70, 5.3, 5.5, 1500),
    ("pod_member", False, 0.06, 16, 90, 6.0, 6.0, 1300),
    ("like_buyer", False, 0.04, 16, 60, 6.4, 6.0, 1200),
    ("like_bot", True, 0.12, 2, 160, 3.9, 5.6, 900),
    ("fake_follower", True, 0.06, 1, 5, 3.2, 6.0, 700),
    ("spam_bot", True, 0.10, 25, 25, 4.6, 5.8, 900),
)
FIRST = [
    "anna",
    "ben",
    "carla",
    "dario",
    "eva",
    "finn",
    "greta",
    "hugo",
    "ines",
    "jan",
    "karla",
    "luca",
    "mia",
    "nils",
    "olga",
    "paul",
    "rosa",
    "sven",
    "tara",
    "uwe",
]
LAST = [
    "berg",
    "costa",
    "diaz",
    "evans",
    "fischer",
    "garcia",
    "holm",
    "ito",
    "jensen",
    "klein",
    "lopez",
    "marin",
    "novak",
    "ortiz",
    "park",
    "rossi",
    "silva",
]
SUBJECTS = ["the match", "my garden", "this book", "the new phone", "our trip", "breakfast", "the concert", "the bus"]
REMARKS = ["was great", "made my day", "is a mess", "took forever", "surprised me", "never gets old", "needs work"]
TAILS = [
    "",
    "and that is all",
    ", what do you think?",
    " #weekend",
    " #life",
    ", honestly",
    " again!",
    ", see you there",
]
OFFERS = ["Win big today", "Grow your followers fast", "Make money from home", "Limited offer, 90% off"]


def simulate(town: Town) -> dict[str, pa.Table]:
    """Canonical tables of the town, and ``truth`` with the kind of every account.

    Parameters
    ----------
    town : Town, its size and seed

    Returns
    -------
    dict of Arrow tables: accounts, labels, posts, engagements, follows, truth
    """
    rng = np.random.default_rng(town.seed)
    n = town.accounts
    kind = rng.choice(len(KINDS), n, p=[k[2] for k in KINDS])
    number = np.array([k[3:] for k in KINDS], dtype=float)[kind]
    group = np.arange(n) // 40  # pods and farms are local
    age_days = np.minimum(rng.lognormal(np.log(number[:, 4]), 0.8), 6000) + 5
    start = np.maximum(END_S - age_days * 86400, END_S - DAYS * 86400)
    wake = rng.normal(7, 3, n) % 24

    posts_of = rng.poisson(rng.gamma(1.2, number[:, 0] / 1.2))
    author = np.repeat(np.arange(n), posts_of)
    posted = _awake(start[author] + rng.random(len(author)) * (END_S - start[author]), wake[author])
    keep = posted < END_S
    author, posted = author[keep], posted[keep]

    likes_of = rng.poisson(rng.gamma(1.5, number[:, 1] / 1.5))
    actor = np.repeat(np.arange(n), likes_of)
    fame = rng.pareto(1.5, n) + 0.2
    weight = np.cumsum(fame[author])
    target = np.searchsorted(weight, rng.random(len(actor)) * weight[-1])
    friend = rng.random(len(actor)) < 0.8
    buyers = np.flatnonzero(KINDS_OF("like_buyer", kind)[author])
    bought = KINDS_OF("like_bot", kind)[actor] & (rng.random(len(actor)) < 0.6)
    target[bought] = buyers[rng.integers(0, len(buyers), bought.sum())] if len(buyers) else target[bought]
    delay = np.where(friend, rng.lognormal(8.5, 1.6, len(actor)), rng.lognormal(7, 1.5, len(actor)))
    acted = _awake(posted[target] + delay, wake[actor])
    acted[bought] = posted[target[bought]] + 300 + rng.exponential(900, bought.sum())

    pod = [(a, p) for p in np.flatnonzero(KINDS_OF("pod_member", kind)[author]) for a in _mates(author[p], kind, group)]
    pod_actor, pod_post = (np.array(x, dtype=int) for x in (zip(*pod, strict=True) if pod else ((), ())))
    joins = rng.random(len(pod_actor)) < 0.7
    pod_actor, pod_post = pod_actor[joins], pod_post[joins]
    pod_acted = posted[pod_post] + rng.lognormal(6.5, 0.8, len(pod_post))

    actor, target = np.concatenate([actor, pod_actor]), np.concatenate([target, pod_post])
    acted = np.concatenate([acted, pod_acted])
    deed = rng.choice(3, len(actor), p=[0.86, 0.09, 0.05])
    good = (acted < END_S) & (acted > start[actor]) & (author[target] != actor)
    row = np.unique(np.stack([actor, target, deed])[:, good], axis=1, return_index=True)[1]
    at = np.flatnonzero(good)[row]
    actor, target, acted, deed = actor[at], target[at], acted[at], deed[at]

    degree = rng.poisson(rng.gamma(1.5, 12, n))
    follower = np.repeat(np.arange(n), degree)
    crowd = np.cumsum(fame)
    followed = np.searchsorted(crowd, rng.random(len(follower)) * crowd[-1])
    pairs = np.unique(np.stack([follower, followed])[:, follower != followed], axis=1)
    follower, followed = pairs
    since = np.maximum(END_S - age_days[follower] * 86400, END_S - age_days[followed] * 86400)
    followed_at = since + rng.random(len(follower)) * (END_S - since)

    ids = np.array([f"u{i:07d}" for i in range(n)])
    post_ids = np.array([f"p{i:08d}" for i in range(len(author))])
    names = np.array(["human", *[k[0] for k in KINDS]])[kind + 1]
    accounts = {
        "account_id": ids,
        "platform": np.full(n, "town"),
        "username": _handles(rng, kind),
        "display_name": [f"{FIRST[a].title()} {LAST[b].title()}" for a, b in zip(*_names(rng, n), strict=True)],
        "description": [" ".join(_pick(rng, SUBJECTS, 2)) if has else None for has in rng.random(n) < 0.6],
        "created_at": _moment(END_S - age_days * 86400),
        "observed_at": _moment(np.full(n, END_S)),
        "followers_count": np.bincount(followed, minlength=n) + rng.lognormal(number[:, 2], 1.4).astype(int),
        "following_count": np.bincount(follower, minlength=n) + rng.lognormal(number[:, 3], 1.2).astype(int),
        "posts_count": np.bincount(author, minlength=n) + rng.lognormal(5, 1.8, n).astype(int),
        "likes_given_count": np.bincount(actor[deed == 0], minlength=n) + rng.lognormal(5, 2, n).astype(int),
        "listed_count": rng.lognormal(0, 1.5, n).astype(int),
        "verified": rng.random(n) < 0.02,
        "protected": rng.random(n) < 0.03,
        "has_avatar": rng.random(n) < np.where(number[:, 2] < 4, 0.8, 0.97),
        "has_banner": rng.random(n) < np.where(number[:, 2] < 4, 0.4, 0.7),
        "url": [None] * n,
        "location": [["Rome", "Oslo", "Lima", "Kyoto"][i] if i < 4 else None for i in rng.integers(0, 8, n)],
        "language": np.full(n, "en"),
    }
    is_bot = np.array([k[1] for k in KINDS])[kind]
    labels = {
        "account_id": ids,
        "is_bot": is_bot,
        "kind": names,
        "source": np.full(n, "town"),
        "labelled_at": _moment(np.full(n, END_S)),
        "confidence": np.ones(n),
    }
    spam = KINDS_OF("spam_bot", kind)[author]
    posts = {
        "post_id": post_ids,
        "account_id": ids[author],
        "created_at": _moment(posted),
        "kind": np.array(["original", "reply"])[(rng.random(len(author)) < 0.2).astype(int)],
        "text": _texts(rng, author, spam),
        **{
            f"{name}_count": np.bincount(target[deed == code], minlength=len(author))
            for code, name in enumerate(("likes", "comments", "reposts"))
        },
        "views_count": np.bincount(target, minlength=len(author)) * 12 + rng.integers(0, 50, len(author)),
    }
    engagements = {
        "actor_id": ids[actor],
        "post_id": post_ids[target],
        "kind": np.array(["like", "comment", "repost"])[deed],
        "created_at": _moment(acted),
    }
    follows = {"follower_id": ids[follower], "followed_id": ids[followed], "created_at": _moment(followed_at)}
    columns = {
        "accounts": accounts,
        "labels": labels,
        "posts": posts,
        "engagements": engagements,
        "follows": follows,
    }
    tables = {name: pa.table(values, schema=TABLES[name].schema) for name, values in columns.items()}
    tables["engagements"] = tables["engagements"].sort_by(
        [(c, "ascending") for c in ("created_at", "actor_id", "post_id", "kind")]
    )
    tables["truth"] = pa.table({"account_id": ids, "is_bot": is_bot, "kind": names})
    return tables


def KINDS_OF(name: str, kind: np.ndarray) -> np.ndarray:  # noqa: N802
    """Bool per account: is it of kind ``name``."""
    return kind == next(i for i, k in enumerate(KINDS) if k[0] == name)


def _awake(at: np.ndarray, wake: np.ndarray) -> np.ndarray:
    hour = (at / 3600 - wake) % 24
    return np.floor(at + np.where(hour > 16, (24 - hour) * 3600 * 1.02, 0))


def _mates(author: int, kind: np.ndarray, group: np.ndarray) -> np.ndarray:
    near = np.arange(group[author] * 40, min((group[author] + 1) * 40, len(kind)))
    return near[KINDS_OF("pod_member", kind)[near] & (near != author)]


def _moment(at: np.ndarray) -> pa.Array:
    return pa.array((at * 1e6).astype("int64")).cast(pa.timestamp("us", tz="UTC"))


def _names(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    return rng.integers(0, len(FIRST), n), rng.integers(0, len(LAST), n)


def _pick(rng: np.random.Generator, words: list[str], n: int) -> list[str]:
    return [words[i] for i in rng.integers(0, len(words), n)]


def _handles(rng: np.random.Generator, kind: np.ndarray) -> list[str]:
    digits = rng.integers(0, 10 ** rng.integers(1, 6, len(kind)))
    first, last = _names(rng, len(kind))
    plain = rng.random(len(kind)) < np.where(kind < 3, 0.6, 0.35)
    return [
        f"{FIRST[a]}{'' if i % 2 else '_'}{LAST[b]}{'' if p else d}_{i % 97}"
        for i, (a, b, p, d) in enumerate(zip(first, last, plain, digits, strict=True))
    ]


def _texts(rng: np.random.Generator, author: np.ndarray, spam: np.ndarray) -> list[str]:
    a, b, c = (rng.integers(0, len(words), len(author)) for words in (SUBJECTS, REMARKS, TAILS))
    link = rng.random(len(author)) < 0.7
    return [
        f"{OFFERS[who % len(OFFERS)]}{' https://buy.example/' + str(who % 50) if link[i] else ''} {REMARKS[b[i]]}"
        if spam[i]
        else f"{SUBJECTS[a[i]].capitalize()} {REMARKS[b[i]]}{TAILS[c[i]]}"
        for i, who in enumerate(author)
    ]
