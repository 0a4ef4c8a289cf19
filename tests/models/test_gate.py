"""A new model replaces the old one only when it is no worse anywhere that counts, and the reasons are written down."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from features.errors import BadInput
from models.gate import at_share, certain_loss, explaining_cost, judge, same_rows
from models.settings import Gate
from models.slices import slice_accounts

QUICK = Gate(resamples=100)


def scored(n: int = 1200, seed: int = 0, **apart: float) -> pd.DataFrame:
    """Accounts of two platforms, a third bots; ``apart`` is how far each model's scores part the classes."""
    rng = np.random.default_rng(seed)
    bot = np.arange(n) % 3 == 0
    shared = rng.normal(0, 0.5, n)
    rows = pd.DataFrame(
        {
            "account_id": [f"a{i:05d}" for i in range(n)],
            "is_bot": bot,
            "source": "one",
            "platform": np.where(np.arange(n) % 2 == 0, "first", "second"),
        }
    )
    for name, distance in apart.items():
        score = shared + rng.normal(np.where(bot, distance, 0), 0.8)
        # Calibrated: the log-odds of two normal classes with this spread and this share of bots.
        odds = (score * distance - distance**2 / 2) / (0.5**2 + 0.8**2) - np.log(2)
        rows[name] = 1 / (1 + np.exp(-odds))
    return rows


def checks(found: dict) -> dict[str, bool]:
    passed: dict[str, bool] = {}
    for answer in found["checks"]:
        passed[answer["check"]] = passed.get(answer["check"], True) and answer["passed"]
    return passed


def test_a_better_model_is_promoted_with_reasons():
    found = judge(scored(challenger=3.0, champion=2.0), QUICK)
    assert found["decision"] == "promote"
    assert "on the same 1,200 accounts" in found["reasons"][0]
    assert (found["accounts"], found["bots"]) == (1200, 400)


def test_a_worse_model_is_kept_out_and_only_failures_are_given_as_reasons():
    found = judge(scored(challenger=2.0, champion=3.0), QUICK)
    assert found["decision"] == "keep"
    assert len(found["reasons"]) == sum(not c["passed"] for c in found["checks"])


def test_the_same_model_again_is_no_loss():
    rows = scored(champion=2.0)
    assert judge(rows.assign(challenger=rows["champion"]), QUICK)["decision"] == "promote"


def test_a_model_that_overstates_is_kept_out_though_it_ranks_as_well():
    rows = scored(champion=2.0)
    odds = np.log(rows["champion"] / (1 - rows["champion"]))
    found = judge(rows.assign(challenger=1 / (1 + np.exp(-3 * odds))), QUICK)
    assert checks(found) == {"quality": True, "recall": True, "calibration": False}


def test_a_gain_on_average_does_not_buy_a_loss_in_one_slice():
    rows = scored(n=2400, champion=2.0, challenger=4.0)
    lost = (rows["platform"] == "second") & (np.arange(len(rows)) % 4 == 1)
    small = rows.loc[lost, "platform"].index
    rows.loc[small, "platform"] = "small"
    rows.loc[small, "challenger"] = 1 - rows.loc[small, "champion"]
    slices = slice_accounts(rows)
    found = judge(rows, QUICK.model_copy(update={"calibration_may_lose": 1.0, "tolerance": 1.0, "may_lose": 1.0}))
    assert checks(found)["quality"]
    found = judge(rows, QUICK, slices=slices)
    (answer,) = [c for c in found["checks"] if c["check"] == "slices"]
    assert not answer["passed"]
    assert [one["slice"] for one in answer["evidence"]["lost"] if one["dimension"] == "platform"] == ["small"]


def test_a_loss_that_one_slice_of_many_has_by_chance_is_not_certain():
    moved = {"value": -0.05, "low": -0.09, "high": -0.01}
    assert certain_loss(moved, 0.95, 1)
    # Of 20 slices each must be sure at 99.875%: 3.02 standard errors of .04 / 1.96, so the end is at +.012.
    assert not certain_loss(moved, 0.95, 20)


