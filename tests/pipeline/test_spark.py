"""Spark gives what DuckDB gives: every feature, every group and every reference, on towns made to break it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from quickspark import SPARK, needs_spark

from features.builder import plan
from features.catalogue import FEATURES
from features.errors import BadInput
from features.sparksql import spark_sql
from features.tables import TABLES
from pipeline.settings import read_params
from pipeline.stages.featurize import featurize
from tests.features.town import ONE_THREAD, Town
from tests.features.worlds import busy_town, hostile_town


def strange_town() -> Town:
    """A busy town among hostile texts and counters, same-second events, undated follows and accounts of nothing."""
    town, hostile = busy_town(), hostile_town()
    for table in ("accounts", "posts", "verdicts", "engagements", "follows"):
        getattr(town, table).extend(getattr(hostile, table))
    second = pd.Timestamp("2024-01-20 12:00:00", tz="UTC")
    for fan in ("u1", "u2", "u3", "t1"):
        town.posts.append({"post_id": f"{fan}-at-once", "account_id": fan, "created_at": second, "kind": None})
        for post in ("u1-at-once", "u2-at-once", "twins-0003"):
            for kind in ("like", "comment", "like"):
                town.engagements.append({"actor_id": fan, "post_id": post, "kind": kind, "created_at": second})
    # So many actions that the squares of their gaps do not add up in 64 bits.
    town.add("restless", fold=1)
    for i in range(1200):
        post = town.posts[i % 900]
        at = pd.Timestamp("2024-01-02 00:00:00", tz="UTC") + pd.Timedelta(seconds=i * i)
        town.engagements.append({"actor_id": "restless", "post_id": post["post_id"], "kind": "like", "created_at": at})
    return town


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What each engine returns, its features written and read."""
    town = strange_town()
    files = town.save(tmp_path_factory.mktemp("town"))
    folds = town.judged().to_pandas().dropna(subset="fold")[["account_id", "fold"]].astype({"fold": "int64"})
    # Two sources, so that what is fitted without the account's own is computed as well.
    folds["source_fold"] = np.arange(len(folds)) % 2
    found = {}
    for name, settings in (("duckdb", ONE_THREAD), ("spark", SPARK)):
        result = featurize(files, folds, settings)
        folder = tmp_path_factory.mktemp(name)
        for written in ("features", "transfer_features"):
            result[written](folder / f"{written}.parquet")
        found[name] = result | {w: pd.read_parquet(folder / f"{w}.parquet") for w in ("features", "transfer_features")}
    return found


def too_far(ours: pd.DataFrame, theirs: pd.DataFrame) -> dict[str, float]:
    """Columns whose largest relative distance is above 1e-6, or in which one is missing and the other is not."""
    distance = ((ours - theirs).abs() / ours.abs().clip(lower=1)).max().fillna(0.0)
    distance = distance.mask((ours.isna() != theirs.isna()).any(), np.inf)
    return {name: far for name, far in distance.items() if far > 1e-6}


@needs_spark
@pytest.mark.slow
def test_every_feature_is_the_same_on_both_engines(made):
    ours, theirs = (made[engine]["features"].set_index("account_id") for engine in ("duckdb", "spark"))
    assert list(theirs.columns) == ["as_of", *FEATURES]
    assert list(theirs.index) == list(ours.index) == sorted(ours.index)
    assert (ours.pop("as_of") == theirs.pop("as_of")).all()
    assert ours.notna().any().all()
    assert too_far(ours, theirs) == {}


@needs_spark
@pytest.mark.slow
def test_references_groups_and_transfer_features_are_the_same(made):
    ours, theirs = made["duckdb"], made["spark"]
    assert theirs["groups"].equals(ours["groups"])
    assert ours["references"].keys() == theirs["references"].keys()
    for name, table in ours["references"].items():
        if isinstance(table, pa.Table):
            mine, other = table.to_pandas(), theirs["references"][name].to_pandas()
            pd.testing.assert_frame_equal(other, mine, check_dtype=False, rtol=1e-6)
    frames = [made[e]["transfer_features"].set_index("account_id") for e in ("duckdb", "spark")]
    assert len(frames[0].columns) > 5
    assert list(frames[1].index) == list(frames[0].index)
    assert too_far(*frames) == {}


@needs_spark
def test_everything_compiles_for_spark():
    whole = plan({name: table.schema for name, table in TABLES.items()}, also=["groups"], dialect="pyspark")
    assert {s.name for s in whole.steps} == {
        s.name for s in plan({n: t.schema for n, t in TABLES.items()}, also=["groups"]).steps
    }
    every = "".join(s.sql for s in whole.steps)
    assert r"\v\f'" not in every
    assert "STRLEN(" not in every
    dropped = [name for i in range(len(whole.steps)) for name in whole.done_after(i)]
    assert "view_deeds" in dropped


def test_numbers_with_a_fraction_are_doubles_and_texts_stay_as_they_are():
    given = "SELECT `a 1.5`, x / 0.5, '0.5', 'it\\'s 2.5', 1e-06, t1.x * 10.25 FROM `t1`"
    assert spark_sql(given) == "SELECT `a 1.5`, x / 0.5D, '0.5', 'it\\'s 2.5', 1e-06, t1.x * 10.25D FROM `t1`"


def test_sums_of_grains_and_squares_are_taken_in_38_digits():
    square = "SELECT SUM(`t`.`x` * `t`.`x`) - SUM( `t`.`x` ) * SUM(`t`.`x`), SUM(`t`.`n`), 'SUM(`t`.`x`)' FROM `t`"
    wide = [f"SUM(CAST({x} AS DECIMAL(38, 0)))" for x in ("`t`.`x` * `t`.`x`", " `t`.`x` ", "`t`.`x`")]
    said = f"SELECT {wide[0]} - {wide[1]} * {wide[2]}, SUM(`t`.`n`), 'SUM(`t`.`x`)' FROM `t`"
    assert spark_sql(square) == said
    grains = "SUM(CAST(ROUND((`t`.`x`) * 1048576.0, 0) AS BIGINT))"
    assert spark_sql(grains) == "SUM(CAST(CAST(ROUND((`t`.`x`) * 1048576.0D, 0) AS BIGINT) AS DECIMAL(38, 0)))"


def test_the_engine_is_a_setting():
    assert read_params(None, ["featurize.engine=spark"]).featurize.engine == "spark"
    with pytest.raises(BadInput, match=r"featurize\.engine"):
        read_params(None, ["featurize.engine=abacus"])


def test_without_pyspark_the_sentence_says_what_to_install(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    town = Town().add("a", fold=0)
    folds = pd.DataFrame({"account_id": ["a"], "fold": [0], "source_fold": [0]})
    with pytest.raises(BadInput, match="make spark"):
        featurize(town.save(tmp_path), folds, SPARK)
