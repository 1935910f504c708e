"""The attack on the server, in small."""

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(os.name != "posix", reason="limits of files are POSIX's")
def test_the_server_holds(repository, tmp_path):
    sizes = {"frames": 500, "message": 5000, "idle": 40, "clients": 4, "jobs": 4, "kills": 3}
    options = [f"--{name}={size}" for name, size in sizes.items()]
    ran = subprocess.run(
        [sys.executable, repository / "tools" / "torture.py", *options, "--output", tmp_path / "f"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tmp_path / "f").exists(), ran.stderr
    figures = json.loads((tmp_path / "f").read_text())
    # How long anybody waited is for `make torture` to judge, on a computer that does nothing else.
    steps = [step for step in figures.values() if isinstance(step, dict)]
    assert len(steps) == 6
    assert not any(
        step.get("lost") or step.get("ended") or step.get("half_files") for step in steps
    )
    assert figures["giants"]["held"]["megabytes"] < 500
