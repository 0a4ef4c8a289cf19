"""An unpump model that needs nothing of unpump: MLflow stores this file with the model directory and runs it to serve.

It reads ``booster.txt`` and ``model.json`` of the artifact ``model`` and scores features that are already computed.
The input has a column per feature, any of them may be absent or missing; more columns are ignored. The output has
``bot_probability`` (0 to 1, at the share of bots the model was declared for), ``raw_score`` (log-odds before
calibration) and ``tier``. Its numbers are those of ``unpump score``; a test compares the two.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

# As in unpump's models/calibration.py: how calibration goes on beyond its knots, and where certainty ends.
FURTHEST = 30.0
LEAST_SLOPE = 1e-3


class Unpump(PythonModel):
    """Probability that an account resembles the bots of the training data, from its features."""

    def load_context(self, context: Any) -> None:
        """Read the model directory; nothing in it is code."""
        folder = Path(context.artifacts["model"])
        check_files(folder)
        smaller = [Trees(path.parent) for path in (folder / "without").glob("*/model.json")]
        self.trees = [Trees(folder), *sorted(smaller, key=lambda trees: -len(trees.columns))]

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """``bot_probability``, ``raw_score`` and ``tier`` of each row of a DataFrame of features.

        Where columns of some tables are absent altogether, the trees for accounts known without these tables are asked.
        Raises ValueError where not one column is known: that is another table, not accounts of which nothing is known.
        """
        rows = pd.DataFrame(model_input)
        given = set(rows.columns)
        known = self.trees[0].columns
        if given.isdisjoint(known):
            raise ValueError(
                f"expected columns named as the model's {len(known)} features ({', '.join(known[:3])}, ...); "
                f"got {len(given)} others. Compute features with unpump, or select them by name."
            )
        return next((t for t in self.trees if given.issuperset(t.columns)), self.trees[0]).scores(rows)


def check_files(folder: Path) -> None:
    """Refuse a model directory of which a file is absent or not the one it was saved with (ValueError)."""
    files = json.loads((folder / "model.json").read_text(encoding="utf-8")).get("files", {})
    for name, expected in sorted(files.items()):
        path = folder / name
        found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() if path.is_file() else "no such file"
        if found != expected:
            raise ValueError(f"{name} of this model is not the file it was saved with; register or copy it again")


class Trees:
    """One model directory: its booster, its calibration and its tiers."""

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if facts.get("program") != "unpump" or facts.get("format") != 1:
            raise ValueError(f"{folder} holds no unpump model of format 1")
        self.booster = lightgbm.Booster(model_str=(folder / "booster.txt").read_text(encoding="utf-8"))
        self.columns = facts["columns"]
        self.knots = np.array([facts["calibration"]["raw"], facts["calibration"]["log_odds"]], dtype=np.float64)
        share, trained = facts["bot_share"], facts["training_bot_share"]
        self.shift = 0.0 if share is None else log_odds(share) - log_odds(trained)
        self.tiers = [(t["tier"], t["threshold"]) for t in facts["tiers"] if t["threshold"] is not None]

    def scores(self, given: pd.DataFrame) -> pd.DataFrame:
        """Probability, raw score and tier of each row; a column that is absent counts as missing."""
        rows = given.reindex(columns=self.columns)
        values = rows.to_numpy(dtype=np.float64, na_value=np.nan)
        raw = np.asarray(self.booster.predict(values, raw_score=True)) if len(rows) else np.empty(0)
        beyond = raw - np.clip(raw, self.knots[0, 0], self.knots[0, -1])
        odds = np.interp(raw, self.knots[0], self.knots[1]) + LEAST_SLOPE * beyond + self.shift
        probability = 1 / (1 + np.exp(-np.clip(odds, -FURTHEST, FURTHEST)))
        tier = np.full(len(rows), "allow", dtype=object)
        for name, threshold in reversed(self.tiers):
            tier[probability >= threshold] = name
        told = {"bot_probability": probability, "raw_score": raw, "tier": tier}
        return pd.DataFrame(told, index=rows.index)


def log_odds(share: float) -> float:
    """Natural logarithm of the odds of a share between 0 and 1."""
    return float(np.log(share) - np.log1p(-share))


set_model(Unpump())
