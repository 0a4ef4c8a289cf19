"""Kinds from training to scores, cases and a page: what is told of them agrees everywhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tinyrun import training

from models.bundle import from_files
from models.settings import Evaluate, Explain, Search, Train
from pipeline.jobs.scorerows import score_features
from pipeline.settings import Params, Score
from pipeline.stages.evaluate import evaluate
from pipeline.stages.explain import explain
from pipeline.stages.train import train
from review.casecards import card
from review.kinds import told_kinds
from review.page import Album

BOTS = ("fake_follower", "spam_bot")


@pytest.fixture(scope="module")
def made():
    return training(kinds=True)


@pytest.fixture(scope="module")
def model(made):
    return from_files(made["model"], "here")


def scores(model, made, **changes):
    features = pa.Table.from_pandas(made["features"], preserve_index=False)
    share = changes.pop("bot_share", None)
    return score_features(model, features, Score(**changes), share).to_pandas()


def test_scores_name_a_kind_and_what_speaks_for_it(made, model):
    table = scores(model, made)
    assert set(table["kind"]) <= {*BOTS, "human"}
    assert table["kind_probability"].between(1 / 3 - 1e-9, 1).all()
    # Of two kinds of bots one has at least half of the bot probability, and no kind of bots has more than all of it.
    bots = table[table["kind"].isin(BOTS)]
    assert (bots["kind_probability"] >= bots["bot_probability"] / 2 - 1e-12).all()
    assert (bots["kind_probability"] <= bots["bot_probability"] + 1e-12).all()
    people = table[table["kind"] == "human"]
    np.testing.assert_allclose(people["kind_probability"], 1 - people["bot_probability"], atol=1e-12)
    assert not any(len(said) for said in people["kind_reasons"])
    assert all(r["contribution"] > 0 for said in bots["kind_reasons"] for r in said)
    sure = bots[(bots["kind"] == "fake_follower") & (bots["kind_probability"] > 0.8)]
    assert all("followers" in [r["feature"] for r in said] for said in sure["kind_reasons"])


def test_where_bots_are_rare_so_are_their_kinds(made, model):
    usual, rare = scores(model, made), scores(model, made, bot_share=0.001)
    assert rare["kind"].isin(BOTS).sum() < usual["kind"].isin(BOTS).sum()


def test_nothing_speaks_for_a_kind_when_nothing_is_explained(made, model):
    table = scores(model, made, explain="none")
    assert not any(len(said) for said in table["kind_reasons"])
    assert table["kind"].tolist() == scores(model, made)["kind"].tolist()


def test_an_account_of_which_nothing_is_known_has_no_kind(made, model):
    features = made["features"].copy()
    features.loc[0, list(model.columns)] = np.nan
    first = scores(model, {"features": features}).iloc[0]
    assert first["status"] == "insufficient_evidence"
    assert pd.isna(first["kind"])
    assert np.isnan(first["kind_probability"])


def test_a_model_without_kinds_leaves_them_open():
    plain = training()
    table = scores(from_files(plain["model"], "here"), plain)
    assert table["kind"].isna().all()
    assert table["kind_probability"].isna().all()


def test_the_stages_hand_kinds_on(made):
    quick = Train(threads=1, trees=40, patience=20, members=1, learning_rate=0.2, search=Search(trials=0))
    done = train(made["features"], made["folds"], made["references"], quick)
    assert from_files(done["model"], "here").kinds is not None
    settings = Evaluate(resamples=20, leave_source_out=False)
    inputs = {k: done[k] for k in ("oof", "baselines", "model", "kinds")}
    transfer = made["features"][["account_id"]]
    found = evaluate(made["features"], transfer, made["folds"], **inputs, settings=settings, params=Params(train=quick))
    kinds = found["evaluation"]["kinds"]
    assert sorted(kinds["kinds"]) == ["fake_follower", "human", "spam_bot"]
    assert np.array(kinds["confusion"]["accounts"]).sum() == len(done["oof"])
    shown = told_kinds(kinds)
    assert [row["name"] for row in shown["rows"]] == shown["called"]


def test_a_case_says_its_kind_and_the_card_shows_it(made, model):
    cases = explain(made["features"], made["folds"], made["model"], made["oof"], Explain(cases=8))["cases"]
    table = scores(model, made).set_index("account_id")
    for case in cases:
        assert case["likely"] == table.loc[case["account_id"], "kind"]
        assert case["likely_probability"] == pytest.approx(table.loc[case["account_id"], "kind_probability"])
        assert case["likely"] in card(case, Album({}))["kind_sentence"]
