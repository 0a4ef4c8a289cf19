"""Same settings, same town; one thing changed changes one thing."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from simulation.settings import Town
from simulation.town import simulate, stream

FIXED = ("username", "display_name", "description", "created_at", "observed_at", "listed_count", "verified", "url")


def rows(table: pa.Table, *columns: str) -> set[tuple]:
    chosen = table.select(columns) if columns else table
    return set(zip(*(column.to_pylist() for column in chosen.columns), strict=True))


def joined(town: Town, block: int) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {}
    for name, table in stream(town, block=block):
        parts.setdefault(name, []).append(table)
    return {name: pa.concat_tables(tables) for name, tables in parts.items()}


def ordered(table: pa.Table) -> pa.Table:
    plain = [f.name for f in table.schema if not pa.types.is_list(f.type)]
    return table.sort_by([(name, "ascending") for name in plain])


def test_the_same_settings_give_the_same_town(made):
    first, second = made(accounts=400), simulate(Town(accounts=400))
    assert first.keys() == second.keys()
    assert all(first[name].equals(second[name]) for name in first)


def test_another_seed_gives_another_town(made):
    first, second = made(accounts=400), made(accounts=400, seed=1)
    assert not rows(first["accounts"], "account_id") & rows(second["accounts"], "account_id")
    assert rows(first["accounts"], "created_at", "followers_count") != rows(
        second["accounts"], "created_at", "followers_count"
    )


def test_the_size_of_blocks_changes_only_the_order_of_rows(made):
    whole, pieces = made(accounts=2000), joined(Town(accounts=2000), block=1000)
    assert whole.keys() == pieces.keys()
    for name in whole:
        assert ordered(whole[name]).equals(ordered(pieces[name])), name


@pytest.mark.parametrize("name", ["engagements", "follows", "truth_engagements", "truth_follows", "labels"])
def test_a_larger_town_holds_the_smaller_one(made, name):
    small, large = made(accounts=400), made(accounts=2000)
    assert rows(small[name]) <= rows(large[name])


def test_newcomers_do_not_reshuffle_those_who_were_there(made):
    small, large = made(accounts=400), made(accounts=2000)
    assert rows(small["accounts"], "account_id", *FIXED) <= rows(large["accounts"], "account_id", *FIXED)
    texts = ("post_id", "account_id", "created_at", "kind", "text")
    assert rows(small["posts"], *texts) <= rows(large["posts"], *texts)
    # What happens among those who were there is all there is: nothing is added between them either.
    inside = pa.array(small["accounts"]["account_id"].to_pylist())
    old = pa.array(small["posts"]["post_id"].to_pylist())
    events = large["engagements"]
    among = events.filter(pc.and_(pc.is_in(events["actor_id"], inside), pc.is_in(events["post_id"], old)))
    assert rows(among) == rows(small["engagements"])


def test_a_raised_share_draws_accounts_and_moves_no_bystander(made):
    before = dict(rows(made(accounts=2000)["truth"], "account_id", "role"))
    after = dict(rows(made(accounts=2000, shares={"spam_bot": 20})["truth"], "account_id", "role"))
    moved = {account for account in before if before[account] != after[account]}
    assert len(moved) > 100
    assert {after[account] for account in moved} == {"spam_bot"}


def test_a_knob_of_pods_leaves_everything_else_alone(made):
    before, after = made(accounts=2000), made(accounts=2000, pods={"joined": 0.2})
    kept = ("actor_id", "post_id", "kind", "created_at", "cause")

    def but_pods(town: dict[str, pa.Table]) -> set[tuple]:
        truth = town["truth_engagements"]
        return rows(truth.filter(pc.not_equal(truth["cause"], "pod")), *kept)

    pods = [pc.sum(pc.equal(t["truth_engagements"]["cause"], "pod")).as_py() for t in (before, after)]
    assert pods[1] < 0.6 * pods[0]
    # a like that a pod gave may now be given for another reason, never the other way round
    assert but_pods(before) <= but_pods(after)
    assert len(but_pods(after) - but_pods(before)) < 0.01 * len(but_pods(before))
    assert rows(before["accounts"], "account_id", *FIXED) == rows(after["accounts"], "account_id", *FIXED)


def test_wrong_labels_change_labels_only(made):
    before, after = made(accounts=400), made(accounts=400, labels={"wrong": 0.3})
    assert all(before[name].equals(after[name]) for name in before if name != "labels")
    assert not before["labels"].equals(after["labels"])


def test_evasion_does_not_touch_people(made):
    def people(town: dict[str, pa.Table]) -> set[tuple]:
        honest = pc.invert(town["truth"]["is_bot"])
        # a handle that a bot gives up may go to a person, so handles are left out
        return rows(town["accounts"].filter(honest), "account_id", "display_name", "description", "created_at")

    assert people(made(accounts=2000)) == people(made(accounts=2000, evasion=0.9))
