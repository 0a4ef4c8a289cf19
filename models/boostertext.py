"""LightGBM's model text: average several boosters into one, and refuse a text that is not what we would write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from features.errors import BadInput, printable

_HEADER = (
    "version",
    "num_class",
    "num_tree_per_iteration",
    "label_index",
    "max_feature_idx",
    "objective",
    "feature_names",
    "feature_infos",
    "tree_sizes",
)
_OF_TREE = (
    "num_leaves",
    "num_cat",
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
    "leaf_weight",
    "leaf_count",
    "internal_value",
    "internal_weight",
    "internal_count",
    "is_linear",
    "shrinkage",
)
_PER_SPLIT = (
    "split_feature",
    "split_gain",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "internal_value",
    "internal_weight",
    "internal_count",
)
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_WHOLE = ("split_feature", "decision_type", "left_child", "right_child", "leaf_count", "internal_count")
# LightGBM walks a tree by recursion; a deeper one than any we grow could exhaust the stack of the reader.
_DEEPEST = 512
_MOST_LEAVES = 65_536
_NAME = re.compile(r"[A-Za-z0-9_.\-]+")
_RANGE = re.compile(r"none|\[[0-9eainf.+\-]+:[0-9eainf.+\-]+\]")
_TREE = re.compile(r"^Tree=\d+\n", re.MULTILINE)
# The parameters a booster was trained with are kept in model.json; here only what readers of the text look for,
# so that the same trees are the same bytes whatever the number of threads.
_END = """end of trees

parameters:
[boosting: gbdt]
[objective: {objective}]

end of parameters

pandas_categorical:null
"""
_BINARY, _MANY = "binary sigmoid:1", "multiclass num_class:{classes}"


def safe_names(columns: Sequence[str]) -> list[str]:
    """Names of ``columns`` that LightGBM accepts: those it would alter are replaced by their position."""
    plain = [c if _NAME.fullmatch(c) else f"column_{i}" for i, c in enumerate(columns)]
    return plain if len(set(plain)) == len(plain) else [f"column_{i}" for i in range(len(columns))]


def average(texts: Sequence[str], shares: Sequence[float]) -> str:
    """One model whose raw score is the mean of those of the models in ``texts``, weighted by ``shares``.

    The trees of all models follow each other, every leaf multiplied by the share of its model, so contributions
    average as well. One text with share 1 gives the same text less its list of parameters.
    """
    heads, trees = [], []
    for text, share in zip(texts, shares, strict=True):
        head, *parts = _TREE.split(text.split("end of trees", 1)[0])
        heads.append(_drop(head, "tree_sizes"))
        trees += [_scaled(part, share) for part in parts]
    if len({_drop(h, "feature_infos") for h in heads}) != 1:
        raise ValueError("the models to average were trained on different columns")
    blocks = [f"Tree={i}\n{tree}\n\n\n" for i, tree in enumerate(trees)]
    sizes = " ".join(str(len(b.encode())) for b in blocks)
    return f"{heads[0].rstrip()}\ntree_sizes={sizes}\n\n{''.join(blocks)}{_end(heads[0])}"


def canonical(text: str) -> str:
    """The same model less its list of parameters."""
    return average([text], [1.0])


def one_class(text: str, place: int) -> str:
    """The trees of class number ``place`` of a model of several classes, as a model whose raw score is that class's."""
    head, *trees = _TREE.split(text.split("end of trees", 1)[0])
    classes = int(_value(head, "num_class"))
    lines = []
    for line in _drop(head, "tree_sizes").splitlines():
        key = line.partition("=")[0]
        alone = {"num_class": "1", "num_tree_per_iteration": "1", "objective": _BINARY}
        lines.append(f"{key}={alone[key]}" if key in alone else line)
    blocks = [f"Tree={i}\n{_scaled(tree, 1)}\n\n\n" for i, tree in enumerate(trees[place::classes])]
    sizes = " ".join(str(len(b.encode())) for b in blocks)
    whole = "\n".join(lines).rstrip()
    return f"{whole}\ntree_sizes={sizes}\n\n{''.join(blocks)}{_end(whole)}"


def _end(head: str) -> str:
    return _END.format(objective=_value(head, "objective").partition(" ")[0])


def _value(head: str, key: str) -> str:
    return next((line.partition("=")[2] for line in head.splitlines() if line.startswith(f"{key}=")), "")


def _drop(head: str, key: str) -> str:
    return "\n".join(line for line in head.splitlines() if not line.startswith(f"{key}="))


def _scaled(tree: str, share: float) -> str:
    """One tree with the values of its leaves and nodes multiplied by ``share``."""
    lines = []
    for line in tree.strip().splitlines():
        key, _, values = line.partition("=")
        if share != 1 and key in ("leaf_value", "internal_value"):
            values = " ".join(repr(float(v) * share) for v in values.split())
        lines.append(f"{key}={values}")
    return "\n".join(lines)


def tree_count(text: str) -> int:
    """Number of trees in ``text``."""
    return len(_TREE.findall(text))


def check_text(text: str, columns: int, where: str, classes: int = 1) -> None:
    """Refuse a text LightGBM could misread: it trusts its input and would read beyond its arrays.

    Parameters
    ----------
    text : str
    columns : int, number of columns the model must have
    where : str, the file, for the message
    classes : int, scores it must give: 1 for bot or not, else one per kind

    Raises
    ------
    BadInput
        When it is not a classifier of numeric splits with ``columns`` columns, ``classes`` scores and sound trees.
    """
    try:
        _check(text, columns, classes)
    except (ValueError, OverflowError, IndexError) as error:
        raise BadInput(
            where,
            expected=f"a LightGBM {'binary ' if classes == 1 else ''}classifier as unpump writes it",
            got=printable(str(error)),
            todo="Train the model again; the file was damaged or is another program's.",
        ) from error


