"""The command line: what may be said, and what happens when it goes wrong. ``pipeline.commands`` does the work."""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from features.errors import BadInput, printable
from pipeline.graph import STAGES

DONE, FAILED, BAD = 0, 1, 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count it

_EXAMPLES = """\
examples:
  unpump run --out out/town                                     try everything on a simulated town
  unpump run --source cresci-2017=DATA --out out/cresci         train on a known public data set
  unpump run --source my.yaml=DATA --out out/mine               train on your own, described by a recipe
  unpump score --model out/mine/artifacts/model --tables NEW --out out/scores
  unpump features                                               what is measured of an account

exit codes: 0 done, 1 failed, 2 bad usage or bad input
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = argparse.ArgumentParser(
        prog="unpump",
        description="Finds the accounts behind pumped likes: trains, evaluates and explains bot classifiers.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_run(commands)
    for stage in STAGES.values():
        _add_stage(commands, stage.name, stage.says)
    _add_score(commands)
    _add_audit(commands)
    _add_monitor(commands)
    _add_review_labels(commands)
    _add_feedback(commands)
    _add_prevalence(commands)
    _add_adapt(commands)
    _add_simulate(commands)
    _add(commands, "features", "print the catalogue of features", "unpump features | less").add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="how to print it (default: text)"
    )
    _add(commands, "recipes", "list the data sets unpump can read by name", "unpump recipes")
    _add(commands, "summary", "print headline metrics of a run and where its report is", "unpump summary").add_argument(
        "--out", metavar="DIR", help="folder of an `unpump run` (default: this DVC project)"
    )
    _add(commands, "doctor", "say what is wrong with this installation", "unpump doctor")
    return parser


def _add(commands: argparse._SubParsersAction, name: str, says: str, *examples: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog="\n  ".join(["example:", *examples]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--json", action="store_true", help="print one machine-readable summary line on standard output"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback when something fails")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--params", metavar="FILE", help="settings (default: params.yaml of this folder, if there is one)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        dest="changes",
        help="change one setting, for example --set train.trees=300; may be repeated",
    )


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), help="what computes (default: as featurize.engine says)"
    )


def _add_sources(parser: argparse.ArgumentParser) -> None:
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--tables", metavar="DIR", help="folder of canonical tables (accounts.parquet, labels.parquet, ...)"
    )
    given.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="RECIPE=PATH",
        help="a recipe (a name `unpump recipes` lists, or a YAML file) and the folder it reads; may be repeated",
    )


def _add_run(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands, "run", "run all stages, in a folder of their own", "unpump run --source nyu-2017=DATA --out out/nyu"
    )
    _add_sources(parser)
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for tables, features, model, metrics and report"
    )
    _add_engine(parser)
    _add_settings(parser)


_MORE = {  # of a command that is not only a stage
    "prepare": "unpump prepare --source my.yaml=DATA --out out/mine",
    "explain": "unpump explain --account town:u1042 --out out/mine   # the reasons of one account, in the terminal",
    "review": "unpump review --serve --out out/mine   # or --scores out/scores: the accounts of a night",
    "register": "unpump register --rollback",
}


def _add_stage(commands: argparse._SubParsersAction, name: str, says: str) -> None:
    parser = _add(commands, name, says, f"unpump {name}", *([_MORE[name]] if name in _MORE else []))
    if name == "prepare":
        _add_sources(parser)
    if name == "featurize":
        _add_engine(parser)
    if name == "explain":
        parser.add_argument(
            "--account", metavar="ID", help="print the reasons of one account instead; nothing is written"
        )
    if name == "review":
        parser.add_argument(
            "--serve", action="store_true", help="look up accounts in a local page and record answers, until Ctrl-C"
        )
        parser.add_argument(
            "--scores", metavar="DIR", help="with --serve: the accounts of these scores; --out is for answers then"
        )
        parser.add_argument("--port", type=int, default=8765, help="of the local page (default: 8765; 0: any)")
        parser.add_argument("--reviewer", metavar="NAME", help="whose answers these are (default: the user's name)")
    if name == "register":
        parser.add_argument("--rollback", action="store_true", help="make the previous champion champion again")
    parser.add_argument("--out", metavar="DIR", help="folder of an `unpump run` (default: this DVC project)")
    _add_settings(parser)


def _add_score(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "score",
        "score every account of a folder of canonical tables",
        "unpump score --model models:/unpump@champion --tables NEW --out out/scores",
    )
    parser.add_argument(
        "--model", required=True, metavar="DIR|models:/NAME@ALIAS", help="model directory or registered model"
    )
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--tables", metavar="DIR", help="folder of canonical tables; labels are not needed")
    given.add_argument(
        "--features", metavar="FILE", help="Parquet file of features that are ready, sorted by account_id"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for scores.parquet and manifest.json")
    parser.add_argument(
        "--as-of", metavar="MOMENT", help="judge every account as of this UTC moment (default: its observed_at)"
    )
    parser.add_argument(
        "--bot-share", type=float, metavar="SHARE", help="share of bots expected among these accounts, 0 to 1"
    )
    parser.add_argument(
        "--feedback", metavar="DIR", help="folder of `unpump feedback`: overturned verdicts are not repeated"
    )
    parser.add_argument(
        "--since",
        metavar="DIR",
        help="earlier scores (may be --out): only accounts whose features changed are rescored",
    )
    _add_engine(parser)
    _add_settings(parser)


def _add_audit(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "audit",
        "tell real engagement of posts and creators from pumped, with intervals",
        "unpump audit --model out/mine/artifacts/model --tables NEW --out out/audit",
        "unpump audit --scores out/scores --tables NEW --out out/audit --creators shortlist.csv --price 250",
        "unpump audit --scores out/scores --tables NEW --out out/one --account 12345 --post 67890",
    )
    parser.add_argument("--model", metavar="DIR|models:/NAME@ALIAS", help="what scores the accounts, without --scores")
    parser.add_argument("--scores", metavar="DIR", help="what `unpump score` wrote of these tables")
    parser.add_argument(
        "--tables", required=True, metavar="DIR", help="folder of canonical tables; engagements and follows if known"
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for audit.parquet, audit.html, creators/ and the rest"
    )
    parser.add_argument("--groups", metavar="FILE", help="groups.parquet of these tables (default: looked for)")
    parser.add_argument(
        "--creators",
        metavar="FILE",
        help="CSV with account_id or username (@name and addresses of profiles too), and price of a post: ranked, each "
        "known one with a page",
    )
    parser.add_argument("--price", type=float, metavar="AMOUNT", help="of a post, where the CSV gives none")
    for name, whose in (("account", "this creator"), ("post", "this post and of its author")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="ID",
            help=f"print the estimate of {whose}; pages are of those named only; may be repeated",
        )
    _add_engine(parser)
    _add_settings(parser)


def _add_monitor(commands: argparse._SubParsersAction) -> None:
    says = "compare a batch with training and say what a person should know; exit code 3 when something is severe"
    parser = _add(
        commands, "monitor", says, "unpump monitor --model out/mine/artifacts/model --tables NEW --out out/watch"
    )
    parser.add_argument(
        "--model", required=True, metavar="DIR|models:/NAME@ALIAS", help="model directory or registered model"
    )
    parser.add_argument("--tables", required=True, metavar="DIR", help="folder of canonical tables of the batch")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for monitor.json, monitor.html and metrics.prom"
    )
    parser.add_argument("--labels", metavar="PATH", help="labels that arrived since (default: those of --tables)")
    parser.add_argument(
        "--reference", metavar="FILE", help="profile.json of an earlier batch to compare with instead of training"
    )
    _add_settings(parser)


def _add_review_labels(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "review-labels",
        "apply a reviewer's decisions about labels, in tables to train on",
        "unpump review-labels --decisions decided.csv --tables out/mine/tables --out out/reviewed",
    )
    parser.add_argument(
        "--decisions",
        required=True,
        metavar="FILE",
        help="CSV, JSON, JSON lines or Parquet with account_id, decision (bot, human, unclear), reviewer, decided_at",
    )
    parser.add_argument("--tables", required=True, metavar="DIR", help="folder of canonical tables with the labels")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the same tables with the reviewed labels"
    )


def _add_feedback(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "feedback",
        "bring back what people decided about scored accounts, as labels and as a measure of the scores",
        "unpump feedback --scores out/scores --reviews out/mine/label_review.parquet --out out/feedback",
        "unpump score --feedback out/feedback --model out/mine/artifacts/model --tables NEW --out out/scores",
    )
    parser.add_argument(
        "--scores",
        required=True,
        action="append",
        metavar="DIR",
        help="folder that `unpump score` wrote; once for every night whose scores people looked at",
    )
    for name, says in (("reviews", "verdicts of reviewers"), ("appeals", "verdicts about appeals")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="FILE",
            help=f"{says}: CSV, JSON, JSON lines or Parquet with account_id, decision, reviewer, decided_at",
        )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for labels, verdicts and what they say of the scores"
    )


def _add_prevalence(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "prevalence",
        "estimate the share of bots among scored accounts that nobody labelled",
        "unpump prevalence --scores out/scores --run out/mine",
    )
    parser.add_argument("--scores", required=True, metavar="DIR", help="folder that `unpump score` wrote")
    parser.add_argument("--run", required=True, metavar="DIR", help="folder of the `unpump run` the model is from")
    parser.add_argument("--out", metavar="FILE", help="JSON file for the estimate")
    _add_settings(parser)


def _add_adapt(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "adapt",
        "adapt the model of a run to a population that nobody labelled",
        "unpump adapt --run out/twitter --tables TONIGHT --bot-share 0.4 --out out/adapted",
        "unpump score --model out/adapted/model --tables TONIGHT --out out/scores",
    )
    parser.add_argument("--run", required=True, metavar="DIR", help="folder of the `unpump run` the model is from")
    parser.add_argument("--tables", required=True, metavar="DIR", help="folder of canonical tables of the population")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for model/ and adaptation.json")
    parser.add_argument("--as-of", metavar="MOMENT", help="UTC moment at which every account is judged")
    parser.add_argument(
        "--bot-share", type=float, metavar="SHARE", help="share of bots expected there; refused where they are rare"
    )
    _add_settings(parser)


def _add_simulate(commands: argparse._SubParsersAction) -> None:
    parser = _add(
        commands,
        "simulate",
        "write a town of accounts with known truth",
        "unpump simulate --out out/town --accounts 10000 --seed 7",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the tables, the truth and a picture page"
    )
    parser.add_argument("--accounts", type=int, metavar="N", help="how many accounts live there")
    parser.add_argument("--seed", type=int, metavar="S", help="another seed, another town")
    _add_settings(parser)


def run_command(arguments: Sequence[str]) -> int:
    """Parse ``arguments``, run the command, and turn every failure into a sentence and an exit code."""
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as stop:  # argparse has already said what was wrong
        return int(stop.code or 0)
    _set_up(options.debug)
    try:
        command = getattr(import_module("pipeline.commands"), options.command.replace("-", "_"), None)
        summary = command(options) if command else import_module("pipeline.commands").stage(options)
    except BadInput as error:
        if options.debug:
            logging.exception("bad input")
        _say({"status": "bad input", "error": str(error)} if options.json else None, f"unpump: {error}")
        return BAD
    except KeyboardInterrupt:
        _say(None, "unpump: interrupted; earlier outputs are as they were")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # the last line of defence: a person gets a sentence, --debug gets the rest
        if options.debug:
            raise
        text = f"{type(error).__name__}: {printable(str(error), 500)}"
        _say(
            {"status": "failed", "error": text} if options.json else None,
            f"unpump: failed: {text}. Run it again with --debug to see where.",
        )
        return FAILED
    if options.json:
        print(json.dumps({"status": "done", **(summary or {})}, sort_keys=True), flush=True)
    return int((summary or {}).get("exit_code", DONE))


def _say(summary: dict[str, str] | None, sentence: str) -> None:
    if summary:
        print(json.dumps(summary, sort_keys=True), flush=True)
    print(sentence, file=sys.stderr, flush=True)


def _set_up(debug: bool) -> None:
    """Log lines on standard error for our own packages; libraries only when something is wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a letter gets its number, not a failure
            stream.reconfigure(errors="backslashreplace")
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    for ours in ("features", "models", "review", "pipeline", "simulation"):
        logging.getLogger(ours).setLevel(logging.DEBUG if debug else logging.INFO)
