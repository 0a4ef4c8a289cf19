"""The search for good growth: a few known ones first, then Optuna's TPE, within a number of trials and of seconds."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from models.boosted import Ground, Growth, Trial
from models.settings import Train

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)
Tick = Callable[[str], None]  # called when a trial is done, with what to show

# Growths that were best on some set of a few hundred to twenty thousand accounts; each differs from the settings by
# what makes it another kind of forest, so that their mean is better than the best of them.
KNOWN: tuple[dict[str, Any], ...] = (
    {"extra_trees": True, "least_rows": 5},
    {"path_smooth": 10.0, "least_rows": 5, "column_share": 0.4, "row_share": 0.7, "l2": 3.0},
    {"leaves": 8, "least_rows": 10, "column_share": 0.4, "row_share": 0.6, "l2": 5.0},
    {"learning_rate": 0.03, "column_share": 0.4},
    {"leaves": 63, "learning_rate": 0.03, "column_share": 0.3, "row_share": 0.7, "l2": 5.0},
)


@dataclass(frozen=True)
class Found:
    """The trials in the order they were made, and why there are no more: "trials" or "seconds"."""

    trials: list[Trial]
    stopped_by: str

    def study(self, settings: Train, rows: int) -> dict[str, Any]:
        """JSON value: every trial with its growth, number of trees and log loss; the best one; the limits."""
        made = []
        for number, trial in enumerate(self.trials):
            step, loss = trial.best()
            made.append(
                {
                    "number": number,
                    "growth": asdict(trial.growth),
                    "trees": int(trial.trees[step]),
                    "value": round(loss, 6),
                    "values": [round(float(v), 6) for v in trial.losses[step]],
                }
            )
        return {
            "value": "mean out-of-fold log loss at the number of trees that suits all folds best",
            "trials": made,
            "best": min(made, key=lambda t: (t["value"], t["number"])),
            "stopped_by": self.stopped_by,
            "seed": settings.seed,
            "rows": rows,
            "limits": {"trials": settings.search.trials, "seconds": settings.search.seconds},
        }


def search(ground: Ground, settings: Train, tick: Tick = lambda says: None) -> Found:
    """Grow the settings as they are, then what the search proposes, all on the same training sides.

    The same seed gives the same trials unless the seconds run out, which depends on the machine; the study says so.
    With ``search.trials`` 0 only the settings are grown.
    """
    growths = [Growth.of(settings)]
    started_s = time.monotonic()
    trials = [ground.grow(growths[0], settings.seed)]
    tick(_says(trials))
    if settings.search.trials == 0:
        return Found(trials, "trials")
    study = _study(settings)
    base = growths[0]
    _tell(study, base, trials[0])
    known = [base.with_(**changes) for changes in KNOWN]
    while len(trials) < settings.search.trials:
        if time.monotonic() - started_s > settings.search.seconds:
            log.warning(
                "the search stopped after %s of %s trials because %s s had passed; on another machine it may find "
                "another model (raise train.search.seconds or lower train.search.trials)",
                len(trials),
                settings.search.trials,
                settings.search.seconds,
            )
            return Found(trials, "seconds")
        asked = None
        if known:
            growth = known.pop(0)
        else:
            asked = study.ask(_ranges())
            growth = base.with_(**asked.params)
        trial = replace(ground.grow(growth, settings.seed + len(trials)), proposed=asked is not None)
        trials.append(trial)
        if asked is None:
            _tell(study, growth, trial)
        else:
            study.tell(asked, trial.best()[1])
        tick(_says(trials))
    return Found(trials, "trials")


def _says(trials: Sequence[Trial]) -> str:
    return f"log loss {min(t.best()[1] for t in trials):.4f}"


def _study(settings: Train) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=settings.seed, n_startup_trials=len(KNOWN) + 3)
    return optuna.create_study(direction="minimize", sampler=sampler)


def _tell(study: optuna.Study, growth: Growth, trial: Trial) -> None:
    """Let the sampler learn from a growth it did not propose; values outside its ranges are moved to their edge."""
    import optuna

    ranges = _ranges()
    values = {}
    for name, place in ranges.items():
        value = getattr(growth, name)
        if not isinstance(place, optuna.distributions.CategoricalDistribution):
            value = min(max(value, place.low), place.high)
        values[name] = value
    study.add_trial(optuna.trial.create_trial(params=values, distributions=ranges, value=trial.best()[1]))


def _ranges() -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    return {
        "leaves": IntDistribution(4, 127, log=True),
        "least_rows": IntDistribution(2, 100, log=True),
        "column_share": FloatDistribution(0.15, 1.0),
        "row_share": FloatDistribution(0.5, 1.0),
        "l2": FloatDistribution(0.01, 100.0, log=True),
        "path_smooth": FloatDistribution(0.0, 30.0),
        "extra_trees": CategoricalDistribution([False, True]),
    }
