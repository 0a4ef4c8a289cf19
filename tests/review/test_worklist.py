"""The worklist shows a night's accounts, hides scores of drawn ones until they are judged, and writes one file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_desk import HOSTILE, Client

from features.errors import BadInput
from pipeline.__main__ import main
from pipeline.files import read_folder
from pipeline.jobs.desk import SCHEMA, bound
from pipeline.jobs.feedback import feedback
from pipeline.jobs.scorerows import SCHEMA as SCORES
from pipeline.jobs.worklist import PER_PAGE, Worklist
from pipeline.settings import Params

NIGHT = datetime(2026, 6, 1, tzinfo=UTC)
TELLTALE = "in 0 hours it never acts"  # of every reason


def scored(
    account: str, by_score: str | None, probability: float | None, audit: bool = False, **more: Any
) -> dict[str, Any]:
    reason = {
        "feature": "silent_hours",
        "code": "actions.silent_hours",
        "family": "actions",
        "unit": "hours",
        "value": 0.0,
        "usual_low": 6.0,
        "usual_high": 12.0,
        "contribution": 2.0,
        "text": TELLTALE,
    }
    empty: dict[str, Any] = dict.fromkeys(SCORES.names)
    return empty | {
        "account_id": account,
        "status": "scored",
        "bot_probability": probability,
        "bot_probability_low": probability,
        "bot_probability_high": probability,
        "tier": by_score,
        "scored_tier": by_score,
        "reasons": [reason] if by_score not in ("allow", None) else [],
        "kind_reasons": [],
        "model_version": "m1",
        "feature_hash": "f",
        "as_of": NIGHT,
        "audit": audit,
        **more,
    }


ROWS = [
    scored("ann", "allow", 0.01, audit=True),
    scored("bob", "review", 0.97, audit=True),
    scored("cyd", "limit_reach", 0.7),
    scored("dan", "review", 0.9),
    scored("eve", "review", 0.95, status="overturned", tier="allow", status_reason="overturned: said person"),
    scored("fay", "allow", None, status="insufficient_evidence", status_reason="nothing known"),
    scored("gus", None, None, status="invalid", status_reason="the row has no moment"),
    scored(HOSTILE, "discount", 0.6),
]


@pytest.fixture(params=["one file", "parts"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Scores of eight accounts, in scores.parquet or in the folder scores."""
    table = pa.Table.from_pylist(ROWS, schema=SCORES)
    if request.param == "one file":
        pq.write_table(table, tmp_path / "scores.parquet")
    else:
        (tmp_path / "scores").mkdir()
        pq.write_table(table.slice(0, 3), tmp_path / "scores" / "part-00000.parquet")
        pq.write_table(table.slice(3), tmp_path / "scores" / "part-00001.parquet")
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[Client]:
    desk = Worklist(folder, Params(), "eva")
    server = bound(desk, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Client(server.server_port, desk)  # type: ignore[arg-type]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answers(folder: Path) -> pd.DataFrame:
    table = pq.read_table(folder / "label_review.parquet")
    assert table.schema.equals(SCHEMA)
    return table.to_pandas().set_index("account_id", drop=False)


def test_flagged_accounts_stand_the_harshest_first_and_drawn_ones_apart_without_a_score(client):
    status, page = client.ask("GET", "/")
    assert status == 200
    assert "Drawn for the audit: 2 of 2 open" in page
    assert "Flagged: 4 of 4 open" in page
    drawn, flagged = page.split('id="flagged"')
    assert [a for a in ("ann", "bob") if f">{a}<" in drawn] == ["ann", "bob"]
    assert "bob" not in flagged
    # review before limit_reach before discount, and the surest of a tier first.
    places = [flagged.index(f">{a}<") for a in ("eve", "dan", "cyd")]
    assert places == sorted(places)
    assert flagged.index(">cyd<") < flagged.index("&lt;script&gt;alert(1)")
    assert "0.970" not in page
    assert ">fay<" not in page  # allowed, not drawn: looked up only


def test_a_flagged_account_is_shown_with_its_reasons_and_judged(client, folder):
    page = client.ask("GET", "/?account=dan")[1]
    assert "Model m1 gives 0.900 (0.900 to 0.900), tier review." in page
    assert TELLTALE in page
    assert "actions.silent_hours" in page
    assert client.answer("dan", "human")[0] == 303
    row = answers(folder).loc["dan"]
    assert (row["decision"], row["answer"], row["tier"], row["model_version"]) == ("human", "disagree", "review", "m1")
    assert row["as_of"] == NIGHT
    assert row["why"] == "because\\u001b"
    assert "Flagged: 3 of 4 open" in client.ask("GET", "/")[1]
    assert client.answer("dan", "bot")[0] == 303  # a flagged account may be judged again


@pytest.mark.parametrize("account", ["ann", "bob"])
def test_what_the_score_says_of_a_drawn_account_is_shown_after_the_verdict_only(client, folder, account):
    row = next(r for r in ROWS if r["account_id"] == account)
    says = (f"gives {row['bot_probability']:.3f}", f"tier {row['tier']}", "m1", TELLTALE)
    before = client.ask("GET", f"/?account={account}")[1]
    assert not [s for s in says if s in before]
    assert "Chance drew this account" in before
    assert client.answer(account, "bot")[0] == 303
    after = client.ask("GET", f"/?account={account}")[1]
    assert [s for s in says[:3] if s in after] == list(says[:3])
    assert (TELLTALE in after) == bool(row["reasons"])
    # The verdict was given blind, and stays the only one.
    assert 'name="answer"' not in after
    status, said = client.answer(account, "human")
    assert status == 400
    assert "given before its score is shown" in said
    assert answers(folder)["decision"].tolist() == ["bot"]
    assert "Drawn for the audit: 1 of 2 open" in after


def test_another_reviewer_is_blind_too(client, folder):
    client.answer("bob", "human")
    other = Worklist(folder, Params(), "tom")
    assert "0.970" not in other.page("bob")
    assert "review" not in other.page().split('id="latest"')[1]
    other.record("bob", "bot", "")
    assert "0.970" in other.page("bob")
    assert answers(folder)["reviewer"].tolist() == ["eva", "tom"]


def test_the_next_night_asks_again(client, folder, tmp_path_factory):
    """Verdicts in one file: those of a night are about its scores."""
    client.answer("bob", "human")
    later = tmp_path_factory.mktemp("later")
    rows = [{**r, "as_of": datetime(2026, 6, 2, tzinfo=UTC)} for r in ROWS]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCORES), later / "scores.parquet")
    desk = Worklist(later, Params(), "eva", out=folder)
    assert "Drawn for the audit: 2 of 2 open" in desk.page()
    assert "0.970" not in desk.page("bob")
    desk.record("bob", "bot", "")
    assert answers(folder)["decision"].tolist() == ["human", "bot"]
    assert not (later / "label_review.parquet").exists()


