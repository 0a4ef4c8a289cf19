"""A recipe: one YAML file that says how a data set becomes canonical tables, so that a new set needs no code."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from features.errors import BadInput, printable
from features.settings import Settings
from features.tables import TABLES, Measure
from pipeline.recipes.sql import NO, YES
from pipeline.yamlfiles import read_yaml

SHIPPED = Path(__file__).resolve().parents[2] / "recipes"
# What an account can be called. A pod member or a buyer of likes is a person who does something inauthentic.
PEOPLE = ("human", "pod_member", "like_buyer")
BOTS = ("bot", "like_bot", "fake_follower", "self_bot", "spam_bot")
UNLABELLED = "unlabelled"


class Reading(Settings):
    """How the bytes of a file become rows of text."""

    encoding: str = "utf-8"
    undecodable: Literal["refuse", "replace"] = "refuse"  # what to do with bytes that are not in the encoding
    delimiter: str = Field(default="", max_length=1)  # none: a tab for .tsv, else a comma
    quote: str = Field(default='"', max_length=1)  # none: quotes are ordinary characters
    header: bool = True
    names: tuple[str, ...] = ()  # columns of a file without header, in order
    nulls: tuple[str, ...] = ()  # words that stand for a missing value, beside the empty cell
    short_rows: Literal["refuse", "pad"] = "refuse"  # a row with fewer fields than columns; one with more is refused

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            known = codecs.lookup(name)
            "".encode(name)
        except LookupError as error:  # also for codecs that are no text encodings
            raise ValueError(f"an encoding such as utf-8 or latin-1, not {name}") from error
        return known.name

    @field_validator("nulls", mode="before")
    @classmethod
    def _words(cls, values: Any) -> Any:
        return tuple(str(v) for v in values) if isinstance(values, list) else values

    @model_validator(mode="after")
    def _headless(self) -> Reading:
        if not self.header and not self.names:
            raise ValueError("names: the columns of a file without header, in order")
        return self


class Label(Settings):
    """Where the label of an account comes from; exactly one of the first five.

    A label is a kind: ``human``, ``pod_member``, ``like_buyer`` are people, ``bot``, ``like_bot``, ``fake_follower``,
    ``self_bot``, ``spam_bot`` are bots, ``unlabelled`` is neither. ``{is_bot: true, kind: name}`` makes a new kind.
    """

    always: Any = None  # the same label for every row
    column: Any = None  # a column (or a rule), whose value ``values`` turns into a kind
    file_name: dict[str, Any] | None = None  # pattern of file names -> kind
    ids: str | None = None  # files that list accounts, one identifier a line: those are ``listed``, all else ``others``
    joined: str | None = None  # a second file with ``id`` and ``value`` columns
    values: dict[str, Any] = {}
    listed: Any = "bot"
    others: Any = "human"
    id: str = "id"
    value: str = "label"
    confidence: float | None = Field(default=None, ge=0, le=1)  # how sure whoever labelled them was
    labelled_at: Any = None  # a rule; none: judged as of the observation

    @field_validator("values", mode="before")
    @classmethod
    def _texts(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        # YAML reads true, yes and on alike, so such a key stands for every way to write it.
        words = {w: v for k, v in values.items() if isinstance(k, bool) for w in (YES if k else NO)}
        return words | {str(k): v for k, v in values.items() if not isinstance(k, bool)}

    @model_validator(mode="after")
    def _one(self) -> Label:
        ways = ("always", "column", "file_name", "ids", "joined")
        given = [w for w in ways if getattr(self, w) is not None]
        if len(given) != 1:
            raise ValueError(f"one of {', '.join(ways)}; {', '.join(given) or 'none'} given")
        if given[0] in ("column", "joined") and not self.values:
            raise ValueError("values: what each value of the column stands for, such as {1: bot, 0: human}")
        for word in (self.always, self.listed, self.others, *self.values.values(), *(self.file_name or {}).values()):
            if word is not None:
                verdict(word)
        return self


def verdict(word: Any) -> tuple[bool | None, str | None]:
    """``(is_bot, kind)`` of a label word; ``bot`` says nothing of the kind, ``unlabelled`` says nothing at all."""
    if isinstance(word, Mapping) and set(word) <= {"is_bot", "kind"} and isinstance(word.get("is_bot"), bool):
        kind = word.get("kind")
        return word["is_bot"], None if kind is None else str(kind)
    if word == UNLABELLED:
        return None, None
    if word in PEOPLE:
        return False, word
    if word in BOTS:
        return True, None if word == "bot" else word
    known = ", ".join((*PEOPLE, *BOTS, UNLABELLED))
    raise ValueError(f"a label: {known}, or {{is_bot: true, kind: NAME}}; not {printable(repr(word), 40)}")


class MeasureRule(Settings):
    """A number the set already has; one named like a feature of unpump fills that feature."""

    column: Any
    unit: str = "number"
    low: float | None = None
    high: float | None = None
    says: str = ""

    def declared(self, name: str) -> Measure:
        """What the measure declares, as it travels with the table."""
        return Measure(name, self.unit, self.low, self.high, self.says)


class Refusal(Settings):
    """Rows that the set itself shows to be unusable."""

    rule: Any = Field(alias="if")  # a rule that is true for them
    because: str  # the reason, as it stands among the refused rows


class Part(Settings):
    """Files that hold rows of one table."""

    files: tuple[str, ...] = ()  # names or patterns in the folder; none: the one file that was given
    format: Literal["csv", "json", "jsonl", "parquet"] | None = None  # none: by the file's name
    rows: str = (
        ""  # JSON: the path of the list that holds the rows, such as data.users; columns starting with / leave it
    )
    read: Reading | None = None  # none: as the recipe says
    columns: dict[str, Any]
    refuse: tuple[Refusal, ...] = ()

    @field_validator("files", mode="before")
    @classmethod
    def _several(cls, files: Any) -> Any:
        return (files,) if isinstance(files, str) else files

    @field_validator("files")
    @classmethod
    def _inside(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        for one in files:
            if PurePosixPath(one).is_absolute() or ".." in PurePosixPath(one).parts:
                raise ValueError(f"names inside the data folder, not {one}")
        return files


class Accounts(Part):
    """Files that hold accounts, with their labels and measures."""

    label: Label | None = None
    measures: dict[str, MeasureRule] = {}

    @field_validator("label", mode="before")
    @classmethod
    def _short(cls, label: Any) -> Any:
        return {"always": label} if isinstance(label, str) else label

    @field_validator("measures")
    @classmethod
    def _plain(cls, measures: dict[str, MeasureRule]) -> dict[str, MeasureRule]:
        for name in measures:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) or name == "account_id":
                raise ValueError(f"names of small letters, digits and underscores, not {printable(name, 40)}")
        return measures


class Recipe(Settings):
    """How one data set is read."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")  # the source of its labels; by default the file's name
    title: str
    platform: str = Field(pattern=r"^[a-z0-9_-]+$")
    cite: str = ""  # who made it
    home: str = ""  # where it can be had
    licence: str = ""  # empty: not stated by its authors
    notes: str = ""
    read: Reading = Reading()
    accounts: tuple[Accounts, ...] = Field(min_length=1)
    posts: tuple[Part, ...] = ()
    engagements: tuple[Part, ...] = ()
    follows: tuple[Part, ...] = ()

    @field_validator("accounts", "posts", "engagements", "follows", mode="before")
    @classmethod
    def _parts(cls, parts: Any) -> Any:
        return (parts,) if isinstance(parts, Mapping) else parts

    @model_validator(mode="after")
    def _canonical(self) -> Recipe:
        for table, parts in self.parts.items():
            known = [c.name for c in TABLES[table].columns if c.name != "platform"]
            known += {"posts": ["username"]}.get(table, [])
            for part in parts:
                strange = [c for c in part.columns if c not in known]
                if strange:
                    raise ValueError(f"{table}.columns: {', '.join(known)}; not {', '.join(strange)}")
        return self

    @cached_property
    def parts(self) -> dict[str, tuple[Part, ...]]:
        """Parts by table; tables it does not fill have none."""
        return {
            "accounts": self.accounts,
            "posts": self.posts,
            "engagements": self.engagements,
            "follows": self.follows,
        }


