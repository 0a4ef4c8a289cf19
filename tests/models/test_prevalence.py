"""The share of bots among unlabelled accounts is found where counting is wrong, and its interval is honest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from features.errors import BadInput
from models.prevalence import Mistaken, Share, adjusted_count, em_share, estimate_prevalence


def scored(n: int, share: float, seed: int, apart: float = 2.5, known_share: float = 0.3):
    """Accounts whose scores are normal and ``apart`` standard deviations apart, calibrated at ``known_share``."""
    rng = np.random.default_rng(seed)
    bot = rng.random(n) < share
    score = rng.normal(np.where(bot, apart, 0), 1)
    return bot, expit(apart * score - apart**2 / 2 + np.log(known_share / (1 - known_share)))


def test_adjusted_count_removes_false_alarms_and_adds_misses():
    # 26% called; 80% of bots and 10% of people are: (0.26 - 0.10) / (0.80 - 0.10) = 0.16 / 0.70.
    assert adjusted_count(0.26, hits=0.8, alarms=0.1) == pytest.approx(0.16 / 0.7)


def test_adjusted_count_stays_a_share():
    assert adjusted_count(0.05, hits=0.8, alarms=0.1) == 0
    assert adjusted_count(0.95, hits=0.8, alarms=0.1) == 1


def test_em_solves_the_two_score_case_that_can_be_worked_by_hand():
    # Scores .9 and .1 where half are bots: a bot shows .9 nine times of ten, a person once. If 26% of a population
    # show .9, then share * .9 + (1 - share) * .1 = .26, so share = .2.
    assert em_share(np.array([0.9, 0.1]), 0.5, np.array([26.0, 74.0])) == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("share", [0.01, 0.03, 0.1, 0.2, 0.4])
def test_intervals_cover_the_truth_from_1_to_40_percent_bots(share):
    covered, errors = {"em": 0, "adjusted_count": 0}, []
    rounds = 25
    for seed in range(rounds):
        bot, probability = scored(2000, 0.3, seed)
        there, population = scored(3000, share, seed + 1000)
        found = estimate_prevalence(population, bot, probability, resamples=60, seed=seed)
        errors.append(found.em.value - there.mean())
        for method in covered:
            told = getattr(found, method)
            covered[method] += told.low <= there.mean() <= told.high
        assert found.trusted
    assert abs(np.mean(errors)) < 0.005
    # 95% intervals: 20 or fewer of 25 would happen by chance less than once in a hundred times.
    assert min(covered.values()) > 20


def test_plain_counting_is_far_off_where_the_estimate_is_not():
    bot, probability = scored(3000, 0.3, 1, apart=1.5)
    there, population = scored(5000, 0.01, 2, apart=1.5)
    found = estimate_prevalence(population, bot, probability, resamples=50)
    assert abs(found.em.value - there.mean()) < 0.015
    assert abs((population >= 0.5).mean() - there.mean()) > 0.03


def test_a_score_that_overstates_is_calibrated_before_it_is_counted():
    bot, probability = scored(4000, 0.3, 3)
    there, population = scored(4000, 0.1, 4)

    def overstated(p):
        return expit(2 * np.log(p / (1 - p)) + 1)

    found = estimate_prevalence(overstated(population), bot, overstated(probability), resamples=50)
    assert abs(found.em.value - there.mean()) < 0.02


def test_accounts_of_another_kind_are_told_apart_from_a_mixture():
    bot, probability = scored(2000, 0.3, 5)
    strange = np.full(1000, 0.5)  # neither like the bots nor like the people
    found = estimate_prevalence(strange, bot, probability, resamples=20)
    assert not found.trusted
    assert "Label a sample" in found.says


def test_a_model_that_never_errs_counts_exactly():
    bot = np.arange(200) < 60
    population = np.where(np.arange(1000) < 50, 0.999, 0.001)
    found = estimate_prevalence(population, bot, np.where(bot, 0.999, 0.001), resamples=100)
    assert found.em.value == pytest.approx(0.05, abs=0.002)
    assert found.adjusted_count.value == pytest.approx(0.05)


def test_the_order_of_accounts_does_not_matter():
    bot, probability = scored(500, 0.3, 6)
    _, population = scored(700, 0.2, 7)
    once = estimate_prevalence(population, bot, probability, resamples=20)
    assert estimate_prevalence(population[::-1], bot, probability, resamples=20) == once


@pytest.mark.parametrize(
    ("population", "is_bot", "probability", "says"),
    [
        ([0.5], [True, True], [0.5, 0.6], "both classes"),
        ([], [True, False], [0.5, 0.6], "at least one account"),
        ([np.nan], [True, False], [0.5, 0.6], "numbers from 0 to 1"),
        ([0.5], [True, False], [0.5, 1.6], "numbers from 0 to 1"),
    ],
)
def test_what_cannot_be_counted_is_refused(population, is_bot, probability, says):
    with pytest.raises(BadInput, match=says):
        estimate_prevalence(np.array(population), np.array(is_bot), np.array(probability))


def test_the_interval_holds_where_labels_are_right_and_where_they_are_wrong():
    # 2 of 100 labelled people are bots, 10 of 100 labelled bots are people: where nobody scores like labelled bots
    # 2% are bots all the same, and where everybody does 90% are.
    mistaken = Mistaken(people=0.02, bots=0.1)
    assert mistaken(0.0) == pytest.approx(0.02)
    assert mistaken(1.0) == pytest.approx(0.9)
    assert mistaken.widened(Share(0.01, 0.0, 0.015)) == Share(0.01, 0.0, pytest.approx(0.02 + 0.015 * 0.88))
    assert mistaken.widened(Share(0.95, 0.9, 1.0)) == Share(0.95, pytest.approx(0.02 + 0.9 * 0.88), 1.0)


def test_people_labelled_by_mistake_are_in_the_interval():
    bot, p = scored(4000, 0.25, seed=1, apart=4.0)
    missed = np.flatnonzero(bot)[::16]
    given = bot.copy()
    given[missed] = False  # 2 in 100 of those called people are bots
    truth, population = scored(3000, 0.01, seed=2, apart=4.0)
    plain = estimate_prevalence(population, given, p, resamples=50)
    told = estimate_prevalence(population, given, p, resamples=50, mistaken=Mistaken(len(missed) / (~given).sum(), 0.0))
    assert plain.em.high < truth.mean()
    assert told.em.low <= truth.mean() <= told.em.high
    assert told.em.value == plain.em.value
