"""What each command does, once its words are understood. Every function returns its summary for ``--json``."""

from __future__ import annotations

import logging
import os
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from features.errors import BadInput, printable
from pipeline.graph import STAGES
from pipeline.layout import Layout
from pipeline.settings import Params, read_params
from pipeline.stage import execute

log = logging.getLogger(__name__)
Summary = dict[str, Any]


def project_root() -> Path:
    """The DVC project around this folder; this folder itself when there is none."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "dvc.yaml").is_file()), here)


def store_root() -> Path:
    """The folder that keeps track of runs: that of the project, also for an experiment in a checkout of its own.

    DVC runs queued experiments in temporary checkouts and names the project they belong to in ``DVC_ROOT``. Their
    files are their own; their runs are compared with the others.
    """
    return Path(os.environ.get("DVC_ROOT") or project_root())


def layout_of(out: str | None) -> Layout:
    """The layout of the run in the folder ``out``; without one, that of this DVC project."""
    if out:
        return Layout.run(Path(out).resolve(), Path(out).resolve())
    return Layout.project(project_root(), store_root())


def settings(options: Namespace) -> Params:
    """Settings of the file and the ``--set`` changes of this call."""
    named = Path(options.params) if options.params else Path("params.yaml")
    engine = getattr(options, "engine", None)
    changes = [*options.changes, *([f"featurize.engine={engine}"] if engine else [])]
    params = read_params(named if options.params or named.is_file() else None, changes)
    sources, tables = getattr(options, "source", None), getattr(options, "tables", None)
    if not sources and not (tables and options.command in ("run", "prepare")):
        return params
    pairs = [_source(s) for s in sources or []]
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(
            "--source",
            expected="each recipe once",
            got=f"{printable(twice[0])} {names.count(twice[0])} times",
            todo="Put files of one set into one folder, or copy the recipe under another name.",
        )
    given = {"tables": tables, "sources": dict(pairs)}
    return params.model_copy(update={"prepare": params.prepare.model_copy(update=given)})


def _source(text: str) -> tuple[str, str]:
    recipe, equals, path = text.partition("=")
    if not (recipe and equals and path):
        raise BadInput(
            "--source",
            expected="RECIPE=PATH",
            got=printable(text),
            todo="For example --source cresci-2017=DATA/cresci-2017.",
        )
    return recipe, path


def run(options: Namespace) -> Summary:
    """All stages in a folder of their own."""
    params, out = settings(options), Path(options.out)
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out}", expected="a folder", got="a file", todo="Name another folder.")
    layout = Layout.run(out.resolve(), root=out.resolve())
    started = time.monotonic()
    for number, one in enumerate(STAGES.values(), start=1):
        _execute(one.name, layout, params, f"[{number}/{len(STAGES)}] ")
    log.info("all stages done in %.0f s", time.monotonic() - started)
    return _summarise(layout)


def stage(options: Namespace) -> Summary:
    """One stage, as dvc.yaml calls it."""
    layout = layout_of(options.out)
    if options.command == "register" and options.rollback:
        from pipeline.tracking import rollback

        outcome = rollback(layout, settings(options))
        log.info("%s", outcome["says"])
        return outcome
    if options.command == "explain" and options.account is not None:
        return _explain_account(layout, options)
    if options.command == "review" and options.scores and not options.serve:
        raise BadInput("--scores", expected="--serve beside it", got="none", todo="Add --serve.")
    if options.command == "review" and options.serve:
        return _serve(layout, options)
    _execute(options.command, layout, settings(options))
    return {"stage": options.command, "wrote": [str(layout.path(name)) for name in STAGES[options.command].writes]}


def _serve(layout: Layout, options: Namespace) -> Summary:
    import getpass

    from pipeline.jobs.desk import Desk, serve
    from pipeline.jobs.worklist import Worklist
    from pipeline.remote import is_remote

    try:
        name = options.reviewer or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        name = "reviewer"
    if options.scores is None:
        return serve(Desk(layout, settings(options), name), options.port)
    if is_remote(options.out or options.scores):
        raise BadInput(
            "--out",
            expected="a folder of this machine for label_review.parquet",
            got=printable(options.out or "none", 200),
            todo="Name one.",
        )
    scores, out = _here(options.scores) or Path(), Path(options.out) if options.out else None
    return serve(Worklist(scores, settings(options), name, out), options.port)


def _explain_account(layout: Layout, options: Namespace) -> Summary:
    from pipeline.jobs.case import print_case, show_case

    found = show_case(layout, options.account, settings(options))
    if not options.json:
        print_case(found, sys.stdout)
    return found


def _execute(name: str, layout: Layout, params: Params, prefix: str = "") -> None:
    log.info("%s%s: %s", prefix, name, STAGES[name].says)
    started = time.monotonic()
    execute(STAGES[name], layout, params)
    log.info("%s%s done in %.1f s", prefix, name, time.monotonic() - started)


def score(options: Namespace) -> Summary:
    """Score every account of a folder of tables."""
    from pipeline.jobs.score import score as score_job
    from pipeline.remote import workplace

    out, deliver = workplace(options.out)
    done = score_job(
        model=_model(options.model),
        tables=_here(options.tables),
        features=_here(options.features),
        feedback=_verdicts(options.feedback),
        since=_here(options.since),
        out=out,
        params=settings(options),
        as_of=options.as_of,
        bot_share=options.bot_share,
        root=store_root(),
        deliver=deliver,
    )
    return {**done, "out": options.out}


def _here(address: str | None) -> Path | None:
    """A path that was given, fetched if it is in an object store."""
    from pipeline.remote import here

    return here(address) if address else None


def _verdicts(address: str | None) -> Path | None:
    """Where people's verdicts are; a store has none before the first night is over."""
    from pipeline.jobs.standing import VERDICTS
    from pipeline.remote import fetch_if_there, folder_of, is_remote

    if address is None or not is_remote(address) or address.partition("?")[0].endswith(".parquet"):
        return _here(address)
    folder = folder_of(f"{address} {VERDICTS}")  # of its own: nothing else that is there is needed
    folder.mkdir(parents=True, exist_ok=True)
    (folder / VERDICTS).unlink(missing_ok=True)
    fetch_if_there(address, VERDICTS, folder)
    return folder


