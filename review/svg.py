"""Figures as SVG: the same figure gives the same bytes, and in a page it follows light and dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from features.errors import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER, INK, MUTED, GRID = "#fefefe", "#1f2328", "#59636e", "#d0d7de"
PERSON, BOT, THIRD = "#0a69c7", "#d6004a", "#8250df"

# What SHAP and matplotlib draw with -> a colour that reads on our paper, and white numbers on it.
_OURS = {
    "#000000": INK,
    "#333333": INK,
    "#999999": MUTED,
    "#bbbbbb": GRID,
    "#cccccc": GRID,
    "#ff0051": BOT,
    "#008bfb": PERSON,
}
# Light -> dark. The reds and blues of bars and dots read on both.
_DARK = {PAPER: "none", INK: "#e6edf3", MUTED: "#9da7b3", GRID: "#3d444d"}
_LIGHTER = {PERSON: "#6cb6ff", BOT: "#ff85aa", THIRD: "#c297ff"}
_COLOUR = re.compile(rb"(fill|stroke): (#[0-9a-f]{6})")
_OPENING = re.compile(rb"<svg [^>]*>")


@contextmanager
def drawing() -> Iterator[Any]:
    """Matplotlib without a screen, with our fonts and colours; yields ``pyplot``. Figures made inside are closed."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    told: dict[Any, Any] = {
        "svg.fonttype": "none",  # text stays text: small, searchable, and drawn in the reader's font
        "svg.hashsalt": "unpump",
        "font.family": ["DejaVu Sans"],  # comes with matplotlib, so every machine lays out alike
        "font.size": 11,
        "figure.facecolor": PAPER,
        "axes.facecolor": "none",
        "axes.edgecolor": GRID,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.titlesize": 12,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "legend.frameon": False,
        "figure.dpi": 100,
        "savefig.dpi": 150,  # of the dots inside a beeswarm, which are kept as an image
    }
    with mpl.rc_context(told), warnings.catch_warnings():
        # Names in any script may be drawn; the reader's browser has the letters that DejaVu lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        before = set(plt.get_fignums())
        try:
            yield plt
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)


def to_svg(figure: Figure, tight: bool = True) -> bytes:
    """The figure as SVG without date or program name."""
    out = io.BytesIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(out, format="svg", facecolor=PAPER, metadata=nothing, bbox_inches="tight" if tight else None)
    text = out.getvalue()
    text = text.replace(b"'DejaVu Sans'", b"'DejaVu Sans', Verdana, sans-serif")
    return _COLOUR.sub(lambda m: m[1] + b": " + _OURS.get(m[2].decode(), m[2].decode()).encode(), text)


def themed(svg: bytes) -> bytes:
    """The picture for a page: its greys follow the reader's light or dark setting, its paper is the page's."""
    names = {PAPER: "--paper", INK: "--ink", MUTED: "--muted", GRID: "--grid"}
    light = ";".join(f"{names[c]}:{'none' if c == PAPER else c}" for c in names)
    dark = ";".join(f"{names[c]}:{_DARK[c]}" for c in names)
    # Lines, and numbers beside bars, share the colour of bars, which is too dark for a dark page.
    thin = "".join(
        f'text[style*="{c}"]{{fill:{lighter}!important}}[style*="stroke: {c}"]{{stroke:{lighter}!important}}'
        for c, lighter in _LIGHTER.items()
    )
    style = f"<style>svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}{thin}}}</style>".encode()

    def swap(found: re.Match[bytes]) -> bytes:
        colour = found[2].decode()
        return found[1] + b": " + (f"var({names[colour]},{colour})" if colour in names else colour).encode()

    return _OPENING.sub(lambda m: m[0] + style, _COLOUR.sub(swap, svg), count=1)


def label(text: str, length: int = 40) -> str:
    """``text`` as matplotlib may draw it: one line, no mathematics, no sign that SHAP splits labels at."""
    return printable(text, length).replace("$", r"\$").replace("=", "꞊")
