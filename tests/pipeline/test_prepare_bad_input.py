"""A person's mistakes: each ends in one sentence with the place, what was expected, what came, and what to do."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pytest
from recipedesk import HEAD, accounts, files, labels, own_recipe, tables

from features.errors import BadInput
from features.tables import TABLES
from pipeline.recipes import find, load
from pipeline.settings import Prepare
from pipeline.stages.prepare import prepare

RECIPE = """
    accounts:
      files: accounts.csv
      columns: {account_id: id, observed_at: at, followers_count: {first: [n, followers]}}
      label: {column: fake, values: {1: bot, 0: human}}
    """
GOOD = b"id,at,n,fake\n1,2026-01-01,5,0\n2,2026-01-01,6,1\n"


def refused(settings: Prepare) -> str:
    with pytest.raises(BadInput) as error:
        prepare(settings)
    said = str(error.value)
    assert "expected" in said
    assert "\n" not in said
    return said


def with_files(tmp_path, contents: dict[str, bytes], recipe: str = RECIPE) -> str:
    data = files(tmp_path / "data", contents)  # type: ignore[arg-type]
    return refused(Prepare(sources={str(own_recipe(tmp_path, recipe)): str(data)}))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ["accounts.csv", "a header and rows", "an empty file"]),
        (b"\n\n", ["accounts.csv", "a header and rows", "an empty file"]),
        (b"id,at,n,fake\n", ["rows of accounts", "files without rows"]),
        (b"id,at,n,fake\n1\n2\n", ["rows of accounts", "2 torn"]),
        (GOOD.replace(b"at,n", b"when,n"), ["accounts.csv", "a column at", "columns id, when, n, fake"]),
        (GOOD.replace(b",n,", b",m,"), ["accounts.csv", "a column n or followers"]),
        (
            GOOD.replace(b"fake", b"fake,id").replace(b",0\n", b",0,7\n").replace(b",1\n", b",1,7\n"),
            ["accounts.csv", "one column id", "several"],
        ),
        (GOOD.replace(b",0\n", b",1\n"), ["labels of mine", "both bots and people", "2 bots and no people"]),
        (
            GOOD.replace(b",1\n", b",0\n"),
            ["both bots and people", "2 people and no bots", "Add a source that has bots"],
        ),
        (GOOD.replace(b",0\n", b",\n").replace(b",1\n", b",\n"), ["labels", "no labelled account"]),
        (
            GOOD.replace(b"2026-01-01", b"soon"),
            [
                "at least one row that can be used",
                "2 refused, the first in accounts.csv row 1, column at: it is no date",
            ],
        ),
        # A word in UTF-8 in line 2, a byte of latin-1 in line 3.
        (
            GOOD.replace(b"1,2", "é,2".encode(), 1).replace(b"2,2026", b"\xe9,2026"),
            ["line 3", "0xe9", "mixed encodings"],
        ),
        (GOOD.replace(b"2,2026", b"\xe9,2026"), ["accounts.csv, line 3", "text in utf-8", "0xe9", "encoding: latin-1"]),
        (
            GOOD + b'3,2026-01-01,"7,1\n4,2026-01-01,7,1\n',
            ["accounts.csv, row 3", "a closing quote", "the end of the file"],
        ),
    ],
)
def test_a_csv_that_cannot_be_used(tmp_path, content, said):
    error = with_files(tmp_path, {"accounts.csv": content})
    for part in said:
        assert part in error


def test_a_file_packed_with_gzip_that_ends_in_the_middle(tmp_path):
    whole = gzip.compress(GOOD + b"".join(b"%d,2026-01-01,%d,0\n" % (i, i * i) for i in range(9, 5000)))
    for cut in (len(whole) // 2, len(whole) - 4, 12):
        error = with_files(tmp_path, {"accounts.csv.gz": whole[:cut]})
        assert "accounts.csv.gz: expected a complete compressed file, got one that ends in the middle" in error


def test_a_damaged_gzip(tmp_path):
    whole = bytearray(gzip.compress(GOOD * 50))
    whole[20:30] = b"0123456789"
    assert "accounts.csv.gz: expected" in with_files(tmp_path, {"accounts.csv.gz": bytes(whole)})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b'{"id": 1}', "a JSON list of objects, got one object. Say `rows:`"),
        ("a.json", b'[{"id": 1}, {"id": 2', "expected JSON"),
        ("a.json", b"hello", "a JSON list"),
        ("a.json", b'[{"ID": 1, "x": 2}]', "a value id, got objects with keys ID, x"),
        ("a.jsonl", b"", "rows of accounts"),
        ("a.jsonl", b"no\nno\n", "none that can be read (2 torn)"),
        ("a.jsonl", b'{"id": "\xff"}', "a.jsonl, line 1"),
        ("a.parquet", b"PAR1 not at all", "a.parquet: expected"),
        ("a.xlsx", b"x", "a file that ends in .csv"),
    ],
)
def test_another_format_that_cannot_be_used(tmp_path, name, content, said):
    recipe = f"""
        accounts:
          files: {name}
          columns: {{account_id: id, observed_at: {{constant: 2026-01-01}}}}
          label: bot
        """
    assert said in with_files(tmp_path, {name: content}, recipe)


def test_a_list_that_is_not_where_the_recipe_says(tmp_path):
    recipe = """
        accounts:
          files: a.json
          rows: data.users
          columns: {account_id: id, observed_at: {constant: 2026-01-01}}
        """
    error = with_files(tmp_path, {"a.json": b'{"data": {"people": []}, "x": 1}'}, recipe)
    assert "a list at data.users, got keys data, x" in error


def test_a_file_whose_name_says_no_label(tmp_path):
    recipe = """
        accounts:
          files: "*.csv"
          columns: {account_id: id, observed_at: at}
          label: {file_name: {"bots*.csv": bot}}
        """
    error = with_files(tmp_path, {"bots1.csv": GOOD, "others.csv": GOOD}, recipe)
    assert "others.csv: expected a file name like bots*.csv" in error


def test_a_folder_or_file_that_is_not_there(tmp_path):
    recipe = str(own_recipe(tmp_path, RECIPE))
    assert "no such file or folder" in refused(Prepare(sources={recipe: str(tmp_path / "nowhere")}))
    folder = files(tmp_path / "data", {"other.csv": "x"})
    error = refused(Prepare(sources={recipe: str(folder)}))
    assert "accounts.csv: expected a file of mine, got a folder with other.csv" in error


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(BadInput, match=r"cresci-2017, .*nyu-2017"):
        find("cresci-2071")
    with pytest.raises(BadInput, match="no such file"):
        find("./mine.yaml")


def test_tables_and_sources_at_once_and_two_sources_of_one_name(tmp_path):
    assert "one of them, got both" in refused(Prepare(tables="x", sources={"nyu-2017": "y"}))
    first, second = own_recipe(tmp_path / "1", RECIPE), own_recipe(tmp_path / "2", RECIPE)
    assert "sources of different names" in refused(Prepare(sources={str(first): "x", str(second): "y"}))


def test_a_memory_limit_that_is_none(tmp_path):
    recipe = str(own_recipe(tmp_path, RECIPE))
    folder = str(files(tmp_path / "data", {"accounts.csv": GOOD}))
    assert "setting prepare.memory" in refused(Prepare(sources={recipe: folder}, memory="lots"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("files:", "fils:"), "accounts.0.fils: expected no such key"),
        (("account_id: id", "account_idd: id"), "accounts.columns: account_id, username"),
        (("observed_at: at,", ""), "expected a rule for observed_at (when the counters were read)"),
        (
            ("account_id: id", "account_id: {eval: id}"),
            "columns.account_id: expected the name of a column, or one operation",
        ),
        (("observed_at: at", "observed_at: {length_of: at}"), "expected a moment, got length_of, which gives a number"),
        (("{1: bot, 0: human}", "{1: robot, 0: human}"), "a label: human, pod_member"),
        (("values: {1: bot, 0: human}", "always: bot"), "one of always, column, file_name, ids, joined"),
        ((", values: {1: bot, 0: human}", ""), "values: what each value of the column stands for"),
        (("accounts.csv", "../accounts.csv"), "names inside the data folder"),
        (("accounts.csv", "/etc/passwd"), "names inside the data folder"),
        (("files:", "read: {encoding: klingon}\n      files:"), "an encoding such as utf-8 or latin-1"),
        (("files:", "read: {encoding: rot13}\n      files:"), "an encoding such as utf-8 or latin-1"),
        (("files:", "read: {header: false}\n      files:"), "names: the columns of a file without header"),
        (("label:", "measures: {Bad-Name: {column: n}}\n      label:"), "names of small letters"),
        (("accounts:", "platform: [x]\n    accounts:"), "platform"),
        (("files: accounts.csv", "files: [accounts.csv"), "expected YAML"),
    ],
)
def test_a_recipe_that_is_wrong_is_told_before_any_file_is_opened(tmp_path, change, said):
    text = RECIPE.replace(*change)
    assert text != RECIPE
    with pytest.raises(BadInput) as error:
        load(own_recipe(tmp_path, text))
    assert said in str(error.value)
    assert "mine.yaml" in str(error.value)


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b\n", HEAD])
def test_a_file_that_is_no_recipe(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"mine\.yaml"):
        load(path)


def of_tables(tmp_path, **given: pa.Table | bytes) -> str:
    return refused(Prepare(tables=str(tables(tmp_path, given))))


def test_tables_that_cannot_be_used(tmp_path):
    two = accounts(account_id=["a1", "a2"])
    both = labels(a1=True, a2=False)
    assert "no such folder" in refused(Prepare(tables=str(tmp_path / "nowhere")))
    assert "accounts.parquet, or a folder" in of_tables(tmp_path / "1", labels=both)
    assert "accounts.parquet: expected" in of_tables(tmp_path / "2", accounts=b"no parquet", labels=both)
    assert "an empty table" in of_tables(tmp_path / "3", accounts=two.slice(0, 0), labels=both)
    missing = of_tables(tmp_path / "4", accounts=two.drop_columns("observed_at"), labels=both)
    assert "a column observed_at (when the counters were read), got columns account_id, platform" in missing
    assert "no labelled account" in of_tables(tmp_path / "5", accounts=two)
    assert "no labelled account" in of_tables(tmp_path / "6", accounts=two, labels=both.slice(0, 0))
    assert "2 bots and no people" in of_tables(tmp_path / "7", accounts=two, labels=labels(a1=True, a2=True))
    of_structs = two.set_column(0, "account_id", pa.array([{"x": 1}, {"x": 2}]))
    assert "column account_id: expected string" in of_tables(tmp_path / "8", accounts=of_structs, labels=both)
    of_floats = two.set_column(0, "account_id", pa.array([1e17, 2e17]))  # has lost digits already
    assert "column account_id: expected string" in of_tables(tmp_path / "9", accounts=of_floats, labels=both)
    of_seconds = two.set_column(2, "observed_at", pa.array([1767225600, 1767225600]))
    assert "column observed_at: expected timestamp" in of_tables(tmp_path / "10", accounts=of_seconds, labels=both)
    all_bad = accounts(account_id=["a1", "a2"], followers_count=[-1, -2])
    assert "2 refused, the first in accounts.parquet row 1" in of_tables(tmp_path / "11", accounts=all_bad, labels=both)
    field = pa.field("m", pa.float64(), metadata={"low": "none at all"})
    odd = pa.table([["a1"], [1.0]], schema=pa.schema([("account_id", pa.string()), field]))
    assert "numbers for low and high" in of_tables(tmp_path / "12", accounts=two, labels=both, measures=odd)
    posts = TABLES["posts"].schema.empty_table().drop_columns("created_at")
    assert "a column created_at" in of_tables(tmp_path / "13", accounts=two, labels=both, posts=posts)
