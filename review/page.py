"""One self-contained page: no request leaves it, nothing in it runs but its own few lines of script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import printable
from review.svg import themed

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
LARGEST = 3_000_000  # bytes of a page
# Pictures get what text leaves; a page of many cases drops its last waterfalls rather than grow without end.
PICTURES = 2_400_000


@dataclass(frozen=True)
class Picture:
    """A picture inside a page; ``alt`` says in words what it shows."""

    uri: str
    title: str
    alt: str
    caption: str
    width: int
    height: int


class Album:
    """Pictures of a page, up to ``PICTURES`` bytes in all; one that does not fit any more is left out."""

    def __init__(self, files: Mapping[str, bytes], room: int | None = None) -> None:
        self.files, self.room, self.left_out = files, PICTURES if room is None else room, 0

    def get(self, name: str, title: str, alt: str, caption: str) -> Picture | None:
        """The picture in file ``name``; None when it is absent or does not fit."""
        svg = self.files.get(name)
        if svg is None:
            return None
        uri = "data:image/svg+xml;base64," + base64.b64encode(themed(svg)).decode()
        if len(uri) > self.room:
            self.left_out += 1
            return None
        self.room -= len(uri)
        width, height = _size(svg)
        return Picture(uri, shown(title), shown(alt, 600), shown(caption, 600), width, height)


def shown(text: Any, length: int = 200) -> str:
    """Text of unknown origin as a page may show it: one line, no control or direction-changing characters."""
    return printable(str(text), length)


def render(template: str, context: Mapping[str, Any], forms: bool = False) -> str:
    """The page of ``template`` with our style and script, and a policy that allows nothing else.

    ``forms`` allows forms that are sent to where the page came from, which a file never needs.
    """
    style, script = _own("style.css"), _own("script.js")
    policy = {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "base-uri": "'none'",
        "form-action": "'self'" if forms else "'none'",
    }
    from markupsafe import Markup

    return (
        _environment()
        .get_template(template)
        .render(
            **context,
            csp="; ".join(f"{name} {value}" for name, value in policy.items()),
            style=Markup(style),
            script=Markup(script),
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _own(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _size(svg: bytes) -> tuple[int, int]:
    """Width and height in pixels, so that the page does not jump while it is drawn."""
    found = re.search(rb'<svg [^>]*?width="([0-9.]+)pt" height="([0-9.]+)pt"', svg)
    width, height = (float(n) for n in found.groups()) if found else (480.0, 360.0)
    return round(width * 4 / 3), round(height * 4 / 3)
