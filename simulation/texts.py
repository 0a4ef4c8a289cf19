"""What posts say: put together from word lists, whole columns at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation import words
from simulation.neighbourhoods import TOPICS
from simulation.places import REGIONS
from simulation.posts import ADVERT, LIVE, REPLY, REPOST
from simulation.roles import CODES
from simulation.scenes import giveaway

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.world import World

LANGUAGES = tuple(words.SUBJECTS)


def texts(world: World, rows: Array, handles: pa.Array) -> pa.Array:
    """Text of each post; reposts quote the post they repeat, replies name whom they answer.

    Parameters
    ----------
    rows : rows of posts
    handles : username of every account, for reposts and replies
    """
    posts = world.posts
    kind = posts.kind[rows]
    source = np.where(kind == REPOST, posts.target[rows], rows)
    text = _own(world, source)
    to = handles.take(pa.array(posts.author[np.maximum(posts.target[rows], 0)]))
    quoted = pc.binary_join_element_wise("RT @", to, ": ", text, "")
    answer = pc.binary_join_element_wise("@", to, " ", text, "")
    return pc.case_when(pc.make_struct(pa.array(kind == REPOST), pa.array(kind == REPLY)), quoted, answer, text)


def _own(world: World, rows: Array) -> pa.Array:
    """Text of posts as their authors wrote them."""
    author = world.posts.author[rows]
    role, about = world.people.role[author], world.posts.about[rows]
    advert = about == ADVERT
    brand = (role == CODES["brand"]) & (about != LIVE)
    news = (role == CODES["news_desk"]) & (about != LIVE)
    plain = ~(advert | brand | news)
    prize = np.isin(rows, giveaway.posts(world, np.unique(rows)))
    makers = ((advert, _adverts), (brand & ~prize, _brands), (news, _news), (prize, _prizes), (plain & ~prize, _plain))
    order = [np.flatnonzero(mask) for mask, _ in makers]
    made = pa.concat_arrays([maker(world, rows[where]) for where, (_, maker) in zip(order, makers, strict=True)])
    place = np.empty(len(rows), dtype=np.int64)
    place[np.concatenate(order)] = np.arange(len(rows))
    return made.take(pa.array(place))


def _word(world: World, options: tuple[str, ...], what: str, *which: Array, share: float | Array = 1.0) -> pa.Array:
    """One of ``options`` per post, null for all but ``share`` of them."""
    index = world.chance.whole(len(options), what, *which)
    absent = ~world.chance.happens(share, f"{what} at all", *which)
    return pa.array(options, pa.string()).take(pa.array(index, mask=np.broadcast_to(absent, index.shape)))


def _join(*parts: pa.Array, by: str = " ") -> pa.Array:
    """Parts one after the other, nulls left out."""
    return pc.binary_join_element_wise(*parts, by, null_handling="skip")


def _plain(world: World, rows: Array) -> pa.Array:
    """Everyday posts: a subject and a remark, with habits that differ from person to person."""
    chance, people = world.chance, world.people
    author = world.posts.author[rows].astype(np.int64)
    key = _stock(world, rows, author)
    language = np.array([LANGUAGES.index(r[0]) if r[0] in LANGUAGES else 0 for r in REGIONS])[people.region[author]]
    language = np.where(chance.happens(0.25, "writes English", author), 0, language)
    topic = np.where(
        chance.happens(0.6, "own topic", key), people.topic[author], chance.whole(TOPICS, "post topic", key)
    )
    habit = {h: 0.8 * chance.uniform(f"habit {h}", author) ** 3 for h in ("opener", "tail", "tag", "emoji", "link")}
    parts = []
    for code, name in enumerate(LANGUAGES):
        where = np.flatnonzero(language == code)
        k, size = key[where], len(words.SUBJECTS[name][0])
        subjects = pa.array([word for group in words.SUBJECTS[name] for word in group])
        subject = subjects.take(pa.array(topic[where] * size + chance.whole(size, "subject", k)))
        remark = _word(world, words.REMARKS[name], "remark", k)
        opener = _word(world, words.OPENERS[name], "opener", k, share=habit["opener"][where])
        tail = _word(world, words.TAILS[name], "tail", k, share=0.2 + habit["tail"][where])
        tag = pa.array([f"#{t}" for t in words.TOPIC_TAGS]).take(pa.array(topic[where]))
        tag = pc.if_else(pa.array(chance.happens(habit["tag"][where], "tag", k)), tag, pa.scalar(None, pa.string()))
        emoji = _word(world, words.EMOJI, "emoji", k, share=habit["emoji"][where])
        page = pc.cast(pa.array(chance.whole(90_000, "shared page", k)), pa.string())
        link = pc.binary_join_element_wise("https://read.example/", page, "")
        link = pc.if_else(pa.array(chance.happens(habit["link"][where], "link", k)), link, pa.scalar(None, pa.string()))
        live = world.posts.about[rows[where]] == LIVE
        shout = _word(world, words.LIVE, "shout", k, share=live.astype(float))
        begin = pc.if_else(pc.is_valid(opener), subject, _sentence(subject))
        ending = pc.if_else(pc.starts_with(pc.fill_null(tail, ""), "and"), "", ".")
        parts.append(
            (
                where,
                _join(shout, opener, begin, pc.binary_join_element_wise(remark, ending, ""), tail, link, tag, emoji),
            )
        )
    place = np.empty(len(rows), dtype=np.int64)
    place[np.concatenate([w for w, _ in parts])] = np.arange(len(rows))
    text = pa.concat_arrays([t for _, t in parts]).take(pa.array(place))
    small = pa.array(chance.happens(0.25, "never capitals", author))
    return pc.if_else(small, pc.utf8_lower(text), text)


def _stock(world: World, rows: Array, author: Array) -> Array:
    """What makes posts differ: each its own number; careless bots draw from a stock of a few their operator shares."""
    people, key = world.people, world.posts.key(rows)
    shared = (people.operator[author] >= 0) & ~np.isin(people.role[author], (CODES["self_bot"], CODES["hijacked"]))
    careless = shared & ~world.chance.happens(people.evasion[author], "own words", author)
    return np.where(careless, -1 - people.operator[author] * 32 - key % 32, key)


def _sentence(text: pa.Array) -> pa.Array:
    """With a capital first letter."""
    return pc.binary_join_element_wise(
        pc.utf8_upper(pc.utf8_slice_codeunits(text, 0, 1)), pc.utf8_slice_codeunits(text, 1), ""
    )


def _adverts(world: World, rows: Array) -> pa.Array:
    """Advertisements of a ring: three texts and one link by the naive, ever new variations by the expert."""
    chance = world.chance
    author = world.posts.author[rows].astype(np.int64)
    ring, key = world.people.operator[author], world.posts.key(rows)
    many = 3 + (400 * world.people.evasion[author] ** 3).astype(np.int64)
    variant = chance.whole(many, "advert variant", key)
    pitch = _word(world, words.PITCHES, "pitch", ring, variant)
    urge = _word(world, words.URGES, "urge", ring, variant, share=0.8)
    more = _word(world, words.URGES, "more urge", ring, variant, share=0.4)
    shop = pc.cast(pa.array(chance.whole(90, "shop", ring) + 10), pa.string())
    page = pc.cast(pa.array(chance.whole(many, "page", ring, variant)), pa.string())
    link = pc.binary_join_element_wise("https://deal", shop, ".example/", page, "")
    shown = pa.array(chance.happens(0.8 - 0.5 * world.people.evasion[author], "link shown", key))
    link = pc.if_else(shown, link, pa.scalar(None, pa.string()))
    tag = _word(world, ("#promo", "#win", "#followback", "#crypto"), "advert tag", ring, variant, share=0.5)
    emoji = _word(world, words.EMOJI, "advert emoji", ring, variant, share=0.5)
    return _join(pitch, urge, more, link, tag, emoji)


def _brands(world: World, rows: Array) -> pa.Array:
    """A brand's announcements; series repeat, as campaigns of brands do."""
    author, key = world.posts.author[rows].astype(np.int64), world.posts.key(rows)
    product = _word(world, words.PRODUCTS, "product", author, key % 3)
    call = _word(world, words.CALLS, "call", key)
    number = pc.cast(pa.array(world.chance.whole(400, "shop page", author, key % 7)), pa.string())
    link = pc.binary_join_element_wise("https://shop.example/", number, "")
    shown = pa.array(world.chance.happens(0.6, "shop link", key))
    greeting = _word(world, ("New:", "Back again:", "Our favourite:", "Have you tried it?"), "greeting", key)
    return _join(greeting, product, call, pc.if_else(shown, link, pa.scalar(None, pa.string())))


def _news(world: World, rows: Array) -> pa.Array:
    """Headlines with a place and a link."""
    author, key = world.posts.author[rows].astype(np.int64), world.posts.key(rows)
    places = tuple(place for region in REGIONS for place in region[3])
    place = _word(world, places, "headline place", key)
    headline = _word(world, words.HEADLINES, "headline", key)
    number = pc.cast(pa.array(world.chance.whole(90_000, "article", author, key)), pa.string())
    link = pc.binary_join_element_wise("https://news.example/", number, "")
    return _join(pc.binary_join_element_wise(place, ":", ""), headline, link)


def _prizes(world: World, rows: Array) -> pa.Array:
    """Giveaways."""
    key = world.posts.key(rows)
    prize = _word(world, words.PRIZES, "prize", key)
    rule = _word(world, ("Like, comment and follow to win", "Giveaway! Follow us and comment to win"), "rule", key)
    return _join(rule, prize, _word(world, words.EMOJI, "prize emoji", key, share=0.7))
