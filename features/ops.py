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
MOST = 2.0**42  # what can be counted in grains by 64-bit whole numbers
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
    # Ibis's own clip repeats ``x`` six times, and least and greatest alone would take null for a bound.
    return ibis.ifelse(x.notnull(), ibis.greatest(ibis.least(x, high), low), ibis.null(x.type()))


def nothing(kind: str) -> Value:
    """A value of the type ``kind`` that is not known."""
    return ibis.null(kind)


def constant(x: float | str) -> Value:
    """``x`` in every row; a bare text would be taken for the name of a column."""
    return ibis.literal(x)


def over(x: Value, y: Value) -> Value:
    """``x / y``; missing where ``y`` is 0."""
    return number(x) / number(y).nullif(0)


def ratio(x: Value, y: Value) -> Value:
    """``(x + 1) / (y + 1)`` of two counts: defined for zeros, and mild where both are small."""
    return (number(x) + 1) / (number(y) + 1)


def log1p(x: Value) -> Value:
    """Natural logarithm of 1 + ``x`` (a count), on the grain."""
    return log(number(x) + 1)


def log(x: Value) -> Value:
    """Natural logarithm of a number above 0, on the grain so that every machine agrees and its sums are exact."""
    return (x.ln() * GRAIN).round() / GRAIN


def log2(x: Value) -> Value:
    """Logarithm to base 2 of a number above 0, on the grain: exact for powers of two."""
    return (number(x).log2() * GRAIN).round() / GRAIN


def rounded(x: Value) -> Value:
    """``x`` to six digits after the point: hides the last bits in which mathematical libraries differ."""
    return x.round(6)


def whole(x: Value) -> Value:
    """The largest whole number not above ``x``."""
    return x.floor().cast("int64")


def distance(x: Value, y: Value) -> Value:
    """How far apart two numbers are."""
    return (x - y).abs()


def drawn(x: Value) -> Value:
    """A number from 0 to below 1 that a whole number decides, spread evenly: Lehmer's multiplicative steps."""
    prime = 2**31 - 1
    return number(((x % prime + prime) % prime * 48_271 % prime * 16_807) % prime) / prime


def surprise(n: Value, expected: Value) -> Value:
    """How unlikely ``n`` or more events are where ``expected`` are: -log10 of a Poisson tail; 0 where n is not more.

    The first term of the tail with a geometric bound for the rest, and Stirling's series: never too surprising; within
    0.2% where n is five times as many as expected or more, within 2% where the tail is below 1%.
    """
    n, expected = number(n), largest(number(expected), 1e-12)
    known = n > expected
    k = ifelse_positive(known, n)
    factorial = k * k.ln() - k + (2 * math.pi * k).ln() / 2 + 1 / (12 * k)
    tail = k * expected.ln() - expected - factorial - (1 - expected / (k + 1)).ln()
    return ibis.ifelse(known, largest(rounded(-tail / math.log(10)), 0.0), 0.0)


def ifelse_positive(condition: Value, x: Value) -> Value:
    """``x`` where the condition holds, else 1: so that a logarithm beside it is defined."""
    return ibis.ifelse(condition, x, 1.0)


def largest(*xs: Value) -> Value:
    """The largest of those that are known."""
    return ibis.greatest(*xs)


def smallest(*xs: Value) -> Value:
    """The smallest of those that are known."""
    return ibis.least(*xs)


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


def count_where(condition: Value) -> Value:
    """Rows where the condition holds."""
    return ibis.ifelse(condition, 1, None).count()


def quantile(x: Value, q: float) -> Value:
    """The value that a share ``q`` of the rows does not exceed, between two rows in proportion."""
    return x.quantile(q)


def grains(x: Value) -> Value:
    """``x``, cut at 2^42, as a whole number of grains, so that its sum does not depend on the order of rows."""
    return (clip(number(x), -MOST, MOST) * GRAIN).round().cast("int64")


