"""Whom a name in somebody's list means: an account_id, a username, @username or the address of a profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

AUDITED, NO_LIKES, UNKNOWN, SEVERAL = "audited", "no likes known", "unknown account", "several accounts"
STATUS_SAYS = {
    NO_LIKES: "this account is known, but no likes on posts of its own are",
    UNKNOWN: "no account of this name is in the tables",
    SEVERAL: "the name fits several accounts; write the account_id",
}
# What stands before the name in the address of a profile on some platforms.
_BEFORE = ("user", "users", "u", "channel", "c", "in", "profile", "people", "add")
_ADDRESS = re.compile(r"^([a-z][a-z0-9+.-]*://|www\.|[\w-]+(\.[\w-]+)+/)", re.IGNORECASE)


@dataclass(frozen=True)
class Match:
    """The account that a name means; none where it means nobody, or where it fits ``several``."""

    account: str | None = None
    several: tuple[str, ...] = ()

    def status(self, audited: bool) -> str:
        """In a word; ``audited`` says that the account has a row."""
        if self.several:
            return SEVERAL
        if self.account is None:
            return UNKNOWN
        return AUDITED if audited else NO_LIKES


def spoken(name: str) -> tuple[str, str]:
    """The bare name in ``name``, which may be ``@name`` or the address of a profile, and the host of the address."""
    name = name.strip()
    if not _ADDRESS.match(name):
        return name.removeprefix("@"), ""
    try:
        address = urlsplit(name if "://" in name else f"https://{name}")
    except ValueError:
        return name, ""
    parts = [unquote(part) for part in address.path.split("/") if part]
    if parts[:1] == ["profile.php"]:
        parts = parse_qs(address.query).get("id", [])
    elif len(parts) > 1 and parts[0].lower() in _BEFORE:
        parts = parts[1:]
    return (parts[0].removeprefix("@") if parts else name), (address.hostname or "")


def matches(names: Sequence[tuple[str, str]], accounts: Iterable[tuple[str, str | None, str | None]]) -> list[Match]:
    """Who each name is, if only one account fits.

    The column it stands in is asked first, letter by letter; then its bare name in any letter case; then the other
    column in the same way. The first of these that somebody fits decides. An address whose host names a platform of
    the accounts means that platform only.

    Parameters
    ----------
    names : column (account_id or username) and value
    accounts : account_id, username and platform of all accounts
    """
    bare = [spoken(value) for _, value in names]
    wanted = {value.casefold() for _, value in names} | {name.casefold() for name, _ in bare}
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    platforms = set()
    for account, username, platform in accounts:
        place = (platform or "").casefold()
        platforms.add(place)
        for column, value in (("account_id", account), ("username", username)):
            if value and value.casefold() in wanted:
                found.setdefault((column, value.casefold()), []).append((value, account, place))
    told = []
    for (column, value), (name, host) in zip(names, bare, strict=True):
        meant = platforms & set(host.lower().split(".")) - {""}
        told.append(_match(found, column, value, name, meant))
    return told


def _match(
    found: dict[tuple[str, str], list[tuple[str, str, str]]], column: str, value: str, name: str, meant: set[str]
) -> Match:
    for own in (column, *(c for c in ("account_id", "username") if c != column)):
        alike = found.get((own, value.casefold()), [])
        near = found.get((own, name.casefold()), [])
        for fit in ([a for a in alike if a[0] == value], [a for a in near if a[0] == name], [*alike, *near]):
            some = sorted({account for _, account, place in fit if not meant or place in meant})
            if len(some) == 1:
                return Match(some[0])
            if some:
                return Match(None, tuple(some))
    return Match()
