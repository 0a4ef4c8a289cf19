"""What people decided: which verdicts stand, what is new, and what a part of an audit may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.feedback import is_new, overturned, realised, share_of, verdicts_of

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)


def hours(n: float) -> datetime:
    return NIGHT + timedelta(hours=n)


def said(*rows: tuple[str, str]) -> pd.DataFrame:
    """Verdicts about one account, an hour apart: what was decided, and the tier the score had put it into."""
    return pd.DataFrame(
        {
            "account_id": "ann",
            "decision": [decision for decision, _ in rows],
            "tier": [tier for _, tier in rows],
            "decided_at": [hours(i) for i in range(len(rows))],
            "channel": "review",
            "reviewer": [f"r{i}" for i in range(len(rows))],
        }
    )


@pytest.mark.parametrize(
    ("rows", "stands"),
    [
        ([("human", "review")], "r0"),
        ([("human", "review"), ("unclear", "review")], "r0"),  # nobody decided otherwise
        ([("human", "review"), ("human", "allow")], "r0"),  # confirmed while there was nothing to overturn
        ([("human", "review"), ("human", "limit_reach")], "r1"),  # the last state a person saw
        ([("human", "review"), ("bot", "review")], None),
        ([("human", "review"), ("bot", "allow"), ("unclear", "review")], None),
        ([("human", "review"), ("bot", "review"), ("human", "allow")], None),  # the first was over already
        ([("bot", "review"), ("human", "review")], "r1"),
        ([("human", "allow")], None),
        ([("unclear", "review")], None),
    ],
)
def test_a_verdict_stands_until_somebody_says_bot(rows, stands):
    found = overturned(said(*rows))
    assert found["reviewer"].tolist() == ([stands] if stands else [])


def test_accounts_do_not_end_each_others_protection():
    both = pd.concat([said(("human", "review")), said(("bot", "review")).assign(account_id="bob")])
    assert overturned(both)["account_id"].tolist() == ["ann"]
    assert overturned(both.iloc[:0]).empty


def reason(feature: str, value: float | None, push: float, family: str = "profile", usual: Any = (0, 10)) -> Any:
    low, high = usual
    return {
        "feature": feature,
        "family": family,
        "value": value,
        "contribution": push,
        "usual_low": low,
        "usual_high": high,
    }


def test_by_the_same_model_a_reason_is_new_when_its_value_is_and_it_pushes_more():
    then = [reason("a", 4, 1.0)]
    assert is_new(then, [reason("a", 5, 1.5)], 0.5)
    assert not is_new(then, [reason("a", 5, 1.4)], 0.5)
    assert not is_new(then, [reason("a", 4, 9.0)], 0.5)  # what it acts together with has changed, not the value
    assert not is_new(then, [reason("a", 4 + 1e-13, 9.0)], 0.5)
    assert not is_new([reason("a", 4, -3.0)], [reason("a", 5, 0.4)], 0.5)  # it lowers the score no more
    assert not is_new(then, [reason("a", None, 9.0)], 0.5)  # that something is not known is no evidence
    assert is_new([reason("a", None, 1.0)], [reason("a", 5, 1.5)], 0.5)
    assert not is_new([], [reason("a", 5, 9.0)], 0.5)  # nothing to compare with


def test_what_was_not_shown_can_have_pushed_as_much_as_what_was_allows():
    """Reasons are the largest of each family by size, then the rest: b2 may have been just below b1."""
    then = [reason("a", 1, 2.0, "A"), reason("b1", 1, -1.0, "B")]
    assert not is_new(then, [reason("b2", 1, 1.4, "B")], 0.5)
    assert is_new(then, [reason("b2", 1, 1.5, "B")], 0.5)
    # A family that was not shown had nothing above the weakest first one, here 1.0.
    assert not is_new(then, [reason("c", 1, 1.4, "C")], 0.5)
    assert is_new(then, [reason("c", 1, 1.5, "C")], 0.5)
    # With a second one of a family shown, a family that is absent had nothing to say (below 0.05), ...
    full = [*then, reason("a2", 1, 0.7, "A")]
    assert is_new(full, [reason("c", 1, 0.6, "C")], 0.5)
    # ... and of the families that are there the rest is below 0.7.
    assert not is_new(full, [reason("b2", 1, 1.1, "B")], 0.5)
    assert is_new(full, [reason("b2", 1, 1.2, "B")], 0.5)


def test_another_model_repeats_no_verdict_over_the_same_values():
    """Retrained, it gives the same values, a day later, pushes that are all larger, and other reasons too."""
    then = [reason("followers", 200, 1.0, usual=(10, 5000)), reason("age_days", 30, 0.4, usual=(200, 4000))]
    now = [reason("followers", 204, 4.0, usual=(10, 5000)), reason("age_days", 31, 3.0, usual=(200, 4000))]
    assert not is_new(then, [*now, reason("digits", 7, 3.0, "name")], 0.5, same_model=False)
    # Of what was shown then, a value that has moved by half the usual range, (5000 - 10) / 2 = 2495, is new ...
    moved = [reason("followers", 200 + 2495, 0.5, usual=(10, 5000))]
    assert is_new(then, moved, 0.5, same_model=False)
    assert not is_new(then, [reason("followers", 200 + 2494, 0.5, usual=(10, 5000))], 0.5, same_model=False)
    # ... when it speaks for a bot at all, and without a usual range when it has moved by half of what it was.
    assert not is_new(then, [reason("followers", 2695, 0.4, usual=(10, 5000))], 0.5, same_model=False)
    assert is_new(then, [reason("followers", 300, 0.5, usual=(None, None))], 0.5, same_model=False)
    assert not is_new(then, [reason("followers", 299, 0.5, usual=(None, None))], 0.5, same_model=False)


def scored(*rows: tuple[str, datetime, str]) -> pd.DataFrame:
    """Scores: account, moment it was judged at, tier."""
    return pd.DataFrame(
        {
            "account_id": [r[0] for r in rows],
            "as_of": [r[1] for r in rows],
            "tier": [r[2] for r in rows],
            "bot_probability": 0.9,
            "model_version": "m",
            "audit": False,
            "reasons": [[] for _ in rows],
        }
    )


def decisions(*rows: tuple[str, datetime], **more: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"account_id": [r[0] for r in rows], "decided_at": [r[1] for r in rows], "decision": "bot", "reviewer": "eva"}
    ).assign(**more)


def test_a_verdict_meets_the_last_scores_before_it():
    nights = scored(("ann", hours(24), "limit_reach"), ("ann", hours(0), "review"), ("ann", hours(48), "allow"))
    met = verdicts_of(decisions(("ann", hours(30)), ("ann", hours(5)), ("ann", hours(48))), nights, "review", "r.csv")
    assert met.verdicts["tier"].tolist() == ["review", "limit_reach", "allow"]
    assert met.verdicts["as_of"].tolist() == [hours(0), hours(24), hours(48)]
    assert met.refused.empty


def test_a_verdict_meets_the_scores_it_names():
    nights = scored(("ann", hours(0), "review"), ("ann", hours(24), "limit_reach"))
    named = decisions(("ann", hours(30)), as_of=hours(0).isoformat())
    assert verdicts_of(named, nights, "review", "r.csv").verdicts["tier"].tolist() == ["review"]
    strange = verdicts_of(decisions(("ann", hours(30)), as_of=hours(1)), nights, "review", "r.csv")
    assert strange.verdicts.empty
    assert "not as of the moment" in strange.refused["reason"][0]


def test_a_verdict_that_meets_no_scores_is_refused_alone():
    rows = decisions(("bob", hours(5)), ("ann", hours(5)), ("ann", hours(-1)))
    met = verdicts_of(rows, scored(("ann", hours(0), "review")), "review", "r.csv")
    assert met.verdicts["decided_at"].tolist() == [hours(5)]
    told = met.refused.set_index("row")["reason"]
    assert sorted(told.index) == [1, 3]
    assert "not among these scores" in told[1]
    assert "before the moment the account was scored at" in told[3]
    assert set(met.refused["file"]) == {"r.csv"}


def audited(tiers: list[str], verdict: list[str | None]) -> dict[str, Any]:
    """What is told of drawn accounts in these tiers by these verdicts."""
    ids = [f"a{i:04d}" for i in range(len(tiers))]
    table = pd.DataFrame(
        {"account_id": ids, "tier": tiers, "scored_tier": tiers, "bot_probability": 0.5, "audit": True}
    )
    given = table.assign(decision=verdict, decided_at=hours(1), channel="audit", reviewer="ann")
    return realised(table, given[given["decision"].notna()])


def test_the_audit_tells_how_right_the_tiers_were():
    """Of 4 in review 3 are bots, of 2 in discount 1, of 5 that are allowed 1; one of them is unclear."""
    tiers = ["review"] * 4 + ["discount"] * 2 + ["allow"] * 5
    found = audited(tiers, ["bot", "bot", "bot", "human", "bot", "human", "bot", *["human"] * 3, "unclear"])
    assert (found["drawn"], found["judged"], found["unclear"], found["open"]) == (11, 10, 1, 0)
    assert found["complete"]
    assert found["says"] is None
    review, discount = found["tiers"]["review"], found["tiers"]["discount"]
    assert review["precision"]["value"] == 3 / 4
    assert review["recall"]["value"] == 3 / 5
    assert (discount["precision"]["hits"], discount["precision"]["of"]) == (4, 6)
    assert (discount["false_positive_rate"]["hits"], discount["false_positive_rate"]["of"]) == (2, 5)
    assert found["bot_share"]["value"] == 5 / 10
    assert found["tiers"]["suspend"]["precision"]["value"] is None
    # The unclear one may be a bot that was missed: 3 of 6; precision does not hang on it.
    assert review["recall"]["low"] == share_of(3, 6, 0.95)["low"]
    assert review["recall"]["high"] == share_of(3, 5, 0.95)["high"]
    assert review["precision"]["low"] == share_of(3, 4, 0.95)["low"]


def test_an_audit_of_which_only_flagged_accounts_were_looked_at_withholds_what_it_cannot_know():
    """1,000 drawn, the 10 flagged judged bots, 990 open: not a recall of 1, and not a bot share of 1."""
    found = audited(["review"] * 10 + ["allow"] * 990, ["bot"] * 10 + [None] * 990)
    assert not found["complete"]
    assert found["says"].startswith("990 of 1,000 accounts drawn by chance are still to be looked at")
    review = found["tiers"]["review"]
    assert review["precision"]["value"] == 1.0  # all that were flagged were judged
    assert review["recall"]["value"] is None
    # All open ones may be bots (10 of 1,000 found) or people (10 of 10).
    assert review["recall"]["low"] == share_of(10, 1000, 0.95)["low"]
    assert review["recall"]["high"] == 1.0
    assert found["bot_share"]["value"] is None
    assert found["bot_share"]["low"] == share_of(10, 1000, 0.95)["low"]
    assert found["bot_share"]["high"] == 1.0
    assert review["false_positive_rate"]["value"] is None


def test_figures_wait_for_95_of_100_on_either_side_of_the_score():
    """20 flagged and 100 allowed: 19 and 95 are enough, one less of either is not."""
    tiers = ["review"] * 20 + ["allow"] * 100

    def judged(flagged: int, others: int) -> dict[str, Any]:
        verdict = [*["bot"] * flagged, *[None] * (20 - flagged), *["human"] * others, *[None] * (100 - others)]
        return audited(tiers, verdict)

    assert judged(19, 95)["complete"]
    assert judged(19, 95)["tiers"]["review"]["recall"]["value"] == 1.0
    for short in (judged(18, 100), judged(20, 94)):
        assert not short["complete"]
        assert short["tiers"]["review"]["recall"]["value"] is None
        assert short["bot_share"]["value"] is None
    assert judged(18, 100)["tiers"]["review"]["precision"]["value"] is None
    assert judged(20, 94)["tiers"]["review"]["precision"]["value"] == 1.0


def test_whatever_the_open_ones_are_the_interval_holds_the_complete_one():
    rng = np.random.default_rng(3)
    tiers = rng.choice(["suspend", "review", "discount", "allow"], 60).tolist()
    truth = rng.choice(["bot", "human"], 60).tolist()
    whole = audited(tiers, truth)
    part = audited(tiers, [t if looked else None for t, looked in zip(truth, rng.random(60) < 0.6, strict=True)])
    for tier, shares in whole["tiers"].items():
        for name, share in shares.items():
            assert (
                part["tiers"][tier][name]["low"] <= share["low"] <= share["high"] <= part["tiers"][tier][name]["high"]
            )


def test_an_account_is_judged_by_the_tier_its_verdict_met():
    """It was flagged when a person said bot, and is allowed tonight."""
    tonight = pd.DataFrame(
        {"account_id": ["ann"], "tier": "allow", "scored_tier": "allow", "bot_probability": 0.1, "audit": True}
    )
    met = said(("bot", "review")).assign(bot_probability=0.9)
    found = realised(tonight, met)
    assert found["tiers"]["review"]["recall"]["value"] == 1.0
    assert found["expected_bot_share"] == 0.9


def test_no_account_drawn_is_said():
    found = audited([], [])
    assert not found["complete"]
    assert "score.audit_share" in found["says"]


def test_exact_intervals():
    # Clopper and Pearson for 0 of 10 at 95%: the upper end is 1 - 0.025 ** (1 / 10).
    assert share_of(0, 10, 0.95)["high"] == pytest.approx(1 - 0.025**0.1)
    assert share_of(10, 10, 0.95)["low"] == pytest.approx(0.025**0.1)
