"""How far long work is: a bar on a terminal, log lines elsewhere. The clock here decides nothing but what is said."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any

log = logging.getLogger(__name__)
EVERY_S = 15.0  # between two log lines


class Progress:
    """Counts finished rows of ``total`` and says rate and time left.

    Parameters
    ----------
    what : str, the work and its unit, such as ``scoring accounts``
    total : int, rows to do
    done : int, rows an earlier run has done; they count as done, not as speed
    """

    def __init__(self, what: str, total: int, done: int = 0) -> None:
        self.what, self.total, self.done, self.before = what, total, done, done
        self.started = self.said = time.monotonic()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self.bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self.bar.start()
            self.task = self.bar.add_task(self.what, total=self.total, completed=self.done, rate="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar:
            self.bar.stop()
        if kind is None:
            log.info("%s", self.sentence(time.monotonic()))

    def add(self, rows: int) -> None:
        """``rows`` more are finished."""
        self.done += rows
        now = time.monotonic()
        if self.bar:
            self.bar.update(self.task, completed=self.done, rate=f"{self._rate(now):,.0f}/s")
        elif now - self.said >= EVERY_S:
            self.said = now
            log.info("%s", self.sentence(now))

    def _rate(self, now: float) -> float:
        return (self.done - self.before) / max(now - self.started, 1e-9)

    def sentence(self, now: float) -> str:
        """Where the work stands at ``now`` (monotonic seconds)."""
        rate = self._rate(now)
        share = self.done / self.total if self.total else 1.0
        text = f"{self.what}: {self.done:,} of {self.total:,} ({share:.0%}), {rate:,.0f} per second"
        left = self.total - self.done
        return f"{text}, {lasting(left / rate)} left" if left > 0 and rate > 0 else text


def lasting(seconds: float) -> str:
    """A duration as a person says it: the two largest units."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
