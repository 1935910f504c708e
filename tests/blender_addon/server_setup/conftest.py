"""A small world to install in: wheels of a few bytes, a trial that a test decides, the real uv."""

import base64
import csv
import hashlib
import importlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

TRIAL = """
import json, sys
from pathlib import Path
outcome = json.loads(Path(__file__).with_name("outcome.json").read_text())
what = sys.argv[1]
if what == "job":
    Path(sys.prefix, "tried").touch()
if outcome.get(what) and sys.argv[2] in outcome.get("on", sys.argv[2]):
    raise SystemExit(outcome[what])
"""
BACKENDS_OF_TESTS = "tests"


def make_wheel(folder: Path, name: str, version: str = "1.0", files: dict[str, str] | None = None):
    """Write a wheel as registries have them."""
    info = f"{name}-{version}.dist-info"
    contents = {f"{name}/__init__.py": f"VERSION = {version!r}\n" + "# filling\n" * 2000}
    contents |= files or {}
    contents[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    contents[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = io.StringIO()
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        csv.writer(lines).writerow([path, f"sha256={digest.decode()}", len(text)])
    contents[f"{info}/RECORD"] = lines.getvalue() + f"{info}/RECORD,,\n"
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as wheel:
        for path, text in contents.items():
            wheel.writestr(path, text)
    return target


@pytest.fixture(scope="session")
def modules(zograscope) -> SimpleNamespace:
    """The modules of the set-up, of the installed extension."""
    names = ("backends", "errors", "installation", "operators", "orders", "panels", "programs")
    return SimpleNamespace(
        **{
            name: importlib.import_module(f"{zograscope.__name__}.server_setup.{name}")
            for name in (*names, "set_up", "watching")
        }
    )


@dataclass
class World:
    """What a set-up needs, and how it is started."""

    modules: SimpleNamespace
    folder: Path
    materials: Path
    order: object

    def with_order(self, **changes) -> "World":
        return replace(self, order=replace(self.order, **changes))

    def start(self) -> subprocess.Popen:
        """Start a set-up in a process of its own, as Blender does."""
        return self.modules.watching._start(self.order)

    def run(self) -> dict:
        """Let a set-up come to its end; return what it says."""
        said, complaint = self.start().communicate()
        assert said, complaint.decode()
        return json.loads(said)

    def decide(self, **outcome: str) -> None:
        """Say how the next trials end."""
        (self.materials / "outcome.json").write_text(json.dumps(outcome))

    @property
    def installed(self):
        return self.modules.installation.installed(self.folder)

    def environments(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "servers").glob("*"))


@pytest.fixture
def world(modules, tmp_path) -> World:
    """Wheels, lists and a trial in a folder, and an order to install them beside."""
    materials = tmp_path / "materials"
    wheelhouse = materials / "wheels"
    wheelhouse.mkdir(parents=True)
    for name in ("filling", "torch"):
        make_wheel(wheelhouse, name)
    command = {"zograscope_server/command_line.py": "print('fetched')\n"}
    own = make_wheel(materials, "zograscope_server", "0.1.0", command)
    (materials / "server.txt").write_text("filling==1.0\n")
    (materials / "torch.txt").write_text("torch==1.0\n")
    (materials / "trial.py").write_text(TRIAL)
    folder = tmp_path / "server"
    order = modules.orders.Order(
        "install",
        str(folder),
        version="0.1.0",
        backend="cpu",
        system="linux-x64",
        uv=str(modules.watching.uv_program()),
        requirements=str(materials),
        wheels=[str(own)],
        trial=str(materials / "trial.py"),
        python_version=sys.executable,
        wheelhouse=str(wheelhouse),
    )
    made = World(modules, folder, materials, order)
    made.decide()
    return made
