"""A kind of bot that nobody labelled, and accounts that came later, are tested as if they were new."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.boosted import Growth
from models.settings import Evaluate, Search, Train
from models.training import train_model
from models.unseen import judged_last, unseen, without_kind

QUICK = Train(threads=1, trees=40, patience=20, members=1, learning_rate=0.2, search=Search(trials=0))
RULES = Evaluate(resamples=20)


def known(**columns) -> pd.DataFrame:
    n = len(columns["is_bot"])
    ids = [f"a{i}" for i in range(n)]
    return pd.DataFrame({"account_id": ids, "group": ids, **columns})


def test_without_a_kind_only_its_bots_and_a_fold_of_people_are_tested():
    rows = known(is_bot=[True, True, False, False, True, False], fold=[0, 1, 0, 1, 1, 2])
    asked = without_kind(rows, np.array([True, True, False, False, False, False]))
    assert asked.test.tolist() == [0, 1, 2]
    assert asked.train.tolist() == [3, 4, 5]


def test_who_is_in_a_group_with_a_tested_account_does_not_teach():
    rows = known(is_bot=[True, False, True, False], fold=[0, 0, 1, 1]).assign(group=["g", "p", "g", "q"])
    assert without_kind(rows, np.array([True, False, False, False])).train.tolist() == [3]


def test_the_last_are_tested_and_no_moment_is_on_both_sides():
    rows = known(is_bot=[True, False] * 5, fold=[0] * 10)
    days = [1, 2, 3, 4, 5, 6, 7, 7, 9, 10]
    moments = pd.Series([pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=d) for d in days])
    asked = judged_last(rows, moments)
    assert asked.train.tolist() == [0, 1, 2, 3, 4, 5]
    assert asked.test.tolist() == [6, 7, 8, 9]


def world(seed: int = 0, n: int = 1200) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Loud bots post much; quiet ones like much, and only that tells them."""
    random = np.random.default_rng(seed)
    kind = random.choice(["human", "loud", "quiet"], n, p=[0.5, 0.25, 0.25])
    ids = [f"a{i:05d}" for i in range(n)]
    moments = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(n), unit="h")
    features = pd.DataFrame(
        {
            "account_id": ids,
            "as_of": moments,
            "posts": 3.0 * (kind == "loud") + random.normal(size=n),
            "likes": 3.0 * (kind == "quiet") + random.normal(size=n),
        }
    )
    folds = pd.DataFrame(
        {
            "account_id": ids,
            "source": "here",
            "is_bot": kind != "human",
            "kind": kind,
            "platform": "town",
            "group": ids,
            "by": "group",
            "fold": np.arange(n) % 5,
            "source_fold": 0,
        }
    )
    return features, folds


@pytest.fixture(scope="module")
def found() -> dict:
    features, folds = world()
    trained = train_model(features, folds, {}, QUICK)
    assert Growth(**trained.model.facts["members"][0]["growth"])
    return unseen(features, folds, trained.oof, trained.model, QUICK, RULES)


@pytest.mark.parametrize("kind", ["loud", "quiet"])
def test_a_kind_whose_only_trace_was_never_labelled_is_not_found(found, kind):
    told = found["kinds"][kind]
    assert told["inside"]["roc_auc"]["value"] > 0.93
    assert told["left_out"]["roc_auc"]["value"] < 0.65
    change = told["left_out"]["roc_auc"]["value"] - told["inside"]["roc_auc"]["value"]
    assert told["change"]["roc_auc"]["value"] == pytest.approx(change, abs=1e-5)
    assert told["change"]["roc_auc"]["high"] < 0


def test_what_comes_later_is_as_easy_where_nothing_changes(found):
    told = found["later"]
    assert told["accounts"] == 360  # three tenths of 1,200
    assert abs(told["change"]["roc_auc"]["value"]) < 0.03


def test_people_are_no_kind_and_too_few_say_why():
    features, folds = world(n=300)
    folds.loc[folds["kind"] == "quiet", "kind"] = ["rare"] * 3 + ["quiet"] * int((folds["kind"] == "quiet").sum() - 3)
    trained = train_model(features, folds, {}, QUICK)
    told = unseen(features.assign(as_of=features["as_of"].iloc[0]), folds, trained.oof, trained.model, QUICK, RULES)
    assert set(told["kinds"]) == {"loud", "quiet", "rare"}
    assert told["kinds"]["rare"]["why"] == f"3 bots and {told['kinds']['rare']['accounts'] - 3} people to test on"
    assert told["later"]["why"] == "0 bots and 0 people to train on"
