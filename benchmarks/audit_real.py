"""Runs `unpump audit` on real accounts: star histories of GitHub repositories, and a set that has posts alone.

    python -m benchmarks.audit_real --data ../shared/data [--work DIR] [--write docs/audit.md]

A repository plays the post, its stars the likes, whoever owns it the creator. ``fake_stars_obvious_users.csv`` of
fake-stars-2024 holds stars that its authors call fake, so all of them should be estimated to be pumped; nothing is
known of honest stars of the same repositories, so this tests one side only. Accounts are scored by a model of the same
set, each by folds that did not see it; those that are not in the set are strangers. Stars are left out at random to see
what knowing them adds. bot-or-not-2026 has no likes at all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.simulation import put
from features.tables import ACCOUNTS, ENGAGEMENTS, POSTS
from pipeline.dvcyaml import PROJECT

LEAST = 10  # stars of a repository whose share is told
FEW = ("--set", "train.search.trials=0", "--set", "train.kinds.rounds=0")


def scored_set(data: Path, out: Path) -> pd.DataFrame:
    """Accounts of fake-stars-2024 by lower-case name, each with its probability out of fold."""
    if not (out / "artifacts" / "oof.parquet").is_file():
        for stage in ("prepare", "split", "featurize", "vet", "train"):
            source = (
                ("--source", f"fake-stars-2024={data / 'github' / 'fake-stars-2024'}") if stage == "prepare" else ()
            )
            _run(stage, "--out", str(out), *source, *FEW)
    accounts = pd.read_parquet(out / "tables" / "accounts.parquet")
    oof = pd.read_parquet(out / "artifacts" / "oof.parquet", columns=["account_id", "bot_probability"])
    found = accounts.merge(oof, on="account_id")
    return found.assign(name=found["username"].str.lower()).drop_duplicates("name")


def star_tables(data: Path, accounts: pd.DataFrame, kept: float, out: Path) -> None:
    """Canonical tables of the star histories, with a share of the stars, and scores of the accounts that are known."""
    stars = pd.read_csv(data / "github" / "fake-stars-2024" / "fake_stars_obvious_users.csv").drop_duplicates()
    stars["at"] = pd.to_datetime(stars["starred_at"], utc=True)
    known = accounts.set_index("name")["account_id"]
    stars["actor"] = stars["name"].str.lower().map(known).fillna("github:stranger:" + stars["name"])
    repositories = stars.groupby("github", as_index=False).agg(created_at=("at", "min"), likes_count=("at", "size"))
    owner = "github:owner:" + repositories["github"].str.split("/").str[0]
    posts = pd.DataFrame(
        {
            "post_id": repositories["github"],
            "account_id": owner,
            "created_at": repositories["created_at"],
            "kind": "original",
            "likes_count": repositories["likes_count"],
        }
    )
    rng = np.random.default_rng(0)
    seen = stars[rng.random(len(stars)) < kept]
    likes = pd.DataFrame(
        {"actor_id": seen["actor"], "post_id": seen["github"], "kind": "like", "created_at": seen["at"]}
    )
    folder = out / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"accounts": (accounts, ACCOUNTS), "posts": (posts, POSTS), "engagements": (likes, ENGAGEMENTS)}
    for name, (rows, declared) in tables.items():
        fields = pa.schema([f for f in declared.schema if f.name in rows.columns])
        pq.write_table(
            pa.Table.from_pandas(rows[fields.names], schema=fields, preserve_index=False), folder / f"{name}.parquet"
        )
    bot = accounts["bot_probability"]
    scores = pd.DataFrame(
        {
            "account_id": accounts["account_id"],
            "status": "scored",
            "bot_probability": bot,
            "tier": np.where(bot >= 0.9, "limit_reach", "allow"),
            "kind": pd.array([None] * len(accounts), dtype="string"),
            "kind_probability": np.nan,
        }
    )
    (out / "scores").mkdir(exist_ok=True)
    scores.to_parquet(out / "scores" / "scores.parquet", index=False)


def audited(folder: Path) -> pd.DataFrame:
    """Rows of repositories with ``LEAST`` stars or more, after the audit ran."""
    _run(
        "audit", "--tables", str(folder / "tables"), "--scores", str(folder / "scores"), "--out", str(folder / "audit")
    )
    rows = pd.read_parquet(folder / "audit" / "audit.parquet")
    return rows[(rows["level"] == "post") & (rows["likes"] >= LEAST)]


def main() -> None:
    """Run, print the table, and put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=PROJECT.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, default=Path("out/audit"))
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    data, work = options.data.resolve(), options.work.resolve()
    accounts = scored_set(data, work / "fake-stars")
    rows = []
    for name, kept in (("all stars", 1.0), ("three in ten", 0.3), ("counts alone", 0.0)):
        folder = work / f"stars-{kept:g}"
        star_tables(data, accounts, kept, folder)
        found = audited(folder)
        cells = [name, f"{len(found):,}", f"{found['likes'].sum():,}", f"{found['low_evidence_share'].mean():.0%}"]
        cells[3] = cells[3].replace("nan%", "")
        share, high = found["pumped_share"], found["pumped_share_high"]
        cells += [f"{share.median():.0%}", f"{(high >= 0.95).mean():.0%}", f"{(share >= 0.2).mean():.0%}"]
        rows.append(cells)
    bare = work / "bot-or-not"
    _run("prepare", "--source", f"bot-or-not-2026={data / 'twitter' / 'bot-or-not-2026'}", "--out", str(bare))
    told = _bare(bare)
    head = [
        "seen",
        "repositories",
        "stars",
        "of strangers",
        "median pumped share",
        "interval reaches 95%",
        "estimated at 20% or more",
    ]
    table = "\n".join(
        [f"| {' | '.join(head)} |", "|---" + "|---:" * (len(head) - 1) + "|", *(f"| {' | '.join(r)} |" for r in rows)]
    )
    print(f"{table}\n\nbot-or-not-2026: {told}")
    if options.write:
        put(options.write, "stars", table)


def _bare(folder: Path) -> str:
    """What the audit says of a set without likes; its accounts are scored as unknown."""
    accounts = pd.read_parquet(folder / "tables" / "accounts.parquet", columns=["account_id"])
    scores = accounts.assign(
        status="insufficient_evidence", bot_probability=np.nan, tier="allow", kind=None, kind_probability=np.nan
    )
    (folder / "scores").mkdir(exist_ok=True)
    scores.astype({"kind": "string"}).to_parquet(folder / "scores" / "scores.parquet", index=False)
    _run(
        "audit", "--tables", str(folder / "tables"), "--scores", str(folder / "scores"), "--out", str(folder / "audit")
    )
    return str(json.loads((folder / "audit" / "audit.json").read_text())["says"])


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=PROJECT, check=True)


if __name__ == "__main__":
    main()
