"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real labelled data; tests that read it skip where it is absent."""
    folder = Path(os.environ.get("UNPUMP_DATA", PROJECT.parent / "shared" / "data"))
    if not (folder / "twitter").is_dir():
        pytest.skip("the real labelled data is not here (set UNPUMP_DATA to its folder)")
    return folder
