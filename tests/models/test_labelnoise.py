"""Labels that look wrong come first, and a reviewer's decisions become labels whose past is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from features.errors import BadInput
from features.tables import LABELS
from models.labelnoise import COLUMNS, Noise, noise, rank_labels, summary, wrong_probability
from models.labelreview import HISTORY, apply_decisions


def oof(is_bot: list[bool], p: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": [f"a{i:04d}" for i in range(len(p))],
            "source": "one",
            "is_bot": is_bot,
            "kind": "unknown",
            "bot_probability": p,
        }
    )


def noisy(n: int, seed: int, as_bot: float, as_person: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Accounts whose labels are wrong at known rates, scored by how likely each is *labelled* a bot."""
    rng = np.random.default_rng(seed)
    bot = rng.random(n) < 0.3
    score = rng.normal(np.where(bot, 4.5, 0), 1)
    true = 1 / (1 + np.exp(-(4.5 * score - 4.5**2 / 2 + np.log(0.3 / 0.7))))
    wrong = rng.random(n) < np.where(bot, as_person, as_bot)
    return oof(list(bot ^ wrong), list(true * (1 - as_person) + (1 - true) * as_bot)), wrong


def test_the_confident_joint_counts_given_against_sure_classes():
    # Labelled bots have mean .7, labelled people mean 1 - .3 = .7 for their class: sure from .7 on.
    # .9, .9, .9 count as bots; .1 as a person; the same the other way round.
    told = noise(np.array([True] * 4 + [False] * 4), np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.9]))
    np.testing.assert_allclose(told.joint, [[3, 1], [1, 3]])
    assert (told.wrong, told.as_bot, told.as_person) == (2, 0.25, 0.25)


def test_accounts_sure_of_nothing_are_shared_out_like_the_others():
    # Six labelled bots, five of them counted (four bots, one person): scaled by 6/5 to 4.8 and 1.2.
    bots = [0.9, 0.9, 0.9, 0.9, 0.1, 0.5]  # mean .7
    people = [0.1] * 4
    told = noise(np.array([True] * 6 + [False] * 4), np.array(bots + people))
    np.testing.assert_allclose(told.joint, [[4, 0], [1.2, 4.8]])


def test_a_label_that_contradicts_a_sure_score_comes_first():
    ranked = rank_labels(oof([True] * 4 + [False] * 4, [0.9, 0.92, 0.94, 0.02, 0.1, 0.12, 0.14, 0.97]))
    assert ranked["account_id"].tolist()[:2] in (["a0003", "a0007"], ["a0007", "a0003"])
    assert ranked["looks_wrong"].tolist() == [True, True] + [False] * 6
    assert ranked["rank"].tolist() == list(range(1, 9))
    assert tuple(ranked.columns) == COLUMNS


def test_chance_that_a_label_is_wrong_follows_bayes_rule():
    # Every tenth person is called a bot, no bot a person. A score of .55 (labelled a bot) means truly a bot with
    # (.55 - .1) / .9 = .5; a label "bot" then is wrong with .1 * .5 / (.1 * .5 + 1 * .5) = 1 / 11; "person" never is.
    told = Noise(np.array([[90.0, 0.0], [10.0, 50.0]]), 10)
    found = wrong_probability(np.array([True, False]), np.array([0.55, 0.55]), told)
    np.testing.assert_allclose(found, [1 / 11, 0], atol=1e-12)


@pytest.mark.parametrize(("as_bot", "as_person"), [(0.05, 0.05), (0.0, 0.15), (0.07, 0.0)])
def test_precision_at_the_number_of_wrong_labels(as_bot, as_person):
    known, wrong = noisy(6000, 1, as_bot, as_person)
    flipped = set(known["account_id"][wrong])
    ranked = rank_labels(known)
    first = ranked["account_id"].head(len(flipped))
    assert first.isin(flipped).mean() >= 0.85
    # The number of wrong labels is known within a fifth, and so many are marked.
    assert ranked["looks_wrong"].sum() == pytest.approx(len(flipped), rel=0.2)
    assert ranked["wrong_probability"].sum() == pytest.approx(len(flipped), rel=0.2)


def test_noise_on_one_side_is_not_looked_for_on_the_other():
    known, _ = noisy(6000, 2, as_bot=0.0, as_person=0.15)
    looks = rank_labels(known).query("looks_wrong")
    assert (~looks["is_bot"]).mean() > 0.9


def test_probabilities_for_another_share_of_bots_are_brought_back():
    known, _ = noisy(3000, 3, 0.05, 0.05)
    share = known["is_bot"].mean()
    odds = known["bot_probability"] / (1 - known["bot_probability"]) * (0.01 / 0.99) / (share / (1 - share))
    rare = known.assign(bot_probability=odds / (1 + odds))
    again = rank_labels(rare, bot_share=0.01)
    assert again["account_id"].tolist()[:100] == rank_labels(known)["account_id"].tolist()[:100]


def test_labels_drawn_by_lot_tell_nothing_and_raise_nothing():
    rng = np.random.default_rng(0)
    ranked = rank_labels(oof(list(rng.random(500) < 0.5), list(rng.random(500))))
    assert ranked["wrong_probability"].between(0, 1).all()


