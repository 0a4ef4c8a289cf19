"""Amounts of memory as people write them."""

from __future__ import annotations

import pytest

from features.errors import BadInput
from pipeline.sizes import bytes_of


@pytest.mark.parametrize(
    ("text", "amount"),
    [("4GB", 4 * 10**9), (" 1.5 kb ", 1500), ("2GiB", 2 * 2**30), ("7B", 7), ("1TiB", 2**40)],
)
def test_units_are_read_in_any_case(text, amount):
    assert bytes_of(text, "score.memory") == amount


@pytest.mark.parametrize("text", ["", "4", "GB", "-1GB", "4 GB 2", "lots"])
def test_anything_else_is_refused_by_the_name_of_the_setting(text):
    with pytest.raises(BadInput, match=r"setting score\.memory: expected a size such as 4GB"):
        bytes_of(text, "score.memory")
