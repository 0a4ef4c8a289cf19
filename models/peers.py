"""What is usual among people of similar size and age: a newcomer should not be held against old large accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.wording import number

if TYPE_CHECKING:
    import pandas as pd

ALIKE = ("followers", "age_days")  # features that say how large and how old an account is
NEAREST = 100  # people compared with
FEWEST = 30  # with a known value; fewer say little of a range
LEVELS = (0.1, 0.9)


@dataclass(frozen=True)
class Peers:
    """People, and where each stands by size and age."""

    people: pd.DataFrame  # their features
    places: np.ndarray  # (n, 2), standardised logarithms
    scale: np.ndarray  # mean and standard deviation of each logarithm, (2, 2)

    @classmethod
    def of(cls, features: pd.DataFrame, people: Sequence[str]) -> Peers | None:
        """People among ``features`` by account_id; None where size or age was not measured, or of too few people."""
        if any(c not in features.columns for c in ALIKE):
            return None
        known = features[features["account_id"].isin(set(people))].dropna(subset=list(ALIKE))
        known = known.sort_values("account_id", ignore_index=True)
        if len(known) < NEAREST:
            return None
        logs = _logs(known[list(ALIKE)].to_numpy(dtype=np.float64))
        scale = np.stack([logs.mean(axis=0), np.maximum(logs.std(axis=0), 1e-9)])
        return cls(known, (logs - scale[0]) / scale[1], scale)

    def near(self, account: str, size_and_age: Sequence[float]) -> pd.DataFrame:
        """The people most like an account of this size and age, without itself; none where either is not known."""
        asked = _logs(np.asarray(size_and_age, dtype=np.float64))
        if np.isnan(asked).any():
            return self.people.iloc[:0]
        far = np.abs(self.places - (asked - self.scale[0]) / self.scale[1]).sum(axis=1)
        far[(self.people["account_id"] == account).to_numpy()] = np.inf
        # Ties are many among rounded counts; the order of identifiers decides.
        return self.people.iloc[np.argsort(far, kind="stable")[:NEAREST]]

    def tell(self, case: Mapping[str, Any], size_and_age: Sequence[float]) -> None:
        """Give each reason of ``case`` its ``peers``: low, high, people and text; None where too little is known."""
        near = self.near(str(case["account_id"]), size_and_age)
        for reason in case["reasons"]:
            values = near[reason["feature"]].dropna() if reason["feature"] in near.columns else []
            reason["peers"] = None
            if len(values) >= FEWEST:
                low, high = (float(v) for v in np.quantile(values, LEVELS))
                said = [number(v, reason["unit"]) for v in (low, high)]
                told = said[0] if said[0] == said[1] else f"{said[0]} to {said[1]}"
                reason["peers"] = {
                    "low": low,
                    "high": high,
                    "people": len(values),
                    "text": f"people of similar size and age: {told}",
                }


def _logs(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(values, 0.0))