def mean(x: Value) -> Value:
    """Mean of a float column, independent of the order of rows."""
    return over(grains(x).sum(), x.count()) / GRAIN


def sd(x: Value) -> Value:
    """Population standard deviation of whole numbers up to 2^31, independent of the order of rows."""
    return _square_sum(x, x).sqrt() / number(x.count()).nullif(0)


def sd_of_logs(x: Value) -> Value:
    """Population standard deviation of a float column of numbers up to 2^11, such as logarithms."""
    return sd(grains(x)) / GRAIN


def collected(x: Value, place: Value, most: int) -> Value:
    """The texts of a group at places 0 to below ``most`` (at most 1,000) as a list in their order."""
    # Spark collects in no order and DuckDB knows no common way to take a part of each item: the place goes in front of
    # the text, three digits long, until the list is sorted.
    numbered = (place + 1_000).cast("string").substr(1, 3) + x
    joined_texts = numbered.collect(where=place < most).sort().join(MARK)
    return joined_texts.re_replace(f"(^|{MARK})[0-9]{{3}}", MARK).substr(1).split(MARK)


def correlation(x: Value, y: Value) -> Value:
    """Pearson's correlation of two float columns of numbers up to 2^11; 0 where one of them does not vary."""
    x, y = grains(x), grains(y)
    apart = _square_sum(x, x).sqrt() * _square_sum(y, y).sqrt()
    # What is unknown is put to 0 first: the smallest of those that are known would be the bound.
    return largest(smallest(either(rounded(over(_square_sum(x, y), apart)), 0.0), 1.0), -1.0)


def _square_sum(x: Value, y: Value) -> Value:
    """n^2 times the covariance of whole numbers: exact until the last step, and exactly 0 where nothing varies."""
    return number(x.count() * (x * y).sum() - x.sum() * y.sum())


def entropy(counts: Value) -> Value:
    """Shannon entropy in nats of the shares of ``counts`` (one row per bin, all above 0)."""
    n = number(counts.sum())
    terms = grains(number(counts) * number(counts).ln())
    return largest(rounded(n.ln() - number(terms.sum()) / GRAIN / n), 0.0)


def evenness(counts: Value, bins: float) -> Value:
    """Entropy of ``counts`` over the most that ``bins`` bins, or as many events, allow; 0 for one event."""
    most = smallest(counts.sum(), bins)
    return smallest(either(over(entropy(counts), log(number(most))), 0.0), 1.0)


def top_share(counts: Value) -> Value:
    """Share of the largest of ``counts`` (one row per bin)."""
    return over(counts.max(), counts.sum())


# --- time ----------------------------------------------------------------------------------------------------------


def no_moment() -> Value:
    """A moment that is not known."""
    return ibis.null("timestamp(6)")


def seconds(at: Value) -> Value:
    """Whole seconds since 1970 of a UTC timestamp."""
    return at.epoch_seconds().cast("float64").floor().cast("int64")


def instant(at_s: Value) -> Value:
    """The UTC timestamp that is ``at_s`` whole seconds after 1970."""
    return at_s.as_timestamp("s")


def days_between(later: Value, earlier: Value) -> Value:
    """Days from one timestamp to another, with fractions."""
    return number(seconds(later) - seconds(earlier)) / DAY_S


def second_of_day(at_s: Value) -> Value:
    """0 to 86,399, also before 1970."""
    return ((at_s % DAY_S) + DAY_S) % DAY_S


def hour(at_s: Value) -> Value:
    """Hour of the day in UTC, 0 to 23."""
    return whole(second_of_day(at_s) / 3600)


def day(at_s: Value) -> Value:
    """Days since 1970 in UTC."""
    return ((at_s - second_of_day(at_s)) / DAY_S).round().cast("int64")


def weekday(at_s: Value) -> Value:
    """0 for Monday to 6 for Sunday; 1970 began on a Thursday."""
    return (((day(at_s) + 3) % 7) + 7) % 7