def _check(text: str, columns: int, classes: int) -> None:
    if not text.startswith("tree\n") or text.count("\nend of trees\n") != 1:
        raise ValueError("a text without the frame of a LightGBM model")
    body, tail = text.split("end of trees\n", 1)
    objective = _BINARY if classes == 1 else _MANY.format(classes=classes)
    if f"end of trees\n{tail}" != _end(f"objective={objective}"):
        raise ValueError("parameters other than unpump's")
    head, *trees = _TREE.split(body)
    facts = _facts(head.removeprefix("tree\n"), _HEADER)
    if facts["version"] != "v4" or facts["objective"] != objective:
        raise ValueError(f"version {facts['version']}, objective {facts['objective']}")
    if facts["num_class"] != str(classes) or facts["num_tree_per_iteration"] != str(classes):
        raise ValueError("more than one tree per round" if classes == 1 else f"not {classes} trees per round")
    if int(facts["max_feature_idx"]) != columns - 1 or len(facts["feature_names"].split()) != columns:
        raise ValueError(f"{int(facts['max_feature_idx']) + 1} columns where model.json lists {columns}")
    if len(facts["feature_infos"].split()) != columns:
        raise ValueError("ranges of columns that do not match the columns")
    if not all(_NAME.fullmatch(n) for n in facts["feature_names"].split()):
        raise ValueError("names of columns that LightGBM does not write")
    if not all(_RANGE.fullmatch(r) for r in facts["feature_infos"].split()):
        raise ValueError("ranges of columns that LightGBM does not write")
    if not trees or len(trees) % classes or len(facts["tree_sizes"].split()) != len(trees):
        raise ValueError("another number of trees than the header says")
    starts = [m.start() for m in _TREE.finditer(body)] + [len(body)]
    sizes = [len(body[a:b].encode()) for a, b in pairwise(starts)]
    if sizes != [int(s) for s in facts["tree_sizes"].split()]:
        raise ValueError("trees of other sizes than the header says")
    for i, tree in enumerate(trees):
        if not tree.endswith("\n\n\n"):
            raise ValueError(f"tree {i} without its end")
        _check_tree(_facts(tree, _OF_TREE), columns, i)


def _facts(block: str, keys: Sequence[str]) -> dict[str, str]:
    """The lines of ``block``, which must be ``keys`` in their order: a repeated key could be read in two ways."""
    pairs = [line.partition("=") for line in block.rstrip("\n").split("\n")]
    if [key for key, _, _ in pairs] != list(keys) or any("=" in value for _, _, value in pairs):
        raise ValueError(f"lines other than {keys[0]} to {keys[-1]}")
    return {key: value for key, _, value in pairs}


def _check_tree(facts: dict[str, str], columns: int, tree: int) -> None:
    leaves = int(facts["num_leaves"])
    if not 1 <= leaves <= _MOST_LEAVES or facts["num_cat"] != "0" or facts["is_linear"] != "0":
        raise ValueError(f"tree {tree} with {leaves} leaves, or of a kind unpump does not grow")
    values: dict[str, np.ndarray] = {}
    for key, wanted in [(k, leaves - 1) for k in _PER_SPLIT] + [(k, leaves) for k in _PER_LEAF]:
        values[key] = np.array(facts[key].split(), dtype=np.int64 if key in _WHOLE else np.float64)
        # A tree that never split is written without weights.
        if len(values[key]) != wanted and not (leaves == 1 and key == "leaf_weight"):
            raise ValueError(f"tree {tree} with {len(values[key])} values of {key} where {wanted} are needed")
        # A split of known against missing values has an infinite threshold.
        if np.isnan(values[key]).any() or (key != "threshold" and np.isinf(values[key]).any()):
            raise ValueError(f"tree {tree} with a value of {key} that is no number")
    if leaves == 1:
        return
    if values["split_feature"].min() < 0 or values["split_feature"].max() >= columns:
        raise ValueError(f"tree {tree} splits a column the model does not have")
    # Numeric splits only: bit 1 marks a category; bits 2 to 4 say where missing values go.
    if not np.isin(values["decision_type"], (0, 2, 4, 6, 8, 10)).all():
        raise ValueError(f"tree {tree} with a split that is not numeric")
    if values["leaf_count"].min() < 0 or values["internal_count"].min() < 1:
        raise ValueError(f"tree {tree} with a negative count")
    nodes = np.arange(leaves - 1)
    children = np.concatenate([values["left_child"], values["right_child"]])
    parents = np.concatenate([nodes, nodes])
    inner = children >= 0
    # Every node but the root and every leaf hangs below exactly one earlier node: a tree, and no loop.
    if not np.array_equal(np.sort(children[inner]), nodes[1:]) or not np.array_equal(
        np.sort(~children[~inner]), np.arange(leaves)
    ):
        raise ValueError(f"tree {tree} whose branches do not make a tree")
    if (children[inner] <= parents[inner]).any():
        raise ValueError(f"tree {tree} with a branch that leads back")
    depth = np.zeros(leaves - 1, dtype=np.int64)
    above = np.zeros(leaves - 1, dtype=np.int64)
    above[children[inner]] = parents[inner]
    for node in nodes[1:]:
        depth[node] = depth[above[node]] + 1
    if depth.max() >= _DEEPEST:
        raise ValueError(f"tree {tree} deeper than {_DEEPEST}")
