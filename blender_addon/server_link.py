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
from zograscope_protocol.answers import read_models, read_status
from zograscope_protocol.client import Client
from zograscope_protocol.connection import Connection, state_folder
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job
from zograscope_protocol.messages import FINISHED_STATES
from zograscope_protocol.submission import Submission

from . import preferences, viewport_looks
from .errors import ExtensionError
from .job_previews import JobPreviews
from .pending_jobs import Owner, PendingJob, PendingJobs, Waiting, blender_can_be_changed
from .server_process import ServerProcess
from .taking_back import taking_back
from .windows import redraw_panels, windows

# Seconds.
BUDGET = 0.003
BUSY_INTERVAL = 0.02
IDLE_INTERVAL = 0.25
STATUS_INTERVAL = 1.0
ANSWER_PATIENCE = 10.0
CANCEL_PATIENCE = 10.0
REMEMBERED_TICKS = 20_000

LOG = "server.log"

# Codes of errors that pass when a server answers again; jobs wait for it.
AWAY = ("server-lost", "server-not-running", "server-unreachable")


class ServerLink:
    """The client, the jobs that Blender waits for, and the server process if we started it.

    Attributes:
        pending: the jobs that Blender waits for.
        previews: what they show while they run.
        models: the catalogue, once the server has sent it.
        on_start: are called when a server is started here, so that none has run before.
        connection_error: why the server is not there for who waits for it.
        ticks: seconds that each of the latest ticks took, without the building of scenes.
    """

    def __init__(self) -> None:
        self.process = ServerProcess()
        self.on_start: list[Callable[[], None]] = []
        self.pending = PendingJobs()
        self.previews = JobPreviews()
        self.connection_error: ZograscopeError | None = None
        self.models: list[dict[str, Any]] = []
        self.ticks: deque[float] = deque(maxlen=REMEMBERED_TICKS)
        self._client: Client | None = None
        self._job_errors: list[tuple[Owner, ZograscopeError]] = []
        self._workers: list[dict[str, Any]] = []
        self._server_jobs: list[dict[str, Any]] = []
        self._next_status = 0.0
        self._shown: tuple[Any, ...] = ()

    # What operators use

    def submit(self, submission: Submission, waiting: Waiting, job_id: str | None = None) -> Job:
        """Start a job, which somebody waits for.

        Raises ZograscopeError when there is no server and none may be started.
        """
        self._ensure_server()
        return self._wait_for(self._connected_client().submit(*submission, job_id), waiting)

    def attach(self, job_id: str, waiting: Waiting, task: str = "") -> Job:
        """Wait for a job of a task that an earlier Blender, or this file, has started."""
        known = self.pending.get(job_id)
        if known is not None and known.job.state == "sending":
            return self._wait_for(known.job, waiting)  # who else could send its inputs?
        return self._wait_for(self._connected_client().attach(job_id, task), waiting)

    def _wait_for(self, job: Job, waiting: Waiting) -> Job:
        self.connection_error = None
        self.forget_errors(waiting.owner)
        self.pending.add(job, waiting)
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job. Where no server does so, it ends here (see `_give_up_on_cancelled`)."""
        pending = self.pending.get(job.id)
        if pending is not None and pending.cancelled_at is None:
            pending.cancelled_at = time.monotonic()
        job.cancel()

    def watch(self, job: Job) -> None:
        """Let Esc stop a job."""
        pending = self.pending.get(job.id)
        if pending is not None:
            pending.watched = True

    @property
    def jobs(self) -> list[Job]:
        """The jobs that Blender waits for."""
        return [pending.job for pending in self.pending]

    @property
    def errors(self) -> list[ZograscopeError]:
        """What an artist has not dismissed, latest last."""
        errors = [error for _, error in self._job_errors]
        return errors if self.connection_error is None else [*errors, self.connection_error]

    def tell(self, owner: Owner, error: ZograscopeError) -> None:
        """Show an error until it is dismissed, or until its owner starts something new."""
        known = [(other, shown.sentence) for other, shown in self._job_errors]
        if (owner, error.sentence) not in known:
            self._job_errors.append((owner, error))

    def forget_errors(self, owner: Owner) -> None:
        """Show an owner's errors no longer."""
        self._job_errors = [told for told in self._job_errors if told[0] != owner]

    def dismiss(self, error: ZograscopeError) -> None:
        """Show an error no longer."""
        self._job_errors = [told for told in self._job_errors if told[1] is not error]
        if self.connection_error is error:
            self.connection_error = None

    def model(self, name: str, purpose: str) -> dict[str, Any] | None:
        """Return what the catalogue says of a model, "default" included, or None."""
        for model in self.models:
            wanted = model["name"] == name or (name == "default" and model["default"])
            if wanted and model["task"] == purpose:
                return model
        return None

    def start_server(self) -> None:
        """Start a server on this computer. Raises ExtensionError `server-not-installed`."""
        chosen = preferences.get()
        command = preferences.find_command(chosen)
        if command is None:
            raise ExtensionError("server-not-installed")
        bpy.utils.extension_path_user(__package__, create=True)
        models_folder = bpy.path.abspath(chosen.models_folder)
        try:
            self.process.start(command, self.log, models_folder)
        except OSError as error:
            raise ExtensionError("server-not-installed", str(error)) from error
        for called in self.on_start:
            called()
        self._connected_client()

    def look_for_server(self) -> None:
        """Connect to this computer's own server where one runs; start none, ask no network."""
        if self._client is not None or preferences.get().use_remote:
            return
        try:
            Connection.read(state_folder())
            self._connected_client()
        except ZograscopeError:
            return  # there is none, which nobody has asked for yet

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
        self._forget_jobs()
        self.models, self._workers, self._server_jobs = [], [], []

    def close(self) -> None:
        """Leave. A server that we started and nobody needs is ended."""
        if self.process.running and not (self.pending or self._server_jobs):
            self.process.stop()
        self.reconnect()

    # What panels show

    @property
    def server(self) -> dict[str, Any]:
        """What the server said as it welcomed us; empty where there is none."""
        return self._client.server if self._client is not None else {}

    @property
    def workers(self) -> list[dict[str, Any]]:
        """What the server's workers are doing."""
        return self._workers

    @property
    def log(self) -> Path:
        """The log of the server that we started."""
        return Path(bpy.utils.extension_path_user(__package__)) / LOG

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
            what = "Ended" if self.process.served else "Did not start"
            return f"{what}: {self.process.failure}"
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
        if self._client is not None:
            self._client.poll(BUDGET)
            self.process.served |= self.connected
            self._note_connection_error(self._client)
            self._give_up_on_cancelled(self._client)
            self._ask_for_status(self._client)
        for job in self.jobs:
            self.previews.update(job)
        self._redraw_when_changed()
        self.ticks.append(time.perf_counter() - started)
        if self.pending and blender_can_be_changed():
            self._hand_over()
        self._start_next()
        viewport_looks.give_back()
        return BUSY_INTERVAL if self.pending or self.process.running else IDLE_INTERVAL

    def _hand_over(self) -> None:
        """Give what has come to who waits for it: parts within the budget, results in one go."""
        deadline = time.monotonic() + BUDGET
        for pending in self.pending:
            try:
                complete = pending.hand_over_parts(deadline)
                if complete and pending.job.finished:
                    self._finish(pending)
            except ZograscopeError as error:
                self.tell(pending.waiting.owner, error)
                if error.code == "result-wrong" and not pending.job.finished and self._client:
                    self._client.give_up(pending.job)
                if pending.job.state in ("failed", "cancelled"):
                    self._finish(pending)
            except Exception as error:
                self._drop(pending)
                self.tell(pending.waiting.owner, ZograscopeError("internal", repr(error)))
                raise

    def _start_next(self) -> None:
        """Start a build that waited for another one."""
        waited = self.pending.next_build() if self.pending.builds_later else None
        if waited is None:
            return
        owner, start = waited
        of_others = [error for other, error in self._job_errors if other == owner]
        try:
            start()
        except ZograscopeError as error:
            of_others.append(error)
        for told in of_others:
            self.tell(owner, told)

    def _finish(self, pending: PendingJob) -> None:
        """Let the artist's scene be built, whole or not at all, or say why not.

        Raises ZograscopeError `result-wrong`, and what the builder raises.
        """
        job, waiting = pending.job, pending.waiting
        self._drop(pending)
        if job.error is not None and job.state != "cancelled":
            self.tell(waiting.owner, job.error)
        try:
            if self._is_sound(pending):
                with taking_back():
                    waiting.on_done(job)
            elif waiting.on_stopped is not None:
                waiting.on_stopped()
        finally:
            self._redraw()

    def _is_sound(self, pending: PendingJob) -> bool:
        """Whether a job has a result that can be used; what is wrong with one is told."""
        try:
            pending.job.check_result()
        except ZograscopeError as error:
            self.tell(pending.waiting.owner, error)
            return False
        return pending.job.result is not None

    def _give_up_on_cancelled(self, client: Client) -> None:
        """End what was cancelled and no server ends: it is away, or does not listen."""
        now = time.monotonic()
        for pending in self.pending:
            asked = pending.cancelled_at
            late = asked is not None and now - asked > CANCEL_PATIENCE
            if asked is not None and not pending.job.finished and (late or not self.connected):
                client.give_up(pending.job)

    def _drop(self, pending: PendingJob) -> None:
        self.pending.drop(pending)
        self.previews.forget(pending.job.id)
        if self._client is not None:
            self._client.forget(pending.job)

    def _forget_jobs(self) -> None:
        """Wait for nothing any more; the jobs go on at the server."""
        self.pending.clear()
        self.previews.clear()

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
        shown = self.connection_error.code if self.connection_error else ""
        if client.state == "connected":
            if shown in AWAY:
                self.connection_error = None
        elif client.state == "refused":
            self.connection_error = client.error
            self._forget_jobs()
        elif self.pending and self.process.failure and client.state == "connecting":
            self.connection_error = ExtensionError(
                "server-start-failed", problem=self.process.failure
            )
            self._forget_jobs()
        elif self.pending and not self.process.running and shown not in AWAY:
            self.connection_error = client.error

    def _ask_for_status(self, client: Client) -> None:
        now = time.monotonic()
        if client.state != "connected" or now < self._next_status:
            return
        self._next_status = now + ANSWER_PATIENCE  # unless it answers
        client.request_status(self._note_status)
        if not self.models:
            self.ask_for_models()

    def _note_status(self, status: dict[str, Any]) -> None:
        self._next_status = time.monotonic() + STATUS_INTERVAL
        self._workers, jobs = read_status(status)
        self._server_jobs = [job for job in jobs if job["state"] not in FINISHED_STATES]

    def _note_models(self, answer: dict[str, Any]) -> None:
        self.models = read_models(answer)

    def ask_for_models(self) -> None:
        """Have the catalogue sent anew."""
        if self._client is not None:
            self._client.request_models(self._note_models)

    def _redraw_when_changed(self) -> None:
        news = [
            (job.state, job.stage, job.detail, job.fraction, id(job.preview)) for job in self.jobs
        ]
        shown = (self.state, *self.errors, len(self.models), *news)
        if shown != self._shown:
            self._shown = shown
            self._redraw()

    def _redraw(self) -> None:
        text = " ".join(f"Zograscope: {job.stage or job.state}" for job in self.jobs) or None
        for window in windows():
            window.workspace.status_text_set(text)
        redraw_panels()


link = ServerLink()


def _tick() -> float:
    try:
        return link.tick()
    except Exception as error:
        # A timer that raises is never called again.
        print(f"Zograscope: {error!r}")
        return IDLE_INTERVAL


def _look() -> None:
    link.look_for_server()


def register() -> None:
    """Start the timer, and look for a server that runs already."""
    bpy.app.timers.register(_look, first_interval=IDLE_INTERVAL)
    bpy.app.timers.register(_tick, first_interval=IDLE_INTERVAL, persistent=True)
    preferences.listeners.append(link.reconnect)


def unregister() -> None:
    """Stop the timer and leave the server."""
    preferences.listeners.remove(link.reconnect)
    for timer in (_look, _tick):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    link.close()
