"""The whole way from likes, scores and groups to estimates of posts and creators, as relations in DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pipeline.audit import creators, evidence, posts
from pipeline.audit.constants import Constants
from pipeline.audit.verdicts import intent_tables

if TYPE_CHECKING:
    import duckdb


def after_likes(
    connection: duckdb.DuckDBPyConnection, constants: Constants, say: Callable[[str], None] = lambda what: None
) -> None:
    """Make ``posts``, ``creators`` and who is likely to be behind them, after ``evidence.like_cells``."""
    of_authors(connection, constants, say)
    intent_tables(connection, constants)


def of_authors(
    connection: duckdb.DuckDBPyConnection, constants: Constants, say: Callable[[str], None] = lambda what: None
) -> None:
    """Make ``posts``, ``creators`` and their cells; nothing here looks beyond one author.

    Parameters
    ----------
    connection : with the relations of ``pipeline.audit.relations`` and the cells of likes
    constants : what was fitted on towns
    say : told what begins
    """
    say("the company of each like")
    evidence.weigh(connection, constants.alone)
    evidence.judge(connection, constants.together)
    say("likes of each post")
    posts.count_cells(connection)
    posts.estimate(connection, constants.counters)
    say("creators")
    creators.sum_up(connection, constants.cut)
    creators.intent_cells(connection)
