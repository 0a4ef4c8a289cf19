"""An audit on Spark tells what one machine tells, byte for byte: authors in buckets, each bucket by a worker."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from quickspark import SPARK, in_bare_worker, needs_spark

from features.errors import BadInput
from features.tables import TABLES
from pipeline.audit.bucket import BY_AUTHOR, BY_POST, CLOSE, FOLLOWS, LIKES, Work, write_bucket, write_buckets
from pipeline.audit.constants import shipped
from pipeline.database import open_database
from pipeline.files import write_all
from pipeline.jobs import sparkaudit
from pipeline.jobs.audit import audit, scores_of
from pipeline.jobs.sparkaudit import GATHERED, buckets_of, give
from pipeline.settings import Authenticity, Params, Prepare
from pipeline.tablefiles import TableFiles
from simulation.settings import Town
from simulation.town import simulate
from tests.pipeline.auditstory import write_story

LOCAL = Params(
    authenticity=Authenticity(memory="1GB", threads=1, bucket_rows=9000, worker_memory="300MB", top=50, pages=5),
    prepare=Prepare(memory="1GB", threads=1),
)
ON_SPARK = LOCAL.model_copy(update={"featurize": SPARK})
ACCOUNTS = 500
TIERS = ("allow", "discount", "limit_reach", "challenge", "review", "suspend")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tables/ in which some were observed early, scores/ of most accounts, and groups.parquet: bots and friends."""
    root = tmp_path_factory.mktemp("town")
    made = simulate(Town.model_validate({"accounts": ACCOUNTS, "seed": 5}))
    accounts = made["accounts"]
    at, early = accounts["observed_at"], pa.array([i % 3 == 0 for i in range(len(accounts))])
    at = pc.if_else(early, pc.subtract(at, pa.scalar(timedelta(days=30))), at).cast(at.type)
    made["accounts"] = accounts.set_column(accounts.column_names.index("observed_at"), "observed_at", at)
    write_all({root / "tables": {f"{n}.parquet": made[n] for n in made if n in TABLES and n != "labels"}})
    truth = made["truth"].to_pandas().sort_values("account_id").reset_index(drop=True)
    luck = truth.index.to_numpy() * 37 % 100 / 100
    scores = truth.assign(
        status=["insufficient_evidence" if i % 23 == 0 else "scored" for i in truth.index],
        bot_probability=[1 - 0.5 * x**3 if b else 0.3 * x**4 for b, x in zip(truth["is_bot"], luck, strict=True)],
        kind_probability=0.9,
    )
    scores["tier"] = [TIERS[int(6 * p)] for p in scores["bot_probability"] * 0.99]
    columns = ["account_id", "status", "bot_probability", "tier", "kind", "kind_probability"]
    rows = pa.Table.from_pandas(scores[scores.index % 29 > 0][columns], preserve_index=False)
    write_all({root / "scores" / "scores.parquet": rows})
    groups = {
        f"{kind}-{part}": ("farm" if part else "pod", found["account_id"].tolist()[part::2])
        for kind, found in truth[truth["is_bot"]].groupby("kind")
        for part in (0, 1)
    }
    groups["friends"] = ("friends", [*truth["account_id"].tolist()[::7], "nobody"])
    told = {
        "group_id": list(groups),
        "kind": [k for k, _ in groups.values()],
        "members": [m for _, m in groups.values()],
    }
    pq.write_table(pa.table(told), root / "groups.parquet")
    return root


def audited(out: Path) -> set[str]:
    rows = pq.read_table(out / "audit.parquet", columns=["level", "account_id"])
    return set(rows.filter(pc.equal(rows["level"], "creator"))["account_id"].to_pylist())


def of(town: Path, folder: Path, without: tuple[str, ...] = ()) -> Path:
    """The tables of ``town`` without some."""
    folder.mkdir()
    for path in (town / "tables").glob("*.parquet"):
        if path.stem not in without:
            (folder / path.name).symlink_to(path)
    return folder


