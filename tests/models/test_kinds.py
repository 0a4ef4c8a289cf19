"""Kinds of accounts: shares that never contradict the bot probability, honest scores, and files that are checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from features.errors import BadInput
from models.bundle import from_files, to_files
from models.folds import sides
from models.kindevaluation import measure_kinds
from models.kinds import Kind, shared_out
from models.kindtraining import _kept, _sample, kinds_of, labels, train_kinds
from models.reasons import kind_reasons
from models.settings import Evaluate, Kinds, Search, Train
from models.training import Labelled, train_model
from tests.models.test_bundle import Files, resealed

QUICK = Train(
    trees=40, patience=20, members=1, learning_rate=0.2, threads=1, search=Search(trials=0), kinds=Kinds(rounds=20)
)
NAMES = ("like_bot", "spam_bot", "pod_member", "human")


def crowd(n=600, seed=0, noise=1.0):
    """Accounts of four kinds; column k is higher for kind k."""
    dice = np.random.default_rng(seed)
    kind = np.array(NAMES)[np.arange(n) % 4]
    ids = [f"a{i:05d}" for i in range(n)]
    columns = {f"like_{name}": (kind == name) * 3.0 + noise * dice.normal(size=n) for name in NAMES[:3]}
    features = pd.DataFrame({"account_id": ids, **columns})
    folds = pd.DataFrame(
        {
            "account_id": ids,
            "source": "one",
            "is_bot": np.isin(kind, ("like_bot", "spam_bot")),
            "kind": kind,
            "platform": "x",
            "group": ids,
            "by": "group",
            "fold": dice.permutation(n) % 4,
            "source_fold": 0,
        }
    )
    return features, folds


def trained(features, folds, settings=QUICK):
    made = train_model(features, folds, {}, settings)
    labelled = Labelled.join(features, folds)
    return made, train_kinds(labelled.x, labelled.columns, labelled.known, made.oof, settings), labelled


@pytest.fixture(scope="module")
def whole():
    return trained(*crowd())


# --- shares ---------------------------------------------------------------------------------------------------------


def test_each_side_is_shared_out_in_proportion():
    raw = np.log(np.array([[1.0, 3.0, 2.0, 2.0]]))
    found = shared_out(raw, np.array([True, True, False, False]), np.array([0.8]))
    assert found[0] == pytest.approx([0.2, 0.6, 0.1, 0.1])


@given(
    arrays(np.float64, (5, 4), elements=st.floats(-500, 500)),
    arrays(np.float64, 5, elements=st.floats(0, 1)),
)
def test_kinds_of_bots_add_up_to_the_bot_probability(raw, p):
    side = np.array([True, False, True, False])
    found = shared_out(raw, side, p)
    assert found.sum(axis=1) == pytest.approx(np.ones(5))
    assert found[:, side].sum(axis=1) == pytest.approx(p)
    assert (found >= 0).all()


# --- which kinds ----------------------------------------------------------------------------------------------------


def told(kinds, least=2):
    """Kinds of accounts written ``name`` for people and ``name!`` for bots, in folds by turns."""
    bot = np.array([k.endswith("!") for k in kinds])
    name = np.array([k.rstrip("!") or None for k in kinds], dtype=object)
    found, y = kinds_of(bot, name, np.arange(len(kinds)) % 3, least)
    return [(k.name, k.is_bot) for k in found], y.tolist()


def test_kinds_are_in_order_with_their_side():
    kinds, y = told(["human", "human", "spam!", "spam!", "pod", "pod"])
    assert kinds == [("human", False), ("pod", False), ("spam", True)]
    assert y == [0, 0, 2, 2, 1, 1]


def test_a_kind_mostly_of_bots_is_a_bot_kind_whatever_its_wrong_labels_say():
    kinds, _ = told(["human"] * 3 + ["pod"] * 3 + ["spam!", "spam!", "spam"])
    assert ("spam", True) in kinds


def test_a_rare_kind_is_not_told_and_its_people_are_human():
    kinds, y = told(["human", "human", "spam!", "spam!", "like!", "like!", "rare", "odd!"])
    assert kinds == [("human", False), ("like", True), ("spam", True)]
    assert y[-2:] == [0, -1]


def test_people_and_bots_without_a_kind_have_a_name_where_their_side_has_none():
    kinds, y = told(["", "", "", "spam!", "spam!", "like!", "like!"])
    assert ("human", False) in kinds
    kinds, y = told(["human", "human", "pod", "pod", "!", "!"])
    assert kinds == [("bot", True), ("human", False), ("pod", False)]
    assert y == [1, 1, 2, 2, 0, 0]


def test_two_kinds_or_one_side_tell_nothing():
    assert told(["human", "human", "spam!", "spam!"])[0] == []
    assert told(["human", "human", "pod", "pod", "fan", "fan"])[0] == []


def test_a_kind_that_is_in_one_fold_only_is_not_told():
    bot, name = np.array([False] * 4 + [True] * 4), np.array(["human"] * 2 + ["pod"] * 2 + ["spam"] * 4, dtype=object)
    found, _ = kinds_of(bot, name, np.array([0, 1, 0, 1, 0, 1, 0, 1]), 2)
    assert len(found) == 3
    found, _ = kinds_of(bot, name, np.array([0, 1, 1, 1, 0, 1, 0, 1]), 2)
    assert found == ()


def test_names_of_kinds_are_plain():
    given = labels(np.array([True, False]), np.array(["<b>\u202e\x1b[31m", "x" * 99], dtype=object))
    assert given.tolist() == ["_b____31m", "x" * 60]


# --- honest scores --------------------------------------------------------------------------------------------------


def test_kinds_are_told_out_of_fold(whole):
    made, kinds, _ = whole
    assert [k.name for k in kinds.model.kinds] == sorted(NAMES)
    found = measure_kinds(kinds.said, made.oof, Evaluate(resamples=50))
    assert all(k["average_precision"]["low"] > 0.7 for k in found["kinds"].values())
    assert found["right"]["value"] > 0.75
    counts = np.array(found["confusion"]["accounts"])
    assert counts.sum() == 600
    assert counts.sum(axis=1).tolist() == [150] * 4
    assert np.trace(counts) / 600 == pytest.approx(found["right"]["value"], abs=1e-6)


def test_what_is_said_adds_up_to_the_out_of_fold_bot_probability(whole):
    made, kinds, _ = whole
    table = kinds.said.set_index(["account_id", "kind"])["probability"].unstack()  # noqa: PD010
    bots = table[["like_bot", "spam_bot"]].sum(axis=1)
    assert bots.to_numpy() == pytest.approx(
        made.oof.set_index("account_id")["bot_probability"].loc[table.index].to_numpy()
    )


def test_on_kinds_drawn_by_chance_the_scores_are_worth_a_guess():
    features, folds = crowd(n=900, seed=4)
    dice = np.random.default_rng(1)
    folds = folds.assign(kind=np.where(folds["is_bot"], dice.choice(["one", "two"], 900), "human"))
    made, kinds, _ = trained(features, folds)
    found = measure_kinds(kinds.said, made.oof, Evaluate(resamples=50))
    bots = made.oof["is_bot"]
    said = kinds.said[kinds.said["account_id"].isin(made.oof["account_id"][bots])]
    within = said.set_index(["account_id", "kind"])["probability"].unstack()  # noqa: PD010
    truth = made.oof[bots].set_index("account_id")["kind"].loc[within.index] == "one"
    share = (within["one"] > within["two"])[truth].mean() - (within["one"] > within["two"])[~truth].mean()
    assert abs(share) < 0.15
    assert found["kinds"]["one"]["average_precision"]["value"] < 0.65


def test_labels_of_the_tested_fold_do_not_reach_its_scores():
    features, folds = crowd()
    made, _, labelled = trained(features, folds)
    fold = folds["fold"] == 0
    turned = folds.assign(kind=np.where(fold & (folds["kind"] == "like_bot"), "spam_bot", folds["kind"]))
    again = train_kinds(
        labelled.x, labelled.columns, turned, made.oof, QUICK.model_copy(update={"kinds": Kinds(rounds=10)})
    )
    first = train_kinds(
        labelled.x, labelled.columns, folds, made.oof, QUICK.model_copy(update={"kinds": Kinds(rounds=10)})
    )
    mine = first.said["account_id"].isin(folds["account_id"][fold])
    assert again.said[mine].equals(first.said[mine])
    assert not again.said[~mine].equals(first.said[~mine])


def test_the_same_input_gives_the_same_bytes_whatever_the_threads(whole):
    _, kinds, labelled = whole
    made = whole[0]
    again = train_kinds(labelled.x, labelled.columns, labelled.known, made.oof, QUICK.model_copy(update={"threads": 2}))
    assert again.model.text == kinds.model.text
    assert again.said.equals(kinds.said)


def test_no_rounds_tell_no_kinds(whole):
    made, _, labelled = whole
    none = QUICK.model_copy(update={"kinds": Kinds(rounds=0)})
    found = train_kinds(labelled.x, labelled.columns, labelled.known, made.oof, none)
    assert found.model is None
    assert found.said.columns.tolist() == ["account_id", "kind", "probability"]
    assert measure_kinds(found.said, made.oof, Evaluate()) is None


def test_many_accounts_are_sampled_rare_kinds_whole_and_weighed_back():
    y = np.array([0] * 1000 + [1] * 300 + [2] * 10 + [-1] * 50)
    rows, weight = _sample(y >= 0, y, Train(kinds=Kinds(rows=310)))
    kept = np.bincount(y[rows])
    assert kept.tolist() == [150, 150, 10]
    assert np.bincount(y[rows], weights=weight) == pytest.approx([1000, 300, 10])
    assert _kept(np.array([5, 0, 7]), 100).tolist() == [5, 0, 7]


# --- the model directory --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(whole):
    return replace(whole[0].model, kinds=whole[1].model)


@pytest.fixture(scope="module")
def files(model):
    return Files(to_files(model))


def test_it_comes_back_as_it_was(model, files, whole):
    again = from_files(files, "here")
    assert to_files(again) == files
    assert again.version == model.version
    assert again.kinds.kinds == model.kinds.kinds
    p = model.probabilities(whole[2].x)[0]
    assert again.kinds.probabilities(whole[2].x, p).tolist() == model.kinds.probabilities(whole[2].x, p).tolist()


def test_another_declared_share_of_bots_moves_kinds_with_it(model, whole):
    x = whole[2].x
    rare = replace(model, bot_share=0.01)
    p = rare.probabilities(x)[0]
    found = rare.kinds.probabilities(x, p)
    assert found[:, [k.is_bot for k in rare.kinds.kinds]].sum(axis=1) == pytest.approx(p)


def test_trees_of_one_kind_give_its_score(model, whole):
    x = whole[2].x
    every = model.kinds.booster.predict(x, raw_score=True)
    for i, name in enumerate(model.kinds.names):
        assert model.kinds.trees_of(name).booster.predict(x, raw_score=True) == pytest.approx(every[:, i], abs=1e-12)


def test_reasons_of_a_kind_name_what_it_was_made_of(model, whole):
    x, known = whole[2].x, whole[2].known
    name, share = model.kinds.named(x, model.probabilities(x)[0])
    sure = np.flatnonzero((known["kind"] == "pod_member").to_numpy() & (name == "pod_member") & (share > 0.8))
    for told_reasons in kind_reasons(model, x[sure], name[sure], 3):
        assert told_reasons[0]["feature"] == "like_pod_member"
        assert all(r["contribution"] > 0 for r in told_reasons)
    assert kind_reasons(model, x[:2], ["human", "human"], 3) == [[], []]


def test_no_accounts_have_no_kinds(model):
    nothing = np.empty((0, 3))
    name, share = model.kinds.named(nothing, np.empty(0))
    assert (len(name), len(share)) == (0, 0)


KIND_LIST = [
    {"kind": "human", "is_bot": False},
    {"kind": "like_bot", "is_bot": True},
    {"kind": "pod_member", "is_bot": False},
    {"kind": "spam_bot", "is_bot": True},
]


@pytest.mark.parametrize(
    "kinds",
    [
        [],
        KIND_LIST[:3],
        KIND_LIST[::-1],
        [*KIND_LIST[:3], KIND_LIST[2]],
        [{**k, "is_bot": True} for k in KIND_LIST],
        [{**k, "kind": ""} for k in KIND_LIST],
        [{"kind": k["kind"]} for k in KIND_LIST],
        "human",
    ],
    ids=["none", "one less", "another order", "twice", "one side", "no names", "no sides", "no list"],
)
def test_kinds_that_do_not_fit_the_trees_are_refused(files, kinds):
    with pytest.raises(BadInput):
        from_files(resealed(files, kinds=kinds), "here")


def test_a_booster_of_kinds_that_was_altered_is_refused(files):
    with pytest.raises(BadInput, match=r"kinds\.txt"):
        from_files(Files(files | {"kinds.txt": files["kinds.txt"].replace(b"leaf_value=", b"leaf_value=1", 1)}), "here")
    with pytest.raises(BadInput, match=r"kinds\.txt"):
        from_files(Files({n: f for n, f in files.items() if n != "kinds.txt"}), "here")


def test_the_booster_of_bots_cannot_stand_in_for_that_of_kinds(files):
    import hashlib
    import json

    listed = json.loads(files["model.json"])["files"] | {"kinds.txt": hashlib.md5(files["booster.txt"]).hexdigest()}
    with pytest.raises(BadInput, match=r"kinds\.txt"):
        from_files(resealed(Files(files | {"kinds.txt": files["booster.txt"]}), files=listed), "here")


def test_every_tested_account_is_said_once_per_kind(whole):
    made, kinds, labelled = whole
    tested = sum(len(t.test) for t in sides(labelled.known))
    assert len(kinds.said) == tested * 4 == len(made.oof) * 4
    assert kinds.said.equals(kinds.said.sort_values(["account_id", "kind"], ignore_index=True))
    assert Kind("human", False) in kinds.model.kinds
