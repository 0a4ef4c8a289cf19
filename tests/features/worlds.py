"""Two towns for whole-catalogue tests: one of which all is known, one whose people write whatever they like."""

from __future__ import annotations

import random

import pandas as pd

from tests.features.town import JUDGED, Town

WORDS = [
    "the",
    "a",
    "sun",
    "rain",
    "over",
    "bridge",
    "walk",
    "talk",
    "game",
    "song",
    "match",
    "night",
    "day",
    "free",
    "win",
    "bot",
    "red",
    "green",
    "blue",
    "of",
    "and",
    "to",
]
LARGEST = 2**63 - 1


def busy_town(people: int = 40, seed: int = 5) -> Town:
    """``ann`` and ``u0`` to ``u4`` without fold, and training accounts in three folds, all with events."""
    dice = random.Random(seed)
    judged = pd.Timestamp(JUDGED, tz="UTC")
    town = Town()
    names = ["ann", *(f"u{i}" for i in range(5)), *(f"t{i}" for i in range(people))]
    for i, who in enumerate(names):
        town.add(
            who,
            fold=i % 3 if who.startswith("t") else None,
            username=f"{who}_{dice.choice(WORDS)}{dice.randrange(99)}A",
            display_name=f"{who.title()} {dice.choice(WORDS).title()} {dice.randrange(9)}",
            description=f"I love {dice.choice(WORDS)} #art @bob{i} https://ex.org 😀 {dice.choice(WORDS)}",
            created_at=f"20{10 + i % 13}-03-0{1 + i % 9}",
            url="https://ex.org" if i % 2 else "",
            location="London" if i % 3 else "",
            language="en",
            verified=i % 7 == 0,
            protected=i % 5 == 0,
            has_avatar=i % 4 != 0,
            has_banner=i % 2 == 0,
            followers_count=dice.randrange(200, 900),
            following_count=dice.randrange(200, 900),
            posts_count=dice.randrange(20, 900),
            likes_given_count=dice.randrange(900),
            listed_count=dice.randrange(30),
        )
        for k in range(24):
            likes = dice.randrange(40, 400)
            text = " ".join(dice.choices(WORDS, k=dice.randrange(3, 14))).capitalize()
            tail = dice.choice([" #sun", " #rain #sun", "!", "?", " @bob", " https://t.co/x", " 😀", "\nbye"])
            at = judged - pd.Timedelta(minutes=dice.randrange(20, 60 * 24 * 40), seconds=dice.randrange(60))
            town.posts.append(
                {
                    "post_id": f"{who}.{k}",
                    "account_id": who,
                    "created_at": at,
                    "kind": dice.choice(["original", "original", "original", "reply"]),
                    "text": text + tail,
                    "likes_count": likes,
                    "comments_count": dice.randrange(20),
                    "reposts_count": dice.randrange(20),
                    "views_count": likes + dice.randrange(500),
                }
            )
    for _ in range(people * 150):
        who, post = dice.choice(names), dice.choice(town.posts)
        kind = dice.choice(["like"] * 6 + ["comment", "repost"])
        at = post["created_at"] + pd.Timedelta(seconds=int(dice.expovariate(1 / 7200)))
        if post["account_id"] != who and at < judged - pd.Timedelta("1h"):
            town.engagements.append({"actor_id": who, "post_id": post["post_id"], "kind": kind, "created_at": at})
    # u1 does what ann does, a moment later.
    copied = [e for e in town.engagements if e["actor_id"] == "ann" and not e["post_id"].startswith("u1.")]
    town.engagements += [{**e, "actor_id": "u1", "created_at": e["created_at"] + pd.Timedelta("20s")} for e in copied]
    for who in names:
        for other in dice.sample(names, 12):
            if other != who:
                at = judged - pd.Timedelta(hours=dice.randrange(1, 24 * 60))
                town.follows.append({"follower_id": who, "followed_id": other, "created_at": at})
    return town


def hostile_town() -> Town:
    """Accounts with texts, counters and times chosen to break things; ``nobody`` has nothing but its id."""
    texts = {
        "long": "A1 #x @y " * 60_000,
        "blank": " \t\n ",
        "empty": "",
        "right_to_left": "\u202eمرحبا بالعالم‏ #שלום",
        "zero": "a\x00b\x01c\x1b[31m",
        "emoji": "👩‍👩‍👧‍👦🏳️‍🌈☀️" * 30,
        "combining": "Z̸̢̛͔a̵l̴g̸o̶" * 20,
        "quotes": "'; DROP TABLE accounts; --\"\\",
        "braces": "{value} {0} %s $1 \\1",
        "digits": "0123456789" * 10,
        "spaces": "\u2003\u00a0\u200b",
        "last": "\U0010fffd\ufffd\ue000",
    }
    town = Town()
    town.add("nobody")
    for i, (who, text) in enumerate(texts.items()):
        counter = [0, LARGEST, None, -1, 1][i % 5]
        town.add(
            who,
            fold=i % 2,
            posts=[{"text": text, "likes_count": counter, "views_count": 0, "comments_count": counter}] * 6,
            username=text,
            display_name=text,
            description=text,
            url=text,
            location=text,
            created_at="1960-01-01" if i % 2 else "2030-01-01",
            followers_count=counter,
            following_count=[LARGEST, 0][i % 2],
            posts_count=counter,
            likes_given_count=counter,
            listed_count=counter,
        )
    town.add("twins", posts=[{"at": "10:00:00", "text": "same"}] * 600)
    for i in range(40):
        town.engagements.append(
            {
                "actor_id": ["long", "ghost", "zero", "last"][i % 4],
                "post_id": ["twins-0001", "nowhere", "empty-0001"][i % 3],
                "kind": ["like", "comment", "repost"][i % 3],
                "created_at": pd.Timestamp("2024-01-16" if i % 2 else "1999-01-01", tz="UTC"),
            }
        )
    town.follows += [
        {"follower_id": "zero", "followed_id": "zero", "created_at": None},
        {"follower_id": "ghost", "followed_id": "zero", "created_at": pd.Timestamp("2050-01-01", tz="UTC")},
    ]
    return town
