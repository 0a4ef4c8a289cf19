"""Every worked example in the catalogue holds."""

from __future__ import annotations

import pytest

from features.catalogue import FEATURES
from tests.features.town import Town

ALONE = {n: f.example for n, f in FEATURES.items() if f.example and not f.example.others and not f.population}


@pytest.fixture(scope="module")
def measured():
    return Town.of(ALONE).measure()


@pytest.mark.parametrize("name", ALONE)
def test_the_worked_example_holds(name, measured):
    assert measured.loc[name, name] == pytest.approx(ALONE[name].gives, abs=2e-6, rel=2e-6, nan_ok=True)


@pytest.mark.parametrize("name", [n for n in FEATURES if n not in ALONE])
def test_the_worked_example_among_others_holds(name):
    example = FEATURES[name].example
    measured = Town.of({name: example}).measure([name])
    assert measured.loc[name, name] == pytest.approx(example.gives, abs=2e-6, rel=2e-6, nan_ok=True)
