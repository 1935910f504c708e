"""A real Blender in a window that nobody sees, with the built extension and the real server.

`blender`, `Xvfb` and `import` are looked for on the search path, or in the root of another system
that ZOGRASCOPE_BLENDER_ROOT names (a chroot, such as one with Debian's Blender). Where they are
not, the tests are skipped.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT_VARIABLE = "ZOGRASCOPE_BLENDER_ROOT"
PROGRAMS = ("blender", "Xvfb", "import")  # the last is ImageMagick's, and takes pictures
SIZE = (1600, 1000)  # pixels
PATIENCE = 300.0  # seconds; Blender draws by the processor here
VARIANT = "blender-5.1"
PICTURES = Path(__file__).resolve().parents[2] / "out" / "window"


class Programs:
    """The programs of a window, on this system or in the root of another one."""

    def __init__(self, root: Path | None) -> None:
        self.root = root

    @property
    def missing(self) -> list[str]:
        if self.root is None:
            return [name for name in PROGRAMS if shutil.which(name) is None]
        folders = [self.root / folder for folder in ("usr/bin", "bin", "usr/local/bin")]
        # Links there lead to places within the root, so that they are not followed.
        return [n for n in PROGRAMS if not any(os.path.lexists(folder / n) for folder in folders)]

    @property
    def folder_for_temporary_files(self) -> Path:
        return Path(tempfile.gettempdir()) if self.root is None else self.root / "tmp"

    def inside(self, path: Path) -> Path:
        """Return what the programs call a file."""
        return path if self.root is None else Path("/") / path.relative_to(self.root)

    def line(self, *command: str, **variables: str) -> list[str]:
        """Return the command line of a program, which sees these variables and no others."""
        enter = [] if self.root is None else ["chroot", str(self.root)]
        path = os.environ["PATH"] if self.root is None else "/usr/bin:/bin"
        environment = {
            "PATH": path,
            "HOME": "/root" if self.root else str(Path.home()),
            **variables,
        }
        return [
            *enter,
            "env",
            "-i",
            *(f"{n}={value}" for n, value in environment.items()),
            *command,
        ]

    @contextmanager
    def running(self, *command: str, log: Path, **variables: str) -> Iterator[subprocess.Popen]:
        """Run a program for as long as it is wanted."""
        line = self.line(*command, **variables)
        with log.open("wb") as output, stopping(line, stdout=output, stderr=output) as process:
            yield process


@contextmanager
def stopping(command: list[str], **options: Any) -> Iterator[subprocess.Popen]:
    """Run a command, and end it in the end."""
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Window:
    """A Blender that does what tests/window/driver.py can be asked for."""

    def __init__(
        self, process: subprocess.Popen, programs: Programs, folder: Path, display: str
    ) -> None:
        self.process, self.programs, self.folder = process, programs, folder
        self.display = display

    def ask(self, name: str, /, **arguments: Any) -> Any:
        """Have one of the driver's functions called; return its answer."""
        answer, written = self.folder / "answer.json", self.folder / "question.tmp"
        written.write_text(json.dumps({"name": name, "arguments": arguments}), "utf-8")
        written.rename(self.folder / "question.json")
        self.wait_for(answer.is_file, f"an answer to {name}")
        told = json.loads(answer.read_text("utf-8"))
        answer.unlink()
        assert "error" not in told, told["error"]
        return told["value"]

    def wait_for(self, condition, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, "Blender has ended"
            assert time.monotonic() < deadline, f"still no {what}"
            time.sleep(0.05)

    def state_when(self, condition, what: str) -> dict[str, Any]:
        """Return the state as soon as it is as it is waited for."""
        self.wait_for(lambda: condition(self.ask("state")), what)
        return self.ask("state")

    def built(self, count: int = 1) -> dict[str, Any]:
        """Return the state when so many dioramas are there and nothing is waited for."""
        return self.state_when(
            lambda state: (
                (not state["jobs"] and len(state["dioramas"]) == count) or state["errors"]
            ),
            "diorama",
        )

    def picture(self, name: str) -> Path:
        """Keep what the window shows in out/window."""
        shown = self.folder / f"{name}.png"
        self.ask("state")  # what is asked next comes after a redraw
        take = ("import", "-window", "root", self.name_of(shown))
        subprocess.run(self.programs.line(*take, DISPLAY=self.display), check=True)
        PICTURES.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(shown, PICTURES))

    def name_of(self, path: Path) -> str:
        """Return what Blender calls a file."""
        return str(self.programs.inside(path))


