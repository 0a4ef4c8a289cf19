"""A population without labels helps to tell its own bots, and no account is told by its own guess."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from models.adaptation import adapted_scores, portable, ranks, surest, teach, with_guesses
from models.boosted import Rows
from models.settings import Adapt, Train

ONE_THREAD = Train(threads=1)


def test_ends_of_the_scores_count_as_labelled():
    found = surest(np.array([0.9, 0.1, 0.5, 0.2, 0.8, 0.4, 0.6, 0.3, 0.7, 1.0]), 0.2)
    assert found.rows.tolist() == [0, 1, 3, 9]
    assert found.is_bot.tolist() == [True, False, False, True]


def test_scores_that_tell_nobody_apart_give_no_guess():
    assert len(surest(np.full(50, 0.3), 0.1).rows) == 0


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=60), st.floats(0.01, 0.49))
def test_guessed_bots_score_above_guessed_people(values, share):
    score = np.array(values)
    found = surest(score, share)
    bots, people = score[found.rows[found.is_bot]], score[found.rows[~found.is_bot]]
    assert not len(bots) or not len(people) or bots.min() > people.max()
    assert len(set(found.rows)) == len(found.rows)


def test_equal_scores_share_their_rank():
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5 / 4, 1 / 4, 3.5 / 4, 2 / 4]


def test_guesses_weigh_what_is_asked_of_all_labelled_rows():
    rows = Rows(np.zeros((4, 1)), np.array([True, False, True, False]), np.ones(4), ["a"])
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    taught = with_guesses(rows, x, surest(np.array([0.0, 0.4, 0.6, 1.0]), 0.25), 0.5)
    assert taught.x[4:].tolist() == [[1.0], [4.0]]
    assert taught.is_bot[4:].tolist() == [False, True]
    assert taught.weight.tolist() == [1, 1, 1, 1, 1, 1]  # 0.5 of 4 over two guesses


def test_features_that_do_not_travel_are_left_out():
    assert portable(["followers", "age_days", "lists"], Adapt()) == [0, 2]


def two_worlds(seed: int = 0) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Bots of both worlds post much, and in the second their names are short too."""
    random = np.random.default_rng(seed)
    bot, there = random.random(1500) < 0.5, random.random(1500) < 0.5
    first = np.column_stack([bot * 1.2 + random.normal(size=1500), random.normal(size=1500)])
    second = np.column_stack([there * 1.2 + random.normal(size=1500), there * -3.0 + random.normal(size=1500)])
    return Rows(first, bot, np.ones(1500), ["posts", "name_length"]), second, there


@pytest.mark.parametrize("seed", range(3))
def test_what_is_common_shows_what_is_new(seed):
    rows, x, bot = two_worlds(seed)
    before = roc_auc_score(bot, teach(rows, x, ONE_THREAD))
    after = roc_auc_score(bot, adapted_scores(rows, x, ONE_THREAD, Adapt()))
    assert before < 0.85
    assert after > before + 0.05


def test_the_same_population_gets_the_same_scores():
    rows, x, _ = two_worlds()
    once, again = (adapted_scores(rows, x, ONE_THREAD, Adapt()) for _ in range(2))
    assert once.tolist() == again.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_a_population_like_the_training_accounts_loses_nothing(seed):
    random = np.random.default_rng(seed)
    bot = random.random(3000) < 0.5
    x = np.column_stack([bot * 2.0 + random.normal(size=3000), random.normal(size=3000)])
    rows = Rows(x[:1500], bot[:1500], np.ones(1500), ["posts", "name_length"])
    before = roc_auc_score(bot[1500:], teach(rows, x[1500:], ONE_THREAD))
    assert roc_auc_score(bot[1500:], adapted_scores(rows, x[1500:], ONE_THREAD, Adapt())) > before - 0.01
