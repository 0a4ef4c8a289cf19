"""Pseudonyms: identifiers of accounts and posts replaced by what only the holder of a secret can find again.

A pseudonym is ``p`` and the first 24 hexadecimal digits of HMAC-SHA256 (RFC 2104) of the identifier as UTF-8. The same
secret gives the same pseudonyms, so that scores, verdicts and labels of different days meet; two identifiers of a
billion share one with a probability of one in a hundred thousand million.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import BadInput

if TYPE_CHECKING:
    import duckdb

DIGITS = 24
LEAST = 16  # bytes of a secret
BLOCK = 64  # bytes SHA-256 works on at a time


def read_key(path: str) -> bytes:
    """The secret in a file, less the blanks around it.

    Raises
    ------
    BadInput
        When the file is absent or holds fewer than 16 bytes.
    """
    try:
        key = Path(path).expanduser().read_bytes().strip()
    except OSError as error:
        raise BadInput(
            "setting prepare.pseudonyms",
            expected="a file with a secret",
            got=error.strerror or "a file that cannot be read",
            todo="Make one that only you can read, for example with `openssl rand -hex 32`.",
        ) from error
    if len(key) < LEAST:
        raise BadInput(
            "setting prepare.pseudonyms",
            expected=f"a secret of at least {LEAST} bytes",
            got=f"{len(key)} bytes",
            todo="A short secret can be guessed. Make one with `openssl rand -hex 32`.",
        )
    return key


def pseudonym(key: bytes, identifier: str) -> str:
    """What stands for ``identifier`` in everything that is written."""
    return f"p{hmac.new(key, identifier.encode(), hashlib.sha256).hexdigest()[:DIGITS]}"


def hand_over(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Let ``pseudonym_sql`` work on ``connection``. The secret is a variable of it, never part of a statement."""
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    for name, mask in (("inner", 0x36), ("outer", 0x5C)):
        connection.execute(f"SET VARIABLE pseudonym_{name} = ?::BLOB", [bytes(b ^ mask for b in block)])


def pseudonym_sql(value: str) -> str:
    """SQL of the pseudonym of a text; null for null."""
    inside = f"unhex(sha256(getvariable('pseudonym_inner') || encode({value})))"
    return f"('p' || left(sha256(getvariable('pseudonym_outer') || {inside}), {DIGITS}))"
