"""Whatever a file holds is read back as it was written, or refused row by row; the count of rows always adds up."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipedesk import Outcome, own

from features.errors import BadInput
from pipeline.recipes import load

RECIPE = """
    accounts:
      files: {file}
      columns: {{account_id: id, username: handle, observed_at: {{constant: 2026-01-01}}, followers_count: n}}
      label: {{column: fake, values: {{1: bot, 0: human}}}}
    """
# Letters of all alphabets, quotes, delimiters and line breaks; other control characters are what cleaning is for.
TEXTS = st.text(st.one_of(st.characters(exclude_categories=("C", "Z")), st.sampled_from(" ,;\"'\\\n\t#")), max_size=12)
ROWS = st.lists(st.tuples(TEXTS, st.integers(0, 10**12), st.booleans()), min_size=2, max_size=12)
QUICK = settings(max_examples=25, deadline=None)


def read(name: str, content: bytes) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return own(Path(folder), RECIPE.format(file=name), {name: content})


def as_dicts(rows: list[tuple[str, int, bool]]) -> list[dict[str, Any]]:
    both = [*rows, ("ann", 1, False), ("bob", 2, True)]  # one of each class, whatever was drawn
    return [{"id": f"a{i:03d}", "handle": h, "n": n, "fake": int(f)} for i, (h, n, f) in enumerate(both)]


def bare(handle: str) -> str:
    """A handle without what reading may take off: blanks around it and the sign before it."""
    return handle.strip().lstrip("@").strip()


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",", end: str = "\r\n") -> bytes:
    to = io.StringIO(newline="")
    writer = csv.DictWriter(to, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return to.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    to = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), to)
    return to.getvalue()


WRITERS = {
    "a.csv": as_csv,
    "a.tsv": lambda rows: as_csv(rows, "\t", "\n"),
    "a.json": lambda rows: json.dumps(rows).encode(),
    "a.jsonl": lambda rows: "\n".join(json.dumps(r, ensure_ascii=False) for r in rows).encode(),
    "a.parquet": as_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
@QUICK
@given(rows=ROWS)
def test_every_format_gives_back_what_was_written(name, rows):
    given_rows = as_dicts(rows)
    found = read(name, WRITERS[name](given_rows))
    assert found.refused == []
    told = {r["account_id"].removeprefix("town:"): r for r in found.rows("accounts")}
    assert sorted(told) == [r["id"] for r in given_rows]
    for row in given_rows:
        assert told[row["id"]]["followers_count"] == row["n"]
        assert bare(told[row["id"]]["username"] or "") == bare(row["handle"])
    assert {k.removeprefix("town:"): v[0] for k, v in found.labels().items()} == {
        r["id"]: bool(r["fake"]) for r in given_rows
    }


def said_of(attempt: Callable[[], Any]) -> str:
    """The sentence with which it is refused; empty when it is not."""
    try:
        attempt()
    except BadInput as refused:
        return str(refused)
    return ""


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(WRITERS)), st.booleans())
def test_any_bytes_are_read_or_refused_with_a_sentence(junk, name, after_good_rows):
    good = WRITERS[name](as_dicts([])) if after_good_rows else b""
    said = said_of(lambda: read(name, good + junk).check_sums())
    assert said == "" or ("expected" in said and "\n" not in said)


WORDS = st.sampled_from(["title", "platform", "accounts", "files", "columns", "label", "date", "x"])
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        PLAIN,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
        max_leaves=12,
    )
)
def test_any_document_is_a_recipe_or_is_refused_with_a_sentence(document):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        path.write_text(json.dumps(document), encoding="utf-8")  # which YAML reads too
        said = said_of(lambda: load(path))
    assert said == "" or ("mine.yaml" in said and "expected" in said)
