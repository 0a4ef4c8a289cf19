"""From drafts to outcome: the steps that prepare takes for recipes, and for tables that are canonical already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable
from features.tables import TABLES, Measure
from pipeline.pseudonyms import hand_over, read_key
from pipeline.recipes import resolve, sql
from pipeline.recipes.drafts import Draft, Limits, make_refused, refuse_unusable
from pipeline.recipes.format import find
from pipeline.recipes.given import draft_tables
from pipeline.recipes.outcome import Folder, Staged, account, fingerprint, write_refused, write_table
from pipeline.recipes.sources import Source, draft_source
from pipeline.recipes.sql import Workspace
from pipeline.settings import Prepare
from pipeline.tablefiles import TableFiles

EVENTS = ("posts", "engagements", "follows")


def limits_of(settings: Prepare) -> Limits:
    """What no value may exceed, by the settings."""
    return Limits(settings.latest_at, settings.text_limit)


def workspace(settings: Prepare) -> Workspace:
    """A workspace as the settings ask for; it knows the secret of pseudonyms where there is one."""
    key = read_key(settings.pseudonyms) if settings.pseudonyms else None
    work = Workspace(settings.memory, settings.threads)
    if key:
        hand_over(work.connection, key)
        work.pseudonyms = True
    return work


def from_sources(settings: Prepare) -> dict[str, Any]:
    """Tables made of recipes with their folders, in the order the settings name them."""
    recipes = {key: find(key) for key in settings.sources}
    names = [r.name for r in recipes.values()]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(
                f"source {name}",
                expected="sources of different names",
                got="two of the same",
                todo="Give one of the recipes another `name:`.",
            )
    with workspace(settings) as work:
        refused = make_refused(work)
        sources = [
            draft_source(work, recipe, rank, Path(settings.sources[key]).expanduser(), limits_of(settings))
            for rank, (key, recipe) in enumerate(recipes.items())
        ]
        drafts = [d for s in sources for d in s.drafts]
        torn = _refuse_torn(work, sources, refused)
        for one in drafts:
            refuse_unusable(work, one, refused)
        measures = {name: m for s in reversed(sources) for name, m in s.measures.items()}
        columns = [*resolve.ACCOUNT_COLUMNS, *resolve.LABEL_FACTS, *(f"_m_{n}" for n in sorted(measures))]
        accounts = [d for d in drafts if d.table == "accounts"]
        everyone = resolve.gather(work, accounts, columns)
        _check_any(work, everyone, refused, accounts)
        kept, judged = resolve.keep_accounts(work, everyone, refused)
        relations = {"accounts": kept, "labels": resolve.keep_own_labels(work, judged)}
        resolve.check_lists(work, [d for d in drafts if d.table == "labels"], judged, refused)
        if measures:
            some = " OR ".join(f"{sql.ident('_m_' + n)} IS NOT NULL" for n in measures)
            relations["measures"] = f"(SELECT * FROM {kept} WHERE {some})"
        events = {t: [d for d in drafts if d.table == t] for t in EVENTS}
        relations |= resolve.keep_events(work, events, kept, refused)
        outcome = _write(work, relations, measures, drafts, torn, refused)
        for source in sources:
            facts = outcome["intake"]["sources"][source.recipe.name]
            facts["cleaned"]["invalid_unicode"] = source.replaced
            facts["title"], facts["cite"], facts["licence"] = (
                source.recipe.title,
                source.recipe.cite,
                source.recipe.licence,
            )
        return outcome


def from_tables(folder: Path, name: str, settings: Prepare) -> dict[str, Any]:
    """Tables made of the canonical tables in ``folder``; ``name`` is their source in the account."""
    tables = TableFiles.open(folder)
    with workspace(settings) as work:
        refused = make_refused(work)
        given = draft_tables(work, tables, name, limits_of(settings))
        for one in given.drafts.values():
            refuse_unusable(work, one, refused)
        everyone = resolve.gather(work, [given.drafts["accounts"]], resolve.ACCOUNT_COLUMNS)
        _check_any(work, everyone, refused, [given.drafts["accounts"]])
        labels = given.drafts.get("labels")
        usable = f"(SELECT * FROM {labels.relation} WHERE _problem IS NULL)" if labels else None
        kept, _ = resolve.keep_accounts(work, resolve.label_truth(work, everyone, usable), refused)
        relations = {"accounts": kept, "labels": resolve.keep_given_labels(work, labels, kept, refused)}
        if given.measures:
            relations["measures"] = resolve.keep_measures(
                work, given.drafts["measures"], list(given.measures), kept, refused
            )
        events = {t: [given.drafts[t]] for t in EVENTS if t in given.drafts}
        relations |= resolve.keep_events(work, events, kept, refused)
        outcome = _write(work, relations, given.measures, list(given.drafts.values()), {}, refused)
        outcome["intake"]["sources"][name]["cleaned"]["invalid_unicode"] = given.replaced
        return outcome


def _refuse_torn(work: Workspace, sources: Sequence[Source], refused: str) -> dict[tuple[str, str], int]:
    """Put rows that are no rows at all among the refused; how many by source and table."""
    import pyarrow as pa

    counts: dict[tuple[str, str], int] = {}
    rows = []
    for source in sources:
        for table, file, row, code, reason, value in source.torn:
            key = (source.recipe.name, table)
            counts[key] = counts.get(key, 0) + 1
            rows.append((source.rank, table, source.recipe.name, file, row, None, code, reason, value))
    if rows:
        names = ("a", "b", "c", "d", "e", "f", "g", "h", "i")
        types = (pa.int32(), *[pa.string()] * 3, pa.int64(), *[pa.string()] * 4)
        torn_rows = pa.table([pa.array(c, t) for c, t in zip(zip(*rows, strict=True), types, strict=True)], names=names)
        work.connection.register("torn_rows", torn_rows)
        work.run(f"INSERT INTO {refused} SELECT * FROM torn_rows")
        work.connection.unregister("torn_rows")
    return counts


def _check_any(work: Workspace, everyone: str, refused: str, accounts: Sequence[Draft]) -> None:
    """Refuse to go on without a single usable account."""
    if work.one(f"SELECT count(*) FROM {everyone}"):
        return
    names = ", ".join(dict.fromkeys(d.source for d in accounts))
    first = ", ".join(f"arg_min({sql.ident(c)}, row)" for c in ("file", "column", "reason", "value"))
    worst = work.rows(
        f"SELECT {first}, min(row), count(*) FROM {refused} WHERE _table = 'accounts' "
        "GROUP BY reason_code ORDER BY count(*) DESC, reason_code LIMIT 1"
    )
    if not worst:
        raise BadInput(f"accounts of {names}", expected="rows", got="an empty table", todo="Export the data again.")
    file, column, reason, value, row, rows = worst[0]
    raise BadInput(
        f"accounts of {names}",
        expected="at least one row that can be used",
        got=f"{rows} refused, the first in {file} row {row}, column {column}: {reason}"
        + (f" ({printable(value, 40)})" if value and not work.pseudonyms else ""),
        todo="Correct the data or the recipe.",
    )


def _write(
    work: Workspace,
    relations: Mapping[str, str],
    measures: Mapping[str, Measure],
    drafts: Sequence[Draft],
    torn: Mapping[tuple[str, str], int],
    refused: str,
) -> dict[str, Any]:
    folder = Folder(work.folder)
    staged: dict[str, Staged] = {}
    for name in TABLES:
        if name in relations:
            one = write_table(work, folder, name, relations[name], measures)
            if one.rows or name in ("accounts", "labels"):
                staged[name] = one
    labels = _labels(work, relations["labels"])
    found = account(work, drafts, torn, refused)
    for name, facts in found.items():
        told = [c for source, c in labels.items() if source == name or len(found) == 1]
        facts["bots"], facts["people"] = sum(c["bots"] for c in told), sum(c["people"] for c in told)
    intake = {
        "sources": found,
        "labels": labels,
        "tables": {name: one.rows for name, one in staged.items()},
        "fingerprint": fingerprint(staged),
    }
    return {
        "tables": {f"{name}.parquet": one for name, one in staged.items()},
        "refused": write_refused(work, folder, refused),
        "intake": intake,
    }


def _labels(work: Workspace, labels: str) -> dict[str, dict[str, int]]:
    counts = (
        f"SELECT source, count(*) FILTER (is_bot), count(*) FILTER (NOT is_bot) FROM {labels} GROUP BY ALL ORDER BY ALL"
    )
    return {source: {"bots": bots, "people": people} for source, bots, people in work.rows(counts)}
