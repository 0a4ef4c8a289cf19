"""The real sets, row by row: what is read, used and refused, and what is known of the outcome."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from recipedesk import Outcome, outcome

from pipeline.settings import Prepare

pytestmark = pytest.mark.data

# Set -> folder, accounts read, bots, people, refused by reason. Every row of every file is in one of the last three.
SETS = {
    "cresci-2017": ("twitter/cresci-2017", 14368, 10894, 3474, {}),
    "mib-2015": ("twitter/mib-2015", 2818, 1337, 1481, {}),
    "human-bots-2021": ("twitter/human-bots-2021", 3684, 1207, 2477, {}),
    "nyu-2017": ("twitter/nyu-2017", 2232, 1051, 1170, {"contradictory_label": 10, "repeated": 1}),
    "gilani-2017": ("twitter/gilani-2017", 2727, 1202, 1525, {}),
    "bot-or-not-2026": ("twitter/bot-or-not-2026", 446, 93, 353, {}),
    "instagram-kaggle-2019": ("instagram/kaggle-2019", 696, 348, 348, {}),
    "instafake-2019": ("instagram/instafake-2019", 1194, 200, 994, {}),
    "fake-stars-2024": (
        "github/fake-stars-2024",
        40174,
        18121,
        18944,
        {"contradictory_label": 46, "refused_by_recipe": 2889, "repeated": 174},
    ),
    "fake-stars-events-2024": ("github/fake-stars-2024", 20087, 10079, 9992, {"contradictory_label": 16}),
    "fake-stars-profiles-2024": (
        "github/fake-stars-2024",
        20087,
        8205,
        8979,
        {"contradictory_label": 14, "refused_by_recipe": 2889},
    ),
}
TOGETHER = [name for name in SETS if name not in ("fake-stars-events-2024", "fake-stars-profiles-2024")]


@pytest.mark.parametrize("name", SETS)
def test_every_row_of_a_set_is_accounted_for(data_folder, name):
    folder, read, bots, people, reasons = SETS[name]
    found = outcome(Prepare(sources={name: str(data_folder / folder)}))
    facts = found.intake["sources"][name]
    assert facts["tables"]["accounts"]["read"] == read
    assert facts["tables"]["accounts"]["reasons"] == reasons
    assert (facts["bots"], facts["people"]) == (bots, people)
    assert bots + people == read - sum(reasons.values()) == len(found.rows("accounts"))


@pytest.fixture(scope="module")
def together(data_folder) -> Outcome:
    return outcome(Prepare(sources={name: str(data_folder / SETS[name][0]) for name in TOGETHER}))


def test_all_sets_together_share_accounts(together):
    sources = together.intake["sources"]
    # All 1,337 bought followers of mib-2015, and two people that human-bots-2021 and gilani-2017 know as well.
    assert sources["cresci-2017"]["reasons"] == {"repeated": 1339}
    assert sources["gilani-2017"]["reasons"] == {"repeated": 179}
    # 26 names are in human-bots-2021 too; of one the two sets say different things.
    assert sources["nyu-2017"]["reasons"] == {"contradictory_label": 11, "repeated": 26}
    assert sources["human-bots-2021"]["reasons"] == {"contradictory_label": 1}
    accounts = together.rows("accounts")
    assert len({r["account_id"] for r in accounts}) == len(accounts) == 63674
    assert {r["account_id"] for r in together.rows("labels")} == {r["account_id"] for r in accounts}


def test_nothing_is_observed_before_it_exists_or_out_of_its_time(together):
    for row in together.rows("accounts"):
        assert datetime(2010, 1, 1, tzinfo=UTC) < row["observed_at"] < datetime(2024, 11, 1, tzinfo=UTC)
        assert row["created_at"] is None or row["created_at"] <= row["observed_at"]
        assert (row["username"] is None) == row["account_id"].startswith("insta")


def test_bot_or_not_has_its_posts(together):
    posts = together.rows("posts")
    assert len(posts) == 12171
    authors = {r["account_id"] for r in together.rows("accounts")}
    assert all(p["account_id"] in authors and p["text"] for p in posts)


def test_real_sets_give_the_same_bytes_twice(data_folder):
    first, second = (
        outcome(Prepare(sources={"nyu-2017": str(data_folder / "twitter" / "nyu-2017")}, threads=n)) for n in (1, 2)
    )
    for name, staged in first.staged.items():
        assert staged.path.read_bytes() == second.staged[name].path.read_bytes(), name
