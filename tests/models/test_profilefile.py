"""A profile that was damaged is refused with a sentence, or harmless: monitoring with it ends as it should."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import BadInput
from models.drift import Tally, profile
from models.monitoring import Seen, check_profile, report
from models.profilefile import wrong_in
from models.settings import Monitor

COLUMNS = ("a", "b", "c")
CUTS = {"review": 0.7, "discount": 0.4}


def accounts(seed: int, n: int = 300) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    x[rng.random(x.shape) < 0.1] = np.nan
    return {
        "x": x,
        "p": rng.random(n),
        "bot": rng.random(n) < 0.3,
        "categories": {"platform": ["town"] * n, "language": rng.choice(["en", "es"], n).tolist()},
    }


def known() -> dict[str, Any]:
    made = accounts(0)
    return profile(
        made["x"],
        COLUMNS,
        probability=made["p"],
        is_bot=made["bot"],
        cuts=CUTS,
        categories=made["categories"],
        attributions=(np.arange(50), made["x"][:50] * 0 + 0.1),
        tables={"accounts": {"rows": 300, "lag_days": None}, "posts": {"rows": 900, "lag_days": 0.1}},
    )


KNOWN = json.loads(json.dumps(known()).replace("NaN", "0.1"))


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, one in inner for place in places(one, (*at, key)))]


PLACES = places(KNOWN)
HOSTILE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
    st.just([[]]), st.just(1e308), st.just(-1), st.just(2**70),
)  # fmt: skip


def monitored(reference: dict[str, Any]) -> None:
    check_profile(reference, "profile.json", COLUMNS)
    made = accounts(1)
    tally = Tally.like(reference, COLUMNS)
    tally.add(made["x"], made["p"], categories=made["categories"])
    tally.add_attributions(np.full((20, 3), 0.1))
    facts = {"accounts": {"rows": 300, "lag_days": None}, "posts": {"rows": 900, "lag_days": 0.1}}
    report(Seen(reference, tally.to_json(facts), Monitor()))


def test_a_sound_profile_is_taken():
    assert wrong_in(KNOWN) is None
    monitored(KNOWN)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_anything_in_it_may_be_anything_else(data):
    spoilt = copy.deepcopy(KNOWN)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(PLACES[1:]))
        inner: Any = spoilt
        try:
            for key in place[:-1]:
                inner = inner[key]
            if data.draw(st.booleans()):
                inner[place[-1]] = data.draw(HOSTILE)
            else:
                del inner[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    with np.errstate(all="ignore"):
        try:
            monitored(spoilt)
        except BadInput as error:
            assert "profile.json" in str(error)  # noqa: PT017 - most are refused, and some are harmless


@pytest.mark.parametrize("value", [None, [], "x", {}, {"format": 99}, {"format": 1}, {"format": [1]}])
def test_what_is_no_profile_is_said_to_be_none(value):
    with pytest.raises(BadInput, match="a profile of format 1"):
        check_profile(value, "profile.json", COLUMNS)
