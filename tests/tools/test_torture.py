"""The attack on the server, in small."""

import json
import subprocess
import sys

import pytest

from tools.torture.__main__ import has_held

# Bombs, trainings and full disks have tests of their own; libraries take seconds to load.
SIZES = {
    **{"frames": 500, "message": 5000, "idle": 40, "clients": 4, "jobs": 4, "kills": 1},
    **{"trainings": 0, "damaged": 0, "web": 0, "disks": 0, "guests": 1, "minutes": 0.01},
}


@pytest.mark.skipif(sys.platform != "linux", reason="files are counted as Linux has them")
def test_the_server_holds(repository, tmp_path):
    options = [f"--{name}={size}" for name, size in SIZES.items()]
    ran = subprocess.run(
        [sys.executable, "-m", "tools.torture", *options, "--output", tmp_path / "figures.json"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tmp_path / "figures.json").exists(), ran.stdout + ran.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures.pop("sizes")["seed"] == 0
    # How long anybody waited is for `make torture` to judge, on a computer that does nothing else.
    for name, step in figures.items():
        assert not (step.get("lost") or step.get("ended") or step.get("half_files")), (name, step)
    assert {"giants", "fuzz over CURVE", "kills of broker", "soak"} <= figures.keys()
    assert figures["giants"]["held"]["megabytes"] < 500
    assert figures["giants over CURVE"]["held"]["megabytes"] < 500


@pytest.mark.parametrize(
    ("step", "held"),
    [
        ({"honest_seconds_p99": 0.2, "lost": 0, "half_files": [], "ended": False}, True),
        ({"lost": 0}, True),  # nobody is asked while the broker is killed
        ({"honest_seconds_p99": None}, False),  # nobody was answered
        ({"honest_seconds_p99": 1.2}, False),
        ({"honest_seconds_p99": 0.2, "lost": 1}, False),
        ({"honest_seconds_p99": 0.2, "half_files": ["part"]}, False),
    ],
)
def test_what_is_promised(step, held):
    assert has_held(step) is held
