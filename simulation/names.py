"""Names and bios of a given length, in the manner of whoever made them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulation.places import REGIONS
from simulation.roles import CODES, MACHINES
from simulation.words import BIO, BRAND_BIO, NAMES, NEWS_BIO, NOUNS, SPAM_BIO, TRADES

if TYPE_CHECKING:
    from simulation.chance import Array
    from simulation.profile import Profile
    from simulation.world import World

_VOWELS, _CONSONANTS, _LETTERS = "aeiou", "bcdfghjklmnprstvwz", "abcdefghijklmnopqrstuvwxyz"


class Dice:
    """Small numbers from 64 bits at a time, for the few places where names are put together one by one."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def below(self, n: int) -> int:
        """A number from 0 to ``n`` - 1; the bits are stirred as they run out."""
        if self.bits < 1 << 16:
            self.bits = (self.bits + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
        self.bits, found = divmod(self.bits, n)
        return found

    def pick(self, words: tuple[str, ...] | str) -> str:
        """One of ``words``."""
        return words[self.below(len(words))]


def usernames(world: World, who: Array, profile: Profile, taken: set[str]) -> list[str]:
    """Handles nobody has yet, of the drawn length with the drawn number of digits; they are added to ``taken``."""
    people = world.people
    bits = world.chance.bits("username", who).tolist()
    length = np.clip(profile.numbers["username_length"], 3, 20).astype(int)
    digits = np.minimum(profile.numbers["username_digits"], length - 2).astype(int)
    random = np.isin(people.role[who], MACHINES) & world.chance.happens(
        0.35 * (1 - people.evasion[who]), "letters", who
    )
    trade = np.isin(people.role[who], (CODES["brand"], CODES["news_desk"]))
    found = []
    for b, n, d, region, r, t in zip(
        bits,
        length.tolist(),
        digits.tolist(),
        people.region[who].tolist(),
        random.tolist(),
        trade.tolist(),
        strict=True,
    ):
        dice = Dice(b)
        letters = _babble(dice, n - d) if r else _handle(dice, n - d, REGIONS[region][0], t)
        name = _numbered(dice, letters, d)
        while name.lower() in taken:
            place = dice.below(n - d)
            letters = letters[:place] + dice.pick(_LETTERS) + letters[place + 1 :]
            name = _numbered(dice, letters, d)
        taken.add(name.lower())
        found.append(name)
    return found


def _babble(dice: Dice, length: int) -> str:
    return "".join(dice.pick(_CONSONANTS if i % 2 == 0 else _VOWELS) for i in range(length))


def _handle(dice: Dice, length: int, language: str, trade: bool) -> str:
    """The combination of words that comes closest to ``length``, then cut or filled."""
    firsts, lasts = NAMES[language]
    best = ""
    for _ in range(4):
        first, last, noun = dice.pick(firsts), dice.pick(lasts), dice.pick(NOUNS)
        if trade:
            words = [noun, dice.pick(TRADES)]
        else:
            words = (
                [first, last],
                [noun, first],
                [first],
                [first[0], last],
                [first, noun, last],
                [noun, dice.pick(NOUNS)],
            )[dice.below(6)]
        joint = ("", "", "_")[dice.below(3)]
        name = joint.join(w.title() for w in words) if dice.below(3) == 0 else joint.join(words)
        if abs(len(name) - length) < abs(len(best) - length):
            best = name
        if len(best) == length:
            break
    while len(best) < length:
        best += dice.pick(NOUNS)
    return best[:length]


def _numbered(dice: Dice, letters: str, digits: int) -> str:
    if not digits:
        return letters
    if digits == 4 and dice.below(2):
        number = str(1960 + dice.below(60))
    else:
        number = "".join(str(dice.below(10)) for _ in range(digits))
    return number + letters if dice.below(8) == 0 else letters + number


def display_names(world: World, who: Array, profile: Profile) -> list[str]:
    """Names beside the handle, close to the drawn length."""
    bits = world.chance.bits("display name", who).tolist()
    length = np.clip(profile.numbers["display_name_length"], 1, 50).astype(int).tolist()
    trade = np.isin(world.people.role[who], (CODES["brand"], CODES["news_desk"])).tolist()
    found = []
    for b, n, region, t in zip(bits, length, world.people.region[who].tolist(), trade, strict=True):
        dice, best = Dice(b), ""
        firsts, lasts = NAMES[REGIONS[region][0]]
        for _ in range(8):
            name = _trade_name(dice) if t else _person_name(dice, firsts, lasts)
            if abs(len(name) - n) < abs(len(best) - n):
                best = name
            if len(best) == n:
                break
        while len(best) < n - 2:
            best += f" {dice.pick(TRADES if t else lasts).title().replace('_', ' ')}"
        found.append(best if len(best) - n <= 2 else best[:n])
    return found


def _trade_name(dice: Dice) -> str:
    noun, trade = dice.pick(NOUNS).title(), dice.pick(TRADES).title()
    return (f"{noun} {trade}", f"The {noun} {trade}")[dice.below(2)]


def _person_name(dice: Dice, firsts: tuple[str, ...], lasts: tuple[str, ...]) -> str:
    first, last = dice.pick(firsts).title(), dice.pick(lasts).title().replace("_", " ")
    noun = dice.pick(NOUNS).title()
    forms = (first, f"{first} {last}", f"{first} {noun} {last}", noun, f"{first} {last[0]}.", first[:3])
    return forms[dice.below(len(forms))]


def bios(world: World, who: Array, profile: Profile) -> list[str]:
    """Bios of about the drawn length, empty where it is 0. Brands and news desks say that software posts for them."""
    role = world.people.role[who]
    bits = world.chance.bits("bio", who).tolist()
    length = profile.numbers["bio_length"].astype(int).tolist()
    spam = ((role == CODES["spam_bot"]) & ~world.chance.happens(world.people.evasion[who], "plain bio", who)).tolist()
    found: list[str] = []
    for b, n, code, s in zip(bits, length, role.tolist(), spam, strict=True):
        if n <= 0:
            found.append("")
            continue
        words = (
            SPAM_BIO if s else BRAND_BIO if code == CODES["brand"] else NEWS_BIO if code == CODES["news_desk"] else BIO
        )
        dice = Dice(b)
        declared = (
            "Posts are scheduled"
            if code == CODES["brand"]
            else "Headlines posted automatically"
            if code == CODES["news_desk"]
            else ""
        )
        parts = [declared] if declared and n > 40 else []
        joint = (". ", " | ", ", ", " / ")[dice.below(4)]
        place, step = dice.below(len(words)), (1, 5, 7)[dice.below(3)]
        while len(text := joint.join(parts)) < n:
            place = (place + step) % len(words)
            parts.append(words[place])
        found.append(text[:n].rstrip(" .,|/") or text[:n])
    return found
