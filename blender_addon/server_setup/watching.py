"""The set-up as Blender sees it: started in a process of its own, and looked at from a timer."""

import functools
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.connection import state_folder

from .. import preferences
from ..windows import redraw_panels
from . import backends, installation, orders
from .errors import SetupError
from .installation import Installation
from .orders import Order

# Seconds.
BUSY_INTERVAL = 0.5
IDLE_INTERVAL = 2.0

HERE = Path(__file__).parent
_BEGIN = (
    "import sys; sys.path.append(sys.argv[1]); "
    f"from {HERE.name}.set_up import started_by_blender; sys.exit(started_by_blender())"
)
_KEPT = 2000  # characters of what a set-up that could not even begin has said

NOTES = {
    "small-torch-missing": "The smaller torch could not be reached, so the usual one is here.",
    "device-failed": "{title} could not compute here ({problem}), so the processor does.",
    "models-missing": "The small models that find faces could not be fetched. Repair tries again.",
}


class ServerSetup:
    """The set-up that runs, whoever started it, and what it has made.

    Attributes:
        installed: the server in use, None where there is none.
        broken: whether one is noted of which the Python has gone.
        running: whether a set-up works here.
        progress: what it last told: `stage`, `fraction`, `bytes`.
        error: why the last one ended, until the next begins.
        notes: sentences on what is less than was asked for.
        listeners: are called when another server is in use.
    """

    def __init__(self) -> None:
        self.installed: Installation | None = None
        self.broken = False
        self.running = False
        self.progress: dict[str, Any] = {}
        self.error: SetupError | None = None
        self.notes: list[str] = []
        self.listeners: list[Callable[[], None]] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._tidying: subprocess.Popen[bytes] | None = None
        self._order: Order | None = None
        self._seen: Path | None = None

    # What there is

    @property
    def folder(self) -> Path:
        """Where the server is, or would be."""
        return installation.folder_of(state_folder())

    @property
    def state(self) -> str:
        """What there is: missing, broken, older, newer or ready."""
        if self.broken:
            return "broken"
        if self.installed is None:
            return "missing"
        if installation.is_newer(version(), self.installed.version):
            return "older"
        return "newer" if installation.is_newer(self.installed.version, version()) else "ready"

    # What operators do

    def begin(self, action: str, folder: Path | None = None) -> None:
        """Start a set-up.

        Args:
            action: one of `orders`.
            folder: where to, for a move.

        Raises:
            SetupError: `setup-online-off`, `setup-system-unsupported`, `setup-busy`, or
                `setup-not-ours` for a folder with other files in it.
        """
        self.tick()
        if self.running:
            raise SetupError("setup-busy", folder=str(self.folder))
        order = self._order_for(action, folder)
        _check(order)
        self.error, self.notes, self.progress = None, [], {"stage": "Beginning", "fraction": 0.0}
        self._order = order
        self._process = _start(order)
        self.running = True

    def cancel(self) -> None:
        """Ask the set-up that runs to end; what was fetched is kept."""
        (self._at / installation.CANCEL).touch()

    def look(self) -> None:
        """Look at what is there, as after another program has changed it."""
        self._seen = None
        self.tick()

    def tick(self) -> float:
        """Look at how far it is; return after how many seconds to look again."""
        was_running, folder = self.running, self._at
        told = installation.read_json(folder / installation.PROGRESS)
        alive = self._process is not None and self._process.poll() is None
        self.running = alive or (
            told.get("state") == "running"
            and self._process is None
            and installation.is_held(folder)
        )
        if self.running:
            if told.get("state") == "running":
                self.progress = told
        elif was_running:
            self._ended(told)
        elif told.get("state") == "running" and self.error is None and self._seen != folder:
            self.error = SetupError("setup-ended")  # in an earlier Blender
        if was_running or self._seen != folder:
            self._look_at(self.folder)
        return BUSY_INTERVAL if self.running else IDLE_INTERVAL

    @property
    def _at(self) -> Path:
        """The folder that a set-up of ours works in."""
        return self.folder if self._order is None else self._order.path

    def _look_at(self, folder: Path) -> None:
        self._seen = folder
        self.installed = installation.installed(folder)
        self.broken = self.installed is None and installation.noted(folder) is not None

    def _ended(self, told: dict[str, Any]) -> None:
        """Take note of how a set-up ended, and follow a server that has moved."""
        process, order = self._process, self._order
        self._process = self._order = None
        if process is not None:
            told = _last_words(process)
        state = told.get("state", "running")
        if state == "running":
            self.error = SetupError("setup-ended", told.get("details", ""))
        elif state == "failed":
            folder = order.folder if order else str(self.folder)
            facts = {"folder": folder, **told.get("facts", {})}
            self.error = SetupError(f"setup-{told['code']}", told.get("details", ""), **facts)
        elif state == "done":
            self.notes = [
                NOTES[note["code"]].format(**note)
                for note in told.get("notes", ())
                if note.get("code") in NOTES
            ]
            self._follow(order)

    def _follow(self, order: Order | None) -> None:
        if order is not None and order.action == orders.MOVE:
            installation.choose_folder(state_folder(), order.path)
        if order is not None and order.action == orders.REMOVE:
            installation.choose_folder(state_folder(), None)
        self._look_at(self.folder)
        for listener in self.listeners:
            listener()

    def tidy(self) -> None:
        """Delete servers that are in use no more, now that none of them runs."""
        several = len(list((self.folder / "servers").glob("*"))) > 1
        moved = self.installed is not None and self.installed.former
        if not self.running and (several or moved):
            self._tidying = _start(Order(orders.TIDY, str(self.folder)))

    def _order_for(self, action: str, folder: Path | None) -> Order:
        chosen = preferences.get()
        return Order(
            action,
            str(folder or self.folder),
            version=version(),
            backend=chosen_backend(),
            system=backends.system(),
            uv=str(uv_program() or ""),
            requirements=str(HERE / "requirements"),
            wheels=[str(path) for path in own_wheels()],
            trial=str(HERE / "trial.py"),
            blenders_python=sys.executable,
            online=bpy.app.online_access,
            index=chosen.package_index.strip(),
            proxy=chosen.proxy.strip(),
            wheelhouse=bpy.path.abspath(chosen.wheelhouse),
            former=str(self.folder) if action == orders.MOVE else "",
        )