@pytest.fixture(scope="session")
def programs() -> Programs:
    named = os.environ.get(ROOT_VARIABLE)
    found = Programs(Path(named).resolve() if named else None)
    if found.missing:
        where = named or "the search path"
        pytest.skip(
            f"{' and '.join(found.missing)} not found on {where}; {ROOT_VARIABLE} names a root"
        )
    return found


@pytest.fixture(scope="session")
def folder(programs) -> Iterator[Path]:
    """A folder that the tests and the programs both see."""
    made = Path(tempfile.mkdtemp(prefix="window-", dir=programs.folder_for_temporary_files))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def server(repository, programs, folder) -> Iterator[Path]:
    """A server's state folder as Blender sees it; the server runs beside Blender's system."""
    from zograscope_protocol.connection import Connection

    program = repository / ".venv" / "bin" / "python"
    home, told = folder / "server", folder / "home"
    environment = dict(os.environ, ZOGRASCOPE_HOME=str(home), OMP_NUM_THREADS="1")
    environment |= {"TMPDIR": str(folder), "XDG_RUNTIME_DIR": ""}
    command = [str(program), "-m", "zograscope_server.command_line", "serve"]
    log = (folder / "server.log").open("wb")
    with log, stopping(command, env=environment, stdout=subprocess.PIPE, stderr=log) as process:
        assert process.stdout is not None
        assert "ready" in process.stdout.readline()
        socket = Path(Connection.read(home).endpoint.removeprefix("ipc://"))
        told.mkdir(mode=0o700)
        Connection(f"ipc://{programs.inside(socket)}").write(told)
        yield told


@pytest.fixture(scope="session")
def display(programs, folder) -> Iterator[str]:
    """The number of a screen of its own."""
    locks = programs.root or Path("/")
    free = (number for number in range(40, 99) if not (locks / f"tmp/.X{number}-lock").exists())
    number = next(free)
    screen = "x".join(map(str, SIZE)) + "x24"
    log = folder / "xvfb.log"
    with programs.running("Xvfb", f":{number}", "-screen", "0", screen, log=log):
        yield f":{number}"


@pytest.fixture(scope="session")
def blender(programs, folder, server, display, extension_zips) -> Iterator[Window]:
    """A Blender with an empty user folder, into which the zip was installed."""
    (zip_,) = extension_zips.glob(f"zograscope-*-{VARIANT}-*.zip")
    shutil.copy(Path(__file__).with_name("driver.py"), folder)
    copied = Path(shutil.copy(zip_, folder))
    for name in ("user", "temporary"):
        (folder / name).mkdir()
    size = ("--window-geometry", "0", "0", *map(str, SIZE))
    command = ("blender", "--gpu-backend", "opengl", *size, "--enable-event-simulate")
    variables = {
        "DISPLAY": display,
        "TMPDIR": str(programs.inside(folder / "temporary")),
        "ZOGRASCOPE_HOME": str(programs.inside(server)),
        "BLENDER_USER_RESOURCES": str(programs.inside(folder / "user")),
    }
    with programs.running(
        *(*command, "--python", str(programs.inside(folder / "driver.py"))),
        *("--", str(programs.inside(folder))),
        log=folder / "blender.log",
        **variables,
    ) as process:
        window = Window(process, programs, folder, display)
        window.ask("install", path=window.name_of(copied), server="/nowhere/zograscope")
        yield window


@pytest.fixture
def window(blender) -> Window:
    """The Blender, with an empty scene in it, and the sidebar shown."""
    blender.ask("begin")
    blender.wait_for(lambda: blender.ask("show_tab") == "Zograscope", "tab in the sidebar")
    blender.state_when(lambda state: not state["changed"], "viewport as it was")
    return blender
