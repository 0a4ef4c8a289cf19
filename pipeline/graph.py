"""The stages in their order; dvc.yaml is printed from here and a test compares the two."""

from __future__ import annotations

from pipeline.stage import Stage

STAGES: dict[str, Stage] = {
    s.name: s
    for s in (
        Stage(
            "prepare",
            "read labelled accounts and their events into canonical tables",
            run="pipeline.stages.prepare:prepare",
            reads=(),
            writes=("tables", "refused", "intake"),
            sections=("prepare",),
            files=("recipes", "data/raw"),
        ),
        Stage(
            "split",
            "put every account on one side of each fold",
            run="pipeline.stages.split:split",
            reads=("tables",),
            writes=("folds",),
            sections=("split",),
        ),
        Stage(
            "featurize",
            "measure every account as it stood when it was judged",
            run="pipeline.stages.featurize:featurize",
            reads=("tables", "folds"),
            writes=("features", "transfer_features", "references", "groups"),
            sections=("featurize",),
        ),
        Stage(
            "vet",
            "look for leaks in the labelled accounts before a model learns from them",
            run="pipeline.stages.vet:vet",
            reads=("tables", "features", "folds", "references"),
            writes=("data_audit",),
            sections=("audit",),
        ),
        Stage(
            "train",
            "train the booster and its baselines out of fold, calibrate, and keep one model",
            run="pipeline.stages.train:train",
            reads=("tables", "features", "folds", "references", "data_audit"),
            writes=("model", "oof", "kinds", "baselines", "study", "run"),
            sections=("train", "policy"),
            track="pipeline.tracking:track_training",
        ),
        Stage(
            "evaluate",
            "measure quality with intervals, per source and with each source left out",
            run="pipeline.stages.evaluate:evaluate",
            reads=("tables", "features", "transfer_features", "folds", "oof", "kinds", "baselines", "model"),
            writes=("evaluation", "transfer", "label_review", "roc", "precision_recall", "reliability"),
            sections=("evaluate", "train", "policy"),
            track="pipeline.tracking:track_evaluation",
        ),
        Stage(
            "stress",
            "measure what is still detected after an operator pays to evade",
            run="pipeline.stages.stress:stress",
            reads=("features", "folds", "model"),
            writes=("robustness",),
            sections=("stress", "train"),
        ),
        Stage(
            "explain",
            "split every score into contributions and reasons",
            run="pipeline.stages.explain:explain",
            reads=("tables", "features", "groups", "folds", "model", "oof"),
            writes=("contributions", "importance", "cases", "evidence", "together", "pictures"),
            sections=("explain", "featurize"),
            track="pipeline.tracking:track_explanation",
        ),
        Stage(
            "register",
            "make the model champion if it earns it",
            run="pipeline.stages.register:register",
            reads=("tables", "model", "run", "evaluation", "features", "folds", "oof", "baselines"),
            writes=("registration",),
            sections=("register_", "evaluate", "train", "policy"),
            track="pipeline.tracking:track_registration",
        ),
        Stage(
            "review",
            "write the page a reviewer reads",
            run="pipeline.stages.review:review",
            reads=(
                "intake",
                "data_audit",
                "evaluation",
                "robustness",
                "importance",
                "cases",
                "together",
                "registration",
                "pictures",
                "model",
            ),
            writes=("review",),
            sections=("explain",),
            track="pipeline.tracking:track_review",
            files=("review/templates",),
        ),
    )
}
