"""``params.yaml`` read into types: the only place that reads YAML settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from features.errors import BadInput, printable
from features.settings import Settings
from models.settings import Audit, Evaluate, Explain, Gate, Monitor, Policy, Split, Stress, Train
from pipeline.yamlfiles import parse_yaml, read_yaml
from simulation.settings import Town


class Prepare(Settings):
    """Where accounts come from: canonical tables, else recipes with their folders, else the simulated town."""

    tables: str | None = None  # folder of canonical tables
    sources: dict[str, str] = {}  # recipe name or file -> folder or file with its data
    town: Town = Town()
    latest_at: datetime = datetime(2100, 1, 1, tzinfo=UTC)  # a later moment is a mistake in the data
    pseudonyms: str | None = None  # file with a secret: accounts and posts go by pseudonyms in all that is written
    text_limit: int = Field(default=65_536, ge=1)  # characters kept of a text; longer ones are cut and counted
    memory: str = "4GB"  # DuckDB spills to disk beyond this
    threads: int = Field(default=2, ge=1)  # the outcome is the same whatever their number


class Featurize(Settings):
    """How features are computed."""

    memory: str = "8GB"  # of the whole process; DuckDB gets three quarters and spills to disk beyond
    threads: int = Field(default=2, ge=1)
    families: tuple[str, ...] = ()  # none: all
    without: tuple[str, ...] = ()  # features left out by name
    engine: Literal["duckdb", "spark"] = "duckdb"  # spark: the same features on a cluster, see docs/engines.md
    spark_master: str = "local[2]"  # or spark://HOST:PORT, yarn, k8s://..., or sc://HOST:PORT for Spark Connect
    spark_scratch: str | None = None  # folder every worker reaches, for steps and result; none: the temporary folder
    spark: dict[str, str] = {}  # further settings of the Spark session


class Register(Gate):
    """When a model becomes champion."""

    name: str = "unpump"
    experiment: str = "unpump"


class Score(Settings):
    """How accounts are scored in batch."""

    explain: Literal["all", "flagged", "sample", "none"] = "flagged"  # sample: accounts drawn for the audit
    reasons: int = Field(default=5, ge=1)
    memory: str = "4GB"  # of the whole process; what does not fit is done in smaller pieces or spilled to disk
    part_rows: int = Field(default=100_000, ge=1)  # accounts after which a killed job goes on
    single_file_rows: int = Field(default=5_000_000, ge=0)  # above, scores are a folder of parts
    compiled: Literal["auto", "always", "never"] = "auto"  # trees compiled for this processor: the same scores, faster
    incremental: bool = False  # keep a checksum of every account's features, for --since of the next run
    audit_share: float = Field(default=0.0, ge=0, le=1)  # of accounts drawn by chance, for people to judge
    audit_seed: int = 0  # another one draws other accounts
    new_evidence: float = Field(default=0.5, gt=0)  # log-odds a reason gains before an overturned verdict is repeated


class Authenticity(Settings):
    """How `unpump audit` tells real engagement from pumped."""

    memory: str = "6GB"  # DuckDB spills to disk beyond this
    threads: int = Field(default=2, ge=1)  # the outcome is the same whatever their number
    worker_memory: str = "1GB"  # of each task of Spark, which spills to the worker's disk beyond
    bucket_rows: int = Field(default=2_000_000, ge=1)  # engagements and follows that a task of Spark takes, about
    clean: bool = True  # look at every row first, as scoring does; false: the tables are as `unpump prepare` wrote them
    groups: Literal["auto", "always", "never"] = "auto"  # look for groups where no --groups names a file
    groups_rows: int = Field(default=20_000_000, ge=0)  # engagements up to which auto looks for groups
    least_likes: int = Field(default=1, ge=1)  # of a post that the Parquet files have a row for
    pages: int = Field(default=20, ge=0, le=1000)  # creators with a page, most pumped likes first; or all asked for
    listed: int = Field(default=200, ge=1, le=2000)  # creators on the page of the list, where nobody is asked for
    top: int = Field(default=100, ge=1)  # posts whose ranks the what-if compares


class Params(Settings):
    """Every setting; a section per stage."""

    prepare: Prepare = Prepare()
    split: Split = Split()
    featurize: Featurize = Featurize()
    audit: Audit = Audit()
    train: Train = Train()
    policy: Policy = Policy()
    evaluate: Evaluate = Evaluate()
    stress: Stress = Stress()
    explain: Explain = Explain()
    register_: Register = Field(default=Register(), alias="register")
    score: Score = Score()
    authenticity: Authenticity = Authenticity()
    monitor: Monitor = Monitor()

    @field_validator("policy")
    @classmethod
    def _holds_the_declared_share(cls, policy: Policy, info: ValidationInfo) -> Policy:
        if "train" in info.data:
            policy.check_share(info.data["train"].bot_share)
        return policy


def read_params(path: Path | None, changes: Sequence[str] = ()) -> Params:
    """Settings from ``path`` (the defaults when None) with ``section.key=value`` changes on top.

    Raises
    ------
    BadInput
        When the file is no YAML, or a section, key or value is not one we know; the message names the setting.
    """
    values: dict[str, Any] = read_yaml(path) or {} if path else {}
    if not isinstance(values, dict):
        raise BadInput(
            str(path),
            expected="a mapping of sections",
            got=type(values).__name__,
            todo="See params.yaml in the project for an example.",
        )
    for change in changes:
        _set(values, change)
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        known = _known(first["loc"][:-1])
        if first["type"] == "extra_forbidden":
            todo = f"Known here: {', '.join(known)}."
            raise BadInput(
                f"setting {place}", expected="a setting unpump knows", got="an unknown name", todo=todo
            ) from error
        raise BadInput(
            f"setting {place}",
            expected=first["msg"][0].lower() + first["msg"][1:],
            got=printable(repr(first["input"])),
            todo="Correct it in params.yaml or with --set.",
        ) from error


def _set(values: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    *sections, last = key.strip().split(".")
    if not equals or not sections:
        raise BadInput(
            "--set", expected="section.key=value", got=printable(change), todo="For example --set train.trees=300."
        )
    place = values
    for section in sections:
        if not isinstance(place.setdefault(section, {}), dict):
            raise BadInput(
                f"setting {key}",
                expected="a section",
                got="a plain value",
                todo="Name a key of a section of params.yaml.",
            )
        place = place[section]
    place[last] = parse_yaml(text, where=f"--set {key}")


def _known(place: Sequence[Any]) -> list[str]:
    """Names of the settings at ``place``, as they are written in the file."""
    fields: Any = Params
    for part in place:
        field = next((f for n, f in fields.model_fields.items() if part in (n, f.alias)), None)
        if field is None or not hasattr(field.annotation, "model_fields"):
            return []
        fields = field.annotation
    return sorted(f.alias or n for n, f in fields.model_fields.items())
