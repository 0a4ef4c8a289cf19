"""Verdicts that people overturned: they stand for an account until its evidence changes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import BadInput, printable
from pipeline.jobs.scorerows import ALLOW, OVERTURNED, SCORED

log = logging.getLogger(__name__)
VERDICTS = "verdicts.parquet"
ANOTHER_MODEL = "; by another model than the person saw, so only values shown then were compared: look again"


@dataclass(frozen=True)
class Standing:
    """Overturned verdicts by account: what to say of each, and the reasons and the model the person had before them."""

    says: Mapping[str, str]
    reasons: Mapping[str, list[dict[str, Any]]]
    model: Mapping[str, str]
    least: float  # log-odds
    stamp: str  # of the file they are from

    @classmethod
    def read(cls, place: Path, least: float) -> Standing:
        """The overturned verdicts in ``verdicts.parquet``, or in the folder of `unpump feedback` that holds it.

        A folder that is not there yet, or is empty, holds none: before the first night nobody has decided anything.

        Raises
        ------
        BadInput
            When the folder holds other things, or the file is another one.
        """
        from models.feedback import VERDICTS as COLUMNS
        from models.feedback import overturned
        from pipeline.jobs.resumable import checksum

        if _nothing_yet(place):
            log.warning("no verdicts in %s yet: none is overturned", place)
            return cls({}, {}, {}, least, "none")
        path = place / VERDICTS if place.is_dir() else place
        try:
            rows = pq.read_table(path).select(list(COLUMNS)).to_pandas()
            stamp = checksum(path)
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise BadInput(
                f"--feedback {place}",
                expected="the folder that `unpump feedback` wrote",
                got=printable(str(error), 200),
                todo="Run `unpump feedback` on the verdicts, and name the folder it wrote.",
            ) from error
        found = overturned(rows)
        says = {
            r["account_id"]: f"overturned: {r['channel']} by {printable(r['reviewer'], 60)} on "
            f"{r['decided_at']:%Y-%m-%d} said person, and nothing new speaks against the account"
            for r in found.to_dict("records")
        }
        reasons = {
            str(account): list(told) for account, told in zip(found["account_id"], found["reasons"], strict=True)
        }
        return cls(says, reasons, dict(zip(found["account_id"], found["model_version"], strict=True)), least, stamp)

    def applied(self, rows: pa.Table) -> pa.Table:
        """Rows of scores in which what was overturned and rests on nothing new is allowed, and says so."""
        from models.feedback import is_new

        if not self.says:
            return rows
        ids = rows.column("account_id")
        about = pc.and_(
            pc.is_in(ids, pa.array(self.says, pa.string())),
            pc.and_(pc.equal(rows.column("status"), SCORED), pc.not_equal(rows.column("tier"), ALLOW)),
        )
        held = np.zeros(rows.num_rows, dtype=bool)
        said: list[str | None] = [None] * rows.num_rows
        for i in np.flatnonzero(about.to_numpy()):
            account = ids[i].as_py()
            same = self.model[account] == rows.column("model_version")[i].as_py()
            if not is_new(self.reasons[account], rows.column("reasons")[i].as_py(), self.least, same):
                held[i], said[i] = True, self.says[account] + ("" if same else ANOTHER_MODEL)
        if not held.any():
            return rows
        mask = pa.array(held)
        for name, value in (("status", OVERTURNED), ("tier", ALLOW)):
            column = pc.if_else(mask, pa.scalar(value), rows.column(name))
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
        column = pc.if_else(mask, pa.array(said, pa.string()), rows.column("status_reason"))
        place = rows.schema.get_field_index("status_reason")
        return rows.set_column(place, rows.schema.field(place), column)


def _nothing_yet(place: Path) -> bool:
    """Whether ``place`` is a folder that is empty or not there; a file that is not there is a wrong name."""
    if place.is_dir():
        return not any(place.iterdir())
    return not place.exists() and place.suffix != ".parquet"
