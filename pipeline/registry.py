"""The model registry: versions, and the aliases champion, challenger and previous that move between them."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable
from pipeline.files import read_folder
from pipeline.layout import ARTEFACTS

log = logging.getLogger(__name__)

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
ROLLED_BACK = "rolled_back"
MODEL_FILES = "artifacts/model"  # our model directory inside the MLflow model


@dataclass(frozen=True)
class Registered:
    """A version with what is needed to compare with it; ``oof`` is None when its run lost it."""

    version: str
    files: Mapping[str, bytes]
    oof: Any = None


class Registry:
    """Versions and aliases of one registered model."""

    def __init__(self, mlflow: Any, name: str) -> None:
        self.mlflow, self.name, self.client = mlflow, name, mlflow.MlflowClient()

    def holder(self, alias: str) -> str | None:
        """Version that holds ``alias``; None when none does."""
        found = self.client.search_registered_models(filter_string=f"name = '{self.name}'")
        return str(found[0].aliases[alias]) if found and alias in found[0].aliases else None

    def add(self, run_id: str, told: Mapping[str, str]) -> str:
        """The version of this run's model, made when there is none with the same fingerprint."""
        mine = f"name = '{self.name}' and tags.model_fingerprint = '{told['model_fingerprint']}'"
        same = self.client.search_model_versions(mine)
        if same:
            return str(max(int(v.version) for v in same))
        if not self.client.search_registered_models(filter_string=f"name = '{self.name}'"):
            self.client.create_registered_model(self.name)
        model_id = next(m.model_id for m in self.client.get_run(run_id).outputs.model_outputs)
        return str(
            self.client.create_model_version(
                self.name, source=f"models:/{model_id}", run_id=run_id, model_id=model_id, tags=dict(told)
            ).version
        )

    def read(self, version: str) -> Registered:
        """Files and out-of-fold scores of a version."""
        run_id = self.client.get_model_version(self.name, version).run_id
        oof = None
        try:
            import pandas as pd

            with tempfile.TemporaryDirectory() as folder:
                oof = pd.read_parquet(self.client.download_artifacts(run_id, ARTEFACTS["oof"].path, folder))
        except (self.mlflow.exceptions.MlflowException, OSError, ValueError) as error:
            log.info("the out-of-fold scores of version %s are lost: %s", version, printable(str(error)))
        return Registered(version, download(self.mlflow, f"models:/{self.name}/{version}"), oof)

    def settle(self, version: str, champion: str | None, told: Mapping[str, Any]) -> None:
        """Set the aliases that ``told`` decides, and write decision and reasons on the version."""
        self.client.set_model_version_tag(self.name, version, "decision", told["decision"])
        self.client.set_model_version_tag(self.name, version, "reasons", " ".join(told["reasons"])[:4000])
        if told["decision"] == "promoted":
            self.move(PREVIOUS, champion)
            self.move(CHAMPION, version)
            self.move(CHALLENGER, None)
        else:
            self.move(CHALLENGER, version)

    def move(self, alias: str, version: str | None) -> None:
        """Give ``alias`` to ``version``, or to none."""
        if version is not None:
            self.client.set_registered_model_alias(self.name, alias, version)
        elif self.holder(alias) is not None:
            self.client.delete_registered_model_alias(self.name, alias)

    def back(self) -> dict[str, Any]:
        """Make the previous champion champion again; the champion of today becomes challenger and is marked.

        Raises
        ------
        BadInput
            When there is no previous champion.
        """
        champion, previous = self.holder(CHAMPION), self.holder(PREVIOUS)
        if previous is None:
            raise BadInput(
                f"models:/{self.name}@{PREVIOUS}",
                expected="a previous champion to go back to",
                got=f"version {champion} as champion and none before it" if champion else "no champion at all",
                todo="Give the alias champion to a version by hand, on MLflow's page of the model.",
            )
        if champion is not None:
            # Without the mark, registering the same model again would bring it straight back.
            self.client.set_model_version_tag(self.name, champion, ROLLED_BACK, "yes")
        self.move(CHAMPION, previous)
        self.move(CHALLENGER, champion)
        self.move(PREVIOUS, None)  # going back twice would bring the rejected model back
        says = f"Version {previous} of {self.name} is champion again; version {champion} is challenger."
        return {"says": says, "champion": previous, "challenger": champion}

    def was_rolled_back(self, version: str) -> bool:
        """Whether someone took the alias champion away from this version."""
        return ROLLED_BACK in self.client.get_model_version(self.name, version).tags


def download(mlflow: Any, address: str) -> dict[str, bytes]:
    """Files of our model directory inside the MLflow model at ``address``.

    Raises
    ------
    BadInput
        When the model holds none: it was not registered by unpump.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=folder)) / MODEL_FILES
        files = read_folder(place) if place.is_dir() else {}
    if not files:
        raise BadInput(
            printable(address, 200),
            expected="a model that unpump registered",
            got=f"an MLflow model without {MODEL_FILES}",
            todo="Name another version, or a model directory.",
        )
    return files
