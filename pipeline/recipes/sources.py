"""A recipe applied to a folder: drafts of canonical tables, labels and measures in the same rows as their accounts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.errors import BadInput
from features.tables import COUNT, FLAG, MOMENT, TABLES, TEXT
from pipeline.recipes import sql
from pipeline.recipes.compiler import Check, Compiler, shown
from pipeline.recipes.drafts import OPENED_LATE, Cell, Draft, Limits, cell, draft, measure_cell
from pipeline.recipes.format import Accounts, Part, Recipe
from pipeline.recipes.labels import label_of
from pipeline.recipes.parts import Source, compiler_of, handle, key_of, part_rules, stage_rows, wanted
from pipeline.recipes.rawrows import Raw, find_files
from pipeline.recipes.rules import Column, Rule, columns
from pipeline.recipes.sql import Workspace

# A blank cell of these says that there is no such text; of all others it says nothing.
FREE_TEXTS = ("display_name", "description", "url", "location", "text")


def draft_source(work: Workspace, recipe: Recipe, rank: int, folder: Path, limits: Limits) -> Source:
    """Drafts of every table that ``recipe`` finds in ``folder``.

    Raises
    ------
    BadInput
        When the folder, a file, a column or a row at all is missing, or a file cannot be read to its end.
    """
    source = Source(recipe, rank)
    for table, parts in recipe.parts.items():
        for part in parts:
            paths = find_files(folder, part, recipe.name)
            rules = part_rules(part, table)
            raw = stage_rows(work, source, table, folder, paths, part, rules)
            if isinstance(part, Accounts):
                source.drafts.append(_accounts(work, source, folder, part, rules, raw, limits))
            else:
                source.drafts.append(_events(work, source, table, part, rules, raw, limits))
        if parts and not sum(d.read for d in source.drafts if d.table == table):
            torn = sum(1 for t in source.torn if t[0] == table)
            raise BadInput(
                f"{folder} ({recipe.name})",
                expected=f"rows of {table}",
                got=f"none that can be read ({torn} torn)" if torn else "files without rows",
                todo="Export the data again.",
            )
    return source


def _cells(
    table: str, part: Part, rules: dict[str, Rule], compiler: Compiler, limits: Limits, skip: Sequence[str]
) -> list[Cell]:
    """Canonical columns of a part, in canonical order; those without a rule are null."""
    cells = []
    for column in TABLES[table].columns:
        if column.name in skip:
            continue
        rule, where, exact = rules.get(column.name), f"{table}.columns.{column.name}", ""
        if rule is None:
            null = {TEXT: "VARCHAR", COUNT: "BIGINT", FLAG: "BOOLEAN", MOMENT: "TIMESTAMP"}[column.type]
            cells.append(Cell(column.name, f"CAST(NULL AS {null})"))
            continue
        value, checks = compiler.read(rule, wanted(column.type), where)
        if column.type == COUNT:
            exact = sql.whole(compiler.compile(rule, "raw", where)) if isinstance(rule, Column) else sql.whole_of(value)
            value = f"CASE WHEN NOT isnan({value}) THEN {value} END"
        elif column.name == "username":
            value = handle(f"trim({value})")
        elif column.type == TEXT and column.name not in FREE_TEXTS:
            value = f"nullif(trim({value}), '')"
        cells.append(cell(column, value, shown(rule, compiler), limits, checks, exact))
    return cells


def _accounts(
    work: Workspace, source: Source, folder: Path, part: Accounts, rules: dict[str, Rule], raw: Raw, limits: Limits
) -> Draft:
    recipe, compiler = source.recipe, compiler_of(raw, part.read or source.recipe.read)
    key, own, checks = _account_key(recipe, rules, compiler)
    stood = shown(rules[own], compiler) if own else "NULL"
    cells = [
        _refusals(part, rules, compiler),
        cell(TABLES["accounts"]["account_id"], key, stood, limits, checks),
        Cell("platform", sql.text(recipe.platform)),
        *_cells("accounts", part, rules, compiler, limits, ("account_id", "platform")),
    ]
    for name, rule in part.measures.items():
        declared = source.measures[name] = rule.declared(name)
        value, checks = compiler.read(rules[f"measures.{name}"], "number", f"measures.{name}")
        one = measure_cell(declared, value, shown(rules[f"measures.{name}"], compiler), checks)
        cells.append(Cell(f"_m_{name}", one.value, one.checks))
    low, high, kind, label_checks = label_of(work, source, folder, part.label, rules, compiler, raw, key, limits)
    labelled = "CAST(NULL AS TIMESTAMP)"
    if "label.labelled_at" in rules:
        labelled, checks = compiler.read(rules["label.labelled_at"], "moment", "label.labelled_at")
        label_checks += checks
    cells.append(Cell("_labelled", "NULL", tuple(label_checks)))
    confidence = part.label.confidence if part.label else None
    extra = [
        ("_label_low", low),
        ("_label_high", high),
        ("_kind", kind),
        ("_confidence", f"CAST({'NULL' if confidence is None else repr(confidence)} AS DOUBLE)"),
        ("_labelled_at", labelled),
        ("_by_name", "TRUE" if own == "username" else "FALSE"),
    ]
    return draft(work, "accounts", recipe.name, source.rank, raw.relation, cells, limits, [OPENED_LATE], extra)


def _refusals(part: Part, rules: dict[str, Rule], compiler: Compiler) -> Cell:
    """What the recipe itself refuses, before anything else is looked at."""
    checks = []
    for i, one in enumerate(part.refuse):
        rule = rules[f"refuse.{i}"]
        condition, _ = compiler.read(rule, "flag", f"refuse.{i}")
        named = ", ".join(dict.fromkeys(columns(rule)))
        checks.append(Check(condition, "refused_by_recipe", named, one.because, shown(rule, compiler)))
    return Cell("_refused", "NULL", tuple(checks))


def _account_key(recipe: Recipe, rules: dict[str, Rule], compiler: Compiler) -> tuple[str, str, list[Check]]:
    """SQL of the account's identifier, the column it is made of, and what can be wrong with it.

    The platform's own identifier comes first; else the name in small letters behind an @; else file and row.
    """
    for column in ("account_id", "username"):
        if column in rules:
            value, checks = compiler.read(rules[column], "text", f"columns.{column}")
            return key_of(recipe.platform, value, column, checks), column, checks
    return f"{sql.text(recipe.name + '/')} || {_stem()} || '/' || _row", "", []


def _stem() -> str:
    ends = r"(\.(csv|tsv|txt|json|jsonl|ndjson|parquet|gz|zst))+(#.*)?$"
    return f"regexp_replace(_file, {sql.text(ends)}, '')"


def _events(
    work: Workspace, source: Source, table: str, part: Part, rules: dict[str, Rule], raw: Raw, limits: Limits
) -> Draft:
    recipe, compiler = source.recipe, compiler_of(raw, part.read or source.recipe.read)
    cells, keys = [_refusals(part, rules, compiler)], [c.name for c in TABLES[table].columns if c.name.endswith("_id")]
    for name in keys:
        rule = rules.get(name) or (rules.get("username") if name == "account_id" else None)
        if rule is None:  # a post may go without an identifier
            cells.append(Cell(name, f"{sql.text(recipe.name + '/')} || {_stem()} || '/' || _row"))
            continue
        value, checks = compiler.read(rule, "text", f"{table}.columns.{name}")
        key = key_of(recipe.platform, value, name if name in rules else "username", checks)
        cells.append(cell(TABLES[table][name], key, shown(rule, compiler), limits, checks))
    cells += _cells(table, part, rules, compiler, limits, keys)
    # A view: events may be far more than memory holds.
    return draft(work, table, recipe.name, source.rank, raw.relation, cells, limits, stored=False)
