"""The model card: what the model is for, what it was made of, and where not to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from models.wording import Said
from review.page import shown
from review.words import Values, listed


class Described(Protocol):
    """What the page needs of a model."""

    @property
    def version(self) -> str:
        """Name of this model."""

    @property
    def feature_hash(self) -> str:
        """Of the feature declarations."""

    @property
    def columns(self) -> Sequence[str]:
        """Features in order."""

    @property
    def said(self) -> Sequence[Said]:
        """What can be said of each feature."""


HUMAN = {
    "owner": "Answers for it",
    "contact": "Contact",
    "use": "Decisions it informs",
    "affected": "Who is affected",
    "appeal": "How to object",
}


def human_parts(said: Values) -> list[tuple[str, str]]:
    """What only a person can say; what they did not say is named, with the setting to say it in."""
    return [
        (title, shown(said.get(name, ""), 1000).strip() or f"Not filled in yet (setting explain.card.{name}).")
        for name, title in HUMAN.items()
    ]


def model_card(intake: Values, evaluation: Values, importance: Values, model: Described) -> list[tuple[str, str]]:
    """Headings and texts of the card."""
    counts = evaluation.get("counts", {})
    sources = ", ".join(shown(s, 60) for s in sorted(intake.get("sources", {}))) or "not recorded"
    families = listed([shown(f["family"], 40) for f in importance["families"]]) or "none"
    hidden = sum(s.suppressed for s in model.said)
    return [
        (
            "Intended use",
            "Ranking accounts by how much they resemble labelled bots, so that people look at the most telling ones "
            "first, and measuring how much of a creator's engagement comes from such accounts.",
        ),
        (
            "Not intended",
            "Acting on a single account without a person's look at its reasons; naming people; platforms and periods "
            "unlike those it was trained on, until its quality has been measured there.",
        ),
        (
            "Data",
            f"{counts.get('accounts', 0):,} labelled accounts, {counts.get('bots', 0):,} of them bots. From: "
            f"{sources}. Labels are those of their authors and may be wrong; public sets hold the bots of their time.",
        ),
        (
            "Inputs",
            f"{len(model.columns)} features of the families {families}"
            + (f"; {hidden} of them may not be named as reasons." if hidden else "."),
        ),
        (
            "Method",
            "Gradient-boosted trees (LightGBM), calibrated on out-of-fold scores; exact SHAP contributions; reasons "
            "are sentences filled from the feature declarations inside the model.",
        ),
        (
            "Limits",
            "A score is about resemblance. Newcomers, people who post by schedule and people who write in languages "
            "rare in the training data may be misjudged; see the tables by source. Contributions explain the model, "
            "not the world: they are no proof of a cause.",
        ),
        (
            "Ethics",
            "A false alarm costs a person their reach or account. Tiers are therefore set by the share of people they "
            "may hit, harsh tiers need a human reviewer, and an account without evidence is allowed.",
        ),
        ("Model", f"{shown(model.version, 80)}, features {shown(model.feature_hash, 80)}"),
    ]
