"""The one door to MLflow: runs with their parameters, metrics and files, and the way to its registry.

The store is SQLite at the root of the layout unless ``MLFLOW_TRACKING_URI`` names another. A store that does not
answer never fails a stage: the run is said to be absent and why, and ``relog`` makes it later from the files.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from features.errors import BadInput, printable
from pipeline.files import read_json, write_value
from pipeline.layout import ARTEFACTS, Layout
from pipeline.provenance import fingerprint, flat, tags, without_secrets
from pipeline.registry import CHAMPION, Registry, download
from pipeline.settings import Params

log = logging.getLogger(__name__)
Values = Mapping[str, Any]
Write = Callable[[Any], None]

PYFUNC = Path(__file__).with_name("pyfunc_model.py")
PACKAGES = ("lightgbm", "numpy", "pandas")  # all that the model in MLflow needs besides MLflow
LATER = "The stage is done all the same; `unpump register` logs the run from its files once MLflow answers."
DATABASES = ("sqlite:", "postgresql", "mysql", "mssql")  # stores that keep no files themselves
_QUIET = ("mlflow", "alembic", "mlflow.store.db.utils")
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A store that is away should be noticed within seconds; MLflow's own defaults are minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}


class Unreachable(Exception):  # noqa: N818 - it says what the store is
    """The tracking store does not answer; the text says why, without secrets."""


def store_address(layout: Layout) -> str:
    """Where runs go: the server of the environment, else SQLite at the root of the layout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{layout.root.resolve()}/mlflow.db"


@contextmanager
def opened(layout: Layout) -> Iterator[Any]:
    """``mlflow`` pointed at the store of ``layout``; Unreachable when the store fails in any way."""
    address, before = store_address(layout), os.environ.get("MLFLOW_TRACKING_URI")
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    for name in _QUIET:  # after the import, which sets levels of its own
        logging.getLogger(name).setLevel(logging.WARNING)

    try:
        layout.root.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(address)
        yield mlflow
    except (MlflowException, SQLAlchemyError, OSError) as error:
        said = re.sub(r"//[^/@\s]*@", "//", str(error))  # an address in the text may hold a password
        raise Unreachable(printable(f"{without_secrets(address)}: {said}", 400)) from error
    finally:
        while mlflow.active_run():
            mlflow.end_run("FAILED")
        mlflow.set_tracking_uri(
            cast("str", None)
        )  # MLflow keeps it in the environment too, where the next layout would find it
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def track_training(layout: Layout, params: Params, inputs: Values, outputs: Values) -> dict[str, Any]:
    """Log a training; returns ``run``: run_id, experiment and tracking_uri, or run_id None and why."""
    told: dict[str, Any] = {
        "run_id": None,
        "experiment": params.register_.experiment,
        "tracking_uri": without_secrets(store_address(layout)),
        "why": None,
    }
    try:
        with opened(layout) as mlflow:
            told["run_id"] = _log_training(mlflow, layout, params, {**inputs, **outputs})
    except Unreachable as error:
        log.warning("MLflow did not log this training (%s). %s", error, LATER)
        told["why"] = str(error)
    return {"run": told}


def track_evaluation(layout: Layout, params: Params, inputs: Values, outputs: Values) -> dict[str, Any]:
    """Log metrics, curves and transfer of an evaluation into the run of its model."""
    return _into_run(layout, params, inputs["model"], lambda mlflow: _log_evaluation(mlflow, outputs))


def track_explanation(layout: Layout, params: Params, inputs: Values, outputs: Values) -> dict[str, Any]:
    """Log contributions, importance, cases and pictures into the run of their model."""
    return _into_run(layout, params, inputs["model"], lambda mlflow: _log_explanation(mlflow, outputs))


def track_review(layout: Layout, params: Params, inputs: Values, outputs: Values) -> dict[str, Any]:
    """Log the review page, so that it opens from MLflow's own page of the run."""
    return _into_run(layout, params, inputs["model"], lambda mlflow: _log_files(mlflow, outputs, ("review",)))


def track_registration(layout: Layout, params: Params, inputs: Values, outputs: Values) -> dict[str, Any]:
    """Make the model a version of the registry, compare it with the champion, and set the aliases it earned."""
    from pipeline.stages.register import decide, refused

    mark = fingerprint(inputs["model"])
    try:
        with opened(layout) as mlflow:
            run_id = find_run(mlflow, layout, params, mark) or _relog(mlflow, layout, params)
            registry = Registry(mlflow, params.register_.name)
            champion = registry.holder(CHAMPION)
            version = registry.add(run_id, tags(layout, inputs["model"]))
            told = {**outputs["registration"], "version": version, "compared_with": champion, "run_id": run_id}
            if champion == version:
                same = f"Version {version} is this very model and champion already; nothing changed."
                return {"registration": told | {"decision": "promoted", "reasons": [same]}}
            if registry.was_rolled_back(version):
                back = f"Version {version} is this very model and was rolled back; only a person may promote it again."
                told = refused(told, back)
            elif champion is not None:
                told |= decide(inputs, params, registry.read(champion))
            registry.settle(version, champion, told)
            return {"registration": told}
    except Unreachable as error:
        log.warning("MLflow did not register the model (%s).", error)
        said = f"MLflow did not answer, so no version was made ({error}). Run `unpump register` again."
        return {"registration": refused({**outputs["registration"], "version": None, "run_id": None}, said)}


