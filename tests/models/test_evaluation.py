"""Evaluation tells quality per source, and a source that is left out has taught nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.evaluation import curves, evaluate_model, leave_sources_out, mean_of, replaced
from models.settings import Evaluate, Search, Train

QUICK = Evaluate(resamples=20)
SMALL = Train(trees=40, patience=10, least_rows=5, search=Search(trials=0), threads=1)


def scored(p: list[float], bot: list[int], source: list[str] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Out-of-fold scores of a model, and baselines that know nothing."""
    n = len(p)
    ids = [f"a{i:03}" for i in range(n)]
    oof = pd.DataFrame({"account_id": ids, "source": source or ["one"] * n, "is_bot": np.array(bot, bool)})
    oof = oof.assign(kind=np.where(oof["is_bot"], "spam_bot", "human"), bot_probability=p, raw_score=p)
    oof["fold"] = np.arange(n) % 2
    names = ("constant", "best_feature", "tree", "logistic")
    return oof, pd.DataFrame({"account_id": ids, **dict.fromkeys(names, 0.5)})


def test_metrics_of_four_accounts_are_those_worked_out_by_hand():
    # Ranked: bot, person, bot, person. Of the 4 pairs of a bot and a person 3 are in order: 3/4.
    # Average precision: 1/2 * (1/1 + 2/3) = 5/6.
    found = evaluate_model(*scored([0.9, 0.7, 0.6, 0.1], [1, 0, 1, 0]), QUICK)["overall"]
    assert found["model"]["roc_auc"]["value"] == pytest.approx(3 / 4)
    assert found["model"]["average_precision"]["value"] == pytest.approx(5 / 6, abs=1e-6)
    assert found["baselines"]["constant"]["roc_auc"]["value"] == 0.5
    assert found["gain"]["constant"]["roc_auc"]["value"] == pytest.approx(1 / 4)


def test_each_source_is_measured_on_its_own_accounts():
    oof, beside = scored([0.9, 0.1, 0.2, 0.8], [1, 0, 1, 0], ["good", "good", "bad", "bad"])
    found = evaluate_model(oof, beside, QUICK)
    assert found["per_source"]["good"]["model"]["roc_auc"]["value"] == 1.0
    assert found["per_source"]["bad"]["model"]["roc_auc"]["value"] == 0.0
    assert found["counts"]["sources"]["bad"] == {"accounts": 2, "bots": 1, "people": 1}


def test_a_kind_is_found_when_it_scores_above_all_but_one_percent_of_people():
    people = [i / 1000 for i in range(200)]  # the best three score .199, .198 and .197; 1% of 200 is 2 of them
    found = evaluate_model(*scored([*people, 0.5, 0.1975, 0.1965, 0.01], [0] * 200 + [1] * 4), QUICK)["per_kind"]
    assert found["spam_bot"] == {"accounts": 4, "bots": 4, "recall_at_1pct_fpr": 0.5, "recall_at_01pct_fpr": None}


def town(n: int = 240) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three sources: in two of them bots have few followers, in the third it is the other way round."""
    random = np.random.default_rng(0)
    source = np.array(["a", "b", "c"])[np.arange(n) % 3]
    bot = random.random(n) < 0.5
    few = bot ^ (source == "c")
    features = pd.DataFrame(
        {"account_id": [f"x{i:03}" for i in range(n)], "as_of": pd.Timestamp("2026-01-01", tz="UTC")}
    )
    features = features.assign(followers=np.where(few, 5.0, 50.0) + random.random(n), noise=random.random(n))
    folds = pd.DataFrame({"account_id": features["account_id"], "source": source, "is_bot": bot})
    folds = folds.assign(kind="x", group=features["account_id"], fold=np.arange(n) // 3 % 4, by="group", platform="t")
    return features, folds.assign(source_fold=folds["source"].map({"a": 0, "b": 1, "c": 2}))


def test_a_source_left_out_has_taught_nothing():
    features, folds = town()
    right = folds[["account_id"]].assign(bot_probability=np.where(folds["is_bot"], 0.9, 0.1))  # out of fold: ROC AUC 1
    found, scores = leave_sources_out(features, features[["account_id"]], folds, SMALL, right, QUICK)
    # Trained on a and b alone, c looks upside down; trained on c as well it would not.
    assert found["c"]["model"]["roc_auc"]["value"] < 0.05
    drop = found["c"]["drop"]["roc_auc"]
    assert drop["value"] == pytest.approx(1 - found["c"]["model"]["roc_auc"]["value"], abs=2e-6)
    assert 0.9 < drop["low"] <= drop["value"] <= drop["high"] <= 1
    assert set(found["c"]["baselines"]) == {"constant", "best_feature", "tree", "logistic"}
    assert sorted(scores["account_id"]) == sorted(folds["account_id"])
    assert mean_of(found)["lowest"]["roc_auc"] == found["c"]["model"]["roc_auc"]["value"]


def unscored(folds: pd.DataFrame) -> pd.DataFrame:
    return folds[["account_id"]].iloc[:0].assign(bot_probability=0.0)


def test_a_source_of_one_class_is_told_with_its_reason():
    features, folds = town()
    folds = folds[(folds["source"] != "c") | folds["is_bot"]]
    found, _ = leave_sources_out(features, features[["account_id"]], folds, SMALL, unscored(folds), QUICK)
    assert "0 people" in found["c"]["why"]
    assert found["c"]["model"] == {}
    assert found["a"]["model"]["roc_auc"]["value"] is not None
    assert found["a"]["drop"]["roc_auc"]["value"] is None  # no account of it was scored out of fold


def test_a_single_source_is_not_left_out():
    features, folds = town()
    alone = folds.assign(source="a")
    found, scores = leave_sources_out(features, features[["account_id"]], alone, SMALL, unscored(folds), QUICK)
    assert (found, len(scores)) == ({}, 0)


def test_fitted_columns_are_replaced_account_by_account():
    features = pd.DataFrame({"account_id": ["a", "b"], "plain": [1.0, 2.0], "fitted": [3.0, 4.0]})
    other = pd.DataFrame({"account_id": ["b", "a"], "fitted": [40.0, 30.0]})
    assert replaced(features, other)["fitted"].tolist() == [30.0, 40.0]
    assert replaced(features, other)["plain"].tolist() == [1.0, 2.0]


def test_curves_end_where_everybody_is_called():
    drawn = curves(scored([0.9, 0.7, 0.6, 0.1], [1, 0, 1, 0])[0])
    assert drawn["roc"].iloc[0].tolist() == [0.0, 0.0, 1.0]
    assert drawn["roc"].iloc[-1][["false_positive_rate", "recall"]].tolist() == [1.0, 1.0]
    assert drawn["precision_recall"]["precision"].tolist() == [1.0, 0.5, pytest.approx(2 / 3, abs=1e-6), 0.5]
    assert drawn["reliability"]["accounts"].sum() == 4
