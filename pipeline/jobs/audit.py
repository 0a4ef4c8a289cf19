"""The job `unpump audit`: how much of the engagement of posts and creators is real."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import BadInput, printable
from pipeline.settings import Authenticity, Params

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from pipeline.audit.constants import Constants
    from pipeline.tablefiles import TableFiles

log = logging.getLogger(__name__)
STEPS, STEPS_ON_SPARK = 9, 5  # that are told while it runs


def audit(
    tables: Path,
    out: Path,
    params: Params,
    model: str | None = None,
    scores: Path | None = None,
    groups: Path | None = None,
    creators: Path | None = None,
    price: float | None = None,
    accounts: Sequence[str] = (),
    posts: Sequence[str] = (),
    root: Path = Path(),
) -> dict[str, Any]:
    """Audit every creator and post of ``tables``.

    Writes ``audit.parquet``, ``audit.json``, ``what_if.parquet``, ``what_if_posts.parquet``, ``audit.html``, a page of
    its own for some creators in ``creators/``, ``ranking.csv`` where a list was given, and ``groups.parquet`` and
    ``scores/`` where they were made.

    Parameters
    ----------
    tables : folder of canonical tables; without events, estimates rest on counters
    out : folder of what is written
    params : settings; ``authenticity`` says how much is written
    model : what scores the accounts, a directory or ``models:/NAME@ALIAS``; not needed with ``scores``
    scores : folder that ``unpump score`` wrote of the same tables
    groups : ``groups.parquet`` of the same tables; None looks for groups where the settings say so
    creators : CSV with account_id or username, and optionally price; they are ranked, and get a page each
    price : of one post, for creators without a price of their own
    accounts, posts : account_id and post_id of single ones, instead of a list: pages and the page of the list are of
        these creators and of the authors of these posts
    root : folder of the tracking store

    Returns
    -------
    summary: creators, posts, likes, authentic (value and the ends of all creators added up), called pumped, pages, out,
    and where single ones were asked for ``told``, a text for each

    Raises
    ------
    BadInput
        When the tables, scores, groups, creators or the price cannot be used, or an account or post is not known;
        earlier outputs stay as they were.
    """
    from pipeline.audit import asked as asking
    from pipeline.audit.closeup import by_likes
    from pipeline.audit.constants import shipped
    from pipeline.audit.outputs import publish
    from pipeline.audit.relations import number, show_tables
    from pipeline.recipes.canonical import read_tables
    from pipeline.tablefiles import TableFiles

    settings, spark = params.authenticity, params.featurize.engine == "spark"
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out}", expected="a folder", got="a file", todo="Name another folder.")
    if creators and (accounts or posts):
        raise BadInput(
            "--creators",
            expected="a list, or single ones with --account and --post",
            got="both",
            todo="Leave one of them out.",
        )
    wanted = asking.read(creators, price)
    if spark:
        from pipeline.sparksession import session

        session(params.featurize)  # before anything is read: it may not be there
    given = scores_of(scores, model, tables, out, params, root)
    clean = read_tables(tables, params.prepare) if settings.clean else None  # its files vanish with it
    known = clean.tables if clean else TableFiles.open(tables)
    found = groups_of(groups, known, params)
    with ExitStack() as stack:
        connection = stack.enter_context(opened(settings, _folder(stack)))
        say = Steps(STEPS_ON_SPARK if spark else STEPS)
        say("accounts, posts and follows")
        show_tables(connection, known.files)
        number(connection, given, found)
        check_scored(connection, given, tables)
        wanted = asking.single(connection, wanted, accounts, posts)
        grouped = found is not None
        likes: Callable[[duckdb.DuckDBPyConnection], None] = by_likes
        if spark:
            from pipeline.jobs.sparkaudit import estimate_with_spark

            scratch = _folder(stack, params.featurize.spark_scratch)
            likes = estimate_with_spark(connection, shipped(), grouped, known, params, scratch, say)
        else:
            estimate(connection, shipped(), grouped, "follows" in known.files, say)
        say("posts, creators and pages")
        more = {"groups.parquet": found} if groups is None and grouped else {}
        told = publish(connection, shipped(), settings, wanted, out, more, likes)
    log.info("%s", told["says"])
    return told


def _folder(stack: ExitStack, where: str | None = None) -> Path:
    """A folder that goes when ``stack`` ends."""
    made = tempfile.TemporaryDirectory(prefix="unpump-", dir=where, ignore_cleanup_errors=True)
    return Path(stack.enter_context(made))


class Steps:
    """Tells what begins, and how far it is."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def __call__(self, what: str) -> None:
        """Say that ``what`` begins."""
        self.done += 1
        log.info("[%d/%d] %s", self.done, self.total, what)


def opened(settings: Authenticity, spill: Path) -> duckdb.DuckDBPyConnection:
    """A database within the settings' memory and threads."""
    from pipeline.database import open_database

    return open_database("authenticity.memory", settings.memory, settings.threads, spill, ordered=False)


