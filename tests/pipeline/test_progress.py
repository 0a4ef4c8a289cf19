"""What is said while long work goes on."""

from __future__ import annotations

import logging

import pytest

from pipeline import progress
from pipeline.progress import Progress, lasting


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_000, "25 h 0 min")]
)
def test_durations_are_said_in_their_two_largest_units(seconds, said):
    assert lasting(seconds) == said


def test_rate_and_time_left_leave_out_what_an_earlier_run_did():
    work = Progress("scoring accounts", 1000, done=500)
    work.started = 100.0
    work.add(100)  # 100 rows in 10 s: the 400 left take 40 s
    assert work.sentence(110.0) == "scoring accounts: 600 of 1,000 (60%), 10 per second, 40 s left"


def test_away_from_a_terminal_log_lines_come_now_and_then(monkeypatch, caplog):
    now = iter([0.0, 0.0, 5.0, 20.0, 21.0, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)
    with caplog.at_level(logging.INFO, "pipeline.progress"), Progress("rows", 3) as work:
        for _ in range(3):
            work.add(1)
    assert len(caplog.messages) == 2  # after 20 s, and at the end
    assert caplog.messages[-1].startswith("rows: 3 of 3 (100%)")


def test_nothing_to_do_is_done():
    assert "(100%)" in Progress("rows", 0).sentence(1.0)
