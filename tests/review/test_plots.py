"""Pictures: the same data gives the same bytes, nothing hostile survives, and hidden features stay hidden."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hostile_corpus import HOSTILE

from review import plots
from review.shapplots import HIDDEN, beeswarm, waterfall
from review.svg import label, themed

NAMES = ["followers", "age_days", "digits", "posts"]
rng = np.random.default_rng(0)
DATA = np.where(rng.random((60, 4)) < 0.2, np.nan, rng.normal(size=(60, 4)) * 1000)
PUSHES = rng.normal(size=(60, 4))
IS_BOT = rng.random(60) < 0.4
SCORES = np.clip(IS_BOT * 0.4 + rng.random(60) * 0.6, 0, 1)
NOBODY = np.array([], dtype=bool), np.array([])

DRAWN = {
    "beeswarm": lambda: beeswarm(-1.0, PUSHES, DATA, NAMES, seed=3),
    "beeswarm of many": lambda: beeswarm(0.0, np.tile(PUSHES, (20, 1)), np.tile(DATA, (20, 1)), NAMES),
    "waterfall": lambda: waterfall(-1.0, PUSHES[0], DATA[0], NAMES),
    "roc": lambda: plots.roc((IS_BOT, SCORES), {"a": (IS_BOT[:30], SCORES[:30]), "b": (IS_BOT[30:], SCORES[30:])}),
    "precision_recall": lambda: plots.precision_recall((IS_BOT, SCORES), {}),
    "reliability": lambda: plots.reliability(IS_BOT, SCORES),
    "distributions": lambda: plots.distributions(IS_BOT, SCORES, [("review", 0.8), ("suspend", 1.5)]),
    "bars": lambda: plots.bars([{"family": "name", "mean_abs": 0.5, "share": 1.0}], "family"),
    "roc of nobody": lambda: plots.roc(NOBODY, {}),
    "precision of people only": lambda: plots.precision_recall((IS_BOT & False, SCORES), {}),
    "reliability of nobody": lambda: plots.reliability(*NOBODY),
    "distributions of nobody": lambda: plots.distributions(*NOBODY),
    "bars of nothing": lambda: plots.bars([], "family"),
}


def words(svg: bytes) -> str:
    return " ".join(t for e in ElementTree.fromstring(svg).iter() if (t := (e.text or "").strip()))


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_the_same_figure_gives_the_same_bytes_and_leaves_nothing_open(draw):
    import matplotlib.pyplot as plt

    before = np.random.get_state()[1].copy()  # noqa: NPY002
    svg = draw()
    assert svg == draw()
    assert plt.get_fignums() == []
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    ElementTree.fromstring(svg)
    assert b"matplotlib.org/" not in svg.replace(b"http://matplotlib.org/fonts", b"")
    assert not re.search(rb"20\d\d-\d\d-\d\d", svg)  # no date


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_a_picture_in_a_page_follows_light_and_dark(draw):
    svg = themed(draw())
    ElementTree.fromstring(svg)
    assert svg.count(b"prefers-color-scheme:dark") == 1
    assert b"fill: #1f2328" not in svg  # every ink is a variable now
    assert b"--ink:#e6edf3" in svg


def test_a_waterfall_shows_values_and_ends_at_the_score():
    said = words(waterfall(-1.0, np.array([2.0, -0.5, 0.25, 0.0]), np.array([12_000, np.nan, 0.5, 3]), NAMES))
    assert "12,000" in said  # as people write it
    assert "missing" in said
    assert "+2" in said
    assert "0.75" in said.replace(" ", "")  # -1 + 2 - 0.5 + 0.25


def test_a_hidden_feature_is_summed_up_and_not_named():
    said = words(waterfall(0.0, PUSHES[0], DATA[0], NAMES, suppressed=[False, True, True, False]))
    assert "age_days" not in said
    assert "digits" not in said
    assert HIDDEN in said
    assert "followers" in said


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_drawn_as_text(name):
    svg = waterfall(0.0, PUSHES[0], DATA[0], [name, *NAMES[1:]])
    elements = {e.tag.rsplit("}", 1)[-1] for e in ElementTree.fromstring(svg).iter()}
    assert elements <= {"svg", "defs", "style", "g", "path", "text", "tspan", "use", "clipPath", "rect", "image"}
    assert len(svg) < 100_000
    assert "\u202e" not in svg.decode()


def test_a_label_is_short_and_has_no_mathematics():
    assert label("$x$=1") == r"\$x\$꞊1"
    assert len(label("a" * 1_000_000)) == 40
