"""The model directory: text, JSON and Parquet only, so that loading a model runs no code, and checked before use."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import BadInput, printable
from models.boostertext import check_text, tree_count
from models.calibration import Curve, prior_shift
from models.kinds import Kind, KindModel
from models.thresholds import tiers_of
from models.vennabers import Interval
from models.wording import Said

if TYPE_CHECKING:
    import lightgbm as lgb

    # Imported where files are written or read: a worker that only predicts does without the packages that needs.
    from models.bundlefile import ModelFile

BOOSTER = "booster.txt"
KINDS = "kinds.txt"
FACTS = "model.json"
REFERENCES = "references/"
PROFILE = "profile.json"
SUBSETS = "without/"


@dataclass(frozen=True, eq=False)
class Model:
    """A trained model: everything a score and its reasons need, and where it came from.

    Parameters
    ----------
    booster_text : LightGBM's text of the averaged booster
    columns : features in the order of its columns
    curve : raw score to log-odds at the training share of bots
    interval : raw score to Venn-Abers probabilities at that share
    tiers : tier -> lowest probability, harshest first; None for a tier nobody enters
    bot_share : of the population to be scored; None: as in training
    training_bot_share : of the labelled accounts
    declarations : of each column, in their order: what ``features.declare`` knows of it
    feature_hash : of all declarations the columns were computed by
    usual : 10th, 50th and 90th percentile of people for each column, NaN where nobody was measured; shape (f, 3)
    facts : how it was trained; a JSON value for people to read
    references : name of file -> bytes, what features were fitted on
    profile : counts of the accounts it was trained on, by which monitoring tells drift (``models.drift``); a JSON value
    kinds : tells which kind of account it is, where the labels named kinds
    subsets : absent tables, joined by hyphens -> the model for accounts known without these (``models.subsets``); it
        has no references of its own
    whole : version of the model that this one is a subset of
    """

    booster_text: str
    columns: tuple[str, ...]
    curve: Curve
    interval: Interval
    tiers: Mapping[str, float | None]
    bot_share: float | None
    training_bot_share: float
    declarations: tuple[Mapping[str, Any], ...]
    feature_hash: str
    usual: np.ndarray
    facts: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, bytes] = field(default_factory=dict)
    profile: Mapping[str, Any] | None = None
    kinds: KindModel | None = None
    subsets: Mapping[str, Model] = field(default_factory=dict)
    whole: str | None = None

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees, as LightGBM reads them."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self.booster_text)

    @cached_property
    def said(self) -> tuple[Said, ...]:
        """What can be said of each column, in their order."""
        return tuple(Said.of(d, (float(u[0]), float(u[2]))) for d, u in zip(self.declarations, self.usual, strict=True))

    @cached_property
    def version(self) -> str:
        """First 12 digits of the md5 of everything in the directory: equal exactly when the content is."""
        if self.whole is not None:
            return self.whole
        return str(json.loads(to_files(self)[FACTS])["version"])

    def given(self, columns: Collection[str]) -> Model:
        """The model for accounts of which ``columns`` can be known: this one, or the largest subset that they fill.

        Where they fill none it is this model, and what is absent counts as missing.
        """
        if set(self.columns) <= set(columns):
            return self
        for absent, one in sorted(self.subsets.items(), key=lambda named: -len(named[1].columns)):
            if set(one.columns) <= set(columns):
                facts = {**one.facts, "without": absent.split("-")}
                return replace(one, facts=facts, references=self.references, whole=self.version)
        return self

    @property
    def shift(self) -> float:
        """What the declared share of bots adds to the log-odds."""
        return prior_shift(self.bot_share, self.training_bot_share)

    def matrix(self, features: Any) -> np.ndarray:
        """The model's columns of a feature table, float64 of shape (n, f), NaN where missing.

        Raises
        ------
        BadInput
            When a column is absent or, for a plain array, their number differs.
        """
        if isinstance(features, np.ndarray):
            if features.ndim != 2 or features.shape[1] != len(self.columns):
                raise BadInput(
                    "features",
                    expected=f"a matrix with the model's {len(self.columns)} columns",
                    got=f"shape {features.shape}",
                    todo="Select model.columns in their order.",
                )
            return np.asarray(features, dtype=np.float64)
        absent = [c for c in self.columns if c not in features.columns]
        if absent:
            raise BadInput(
                "features",
                expected=f"the {len(self.columns)} features the model was trained on",
                got=f"{len(absent)} missing: {', '.join(absent[:5])}{', ...' if len(absent) > 5 else ''}",
                todo="Run `unpump featurize` at the model's version, with the same tables and measures.",
            )
        chosen = features[list(self.columns)]
        if all(d == np.float64 for d in chosen.dtypes):
            return chosen.to_numpy()
        return np.column_stack([chosen[c].to_numpy(dtype=np.float64, na_value=np.nan) for c in self.columns])

    def raw_scores(self, features: Any, threads: int = 0) -> np.ndarray:
        """Log-odds margin of each account before calibration, shape (n,); ``features`` as for ``matrix``.

        ``threads`` 0 takes as many as there are; their number does not change the result.
        """
        x = self.matrix(features)
        return np.asarray(self.booster.predict(x, raw_score=True, num_threads=threads)) if len(x) else np.empty(0)

    def probabilities(self, features: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probability that each account is a bot, with its low and high; shapes (n,), at the declared share of bots."""
        return self.calibrate(self.raw_scores(features))

    def calibrate(self, raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probability, low and high of each raw score; shapes (n,)."""
        p = self.curve(raw, self.shift)
        return p, *self.interval(raw, p, self.shift)

    def tier(self, probability: np.ndarray) -> np.ndarray:
        """Tier of each probability, object array of str."""
        return tiers_of(probability, self.tiers)


def to_files(model: Model) -> dict[str, bytes]:
    """The files of ``model``; the same model gives the same bytes."""
    from models.bundlefile import FORMAT, dumps

    files = {BOOSTER: model.booster_text.encode("utf-8")}
    files |= {REFERENCES + name: bytes(model.references[name]) for name in sorted(model.references)}
    for absent, one in sorted(model.subsets.items()):
        files |= {f"{SUBSETS}{absent}/{name}": content for name, content in to_files(one).items()}
    if model.kinds is not None:
        files[KINDS] = model.kinds.text.encode("utf-8")
    if model.profile is not None:
        files[PROFILE] = json.dumps(model.profile, sort_keys=True, allow_nan=False, separators=(",", ":")).encode(
            "utf-8"
        )
    content: dict[str, Any] = {
        "program": "unpump",
        "format": FORMAT,
        "columns": list(model.columns),
        "trees": tree_count(model.booster_text),
        "calibration": {"raw": _numbers(model.curve.raw), "log_odds": _numbers(model.curve.log_odds)},
        "interval": {
            "raw": _numbers(model.interval.raw),
            "low": _numbers(model.interval.low),
            "high": _numbers(model.interval.high),
        },
        "tiers": [{"tier": t, "threshold": v} for t, v in model.tiers.items()],
        "bot_share": model.bot_share,
        "training_bot_share": model.training_bot_share,
        "declarations": [dict(d) for d in model.declarations],
        "feature_hash": model.feature_hash,
        "usual": [[float(v) if math.isfinite(v) else None for v in row] for row in model.usual],
        "facts": dict(model.facts),
        "kinds": [{"kind": k.name, "is_bot": k.is_bot} for k in (model.kinds.kinds if model.kinds else ())],
        "files": {name: hashlib.md5(files[name], usedforsecurity=False).hexdigest() for name in sorted(files)},
    }
    content["version"] = version_of(content)
    files[FACTS] = (dumps(content) + "\n").encode("utf-8")
    return files


def version_of(content: Mapping[str, Any]) -> str:
    """First 12 digits of the md5 of everything in model.json but the version itself."""
    from models.bundlefile import dumps

    rest = {k: v for k, v in content.items() if k != "version"}
    return hashlib.md5(dumps(rest).encode("utf-8"), usedforsecurity=False).hexdigest()[:12]


def from_files(files: Mapping[str, bytes], where: str) -> Model:
    """The model in ``files``, relative name -> bytes, as ``to_files`` made them.

    Raises
    ------
    BadInput
        When a file is absent, added or altered, the format is newer than this program, or the content is not that
        of a model; nothing of it is used then. The checks find damage and mistakes; they are no signature.
    """
    from models.bundlefile import read_model_file

    if FACTS not in files or BOOSTER not in files:
        there = ", ".join(sorted(files)[:8]) or "an empty folder"
        raise BadInput(
            where,
            expected=f"a model directory with {FACTS} and {BOOSTER}",
            got=there,
            todo="Name the folder artifacts/model of a run.",
        )
    content, parsed = read_model_file(files[FACTS], f"{where}/{FACTS}")
    if parsed.version != version_of(content):
        raise _altered(f"{where}/{FACTS}", parsed.version, version_of(content))
    for name in sorted(set(parsed.files) | (set(files) - {FACTS})):
        if name not in files or name not in parsed.files:
            raise _altered(f"{where}/{name}", "present" if name in parsed.files else "absent", "the other")
        found = hashlib.md5(files[name], usedforsecurity=False).hexdigest()
        if found != parsed.files[name]:
            raise _altered(f"{where}/{name}", parsed.files[name], found)
    text = _text(files, BOOSTER, where)
    check_text(text, len(parsed.columns), f"{where}/{BOOSTER}")
    if tree_count(text) != parsed.trees:
        raise _altered(f"{where}/{BOOSTER}", f"{parsed.trees} trees", f"{tree_count(text)} trees")
    references = {n[len(REFERENCES) :]: files[n] for n in parsed.files if n.startswith(REFERENCES)}
    return _model(
        parsed,
        text,
        references=references,
        profile=_profile(files, where),
        kinds=_kinds(parsed, files, where),
        subsets=_subsets(parsed, files, where),
    )


def _subsets(parsed: ModelFile, files: Mapping[str, bytes], where: str) -> dict[str, Model]:
    """The models for fewer tables, each checked as a model directory of its own."""
    folders: dict[str, dict[str, bytes]] = {}
    for name in parsed.files:
        if name.startswith(SUBSETS):
            absent, _, inner = name[len(SUBSETS) :].partition("/")
            folders.setdefault(absent, {})[inner] = files[name]
    return {absent: from_files(folder, f"{where}/{SUBSETS}{absent}") for absent, folder in folders.items()}


def _text(files: Mapping[str, bytes], name: str, where: str) -> str:
    try:
        return files[name].decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{where}/{name}", expected="UTF-8 text", got=printable(str(error)), todo="Train the model again."
        ) from error


def _kinds(parsed: ModelFile, files: Mapping[str, bytes], where: str) -> KindModel | None:
    """The booster of kinds, checked as the other one is; None where the model tells no kinds."""
    if bool(parsed.kinds) != (KINDS in files):
        raise _altered(f"{where}/{KINDS}", "present" if parsed.kinds else "absent", "the other")
    if not parsed.kinds:
        return None
    text = _text(files, KINDS, where)
    check_text(text, len(parsed.columns), f"{where}/{KINDS}", len(parsed.kinds))
    return KindModel(text, tuple(Kind(k.kind, k.is_bot) for k in parsed.kinds))


def _profile(files: Mapping[str, bytes], where: str) -> Mapping[str, Any] | None:
    """The profile, if there is one; what is in it is checked where it is used."""
    if PROFILE not in files:
        return None
    try:
        profile = json.loads(files[PROFILE].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"{where}/{PROFILE}", expected="JSON", got=printable(str(error)), todo="Train the model again."
        ) from error
    return dict(profile) if isinstance(profile, dict) else {}


def _model(
    parsed: ModelFile,
    text: str,
    references: Mapping[str, bytes],
    profile: Mapping[str, Any] | None,
    kinds: KindModel | None,
    subsets: Mapping[str, Model],
) -> Model:
    interval, calibration = parsed.interval, parsed.calibration
    made = Model(
        booster_text=text,
        columns=tuple(parsed.columns),
        curve=Curve(np.array(calibration.raw), np.array(calibration.log_odds)),
        interval=Interval(np.array(interval.raw), np.array(interval.low), np.array(interval.high)),
        tiers={t.tier: t.threshold for t in parsed.tiers},
        bot_share=parsed.bot_share,
        training_bot_share=parsed.training_bot_share,
        declarations=tuple(parsed.declarations),
        feature_hash=parsed.feature_hash,
        usual=np.array([[math.nan if v is None else v for v in row] for row in parsed.usual]),
        facts=parsed.facts,
        references=references,
        profile=profile,
        kinds=kinds,
        subsets=subsets,
    )
    # It was compared with the content; writing everything again to know it takes as long as scoring thousands.
    made.__dict__["version"] = parsed.version
    return made


def _altered(where: str, expected: str, got: str) -> BadInput:
    return BadInput(
        where,
        expected=f"the content the model was saved with ({expected})",
        got=got,
        todo="Copy the model directory again, or train it again; files of different models do not mix.",
    )


def _numbers(values: Sequence[float] | np.ndarray) -> list[float]:
    return [float(v) for v in values]
