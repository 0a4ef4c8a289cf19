"""Copies without some tables: which columns go, who is copied, on which side, and what it is good for."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from models.boosted import Rows
from models.folds import Side
from models.masking import masks, with_copies
from models.settings import Search, Train
from models.training import train_model

NAN = np.nan
DECLARED = [
    {"name": "age", "family": "profile", "needs": ["accounts"]},
    {"name": "posts", "family": "activity", "needs": ["accounts", "posts"]},
    {"name": "likes", "family": "actions", "needs": ["accounts", "engagements", "posts"]},
    {"name": "fans", "family": "neighbours", "needs": ["accounts", "follows"]},
    {"name": "given"},
]


def rows(x):
    x = np.array(x, dtype=np.float64)
    return Rows(x, np.arange(len(x)) % 2 == 0, np.full(len(x), 2.0), [d["name"] for d in DECLARED])


def test_tables_go_one_after_the_other():
    gone = masks(DECLARED, np.ones((2, 5)))
    assert gone.astype(int).tolist() == [[0, 0, 0, 1, 0], [0, 0, 1, 1, 0], [0, 1, 1, 1, 0]]


def test_what_nobody_has_cannot_go():
    x = np.array([[1, 1, NAN, NAN, NAN]])
    assert masks(DECLARED, x).astype(int).tolist() == [[0, 1, 0, 0, 0]]


def test_profiles_alone_and_undeclared_columns_have_no_masks():
    assert masks(DECLARED, np.array([[1, NAN, NAN, NAN, 1]])).shape == (0, 5)
    assert masks([{"name": "a"}, {"name": "b"}], np.ones((3, 2))).shape == (0, 2)
    # Without posts nothing would be left.
    assert masks(DECLARED[1:2], np.ones((3, 1))).shape == (0, 1)


def test_an_account_is_copied_as_often_as_something_goes():
    whole = rows([[1, 2, 3, 4, 5], [1, 2, NAN, NAN, 5], [1, NAN, NAN, NAN, 5]])
    taught, _ = with_copies(whole, [], masks(DECLARED, whole.x), 1.0)
    np.testing.assert_array_equal(
        taught.x,
        [
            *whole.x,
            [1, 2, 3, NAN, 5],
            [1, 2, NAN, NAN, 5],
            [1, NAN, NAN, NAN, 5],
            [1, NAN, NAN, NAN, 5],
        ],
    )
    # The three copies of the first weigh as much as it does, the copy of the second as much as that.
    assert taught.weight.tolist() == [2, 2, 2, 2 / 3, 2 / 3, 2 / 3, 2]
    assert taught.is_bot.tolist() == [True, False, True, True, True, True, False]


def test_copies_train_where_their_account_does_and_are_never_tested():
    whole = rows([[1, 2, 3, 4, 5]] * 4)
    tests = [Side(0, np.array([2, 3]), np.array([0, 1])), Side(1, np.array([0, 1]), np.array([2, 3]))]
    taught, lessons = with_copies(whole, tests, masks(DECLARED, whole.x), 1.0)
    assert len(taught.x) == 16
    assert lessons[0].train.tolist() == [2, 3, 6, 7, 10, 11, 14, 15]
    assert lessons[1].train.tolist() == [0, 1, 4, 5, 8, 9, 12, 13]
    assert [s.test.tolist() for s in lessons] == [[0, 1], [2, 3]]


def test_without_weight_there_are_no_copies():
    whole = rows([[1, 2, 3, 4, 5]] * 4)
    assert with_copies(whole, [], masks(DECLARED, whole.x), 0.0)[0] is whole


def crowd(n=1200, seed=3):
    """Bots by what they like; the profile tells the same, less well, and posts nothing."""
    dice = np.random.default_rng(seed)
    bot = np.arange(n) % 2 == 0
    ids = [f"a{i:05d}" for i in range(n)]
    features = pd.DataFrame(
        {
            "account_id": ids,
            "age": bot * 1.5 + dice.normal(size=n),
            "posts": dice.normal(size=n),
            "likes": bot * 9.0 + dice.normal(size=n),
        }
    )
    folds = {
        "source": "one",
        "is_bot": bot,
        "kind": None,
        "platform": "x",
        "group": ids,
        "by": "group",
        "source_fold": 0,
    }
    return features, pd.DataFrame({"account_id": ids, **folds, "fold": dice.permutation(n) % 4})


def test_a_model_that_learned_without_tables_is_as_good_without_them():
    features, folds = crowd()
    declared = {"features.json": json.dumps({"features": DECLARED[:3], "hash": "h"}).encode()}
    quick = Train(trees=60, members=1, learning_rate=0.2, column_share=1, threads=1, search=Search(trials=0))
    learn, test = features.iloc[:800], features.iloc[800:]
    profile = test.assign(posts=NAN, likes=NAN)
    truth = folds["is_bot"].iloc[800:]

    def auc(masked, rows):
        settings = quick.model_copy(update={"masked": masked})
        model = train_model(learn, folds.iloc[:800], declared, settings).model
        return roc_auc_score(truth, model.raw_scores(rows))

    best = roc_auc_score(truth, test["age"])
    assert auc(1.0, profile) > auc(0.0, profile) + 0.05
    assert auc(1.0, profile) > best - 0.05
    assert auc(1.0, test) > auc(0.0, test) - 0.005
