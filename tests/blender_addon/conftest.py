"""What the extension's tests share: the built and installed extension, and an empty scene."""

import importlib
import os
import shutil
import tempfile
import time
from collections import deque
from pathlib import Path
from types import ModuleType

import pytest

PATIENCE = 120.0  # seconds
EXTENSION = "bl_ext.user_default.zograscope"

# Blender reads its folders when bpy is imported, which test modules do as they are collected.
_USER_FOLDER = tempfile.mkdtemp(prefix="zograscope-blender-")
os.environ["BLENDER_USER_RESOURCES"] = _USER_FOLDER


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_USER_FOLDER, ignore_errors=True)


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


class FakeClient:
    """A server that does what a test says: it keeps jobs, and the test moves them on."""

    state, error, server = "connected", None, {"server": "fake", "protocol": "1.1"}

    def submit(self, task, parameters, inputs, job_id=None):
        return self.attach(job_id or f"job {task}", task)

    def give_up(self, job):
        job.asked = "given up"
        job.finish("cancelled")

    def attach(self, job_id, task=""):
        from zograscope_protocol.job import Job, Part

        class FakeJob(Job):
            """Streams the parts that a test sends."""

            followed = None

            def follow(self, start=0, window=8):
                self.followed, self.sent = start, deque()

            def send(self, number, **arrays):
                self.sent.append(Part(number, {}, arrays))

            def take_part(self):
                return self.sent.popleft() if self.sent else None

            def finish(self, state="done", error=None, **arrays):
                from zograscope_protocol.job import JobResult

                self.state, self.error = state, error
                if state == "done":
                    self.result = JobResult({}, arrays)

            def cancel(self):
                self.asked = "cancel"

            def pause(self):
                self.state = "paused"

            def resume(self):
                self.state = "running"

        job = FakeJob(job_id, task, "running")
        job.asked = ""
        return job

    def poll(self, budget_seconds=0.0):
        pass

    def request_status(self, callback, on_error=None):
        pass

    def request_models(self, callback, on_error=None):
        pass

    def forget(self, job):
        pass

    def close(self):
        pass


@pytest.fixture
def fake_link(zograscope, server_link, monkeypatch):
    """The extension's link, to a server that does what the test says."""
    link = server_link.link
    forget_everything(link)
    link._client = FakeClient()
    yield link
    forget_everything(link)


@pytest.fixture
def drawing(zograscope, monkeypatch):
    """The extension with a third capability: a folder, and its name among the names."""
    import addon_utils

    folder = Path(zograscope.__file__).parent / "drawing"
    shutil.copytree(Path(__file__).parent / "drawing", folder)
    capabilities = importlib.import_module(zograscope.__name__ + ".capabilities")
    addon_utils.disable(zograscope.__name__)
    monkeypatch.setattr(capabilities, "NAMES", (*capabilities.NAMES, "drawing"))
    capabilities.records.cache_clear()
    addon_utils.enable(zograscope.__name__)
    yield capabilities
    addon_utils.disable(zograscope.__name__)
    monkeypatch.undo()
    capabilities.records.cache_clear()
    addon_utils.enable(zograscope.__name__)
    shutil.rmtree(folder)


@pytest.fixture
def change(zograscope, monkeypatch):
    """change(allowed) lets Blender's data be written to, or not."""
    module = importlib.import_module(zograscope.__name__ + ".server_link")
    return lambda allowed: monkeypatch.setattr(module, "blender_can_be_changed", lambda: allowed)