def estimate(
    connection: duckdb.DuckDBPyConnection,
    constants: Constants,
    grouped: bool,
    follows: bool,
    say: Any = lambda what: None,
) -> None:
    """Everything that is estimated, from numbered relations."""
    from pipeline.audit import behind, evidence, peers, relations
    from pipeline.audit.estimates import after_likes

    say("likes")
    relations.like_rows(connection)
    say("what is known of each like")
    evidence.like_cells(connection, grouped, follows)
    after_likes(connection, constants, say)
    say("bursts and groups")
    behind.behind(connection, constants.cut)
    say("creators against people like them")
    peers.align(connection, follows)


def scores_of(
    scores: Path | None, model: str | None, tables: Path, out: Path, params: Params, root: Path
) -> tuple[Path, ...]:
    """Files of scores: those given, else made with the model below ``out``."""
    import pyarrow.parquet as pq

    from pipeline.audit.relations import SCORES
    from pipeline.jobs.score import score

    if scores is None:
        if model is None:
            raise BadInput("--model", expected="a model, or --scores", got="neither", todo="Name one of them.")
        quiet = params.model_copy(update={"score": params.score.model_copy(update={"explain": "none"})})
        score(model, tables, out / "scores", quiet, root=root)
        scores = out / "scores"
    one, many = scores / "scores.parquet", scores / "scores"
    files = (one,) if one.is_file() else tuple(sorted(many.glob("*.parquet")))
    if not files:
        raise BadInput(
            f"--scores {printable(str(scores), 200)}",
            expected="a folder with scores.parquet",
            got="none in it" if scores.is_dir() else "no such folder",
            todo="Name the --out of an `unpump score` of the same tables, or leave --scores out.",
        )
    try:
        known = set(pq.read_schema(files[0]).names)
    except (OSError, ValueError) as error:
        raise BadInput(
            str(files[0]), expected="a Parquet file", got=printable(str(error)), todo="Score again."
        ) from error
    if lacking := [c for c in SCORES if c not in known]:
        raise BadInput(
            str(files[0]), expected=f"columns {', '.join(SCORES)}", got=f"no {lacking[0]}", todo="Score again."
        )
    return files


def check_scored(connection: duckdb.DuckDBPyConnection, files: tuple[Path, ...], tables: Path) -> None:
    """Refuse scores of other accounts, and say how many accounts have none."""
    accounts, known, twice = connection.execute(
        "SELECT (SELECT count(*) FROM t_accounts), (SELECT count(*) FROM scored s JOIN people p USING (account) "
        "WHERE p.observed_us IS NOT NULL), (SELECT count(*) - count(DISTINCT account) FROM scored)"
    ).fetchall()[0]
    if twice:  # each like of such an account would count as often
        raise BadInput(
            str(files[0]),
            expected="each account once",
            got=f"{twice:,} rows too many",
            todo="Score the tables again, into a folder of their own.",
        )
    if accounts and not known:
        raise BadInput(
            str(files[0]),
            expected=f"scores of the accounts of {tables}",
            got="scores of none of them",
            todo="Score these tables, or leave --scores out.",
        )
    if known < accounts:
        log.warning(
            "%s of %s accounts have no score; their likes count as of unknown accounts",
            f"{accounts - known:,}",
            f"{accounts:,}",
        )


def groups_of(path: Path | None, tables: TableFiles, params: Params) -> pa.Table | None:
    """Who acted together: as given, as found in the events, or None where nobody looked."""
    import pyarrow.parquet as pq

    from features.groups import GROUPS
    from pipeline.engine import featurize_tables
    from pipeline.settings import Featurize

    settings = params.authenticity
    if path is not None:
        try:
            found = pq.read_table(path)
        except (OSError, ValueError) as error:
            raise BadInput(
                f"--groups {printable(str(path), 200)}",
                expected="groups.parquet of a run",
                got=printable(str(error)),
                todo="Name the file, or leave --groups out.",
            ) from error
        if lacking := [c for c in ("group_id", "kind", "members") if c not in found.column_names]:
            raise BadInput(
                f"--groups {path}",
                expected="a column " + lacking[0],
                got=printable(", ".join(found.column_names)),
                todo="Name groups.parquet of a run.",
            )
        return found
    files = tables.files.get("engagements", ())
    rows = sum(pq.ParquetFile(f).metadata.num_rows for f in files)
    if not rows or settings.groups == "never" or (settings.groups == "auto" and rows > settings.groups_rows):
        if rows and settings.groups == "auto":
            log.warning(
                "groups are not looked for among more than %s engagements; give --groups, or "
                "authenticity.groups=always",
                f"{settings.groups_rows:,}",
            )
        return None
    if params.featurize.engine == "spark":
        from pipeline.spark import groups_with_spark

        return groups_with_spark(tables, params.featurize)
    how = Featurize(memory=settings.memory, threads=settings.threads)
    return featurize_tables(tables, None, how, references={}, only=[], also=["groups"]).other("groups", GROUPS)
