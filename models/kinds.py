"""Which kind of account it is, beside whether it is a bot: like bot, fake follower, member of a pod, buyer, person.

One booster with a score per kind shares out the probability of each side among the kinds of that side, so that what is
said of kinds never contradicts what is said of bots: probabilities of bot kinds add up to the bot probability, those of
all kinds to 1, at any declared share of bots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from models.boostertext import one_class

if TYPE_CHECKING:
    import lightgbm as lgb


PERSON, BOT = "human", "bot"  # what accounts are called whose label names no kind


@dataclass(frozen=True)
class Kind:
    """A kind of account, and on which side most labelled accounts of it are."""

    name: str
    is_bot: bool


@dataclass(frozen=True)
class OneKind:
    """The trees of a single kind, which contributions can be asked of like those of a model."""

    text: str

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees, as LightGBM reads them."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self.text)


@dataclass(frozen=True)
class KindModel:
    """A booster with one score per kind, in the order of ``kinds``, on the columns of the model it is part of."""

    text: str
    kinds: tuple[Kind, ...]

    @cached_property
    def booster(self) -> lgb.Booster:
        """The trees of all kinds, as LightGBM reads them."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self.text)

    @cached_property
    def names(self) -> np.ndarray:
        """Names of the kinds, object array of shape (k,)."""
        return np.array([k.name for k in self.kinds], dtype=object)

    @cached_property
    def alone(self) -> dict[str, OneKind]:
        """The trees of each kind by themselves."""
        return {kind.name: OneKind(one_class(self.text, place)) for place, kind in enumerate(self.kinds)}

    def raw_scores(self, matrix: np.ndarray, threads: int = 0) -> np.ndarray:
        """Score of every kind, shape (n, k), for ``matrix`` of shape (n, f)."""
        if not len(matrix):
            return np.empty((0, len(self.kinds)))
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=threads))

    def probabilities(self, matrix: np.ndarray, bot_probability: np.ndarray, threads: int = 0) -> np.ndarray:
        """Probability of every kind.

        Parameters
        ----------
        matrix : float64 of shape (n, f), NaN where missing
        bot_probability : float64 of shape (n,)
        threads : int, 0: as many as there are; does not change the result

        Returns
        -------
        float64 of shape (n, k), rows adding up to 1
        """
        return self.shared_out(self.raw_scores(matrix, threads), bot_probability)

    def shared_out(self, raw: np.ndarray, bot_probability: np.ndarray) -> np.ndarray:
        """Probability of every kind from the scores of all, both of shape (n, k)."""
        return shared_out(raw, np.array([k.is_bot for k in self.kinds]), bot_probability)

    def named(self, matrix: np.ndarray, bot_probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The most probable kind of each account (object array) and its probability; shapes (n,)."""
        return self.named_by(self.raw_scores(matrix), bot_probability)

    def named_by(self, raw: np.ndarray, bot_probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same from the scores of the kinds, shape (n, k)."""
        p = self.shared_out(raw, bot_probability)
        best = p.argmax(axis=1) if len(p) else np.empty(0, dtype=np.int64)
        return self.names[best], p[np.arange(len(p)), best]

    def trees_of(self, name: str) -> OneKind:
        """The trees of the kind ``name``, whose contributions say what speaks for it."""
        return self.alone[name]


def shared_out(raw: np.ndarray, is_bot: np.ndarray, bot_probability: np.ndarray) -> np.ndarray:
    """The probability of each side, shared out among its kinds in proportion to the exponentials of their scores.

    ``raw`` is of shape (n, k), ``is_bot`` bool of shape (k,) with both sides in it, ``bot_probability`` of shape (n,).
    """
    found = np.empty_like(raw, dtype=np.float64)
    if not len(raw):
        return found
    for side, whole in ((is_bot, bot_probability), (~is_bot, 1 - bot_probability)):
        part = raw[:, side]
        weight = np.exp(part - part.max(axis=1, keepdims=True))
        found[:, side] = weight / weight.sum(axis=1, keepdims=True) * whole[:, None]
    return found
