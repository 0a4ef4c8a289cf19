"""What the parts of a recipe have in common: checked and compiled rules, raw rows, and the names of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import BadInput
from features.tables import COUNT, FLAG, MOMENT, SHARE, TABLES, TEXT, Measure
from pipeline.recipes import sql
from pipeline.recipes.compiler import Check, Compiler
from pipeline.recipes.drafts import Draft
from pipeline.recipes.format import Accounts, Part, Reading, Recipe
from pipeline.recipes.rawrows import Needs, Raw
from pipeline.recipes.reading import stage
from pipeline.recipes.rules import Rule, Want, alternatives, columns, parse
from pipeline.recipes.sql import Workspace

_DAMAGED = r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+"


@dataclass
class Source:
    """What one recipe gave."""

    recipe: Recipe
    rank: int
    drafts: list[Draft] = field(default_factory=list)
    torn: list[tuple[str, str, int | None, str, str, str]] = field(default_factory=list)  # table, file, row, code, ...
    measures: dict[str, Measure] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)  # label file -> its usable rows; parts may share one
    replaced: int = 0


def check_rules(recipe: Recipe, where: str) -> None:
    """Compile every rule of ``recipe`` against nothing, so that a wrong one is found before any file is opened."""
    for table, parts in recipe.parts.items():
        for i, part in enumerate(parts):
            place = f"{where}, {table}.{i}" if len(parts) > 1 else f"{where}, {table}"
            rules = part_rules(part, place)
            compiler = Compiler(sql.ident)
            for column in TABLES[table].columns:
                given = part.columns.get(column.name)
                if given is not None:
                    compiler.compile(rules[column.name], wanted(column.type), f"{place}.columns.{column.name}")
                elif not column.nullable and column.name not in ("platform", *_MADE[table]):
                    raise BadInput(
                        f"{place}.columns",
                        expected=f"a rule for {column.name} ({column.says})",
                        got=", ".join(part.columns),
                        todo="Add it; {constant: ...} is for a value that is the same in every row.",
                    )
            for name, want in _WANTED.items():
                for rule in (n for n in rules if n.startswith(name)):
                    compiler.compile(rules[rule], want, f"{place}.{rule}")


# What rules outside `columns` must give.
_WANTED: dict[str, Want] = {
    "measures.": "number",
    "refuse.": "flag",
    "label.column": "text",
    "label.labelled_at": "moment",
}
# Columns a recipe may leave out because they can be made: an account without identifier is named by its file and row.
_MADE = {"accounts": ("account_id",), "posts": ("post_id", "account_id"), "engagements": (), "follows": ()}


def wanted(kind: Any) -> Want:
    """What a rule must give for a canonical column of this Arrow type."""
    wants: dict[Any, Want] = {TEXT: "text", COUNT: "number", SHARE: "number", FLAG: "flag", MOMENT: "moment"}
    return wants[kind]


def part_rules(part: Part, where: str) -> dict[str, Rule]:
    """Every rule of a part, by where it stands."""
    rules = {name: parse(value, f"{where}.columns.{name}") for name, value in part.columns.items()}
    rules |= {f"refuse.{i}": parse(one.rule, f"{where}.refuse.{i}") for i, one in enumerate(part.refuse)}
    if isinstance(part, Accounts):
        rules |= {f"measures.{n}": parse(m.column, f"{where}.measures.{n}") for n, m in part.measures.items()}
        if part.label and part.label.column is not None:
            rules["label.column"] = parse(part.label.column, f"{where}.label.column")
        if part.label and part.label.labelled_at is not None:
            rules["label.labelled_at"] = parse(part.label.labelled_at, f"{where}.label.labelled_at")
    return rules


def stage_rows(
    work: Workspace, source: Source, table: str, folder: Path, paths: Sequence[Path], part: Part, rules: dict[str, Rule]
) -> Raw:
    """Raw rows of the files of a part, with the columns its rules read; torn rows are noted in ``source``."""
    needs = Needs(
        tuple(dict.fromkeys(c for rule in rules.values() for c in columns(rule))),
        tuple(dict.fromkeys(g for rule in rules.values() for g in alternatives(rule))),
    )
    raw = stage(work, folder, paths, part, part.read or source.recipe.read, needs)
    source.torn += [(table, *row) for row in raw.refused]
    source.replaced += raw.replaced
    return raw


def compiler_of(raw: Raw, reading: Reading) -> Compiler:
    """A compiler over raw rows; words that stand for a missing value are null in it."""

    def text_of(name: str) -> str:
        column = raw.columns[name]
        if not reading.nulls:
            return column
        return f"CASE WHEN trim({column}) NOT IN {sql.texts([n.strip() for n in reading.nulls])} THEN {column} END"

    return Compiler(text_of)


def handle(value: str) -> str:
    """SQL of a name without the @ that some write before it."""
    return f"nullif(ltrim({value}, '@'), '')"


def key_of(platform: str, value: str, column: str, checks: list[Check]) -> str:
    """SQL of an identifier over all platforms; an id that a spreadsheet rounded is refused."""
    if column == "username":
        return f"{sql.text(platform + ':@')} || lower({handle(f'trim({value})')})"
    checks.append(
        Check(
            f"regexp_full_match(trim({value}), {sql.text(_DAMAGED)})",
            "damaged_id",
            column,
            "a spreadsheet has rounded it: key on the name instead",
            value,
        )
    )
    whole = f"regexp_replace(nullif(trim({value}), ''), '^([0-9]+)\\.0+$', '\\1')"
    return f"{sql.text(platform + ':')} || {whole}"
