"""A queued experiment reads and writes its own checkout, runs its own code, and is tracked with the project's runs."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from pipeline import __main__ as entry
from pipeline.commands import layout_of, store_root
from pipeline.dvcyaml import PROJECT


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of the project aside, as DVC makes it, and the folder of the project it is of."""
    aside, project = tmp_path / "aside", tmp_path / "project"
    (aside / "pipeline").mkdir(parents=True)
    (aside / "dvc.yaml").write_text("stages: {}\n")
    (aside / "pipeline" / "__main__.py").write_text("import sys\nprint('aside', *sys.argv[1:])\nsys.exit(3)\n")
    monkeypatch.chdir(aside)
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.setenv("DVC_STAGE", "split")
    return aside, project


def test_files_are_the_checkouts_and_runs_the_projects(checkout):
    aside, project = checkout
    layout = layout_of(None)
    assert (layout.data, layout.artifacts) == (aside / "data", aside / "artifacts")
    assert layout.root == store_root() == project


def test_without_an_experiment_all_is_in_one_folder(checkout, monkeypatch):
    aside, _ = checkout
    monkeypatch.delenv("DVC_ROOT")
    (aside / "deeper").mkdir()
    monkeypatch.chdir(aside / "deeper")
    layout = layout_of(None)
    assert (layout.data, layout.root) == (aside / "data", aside)
    assert layout_of("out").data == layout_of("out").root == aside / "deeper" / "out"


def test_the_code_of_the_checkout_is_run(checkout, monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["unpump", "split", "--set", "split.seed=1"])
    assert entry.main() == 3
    assert capfd.readouterr().out == "aside split --set split.seed=1\n"


def test_what_was_handed_over_is_not_handed_over_again(checkout, monkeypatch):
    # Where Python finds this program rather than the checkout's, each would start the next.
    monkeypatch.setenv(entry.HANDED_OVER, "1")
    assert not entry.copied()


def test_in_the_project_itself_and_outside_of_stages_nothing_is_handed_over(checkout, monkeypatch):
    monkeypatch.delenv("DVC_STAGE")
    assert not entry.copied()
    monkeypatch.setenv("DVC_STAGE", "split")
    assert entry.copied()
    monkeypatch.chdir(PROJECT)
    assert not entry.copied()


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_dvc_sees_the_data_it_keeps_and_git_does_not_see_the_data(tmp_path):
    from dvc.scm import Git

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "data" / "raw" / "mine").mkdir(parents=True)
    for name in (".gitignore", "data/raw/.gitignore"):
        shutil.copy(PROJECT / name, tmp_path / name)
    git = Git(str(tmp_path))
    # DVC asks of a folder with a slash at its end, and looks no further where it is ignored.
    for kept in ("data/", "data/raw/", "data/raw/mine.dvc", "data/raw/README.md"):
        assert not git.is_ignored(str(tmp_path / kept) + "/" * kept.endswith("/")), kept
    for ignored in ("data/raw/mine", "data/raw/some.csv", "data/tables", "data/features.parquet", "data/references"):
        assert git.is_ignored(str(tmp_path / ignored)), ignored
