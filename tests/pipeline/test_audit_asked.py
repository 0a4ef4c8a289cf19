"""Whom a list asks for: names as people write them, files as spreadsheets write them, and single creators and posts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from features.errors import BadInput
from pipeline.audit.asked import read
from pipeline.audit.matching import Match, matches, spoken
from pipeline.cli import BAD, DONE, run_command
from pipeline.jobs.audit import audit
from pipeline.settings import Authenticity, Params
from tests.pipeline.auditstory import write_story

PEOPLE = [
    ("17", "mia_fox", "instagram"),
    ("18", "Bob", "instagram"),
    ("19", "bob", "instagram"),
    ("20", "sam", "instagram"),
    ("21", "sam", "tiktok"),
    ("UC42", None, "youtube"),
]
PARAMS = Params(authenticity=Authenticity(memory="1GB", threads=1, top=8, pages=0, listed=1, groups="never"))


@pytest.mark.parametrize(
    ("column", "name", "account"),
    [
        ("username", "mia_fox", "17"),
        ("username", "@mia_fox", "17"),
        ("username", " @MIA_Fox ", "17"),
        ("username", "https://www.instagram.com/Mia_Fox/?hl=en", "17"),
        ("username", "instagram.com/mia_fox", "17"),
        ("account_id", "https://www.tiktok.com/@sam", "21"),  # the host says on which platform
        ("username", "https://youtube.com/channel/UC42", "UC42"),
        ("username", "17", "17"),  # an account_id in the wrong column
        ("username", "Bob", "18"),  # letter by letter there is one
        ("username", "mia_fo", None),
        ("username", "https://www.tiktok.com/@mia_fox", None),  # she is known on another platform only
        ("username", "https://[broken", None),
    ],
)
def test_a_name_is_whom_it_fits_if_that_is_one(column, name, account):
    assert matches([(column, name)], PEOPLE) == [Match(account)]


def test_a_name_that_fits_several_is_not_guessed():
    assert matches([("username", "BOB"), ("username", "sam")], PEOPLE) == [
        Match(None, ("18", "19")),
        Match(None, ("20", "21")),
    ]


def test_what_is_spoken_of_an_address():
    assert spoken("https://x.com/mia/status/5?s=20") == ("mia", "x.com")
    assert spoken("https://www.facebook.com/profile.php?id=99") == ("99", "www.facebook.com")
    assert spoken("mia.fox") == ("mia.fox", "")  # a dot alone makes no address


@pytest.mark.parametrize(
    "raw",
    [
        b"account_id,price\n17,250.5\n18,\n",
        "\ufeffAccount ID;Price\r\n17;250,5\r\n18;\r\n".encode(),
        b"sep=;\nACCOUNT_ID;city;price\n17;Rome, Italy;250.5\n;;\n18;;\n",
        "Account-Id\tPrice\n17\t250.5\n18\t\n".encode("utf-16"),
    ],
    ids=["plain", "semicolons and a mark in front", "a hint and an empty row", "unicode text"],
)
def test_a_list_is_read_as_spreadsheets_write_it(tmp_path, raw):
    (tmp_path / "list.csv").write_bytes(raw)
    asked = read(tmp_path / "list.csv", None)
    assert asked.names == (("account_id", "17"), ("account_id", "18"))
    assert asked.prices == (250.5, None)


def test_a_price_that_is_none_is_refused_with_its_row(tmp_path):
    (tmp_path / "list.csv").write_text("Username;Price\nann;1.250,00\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"row 2: expected a price such as 250\.00"):
        read(tmp_path / "list.csv", None)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_story(tmp_path_factory.mktemp("asked"), names={"h01": "twin", "h02": "twin"})


def test_everybody_asked_for_has_a_page_or_a_reason_in_the_log_the_ranking_and_the_page(story, tmp_path, caplog):
    (tmp_path / "list.csv").write_text("Username;Price\n@ann;10,5\nBEA;20\nh00;1\nnobody;1\ntwin;1\n", encoding="utf-8")
    audit(story / "tables", tmp_path / "out", PARAMS, scores=story / "scores", creators=tmp_path / "list.csv")
    with (tmp_path / "out" / "ranking.csv").open(encoding="utf-8") as file:
        rows = {r["asked"].lstrip("'"): r for r in csv.DictReader(file)}
    assert {a: (r["status"], r["account_id"], r["could_be"]) for a, r in rows.items()} == {
        "@ann": ("audited", "ann", ""),
        "BEA": ("audited", "bea", ""),
        "h00": ("no likes known", "h00", ""),
        "nobody": ("unknown account", "", ""),
        "twin": ("several accounts", "", "h01 h02"),
    }
    # authenticity.pages and authenticity.listed are of those nobody asked for.
    assert len(list((tmp_path / "out" / "creators").iterdir())) == 2
    html = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert html.count('href="creators/') == 2
    assert "3 of the 5 that were asked for have no page" in html
    said = [r.getMessage() for r in caplog.records]
    assert "1 of 5 creators asked for have no page, as no account of this name is in the tables: nobody" in said
    assert any("the name fits several accounts" in s and s.endswith("twin") for s in said)


def test_a_list_of_nobody_is_refused_with_the_reasons(story, tmp_path):
    (tmp_path / "list.csv").write_text("username\nh00\nnobody\n", encoding="utf-8")
    with pytest.raises(BadInput, match="1 times no likes known, as h00, 1 times unknown account, as nobody"):
        audit(story / "tables", tmp_path / "out", PARAMS, scores=story / "scores", creators=tmp_path / "list.csv")


def test_single_creators_and_posts_are_told_in_the_terminal_and_have_the_pages(story, tmp_path, capsys):
    words = [
        "audit",
        "--tables",
        str(story / "tables"),
        "--scores",
        str(story / "scores"),
        "--out",
        str(tmp_path / "o"),
    ]
    words += ["--groups", str(story / "groups.parquet"), "--set", "authenticity.memory=1GB"]
    assert run_command([*words, "--post", "bea.2", "--account", "h03"]) == DONE
    nothing, post = capsys.readouterr().out.split("\n\n")
    assert nothing == "Account h03: no likes are known, so nothing is estimated"
    assert post.startswith("Post bea.2 of account bea: 23 likes\n  authentic: 3 (")
    assert "  burst: 20 likes 2026-05-05 00:10 to 00:11" in post
    assert len(list((tmp_path / "o" / "creators").iterdir())) == 1  # of Bea, who wrote it
    assert run_command([*words, "--account", "ann", "--json"]) == DONE
    (told,) = json.loads(capsys.readouterr().out)["told"]
    assert told.startswith("Account ann: 80 likes on 8 posts\n  authentic: 80 (")
    assert "  bursts: none on posts that look pumped" in told


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--account", "ghost"], "--account ghost: expected an account_id of the tables, got none of this name"),
        (["--post", "bea.99"], "--post bea.99: expected a post_id of the tables, got none of this name"),
        (["--post", "bea.1", "--creators", "list.csv"], "single ones with --account and --post, got both"),
    ],
)
def test_who_is_unknown_is_refused_in_a_sentence(story, tmp_path, capsys, flags, says):
    words = [
        "audit",
        "--tables",
        str(story / "tables"),
        "--scores",
        str(story / "scores"),
        "--out",
        str(tmp_path / "o"),
    ]
    assert run_command([*words, *flags]) == BAD
    assert says in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_creator_has_the_largest_bursts_of_its_posts(story, tmp_path):
    audit(
        story / "tables",
        tmp_path / "o",
        PARAMS,
        scores=story / "scores",
        groups=story / "groups.parquet",
        accounts=["bea"],
    )
    import pyarrow.parquet as pq

    rows = {r["account_id"]: r for r in pq.read_table(tmp_path / "o" / "audit.parquet").to_pylist() if not r["post_id"]}
    # All eight posts have a burst of the same 20 workers: the five earliest are shown.
    assert [(b["post_id"], b["likes"]) for b in rows["bea"]["bursts"]] == [(f"bea.{k}", 20) for k in range(5)]
    assert rows["ann"]["bursts"] is None


def test_the_interval_of_all_likes_adds_up_that_of_all_creators(story, tmp_path):
    import pyarrow.parquet as pq

    audit(story / "tables", tmp_path / "o", PARAMS, scores=story / "scores", groups=story / "groups.parquet")
    rows = [r for r in pq.read_table(tmp_path / "o" / "audit.parquet").to_pylist() if r["level"] == "creator"]
    told = json.loads((tmp_path / "o" / "audit.json").read_text())
    for end in ("authentic", "authentic_low", "authentic_high"):
        assert told[end] == pytest.approx(sum(r[end] for r in rows), abs=0.1)
    assert told["pumped_share_low"] == pytest.approx(1 - told["authentic_high"] / told["likes"], abs=1e-3)
    assert told["pumped_share_low"] < told["pumped_share"] < told["pumped_share_high"]
