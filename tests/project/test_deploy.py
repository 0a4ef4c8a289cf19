"""The examples of deployment keep their promises as far as that can be told without a container engine or a cloud."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pipeline.cli import build_parser
from pipeline.dvcyaml import PROJECT
from pipeline.yamlfiles import read_yaml

DEPLOY = PROJECT / "deploy"
DOCKER = ("FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD")


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Dockerfile, continued lines put together."""
    lines = [line for line in text("Dockerfile").splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in whole.splitlines())]


def all_of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def test_the_image_is_made_of_known_instructions_from_a_named_version():
    assert {name for name, _ in instructions()} <= set(DOCKER)
    (base,) = all_of("FROM")
    assert re.fullmatch(r"python:3\.1[123]-slim-[a-z]+", base)


def test_the_image_does_not_run_as_root():
    user, _, group = all_of("USER")[-1].partition(":")
    assert user.isdigit()
    assert int(user) > 0
    assert int(group) > 0
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :]
    assert not re.search(r"chmod 777|sudo", text("Dockerfile"))


def test_the_image_installs_locked_packages_only():
    (install,) = [r for r in all_of("RUN") if "pip install" in r]
    assert "--require-hashes" in install
    assert "-r /app/requirements.lock" in install
    assert "COPY deploy/requirements.lock /app/requirements.lock" in text("Dockerfile")


def test_the_image_holds_every_package_and_no_secret():
    copied = {rest.split()[0] for rest in all_of("COPY")}
    assert copied == {"deploy/requirements.lock", "features", "models", "pipeline", "review", "simulation", "recipes"}
    for path in copied:
        assert (PROJECT / path).exists()
    ignored = text("Dockerfile.dockerignore").splitlines()
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert not re.search(r"(?i)password|secret|token|key", text("Dockerfile"))


def test_the_health_of_a_container_is_what_doctor_says():
    (check,) = all_of("HEALTHCHECK")
    assert check.endswith('CMD ["unpump", "doctor"]')
    assert all_of("ENTRYPOINT") == ['["unpump"]']


def locked(path: Path) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9._-]+==[^\s\\]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_the_image_has_the_versions_that_are_tested_and_nothing_for_tests():
    image, tested = locked(DEPLOY / "requirements.lock"), locked(PROJECT / "requirements.lock")
    assert image <= tested
    assert any(p.startswith("psycopg2-binary==") for p in image)
    assert not {"pytest", "moto", "ruff", "mypy", "hypothesis"} & {p.partition("==")[0] for p in image}
    parts = re.split(r"\n(?=[A-Za-z0-9._-]+==)", text("requirements.lock").strip())
    assert all("--hash=sha256:" in part for part in parts)


def test_services_wait_for_each_other_and_no_password_is_written_down():
    services = read_yaml(DEPLOY / "compose.yaml")["services"]
    assert services["mlflow"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert services["unpump"]["depends_on"]["mlflow"]["condition"] == "service_healthy"
    assert services["unpump"]["environment"]["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert all("healthcheck" in services[name] for name in ("postgres", "mlflow"))
    assert all(":" in s["image"] or s["image"] == "unpump" for s in services.values())
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert not re.search(r"mlflow:[^$@\s]+@", text("compose.yaml"))
    # Reachable from this machine only.
    assert services["mlflow"]["ports"] == ["127.0.0.1:5000:5000"]
    assert "ports" not in services["postgres"]


def test_mlflow_knows_the_words_the_example_says():
    said = subprocess.run(
        [sys.executable, "-m", "mlflow", "server", "--help"], capture_output=True, text=True, check=True
    ).stdout
    words = read_yaml(DEPLOY / "compose.yaml")["services"]["mlflow"]["command"]
    for word in words[1:]:
        assert word.partition("=")[0] in said


def commands(source: str) -> Iterator[list[str]]:
    """Every call of unpump in a text, variables replaced by a word."""
    joined = re.sub(r"\\\n\s*", " ", source)
    for line in joined.splitlines():
        found = re.match(r"\s*(?:exec |\$ )?unpump ([a-z].*)", line)
        if found:
            plain = re.sub(r"\$\{?\w+[^\s\"/]*\}?|\{\{.*?\}\}", "word", found[1])
            words = shlex.split(plain.partition(" #")[0])
            yield [w for w in words if w != "$@"]


@pytest.mark.parametrize("name", ["nightly.sh", "../docs/feedback.md"])
def test_every_command_that_is_shown_is_understood(name):
    found = list(commands(text(name)))
    assert found
    for words in found:
        if words[0] in ("score", "monitor") and "--model" not in words:  # given by "$@"
            words += ["--model", "m", "--tables", "t"]
        build_parser().parse_args(words)


def test_the_script_is_one_that_a_shell_reads():
    script = text("nightly.sh")
    assert script.startswith("#!/bin/sh\n")
    assert "set -eu" in script
    assert (DEPLOY / "nightly.sh").stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(DEPLOY / "nightly.sh")], check=True)


