"""The booster: the same bytes for the same input, honest about noise, and one model whatever it was averaged from."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from features.errors import BadInput
from models.blend import choose, out_of_fold
from models.boosted import Ground, Growth, Rows, Trial, at_once, train_one, usable, weights
from models.boostertext import average, check_text, safe_names, tree_count
from models.folds import Side
from models.search import KNOWN, search
from models.settings import Search, Train

QUICK = Train(trees=40, patience=20, learning_rate=0.1, leaves=6, least_rows=5)


def rows(n=300, seed=0):
    random = np.random.default_rng(seed)
    bot = np.arange(n) % 2 == 0
    x = random.normal(size=(n, 3))
    x[:, 0] += 1.5 * bot
    x[random.random(n) < 0.2, 1] = np.nan
    return Rows(x, bot, np.ones(n), ["told", "gap", "chance"])


def folds_of(n, k=4):
    fold = np.arange(n) % k
    return [Side(i, np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def text(seed=0, trees=5, **growth):
    return train_one(rows(), Growth.of(QUICK).with_(**growth), trees, QUICK, seed, 1)


def test_the_number_of_threads_does_not_change_the_booster():
    growth = Growth.of(QUICK)
    assert average([train_one(rows(), growth, 5, QUICK, 0, 1)], [1]) == average(
        [train_one(rows(), growth, 5, QUICK, 0, 2)], [1]
    )


def test_an_average_scores_and_explains_as_the_mean_of_its_members():
    members = [text(0), text(1, trees=9), text(2, leaves=3)]
    shares = [0.5, 0.25, 0.25]
    one = lgb.Booster(model_str=average(members, shares))
    parts = [lgb.Booster(model_str=m) for m in members]
    x = rows().x
    wanted = sum(s * p.predict(x, raw_score=True) for s, p in zip(shares, parts, strict=True))
    assert one.predict(x, raw_score=True) == pytest.approx(wanted, abs=1e-12)
    pushes = sum(s * p.predict(x, pred_contrib=True) for s, p in zip(shares, parts, strict=True))
    assert one.predict(x, pred_contrib=True) == pytest.approx(pushes, abs=1e-9)
    assert tree_count(average(members, shares)) == 5 + 9 + 5


def test_averaging_again_changes_nothing():
    once = average([text()], [1])
    assert average([once], [1]) == once
    check_text(once, 3, "here")


def test_models_of_other_columns_are_not_averaged():
    other = Rows(rows().x, rows().is_bot, np.ones(300), ["told", "gap", "luck"])
    with pytest.raises(ValueError, match="different columns"):
        average([text(), train_one(other, Growth.of(QUICK), 5, QUICK, 0, 1)], [0.5, 0.5])


def test_names_lightgbm_would_alter_are_replaced_by_their_place():
    assert safe_names(["followers", "likes given", "é"]) == ["followers", "column_1", "column_2"]
    assert safe_names(["column_1", "a b"]) == ["column_0", "column_1"]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("tree\n", "forest\n", "without the frame"),
        ("num_class=1", "num_class=2", "more than one tree"),
        ("binary sigmoid:1", "regression", "objective regression"),
        ("num_leaves=6", "num_leaves=7", "trees of other sizes|values of"),
        ("num_leaves=6", "num_leaves=0", "0 leaves"),
        ("left_child=", "left_child=9", "trees of other sizes"),
        ("Tree=0", "Tree=0\nTree=0", "another number|lines other|trees of other"),
        ("is_linear=0", "is_linear=1", "of a kind"),
        ("num_cat=0", "num_cat=1", "of a kind"),
        ("max_feature_idx=2", "max_feature_idx=3", "4 columns where"),
        ("[boosting: gbdt]", "[boosting: dart]", "parameters other"),
    ],
)
def test_an_altered_text_is_refused(before, after, why):
    whole = average([text()], [1])
    assert before in whole
    with pytest.raises(BadInput, match=why):
        check_text(whole.replace(before, after, 1), 3, "booster.txt")


def resized(whole):
    """The text with the sizes of its trees counted again, so that only what is inside a tree can be wrong."""
    body = whole.split("end of trees")[0]
    parts = ["Tree=" + p for p in body.split("Tree=")[1:]]
    head, tail = whole.split("tree_sizes=", 1)
    sizes = " ".join(str(len(p.encode())) for p in parts)
    return f"{head}tree_sizes={sizes}\n{tail.split(chr(10), 1)[1]}"


@pytest.mark.parametrize(
    ("key", "change", "why"),
    [
        ("split_feature", lambda v: ["7", *v[1:]], "a column the model does not have"),
        ("left_child", lambda v: ["0", *v[1:]], "do not make a tree"),
        ("leaf_value", lambda v: ["nan", *v[1:]], "no number"),
        ("leaf_value", lambda v: v[1:], "values of leaf_value"),
        ("decision_type", lambda v: ["1", *v[1:]], "not numeric"),
        ("internal_count", lambda v: ["0", *v[1:]], "negative count"),
    ],
)
def test_a_tree_that_is_none_is_refused_before_lightgbm_sees_it(key, change, why):
    lines = average([text()], [1]).split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{key}="))
    lines[at] = f"{key}=" + " ".join(change(lines[at].partition("=")[2].split()))
    with pytest.raises(BadInput, match=why):
        check_text(resized("\n".join(lines)), 3, "booster.txt")


def test_columns_that_tell_nobody_apart_are_dropped():
    x = np.array([[1, np.nan, 5, 1, np.nan], [1, np.nan, 6, np.nan, 2]])
    assert usable(x, list("abcde")) == [2, 3, 4], "a value here and none there is a difference"
    with pytest.raises(BadInput, match="all empty or constant"):
        usable(x[:, :2], list("ab"))


def test_weights_by_hand():
    # Source a: 1 bot, 3 people. Source b: 1 bot, 1 person.
    bot = np.array([1, 0, 0, 0, 1, 0], dtype=bool)
    source = np.array(list("aaaabb"))
    assert weights(bot, source, Train()).tolist() == [1] * 6
    balanced = weights(bot, source, Train(class_weight="balanced"))
    assert balanced == pytest.approx([1.5, 0.75, 0.75, 0.75, 1.5, 0.75])
    by_source = weights(bot, source, Train(source_weight="balanced"))
    assert by_source == pytest.approx([0.75] * 4 + [1.5] * 2)
    both = weights(bot, source, Train(class_weight="balanced", source_weight="balanced"))
    assert both == pytest.approx([1.5, 0.5, 0.5, 0.5, 1.5, 1.5])


@pytest.mark.parametrize(("boosters", "threads", "wanted"), [(5, 2, (2, 1)), (2, 8, (2, 4)), (1, 1, (1, 1))])
def test_threads_are_shared_out(boosters, threads, wanted):
    assert at_once(boosters, threads) == wanted


def test_a_monotone_column_never_lowers_the_score():
    settings = QUICK.model_copy(update={"monotone": {"told": 1}})
    booster = lgb.Booster(model_str=train_one(rows(), Growth.of(QUICK), 40, settings, 0, 1))
    ladder = np.zeros((200, 3))
    ladder[:, 0] = np.linspace(-3, 5, 200)
    assert (np.diff(booster.predict(ladder, raw_score=True)) >= 0).all()
    free = lgb.Booster(model_str=train_one(rows(), Growth.of(QUICK), 40, QUICK, 0, 1))
    assert (np.diff(free.predict(ladder, raw_score=True)) < 0).any(), "else the constraint proves nothing"


def trial(raw_at, rows_, tests, proposed=False):
    """A trial with given raw scores after 10 and 20 trees."""
    from models.boosted import log_loss

    raw = np.array(raw_at, dtype=np.float32)
    lost = [[log_loss(r[t.test].astype(float), rows_.is_bot[t.test], rows_.weight[t.test]) for t in tests] for r in raw]
    held = np.array([float(len(t.test)) for t in tests])
    return Trial(Growth.of(QUICK), 0, np.array([10, 20]), raw, np.array(lost), held, proposed)


def test_a_fold_has_no_say_in_its_own_number_of_trees():
    # After 10 trees fold 0 is perfect and fold 1 wrong, after 20 the other way round: each gets what suits the other.
    made = rows(40)
    tests = folds_of(40, 2)
    right = np.where(made.is_bot, 4.0, -4.0)
    first = np.arange(40) % 2 == 0
    only = trial([np.where(first, right, -right), np.where(first, -right, right)], made, tests)
    raw, blends = out_of_fold([only], tests, made, 1)
    assert [b[0].step for b in blends] == [1, 0]
    assert raw == pytest.approx(-right)


def test_a_blend_takes_two_that_err_differently():
    random = np.random.default_rng(0)
    made = rows(2000)
    tests = folds_of(2000)
    truth = np.where(made.is_bot, 1.0, -1.0)
    # The raw score of a point with unit noise around +-1 is twice its value in log-odds.
    trials = [trial([2 * (truth + random.normal(size=2000))] * 2, made, tests) for _ in range(2)]
    assert sorted((m.trial, m.share) for m in choose(trials, tests, made, 3)) == [(0, 0.5), (1, 0.5)]
    assert len(choose(trials, tests, made, 1)) == 1, "no more members than asked for"


def test_a_proposal_must_be_surely_better_than_what_is_known():
    random = np.random.default_rng(0)
    made = rows(200)
    tests = folds_of(200)
    truth = np.where(made.is_bot, 1.0, -1.0)
    known = 2 * (truth + random.normal(size=200))
    hardly = trial([known + 0.02 * truth] * 2, made, tests, proposed=True)
    hardly_noisy = trial([known + 0.02 * truth + random.normal(size=200) * 0.5] * 2, made, tests, proposed=True)
    clearly = trial([known + 2 * truth] * 2, made, tests, proposed=True)
    base = trial([known] * 2, made, tests)
    assert [m.trial for m in choose([base, hardly_noisy], tests, made, 1)] == [0]
    assert [m.trial for m in choose([base, clearly], tests, made, 1)] == [1]
    assert [m.trial for m in choose([base, hardly], tests, made, 1)] == [1], "small, but for every account"


def test_noise_is_not_learned_by_choosing():
    # Labels drawn by chance: whatever was tried, scores of unseen accounts are worth a coin.
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(3)
    n = 600
    made = Rows(random.normal(size=(n, 10)), random.random(n) < 0.5, np.ones(n), [f"c{i}" for i in range(10)])
    tests = folds_of(n)
    settings = QUICK.model_copy(update={"search": Search(trials=8)})
    found = search(Ground(made, tests, settings), settings)
    raw, _ = out_of_fold(found.trials, tests, made, 3)
    # The standard error of an area of 0.5 with 300 against 300 is 0.0236.
    assert abs(roc_auc_score(made.is_bot, raw) - 0.5) < 3 * 0.0236


def test_the_search_tells_what_it_tried_and_why_it_ended():
    made = rows()
    settings = QUICK.model_copy(update={"search": Search(trials=len(KNOWN) + 3)})
    ground = Ground(made, folds_of(300), settings)
    ticks: list[str] = []
    found = search(ground, settings, ticks.append)
    study = found.study(settings, 300)
    assert study["stopped_by"] == "trials"
    assert len(study["trials"]) == len(ticks) == len(KNOWN) + 3
    assert study["best"]["value"] == min(t["value"] for t in study["trials"])
    assert [t.proposed for t in found.trials] == [False] * (1 + len(KNOWN)) + [True] * 2
    assert study == search(ground, settings).study(settings, 300), "the same seed, the same study"


def test_a_search_of_none_uses_the_settings_as_they_are():
    settings = QUICK.model_copy(update={"search": Search(trials=0)})
    found = search(Ground(rows(), folds_of(300), settings), settings)
    assert [t.growth for t in found.trials] == [Growth.of(settings)]


def test_the_search_stops_when_its_seconds_are_over(monkeypatch):
    clock = iter(range(0, 10_000, 7))  # every look at the clock is 7 s later
    monkeypatch.setattr("models.search.time.monotonic", lambda: next(clock))
    settings = QUICK.model_copy(update={"search": Search(trials=20, seconds=10)})
    found = search(Ground(rows(), folds_of(300), settings), settings)
    assert found.stopped_by == "seconds"
    assert len(found.trials) == 2