def test_what_has_no_score_says_why(client):
    assert "Status insufficient_evidence: nothing known." in client.ask("GET", "/?account=fay")[1]
    page = client.ask("GET", "/?account=gus")[1]
    assert "the row has no moment" in page
    assert 'name="answer"' not in page
    assert "overturned: said person" in client.ask("GET", "/?account=eve")[1]
    assert client.answer("fay", "bot")[0] == 303
    for account, answer in (("gus", "bot"), ("nobody", "bot"), ("dan", "agree")):
        assert client.answer(account, answer)[0] == 400
    assert "not there" in client.ask("GET", "/?account=nobody")[1]


def test_verdicts_are_what_feedback_reads(client, folder):
    """All drawn accounts are judged: the audit is complete, bob is a bot and was flagged."""
    for account, decision in (("ann", "human"), ("bob", "bot"), ("dan", "human"), ("fay", "unclear")):
        client.answer(account, decision)
    told = feedback([folder], [folder / "label_review.parquet"], [], folder / "feedback")
    assert (told["verdicts"], told["refused"], told["overturned"]) == (4, 0, 1)
    assert told["audit"] == {"drawn": 2, "judged": 2, "unclear": 0, "open": 0, "complete": True}
    labels = pd.read_parquet(folder / "feedback" / "labels.parquet").set_index("account_id")["source"]
    assert labels.to_dict() == {"ann": "audit:eva", "bob": "audit:eva", "dan": "review:eva"}


