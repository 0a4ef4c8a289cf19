"""The page of pictures of a simulated town."""

from __future__ import annotations

import re

import pytest

from review.town import page


def summary(**more: object) -> dict[str, object]:
    """A made-up town of 30 accounts."""
    made: dict[str, object] = {
        "settings": {"seed": 4, "calendar": {"days": 3}, "evasion": 0.4},
        "rows": {"accounts": 30, "posts": 60, "engagements": 240, "follows": 90},
        "roles": {"casual": {"accounts": 20, "bots": 0}, "like_bot": {"accounts": 10, "bots": 10}},
        "bots": 10,
        "victims": 1,
        "labelled": 25,
        "labelled_bots": 8,
        "causes": {"order": 48, "pod": 12},
        "scenes": {"viral": 1},
        "orders": {"orders": 3, "ordered": 300, "delivered": 48, "roubles": 51.5},
        "by_hour": {"all": [10.0] * 24, "pumped": [2.5] * 24},
        "by_day": {"all": [80.0] * 3, "pumped": [20.0] * 3},
        "posts": [
            {"what": "went viral, nobody paid", "post_id": "p1", "honest": [0.5, 1.5, 30.0], "pumped": []},
            {"what": "likes bought, delivered in a burst", "post_id": "p2", "honest": [4.0], "pumped": [0.1, 0.1]},
        ],
        "degrees": {"followers": {"people": [[1.0, 1.0], [10.0, 0.1]], "bots": [[1.0, 0.5], [3.0, 0.1]]}},
    }
    return made | more


def test_the_page_says_who_lives_there_and_what_was_not_honest():
    html = page(summary())
    assert "A town of 30 accounts" in html
    assert re.search(r'<th scope="row">like_bot</th><td class="n">10</td><td class="n">10</td>', html)
    assert "delivered for an order" in html
    assert "20.0%" in html  # 48 of 240
    assert html.count("<figure>") == 4
    assert "went viral, nobody paid: 3 honest and 0 other likes" in html


def test_the_same_town_gives_the_same_page():
    assert page(summary()) == page(summary())


def test_a_town_without_engagements_has_a_page_too():
    bare = summary(rows={"accounts": 30}, posts=[], causes={}, degrees={})
    html = page(bare)
    assert "<figure>" not in html
    assert "A town of 30 accounts" in html


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_silent_offline_and_fits_the_screen(visit, width, scheme):
    seen = visit(page(summary()), width=width, color_scheme=scheme)
    assert seen.console == []
    assert seen.requests == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


@pytest.mark.browser
def test_axe_finds_nothing(visit):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(page(summary()), bypass_csp=True)
    assert [v["id"] for v in Axe().run(seen.page).response["violations"]] == []
