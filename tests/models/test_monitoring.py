"""Checks find what was planted, say nothing where nothing changed, and stay honest about chance."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import BadInput
from models.comparison import Mixed
from models.drift import Tally, profile
from models.expected import auc, expected, usual
from models.monitoring import CHECKS, Seen, check_profile, examine, report
from models.settings import Monitor

FEATURES = 40
CUTS = {"discount": 0.3, "review": 0.7}


def town(seed: int, n: int = 2000, bots: float = 0.3) -> dict[str, Any]:
    """Accounts with features of every sort, truth, calibrated probabilities and what moves them."""
    rng = np.random.default_rng(seed)
    is_bot = rng.random(n) < bots
    shared = rng.normal(size=(n, 1))  # features go together, as they do
    x = 0.5 * shared + rng.normal(size=(n, FEATURES)) + 0.4 * is_bot[:, None]
    x[:, 10:20] = np.round(np.exp(x[:, 10:20]))  # counts with heavy tails
    x[:, 20:25] = x[:, 20:25] > 0.8  # flags
    x[:, 25:28] = np.where(x[:, 25:28] > 1, x[:, 25:28], 0)  # mostly zero
    x[:, 28] = 7.0
    gone = rng.random((n, FEATURES)) < np.linspace(0, 0.5, FEATURES)
    x[gone] = np.nan
    raw = np.where(is_bot, rng.normal(1.5, 1.7, n), rng.normal(-1.5, 1.7, n))  # log-odds of equal shares
    raw = raw * 3 / 1.7**2 + np.log(0.3 / 0.7)  # of two normals 3 apart, where 30% are bots
    parts = np.array([0.5, 0.3, 0.2]) * raw[:, None] + rng.normal(0, 0.3, (n, 3))
    pushes = np.hstack([parts, rng.normal(0, 0.02, (n, FEATURES - 3))])
    return {
        "x": x,
        "p": 1 / (1 + np.exp(-raw)),
        "is_bot": is_bot,
        "platform": rng.choice(["red", "blue"], n, p=[0.7, 0.3]).tolist(),
        "language": rng.choice(["en", "es", "ja", "sw"], n, p=[0.7, 0.2, 0.095, 0.005]).tolist(),
        "pushes": pushes,
        "tables": {"posts": {"rows": 5 * n, "lag_days": 0.1}, "likes": {"rows": 50 * n, "lag_days": 0.0}},
    }


def reference(made: dict[str, Any]) -> dict[str, Any]:
    return profile(
        made["x"],
        [f"f{i}" for i in range(FEATURES)],
        probability=made["p"],
        is_bot=made["is_bot"],
        cuts=CUTS,
        categories={"platform": made["platform"], "language": made["language"]},
        attributions=(np.arange(len(made["p"])), made["pushes"]),
        tables=made["tables"],
    )


def seen(known: dict[str, Any], made: dict[str, Any], labels: bool = False, **more: Any) -> Seen:
    tally = Tally.like(known)
    bounds = (np.maximum(made["p"] - 0.02, 0), np.minimum(made["p"] + 0.02, 1))
    tally.add(
        made["x"],
        made["p"],
        bounds=bounds,
        categories={"platform": made["platform"], "language": made["language"]},
    )
    tally.add_attributions(made["pushes"])
    labelled = (made["p"], *bounds, made["is_bot"]) if labels else None
    return Seen(known, tally.to_json(made["tables"]), Monitor(**more), labelled=labelled)


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    return reference(town(10_000, 4000))


def found(known: dict[str, Any], made: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {f.code: f for f in examine(seen(known, made, **more))}


def test_at_most_1_town_of_100_without_drift_is_alarmed_all_checks_together(known):
    spoke = [seed for seed in range(100) if found(known, town(seed), labels=True)]
    assert len(spoke) <= 1


def test_limits_alone_hold_the_promise_without_leaning_on_sizes(known):
    # With no smallest size at all, what is left is chance: of 100 towns at 5%, all checks together, 5 are expected.
    bare = {"psi_warning": 1e-9, "push": 1e-9, "alpha": 0.05}
    chance = {"UNP010", "UNP011", "UNP014", "UNP020", "UNP021"}
    spoke = [seed for seed in range(100) if chance & set(found(known, town(seed, 1000), **bare))]
    assert len(spoke) <= 11  # 5 + 2.75 * sqrt(5 * 0.95)


def shifted(made: dict[str, Any]) -> None:
    made["x"][:, 2] += 0.6


def stretched(made: dict[str, Any]) -> None:
    made["x"][:, 12] *= 3


def flags(made: dict[str, Any]) -> None:
    chosen = np.random.default_rng(20_001).random(len(made["p"])) < 0.8
    made["x"][chosen, 20] = 1.0


def emptied(made: dict[str, Any]) -> None:
    made["x"][np.random.default_rng(20_001).random(len(made["p"])) < 0.15, 1] = np.nan


def filled(made: dict[str, Any]) -> None:
    made["x"][:, 39] = np.where(np.isnan(made["x"][:, 39]), 0.0, made["x"][:, 39])


def beyond_it(made: dict[str, Any]) -> None:
    made["x"][:150, 5] = 1e6


def new_platform(made: dict[str, Any]) -> None:
    made["platform"][:60] = ["green<script>"] * 60


def other_platforms(made: dict[str, Any]) -> None:
    made["platform"][:600] = ["blue"] * 600


def higher_scores(made: dict[str, Any]) -> None:
    made["p"] = 1 / (1 + np.exp(-(np.log(made["p"] / (1 - made["p"])) + 1.2)))


def other_reasons(made: dict[str, Any]) -> None:
    made["pushes"][:, 0] -= 0.5
    made["pushes"][:, 30] += 0.5


def one_slice(made: dict[str, Any]) -> None:
    blue = np.array(made["platform"]) == "blue"
    made["p"] = np.where(blue, np.minimum(made["p"] + 0.4, 0.99), made["p"])


def unsure(made: dict[str, Any]) -> None:
    # Those above the cut are hardly above it: few of them are sure bots any more.
    made["p"] = np.where(made["p"] >= 0.7, 0.72, made["p"])


def hidden(made: dict[str, Any]) -> None:
    # Bots that used to be sure now look like people, but not quite.
    made["p"] = np.where(made["p"] >= 0.7, 0.6, made["p"])


def no_likes(made: dict[str, Any]) -> None:
    del made["tables"]["likes"]


def thin(made: dict[str, Any]) -> None:
    made["tables"]["posts"]["rows"] //= 8


def stale(made: dict[str, Any]) -> None:
    made["tables"]["posts"]["lag_days"] = 9.0


def wrong_side(made: dict[str, Any]) -> None:
    # Half of the bots have learned to score as people do: the scores still look calm, labels tell.
    rng = np.random.default_rng(20_002)
    turned = made["is_bot"] & (rng.random(len(made["p"])) < 0.5)
    made["p"][turned] = rng.choice(made["p"][~made["is_bot"]], turned.sum())


def people_flagged(made: dict[str, Any]) -> None:
    rng = np.random.default_rng(20_002)
    turned = ~made["is_bot"] & (rng.random(len(made["p"])) < 0.2)
    made["p"][turned] = rng.choice(made["p"][made["is_bot"]], turned.sum())


PLANTED: list[tuple[Callable[[dict[str, Any]], None], str, bool]] = [
    (shifted, "UNP010", False),
    (stretched, "UNP010", False),
    (flags, "UNP010", False),
    (emptied, "UNP011", False),
    (filled, "UNP011", False),
    (beyond_it, "UNP012", False),
    (new_platform, "UNP013", False),
    (other_platforms, "UNP014", False),
    (higher_scores, "UNP020", False),
    (other_reasons, "UNP021", False),
    (one_slice, "UNP022", False),
    (unsure, "UNP030", False),
    (hidden, "UNP031", False),
    (no_likes, "UNP002", False),
    (thin, "UNP002", False),
    (stale, "UNP003", False),
    (people_flagged, "UNP040", True),
    (wrong_side, "UNP041", True),
    (people_flagged, "UNP042", True),
    (wrong_side, "UNP043", True),
    (wrong_side, "UNP044", True),
]


@pytest.mark.parametrize(("plant", "code", "labels"), PLANTED, ids=lambda v: getattr(v, "__name__", str(v)))
def test_planted_drift_is_found(known, plant, code, labels):
    for seed in range(3):
        made = town(seed)
        plant(made)
        assert code in found(known, made, labels=labels)


def test_every_check_has_a_planted_case():
    examine(seen(reference(town(0, 200)), town(1, 200)))
    assert {code for _, code, _ in PLANTED} | {"UNP001", "UNP004", "UNP005"} == set(CHECKS)


@pytest.mark.parametrize(("refused", "severity"), [(9, None), (10, "warning"), (99, "warning"), (100, "severe")])
def test_unusable_rows_are_told_by_their_share(known, refused, severity):
    read = {"posts": {"read": 1000, "used": 1000 - refused, "refused": refused, "reasons": {"no_moment": refused}}}
    told = {f.code: f.severity for f in examine(replace(seen(known, town(0)), read=read))}
    assert told.get("UNP005") == severity


@pytest.mark.parametrize("code", ["UNP001", "UNP010", "UNP044"])
def test_every_check_says_what_it_looks_for(code):
    assert CHECKS[code].summary.endswith(".")


def test_a_finding_names_the_feature_and_cannot_carry_markup_on_more_than_one_line(known):
    made = town(1)
    new_platform(made)
    shifted(made)
    answers = found(known, made)
    assert answers["UNP010"].says.startswith("1 feature drifted: f2 (PSI ")
    assert "“green<script>” (60 accounts)" in answers["UNP013"].says


def test_drift_of_what_moves_scores_is_severe_and_of_what_does_not_is_a_warning(known):
    for feature, severity in ((0, "severe"), (35, "warning")):
        made = town(1)
        made["x"][:, feature] += 1.2
        assert found(known, made)["UNP010"].severity == severity


def test_a_feature_that_moves_no_score_may_drift_in_silence_unless_hardly_an_account_is_where_it_was(known):
    made = town(1)
    made["x"][:, 35] += 0.6
    assert found(known, made) == {}
    made["x"][:, 35] += 3
    assert found(known, made)["UNP010"].severity == "warning"


def test_languages_come_in_crowds(known):
    made = town(1)
    made["language"][:600] = ["ja"] * 600
    assert found(known, made) == {}
    made["language"] = ["ja"] * 2000
    assert "UNP014" in found(known, made)


def test_values_of_one_fold_are_no_drift_of_a_fitted_feature():
    # A share of 800 training accounts in each of five folds, of 1,000 in the batch: 1/800 against 1/1000.
    rng = np.random.default_rng(0)
    fold = np.arange(2000) % 5
    shares = np.array([0.31, 0.32, 0.33, 0.34, 0.35])[fold]
    x = np.where(rng.random(2000) < 0.5, shares, rng.random(2000))[:, None]
    later = np.where(rng.random(2000) < 0.5, 0.328, rng.random(2000))[:, None]
    p = rng.random(2000)
    for fitted, spoke in (([], True), (["a"], False)):
        tally = Tally.like(profile(x, ["a"], probability=p, fitted=fitted, fold=fold))
        tally.add(later, p)
        batch = tally.to_json()
        answers = examine(Seen(profile(x, ["a"], probability=p, fitted=fitted, fold=fold), batch, Monitor()))
        assert ("UNP010" in {f.code for f in answers}) == spoke


def test_more_bots_of_the_known_kind_are_told_from_a_new_kind(known):
    more = found(known, town(1, bots=0.7))["UNP020"]
    assert "that explains them" in more.says
    assert more.evidence["bot_share"]["low"] < 0.7 < more.evidence["bot_share"]["high"]
    made = town(1)
    made["p"] = np.where(made["p"] > 0.2, 0.45, made["p"])
    assert "in a new way" in found(known, made)["UNP020"].says


def test_a_model_declared_for_fewer_bots_expects_fewer(known):
    rare = town(1, 4000, bots=0.05)
    assert "UNP020" in found(known, rare)
    whole = seen(known, rare)
    declared = Seen(known, whole.batch, Monitor(), bot_share=0.05)
    assert "UNP020" not in {f.code for f in examine(declared)}


def volumes(known: dict[str, Any], now: int, history: list[int], **more: Any) -> str | None:
    made = town(0, now)
    earlier = [{"accounts": n} for n in history]
    batch = seen(known, made).batch
    answers = {f.code: f.severity for f in examine(Seen(known, batch, Monitor(**more), history=earlier))}
    return answers.get("UNP001")


def test_volume_is_judged_by_the_setting_then_by_history_then_by_training(known):
    assert volumes(known, 2000, []) is None  # training: 4,000
    assert volumes(known, 600, []) == "warning"
    assert volumes(known, 2000, [2000, 2100, 1900]) is None
    assert volumes(known, 800, [2000, 2100, 1900]) == "warning"
    assert volumes(known, 400, [2000, 2100, 1900]) == "severe"
    assert volumes(known, 2000, [900, 950, 910]) == "warning"
    assert volumes(known, 800, [2000, 800, 2000, 800, 1900, 700]) is None  # it swings like this every week
    assert volumes(known, 800, [800, 810], accounts=5000) == "severe"


def test_an_empty_batch_is_severe(known):
    made = town(0, 10)
    nobody = {k: v[:0] for k, v in made.items() if k != "tables"} | {"tables": {}}
    assert found(known, nobody)["UNP001"].severity == "severe"


def test_a_handful_of_accounts_is_not_judged(known):
    made = town(0, 20)
    assert set(found(known, made, accounts=20)) == {"UNP004"}


def test_expected_precision_and_recall_of_four_accounts():
    # At and above 0.7: 0.9 and 0.7, so 1.6 bots of 2; all: 0.9 + 0.7 + 0.3 + 0.1 = 2.0 bots; recall 1.6 / 2.0.
    p = np.array([0.9, 0.7, 0.3, 0.1])
    said = expected(profile(np.zeros((4, 1)), ["a"], probability=p, cuts=CUTS), "review")
    assert said["precision"]["value"] == pytest.approx(0.8)
    assert said["recall"]["value"] == pytest.approx(0.8)
    assert said["bots"]["value"] == pytest.approx(2.0)
    # 1.96 standard deviations of the bots among two with 0.9 and 0.7: 1.96 * sqrt(0.09 + 0.21) = 1.07 of 2.
    assert said["precision"]["low"] == pytest.approx((1.6 - 1.0735) / 2, abs=1e-3)
    assert said["precision"]["high"] == 1.0


def test_expected_precision_covers_the_real_one_19_times_in_20(known):
    inside = []
    for seed in range(60):
        made = town(seed, 1000)
        said = expected(seen(known, made).batch, "review")
        flagged = made["p"] >= 0.7
        for what, real in (
            ("precision", made["is_bot"][flagged].mean()),
            ("recall", made["is_bot"][flagged].sum() / made["is_bot"].sum()),
        ):
            inside.append(said[what]["low"] <= real <= said[what]["high"])
    assert np.mean(inside) >= 0.95


def test_nothing_flagged_has_no_precision():
    said = expected(profile(np.zeros((2, 1)), ["a"], probability=np.array([0.1, 0.2]), cuts=CUTS), "review")
    assert said["precision"] is None
    assert said["recall"]["value"] == 0


def test_the_reference_knows_its_own_precision():
    # 3 of 4 flagged are bots, 3 of 5 bots are flagged, 1 of 5 people is.
    p = np.array([0.9] * 4 + [0.1] * 6)
    truth = np.array([True] * 3 + [False] + [True] * 2 + [False] * 4)
    said = usual(Mixed(profile(np.zeros((10, 1)), ["a"], probability=p, is_bot=truth, cuts=CUTS)), "review")
    assert said["precision"]["value"] == pytest.approx(0.75)
    assert said["recall"]["value"] == pytest.approx(0.6)
    assert said["false_positive_rate"]["value"] == pytest.approx(0.2)


def test_auc_counts_ties_half():
    # Pairs of bot and person: (0.5, 0.5) a tie, (0.5, 0.1), (0.9, 0.5), (0.9, 0.1): 3.5 of 4.
    said = auc(np.array([0.5, 0.9, 0.5, 0.1]), np.array([True, True, False, False]))
    assert said is not None
    assert said["value"] == pytest.approx(0.875)
    assert auc(np.array([0.5]), np.array([True])) is None


def test_the_report_is_json(known):
    made = town(2)
    shifted(made)
    said = report(seen(known, made, labels=True))
    assert json.loads(json.dumps(said, allow_nan=False)) is not None
    assert said["counts"] == {"notice": 0, "warning": 0, "severe": 1}
    assert said["features"][0]["feature"] == "f2"
    assert said["realised"]["accounts"] == 2000


def test_a_batch_can_be_the_reference_of_the_next(known):
    first = seen(known, town(1)).batch
    assert examine(seen(first, town(2))) == []
    made = town(2)
    shifted(made)
    assert {f.code for f in examine(seen(first, made))} == {"UNP010"}


@pytest.mark.parametrize("wrong", [None, [], {}, {"format": 99, "features": {}}])
def test_a_foreign_profile_is_refused(wrong):
    with pytest.raises(BadInput, match="a profile of format 1"):
        check_profile(wrong, "profile.json", ["a"])


def test_a_profile_of_other_features_is_refused(known):
    check_profile(known, "profile.json", sorted(known["features"]))
    with pytest.raises(BadInput, match="differs in f39"):
        check_profile(known, "profile.json", [f"f{i}" for i in range(FEATURES - 1)])


def test_the_page_of_codes_is_complete():
    examine(seen(reference(town(0, 200)), town(1, 200)))
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    for c in CHECKS.values():
        assert f"| {c.code} | {c.name} | {c.summary} | {c.todo} |" in page
