"""Scoring: a row out for every row in, the model's own probabilities, the same bytes, and nothing unsafe believed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scoremodel import FEATURIZE, N, Trained, trained_model
from smalltown import NOW, write, write_accounts

from features.catalogue import FEATURES
from features.errors import BadInput
from features.tables import Measure
from models.bundle import Model, from_files, to_files
from pipeline.engine import featurize_tables
from pipeline.files import write_all
from pipeline.jobs import scorerows
from pipeline.jobs.score import load_model, moment_of, score
from pipeline.jobs.scorebatch import group_sizes
from pipeline.jobs.scorerows import PROBABILITY, SCHEMA, in_groups, score_features
from pipeline.settings import Params, Prepare, Score

PARAMS = Params(featurize=FEATURIZE, prepare=Prepare(memory="1GB", threads=1))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


def run(trained: Trained, tables: Path, out: Path, params: Params = PARAMS, **more: Any) -> pd.DataFrame:
    score(str(trained.folder), tables, out, params, **more)
    return pd.read_parquet(out / "scores.parquet")


def some(folder: Path, n: int = 5, **changes: Any) -> Path:
    """Tables of ``n`` unlabelled accounts."""
    write_accounts(folder, n, seed=2, labels=False, **changes)
    return folder


def rewrite(folder: Path, change: Any) -> Path:
    """Change the accounts in ``folder`` as a DataFrame."""
    table = pq.read_table(folder / "accounts.parquet")
    frame = change(table.to_pandas())
    schema = pa.schema([f.with_nullable(True) for f in table.schema])
    pq.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False), folder / "accounts.parquet")
    return folder


def test_scores_are_the_models_probabilities_of_the_same_features(trained, tmp_path):
    found = run(trained, trained.tables.folder, tmp_path)
    assert found["account_id"].tolist() == trained.features["account_id"].tolist()
    assert (found["status"] == "scored").all()
    columns = list(trained.model.columns)
    same = featurize_tables(trained.tables, None, FEATURIZE, scorerows.references(trained.model), columns)
    measured = same.table().to_pandas()
    assert np.array_equal(found["bot_probability"], trained.model.probabilities(measured)[0])
    # In training a fitted feature leaves the account's own fold out; all others are the same to the last bit.
    plain = [c for c in columns if not FEATURES[c].fitted]
    assert 0 < len(plain) < len(columns)
    pd.testing.assert_frame_equal(measured[plain], trained.features[plain], check_exact=True)
    assert found["as_of"].tolist() == trained.features["as_of"].tolist()
    assert found["bot_probability"].between(0, 1).all()
    assert (found["bot_probability_low"] <= found["bot_probability"]).all()
    assert (found["bot_probability"] <= found["bot_probability_high"]).all()


def test_rows_follow_from_features_alone(trained):
    features = pa.Table.from_pandas(trained.features, preserve_index=False)
    found = score_features(trained.model, features, Score(explain="all")).to_pandas()
    p, low, high = trained.model.probabilities(trained.features)
    assert np.array_equal(found["bot_probability"], p)
    assert np.array_equal(found["bot_probability_low"], low)
    assert np.array_equal(found["bot_probability_high"], high)
    assert found["tier"].tolist() == trained.model.tier(p).tolist()
    assert set(found["model_version"]) == {trained.model.version}
    assert set(found["feature_hash"]) == {trained.model.feature_hash}
    reason = found["reasons"].iloc[0][0]
    column = trained.features[reason["feature"]].iloc[0]
    assert reason["value"] == column or (reason["value"] is None and np.isnan(column))
    assert len(reason["text"]) > 10


def test_every_row_of_accounts_gives_one_row(trained, tmp_path):
    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        twice = frame.iloc[[1]].assign(observed_at=NOW + pd.Timedelta(days=1), followers_count=7)
        return pd.concat(
            [
                frame,
                twice,  # the same account again, observed later
                frame.iloc[[2]].assign(account_id="  "),  # nobody
                frame.iloc[[3]].assign(account_id="negative", followers_count=-5),
                frame.iloc[[4]].assign(account_id="\u202etricky", observed_at=pd.NaT),
            ],
            ignore_index=True,
        )

    tables = rewrite(some(tmp_path / "tables", 20), spoil)
    found = run(trained, tables, tmp_path / "out")
    assert len(found) == 24
    assert found["account_id"].is_monotonic_increasing
    assert found["status"].value_counts().to_dict() == {"scored": 20, "invalid": 4}
    wrong = found[found["status"] == "invalid"]
    assert wrong["status_reason"].notna().all()
    assert wrong["bot_probability"].isna().all()
    assert wrong["tier"].isna().all()
    assert [len(r) for r in wrong["reasons"]] == [0] * len(wrong)
    again = found[found["account_id"] == "2-00001"]
    assert again["status"].tolist() == ["scored", "invalid"]
    assert "another row of the same account" in again["status_reason"].iloc[1]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["accounts"] == 24
    assert sum(manifest["status"].values()) == 24


def test_nothing_usable_still_gives_every_row(trained, tmp_path):
    tables = rewrite(some(tmp_path / "tables", 3), lambda f: f.assign(followers_count=-1))
    found = run(trained, tables, tmp_path / "out")
    assert found["status"].tolist() == ["invalid"] * 3


def test_an_account_of_which_nothing_is_known_is_allowed_for_want_of_evidence(trained):
    blank = trained.features.iloc[:1].assign(**dict.fromkeys(trained.model.columns, np.nan))
    found = score_features(trained.model, pa.Table.from_pandas(blank, preserve_index=False), Score(explain="none"))
    row = found.to_pylist()[0]
    assert row["status"] == "insufficient_evidence"
    assert row["tier"] == "allow"
    assert "insufficient evidence" in row["status_reason"]
    assert row["reasons"] == []
    assert [row[name] for name in PROBABILITY] == [None] * 3


def test_a_score_carried_by_what_is_missing_alone_leads_to_no_tier(trained):
    # All but one column missing, and that one is of the least weight.
    gain = trained.model.booster.feature_importance("gain")
    dull = trained.model.columns[int(np.argmin(gain))]
    row = trained.features.iloc[:1].assign(**{c: np.nan for c in trained.model.columns if c != dull} | {dull: 0.0})
    eager = Model(**{**vars_of(trained.model), "tiers": {"review": 0.0}})
    found = score_features(
        eager, pa.Table.from_pandas(row, preserve_index=False), Score(explain="flagged")
    ).to_pylist()[0]
    assert found["status"] == "insufficient_evidence"
    assert found["tier"] == "allow"
    assert found["bot_probability"] is None


def vars_of(model: Model) -> dict[str, Any]:
    return {name: getattr(model, name) for name in Model.__dataclass_fields__}


@pytest.mark.parametrize(("explain", "with_reasons"), [("none", "nobody"), ("flagged", "flagged"), ("all", "all")])
def test_only_what_is_asked_for_is_explained(trained, explain, with_reasons):
    features = pa.Table.from_pandas(trained.features, preserve_index=False)
    found = score_features(trained.model, features, Score(explain=explain)).to_pandas()
    has = found["reasons"].map(len) > 0
    flagged = found["tier"] != "allow"
    assert 0 < flagged.sum() < N
    if with_reasons == "nobody":
        assert not has.any()
    elif with_reasons == "flagged":
        assert has.equals(flagged)
    else:
        assert has.all()
    assert found["tier"].tolist() == trained.model.tier(trained.model.probabilities(trained.features)[0]).tolist()


def test_a_sample_is_explained_whoever_it_hits(trained):
    features = pa.Table.from_pandas(trained.features, preserve_index=False)
    asked = Score(explain="sample", audit_share=0.3)
    found = score_features(trained.model, features, asked).to_pandas()
    has = found["reasons"].map(len) > 0
    assert has.equals(found["audit"])
    assert 0 < has.sum() < N
    assert {"allow"} < set(found.loc[has, "tier"])  # chance does not look at the score
    assert not found.loc[~has, "kind_reasons"].map(len).any()
    nobody = score_features(trained.model, features, Score(explain="sample")).to_pandas()
    assert not nobody["reasons"].map(len).any()


def test_the_same_input_gives_the_same_bytes_whatever_the_order_and_number_of_files(trained, tmp_path, monkeypatch):
    one = some(tmp_path / "one", 40)
    table = pq.read_table(one / "accounts.parquet")
    parts = tmp_path / "two" / "accounts"
    parts.mkdir(parents=True)
    for i, start in enumerate((30, 0, 10)):
        pq.write_table(table.slice(start, {30: 10, 0: 10, 10: 20}[start]), parts / f"{i}.parquet")
    shutil.copy(one / "posts.parquet", tmp_path / "two")
    digests = set()
    for name in ("one", "two"):
        for rows in (50_000, 7):
            monkeypatch.setattr(scorerows, "ROWS", rows)
            run(trained, tmp_path / name, tmp_path / "out")
            found = pq.read_table(tmp_path / "out" / "scores.parquet")
            digests.add(hashlib.md5(str(found.to_pylist()).encode()).hexdigest())
    assert len(digests) == 1
    bytes_of = []
    for _ in range(2):
        run(trained, one, tmp_path / "out")
        bytes_of.append([(tmp_path / "out" / f).read_bytes() for f in ("scores.parquet", "manifest.json")])
    assert bytes_of[0] == bytes_of[1]
    manifest = json.loads(bytes_of[0][1])
    assert manifest["files"]["scores.parquet"]["sha256"] == hashlib.sha256(bytes_of[0][0]).hexdigest()


def test_the_schema_is_as_documented(trained, tmp_path):
    run(trained, some(tmp_path / "tables"), tmp_path / "out")
    assert pq.read_schema(tmp_path / "out" / "scores.parquet").equals(SCHEMA)


def test_a_later_moment_judges_every_account_then(trained, tmp_path):
    tables = some(tmp_path / "tables")
    found = run(trained, tables, tmp_path / "out", as_of="2026-07-01")
    assert set(found["as_of"]) == {pd.Timestamp("2026-07-01", tz="UTC")}
    assert moment_of("2026-07-01T02:00:00+02:00") == moment_of("2026-07-01T00:00:00Z")
    with pytest.raises(BadInput, match="--as-of"):
        run(trained, tables, tmp_path / "out", as_of="yesterday")


def test_another_share_of_bots_changes_probabilities_and_not_tiers(trained, tmp_path):
    tables = some(tmp_path / "tables", 50)
    usual = run(trained, tables, tmp_path / "usual")
    rare = run(trained, tables, tmp_path / "rare", bot_share=0.01)
    assert (rare["bot_probability"] < usual["bot_probability"]).all()
    assert rare["tier"].equals(usual["tier"])
    with pytest.raises(BadInput, match="--bot-share"):
        run(trained, tables, tmp_path / "out", bot_share=1.0)


@pytest.mark.parametrize("spoil", ["booster.txt", "model.json", "add", "remove", "truncate"])
def test_a_model_that_was_tampered_with_is_refused_and_earlier_scores_stay(trained, tmp_path, spoil):
    tables = some(tmp_path / "tables")
    run(trained, tables, tmp_path / "out")
    before = (tmp_path / "out" / "scores.parquet").read_bytes()
    copy = tmp_path / "model"
    shutil.copytree(trained.folder, copy)
    if spoil == "add":
        (copy / "evil.pkl").write_bytes(b"\x80\x04.")
    elif spoil == "remove":
        next((copy / "references").iterdir()).unlink()
    elif spoil == "truncate":
        (copy / "booster.txt").write_bytes((copy / "booster.txt").read_bytes()[:1000])
    else:
        data = (copy / spoil).read_bytes()
        (copy / spoil).write_bytes(data.replace(b"0.1", b"0.2", 1))
    with pytest.raises(BadInput):
        score(str(copy), tables, tmp_path / "out", PARAMS)
    assert (tmp_path / "out" / "scores.parquet").read_bytes() == before


@pytest.mark.parametrize("address", ["nowhere", "file.txt", "empty"])
def test_what_is_no_model_is_said_to_be_none(tmp_path, address):
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="model"):
        load_model(str(tmp_path / address), tmp_path)


def test_measures_the_model_learned_from_must_be_there(trained, tmp_path):
    files = to_files(trained.model)
    known = from_files(files, "model")
    declared = [dict(d) for d in known.declarations]
    first = declared[0]["name"]
    declared[0]["name"] = "clicks_of_the_user"
    renamed = Model(
        **{
            **vars_of(known),
            "columns": ("clicks_of_the_user", *known.columns[1:]),
            "declarations": tuple(declared),
            "booster_text": known.booster_text,
        }
    )
    write_all({tmp_path / "model": to_files(renamed)})
    tables = some(tmp_path / "tables")
    with pytest.raises(BadInput, match="clicks_of_the_user"):
        score(str(tmp_path / "model"), tables, tmp_path / "out", PARAMS)
    schema = pa.schema([("account_id", pa.string()), Measure("clicks_of_the_user").field()])
    ids = [f"2-{i:05d}" for i in range(5)]
    pq.write_table(pa.table([ids, [1.0] * 5], schema=schema), tables / "measures.parquet")
    score(str(tmp_path / "model"), tables, tmp_path / "out", PARAMS)
    assert first != "clicks_of_the_user"


def test_tables_that_cannot_be_read_leave_nothing_behind(trained, tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "accounts.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadInput):
        run(trained, tmp_path / "tables", tmp_path / "out")
    assert not (tmp_path / "out" / "scores.parquet").exists()


def test_hostile_names_pass_through_as_text(trained, tmp_path):
    names = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "a\u202eb", "x" * 5000, "名前"]
    tables = some(tmp_path / "tables", 5, username=names, display_name=names)
    found = run(trained, tables, tmp_path / "out", PARAMS.model_copy(update={"score": Score(explain="all")}))
    assert (found["status"] == "scored").all()
    assert all(reason["text"].isprintable() for reasons in found["reasons"] for reason in reasons)


@pytest.fixture
def ready(trained, tmp_path) -> Path:
    """Features of other accounts, as the model wants them, in a file of several row groups."""
    tables = write_accounts(tmp_path / "ready", 50, seed=3, labels=False)
    made = featurize_tables(
        tables, None, FEATURIZE, scorerows.references(trained.model), only=[*trained.model.columns, "weekend_share"]
    )
    pq.write_table(made.table(), tmp_path / "features.parquet", row_group_size=7)
    return tmp_path / "features.parquet"


def test_ready_features_give_the_scores_of_their_tables(trained, ready, tmp_path):
    measured = run(trained, tmp_path / "ready", tmp_path / "a")
    for rows in (1, 10, 1000):
        params = PARAMS.model_copy(update={"score": Score(part_rows=rows)})
        score(str(trained.folder), None, tmp_path / "b", params, features=ready)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "b" / "scores.parquet"), measured)
    assert json.loads((tmp_path / "b" / "manifest.json").read_text())["tables"] == {"features": {"read": 50}}


def test_compiled_trees_give_the_same_bytes(trained, ready, tmp_path):
    made = []
    for way in ("never", "always"):
        params = PARAMS.model_copy(update={"score": Score(explain="all", compiled=way)})
        score(str(trained.folder), None, tmp_path / way, params, features=ready)
        made.append((tmp_path / way / "scores.parquet").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda t: t.drop_columns(["followers"]), "none named followers"),
        (lambda t: t.drop_columns(["account_id"]), "none named account_id"),
        (lambda t: t.set_column(1, "as_of", [["now"] * t.num_rows]), "moments in the column as_of"),
        (lambda t: t.take(list(range(t.num_rows))[::-1]), "sorted by account_id"),
        (lambda t: pa.concat_tables([t.slice(0, 8), t.slice(7)]), "each account once"),
        (lambda t: pa.concat_tables([t.slice(10), t.slice(0, 10)]), "sorted by account_id"),
        (lambda t: t.set_column(0, "account_id", [[None] * t.num_rows]), "an account_id in every row"),
        (
            lambda t: t.set_column(t.schema.get_field_index("followers"), "followers", [["many"] * t.num_rows]),
            "numbers in the model's columns",
        ),
    ],
)
def test_features_that_are_not_the_models_are_refused(trained, ready, tmp_path, spoil, says):
    pq.write_table(spoil(pq.read_table(ready)), ready, row_group_size=10)
    params = PARAMS.model_copy(update={"score": Score(part_rows=10)})
    with pytest.raises(BadInput, match=says):
        score(str(trained.folder), None, tmp_path / "out", params, features=ready)
    assert not (tmp_path / "out" / "scores.parquet").exists()


@pytest.mark.parametrize(
    "words", [{}, {"tables": Path("t"), "features": Path("f")}, {"features": Path("f"), "as_of": "2026-06-01"}]
)
def test_tables_or_features_not_both(trained, tmp_path, words):
    with pytest.raises(BadInput, match="--tables and --features"):
        score(str(trained.folder), words.pop("tables", None), tmp_path / "out", PARAMS, **words)


def test_a_table_of_labels_is_not_needed_and_not_looked_at(trained, tmp_path):
    tables = some(tmp_path / "tables")
    run(trained, tables, tmp_path / "out")
    before = (tmp_path / "out" / "scores.parquet").read_bytes()
    write(tables, "labels", {"account_id": ["2-00001"], "is_bot": [True], "source": ["me"]})
    run(trained, tables, tmp_path / "out")
    assert (tmp_path / "out" / "scores.parquet").read_bytes() == before


def test_groups_of_rows_do_not_depend_on_how_rows_arrive():
    table = pa.table({"n": list(range(23))})
    for size in (1, 4, 23):
        pieces = (table.slice(i, size) for i in range(0, 23, size))
        assert [t["n"].to_pylist() for t in in_groups(pieces, 10)] == [
            list(range(10)),
            list(range(10, 20)),
            [20, 21, 22],
        ]
    assert list(in_groups([], 10)) == []
    assert [t.num_rows for t in in_groups([table], 4, 4, 2)] == [4, 4, 2, 4, 4, 2, 3]


def test_how_much_memory_there_is_moves_no_border_of_a_part(trained, tmp_path, monkeypatch):
    assert group_sizes(10, 4) == (4, 4, 2)
    assert group_sizes(10, 400) == (10,)
    assert group_sizes(3, 0) == (1, 1, 1)
    tables = some(tmp_path / "tables", 60)
    parts = PARAMS.model_copy(update={"score": Score(part_rows=25, single_file_rows=0)})
    for name, most in (("much", 10**6), ("little", 7)):
        monkeypatch.setattr("pipeline.jobs.scorebatch.group_sizes", lambda rows, _, most=most: group_sizes(rows, most))
        score(str(trained.folder), tables, tmp_path / name, parts)
    files = sorted(p.name for p in (tmp_path / "much" / "scores").iterdir())
    assert [pq.read_metadata(tmp_path / "much" / "scores" / f).num_rows for f in files] == [25, 25, 10]
    for file in files:
        much, little = ((tmp_path / name / "scores" / file).read_bytes() for name in ("much", "little"))
        assert much == little
