"""What every test folder shares: the built extension, and the real material where it is present."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# No test asserts how fast it is: a busy computer would fail it. The examples of a test are the same
# in every run; `pytest --hypothesis-profile search` draws new ones.
hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
hypothesis.settings.register_profile("zograscope", deadline=None, derandomize=True)
hypothesis.settings.load_profile("zograscope")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ZOGRASCOPE_SHARED", REPOSITORY.parent / "shared"))


@pytest.fixture(scope="session", autouse=True)
def runtime_folder() -> Iterator[Path]:
    """Where servers of the tests have their sockets, whose paths are to be short."""
    folder = Path(tempfile.mkdtemp(prefix="z"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs, weights and ground truth, which the project does not hold."""
    if not SHARED.is_dir():
        pytest.skip(f"real test material is not at {SHARED}; set ZOGRASCOPE_SHARED to its folder")
    return SHARED


@pytest.fixture(scope="session")
def blender_python(repository) -> Path:
    """A Python that has bpy: this one, or that of Blender 5.2."""
    if importlib.util.find_spec("bpy"):
        return Path(sys.executable)
    python = repository / ".venv-blender-5.2" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no Python with bpy at {python}; `make setup` makes one")
    return python


@pytest.fixture(scope="session")
def extension_zips(repository, blender_python) -> Path:
    """A folder with the extension for this platform, built anew when a source has changed."""
    command = [blender_python, repository / "tools" / "build_extension.py", "--if-changed"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return Path(built.stdout.splitlines()[-1])
