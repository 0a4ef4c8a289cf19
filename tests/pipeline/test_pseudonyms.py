"""Pseudonyms: the identifiers of accounts and posts leave with the secret, and nothing else changes."""

from __future__ import annotations

import hashlib
import hmac

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.errors import BadInput
from features.tables import TABLES
from pipeline.database import open_database
from pipeline.files import write_all
from pipeline.pseudonyms import hand_over, pseudonym, pseudonym_sql, read_key
from pipeline.recipes.canonical import read_tables
from pipeline.recipes.drafts import KEYS
from pipeline.settings import Prepare
from pipeline.stages.prepare import prepare
from simulation.settings import Town

SECRET = b"correct horse battery staple"


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\n")
    return str(path)


def test_a_pseudonym_is_the_hmac_anybody_can_compute():
    whole = hmac.new(SECRET, b"u1", hashlib.sha256).hexdigest()
    assert pseudonym(SECRET, "u1") == f"p{whole[:24]}"


NAMES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=4)


@settings(deadline=None, max_examples=50)
@example(key=b"k" * 65, names=["long key", "", "ünï", "a'b"])
@given(key=st.binary(min_size=16, max_size=130), names=NAMES)
def test_the_engine_computes_the_same(key, names):
    with open_database() as connection:
        hand_over(connection, key)
        connection.register("given", pa.table({"name": pa.array(names, pa.string())}))
        found = connection.execute(f"SELECT name, {pseudonym_sql('name')} FROM given").fetchall()
    assert sorted(found) == sorted((n, pseudonym(key, n)) for n in names)


def test_every_identifier_is_replaced_and_nothing_else(key):
    town = Town(accounts=120)
    plain, hidden = prepare(Prepare(town=town)), prepare(Prepare(town=town, pseudonyms=key))
    assert plain["tables"].keys() == hidden["tables"].keys()
    for name in plain["tables"]:
        before, after = (pd.read_parquet(one["tables"][name].path) for one in (plain, hidden))
        for column in set(before) & set(KEYS):
            before[column] = before[column].map(lambda text: pseudonym(SECRET, text))
        keys = list(zip(*(after[k] for k in TABLES[name.removesuffix(".parquet")].key), strict=True))
        assert keys == sorted(keys)
        order = list(TABLES[name.removesuffix(".parquet")].key or before.columns)
        pd.testing.assert_frame_equal(
            before.sort_values(order, ignore_index=True), after.sort_values(order, ignore_index=True)
        )


def test_refused_rows_do_not_tell_whom_they_were_about(tmp_path, key):
    town = prepare(Prepare(town=Town(accounts=120)))
    write_all({tmp_path / "tables": town["tables"]})
    accounts = pq.read_table(tmp_path / "tables" / "accounts.parquet").to_pandas()
    accounts.loc[0, "account_id"] = "x" * 600
    accounts.loc[1, "followers_count"] = -3
    pq.write_table(
        pa.Table.from_pandas(accounts, TABLES["accounts"].schema, preserve_index=False),
        tmp_path / "tables" / "accounts.parquet",
    )
    made = prepare(Prepare(tables=str(tmp_path / "tables"), pseudonyms=key))
    refused = pd.read_parquet(made["refused"].path)
    assert {"too_long", "negative"} <= set(refused["reason_code"])
    assert refused["value"].isna().all()


def test_scoring_knows_accounts_by_the_same_pseudonyms(tmp_path, key):
    town = prepare(Prepare(town=Town(accounts=120)))
    write_all({tmp_path / "tables": town["tables"]})
    accounts = pq.read_table(tmp_path / "tables" / "accounts.parquet").to_pandas()
    given = accounts["account_id"].tolist()
    accounts.loc[0, "followers_count"] = -3
    schema = TABLES["accounts"].schema
    pq.write_table(
        pa.Table.from_pandas(accounts, schema, preserve_index=False), tmp_path / "tables" / "accounts.parquet"
    )
    clean = read_tables(tmp_path / "tables", Prepare(pseudonyms=key))
    there = clean.tables.read("accounts", ["account_id"])["account_id"].tolist()
    assert there == sorted(pseudonym(SECRET, text) for text in given[1:])
    assert clean.invalid["account_id"].to_pylist() == [pseudonym(SECRET, given[0])]
    assert clean.invalid["reason"].to_pylist() == ["followers_count: it cannot be negative"]
    # Files that are canonical already are not handed on as they are.
    assert not {p for paths in clean.tables.files.values() for p in paths} & set((tmp_path / "tables").iterdir())
    with pytest.raises(BadInput, match=r"prepare\.pseudonyms"):
        read_tables(tmp_path / "tables", Prepare(pseudonyms=str(tmp_path / "absent")))


@pytest.mark.parametrize(("content", "says"), [(b"short", "5 bytes"), (None, "No such file")])
def test_a_secret_must_be_there_and_long_enough(tmp_path, content, says):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=f"prepare.pseudonyms: .*{says}"):
        read_key(str(path))
