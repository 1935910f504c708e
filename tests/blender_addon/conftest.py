"""What the extension's tests share: the built and installed extension, and an empty scene."""

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0  # seconds
EXTENSION = "bl_ext.user_default.zograscope"

# Blender reads its folders when bpy is imported, which test modules do as they are collected.
_USER_FOLDER = tempfile.mkdtemp(prefix="zograscope-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _USER_FOLDER


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_USER_FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def extension_zips() -> Path:
    """A folder with the extension for this platform, built anew when a source has changed."""
    pytest.importorskip("bpy", reason="the extension is tested with a Python that has bpy")
    sources = hashlib.sha256()
    folders = [REPOSITORY / "blender_addon", REPOSITORY / "protocol"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in [*sorted(files), REPOSITORY / "tools" / "build_extension.py"]:
        if path.suffix != ".pyc" and ".egg-info" not in str(path):
            sources.update(str(path).encode() + path.read_bytes())
    output = REPOSITORY / "build" / f"extension-{sources.hexdigest()[:16]}"
    if not (output / "index.json").is_file():
        with tempfile.TemporaryDirectory() as folder:
            tool = REPOSITORY / "tools" / "build_extension.py"
            command = [sys.executable, str(tool), "--platform", "current", "--output", folder]
            built = subprocess.run(command, capture_output=True, text=True, check=False)
            assert built.returncode == 0, built.stdout + built.stderr
            output.mkdir(parents=True, exist_ok=True)
            for path in sorted(Path(folder).iterdir(), reverse=True):
                shutil.move(path, output / path.name)
    return output


@pytest.fixture(scope="session")
def extension_zip(extension_zips) -> Path:
    """The zip that fits this Blender."""
    import bpy

    variant = "blender-4.5" if bpy.app.version < (5, 1, 0) else "blender-5.1"
    (path,) = extension_zips.glob(f"zograscope-*-{variant}-*.zip")
    return path


@pytest.fixture(scope="session")
def zograscope(extension_zip) -> ModuleType:
    """The installed extension's package; its __name__ is the prefix of its submodules."""
    import bpy

    bpy.ops.extensions.package_install_files(
        filepath=str(extension_zip), repo="user_default", enable_on_install=True
    )
    return importlib.import_module(EXTENSION)


@pytest.fixture
def scene(zograscope):
    """The scene of a fresh, empty file."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


@pytest.fixture(scope="module")
def server_link(zograscope):
    """The extension's module of that name."""
    return importlib.import_module(zograscope.__name__ + ".server_link")


@pytest.fixture(scope="module")
def home(tmp_path_factory, server_link):
    """A state folder for the tests of one file, whose server ends with them."""
    yield tmp_path_factory.mktemp("home")
    server_link.link.process.stop()


@pytest.fixture
def link(zograscope, server_link, repository, home, monkeypatch):
    """The extension's link, which starts the server of `.venv` when it needs one."""
    command = repository / ".venv" / "bin" / "zograscope"
    if not command.exists():
        pytest.skip("there is no server environment; `make setup` makes it")
    import bpy

    monkeypatch.setenv("ZOGRASCOPE_HOME", str(home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    preferences = bpy.context.preferences.addons[zograscope.__name__].preferences
    preferences.server_command = str(command)
    link = server_link.link
    forget_everything(link)
    yield link
    forget_everything(link)


def forget_everything(link) -> None:
    """Leave neither jobs nor errors for the next test."""
    link.reconnect()
    for error in link.errors:
        link.dismiss(error)


def pump(link, condition) -> None:
    """Do what Blender does between redraws, until something has happened."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, (
            f"{link.state}, {link.errors}, {[job.state for job in link.jobs]}"
        )
        time.sleep(min(link.tick(), 0.02))
