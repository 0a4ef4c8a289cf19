"""Calibrated probabilities rise with the score, are never certain, and are right on average."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import FURTHEST, METHODS, choose, cross_fitted, fit, logit, prior_shift, sigmoid
from models.vennabers import fit_interval


def drawn(n=4000, slope=0.6, base=-0.5, seed=0):
    """Raw scores, and bots drawn with log-odds ``slope`` * raw + ``base``."""
    random = np.random.default_rng(seed)
    raw = random.normal(size=n) * 2
    return raw, random.random(n) < sigmoid(slope * raw + base)


@pytest.mark.parametrize("method", METHODS)
@given(
    st.lists(st.tuples(st.floats(-20, 20), st.booleans()), min_size=2, max_size=60),
    st.lists(st.floats(-25, 25).map(lambda v: round(v, 3)), min_size=2, max_size=20, unique=True),
)
def test_a_higher_score_is_never_less_likely_a_bot(method, seen, asked):
    raw, is_bot = (np.array(c) for c in zip(*seen, strict=True))
    is_bot[:2] = (True, False)
    p = fit(method, raw, is_bot)(np.sort(asked))
    assert ((p > 0) & (p < 1)).all()
    assert (np.diff(p) >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_no_two_scores_are_tied_within_reach(method):
    raw, is_bot = drawn()
    asked = np.linspace(-12, 12, 2001)
    assert (np.diff(fit(method, raw, is_bot)(asked)) > 0).all()


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_overconfident_scores_are_put_right(method):
    raw, is_bot = drawn()
    p = fit(method, raw, is_bot)(raw)
    truth = sigmoid(0.6 * raw - 0.5)
    assert np.abs(p - truth).mean() < 0.025
    assert p.mean() == pytest.approx(is_bot.mean(), abs=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_even_perfect_scores_are_not_certain(method):
    raw = np.array([-3.0, -2, -1, 1, 2, 3])
    p = fit(method, raw, raw > 0)(np.array([-1e6, 1e6]))
    assert 0 < p[0] < 0.5 < p[1] < 1


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_scores_that_point_the_wrong_way_say_only_how_common_bots_are(method):
    raw, is_bot = drawn()
    p = fit(method, -raw, is_bot)(np.array([-1.0, 1.0]))
    assert p == pytest.approx([is_bot.mean()] * 2, abs=0.02)


def test_the_method_is_chosen_by_log_loss_on_unseen_folds():
    raw, is_bot = drawn()
    fold = np.arange(len(raw)) % 5
    method, losses = choose(raw, is_bot, fold)
    assert method == "platt", "the truth is a straight line"
    assert set(losses) == set(METHODS)
    assert losses["none"] > losses["platt"] + 0.005
    assert choose(raw, is_bot, fold, "isotonic")[0] == "isotonic"


def test_a_calibrated_score_is_left_alone():
    raw, is_bot = drawn(slope=1, base=0)
    assert choose(raw, is_bot, np.arange(len(raw)) % 5)[0] == "none"


def test_a_fold_is_calibrated_by_the_others_only():
    raw, is_bot = drawn(200)
    fold = np.arange(200) % 2
    p = cross_fitted("platt", raw, is_bot, fold)
    assert p[fold == 0] == pytest.approx(fit("platt", raw[fold == 1], is_bot[fold == 1])(raw[fold == 0]))


def test_rarer_bots_make_every_account_less_suspect():
    # Odds 1 to 1 where bots are half; where they are a tenth, prior odds fall from 1 to 1/9 and so do the account's.
    shift = prior_shift(0.1, 0.5)
    assert sigmoid(np.array([0.0 + shift])) == pytest.approx([0.1])
    assert prior_shift(None, 0.5) == 0
    assert prior_shift(0.3, 0.3) == 0


def test_log_odds_go_there_and_back():
    p = np.array([1e-9, 0.2, 0.5, 0.999])
    assert sigmoid(logit(p)) == pytest.approx(p)
    assert logit(0.0) == -FURTHEST
    assert logit(1.0) == FURTHEST


def test_venn_abers_by_hand():
    # Scores 1 (person) and 2 (bot). At 2, a second bot changes nothing: 1. A person there makes it 1 of 2. At 1, a
    # second person leaves 0, a bot makes it 1 of 2.
    interval = fit_interval(np.array([1.0, 2.0]), np.array([False, True]))
    asked = np.array([1.0, 2.0])
    low, high = interval(asked, np.array([0.2, 0.8]))
    assert low == pytest.approx([0, 0.5], abs=1e-9)
    assert high == pytest.approx([0.5, 1], abs=1e-9)


def test_the_interval_encloses_the_probability_and_narrows_with_evidence():
    widths = {}
    for n in (200, 5000):
        raw, is_bot = drawn(n)
        interval, curve = fit_interval(raw, is_bot), fit("platt", raw, is_bot)
        asked = np.linspace(-8, 8, 100)
        for shift in (0.0, -2.0):
            p = curve(asked, shift)
            low, high = interval(asked, p, shift)
            assert ((low <= p) & (p <= high) & (low > 0) & (high < 1)).all()
        low, high = interval(raw, curve(raw))
        widths[n] = float((high - low).mean())
    assert widths[5000] < widths[200] / 2


def test_the_venn_abers_bounds_are_calibrated():
    # Of accounts whose interval lies around 0.3, between the mean low and the mean high share are bots.
    raw, is_bot = drawn(3000, seed=1)
    interval = fit_interval(raw, is_bot)
    fresh, truth = drawn(20000, seed=2)
    p = sigmoid(0.6 * fresh - 0.5)
    low, high = interval(fresh, p)
    here = (p > 0.25) & (p < 0.35)
    assert low[here].mean() - 0.03 < truth[here].mean() < high[here].mean() + 0.03
