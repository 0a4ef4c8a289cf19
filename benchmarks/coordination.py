"""Measures docs/coordination.md: who is called a farm, a pod, friends or fans in the town, against its truth.

    python -m benchmarks.coordination [--accounts 5000] [--seeds 0 1 2] [--write docs/coordination.md]

With ``--write`` each table replaces the one between the markers of its name in the page.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.simulation import LEVELS, put
from features.groups import GROUPS
from pipeline.engine import featurize_tables
from pipeline.files import write_value
from pipeline.settings import Featurize
from pipeline.tablefiles import TableFiles
from simulation.settings import Town
from simulation.town import simulate

KINDS = ("farm", "pod", "friends", "fans")
NOWHERE = "no group"


def town_of(level: str, accounts: int, seed: int) -> Town:
    """A town whose pumpers evade as ``level`` says; only the default one drifts."""
    drift = Town().drift if level == "default" else 0.0
    return Town(accounts=accounts, seed=seed, evasion=LEVELS[level], drift=drift)


def members(town: Town) -> pd.DataFrame:
    """Every account of a town with the kinds of the groups it is in.

    Returns
    -------
    DataFrame indexed by account_id: the columns of the truth, a bool per kind of group, and ``groups``, the
    identifiers of its groups
    """
    with tempfile.TemporaryDirectory() as folder:
        made = simulate(town)
        write_value(Path(folder), {f"{name}.parquet": table for name, table in made.items()})
        measured = featurize_tables(
            TableFiles.open(Path(folder)), None, Featurize(memory="3GB"), only=[], also=["groups"]
        )
        found = measured.other("groups", GROUPS).to_pandas()
    truth = made["truth"].to_pandas().set_index("account_id")
    rows = found[["group_id", "kind", "members"]].explode("members")
    for kind in KINDS:
        truth[kind] = truth.index.isin(rows.loc[rows["kind"] == kind, "members"])
    truth["groups"] = rows.groupby("members")["group_id"].agg(list).reindex(truth.index)
    return truth


def precision(towns: Sequence[pd.DataFrame]) -> dict[str, list[float]]:
    """Per kind of group: groups, members, and the share of members of whom each thing is true, one value per town."""
    found = {}
    for kind in KINDS:
        inside = [t[t[kind]] for t in towns]
        found[kind] = [
            np.mean([len({g for row in t["groups"] for g in row if g.startswith(kind)}) for t in inside]),
            np.mean([len(t) for t in inside]),
            _mean(inside, lambda t: (t["kind"] != "human").mean()),
            _mean(inside, lambda t: (t["kind"] == "pod_member").mean()),
            _mean(inside, lambda t: t["is_bot"].mean()),
            _mean(inside, lambda t: t["idol_id"].notna().mean()),
        ]
    return found


def whereabouts(towns: Sequence[pd.DataFrame]) -> dict[str, list[float]]:
    """Per kind of account: how many, and the share of them in each kind of group; the first of ``KINDS`` counts."""
    whole = pd.concat(towns)
    of = whole["kind"].where(whole["kind"] != "human", "people")
    of = of.mask((whole["kind"] == "human") & whole["idol_id"].notna(), "people in a fan club")
    place = np.select([whole[k] for k in KINDS], KINDS, NOWHERE)
    table = pd.crosstab(of, place, normalize="index").reindex(columns=[*KINDS, NOWHERE], fill_value=0.0)
    return {
        str(name): [float((of == name).sum()), *row] for name, row in zip(table.index, table.to_numpy(), strict=True)
    }


def _mean(parts: Sequence[pd.DataFrame], of) -> float:
    values = [of(t) for t in parts if len(t)]
    return float(np.mean(values)) if values else float("nan")


def precision_table(found: dict[str, dict[str, list[float]]]) -> str:
    """The table of what members of groups are."""
    head = ["town", "kind of group", "groups", "members", "who pump", "pod members", "bots", "in a fan club"]
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for level, kinds in found.items():
        for kind, (groups, size, *shares) in kinds.items():
            cells = [
                level,
                kind,
                f"{groups:,.1f}",
                f"{size:,.1f}",
                *("" if np.isnan(s) else f"{s:.1%}" for s in shares),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def whereabouts_table(found: dict[str, dict[str, list[float]]]) -> str:
    """The table of where accounts of each kind are."""
    lines = [f"| town | accounts | how many | {' | '.join((*KINDS, NOWHERE))} |", "|---|---|" + "---:|" * 6]
    for level, kinds in found.items():
        for name, (count, *shares) in kinds.items():
            lines.append(f"| {level} | {name} | {count:,.0f} | {' | '.join(f'{s:.1%}' for s in shares)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print the tables, and put them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=Town().accounts)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    towns = {level: [members(town_of(level, options.accounts, s)) for s in options.seeds] for level in LEVELS}
    tables = {
        "precision": precision_table({level: precision(t) for level, t in towns.items()}),
        "whereabouts": whereabouts_table({level: whereabouts(t) for level, t in towns.items()}),
    }
    for name, table in tables.items():
        print(f"{table}\n")
        if options.write:
            put(options.write, name, table)


if __name__ == "__main__":
    main()
