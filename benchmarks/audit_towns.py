"""Towns for measuring the audit: models trained on some towns, and other towns that they score, each with its groups.

Everything is kept in a folder and made once, so that fitting, measuring and looking can be repeated.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from features.groups import GROUPS
from pipeline.dvcyaml import PROJECT
from pipeline.engine import featurize_tables
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles

ACCOUNTS = 5_000
SMALL = 1_500
MIXED = -1.0  # instead of a level: all levels alike, rising with time, as in the default town


@dataclass(frozen=True)
class Teacher:
    """A model that scores towns; its own town has all levels of evasion alike and is used for nothing else."""

    name: str  # of the folder of its scores in a town
    seed: int
    accounts: int = ACCOUNTS
    vague: bool = False  # learns from profiles and names alone


TEACHER = Teacher("scores", 900)
VAGUE = Teacher("vague", 900, vague=True)
OTHER = Teacher("other", 910)
FEWER = Teacher("fewer", 920, SMALL)
STRANGER = Teacher("stranger", 990, 2_000)  # nothing is fitted on its scores


class Set(NamedTuple):
    """Towns of every one of some seeds and levels, each scored by every one of some teachers."""

    seeds: tuple[int, ...]
    levels: tuple[float, ...]
    teachers: tuple[Teacher, ...] = (TEACHER,)
    accounts: int = ACCOUNTS


class Town(NamedTuple):
    """A town that was made and scored."""

    seed: int
    level: float
    accounts: int
    teachers: tuple[Teacher, ...]
    folder: Path


# What the estimates are fitted on, what the widths of the intervals, and what measures both.
FIT = (Set((901,), (0.0, 0.25, 0.5, 0.75, 1.0), (TEACHER, VAGUE)), Set((902,), (0.0, 0.25, 0.5, 0.75, 1.0)))
WIDTHS = (
    Set((911,), (0.0, 0.5, 1.0, MIXED), (TEACHER, OTHER, FEWER, VAGUE)),
    Set((921,), (0.0, 0.5, 1.0, MIXED), (TEACHER, OTHER, FEWER), SMALL),
)
UNSEEN = (Set((951,), (0.1, 0.4, 0.6, 0.9, 1.0, MIXED), (TEACHER, VAGUE)),)
# The same for a model that nothing was fitted on, and for smaller towns.
ELSEWHERE = (Set((971,), (0.4, MIXED), (TEACHER, STRANGER), SMALL),)


def model(work: Path, teacher: Teacher = TEACHER) -> Path:
    """Folder of the model, trained once."""
    first = teacher in (TEACHER, VAGUE)
    out = work / (("teacher" if first else f"teacher-{teacher.name}") + ("-profile" if teacher.vague else ""))
    if not (out / "artifacts" / "model" / "model.json").is_file():
        changes: tuple[str, ...] = (
            f"prepare.town.seed={teacher.seed}",
            f"prepare.town.accounts={teacher.accounts}",
            "train.search.trials=0",
            "train.subsets=false",  # these towns lack no table
        )
        changes += ("featurize.families=[profile,name]",) if teacher.vague else ()
        for stage in ("prepare", "split", "featurize", "vet", "train"):
            _run(stage, "--out", str(out), *(w for c in changes for w in ("--set", c)))
    return out / "artifacts" / "model"


def town(
    work: Path, seed: int, level: float, teachers: Sequence[Teacher] = (TEACHER,), accounts: int = ACCOUNTS
) -> Path:
    """Folder of a town of one level of evasion, or of all: tables/, groups.parquet and scores, a folder by teacher."""
    out = work / f"town-{seed}-{level:g}-{accounts}"
    if not (out / "tables" / "truth.parquet").is_file():
        settings = (f"prepare.town.evasion={level}", "prepare.town.evasion_spread=0.1", "prepare.town.drift=0")
        words = [w for s in settings if level != MIXED for w in ("--set", s)]
        _run("simulate", "--out", str(out / "tables"), "--accounts", str(accounts), "--seed", str(seed), *words)
    for teacher in teachers:
        if not (out / teacher.name / "scores.parquet").is_file():
            _run(
                *("score", "--model", str(model(work, teacher)), "--tables", str(out / "tables")),
                *("--out", str(out / teacher.name), "--set", "score.explain=none"),
            )
    if not (out / "groups.parquet").is_file():
        found = featurize_tables(
            TableFiles.open(out / "tables"), None, Featurize(memory="3GB"), only=[], also=["groups"]
        )
        pq.write_table(found.other("groups", GROUPS), out / "groups.parquet")
    return out


def towns(work: Path, wanted: Sequence[Set]) -> Iterator[Town]:
    """Every town of ``wanted``, made where it is not there yet."""
    for one in wanted:
        for seed, level in product(one.seeds, one.levels):
            folder = town(work, seed, level, one.teachers, one.accounts)
            yield Town(seed, level, one.accounts, one.teachers, folder)


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=PROJECT, check=True)
