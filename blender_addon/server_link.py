"""The one connection between Blender and the server, polled from a timer.

A tick takes a few milliseconds whatever comes in, so that Blender stays fluent while a job runs.
Only what an artist waited for, the building of a scene, happens in one go.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.client import Client, Job
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import FINISHED_STATES
from zograscope_protocol.requests import Request

from . import preferences
from .server_process import ServerProcess

# Seconds.
BUDGET = 0.003
BUSY_INTERVAL = 0.02
IDLE_INTERVAL = 0.25
STATUS_INTERVAL = 1.0
REMEMBERED_TICKS = 20_000

# Codes of errors that pass when a server answers again; jobs wait for it.
AWAY = ("server-lost", "server-not-running", "server-unreachable")

OnDone = Callable[[Job], None]
OnStopped = Callable[[], None]


@dataclass(frozen=True)
class _Waiting:
    """A job that Blender waits for, and what is to happen when it ends."""

    job: Job
    on_done: OnDone
    on_stopped: OnStopped | None


class ServerLink:
    """The client, the jobs that Blender waits for, and the server process if we started it.

    Attributes:
        error: the latest error that an artist has not dismissed.
        models: the catalogue, once the server has sent it.
        ticks: seconds that each of the latest ticks took, without the work of `on_done`.
    """

    def __init__(self) -> None:
        self.process = ServerProcess()
        self.error: ZograscopeError | None = None
        self.models: list[dict[str, Any]] = []
        self.ticks: deque[float] = deque(maxlen=REMEMBERED_TICKS)
        self._client: Client | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._workers: list[dict[str, Any]] = []
        self._server_jobs: list[dict[str, Any]] = []
        self._next_status = 0.0
        self._shown: tuple[Any, ...] = ()

    # What operators use

    def submit(
        self,
        request: Request,
        on_done: OnDone,
        on_stopped: OnStopped | None = None,
        job_id: str | None = None,
    ) -> Job:
        """Start a job; `on_done` is called from the timer when its result is here.

        `on_stopped` is called when it fails or is cancelled instead. Raises ZograscopeError when
        there is no server and none may be started.
        """
        self._ensure_server()
        job = self._connected_client().submit(
            request.task, request.parameters, request.inputs, job_id
        )
        return self._wait_for(_Waiting(job, on_done, on_stopped))

    def attach(self, job_id: str, on_done: OnDone, on_stopped: OnStopped | None = None) -> Job:
        """Wait for a job that an earlier Blender, or this file, has started."""
        job = self._connected_client().attach(job_id)
        return self._wait_for(_Waiting(job, on_done, on_stopped))

    def model(self, name: str, task: str) -> dict[str, Any] | None:
        """Return what the catalogue says of a task's model, "default" included, or None."""
        for model in self.models:
            wanted = model["name"] == name or (name == "default" and model["default"])
            if wanted and model["task"] == task:
                return model
        return None

    @property
    def jobs(self) -> list[Job]:
        """The jobs that Blender waits for."""
        return [waiting.job for waiting in self._waiting.values()]

    def start_server(self) -> None:
        """Start a server on this computer. Raises ZograscopeError `server-not-running`."""
        chosen = preferences.get()
        command = preferences.find_command(chosen)
        if command is None:
            raise ZograscopeError("server-not-installed")
        folder = Path(bpy.utils.extension_path_user(__package__, create=True))
        models_folder = bpy.path.abspath(chosen.models_folder)
        try:
            self.process.start(command, folder / "server.log", models_folder)
        except OSError as error:
            raise ZograscopeError("server-not-installed", str(error)) from error
        self._connected_client()

    def connect_or_start(self) -> None:
        """Connect to the server of the preferences; start this computer's own where none runs."""
        if self._client is not None and self._client.state == "refused":
            self.reconnect()
        client = self._connected_client()
        away = client.error is not None and client.error.code in AWAY
        if away and not preferences.get().use_remote and not self.process.running:
            self.start_server()

    def stop_server(self) -> None:
        """Ask the server to end, wherever it was started."""
        if self._client is not None and self._client.state == "connected":
            self._client.shutdown_server()
        else:
            self.process.stop()
        self._workers = []

    def reconnect(self) -> None:
        """Begin anew, as after a change of preferences; the old server keeps its jobs."""
        if self._client is not None:
            self._client.close()
        self._client = None
        self._waiting = {}
        self.models, self._workers, self._server_jobs = [], [], []

    def close(self) -> None:
        """Leave. A server that we started and nobody needs is ended."""
        if self.process.running and not (self._waiting or self._server_jobs):
            self.process.stop()
        self.reconnect()

    # What panels show

    @property
    def connected(self) -> bool:
        """Whether a server answers."""
        return self._client is not None and self._client.state == "connected"

    @property
    def state(self) -> str:
        """What the server is doing, in a few honest words."""
        if self.connected:
            return self._words_of_workers()
        if self.process.failure:
            return f"Did not start: {self.process.failure}"
        if self.process.running:
            return f"Starting ({self.process.seconds:.0f} s)"
        if self._client is not None and self._client.state == "refused":
            return "Refused"
        return "Not running"

    def _words_of_workers(self) -> str:
        if not self._workers:
            return "Connected"
        worker = self._workers[0]
        state, device = worker["state"], str(worker["device"]).upper()
        if state == "idle":
            return "Ready" if device == "AUTO" else f"Ready on {device}"
        if state == "busy":
            return f"Working on {device}"
        seconds = f" ({self.process.seconds:.0f} s)" if self.process.running else ""
        return f"{state.capitalize()}{seconds}"

    # The timer

    def tick(self) -> float:
        """Poll once; return after how many seconds to come again."""
        started = time.perf_counter()
        finished: list[_Waiting] = []
        if self._client is not None:
            self._client.poll(BUDGET)
            self._note_connection_error(self._client)
            self._ask_for_status(self._client)
            finished = [waiting for waiting in self._waiting.values() if waiting.job.finished]
            for waiting in finished:
                del self._waiting[waiting.job.id]
                self._client.forget(waiting.job)
        self._redraw_when_changed()
        self.ticks.append(time.perf_counter() - started)
        for waiting in finished:
            self._finish(waiting)
        return BUSY_INTERVAL if self._waiting or self.process.running else IDLE_INTERVAL

    def _finish(self, waiting: _Waiting) -> None:
        """Let the artist's scene be built, or say why not."""
        job = waiting.job
        if job.state != "cancelled":
            self.error = job.error
        try:
            if job.result is not None:
                waiting.on_done(job)
            elif waiting.on_stopped is not None:
                waiting.on_stopped()
        except ZograscopeError as error:
            self.error = error
        except Exception as error:
            self.error = ZograscopeError("internal", repr(error))
            raise
        finally:
            self._redraw()

    def _wait_for(self, waiting: _Waiting) -> Job:
        self.error = None
        self._waiting[waiting.job.id] = waiting
        return waiting.job

    def _connected_client(self) -> Client:
        if self._client is None:
            connection = preferences.remote_connection(preferences.get())
            self._client = Client(connection, client_name=f"Blender {bpy.app.version_string}")
            self._client.poll()
        return self._client

    def _ensure_server(self) -> None:
        client = self._connected_client()
        if client.error is None or self.process.running:
            return
        if client.state == "refused":
            raise client.error
        if client.error.code == "server-not-running":
            if not preferences.get().start_automatically:
                raise client.error
            self.start_server()

    def _note_connection_error(self, client: Client) -> None:
        """Tell an artist who waits for something that the server is gone or refuses."""
        shown = self.error.code if self.error else ""
        if client.state == "connected":
            if shown in AWAY:
                self.error = None
        elif client.state == "refused":
            self.error = client.error
            self._waiting = {}
        elif self._waiting and self.process.failure and client.state == "connecting":
            self.error = ZograscopeError("server-start-failed", problem=self.process.failure)
            self._waiting = {}
        elif self._waiting and not self.process.running and shown not in AWAY:
            self.error = client.error

    def _ask_for_status(self, client: Client) -> None:
        now = time.monotonic()
        if client.state != "connected" or now < self._next_status:
            return
        self._next_status = now + STATUS_INTERVAL
        client.request_status(self._note_status)
        if not self.models:
            self.ask_for_models()

    def _note_status(self, status: dict[str, Any]) -> None:
        self._workers = status["workers"]
        self._server_jobs = [job for job in status["jobs"] if job["state"] not in FINISHED_STATES]

    def ask_for_models(self) -> None:
        """Have the catalogue sent anew."""
        if self._client is not None:
            self._client.request_models(lambda answer: setattr(self, "models", answer["models"]))

    def _redraw_when_changed(self) -> None:
        news = [(job.state, job.stage, job.fraction) for job in self.jobs]
        shown = (self.state, self.error, len(self.models), *news)
        if shown != self._shown:
            self._shown = shown
            self._redraw()

    def _redraw(self) -> None:
        manager = bpy.context.window_manager
        text = " ".join(f"Zograscope: {job.stage or job.state}" for job in self.jobs) or None
        for window in manager.windows if manager else ():
            window.workspace.status_text_set(text)
            for area in window.screen.areas:
                if area.type in ("VIEW_3D", "PREFERENCES"):
                    area.tag_redraw()


link = ServerLink()


def _tick() -> float:
    try:
        return link.tick()
    except Exception as error:
        # A timer that raises is never called again.
        print(f"Zograscope: {error!r}")
        return IDLE_INTERVAL


def register() -> None:
    """Start the timer."""
    bpy.app.timers.register(_tick, first_interval=IDLE_INTERVAL, persistent=True)
    preferences.listeners.append(link.reconnect)


def unregister() -> None:
    """Stop the timer and leave the server."""
    preferences.listeners.remove(link.reconnect)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    link.close()
