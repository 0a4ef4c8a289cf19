"""The stage vet writes what it found, and training refuses until a severe finding is corrected or allowed."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import tinyrun

from features.errors import BadInput
from models.settings import Audit, Policy, Rule
from pipeline.settings import Params
from pipeline.stages.train import tiers_by_policy, train
from pipeline.stages.vet import vet


class NoTables:
    """Tables without what names and dates are checked on."""

    def read(self, name, columns=None):
        return None


@pytest.fixture
def accounts():
    features, folds = tinyrun.accounts(0)
    columns = [c for c in features.columns if c not in ("account_id", "as_of")]
    declared = [{"name": c, "family": "profile"} for c in columns]
    return features, folds, {"features.json": json.dumps({"features": declared}).encode()}


def leaked(accounts):
    features, folds, references = accounts
    features = features.assign(followers=folds["is_bot"].to_numpy() + np.linspace(0, 0.1, len(folds)))
    return features, folds, references


def test_sound_accounts_pass_and_the_checks_are_listed(accounts):
    told = vet(NoTables(), *accounts, settings=Audit(allow=()))["data_audit"]
    assert told["stops"] == []
    assert len(told["checks"]) >= 18


def test_a_leak_is_written_and_told(accounts, caplog):
    with caplog.at_level(logging.INFO):
        told = vet(NoTables(), *leaked(accounts), settings=Audit(allow=()))["data_audit"]
    assert told["stops"] == ["AUD001"]
    assert "AUD001 (severe): One column alone" in caplog.text


def test_training_refuses_a_leak_before_it_starts(accounts):
    features, folds, references = leaked(accounts)
    told = vet(NoTables(), features, folds, references, settings=Audit(allow=()))["data_audit"]
    with pytest.raises(BadInput, match=r"AUD001.*audit\.allow"):
        train(features, folds, references, tinyrun.QUICK, data_audit=told)


def test_an_allowed_leak_is_trained_on(accounts):
    features, folds, references = leaked(accounts)
    told = vet(NoTables(), features, folds, references, settings=Audit(allow=("AUD001",)))["data_audit"]
    assert told["stops"] == []


def test_what_is_allowed_by_default_is_told_as_a_warning(accounts, caplog):
    told = vet(NoTables(), *leaked(accounts), settings=Audit())["data_audit"]
    assert told["stops"] == []
    (said,) = [r for r in caplog.records if "AUD001 (severe, allowed)" in r.getMessage()]
    assert said.levelname == "WARNING"


def test_a_column_of_a_user_may_be_an_identifier_and_a_declared_one_is_not(accounts):
    features, folds, _ = accounts
    features = features.assign(user_number=np.random.default_rng(0).permutation(len(features)) + 1000.0)
    for family, stops in (("measured", ["AUD003"]), ("profile", [])):
        declared = [{"name": "user_number", "family": family}]
        references = {"features.json": json.dumps({"features": declared}).encode()}
        assert vet(NoTables(), features, folds, references, settings=Audit(allow=()))["data_audit"]["stops"] == stops


def test_rules_of_the_policy_reach_the_model_and_the_log(accounts, caplog):
    run = tinyrun.training()
    features, folds = run["features"], run["folds"]
    strict = Policy(rules={"discount": Rule(per_day=100)}, accounts_per_day=1000, resamples=20)
    with caplog.at_level(logging.INFO):
        cuts = tiers_by_policy(run["oof"], features, folds, None, tinyrun.QUICK, strict)
    usual = tiers_by_policy(run["oof"], features, folds, None, tinyrun.QUICK, Policy(rules={}, resamples=20))
    assert cuts["discount"] is None or cuts["discount"] > usual["discount"]
    assert "accounts a day" in caplog.text
    assert Params().policy.rules["suspend"].per_slice
