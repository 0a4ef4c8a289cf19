"""Towns for measuring the audit: a model trained on one town, and other towns that it scores, each with its groups.

Everything is kept in a folder and made once, so that fitting, measuring and looking can be repeated.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from features.groups import GROUPS
from pipeline.dvcyaml import PROJECT
from pipeline.engine import featurize_tables
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

ACCOUNTS = 5_000
TEACHER = 900  # seed of the town the model learns from: all levels of evasion alike, as by default
FIT = {"seeds": (901, 902), "levels": (0.0, 0.25, 0.5, 0.75, 1.0)}
MIXED = -1.0  # instead of a level: all levels alike, rising with time, as in the default town
UNSEEN = {"seeds": (951, 952), "levels": (0.1, 0.4, 0.6, 0.9, 1.0, MIXED)}


def model(work: Path, vague: bool = False) -> Path:
    """The model, trained on a town that is used for nothing else; ``vague``: from profiles and names alone."""
    out = work / ("teacher-profile" if vague else "teacher")
    if not (out / "artifacts" / "model" / "model.json").is_file():
        changes = (f"prepare.town.seed={TEACHER}", f"prepare.town.accounts={ACCOUNTS}", "train.search.trials=0")
        changes += ("featurize.families=[profile,name]",) if vague else ()
        for stage in ("prepare", "split", "featurize", "vet", "train"):
            _run(stage, "--out", str(out), *(w for c in changes for w in ("--set", c)))
    return out / "artifacts" / "model"


def town(work: Path, seed: int, level: float, vague: bool = False, accounts: int = ACCOUNTS) -> Path:
    """Folder of a town of one level of evasion, or of all: tables/, groups.parquet, scores/, vague/ if asked for."""
    out = work / f"town-{seed}-{level:g}-{accounts}"
    if not (out / "tables" / "truth.parquet").is_file():
        settings = (f"prepare.town.evasion={level}", "prepare.town.evasion_spread=0.1", "prepare.town.drift=0")
        words = [w for s in settings if level != MIXED for w in ("--set", s)]
        _run("simulate", "--out", str(out / "tables"), "--accounts", str(accounts), "--seed", str(seed), *words)
    for name in ("scores", *(["vague"] if vague else [])):
        if not (out / name / "scores.parquet").is_file():
            _run(
                *("score", "--model", str(model(work, name == "vague")), "--tables", str(out / "tables")),
                *("--out", str(out / name), "--set", "score.explain=none"),
            )
    if not (out / "groups.parquet").is_file():
        found = featurize_tables(
            TableFiles.open(out / "tables"), None, Featurize(memory="3GB"), only=[], also=["groups"]
        )
        pq.write_table(found.other("groups", GROUPS), out / "groups.parquet")
    return out


def towns(work: Path, wanted: dict[str, tuple[float, ...]]) -> Iterator[tuple[int, float, Path]]:
    """Seed, level and folder of every town of ``FIT`` or ``UNSEEN``; those of the first seed have vague scores too."""
    for seed in wanted["seeds"]:
        for level in wanted["levels"]:
            yield int(seed), level, town(work, int(seed), level, vague=seed == wanted["seeds"][0])


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=PROJECT, check=True)
