"""The measurements behind docs/ablation.md and docs/coordination.md, on accounts small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ablation import Measured, gain, page, subsets
from benchmarks.ablation import families as families_of
from benchmarks.twopass import FEWEST, Neighbourhood
from models.folds import Side


def crowd(n=240, seed=0):
    """Bots by what they like; a profile that tells less; a family that is noise."""
    dice = np.random.default_rng(seed)
    bot = np.arange(n) % 2 == 0
    x = np.column_stack([bot * 1.0 + dice.normal(size=n), bot * 4.0 + dice.normal(size=n), dice.normal(size=n)])
    declared = [
        {"name": "age", "family": "profile", "needs": ["accounts"]},
        {"name": "likes", "family": "actions", "needs": ["engagements"]},
        {"name": "noise", "family": "content", "needs": ["posts"]},
    ]
    fold = dice.permutation(n) % 3
    sides = [Side(k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(3)]
    kind = np.where(bot, np.where(np.arange(n) % 4 == 0, "one", "two"), "human")
    return Measured(x, [d["name"] for d in declared], declared, bot, kind, sides)


@pytest.fixture(scope="module")
def measured():
    data = crowd()
    return {
        "families": families_of(data),
        "subsets": subsets(data),
        "counts": {"accounts": 240, "bots": 120},
        "commit": "c",
    }


def test_a_family_that_tells_is_missed_and_noise_is_not(measured):
    lost = measured["families"]["without"]["all bots"]["gains"]
    assert lost["actions"]["average_precision"]["low"] > 0
    assert lost["content"]["average_precision"]["low"] <= 0
    added = measured["families"]["added"]["all bots"]["gains"]
    # The first system is the base: what a family adds is the other way round.
    assert added["actions"]["average_precision"]["high"] < 0
    assert set(measured["families"]["without"]) == {"all bots", "one", "two"}


def test_quality_falls_with_tables_and_each_subset_has_a_rival(measured):
    found = measured["subsets"]
    assert list(found) == ["all tables", "without follows, engagements", "without follows, engagements, posts"]
    assert [row["columns"] for row in found.values()] == [3, 2, 1]
    values = [row["values"]["subset"]["average_precision"]["value"] for row in found.values()]
    assert values[0] > values[1] + 0.1
    # Where nothing is absent, the one model is that of the subset.
    assert found["all tables"]["gains"]["one"]["average_precision"]["value"] == 0
    profile = found["without follows, engagements, posts"]["values"]
    assert profile["copies"]["average_precision"]["value"] > profile["one"]["average_precision"]["value"]


def test_the_page_shows_every_table(measured):
    text = page({"a set": measured})
    assert "240 accounts, 120 of them bots" in text
    assert text.count("| actions |") == 5  # overall, and of kinds: two metrics, lost and added
    assert text.count("| all tables |") == 1


def test_a_gain_is_bold_when_its_interval_leaves_out_zero():
    assert gain({"value": 0.1, "low": 0.05, "high": 0.2}) == "**+0.100 (+0.050 to +0.200)**"
    assert gain({"value": 0.1, "low": 0.05, "high": 0.2}, -1) == "**-0.100 (-0.200 to -0.050)**"
    assert gain({"value": 0.1, "low": -0.05, "high": 0.2}) == "+0.100 (-0.050 to +0.200)"
    assert gain({"value": 0.1, "low": None}) == "+0.100"
    assert gain(None) == ""


def test_scores_of_neighbours_come_from_models_that_saw_neither_end(monkeypatch):
    n = 12
    fold = np.array([0, 1, 2, -1] * 3)
    who, other = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(n)))
    ties = {"likers": (who[who != other], other[who != other])}
    data = Neighbourhood(np.zeros((n, 1)), fold, np.zeros(n, dtype=bool), np.full(n, ""), ties)
    asked = []

    def learned(self, x, truth, without):
        asked.append(without)
        return np.full(n, 10.0 ** without[0] * 2.0 ** without[1])

    monkeypatch.setattr(Neighbourhood, "learned", learned)
    found = data.second()
    assert asked == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    # Account 0 of fold 0 has 2 neighbours in fold 0 (score 1), 3 in 1 (2), 3 in 2 (4), and 3 without (its own: 1).
    assert found[0, 0] == pytest.approx((2 * 1 + 3 * 2 + 3 * 4 + 3 * 1) / 11)
    # An account without fold sees each neighbour as that one's own fold does: 3 of 1, 20 and 400 each.
    seen = [1.0] * 3 + [20.0] * 3 + [400.0] * 3
    assert found[3, 0] == pytest.approx(np.mean(seen))


def test_few_neighbours_tell_nothing(monkeypatch):
    ties = {"likers": (np.zeros(FEWEST - 1, dtype=np.int64), np.arange(1, FEWEST))}
    data = Neighbourhood(np.zeros((6, 1)), np.array([0, 1] * 3), np.zeros(6, dtype=bool), np.full(6, ""), ties)
    monkeypatch.setattr(Neighbourhood, "learned", lambda self, x, truth, without: np.full(6, 0.9))
    assert np.isnan(data.second()).all()