def same(ours: Path, theirs: Path) -> None:
    """Every file is the same to the last byte."""
    names = sorted(p.relative_to(ours) for p in ours.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(theirs) for p in theirs.rglob("*") if p.is_file())
    for name in names:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name


def gathered_here(spark: None, tables: TableFiles, folder: Path, buckets: int) -> None:
    """What Spark brings together, by the same SQL on DuckDB."""
    with open_database() as connection:
        connection.execute("CREATE MACRO unix_micros(x) AS epoch_us(x)")
        for name in ("people", "places", "authors"):
            connection.execute(f"CREATE VIEW audit_{name} AS SELECT * FROM '{folder}/given/{name}.parquet'")
        for table, (name, select) in GATHERED.items():
            for path in tables.files.get(table, ()):
                connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{path}'")
                how = "(FORMAT parquet, PARTITION_BY (bucket), FILENAME_PATTERN 'part-{i}')"
                connection.execute(f"COPY ({select}) TO '{folder / name}' {how}")


def spread_here(spark: None, work: Work, buckets: int) -> dict[int, str]:
    for relation in (*BY_POST, *BY_AUTHOR, *CLOSE):
        (Path(work.folder) / "made" / relation).mkdir(parents=True)
    return {bucket: write_bucket(work, bucket) for bucket in range(buckets)}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Spark does is done in this process."""
    monkeypatch.setattr("pipeline.sparksession.session", lambda settings: None)
    monkeypatch.setattr(sparkaudit, "session", lambda settings: None)
    monkeypatch.setattr(sparkaudit, "gather", gathered_here)
    monkeypatch.setattr(sparkaudit, "spread", spread_here)


CASES = {
    "everything": ((), True),
    "no groups": ((), False),
    "no follows": (("follows",), True),
    "counts alone": (("engagements", "follows"), False),
}


def both(town: Path, folder: Path, case: str, tables: Path | None = None) -> None:
    """Audit ``town`` both ways and compare."""
    without, grouped = CASES[case]
    tables = tables or of(town, folder / "tables", without)
    never = {"authenticity": LOCAL.authenticity.model_copy(update={"groups": "never"})}
    groups = town / "groups.parquet" if grouped else None
    for name, params in (("local", LOCAL), ("spark", ON_SPARK)):
        how = params.model_copy(update=never)
        audit(tables, folder / name, how, scores=town / "scores", groups=groups)
    assert pq.read_table(folder / "local" / "audit.parquet").num_rows > ACCOUNTS
    same(folder / "local", folder / "spark")


@pytest.mark.parametrize("case", CASES)
def test_authors_in_buckets_are_told_as_all_at_once(town, here, tmp_path, case):
    assert buckets_of(TableFiles.open(town / "tables"), LOCAL.authenticity.bucket_rows) > 3
    both(town, tmp_path, case)


def test_creators_asked_for_are_ranked_and_shown_as_on_one_machine(town, here, tmp_path):
    some = pq.read_table(town / "tables" / "posts.parquet")["account_id"].unique().to_pylist()
    (tmp_path / "list.csv").write_text("\n".join(["account_id", *sorted(some)[::9], "nobody"]) + "\n", encoding="utf-8")
    for name, params in (("local", LOCAL), ("spark", ON_SPARK)):
        asked = {"groups": town / "groups.parquet", "creators": tmp_path / "list.csv", "price": 10.0}
        audit(town / "tables", tmp_path / name, params, scores=town / "scores", **asked)
    asked_for = set(sorted(some)[::9]) & audited(tmp_path / "spark")
    # All of them have a page, more than authenticity.pages.
    assert len(list((tmp_path / "spark" / "creators").iterdir())) == len(asked_for) > LOCAL.authenticity.pages
    same(tmp_path / "local", tmp_path / "spark")


def test_single_creators_and_posts_are_told_as_on_one_machine(town, here, tmp_path):
    posts = pq.read_table(town / "tables" / "posts.parquet").sort_by("post_id").slice(0, 40)
    single = {"accounts": [posts["account_id"][0].as_py()], "posts": posts["post_id"].to_pylist()[20:22]}
    told = []
    for name, params in (("local", LOCAL), ("spark", ON_SPARK)):
        asked = {"groups": town / "groups.parquet", **single}
        told.append(audit(town / "tables", tmp_path / name, params, scores=town / "scores", **asked)["told"])
    assert told[0] == told[1]
    assert len(told[0]) == 3
    same(tmp_path / "local", tmp_path / "spark")


def test_tables_without_a_like_are_no_failure_in_buckets_either(here, tmp_path):
    root = write_story(tmp_path, liked=False)
    rows = pq.read_table(root / "tables" / "posts.parquet").drop_columns(["likes_count"])
    pq.write_table(rows, root / "tables" / "posts.parquet")
    for name, params in (("local", LOCAL), ("spark", ON_SPARK)):
        audit(root / "tables", root / name, params, scores=root / "scores")
    same(root / "local", root / "spark")


def test_what_is_gathered_has_the_columns_that_workers_read(town):
    for (_, select), columns in zip(GATHERED.values(), (LIKES, FOLLOWS), strict=True):
        assert select.startswith(f"SELECT {columns} FROM")


def test_without_pyspark_it_says_so_before_anything_is_read(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(BadInput, match="spark without pyspark"):
        audit(tmp_path / "nowhere", tmp_path / "out", ON_SPARK, scores=tmp_path)


def test_scores_are_made_on_the_same_engine(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("pipeline.jobs.score.score", lambda *args, **more: asked.append(args))
    with pytest.raises(BadInput, match=r"scores\.parquet"):
        scores_of(None, "model", tmp_path, tmp_path / "out", ON_SPARK, tmp_path)
    assert asked[0][3].featurize.engine == "spark"


OTHERS = (
    "pandas",
    "sklearn",
    "pydantic",
    "yaml",
    "lightgbm",
    "ibis",
    "sqlglot",
    "mlflow",
    "shap",
    "numba",
    "networkit",
)


def test_workers_need_duckdb_numpy_and_pyarrow(town, tmp_path):
    from pipeline.audit import evidence
    from pipeline.audit.relations import number, show_tables

    tables = TableFiles.open(town / "tables")
    with open_database() as connection:
        show_tables(connection, tables.files)
        number(connection, [town / "scores" / "scores.parquet"], None)
        evidence.band_accounts(connection, False, True)
        give(connection, tmp_path, 40)
    gathered_here(None, tables, tmp_path, 40)
    for relation in (*BY_POST, *BY_AUTHOR, *CLOSE):
        (tmp_path / "made" / relation).mkdir(parents=True)
    work = Work(str(tmp_path), shipped(), 3, False, True, "200MB")
    asked = [pa.record_batch([pa.array([7, 8])], names=["id"])]
    for told, bucket in zip(in_bare_worker(partial(write_buckets, work), asked, OTHERS, tmp_path), (7, 8), strict=True):
        assert told["bucket"] == bucket
        authors = pq.read_table(tmp_path / "made" / "creators" / told["name"])["author"].to_pylist()
        assert authors
        assert {a % 40 for a in authors} == {bucket}


@needs_spark
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_an_audit_on_spark_is_that_of_one_machine(town, tmp_path, case):
    both(town, tmp_path, case)


@needs_spark
@pytest.mark.slow
def test_groups_looked_for_on_spark_are_those_of_one_machine(tmp_path):
    root = write_story(tmp_path)
    for name, params in (("local", LOCAL), ("spark", ON_SPARK)):
        audit(root / "tables", root / name, params, scores=root / "scores")
    assert pq.read_table(root / "spark" / "groups.parquet").num_rows
    same(root / "local", root / "spark")
