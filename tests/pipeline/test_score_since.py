"""Scores of a night that build on those of the night before are those of a full run, byte by byte."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scoremodel import FEATURIZE, Trained, trained_model
from smalltown import NOW, write_accounts
from tinyrun import QUICK

from features.errors import BadInput
from models.bundle import to_files
from models.training import train_model
from pipeline.files import read_folder, write_all
from pipeline.jobs.score import score
from pipeline.jobs.simulate import simulate_job
from pipeline.jobs.since import checksums
from pipeline.settings import Featurize, Params, Prepare, Score
from pipeline.stages.featurize import featurize
from pipeline.tablefiles import TableFiles
from simulation.settings import Town

N = 200
PREPARE = Prepare(memory="1GB", threads=1)
PARAMS = Params(featurize=FEATURIZE, prepare=PREPARE, score=Score(part_rows=70, incremental=True))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def night(trained: Trained, tmp_path: Path) -> Path:
    """``tables`` and their ``first`` scores."""
    write_accounts(tmp_path / "tables", N, seed=6, labels=False)
    score(str(trained.folder), tmp_path / "tables", tmp_path / "first", PARAMS)
    return tmp_path


def change(folder: Path, accounts: list[int]) -> None:
    """A day later the counters of some accounts are read again; the others keep the moment they were read."""
    table = pq.read_table(folder / "accounts.parquet")
    rows = table.to_pandas()
    rows.loc[accounts, "observed_at"] = NOW + timedelta(days=1)
    rows.loc[accounts, "followers_count"] += 3
    pq.write_table(pa.Table.from_pandas(rows, schema=table.schema), folder / "accounts.parquet")


def content(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_only_accounts_that_changed_are_scored_again_with_the_bytes_of_a_full_run(trained, night):
    change(night / "tables", [3, 50, 199])
    whole = score(str(trained.folder), night / "tables", night / "whole", PARAMS)
    assert "taken_over" not in whole
    told = score(str(trained.folder), night / "tables", night / "next", PARAMS, since=night / "first")
    assert (told["taken_over"], told["rescored"]) == (N - 3, 3)
    assert content(night / "next") == content(night / "whole")


def test_the_output_itself_can_be_what_it_builds_on(trained, night):
    change(night / "tables", [7])
    score(str(trained.folder), night / "tables", night / "whole", PARAMS)
    told = score(str(trained.folder), night / "tables", night / "first", PARAMS, since=night / "first")
    assert told["rescored"] == 1
    assert content(night / "first") == content(night / "whole")


def test_accounts_come_and_go(trained, night):
    rows = pq.read_table(night / "tables" / "accounts.parquet")
    fresh = rows.slice(0, 2).set_column(0, rows.schema.field(0), [["0-new", "9-new"]])
    pq.write_table(pa.concat_tables([rows.slice(5), fresh]), night / "tables" / "accounts.parquet")
    score(str(trained.folder), night / "tables", night / "whole", PARAMS)
    told = score(str(trained.folder), night / "tables", night / "next", PARAMS, since=night / "first")
    assert told["accounts"] == N - 3
    assert told["rescored"] >= 2
    assert content(night / "next") == content(night / "whole")


@pytest.mark.parametrize(
    ("changes", "share"),
    [({"explain": "all"}, None), ({"reasons": 2}, None), ({"audit_share": 0.5}, None), ({}, 0.01)],
)
def test_other_settings_score_everybody(trained, night, changes, share, caplog):
    other = PARAMS.model_copy(update={"score": PARAMS.score.model_copy(update=changes)})
    score(str(trained.folder), night / "tables", night / "whole", other, bot_share=share)
    with caplog.at_level("INFO"):
        told = score(
            str(trained.folder), night / "tables", night / "next", other, bot_share=share, since=night / "first"
        )
    assert "everybody is scored" in caplog.text
    assert "taken_over" not in told
    assert content(night / "next") == content(night / "whole")


def test_settings_that_change_no_row_keep_them(trained, night):
    other = PARAMS.model_copy(update={"score": PARAMS.score.model_copy(update={"part_rows": 9, "memory": "2GB"})})
    told = score(str(trained.folder), night / "tables", night / "next", other, since=night / "first")
    assert told["taken_over"] == N
    assert content(night / "next")["scores.parquet"] == content(night / "first")["scores.parquet"]


def test_the_first_night_has_nothing_to_build_on(trained, night, caplog):
    with caplog.at_level("INFO"):
        score(str(trained.folder), night / "tables", night / "next", PARAMS, since=night / "nothing")
    assert "no earlier scores" in caplog.text
    assert content(night / "next") == content(night / "first")


@pytest.mark.parametrize("spoil", ["other rows", "no rows", "damaged"])
def test_scores_their_manifest_does_not_know_are_not_built_on(trained, night, spoil, caplog):
    """As after a job that was killed between its scores and its manifest."""
    path = night / "first" / "scores.parquet"
    if spoil == "other rows":
        rows = pq.read_table(path)
        place = rows.schema.get_field_index("bot_probability")
        pq.write_table(rows.set_column(place, rows.schema.field(place), pa.nulls(N, pa.float64())), path)
    elif spoil == "no rows":
        path.unlink()
    else:
        path.write_bytes(b"PAR1 no")
    score(str(trained.folder), night / "tables", night / "whole", PARAMS)
    with caplog.at_level("INFO"):
        told = score(str(trained.folder), night / "tables", night / "next", PARAMS, since=night / "first")
    assert "not those of its manifest" in caplog.text
    assert "taken_over" not in told
    assert content(night / "next") == content(night / "whole")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"files": 3}', '{"files": {"scores.parquet": {}}}'])
def test_a_manifest_that_is_none_is_a_sentence(trained, night, text):
    (night / "first" / "manifest.json").write_text(text)
    with pytest.raises(BadInput, match="--since"):
        score(str(trained.folder), night / "tables", night / "next", PARAMS, since=night / "first")
    assert not (night / "next" / "scores.parquet").exists()


@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=8))
def test_checksums_are_equal_exactly_when_values_are(rows):
    piece = pa.table({"a": [a for a, _ in rows], "b": [b for _, b in rows]})
    sums = checksums(piece, ["a", "b"]).to_pylist()
    known = [tuple("nan" if v != v else v + 0.0 for v in row) for row in rows]
    for i, one in enumerate(known):
        for j, other in enumerate(known):
            assert (sums[i] == sums[j]) == (one == other)


def test_missing_is_missing_however_it_is_written():
    piece = pa.table({"a": pa.array([None, float("nan")], pa.float64())})
    assert len(set(checksums(piece, ["a"]).to_pylist())) == 1


@pytest.mark.slow  # a town with all features, measured four times
def test_a_town_that_is_a_day_older_is_scored_as_by_a_full_run(tmp_path):
    """Every feature, also those of two hops, of circles and of crowds; a fifth of the accounts are read again."""
    told = Featurize(memory="2GB", threads=1)
    simulate_job(Town(accounts=600, seed=3), tmp_path / "town")
    tables = TableFiles.open(tmp_path / "town")
    labels = tables.read("labels").drop_duplicates("account_id").sort_values("account_id", ignore_index=True)
    fold = np.arange(len(labels)) % 5
    folds = labels.assign(fold=fold, source_fold=0, platform="town", group=labels["account_id"], by="group")
    made = featurize(tables, folds, told)
    write_all({tmp_path / "features.parquet": made["features"], tmp_path / "references": made["references"]})
    features = pd.read_parquet(tmp_path / "features.parquet")
    result = train_model(features, folds, read_folder(tmp_path / "references"), QUICK)
    write_all({tmp_path / "model": to_files(result.model)})

    # The day before: counters of the day before, and events up to then.
    end = pd.Timestamp(tables.read("accounts")["observed_at"].max())
    before = end - pd.Timedelta(days=1)
    shutil.copytree(tmp_path / "town", tmp_path / "yesterday")
    for name in ("posts", "engagements", "follows"):
        table = pq.read_table(tmp_path / "town" / f"{name}.parquet")
        old = table.filter(pc.less(table["created_at"], pa.scalar(before, table["created_at"].type)))
        assert 0 < old.num_rows < table.num_rows
        pq.write_table(old, tmp_path / "yesterday" / f"{name}.parquet")
    accounts = pq.read_table(tmp_path / "town" / "accounts.parquet")
    rows = accounts.to_pandas()
    pq.write_table(
        pa.Table.from_pandas(rows.assign(observed_at=before), schema=accounts.schema),
        tmp_path / "yesterday" / "accounts.parquet",
    )
    read_again = np.arange(len(rows)) % 5 == 0
    today = rows.assign(observed_at=rows["observed_at"].where(read_again, before))
    pq.write_table(pa.Table.from_pandas(today, schema=accounts.schema), tmp_path / "town" / "accounts.parquet")

    params = Params(featurize=told, prepare=PREPARE, score=Score(incremental=True))
    model = str(tmp_path / "model")
    score(model, tmp_path / "yesterday", tmp_path / "first", params)
    score(model, tmp_path / "town", tmp_path / "whole", params)
    told_next = score(model, tmp_path / "town", tmp_path / "next", params, since=tmp_path / "first")
    assert content(tmp_path / "next") == content(tmp_path / "whole")
    print(told_next)
    assert told_next["rescored"] >= read_again.sum() * 0.9
    assert told_next["taken_over"] > 0