@pytest.mark.parametrize(("failing", "code", "called"), [
    (None, 0, ["doctor", "score", "monitor"]),
    ("doctor", 1, ["doctor"]),
    ("score", 2, ["doctor", "score"]),
    ("monitor", 3, ["doctor", "score", "monitor"]),
])  # fmt: skip
def test_a_night_stops_where_it_fails_and_says_how(tmp_path, failing, code, called):
    """The program that the script calls fails where it is told to."""
    stub(tmp_path, f'[ "$1" != "{failing}" ] || exit {code}')
    done, calls = night(tmp_path)
    assert done == code
    assert [c.split()[0] for c in calls] == called
    if "score" in called:
        assert re.fullmatch(r"score --model m m --tables t --out o/scores/\d{4}-\d\d-\d\d --set .*", calls[1])


def stub(folder: Path, then: str = "") -> None:
    """A program of our name that notes what it is asked and which server it would ask."""
    script = folder / "unpump"
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\necho "${{MLFLOW_TRACKING_URI:-none}}" >> {folder}/servers\n{then}\n'
    )
    script.chmod(0o755)


def night(folder: Path, **more: str) -> tuple[int, list[str]]:
    """Exit code of the script, and all calls so far."""
    told = {"PATH": f"{folder}:/usr/bin:/bin", "UNPUMP_MODEL": "m m", "UNPUMP_TABLES": "t", "UNPUMP_OUT": "o"}
    done = subprocess.run([str(DEPLOY / "nightly.sh")], env=told | more, capture_output=True, text=True)
    return done.returncode, (folder / "calls").read_text().splitlines()


def test_every_night_has_scores_of_its_own(tmp_path):
    """Verdicts of days later must meet the scores people saw."""
    stub(tmp_path)
    for name in ("2026-06-01", "2026-06-02"):
        code, calls = night(tmp_path, UNPUMP_NIGHT=name, UNPUMP_FEEDBACK="f f")
    assert code == 0
    scored = [c for c in calls if c.startswith("score")]
    assert [re.findall(r"--out (\S+) --feedback f f ", c) for c in scored] == [
        ["o/scores/2026-06-01"],
        ["o/scores/2026-06-02"],
    ]


@pytest.mark.parametrize(("model", "server"), [("/srv/model", "none"), ("models:/unpump@champion", "http://down:5000")])
def test_a_server_that_is_not_needed_is_not_asked(tmp_path, model, server):
    stub(tmp_path)
    assert night(tmp_path, UNPUMP_MODEL=model, MLFLOW_TRACKING_URI="http://down:5000")[0] == 0
    assert set((tmp_path / "servers").read_text().splitlines()) == {server}


def test_cron_lines_have_a_time_a_user_and_a_command():
    jobs = [
        line
        for line in text("unpump.cron").splitlines()
        if line and not line.startswith("#") and "=" not in line.split()[0]
    ]
    assert len(jobs) == 2
    for job in jobs:
        *when, user, _ = job.split(maxsplit=6)
        assert all(re.fullmatch(r"\*|\d+", part) for part in when)
        assert user == "unpump"
        assert "%" not in job  # cron would end the line there


class Operator:
    """Stands for Airflow's: keeps what it was given and the order."""

    made: list[Operator] = []

    def __init__(self, **given: Any) -> None:
        self.given, self.after = given, []
        Operator.made.append(self)

    def __rshift__(self, other: Operator) -> Operator:
        self.after.append(other.given["task_id"])
        return other


class Dag(SimpleNamespace):
    def __enter__(self) -> Dag:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_the_airflow_example_is_a_chain_of_commands_that_are_understood(monkeypatch):
    """Airflow is not installed here: what the file asks of it is recorded by stand-ins."""
    for name in ("airflow", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    bash, sdk = ModuleType("airflow.providers.standard.operators.bash"), ModuleType("airflow.sdk")
    bash.BashOperator, sdk.DAG = Operator, Dag  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, bash.__name__, bash)
    monkeypatch.setitem(sys.modules, sdk.__name__, sdk)
    monkeypatch.setattr(Operator, "made", [])
    space: dict[str, Any] = {"__name__": "airflow_dag"}
    exec(compile(text("airflow_dag.py"), "airflow_dag.py", "exec"), space)  # noqa: S102 - a file of ours
    tasks = {o.given["task_id"]: o for o in Operator.made}
    assert {name: o.after for name, o in tasks.items()} == {"doctor": ["score"], "score": ["monitor"], "monitor": []}
    assert space["dag"].max_active_runs == 1
    assert space["dag"].catchup is False
    assert tasks["monitor"].given["retries"] == 0
    assert "{{ ds }}" in space["OUT"]  # scores of a night are kept for the verdicts about them
    assert "{{ ds }}" not in space["FEEDBACK"]
    for task in tasks.values():
        (words,) = commands(task.given["bash_command"])
        build_parser().parse_args(words)
