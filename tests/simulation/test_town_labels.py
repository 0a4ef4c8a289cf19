"""What is known of the truth, and how well."""

from __future__ import annotations

import inspect
import re

import pandas as pd
import pytest
from pydantic import ValidationError

from simulation import settings
from simulation.settings import Town


def labelled(made, **knobs: object) -> pd.DataFrame:
    town = made(accounts=2000, labels=knobs)
    truth = town["truth"].to_pandas().set_index("account_id")
    return (
        town["labels"]
        .to_pandas()
        .join(truth[["is_bot", "kind", "role", "turned_at"]], on="account_id", rsuffix="_true")
    )


def test_most_accounts_are_labelled_and_a_few_wrongly(made):
    labels = labelled(made)
    assert len(labels) == pytest.approx(1600, abs=60)
    wrong = labels.is_bot != labels.is_bot_true
    assert 0.008 < wrong.mean() < 0.035
    assert (labels.kind[~wrong] == labels.kind_true[~wrong]).all()
    assert (labels.kind[wrong & ~labels.is_bot] == "human").all()
    assert (labels.confidence == 1).all()
    assert set(labels.source) == {"town"}


def test_traders_and_buyers_are_people_with_an_inauthentic_kind(made):
    labels = labelled(made, wrong=0.0, share=1.0)
    kinds = labels.groupby("kind").is_bot.unique().map(list).to_dict()
    assert kinds["pod_member"] == kinds["like_buyer"] == kinds["human"] == [False]
    assert kinds["like_bot"] == kinds["fake_follower"] == kinds["self_bot"] == kinds["spam_bot"] == [True]
    assert set(labels[labels.kind == "human"].role) >= {"brand", "news_desk", "superfan", "creator"}


def test_a_hijacked_account_is_its_owners_until_the_label_moment_passes_the_turn(made):
    town = made(accounts=1100, calendar={"reviews": 8}, labels={"wrong": 0.0, "share": 1.0})
    truth = town["truth"].to_pandas().set_index("account_id")
    labels = town["labels"].to_pandas().set_index("account_id").loc[truth[truth.role == "hijacked"].index]
    turned = truth.turned_at[labels.index] < labels.labelled_at
    assert 0 < turned.sum() < len(turned)
    assert (labels.is_bot == turned).all()
    assert (labels.kind == turned.map({True: "hijacked", False: "human"})).all()


def test_late_labels_come_after_the_counters_were_read(made):
    town = made(accounts=400, labels={"late": 0.5, "late_days": 20})
    seen = town["accounts"].to_pandas().set_index("account_id").observed_at
    labels = town["labels"].to_pandas()
    late = (labels.labelled_at - labels.account_id.map(seen)).dt.total_seconds() / 86400
    assert 0.4 < (late > 0).mean() < 0.6
    assert late.max() < 20


def test_several_annotators_make_mistakes_of_their_own(made):
    labels = labelled(made, annotators=3, wrong=0.2, unsure=0.5)
    assert set(labels.source) == {"annotator_1", "annotator_2", "annotator_3"}
    assert (labels.groupby("account_id").size() == 3).all()
    split = labels.groupby("account_id").is_bot.nunique() == 2
    assert split.mean() == pytest.approx(1 - 0.8**3 - 0.2**3, abs=0.05)  # not all right, not all wrong
    wrong = labels.is_bot != labels.is_bot_true
    assert labels[wrong].confidence.mean() < labels[~wrong].confidence.mean() - 0.05


def test_what_is_missing_is_missing(made):
    town = made(accounts=400, missing={"counters": 0.2, "texts": 0.3, "tables": ("follows",)})
    assert "follows" not in town
    assert "truth_follows" in town
    accounts = town["accounts"].to_pandas()
    counters = [c for c in accounts if c.endswith("_count")]
    assert len(counters) == 5
    assert all(0.1 < accounts[c].isna().mean() < 0.3 for c in counters)
    assert 0.2 < town["posts"].to_pandas().text.isna().mean() < 0.4


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": 10},
        {"evasion": 1.5},
        {"shares": {"lurker": -1}},
        {"shares": {"wizard": 3}},
        {"farms": {"scale": 0}},
        {"missing": {"tables": ("accounts",)}},
        {"calendar": {"days": 1}},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Town.model_validate(wrong)


def test_a_town_needs_somebody():
    from simulation.settings import Shares

    with pytest.raises(ValidationError, match="at least one share"):
        Shares(**dict.fromkeys(Shares.model_fields, 0))


def test_every_setting_says_what_it_is():
    sections = {one.__name__ for one in settings.Section.__subclasses__()}
    found = re.findall(r"^    (\w+): (.+?) = (.+)$", inspect.getsource(settings), re.MULTILINE)
    values = [(name, rest) for name, kind, rest in found if kind not in sections]
    assert len(values) > 80
    assert [name for name, rest in values if "  # " not in rest] == []