def test_nothing_but_that_file_is_written_and_requests_from_elsewhere_are_refused(client, folder):
    before = read_folder(folder)
    assert client.ask("GET", "/", Host="evil.example")[0] == 404
    assert client.answer("dan", "bot", Origin="http://evil.example")[0] == 404
    assert client.answer("dan", "bot", token="x")[0] == 404
    client.ask("GET", "/?account=dan&start=x")
    assert read_folder(folder) == before
    client.answer("dan", "bot")
    assert {k: v for k, v in read_folder(folder).items() if k != "label_review.parquet"} == before


def test_long_lists_come_in_pages(tmp_path):
    rows = [scored(f"a{i:03d}", "review", 0.9) for i in range(PER_PAGE + 1)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCORES), tmp_path / "scores.parquet")
    desk = Worklist(tmp_path, Params(), "eva")
    first, second = desk.page(), desk.page(start=PER_PAGE)
    assert f'href="/?start={PER_PAGE}">later' in first
    assert ">a050<" not in first
    assert ">a050<" in second
    assert ">a049<" not in second
    assert 'href="/?start=0">earlier' in second
    assert "later" not in second


def test_what_is_no_worklist_is_a_sentence(tmp_path, capsys):
    with pytest.raises(BadInput, match="a folder that `unpump score` wrote"):
        Worklist(tmp_path, Params(), "eva")
    assert main(["review", "--scores", str(tmp_path)]) == 2
    assert "--serve" in capsys.readouterr().err
    assert main(["review", "--serve", "--scores", "s3://bucket/scores"]) == 2
    assert "label_review.parquet" in capsys.readouterr().err
    assert main(["review", "--serve", "--scores", str(tmp_path)]) == 2
    assert "a folder that `unpump score` wrote" in capsys.readouterr().err


@pytest.mark.browser
def test_a_real_browser_judges_a_drawn_and_a_hostile_account(client, folder, browser):
    address = f"http://127.0.0.1:{client.port}"
    context = browser.new_context(java_script_enabled=False)
    page, said, asked = context.new_page(), [], set[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.add(request.url.split("?")[0]))
    page.goto(f"{address}/")
    page.click("text=bob")
    assert "0.970" not in page.content()
    page.click("button[value=bot]")
    page.wait_for_selector("text=1 verdicts of yours so far")
    assert "0.970" in page.content()
    page.click("p:has-text('Next:') a")
    page.wait_for_selector("h2:has-text('ann')")
    page.goto(f"{address}/?account={quote(HOSTILE)}")
    page.click("button[value=unclear]")
    page.wait_for_selector("text=2 verdicts of yours so far")
    context.close()
    assert said == []
    assert asked == {f"{address}/", f"{address}/answer"}
    assert answers(folder)["decision"].tolist() == ["bot", "unclear"]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_the_page_is_no_wider_than_the_screen(tmp_path, visit, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    pq.write_table(pa.Table.from_pylist(ROWS, schema=SCORES), tmp_path / "scores.parquet")
    desk = Worklist(tmp_path, Params(), "eva")
    for account in ("dan", "bob", HOSTILE):
        seen = visit(desk.page(account), width=width, color_scheme=scheme, bypass_csp=True)
        assert [v["id"] for v in Axe().run(seen.page).response["violations"]] == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.console == []
        assert seen.requests == []
