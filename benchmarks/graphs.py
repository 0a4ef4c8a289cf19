"""What the graph parts hold in memory: ``python -m benchmarks.graphs [TIES]`` prints bytes a tie and seconds."""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pyarrow as pa

from features.graphs import groups_together

TIES_AN_ACCOUNT = 10


def ties(number: int) -> pa.Table:
    """Ties of one moment between accounts drawn at random."""
    rng = np.random.default_rng(0)
    half = max(number // TIES_AN_ACCOUNT, 1)
    ends = {name: (rng.integers(0, half, number) + shift).astype(np.int32) for name, shift in (("a", 0), ("b", half))}
    return pa.table({"moment": np.zeros(number, np.int32), **ends, "surprise": rng.random(number)})


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    groups_together(ties(10))  # what loading the library takes is not measured
    rows = ties(number)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    groups_together(rows)
    held = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(f"{number:,} ties: {held / number:,.0f} bytes a tie, {time.perf_counter() - started:,.1f} s")


if __name__ == "__main__":
    main()
