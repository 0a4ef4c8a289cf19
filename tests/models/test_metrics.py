"""Metrics agree with scikit-learn and with arithmetic, and say when they mean nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)

from models.metrics import METRICS, Scores, best_threshold, call_out_of_fold, measure


def one(is_bot, p, called=None, resamples=10):
    is_bot = np.array(is_bot, dtype=bool)
    scores = Scores(np.array(p, dtype=float), called or {})
    values, _ = measure(is_bot, {"model": scores}, resamples=resamples, level=0.95, seed=0)
    return values["model"]


def test_by_hand():
    # Ranked: bot, person, bot, person. Pairs won: 2 + 1 of 4. Precision at the bots: 1 and 2/3.
    found = one([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1])
    assert found["roc_auc"]["value"] == 0.75
    assert found["average_precision"]["value"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-6)
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4, abs=1e-6)


def test_recall_counts_bots_above_the_allowed_people():
    # 200 people: 1% are 2. Above the second person stand 3 of 4 bots; the third person ends it.
    bots, people = [0.9, 0.8, 0.65, 0.1], [0.7, 0.6, 0.5] + [0.2] * 197
    found = one([1] * 4 + [0] * 200, bots + people)
    assert found["recall_at_1pct_fpr"]["value"] == 0.75
    assert found["recall_at_01pct_fpr"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "needs 1,000 people to tell such a rate, has 200",
    }


def test_a_tie_cannot_be_parted():
    # All 100 people and the bot share one score: calling the bot calls everybody.
    found = one([1] + [0] * 100, [0.5] * 101)
    assert found["recall_at_1pct_fpr"]["value"] == 0
    assert found["roc_auc"]["value"] == 0.5


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.booleans()), min_size=4, max_size=60))
def test_like_scikit_learn(rows):
    is_bot, p, called = (np.array(c) for c in zip(*rows, strict=True))
    is_bot[:2] = (True, False)
    p = p / 20
    found = one(is_bot, p, {"f1": called, "mcc": called}, resamples=2)
    assert found["roc_auc"]["value"] == pytest.approx(roc_auc_score(is_bot, p), abs=1e-6)
    assert found["average_precision"]["value"] == pytest.approx(average_precision_score(is_bot, p), abs=1e-6)
    assert found["brier"]["value"] == pytest.approx(brier_score_loss(is_bot, p), abs=1e-6)
    assert found["log_loss"]["value"] == pytest.approx(log_loss(is_bot, p), abs=1e-4)
    assert found["f1"]["value"] == pytest.approx(f1_score(is_bot, called), abs=1e-6)
    if called.all() or not called.any():
        assert found["mcc"]["value"] is None
        assert found["mcc"]["reason"]
    else:
        assert found["mcc"]["value"] == pytest.approx(matthews_corrcoef(is_bot, called), abs=1e-6)


def test_one_class_has_no_ranking_but_a_loss():
    found = one([1, 1], [0.9, 0.8])
    assert found["roc_auc"]["value"] is None
    assert found["roc_auc"]["reason"] == "one class only: 2 bots and 0 people"
    assert found["log_loss"]["value"] == pytest.approx(-(math.log(0.9) + math.log(0.8)) / 2, abs=1e-6)


def test_no_number_is_ever_not_a_number():
    for rows in ([], [1], [0, 0]):
        for metric in one(rows, [0.5] * len(rows)).values():
            assert metric["value"] is None or math.isfinite(metric["value"])
            assert metric["value"] is not None or metric["reason"]


def test_calibration_error_is_the_distance_of_said_and_seen():
    # 10 accounts said 0.2, 3 of them bots; 10 said 0.8, 8 of them bots: (10 * 0.1 + 10 * 0) / 20.
    is_bot = [1] * 3 + [0] * 7 + [1] * 8 + [0] * 2
    assert one(is_bot, [0.2] * 10 + [0.8] * 10)["expected_calibration_error"]["value"] == pytest.approx(0.05)


def test_intervals_shrink_with_more_accounts_and_cover_the_truth():
    # Scores of bots lie one standard deviation higher: the area is Phi(1 / sqrt 2) = 0.7602.
    covered, widths = 0, {}
    for n in (100, 1600):
        for seed in range(30):
            random = np.random.default_rng(seed)
            is_bot = np.arange(n) % 2 == 0
            found = one(is_bot, random.normal(size=n) + is_bot, resamples=200)["roc_auc"]
            covered += found["low"] <= 0.7602 <= found["high"]
            widths[n] = found["high"] - found["low"]
    assert covered >= 51, "95% of 60 are 57; 51 would happen by chance once in 300 times"
    assert 3 < widths[100] / widths[1600] < 5.5, "16 times the accounts, a quarter of the width"


def test_differences_are_paired():
    # The second system is the first with one more mistake everywhere: it never wins in any resample.
    random = np.random.default_rng(0)
    is_bot = np.arange(300) % 2 == 0
    good = random.normal(size=300) + 2 * is_bot
    bad = good + random.normal(size=300)
    systems = {"model": Scores(good), "copy": Scores(good.copy()), "worse": Scores(bad)}
    values, differences = measure(is_bot, systems, resamples=100, level=0.95, seed=0)
    assert differences["copy"]["roc_auc"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    gap = values["model"]["roc_auc"]["value"] - values["worse"]["roc_auc"]["value"]
    assert differences["worse"]["roc_auc"]["value"] == pytest.approx(gap, abs=2e-6)
    assert differences["worse"]["roc_auc"]["low"] > 0


def test_the_seed_decides():
    is_bot, p = np.arange(50) % 2 == 0, np.random.default_rng(0).random(50)
    first, again, other = (
        measure(is_bot, {"m": Scores(p)}, resamples=50, level=0.9, seed=s)[0]["m"]["roc_auc"] for s in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("metric", ["f1", "mcc"])
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=4, max_size=40))
def test_the_best_threshold_is_the_best_of_all(metric, rows):
    is_bot, p = (np.array(c) for c in zip(*rows, strict=True))
    is_bot[:2] = (True, False)
    score = f1_score if metric == "f1" else matthews_corrcoef

    def quality(cut):
        return score(is_bot, p >= cut) if (p >= cut).any() else 0.0

    best = max(quality(c) for c in [*range(10), 11])
    assert quality(best_threshold(is_bot, p.astype(float), metric)) == pytest.approx(max(best, 0))


def test_a_fold_has_no_say_in_its_own_threshold():
    # Fold 1 says that bots start at 0.9, so the bot of fold 0 at 0.5 is not called, although fold 0 would call it.
    is_bot = np.array([1, 0, 1, 0], dtype=bool)
    p = np.array([0.5, 0.1, 0.9, 0.6])
    called = call_out_of_fold(is_bot, p, np.array([0, 0, 1, 1]))
    assert called["f1"].tolist() == [False, False, True, True]


def test_every_metric_is_described():
    assert all(m.says and name == m.name for name, m in METRICS.items())
