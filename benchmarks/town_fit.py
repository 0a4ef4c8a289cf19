"""Fit the town's profiles to real accounts and print the numbers as Python: ``simulation/fitted.py``.

    unpump prepare --source cresci-2017=... --source human-bots-2021=... --source nyu-2017=... --out DIR
    python -m benchmarks.town_fit DIR/tables > simulation/fitted.py

Only quantiles, shares and correlations leave the real data; no account does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.real_profiles import FLAGS, NUMBERS, read_profiles, weights

PROBABILITIES = (0.001, 0.01, 0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99, 0.999)
SMALL, MID = 1_000, 50_000  # followers that separate small, middling and large people

GROUPS = {
    "people_small": ("people with at most 1,000 followers", lambda p: ~p.is_bot & (p.followers <= SMALL)),
    "people_mid": (
        "people with 1,000 to 50,000 followers",
        lambda p: ~p.is_bot & (p.followers > SMALL) & (p.followers <= MID),
    ),
    "people_large": ("people with more than 50,000 followers", lambda p: ~p.is_bot & (p.followers > MID)),
    "sold_follower": ("cresci-2017, bought followers", lambda p: p.is_bot & (p.kind == "fake_follower")),
    "fresh_spam": (
        "cresci-2017, spam bots younger than 100 days",
        lambda p: p.is_bot & (p.source == "cresci-2017") & (p.kind != "fake_follower") & (p.age_days < 100),
    ),
    "aged_spam": (
        "cresci-2017, spam bots of 100 days or more",
        lambda p: p.is_bot & (p.source == "cresci-2017") & (p.kind != "fake_follower") & (p.age_days >= 100),
    ),
    "mixed_bot": ("human-bots-2021, bots", lambda p: p.is_bot & (p.source == "human-bots-2021")),
    "known_bot": ("nyu-2017, bots", lambda p: p.is_bot & (p.source == "nyu-2017")),
}


def quantiles(values: np.ndarray, weight: np.ndarray) -> list[float]:
    """Weighted quantiles at PROBABILITIES, to three digits."""
    order = np.argsort(values, kind="stable")
    reached = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    return [float(f"{q:.3g}") for q in np.interp(PROBABILITIES, reached, values[order])]


def normal_scores(values: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Ranks turned into normal scores; ties are broken at random so that spikes do not fake a correlation."""
    known = values.dropna()
    order = np.lexsort((rng.random(len(known)), known.to_numpy()))
    rank = np.empty(len(known))
    rank[order] = np.arange(len(known)) + 0.5
    return pd.Series(norm.ppf(rank / len(known)), index=known.index)


def factor(group: pd.DataFrame, rng: np.random.Generator) -> list[list[float]]:
    """Lower triangle L with L @ L.T close to the correlation of the normal scores, and unit rows."""
    scores = pd.DataFrame({c: normal_scores(group[c], rng).reindex(group.index) for c in (*NUMBERS, *FLAGS)})
    matrix = scores.corr(min_periods=50).fillna(0).to_numpy(copy=True)
    np.fill_diagonal(matrix, 1)
    values, vectors = np.linalg.eigh(matrix)
    repaired = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    lower = np.linalg.cholesky(repaired)
    lower /= np.sqrt((lower**2).sum(axis=1, keepdims=True))
    return [[round(float(v), 3) + 0.0 for v in row[: i + 1]] for i, row in enumerate(lower)]


def fit(profiles: pd.DataFrame) -> str:
    """Source text of ``simulation/fitted.py``."""
    weight = weights(profiles)
    everyone = {is_bot: profiles[profiles.is_bot == is_bot] for is_bot in (False, True)}
    lines = [
        '"""Numbers fitted to real accounts; written by ``python -m benchmarks.town_fit``, not by hand.',
        "",
        "Sources: cresci-2017 (Cresci et al. 2017), human-bots-2021 (Martin-Gutierrez 2021), nyu-2017 (NYU class",
        "competition), each weighing the same. Only quantiles, shares and correlations are kept.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "# fmt: off",
        "# ruff: noqa: E501",
        f"NUMBERS = {NUMBERS!r}",
        f"FLAGS = {FLAGS!r}",
        f"PROBABILITIES = {PROBABILITIES!r}",
        "",
        "# group -> what it was fitted to, its accounts, quantiles of each number, share of each flag, and the lower",
        "# triangle that mixes independent normal scores into correlated ones (numbers first, then flags)",
        "GROUPS: dict[str, dict] = {",
    ]
    for name, (says, member) in GROUPS.items():
        rows = profiles[member(profiles)]
        rng = np.random.default_rng(0)
        lines += [f"    {name!r}: {{", f"        'says': {says!r},", f"        'accounts': {len(rows)},"]
        lines.append("        'quantiles': {")
        for column in NUMBERS:
            known = rows[column].notna()
            pool = rows if known.any() else everyone[bool(rows.is_bot.iloc[0])]
            kept = pool[column].notna()
            values = pool.loc[kept, column].to_numpy()
            lines.append(f"            {column!r}: {quantiles(values, weight[pool.index[kept]].to_numpy())!r},")
        lines += ["        },", "        'shares': {"]
        for column in FLAGS:
            pool = rows if rows[column].notna().any() else everyone[bool(rows.is_bot.iloc[0])]
            kept = pool[column].notna()
            share = np.average(pool.loc[kept, column], weights=weight[pool.index[kept]])
            lines.append(f"            {column!r}: {round(float(share), 4)},")
        lines += ["        },", "        'factor': ["]
        lines += [f"            {row!r}," for row in factor(rows, rng)]
        lines += ["        ],", "    },"]
    return "\n".join([*lines, "}", "# fmt: on", ""]).replace("'", '"')


if __name__ == "__main__":
    sys.stdout.write(fit(read_profiles(Path(sys.argv[1]))))
