"""``python -m pipeline`` and the console script ``unpump``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HANDED_OVER = "UNPUMP_HANDED_OVER"  # told to the program of the checkout, whichever that turns out to be


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 bad usage or bad input."""
    if arguments is None and copied():
        return subprocess.call([sys.executable, "-m", "pipeline", *sys.argv[1:]], env={**os.environ, HANDED_OVER: "1"})
    from pipeline.cli import run_command

    return run_command(sys.argv[1:] if arguments is None else arguments)


def copied() -> bool:
    """True in a stage of a queued DVC experiment: it has a checkout of its own, whose code is the one to run."""
    here = Path("pipeline", "__main__.py")
    asked = os.environ.get("DVC_STAGE") and HANDED_OVER not in os.environ
    return bool(asked) and here.is_file() and not here.samefile(__file__)


if __name__ == "__main__":
    sys.exit(main())
