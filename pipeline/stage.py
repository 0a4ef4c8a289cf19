"""A stage is a pure function plus a record of what it reads and writes; ``execute`` does all reading and writing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from features.errors import BadInput, printable
from pipeline.files import read_folder, read_json, write_all
from pipeline.layout import ARTEFACTS, Layout
from pipeline.settings import Params


@dataclass(frozen=True)
class Stage:
    """One step of the graph.

    ``run`` and ``track`` are named as ``module:function`` so that listing the stages imports nothing heavy.
    ``run(**inputs, settings=<section>)`` returns a mapping with one value per name in ``writes``, less those
    that ``track(layout, params, inputs, outputs)`` adds.
    """

    name: str
    says: str
    run: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    sections: tuple[str, ...] = ()  # sections of params.yaml it reads; the first is passed as ``settings``
    track: str = ""
    files: tuple[str, ...] = ()  # further files and folders it depends on, beside its code


def resolve(name: str) -> Callable[..., Any]:
    """The function named ``module:function``."""
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)


def execute(stage: Stage, layout: Layout, params: Params) -> Mapping[str, Any]:
    """Read what ``stage`` needs, run it, and write what it returns; earlier outputs stay when anything fails.

    Raises
    ------
    BadInput
        When an input is missing (naming the stage that makes it) or the stage refuses its input.
    """
    inputs = {name: load(name, layout, stage.name) for name in stage.reads}
    sections = [getattr(params, s) for s in stage.sections]
    extra = {"settings": sections[0]} if sections else {}
    if len(sections) > 1:
        extra["params"] = params
    outputs = dict(resolve(stage.run)(**inputs, **extra))
    if stage.track:
        outputs |= resolve(stage.track)(layout, params, inputs, outputs)
    if set(outputs) != set(stage.writes):
        raise AssertionError(f"stage {stage.name} declares {sorted(stage.writes)} and returned {sorted(outputs)}")
    write_all({layout.path(name): outputs[name] for name in stage.writes})
    return outputs


def load(name: str, layout: Layout, wanted_by: str) -> Any:
    """Artefact ``name`` as the kind its path says: DataFrame, JSON value, canonical tables, or files of a folder."""
    path = layout.path(name)
    if not path.exists():
        from pipeline.graph import STAGES

        maker = next(s.name for s in STAGES.values() if name in s.writes)
        raise BadInput(
            str(path),
            expected=f"{ARTEFACTS[name].says}, read by {wanted_by}",
            got="no such file",
            todo=f"Run `unpump {maker}` first.",
        )
    if name == "tables":
        from pipeline.tablefiles import TableFiles

        return TableFiles.open(path)
    if path.suffix == ".parquet":
        return _read_parquet(name, path)  # one file, or a folder of them
    if path.is_dir():
        return read_folder(path)
    return read_json(path) if path.suffix == ".json" else path.read_text(encoding="utf-8")


def _read_parquet(name: str, path: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(
            str(path),
            expected=ARTEFACTS[name].says,
            got=printable(str(error)),
            todo="Run the stage that makes it again.",
        ) from error