def rollback(layout: Layout, params: Params) -> dict[str, Any]:
    """Make the previous champion champion again; returns ``says`` and the versions.

    Raises
    ------
    BadInput
        When there is no previous champion, or MLflow does not answer.
    """
    try:
        with opened(layout) as mlflow:
            return Registry(mlflow, params.register_.name).back()
    except Unreachable as error:
        raise BadInput(
            "MLflow", expected="a store that answers", got=str(error), todo="See `unpump doctor`, then try again."
        ) from error


def fetch_model(address: str, layout: Layout) -> dict[str, bytes]:
    """Files of the model directory of a registered model, such as ``models:/unpump@champion``.

    Raises
    ------
    BadInput
        When there is no such model, or MLflow does not answer.
    """
    try:
        with opened(layout) as mlflow:
            return download(mlflow, address)
    except Unreachable as error:
        raise BadInput(
            printable(address, 200),
            expected="a registered model, models:/NAME@ALIAS or models:/NAME/VERSION",
            got=str(error),
            todo="Run `unpump register` first, or name a model directory.",
        ) from error


def relog(layout: Layout, params: Params) -> str:
    """Log a run from the files of ``layout``, unless its model has one already; returns the run's id.

    Raises
    ------
    Unreachable
        When MLflow still does not answer.
    """
    from pipeline.stage import load

    with opened(layout) as mlflow:
        mark = fingerprint(load("model", layout, "relog"))
        return find_run(mlflow, layout, params, mark) or _relog(mlflow, layout, params)


def find_run(mlflow: Any, layout: Layout, params: Params, mark: str) -> str | None:
    """The run of the model with fingerprint ``mark``: the one ``run.json`` names if it is still there, else any."""
    client = mlflow.MlflowClient()
    path = layout.path("run")
    named = read_json(path).get("run_id") if path.is_file() else None
    if named:
        try:
            if client.get_run(named).data.tags.get("model_fingerprint") == mark:
                return str(named)
        except mlflow.exceptions.MlflowException as error:
            log.info("the run of run.json is not in the store: %s", printable(str(error)))
    experiment = client.get_experiment_by_name(params.register_.experiment)
    if experiment is None:
        return None
    # Failed runs lack the model that registering needs.
    mine = f"tags.model_fingerprint = '{mark}' and attributes.status = 'FINISHED'"
    found = client.search_runs([experiment.experiment_id], mine, order_by=["attributes.start_time DESC"], max_results=1)
    return str(found[0].info.run_id) if found else None


def _into_run(layout: Layout, params: Params, model: Values, write: Write) -> dict[str, Any]:
    """Write into the run of ``model``; a store or run that is away is a line in the log and nothing worse."""
    try:
        with opened(layout) as mlflow:
            run_id = find_run(mlflow, layout, params, fingerprint(model))
            if run_id is None:
                log.info("MLflow has no run of this model. %s", LATER)
            else:
                with mlflow.start_run(run_id=run_id):
                    write(mlflow)
    except Unreachable as error:
        log.warning("MLflow did not log this stage (%s). %s", error, LATER)
    return {}


def _relog(mlflow: Any, layout: Layout, params: Params) -> str:
    """A new run from the files that are there; those of training must be."""
    from pipeline.stage import load

    needed = ("features", "folds", "model", "oof", "kinds", "baselines", "study")
    run_id = _log_training(mlflow, layout, params, {name: load(name, layout, "register") for name in needed})
    writers: dict[tuple[str, ...], Callable[[Any, Values], None]] = {
        EVALUATED: _log_evaluation,
        EXPLAINED: _log_explanation,
        ("review",): lambda mlflow, values: _log_files(mlflow, values, ("review",)),
    }
    with mlflow.start_run(run_id=run_id):
        for names, write in writers.items():
            if all(layout.path(name).exists() for name in names):
                write(mlflow, {name: _plain(layout, name) for name in names})
    log.info("logged the training to MLflow from its files: run %s", run_id)
    return run_id


def _plain(layout: Layout, name: str) -> Any:
    """An artefact as it is needed here; curves are only copied, so their text will do."""
    from pipeline.stage import load

    path = layout.path(name)
    return path.read_bytes() if path.suffix in (".csv", ".html") else load(name, layout, "register")


EVALUATED = ("evaluation", "transfer", "roc", "precision_recall", "reliability")
EXPLAINED = ("contributions", "importance", "cases", "evidence", "pictures")
TRAINED = ("oof", "kinds", "baselines", "study")


