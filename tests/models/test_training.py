"""Training from features and folds: what comes out, that it is honest, and that it is the same every time."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.baselines import NAMES
from models.bundle import to_files
from models.settings import Search, Split
from models.training import Labelled, train_model, usual
from tests.models.crowd import QUICK, crowd, folded

DECLARED = {"features": [{"name": "told", "family": "profile", "unit": "number", "says": "{value}"}], "hash": "h"}
REFERENCES = {"features.json": json.dumps(DECLARED).encode(), "names.parquet": b"bytes"}


@pytest.fixture(scope="module")
def trained():
    features, folds = folded()
    return train_model(features, folds, REFERENCES, QUICK)


def test_every_labelled_account_has_an_honest_score(trained):
    _, folds = folded()
    oof = trained.oof
    assert list(oof.columns) == ["account_id", "source", "is_bot", "kind", "bot_probability", "raw_score", "fold"]
    assert oof["account_id"].tolist() == folds["account_id"].tolist()
    assert oof["bot_probability"].between(0, 1, inclusive="neither").all()
    assert np.isfinite(oof["raw_score"]).all()


def test_the_score_ranks_and_is_a_probability(trained):
    from sklearn.metrics import roc_auc_score

    oof = trained.oof
    # `told` alone separates by 2 standard deviations: an area of Phi(2 / sqrt 2) = 0.92.
    assert 0.88 < roc_auc_score(oof["is_bot"], oof["bot_probability"]) < 0.96
    assert oof["bot_probability"].mean() == pytest.approx(oof["is_bot"].mean(), abs=0.03)


def test_the_same_input_in_another_order_gives_the_same_bytes(trained):
    features, folds = folded()
    again = train_model(
        features.sample(frac=1, random_state=5), folds.sample(frac=1, random_state=6), REFERENCES, QUICK
    )
    assert to_files(again.model) == to_files(trained.model)
    pd.testing.assert_frame_equal(again.oof, trained.oof)
    pd.testing.assert_frame_equal(again.baselines, trained.baselines)
    assert again.study == trained.study


def test_another_seed_gives_another_model(trained):
    features, folds = folded()
    other = train_model(features, folds, REFERENCES, QUICK.model_copy(update={"seed": 1}))
    assert other.model.version != trained.model.version


def test_unlabelled_accounts_change_nothing(trained):
    features, folds = folded()
    stranger = features.iloc[:1].assign(account_id="zzz", told=1e9)
    again = train_model(pd.concat([features, stranger]), folds, REFERENCES, QUICK)
    assert again.model.version == trained.model.version


def test_the_labels_of_a_fold_do_not_reach_its_own_scores():
    # All labels of one fold turned around: its raw scores, made by boosters of the other folds, stay as they were.
    # Five trees are a single step, so that there is no number of trees to choose either.
    features, folds = folded()
    plain = QUICK.model_copy(update={"trees": 5, "search": Search(trials=0)})
    turned = folds.assign(is_bot=np.where(folds["fold"] == 0, ~folds["is_bot"], folds["is_bot"]))
    before, after = (train_model(features, f, {}, plain).oof for f in (folds, turned))
    here = (before["fold"] == 0).to_numpy()
    assert before["raw_score"][here].tolist() == after["raw_score"][here].tolist()
    assert (before["raw_score"][~here] != after["raw_score"][~here]).mean() > 0.9


def test_columns_without_information_are_left_out(trained):
    assert trained.model.columns == ("told", "half", "chance")


def test_what_the_model_keeps(trained):
    model = trained.model
    assert model.declarations[0]["family"] == "profile"
    assert model.declarations[2] == {"name": "chance", "family": "measured", "unit": "number"}
    assert model.feature_hash == "h"
    assert model.references == REFERENCES
    assert model.facts["accounts"] == 400
    assert model.facts["bots"] == 134
    assert model.facts["sources"] == {"one": {"accounts": 200, "bots": 67}, "two": {"accounts": 200, "bots": 67}}
    assert model.training_bot_share == pytest.approx(134 / 400)
    json.dumps(trained.study, allow_nan=False)


def test_the_usual_range_is_that_of_people():
    features, folds = folded()
    features = features.assign(told=np.arange(400.0))
    labelled = Labelled.join(features, folds)
    rows = labelled.rows([labelled.columns.index("told")], QUICK)
    # People are 266 accounts, two of every three, spread evenly over 0 to 399.
    assert usual(rows)[0] == pytest.approx([40, 200, 359], abs=2)


def test_baselines_stand_beside_the_model_on_the_same_accounts(trained):
    from sklearn.metrics import roc_auc_score

    beside = trained.baselines
    assert list(beside.columns) == ["account_id", *NAMES]
    assert beside["account_id"].tolist() == trained.oof["account_id"].tolist()
    assert beside.drop(columns="account_id").notna().all(axis=None)
    area = {n: roc_auc_score(trained.oof["is_bot"], beside[n]) for n in NAMES}
    assert area["constant"] == pytest.approx(0.5, abs=0.05)
    assert area["best_feature"] > 0.88
    assert area["tree"] > 0.8
    assert area["logistic"] > 0.9
    assert set(trained.study["best_feature"]) == {"told"}


def test_a_column_that_falls_with_bots_is_a_best_feature_too():
    from sklearn.metrics import roc_auc_score

    features, folds = folded()
    made = train_model(features.assign(told=-features["told"]), folds, {}, QUICK)
    assert roc_auc_score(made.oof["is_bot"], made.baselines["best_feature"]) > 0.88


def test_a_declared_share_of_bots_moves_every_probability_and_no_rank(trained):
    features, folds = folded()
    rare = train_model(features, folds, REFERENCES, QUICK.model_copy(update={"bot_share": 0.01}))
    assert rare.oof["raw_score"].tolist() == trained.oof["raw_score"].tolist()
    assert (rare.oof["bot_probability"] < trained.oof["bot_probability"]).all()
    odds = [o["bot_probability"] / (1 - o["bot_probability"]) for o in (rare.oof, trained.oof)]
    # Prior odds go from 134/266 to 1/99, so every account's odds shrink by the ratio of the two.
    assert (odds[0] / odds[1]).to_numpy() == pytest.approx((1 / 99) / (134 / 266), rel=1e-6)


def test_a_search_on_few_accounts_ends_in_scores_for_all():
    features, folds = folded(600)
    few = QUICK.model_copy(update={"search": Search(trials=3, rows=200)})
    made = train_model(features, folds, {}, few)
    assert made.study["rows"] == 200
    assert len(made.oof) == 600


def test_by_time_only_later_periods_are_scored():
    features, folds = folded(split=Split(by="time", folds=4))
    made = train_model(features, folds, {}, QUICK)
    assert sorted(made.oof["fold"].unique()) == [1, 2, 3]
    assert len(made.oof) == int((folds["fold"] > 0).sum())


def test_two_periods_leave_a_single_test():
    features, folds = folded(split=Split(by="time", folds=2))
    made = train_model(features, folds, {}, QUICK)
    assert made.oof["fold"].unique().tolist() == [1]


def test_endless_values_are_survived():
    features, folds = folded()
    features.loc[:3, "told"] = [np.inf, -np.inf, 1e308, -1e308]
    made = train_model(features, folds, {}, QUICK)
    assert np.isfinite(made.oof["bot_probability"]).all()
    assert np.isfinite(made.baselines.drop(columns="account_id").to_numpy()).all()


def one_class(folds):
    return folds.assign(is_bot=(folds["source"] == "one").to_numpy())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x, f: (x[["account_id", "as_of"]], f), "feature columns"),
        (lambda x, f: (x[["account_id", "as_of", "same", "empty"]], f), "all empty or constant"),
        (lambda x, f: (x.iloc[1:], f), "a row for every labelled account"),
        (lambda x, f: (x, f.assign(is_bot=True)), "bots and people"),
        (lambda x, f: (x, one_class(f).assign(by="source", fold=f["source_fold"])), "training side of fold 0"),
    ],
)
def test_what_cannot_be_trained_on_is_told(change, expected):
    with pytest.raises(BadInput, match=expected):
        train_model(*change(*folded()), {}, QUICK)


def test_a_misspelt_monotone_feature_is_told():
    features, folds = folded()
    with pytest.raises(BadInput, match="Did you mean told"):
        train_model(features, folds, {}, QUICK.model_copy(update={"monotone": {"tolld": 1}}))


def test_crowds_differ_by_seed():
    assert not crowd(50, 0)[2].equals(crowd(50, 1)[2])