def shipped() -> dict[str, Recipe]:
    """The recipes that come with unpump, by name."""
    return {path.stem: load(path) for path in sorted(SHIPPED.glob("*.yaml"))}


def find(named: str) -> Recipe:
    """The recipe with this name, or in this file.

    Raises
    ------
    BadInput
        When there is none; the message lists those that come with unpump.
    """
    path = SHIPPED / f"{named}.yaml"
    if "/" not in named and "\\" not in named and path.is_file():
        return load(path)
    own = Path(named)
    if own.suffix in (".yaml", ".yml") or own.is_file():
        return load(own)
    known = ", ".join(p.stem for p in sorted(SHIPPED.glob("*.yaml")))
    raise BadInput(
        f"recipe {printable(named)}",
        expected="the name of a recipe, or a YAML file",
        got="neither",
        todo=f"Recipes are {known}; docs/recipes.md says how to write one.",
    )


def load(path: Path) -> Recipe:
    """The recipe in the YAML file ``path``; BadInput names the key that is wrong."""
    value = read_yaml(path)
    if not isinstance(value, Mapping):
        raise BadInput(
            str(path),
            expected="a recipe",
            got=printable(type(value).__name__),
            todo="See docs/recipes.md for an example.",
        )
    try:
        recipe = Recipe.model_validate({"name": path.stem, **value})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise BadInput(
            f"{path}, {place}" if place else str(path),
            expected="no such key" if first["type"] == "extra_forbidden" else said[0].lower() + said[1:],
            got=printable(repr(first["input"])),
            todo="See docs/recipes.md.",
        ) from error
    from pipeline.recipes.parts import check_rules

    check_rules(recipe, str(path))
    return recipe
