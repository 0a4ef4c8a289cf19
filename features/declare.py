"""Saying a feature once: one decorated function gives the column, the catalogue page, the sentence and the checks."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from features.tables import TABLES

Rows: TypeAlias = Any  # an Ibis table: rows of a view, keyed by account_id
Value: TypeAlias = Any  # an Ibis expression: one value per account
Build = TypeVar("Build", bound=Callable[..., Any])

Evade = Literal["free", "cheap", "rented", "expensive"]
EVADE: dict[str, str] = {
    "free": "one edit of a profile",
    "cheap": "a change of the software that posts",
    "rented": "people or aged accounts that must be paid",
    "expensive": "the throughput or the coordination that the abuse lives on",
}


@dataclass(frozen=True)
class Example:
    """A worked example that a test can run: one account, its posts, and the value worked out by hand.

    ``rows`` are the account's columns; ``posts`` are its posts (the time of day alone stands for its publication);
    ``others`` are accounts of the training set, told apart from it by their columns alone, unless they are named by
    an ``account_id`` that ``events`` mention. An event reads ``bob likes me.1 +30s``: who, what (likes, comments,
    reposts, posts, follows), which post (its author and a number) or account, and when: a moment, or a time after the
    post was published. Post ``k`` of an author appears ``k`` hours into the first day unless its author ``posts`` it.
    """

    gives: float | None
    rows: Mapping[str, Any]
    posts: tuple[Mapping[str, Any], ...] = ()
    others: tuple[Mapping[str, Any], ...] = ()
    events: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{k} {_shown(v)}" for k, v in self.rows.items()]
        if self.posts:
            parts.append("posts " + "; ".join(", ".join(_shown(v) for v in post.values()) for post in self.posts))
        if self.events:
            parts.append("; ".join(self.events))
        if self.others:
            kinds = ["; ".join(f"{k} {_shown(v)}" for k, v in other.items()) for other in self.others]
            parts.append(f"{len(kinds)} other accounts with {', '.join(sorted(set(kinds)))}")
        given = "missing" if self.gives is None else f"{self.gives:.6g}"
        return f"{', '.join(parts) or 'an empty profile'} → {given}"


def eg(
    gives: float | None,
    /,
    *,
    posts: Any = (),
    others: tuple[Mapping[str, Any], ...] = (),
    events: Any = (),
    **rows: Any,
) -> Example:
    """Short form of an example: posts may be times (``"10:00:03"``), texts, or mappings of columns."""
    return Example(gives, rows, tuple(_post(p) for p in posts), others, tuple(events))


def _post(post: Any) -> Mapping[str, Any]:
    if isinstance(post, Mapping):
        return post
    return {"at": post} if len(post) > 4 and post[:2].isdigit() and ":" in post[:14] else {"text": post}


def _shown(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else str(value)


@dataclass(frozen=True)
class View:
    """A relation that features read: a function of canonical tables, references or other views.

    ``per`` is ``account`` (one row per account, features are row by row) or ``event`` (many rows, features aggregate).
    ``rows`` is what the rows of an event view are called in a sentence; where each stands for several, the column
    ``counted`` says how many. A ``stored`` view is computed once and kept
    for the run, because several views or features read it.
    """

    name: str
    build: Callable[..., Rows]
    inputs: tuple[str, ...]
    per: Literal["account", "event"]
    rows: str
    counted: str
    stored: bool
    population: bool
    says: str
    optional: tuple[str, ...] = ()  # canonical tables it reads where they are there


@dataclass(frozen=True)
class Graph:
    """A relation that is no SQL: a pure function of Arrow tables, run between two SELECTs.

    ``schema`` names the columns of the Arrow table that ``compute`` returns, with their Ibis types.
    """

    name: str
    compute: Callable[..., Any]
    inputs: tuple[str, ...]
    schema: Mapping[str, str]
    says: str


@dataclass(frozen=True)
class Reference:
    """What is fitted on training accounts: a function of views that returns one table per ``held_out`` fold.

    Its rows with ``held_out`` -1 are fitted on all training accounts and travel with the model.
    """

    name: str
    build: Callable[..., Rows]
    inputs: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Feature:
    """One measured number per account, with all that a model, a catalogue, a reviewer and a test must know of it."""

    name: str
    view: str
    family: str
    unit: str
    low: float
    high: float
    missing: str
    evade: Evade
    says: str
    summary: str
    source: str
    least: int = 0  # rows of the view below which it is missing
    population: bool = False  # it compares the account with the others that are measured with it
    reserved: str = ""  # why it should be read with care: it gives a label away, or says how a set was collected
    example: Example | None = None
    build: Callable[..., Value] | None = field(default=None, compare=False, repr=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """Canonical tables it cannot do without, sorted."""
        return tables_of(self.view)

    @property
    def reads(self) -> tuple[str, ...]:
        """Canonical tables that change it, those it could do without included, sorted."""
        return tuple(sorted(n for n in _depths(self.view) if n in TABLES))

    @property
    def fitted(self) -> tuple[str, ...]:
        """References it is measured against, sorted."""
        return tuple(sorted(n for n in roots(self.view) if n in REFERENCES))

    def needs_met(self, available: Container[str]) -> bool:
        """True when every table it is computed from is there."""
        return all(n in available for n in self.needs)

    def to_dict(self) -> dict[str, Any]:
        """The declaration as JSON values; an open end of the range is None."""
        return {
            "name": self.name,
            "family": self.family,
            "view": self.view,
            "unit": self.unit,
            "low": self.low if math.isfinite(self.low) else None,
            "high": self.high if math.isfinite(self.high) else None,
            "missing": self.missing,
            "evade": self.evade,
            "says": self.says,
            "summary": self.summary,
            "source": self.source,
            "needs": list(self.needs),
            "fitted": list(self.fitted),
            "population": self.population,
            "reserved": self.reserved,
        }


VIEWS: dict[str, View] = {}
GRAPHS: dict[str, Graph] = {}
REFERENCES: dict[str, Reference] = {}
FEATURES: dict[str, Feature] = {}


def view(
    per: Literal["account", "event"],
    rows: str = "",
    *,
    counted: str = "",
    stored: bool = False,
    population: bool = False,
    optional: tuple[str, ...] = (),
) -> Callable[[Build], Build]:
    """Declare a view; the names of the function's parameters are the relations it reads.

    Parameters
    ----------
    per : ``account`` when it has one row per account, ``event`` when it has many
    rows : str, what its rows are called, e.g. ``gaps between posts``
    counted : str, the column that says how many of ``rows`` a row stands for; empty: one
    stored : bool, computed once for all who read it
    population : bool, its rows depend on other accounts than their own
    optional : canonical tables that are empty here where they are absent, instead of leaving the features missing
    """

    def declare(build: Build) -> Build:
        name, inputs, says = _parts(build)
        called = rows or name.replace("_", " ")
        _add(VIEWS, name, View(name, build, inputs, per, called, counted, stored, population, says, optional))
        return build

    return declare


def graph(**schema: str) -> Callable[[Build], Build]:
    """Declare a relation computed by an algorithm from Arrow tables; its parameters name the relations it reads.

    Parameters
    ----------
    schema : column name -> Ibis type of what the function returns
    """

    def declare(build: Build) -> Build:
        name, inputs, says = _parts(build)
        _add(GRAPHS, name, Graph(name, build, inputs, schema, says))
        return build

    return declare


def reference(build: Build) -> Build:
    """Declare a reference; the names of the function's parameters are the relations it is fitted on."""
    name, inputs, says = _parts(build)
    _add(REFERENCES, name, Reference(name, build, inputs, says))
    return build


