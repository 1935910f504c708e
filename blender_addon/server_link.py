"""The one connection between Blender and the server, polled from a timer.

A tick takes a few milliseconds whatever comes in, so that Blender stays fluent while a job runs.
Only what an artist waited for, the building of a scene, happens in one go.
"""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from zograscope_protocol.client import Client, Job
from zograscope_protocol.errors import ZograscopeError

from . import preferences
from .depth.jobs import Request
from .server_process import ServerProcess

# Seconds.
BUDGET = 0.004
BUSY_INTERVAL = 0.02
IDLE_INTERVAL = 0.25
STATUS_INTERVAL = 1.0
REMEMBERED_TICKS = 20_000

OnDone = Callable[[Job], None]


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
        self._waiting: dict[str, tuple[Job, OnDone]] = {}
        self._workers: list[dict[str, Any]] = []
        self._next_status = 0.0
        self._shown: tuple[Any, ...] = ()

    # What operators use

    def submit(self, request: Request, on_done: OnDone, job_id: str | None = None) -> Job:
        """Start a job; `on_done` is called from the timer when its result is here.

        Raises ZograscopeError when there is no server and none may be started.
        """
        self._ensure_server()
        job = self._connected_client().submit(
            request.task, request.parameters, request.inputs, job_id
        )
        return self._wait_for(job, on_done)

    def attach(self, job_id: str, on_done: OnDone) -> Job:
        """Wait for a job that an earlier Blender, or this file, has started."""
        return self._wait_for(self._connected_client().attach(job_id), on_done)

    @property
    def jobs(self) -> list[Job]:
        """The jobs that Blender waits for."""
        return [job for job, _ in self._waiting.values()]

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
        client = self._connected_client()
        missing = client.error is not None and client.error.code == "server-not-running"
        if missing and not self.process.running:
            self.start_server()

    def stop_server(self) -> None:
        """Ask the server to end, wherever it was started."""
        if self._client is not None and self._client.state == "connected":
            self._client.shutdown_server()
        else:
            self.process.stop()
        self._workers = []

    def reconnect(self) -> None:
        """Begin anew, after the preferences have changed."""
        if self._client is not None:
            self._client.close()
        self._client = None
        self.models, self._workers = [], []

    def close(self) -> None:
        """Leave. A server that we started and nobody needs is ended."""
        if self.process.running and not self._waiting:
            self.process.stop()
        self.reconnect()
        self._waiting = {}

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
            return f"Ready on {device}"
        if state == "busy":
            return f"Working on {device}"
        seconds = f" ({self.process.seconds:.0f} s)" if self.process.running else ""
        return f"{state.capitalize()}{seconds}"

    # The timer

    def tick(self) -> float:
        """Poll once; return after how many seconds to come again."""
        started = time.perf_counter()
        finished: list[tuple[Job, OnDone]] = []
        if self._client is not None:
            self._client.poll(BUDGET)
            self._note_connection_error(self._client)
            self._ask_for_status(self._client)
            finished = [entry for entry in self._waiting.values() if entry[0].finished]
            for job, _ in finished:
                del self._waiting[job.id]
                self._client.forget(job)
        self._redraw_when_changed()
        self.ticks.append(time.perf_counter() - started)
        for job, on_done in finished:
            self._finish(job, on_done)
        return BUSY_INTERVAL if self._waiting or self.process.running else IDLE_INTERVAL

    def _finish(self, job: Job, on_done: OnDone) -> None:
        """Let the artist's scene be built, or say why not."""
        if job.state == "cancelled":
            self._redraw()
            return
        if job.error is not None:
            self.error = job.error
        else:
            try:
                on_done(job)
            except ZograscopeError as error:
                self.error = error
            except Exception as error:
                self.error = ZograscopeError("internal", repr(error))
                raise
        self._redraw()

    def _wait_for(self, job: Job, on_done: OnDone) -> Job:
        self.error = None
        self._waiting[job.id] = (job, on_done)
        return job

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
        if client.state == "refused":
            self.error = client.error
            self._waiting = {}
        elif client.state == "lost" and self._waiting and not self.process.running:
            self.error = client.error
        elif client.state == "connected" and self.error and self.error.code == "server-lost":
            self.error = None
        if self._waiting and self.process.failure and client.state != "connected":
            self.error = ZograscopeError("server-start-failed", problem=self.process.failure)
            self._waiting = {}

    def _ask_for_status(self, client: Client) -> None:
        now = time.monotonic()
        if client.state != "connected" or now < self._next_status:
            return
        self._next_status = now + STATUS_INTERVAL
        client.request_status(lambda status: setattr(self, "_workers", status["workers"]))
        if not self.models:
            self.ask_for_models()

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


@persistent
def _take_up_jobs(*_: object) -> None:
    """Wait for the jobs that an opened file was still waiting for when it was saved."""
    from .depth import operators

    for scene in bpy.data.scenes:
        operators.take_up_job(scene)


def register() -> None:
    """Start the timer."""
    bpy.app.timers.register(_tick, first_interval=IDLE_INTERVAL, persistent=True)
    bpy.app.handlers.load_post.append(_take_up_jobs)


def unregister() -> None:
    """Stop the timer and leave the server."""
    bpy.app.handlers.load_post.remove(_take_up_jobs)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    link.close()