@effort(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=60))
def test_every_account_is_ranked_once_and_order_does_not_matter(rows):
    known = oof([b for b, _ in rows], [p for _, p in rows])
    if known["is_bot"].nunique() < 2:
        with pytest.raises(BadInput, match="bots and people"):
            rank_labels(known)
        return
    ranked = rank_labels(known)
    assert sorted(ranked["account_id"]) == known["account_id"].tolist()
    assert ranked["wrong_probability"].between(0, 1).all()
    pd.testing.assert_frame_equal(rank_labels(known[::-1]), ranked)


def test_a_review_is_summed_up():
    ranked = rank_labels(oof([True] * 4 + [False] * 4, [0.9, 0.92, 0.94, 0.02, 0.1, 0.12, 0.14, 0.97]))
    assert summary(ranked) == {
        "accounts": 8,
        "look_wrong": 2,
        "labelled_bots": 1,
        "labelled_people": 1,
        "sources": {"one": 2},
    }


JUDGED = pd.Timestamp("2015-03-01", tz="UTC")


def labels() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": ["ann", "bob", "cyd"],
            "is_bot": [True, True, False],
            "kind": ["spam_bot", "spam_bot", "human"],
            "source": ["cresci-2017"] * 3,
            "labelled_at": [JUDGED, pd.NaT, JUDGED],
            "confidence": [1.0, 1.0, 1.0],
        }
    )


def decisions(*rows: tuple[str, ...]) -> pd.DataFrame:
    columns = ["account_id", "decision", "reviewer", "decided_at"]
    return pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], columns=columns)


def test_a_decision_becomes_a_label_of_its_own_source():
    found = apply_decisions(labels(), decisions(("ann", "human", "eva", "2026-05-04T10:00Z")), "d.csv")
    ann = found.labels.set_index("account_id").loc["ann"]
    assert (ann["is_bot"], ann["kind"], ann["source"]) == (False, "human", "review:eva of cresci-2017")
    others = found.labels[found.labels["account_id"] != "ann"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, labels()[1:].reset_index(drop=True), check_dtype=False)


def test_an_account_is_still_judged_at_the_moment_it_was_judged_before():
    found = apply_decisions(labels(), decisions(("ann", "human", "eva", "2026-05-04")), "d.csv")
    assert found.labels.set_index("account_id").loc["ann", "labelled_at"] == JUDGED
    assert found.history["decided_at"].tolist() == [pd.Timestamp("2026-05-04", tz="UTC")]


def test_what_was_replaced_is_kept():
    found = apply_decisions(labels(), decisions(("ann", "human", "eva", "2026-05-04")), "d.csv")
    assert tuple(found.history.columns) == HISTORY
    row = found.history.iloc[0]
    assert (row["was_bot"], row["was_kind"], row["was_source"]) == (True, "spam_bot", "cresci-2017")
    assert (row["is_bot"], row["source"]) == (False, "review:eva of cresci-2017")


def test_a_confirmed_bot_keeps_its_kind():
    found = apply_decisions(labels(), decisions(("bob", "bot", "eva", "2026-05-04")), "d.csv")
    assert found.labels.set_index("account_id").loc["bob", "kind"] == "spam_bot"


def test_an_unclear_account_loses_its_label():
    found = apply_decisions(labels(), decisions(("bob", "unclear", "eva", "2026-05-04")), "d.csv")
    assert found.labels["account_id"].tolist() == ["ann", "cyd"]
    assert found.history["is_bot"].isna().all()


def test_the_latest_decision_counts_and_all_are_kept():
    told = decisions(("ann", "human", "eva", "2026-05-04T10:00Z"), ("ann", "bot", "kim", "2026-05-04T09:00Z"))
    found = apply_decisions(labels(), told, "d.csv")
    assert found.labels.set_index("account_id").loc["ann", "source"] == "review:eva of cresci-2017"
    assert found.history["source"].tolist() == ["review:kim of cresci-2017", "review:eva of cresci-2017"]


def test_rows_without_a_decision_are_skipped():
    found = apply_decisions(labels(), decisions(("ann", "", "", ""), ("bob", " Human ", "eva", "2026-05-04")), "d.csv")
    assert found.history["account_id"].tolist() == ["bob"]


def test_the_labels_are_still_canonical():
    import pyarrow as pa

    found = apply_decisions(labels(), decisions(("bob", "human", "eva", "2026-05-04")), "d.csv")
    table = pa.Table.from_pandas(found.labels, schema=LABELS.schema, preserve_index=False)
    assert table["labelled_at"].to_pylist()[1] is None


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("dan", "human", "eva", "2026-05-04")], r"row 1, column account_id.*dan"),
        ([("ann", "perhaps", "eva", "2026-05-04")], r"row 1, column decision.*bot, human, unclear.*perhaps"),
        ([("ann", "human", "eva", "2026-05-04"), ("bob", "bot", "", "2026-05-04")], r"row 2, column reviewer"),
        ([("ann", "human", "eva", "yesterday")], r"row 1, column decided_at.*yesterday"),
        ([("ann", "human", "eva", "2026-05-04"), ("ann", "bot", "kim", "2026-05-04")], r"bot and human"),
    ],
)
def test_decisions_that_cannot_be_applied_name_their_row(rows, says):
    with pytest.raises(BadInput, match=says):
        apply_decisions(labels(), decisions(*rows), "d.csv")


def test_missing_columns_are_named():
    with pytest.raises(BadInput, match="no decided_at among"):
        apply_decisions(labels(), decisions(("ann", "bot", "eva", "x")).drop(columns="decided_at"), "d.csv")
