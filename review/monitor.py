"""The page of a monitoring run: what was found, what to do, and every number behind it. No script, no request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.errors import printable

ROWS = 25  # of each table; the JSON beside the page has them all
WORST = {"severe": "Severe findings", "warning": "Warnings", "notice": "Notices", "good": "Nothing found"}
_WIDTH, _HEIGHT = 640.0, 200.0


def monitor_page(report: Mapping[str, Any]) -> str:
    """The report as one HTML file.

    Parameters
    ----------
    report : as ``models.monitoring.report`` makes it, with ``about``: model_version, feature_hash, as_of, tables,
        reference (what the batch is compared with)

    Returns
    -------
    str, HTML that works offline; names come from outside and are escaped, and the page may load and run nothing
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(share=share, number=number, signed=signed, chance=chance, safe_text=safe_text)
    style = (Path(__file__).parent / "templates" / "monitor.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    worst = next((s for s in ("severe", "warning", "notice") if report["counts"][s]), "good")
    values = [v for v in report["categories"] if v["new"] or v["p_value"] < 0.01 or v["accounts"] >= 50]
    return environment.get_template("monitor.html").render(
        report=report,
        about=report["about"],
        csp=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        style=style,
        worst=worst,
        headline=_headline(report["counts"], worst),
        features=[_bar(f, report) for f in report["features"][:ROWS]],
        left_out=max(0, len(report["features"]) - ROWS),
        pushes=report["attributions"][:ROWS],
        values=sorted(values, key=lambda v: (-abs(v["share"] - v["share_reference"]), v["category"], v["value"]))[
            :ROWS
        ],
        scores=_scores(report["scores"]),
        volumes=_volumes([*(h["accounts"] for h in report["history"]), report["accounts"]["batch"]]),
        size=(_WIDTH, _HEIGHT),
    )


def _headline(counts: Mapping[str, int], worst: str) -> str:
    parts = [
        f"{counts[s]} {name if counts[s] == 1 else name + 's'}"
        for s, name in (("severe", "severe finding"), ("warning", "warning"), ("notice", "notice"))
        if counts[s]
    ]
    return ", ".join(parts) if parts else WORST[worst]


def _bar(feature: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table of features, with the length of its bar: a quarter of the index fills it."""
    return {**feature, "bar": round(min(1.0, feature["psi"] / 0.5) * 100, 1)}


def _scores(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Bars of the histogram of scores: in each bin the reference beside the batch, as shares of their accounts."""
    sides = {k: [float(c) for c in scores[k]] for k in ("reference", "batch")}
    shares = {k: [c / max(sum(v), 1.0) for c in v] for k, v in sides.items()}
    top = max([*shares["reference"], *shares["batch"], 1e-9])
    bins = len(shares["reference"])
    step = _WIDTH / bins
    bars = [
        {
            "x": round(i * step + step * (0.08 + 0.42 * k), 2),
            "y": round(_HEIGHT * (1 - share / top), 2),
            "width": round(step * 0.42, 2),
            "height": round(_HEIGHT * share / top, 2),
            "side": side,
            "says": f"{side}: {share:.1%} of accounts, bot probability {_range(scores['edges'], i)}",
        }
        for k, side in enumerate(("reference", "batch"))
        for i, share in enumerate(shares[side])
    ]
    ticks = [{"x": round((i + 1) * step, 2), "says": f"{e:g}"} for i, e in enumerate(scores["edges"])]
    return {"bars": bars, "ticks": ticks, "top": top}


def _range(edges: Sequence[float], i: int) -> str:
    low = edges[i - 1] if i else 0.0
    high = edges[i] if i < len(edges) else 1.0
    return f"{low:g} to {high:g}"


def _volumes(accounts: Sequence[int]) -> list[dict[str, Any]]:
    """Points of the line of accounts per batch, oldest first; empty with one batch."""
    if len(accounts) < 2:
        return []
    top = max([*accounts, 1])
    step = _WIDTH / (len(accounts) - 1)
    return [
        {"x": round(i * step, 2), "y": round(_HEIGHT * (1 - n / top), 2), "accounts": n} for i, n in enumerate(accounts)
    ]


def share(value: float | None) -> str:
    """A share as a person reads it."""
    if value is None:
        return "–"
    return f"{value:.1%}" if 0.001 <= abs(value) <= 0.999 or value in (0, 1) else f"{value:.2%}"


def number(value: float | None, form: str = ".2f") -> str:
    """A number with a fixed form; a dash when there is none."""
    return "–" if value is None else format(value, form)


def signed(value: float) -> str:
    """A contribution in log-odds, with its sign."""
    return f"{value:+.2f}"


def chance(p_value: float) -> str:
    """How likely chance alone is; the far tail is not worth its digits."""
    return "below 1 in a million" if p_value < 1e-6 else f"{p_value:.2g}"


def safe_text(text: Any) -> str:
    """Text that others chose, on one line and short."""
    return printable(str(text), 60)
