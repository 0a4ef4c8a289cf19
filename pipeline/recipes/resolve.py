"""Which rows stay: one per account, one label each, and the events that touch an account we know.

The rules, as docs/recipes.md states them:

* Two rows are the same account when they have the same identifier; where one of them has none of its own, when
  platform and name (whatever the case) are the same.
* The row observed last stays; of rows observed together the one whose source was named first, then file and row.
* An account that is called a bot here and a person there is left out entirely.
* A post or engagement stays when a known account wrote the post or acted on it; a follow when it has a known end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.tables import TABLES
from pipeline.recipes import sql
from pipeline.recipes.drafts import Draft
from pipeline.recipes.sql import Workspace

ACCOUNT_COLUMNS = tuple(c.name for c in TABLES["accounts"].columns)
LABEL_FACTS = ("_label_low", "_label_high", "_kind", "_confidence", "_labelled_at", "_by_name")
_ORDER = "observed_at DESC, _draft, _file, _row"


def gather(work: Workspace, drafts: Sequence[Draft], columns: Sequence[str]) -> str:
    """The usable rows of several drafts of one table as one relation, with ``_draft``, ``_rank`` and ``_source``."""
    pieces = []
    for i, one in enumerate(drafts):
        there = {name for name, *_ in work.rows(f"DESCRIBE {one.relation}")}
        picked = [sql.ident(c) if c in there else f"CAST(NULL AS DOUBLE) AS {sql.ident(c)}" for c in columns]
        pieces.append(
            f"SELECT {i} AS _draft, {one.rank} AS _rank, {sql.text(one.source)} AS _source, _file, _row, "
            f"{', '.join(picked)} FROM {one.relation}" + (" WHERE _problem IS NULL" if one.unusable else "")
        )
    relation = work.name("gathered")
    work.run(f"CREATE VIEW {relation} AS {' UNION ALL '.join(pieces)}")
    return relation


def label_truth(work: Workspace, accounts: str, labels: str | None) -> str:
    """Accounts of given tables with the lowest and highest truth their labels tell."""
    relation = work.name("told")
    if labels is None:
        told = "SELECT NULL AS account_id, CAST(NULL AS BOOLEAN) AS low, CAST(NULL AS BOOLEAN) AS high WHERE FALSE"
    else:
        told = f"SELECT account_id, min(is_bot) AS low, max(is_bot) AS high FROM {labels} GROUP BY account_id"
    work.run(
        f"CREATE VIEW {relation} AS SELECT a.*, t.low AS _label_low, t.high AS _label_high, FALSE AS _by_name "
        f"FROM {accounts} a LEFT JOIN ({told}) t ON t.account_id = a.account_id"
    )
    return relation


def keep_accounts(work: Workspace, everyone: str, refused: str) -> tuple[str, str]:
    """One row per account.

    Returns
    -------
    (kept, judged) : relations; ``judged`` holds every usable row with ``_id``, the account it belongs to
    """
    work.run(
        "CREATE TABLE alias AS SELECT platform || ':@' || lower(username) AS name, account_id AS id "
        f"FROM {everyone} WHERE NOT _by_name AND username IS NOT NULL "
        f"AND name IN (SELECT account_id FROM {everyone} WHERE _by_name) "
        f"QUALIFY row_number() OVER (PARTITION BY name ORDER BY {_ORDER}) = 1"
    )
    work.run(
        f"CREATE TABLE judged AS SELECT *, row_number() OVER best AS _place, first_value(_source) OVER best AS _stays, "
        f"first_value(_file) OVER best AS _stays_file, first_value(_row) OVER best AS _stays_row, "
        f"coalesce(min(_label_low) OVER same <> max(_label_high) OVER same, FALSE) AS _torn FROM "
        f"(SELECT e.*, coalesce(a.id, e.account_id) AS _id FROM {everyone} e "
        f"LEFT JOIN alias a ON e._by_name AND e.account_id = a.name) "
        f"WINDOW best AS (PARTITION BY _id ORDER BY {_ORDER} "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), same AS (PARTITION BY _id)"
    )
    where = "_rank, 'accounts', _source, _file, _row"
    said = "CASE WHEN _label_low THEN 'bot' WHEN NOT _label_low THEN 'not a bot' END"
    work.run(
        f"INSERT INTO {refused} SELECT {where}, 'label', 'contradictory_label', "
        f"'it is called a bot in one place and not in another', {said} FROM judged WHERE _torn"
    )
    work.run(
        f"INSERT INTO {refused} SELECT {where}, 'account_id', 'repeated', "
        f"'the same account was kept from ' || _stays || ', ' || _stays_file || ' row ' || _stays_row, "
        f"left(account_id, 200) FROM judged WHERE NOT _torn AND _place > 1"
    )
    work.run(
        "CREATE TABLE kept AS SELECT * EXCLUDE (account_id, _id), _id AS account_id FROM judged "
        "WHERE NOT _torn AND _place = 1"
    )
    return "kept", "judged"


def keep_own_labels(work: Workspace, judged: str) -> str:
    """Labels that came in the rows of accounts: of several for one account, that of the row observed last."""
    work.run(
        "CREATE TABLE labels_kept AS SELECT _id AS account_id, _label_low AS is_bot, _kind AS kind, _source AS source, "
        f"_labelled_at AS labelled_at, _confidence AS confidence FROM {judged} "
        f"WHERE NOT _torn AND _label_low IS NOT NULL QUALIFY row_number() OVER (PARTITION BY _id ORDER BY {_ORDER}) = 1"
    )
    return "labels_kept"


def check_lists(work: Workspace, lists: Sequence[Draft], judged: str, refused: str) -> None:
    """Refuse listed accounts that are nowhere, or listed twice in one file of labels."""
    for one in lists:
        _refuse_rows(
            work,
            refused,
            one,
            [
                (
                    f"account_id NOT IN (SELECT account_id FROM {judged})",
                    "unknown_account",
                    "it is listed, but there is no usable account of that name",
                ),
                (
                    "row_number() OVER (PARTITION BY account_id ORDER BY _file, _row) > 1",
                    "repeated",
                    "it is listed more than once",
                ),
            ],
        )


def keep_given_labels(work: Workspace, labels: Draft | None, kept: str, refused: str) -> str:
    """One label per known account: that given last, then by source, file and row."""
    if labels is None:
        work.run(
            "CREATE TABLE labels_kept (account_id VARCHAR, is_bot BOOLEAN, kind VARCHAR, source VARCHAR, "
            "labelled_at TIMESTAMP, confidence DOUBLE)"
        )
        return "labels_kept"
    torn = (
        f"SELECT account_id FROM {labels.relation} WHERE _problem IS NULL GROUP BY 1 HAVING min(is_bot) <> max(is_bot)"
    )
    known = f"account_id IN (SELECT account_id FROM {kept})"
    order = "labelled_at DESC NULLS LAST, source, _file, _row"
    conditions = [
        (
            f"account_id IN ({torn})",
            "contradictory_label",
            "the account is called a bot in one place and not in another",
        ),
        (f"NOT {known}", "unknown_account", "there is no usable account of that identifier"),
        (
            f"row_number() OVER (PARTITION BY account_id ORDER BY {order}) > 1",
            "repeated",
            "a later label says the same",
        ),
    ]
    _refuse_rows(work, refused, labels, conditions)
    work.run(
        f"CREATE TABLE labels_kept AS SELECT account_id, is_bot, kind, source, labelled_at, confidence FROM "
        f"{labels.relation} WHERE _problem IS NULL AND {known} "
        f"QUALIFY row_number() OVER (PARTITION BY account_id ORDER BY {order}) = 1"
    )
    return "labels_kept"


def keep_measures(work: Workspace, measures: Draft, names: Sequence[str], kept: str, refused: str) -> str:
    """One row of given measures per known account, the first."""
    known, first = (
        f"account_id IN (SELECT account_id FROM {kept})",
        "row_number() OVER (PARTITION BY account_id ORDER BY _file, _row)",
    )
    _refuse_rows(
        work,
        refused,
        measures,
        [
            (f"NOT {known}", "unknown_account", "there is no usable account of that identifier"),
            (f"{first} > 1", "repeated", "an earlier row has the account's measures"),
        ],
    )
    picked = "".join(f", {sql.ident('_m_' + n)}" for n in names)
    work.run(
        f"CREATE TABLE measures_kept AS SELECT account_id{picked} FROM {measures.relation} "
        f"WHERE _problem IS NULL AND {known} QUALIFY {first} = 1"
    )
    return "measures_kept"


def keep_events(work: Workspace, drafts: Mapping[str, Sequence[Draft]], kept: str, refused: str) -> dict[str, str]:
    """Relations of the posts, engagements and follows that touch a known account; absent tables have no key."""
    rows = {
        table: gather(work, found, [c.name for c in TABLES[table].columns]) for table, found in drafts.items() if found
    }
    known = f"(SELECT account_id FROM {kept})"
    if "posts" in rows:
        rows["posts"] = _by_id(rows["posts"])
    # Rows of strangers are few where exports are complete, so only their posts are looked up.
    strangers = [
        f"SELECT post_id FROM {rows[table]} r ANTI JOIN {kept} k ON k.account_id = r.{who}"
        for table, who in (("posts", "account_id"), ("engagements", "actor_id"))
        if table in rows
    ]
    if strangers:
        work.run(f"CREATE TABLE strange AS SELECT DISTINCT post_id FROM ({' UNION ALL '.join(strangers)})")
        if work.one("SELECT count(*) FROM strange"):
            rows |= _keep_touched(work, rows, known, refused)
    if "posts" in rows:
        rows["posts"] = _keep_posts_once(work, rows["posts"], refused)
    if "follows" in rows:
        rows["follows"] = _keep_follows(work, rows["follows"], known, refused)
    return rows


def _keep_touched(work: Workspace, rows: Mapping[str, str], known: str, refused: str) -> dict[str, str]:
    """Posts and engagements less those that no known account has to do with."""
    near = [
        f"SELECT post_id FROM {rows[table]} WHERE {who} IN {known} AND post_id IN (SELECT post_id FROM strange)"
        for table, who in (("posts", "account_id"), ("engagements", "actor_id"))
        if table in rows
    ]
    work.run(f"CREATE TABLE untouched AS SELECT post_id FROM strange WHERE post_id NOT IN ({' UNION ALL '.join(near)})")
    away = "post_id IN (SELECT post_id FROM untouched)"
    reasons = {
        "posts": ("account_id", "no known account wrote it or acted on it"),
        "engagements": ("actor_id", "no known account acted, wrote the post, or acted on it"),
    }
    left = {}
    for table, (who, reason) in reasons.items():
        if table in rows:
            _refuse(work, refused, table, rows[table], away, who, "unknown_account", reason, who)
            left[table] = f"(SELECT * FROM {rows[table]} WHERE NOT ({away}))"
    return left


def _by_id(posts: str) -> str:
    """Posts whose author was named, under the identifier that the author's account is kept by."""
    return (
        f"(SELECT p.* REPLACE (coalesce(a.id, p.account_id) AS account_id) FROM {posts} p "
        "LEFT JOIN alias a ON a.name = p.account_id)"
    )


