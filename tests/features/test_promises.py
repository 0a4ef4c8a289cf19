"""What holds for every feature, whoever declared it: seven promises, checked over the whole catalogue."""

from __future__ import annotations

import hashlib
import math
from string import Formatter

import numpy as np
import pandas as pd
import pytest

from features.catalogue import FEATURES
from features.declare import EVADE
from pipeline.engine import featurize_tables
from pipeline.settings import Featurize
from tests.features.town import ONE_THREAD
from tests.features.worlds import busy_town, hostile_town


@pytest.fixture(scope="module")
def town():
    return busy_town()


@pytest.fixture(scope="module")
def measured(town):
    return town.measure()


@pytest.fixture(scope="module")
def hostile():
    return hostile_town().measure()


@pytest.fixture(scope="module")
def shuffled(town):
    return town.measure(shuffle=7, settings=Featurize(threads=2, memory="1GB"))


@pytest.fixture(scope="module")
def with_future(town):
    """The same town, in which everything also happens again after it was judged."""
    later = pd.Timestamp("2024-02-01", tz="UTC")
    tomorrow = town.copy()
    shift = pd.Timedelta(days=40)
    tomorrow.posts += [
        {**p, "post_id": p["post_id"] + "+", "created_at": max(p["created_at"] + shift, later)} for p in town.posts
    ]
    tomorrow.engagements += [{**e, "created_at": max(e["created_at"] + shift, later)} for e in town.engagements]
    known = [f for f in town.follows if f["created_at"] is not None]
    pairs = {(f["follower_id"], f["followed_id"]) for f in town.follows}
    tomorrow.follows += [
        {"follower_id": f["followed_id"], "followed_id": f["follower_id"], "created_at": later}
        for f in known
        if (f["followed_id"], f["follower_id"]) not in pairs
    ]
    return tomorrow.measure()


@pytest.fixture(scope="module")
def without_others(town):
    """The same town in which unlabelled account ``u0`` is the only one of those that nothing was fitted on."""
    return town.keep(lambda who: not who.startswith("u") or who == "u0").measure()


@pytest.mark.parametrize("name", FEATURES)
def test_values_are_in_their_range(name, measured, hostile):
    for values in (measured[name].dropna(), hostile[name].dropna()):
        assert values.between(FEATURES[name].low, FEATURES[name].high).all()
        assert np.isfinite(values).all()


@pytest.mark.parametrize("name", FEATURES)
def test_an_account_of_which_all_is_known_misses_nothing(name, measured):
    assert not math.isnan(measured.loc["ann", name])


@pytest.mark.parametrize("name", FEATURES)
def test_an_account_of_which_nothing_is_known_has_only_what_is_never_missing(name, hostile):
    assert math.isnan(hostile.loc["nobody", name]) or FEATURES[name].missing == "never"


@pytest.mark.parametrize("name", FEATURES)
def test_the_order_of_rows_and_the_number_of_threads_are_irrelevant(name, measured, shuffled):
    pd.testing.assert_series_equal(shuffled[name], measured[name], check_exact=True)


@pytest.mark.parametrize("name", FEATURES)
def test_the_future_is_invisible(name, measured, with_future):
    pd.testing.assert_series_equal(with_future[name], measured[name], check_exact=True)


@pytest.mark.parametrize("name", [n for n, f in FEATURES.items() if not f.population])
def test_other_accounts_are_irrelevant(name, measured, without_others):
    assert without_others.loc["u0", name] == pytest.approx(measured.loc["u0", name], abs=0, nan_ok=True)


def test_inputs_are_untouched(town, tmp_path):
    files = town.save(tmp_path)
    before = {p: hashlib.md5(p.read_bytes()).hexdigest() for p in sorted(tmp_path.iterdir())}
    featurize_tables(files, town.judged(), ONE_THREAD).write(tmp_path / "made.parquet")
    (tmp_path / "made.parquet").unlink()
    assert {p: hashlib.md5(p.read_bytes()).hexdigest() for p in sorted(tmp_path.iterdir())} == before


@pytest.mark.parametrize("name", FEATURES)
def test_a_summary_a_sentence_and_a_worked_example_are_there(name):
    f = FEATURES[name]
    fields = {field for _, field, _, _ in Formatter().parse(f.says) if field}
    assert f.summary[0] == f.summary[0].upper()
    assert f.summary.endswith(".")
    assert fields == {"value", "usual"}
    assert f.says.format(value=0.5, usual="0 to 1")
    assert f.example is not None
    assert f.missing
    assert f.source
    assert f.evade in EVADE
    assert f.low < f.high


@pytest.mark.parametrize("table", ["posts", "engagements", "follows"])
def test_a_feature_whose_table_is_absent_is_missing_and_no_other_changes(table, town, measured):
    apart = town.measure(without=[table])
    gone = [n for n, f in FEATURES.items() if table in f.needs]
    assert gone
    assert apart[gone].isna().all(axis=None)
    kept = [n for n, f in FEATURES.items() if table not in f.reads]
    pd.testing.assert_frame_equal(apart[kept], measured[kept], check_exact=True)
