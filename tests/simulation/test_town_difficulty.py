"""How hard the town is and how real it looks: the promises of ``docs/simulation.md``, measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.simulation import Difficulty, difficulty, put, realism
from simulation.settings import Town


@pytest.fixture(scope="module")
def default() -> Difficulty:
    return difficulty(Town())


@pytest.mark.slow
def test_profiles_alone_find_bots_as_in_real_mixed_sets(default):
    assert 0.75 <= default.profile <= 0.90
    assert default.single <= 0.85


@pytest.mark.slow
def test_events_tell_more_than_profiles(default):
    assert default.events > default.profile + 0.05


@pytest.mark.slow
def test_naive_pumping_is_easy_and_expert_pumping_is_not():
    # without wrong labels, so that what is left is the difficulty of the town
    sure = {"labels": {"wrong": 0.0}, "drift": 0.0}
    naive = difficulty(Town.model_validate(sure | {"evasion": 0.0}))
    expert = difficulty(Town.model_validate(sure | {"evasion": 1.0}))
    assert naive.events > 0.985
    assert expert.events < 0.97
    # misses: what is left to a perfect ranking at least triples
    assert 1 - expert.events > 3 * (1 - naive.events)


@pytest.mark.slow
@pytest.mark.data
def test_profiles_resemble_real_ones(data_folder, tmp_path):
    from pipeline.files import write_all
    from pipeline.settings import Prepare
    from pipeline.stages.prepare import prepare

    names = ("cresci-2017", "human-bots-2021", "nyu-2017")
    made = prepare(Prepare(sources={name: str(data_folder / "twitter" / name) for name in names}))
    write_all({tmp_path / "tables": made["tables"]})
    found = realism(tmp_path / "tables", accounts=5000)
    assert (found.people - 0.5).abs().max() < 0.06
    # the real sets hold hardly any like bots, and hijacked accounts were somebody's own
    differ = ["likes_given", "following", "banner"]
    assert (found.bots.drop(differ) - 0.5).abs().max() < 0.08
    assert (found.bots[differ] - 0.5).abs().max() < 0.26


def test_a_table_of_the_page_is_replaced_between_its_markers(tmp_path):
    page = Path(tmp_path / "page.md")
    page.write_text("a\n<!-- growth -->\nold\n<!-- /growth -->\nb\n", encoding="utf-8")
    put(page, "growth", "new")
    assert page.read_text(encoding="utf-8") == "a\n<!-- growth -->\nnew\n<!-- /growth -->\nb\n"
    with pytest.raises(SystemExit, match="no markers"):
        put(page, "realism", "new")
