"""Who becomes champion: baselines and champion are beaten on the same accounts, or the reason is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tinyrun import training

from models.bundle import from_files, to_files
from models.gate import at_share
from models.policy import land_out_of_fold
from models.settings import Policy
from models.slices import ABOUT
from models.thresholds import ALLOW
from pipeline.registry import Registered
from pipeline.settings import Params
from pipeline.stages.register import decide, refused, register
from pipeline.tablefiles import TableFiles

PARAMS = Params()


def champion(trained: dict, oof: pd.DataFrame | None = None) -> Registered:
    return Registered("3", trained["model"], oof)


def shifted(trained: dict, towards_truth: float) -> pd.DataFrame:
    """Out-of-fold rows whose log-odds are moved towards the truth, or below zero away from it."""
    oof = trained["oof"]
    odds = np.log(oof["bot_probability"] / (1 - oof["bot_probability"]))
    moved = odds + towards_truth * np.where(oof["is_bot"], 1, -1)
    return oof.assign(bot_probability=1 / (1 + np.exp(-moved)))


def test_the_first_model_needs_to_beat_its_baselines_only():
    found = decide(training(), PARAMS, None)
    assert found["decision"] == "promoted"
    assert found["accounts"] == 500
    assert found["bots"] == int(training()["oof"]["is_bot"].sum())


def test_the_stage_decides_what_can_be_decided_without_the_registry():
    trained = training()
    inputs = {k: trained[k] for k in ("model", "features", "folds", "oof", "baselines")}
    found = register(**inputs, run={}, evaluation={}, settings=PARAMS.register_, params=PARAMS)
    assert found == {"registration": decide(trained, PARAMS, None)}


def test_a_model_no_better_than_a_baseline_is_refused_by_name():
    trained = training()
    copied = trained["baselines"].assign(logistic=trained["oof"]["bot_probability"].to_numpy())
    found = decide({**trained, "baselines": copied}, PARAMS, None)
    assert found["decision"] == "refused"
    assert "logistic" in found["reasons"][0]


def test_a_margin_over_the_baselines_can_be_asked_for():
    strict = PARAMS.model_copy(update={"register_": PARAMS.register_.model_copy(update={"margin": 0.5})})
    assert decide(training(), strict, None)["decision"] == "refused"


def speakers(trained: dict, folder: Path) -> TableFiles:
    """Accounts that speak English, but for all people whom the model wrongly discounts: they speak Portuguese."""
    landed = land_out_of_fold(trained["oof"], PARAMS.train.tiers, Policy(rules={}, resamples=10))
    rows = landed.merge(trained["oof"][["account_id", "is_bot"]], on="account_id")
    wronged = (rows["tier"] != ALLOW) & ~rows["is_bot"]
    told = {**dict.fromkeys(ABOUT[1:]), "language": np.where(wronged, "pt", "en")}
    accounts = rows[["account_id"]].assign(**told)
    accounts.to_parquet(folder / "accounts.parquet")
    return TableFiles.open(folder)


def test_a_language_that_is_discounted_whole_is_seen_and_the_model_refused(tmp_path):
    trained = training()
    inputs = {k: trained[k] for k in ("model", "features", "folds", "oof", "baselines")}
    inputs |= {"run": {}, "evaluation": {}, "tables": speakers(trained, tmp_path)}
    found = register(**inputs, settings=PARAMS.register_, params=PARAMS)["registration"]
    assert found["decision"] == "refused"
    assert "language pt" in found["reasons"][0]
    (told,) = [c["evidence"] for c in found["checks"] if c["check"] == "false positives per slice"]
    assert told["slices"]["language"] == 2
    assert {"dimension": "language", "slice": "pt", "tier": "discount"} in told["broken"]


def declared(trained: dict, share: float) -> dict:
    """The same training with probabilities for another share of bots."""
    model = from_files(trained["model"], "model")
    oof = trained["oof"]
    p = at_share(oof["bot_probability"].to_numpy(), model.training_bot_share, share)
    files = to_files(replace(model, bot_share=share))
    return {**trained, "model": files, "oof": oof.assign(bot_probability=p)}


@pytest.mark.parametrize(("new", "old"), [(0.05, None), (None, 0.05), (0.05, 0.6)])
def test_the_same_model_declared_for_another_share_of_bots_is_as_good(new, old):
    challenger, before = (training() if share is None else declared(training(), share) for share in (new, old))
    found = decide(challenger, PARAMS, champion(before, before["oof"]))
    assert found["decision"] == "promoted"
    moved = {name: told for c in found["checks"] for name, told in c["evidence"].items() if isinstance(told, dict)}
    for metric in ("average_precision", "log_loss", "expected_calibration_error"):
        assert (moved[metric]["low"], moved[metric]["high"]) == (pytest.approx(0, abs=2e-6), pytest.approx(0, abs=2e-6))


def test_the_champion_speaks_out_of_fold_about_accounts_it_was_trained_on():
    # As deployed the champion has learned these accounts by heart; held to that, no challenger could ever win.
    trained = training()
    weaker = shifted(trained, -0.5)
    found = decide(trained, PARAMS, champion(trained, weaker))
    (quality,) = [c for c in found["checks"] if c["check"] == "quality"]
    assert quality["evidence"]["average_precision"]["value"] > 0
    assert found["decision"] == "promoted"
    stronger = shifted(trained, 1.5)
    assert decide(trained, PARAMS, champion(trained, stronger))["decision"] == "refused"


def test_the_champion_speaks_as_deployed_about_accounts_it_never_saw():
    # The same world with other accounts: the champion's model scores them, neither model having learned from them.
    trained, elsewhere = training(), training(seed=5, prefix="b")
    found = decide(trained, PARAMS, champion(elsewhere, elsewhere["oof"]))
    assert found["accounts"] == 500
    (quality,) = [c for c in found["checks"] if c["check"] == "quality"]
    assert abs(quality["evidence"]["average_precision"]["value"]) < 0.1  # of the same kind, so about as good


def test_lost_out_of_fold_scores_are_said_to_favour_the_champion():
    found = decide(training(), PARAMS, champion(training(trees=50)))
    assert any("are lost" in reason for reason in found["reasons"])


def test_what_the_champion_said_is_compared_with_what_will_be_said():
    trained = training()
    same = decide(trained, PARAMS, champion(trained, shifted(trained, -0.5)))["reasons_alike"]
    assert same["accounts"] > 0
    assert (same["first"], same["overlap"], same["signs"]) == (1.0, 1.0, 1.0)
    fewer = decide(trained, PARAMS, champion(training(trees=3), shifted(trained, -0.5)))["reasons_alike"]
    assert fewer["overlap"] < 1.0
    assert decide(trained, PARAMS, None)["reasons_alike"] is None


def test_a_champion_with_columns_that_are_gone_is_compared_on_its_own_accounts_only():
    trained = training()
    fewer = {**trained, "features": trained["features"].drop(columns=["digits_share"])}
    found = decide(fewer, PARAMS, champion(trained, shifted(trained, -0.5)))
    assert found["accounts"] == 500
    assert any("digits_share" in reason for reason in found["reasons"])
    strangers = training(seed=5, prefix="b")
    found = decide(fewer, PARAMS, champion(strangers, strangers["oof"]))
    assert found["decision"] == "refused"
    assert "could not be compared" in found["reasons"][0]


def test_a_champion_that_cannot_be_read_is_not_replaced_unseen():
    found = decide(training(), PARAMS, Registered("3", {"model.json": b"{}", "booster.txt": b""}, None))
    assert found["decision"] == "refused"
    assert "version 3" in found["reasons"][0]


def test_a_refusal_puts_its_reason_first():
    assert refused({"decision": "promoted", "reasons": ["b"]}, "a") == {"decision": "refused", "reasons": ["a", "b"]}


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_models_get_the_same_verdict(seed):
    trained = training()
    rows = np.random.default_rng(seed).permutation(500)
    mixed = {
        **trained,
        "oof": trained["oof"].iloc[rows].reset_index(drop=True),
        "baselines": trained["baselines"].iloc[rows[::-1]].reset_index(drop=True),
    }
    assert decide(mixed, PARAMS, champion(training(trees=50), shifted(trained, -0.5))) == decide(
        trained, PARAMS, champion(training(trees=50), shifted(trained, -0.5))
    )
