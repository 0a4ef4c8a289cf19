"""Models for fewer tables: which columns go, which model reads what is left, and how good it is."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.errors import BadInput
from models.bundle import from_files, to_files
from models.settings import Search, Train
from models.subsets import masks
from pipeline.stages.train import train

NAN = np.nan
DECLARED = [
    {"name": "age", "family": "profile", "needs": ["accounts"]},
    {"name": "posts", "family": "activity", "needs": ["accounts", "posts"]},
    {"name": "likes", "family": "actions", "needs": ["accounts", "engagements", "posts"]},
    {"name": "fans", "family": "neighbours", "needs": ["accounts", "follows"]},
    {"name": "given"},
]


def test_tables_go_one_after_the_other():
    gone = masks(DECLARED, np.ones((2, 5)))
    assert {tables: columns.astype(int).tolist() for tables, columns in gone.items()} == {
        ("follows",): [0, 0, 0, 1, 0],
        ("follows", "engagements"): [0, 0, 1, 1, 0],
        ("follows", "engagements", "posts"): [0, 1, 1, 1, 0],
    }


def test_what_nobody_has_cannot_go():
    x = np.array([[1, 1, NAN, NAN, NAN]])
    (gone,) = masks(DECLARED, x).values()
    assert gone.tolist() == [False, True, False, False, False]


def test_profiles_alone_and_undeclared_columns_have_no_masks():
    assert masks(DECLARED, np.array([[1, NAN, NAN, NAN, 1]])) == {}
    assert masks([{"name": "a"}, {"name": "b"}], np.ones((3, 2))) == {}
    # Without posts nothing would be left.
    assert masks(DECLARED[1:2], np.ones((3, 1))) == {}


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


def trained(features, folds):
    """A model of age, posts and likes, with models for fewer tables, as the stage `train` makes it."""
    declared = {"features.json": json.dumps({"features": DECLARED[:3], "hash": "h"}).encode()}
    quick = Train(trees=60, members=1, learning_rate=0.2, column_share=1, threads=1, search=Search(trials=0))
    files = train(features, folds, declared, quick)["model"]
    return from_files(files, "here"), files


def test_without_tables_it_is_as_good_as_a_model_of_what_is_left():
    features, folds = crowd()
    learn, test = features.iloc[:800], features.iloc[800:]
    model, _ = trained(learn, folds.iloc[:800])
    assert sorted(model.subsets) == ["follows-engagements", "follows-engagements-posts"]
    truth = folds["is_bot"].iloc[800:]
    profile = model.given(["age"])
    blind = roc_auc_score(truth, model.raw_scores(test.assign(posts=NAN, likes=NAN)))
    best = roc_auc_score(truth, test["age"])
    assert roc_auc_score(truth, profile.raw_scores(test)) > best - 0.03 > blind
    # It is what training on the profile alone would have made.
    alone, _ = trained(learn[["account_id", "age"]], folds.iloc[:800])
    assert profile.booster_text == alone.booster_text
    np.testing.assert_array_equal(profile.probabilities(test), alone.probabilities(test))
    assert profile.tiers == alone.tiers


def test_the_largest_subset_that_can_be_filled_is_chosen():
    model, _ = trained(*crowd())
    assert model.given(["age", "posts", "likes", "more"]) is model
    assert model.given(["age", "posts"]).columns == ("age", "posts")
    assert model.given(["age", "likes"]).columns == ("age",)
    assert model.given(["posts"]) is model  # no subset can be filled: what is absent counts as missing
    fewer = model.given(["age"])
    assert fewer.version == model.version
    assert fewer.facts["without"] == ["follows", "engagements", "posts"]
    assert fewer.references == model.references


def test_subsets_are_written_read_and_checked_like_the_model():
    _, files = trained(*crowd())
    again = to_files(from_files(files, "here"))
    assert again == files
    name = "without/follows-engagements/booster.txt"
    with pytest.raises(BadInput, match=re.escape(name)):
        from_files({**files, name: files[name].replace(b"leaf_value=", b"leaf_value=1", 1)}, "here")
    with pytest.raises(BadInput, match=re.escape(name)):
        from_files({n: content for n, content in files.items() if n != name}, "here")
