"""One account in a terminal: its score, what is known of it, and the reasons, as the review page would show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TextIO

from features.errors import BadInput, printable
from pipeline.layout import Layout
from pipeline.settings import Params
from pipeline.stage import load

BAR = 12  # characters of the longest bar


def show_case(layout: Layout, account: str, params: Params) -> dict[str, Any]:
    """The case of one account of a run: score, tier and reasons by the run's model.

    Parameters
    ----------
    layout : Layout of a run whose stages up to train are done
    account : account_id
    params : settings; ``explain.reasons`` says how many reasons

    Returns
    -------
    dict as in ``cases.json``, less why and picture; what comes from a label is None without one

    Raises
    ------
    BadInput
        When the run has no features or model, or no such account.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from models.bundle import from_files
    from models.contributions import contributions
    from models.peers import ALIKE
    from pipeline.pseudonyms import pseudonym, read_key
    from pipeline.stages.explain import case, rows_behind, tell_peers

    model = from_files(load("model", layout, "explain"), str(layout.path("model")))
    path = layout.path("features")
    if not path.is_file():
        load("features", layout, "explain")  # says which stage makes it
    names = [account, *([pseudonym(read_key(key), account)] if (key := params.prepare.pseudonyms) else [])]
    rows = pq.read_table(path, filters=pc.field("account_id").isin(names)).to_pandas()
    if rows.empty:
        raise BadInput(
            f"account {printable(account, 80)}",
            expected=f"an account of {path}",
            got="an identifier that is not there",
            todo="Look it up in scores.parquet or accounts.parquet; identifiers are compared letter by letter.",
        )
    account = str(rows["account_id"].iloc[0])
    oof = load("oof", layout, "explain")
    label = oof[oof["account_id"] == account].to_dict("records")
    matrix = model.matrix(rows.iloc[:1])
    base, values = contributions(model, matrix)
    raw = float(model.raw_scores(matrix)[0])
    told = case(model, account, matrix, values, raw, params.explain.reasons, label[0] if label else None)
    tables = load("tables", layout, "explain") if layout.path("tables").exists() else None
    there = set(pq.read_schema(path).names)
    known = {"account_id", "as_of", *ALIKE, *(r["feature"] for r in told["reasons"])}
    everyone = pq.read_table(path, columns=sorted(known & there)).to_pandas()
    tell_peers([told], everyone, oof)
    rows_behind([told], tables, everyone, params.explain, params.featurize)
    return {**told, "base_value": base}


def print_case(case: Mapping[str, Any], to: TextIO) -> None:
    """Print a case for a person; nothing that an account brings can control the terminal."""
    from models.reasons import NO_EVIDENCE

    print(
        f"{printable(case['account_id'], 80)}\n"
        f"  bot probability {case['final']:.3f} ({case['final_low']:.3f} to {case['final_high']:.3f}), "
        f"tier {case['final_tier']}",
        file=to,
    )
    if case["likely"] is not None:
        print(f"  most like the kind {printable(case['likely'], 60)}: {case['likely_probability']:.3f}", file=to)
    if case["is_bot"] is not None:
        kind = f" ({printable(case['kind'], 40)})" if case["kind"] else ""
        print(
            f"  labelled {'bot' if case['is_bot'] else 'person'}{kind} by {printable(case['source'], 60)}; "
            f"a model that had not seen it gave {case['bot_probability']:.3f}, tier {case['tier']}",
            file=to,
        )
    if not case["reasons"] or not case["evidence"]:
        print(f"  {NO_EVIDENCE}.", file=to)
    longest = max((abs(r["contribution"]) for r in case["reasons"]), default=1.0)
    for number, reason in enumerate(case["reasons"], start=1):
        bar = "█" * max(1, round(BAR * abs(reason["contribution"]) / longest))
        towards = "bot" if reason["contribution"] > 0 else "person"
        print(f"\n  {number}. {reason['text']}", file=to)
        print(f"     {reason['contribution']:+.2f} {bar:<{BAR}} towards {towards}   {reason['code']}", file=to)
        if peers := reason.get("peers"):
            print(f"       {peers['text']}", file=to)
        for line in reason.get("evidence", ()):
            print(f"       {line}", file=to)
    if change := case.get("change"):
        reached = f"{change['probability']:.3f}, tier {change['tier']}"
        print(f"\n  Near the edge of its tier; the model would give {reached}, were, all else equal:", file=to)
        for one in change["changes"]:
            print(f"     {one['text']}", file=to)
    if case["kind_reasons"]:
        print(f"\n  For {printable(case['likely'], 60)} speaks:", file=to)
    for reason in case["kind_reasons"]:
        print(f"     {reason['contribution']:+.2f} {reason['text']}", file=to)
