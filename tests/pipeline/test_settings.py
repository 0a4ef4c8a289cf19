"""Settings are typed at the door; a mistake names the setting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import BadInput
from pipeline.settings import Params, read_params


def test_without_a_file_the_defaults_hold():
    assert read_params(None) == Params()


def test_a_change_reaches_its_setting_with_its_type():
    params = read_params(
        None, ["train.trees=300", "train.search.trials=0", "register.name=mine", "prepare.town.seed=9"]
    )
    assert (params.train.trees, params.train.search.trials, params.register_.name, params.prepare.town.seed) == (
        300,
        0,
        "mine",
        9,
    )


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("train.tres=300", "setting train.tres"),
        ("trian.trees=300", "setting trian"),
        ("train.trees=many", "setting train.trees"),
        ("train.trees=-1", "setting train.trees"),
        ("train.bot_share=1.5", "setting train.bot_share"),
        ("split.by=moon", "setting split.by"),
        ("register.ceilings.banish=0.1", "setting register.ceilings"),
        ("register.ceilings.suspend=2", "setting register.ceilings"),
        ("policy.rules.review.miss_cost=3", "setting policy.rules.review.miss_cost"),
        ("policy.bot_share_low=0.1", "setting policy"),
        ("train.trees", "--set"),
        ("trees=1", "--set"),
        ("train.seed.deep=1", "setting train.seed"),
        ("train.trees=[1", "--set train.trees"),
    ],
)
def test_a_mistake_names_the_setting(change, names):
    with pytest.raises(BadInput) as caught:
        read_params(None, [change])
    assert caught.value.where.startswith(names)


@pytest.mark.parametrize(
    ("low", "high", "holds"), [(0.1, 0.3, True), (0.2, 0.2, True), (0.25, 0.3, False), (0.1, 0.15, False)]
)
def test_an_interval_must_hold_the_share_it_is_the_interval_of(low, high, holds):
    changes = ["train.bot_share=0.2", f"policy.bot_share_low={low}", f"policy.bot_share_high={high}"]
    if holds:
        assert read_params(None, changes).policy.bot_share_low == low
    else:
        with pytest.raises(BadInput, match=r"expected an interval that holds train.bot_share, 0\.2"):
            read_params(None, changes)


def test_an_unknown_key_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"Known here: .*trees"):
        read_params(None, ["train.tres=300"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a: [1", "YAML"), ("- 1\n", "a mapping of sections"), ("train: 3\n", "valid dictionary"), ("\ttrain: 1", "YAML")],
)
def test_a_broken_file_is_one_sentence(tmp_path, text, expected):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=expected):
        read_params(path)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_params(tmp_path / "params.yaml")


@given(st.text(max_size=40))
def test_any_change_is_taken_or_refused_with_a_sentence(text):
    said = ""
    try:
        read_params(None, [text])
    except BadInput as error:
        said = str(error)
    assert "\n" not in said
