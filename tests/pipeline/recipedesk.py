"""A desk for tests of recipes: write small files and a recipe, prepare them, look at the outcome."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.settings import Prepare
from pipeline.stages.prepare import prepare

HEAD = "title: a test\nplatform: town\n"


@dataclass(frozen=True)
class Outcome:
    """What prepare gave, as lists of rows."""

    intake: dict[str, Any]
    staged: dict[str, Any]
    refused: list[dict[str, Any]]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.staged[f"{table}.parquet"].read().to_pylist()

    def table(self, table: str) -> pa.Table:
        return self.staged[f"{table}.parquet"].read()

    def account(self, account_id: str) -> dict[str, Any]:
        return next(r for r in self.rows("accounts") if r["account_id"] == account_id)

    def labels(self) -> dict[str, tuple[bool, str | None]]:
        return {r["account_id"]: (r["is_bot"], r["kind"]) for r in self.rows("labels")}

    def codes(self) -> list[tuple[int | None, str]]:
        return [(r["row"], r["reason_code"]) for r in self.refused]

    def check_sums(self) -> None:
        """Every row read was used or refused, and the refused ones are all there."""
        for name, source in self.intake["sources"].items():
            for facts in [source, *source["tables"].values()]:
                assert facts["read"] == facts["used"] + facts["refused"]
                assert facts["refused"] == sum(facts["reasons"].values())
            assert source["refused"] == sum(r["source"] == name for r in self.refused)


def files(folder: Path, contents: dict[str, str | bytes]) -> Path:
    """Write files into ``folder``; text is written as UTF-8."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).lstrip("\n").encode())
    return folder


def outcome(settings: Prepare) -> Outcome:
    made = prepare(settings)
    found = Outcome(made["intake"], made["tables"], made["refused"].read().to_pylist())
    found.check_sums()
    return found


def known(name: str, folder: Path, contents: dict[str, str | bytes], **settings: Any) -> Outcome:
    """A recipe that comes with unpump, over these files."""
    return outcome(Prepare(sources={name: str(files(folder / "data", contents))}, **settings))


def own(folder: Path, recipe: str, contents: dict[str, str | bytes], **settings: Any) -> Outcome:
    """A recipe of one's own (without title and platform), over these files."""
    return outcome(
        Prepare(sources={str(own_recipe(folder, recipe)): str(files(folder / "data", contents))}, **settings)
    )


def own_recipe(folder: Path, recipe: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mine.yaml"
    path.write_text(HEAD + textwrap.dedent(recipe).lstrip("\n"), encoding="utf-8")
    return path


def tables(folder: Path, given: dict[str, pa.Table | bytes]) -> Path:
    """Write canonical tables as Parquet."""
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for name, table in given.items():
        path = folder / f"{name}.parquet"
        if isinstance(table, bytes):
            path.write_bytes(table)
        else:
            pq.write_table(table, path)
    return folder


def accounts(**columns: list[Any]) -> pa.Table:
    """Accounts with the columns given; those that are needed and not given are filled in."""
    n = len(next(iter(columns.values())))
    filled = {
        "account_id": [f"a{i}" for i in range(1, n + 1)],
        "platform": ["town"] * n,
        "observed_at": ["2026-01-01T00:00:00Z"] * n,
    }
    return pa.table(filled | columns)


def labels(**is_bot: bool) -> pa.Table:
    return pa.table({"account_id": list(is_bot), "is_bot": list(is_bot.values()), "source": ["eva"] * len(is_bot)})
