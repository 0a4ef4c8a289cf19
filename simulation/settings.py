"""Settings of the simulated town, with units and sources."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Town(BaseModel):
    """How large the town is and how it behaves."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    accounts: int = Field(default=4000, ge=50)
    seed: int = 0
