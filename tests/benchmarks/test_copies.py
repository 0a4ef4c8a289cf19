"""Copies without some tables: who is copied, how often, and on which side."""

from __future__ import annotations

import numpy as np

from benchmarks.copies import with_copies
from models.boosted import Rows
from models.folds import Side

NAN = np.nan
GONE = np.array([[0, 0, 0, 1, 0], [0, 0, 1, 1, 0], [0, 1, 1, 1, 0]], dtype=bool)


def rows(x):
    x = np.array(x, dtype=np.float64)
    return Rows(x, np.arange(len(x)) % 2 == 0, np.full(len(x), 2.0), ["age", "posts", "likes", "fans", "given"])


def test_an_account_is_copied_as_often_as_something_goes():
    whole = rows([[1, 2, 3, 4, 5], [1, 2, NAN, NAN, 5], [1, NAN, NAN, NAN, 5]])
    taught, _ = with_copies(whole, [], GONE, 1.0)
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
    taught, lessons = with_copies(whole, tests, GONE, 1.0)
    assert len(taught.x) == 16
    assert lessons[0].train.tolist() == [2, 3, 6, 7, 10, 11, 14, 15]
    assert lessons[1].train.tolist() == [0, 1, 4, 5, 8, 9, 12, 13]
    assert [s.test.tolist() for s in lessons] == [[0, 1], [2, 3]]


def test_without_weight_there_are_no_copies():
    whole = rows([[1, 2, 3, 4, 5]] * 4)
    assert with_copies(whole, [], GONE, 0.0)[0] is whole
