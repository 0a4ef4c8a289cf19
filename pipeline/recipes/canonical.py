"""Canonical tables as scoring wants them: cleaned like in training, without labels, and no account row lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.errors import BadInput
from pipeline.pseudonyms import pseudonym_sql
from pipeline.recipes import sql
from pipeline.recipes.drafts import Draft, make_refused, refuse_unusable
from pipeline.recipes.given import Given, draft_tables
from pipeline.recipes.outcome import Folder, account, escaped, write_table
from pipeline.recipes.prepared import limits_of, workspace
from pipeline.recipes.sql import Workspace
from pipeline.settings import Prepare
from pipeline.tablefiles import TableFiles

INVALID = pa.schema([("account_id", pa.string()), ("reason", pa.string())])
_LAST = "row_number() OVER (PARTITION BY account_id ORDER BY observed_at DESC, _file, _row)"


@dataclass(frozen=True)
class Cleaned:
    """Tables ready to be measured.

    ``tables`` hold the usable rows in canonical types, one row per account; files that were canonical already are
    the ones given. ``invalid`` has a row (account_id, reason) for every row of accounts that cannot be scored, sorted;
    together with ``tables`` that is every row of accounts. ``counts`` are rows read, used and refused by table with
    reasons.
    """

    tables: TableFiles
    invalid: pa.Table
    counts: dict[str, Any]
    folder: Folder = field(repr=False)  # the cleaned files vanish with it


def read_tables(folder: Path, settings: Prepare) -> Cleaned:
    """Canonical tables in ``folder``, cleaned for scoring as ``clean_tables`` does it."""
    return clean_tables(TableFiles.open(folder), settings)


def clean_tables(files: TableFiles, settings: Prepare, may_be_empty: bool = False) -> Cleaned:
    """Canonical tables cleaned for scoring; a table of labels is left alone.

    An account without identifier is called by its file and row. Of several rows of one account the one observed last is
    scored and the others are invalid. Events may name accounts that are not in ``accounts``.

    Raises
    ------
    BadInput
        When accounts are absent or empty, a file is no Parquet, or a needed column is missing or of a wrong type.
    """
    found = TableFiles(files.folder, {t: paths for t, paths in files.files.items() if t != "labels"})
    with workspace(settings) as work:
        refused = make_refused(work)
        given = draft_tables(work, found, "tables", limits_of(settings))
        if not given.drafts["accounts"].read and not may_be_empty:
            raise BadInput(
                str(found.files["accounts"][0]),
                expected="accounts",
                got="an empty table",
                todo="Export the data again.",
            )
        for one in given.drafts.values():
            refuse_unusable(work, one, refused)
        here = Folder(work.folder)
        invalid = _invalid(work, given.drafts["accounts"])
        kept = {}
        for table, one in given.drafts.items():
            if not work.pseudonyms and _untouched(work, given, table):
                kept[table] = given.paths[table]
                continue
            rows = _usable(work, one, refused)
            staged = write_table(work, here, table, rows, given.measures, ordered=table == "accounts")
            if staged.rows or table == "accounts":
                kept[table] = (staged.path,)
        counts = account(work, list(given.drafts.values()), {}, refused)["tables"]["tables"]
    return Cleaned(TableFiles(here.path, kept), invalid, counts, here)


def _invalid(work: Workspace, accounts: Draft) -> pa.Table:
    """Every row of accounts that cannot be scored, with the reason."""
    reasons = " ".join(f"WHEN {i} THEN {sql.text(f'{c.column}: {c.reason}')}" for i, c in enumerate(accounts.checks))
    account, own, shown = (
        "account_id",
        "trim(account_id)",
        "CASE WHEN _value IS NULL THEN '' ELSE ' (' || _value || ')' END",
    )
    if work.pseudonyms:
        account = own = pseudonym_sql("account_id")
        shown = "''"
    name = f"coalesce(CASE WHEN trim(account_id) <> '' THEN {own} END, _file || ' row ' || _row)"
    wrong = (
        f"SELECT {name} AS account_id, CASE _problem {reasons} END || {shown} AS reason FROM {accounts.relation} "
        "WHERE _problem IS NOT NULL"
    )
    again = (
        f"SELECT {account} AS account_id, 'account_id: another row of the same account is scored' "
        f"FROM {accounts.relation} WHERE _problem IS NULL QUALIFY {_LAST} > 1"
    )
    found = work.table(f"SELECT * FROM ({wrong} UNION ALL {again}) ORDER BY account_id, reason").cast(INVALID)
    return found.set_column(1, INVALID.field("reason"), escaped(found.column("reason")))


def _usable(work: Workspace, one: Draft, refused: str) -> str:
    """The rows of a draft that are kept; repeated accounts and measures are refused."""
    first = {"accounts": _LAST, "measures": "row_number() OVER (PARTITION BY account_id ORDER BY _file, _row)"}.get(
        one.table
    )
    if first is None:
        return f"(SELECT * FROM {one.relation} WHERE _problem IS NULL)"
    work.run(
        f"INSERT INTO {refused} SELECT 0, {sql.text(one.table)}, 'tables', _file, _row, 'account_id', 'repeated', "
        f"'another row of the same account is used', left(account_id, 200) FROM {one.relation} WHERE _problem IS NULL "
        f"QUALIFY {first} > 1"
    )
    return f"(SELECT * FROM {one.relation} WHERE _problem IS NULL QUALIFY {first} = 1)"


def _untouched(work: Workspace, given: Given, table: str) -> bool:
    """True where cleaning would change nothing, so that many gigabytes need not be written again."""
    one = given.drafts[table]
    return (
        table not in ("accounts", "measures")
        and bool(one.read)
        and given.plain[table]
        and not any(one.cleaned.values())
        and not work.one(f"SELECT count(*) FROM {one.relation} WHERE _problem IS NOT NULL")
    )
