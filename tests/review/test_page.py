"""The review page: complete without script, inert whatever it is told, small, and the same every time."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hostile_corpus import HOSTILE
from made import artefacts

from review import page as subject
from review.gather import gather
from review.page import LARGEST, Album, render


def page(**changed: Any) -> str:
    return render("review.html.j2", gather(**{**artefacts([f"nyu:{i}" for i in range(8)], FEATURES), **changed}))


FEATURES = ["followers_count", "age_days", "digits_share"]


class Outline(HTMLParser):
    """Elements, ids, headings and links of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        return [a for t, a in self.tags if t == tag]


@pytest.fixture(scope="module")
def html() -> str:
    return page()


@pytest.fixture(scope="module")
def hostile() -> str:
    values = artefacts(list(HOSTILE), [*FEATURES, "<script>window.pwned=1</script>", '" onload=window.pwned=1 x="'])
    return render("review.html.j2", gather(**values))


def test_the_same_run_gives_the_same_bytes(html):
    assert page() == html


def test_every_section_asked_for_is_there_and_linked(html):
    outline = Outline(html)
    ids = {a["id"] for _, a in outline.tags if a.get("id")}
    links = [a["href"].removeprefix("#") for a in outline.all("a")]
    assert set(links) <= ids
    wanted = {"summary", "data", "quality", "sources", "calibration", "tiers", "whom", "importance", "cases", "card"}
    wanted |= {"robustness", "groups", "champion"}
    assert wanted <= set(links)
    # All features, their pairs, all slices, the people of them, the group and the cases.
    assert len(outline.all("details")) == 4 + 1 + 8
    assert "SHAP interaction over 50 accounts" in html
    assert html.count("0.125</td>") == 1
    assert len(outline.all("img")) == 7 + 1 + 2 * 8


def test_the_audit_evasion_and_the_human_parts_of_the_card_are_told(html):
    assert "2 checks looked for leaks" in html
    assert "One column alone" in html
    assert "severe, allowed" in html
    assert "If operators pay to evade" in html
    assert "2 of 3 features" in html
    assert "The integrity team" in html
    assert html.count("Not filled in yet (setting explain.card.") == 4  # contact, use, affected, appeal


def test_people_met_by_tiers_are_told_per_slice_and_a_broken_ceiling_is_marked():
    values = artefacts(["pt"], FEATURES)
    text = render("review.html.j2", gather(**values))
    assert "2 of the 4 counts below are over the limit" in text  # two slices, two tiers
    assert "(register.ceilings) are broken by language pt in suspend." in text
    # 5 of 20 people are suspended, and 6 reach review: over its limit, which the gate's ceiling forgives.
    row = text[text.index("By language: language of the profile") :]
    row = row[: row.index("</tbody>")]
    assert "<bdi>pt</bdi>" in row
    assert re.findall(r"(25\.0%|30\.0%|breaks the ceiling of 0\.5%|over the limit)", row) == [
        "25.0%",
        "breaks the ceiling of 0.5%",
        "30.0%",
        "over the limit",
    ]
    unregistered = render("review.html.j2", gather(**{**values, "registration": None}))
    assert unregistered.count("over the limit<") == 2
    assert "register.ceilings" not in unregistered


def test_what_is_lost_on_the_unseen_stands_beside_it_with_its_interval(html):
    lost = html[html.index("Each source left out of training, and what") :]
    assert "ROC AUC lost" in lost[: lost.index("</thead>")]
    assert "0.230" in lost[: lost.index("</tbody>")]
    unseen = html[html.index("What training has not seen") :]
    assert "-0.300" in unseen[: unseen.index("</tbody>")]


def test_both_measures_of_intervals_are_told(html):
    assert "0.031 wide on average. In 40% of 20 bins" in html
    assert "In 95% it does or misses it" in html


def test_what_was_not_measured_has_no_section():
    bare = page(data_audit=None, robustness=None, said=None)
    assert "If operators pay" not in bare
    assert "looked for leaks" not in bare
    unmeasured = page(robustness={"says": ["Not measured: stress.folds is 0."]}, data_audit={"checks": [{}]})
    assert "Not measured: stress.folds is 0." in unmeasured
    assert "1 checks looked for leaks in the labelled accounts before training and found none." in unmeasured


def test_pictures_have_words_and_sizes_and_tables_have_scopes(html):
    outline = Outline(html)
    assert all(a["alt"] and int(a["width"]) > 0 and int(a["height"]) > 0 for a in outline.all("img"))
    assert all(a.get("scope") in ("row", "col") for a in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert outline.all("html")[0]["lang"] == "en"


def test_the_policy_allows_our_style_and_script_and_nothing_else(html):
    (policy,) = [a["content"] for a in Outline(html).all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"


def test_no_address_outside_the_page_is_named(html, hostile):
    for text in (html, hostile):
        for _, attributes in Outline(text).tags:
            for name in ("src", "href", "srcset", "action", "poster", "style"):
                assert (attributes.get(name) or "#").startswith(("#", "data:image/svg+xml;base64,"))
            assert not any(name.startswith("on") for name in attributes)


def test_hostile_names_are_shown_as_text(hostile):
    outline = Outline(hostile)
    assert len(outline.all("script")) == len(outline.all("style")) == 1
    assert {t for t, _ in outline.tags}.isdisjoint({"iframe", "object", "embed", "form", "link", "base", "svg", "math"})
    assert "\u202e" not in hostile
    assert "\x00" not in hostile
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt;" in hostile


def test_a_page_stays_small_whatever_it_is_told(html, hostile):
    assert len(html.encode()) < 1_000_000
    assert len(hostile.encode()) < LARGEST


def test_pictures_that_do_not_fit_are_left_out_and_counted():
    album = Album({"a.svg": b"<svg width='1pt'>" + b"x" * 3000, "b.svg": b"<svg>"}, room=2000)
    assert album.get("a.svg", "a", "a", "a") is None
    assert album.get("b.svg", "b", "b", "b") is not None
    assert album.get("absent.svg", "", "", "") is None
    assert album.left_out == 1


def test_many_cases_give_a_page_that_says_which_waterfalls_are_missing(monkeypatch):
    monkeypatch.setattr(subject, "PICTURES", 0)
    values = artefacts(["a", "b"], FEATURES)
    text = render("review.html.j2", gather(**values))
    assert "12 pictures were left out" in text


def test_warnings_speak_of_few_bots_and_of_sources_that_were_left_out(html):
    assert "Only 20 labelled bots" in html
    assert "0.70 instead of 0.93 on nyu-2017" in html


def test_a_model_no_better_than_a_baseline_is_said_to_be_so():
    values = artefacts(["a"], FEATURES)
    values["evaluation"]["overall"]["baselines"]["logistic"] = values["evaluation"]["overall"]["model"]
    assert "A baseline does as well" in render("review.html.j2", gather(**values))


def test_one_source_no_cases_and_no_tiers_still_make_a_page():
    values = artefacts(["a"], FEATURES)
    values["evaluation"] |= {"per_source": {"a": {"model": {}}}, "leave_source_out": {}, "tiers": {}}
    values["cases"], values["pictures"] = [], {}
    text = render("review.html.j2", gather(**values))
    assert 'href="#sources"' not in text
    assert "No case was asked for" in text
