"""Bytes flipped, cut, blanked or doubled in any file that scoring reads: scores, or one sentence and code 2."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.bundle import version_of
from models.bundlefile import dumps
from pipeline.__main__ import main
from tests.pipeline.scoremodel import Trained, trained_model
from tests.pipeline.smalltown import write_accounts

QUICK = [w for s in ("prepare.memory=1GB", "featurize.memory=1GB", "featurize.threads=1") for w in ("--set", s)]
OFTEN = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_model(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("town")
    write_accounts(root, 20, seed=2, labels=False)
    return root


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """The same bytes, harmed in one way."""
    at = draw(st.integers(0, len(content) - 1))
    some = draw(st.integers(1, 40))
    return draw(
        st.sampled_from(
            [
                content[:at],
                content[:at] + bytes([content[at] ^ draw(st.integers(1, 255))]) + content[at + 1 :],
                content[:at] + bytes(some) + content[at + some :],
                content[:at] + content[at : at + some] + content[at:],
                content[:at] + draw(st.binary(min_size=1, max_size=40)) + content[at + some :],
            ]
        )
    )


def scored(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Run the program: it ends with 0 or 2, and whatever it says is no traceback."""
    with tempfile.TemporaryDirectory() as out:
        code = main(["score", "--out", out, *words, *QUICK])
        said = capsys.readouterr().err
        assert code in (0, 2), said
        assert (Path(out) / "scores.parquet").exists() == (code == 0)
    assert "Traceback" not in said
    if code == 2:
        assert "expected" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["accounts", "posts"])
@OFTEN
@given(data=st.data())
def test_damaged_tables(trained, town, capsys, name, data):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(town, folder, dirs_exist_ok=True)
        path = Path(folder) / f"{name}.parquet"
        path.write_bytes(data.draw(damage(path.read_bytes())))
        scored(["--model", str(trained.folder), "--tables", folder], capsys)


@pytest.mark.slow
@OFTEN
@given(data=st.data())
def test_damaged_features(trained, capsys, data):
    content = (trained.folder.parent / "features.parquet").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.parquet"
        path.write_bytes(data.draw(damage(content)))
        scored(["--model", str(trained.folder), "--features", str(path)], capsys)


@pytest.mark.slow
@OFTEN
@given(data=st.data())
def test_a_damaged_model_whose_checksums_were_made_to_fit(trained, town, capsys, data):
    """Every file of the directory but the list of checksums itself."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        shutil.copytree(trained.folder, folder)
        facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        name = data.draw(st.sampled_from(sorted(facts["files"])))
        harmed = data.draw(damage((folder / name).read_bytes()))
        (folder / name).write_bytes(harmed)
        facts["files"][name] = hashlib.md5(harmed, usedforsecurity=False).hexdigest()
        facts["version"] = version_of(facts)
        (folder / "model.json").write_bytes((dumps(facts) + "\n").encode())
        scored(["--model", str(folder), "--tables", str(town)], capsys)


@pytest.mark.parametrize("at", [0.02, 0.1, 0.3, 0.5, 0.9])
def test_a_damaged_page_is_a_sentence(trained, town, tmp_path, capsys, at):
    """The footer is whole, so only reading tells."""
    shutil.copytree(town, tmp_path / "t")
    path = tmp_path / "t" / "accounts.parquet"
    content = bytearray(path.read_bytes())
    start = 4 + int(at * 1000)
    content[start : start + 30] = b"\x0e" * 30
    path.write_bytes(bytes(content))
    scored(["--model", str(trained.folder), "--tables", str(tmp_path / "t")], capsys)
