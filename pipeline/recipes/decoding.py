"""Bytes of a file as clean UTF-8: unpacked, decoded as the recipe says, and the first wrong byte named by its line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from features.errors import BadInput, printable

MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
PACKED = (".gz", ".zst")  # suffixes that say nothing about what is inside
_BLOCK = 1 << 20


def packing(path: Path) -> str | None:
    """``gzip`` or ``zstd`` by the first bytes of the file, whatever its name; None when it is plain."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise unreadable(path, error) from error
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), None)


def unreadable(path: Path, error: Exception) -> BadInput:
    """The error for a file that cannot be opened or ends too early."""
    said = str(error) or type(error).__name__
    if "runcated" in said:
        return BadInput(
            str(path),
            expected="a complete compressed file",
            got="one that ends in the middle",
            todo="Copy or download it again.",
        )
    return BadInput(str(path), expected="a file that can be read", got=printable(said), todo="Check the file.")


class Decoded(io.RawIOBase):
    """A file as a stream of UTF-8 bytes.

    Parameters
    ----------
    path : Path, plain, gzip or zstd
    encoding : str, as Python names it
    undecodable : ``refuse`` raises BadInput at the first byte that is not ``encoding``; ``replace`` puts U+FFFD
        in its place and counts it in ``replaced``
    """

    def __init__(
        self, path: Path, encoding: str = "utf-8", undecodable: Literal["refuse", "replace"] = "refuse"
    ) -> None:
        import pyarrow as pa

        self.path, self.encoding, self.undecodable = path, encoding, undecodable
        self.replaced = 0
        self.quotes = 0  # double quotes seen: an odd number means that one was never closed
        self._line, self._foreign, self._end = 1, False, False
        self._ready = b""
        packed = packing(path)
        try:
            plain: Any = path.open("rb")
            self._file = pa.CompressedInputStream(plain, packed) if packed else plain
        except (OSError, pa.ArrowInvalid) as error:
            raise unreadable(path, error) from error
        self._utf8 = codecs.lookup(encoding).name == "utf-8"
        self._decode: Callable[[bytes, bool], str] = codecs.getincrementaldecoder(encoding)("strict").decode
        self._started = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer``; 0 at the end."""
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes (everything when negative); empty at the end."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_BLOCK), b""))
        # As many bytes as were asked for: Arrow takes what one read gives for a whole block of rows.
        parts, held = [self._ready], len(self._ready)
        while held < size and not self._end:
            parts.append(self._next())
            held += len(parts[-1])
        whole = b"".join(parts)
        block, self._ready = whole[:size], whole[size:]
        return block

    def close(self) -> None:
        """Close the file underneath."""
        if not self.closed:
            self._file.close()
        super().close()

    def _next(self) -> bytes:
        try:
            raw = self._file.read(_BLOCK)
        except OSError as error:
            raise unreadable(self.path, error) from error
        self._end = not raw
        try:
            decoded = self._decode(raw, self._end)
        except UnicodeDecodeError as error:
            decoded = self._beyond(error)
        self.replaced += decoded.count("\ufffd") if self.undecodable == "replace" else 0
        clean = decoded.encode("utf-8", errors="replace")
        if not self._started and clean:
            self._started = True
            clean = clean.removeprefix(codecs.BOM_UTF8)
        self._line += clean.count(b"\n")
        self.quotes += clean.count(b'"')
        self._foreign = self._foreign or not clean.isascii()
        return clean

    def _beyond(self, error: UnicodeDecodeError) -> str:
        """The text of a block that is not in the encoding, if the recipe says to go on."""
        if self.undecodable == "refuse":
            before = error.object[: error.start]
            byte = error.object[error.start : error.start + 1]
            mixed = self._utf8 and (self._foreign or not before.isascii())
            raise BadInput(
                f"{self.path}, line {self._line + before.count(10)}",
                expected=f"text in {self.encoding}",
                got=f"the byte 0x{byte.hex()}" + (" where lines before it are UTF-8: mixed encodings" if mixed else ""),
                todo="Save the file in one encoding, or say `encoding: latin-1` or `undecodable: replace` under "
                "`read:` of the recipe.",
            ) from error
        forgiving = codecs.getincrementaldecoder(self.encoding)("replace")
        self._decode = forgiving.decode
        return forgiving.decode(error.object, self._end)  # the object begins with what the strict decoder held back
