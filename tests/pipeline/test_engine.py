"""The engine measures clean tables only, sees not-a-number in Parquet, and writes the same bytes every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import BadInput
from pipeline.database import open_database
from pipeline.engine import featurize_tables
from pipeline.settings import Featurize
from pipeline.stages.featurize import featurize
from tests.features.town import ONE_THREAD, Town
from tests.features.worlds import busy_town

PROJECT = Path(__file__).parents[2]


def measured_by(values: list[float | None], low: str, high: str) -> Town:
    """Accounts a, b, c ... with a measure of their own, declared within bounds."""
    town = Town()
    names = [chr(ord("a") + i) for i in range(len(values))]
    for name in names:
        town.add(name)
    declared = pa.field("karma", pa.float64(), metadata={"low": low, "high": high})
    schema = pa.schema([("account_id", pa.string()), declared])
    town.measures = pa.table({"account_id": names, "karma": values}, schema=schema)
    return town


def test_no_number_in_a_parquet_file_is_missing_and_not_the_largest_number():
    town = measured_by([1.0, float("nan"), float("inf"), -float("inf"), None, 3.0], "0", "10")
    table = featurize_tables(town.save(), town.judged(), ONE_THREAD, only=["karma"]).table()
    assert table["karma"].to_pylist() == [1.0, None, None, None, None, 3.0]


def test_a_connection_does_not_take_parquet_statistics_for_proof(tmp_path):
    pq.write_table(pa.table({"x": [1.0, float("nan"), 3.0]}), tmp_path / "x.parquet")
    asked = f"SELECT count(*) FILTER (isnan(x)), count(*) FILTER (x <= 10) FROM '{tmp_path / 'x.parquet'}'"
    with open_database() as connection:
        assert connection.sql(asked).fetchall() == [(1, 2)]


def test_connections_are_opened_in_one_place():
    packages = ("features", "models", "pipeline", "review", "simulation")
    files = [path for package in packages for path in sorted((PROJECT / package).rglob("*.py"))]
    assert [p.name for p in files if "duckdb.connect(" in p.read_text(encoding="utf-8")] == ["database.py"]


def test_a_memory_limit_that_is_none_names_its_setting():
    town = measured_by([1.0], "0", "1")
    with pytest.raises(BadInput, match=r"setting featurize\.memory: expected a size such as 4GB, got lots"):
        featurize_tables(town.save(), town.judged(), Featurize(memory="lots"), only=["karma"])


@pytest.mark.parametrize(("again", "said"), [("b", "b in 2 rows"), (None, "none in 1 rows")])
def test_an_account_that_stands_there_twice_is_refused(again, said, tmp_path):
    files = measured_by([1.0, 2.0], "0", "9").save(tmp_path)
    path = tmp_path / "accounts.parquet"
    rows = pq.read_table(path)
    ids = pa.array([*rows["account_id"].to_pylist(), again], pa.string())
    whole = pa.concat_tables([rows, rows.slice(1, 1)]).set_column(0, pa.field("account_id", pa.string()), ids)
    pq.write_table(whole, path)
    with pytest.raises(BadInput, match=said) as refused:
        featurize_tables(files, None, ONE_THREAD, only=["karma"])
    assert "accounts.parquet, column account_id: expected each account once" in str(refused.value)
    assert "unpump prepare" in str(refused.value)


def test_a_folder_whose_name_looks_like_a_pattern_is_read(tmp_path):
    town = measured_by([1.0, 2.0], "0", "9")
    (tmp_path / "it's [1] *?").mkdir()
    table = featurize_tables(town.save(tmp_path / "it's [1] *?"), town.judged(), ONE_THREAD, only=["karma"]).table()
    assert table["karma"].to_pylist() == [1.0, 2.0]


def test_the_same_bytes_for_rows_in_any_order_and_any_number_of_threads(tmp_path):
    town = busy_town()
    folds = town.judged().to_pandas().dropna(subset="fold").drop(columns="as_of").assign(source_fold=0)
    prints = set()
    for number, (shuffle, threads) in enumerate([(None, 1), (11, 1), (12, 2), (13, 2)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        given = folds.sample(frac=1, random_state=number) if shuffle else folds
        settings = Featurize(threads=threads, memory="1GB")
        made = featurize(town.save(folder, shuffle=shuffle), given.astype({"fold": "int64"}), settings)
        made["features"](folder / "features.parquet")
        made["transfer_features"](folder / "transfer_features.parquet")
        pq.write_table(made["groups"], folder / "groups.parquet")
        for name, value in made["references"].items():
            if name.endswith(".parquet"):
                pq.write_table(value, folder / name)
        written = sorted(p for p in folder.iterdir() if p.stem not in ("accounts", "posts", "engagements", "follows"))
        prints.add(tuple((p.name, hashlib.md5(p.read_bytes()).hexdigest()) for p in written))
    assert len(prints) == 1, "features depend on the order of rows or on threads"
    assert len(next(iter(prints))) > 6
