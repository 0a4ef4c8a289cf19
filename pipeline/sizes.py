"""Amounts of memory as people write them."""

from __future__ import annotations

import re

from features.errors import BadInput, printable

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def bytes_of(text: str, setting: str) -> int:
    """Bytes that a setting such as ``4GB`` names.

    Raises
    ------
    BadInput
        When it names no amount.
    """
    found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?i?B)\s*", text, re.IGNORECASE)
    if not found or found[2].upper() not in UNITS:
        raise BadInput(
            f"setting {setting}",
            expected="a size such as 4GB",
            got=printable(text),
            todo="Correct it in params.yaml or with --set.",
        )
    return int(float(found[1]) * UNITS[found[2].upper()])
