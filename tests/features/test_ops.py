"""The words features are written in, against plain Python: for any numbers, moments and texts, in any order."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from features import ops
from pipeline.database import open_database

QUICK = settings(max_examples=30, deadline=None)
COUNTS = st.integers(0, 2**31 - 1)
MOMENTS = st.integers(-(2**32), 2**33)  # seconds: from 1833 to 2242
NUMBERS = st.floats(-2000, 2000).map(lambda x: round(x, 3))
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
KINDS = {int: ("int64", pa.int64()), float: ("float64", pa.float64()), str: ("string", pa.string())}


class Asked:
    """A relation made of a table with columns of these kinds, compiled once and asked for any rows."""

    def __init__(self, build: Callable[[Any], Any], **kinds: type) -> None:
        self.kinds = {name: KINDS[kind][1] for name, kind in kinds.items()}
        table = ibis.table({"row": "int64", **{n: KINDS[k][0] for n, k in kinds.items()}}, name="given_rows")
        self.sql = str(ibis.to_sql(build(table), dialect="duckdb"))

    def __call__(self, database: Any, **columns: list[Any]) -> list[dict[str, Any]]:
        length = len(next(iter(columns.values())))
        arrays = {"row": pa.array(range(length))} | {n: pa.array(c, self.kinds[n]) for n, c in columns.items()}
        database.register("given_rows", pa.table(arrays))
        return database.sql(self.sql).to_arrow_table().to_pylist()


class Each(Asked):
    """One value per row, in their order."""

    def __init__(self, value: Callable[[Any], Any], **kinds: type) -> None:
        super().__init__(lambda t: t.select("row", v=value(t)).order_by("row"), **kinds)

    def __call__(self, database: Any, **columns: list[Any]) -> list[Any]:
        return [row["v"] for row in super().__call__(database, **columns)]


class Total(Asked):
    """An aggregate over all rows."""

    def __init__(self, value: Callable[[Any], Any], **kinds: type) -> None:
        super().__init__(lambda t: t.aggregate(v=value(t)), **kinds)

    def __call__(self, database: Any, **columns: list[Any]) -> Any:
        return super().__call__(database, **columns)[0]["v"]


@pytest.fixture(scope="module")
def database():
    with open_database() as connection:
        yield connection


# --- numbers -------------------------------------------------------------------------------------------------------

OVER = Each(lambda t: ops.over(t.x, t.y), x=int, y=int)
RATIO = Each(lambda t: ops.ratio(t.x, t.y), x=int, y=int)
CLIP = Each(lambda t: ops.clip(t.x, -10.0, 1000.0), x=float)
LOG1P = Each(lambda t: ops.log1p(t.x), x=int)
LOG2 = Each(lambda t: ops.log2(t.x), x=int)
DRAWN = Each(lambda t: ops.drawn(t.x), x=int)
SURPRISE = Each(lambda t: ops.surprise(t.n, t.e), n=int, e=float)


@QUICK
@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=20))
def test_quotients_are_defined_for_every_pair_of_counts(database, pairs):
    x, y = map(list, zip(*pairs, strict=True))
    assert OVER(database, x=x, y=y) == [a / b if b else None for a, b in pairs]
    assert RATIO(database, x=x, y=y) == [(a + 1) / (b + 1) for a, b in pairs]


@QUICK
@given(st.lists(st.one_of(st.none(), NUMBERS), min_size=1, max_size=20))
def test_clipping_moves_what_is_outside_and_keeps_what_is_missing(database, xs):
    assert CLIP(database, x=xs) == [None if x is None else min(max(x, -10.0), 1000.0) for x in xs]


@QUICK
@given(st.lists(COUNTS, min_size=1, max_size=20))
def test_logarithms_are_right_to_a_millionth(database, xs):
    found = LOG1P(database, x=xs)
    assert found == pytest.approx([math.log1p(x) for x in xs], abs=1e-6)
    assert all((v * ops.GRAIN).is_integer() for v in found)


def test_logarithms_of_powers_of_two_are_exact(database):
    assert LOG2(database, x=[2**k for k in range(60)]) == list(range(60))


@QUICK
@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20))
def test_what_is_drawn_is_a_number_below_one_that_the_input_decides(database, xs):
    found = DRAWN(database, x=xs)
    assert all(0 <= v < 1 for v in found)
    assert found == DRAWN(database, x=xs)


def test_what_is_drawn_is_spread_evenly(database):
    found = np.array(DRAWN(database, x=list(range(4000))))
    assert np.histogram(found, bins=10, range=(0, 1))[0] == pytest.approx(np.full(10, 400), abs=80)


@QUICK
@given(st.lists(st.tuples(st.integers(0, 400), st.floats(0.01, 100)), min_size=1, max_size=20))
def test_surprise_is_the_tail_of_poisson(database, pairs):
    n, expected = map(list, zip(*pairs, strict=True))
    for value, k, rate in zip(SURPRISE(database, n=n, e=expected), n, expected, strict=True):
        if k <= rate:
            assert value == 0
            continue
        truth = -poisson.logsf(k - 1, rate) / math.log(10)
        if math.isinf(truth) or k <= 2 * rate + 2:  # below what a float holds; or where its bound on the tail is loose
            assert value >= 0
        else:
            assert value == pytest.approx(truth, rel=0.02, abs=0.02)


# --- aggregates ----------------------------------------------------------------------------------------------------

MEAN = Total(lambda t: ops.mean(t.x), x=float)
SD_OF_LOGS = Total(lambda t: ops.sd_of_logs(t.x), x=float)
SD = Total(lambda t: ops.sd(t.x), x=int)
CORRELATION = Total(lambda t: ops.correlation(t.x, t.y), x=float, y=float)
ENTROPY = Total(lambda t: ops.entropy(t.c), c=int)
EVENNESS = Total(lambda t: ops.evenness(t.c, 24.0), c=int)
TOP_SHARE = Total(lambda t: ops.top_share(t.c), c=int)
SHARE = Total(lambda t: ops.share(t.x > 4), x=int)
COUNT_WHERE = Total(lambda t: ops.count_where(t.x > 4), x=int)


@QUICK
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_the_order_of_rows(database, xs, dice):
    mixed = dice.sample(xs, len(xs))
    assert MEAN(database, x=xs) == MEAN(database, x=mixed) == pytest.approx(math.fsum(xs) / len(xs), abs=1e-6)
    assert SD_OF_LOGS(database, x=xs) == SD_OF_LOGS(database, x=mixed)


@QUICK
@given(st.lists(st.integers(-(2**31), 2**31), min_size=1, max_size=60))
def test_the_standard_deviation_of_whole_numbers(database, xs):
    assert SD(database, x=xs) == pytest.approx(statistics.pstdev(xs), rel=1e-12)
    assert SD(database, x=xs[:1] * 7) == 0


@QUICK
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=60))
def test_a_correlation_is_between_minus_one_and_one(database, pairs):
    x, y = map(list, zip(*pairs, strict=True))
    found = CORRELATION(database, x=x, y=y)
    assert -1 <= found <= 1
    assert CORRELATION(database, x=y, y=x) == found
    if np.ptp(x) > 1 and np.ptp(y) > 1:
        assert found == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-4)


@pytest.mark.parametrize("x", [[0.0, 0.0], [3.5] * 9])
def test_nothing_goes_together_with_what_does_not_vary(database, x):
    assert CORRELATION(database, x=x, y=[float(i) for i in range(len(x))]) == 0
    assert CORRELATION(database, x=x, y=x) == 0


@QUICK
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=24))
def test_entropy_and_evenness_of_counts(database, counts):
    n = sum(counts)
    truth = -math.fsum(c / n * math.log(c / n) for c in counts)
    assert ENTROPY(database, c=counts) == pytest.approx(truth, abs=3e-6)
    even = EVENNESS(database, c=counts)
    assert 0 <= even <= 1
    assert even == pytest.approx(truth / math.log(min(n, 24)) if n > 1 else 0, abs=1e-5)
    assert TOP_SHARE(database, c=counts) == max(counts) / n


def test_a_single_event_is_spread_over_nothing(database):
    assert EVENNESS(database, c=[1]) == 0


@QUICK
@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=40))
def test_shares_leave_out_what_is_unknown(database, xs):
    known = [x > 4 for x in xs if x is not None]
    assert SHARE(database, x=xs) == (pytest.approx(sum(known) / len(known)) if known else None)
    assert COUNT_WHERE(database, x=xs) == sum(known)


# --- time ----------------------------------------------------------------------------------------------------------

HOUR = Each(lambda t: ops.hour(t.s), s=int)
WEEKDAY = Each(lambda t: ops.weekday(t.s), s=int)
DAY = Each(lambda t: ops.day(t.s), s=int)
CLOCK = Each(lambda t: ops.second_of_day(t.s), s=int)
THERE_AND_BACK = Each(lambda t: ops.seconds(ops.instant(t.s)), s=int)
SPAN_S = 60
WITHIN = Each(lambda t: ops.within(t.s, t.one, SPAN_S), s=int, one=int)
BEFORE = Each(lambda t: ops.before(t.x, t.one, [t.row], 2), x=int, one=int)


@QUICK
@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_the_clock_and_the_calendar_agree_with_pythons_before_and_after_1970(database, moments):
    then = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=s) for s in moments]
    assert HOUR(database, s=moments) == [d.hour for d in then]
    assert WEEKDAY(database, s=moments) == [d.weekday() for d in then]
    assert DAY(database, s=moments) == [(d - datetime(1970, 1, 1, tzinfo=UTC)).days for d in then]
    assert CLOCK(database, s=moments) == [d.hour * 3600 + d.minute * 60 + d.second for d in then]
    assert THERE_AND_BACK(database, s=moments) == moments


@QUICK
@given(st.lists(st.integers(0, 500), min_size=1, max_size=40))
def test_a_moving_window_counts_its_own_second_and_nothing_after(database, moments):
    found = WITHIN(database, s=moments, one=[1] * len(moments))
    assert found == [sum(at - SPAN_S <= other <= at for other in moments) for at in moments]


@QUICK
@given(st.lists(st.integers(0, 99), min_size=1, max_size=40))
def test_the_row_two_before(database, xs):
    assert BEFORE(database, x=xs, one=[1] * len(xs)) == [None, None, *xs][: len(xs)]


# --- text ----------------------------------------------------------------------------------------------------------

PATTERNS = ("[0-9]", "[a-z]", "#", "[^a-z0-9]")
COUNTED = {
    p: [Each(lambda t, p=p, count=count: count(t.x, p), x=str) for count in (ops.characters, ops.matches)]
    for p in PATTERNS
}
LENGTH = Each(lambda t: ops.length(t.x), x=str)
SIMILARITY = Each(lambda t: ops.similarity(t.a, t.b), a=str, b=str)
PLAIN = Each(lambda t: ops.plain(t.x, 20), x=str)
WORDS = Asked(lambda t: ops.words_of(t, "x"), x=str)
PHRASES = Asked(lambda t: ops.phrases_of(t, "x", 2), x=str)
PAIRS = Asked(lambda t: ops.pairs_of(t, "x"), x=str)


@QUICK
@given(st.lists(TEXTS, min_size=1, max_size=10), st.sampled_from(PATTERNS))
def test_characters_and_matches_are_counted_as_python_counts_them(database, texts, pattern):
    truth = [len(re.findall(pattern, text)) for text in texts]
    for count in COUNTED[pattern]:
        assert count(database, x=texts) == truth
    assert LENGTH(database, x=texts) == [len(text) for text in texts]


@QUICK
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=10))
def test_similarity_is_a_share_and_one_for_equals(database, pairs):
    a, b = map(list, zip(*pairs, strict=True))
    found = SIMILARITY(database, a=a, b=b)
    assert all(v is None or 0 <= v <= 1 for v in found)
    assert [v is None for v in found] == [not x and not y for x, y in pairs]
    assert SIMILARITY(database, a=a, b=a) == [1 if x else None for x in a]


def test_one_letter_of_four_is_another(database):
    assert SIMILARITY(database, a=["anna", "anna"], b=["anne", ""]) == [0.75, 0]


@QUICK
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60), min_size=1, max_size=10))
def test_plain_text_is_short_and_has_no_control_characters(database, texts):
    control = re.compile(r"[\x00-\x1f\x7f]+")
    assert PLAIN(database, x=texts) == [control.sub(" ", text[:20]) for text in texts]


@QUICK
@given(st.lists(st.lists(st.sampled_from(["a", "bb", "ccc", "ä"]), max_size=6), min_size=1, max_size=8))
def test_words_and_phrases_of_a_text(database, sentences):
    texts = [" ".join(words) for words in sentences]
    assert sorted(r["word"] for r in WORDS(database, x=texts)) == sorted(w for words in sentences for w in words)
    truth = [" ".join(two) for words in sentences for two in pairwise(words)]
    assert sorted(r["phrase"] for r in PHRASES(database, x=texts)) == sorted(truth)


@QUICK
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_pairs_of_neighbouring_characters(database, texts):
    truth = [text[i : i + 2] for text in texts for i in range(len(text) - 1)]
    assert sorted(r["pair"] for r in PAIRS(database, x=texts)) == sorted(truth)


# --- relations -----------------------------------------------------------------------------------------------------


def counts_joined(t: Any) -> Any:
    """Each row with the number of rows of its key, for keys other than c."""
    counted = t.group_by("k").aggregate(n=t.count()).filter(ibis._.k != "c")
    return ops.joined(t, counted, {"k": "k"}).order_by("row")


JOINED = Asked(counts_joined, k=str)


@QUICK
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9))
def test_a_join_keeps_every_row_of_the_left(database, keys):
    found = JOINED(database, k=keys)
    assert [r["k"] for r in found] == keys
    assert [r["n"] for r in found] == [None if k == "c" else keys.count(k) for k in keys]