def _log_training(mlflow: Any, layout: Layout, params: Params, values: Values) -> str:
    from models.bundle import from_files

    model = from_files(values["model"], str(layout.path("model")))
    told = tags(layout, values["model"])
    mlflow.set_experiment(experiment_id=_experiment(mlflow, layout, params.register_.experiment))
    with mlflow.start_run(run_name=f"train-{told['model_fingerprint'][:8]}", tags=told) as run:
        sections = params.model_dump(mode="json", by_alias=True, include={"split", "featurize", "train"})
        chosen = values["study"].get("best") or {}
        mlflow.log_params(dict(flat({**sections, "chosen": chosen})))
        bots = values["oof"]["is_bot"]
        mlflow.log_metrics({"accounts": len(bots), "bots": int(bots.sum()), "features": len(model.columns)})
        mlflow.log_input(_dataset(mlflow, values, told), context="training")
        _log_files(mlflow, values, TRAINED)
        _log_model(mlflow, values["model"], model.columns, told)
        return str(run.info.run_id)


def _experiment(mlflow: Any, layout: Layout, name: str) -> str:
    """Id of the experiment, made where it is absent."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is None:
        # A database asked directly would put artefacts below the folder the program happens to run in.
        local = store_address(layout).startswith(DATABASES)
        place = (layout.root.resolve() / "mlartifacts").as_uri() if local else None
        return str(client.create_experiment(name, artifact_location=place))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _dataset(mlflow: Any, values: Values, told: Mapping[str, str]) -> Any:
    """The accounts learned from, named by the fingerprint of their tables (32 characters; MLflow takes 36)."""
    rows = values["oof"][["account_id", "source", "is_bot"]]
    digest = told.get("data_md5") or told["model_fingerprint"]
    return mlflow.data.from_pandas(rows.head(1000), name="accounts", targets="is_bot", digest=digest[:36])


def _log_model(mlflow: Any, files: Values, columns: Any, told: Mapping[str, str]) -> None:
    """The model directory inside a one-file MLflow model that needs nothing of this repository."""
    from importlib.metadata import version

    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    asked = Schema([ColSpec("double", name, required=False) for name in columns])
    given = Schema([ColSpec("double", "bot_probability"), ColSpec("double", "raw_score"), ColSpec("string", "tier")])
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The signature is given and tested; an example would copy an account's values into the model.
        warnings.filterwarnings("ignore", message=".*input example was not provided")
        write_value(Path(folder) / "model", files)
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PYFUNC),
            artifacts={"model": str(Path(folder) / "model")},
            signature=ModelSignature(inputs=asked, outputs=given),
            # Given, because finding them out loads the model in a new process for 8 seconds.
            pip_requirements=[f"{package}=={version(package)}" for package in PACKAGES],
            metadata={"feature_hash": told.get("feature_hash"), "model_fingerprint": told["model_fingerprint"]},
        )


def _log_evaluation(mlflow: Any, values: Values) -> None:
    mlflow.log_metrics(dict(_metrics(values["evaluation"])))
    _log_files(mlflow, values, EVALUATED)


def _log_explanation(mlflow: Any, values: Values) -> None:
    mlflow.log_metrics({f"importance/{_safe(f['family'])}": f["share"] for f in values["importance"]["families"]})
    _log_files(mlflow, values, EXPLAINED)


def _log_files(mlflow: Any, values: Values, names: tuple[str, ...]) -> None:
    """Artefacts under the same paths as in the folder of a run."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder) / ARTEFACTS[name].path
            path.parent.mkdir(parents=True, exist_ok=True)
            value = values[name]
            if isinstance(value, bytes):  # as it stands in a file, whatever its suffix
                path.write_bytes(value)
            else:
                write_value(path, value)
        mlflow.log_artifacts(folder)


def _metrics(evaluation: Values) -> Iterator[tuple[str, float]]:
    """Every value with its interval: ``roc_auc``, ``baseline/tree/roc_auc``, ``source/NAME/roc_auc``, ..."""
    yield from _measured(evaluation["overall"], "")
    for source, found in evaluation.get("per_source", {}).items():
        yield from _measured(found, f"source/{_safe(source)}/")
    for source, found in evaluation.get("leave_source_out", {}).items():
        yield from _measured(found, f"left_out/{_safe(source)}/")
    for kind, found in ((evaluation.get("kinds") or {}).get("kinds") or {}).items():
        yield from _measured({"model": found}, f"kind/{_safe(kind)}/")


def _measured(found: Values, place: str) -> Iterator[tuple[str, float]]:
    groups = {place: found.get("model", {})}
    groups |= {f"{place}baseline/{_safe(b)}/": metrics for b, metrics in found.get("baselines", {}).items()}
    for where, metrics in groups.items():
        for name, metric in metrics.items():
            for part, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                if isinstance(metric, Mapping) and metric.get(part) is not None:
                    yield f"{where}{_safe(name)}{suffix}", float(metric[part])


def _safe(name: str) -> str:
    """``name`` with the characters MLflow allows in the name of a metric, never a path upwards."""
    return re.sub(r"[^A-Za-z0-9_\- .]", "_", name).strip(". ")[:100] or "_"
