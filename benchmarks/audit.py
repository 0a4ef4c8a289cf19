"""Measures `unpump audit` on towns that nothing was fitted on: errors, coverage, pumped posts found, who is blamed.

    python -m benchmarks.audit [--work DIR] [--write docs/audit.md]

What was measured is kept in ``out/results/audit``; ``python -m benchmarks.results`` takes it from there for its page.
With ``--write`` each table replaces the one between the markers of its name in the page. It fails where fewer intervals
hold than they state.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.audit_fit import (
    ALARMS,
    ALL_LIKES,
    COUNTS,
    FULL,
    NO_COUNT_KINDS,
    OF_VAGUE,
    PARTIAL,
    Sight,
    called,
    errors,
    guilty_looks,
    intentions,
    read,
    seen,
)
from benchmarks.audit_towns import ACCOUNTS, ELSEWHERE, MIXED, TEACHER, UNSEEN, VAGUE, towns
from benchmarks.results import KEPT, commit
from benchmarks.simulation import put
from models.authenticity import INTENTS
from models.authenticity_intervals import LEVEL, UNITS
from pipeline.audit.constants import Constants, shipped
from pipeline.audit.estimates import after_likes
from pipeline.audit.evidence import ACTIONS
from pipeline.audit.verdicts import intents_of
from pipeline.audit.whatif import HIDES, what_if
from pipeline.dvcyaml import PROJECT
from pipeline.files import write_all

WORK = PROJECT / "out" / "audit"  # keeps the towns
LEAST = {"post": 10, "creator": 30}  # likes of posts and creators whose shares are compared
LIKES_ALONE = ALL_LIKES[-1]  # no groups, no follows, no kinds
MEASURED = (
    *ALL_LIKES,
    PARTIAL,
    replace(PARTIAL, name="three likes in ten, no follows, no kinds", follows=False, kinds=False),
    COUNTS,
    NO_COUNT_KINDS,
    OF_VAGUE,
    replace(LIKES_ALONE, name="vague scores, no groups, no follows, no kinds", teacher=VAGUE),
)
SUMMED = tuple(s.name for s in (FULL, PARTIAL, COUNTS))  # told of all likes together
ABROAD = (FULL, LIKES_ALONE, PARTIAL, COUNTS)  # of other models and smaller towns


def measure(folder: Path, sight: Sight, constants: Constants) -> dict[str, Any]:
    """One town, seen in one way: errors and intervals; the rest only where a table tells of it."""
    connection = read(folder, sight)
    after_likes(connection, constants)
    found: dict[str, Any] = {}
    for unit in UNITS:
        e = errors(connection, unit)
        low, high = constants.widths[unit].interval(e["likes"], e["pumped"], e["spread"], e["rests_on"])
        inside = (e["truth"] >= low - 1e-9) & (e["truth"] <= high + 1e-9)
        big = e["likes"] >= LEAST[unit]
        wrong = np.abs(e["pumped"] - e["truth"])[big] / e["likes"][big]
        found[unit] = {
            "number": int(big.sum()),
            "true_share": float((e["truth"][big] / e["likes"][big]).mean()),
            "error": float(wrong.mean()),
            "error_p90": float(np.quantile(wrong, 0.9)),
            "coverage": float(inside.mean()),
            "coverage_big": float(inside[big].mean()),
            "width": float(((high - low)[big] / e["likes"][big]).mean()),
            "bias": float((e["pumped"][big].sum() - e["truth"][big].sum()) / e["likes"][big].sum()),
        }
    if sight.name in SUMMED:
        found["whole"] = whole(connection, constants)
        found["what_if"] = honest_lost(connection, constants)
    if sight.name == FULL.name:
        found["pumped"] = pumped_posts(connection, folder, constants)
        intentions(connection, folder)
        found["intents"] = {unit: blamed(connection, unit, constants) for unit in UNITS}
    return found


def pumped_posts(connection: Any, folder: Path, constants: Constants) -> dict[str, int]:
    """How many posts are pumped, called so, and look guilty, at the cut that is shipped and at a strict one."""
    looks = guilty_looks(connection, folder)
    those = called(looks, constants.cut)
    # The cut that exactly one in a hundred of the guilty-looking posts of this very town passes.
    strict = looks["share"] > np.quantile(looks.loc[looks["looks"], "share"], 1 - ALARMS)
    return {
        "pumped": int(looks["pumped"].sum()),
        "called": int(those.sum()),
        "found": int((those & looks["pumped"]).sum()),
        "guilty_looking": int(looks["looks"].sum()),
        "alarms": int((those & looks["looks"]).sum()),
        "called_at_1": int(strict.sum()),
        "found_at_1": int((strict & looks["pumped"]).sum()),
    }


def whole(connection: Any, constants: Constants) -> dict[str, Any]:
    """All likes of the town together: how many are pumped in truth, as estimated, and the ends of the interval."""
    e = errors(connection, "creator")
    low, high = constants.widths["creator"].interval(e["likes"], e["pumped"], e["spread"], e["rests_on"])
    all_of = {"truth": e["truth"], "estimate": e["pumped"], "low": low, "high": high, "likes": e["likes"]}
    return {name: float(values.sum()) for name, values in all_of.items()}


def honest_lost(connection: Any, constants: Constants) -> list[dict[str, Any]]:
    """For each action of the what-if: honest likes that are truly lost, as estimated, and the ends of the interval."""
    effects, _ = what_if(connection, constants.widths["creator"], 1)
    found = []
    for e in effects:
        least, hides = ACTIONS[e["action"]], e["action"] in HIDES
        gone = f"coalesce(a.tier, 0) >= {least}" if hides else "false"
        ((given, kept),) = connection.execute(
            # On hidden posts all honest likes, seen or not; elsewhere those seen of accounts that are met.
            f"SELECT (SELECT count(*) FROM judged j LEFT JOIN truth t USING (post, actor) LEFT JOIN actors a "
            f"ON a.account = j.author WHERE j.tier >= {least} AND t.cause IS NULL AND NOT {gone}), "
            f"(SELECT coalesce(sum(h.n - h.pumped), 0) FROM posts p JOIN honest h USING (post) LEFT JOIN actors a "
            f"ON a.account = p.author WHERE {gone})"
        ).fetchall()
        ends = {"estimate": e["honest_lost"], "low": e["honest_lost_low"], "high": e["honest_lost_high"]}
        found.append({"action": e["action"], "lost": e["likes_lost"], "truth": float(given + kept), **ends})
    return found


def blamed(connection: Any, unit: str, constants: Constants) -> dict[str, Any]:
    """Per true intent: how many, the mean probability of each intent, and how many got each verdict."""
    told = intents_of(connection, unit, constants).to_pandas()
    key = "post" if unit == "post" else "author"
    truth = connection.sql(f"SELECT {key}, intent FROM {unit}_truth").df()
    rows = told.merge(truth, on=key)
    found = {}
    for i, name in enumerate(INTENTS):
        own = rows[rows["intent"] == i]
        found[name] = {
            "number": len(own),
            "probabilities": {other: float(own[f"p_{other}"].sum()) for other in INTENTS},
            "verdicts": {str(v): int(n) for v, n in own["verdict"].value_counts().sort_index().items()},
        }
    return found


def measured(work: Path) -> list[dict[str, Any]]:
    """A row for every unseen town, model that scored it, and way it is seen."""
    return [
        {
            "seed": town.seed,
            "level": town.level,
            "accounts": town.accounts,
            "teacher": sight.teacher.name,
            "sight": sight.name,
            **measure(town.folder, sight, shipped()),
        }
        for sets, wanted in ((UNSEEN, MEASURED), (ELSEWHERE, _by_every_teacher(ABROAD)))
        for town in towns(work, sets)
        for sight in seen(wanted, town.teachers)
    ]


def _by_every_teacher(sights: Sequence[Sight]) -> list[Sight]:
    every = dict.fromkeys(teacher for one in ELSEWHERE for teacher in one.teachers)
    return [replace(sight, teacher=teacher) for teacher in every for sight in sights]


def too_few(rows: Sequence[dict[str, Any]]) -> str | None:
    """Where fewer intervals hold than they state in the worst town that is seen in one way; None where enough do."""
    found = [
        f"{where}, {unit}s: {held:.1%}"
        for where, own in {**_by_sight(rows), **_elsewhere(rows)}.items()
        for unit in UNITS
        if (held := min(r[unit]["coverage_big"] for r in own)) < LEVEL
    ]
    return f"fewer than {LEVEL:.0%} of the intervals of a town hold: {'; '.join(found)}" if found else None


def main() -> None:
    """Measure, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=WORK, help="folder that keeps the towns")
    parser.add_argument("--write", type=Path, help="page whose tables are replaced")
    options = parser.parse_args()
    rows = measured(options.work.resolve())
    write_all({KEPT / "audit" / "towns.json": {"part": "towns", "commit": commit(), "towns": rows}})
    for name, table in tables(rows).items():
        print(f"{name}\n{table}\n")
        if options.write:
            put(options.write, name, table)
    if wrong := too_few(rows):
        raise SystemExit(wrong)


