"""Labels of accounts: from a column, a file's name, a list of accounts, or a second file; always a truth and a kind."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from features.errors import BadInput
from features.tables import TABLES
from pipeline.recipes import sql
from pipeline.recipes.compiler import Check, Compiler
from pipeline.recipes.drafts import Cell, Limits, cell, draft
from pipeline.recipes.format import Label, Part, Reading, verdict
from pipeline.recipes.parts import Source, compiler_of, key_of, stage_rows
from pipeline.recipes.rawrows import Raw, find_files
from pipeline.recipes.rules import Column, Rule
from pipeline.recipes.sql import Workspace


def label_of(
    work: Workspace,
    source: Source,
    folder: Path,
    label: Label | None,
    rules: dict[str, Rule],
    compiler: Compiler,
    raw: Raw,
    key: str,
    limits: Limits,
) -> tuple[str, str, str, list[Check]]:
    """SQL of the lowest and highest truth of a label, of its kind, and what can be wrong with it."""
    if label is None:
        return "CAST(NULL AS BOOLEAN)", "CAST(NULL AS BOOLEAN)", "CAST(NULL AS VARCHAR)", []
    if label.always is not None:
        return (*_said([("TRUE", label.always)]), [])
    if label.file_name is not None:
        return (*_said(_by_file(work, label.file_name, raw)), [])
    if label.column is not None:
        value, found = compiler.read(rules["label.column"], "text", "label.column")
        plain = plain_label(value)
        cases = [(f"{plain} = {sql.text(plain_word(word))}", said) for word, said in label.values.items()]
        known = sql.texts([plain_word(w) for w in label.values])
        strange = f"{plain} IS NOT NULL AND {plain} <> '' AND {plain} NOT IN {known}"
        reason = f"the label is none of {', '.join(label.values)}"
        checks = [*found, Check(strange, "unknown_label", "label", reason, value)]
        return (*_said(cases), checks)
    listed = label_list(work, source, folder, label, limits)
    among = f"(SELECT {{}} FROM {listed} l WHERE l.account_id = {key})"
    if label.ids is not None:
        there = f"{key} IN (SELECT account_id FROM {listed})"
        return (*_said([(there, label.listed), ("TRUE", label.others)]), [])
    # The same account may stand in the second file twice, and disagree.
    low, high, kind = (among.format(f"{f}(l.{c})") for f, c in (("min", "is_bot"), ("max", "is_bot"), ("min", "kind")))
    return low, high, kind, []


def plain_label(value: str) -> str:
    """SQL of a label as it is compared: without case, spaces and a trailing .0."""
    return f"regexp_replace(lower(trim({value})), '^([0-9]+)\\.0+$', '\\1')"


def plain_word(word: str) -> str:
    """A label of a recipe, written as it is compared."""
    plain = word.strip().lower()
    head, dot, tail = plain.partition(".")
    return head if dot and head.isdigit() and not tail.strip("0") else plain


def _said(cases: Sequence[tuple[str, Any]]) -> tuple[str, str, str]:
    """SQL of the truth (twice) and kind that the first condition that holds stands for."""

    def case(values: list[tuple[str, str]], kind: str) -> str:
        return f"CAST(CASE {' '.join(f'WHEN {c} THEN {v}' for c, v in values)} END AS {kind})"

    verdicts = [(condition, *verdict(word)) for condition, word in cases]
    truth = case([(c, "NULL" if b is None else str(b).upper()) for c, b, _ in verdicts], "BOOLEAN")
    kind = case([(c, "NULL" if k is None else sql.text(k)) for c, _, k in verdicts], "VARCHAR")
    return truth, truth, kind


def _by_file(work: Workspace, patterns: dict[str, Any], raw: Raw) -> list[tuple[str, Any]]:
    cases = []
    for (name,) in work.rows(f"SELECT DISTINCT _file FROM {raw.relation} ORDER BY 1"):
        plain = name.split("#")[0].removesuffix(".gz").removesuffix(".zst")
        word = next((said for pattern, said in patterns.items() if fnmatch(plain, pattern)), None)
        if word is None:
            raise BadInput(
                name,
                expected=f"a file name like {', '.join(patterns)}",
                got="another",
                todo="Add it under `label: file_name:` of the recipe; `unlabelled` is a label too.",
            )
        cases.append((f"_file = {sql.text(name)}", word))
    return cases or [("FALSE", "unlabelled")]


def label_list(work: Workspace, source: Source, folder: Path, label: Label, limits: Limits) -> str:
    """The usable rows of the label file: account_id, is_bot, kind."""
    recipe = source.recipe
    name, reading = label.ids or label.joined or "", recipe.read
    if name in source.lists:
        return source.lists[name]
    if label.ids is not None:
        reading = Reading(encoding=reading.encoding, header=False, names=("id",), quote="")
        part, rules = Part(files=(name,), format="csv", read=reading, columns={}), {"id": Column("id")}
    else:
        part = Part(files=(name,), columns={})
        rules = {"id": Column(label.id), "value": Column(label.value)}
    base = folder if folder.is_dir() else folder.parent
    raw = stage_rows(work, source, "labels", base, find_files(base, part, recipe.name), part, dict(rules))
    compiler = compiler_of(raw, reading)
    own = "account_id" if any("account_id" in p.columns for p in recipe.accounts) else "username"
    checks: list[Check] = []
    identity = compiler.raw(rules["id"].name)
    key = key_of(recipe.platform, identity, own, checks)
    cells = [cell(TABLES["labels"]["account_id"], key, identity, limits, checks)]
    cases, strange = [("TRUE", label.listed)], []
    if label.joined is not None:
        value = compiler.raw(label.value)
        plain, known = plain_label(value), sql.texts([plain_word(w) for w in label.values])
        cases = [(f"{plain} = {sql.text(plain_word(w))}", said) for w, said in label.values.items()]
        reason = f"the label is none of {', '.join(label.values)}"
        strange = [Check(f"coalesce({plain}, '') NOT IN {known}", "unknown_label", "label", reason, value)]
    truth, _, kind = _said(cases)
    cells += [Cell("is_bot", truth, tuple(strange)), Cell("kind", kind)]
    one = draft(work, "labels", recipe.name, source.rank, raw.relation, cells, limits)
    source.drafts.append(one)
    source.lists[name] = f"(SELECT account_id, is_bot, kind FROM {one.relation} WHERE _problem IS NULL)"
    return source.lists[name]
