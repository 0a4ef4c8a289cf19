"""Bots that imitate people where it is affordable are caught only by what they cannot afford."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.robustness import LEVELS, Known, _ranked_into, evasion, mimic

EVADE = {"bio_length": "free", "gap_regularity": "cheap", "followers": "rented", "lockstep": "expensive"}
FAMILY = {"bio_length": "profile", "gap_regularity": "activity", "followers": "profile", "lockstep": "graph"}


def town(n: int = 800, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Half bots, two standard deviations from people on every feature; two folds, two sources."""
    rng = np.random.default_rng(seed)
    bot = np.arange(n) % 2 == 0
    ids = [f"a{i:04d}" for i in range(n)]
    features = pd.DataFrame({"account_id": ids} | {c: rng.normal(np.where(bot, 2.0, 0.0), 1) for c in EVADE})
    folds = pd.DataFrame(
        {
            "account_id": ids,
            "source": np.where(np.arange(n) % 4 < 2, "first", "second"),
            "is_bot": bot,
            "kind": np.where(bot, "spam_bot", "human"),
            "fold": (np.arange(n) // 4) % 2,
        }
    )
    return features, folds


def by_sum(x: pd.DataFrame, fold: np.ndarray) -> np.ndarray:
    """The best score there is for this town: every feature counts the same."""
    total = x.fillna(0).to_numpy().sum(axis=1)
    return 1 / (1 + np.exp(-(2 * total - 8)))


def measured(features, folds, score=by_sum, **more):
    settings = {"thresholds": {"suspend": 0.99, "review": 0.5}, "resamples": 20}
    return evasion(features, folds, EVADE, FAMILY, score, **(settings | more))


def levels(found: dict, mimicry: str, what: str = "average_precision") -> list[float]:
    return [one[mimicry]["metrics"][what]["value"] for one in found["levels"]]


def test_each_level_pays_for_those_before_it():
    found = measured(*town())
    assert [one["name"] for one in found["levels"]] == list(LEVELS)
    assert [one["changed"] for one in found["levels"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("mimicry", ["quantiles", "person"])
def test_the_more_is_evaded_the_less_is_detected(mimicry):
    found = measured(*town())
    kept = [found["untouched"]["metrics"]["average_precision"]["value"], *levels(found, mimicry)]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > 0.99


def test_a_perfect_copy_of_a_person_is_scored_like_a_person():
    found = measured(*town(2000))
    told = found["levels"][-1]["person"]
    assert told["metrics"]["roc_auc"]["value"] == pytest.approx(0.5, abs=0.05)
    # No better than the share of people who reach the tier by mistake, about 0 at .99.
    assert told["caught"]["suspend"]["value"] < 0.02


def test_what_is_not_evaded_still_tells():
    features, folds = town(2000)
    found = measured(features, folds)
    only = features["lockstep"].to_numpy()
    bots, people = only[folds["is_bot"]], only[~folds["is_bot"]]
    alone = (bots[:, None] > people[None, :]).mean()  # ROC AUC of the one feature that is left
    assert 0.7 < levels(found, "person", "roc_auc")[2] <= alone


def test_families_are_evaded_one_at_a_time():
    found = measured(*town())
    assert {one["name"]: one["changed"] for one in found["families"]} == {"activity": 1, "graph": 1, "profile": 2}
    by_name = {one["name"]: one["person"]["metrics"]["average_precision"]["value"] for one in found["families"]}
    assert by_name["profile"] < by_name["graph"]


def test_people_and_what_cannot_be_afforded_stay_as_they_were():
    features, folds = town()
    x = features.drop(columns="account_id")
    bot = folds["is_bot"].to_numpy()
    known = Known(x, bot, folds["fold"].to_numpy(), folds["source"].to_numpy(str), folds["kind"].to_numpy(str))
    changed = mimic(known, ["followers"], "quantiles", seed=0)
    pd.testing.assert_frame_equal(changed[~bot], x[~bot])
    pd.testing.assert_series_equal(changed["lockstep"], x["lockstep"])
    # Every value now is one that a person of the same source and fold has.
    for (_, _), rows in folds.groupby(["source", "fold"]):
        people = x.loc[rows.index[~rows["is_bot"]], "followers"]
        assert set(changed.loc[rows.index[rows["is_bot"]], "followers"]) <= set(people)


def test_a_copied_person_is_one_person():
    features, folds = town()
    x = features.drop(columns="account_id")
    bot = folds["is_bot"].to_numpy()
    known = Known(x, bot, folds["fold"].to_numpy(), folds["source"].to_numpy(str), folds["kind"].to_numpy(str))
    changed = mimic(known, list(EVADE), "person", seed=0)
    people = {tuple(row) for row in x[~bot].to_numpy()}
    assert all(tuple(row) in people for row in changed[bot].to_numpy())


def test_ranks_are_kept_and_missing_is_imitated_too():
    # Two of four people hide the number, so the two lowest bots hide it; the others get 10 and 20 in their order.
    people = np.array([10.0, np.nan, 20.0, np.nan])
    found = _ranked_into(np.array([7.0, 3.0, 9.0, 1.0]), people, np.random.default_rng(0))
    np.testing.assert_array_equal(found, [10, np.nan, 20, np.nan])


def test_models_are_asked_only_about_accounts_they_did_not_see():
    asked = []

    def score(x, fold):
        asked.append(fold.copy())
        return by_sum(x, fold)

    features, folds = town()
    measured(features, folds, score)
    bots = folds.loc[folds["is_bot"], "fold"].to_numpy()
    assert (asked[0] == folds["fold"].to_numpy()).all()
    assert len(asked) > 1
    assert all((fold == bots).all() for fold in asked[1:])


def test_kinds_are_told_apart():
    features, folds = town()
    folds.loc[folds.index % 8 == 0, "kind"] = "like_bot"
    found = measured(features, folds)
    assert set(found["untouched"]["kinds"]) == {"like_bot", "spam_bot"}
    assert found["untouched"]["kinds"]["like_bot"]["bots"] == 100


def test_same_input_same_answer_whatever_the_order():
    features, folds = town()
    shuffled = measured(features.sample(frac=1, random_state=1), folds.sample(frac=1, random_state=2))
    assert shuffled == measured(features, folds)


def test_every_level_is_said_in_a_sentence():
    said = measured(*town())["says"]
    assert len(said) == len(LEVELS)
    assert said[1].startswith("With its 2 free and cheap features copied from a person")
    nothing_free = evasion(*town(), EVADE | {"bio_length": "rented"}, FAMILY, by_sum, thresholds={}, resamples=2)
    assert nothing_free["says"][0] == "No feature is free to evade."


def test_without_people_there_is_nobody_to_imitate():
    features, folds = town()
    with pytest.raises(BadInput, match="people for them to imitate"):
        measured(features, folds[folds["is_bot"]])
