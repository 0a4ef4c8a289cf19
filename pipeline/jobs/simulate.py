"""The job `unpump simulate`: writes a town's tables, its truth, a summary and a page of pictures."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput
from features.tables import TABLES
from pipeline.files import write_all
from pipeline.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

    from simulation.settings import Town
    from simulation.summary import Tally

log = logging.getLogger(__name__)

ROWS_PER_FILE = 10_000_000
ROWS_PER_GROUP = 1_000_000
_WAITING = 3  # pieces that may wait for the disk: bounds memory


def simulate_job(town: Town, out: Path) -> dict[str, Any]:
    """Simulate ``town`` and write it to the folder ``out``.

    Each table becomes ``NAME.parquet``, or a folder ``NAME/`` of a few files where it is large; ``town.json`` holds the
    settings and counts, ``town.html`` the pictures. Nothing is replaced before everything has been written.

    Parameters
    ----------
    town : Town, the settings
    out : folder; tables of an earlier town in it are replaced, other files stay

    Returns
    -------
    dict with the folder, rows per table, counts of accounts, bots and labels, and the path of the page

    Raises
    ------
    BadInput
        When the folder cannot be written, or holds a folder named like one of our files.
    """
    from simulation.summary import Tally

    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out}", expected="a folder", got="a file", todo="Name another folder.")
    try:
        summary = _write(town, out, Tally(town))
    except OSError as error:
        raise BadInput(
            f"--out {out}",
            expected="a folder that can be written",
            got=error.strerror or str(error),
            todo="Free space or name another folder.",
        ) from error
    for line in sentences(summary):
        print(line, file=sys.stderr)
    print(f"pictures: {out / 'town.html'}", file=sys.stderr)
    keys = ("rows", "bots", "labelled", "labelled_bots", "causes", "orders")
    return {"out": str(out), "page": str(out / "town.html"), **{key: summary[key] for key in keys}}


def _write(town: Town, out: Path, tally: Tally) -> dict[str, Any]:
    """Write everything beside its place first, then put it there; returns the summary."""
    from review.town import page
    from simulation.town import TRUTH_TABLES, stream

    out.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".town-", dir=out))
    try:
        with Progress("simulating accounts", town.accounts) as progress, Shelf(staging) as shelf:

            def say(what: str, share: float) -> None:
                log.debug("%s: %.0f%%", what, 100 * share)
                progress.add(round(share * town.accounts) - progress.done)

            for name, table in stream(town, say):
                tally.add(name, table)
                shelf.put(name, table)
        summary = tally.summary()
        written = {path.name: path for path in sorted(staging.iterdir())}
        texts = {"town.json": _without_pictures(summary), "town.html": page(summary)}
        write_all({out / name: _moved(path) for name, path in written.items()} | {out / n: t for n, t in texts.items()})
        _remove_stale(out, set(written), (*TABLES, *TRUTH_TABLES))
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return summary


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """The summary as a person reads it in a terminal."""
    rows, accounts = summary["rows"], summary["rows"]["accounts"]
    roles = sorted(summary["roles"].items(), key=lambda r: (-r[1]["accounts"], r[0]))
    lines = [
        f"{accounts:,} accounts, {summary['bots']:,} of them bots ({summary['bots'] / accounts:.0%}); "
        f"{summary['labelled']:,} labels, {summary['labelled_bots']:,} say bot",
        "roles: " + ", ".join(f"{role} {facts['accounts']:,}" for role, facts in roles),
        ", ".join(f"{rows.get(name, 0):,} {name}" for name in ("posts", "engagements", "follows")),
    ]
    if summary["causes"] and rows.get("engagements"):
        pumped = sorted(summary["causes"].items(), key=lambda c: (-c[1], c[0]))
        share = sum(summary["causes"].values()) / rows["engagements"]
        lines.append(f"not honest: {share:.0%} of engagements: " + ", ".join(f"{c} {n:,}" for c, n in pumped))
    sold = summary["orders"]
    lines.append(
        f"{sold['orders']:,} orders for {summary['roles'].get('like_buyer', {}).get('accounts', 0):,} buyers and "
        f"{summary['victims']:,} victims, {sold['delivered']:,} pieces delivered, {sold['roubles']:,.0f} roubles paid"
    )
    return lines


class Shelf:
    """Parquet files of many tables, written in a thread of their own as the pieces come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writers: dict[str, Any] = {}
        self.parts: dict[str, int] = {}
        self.rows: dict[str, int] = {}
        self.disk = ThreadPoolExecutor(1, thread_name_prefix="shelf")
        self.waiting: list[Future[None]] = []

    def __enter__(self) -> Shelf:
        return self

    def put(self, name: str, table: pa.Table) -> None:
        """Append ``table`` to table ``name``; waits while too many pieces are on their way to the disk."""
        while len(self.waiting) >= _WAITING:
            self.waiting.pop(0).result()
        self.waiting.append(self.disk.submit(self._write, name, table))

    def _write(self, name: str, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        if name not in self.writers or self.rows[name] >= ROWS_PER_FILE:
            self._finish(name)
            part = self.parts[name] = self.parts.get(name, -1) + 1
            path = self.folder / name / f"part-{part:05d}.parquet"
            path.parent.mkdir(exist_ok=True)
            # Identifiers repeat within a group: a dictionary of up to 8 MB still pays.
            self.writers[name] = pq.ParquetWriter(
                path, table.schema, compression="zstd", dictionary_pagesize_limit=8 << 20
            )
            self.rows[name] = 0
        if table.num_rows:
            self.writers[name].write_table(table, row_group_size=ROWS_PER_GROUP)
            self.rows[name] += table.num_rows

    def _finish(self, name: str) -> None:
        if name in self.writers:
            self.writers.pop(name).close()

    def __exit__(self, *failure: object) -> None:
        try:
            for future in self.waiting:
                future.result()
        finally:
            self.disk.shutdown(cancel_futures=True)
            for name in list(self.writers):
                self._finish(name)
        if failure[0] is None:
            self._flatten()

    def _flatten(self) -> None:
        """A table in one part is a file, not a folder."""
        for name, last in self.parts.items():
            if last == 0:
                folder = self.folder / name
                (folder / "part-00000.parquet").rename(self.folder / f"{name}.parquet")
                folder.rmdir()


def _moved(source: Path) -> Any:
    return lambda path: source.rename(path)


def _remove_stale(out: Path, written: set[str], names: tuple[str, ...]) -> None:
    """Remove tables of an earlier town that would be read beside the new ones."""
    for name in names:
        single, many = out / f"{name}.parquet", out / name
        if single.name not in written and single.is_file():
            single.unlink()
        if many.name not in written and many.is_dir() and all(p.suffix == ".parquet" for p in many.iterdir()):
            shutil.rmtree(many)


def _without_pictures(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if key not in ("posts", "degrees")}
