"""Rules compiled to SQL that can do no more than they say, and what can be wrong with each value they read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from features.errors import BadInput, printable
from pipeline.recipes import sql
from pipeline.recipes.rules import FORMATS, VERBS, Column, Constant, Operation, Rule, Want, columns, word_of


@dataclass(frozen=True)
class Check:
    """A condition under which a row cannot be used; ``value`` is the SQL of what stood there."""

    condition: str
    code: str
    column: str
    reason: str
    value: str = "NULL"


class Compiler:
    """Turns rules into SQL over the raw rows of a file, and collects what can be wrong with each value.

    Parameters
    ----------
    raw : function from a column's name to the SQL of its text (null where the recipe calls it null)
    """

    def __init__(self, raw: Callable[[str], str]) -> None:
        self.raw = raw
        self.checks: list[Check] = []

    def read(self, rule: Rule, want: Want, where: str) -> tuple[str, list[Check]]:
        """SQL of ``rule`` read as ``want``, and what can be wrong with it."""
        self.checks = []
        value = self.compile(rule, want, where)
        return value, self.checks

    def compile(self, rule: Rule, want: Want, where: str) -> str:
        """SQL of ``rule`` read as ``want``.

        Raises
        ------
        BadInput
            When the rule can never give that: a moment where a number is needed.
        """
        if isinstance(rule, Constant):
            return _literal(rule.value, want, where)
        if isinstance(rule, Column):
            return self._read(self.raw(rule.name), want, rule.name)
        if rule.name == "first":
            return f"coalesce({', '.join(self.compile(o, want, where) for o in rule.operands)})"
        verb = VERBS[rule.name]
        takes = [verb.takes[min(i, len(verb.takes) - 1)] for i in range(len(rule.operands))]
        if rule.name == "date":
            value = self._date(rule, where)
        else:
            operands = [self.compile(o, t, where) for o, t in zip(rule.operands, takes, strict=True)]
            value = self._apply(rule, operands, where)
        return self._as(value, verb.gives, want, rule, where)

    def _apply(self, rule: Operation, operands: list[str], where: str) -> str:
        first, options = operands[0], rule.options
        match rule.name:
            case "flag":
                value = sql.flag(first, options["true_if"], options["false_if"])
                # A blank is either one of the words or nothing at all; it is never a wrong word.
                wrong = f"{first} IS NOT NULL AND trim({first}) <> '' AND ({value}) IS NULL"
                self.checks.append(Check(wrong, "not_a_flag", named(rule), "it is neither a yes nor a no", first))
                return value
            case "not":
                return f"NOT ({first})"
            case "present":
                return f"NOT {sql.blank(first)}"
            case "contains":
                return f"contains({first}, {sql.text(options['text'])})"
            case "equals":
                return f"{first} = {sql.text(options['text'])}"
            case "strip":
                return f"trim({first}, {sql.text(options['characters'])})"
            case "join":
                return "(" + f" || {sql.text(options['between'])} || ".join(operands) + ")"
            case "length_of":
                return f"CAST(length({first}) AS DOUBLE)"
            case "add":
                return "(" + " + ".join(operands) + ")"
            case "multiply":
                return "(" + " * ".join(operands) + ")"
            case "subtract":
                return f"({first} - {operands[1]})"
            case "divide":
                return f"({first} / nullif({operands[1]}, 0))"
            case "nonzero":
                return f"nullif({first}, 0)"
            case "days_between":
                return f"(epoch_us({operands[1]}) - epoch_us({first})) / 86400e6"
            case "round":
                return f"round({first})"
            case "map":
                other = self.compile(options["other"], "raw", where) if options["other"] is not None else "NULL"
                cases = " ".join(
                    f"WHEN {sql.text(k.strip().lower())} THEN {'NULL' if v is None else sql.text(v)}"
                    for k, v in options["values"].items()
                )
                return f"CASE lower(trim({first})) {cases} ELSE {other} END" if cases else other
            case _:  # plus_days, minus_days
                sign = "+" if rule.name == "plus_days" else "-"
                # Beyond a million days no calendar holds; such a row has no moment and is refused for that.
                days = f"CASE WHEN abs({operands[1]}) < 1e6 THEN CAST({operands[1]} * 86400000000 AS BIGINT) END"
                return f"({first} {sign} to_microseconds({days}))"

    def _date(self, rule: Operation, where: str) -> str:
        raw = self.compile(rule.operands[0], "raw", where)
        options = rule.options
        tried = [sql.moment(raw, one, options["zone"]) for one in options["formats"]]
        if options["not_after"] is not None and len(tried) > 1:
            # 9/3/2017 is March or September; the one that had not come yet is not what was meant.
            limit = self.compile(options["not_after"], "moment", where)
            tried = [f"CASE WHEN {t} <= {limit} THEN {t} END" for t in tried] + tried
        value = f"coalesce({', '.join(tried)})" if len(tried) > 1 else tried[0]
        self._refuse_unread(
            raw, value, "not_a_date", named(rule), f"it is no date as {' or '.join(options['formats'])}"
        )
        return value

    def _read(self, raw: str, want: Want, name: str) -> str:
        if want in ("raw", "text"):
            return raw
        if want == "number":
            value = sql.number(raw)
            self._refuse_unread(raw, value, "not_a_number", name, "it is no number")
        elif want == "flag":
            value = sql.flag(raw)
            self._refuse_unread(raw, value, "not_a_flag", name, "it is neither a yes nor a no")
        else:
            value = f"coalesce({', '.join(sql.moment(raw, one) for one in FORMATS)})"
            self._refuse_unread(raw, value, "not_a_date", name, f"it is no date as {' or '.join(FORMATS)}")
        return value

    def _refuse_unread(self, raw: str, value: str, code: str, column: str, reason: str) -> None:
        self.checks.append(Check(f"NOT {sql.blank(raw)} AND ({value}) IS NULL", code, column, reason, raw))

    def _as(self, value: str, gives: Want, want: Want, rule: Operation, where: str) -> str:
        if gives == want or (gives == "raw" and want == "text"):
            return value
        if gives == "raw":
            return self._read(value, want, named(rule))
        if want in ("raw", "text") and gives in ("number", "flag"):
            return f"CAST({value} AS VARCHAR)"
        if want == "number" and gives == "flag":
            return f"CAST({value} AS DOUBLE)"
        raise BadInput(
            where, expected=f"a {want}", got=f"{rule.name}, which gives a {gives}", todo="See docs/recipes.md."
        )


def named(rule: Rule) -> str:
    """The columns of a rule, for the person who looks at a refused row."""
    return ", ".join(dict.fromkeys(columns(rule))) or "a constant"


def shown(rule: Rule, compiler: Compiler) -> str:
    """SQL of the raw text a rule reads, for the person who looks at a refused row."""
    read = list(dict.fromkeys(columns(rule)))
    if not read:
        return "NULL"
    return compiler.raw(read[0]) if len(read) == 1 else f"concat_ws(' | ', {', '.join(map(compiler.raw, read))})"


def _literal(value: Any, want: Want, where: str) -> str:
    """SQL of a constant; checked when the recipe is read, so a wrong one is no row's fault."""
    wrong = BadInput(where, expected=f"a constant that is a {want}", got=printable(repr(value)), todo="Correct it.")
    if value is None:
        return "NULL"
    if want in ("raw", "text"):
        return sql.text(value.isoformat() if isinstance(value, date) else word_of(value))
    if want == "flag" and isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if want == "number" and isinstance(value, int | float) and math.isfinite(value):
        return f"CAST({float(value)!r} AS DOUBLE)"
    if want == "moment" and isinstance(value, str | date):
        try:
            at = value if isinstance(value, date) else datetime.fromisoformat(value)
        except ValueError as error:
            raise wrong from error
        if not isinstance(at, datetime):
            at = datetime(at.year, at.month, at.day)
        at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
        return f"TIMESTAMP {sql.text(at.isoformat(sep=' '))}"
    raise wrong
