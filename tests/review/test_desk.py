"""The reviewer's desk answers this machine alone, shows hostile accounts inert, and writes one file."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.errors import BadInput
from models.labelreview import apply_decisions
from pipeline.__main__ import main
from pipeline.files import read_folder, write_all
from pipeline.jobs.desk import LONGEST, SCHEMA, Desk, open_desk
from pipeline.layout import Layout
from pipeline.settings import Params
from tests.pipeline.tinyrun import training

HOSTILE = "<script>alert(1)</script>\u202e&\"'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("desk")
    layout, known = Layout.run(root, root), training()
    features = known["features"].copy()
    features.loc[0, "account_id"] = HOSTILE
    write_all({layout.path("features"): features, layout.path("model"): known["model"]})
    write_all({layout.path("oof"): known["oof"]})
    return root


class Client:
    """Asks the server as a browser would."""

    def __init__(self, port: int, desk: Desk) -> None:
        self.port, self.desk = port, desk

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        connection.request(method, path, body, {**form, **{k.replace("_", "-"): v for k, v in headers.items()}})
        found = connection.getresponse()
        return found.status, found.read().decode()

    def answer(self, account: str, answer: str, token: str | None = None, **headers: str) -> tuple[int, str]:
        form = {"account": account, "answer": answer, "token": self.desk.token if token is None else token}
        return self.ask("POST", "/answer", urlencode({**form, "why": "because\x1b"}), **headers)


@pytest.fixture
def client(folder) -> Iterator[Client]:
    (folder / "label_review.parquet").unlink(missing_ok=True)
    server, desk = open_desk(Layout.run(folder, folder), Params(), "eva", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Client(server.server_port, desk)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answers(folder: Path) -> pd.DataFrame:
    table = pq.read_table(folder / "label_review.parquet")
    assert table.schema.names == SCHEMA.names
    return table.to_pandas()


def test_an_account_is_looked_up_and_answers_are_written_down(client, folder):
    account = training()["features"]["account_id"].iloc[5]
    status, page = client.ask("GET", f"/?account={quote(account)}")
    assert status == 200
    assert account in page
    assert "towards" in page
    assert all(f'value="{a}"' in page for a in ("agree", "disagree", "unsure"))
    for answer in ("agree", "disagree", "unsure"):
        assert client.answer(account, answer)[0] == 303
    found = answers(folder)
    assert found["answer"].tolist() == ["agree", "disagree", "unsure"]
    says = "bot" if found["bot_probability"].iloc[0] >= 0.5 else "human"
    assert found["decision"][:2].tolist() == [says, "human" if says == "bot" else "bot"]
    assert found["decision"][2] == "unclear"
    assert found["reviewer"].unique().tolist() == ["eva"]
    assert found["why"].iloc[0] == "because\\u001b"
    assert "3 answers so far" in client.ask("GET", "/")[1]


def test_nothing_but_that_file_is_written(client, folder):
    before = {k: v for k, v in read_folder(folder).items() if k != "label_review.parquet"}
    account = training()["features"]["account_id"].iloc[5]
    client.ask("GET", f"/?account={account}")
    client.answer(account, "agree")
    assert {k: v for k, v in read_folder(folder).items() if k != "label_review.parquet"} == before


def test_the_answers_are_decisions_that_review_labels_takes(client, folder):
    accounts = training()["features"]["account_id"].iloc[5:8].tolist()
    for account in accounts:
        client.answer(account, "agree")
    client.answer(HOSTILE, "agree")  # without a label: recorded, and no decision about one
    found = answers(folder)
    assert found["decision"].notna().tolist() == [True, True, True, False]
    oof = training()["oof"]
    labels = oof[["account_id", "is_bot", "source", "kind"]].assign(
        labelled_at=pd.Series([pd.NaT] * len(oof), dtype="datetime64[us, UTC]"), confidence=1.0
    )
    decisions = found.assign(decided_at=found["decided_at"].astype(str))
    reviewed = apply_decisions(labels, decisions, "label_review.parquet").labels.set_index("account_id")
    before = labels.set_index("account_id")["source"]
    assert reviewed["source"][accounts].to_dict() == {a: f"review:eva of {before[a]}" for a in accounts}


@pytest.mark.browser
def test_a_real_browser_looks_up_and_answers(client, folder, browser):
    account = training()["features"]["account_id"].iloc[5]
    context = browser.new_context()
    page, said, asked = context.new_page(), [], set[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.add(request.url.split("?")[0]))
    page.goto(f"http://127.0.0.1:{client.port}/")
    page.fill("#account", account)
    page.click("text=Show")
    page.click("button[value=disagree]")
    page.wait_for_selector("text=1 answers so far")
    page.goto(f"http://127.0.0.1:{client.port}/?account={quote(HOSTILE)}")
    page.click("button[value=unsure]")
    page.wait_for_selector("text=2 answers so far")
    context.close()
    assert said == []
    assert asked == {f"http://127.0.0.1:{client.port}/", f"http://127.0.0.1:{client.port}/answer"}
    assert answers(folder)["account_id"].tolist() == [account, HOSTILE]


def test_an_account_that_is_code_is_shown_as_text(client):
    status, page = client.ask("GET", f"/?account={quote(HOSTILE)}")
    assert status == 200
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in re.sub(r'name="account" value="[^"]*"', "", page)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "form-action &#39;self&#39;" in policy[1]


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "127.0.0.1:1"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
    ids=str,
)
def test_a_request_from_elsewhere_is_refused(headers, client, folder):
    assert client.ask("GET", "/", **headers)[0] == 404
    assert client.answer(training()["features"]["account_id"].iloc[5], "agree", **headers)[0] == 404
    assert not (folder / "label_review.parquet").exists()


def test_what_is_not_the_form_is_refused(client, folder):
    account = training()["features"]["account_id"].iloc[5]
    assert client.answer(account, "agree", token="x")[0] == 404
    assert client.answer(account, "burn")[0] == 400
    assert client.answer("nobody", "agree")[0] == 400
    assert client.ask("POST", "/answer", "a" * (LONGEST + 1))[0] == 404
    assert client.ask("POST", "/elsewhere", "a=b")[0] == 404
    assert client.ask("GET", "/../../etc/passwd")[0] == 404
    assert client.ask("PUT", "/answer", "a=b")[0] == 501
    assert "not there" in client.ask("GET", "/?account=nobody")[1]
    assert not (folder / "label_review.parquet").exists()


def test_it_is_bound_to_this_machine(folder):
    server, _ = open_desk(Layout.run(folder, folder), Params(), "eva", 0)
    try:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises(BadInput, match="a free port"):
            open_desk(Layout.run(folder, folder), Params(), "eva", server.server_port)
    finally:
        server.server_close()


@pytest.mark.parametrize("port", ["99999999", "-1"])
def test_a_port_that_is_none(port, folder, capsys):
    assert main(["review", "--serve", "--port", port, "--out", str(folder)]) == 2
    assert "a free port" in capsys.readouterr().err


def test_a_run_without_model_and_a_file_that_is_another_are_told(folder, tmp_path, capsys):
    assert main(["review", "--serve", "--out", str(tmp_path)]) == 2
    assert "unpump train" in capsys.readouterr().err
    (folder / "label_review.parquet").write_bytes(b"something else")
    assert main(["review", "--serve", "--port", "0", "--out", str(folder)]) == 2
    assert "Move the file away" in capsys.readouterr().err
    assert (folder / "label_review.parquet").read_bytes() == b"something else"
    (folder / "label_review.parquet").unlink()
