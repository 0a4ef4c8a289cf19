"""Checks of the data audit that look at columns: what tells the label or the source and should not."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.dataaudit import Answer, Known, check
from models.findings import NAMED, more
from models.onecolumn import balanced_accuracy, key_told_by, roc_auc, screened, sources_told_by, told_by

# Balanced accuracy of one column. The best found in nine public sets, each known for artefacts of how it was
# collected, is 0.988 (account age, mib-2015); a column beyond them all holds the label itself.
DECIDES = 0.995
NEARLY = 0.93
TELLING = 0.9  # below this a single column is not even listed
# Share of the people against share of the bots for whom a column is missing.
MISSING_DECIDES = 0.95
MISSING_TELLS = 0.5
# Whole numbers that hardly ever repeat. Counters repeat: the least repeated of the public sets, posts in
# human-bots-2021, has 86% distinct values.
DISTINCT = 0.99
FEWEST_DISTINCT = 300
# Accounts that share a value with other accounts, how well these tell the label, and how much better than ranges do.
KEY_COVERS = 0.3
KEY_TELLS = 0.9
KEY_GAIN = 0.1
TELLS_SOURCE = 0.95  # ROC AUC of one source against the others, among accounts of one class
FEWEST_OF_SOURCE = 50
GOOD = 0.9  # average precision below which a simple tree that is as good shows weak features rather than easy data


@check("AUD001", severity="severe")
def column_decides_the_label(known: Known) -> Answer:
    """One column alone tells bots from people almost without an error."""
    found = [t for t in known.told if t[2] >= DECIDES]
    if not found:
        return None
    says = f"{_told(found)}. Such a column usually holds the label or was made from it."
    return says, {"columns": _evidence(found)}


@check("AUD002", severity="issue")
def column_nearly_decides_the_label(known: Known) -> Answer:
    """One column alone is nearly as good as a model, as when bots and people were collected in different ways."""
    found = [t for t in known.told if NEARLY <= t[2] < DECIDES]
    if not found:
        return None
    says = f"{_told(found)}. Quality measured on this set may not travel; compare with a source left out."
    return says, {"columns": _evidence(found)}


@check("AUD003", severity="severe")
def identifier_among_the_columns(known: Known) -> Answer:
    """A column of whole numbers that hardly ever repeat is an identifier, and tells when or where a row came from."""
    found = []
    for name, values in known.columns():
        if name in known.declared:
            continue
        there = values[~np.isnan(values)]
        if len(there) < FEWEST_DISTINCT or not np.array_equal(there, np.floor(there)):
            continue
        distinct = len(np.unique(there)) / len(there)
        if distinct >= DISTINCT:
            found.append({"column": name, "accounts": len(there), "distinct": round(distinct, 4)})
    if not found:
        return None
    return f"{_names(found)}: whole numbers that hardly ever repeat, as identifiers do.", {"columns": found}


@check("AUD004", severity="severe")
def values_act_as_a_key(known: Known) -> Answer:
    """Accounts with exactly the same value share the label though no range of values does: a batch or a list number."""
    found = []
    for name, values in known.columns():
        share, there = key_told_by(values, known.bot, known.part)
        if there.mean() < KEY_COVERS or not 0 < known.bot[there].sum() < there.sum():
            continue
        by_key = balanced_accuracy(known.bot[there], share[there])
        if by_key < KEY_TELLS:
            continue
        by_range = balanced_accuracy(known.bot[there], told_by(values, known.bot, known.part)[there])
        if by_key - by_range >= KEY_GAIN:
            found.append({"column": name, "by_value": round(by_key, 4), "by_range": round(by_range, 4)})
    if not found:
        return None
    says = f"{_names(found)}: exactly equal values share the label, ranges of values do not."
    return f"{says} Such a column numbers batches or lists, and says nothing about a new account.", {"columns": found}


@check("AUD005", severity="severe")
def missing_values_decide_the_label(known: Known) -> Answer:
    """A column is missing for one class and there for the other."""
    found = [m for m in _missing(known) if abs(m["bots"] - m["people"]) >= MISSING_DECIDES]
    if not found:
        return None
    return f"Whether it is known decides the label: {_missing_words(found)}.", {"columns": found}


@check("AUD006", severity="issue")
def missing_values_tell_the_label(known: Known) -> Answer:
    """A column is missing much more often for one class, so the model learns how accounts were collected."""
    found = [m for m in _missing(known) if MISSING_TELLS <= abs(m["bots"] - m["people"]) < MISSING_DECIDES]
    if not found:
        return None
    return f"Whether it is known tells much of the label: {_missing_words(found)}.", {"columns": found}


@check("AUD007", severity="issue")
def three_questions_are_enough(known: Known) -> Answer:
    """A tree of depth 3 is about as good as a boosted model: the set is easier than the world."""
    from sklearn.metrics import average_precision_score

    rows = known.sampled
    # Three sides are enough for a comparison, and boosters are the dearest thing in the audit.
    bot, part, x = known.bot[rows], known.part[rows] % 3, known.x.to_numpy(dtype=np.float64)[rows]
    tree, boosted, tested = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    for k in np.unique(part):
        here = part == k
        if x.shape[1] and 0 < bot[~here].sum() < (~here).sum():
            tree[here], boosted[here] = _tree(x, bot, here), _boosted(x, bot, here, known.settings.seed)
            tested |= here
    if not 0 < bot[tested].sum() < tested.sum():
        return None
    by_tree, by_model = (float(average_precision_score(bot[tested], p[tested])) for p in (tree, boosted))
    if by_model < GOOD or by_tree < by_model - known.settings.tree_margin:
        return None
    says = (
        f"A tree of depth 3 reaches average precision {by_tree:.3f}, a boosted model {by_model:.3f}: within "
        f"{known.settings.tree_margin:.3f}. Bots and people of this set differ more than bots and people do."
    )
    return says, {"tree": round(by_tree, 6), "boosted": round(by_model, 6), "margin": known.settings.tree_margin}


@check("AUD015", severity="issue")
def columns_give_the_source_away(known: Known) -> Answer:
    """A column tells which source an account of the same class is from (adversarial validation, column by column)."""
    found = [f for name, values in known.columns() for f in sources_told(known, name, values)]
    if not found:
        return None
    found.sort(key=lambda f: (-f["roc_auc"], f["column"], f["source"]))
    columns = list(dict.fromkeys(f["column"] for f in found))
    words = ", ".join(f"{f['column']} {f['source']} ({f['roc_auc']:.3f})" for f in found[:NAMED])
    return (
        f"{len(columns)} of {known.x.shape[1]} columns give a source away among accounts of one class, the first by "
        f"ROC AUC: {words}. A model can use them to learn who collected an account; see its quality with the source "
        "left out.",
        {"columns": found},
    )


def single_columns(known: Known) -> list[tuple[str, str, float, float]]:
    """Scope, column, balanced accuracy and ROC AUC of every column that alone reaches ``TELLING``, best first."""
    found = []
    for name, values in known.columns():
        for scope in known.scopes:
            bot, here = known.bot[scope.rows], values[scope.rows]
            if np.isnan(here).all() or screened(here, bot) < TELLING:
                continue
            said = told_by(here, bot, known.part[scope.rows])
            accuracy = balanced_accuracy(bot, said)
            if accuracy >= TELLING:
                found.append((scope.name, name, accuracy, roc_auc(bot, said)))
    return sorted(found, key=lambda t: (-t[2], t[1], t[0]))


def _told(found: list[tuple[str, str, float, float]]) -> str:
    words = "; ".join(f"{name} in {scope} ({accuracy:.3f})" for scope, name, accuracy, _ in found[:NAMED])
    return f"One column alone tells bots from people, with balanced accuracy: {words}{more(found)}"


def _evidence(found: list[tuple[str, str, float, float]]) -> list[dict[str, Any]]:
    return [
        {"column": name, "in": scope, "balanced_accuracy": round(accuracy, 4), "roc_auc": round(auc, 4)}
        for scope, name, accuracy, auc in found
    ]


def _missing(known: Known) -> list[dict[str, Any]]:
    """Every column and scope with the shares of bots and people it is missing for, largest gap first."""
    found = []
    for name, values in known.columns():
        absent = np.isnan(values)
        for scope in known.scopes:
            bot, gone = known.bot[scope.rows], absent[scope.rows]
            shares = {"bots": round(_share(gone[bot]), 4), "people": round(_share(gone[~bot]), 4)}
            found.append({"column": name, "in": scope.name, **shares})
    return sorted(found, key=lambda m: (-abs(m["bots"] - m["people"]), m["column"], m["in"]))


def _missing_words(found: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{m['column']} in {m['in']} is missing for {m['bots']:.0%} of bots and {m['people']:.0%} of people"
        for m in found[:NAMED]
    ) + more(found)


def sources_told(known: Known, name: str, values: np.ndarray) -> list[dict[str, Any]]:
    """Sources that ``values`` give away among accounts of the same class, with the ROC AUC over both classes."""
    told: dict[str, list[tuple[float, int]]] = {}
    for of_class in (known.bot, ~known.bot):
        rows = known.sampled[of_class[known.sampled]]
        names, code, count = np.unique(known.source[rows], return_inverse=True, return_counts=True)
        wanted = [i for i, n in enumerate(count) if min(n, len(rows) - n) >= FEWEST_OF_SOURCE]
        if not wanted:
            continue
        # A fit on the very accounts bounds what can be found; most columns stop here.
        bound = sources_told_by(values[rows], code)
        good = [i for i in wanted if roc_auc(code == i, bound[:, i]) >= TELLS_SOURCE - 0.05]
        said = sources_told_by(values[rows], code, known.part[rows]) if good else bound
        for i in wanted:
            told.setdefault(str(names[i]), []).append((roc_auc(code == i, said[:, i]) if i in good else 0.5, len(rows)))
    mean = {s: float(np.average([v for v, _ in t], weights=[n for _, n in t])) for s, t in told.items()}
    return [{"column": name, "source": s, "roc_auc": round(v, 4)} for s, v in sorted(mean.items()) if v >= TELLS_SOURCE]


def _tree(x: np.ndarray, bot: np.ndarray, here: np.ndarray) -> np.ndarray:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=5, random_state=0)
    return np.asarray(tree.fit(x[~here], bot[~here]).predict_proba(x[here])[:, 1])


def _boosted(x: np.ndarray, bot: np.ndarray, here: np.ndarray, seed: int) -> np.ndarray:
    import lightgbm as lgb

    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "learning_rate": 0.1,
        "min_data_in_leaf": 10,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # small trees on few rows: a second thread waits more than it works
        "verbosity": -1,
    }
    return np.asarray(lgb.train(settings, lgb.Dataset(x[~here], bot[~here]), 100).predict(x[here]))


def _share(yes: np.ndarray) -> float:
    return float(yes.mean()) if len(yes) else 0.0


def _names(found: list[dict[str, Any]]) -> str:
    return ", ".join(str(f["column"]) for f in found[:NAMED]) + more(found)
