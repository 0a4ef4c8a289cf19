"""Write the page a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.bundle import from_files
from review.gather import gather
from review.page import render


def review(
    intake: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    importance: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, bytes],
    model: Mapping[str, bytes],
) -> dict[str, Any]:
    """The review as one HTML file; arguments are the artefacts of the same names (``pipeline.layout``)."""
    known = from_files(model, "artifacts/model")
    context = gather(intake, evaluation, importance, cases, pictures, known)
    return {"review": render("review.html.j2", context)}
