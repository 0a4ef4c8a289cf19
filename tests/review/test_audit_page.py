"""Pages of an audit: what they say, and that names of others do nothing in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hostile_corpus import HOSTILE

from models.authenticity import INTENT_SAYS, INTENTS, WAY_SAYS, WAYS
from pipeline.audit.outputs import MOST_LISTED
from review.audit import list_page
from review.auditcreator import creator_page
from review.auditparts import chance, rate
from review.audittext import creator_text, post_text
from review.page import LARGEST

AT = datetime(2026, 5, 3, 10, 0, tzinfo=UTC)


def row(name: str = "u1", **more: Any) -> dict[str, Any]:
    """A creator, or a post, of whose 200 likes 80 are authentic."""
    made: dict[str, Any] = {
        "account_id": name,
        "username": None,
        "post_id": f"p of {name}",
        "posted_at": AT,
        "posts": 4,
        "followers": 1000,
        "likes": 200,
        "likes_seen": 200,
        "rests_on": "events",
        "authentic": 80.0,
        "authentic_low": 60.0,
        "authentic_high": 110.0,
        "pumped_share": 0.6,
        "pumped_share_low": 0.45,
        "pumped_share_high": 0.7,
        **dict.fromkeys(WAYS, 30.0),
        "low_evidence_share": 0.25,
        **dict(zip((f"p_{i}" for i in INTENTS), (0.004, 0.05, 0.35, 0.006, 0.59), strict=True)),
        "verdict": "unclear",
        "pumped_posts": 2,
        "engagement_rate": 0.05,
        "authentic_rate": 0.02,
        "authentic_rate_low": 0.015,
        "authentic_rate_high": 0.0275,
        "bursts": [
            {
                "post_id": f"p of {name}",
                "first_at": AT,
                "last_at": AT + timedelta(minutes=4),
                "likes": 90,
                "pumped": 85.0,
            }
        ],
        "groups": [{"group_id": f"farm of {name}", "kind": "farm", "likes": 110}],
        "ratios": [
            {"name": "comments_vs_likes", "value": 0.01, "percentile": 0.02, "peers": 55, "scope": "near"},
            {"name": "likes_vs_views", "value": 0.4, "percentile": None, "peers": None, "scope": None},
        ],
        "price": 100.0,
        "cost": 5.0,
        "cost_low": 3.64,
        "cost_high": None,
    }
    return made | more


def close(name: str = "u1", posts: int = 3) -> dict[str, Any]:
    return {
        "days": [(20576 + i, 10 + i, 4.0 + i / 2) for i in range(30)],
        "audience": [("not known", 50), ("below 0.02", 60), ("0.95 or more", 90)],
        "posts": [row(f"{name} {i}") for i in range(posts)],
    }


def summary(**more: Any) -> dict[str, Any]:
    effects = [
        {
            **{"action": "suspend", "says": "likes vanish", "accounts": 3, "likes": 400, "likes_lost": 40},
            **{"honest_lost": 2.0, "pumped_lost": 38.0, "pumped": 120.0, "posts_hidden": 1, "fall": 2, "top": 100},
            **{"honest_lost_low": 0.5, "honest_lost_high": 9.0, "likes_lost_by_giver": 33, "likes_lost_with_post": 7},
            **{"honest_lost_by_giver": 1.5, "honest_lost_with_post": 0.5},
        }
    ]
    made: dict[str, Any] = {
        "creators": 2,
        "posts": 8,
        "likes": 400,
        "likes_seen": 390,
        "authentic": 160.0,
        "authentic_low": 130.0,
        "authentic_high": 190.0,
        "pumped_share": 0.6,
        "pumped_share_low": 0.525,
        "pumped_share_high": 0.675,
        "pumped_posts": 4,
        "by_way": dict.fromkeys(WAYS, 60.0),
        "says": "nothing to audit",
        "what_if": effects,
    }
    return made | more


def ranked(names: list[str]) -> list[dict[str, Any]]:
    more = {"rank_best": 1, "rank_worst": 3, "ranked_by": "cost of an authentic like"}
    found = [
        {**row(n), **more, "rank": i, "asked": n, "row": {}, "page": "creators/a.html"} for i, n in enumerate(names, 1)
    ]
    why = {"status_says": "no account of this name is in the tables", "could_be": ()}
    return [*found, {"asked": "<b>nobody</b>", "row": None, "page": None, **why}]


def test_the_page_of_a_creator_tells_the_estimate_its_interval_and_what_it_rests_on():
    html = creator_page(row(), close())
    assert (
        "Of 200 likes on 4 posts, 80 are estimated to be authentic (60 to 110): 60.0% (45.0% to 70.0%) are pumped."
        in html
    )
    assert "pumped or not, who is behind it is unclear" in html
    assert "somebody else had it pumped, 35%" in html
    assert "the author trades likes in a pod, under 1%" in html
    assert "somebody else may have paid for these likes" in html
    assert "25% of the likes are from accounts of which too little is known" in html
    assert "90 likes 2026-05-03 10:00 to 10:04, 85 pumped" in html
    assert "farm of u1" in html
    assert "1 comments for 100 likes: fewer than 98% of 55 accounts of similar size and age." in html
    assert "3.64 to no limit" in html
    assert html.count("<figure>") == 2


def test_a_creator_of_whom_only_counters_are_known_has_a_page_that_says_so():
    bare = row(rests_on="counts", likes_seen=0, low_evidence_share=None, groups=None, ratios=None, authentic_rate=None)
    html = creator_page({**bare, "cost": None}, {"days": [(20576, 200, 120.0)], "audience": [], "posts": []})
    assert "this rests on counters alone" in html
    assert "No farm or pod is known" in html
    assert "Likes at the moment their post was published" in html


def test_the_list_has_ranks_with_what_is_left_open_and_what_acting_would_do():
    html = list_page(summary(), ranked(["ann", "bea"]), 3, "ranked")
    assert "Ranked by cost of an authentic like." in html
    assert "1 to 3" in html
    assert "&lt;b&gt;nobody&lt;/b&gt;" in html
    assert 'href="creators/a.html"' in html
    assert "of the 100 most liked posts" in html
    assert "60.0% (52.5% to 67.5%) of all are pumped" in html
    assert "estimated; 130 to 190" in html


def test_the_what_if_tells_honest_likes_lost_with_their_interval_by_reason_and_posts_that_are_hidden():
    html = list_page(summary(), ranked(["ann"]), 2, "ranked")
    assert "0 to 9" in html  # the interval of the 2 honest likes, 0.5 to 9, in whole ones
    assert "2 / 0" in html
    assert "of 33 / 7 lost" in html
    assert "posts hidden" in html
    assert "what_if_posts.parquet" in html


def test_who_was_asked_for_in_other_words_has_both_names():
    rows = ranked(["ann"])
    rows[0] |= {"username": "ann_fox", "asked": "https://a.example/Ann_Fox"}
    html = list_page(summary(), rows, 2, "ranked")
    assert "asked for as https://a.example/Ann_Fox" in html
    assert "asked for as ann" not in list_page(summary(), ranked(["ann"]), 2, "ranked")


def test_who_has_no_page_is_said_with_the_reason_and_so_is_what_the_page_has_no_room_for():
    rows = ranked(["ann"])
    rows.append(
        {
            **{"asked": "mia", "row": None, "page": None, "could_be": ("m1", "m2")},
            "status_says": "the name fits several accounts; write the account_id",
        }
    )
    html = list_page(summary(), rows, 2500, "ranked")
    assert "no account of this name is in the tables" in html
    assert "the name fits several accounts; write the account_id (m1, m2)" in html
    assert "2 of the 2,500 that were asked for have no page" in html
    assert "The first 3 of 2,500 are shown; all are in ranking.csv." in html
    worst = list_page(
        summary(creators=900), [{**row(), "page": "creators/a.html"}, {**row(), "page": None}], 2, "worst"
    )
    assert "The 2 of 900 with most pumped likes, as estimated; the first 1 have a page of their own." in worst


def test_a_burst_over_days_has_the_date_of_its_end_and_a_creator_those_of_its_posts():
    long = {"post_id": "p7", "first_at": AT, "last_at": AT + timedelta(days=3, hours=-1), "likes": 70, "pumped": 66.0}
    html = creator_page(row(bursts=[long]), close(posts=0))
    assert "2026-05-03 10:00 to 2026-05-06 09:00" in html
    assert "Largest bursts of likes, on posts that look pumped" in html
    assert "p7" in html


def test_bars_that_leave_likes_out_say_how_many():
    drawn = sum(n for _, n, _ in close()["days"])  # 10 + 11 + ... + 39
    assert drawn == 735
    part = creator_page(row(likes=2000, likes_seen=735, rests_on="partial"), close())
    assert "The other 1,265 of 2,000 are counted and not seen" in part
    assert "are counted and not seen" not in creator_page(row(likes=735, likes_seen=735), close())
    assert "so 35 or more were taken back" in creator_page(row(likes=700, likes_seen=700), close())


def test_the_estimate_in_words_for_the_terminal():
    said = creator_text(row())
    assert said.splitlines() == [
        "Account u1: 200 likes on 4 posts",
        "  authentic: 80 (60 to 110); pumped: 60.0% (45.0% to 70.0%)",
        f"  ways of pumping, estimated: {'; '.join(f'30 {way} ({WAY_SAYS[way]})' for way in WAYS)}",
        f"  likely: pumped or not, who is behind it is unclear; {INTENT_SAYS['bought']}, 59%; "
        f"{INTENT_SAYS['targeted']}, 35%; {INTENT_SAYS['viral']}, 5%",
        "  burst: 90 likes on p of u1 2026-05-03 10:00 to 10:04, 85 pumped",
        "  rests on: all likes are known one by one, 200 of 200",
    ]
    assert post_text(row(bursts=None)).splitlines()[0] == "Post p of u1 of account u1: 200 likes"
    assert "  bursts: none on posts that look pumped" in post_text(row(bursts=None))


def test_without_likes_the_list_says_that_there_is_nothing():
    html = list_page(summary(likes=0, what_if=[]), [], 0, "worst")
    assert "Nothing to audit." in html


def test_the_same_rows_give_the_same_page_and_it_stays_small():
    assert creator_page(row(), close()) == creator_page(row(), close())
    assert len(creator_page(row(), close(posts=20)).encode()) < LARGEST
    many = [{**row(f"creator number {i}"), "page": None} for i in range(2000)]
    assert len(list_page(summary(), many, 2000, "worst").encode()) < LARGEST
    asked = ranked([f"creator number {i}" for i in range(MOST_LISTED)])
    assert len(list_page(summary(), asked, 10_000, "ranked").encode()) < LARGEST


def test_no_probability_is_certain_and_tiny_rates_keep_two_digits():
    assert [chance(p) for p in (1.0, 0.5, 0.0)] == ["over 99%", "50%", "under 1%"]
    assert [rate(r) for r in (0.000012, 0.0123, 0.5)] == ["0.0012%", "1.2%", "50%"]


PAGES = {
    "creator": lambda names: creator_page(row(names[0], username=names[-1]), close(names[0])),
    "list": lambda names: list_page(summary(), ranked(names), len(names), "ranked"),
}


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_silent_offline_fits_the_screen_and_axe_finds_nothing(visit, page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(PAGES[page](["ann", "bea"]), width=width, color_scheme=scheme, bypass_csp=True)
    assert seen.console == []
    assert seen.requests == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert [v["id"] for v in Axe().run(seen.page).response["violations"]] == []


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_used_by_keyboard(visit, page):
    seen = visit(PAGES[page](["ann", "bea"]))
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.className") == "skip"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("location.hash") == "#summary"


@pytest.mark.browser
def test_hostile_names_do_nothing(visit):
    names = list(HOSTILE)
    for html in (PAGES["list"](names), *(PAGES["creator"](names[i : i + 8]) for i in range(0, len(names), 8))):
        seen = visit(html)
        assert seen.page.evaluate("window.pwned") is None
        assert seen.console == []
        assert seen.requests == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1280
