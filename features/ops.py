"""The words features are written in: the only place that uses temporal, hash, text and statistical functions of Ibis.

Results must be the same bytes on every engine, thread count and order of rows. So instants are whole seconds since
1970, sums are taken over whole numbers, and nothing approximate or order-dependent (standard deviation by running
updates, first, mode) is used.
"""

from __future__ import annotations

import math

import ibis

from features.declare import Rows, Value

DAY_S = 86_400
# Six digits after the point survive; 2^20 is exact in binary, so scaling itself never rounds.
GRAIN = float(2**20)
MARK = "\x01"  # control characters are removed from text before anything is counted, so this one is free


# --- numbers -------------------------------------------------------------------------------------------------------


def number(x: Value) -> Value:
    """``x`` as a 64-bit float; counters near 2^63 must not overflow when added to."""
    return x.cast("float64")


def flag(x: Value) -> Value:
    """1 for true, 0 for false, missing for null."""
    return x.cast("int64").cast("float64")


def clip(x: Value, low: float, high: float) -> Value:
    """``x`` moved into the range; null stays null."""
    return ibis.ifelse(x < low, low, ibis.ifelse(x > high, high, x))


def over(x: Value, y: Value) -> Value:
    """``x / y``; missing where ``y`` is 0."""
    return number(x) / number(y).nullif(0)


def ratio(x: Value, y: Value) -> Value:
    """``(x + 1) / (y + 1)`` of two counts: defined for zeros, and mild where both are small."""
    return (number(x) + 1) / (number(y) + 1)


def log1p(x: Value) -> Value:
    """Natural logarithm of 1 + ``x`` (a count), rounded to the grain so that every machine agrees."""
    return rounded((number(x) + 1).ln())


def rounded(x: Value) -> Value:
    """``x`` on a grid of 2^-20: hides the last bits in which mathematical libraries differ."""
    return (x * GRAIN).round() / GRAIN


def least(*xs: Value) -> Value:
    """The smallest; null if any is null."""
    smallest = xs[0]
    for x in xs[1:]:
        smallest = ibis.ifelse(smallest.isnull() | x.isnull(), ibis.null("float64"), ibis.least(smallest, x))
    return smallest


def when(condition: Value, then: Value, otherwise: Value = None) -> Value:
    """``then`` where the condition holds, ``otherwise`` elsewhere, also where it is unknown."""
    return ibis.ifelse(condition, then, otherwise)


def either(*xs: Value) -> Value:
    """The first that is not missing."""
    return ibis.coalesce(*xs)


# --- aggregates ----------------------------------------------------------------------------------------------------


def share(condition: Value) -> Value:
    """Share of rows where the condition holds; rows where it is unknown do not count."""
    return condition.cast("int64").mean()


def grains(x: Value, grain: float = GRAIN) -> Value:
    """``x`` as a whole number of grains (at most 2^62), so that its sum does not depend on the order of rows."""
    most = 2.0**62 / grain
    return (clip(number(x), -most, most) * grain).round().cast("int64")


def total(x: Value) -> Value:
    """Sum of a float column (values up to 2^42), independent of the order of rows."""
    return number(grains(x).sum()) / GRAIN


def mean(x: Value) -> Value:
    """Mean of a float column, independent of the order of rows."""
    return over(total(x), x.count())


def variance(x: Value, grain: float = GRAIN) -> Value:
    """Population variance, independent of the order of rows.

    ``grain`` is 1 for whole numbers (exact up to 2^31); the default suits fractions (exact up to 2^21).
    """
    most = math.sqrt(2.0**62 / grain)
    near = clip(number(x), -most, most)
    n = number(x.count()).nullif(0)
    # Two exact sums; what is left of cancellation is far below any difference that matters.
    centre = number(grains(near, grain).sum()) / grain / n
    square = number(grains(near * near, grain).sum()) / grain / n - centre * centre
    return ibis.ifelse(square < 0, 0.0, square)


def sd(x: Value, grain: float = GRAIN) -> Value:
    """Population standard deviation."""
    return variance(x, grain).sqrt()


def entropy(counts: Value, bins: float | None = None) -> Value:
    """Shannon entropy of the shares of ``counts`` (one row per bin, all above 0), in nats or as a share of ln(bins)."""
    n = number(counts.sum()).nullif(0)
    nats = n.ln() - total(number(counts) * number(counts).ln()) / n
    unit = math.log(bins) if bins else 1.0
    return clip(rounded(nats / unit), 0.0, 1.0 if bins else math.inf)


# --- time ----------------------------------------------------------------------------------------------------------


def seconds(at: Value) -> Value:
    """Whole seconds since 1970 of a UTC timestamp."""
    return at.epoch_seconds().cast("float64").floor().cast("int64")


def days_between(later: Value, earlier: Value) -> Value:
    """Days from one timestamp to another, with fractions."""
    return number(seconds(later) - seconds(earlier)) / DAY_S


def second_of_day(at_s: Value) -> Value:
    """0 to 86,399, also before 1970."""
    return ((at_s % DAY_S) + DAY_S) % DAY_S


def hour(at_s: Value) -> Value:
    """Hour of the day in UTC, 0 to 23."""
    return (second_of_day(at_s) / 3600).floor().cast("int64")


def day(at_s: Value) -> Value:
    """Days since 1970 in UTC."""
    return ((at_s - second_of_day(at_s)) / DAY_S).round().cast("int64")


def weekday(at_s: Value) -> Value:
    """0 for Monday to 6 for Sunday; 1970 began on a Thursday."""
    return (((day(at_s) + 3) % 7) + 7) % 7


def before(x: Value, by: Rows, order: list[Value]) -> Value:
    """``x`` of the row before, within ``by``; null in the first."""
    return x.lag().over(ibis.window(group_by=by, order_by=order))


def rank(by: Value, order: list[Value]) -> Value:
    """Place of the row within ``by``, from 0."""
    return ibis.row_number().over(ibis.window(group_by=by, order_by=order))


# --- text ----------------------------------------------------------------------------------------------------------


def plain(text: Value, most: int) -> Value:
    """The first ``most`` characters without control characters; bounds the work a hostile text can cause."""
    return text.substr(0, most).re_replace(r"[\x00-\x1f\x7f]", " ")


def length(text: Value) -> Value:
    """Number of characters (code points)."""
    return text.length()


def without(text: Value, pattern: str) -> Value:
    """``text`` less every match of ``pattern``."""
    return text.re_replace(pattern, "")


def characters(text: Value, pattern: str) -> Value:
    """How many characters ``pattern``, which matches single characters, finds."""
    return text.length() - without(text, pattern).length()


def matches(text: Value, pattern: str) -> Value:
    """How often ``pattern`` is found, without overlap."""
    return characters(text.re_replace(pattern, MARK), MARK)


def found(text: Value, pattern: str) -> Value:
    """True where ``pattern`` is found."""
    return text.re_search(pattern)


def digest(text: Value) -> Value:
    """MD5 of a text: equal texts have equal digests, and a long text is kept in 32 characters."""
    return text.hexdigest("md5")


def similarity(a: Value, b: Value) -> Value:
    """1 less the edit distance over the longer length; missing where both are empty."""
    longest = ibis.greatest(a.length(), b.length())
    return 1 - over(a.levenshtein(b), longest)
