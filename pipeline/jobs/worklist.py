"""A reviewer's worklist: a local page of the accounts of a night's scores, to say bot, human or unclear.

It needs what `unpump score` wrote and nothing else. Accounts drawn for the audit come first and are judged blind: what
the score says of them is shown to a reviewer once their verdict is written down, and that verdict stays the only one.
Verdicts are added to ``label_review.parquet``, which `unpump feedback` reads; each names the moment of the score it
is about. The page is served as the desk is: on the loopback address alone, to this machine's own browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from features.errors import BadInput, printable
from pipeline.jobs.desk import FILE, LIKELY, Book
from pipeline.jobs.feedback import scores_in
from pipeline.jobs.scorerows import ALLOW, INVALID
from pipeline.settings import Params
from review.worklist import Listed, case_of, entries

PER_PAGE = 50  # accounts of a list
Decided = set[tuple[str, datetime | None]]


class Worklist(Book):
    """Accounts of scores: what the pages show and what is recorded; nothing here knows of HTTP.

    Parameters
    ----------
    scores : folder that `unpump score` wrote, with scores.parquet or the folder scores
    params : settings; with ``prepare.pseudonyms`` original identifiers are looked up too
    reviewer : whose verdicts these are
    out : folder for label_review.parquet; None: ``scores``

    Raises
    ------
    BadInput
        When the folder holds no scores, or the file of answers is another file.
    """

    def __init__(self, scores: Path, params: Params, reviewer: str, out: Path | None = None) -> None:
        self.scores, self.params, self.rows = scores, params, scores_in(scores)
        super().__init__((out or scores) / FILE, reviewer)
        self.drawn, self.flagged = self._lists()

    def _lists(self) -> tuple[list[Listed], list[Listed]]:
        """Accounts drawn for the audit, in an order that tells nothing, and flagged ones, the harshest tier first."""
        from models.thresholds import TIERS

        audit, flagged = ds.field("audit"), ds.field("scored_tier") != ALLOW
        columns = ["account_id", "as_of", "scored_tier", "bot_probability", "audit"]
        usable = (ds.field("status") != INVALID) & (audit | flagged)
        rows = self.rows.to_table(columns=columns, filter=usable).to_pylist()
        rank = {tier: place for place, tier in enumerate(TIERS)}
        worst = sorted(
            (r for r in rows if not r["audit"]),
            key=lambda r: (rank.get(r["scored_tier"], len(rank)), -(r["bot_probability"] or 0.0), r["account_id"]),
        )
        blind = sorted((r["account_id"], r["as_of"]) for r in rows if r["audit"])
        return (
            [Listed(account, as_of, None, None) for account, as_of in blind],
            [Listed(r["account_id"], r["as_of"], r["scored_tier"], r["bot_probability"]) for r in worst],
        )

    def row(self, account: str) -> dict[str, Any]:
        """The row of scores of an account.

        Raises
        ------
        BadInput
            When there is none.
        """
        from pipeline.pseudonyms import pseudonym, read_key

        key = self.params.prepare.pseudonyms
        names = [account, *([pseudonym(read_key(key), account)] if key else [])]
        found = self.rows.to_table(filter=ds.field("account_id").isin(names)).to_pylist()
        if not found:
            raise BadInput(
                f"account {printable(account, 80)}",
                expected=f"an account of {self.scores}",
                got="an identifier that is not there",
                todo="Identifiers are compared letter by letter.",
            )
        return min(found, key=lambda r: r["status"] == INVALID)  # of rows with one identifier the scored one

    def decided(self, mine: bool) -> Decided:
        """Accounts somebody has decided about by these scores, or this reviewer has."""
        rows = self.answers().select(["account_id", "as_of", "reviewer"]).to_pylist()
        return {(r["account_id"], r["as_of"]) for r in rows if not mine or r["reviewer"] == self.reviewer}

    def record(self, account: str, answer: str, why: str) -> None:
        """Write one verdict down.

        Raises
        ------
        BadInput
            When there is no such account or decision, or the account was drawn for the audit and this reviewer has
            seen its score since deciding.
        """
        from models.labelreview import DECISIONS

        if answer not in DECISIONS:
            raise BadInput("answer", expected=", ".join(DECISIONS), got=printable(answer), todo="Use the form.")
        row = self.row(account)
        if row["status"] == INVALID:
            raise BadInput(
                f"account {printable(account, 80)}",
                expected="a score",
                got="none",
                todo="Correct its row in the tables.",
            )
        with self.lock:
            if row["audit"] and (row["account_id"], row["as_of"]) in self.decided(mine=True):
                raise BadInput(
                    f"account {printable(account, 80)}",
                    expected="one verdict about an account drawn for the audit, given before its score is shown",
                    got="another one",
                    todo="Leave it to another reviewer, or correct the file by hand and say so in why.",
                )
            likely = (row["bot_probability"] or 0.0) >= LIKELY
            agrees = "agree" if likely == (answer == "bot") else "disagree"
            told = {name: row[name] for name in ("account_id", "bot_probability", "model_version", "as_of")}
            decided = {"answer": "unsure" if answer == "unclear" else agrees, "decision": answer}
            self.add({**told, **decided, "tier": row["scored_tier"]}, why)

    def page(self, account: str | None = None, said: str = "", start: int = 0) -> str:
        """The page, with the case of ``account`` where one is asked for, and lists from entry ``start`` on."""
        from models.labelreview import DECISIONS
        from review.page import render, shown

        case = None
        done, mine = self.decided(mine=False), self.decided(mine=True)
        if account:
            try:
                row = self.row(account)
                blind = row["audit"] and (row["account_id"], row["as_of"]) not in mine
                case = case_of(row, blind, may_decide=blind or not row["audit"])
            except BadInput as error:
                said = str(error)
        left = {"drawn": _left(self.drawn, done), "flagged": _left(self.flagged, done)}
        ours = [a for a in self.answers().to_pylist() if a["reviewer"] == self.reviewer]
        context = {
            "scores": shown(self.scores, 200),
            "file": shown(self.path.name),
            "reviewer": shown(self.reviewer, 80),
            "said": shown(said, 600),
            "asked": shown(account or "", 200),
            "token": self.token,
            "account": account or "",
            "decisions": list(DECISIONS),
            "case": case,
            "following": entries(self._following(case, left)),
            "drawn": entries(left["drawn"][start : start + PER_PAGE]),
            "flagged": entries(left["flagged"][start : start + PER_PAGE]),
            "open": {name: len(some) for name, some in left.items()},
            "all": {"drawn": len(self.drawn), "flagged": len(self.flagged)},
            "earlier": max(0, start - PER_PAGE) if start else None,
            "later": start + PER_PAGE if max(map(len, left.values())) > start + PER_PAGE else None,
            # Of this reviewer alone: what others decided would tell the tier of accounts still to be judged blind.
            "count": len(ours),
            "latest": entries(_latest(ours)),
        }
        return render("worklist.html.j2", context, forms=True)

    def _following(self, case: Mapping[str, Any] | None, left: Mapping[str, list[Listed]]) -> list[Listed]:
        """The account to look at after ``case``: those to be judged blind first."""
        asked = case["raw"] if case else None
        return [one for some in left.values() for one in some if one.account_id != asked][:1]


def _left(some: list[Listed], done: Decided) -> list[Listed]:
    return [one for one in some if (one.account_id, one.as_of) not in done]


def _latest(answers: list[dict[str, Any]]) -> Iterator[Listed]:
    """The last ten verdicts, the newest first; the decision stands in the place of the tier."""
    for answer in answers[-10:][::-1]:
        yield Listed(answer["account_id"], answer["as_of"], answer["decision"], None)
