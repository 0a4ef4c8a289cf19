"""Who acted together, told apart by what binds them: a farm, a pod, friends and fans, each in a small town."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.coordination import members, precision, town_of, whereabouts
from features.groups import GROUPS
from pipeline.engine import featurize_tables
from tests.features.town import ONE_THREAD, Town

LONERS = tuple(f"z{i} likes y{i}x{k}.1 {k}:{i % 60:02d}" for i in range(100) for k in (1, 2, 3))
WORKERS = [f"w{i}" for i in range(6)]
FARM = tuple(f"{who} likes c{k}.1 +{5 + 7 * i}s" for k in range(8) for i, who in enumerate(WORKERS))
MEMBERS = [f"p{i}" for i in range(9)]
POD = tuple(
    f"{who} likes {author}.{k} +{60 + 20 * i}s"
    for author in MEMBERS
    for k in (1, 2, 3)
    for i, who in enumerate(MEMBERS)
    if who != author
)
# They were at the same three things once: as little as a tie needs.
FRIENDS = [f"q{i}" for i in range(5)]
EVENING = tuple(f"{who} likes e{k}.1 +{5 + 7 * i}s" for k in range(3) for i, who in enumerate(FRIENDS))
FANS = [f"f{i}" for i in range(8)]
CLUB = tuple(f"{who} likes idol.{k} +{10 + 9 * i}s" for k in range(1, 13) for i, who in enumerate(FANS))


def groups(*events):
    town = Town().add("me").happen(events, "me")
    for table in ("posts", "engagements"):
        rows = getattr(town, table)
        cleaned = [{k: v.removeprefix("me ") if isinstance(v, str) else v for k, v in row.items()} for row in rows]
        setattr(town, table, cleaned)
    # Posts are read for their arrival only where their author is judged.
    town.add("idol")
    made = featurize_tables(town.save(), town.judged(), ONE_THREAD, only=[], also=["groups"])
    return made.other("groups", GROUPS).to_pylist()


@pytest.fixture(scope="module")
def found():
    return groups(*LONERS, *FARM, *POD, *EVENING, *CLUB)


def of_kind(rows, kind):
    return [row for row in rows if row["kind"] == kind]


def test_workers_that_like_the_same_customers_are_a_farm(found):
    (farm,) = of_kind(found, "farm")
    assert farm["members"] == WORKERS
    assert (farm["member_count"], farm["post_count"], farm["author_count"]) == (6, 8, 8)
    assert farm["density"] == 1
    assert set(farm["posts"]) == {f"c{k}.1" for k in range(8)}
    # Post k appears k hours into the day as the first of its author; from the first like to the last.
    assert farm["first_seen_at"] == pd.Timestamp("2024-01-01 01:00:05", tz="UTC")
    assert farm["last_seen_at"] == pd.Timestamp("2024-01-01 01:00:40", tz="UTC")


def test_members_that_like_each_other_are_a_pod(found):
    (pod,) = of_kind(found, "pod")
    assert pod["members"] == MEMBERS
    assert (pod["member_count"], pod["author_count"]) == (9, 9)


def test_people_who_met_at_three_posts_are_friends(found):
    (friends,) = of_kind(found, "friends")
    (farm,) = of_kind(found, "farm")
    assert friends["members"] == FRIENDS
    assert friends["significance"] < farm["significance"] - 2


def test_fans_of_one_idol_are_neither_farm_nor_pod(found):
    (club,) = of_kind(found, "fans")
    assert club["members"] == FANS
    assert club["significance"] is None
    assert club["author_count"] == 1
    assert not {*FANS} & {who for row in found if row["kind"] != "fans" for who in row["members"]}


def test_nobody_else_is_in_a_group(found):
    assert {who for row in found for who in row["members"]} == {*WORKERS, *MEMBERS, *FRIENDS, *FANS}


def test_a_farm_far_beyond_chance_says_so(found):
    (farm,) = of_kind(found, "farm")
    assert farm["significance"] > 8


def test_a_group_is_named_by_its_kind_and_members_alone(found):
    # Without the others chance differs, and so do numbers of accounts; the name stays.
    apart = groups(*LONERS, *FARM, *POD, *EVENING)
    assert of_kind(apart, "farm")[0]["group_id"] == of_kind(found, "farm")[0]["group_id"]
    fewer = groups(*LONERS, *(e for e in FARM if not e.startswith("w5 ")), *POD, *EVENING)
    assert of_kind(fewer, "farm")[0]["group_id"] != of_kind(found, "farm")[0]["group_id"]


def test_fans_are_so_few_that_they_are_no_club():
    assert of_kind(groups(*LONERS, *(e for e in CLUB if e.split()[0] in FANS[:4])), "fans") == []


def test_fans_in_two_clubs_that_post_at_the_same_time_share_two_targets_and_stay_fans():
    second = tuple(e.replace("idol.", "star.") for e in CLUB)
    rows = groups(*LONERS, *CLUB, *second)
    assert {row["kind"] for row in rows} == {"fans"}


def test_without_anyone_acting_together_there_is_no_row():
    assert groups(*LONERS) == []


# --- a town whose truth is known --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["naive", "default"])
def test_farms_and_pods_of_a_town_are_those_who_pump_and_fan_clubs_are_not(level):
    town = members(town_of(level, 2000, 7))
    found, place = precision([town]), whereabouts([town])
    assert found["farm"][1] > 50
    assert found["farm"][2] > 0.95
    assert found["pod"][3] > 0.95
    farm, pod, *_ = place["people in a fan club"][1:]
    assert (farm, pod) == (0, 0)
    # Operators of every level live here; what the experts among them sell leaves no lockstep.
    assert place["like_bot"][1] > 0.6
    assert place["pod_member"][2] > 0.7


def test_shares_of_groups_are_counted_per_town_and_accounts_once():
    town = pd.DataFrame(
        {
            "kind": ["like_bot", "human", "human", "pod_member"],
            "is_bot": [True, False, False, False],
            "idol_id": [None, "idol", None, None],
            "farm": [True, True, False, False],
            "pod": [False, True, False, True],
            "friends": False,
            "fans": False,
            "groups": [["farm-1"], ["farm-1", "pod-1"], None, ["pod-1"]],
        }
    )
    town["groups"] = [g or [] for g in town["groups"]]
    found = precision([town, town])
    assert found["farm"] == [1, 2, 0.5, 0, 0.5, 0.5]
    assert found["pod"] == [1, 2, 0.5, 0.5, 0, 0.5]
    assert whereabouts([town, town])["people in a fan club"] == [2, 1, 0, 0, 0, 0]
    assert whereabouts([town])["people"] == [1, 0, 0, 0, 0, 1]