def before(x: Value, by: Value, order: list[Value], steps: int = 1) -> Value:
    """``x`` of the row ``steps`` before, within ``by``; null in the first ones."""
    return x.lag(steps).over(ibis.window(group_by=by, order_by=order))


def within(at_s: Value, by: Value, span_s: int) -> Value:
    """Rows of ``by`` in the ``span_s`` seconds up to this one, itself and those of the same second included."""
    return at_s.count().over(ibis.range_window(preceding=span_s, following=0, group_by=by, order_by=at_s))


def of_all(x: Value, by: Value) -> Value:
    """An aggregate of ``by``, in each of its rows."""
    return x.over(ibis.window(group_by=by))


def parts(order: Value, most: int) -> Value:
    """Rows in ``order``, cut into ``most`` parts of nearly one size, numbered from 0; fewer rows are a part each."""
    return ibis.ntile(most).over(ibis.window(order_by=order))


def rank(by: Value, order: list[Value]) -> Value:
    """Place of the row within ``by``, from 0."""
    return ibis.row_number().over(ibis.window(group_by=by, order_by=order))


# --- text ----------------------------------------------------------------------------------------------------------


def plain(text: Value, most: int) -> Value:
    """The first ``most`` characters, control characters as blanks; bounds the work a hostile text can cause."""
    return text.substr(0, most).re_replace(r"[\x00-\x1f\x7f]+", " ")


def lines(text: Value, most: int) -> Value:
    """Line breaks between other characters, among the first ``most``."""
    # Most texts are one line, and to look for a character costs a tenth of a pattern.
    return ibis.ifelse(~text.contains("\n"), 0, matches(text.substr(0, most).strip(), r"\s*\n\s*"))


def blank(text: Value, most: int) -> Value:
    """True where the first ``most`` characters are blanks and control characters only."""
    return ~text.substr(0, most).re_search(r"[^\x00-\x20\x7f]")


def trimmed(text: Value) -> Value:
    """``text`` without blanks around it; for text without control characters."""
    return ibis.ifelse(~(text.startswith(" ") | text.endswith(" ")), text, text.strip())


def given(text: Value) -> Value:
    """``text`` without blanks around it; missing where nothing is left."""
    return text.strip().nullif("")


def replaced(text: Value, pattern: str, by: str) -> Value:
    """``text`` with every match of ``pattern`` replaced."""
    return text.re_replace(pattern, by)


def without(text: Value, pattern: str) -> Value:
    """``text`` less every match of ``pattern``."""
    return text.re_replace(pattern, "")


def lower(text: Value) -> Value:
    """``text`` in lower case."""
    return text.lower()


def length(text: Value) -> Value:
    """Number of characters (code points)."""
    return text.length()


def characters(text: Value, pattern: str) -> Value:
    """How many characters ``pattern``, which matches single characters, finds."""
    # Taking out whole runs is several times faster than one character after the other.
    return text.length() - without(text, f"(?:{pattern})+").length()


def occurrences(text: Value, character: str) -> Value:
    """How often one character is there."""
    return text.length() - text.replace(character, "").length()


def matches(text: Value, pattern: str, hints: tuple[str, ...] = ()) -> Value:
    """How often ``pattern`` is found, without overlap; ``hints`` as in ``marked``."""
    found_marks = marks(text.re_replace(pattern, MARK))
    return ibis.ifelse(_without_any(text, hints), 0, found_marks) if hints else found_marks


def marked(text: Value, pattern: str, hints: tuple[str, ...] = ()) -> Value:
    """``text`` with a mark in place of every match of ``pattern``; for text without control characters.

    ``hints`` are pieces one of which every match holds: a text without any of them needs no search, which is faster.
    """
    whole_text = text.re_replace(pattern, MARK)
    return ibis.ifelse(_without_any(text, hints), text, whole_text) if hints else whole_text