def _keep_posts_once(work: Workspace, near: str, refused: str) -> str:
    again = "(SELECT post_id FROM repeated_posts)"
    work.run(f"CREATE TABLE repeated_posts AS SELECT post_id FROM {near} GROUP BY 1 HAVING count(*) > 1")
    if not work.one("SELECT count(*) FROM repeated_posts"):
        return near
    work.run(
        f"CREATE TABLE posts_again AS SELECT *, row_number() OVER "
        f"(PARTITION BY post_id ORDER BY _draft, _file, _row) AS _place FROM {near} WHERE post_id IN {again}"
    )
    _refuse(
        work,
        refused,
        "posts",
        "posts_again",
        "_place > 1",
        "post_id",
        "repeated",
        "an earlier row has the same identifier",
        "post_id",
    )
    return (
        f"(SELECT * FROM {near} WHERE post_id NOT IN {again} "
        f"UNION ALL SELECT * EXCLUDE (_place) FROM posts_again WHERE _place = 1)"
    )


def _keep_follows(work: Workspace, follows: str, known: str, refused: str) -> str:
    away = f"follower_id NOT IN {known} AND followed_id NOT IN {known}"
    _refuse(
        work,
        refused,
        "follows",
        follows,
        away,
        "follower_id",
        "unknown_account",
        "no known account is at either end",
        "follower_id",
    )
    near = f"(SELECT * FROM {follows} WHERE NOT ({away}))"
    work.run(
        f"CREATE TABLE repeated_follows AS SELECT follower_id, followed_id FROM {near} GROUP BY ALL HAVING count(*) > 1"
    )
    if not work.one("SELECT count(*) FROM repeated_follows"):
        return near
    work.run(
        f"CREATE TABLE follows_again AS SELECT f.*, row_number() OVER (PARTITION BY f.follower_id, f.followed_id "
        f"ORDER BY f.created_at NULLS LAST, f._draft, f._file, f._row) AS _place "
        f"FROM {near} f JOIN repeated_follows r USING (follower_id, followed_id)"
    )
    _refuse(
        work,
        refused,
        "follows",
        "follows_again",
        "_place > 1",
        "followed_id",
        "repeated",
        "an earlier follow is the same",
        "followed_id",
    )
    return (
        f"(SELECT f.* FROM {near} f ANTI JOIN repeated_follows r USING (follower_id, followed_id) "
        f"UNION ALL SELECT * EXCLUDE (_place) FROM follows_again WHERE _place = 1)"
    )


def _refuse(
    work: Workspace, refused: str, table: str, rows: str, where: str, column: str, code: str, reason: str, shown: str
) -> None:
    work.run(
        f"INSERT INTO {refused} SELECT _rank, {sql.text(table)}, _source, _file, _row, {sql.text(column)}, "
        f"{sql.text(code)}, {sql.text(reason)}, left({shown}, 200) FROM {rows} WHERE {where}"
    )


def _refuse_rows(work: Workspace, refused: str, one: Draft, conditions: Sequence[tuple[str, str, str]]) -> None:
    """Refuse rows of a draft for the first condition that holds; windows in it see only rows no earlier one took."""
    taken = "FALSE"
    for condition, code, reason in conditions:
        rows = (
            f"(SELECT *, {one.rank} AS _rank, {sql.text(one.source)} AS _source, {condition} AS _away "
            f"FROM {one.relation} WHERE _problem IS NULL AND NOT ({taken}))"
        )
        _refuse(work, refused, one.table, rows, "_away", "account_id", code, reason, "account_id")
        if "OVER" not in condition:
            taken = f"{taken} OR {condition}"
