"""The explain stage: contributions add up, cases are explained, pictures are there, and all of it is repeatable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tinyrun import training

from models.bundle import from_files
from models.settings import Explain
from pipeline.files import to_json
from pipeline.stages.explain import _interactions, explain, watched_cut

SETTINGS = Explain(cases=6, reasons=3, picture_rows=100)


def run(trained: dict, settings: Explain = SETTINGS) -> dict:
    return explain(*(trained[k] for k in ("features", "folds", "model", "oof")), settings)


@pytest.fixture(scope="module")
def explained() -> dict:
    return run(training())


def test_contributions_have_a_row_per_account_and_add_up(explained):
    trained = training()
    model = from_files(trained["model"], "model")
    table = explained["contributions"]
    assert list(table.columns) == ["account_id", "raw_score", "base_value", *model.columns]
    assert table["account_id"].tolist() == trained["features"]["account_id"].tolist()
    assert np.array_equal(table["raw_score"], model.raw_scores(trained["features"]))
    added = table["base_value"] + table[list(model.columns)].sum(axis=1)
    assert (added - table["raw_score"]).abs().max() <= 1e-6
    assert table["base_value"].nunique() == 1


def test_importance_covers_every_feature_and_shares_add_up(explained):
    found = explained["importance"]
    assert {f["feature"] for f in found["features"]} == set(from_files(training()["model"], "m").columns)
    assert sum(f["share"] for f in found["features"]) == pytest.approx(1)
    assert [f["family"] for f in found["families"]][:1] != []


def test_pairs_of_features_are_looked_at_over_a_sample_and_never_name_hidden_ones(explained):
    trained = training()
    known = from_files(trained["model"], "m")
    found = explained["importance"]["interactions"]
    assert found["rows"] == SETTINGS.interactions
    sizes = [p["mean_abs"] for p in found["pairs"]]
    assert sizes == sorted(sizes, reverse=True)
    strongest = found["pairs"][0]["features"]
    said = tuple({**d, "suppressed": True} if d["name"] == strongest[0] else d for d in known.declarations)
    hidden = replace(known, declarations=said)
    matrix = hidden.matrix(trained["features"])
    pairs = _interactions(hidden, SETTINGS, matrix)["pairs"]
    assert pairs
    assert not [p for p in pairs if strongest[0] in p["features"]]
    assert _interactions(hidden, Explain(interactions=0), matrix) == {"rows": 0, "pairs": []}


def test_cases_say_who_why_and_with_which_reasons(explained):
    trained = training()
    known = trained["oof"].set_index("account_id")
    model = from_files(trained["model"], "model")
    assert len(explained["cases"]) == 6
    for case in explained["cases"]:
        row = known.loc[case["account_id"]]
        assert case["why"]
        assert case["is_bot"] == row["is_bot"]
        assert case["bot_probability"] == row["bot_probability"]
        assert case["tier"] == model.tier(np.array([row["bot_probability"]]))[0]
        assert case["final_low"] <= case["final"] <= case["final_high"]
        assert 0 < len(case["reasons"]) <= 3
        assert case["picture"] in explained["pictures"]
    to_json(explained["cases"])


def test_pictures_are_those_the_page_asks_for(explained):
    wanted = {"beeswarm.svg", "families.svg", "roc.svg", "precision_recall.svg", "reliability.svg", "distributions.svg"}
    assert wanted <= set(explained["pictures"])
    assert all(svg.startswith(b"<?xml") for svg in explained["pictures"].values())


def test_the_same_run_gives_the_same_values(explained):
    again = run(training())
    assert again["contributions"].equals(explained["contributions"])
    assert again["pictures"] == explained["pictures"]
    assert to_json([again["cases"], again["importance"]]) == to_json([explained["cases"], explained["importance"]])


def test_no_cases_are_explained_when_none_are_asked_for():
    found = run(training(), Explain(cases=0, picture_rows=10))
    assert found["cases"] == []
    assert not any(name.startswith("cases/") for name in found["pictures"])


def test_accounts_are_watched_from_the_first_tier_that_is_open():
    assert watched_cut({"suspend": None, "review": 0.9, "discount": 0.5}) == 0.9
    assert watched_cut({"suspend": 0.99, "review": None, "challenge": None, "discount": 0.4}) == 0.4
    assert watched_cut({"suspend": None, "review": None}) == 0.5
