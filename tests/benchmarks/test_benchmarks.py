"""Each benchmark runs at toy size, in the environment that it is for, and leaves its figures."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
RUN_ELSEWHERE = ("faces_in_moves",)  # in a test of its own
IN_BLENDER = ("holes", "mesh_build", "mosaic_tiles", "sliders", "timer_ticks")


def names() -> list[str]:
    """Every benchmark, so that a new one cannot be forgotten here; the rest is what they share."""
    scripts = sorted(BENCHMARKS.glob("*.py"))
    names = [path.stem for path in scripts if "__main__" in path.read_text("utf-8")]
    return [name for name in names if name not in RUN_ELSEWHERE]


def numbers(figures: Any) -> Iterator[float]:
    """All numbers at any depth of a JSON value."""
    if isinstance(figures, dict | list):
        for inner in figures.values() if isinstance(figures, dict) else figures:
            yield from numbers(inner)
    elif isinstance(figures, int | float):
        yield figures


@pytest.mark.parametrize("name", names())
def test_a_benchmark_runs_at_toy_size_and_writes_figures(name, blender_python, tmp_path):
    python = blender_python if name in IN_BLENDER else sys.executable
    output = tmp_path / "figures.json"
    finished = subprocess.run(
        [python, BENCHMARKS / f"{name}.py", "--toy", "--output", output],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    figures = list(numbers(json.loads(output.read_text("utf-8"))))
    assert figures
    assert all(map(math.isfinite, figures))
