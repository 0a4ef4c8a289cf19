"""Features of three families written by hand in pandas and in Polars, the way one would for a single data set.

Each function takes the folder of canonical Parquet files and returns the columns of its ``Work`` for every account that
has a value, indexed by account_id. ``benchmarks/featurize.py`` times them beside the engine and compares the values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

WINDOW_US = 90 * 86_400 * 1_000_000


@dataclass(frozen=True)
class Work:
    """Features of one family, and how two libraries get them."""

    columns: tuple[str, ...]
    pandas: Callable[[Path], pd.DataFrame]
    polars: Callable[[Path], pd.DataFrame]


# --- pandas --------------------------------------------------------------------------------------------------------


def _read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    return pd.read_parquet(path if path.exists() else folder / name, columns=columns)


def _us(moments: pd.Series) -> Any:
    return moments.dt.as_unit("us").astype("int64")


def deeds_pandas(folder: Path) -> pd.DataFrame:
    """Likes, comments and reposts with the author of the post, and who may see them."""
    accounts = _read(folder, "accounts", ["account_id", "observed_at"])
    accounts["as_of"] = _us(accounts.pop("observed_at"))
    posts = _read(folder, "posts", ["post_id", "account_id", "created_at"])
    posts["posted"] = _us(posts.pop("created_at"))
    posts = posts.rename(columns={"account_id": "author"})
    posts = posts.merge(accounts.rename(columns={"account_id": "author", "as_of": "author_as_of"}), "left", "author")
    rows = _read(folder, "engagements", ["actor_id", "post_id", "kind", "created_at"])
    rows["at"] = _us(rows.pop("created_at"))
    rows = rows.rename(columns={"actor_id": "actor"}).merge(posts, "left", "post_id")
    rows = rows.merge(accounts.rename(columns={"account_id": "actor"}), "left", "actor")
    at_s, posted_s = rows["at"] // 1_000_000, rows["posted"] // 1_000_000
    rows["given"] = (rows["at"] < rows["as_of"]) & (at_s >= (rows["as_of"] - WINDOW_US) // 1_000_000)
    seen = (rows["at"] < rows["author_as_of"]) & (rows["posted"] < rows["author_as_of"])
    rows["received"] = seen & (posted_s >= (rows["author_as_of"] - WINDOW_US) // 1_000_000)
    rows["at_s"], rows["delay_s"] = at_s, at_s - posted_s
    return rows[["actor", "author", "post_id", "kind", "at_s", "delay_s", "given", "received"]]


def actions_pandas(folder: Path) -> pd.DataFrame:
    rows = deeds_pandas(folder)
    own = rows[rows["given"]].sort_values(["actor", "at_s"])
    gap = own.groupby("actor")["at_s"].diff()
    gaps = pd.DataFrame({"actor": own["actor"], "gap": gap, "short": gap < 5, "none": gap == 0})[gap.notna()]
    by_gap = gaps.groupby("actor")
    days = own.assign(day=own["at_s"] // 86_400).groupby(["actor", "day"]).size().groupby("actor")
    others = own[own["author"].notna() & (own["author"] != own["actor"])]
    authors = others.groupby(["actor", "author"]).size().groupby("actor")
    return pd.DataFrame(
        {
            "actions_seen": own.groupby("actor").size(),
            "actions_gap_median": by_gap["gap"].median(),
            "actions_under_5s": by_gap["short"].mean(),
            "actions_same_second": by_gap["none"].mean(),
            "actions_days": days.size(),
            "actions_busiest_day_share": (days.max() / days.sum()).where(days.sum() >= 3),
            "authors_liked": authors.size(),
            "actions_top_author_share": (authors.max() / authors.sum()).where(authors.sum() >= 5),
        }
    )


def arrival_pandas(folder: Path) -> pd.DataFrame:
    rows = deeds_pandas(folder)
    likes = rows[(rows["kind"] == "like") & (rows["author"] != rows["actor"])].sort_values(["post_id", "at_s"])
    at = pd.to_datetime(likes["at_s"], unit="s")
    ones = pd.DataFrame({"post_id": likes["post_id"].to_numpy(), "one": 1.0}, index=at.to_numpy())
    near = ones.groupby("post_id", sort=False)["one"].rolling("60s", closed="both").sum()
    likes["near"] = near.to_numpy()
    seen = likes[likes["received"] & (likes["delay_s"] >= 0)]
    seen = seen.assign(early=seen["delay_s"] < 3600)
    posts = seen.groupby(["author", "post_id"]).agg(
        n=("delay_s", "size"), early=("early", "mean"), half=("delay_s", "median"), burst=("near", "max")
    )
    by_author = posts[posts["n"] >= 3].groupby("author")
    fans = likes[likes["received"]].groupby(["author", "actor"]).size().groupby("author")
    return pd.DataFrame(
        {
            "threads_seen": by_author.size(),
            "likes_in_1h": by_author["early"].mean(),
            "likes_half_time": by_author["half"].median(),
            "likes_burst_most": by_author["burst"].max(),
            "likers_seen": fans.size(),
            "liker_top_share": (fans.max() / fans.sum()).where(fans.sum() >= 5),
        }
    )


def exchange_pandas(folder: Path) -> pd.DataFrame:
    rows = deeds_pandas(folder)
    rows = rows[rows["author"].notna() & (rows["author"] != rows["actor"])]
    rows["liked"] = rows["received"] & (rows["kind"] == "like")
    ties = rows.groupby(["actor", "author"])[["given", "received", "liked"]].sum().reset_index()
    back = ties.rename(columns={"actor": "author", "author": "actor"})
    back = back[["actor", "author", "given", "received"]]
    ties = ties.merge(back, "left", ["actor", "author"], suffixes=("", "_back"))
    out = ties[ties["given"] > 0].assign(mutual=ties["received_back"] > 0).groupby("actor")["mutual"]
    fans = ties[ties["liked"] > 0].assign(answered=ties["given_back"] > 0).groupby("author")["answered"]
    return pd.DataFrame(
        {
            "answering_share": out.mean().where(out.size() >= 3),
            "mutual_accounts": out.sum(),
            "likers_answered": fans.mean().where(fans.size() >= 3),
        }
    )


# --- Polars --------------------------------------------------------------------------------------------------------


def _scan(folder: Path, name: str) -> Any:
    import polars as pl

    path = folder / f"{name}.parquet"
    return pl.scan_parquet(path if path.exists() else folder / name / "*.parquet")


def deeds_polars(folder: Path) -> Any:
    """Likes, comments and reposts with the author of the post, and who may see them."""
    import polars as pl

    def us(column: str) -> Any:
        return pl.col(column).dt.epoch("us")

    accounts = _scan(folder, "accounts").select("account_id", as_of=us("observed_at"))
    posts = _scan(folder, "posts").select("post_id", author="account_id", posted=us("created_at"))
    authors = accounts.rename({"account_id": "author", "as_of": "author_as_of"})
    posts = posts.join(authors, on="author", how="left")
    rows = _scan(folder, "engagements").select("post_id", "kind", actor="actor_id", at=us("created_at"))
    rows = rows.join(posts, on="post_id", how="left").join(accounts.rename({"account_id": "actor"}), "actor", "left")
    at_s, posted_s = pl.col("at") // 1_000_000, pl.col("posted") // 1_000_000
    recent = at_s >= (pl.col("as_of") - WINDOW_US) // 1_000_000
    seen = (pl.col("at") < pl.col("author_as_of")) & (pl.col("posted") < pl.col("author_as_of"))
    new = posted_s >= (pl.col("author_as_of") - WINDOW_US) // 1_000_000
    return rows.select(
        "actor",
        "author",
        "post_id",
        "kind",
        at_s=at_s,
        delay_s=at_s - posted_s,
        given=(pl.col("at") < pl.col("as_of")) & recent,
        received=seen & new,
    )


def _whole(parts: list[Any], key: str) -> pd.DataFrame:
    import polars as pl

    collected = pl.collect_all([p.rename({key: "account_id"}) for p in parts])
    # By way of columns: Polars' own conversion cannot name an index.
    frames = [pd.DataFrame({c: part[c].to_numpy() for c in part.columns}).set_index("account_id") for part in collected]
    return pd.concat(frames, axis=1)


def actions_polars(folder: Path) -> pd.DataFrame:
    import polars as pl

    own = deeds_polars(folder).filter(pl.col("given")).sort("actor", "at_s")
    gap = own.select("actor", gap=pl.col("at_s").diff().over("actor")).drop_nulls("gap").group_by("actor")
    days = own.group_by("actor", day=pl.col("at_s") // 86_400).len().group_by("actor")
    others = own.filter(pl.col("author").is_not_null() & (pl.col("author") != pl.col("actor")))
    authors = others.group_by("actor", "author").len().group_by("actor")
    n = pl.col("len")
    return _whole(
        [
            own.group_by("actor").agg(actions_seen=pl.len()),
            gap.agg(
                actions_gap_median=pl.col("gap").median(),
                actions_under_5s=(pl.col("gap") < 5).mean(),
                actions_same_second=(pl.col("gap") == 0).mean(),
            ),
            days.agg(actions_days=pl.len(), actions_busiest_day_share=pl.when(n.sum() >= 3).then(n.max() / n.sum())),
            authors.agg(authors_liked=pl.len(), actions_top_author_share=pl.when(n.sum() >= 5).then(n.max() / n.sum())),
        ],
        "actor",
    )


def arrival_polars(folder: Path) -> pd.DataFrame:
    import polars as pl

    likes = deeds_polars(folder).filter((pl.col("kind") == "like") & (pl.col("author") != pl.col("actor")))
    likes = likes.sort("post_id", "at_s")
    near = pl.col("at_s").count().rolling(index_column="at_s", period="61i").over("post_id")
    seen = likes.with_columns(near=near).filter(pl.col("received") & (pl.col("delay_s") >= 0))
    posts = seen.group_by("author", "post_id").agg(
        n=pl.len(),
        early=(pl.col("delay_s") < 3600).mean(),
        half=pl.col("delay_s").median(),
        burst=pl.col("near").max(),
    )
    threads = posts.filter(pl.col("n") >= 3).group_by("author")
    fans = likes.filter(pl.col("received")).group_by("author", "actor").len().group_by("author")
    n = pl.col("len")
    return _whole(
        [
            threads.agg(
                threads_seen=pl.len(),
                likes_in_1h=pl.col("early").mean(),
                likes_half_time=pl.col("half").median(),
                likes_burst_most=pl.col("burst").max(),
            ),
            fans.agg(likers_seen=pl.len(), liker_top_share=pl.when(n.sum() >= 5).then(n.max() / n.sum())),
        ],
        "author",
    )


def exchange_polars(folder: Path) -> pd.DataFrame:
    import polars as pl

    rows = deeds_polars(folder).filter(pl.col("author").is_not_null() & (pl.col("author") != pl.col("actor")))
    ties = rows.group_by("actor", "author").agg(
        given=pl.col("given").sum(),
        received=pl.col("received").sum(),
        liked=(pl.col("received") & (pl.col("kind") == "like")).sum(),
    )
    back = ties.select(actor="author", author="actor", given_back="given", received_back="received")
    ties = ties.join(back, on=["actor", "author"], how="left")
    mutual, answered = (pl.col(f"{c}_back").fill_null(0) > 0 for c in ("received", "given"))
    out = ties.filter(pl.col("given") > 0).group_by("actor")
    fans = ties.filter(pl.col("liked") > 0).group_by("author")
    return _whole(
        [
            out.agg(answering_share=pl.when(pl.len() >= 3).then(mutual.mean()), mutual_accounts=mutual.sum()).rename(
                {"actor": "who"}
            ),
            fans.agg(likers_answered=pl.when(pl.len() >= 3).then(answered.mean())).rename({"author": "who"}),
        ],
        "who",
    )


WORKS = {
    "actions": Work(
        (
            "actions_seen",
            "actions_gap_median",
            "actions_under_5s",
            "actions_same_second",
            "actions_days",
            "actions_busiest_day_share",
            "authors_liked",
            "actions_top_author_share",
        ),
        actions_pandas,
        actions_polars,
    ),
    "arrival": Work(
        ("threads_seen", "likes_in_1h", "likes_half_time", "likes_burst_most", "likers_seen", "liker_top_share"),
        arrival_pandas,
        arrival_polars,
    ),
    "exchange": Work(("answering_share", "mutual_accounts", "likers_answered"), exchange_pandas, exchange_polars),
}