def _without_any(text: Value, hints: tuple[str, ...]) -> Value:
    there = text.contains(hints[0])
    for hint in hints[1:]:
        there = there | text.contains(hint)
    return ~there


def marks(text: Value) -> Value:
    """Number of marks."""
    return text.length() - unmarked(text).length()


def unmarked(text: Value) -> Value:
    """``text`` without its marks."""
    return text.replace(MARK, "")


def blanks(text: Value) -> Value:
    """Number of blanks."""
    return text.length() - unblanked(text).length()


def unblanked(text: Value) -> Value:
    """``text`` without its blanks."""
    return text.replace(" ", "")


def found(text: Value, pattern: str) -> Value:
    """True where ``pattern`` is found."""
    return text.re_search(pattern)


def extract(text: Value, pattern: str) -> Value:
    """The first match of ``pattern``; empty where there is none."""
    return text.re_extract(pattern, 0)


def digest(text: Value) -> Value:
    """MD5 of a text: equal texts have equal digests, and a long text is kept in 32 characters."""
    return text.hexdigest("md5")


def similarity(a: Value, b: Value) -> Value:
    """1 less the edit distance over the longer length, both in bytes of UTF-8; missing where both are empty."""
    return 1 - over(a.levenshtein(b), ibis.greatest(_bytes(a), _bytes(b)))


@ibis.udf.scalar.builtin(name="strlen")
def _bytes(text: str) -> int:  # type: ignore[empty-body]
    """Length in bytes: DuckDB's edit distance counts these, not characters."""


def words_of(rows: Rows, text: str) -> Rows:
    """One row per word of column ``text``, whose words stand one blank apart, as column ``word``."""
    words = rows.mutate(word=rows[text].split(" ").unnest()).drop(text)
    return words.filter(words.word != "")


def pieces_of(rows: Rows, text: str, mark: str) -> Rows:
    """One row per piece of column ``text`` that follows ``mark``, up to the next one, as column ``piece``."""
    return rows.mutate(piece=rows[text].split(mark)[1:].unnest()).drop(text)


def pairs_of(rows: Rows, text: str) -> Rows:
    """One row per two neighbouring characters of column ``text``, as column ``pair``."""
    places = rows.mutate(place=ibis.range(0, rows[text].length() - 1).unnest())
    return places.mutate(pair=places[text].substr(places.place, 2)).drop(text, "place")


def phrases_of(rows: Rows, text: str, size: int) -> Rows:
    """One row per ``size`` neighbouring words of column ``text``, whose words stand one blank apart, as ``phrase``."""
    pieces = rows.mutate(pieces=rows[text].split(" ")).drop(text)
    places = pieces.mutate(place=ibis.range(0, pieces.pieces.length() - (size - 1)).unnest())
    words = [places.pieces[places.place + i] for i in range(size)]
    phrase = words[0]
    for word in words[1:]:
        phrase = phrase + " " + word
    return places.mutate(phrase=phrase).drop("pieces", "place")


# --- relations -----------------------------------------------------------------------------------------------------


def values(name: str, items: list[str] | list[int] | int, of: Rows) -> Rows:
    """A relation with one row per item (or per whole number below it), made from any relation ``of`` with a row."""
    listed = ibis.array(items) if isinstance(items, list) else ibis.range(0, items)
    kind = "array<string>" if listed.type().value_type.is_string() else "array<int64>"
    one = of.limit(1).select(one=ibis.literal(1))
    return one.select(**{name: listed.cast(kind).unnest()})


def joined(left: Rows, right: Rows, keys: dict[str, str]) -> Rows:
    """Every row of ``left`` with the matching row of ``right``, whose keys are dropped; ``keys`` maps left to right."""
    renamed = right.rename({f"right_{r}": r for r in keys.values()})
    found_rows = left.left_join(renamed, [left[a] == renamed[f"right_{b}"] for a, b in keys.items()])
    return found_rows.drop(*(f"right_{r}" for r in keys.values()))