def _check(order: Order) -> None:
    """Refuse what cannot go well. Raises SetupError."""
    if order.action in (orders.REMOVE, orders.TIDY):
        return
    if not backends.backends_of(order.system):
        raise SetupError("setup-system-unsupported", system=order.system)
    if not (order.online or order.wheelhouse or order.action in (orders.REPAIR, orders.MOVE)):
        raise SetupError("setup-online-off")
    folder = order.path
    if folder.is_dir() and not (folder / installation.LOCK).exists() and any(folder.iterdir()):
        raise SetupError("setup-not-ours", folder=str(folder))


def _last_words(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Return how a set-up of ours says that it ended; without "state" where it was killed."""
    said, complaint = process.communicate()
    try:
        return json.loads(said)
    except ValueError:
        return {"details": complaint.decode(errors="replace")[-_KEPT:]}


def _start(order: Order) -> subprocess.Popen[bytes]:
    """Start a set-up that outlives Blender. The order may hold a password, so it is no argument."""
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW}
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _BEGIN, str(HERE.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **apart,
    )
    assert process.stdin is not None
    process.stdin.write(order.to_json().encode())
    process.stdin.close()
    process.stdin = None  # or communicate would close it again
    return process


# What the extension brings


@functools.cache
def own_wheels() -> tuple[Path, ...]:
    """Return the wheels that no registry has."""
    own = (HERE / "wheels").glob("*.whl")
    protocol = (HERE.parent / "wheels").glob("zograscope_protocol-*.whl")
    return (*sorted(own), *sorted(protocol))


@functools.cache
def version() -> str:
    """Return the version of the server that the extension brings."""
    names = [path.name.split("-") for path in own_wheels()]
    return next((name[1] for name in names if name[0] == "zograscope_server"), "0")


@functools.cache
def uv_program() -> Path | None:
    """Return uv, where Blender has unpacked its wheel."""
    found = importlib.util.find_spec("uv")
    if found is None or found.origin is None:
        return None
    scripts = Path(found.origin).parent.parent.glob("uv-*.data/scripts/uv*")
    return next((path for path in sorted(scripts) if path.stem == "uv"), None)


def chosen_backend() -> str:
    """Return the artist's backend, or the proposed one."""
    chosen = preferences.get().server_backend
    return backends.proposed_here() if chosen == preferences.PROPOSED else chosen


setup = ServerSetup()


def _tick() -> float:
    try:
        before = (setup.running, setup.progress, setup.error)
        interval = setup.tick()
        if (setup.running, setup.progress, setup.error) != before:
            redraw_panels()
        return interval
    except Exception as error:
        # A timer that raises is never called again.
        print(f"Zograscope: {error!r}")
        return IDLE_INTERVAL


def register() -> None:
    """Start the timer."""
    bpy.app.timers.register(_tick, first_interval=0.0, persistent=True)


def unregister() -> None:
    """Stop it; a set-up goes on."""
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
