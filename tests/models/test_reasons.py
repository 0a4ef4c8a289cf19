"""Reasons follow from contributions and declarations alone, and hostile text stays text."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalogue import FEATURES
from models.reasons import has_evidence, reasons
from models.wording import LONGEST, Said, number

NAN = math.nan
FOLLOWERS = Said(
    "followers", "profile", "count", "it has {value:,.0f} followers (people: {usual})", "Followers.", "never", 20, 900
)
AGE = Said("age_days", "profile", "days", "it is {value:,.0f} days old (people: {usual})", "Age.", "no date", 300, 4000)
DIGITS = Said(
    "digits", "name", "share", "{value:.0%} of its name are digits (people: {usual})", "Digits.", "never", 0, 0.1
)
GAPS = Said(
    "gaps", "activity", "share", "{value:.0%} of gaps are short (people: {usual})",
    "Share of gaps under 5 seconds.", "fewer than 2 actions", 0, 0.02,
)  # fmt: skip
SECRET = Said("secret", "internal", "share", "{value} ({usual})", "Not to be shown.", "never", 0, 1, suppressed=True)


@dataclass(frozen=True)
class Model:
    said: tuple[Said, ...] = (FOLLOWERS, AGE, DIGITS, GAPS, SECRET)

    @property
    def columns(self):
        return [s.name for s in self.said]


def names(found):
    return [r["feature"] for r in found]


def test_the_largest_of_each_family_comes_before_the_second_of_any():
    #                     followers  age  digits  gaps  secret
    values = np.array([[12_000, 3, 0.5, 0.9, 1]])
    pushes = np.array([[0.9, -0.8, 0.2, 1.5, 5.0]])
    (found,) = reasons(Model(), values, pushes, most=5)
    assert names(found) == ["gaps", "followers", "digits", "age_days"]
    assert names(reasons(Model(), values, pushes, most=2)[0]) == ["gaps", "followers"]


def test_a_reason_carries_value_usual_range_contribution_code_and_text():
    (found,) = reasons(Model(), [[12_000, NAN, 0, 0, 0]], [[0.9, 0, 0, 0, 0]], most=5)
    assert found == [
        {
            "feature": "followers",
            "code": "profile.followers",
            "family": "profile",
            "unit": "count",
            "value": 12_000.0,
            "usual_low": 20.0,
            "usual_high": 900.0,
            "contribution": 0.9,
            "text": "It has 12,000 followers (people: 20 to 900)",
        }
    ]


def test_the_text_is_the_same_whichever_way_the_value_pushes():
    up, down = reasons(Model(), [[5, 1, 0, 0, 0]] * 2, [[0.7, 0, 0, 0, 0], [-0.7, 0, 0, 0, 0]], most=1)
    assert up[0]["text"] == down[0]["text"]
    assert up[0]["contribution"] == -down[0]["contribution"] == 0.7


def test_a_missing_value_says_why_it_is_missing():
    (found,) = reasons(Model(), [[1, 1, 0, NAN, 0]], [[0, 0, 0, 0.4, 0]], most=5)
    assert found[0]["value"] is None
    assert found[0]["text"] == "Not known: share of gaps under 5 seconds (fewer than 2 actions)"


def test_small_contributions_and_suppressed_features_are_no_reasons():
    (found,) = reasons(Model(), [[1, 1, 1, 1, 1]], [[0.049, -0.05, 0, 0, 9]], most=5)
    assert names(found) == ["age_days"]


def test_evidence_is_a_value_that_is_present_shown_and_carries_the_score():
    values = [[1, 1, 1, NAN, 1]] * 4
    pushes = [[0, 0, 0.3, 0, 0], [0, 0, 0.01, 0, 0], [0, 0, 0, 2.0, 0], [0, 0, 0, 0, 2.0]]
    assert has_evidence(Model(), values, pushes).tolist() == [True, False, False, False]


def test_rounding_noise_does_not_change_the_order():
    values = [[1, 1, 1, 1, 1]] * 2
    noise = 1e-12
    one, two = reasons(Model(), values, [[0.5, 0, 0.5 + noise, 0.5, 0], [0.5 + noise, 0, 0.5, 0.5 + noise, 0]], most=3)
    assert one == two
    assert names(one) == ["followers", "digits", "gaps"]


def test_reasons_are_json_and_fewer_rows_give_the_same_reasons():
    rng = np.random.default_rng(0)
    values, pushes = rng.normal(size=(50, 5)), rng.normal(size=(50, 5))
    values[rng.random(values.shape) < 0.2] = NAN
    together = reasons(Model(), values, pushes, most=3)
    json.dumps(together, allow_nan=False)
    assert together[7:9] == reasons(Model(), values[7:9], pushes[7:9], most=3)
    assert reasons(Model(), np.empty((0, 5)), np.empty((0, 5)), most=3) == []


@pytest.mark.parametrize(
    ("value", "unit", "form", "shown"),
    [
        (0.256, "share", ".0%", "26%"),
        (0.256, "share", "", "26%"),
        (0.004, "share", "", "0.4%"),
        (1.0, "flag", "", "yes"),
        (1.0, "flag", ".0f", "yes"),
        (0.0, "flag", "", "no"),
        (1234567.0, "count", "", "1,234,567"),
        (1234.5, "per day", "", "1,234"),
        (0.12345, "per day", "", "0.123"),
        (12.6, "count", "d", "13"),
        (math.inf, "count", ".0f", "beyond any number"),
        (NAN, "count", ".0f", "unknown"),
    ],
)
def test_numbers_read_as_a_person_writes_them(value, unit, form, shown):
    assert number(value, unit, form) == shown


def test_a_usual_range_of_one_value_is_said_once_and_of_flags_in_words():
    assert Said("a", "f", "share", "{value:.0%} ({usual})", "", "", 0.0, 0.001).sentence(0.5) == "50% (0%)"
    assert Said("a", "f", "flag", "picture: {value} ({usual})", "", "", 0, 1).sentence(1) == "Picture: yes (yes or no)"
    assert Said("a", "f", "flag", "picture: {value} ({usual})", "", "").sentence(0) == "Picture: no (not known)"


@pytest.mark.parametrize(
    "says",
    [
        "{value.__class__.__mro__}",
        "{value!r}",
        "{usual[0]}",
        "{0}",
        "{}",
        "{other}",
        "{value:>1000000000}",
        "{value:{usual}}",
        "{value:.9999999999f}",
        "{value:s}",
        "{value",
        "value}",
        "",
    ],
)
def test_a_sentence_that_asks_for_more_than_its_fields_is_replaced(says):
    assert Said("likes", "profile", "count", says, "", "", 1, 2).sentence(7.0) == "Likes is 7 (usual: 1 to 2)"


@given(says=st.text(max_size=60), value=st.floats(), low=st.floats(), high=st.floats(), unit=st.text(max_size=8))
def test_any_sentence_and_any_value_give_one_printable_line(says, value, low, high, unit):
    for text in (says, says + "{value}", "{value:.1f}" + says + "{usual}"):
        said = Said("n", "f", unit, text, says, says, low, high).sentence(value)
        assert said
        assert said.isprintable()
        assert len(said) <= LONGEST


def test_direction_changing_characters_and_length_are_tamed():
    said = Said("x", "f", "count", "evil \u202e{value}\x00 " + "a" * 1_000_000, "", "").sentence(1.0)
    assert "\u202e" not in said
    assert "\\u202e" in said
    assert len(said) == LONGEST


def test_a_declaration_as_kept_in_a_model_gives_the_same_sentence():
    kept = {"name": "followers", "family": "profile", "unit": "count", "says": FOLLOWERS.says, "low": 0, "high": None}
    said = Said.of(kept, usual=(20.0, 900.0))
    assert said.sentence(5.0) == FOLLOWERS.sentence(5.0)
    assert not said.suppressed
    assert math.isnan(Said.of(kept, usual=(None, None)).usual_low)


@pytest.mark.parametrize("name", FEATURES)
def test_every_declared_sentence_is_the_one_that_is_said(name):
    feature = FEATURES[name]
    said = Said.of(feature.to_dict(), (0.25, 0.5)).sentence(0.75)
    first = feature.says.split("{")[0].strip()
    assert not said.startswith(f"{name[:1].upper()}{name[1:]} is "), "the sentence asks for more than may be filled"
    assert said.lower().startswith(first.lower())
    assert "usual:" in said
