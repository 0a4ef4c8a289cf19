"""What holds for every split, whatever the handles, labels, sources and days."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import BadInput
from models.folds import UNUSED, sides, split_accounts
from models.settings import Split

ACCOUNT = st.tuples(
    st.one_of(st.none(), st.from_regex(r"[a-c]{2,4}[0-9]{0,2}", fullmatch=True), st.text(max_size=6)),
    st.booleans(),
    st.sampled_from(["here", "there"]),
    st.integers(0, 30),
)
SPLITS = st.builds(
    Split,
    by=st.sampled_from(["group", "time", "source"]),
    folds=st.integers(2, 4),
    seed=st.integers(0, 5),
    gap_days=st.integers(0, 5),
    name_patterns=st.booleans(),
)


def tables(people: list[tuple[str | None, bool, str, int]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    handles, bots, sources, days = zip(*people, strict=True)
    ids = [f"id{i:03d}" for i in range(len(people))]
    at = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(list(days), unit="D")
    accounts = pd.DataFrame({"account_id": ids, "platform": "x", "username": handles, "observed_at": at})
    labels = pd.DataFrame({"account_id": ids, "is_bot": bots, "kind": None, "source": sources})
    return accounts, labels.assign(labelled_at=pd.Series([pd.NaT] * len(ids), dtype="datetime64[us, UTC]"))


@settings(max_examples=60, deadline=None)
@given(st.lists(ACCOUNT, min_size=12, max_size=60), SPLITS, st.integers(0, 99))
def test_no_group_on_two_sides_every_account_once_and_the_same_for_rows_in_any_order(people, how, seed):
    accounts, labels = tables(people)
    try:
        folds = split_accounts(accounts, labels, how)
    except BadInput:  # one class, or too few for the folds
        return
    mixed = accounts.sample(frac=1, random_state=seed), labels.sample(frac=1, random_state=seed + 1)
    pd.testing.assert_frame_equal(split_accounts(*mixed, how), folds)
    assert folds["account_id"].tolist() == sorted(labels["account_id"])
    tested: list[int] = []
    for side in sides(folds):
        assert not set(folds["group"].iloc[side.train]) & set(folds["group"].iloc[side.test])
        assert (folds["fold"].iloc[np.concatenate([side.train, side.test])] != UNUSED).all()
        tested += side.test.tolist()
    assert len(tested) == len(set(tested))
    if how.by == "group":
        assert len(tested) == len(folds), "every account is tested once"
        assert folds.groupby("group")["fold"].nunique().max() == 1
        assert set(folds["fold"]) == set(range(how.folds))
    else:
        assert (folds["fold"] == UNUSED).sum() == 0 or how.by == "time"
    if how.by == "time":
        at = accounts.set_index("account_id")["observed_at"].reindex(folds["account_id"]).to_numpy()
        for side in sides(folds):
            assert at[side.train].max() < at[side.test].min() - np.timedelta64(how.gap_days, "D") or how.gap_days == 0
            assert at[side.train].max() <= at[side.test].min()


@settings(max_examples=40, deadline=None)
@given(st.lists(ACCOUNT, min_size=20, max_size=60))
def test_the_fold_of_an_account_does_not_hang_on_the_name_of_its_source(people):
    accounts, labels = tables(people)
    renamed = labels.assign(source=labels["source"].map({"here": "aaa", "there": "bbb"}))
    try:
        first = split_accounts(accounts, labels, Split(folds=2))
    except BadInput:
        return
    second = split_accounts(accounts, renamed, Split(folds=2))
    assert first["fold"].tolist() == second["fold"].tolist()
    assert first["source_fold"].tolist() == second["source_fold"].tolist()
