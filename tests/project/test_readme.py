"""What README tells users works as it stands there."""

from __future__ import annotations

import re
import shlex

import pytest

from pipeline.__main__ import main
from pipeline.cli import build_parser
from pipeline.dvcyaml import PROJECT
from pipeline.files import read_json

README = (PROJECT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^unpump .+$", README, flags=re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_understood(command):
    said = build_parser().parse_args(shlex.split(command)[1:])
    assert said.command in command


def test_the_recipe_reads_the_file_it_describes(tmp_path):
    (tmp_path / "mine.yaml").write_text(re.search(r"```yaml\n(title:.*?)```", README, flags=re.DOTALL).group(1))  # type: ignore[union-attr]
    rows = ["user_id,handle,bio,joined,followers,following,posts,verdict"]
    rows += ["1,ann,tea,2024-01-31,10,20,30,ok", "2,x99182,,2026-05-01,0,4000,1,fake", "3,bob,,2024-13-01,1,2,3,ok"]
    (tmp_path / "accounts.csv").write_text("\n".join(rows))
    assert main(["prepare", "--source", f"{tmp_path / 'mine.yaml'}={tmp_path}", "--out", str(tmp_path / "out")]) == 0
    facts = read_json(tmp_path / "out" / "artifacts" / "intake.json")["sources"]["mine"]
    assert (facts["read"], facts["bots"], facts["people"]) == (3, 1, 1)
    assert facts["refused"] == 1  # there is no thirteenth month


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(link):
    assert (PROJECT / link).exists()
