"""Accounts drawn by chance: by their names and a seed, so that no score and no run decides who is looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np


def drawn(accounts: Iterable[str], share: float, seed: int) -> np.ndarray:
    """Which accounts chance draws for the audit: the same ones every time, whatever their score; bool of shape (n,).

    A larger share draws the same accounts and more.
    """
    limit = int(share * 2**64)
    start = hashlib.md5(f"{seed}:".encode(), usedforsecurity=False)

    def one(account: str) -> bool:
        digest = start.copy()
        digest.update(account.encode("utf-8", "surrogatepass"))
        return int.from_bytes(digest.digest()[:8], "big") < limit

    return np.fromiter((one(a) for a in accounts), dtype=bool)
