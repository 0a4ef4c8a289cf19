"""The one door to YAML: safe loading, with errors that name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from features.errors import BadInput, printable


def read_yaml(path: Path) -> Any:
    """The value in the YAML file ``path``; BadInput when it is absent, no text or no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(str(path), expected="a YAML file", got="no such file", todo="Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            str(path), expected="a YAML file in UTF-8", got=printable(str(error)), todo="Save it as UTF-8 text."
        ) from error
    return parse_yaml(text, where=str(path))


def parse_yaml(text: str, where: str) -> Any:
    """The value of YAML ``text`` that stands at ``where``."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{where}, line {mark.line + 1}" if mark else where
        problem = getattr(error, "problem", None) or "text that is no YAML"
        raise BadInput(
            line, expected="YAML", got=printable(str(problem)), todo="Correct the line; two spaces indent, no tabs."
        ) from error


def to_yaml(value: Any, flow: bool = False) -> str:
    """YAML text of ``value`` with keys in the order they have; ``flow`` writes it on one line."""
    if flow:
        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=True)
        return text.removesuffix("...\n").rstrip("\n")
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
