"""What the whole path needs: a command line with a state folder, and a small photograph."""

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from PIL import Image

SMALL = (240, 160)


@pytest.fixture(scope="session")
def photograph(tmp_path_factory) -> Path:
    """A real photograph, made small."""
    images = pytest.importorskip("sklearn.datasets", reason="its photograph is the test's")
    path = tmp_path_factory.mktemp("photographs") / "pagoda.png"
    with resources.as_file(resources.files(f"{images.__name__}.images") / "china.jpg") as original:
        Image.open(original).resize(SMALL, Image.Resampling.LANCZOS).save(path)
    return path


@pytest.fixture(scope="session")
def state(tmp_path_factory) -> Path:
    """A state folder of the tests' own."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="session")
def zograscope(state, extension_zips, blender_python):
    """Run the command line as a person would; returns the finished process."""
    environment = os.environ | {
        "ZOGRASCOPE_HOME": str(state),
        "ZOGRASCOPE_EXTENSION": str(extension_zips),
        "ZOGRASCOPE_BLENDER": str(blender_python),
        "OMP_NUM_THREADS": "1",
    }

    def run(*arguments: object, **changes: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "zograscope_server.command_line", *map(str, arguments)],
            env=environment | changes,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
