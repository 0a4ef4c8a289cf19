"""Numbers as words: how a page writes a metric, a share, a count, a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]


def best(baselines: Values) -> tuple[str, float | None]:
    """Name and average precision of the best baseline; an empty name and None where there is none."""
    known = {n: v for n, m in baselines.items() if (v := value(m, "average_precision")) is not None}
    name = max(known, key=lambda n: (known[n], n)) if known else ""
    return name, known.get(name)


def value(metrics: Values, name: str) -> float | None:
    """Value of metric ``name``; None where it is undefined."""
    found = metrics.get(name)
    return None if found is None or found.get("value") is None else float(found["value"])


def number(value: float | None) -> str:
    """Three decimals, or that there is no number."""
    return "n/a" if value is None else f"{value:.3f}"


def interval(metric: Values | None) -> str:
    """Both ends of a metric's interval."""
    if not metric or metric.get("low") is None:
        return ""
    return f"{metric['low']:.3f} to {metric['high']:.3f}"


def share(found: Any) -> str:
    """A share, with its interval where it has one, in percent."""
    if found is None:
        return "n/a"
    if isinstance(found, Mapping):
        if found.get("value") is None:
            return "n/a"
        ends = f" ({found['low']:.1%} to {found['high']:.1%})" if found.get("low") is not None else ""
        return f"{found['value']:.1%}{ends}"
    return f"{found:.1%}"


def count(value: Any) -> str:
    """A count with thousands apart; a dash where it is not known."""
    return "–" if value is None else f"{int(value):,}"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