def feature(
    *,
    unit: str,
    low: float,
    high: float,
    missing: int | str,
    evade: Evade,
    says: str,
    source: str,
    example: Example,
    population: bool = False,
    reserved: str = "",
) -> Callable[[Build], Build]:
    """Declare a feature; the name of the function's only parameter is the view it is measured on.

    Parameters
    ----------
    unit : str, e.g. ``share``, ``days``, ``per day``
    low, high : float, both inclusive; infinite where there is no bound
    missing : the number of rows of the view below which it is missing, or a sentence saying when
        the function itself returns null
    evade : what it costs an abuser to look like a person here, a key of ``EVADE``
    says : str, direction-neutral sentence with ``{value}`` and ``{usual}``
    source : str, where the idea was published, or ``NEW``
    example : Example, worked out by hand; a test runs it
    population : bool, it compares the account with the others measured in the same run
    reserved : str, why it must be read with care; such features can be left out by a setting
    """

    def declare(build: Build) -> Build:
        name, inputs, summary = _parts(build)
        (place,) = inputs
        least = missing if isinstance(missing, int) else 0
        _add(
            FEATURES,
            name,
            Feature(
                name=name,
                view=place,
                family=build.__globals__["FAMILY"],
                unit=unit,
                low=low,
                high=high,
                missing=missing if isinstance(missing, str) else _fewer(least, VIEWS[place].rows),
                evade=evade,
                says=says,
                summary=summary,
                source=source,
                least=least,
                population=population,
                reserved=reserved,
                example=example,
                build=build,
            ),
        )
        return build

    return declare


def roots(name: str) -> set[str]:
    """Every relation that ``name`` is computed from, itself included, down to canonical tables; references are ends."""
    return set(_walk(name))


def _walk(name: str, optional: bool = True) -> Iterator[str]:
    yield name
    for inner in inputs_of(name):
        if optional or name not in VIEWS or inner not in VIEWS[name].optional:
            yield from _walk(inner, optional)


def _depths(name: str) -> set[str]:
    """As ``roots``, through references down to what they are fitted on."""
    whole = roots(name)
    return whole.union(*(_depths(i) for r in whole if r in REFERENCES for i in REFERENCES[r].inputs))


def tables_of(view: str) -> tuple[str, ...]:
    """Canonical tables that ``view`` cannot do without, sorted."""
    return tuple(sorted({n for n in _walk(view, optional=False) if n in TABLES}))


def inputs_of(name: str) -> tuple[str, ...]:
    """Relations that the view or graph ``name`` reads; none for a canonical table or a reference."""
    found = VIEWS.get(name) or GRAPHS.get(name)
    return found.inputs if found else ()


def _parts(build: Callable[..., Any]) -> tuple[str, tuple[str, ...], str]:
    summary = " ".join((build.__doc__ or "").split())
    return build.__name__, tuple(inspect.signature(build).parameters), summary


def _fewer(least: int, rows: str) -> str:
    return f"no {rows}" if least == 1 else f"fewer than {least} {rows}"


def _add(registry: dict[str, Any], name: str, entry: Any) -> None:
    if name in registry or name in TABLES:
        raise ValueError(f"{name} is declared twice")
    registry[name] = entry
