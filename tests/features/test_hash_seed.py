"""A definition is the same text in every process, whatever order Python keeps sets in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_hash_of_features_does_not_depend_on_the_process():
    code = "from features.builder import feature_hash; print(feature_hash())"
    project = Path(__file__).parents[2]
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=project,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
