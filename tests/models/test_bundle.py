"""The model directory: comes back as it was, and anything else is refused in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import BadInput
from models.bundle import from_files, to_files, version_of
from models.bundlefile import dumps
from models.training import train_model
from tests.models.crowd import QUICK, folded


@pytest.fixture(scope="module")
def model():
    features, folds = folded()
    return train_model(
        features, folds, {"features.json": b'{"features": [], "hash": "h"}', "n.parquet": b"x"}, QUICK
    ).model


class Files(dict):
    """A mapping that a failing test does not print by the page."""

    def __repr__(self):
        return f"Files({sorted(self)})"


@pytest.fixture(scope="module")
def files(model):
    return Files(to_files(model))


def resealed(files, /, **changes):
    """The files with values of model.json changed and the version made to fit, as another program would write it."""
    content = json.loads(files["model.json"]) | changes
    content["version"] = version_of(content)
    return Files(files | {"model.json": dumps(content).encode()})


def test_it_comes_back_as_it_was(model, files):
    again = from_files(files, "here")
    assert to_files(again) == files
    assert again.version == model.version
    features, _ = folded()
    for one, two in zip(model.probabilities(features), again.probabilities(features), strict=True):
        assert one.tolist() == two.tolist()


def test_it_is_text_json_and_parquet(files):
    assert sorted(files) == ["booster.txt", "model.json", "references/features.json", "references/n.parquet"]


def test_a_score_lies_within_its_interval_and_has_a_tier(model):
    features, _ = folded()
    p, low, high = model.probabilities(features)
    assert ((low > 0) & (low <= p) & (p <= high) & (high < 1)).all()
    assert set(model.tier(p)) <= {*model.tiers, "allow"}


def test_columns_are_taken_by_name(model):
    features, _ = folded()
    turned = features[features.columns[::-1]]
    assert model.raw_scores(turned).tolist() == model.raw_scores(features).tolist()
    assert model.raw_scores(features.iloc[:0]).tolist() == []
    assert model.raw_scores(model.matrix(features)).tolist() == model.raw_scores(features).tolist()


def test_whole_and_missing_numbers_are_read_as_numbers(model):
    features, _ = folded()
    whole = features.assign(told=features["told"].round().astype("Int64"), half=None)
    assert model.matrix(whole).dtype == np.float64
    assert np.isnan(model.matrix(whole)[:, 1]).all()


def test_an_absent_column_is_told(model):
    features, _ = folded()
    with pytest.raises(BadInput, match="1 missing: told"):
        model.raw_scores(features.drop(columns="told"))
    with pytest.raises(BadInput, match="3 columns"):
        model.raw_scores(np.zeros((2, 5)))


def refused(files):
    with pytest.raises(BadInput) as error:
        from_files(files, "artifacts/model")
    assert "artifacts/model" in str(error.value)
    return str(error.value)


def test_a_newer_format_says_what_to_do(files):
    assert "Update unpump" in refused(resealed(files, format=2))


def test_another_program_is_told(files):
    assert "another program" in refused(resealed(files, program="xgboost"))
    assert "a model directory with" in refused({"model.pkl": b"\x80\x04"})


@pytest.mark.parametrize("name", ["booster.txt", "model.json", "references/n.parquet", "references/features.json"])
def test_a_lost_file_is_told(files, name):
    refused({k: v for k, v in files.items() if k != name})


def test_an_added_file_is_told(files):
    assert "evil.py" in refused(files | {"evil.py": b"import os"})


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": ["told", "half", "half"]},
        {"columns": ["told", "half"]},
        {"columns": []},
        {"calibration": {"raw": [0, 1], "log_odds": [1, 0]}},
        {"calibration": {"raw": [0, 0], "log_odds": [0, 1]}},
        {"calibration": {"raw": [], "log_odds": []}},
        {"interval": {"raw": [0, 1], "low": [0.5, 0.6], "high": [0.4, 0.7]}},
        {"interval": {"raw": [0, 1], "low": [0.1, 2], "high": [0.4, 3]}},
        {"tiers": [{"tier": "suspend", "threshold": 0.1}, {"tier": "review", "threshold": 0.9}]},
        {"training_bot_share": 0},
        {"bot_share": "half"},
        {"trees": 1},
        {"usual": []},
        {"files": {}},
        {"surprise": 1},
        {"facts": None},
    ],
)
def test_content_that_cannot_be_meant_is_refused_even_when_sealed(files, changes):
    refused(resealed(files, **changes))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": NaN}',
        b'{"program": "unpump", "format": 1}',
        b'{"program": "unpump", "format": 1, "trees": 1e999}',
        b'{"program": "unpump", "columns": ["\\ud800"]}',
    ],
)
def test_model_json_of_any_kind_is_a_sentence(files, text):
    refused(files | {"model.json": text})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_refused_and_nothing_else_happens(files, data):
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name]
    at = data.draw(st.integers(0, len(content) - 1))
    how = data.draw(st.sampled_from(["cut", "flip", "insert", "empty"]))
    damaged = {
        "cut": content[:at],
        "flip": content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :],
        "insert": content[:at] + data.draw(st.binary(min_size=1, max_size=8)) + content[at:],
        "empty": b"",
    }[how]
    try:
        loaded = from_files(files | {name: damaged}, "here")
    except BadInput:
        return
    # Only the layout of model.json may differ without a difference in what it says.
    assert name == "model.json"
    assert to_files(loaded) == files


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_booster_with_a_fitting_checksum_is_refused_or_harmless(files, data):
    import hashlib

    content = files["booster.txt"]
    at = data.draw(st.integers(0, len(content) - 1))
    damaged = content[:at] + data.draw(st.sampled_from([b"9", b"-", b"\n", b" ", b"=", b"."])) + content[at + 1 :]
    sums = json.loads(files["model.json"])["files"] | {
        "booster.txt": hashlib.md5(damaged, usedforsecurity=False).hexdigest()
    }
    try:
        loaded = from_files(resealed(files, files=sums) | {"booster.txt": damaged}, "here")
    except BadInput:
        return
    assert len(loaded.raw_scores(np.zeros((1, 3)))) == 1
