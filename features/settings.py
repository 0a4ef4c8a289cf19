"""The base of every settings class: frozen, and a misspelt key is an error, never a silent default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Typed settings of one section of ``params.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
