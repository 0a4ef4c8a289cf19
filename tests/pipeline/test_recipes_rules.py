"""Rules of recipes: what each operation gives, and what text is read as a number, a moment or a flag."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import BadInput
from pipeline.recipes import sql
from pipeline.recipes.compiler import Compiler
from pipeline.recipes.rules import VERBS, alternatives, columns, parse
from pipeline.recipes.sql import Workspace


@pytest.fixture(scope="module")
def work():
    with Workspace("1GB", 1) as made:
        yield made


def value(work: Workspace, rule: Any, want: str, **row: str | None) -> Any:
    """The rule over one row of text, with the codes of the checks that hold."""
    compiler = Compiler(lambda name: "CAST(" + ("NULL" if row[name] is None else sql.text(row[name])) + " AS VARCHAR)")
    compiled = compiler.compile(parse(rule, "test"), want, "test")  # type: ignore[arg-type]
    codes = [c.code for c in compiler.checks if work.one(f"SELECT coalesce({c.condition}, FALSE)")]
    return codes or work.one(f"SELECT {compiled}")


@pytest.mark.parametrize(
    ("rule", "want", "row", "expected"),
    [
        ("a", "text", {"a": " x "}, " x "),
        ({"constant": 3}, "number", {}, 3.0),
        ({"constant": "no"}, "text", {}, "no"),
        ({"constant": "2020-01-02"}, "moment", {}, datetime(2020, 1, 2)),
        ({"constant": "2020-01-02T01:00:00+01:00"}, "moment", {}, datetime(2020, 1, 2)),
        ({"first": ["a", "b"]}, "number", {"a": None, "b": "7"}, 7.0),
        ({"first": ["a", {"constant": ""}]}, "text", {"a": None}, ""),
        ({"not": "a"}, "flag", {"a": "True"}, False),
        ({"not": {"contains": "a", "text": "default"}}, "flag", {"a": "img/default_1.png"}, False),
        ({"flag": "a", "true_if": "1", "false_if": ["", "0"]}, "flag", {"a": ""}, False),
        ({"flag": "a", "true_if": "1", "false_if": ["", "0"]}, "flag", {"a": "2"}, ["not_a_flag"]),
        ({"present": "a"}, "flag", {"a": "  "}, False),
        ({"present": "a"}, "flag", {"a": "x"}, True),
        ({"equals": "a", "text": "Bot"}, "flag", {"a": "Bot"}, True),
        ({"map": "a", "values": {"RT": "repost"}, "other": {"constant": "original"}}, "text", {"a": "rt"}, "repost"),
        ({"map": "a", "values": {"RT": "repost"}, "other": {"constant": "original"}}, "text", {"a": "?"}, "original"),
        ({"strip": "a", "characters": '"'}, "text", {"a": '"x"'}, "x"),
        ({"join": ["a", "b"], "between": "/"}, "text", {"a": "x", "b": "y"}, "x/y"),
        ({"length_of": "a"}, "number", {"a": "né😀"}, 3.0),
        ({"add": ["a", "b", "a"]}, "number", {"a": "1", "b": "2"}, 4.0),
        ({"subtract": ["a", "b"]}, "number", {"a": "1", "b": "2"}, -1.0),
        ({"multiply": ["a", "b"]}, "number", {"a": "3", "b": "2.5"}, 7.5),
        ({"divide": ["a", "b"]}, "number", {"a": "1", "b": "4"}, 0.25),
        ({"divide": ["a", "b"]}, "number", {"a": "1", "b": "0"}, None),
        ({"nonzero": "a"}, "number", {"a": "0"}, None),
        ({"round": "a"}, "number", {"a": "2.6"}, 3.0),
        ({"days_between": ["a", "b"]}, "number", {"a": "2020-01-01", "b": "2020-01-02T12:00:00Z"}, 1.5),
        ({"days_between": ["a", {"constant": "2020-01-02"}]}, "number", {"a": ""}, None),
        ({"plus_days": ["a", "b"]}, "moment", {"a": "2020-01-01", "b": "1.5"}, datetime(2020, 1, 2, 12)),
        ({"minus_days": [{"constant": "2020-01-02"}, "b"]}, "moment", {"b": "1"}, datetime(2020, 1, 1)),
        ({"days_between": ["a", "b"]}, "number", {"a": "2020-01-01", "b": "2020-01-02 12:00"}, 1.5),
        ({"plus_days": ["a", "b"]}, "moment", {"a": "2020-01-01", "b": "1e300"}, None),
        ({"date": "a", "formats": ["epoch_ms"]}, "moment", {"a": "1183552203000L"}, datetime(2007, 7, 4, 12, 30, 3)),
        ({"date": "a", "formats": ["epoch_s"]}, "moment", {"a": "1183552203"}, datetime(2007, 7, 4, 12, 30, 3)),
        ({"date": "a", "formats": ["%d.%m.%Y"]}, "moment", {"a": "3.4.2011"}, datetime(2011, 4, 3)),
        ({"date": "a", "formats": ["%d.%m.%Y"]}, "moment", {"a": "2011-04-03"}, ["not_a_date"]),
        # Rome is two hours ahead in June, one in January.
        (
            {"date": "a", "zone": "Europe/Rome"},
            "moment",
            {"a": "2013-06-12 18:38:35"},
            datetime(2013, 6, 12, 16, 38, 35),
        ),
        (
            {"date": "a", "zone": "Europe/Rome"},
            "moment",
            {"a": "2013-01-12 18:38:35"},
            datetime(2013, 1, 12, 17, 38, 35),
        ),
        # An offset that is written counts for more than the zone.
        ({"date": "a", "zone": "Europe/Rome"}, "moment", {"a": "2013-06-12 18:00:00Z"}, datetime(2013, 6, 12, 18)),
        ("a", "moment", {"a": "Fri Apr 06 10:58:22 +0000 2007"}, datetime(2007, 4, 6, 10, 58, 22)),
        ("a", "moment", {"a": "Fri Apr 06 10:58:22 +0200 2007"}, datetime(2007, 4, 6, 8, 58, 22)),
        ("a", "moment", {"a": "2020-02-30"}, ["not_a_date"]),
        ("a", "moment", {"a": "infinity"}, ["not_a_date"]),
        ("a", "moment", {"a": "epoch"}, ["not_a_date"]),
        ("a", "moment", {"a": " "}, None),
        ("a", "number", {"a": "1,234"}, ["not_a_number"]),
        ("a", "number", {"a": "0x1F"}, ["not_a_number"]),
        ("a", "number", {"a": "1_000"}, ["not_a_number"]),
        ("a", "number", {"a": "nan"}, None),
        ("a", "number", {"a": " 12 "}, 12.0),
        ("a", "flag", {"a": "FALSE"}, False),
        ("a", "flag", {"a": "maybe"}, ["not_a_flag"]),
    ],
)
def test_a_rule_gives(work, rule, want, row, expected):
    assert value(work, rule, want, **row) == expected


def test_every_operation_is_tried_above():
    tried = str(test_a_rule_gives.pytestmark[0].args[1])
    assert [verb for verb in VERBS if f"'{verb}'" not in tried and verb != "date"] == []


def test_every_operation_is_described():
    from pipeline.dvcyaml import PROJECT

    page = (PROJECT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f"{{{verb}: " not in page] == []


def test_a_date_that_had_not_come_yet_is_read_the_other_way_round(work):
    rule = {
        "date": "a",
        "formats": ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"],
        "not_after": {"constant": "2017-03-14T03:00:00Z"},
    }
    assert value(work, rule, "moment", a="12/3/2017 14:59") == datetime(2017, 3, 12, 14, 59)  # not in December
    assert value(work, rule, "moment", a="1/2/2017 14:59") == datetime(2017, 1, 2, 14, 59)  # month first
    assert value(work, rule, "moment", a="13/03/2017 22:21") == datetime(2017, 3, 13, 22, 21)  # nothing else fits
    assert value(work, rule, "moment", a="5/6/2017 1:00") == datetime(
        2017, 5, 6, 1, 0
    )  # late either way: said as it is


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)), st.integers(-14 * 60, 14 * 60))
@settings(max_examples=60, deadline=None)
def test_a_moment_is_read_back_however_it_is_written(work, at, offset):
    at = at.replace(microsecond=0)
    minutes = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}{abs(offset) % 60:02d}"
    there = at + timedelta(minutes=offset)
    written = {
        "iso": [at.isoformat(), f"{at.isoformat(sep=' ')}Z", f"{there.isoformat()}{minutes[:3]}:{minutes[3:]}"],
        "twitter": [there.strftime(f"%a %b %d %H:%M:%S {minutes} %Y")],
        "epoch_s": [str(int(at.replace(tzinfo=UTC).timestamp()))],
        "epoch_ms": [f"{int(at.replace(tzinfo=UTC).timestamp())}000L"],
        "%m/%d/%Y %H:%M:%S": [at.strftime("%m/%d/%Y %H:%M:%S")],
    }
    for form, texts in written.items():
        for one in texts:
            assert value(work, {"date": "a", "formats": [form]}, "moment", a=one) == at, one


@given(st.one_of(st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False)))
@settings(max_examples=100, deadline=None)
def test_a_number_is_read_back(work, number):
    assert value(work, "a", "number", a=repr(number)) == float(number)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
@settings(max_examples=50, deadline=None)
def test_a_whole_number_of_eighteen_digits_loses_nothing(work, number):
    assert work.one(f"SELECT {sql.whole(sql.text(str(number)))}") == number


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused_and_never_breaks_out(work, hostile):
    for want in ("text", "number", "moment", "flag"):
        value(work, "a", want, a=hostile)
    assert value(work, {"constant": hostile}, "text") == hostile
    assert value(work, {"equals": "a", "text": hostile}, "flag", a=hostile) is True


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (3, "the name of a column"),
        ({"eval": "1"}, "one operation"),
        ({"read_csv": "/etc/passwd"}, "one operation"),
        ({"first": []}, "one rule or more"),
        ({"divide": ["a"]}, "2 rules"),
        ({"not": "a", "text": "b"}, "no options"),
        ({"contains": "a"}, "the option `text`"),
        ({"date": "a", "formats": ["%Q"]}, "or a pattern"),
        ({"date": "a", "formats": ["yesterday"]}, "or a pattern"),
        ({"date": "a", "zone": "Mars/North"}, "a time zone"),
        ({"map": "a"}, "`values`, a mapping"),
        ({"add": ["a", {"plus_days": ["b", "c"]}]}, "a number"),
        ({"constant": "soon"}, "a constant that is a number"),
    ],
)
def test_a_wrong_rule_is_told(rule, expected):
    with pytest.raises(BadInput, match=expected) as error:
        Compiler(sql.ident).compile(parse(rule, "mine.yaml, here"), "number", "mine.yaml, here")
    assert "mine.yaml, here" in str(error.value)


def test_columns_of_first_stand_in_for_each_other():
    rule = parse({"add": [{"first": ["a", "b", {"constant": 0}]}, "c"]}, "test")
    assert list(columns(rule)) == ["a", "b", "c"]
    assert list(alternatives(rule)) == [("a", "b"), ("c",)]
