"""No account meets itself in what is fitted, and what a model carries gives the same numbers again."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from features.catalogue import FEATURES
from pipeline.engine import featurize_tables
from tests.features.town import ONE_THREAD, Town
from tests.features.worlds import busy_town

FITTED = [n for n, f in FEATURES.items() if f.fitted]


def test_the_share_of_a_pattern_is_counted_over_the_other_folds():
    town = Town()
    for i, (handle, fold) in enumerate([("bob12", 0), ("eve34", 0), ("ann56", 1), ("x", 1), ("dan78", 1), ("y", 1)]):
        town.add(f"a{i}", username=handle, fold=fold)
    town.add("new", username="zoe90")
    measured = town.measure(["handle_pattern_share"])["handle_pattern_share"]
    assert measured["a0"] == 0.5  # fold 1: ann56 and dan78 of four
    assert measured["a2"] == 1.0  # fold 0: both
    assert measured["new"] == pytest.approx(4 / 6)  # all six


def test_the_accounts_of_a_fold_do_not_change_what_their_own_fold_meets():
    town = busy_town()
    before = town.measure(FITTED)
    changed = town.copy()
    folds = {v["account_id"]: v["fold"] for v in town.verdicts}
    changed.accounts = [
        {**a, "username": "q9q9q9q9", "followers_count": 10**6} if a["account_id"] == "t0" else a for a in town.accounts
    ]
    after = changed.measure(FITTED)
    same_fold = [a for a, f in folds.items() if f == folds["t0"] and a != "t0"]
    other_fold = [a for a, f in folds.items() if f not in (folds["t0"], None)]
    pd.testing.assert_frame_equal(after.loc[same_fold], before.loc[same_fold], check_exact=True)
    assert not after.loc[other_fold].equals(before.loc[other_fold])
    assert not after.loc[["ann"]].equals(before.loc[["ann"]])


def test_references_of_a_model_measure_unlabelled_accounts_as_training_did():
    town = busy_town()
    made = featurize_tables(town.save(), town.judged(), ONE_THREAD)
    trained = made.table().to_pandas().set_index("account_id")
    scored = town.measure(FITTED, references=made.references)
    pd.testing.assert_frame_equal(scored.loc[["ann"]], trained.loc[["ann"], FITTED], check_exact=True)


def test_a_feature_is_missing_where_the_model_does_not_carry_its_reference():
    town = busy_town()
    made = featurize_tables(town.save(), town.judged(), ONE_THREAD)
    fewer = {n: t for n, t in made.references.items() if n != "handle_model"}
    scored = town.measure(["handle_likelihood", "handle_pattern_share"], references=fewer)
    assert scored["handle_likelihood"].isna().all()
    assert scored.loc[["ann", "u0"], "handle_pattern_share"].notna().all()


@pytest.mark.parametrize("name", FITTED)
def test_nothing_is_fitted_without_training_accounts(name):
    town = busy_town()
    town.verdicts = [{**v, "fold": None} for v in town.verdicts]
    assert math.isnan(town.measure([name]).loc["ann", name])