def _model(address: str) -> str:
    from pipeline.remote import is_remote

    return str(_here(address)) if is_remote(address) else address


def audit(options: Namespace) -> Summary:
    """Tell real engagement from pumped."""
    from pipeline.jobs.audit import audit as audit_job

    scores, groups, creators = (Path(p) if p else None for p in (options.scores, options.groups, options.creators))
    told = audit_job(
        Path(options.tables),
        Path(options.out),
        settings(options),
        model=options.model,
        scores=scores,
        groups=groups,
        creators=creators,
        price=options.price,
        accounts=options.account,
        posts=options.post,
        root=store_root(),
    )
    if told.get("told") and not options.json:
        print("\n\n".join(told["told"]))
    return told


def monitor(options: Namespace) -> Summary:
    """Compare a batch with training."""
    from pipeline.jobs.monitor import monitor as monitor_job
    from pipeline.remote import here, output

    with output(options.out, keep="history.json") as out:
        return monitor_job(
            _model(options.model),
            here(options.tables),
            out,
            settings(options),
            labels=_here(options.labels),
            reference=_here(options.reference),
            root=store_root(),
        )


def review_labels(options: Namespace) -> Summary:
    """Apply a reviewer's decisions."""
    from pipeline.jobs.review_labels import review_labels as review_labels_job

    return dict(review_labels_job(Path(options.decisions), Path(options.tables), Path(options.out)))


def feedback(options: Namespace) -> Summary:
    """Bring back what people decided."""
    from pipeline.jobs.feedback import feedback as feedback_job
    from pipeline.jobs.standing import VERDICTS
    from pipeline.remote import here, output

    given = (options.scores, options.reviews, options.appeals)
    scores, reviews, appeals = ([here(p) for p in paths] for paths in given)
    with output(options.out, keep=VERDICTS) as out:
        done = feedback_job(scores, reviews, appeals, out)
    return {**done, "out": options.out}


def prevalence(options: Namespace) -> Summary:
    """Estimate the share of bots in a scored population."""
    from pipeline.jobs.prevalence import prevalence as prevalence_job

    rules = settings(options).evaluate
    return dict(
        prevalence_job(
            Path(options.scores),
            Path(options.run),
            Path(options.out) if options.out else None,
            resamples=rules.resamples,
            level=rules.level,
            seed=rules.seed,
        )
    )


def adapt(options: Namespace) -> Summary:
    """Adapt a model to a population without labels."""
    from pipeline.jobs.adapt import adapt as adapt_job

    given = Path(options.run), Path(options.tables), Path(options.out)
    return dict(adapt_job(*given, settings(options), options.as_of, options.bot_share))


def simulate(options: Namespace) -> Summary:
    """Write a town with known truth."""
    from pipeline.jobs.simulate import simulate_job

    asked = {key: value for key in ("accounts", "seed") if (value := getattr(options, key)) is not None}
    changes = [*options.changes, *(f"prepare.town.{key}={value}" for key, value in asked.items())]
    params = read_params(Path(options.params) if options.params else None, changes)
    return dict(simulate_job(params.prepare.town, Path(options.out)))


def features(options: Namespace) -> Summary:
    """Print the catalogue of features."""
    from features.catalogue import print_catalogue

    return {"features": print_catalogue(sys.stdout, "json" if options.json else options.format)}


def recipes(options: Namespace) -> Summary:
    """List the recipes that come with unpump."""
    from pipeline.recipes.format import shipped

    found = shipped()
    if not options.json:
        width = max(map(len, found))
        for name, recipe in found.items():
            print(f"{name:<{width}}  {recipe.title}")
    return {"recipes": sorted(found)}


def summary(options: Namespace) -> Summary:
    """Print the headline of a run."""
    layout = layout_of(options.out)
    return _summarise(layout, quiet=options.json)


def _summarise(layout: Layout, quiet: bool = False) -> Summary:
    from pipeline.jobs.summary import headline, print_headline

    found = headline(layout)
    if not quiet:
        print_headline(found, sys.stderr)
    return found


def doctor(options: Namespace) -> Summary:
    """Say what is wrong with this installation."""
    from pipeline.jobs.doctor import examine, print_findings

    findings = examine(project_root())
    if not options.json:
        print_findings(findings, sys.stdout)
    severe = any(f.severity == "severe" for f in findings)
    return {"findings": [f.as_dict() for f in findings], "exit_code": int(severe)}
