"""A reviewer's desk: a local page to look up any account of a run and to say agree, disagree or unsure.

It listens on the loopback address alone and writes one file, ``label_review.parquet`` in the folder of the run, whose
decisions `unpump review-labels` takes. What comes from elsewhere (another host's page, a foreign form) is refused: a
request must name this address, and a decision must carry the token of this process. ``pipeline.jobs.worklist`` serves
the accounts of a night's scores in the same way.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import BadInput, printable
from pipeline.files import write_all
from pipeline.layout import Layout
from pipeline.settings import Params

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
LONGEST = 20_000  # bytes of a form
LIKELY = 0.5  # probability from which the model says that an account resembles a bot
ANSWERS = ("agree", "disagree", "unsure")
FILE, AS_OF = "label_review.parquet", "as_of"
SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("decision", pa.string()),  # bot, human or unclear; null for accounts without a label
        pa.field("why", pa.string()),
        pa.field("bot_probability", pa.float64()),  # null where nothing that is known carries a score
        pa.field("tier", pa.string(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("reviewer", pa.string(), nullable=False),
        pa.field("decided_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("as_of", pa.timestamp("us", tz="UTC")),  # of the score the answer is about; null for those of a run
    ]
)


class Book:
    """The file that answers are written to, and who writes them."""

    def __init__(self, path: Path, reviewer: str) -> None:
        self.path, self.reviewer = path, reviewer
        self.token = secrets.token_urlsafe(24)
        self.lock = RLock()
        self.answers()  # says now if the file is no such file

    def answers(self) -> pa.Table:
        """All that was recorded so far, in order."""
        if not self.path.is_file():
            return SCHEMA.empty_table()
        try:
            table = pq.read_table(self.path)
            if AS_OF not in table.column_names:  # recorded before answers named it
                table = table.append_column(SCHEMA.field(AS_OF), pa.nulls(len(table), SCHEMA.field(AS_OF).type))
            return table.select(SCHEMA.names).cast(SCHEMA)
        except (pa.ArrowException, KeyError, ValueError, OSError) as error:
            raise BadInput(
                str(self.path),
                expected="answers recorded by `unpump review --serve`",
                got=printable(str(error)),
                todo="Move the file away; a new one is begun.",
            ) from error

    def add(self, row: Mapping[str, Any], why: str) -> None:
        """Write one answer down, as given now by this reviewer."""
        now = {"why": printable(why, 2000) or None, "reviewer": self.reviewer, "decided_at": datetime.now(UTC)}
        with self.lock:
            table = pa.Table.from_pylist([{**row, **now}], schema=SCHEMA)
            write_all({self.path: pa.concat_tables([self.answers(), table])})

    def record(self, account: str, answer: str, why: str) -> None:
        """Write one answer down."""
        raise NotImplementedError

    def page(self, account: str | None = None, said: str = "", start: int = 0) -> str:
        """The page, with the case of ``account`` where one is asked for, and lists from entry ``start`` on."""
        raise NotImplementedError


class Desk(Book):
    """Accounts of a run: what the pages show and what is recorded; nothing here knows of HTTP."""

    def __init__(self, layout: Layout, params: Params, reviewer: str) -> None:
        from models.bundle import from_files
        from pipeline.stage import load

        self.layout, self.params = layout, params
        model = from_files(load("model", layout, "review"), str(layout.path("model")))
        self.version = model.version
        self.known: dict[str, dict[str, Any]] = {}
        super().__init__(layout.data / FILE, reviewer)

    def case(self, account: str) -> dict[str, Any]:
        """The case of an account, computed once."""
        from pipeline.jobs.case import show_case

        with self.lock:
            if account not in self.known:
                self.known[account] = show_case(self.layout, account, self.params)
            return self.known[account]

    def record(self, account: str, answer: str, why: str) -> None:
        """Write one answer down.

        Raises
        ------
        BadInput
            When there is no such account or answer.
        """
        if answer not in ANSWERS:
            raise BadInput("answer", expected=", ".join(ANSWERS), got=printable(answer), todo="Use the form.")
        case = self.case(account)
        says_bot = case["final"] >= LIKELY
        decided = "unclear" if answer == "unsure" else "bot" if says_bot == (answer == "agree") else "human"
        row = {
            "account_id": case["account_id"],
            "answer": answer,
            "decision": decided if case["is_bot"] is not None else None,
            "bot_probability": case["final"],
            "tier": case["final_tier"],
            "model_version": self.version,
        }
        self.add(row, why)

    def page(self, account: str | None = None, said: str = "", start: int = 0) -> str:
        """The page, with the case of ``account`` where one is asked for."""
        from review.casecards import looked_up
        from review.page import render, shown

        told = None
        if account:
            try:
                told = looked_up(self.case(account), LIKELY)
            except BadInput as error:
                said = str(error)
        answers = self.answers()
        latest = answers.slice(max(0, answers.num_rows - 10)).to_pylist()[::-1]
        context = {
            "version": shown(self.version, 80),
            "reviewer": shown(self.reviewer, 80),
            "said": shown(said, 600),
            "asked": shown(account or "", 200),
            "case": told,
            "token": self.token,
            "account": account or "",
            "answers": ANSWERS,
            "count": answers.num_rows,
            "latest": [{k: shown(a[k], 80) for k in ("account_id", "answer", "tier")} for a in latest],
            "link": [f"/?account={quote(a['account_id'], safe='')}" for a in latest],
            "file": shown(self.path.name),
        }
        return render("desk.html.j2", context, forms=True)


def handler(desk: Book, addresses: Callable[[], set[str]]) -> type[BaseHTTPRequestHandler]:
    """Answers requests of this machine's own browser for ``desk``; ``addresses`` are the names it may be called by."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "unpump", ""
        timeout = 20

        def do_GET(self) -> None:
            """The page, with or without an account."""
            parts = urlsplit(self.path)
            if not self._ours() or parts.path != "/":
                return self._refuse()
            asked = parse_qs(parts.query, max_num_fields=5)
            account, start = (asked.get(k, [""])[0].strip() for k in ("account", "start"))
            place = int(start) if start.isascii() and start.isdigit() and len(start) < 12 else 0
            return self._send(desk.page(account or None, start=place))

        def do_POST(self) -> None:
            """One answer."""
            length = self.headers.get("Content-Length", "")
            if not self._ours() or self.path != "/answer" or not length.isdigit() or int(length) > LONGEST:
                return self._refuse()
            form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"), max_num_fields=10)
            account, answer, why, token = (form.get(k, [""])[0] for k in ("account", "answer", "why", "token"))
            if not secrets.compare_digest(token.encode(), desk.token.encode()):
                return self._refuse()
            try:
                desk.record(account, answer, why)
            except BadInput as error:
                return self._send(desk.page(account, str(error)), HTTPStatus.BAD_REQUEST)
            # After a redirect, loading the page again does not answer twice.
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", f"/?account={quote(account, safe='')}")
            self.send_header("Content-Length", "0")
            return self.end_headers()

        def _ours(self) -> bool:
            origin = self.headers.get("Origin")
            return self.headers.get("Host") in addresses() and (
                origin is None or origin in {f"http://{a}" for a in addresses()}
            )

        def _send(self, page: str, status: HTTPStatus = HTTPStatus.OK) -> None:
            body = page.encode("utf-8", "replace")
            self.send_response(status)
            for name, value in {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "X-Frame-Options": "DENY",
                "Referrer-Policy": "same-origin",  # without, browsers hide where a form comes from
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def _refuse(self) -> None:
            self.close_connection = True
            self.send_error(HTTPStatus.NOT_FOUND)

        def log_message(self, format: str, *args: Any) -> None:
            log.debug("%s", printable(format % args, 300))

    return Handler


def open_desk(layout: Layout, params: Params, reviewer: str, port: int) -> tuple[ThreadingHTTPServer, Desk]:
    """A server that is bound but does not answer yet, and its desk; port 0 takes any that is free.

    Raises
    ------
    BadInput
        When the run has no model, the file of answers is another file, or the port is taken.
    """
    desk = Desk(layout, params, reviewer)
    return bound(desk, port), desk


def bound(desk: Book, port: int) -> ThreadingHTTPServer:
    """A server for ``desk`` that is bound to this machine and does not answer yet.

    Raises
    ------
    BadInput
        When the port is taken.
    """
    names: set[str] = set()
    try:
        server = ThreadingHTTPServer((HOST, port), handler(desk, lambda: names))
    except (OSError, OverflowError) as error:
        raise BadInput(f"--port {port}", expected="a free port", got=str(error), todo="Name another, or 0.") from error
    server.daemon_threads = True
    names |= {f"{name}:{server.server_port}" for name in (HOST, "localhost")}
    return server


def serve(desk: Book, port: int) -> dict[str, Any]:
    """Answer until interrupted; returns where the answers are."""
    server = bound(desk, port)
    address = f"http://{HOST}:{server.server_port}/"
    log.info("open %s (end with Ctrl-C); answers go to %s", address, desk.path)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        log.info("closed")
    finally:
        server.server_close()
    return {"address": address, "answers": desk.answers().num_rows, "file": str(desk.path)}
