"""``params.yaml`` with every setting, its default and what it means: `python -m pipeline.settingsdoc > params.yaml`.

What a setting means stands once, as the comment beside its declaration.
"""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterator

from pydantic import BaseModel

from features.settings import Settings
from pipeline.settings import Params
from pipeline.yamlfiles import to_yaml

WIDTH = 46  # column where the comments of params.yaml begin, where there is room


def params_yaml() -> str:
    """The text of params.yaml: every section with its settings; the many of the town's inhabitants are left out."""
    head = "# Settings with their defaults; all are in docs/settings.md. `--set section.key=value` changes one.\n"
    return head + "".join(_lines(Params(), "", deepest=2))


def settings_markdown() -> str:
    """The page of all settings."""
    head = "# Settings\n\nEvery setting with its default, as it would stand in `params.yaml`.\n\n"
    return f"{head}```yaml\n{''.join(_lines(Params(), '', deepest=9)).lstrip()}```\n"


def _lines(settings: BaseModel, indent: str, deepest: int) -> Iterator[str]:
    bases: list[type[BaseModel]] = [
        c for c in reversed(type(settings).__mro__) if issubclass(c, Settings) and c is not Settings
    ]
    meanings = {name: says for base in bases or [type(settings)] for name, says in comments(base).items()}
    for name, field in type(settings).model_fields.items():
        value, key = getattr(settings, name), field.alias or name
        if not isinstance(value, BaseModel):
            plain = settings.model_dump(mode="json")[name]
            yield from _commented(f"{indent}{key}: {to_yaml(plain, flow=True)}", meanings.get(name, ""), indent)
        elif deepest:
            first = (type(value).__doc__ or "").strip().splitlines()[0]
            yield from [] if indent else ["\n"]
            yield from _commented(f"{indent}{key}:", meanings.get(name) or first, indent)
            yield from _lines(value, indent + "  ", deepest - 1)


def _commented(text: str, says: str, indent: str) -> Iterator[str]:
    if not says:
        yield text + "\n"
    elif "\n" not in text and len(text) < WIDTH and WIDTH + len(says) < 130:
        yield f"{text:<{WIDTH}}# {says}\n"
    else:
        yield from (f"{indent}# {line}\n" for line in textwrap.wrap(says, 110))
        yield text + "\n"


def comments(settings: type[BaseModel]) -> dict[str, str]:
    """What the source says of each setting: the comment at the end of its declaration, else the one above it."""
    source = textwrap.dedent(inspect.getsource(settings))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    said = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    alone = {n: text for n, text in said.items() if source.splitlines()[n - 1].lstrip().startswith("#")}
    found = {}
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            beside = [text for n, text in said.items() if node.lineno <= n <= (node.end_lineno or 0) and n not in alone]
            found[node.target.id] = " ".join(beside or _above(alone, node.lineno))
    return found


def _above(alone: dict[int, str], line: int) -> list[str]:
    lines: list[str] = []
    while (line := line - 1) in alone:
        lines.insert(0, alone[line])
    return lines


if __name__ == "__main__":
    print(params_yaml(), end="")
