"""`unpump simulate`: a folder of tables, the truth, a summary and a page."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from features.errors import BadInput
from pipeline.jobs import simulate as job
from pipeline.tablefiles import TableFiles
from simulation.settings import Town
from simulation.summary import Tally, reached
from simulation.town import TRUTH_TABLES, stream

SMALL = Town(accounts=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("town")
    job.simulate_job(SMALL, out)
    return out


def test_the_folder_holds_canonical_tables_the_truth_and_a_page(folder, made):
    files = TableFiles.open(folder)
    assert set(files.files) == {"accounts", "labels", "posts", "engagements", "follows"}
    for name, table in made(accounts=300).items():
        assert pq.read_table(folder / f"{name}.parquet").equals(table), name
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == sorted(
        [f"{n}.parquet" for n in (*files.files, *TRUTH_TABLES)] + ["town.html", "town.json"]
    )
    assert not list(folder.glob(".*"))


def test_the_summary_counts_what_is_in_the_tables(folder, made):
    told = json.loads((folder / "town.json").read_text(encoding="utf-8"))
    tables = made(accounts=300)
    assert told["rows"] == {name: table.num_rows for name, table in tables.items()}
    assert Town.model_validate(told["settings"]) == SMALL
    assert told["bots"] == pc.sum(tables["truth"]["is_bot"]).as_py()
    assert sum(told["causes"].values()) == tables["truth_engagements"].num_rows
    assert sum(told["by_hour"]["all"]) == sum(told["by_day"]["all"]) == tables["engagements"].num_rows
    assert sum(told["by_hour"]["pumped"]) == tables["truth_engagements"].num_rows
    assert told["orders"]["delivered"] == pc.sum(tables["truth_orders"]["delivered"]).as_py()


def test_the_same_settings_write_the_same_bytes(folder, tmp_path):
    job.simulate_job(SMALL, tmp_path / "again")
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_large_tables_become_folders_of_few_files_and_stale_ones_leave(tmp_path, monkeypatch):
    job.simulate_job(Town(accounts=100), tmp_path)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert (tmp_path / "engagements.parquet").exists()
    monkeypatch.setattr(job, "ROWS_PER_FILE", 60_000)
    monkeypatch.setattr("simulation.town.stream", partial(stream, block=1000))
    town = Town(accounts=2000)
    summary = job.simulate_job(town, tmp_path)
    parts = sorted((tmp_path / "engagements").iterdir())
    assert len(parts) == 2
    assert not (tmp_path / "engagements.parquet").exists()
    assert ds.dataset(parts).count_rows() == summary["rows"]["engagements"]
    assert (tmp_path / "accounts.parquet").exists()
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    job.simulate_job(Town(accounts=100, missing={"tables": ("engagements",)}), tmp_path)
    assert not (tmp_path / "engagements").exists()
    assert TableFiles.open(tmp_path).files.keys() == {"accounts", "labels", "posts", "follows"}


def test_a_failure_leaves_the_earlier_town_and_no_leftovers(tmp_path, monkeypatch):
    job.simulate_job(Town(accounts=100), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", broken)
    with pytest.raises(BadInput, match="No space left"):
        job.simulate_job(Town(accounts=100, seed=3), tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="taken: expected a folder, got a file"):
        job.simulate_job(SMALL, tmp_path / "taken")


def test_the_terminal_gets_a_summary(tmp_path, capsys):
    job.simulate_job(Town(accounts=100), tmp_path)
    said = capsys.readouterr().err
    assert "100 accounts" in said
    assert "engagements" in said
    assert "roubles paid" in said
    assert str(tmp_path / "town.html") in said


def test_progress_grows_to_the_end():
    told: list[tuple[str, float]] = []
    for _ in stream(Town(accounts=3000), lambda what, share: told.append((what, share)), block=1000):
        pass
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len({what for what, _ in told}) == 5


def test_the_posts_that_are_drawn_are_what_they_are_called():
    town = Town(accounts=3000)
    tally, tables = Tally(town), {}
    for name, table in stream(town):
        tally.add(name, table)
        tables.setdefault(name, []).append(table)
    posts = {p["what"]: p for p in tally.summary()["posts"]}
    assert len(posts) == 5
    honest, viral = posts["liked by its author's followers"], posts["went viral, nobody paid"]
    assert len(honest["honest"]) > 20
    assert honest["pumped"] == viral["pumped"] == []
    burst = posts["likes bought, delivered in a burst"]
    assert len(burst["pumped"]) > 20
    likes = pa.concat_tables(tables["engagements"])
    mine = likes.filter(pc.and_(pc.equal(likes["post_id"], burst["post_id"]), pc.equal(likes["kind"], "like")))
    assert len(burst["honest"]) + len(burst["pumped"]) <= mine.num_rows


def test_reached_gives_the_share_at_or_above():
    import numpy as np

    # four accounts with 1, 2, 2 and 10 followers
    pairs = dict(tuple(pair) for pair in reached(np.array([1.0, 2.0, 2.0, 10.0, np.nan])))
    assert pairs[1.0] == 1.0
    assert pairs[2.0] == 0.75
    assert pairs[10.0] == 0.25
    assert reached(np.array([])) == []
