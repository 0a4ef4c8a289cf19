"""Towns shared by the tests of the simulation, made once and never changed."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pytest

from simulation.settings import Town
from simulation.town import simulate
from simulation.world import World

Frames = dict[str, pd.DataFrame]
_MADE: dict[str, dict[str, pa.Table]] = {}


@pytest.fixture(scope="session")
def made() -> Callable[..., dict[str, pa.Table]]:
    """``made(**settings)``: the tables of a town, made once per session."""

    def make(**settings: object) -> dict[str, pa.Table]:
        town = Town.model_validate(settings)
        key = town.model_dump_json()
        if key not in _MADE:
            _MADE[key] = simulate(town)
        return _MADE[key]

    return make


@pytest.fixture(scope="session")
def tables(made: Callable[..., dict[str, pa.Table]]) -> dict[str, pa.Table]:
    """A town of 2,000 accounts."""
    return made(accounts=2000)


@pytest.fixture(scope="session")
def frames(tables: dict[str, pa.Table]) -> Frames:
    """The same town as DataFrames; do not change them."""
    return {name: table.to_pandas() for name, table in tables.items()}


@pytest.fixture(scope="session")
def world() -> World:
    """The same town from inside."""
    return World(Town(accounts=2000))
