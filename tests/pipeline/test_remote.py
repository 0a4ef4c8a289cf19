"""Tables, models and scores in an object store: a local server that speaks S3 stands for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from scoremodel import Trained, trained_model
from smalltown import write_accounts

from features.errors import BadInput
from pipeline.__main__ import main
from pipeline.remote import _inside, fetched, folder_of, is_remote, output, sent

QUICK = [w for s in ("prepare.memory=1GB", "featurize.memory=1GB", "featurize.threads=1") for w in ("--set", s)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Query of addresses on the local server."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"scheme=http&endpoint_override={host}:{port}&region=us-east-1&allow_bucket_creation=true"
    running.stop()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest) -> str:
    """A new bucket: ``s3://NAME/{}?...``."""
    name = re.sub("[^a-z]+", "-", request.node.name)[:50].strip("-")
    system, _ = fs.FileSystem.from_uri(f"s3://{name}?{server}")
    system.create_dir(name)
    return f"s3://{name}/{{}}?{server}"


def put(folder: Path, address: str) -> None:
    system, path = fs.FileSystem.from_uri(address)
    fs.copy_files(str(folder), path, destination_filesystem=system)


def read(address: str) -> dict[str, bytes]:
    system, path = fs.FileSystem.from_uri(address)
    found = system.get_file_info(fs.FileSelector(path, recursive=True))
    return {i.path[len(path) + 1 :]: system.open_input_stream(i.path).read() for i in found if i.is_file}


def test_scoring_in_a_store_gives_the_bytes_of_scoring_here(trained, bucket, tmp_path):
    write_accounts(tmp_path / "tables", 60, seed=4, labels=False)
    put(tmp_path / "tables", bucket.format("night/tables"))
    put(trained.folder, bucket.format("models/one"))
    there = ["--model", bucket.format("models/one"), "--tables", bucket.format("night/tables")]
    assert main(["score", *there, "--out", bucket.format("night/scores"), *QUICK]) == 0
    local = ["--model", str(trained.folder), "--tables", str(tmp_path / "tables")]
    assert main(["score", *local, "--out", str(tmp_path / "out"), *QUICK]) == 0
    found = read(bucket.format("night/scores"))
    assert sorted(found) == ["manifest.json", "scores.parquet"]
    assert found["scores.parquet"] == (tmp_path / "out" / "scores.parquet").read_bytes()
    # Nothing of the output is left here; what was read stays, so that it need not come again.
    assert list(folder_of(bucket.format("night/scores")).iterdir()) == []
    before = {p: p.stat().st_ino for p in folder_of(bucket.format("night/tables")).iterdir()}
    assert fetched(bucket.format("night/tables")) == folder_of(bucket.format("night/tables"))
    assert {p: p.stat().st_ino for p in folder_of(bucket.format("night/tables")).iterdir()} == before


def test_parts_of_an_earlier_job_go(trained, bucket, tmp_path):
    write_accounts(tmp_path / "tables", 60, seed=4, labels=False)
    base = ["score", "--model", str(trained.folder), "--tables", str(tmp_path / "tables")]
    words = [*base, "--out", bucket.format("scores"), *QUICK]
    many = ["--set", "score.single_file_rows=0", "--set", "score.part_rows=20"]
    assert main([*words, *many]) == 0
    assert sorted(read(bucket.format("scores"))) == [
        "manifest.json",
        *(f"scores/part-0000{i}.parquet" for i in range(3)),
    ]
    assert main(words) == 0
    assert sorted(read(bucket.format("scores"))) == ["manifest.json", "scores.parquet"]


def test_a_ready_file_of_features_and_a_monitored_batch(trained, bucket, tmp_path):
    (tmp_path / "f").mkdir()
    pq.write_table(pq.read_table(trained.folder.parent / "features.parquet"), tmp_path / "f" / "features.parquet")
    put(tmp_path / "f", bucket.format("f"))
    words = ["score", "--model", str(trained.folder), "--out", str(tmp_path / "out"), *QUICK]
    assert main([*words, "--features", bucket.format("f/features.parquet")]) == 0
    assert pq.read_metadata(tmp_path / "out" / "scores.parquet").num_rows == trained.features.shape[0]


def test_verdicts_are_kept_in_a_store_that_has_none_at_first(trained, bucket, tmp_path):
    """The first night finds no verdicts; a person overturns one, in two calls; the second night knows both."""
    write_accounts(tmp_path / "tables", 60, seed=4, labels=False)
    place, scores = bucket.format("feedback"), bucket.format("scores/one")
    words = ["score", "--model", str(trained.folder), "--tables", str(tmp_path / "tables"), "--feedback", place]
    assert main([*words, "--out", scores, *QUICK]) == 0
    rows = pq.read_table(fetched(scores) / "scores.parquet").to_pylist()
    flagged = [r["account_id"] for r in rows if r["tier"] != "allow"][:2]
    for account in flagged:
        given = tmp_path / "given.csv"
        given.write_text(f"account_id,decision,reviewer,decided_at\n{account},human,eva,2026-06-02\n")
        assert main(["feedback", "--scores", scores, "--reviews", str(given), "--out", place]) == 0
    assert main([*words, "--out", str(tmp_path / "two"), *QUICK]) == 0
    again = pq.read_table(tmp_path / "two" / "scores.parquet").to_pylist()
    assert [r["account_id"] for r in again if r["status"] == "overturned"] == flagged


