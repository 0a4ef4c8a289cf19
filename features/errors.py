"""The one error a person can cause: it says what was expected, what came, where, and what to do."""

from __future__ import annotations


class BadInput(ValueError):  # noqa: N818 - it names the input, and reads so at every raise
    """Input or a setting that unpump cannot use; the program ends with exit code 2 and no traceback.

    Parameters
    ----------
    where : str, the file, row, column or setting that is wrong
    expected : str, what would have been right
    got : str, what was there instead (shortened and escaped: it may be hostile)
    todo : str, the next thing a person can do about it
    """

    def __init__(self, where: str, *, expected: str, got: str, todo: str) -> None:
        self.where = printable(where, 400)
        self.expected = expected
        self.got = printable(got)
        self.todo = todo
        super().__init__(f"{self.where}: expected {self.expected}, got {self.got}. {self.todo}")


def printable(text: str, length: int = 120) -> str:
    """``text`` on one line, without control or direction-changing characters, at most ``length`` characters."""
    if len(text) <= length and text.isprintable():
        return text
    head = text[: length + 1]
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in head)
    return safe if len(safe) <= length else safe[: length - 1] + "…"
