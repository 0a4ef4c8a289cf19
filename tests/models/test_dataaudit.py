"""A planted leak of each kind is found under its code, and a clean town raises nothing that stops a run."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import models.auditaccounts
import models.auditcolumns  # noqa: F401  the checks register themselves
from features.errors import BadInput
from models.dataaudit import CHECKS, audit, report, stop_if_severe
from models.settings import Audit

DAY = pd.Timedelta(days=1)
OPENED = pd.Timestamp("2020-01-01", tz="UTC")


class Village:
    """Labelled accounts without a leak: two columns that tell something of the label, names and dates of their own."""

    def __init__(self, n: int = 1000, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.n, self.rng = n, rng
        self.bot = rng.random(n) < 0.4
        ids = [f"a{i:05d}" for i in range(n)]
        self.features = pd.DataFrame(
            {
                "account_id": ids,
                "bio_length": rng.normal(np.where(self.bot, 1.0, 0.0), 1),
                "gap_s": rng.normal(np.where(self.bot, -1.0, 0.0), 1),
                "hour": rng.normal(0, 1, n),
            }
        )
        self.folds = pd.DataFrame(
            {
                "account_id": ids,
                "source": "one",
                "is_bot": self.bot,
                "kind": "unknown",
                "platform": "village",
                "group": ids,
                "by": "group",
                "fold": np.arange(n) % 5,
                "source_fold": 0,
            }
        )
        opened = OPENED + pd.to_timedelta(rng.integers(0, 1000, n), unit="D")
        self.accounts = pd.DataFrame(
            {
                "account_id": ids,
                "platform": "village",
                "username": [f"{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10 % 10]}name_{i}" for i in range(n)],
                "display_name": [f"Person {i}" for i in range(n)],
                "created_at": opened,
                "observed_at": OPENED + 2000 * DAY,
            }
        )

    def two_sources(self) -> Village:
        """The same accounts, half of them from another source with the same share of bots."""
        self.folds["source"] = np.where(self.rng.random(self.n) < 0.5, "one", "two")
        return self

    def findings(self, **more) -> dict[str, tuple[str, str]]:
        found = audit(self.features, self.folds, Audit(), self.accounts, **more)
        return {f.code: (f.severity, f.says) for f in found}


def noise(village: Village, scale: float = 1.0) -> np.ndarray:
    return village.rng.normal(0, scale, village.n)


def copy_of_the_label(village: Village) -> None:
    village.features["risk_score"] = village.bot + noise(village, 0.01)


def copy_in_one_source(village: Village) -> None:
    village.two_sources()
    first = (village.folds["source"] == "one").to_numpy()
    village.features["risk_score"] = np.where(first, village.bot + noise(village, 0.01), noise(village))


def two_bands(village: Village) -> None:
    # Bots in two bands around the people: no single threshold tells them, two do.
    side = np.where(village.rng.random(village.n) < 0.5, -3.0, 3.0)
    village.features["list_number"] = np.where(village.bot, side, 0.0) + noise(village, 0.3)


def nearly_the_label(village: Village) -> None:
    wrong = village.rng.random(village.n) < 0.04
    village.features["likes_given"] = (village.bot ^ wrong) + noise(village, 0.01)


def identifier(village: Village) -> None:
    village.features["user_number"] = village.rng.permutation(village.n) + 1_000_000.0


def batch_number(village: Village) -> None:
    # A hundred batches per class, numbered without an order.
    number = np.where(village.bot, village.rng.integers(0, 100, village.n), village.rng.integers(100, 200, village.n))
    village.features["batch"] = village.rng.permutation(200)[number].astype(float)


def missing_for_people(village: Village) -> None:
    village.features["reports"] = np.where(village.bot, noise(village), np.nan)


def often_missing_for_people(village: Village) -> None:
    known = village.bot | (village.rng.random(village.n) < 0.3)
    village.features["reports"] = np.where(known, noise(village), np.nan)


def one_question(village: Village) -> None:
    wrong = village.rng.random(village.n) < 0.01
    village.features["banner"] = (village.bot ^ wrong).astype(float)
    village.features["bio_length"], village.features["gap_s"] = noise(village), noise(village)


def group_in_two_folds(village: Village) -> None:
    village.folds.loc[[3, 4], "group"] = "twins"


def account_listed_twice(village: Village) -> None:
    again = village.folds.iloc[[7]].assign(fold=0)
    village.folds = pd.concat([village.folds, again], ignore_index=True)


def same_handle_twice(village: Village) -> None:
    same = village.folds.index[village.bot][:2]
    village.accounts.loc[same, "username"] = ["Jenny", "jenny"]


def factory_display_names(village: Village) -> None:
    village.accounts.loc[village.bot, "display_name"] = "Best Deals"


def account_with_both_labels(village: Village) -> None:
    again = village.folds.iloc[[7]].assign(is_bot=~village.bot[7])
    village.folds = pd.concat([village.folds, again], ignore_index=True)


def many_handles_with_both_labels(village: Village) -> None:
    bots, people = village.folds.index[village.bot][:20], village.folds.index[~village.bot][:20]
    village.accounts.loc[people, "username"] = village.accounts.loc[bots, "username"].to_numpy()


def a_handle_with_both_labels(village: Village) -> None:
    bot, person = village.folds.index[village.bot][0], village.folds.index[~village.bot][0]
    village.accounts.loc[person, "username"] = village.accounts.loc[bot, "username"]


def equal_rows_with_both_labels(village: Village) -> None:
    columns = ["bio_length", "gap_s", "hour"]
    bots, people = village.folds.index[village.bot][:40], village.folds.index[~village.bot][:40]
    village.features.loc[people, columns] = village.features.loc[bots, columns].to_numpy()


def equal_rows_in_two_folds(village: Village) -> None:
    columns = ["bio_length", "gap_s", "hour"]
    bots = village.folds.index[village.bot]
    village.features.loc[bots[:100], columns] = village.features.loc[bots[0], columns].to_numpy(dtype=float)


def opened_by_class(village: Village) -> None:
    village.accounts["created_at"] = OPENED + pd.to_timedelta(
        village.bot * 500 + village.rng.integers(0, 400), unit="D"
    )


def read_by_source(village: Village) -> None:
    village.two_sources()
    second = (village.folds["source"] == "two").to_numpy()
    village.accounts["observed_at"] = OPENED + pd.to_timedelta(2000 + second * 300, unit="D")


def column_of_the_source(village: Village) -> None:
    village.two_sources()
    village.features["favourites"] = (village.folds["source"] == "two") * 5.0 + noise(village, 0.5)


def missing_in_one_source(village: Village) -> None:
    village.two_sources()
    village.features["listed"] = np.where(village.folds["source"] == "two", np.nan, noise(village))


def source_of_bots_only(village: Village) -> None:
    village.folds["source"] = np.where(village.bot & (village.rng.random(village.n) < 0.5), "bots", "both")


def series_of_handles(village: Village) -> None:
    bots = village.folds.index[village.bot][:100]
    village.accounts.loc[bots, "username"] = [f"jenny{i}" for i in range(len(bots))]


PLANTED = {
    copy_of_the_label: "AUD001",
    copy_in_one_source: "AUD001",
    two_bands: "AUD001",
    nearly_the_label: "AUD002",
    identifier: "AUD003",
    batch_number: "AUD004",
    missing_for_people: "AUD005",
    often_missing_for_people: "AUD006",
    one_question: "AUD007",
    group_in_two_folds: "AUD008",
    account_listed_twice: "AUD008",
    same_handle_twice: "AUD009",
    factory_display_names: "AUD009",
    account_with_both_labels: "AUD010",
    many_handles_with_both_labels: "AUD010",
    equal_rows_with_both_labels: "AUD011",
    equal_rows_in_two_folds: "AUD012",
    opened_by_class: "AUD013",
    read_by_source: "AUD014",
    column_of_the_source: "AUD015",
    missing_in_one_source: "AUD015",
    source_of_bots_only: "AUD016",
    series_of_handles: "AUD017",
    a_handle_with_both_labels: "AUD018",
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sources", [1, 2])
def test_accounts_without_a_leak_raise_nothing(seed, sources):
    village = Village(seed=seed)
    assert (village.two_sources() if sources == 2 else village).findings() == {}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda p: p.__name__)
def test_a_planted_leak_is_found_under_its_code(plant):
    village = Village()
    plant(village)
    found = village.findings()
    assert PLANTED[plant] in found, sorted(found)
    severity, says = found[PLANTED[plant]]
    assert severity == CHECKS[PLANTED[plant]].severity
    assert re.fullmatch(r"[^\n]+\.", says)


def test_every_check_has_a_planted_leak_that_finds_it():
    assert set(PLANTED.values()) == set(CHECKS)


@pytest.mark.parametrize("one", CHECKS.values(), ids=CHECKS)
def test_every_check_says_what_it_looks_for(one):
    assert one.summary.endswith(".")
    assert len(one.summary) > 40


def test_a_finding_carries_its_evidence():
    village = Village()
    copy_of_the_label(village)
    (found,) = [f for f in audit(village.features, village.folds, Audit(), village.accounts) if f.code == "AUD001"]
    assert [c["column"] for c in found.evidence["columns"]] == ["risk_score"]
    assert found.evidence["columns"][0]["balanced_accuracy"] == 1.0


def test_a_leak_inside_one_source_names_the_source():
    village = Village()
    copy_in_one_source(village)
    assert "risk_score in one (" in village.findings()["AUD001"][1]


def test_a_column_declared_by_unpump_is_no_identifier():
    village = Village()
    identifier(village)
    assert "AUD003" not in village.findings(declared={"user_number"})


def test_accounts_in_the_gap_before_a_test_are_left_out():
    village = Village()
    gone = village.folds.index[:200]
    village.folds.loc[gone, "fold"] = -1
    village.folds.loc[gone, "group"] = "one group"
    assert village.findings() == {}


def test_a_group_on_both_sides_of_a_period_is_no_leak_by_time():
    # By time, accounts whose group is tested are left out of training.
    village = Village()
    group_in_two_folds(village)
    village.folds["by"] = "time"
    assert "AUD008" not in village.findings()


def test_without_accounts_names_and_dates_are_not_looked_at():
    village = Village()
    for plant in (same_handle_twice, opened_by_class):
        plant(village)
    assert audit(village.features, village.folds, Audit()) == []


def test_the_order_of_rows_does_not_matter():
    village = Village()
    for plant in (nearly_the_label, often_missing_for_people, column_of_the_source, factory_display_names):
        plant(village)
    once = audit(village.features, village.folds, Audit(), village.accounts)
    shuffled = (frame.sample(frac=1, random_state=3) for frame in (village.features, village.folds, village.accounts))
    features, folds, accounts = shuffled
    assert audit(features, folds, Audit(), accounts) == once
    assert len(once) >= 4


def test_a_large_set_is_judged_by_a_sample_that_is_always_the_same():
    village = Village(3000)
    copy_of_the_label(village)
    few = Audit(rows=500)
    once = audit(village.features, village.folds, few, village.accounts)
    assert [f.code for f in once if f.severity == "severe"] == ["AUD001"]
    assert audit(village.features, village.folds, few, village.accounts) == once


def test_a_severe_finding_stops_the_run_and_says_how_to_allow_it():
    village = Village()
    copy_of_the_label(village)
    settings = Audit(allow=())
    told = report(audit(village.features, village.folds, settings, village.accounts), settings)
    assert told["stops"] == ["AUD001"]
    with pytest.raises(BadInput, match=r"risk_score.*audit\.allow: \[AUD001\]"):
        stop_if_severe(told, "data_audit.json")


def test_an_allowed_finding_is_told_but_does_not_stop():
    village = Village()
    copy_of_the_label(village)
    settings = Audit(allow=("AUD001",))
    told = report(audit(village.features, village.folds, settings, village.accounts), settings)
    assert told["stops"] == []
    assert [f["code"] for f in told["findings"] if f["allowed"]] == ["AUD001"]
    stop_if_severe(told, "data_audit.json")


def test_issues_and_notes_never_stop():
    village = Village()
    nearly_the_label(village)
    told = report(audit(village.features, village.folds, Audit(), village.accounts), Audit())
    assert told["findings"]
    assert told["stops"] == []


@pytest.mark.parametrize("code", ["AUD999", "AUD002"])
def test_only_severe_checks_can_be_allowed(code):
    village = Village(200)
    with pytest.raises(BadInput, match="codes of severe checks"):
        audit(village.features, village.folds, Audit(allow=(code,)), village.accounts)


def test_hostile_names_are_shortened_and_escaped():
    village = Village()
    same = village.folds.index[village.bot][:2]
    village.accounts.loc[same, "username"] = "x" * 500 + "\n\x1b[31m"
    says = village.findings()["AUD009"][1]
    assert "\n" not in says
    assert "\x1b" not in says
    assert len(says) < 400


def test_one_class_is_refused():
    village = Village()
    with pytest.raises(BadInput, match="both classes"):
        audit(village.features, village.folds[village.folds["is_bot"]], Audit())
