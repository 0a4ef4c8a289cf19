"""A recipe of one's own: formats, label rules, keys, and what becomes of rows that cannot be used."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recipedesk import files, outcome, own, own_recipe

from features.tables import measures_of
from pipeline.recipes import load
from pipeline.settings import Prepare

# What docs/recipes.md promises: a plain CSV in 15 lines, title and platform among them.
FIFTEEN = """
    accounts:
      files: accounts.csv
      columns:
        account_id: id
        username: handle
        created_at: joined
        observed_at: {constant: 2026-01-31}
        followers_count: followers
        following_count: follows
      label: {column: fake, values: {1: bot, 0: human}}
      measures:
        reports: {column: reported, unit: reports, low: 0, says: "it was reported {value:.0f} times (usual: {usual})"}
    """
PLAIN = """
    id,handle,joined,followers,follows,fake,reported
    1,@ann,2020-05-01,10,20,0,0
    2,bo,2021-05-01T10:00:00Z,1e3,5.0,1,7
    """


def test_a_recipe_for_a_plain_csv_fits_in_fifteen_lines(tmp_path):
    path = own_recipe(tmp_path, FIFTEEN)
    assert len(path.read_text().strip().splitlines()) <= 15
    found = own(tmp_path, FIFTEEN, {"accounts.csv": PLAIN})
    assert found.labels() == {"town:1": (False, "human"), "town:2": (True, None)}
    ann, bo = found.rows("accounts")
    assert (ann["username"], ann["created_at"]) == ("ann", datetime(2020, 5, 1, tzinfo=UTC))
    assert (bo["followers_count"], bo["following_count"]) == (1000, 5)
    assert bo["observed_at"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert found.rows("measures") == [
        {"account_id": "town:1", "reports": 0.0},
        {"account_id": "town:2", "reports": 7.0},
    ]
    (measure,) = measures_of(found.table("measures").schema)
    assert (measure.name, measure.unit, measure.low) == ("reports", "reports", 0.0)
    assert {r["source"] for r in found.rows("labels")} == {"mine"}


def as_rows() -> list[dict[str, object]]:
    return [
        {"id": 1, "handle": "ann", "joined": "2020-05-01", "followers": 10, "follows": 20, "fake": 0, "reported": 0},
        {"id": 2, "handle": "bo", "joined": "2021-05-01", "followers": 1000, "follows": 5, "fake": 1, "reported": 7},
    ]


def as_parquet(tmp_path) -> bytes:
    path = tmp_path / "made.parquet"
    pq.write_table(pa.Table.from_pylist(as_rows()), path)
    return path.read_bytes()


def as_zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(content)
    return sink.getvalue().to_pybytes()


def as_csv(delimiter: str = ",") -> bytes:
    lines = [delimiter.join(as_rows()[0]), *(delimiter.join(str(v) for v in r.values()) for r in as_rows())]
    return "\n".join(lines).encode()


FORMATS = {
    "accounts.csv": lambda p: as_csv(),
    "accounts.csv.gz": lambda p: gzip.compress(as_csv()),
    "accounts.csv.zst": lambda p: as_zstd(as_csv()),
    "accounts.tsv": lambda p: as_csv("\t"),
    "with_mark.csv": lambda p: b"\xef\xbb\xbf" + as_csv().replace(b"\n", b"\r\n") + b"\r\n",
    "accounts.json": lambda p: json.dumps(as_rows()).encode(),
    "accounts.json.gz": lambda p: gzip.compress(json.dumps(as_rows()).encode()),
    "accounts.jsonl": lambda p: "\n\n".join(map(json.dumps, as_rows())).encode(),
    "accounts.ndjson.gz": lambda p: gzip.compress("\n".join(map(json.dumps, as_rows())).encode()),
    "accounts.parquet": as_parquet,
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_in_every_format_are_the_same_accounts(tmp_path, name):
    expected = own(tmp_path / "csv", FIFTEEN, {"accounts.csv": as_csv()})
    pattern = name.removesuffix(".gz").removesuffix(".zst")  # a packed file is found under its plain name
    found = own(tmp_path / "other", FIFTEEN.replace("accounts.csv", pattern), {name: FORMATS[name](tmp_path)})
    assert found.intake["fingerprint"] == expected.intake["fingerprint"]


def test_the_path_may_be_the_one_file(tmp_path):
    recipe = own_recipe(tmp_path, FIFTEEN)
    folder = files(tmp_path / "data", {"whatever.csv": PLAIN})
    assert len(outcome(Prepare(sources={str(recipe): str(folder / "whatever.csv")})).rows("accounts")) == 2


def test_a_file_without_header_gets_names(tmp_path):
    recipe = """
    read: {header: false, names: [id, handle, joined, followers, follows, fake, reported], delimiter: ";"}"""
    found = own(tmp_path, recipe + FIFTEEN, {"accounts.csv": as_csv(";").split(b"\n", 1)[1]})
    assert [r["account_id"] for r in found.rows("accounts")] == ["town:1", "town:2"]


NESTED = """
    accounts:
      files: all.json
      rows: data.people
      columns:
        account_id: user.id
        username: user.names.0
        observed_at: /meta.at
        created_at: created.when
        followers_count: stats.followers
      label: {column: kind, values: {organic: human, farm: like_bot}}
    engagements:
      files: all.json
      rows: data.likes
      columns:
        actor_id: by
        post_id: post
        kind: {constant: like}
        created_at: {date: t, formats: [epoch_s]}
    follows:
      files: all.json
      rows: follows
      columns: {follower_id: a, followed_id: b}
    """


def test_nested_documents_with_several_lists_are_read_by_path(tmp_path):
    document = {
        "meta": {"at": "2026-01-01T00:00:00Z"},
        "data": {
            "people": [
                {
                    "user": {"id": 7, "names": ["ann", "x"]},
                    "created": {"when": "2020-01-01"},
                    "stats": {"followers": 5},
                    "kind": "farm",
                },
                {"user": {"id": 8, "names": ["bo"]}, "created": None, "stats": {}, "kind": "organic"},
            ],
            "likes": [{"by": 7, "post": 99, "t": 1700000000}, {"by": 1, "post": 2, "t": 1700000000}],
        },
        "follows": [{"a": 7, "b": 8}, {"a": 7, "b": 8}, {"a": 8, "b": 1}, {"a": 2, "b": 1}],
    }
    found = own(tmp_path, NESTED, {"all.json": json.dumps(document)})
    ann, bo = found.rows("accounts")
    assert (ann["account_id"], ann["username"], ann["followers_count"]) == ("town:7", "ann", 5)
    assert ann["observed_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert (bo["created_at"], bo["followers_count"]) == (None, None)
    assert found.labels()["town:7"] == (True, "like_bot")
    # The post of a like need not be known, but somebody must be.
    assert [(r["actor_id"], r["post_id"]) for r in found.rows("engagements")] == [("town:7", "town:99")]
    assert [(r["follower_id"], r["followed_id"]) for r in found.rows("follows")] == [
        ("town:7", "town:8"),
        ("town:8", "town:1"),
    ]
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("all.json#data.likes", 2, "unknown_account"),
        ("all.json#follows", 2, "repeated"),
        ("all.json#follows", 4, "unknown_account"),
    ]


def test_half_a_surrogate_pair_is_mended_and_counted(tmp_path):
    recipe = """
        accounts:
          files: all.jsonl
          columns: {account_id: id, observed_at: {constant: 2026-01-01}, description: bio}
          label: {column: b, values: {true: bot, false: human}}
        """
    lines = [
        '{"id": 1, "b": true, "bio": "a \\ud83d\\ude00 b \\ud83d c << >> \\\\u0041"}',
        '{"id": 2, "b": false, "bio": "x"}',
        '{"id": 3, "b": fals',
        '["no", "object"]',
    ]
    found = own(tmp_path, recipe, {"all.jsonl": "\n".join(lines)})
    assert found.account("town:1")["description"] == "a 😀 b \ufffd c << >> \\u0041"
    assert found.intake["sources"]["mine"]["cleaned"]["invalid_unicode"] == 1
    assert found.codes() == [(3, "not_json"), (4, "not_json")]


def test_structures_in_parquet_are_read_by_path(tmp_path):
    table = pa.table(
        {
            "id": [1, 2],
            "user": [{"name": "ann", "stats": {"f": 3}}, {"name": "bo", "stats": {"f": None}}],
            "a.b": [True, False],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    recipe = """
        accounts:
          columns:
            account_id: id
            username: user.name
            followers_count: user.stats.f
            verified: a.b
            observed_at: {constant: 2026-01-01}
          label: {column: id, values: {1: bot, 2: human}}
        """
    found = outcome(Prepare(sources={str(own_recipe(tmp_path, recipe)): str(tmp_path / "t.parquet")}))
    ann = found.account("town:1")
    assert (ann["username"], ann["followers_count"], ann["verified"]) == ("ann", 3, True)


COLUMNS = "columns: {account_id: id, observed_at: {constant: 2026-01-01}}"


@pytest.mark.parametrize(
    ("label", "truth", "expected"),
    [
        ("{column: fake, values: {yes: bot, no: human}}", {}, [(False, "human"), (True, None)]),
        ("{column: fake, values: {0: unlabelled, 1: spam_bot}}", {}, [None, (True, "spam_bot")]),
        ("{file_name: {'a*.csv': like_buyer, '*.csv': bot}}", {}, [(False, "like_buyer"), (False, "like_buyer")]),
        ("{ids: bots.txt, listed: like_bot}", {"bots.txt": "2\n"}, [(False, "human"), (True, "like_bot")]),
        (
            "{joined: truth.csv, id: who, value: what, values: {Bot: bot, human: human}}",
            {"truth.csv": "what,who\nbot,2\nHUMAN,1\n"},
            [(False, "human"), (True, None)],
        ),
        (
            "{joined: truth.json, values: {b: {is_bot: true, kind: parrot}, h: human}}",
            {"truth.json": '[{"id": 2, "label": "b"}, {"id": 1, "label": "h"}]'},
            [(False, "human"), (True, "parrot")],
        ),
        ("pod_member", {}, [(False, "pod_member"), (False, "pod_member")]),
    ],
)
def test_a_label_comes_from(tmp_path, label, truth, expected):
    # Two more parts, so that both classes are there whatever the first says.
    recipe = f"""
        accounts:
          - {{files: accounts.csv, {COLUMNS}, label: {label}}}
          - {{files: bot.csv, {COLUMNS}, label: bot}}
          - {{files: person.csv, {COLUMNS}, label: human}}
        """
    rows = {"accounts.csv": "id,fake\n1,0\n2,1.0\n", "bot.csv": "id\n8\n", "person.csv": "id\n9\n"}
    found = own(tmp_path, recipe, {**rows, **truth})
    assert [found.labels().get("town:1"), found.labels().get("town:2")] == expected


def test_a_label_file_that_disagrees_with_itself_is_refused_not_guessed(tmp_path):
    recipe = f"""
        accounts:
          files: accounts.csv
          {COLUMNS}
          label: {{joined: truth.csv, values: {{b: bot, h: human}}}}
        """
    truth = "id,label\n1,b\n1,h\n2,b\n3,h\n4,?\n5,b\n"
    found = own(tmp_path, recipe, {"accounts.csv": "id\n1\n2\n3\n4\n", "truth.csv": truth})
    assert found.labels() == {"town:2": (True, None), "town:3": (False, "human")}
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("accounts.csv", 1, "contradictory_label"),
        ("truth.csv", 2, "repeated"),
        ("truth.csv", 5, "unknown_label"),
        ("truth.csv", 6, "unknown_account"),
    ]
    assert "town:4" in {r["account_id"] for r in found.rows("accounts")}  # an account may be without label


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (",x,2020-01-01,1,1,0,1", "missing", "account_id"),
        ("8.41E+17,x,2020-01-01,1,1,0,1", "damaged_id", "account_id"),
        ("3,x,2020-01-01,many,1,0,1", "not_a_number", "followers"),
        ("3,x,2020-01-01,-1,1,0,1", "negative", "followers_count"),
        ("3,x,2020-01-01,inf,1,0,1", "infinite", "followers_count"),
        ("3,x,2020-01-01,1e400,1,0,1", "infinite", "followers_count"),
        ("3,x,2020-01-01,1.5,1,0,1", "not_whole", "followers_count"),
        ("3,x,2020-01-01,1e30,1,0,1", "too_large", "followers_count"),
        ("3,x,yesterday,1,1,0,1", "not_a_date", "joined"),
        ("3,x,1970-01-01,1,1,0,1", "before_1990", "created_at"),
        ("3,x,2101-01-01,1,1,0,1", "in_the_future", "created_at"),
        ("3,x,2026-02-01,1,1,0,1", "created_after_observed", "created_at"),
        ("3,x,2020-01-01,1,1,2,1", "unknown_label", "label"),
        ("3,x,2020-01-01,1,1,0,-1", "negative", "reports"),
        ("3,x,2020-01-01,1,1,0,no", "not_a_number", "reported"),
        ("3,x,2020-01-01,1,1,0", "torn_row", None),
        ("3,x,2020-01-01,1,1,0,1,8", "torn_row", None),
        ("1,x,2020-01-01,1,1,0,1", "repeated", "account_id"),
        (f"{'3' * 600},x,2020-01-01,1,1,0,1", "too_long", "account_id"),
    ],
)
def test_a_row_is_refused_for_its_own_reason(tmp_path, row, code, column):
    found = own(tmp_path, FIFTEEN, {"accounts.csv": PLAIN.replace("2,bo", f"{row}\n    2,bo")})
    (one,) = found.refused
    assert (one["source"], one["file"], one["row"]) == ("mine", "accounts.csv", 2)
    assert (one["reason_code"], one["column"]) == (code, column)
    assert [r["account_id"] for r in found.rows("accounts")] == ["town:1", "town:2"]
    assert found.intake["sources"]["mine"]["reasons"] == {code: 1}


def test_what_a_row_says_is_shortened_and_escaped(tmp_path):
    hostile = "<b>\u202e\x1b[31m" + "x" * 500
    found = own(tmp_path, FIFTEEN, {"accounts.csv": PLAIN + f"    9,x,2020-01-01,{hostile},1,0,1\n"})
    value = found.refused[0]["value"]
    assert value.startswith("<b>\\u202e\\u001b[31mxxx")
    assert len(value) == 120


def test_rows_are_counted_as_a_person_counts_them(tmp_path):
    rows = (
        PLAIN
        + '    3,"a\nb",2020-01-01,1,1,0,0\n    torn\n\n    4,x,2020-01-01,-1,1,0,0\n    torn,too\n'
        + "    5,x,2020-01-01,?,1,0,0\n"
    )
    found = own(tmp_path, FIFTEEN, {"accounts.csv": rows})
    assert found.codes() == [(4, "torn_row"), (5, "negative"), (6, "torn_row"), (7, "not_a_number")]


def test_a_text_of_ten_megabytes_is_cut_and_counted(tmp_path):
    recipe = FIFTEEN.replace("username: handle", "description: handle")
    found = own(tmp_path, recipe, {"accounts.csv": PLAIN.replace("@ann", "y" * 10_000_000)}, text_limit=1000)
    assert found.account("town:1")["description"] == "y" * 1000
    assert found.intake["sources"]["mine"]["cleaned"]["texts_cut"] == 1


def test_a_row_longer_than_a_block_is_read_with_a_larger_one(tmp_path):
    recipe = FIFTEEN.replace("username: handle", "description: handle")
    found = own(tmp_path, recipe, {"accounts.csv": PLAIN.replace("@ann", "y" * 20_000_000)})
    assert len(found.account("town:1")["description"]) == 65_536


def test_wrong_bytes_can_be_replaced_if_the_recipe_says_so(tmp_path):
    recipe = "read: {undecodable: replace}\n" + FIFTEEN.replace("username: handle", "display_name: handle")
    content = PLAIN.replace("@ann", "JOS").encode().replace(b"JOS", b"Jos\xe9 \xff")
    found = own(
        tmp_path,
        recipe.replace("\n    ", "\n").replace("    accounts", "accounts"),
        {"accounts.csv": content.replace(b"    ", b"").lstrip()},
    )
    assert found.account("town:1")["display_name"] == "Jos\ufffd \ufffd"
    assert found.intake["sources"]["mine"]["cleaned"]["invalid_unicode"] == 2


def test_quotes_can_be_ordinary_characters(tmp_path):
    recipe = 'read: {quote: ""}\n' + "\n".join(line.removeprefix("    ") for line in FIFTEEN.splitlines())
    found = own(tmp_path, recipe, {"accounts.csv": PLAIN.replace("@ann", '5" tall')})
    assert found.account("town:1")["username"] == '5" tall'


def test_accounts_without_identifier_go_by_their_name_and_posts_follow_them(tmp_path):
    with_ids = """
        accounts:
          files: a.csv
          columns: {account_id: id, username: name, observed_at: at}
          label: bot
        """
    by_name = """
        accounts:
          files: b.csv
          columns: {username: name, observed_at: at, followers_count: n}
          label: {column: fake, values: {1: bot, 0: human}}
        posts:
          files: p.csv
          columns: {username: by, created_at: at, text: said}
        """
    first, second = own_recipe(tmp_path / "first", with_ids), own_recipe(tmp_path / "second", by_name)
    second = second.rename(second.with_name("named.yaml"))
    data = files(
        tmp_path / "data",
        {
            "a.csv": "id,name,at\n1,Ann,2020-01-01\n2,Bo,2020-01-01\n3,ann,2019-01-01\n",
            "b.csv": "name,at,n,fake\n@ANN,2021-01-01,5,1\ncy,2021-01-01,6,0\n",
            "p.csv": "by,at,said\nAnn,2020-12-01,hi\ncy,2020-12-02,ho\nbo,2020-12-03,hm\nnobody,2020-12-04,?\n",
        },
    )
    found = outcome(Prepare(sources={str(first): str(data), str(second): str(data)}))
    # Two identifiers are two accounts though they share a name; the one without goes with the one seen last.
    assert [(r["account_id"], r["username"], r["followers_count"]) for r in found.rows("accounts")] == [
        ("town:1", "ANN", 5),
        ("town:2", "Bo", None),
        ("town:3", "ann", None),
        ("town:@cy", "cy", 6),
    ]
    assert [(r["post_id"], r["account_id"]) for r in found.rows("posts")] == [
        ("named/p/1", "town:1"),
        ("named/p/2", "town:@cy"),
    ]
    assert [(r["file"], r["row"], r["reason_code"]) for r in found.refused] == [
        ("a.csv", 1, "repeated"),
        ("p.csv", 3, "unknown_account"),
        ("p.csv", 4, "unknown_account"),
    ]


def test_the_outcome_does_not_depend_on_threads_or_the_order_of_rows(tmp_path):
    many = [f"{i},n{i},2020-01-01,{i},1,{i % 2},0" for i in range(5000)]
    head = "id,handle,joined,followers,follows,fake,reported"
    one = own(tmp_path / "one", FIFTEEN, {"accounts.csv": "\n".join([head, *many])}, threads=1)
    two = own(tmp_path / "two", FIFTEEN, {"accounts.csv": "\n".join([head, *reversed(many)])}, threads=2)
    assert one.intake["fingerprint"] == two.intake["fingerprint"]
    for name, staged in one.staged.items():
        assert staged.path.read_bytes() == two.staged[name].path.read_bytes(), name


def test_a_recipe_with_confidence_and_moment_of_labelling(tmp_path):
    recipe = FIFTEEN.replace(
        "0: human}}", "0: human}, confidence: 0.8, labelled_at: {minus_days: [{constant: 2026-01-31}, follows]}}"
    )
    label = own(tmp_path, recipe, {"accounts.csv": PLAIN}).rows("labels")[0]
    assert (label["confidence"], label["labelled_at"]) == (0.8, datetime(2026, 1, 11, tzinfo=UTC))


def test_a_recipe_has_the_name_of_its_file(tmp_path):
    assert load(own_recipe(tmp_path, FIFTEEN)).name == "mine"
