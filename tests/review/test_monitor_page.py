"""The page of a monitoring run: complete, accessible, and deaf to what attackers write into names."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import numpy as np
import pytest

from models.drift import Tally, profile
from models.monitoring import Seen, report
from models.settings import Monitor
from review.monitor import _range, chance, monitor_page, share

EVIL = '</style><script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e'


def a_report(feature: str = "followers", platform: str = "town", drift: bool = True) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x, p = rng.normal(size=(500, 2)), rng.beta(1, 3, 500)
    known = profile(
        x,
        [feature, "calm"],
        probability=p,
        is_bot=rng.random(500) < p,
        cuts={"review": 0.5},
        categories={"platform": ["town"] * 500},
        attributions=(np.arange(500), x / 10),
        tables={"accounts": {"rows": 500, "lag_days": None}, "posts": {"rows": 900, "lag_days": 0.5}},
    )
    tally = Tally.like(known)
    tally.add(x + (2 if drift else 0), p, categories={"platform": [platform] * 500})
    tally.add_attributions(x / 10)
    batch = tally.to_json({"accounts": {"rows": 500, "lag_days": None}, "posts": {"rows": 900, "lag_days": 0.5}})
    labelled = (p, p, p, rng.random(500) < p)
    history = [{"as_of": "2026-05-31T00:00:00Z", "accounts": 480}]
    made = report(Seen(known, batch, Monitor(), labelled=labelled, history=history))
    made["about"] = {
        "as_of": "2026-06-01T00:00:00Z",
        "as_of_s": 1780272000.0,
        "model_version": feature,
        "feature_hash": "0123456789abcdef",
        "reference": "the accounts the model was trained on",
        "tables": "tables",
    }
    return made


def test_the_page_says_what_was_found_and_what_to_do():
    page = monitor_page(a_report())
    for text in ("severe finding", "UNP010", "followers (PSI", "Look at rows of these features", "Accounts, batch by"):
        assert text in page


def test_a_calm_page_says_so():
    assert "Every check was silent" in monitor_page(a_report(drift=False))


def test_hostile_names_stay_text():
    page = monitor_page(a_report(feature=EVIL, platform=EVIL))
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page
    assert page.count("</style>") == 1
    assert "&lt;script&gt;" in page


def test_the_page_may_load_nothing_and_its_one_style_is_allowed_by_its_digest():
    page = monitor_page(a_report())
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r'\sstyle="|\son\w+="|<script|<link|https?://|url\(', page)


def test_the_same_report_is_the_same_page():
    assert monitor_page(a_report()) == monitor_page(a_report())


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (0, "0.0%"), (0.0004, "0.04%"), (0.25, "25.0%"), (0.99999, "100.00%"), (1, "100.0%")],
)
def test_shares_read_well(value, said):
    assert share(value) == said


def test_the_far_tail_is_not_worth_its_digits():
    assert chance(1e-40) == "below 1 in a million"
    assert chance(0.02) == "0.02"


def test_ends_of_bins_are_probabilities():
    assert [_range([0.5], i) for i in (0, 1)] == ["0 to 0.5", "0.5 to 1"]
