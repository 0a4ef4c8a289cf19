"""The review stage asks for what only a person can say; what may not be named is never named."""

from __future__ import annotations

import pytest
from tinyrun import QUICK, training

from features.errors import BadInput
from models.bundle import from_files, to_files
from models.settings import Card, Explain
from models.training import train_model
from pipeline.stages.explain import explain
from pipeline.stages.review import review
from tests.review.made import artefacts

FILLED = {name: f"a sentence about {name}" for name in Card.model_fields if name != "required"}


def made(**card: object) -> str:
    values = artefacts(["ann"], ["followers", "age_days", "digits_share"])
    values = {k: v for k, v in values.items() if k not in ("model", "said")}
    return review(**values, model=training()["model"], settings=Explain(card=Card(**card)))["review"]  # type: ignore[arg-type]


def test_a_card_that_must_be_filled_in_is_asked_for():
    with pytest.raises(BadInput, match=r"setting explain\.card\.appeal: expected a sentence for the model card"):
        made(**{**FILLED, "appeal": "  "}, required=True)
    page = made(**FILLED, required=True)
    assert all(text in page for text in FILLED.values())
    assert "Not filled in yet" not in page


def test_a_card_that_need_not_be_says_what_is_missing():
    assert made(owner="eva").count("Not filled in yet") == 4


@pytest.mark.parametrize("hidden", [("digits_share",), ("profile", "gaps_under_5s")])
def test_suppressed_features_and_families_are_in_no_reason(hidden):
    known = training()
    trained = train_model(
        known["features"], known["folds"], known["references"], QUICK.model_copy(update={"suppressed": hidden})
    ).model
    plain = from_files(known["model"], "model")
    assert trained.booster_text == plain.booster_text  # the score is the same
    settings = Explain(cases=20, reasons=9, picture_rows=50)
    told = explain(known["features"], known["folds"], to_files(trained), known["oof"], settings)
    named = {r["feature"] for c in told["cases"] for r in c["reasons"]}
    families = {s.name: s.family for s in plain.said}
    assert named
    assert not {n for n in named if n in hidden or families[n] in hidden}
    pictures = b"".join(told["pictures"].values())
    for name, family in families.items():
        if name in hidden or family in hidden:
            assert name.encode() not in pictures


def test_a_name_that_is_no_feature_is_refused():
    known = training()
    settings = QUICK.model_copy(update={"suppressed": ("digit_share",)})
    with pytest.raises(BadInput, match=r"setting train\.suppressed: .*got digit_share"):
        train_model(known["features"], known["folds"], known["references"], settings)
