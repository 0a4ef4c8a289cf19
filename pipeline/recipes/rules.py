"""A rule says how a value is made of columns: a column's name, or one small operation.

A recipe comes from anywhere, so nothing in it is evaluated: names and words are quoted, and only the operations
listed here exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, TypeAlias

from features.errors import BadInput, printable
from pipeline.database import open_database
from pipeline.recipes import sql

Want: TypeAlias = Literal["raw", "text", "number", "moment", "flag"]  # raw: text as the file has it, still to be read
NAMED = ("iso", "twitter", "epoch_s", "epoch_ms")
FORMATS = ("iso", "twitter")  # read without being told


@dataclass(frozen=True)
class Column:
    """A column of a file, or the path of a value in a document."""

    name: str


@dataclass(frozen=True)
class Constant:
    """The same value in every row."""

    value: Any


@dataclass(frozen=True)
class Operation:
    """One operation on other rules."""

    name: str
    operands: tuple[Rule, ...]
    options: Mapping[str, Any]


Rule: TypeAlias = Column | Constant | Operation


@dataclass(frozen=True)
class Verb:
    """What one operation takes and gives."""

    says: str
    gives: Want
    takes: tuple[Want, ...]  # what each operand is read as; the last one repeats when ``many``
    options: tuple[str, ...] = ()
    many: bool = False


VERBS: dict[str, Verb] = {
    "constant": Verb("the same value in every row", "raw", ()),
    "first": Verb("the first of several rules that has a value", "raw", ("raw",), many=True),
    "date": Verb(
        "a moment written in one of `formats`, tried in order", "moment", ("raw",), ("formats", "zone", "not_after")
    ),
    # Not `yes:` and `no:`, which YAML reads as true and false.
    "flag": Verb(
        "true for the words in `true_if`, false for those in `false_if`", "flag", ("raw",), ("true_if", "false_if")
    ),
    "not": Verb("true where the rule is false", "flag", ("flag",)),
    "present": Verb("true where there is a value that is not blank", "flag", ("raw",)),
    "contains": Verb("true where the value contains `text`", "flag", ("raw",), ("text",)),
    "equals": Verb("true where the value is `text`", "flag", ("raw",), ("text",)),
    "map": Verb("the value that `values` gives for this one, else `other`", "raw", ("raw",), ("values", "other")),
    "strip": Verb("the value without `characters` at its ends", "raw", ("raw",), ("characters",)),
    "join": Verb("values one after the other, with `between` them", "raw", ("raw",), ("between",), many=True),
    "length_of": Verb("number of characters", "number", ("raw",)),
    "add": Verb("the sum", "number", ("number",), many=True),
    "subtract": Verb("the first less the second", "number", ("number", "number")),
    "multiply": Verb("the product", "number", ("number",), many=True),
    "divide": Verb("the first over the second; missing where that is 0", "number", ("number", "number")),
    "nonzero": Verb("the number; missing where it is 0", "number", ("number",)),
    "days_between": Verb("days from the first moment to the second", "number", ("moment", "moment")),
    "round": Verb("the nearest whole number", "number", ("number",)),
    "plus_days": Verb("a moment and a number of days after it", "moment", ("moment", "number")),
    "minus_days": Verb("a moment and a number of days before it", "moment", ("moment", "number")),
}


def parse(value: Any, where: str) -> Rule:
    """The rule that ``value`` of a recipe stands for.

    Raises
    ------
    BadInput
        When it is neither a column nor an operation we know, naming ``where`` in the recipe it stands.
    """
    if isinstance(value, Column | Constant | Operation):
        return value
    if isinstance(value, str) and value:
        return Column(value)
    if isinstance(value, bool | int | float | date | None):
        raise BadInput(
            where,
            expected="the name of a column, or an operation",
            got=printable(repr(value)),
            todo=f"Write {{constant: {value}}} for a value that is the same in every row, or quote the column's name.",
        )
    verbs = [k for k in value if k in VERBS] if isinstance(value, Mapping) else []
    if len(verbs) != 1:
        raise BadInput(
            where,
            expected="the name of a column, or one operation",
            got=printable(repr(value)),
            todo=f"Operations are {', '.join(VERBS)}.",
        )
    name, verb = verbs[0], VERBS[verbs[0]]
    options = {k: v for k, v in value.items() if k != name}
    strange = [str(k) for k in options if k not in verb.options]
    if strange:
        known = f"options {', '.join(verb.options)}" if verb.options else "no options"
        raise BadInput(
            f"{where}.{name}", expected=known, got=printable(", ".join(strange)), todo="See docs/recipes.md."
        )
    if name == "constant":
        return Constant(value[name])
    given = value[name] if isinstance(value[name], list | tuple) else [value[name]]
    if not given or (not verb.many and len(given) != len(verb.takes)):
        count = "one rule or more" if verb.many else f"{len(verb.takes)} rule{'s' * (len(verb.takes) > 1)}"
        raise BadInput(f"{where}.{name}", expected=count, got=str(len(given)), todo="See docs/recipes.md.")
    operands = tuple(parse(v, f"{where}.{name}") for v in given)
    return Operation(name, operands, _options(name, options, f"{where}.{name}"))


def _options(name: str, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Options with their types checked and their defaults filled in."""

    def words(key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        value = given.get(key, otherwise)
        return tuple(word_of(v) for v in (value if isinstance(value, list | tuple) else [value]))

    if name == "date":
        zone = str(given.get("zone", "UTC"))
        _check_zone(zone, where)
        formats = words("formats", FORMATS)
        for one in formats:
            _check_format(one, where)
        limit = parse(given["not_after"], f"{where}.not_after") if "not_after" in given else None
        return {"formats": formats, "zone": zone, "not_after": limit}
    if name == "flag":
        return {"true_if": words("true_if", sql.YES), "false_if": words("false_if", sql.NO)}
    if name == "map":
        values = given.get("values")
        if not isinstance(values, Mapping):
            raise BadInput(
                where, expected="`values`, a mapping", got=printable(repr(values)), todo="See docs/recipes.md."
            )
        other = parse(given["other"], f"{where}.other") if "other" in given else None
        return {"values": {word_of(k): None if v is None else word_of(v) for k, v in values.items()}, "other": other}
    defaults = {"strip": {"characters": " "}, "join": {"between": ""}}.get(name, {})
    options = defaults | {k: word_of(v) for k, v in given.items()}
    absent = [k for k in VERBS[name].options if k not in options]
    if absent:
        raise BadInput(where, expected=f"the option `{absent[0]}`", got="none", todo="See docs/recipes.md.")
    return options


def word_of(value: Any) -> str:
    """A YAML scalar as the text a file would hold: YAML reads yes as true and 1 as a number."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_format(written: str, where: str) -> None:
    if written not in NAMED and not ("%" in written and _works(f"try_strptime('x', {sql.text(written)})")):
        raise BadInput(
            f"{where}.formats",
            expected=f"{', '.join(NAMED)}, or a pattern such as %Y-%m-%d %H:%M:%S",
            got=printable(written),
            todo="Letters after % are those of Python's strptime.",
        )


def _check_zone(zone: str, where: str) -> None:
    # Asked of the engine, which brings its own zones: a slim machine has none for Python to read.
    if zone != "UTC" and not _works(f"timezone({sql.text(zone)}, TIMESTAMP '2020-01-01')"):
        raise BadInput(
            f"{where}.zone", expected="a time zone such as Europe/Rome", got=printable(zone), todo="Correct it."
        )


@cache
def _works(value: str) -> bool:
    import duckdb

    with open_database() as connection:
        try:
            connection.execute(f"SELECT CAST({value} AS VARCHAR)")
        except duckdb.Error:
            return False
        return True


def columns(rule: Rule) -> Iterator[str]:
    """Every column the rule reads."""
    if isinstance(rule, Column):
        yield rule.name
    elif isinstance(rule, Operation):
        for operand in (*rule.operands, *nested(rule)):
            yield from columns(operand)


def alternatives(rule: Rule) -> Iterator[tuple[str, ...]]:
    """Groups of columns of which a file needs at least one: those of ``first`` stand in for each other."""
    if isinstance(rule, Column):
        yield (rule.name,)
    elif isinstance(rule, Operation) and rule.name == "first":
        named = tuple(dict.fromkeys(c for operand in rule.operands for c in columns(operand)))
        if named:
            yield named
    elif isinstance(rule, Operation):
        for operand in (*rule.operands, *nested(rule)):
            yield from alternatives(operand)


def nested(rule: Operation) -> Iterator[Rule]:
    """Rules among the options of an operation."""
    for option in ("other", "not_after"):
        if rule.options.get(option) is not None:
            yield rule.options[option]