def test_a_slice_above_its_ceiling_fails_the_gate():
    # 400 people of either platform; 20 of the second are suspended, where 2 are the most that the ceiling expects.
    rows = scored(champion=2.0, challenger=4.0)
    innocent = rows.index[(rows["platform"] == "second") & ~rows["is_bot"]][:20]
    landed = rows[["account_id"]].assign(tier="allow")
    found = judge(rows, QUICK, slices=slice_accounts(rows), landed=landed)
    assert checks(found)["false positives per slice"]
    landed.loc[innocent, "tier"] = "suspend"
    found = judge(rows, QUICK, slices=slice_accounts(rows), landed=landed)
    assert not checks(found)["false positives per slice"]
    assert "platform second: 20 of 400 people (5.00%) reach suspend; the ceiling is 0.50%." in " ".join(
        found["reasons"]
    )


def test_a_probability_is_moved_to_another_share_of_bots_by_its_odds():
    # Meant for 1 bot in 10 (odds 1:9), judged where every other is one (1:1): odds grow ninefold. 0.1 is 1:9, so 1:1.
    assert at_share(np.array([0.1, np.nan]), 0.1, 0.5).tolist() == [
        pytest.approx(0.5),
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert at_share(np.array([0.3]), 0.2, 0.2).tolist() == [0.3]


def test_without_a_champion_the_baselines_must_be_beaten():
    rows = scored(challenger=3.0, tree=2.0, constant=0.001)
    rivals = rows[["account_id", "tree", "constant"]]
    found = judge(rows.drop(columns=["tree", "constant"]), QUICK, baselines=rivals)
    assert found["decision"] == "promote"
    assert found["checks"][0]["evidence"]["baseline"] == "tree"
    found = judge(rows.drop(columns=["tree", "constant"]), QUICK.model_copy(update={"margin": 0.5}), baselines=rivals)
    assert found["decision"] == "keep"


def test_explaining_may_not_become_much_dearer():
    rows = scored(challenger=3.0, champion=2.0)
    dear = judge(rows, QUICK, costs={"challenger": 400.0, "champion": 100.0})
    assert not checks(dear)["cost of explaining"]
    assert checks(judge(rows, QUICK, costs={"challenger": 200.0, "champion": 100.0}))["cost of explaining"]


def test_both_models_are_judged_on_the_rows_both_scored():
    rows = scored(challenger=3.0, champion=2.0)
    rows.loc[:299, "champion"] = np.nan
    assert judge(rows, QUICK)["accounts"] == 900


def test_rows_of_one_class_are_refused():
    rows = scored(challenger=3.0)
    with pytest.raises(BadInput, match="bots and people"):
        judge(rows[rows["is_bot"]], QUICK)


def test_the_order_of_rows_does_not_matter():
    rows = scored(challenger=3.0, champion=2.0)
    assert judge(rows.sample(frac=1, random_state=1), QUICK) == judge(rows, QUICK)


def test_a_champion_is_not_flattered_by_accounts_it_learned_from():
    oof = pd.DataFrame({"account_id": ["a", "b"], "is_bot": [True, False], "bot_probability": [0.8, 0.2]})
    then = pd.DataFrame({"account_id": ["a", "z"], "bot_probability": [0.6, 0.5]})
    rows = same_rows(oof, then, np.array([0.99, 0.3]))
    assert rows["champion"].tolist() == [0.6, 0.3]  # `a` as it was scored out of fold, `b` was new to the champion
    assert not rows["champion_saw"].any()
    assert same_rows(oof, None, np.array([0.99, 0.3]))["champion_saw"].all()


def test_a_champion_that_may_have_seen_the_rows_is_said_to_be_flattered():
    rows = scored(challenger=3.0, champion=2.0).assign(champion_saw=True)
    assert "flatters" in judge(rows, QUICK)["reasons"][0]


def test_the_cost_of_explaining_counts_leaves_times_depth_squared():
    x = np.arange(8.0).reshape(-1, 1)
    settings = {"objective": "binary", "min_data_in_leaf": 1, "verbosity": -1, "min_data_in_bin": 1}
    stump = lgb.train(settings | {"num_leaves": 2}, lgb.Dataset(x, (x[:, 0] > 3).astype(int)), 1)
    assert explaining_cost(stump.model_to_string()) == 2 * 1**2
    # Two cuts: three leaves, the deeper split at depth 2.
    three = lgb.train(
        settings | {"num_leaves": 3, "min_sum_hessian_in_leaf": 0},
        lgb.Dataset(x, ((x[:, 0] > 2) & (x[:, 0] < 6)).astype(int)),
        1,
    )
    assert explaining_cost(three.model_to_string()) == 3 * 2**2