def tables(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The tables of the page, by the name of their markers."""
    levels = sorted({r["level"] for r in rows}, key=lambda level: (level == MIXED, level))
    by_sight = _by_sight(rows)
    full = by_sight[FULL.name]
    return {
        "errors": _table(
            [
                "evasion",
                "of",
                "number",
                "truly pumped",
                "mean error of the share",
                "nine in ten below",
                "bias",
                "coverage",
                "in the worst town",
                "width",
            ],
            [
                _error_row(_named(level), unit, [r[unit] for r in full if r["level"] == level])
                for level in levels
                for unit in UNITS
            ],
        ),
        "sights": _table(
            [
                "seen",
                "of",
                "number",
                "truly pumped",
                "mean error of the share",
                "nine in ten below",
                "bias",
                "coverage",
                "in the worst town",
                "width",
            ],
            [_error_row(sight, unit, [r[unit] for r in own]) for sight, own in by_sight.items() for unit in UNITS],
        ),
        "elsewhere": _table(
            [
                "scored by, accounts, seen",
                "of",
                "number",
                "truly pumped",
                "mean error of the share",
                "nine in ten below",
                "bias",
                "coverage",
                "in the worst town",
                "width",
            ],
            [
                _error_row(where, unit, [r[unit] for r in own])
                for where, own in _elsewhere(rows).items()
                for unit in UNITS
            ],
        ),
        "pumped": _table(
            [
                "evasion",
                "pumped posts",
                "precision",
                "recall",
                "viral, giveaway and fan-club posts",
                "called pumped",
                "precision at 1%",
                "recall at 1%",
            ],
            [_pumped_row(_named(level), [r["pumped"] for r in full if r["level"] == level]) for level in levels],
        ),
        "intents": _table(
            ["truly", "creators", *(f"said {n}" for n in (*INTENTS, "unclear"))],
            [_intent_row(name, [r["intents"]["creator"][name] for r in full]) for name in INTENTS],
        ),
        "whole": _table(
            ["seen", "evasion", "towns", "likes", "truly pumped", "estimated", "lowest", "highest", "towns inside"],
            [
                _whole_row(sight, level, [r["whole"] for r in by_sight[sight] if r["level"] == level])
                for sight in SUMMED
                for level in levels
            ],
        ),
        "what-if": _table(
            ["seen", "action", "towns", "likes lost", "truly honest", "estimated", "lowest", "highest", "towns inside"],
            [
                _lost_row(sight, action, [e for r in by_sight[sight] for e in r["what_if"]])
                for sight in SUMMED
                for action in ACTIONS
                if any(e["lost"] for r in by_sight[sight] for e in r["what_if"] if e["action"] == action)
            ],
        ),
        "calibration": _table(
            ["intent", "creators by their probabilities", "creators in truth"],
            [
                [
                    name,
                    f"{sum(r['intents']['creator'][t]['probabilities'][name] for r in full for t in INTENTS):,.0f}",
                    f"{sum(r['intents']['creator'][name]['number'] for r in full):,}",
                ]
                for name in INTENTS
            ],
        ),
    }


def _usual(row: dict[str, Any]) -> bool:
    """Whether the town is as large as those of estimates, and was scored by their model."""
    return row["accounts"] == ACCOUNTS and row["teacher"] in (TEACHER.name, VAGUE.name)


def _by_sight(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    own = [r for r in rows if _usual(r)]
    return {sight: [r for r in own if r["sight"] == sight] for sight in dict.fromkeys(r["sight"] for r in own)}


def _elsewhere(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for r in (r for r in rows if not _usual(r)):
        model = "the same model" if r["teacher"] == TEACHER.name else "another model"
        found.setdefault(f"{model}, {r['accounts']:,}, {r['sight']}", []).append(r)
    return found


def _named(level: float) -> str:
    return "all alike" if level == MIXED else f"{level:g}"


def _error_row(first: str, unit: str, found: Sequence[dict[str, Any]]) -> list[str]:
    mean = {k: float(np.mean([f[k] for f in found])) for k in found[0]}
    return [
        first,
        f"{unit}s with {LEAST[unit]} likes or more",
        f"{sum(f['number'] for f in found):,}",
        *(f"{mean[k]:.1%}" for k in ("true_share", "error", "error_p90")),
        f"{mean['bias']:+.1%}",
        f"{mean['coverage_big']:.1%}",
        f"{min(f['coverage_big'] for f in found):.1%}",
        f"{mean['width']:.1%}",
    ]


def _inside(found: Sequence[dict[str, Any]]) -> str:
    return f"{sum(f['low'] - 0.1 <= f['truth'] <= f['high'] + 0.1 for f in found)} of {len(found)}"


def _whole_row(sight: str, level: float, found: Sequence[dict[str, Any]]) -> list[str]:
    total = {k: sum(f[k] for f in found) for k in ("likes", "truth", "estimate", "low", "high")}
    shares = (f"{total[k] / max(total['likes'], 1):.1%}" for k in ("truth", "estimate", "low", "high"))
    return [sight, _named(level), str(len(found)), f"{total['likes']:,.0f}", *shares, _inside(found)]


def _lost_row(sight: str, action: str, effects: Sequence[dict[str, Any]]) -> list[str]:
    found = [e for e in effects if e["action"] == action and e["lost"]]
    total = (f"{sum(e[k] for e in found):,.0f}" for k in ("lost", "truth", "estimate", "low", "high"))
    return [sight, action, str(len(found)), *total, _inside(found)]


def _pumped_row(first: str, found: Sequence[dict[str, int]]) -> list[str]:
    total = {k: sum(f[k] for f in found) for k in found[0]}
    return [
        first,
        f"{total['pumped']:,}",
        f"{total['found'] / max(total['called'], 1):.1%}",
        f"{total['found'] / max(total['pumped'], 1):.1%}",
        f"{total['guilty_looking']:,}",
        f"{total['alarms'] / max(total['guilty_looking'], 1):.2%}",
        f"{total['found_at_1'] / max(total['called_at_1'], 1):.1%}",
        f"{total['found_at_1'] / max(total['pumped'], 1):.1%}",
    ]


def _intent_row(name: str, found: Sequence[dict[str, Any]]) -> list[str]:
    verdicts = pd.DataFrame([f["verdicts"] for f in found]).sum()
    return [
        name,
        f"{sum(f['number'] for f in found):,}",
        *(f"{int(verdicts.get(v, 0)):,}" for v in (*INTENTS, "unclear")),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * 2 + "|---:" * (len(head) - 2) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    main()
