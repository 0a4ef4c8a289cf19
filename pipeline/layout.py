"""Where every file of a run lives: each artefact is named once, here.

A DVC project keeps inputs of later stages in ``data/`` and what people look at in ``artifacts/``;
``unpump run --out DIR`` puts the first group at the top of DIR.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Artefact:
    """One output of a stage: a file, or a folder when ``path`` has no suffix."""

    name: str
    group: str  # data or artifacts
    path: str
    says: str
    cached: bool = True  # False: DVC leaves it to git (small metrics)
    plot: bool = False  # True: `dvc plots` draws it

    @property
    def is_folder(self) -> bool:
        """True when it is a folder of files."""
        return "." not in self.path.rsplit("/", 1)[-1]


ARTEFACTS: dict[str, Artefact] = {
    a.name: a
    for a in (
        Artefact("tables", "data", "tables", "canonical tables, one Parquet file each"),
        Artefact(
            "refused", "data", "refused.parquet", "rows that could not be used: source, file, row, column, reason"
        ),
        Artefact("intake", "artifacts", "intake.json", "rows read, used and refused per source"),
        Artefact("folds", "data", "folds.parquet", "account_id, source, is_bot, kind, group, fold, source_fold"),
        Artefact("features", "data", "features.parquet", "account_id, as_of and one column per feature"),
        Artefact(
            "transfer_features", "data", "transfer_features.parquet", "features fitted without the account's source"
        ),
        Artefact("groups", "data", "groups.parquet", "accounts that acted together: farms, pods, friends and fans"),
        Artefact("references", "data", "references", "what features were fitted on training accounts"),
        Artefact("data_audit", "artifacts", "data_audit.json", "leaks looked for, and those found"),
        Artefact("model", "artifacts", "model", "the model directory: text, JSON and Parquet only"),
        Artefact("oof", "artifacts", "oof.parquet", "out-of-fold probability of every labelled account"),
        Artefact("kinds", "artifacts", "kinds.parquet", "out-of-fold probability of every kind, account by account"),
        Artefact("baselines", "artifacts", "baselines.parquet", "out-of-fold probabilities of the baselines"),
        Artefact("study", "artifacts", "study.json", "every trial of the search for settings"),
        Artefact("run", "artifacts", "run.json", "the MLflow run of this training"),
        Artefact("evaluation", "artifacts", "evaluation.json", "metrics with intervals", cached=False),
        Artefact("label_review", "artifacts", "label_review.parquet", "labelled accounts, likely wrong labels first"),
        Artefact("robustness", "artifacts", "robustness.json", "what is still detected after paying to evade"),
        Artefact("transfer", "artifacts", "transfer.parquet", "probabilities of accounts whose source was left out"),
        Artefact("roc", "artifacts", "plots/roc.csv", "receiver operating characteristic", plot=True),
        Artefact("precision_recall", "artifacts", "plots/precision_recall.csv", "precision and recall", plot=True),
        Artefact("reliability", "artifacts", "plots/reliability.csv", "probability said against share seen", plot=True),
        Artefact(
            "contributions",
            "artifacts",
            "contributions.parquet",
            "SHAP contribution of every feature, account by account",
        ),
        Artefact(
            "importance",
            "artifacts",
            "importance.json",
            "mean absolute contribution by feature and family",
            cached=False,
        ),
        Artefact(
            "evidence", "artifacts", "evidence.parquet", "posts, accounts and moments behind the reasons of cases"
        ),
        Artefact("cases", "artifacts", "cases.json", "accounts chosen for a closer look, with reasons"),
        Artefact("together", "artifacts", "together.json", "groups that acted together, as the review shows them"),
        Artefact("pictures", "artifacts", "pictures", "beeswarm, waterfalls and curves"),
        Artefact("review", "artifacts", "review.html", "the page a reviewer reads"),
        Artefact("registration", "artifacts", "registration.json", "promoted or not, and why", cached=False),
    )
}


@dataclass(frozen=True)
class Layout:
    """The folders of one run."""

    data: Path
    artifacts: Path
    root: Path  # holds the tracking store

    @classmethod
    def project(cls, root: Path, store: Path | None = None) -> Layout:
        """The layout of a DVC project at ``root``; runs are tracked at ``store`` when it is elsewhere."""
        return cls(root / "data", root / "artifacts", store or root)

    @classmethod
    def run(cls, out: Path, root: Path) -> Layout:
        """The layout of ``unpump run --out OUT``."""
        return cls(out, out / "artifacts", root)

    def path(self, name: str) -> Path:
        """Path of artefact ``name``."""
        artefact = ARTEFACTS[name]
        return (self.data if artefact.group == "data" else self.artifacts) / artefact.path
