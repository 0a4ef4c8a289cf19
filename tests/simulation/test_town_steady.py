"""Same settings, same town; one thing changed changes one thing."""

from __future__ import annotations

import os
import subprocess
import sys

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


CAUSES = {"order", "pod", "automation", "cover", "spam"}


@pytest.mark.parametrize(
    ("knob", "causes"),
    [
        ({"pods": {"submitted": 0.2}}, {"pod"}),
        ({"pods": {"gap_s": 90}}, {"pod"}),
        ({"automation": {"likes": 15}}, {"automation"}),
        ({"spam": {"comments": 1}}, {"spam"}),
        ({"farms": {"cover": 1}}, {"cover"}),
        ({"farms": {"burst_gap_s": 60}}, {"order"}),
        ({"farms": {"scale": 0.01}}, {"order", "cover"}),
        ({"buyers": {"victims": 0}}, {"order", "cover"}),
        ({"buyers": {"posts": 0.1}}, {"order", "cover"}),
        ({"scenes": {"viral": 0}}, set()),
        ({"scenes": {"giveaways": 0}}, set()),
    ],
    ids=lambda value: "-".join(f"{a}.{b}" for a, bs in value.items() for b in bs) if isinstance(value, dict) else "",
)
def test_a_knob_changes_what_it_is_called_after_and_nobody(made, knob, causes):
    before, after = made(accounts=2000), made(accounts=2000, **knob)
    kept = ("actor_id", "post_id", "kind", "created_at")

    def done(town: dict[str, pa.Table], cause: str) -> set[tuple]:
        truth = town["truth_engagements"]
        return rows(truth.filter(pc.equal(truth["cause"], cause)), *kept)

    for cause in sorted(CAUSES):
        one, other = done(before, cause), done(after, cause)
        if cause in causes:
            assert (
                one != other or cause == "cover"
            )  # workers who follow fewer customers like fewer of their other posts
        else:  # a deed that somebody else did first may be counted for another reason
            assert len(one ^ other) <= 0.01 * len(one), cause
    if not causes:
        assert rows(before["engagements"], *kept) - rows(after["engagements"], *kept)
    assert rows(before["accounts"], "account_id", *FIXED) == rows(after["accounts"], "account_id", *FIXED)
    texts = ("post_id", "created_at", "kind")
    assert rows(before["posts"], *texts) == rows(after["posts"], *texts)


@pytest.mark.parametrize("knob", [{"texts": 0.5}, {"counters": 0.5}, {"tables": ("follows",)}], ids=str)
def test_what_is_missing_changes_nothing_that_is_there(made, knob):
    before, after = made(accounts=400), made(accounts=400, missing=knob)
    touched = {"texts": {"posts"}, "counters": {"accounts"}, "tables": {"follows"}}[next(iter(knob))]
    assert all(before[name].equals(after[name]) for name in before if name not in touched)


def test_every_process_makes_the_same_town(tmp_path):
    code = (
        "import sys; from pathlib import Path; from pipeline.jobs.simulate import simulate_job;"
        "from simulation.settings import Town; simulate_job(Town(accounts=60), Path(sys.argv[1]))"
    )
    for number in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": number, "OMP_NUM_THREADS": number}
        told = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / number)], env=environment, capture_output=True
        )
        assert told.returncode == 0, told.stderr.decode()
    for path in sorted((tmp_path / "1").iterdir()):
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes(), path.name


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
