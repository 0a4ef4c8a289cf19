"""Identifiers: a number scrambled so that neither order nor kind shows, written in a few letters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from simulation.chance import Array, Chance

_LETTERS = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", dtype=np.uint8)  # Crockford's base 32
ACCOUNT_LETTERS, POST_LETTERS, ORDER_LETTERS = 7, 11, 11


def identifiers(chance: Chance, prefix: str, numbers: Array, letters: int) -> Array:
    """Bytes of shape (n, 1 + letters): ``prefix`` and ``numbers`` (below 32 ** letters), one to one."""
    bits = np.uint64(5 * letters)
    mask = np.uint64((1 << int(bits)) - 1)
    key = chance.bits(f"identifier {prefix}", 0)[0]
    scrambled = (numbers.astype(np.uint64) ^ key) & mask
    for odd in (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)):
        scrambled = (scrambled * odd) & mask  # an odd factor and a shift keep numbers apart
        scrambled ^= scrambled >> np.uint64(int(bits) // 2)
    text = np.empty((len(numbers), 1 + letters), dtype=np.uint8)
    text[:, 0] = ord(prefix)
    for place in range(letters):
        text[:, letters - place] = _LETTERS[((scrambled >> np.uint64(5 * place)) & np.uint64(31)).astype(np.int64)]
    return text


def strings(text: Array, missing: Array | None = None) -> pa.Array:
    """Arrow strings from bytes of shape (n, width); null where ``missing``."""
    n, width = text.shape
    offsets = np.arange(0, (n + 1) * width, width, dtype=np.int32)
    array = pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text)))
    if missing is None or not missing.any():
        return array
    return pa.array(np.where(missing, None, array.to_numpy(zero_copy_only=False)), pa.string())