def test_a_file_that_changed_is_fetched_again(bucket, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("one")
    (tmp_path / "a" / "gone").write_text("two")
    put(tmp_path / "a", bucket.format("a"))
    assert (fetched(bucket.format("a")) / "x").read_text() == "one"
    (tmp_path / "a" / "x").write_text("other")
    system, path = fs.FileSystem.from_uri(bucket.format("a"))
    system.delete_file(f"{path}/gone")
    fs.copy_files(str(tmp_path / "a" / "x"), f"{path}/x", destination_filesystem=system)
    assert {p.name: p.read_text() for p in fetched(bucket.format("a")).iterdir()} == {"x": "other"}


def test_the_manifest_is_sent_last_and_taken_away_first(bucket, tmp_path, monkeypatch):
    """A store that fails in the middle holds no manifest, so nobody takes half of the scores for all."""
    (tmp_path / "out").mkdir()
    for name in ("manifest.json", "scores.parquet"):
        (tmp_path / "out" / name).write_text(name)
    sent(tmp_path / "out", bucket.format("out"))

    def fail(*_: object) -> None:
        raise OSError("the network is gone")

    monkeypatch.setattr("pipeline.remote._send", fail)
    with pytest.raises(BadInput, match="the network is gone"):
        sent(tmp_path / "out", bucket.format("out"))
    assert sorted(read(bucket.format("out"))) == ["scores.parquet"]


def test_what_cannot_be_reached_is_a_sentence(trained, server, bucket, tmp_path, capsys):
    words = ["score", "--model", str(trained.folder), "--out", str(tmp_path / "out"), "--tables"]
    assert main([*words, bucket.format("nothing/there")]) == 2
    assert "a place in an object store that can be reached" in capsys.readouterr().err
    assert main([*words, f"s3://no-such-bucket/x?{server}"]) == 2
    assert main([*words, "s3://"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert not (tmp_path / "out" / "scores.parquet").exists()


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path):
    assert _inside(tmp_path, "a/b") == tmp_path / "a" / "b"
    for name in ("../x", "a/../../x", "/etc/passwd"):
        with pytest.raises(OSError, match="leads out"):
            _inside(tmp_path, name)


def test_keys_in_an_address_are_not_shown(tmp_path, capsys):
    assert main(["score", "--model", "m", "--out", "o", "--tables", "s3://KEY:SECRET@bucket/x?bad=option"]) == 2
    assert "SECRET" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("s3://b/x", True),
        ("gs://b/x", True),
        ("abfss://c@a.dfs.core.windows.net/x", True),
        ("models:/m@champion", False),
        ("out/x", False),
        ("https://x", False),
        (None, False),
    ],
)
def test_addresses_of_stores(address, remote):
    assert is_remote(address) is remote


def test_history_is_gone_on_with(bucket):
    """Each night adds a line to what the night before left there."""
    for night in range(3):
        with output(bucket.format("watch"), keep="history.json") as folder:
            path = folder / "history.json"
            known = json.loads(path.read_text()) if path.is_file() else []
            path.write_text(json.dumps([*known, night]))
    assert json.loads(read(bucket.format("watch"))["history.json"]) == [0, 1, 2]


def test_what_a_failed_job_has_done_stays_here_for_the_next(bucket):
    def fail() -> None:
        with output(bucket.format("out")) as folder:
            (folder / "part").write_text("done")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with output(bucket.format("out")) as again:
        assert (again / "part").read_text() == "done"
    assert read(bucket.format("out")) == {"part": b"done"}


def test_a_store_that_fails_at_the_end_costs_no_more_than_sending_again(trained, bucket, tmp_path, monkeypatch, caplog):
    put(write_accounts(tmp_path / "tonight", 40, seed=3, labels=False).folder, bucket.format("tables"))
    words = [
        "score",
        "--model",
        str(trained.folder),
        "--tables",
        bucket.format("tables"),
        "--out",
        bucket.format("out"),
    ]
    with monkeypatch.context() as down:
        down.setattr("pipeline.remote._send", lambda *_: (_ for _ in ()).throw(OSError("the store is away")))
        assert main([*words, *QUICK]) == 2
    folder = folder_of(bucket.format("out"))
    assert (folder / ".score").is_dir()
    with monkeypatch.context() as never:
        never.setattr("pipeline.jobs.scorebatch.Job._measure", None)
        never.setattr("pipeline.jobs.scorebatch.Job._score", None)
        assert main([*words, *QUICK]) == 0
    assert sorted(read(bucket.format("out"))) == ["manifest.json", "scores.parquet"]
    assert list(folder.iterdir()) == []


def test_another_job_waits_until_everything_is_sent(trained, bucket, tmp_path, monkeypatch, capsys):
    put(write_accounts(tmp_path / "tonight", 40, seed=3, labels=False).folder, bucket.format("tables"))
    words = [
        "score",
        "--model",
        str(trained.folder),
        "--tables",
        bucket.format("tables"),
        "--out",
        bucket.format("out"),
    ]
    second = []

    def sending(folder: Path, address: str) -> None:
        second.append(main([*words, *QUICK]))

    monkeypatch.setattr("pipeline.remote.sent", sending)
    assert main([*words, *QUICK]) == 0
    assert second == [2]
    assert "an output no other job is writing" in capsys.readouterr().err
