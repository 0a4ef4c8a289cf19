"""Write the page a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.errors import BadInput
from models.bundle import from_files
from models.settings import Explain
from review.gather import gather
from review.page import render


def review(
    intake: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    importance: Mapping[str, Any],
    cases: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, bytes],
    model: Mapping[str, bytes],
    data_audit: Mapping[str, Any],
    robustness: Mapping[str, Any],
    settings: Explain,
    together: Sequence[Mapping[str, Any]] = (),
    registration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The review as one HTML file; arguments are the artefacts of the same names (``pipeline.layout``).

    Raises
    ------
    BadInput
        When what only a person can say is required on the model card and missing.
    """
    said = settings.card.model_dump(exclude={"required"})
    absent = [name for name, text in said.items() if not text.strip()]
    if settings.card.required and absent:
        raise BadInput(
            f"setting explain.card.{absent[0]}",
            expected="a sentence for the model card",
            got="nothing",
            todo="Fill it in, or set explain.card.required to false.",
        )
    known = from_files(model, "artifacts/model")
    context = gather(
        intake,
        evaluation,
        importance,
        cases,
        pictures,
        known,
        data_audit=data_audit,
        robustness=robustness,
        said=said,
        together=together,
        registration=registration,
    )
    return {"review": render("review.html.j2", context)}
