"""The page in a real browser: silent, without requests, usable by keyboard, clean for axe, and inert when attacked."""

from __future__ import annotations

import pytest
from hostile_corpus import HOSTILE
from made import artefacts

from review.gather import gather
from review.page import render

pytestmark = pytest.mark.browser
FEATURES = ["followers_count", "age_days", "digits_share"]
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def html() -> str:
    return render("review.html.j2", gather(**artefacts([f"nyu:{i}" for i in range(8)], FEATURES)))


@pytest.fixture(scope="module")
def hostile() -> str:
    values = artefacts(list(HOSTILE), [*FEATURES, "<script>window.pwned=1</script>", '" onload=window.pwned=1 x="'])
    return render("review.html.j2", gather(**values))


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_silent_asks_for_nothing_and_is_no_wider_than_the_screen(visit, html, size, scheme):
    seen = visit(html, **size, color_scheme=scheme)
    assert seen.console == []
    assert seen.requests == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    drawn = "[...document.images].filter(i => i.closest('details:not([open])') === null)"
    assert seen.page.evaluate(f"{drawn}.every(i => i.complete && i.naturalWidth > 0)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_axe_finds_nothing_serious(visit, html, scheme, size):
    from axe_playwright_python.sync_playwright import Axe

    seen = visit(html, **size, color_scheme=scheme, bypass_csp=True)  # axe must be let in
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = Axe().run(seen.page).response["violations"]
    assert [(v["id"], v["nodes"][0]["target"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert [v["id"] for v in found] == []


def test_hostile_names_do_nothing(visit, hostile):
    seen = visit(hostile)
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for element in ("summary", "select", "input", "button"):
        for one in seen.page.query_selector_all(element)[:80]:
            one.hover()
            one.focus()
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("window.pwned") is None
    assert seen.console == []
    assert seen.requests == []
    assert seen.page.evaluate("document.querySelectorAll('details.case').length") == len(HOSTILE)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_an_injected_script_or_picture_is_stopped_by_the_policy(visit, html):
    evil = "<script>window.pwned=1</script><img src='https://evil.example/x.png' alt=''>"
    broken = html.replace("<main>", f"<main>{evil}")
    seen = visit(broken)
    assert seen.page.evaluate("window.pwned") is None
    assert seen.requests == ["https://evil.example/x.png"]
    assert seen.failures == ["csp"]  # it never left
    assert len([line for line in seen.console if "Content Security Policy" in line]) == 2


def test_filters_show_what_they_say(visit, html):
    page = visit(html).page
    shown = "[...document.querySelectorAll('details.case')].filter(c => !c.hidden).length"
    assert page.inner_text("#cases-shown") == "8 of 8 cases shown"
    page.select_option("#filter-why", "nyu:3")
    assert page.evaluate(shown) == 1
    assert page.inner_text("#cases-shown") == "1 of 8 cases shown"
    page.select_option("#filter-why", "")
    page.fill("#filter-text", "NYU:5")
    assert page.evaluate(shown) == 1
    page.fill("#filter-text", "")
    page.click("button[data-open=yes]")
    assert page.evaluate("document.querySelectorAll('details.case[open]').length") == 8
    page.click("button[data-open=no]")
    assert page.evaluate("document.querySelectorAll('details.case[open]').length") == 0


def test_the_keyboard_reaches_the_summary_first_and_opens_a_case(visit, html):
    page = visit(html).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#summary")
    second = page.query_selector_all("details.case summary")[1]
    second.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelectorAll('details.case[open]').length") == 2
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_without_script_everything_can_be_read_and_no_dead_control_is_shown(visit, html):
    page = visit(html, java_script_enabled=False).page
    assert page.is_visible("details.case >> nth=7")
    assert not page.is_visible(".filters")


def test_paper_holds_every_case(visit, html):
    seen = visit(html)
    seen.page.emulate_media(media="print")
    assert len(seen.page.pdf()) > 100_000
    assert seen.page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert seen.page.evaluate("document.querySelectorAll('details.case[open]').length") == 1  # as it was before
