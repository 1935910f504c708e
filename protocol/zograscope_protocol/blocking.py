"""The client for scripts and farms: waits for answers, over the same polled `Client`."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_protocol import wire
from zograscope_protocol.client import Client
from zograscope_protocol.connection import Connection
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job, JobResult, Part

OnProgress = Callable[[Job], None]
WAIT = 0.2


class BlockingClient:
    """A connection that waits. Use it in a `with` statement."""

    def __init__(
        self,
        connection: Connection | Path | None = None,
        timeout: float = 60.0,
        client_name: str = "zograscope_protocol",
        folder: Path | None = None,
    ) -> None:
        """Connect.

        Args:
            connection: a server, a connection file, or None for this user's own server.
            timeout: how many seconds the server may be away before giving up.
            client_name: name and version of the program, for the server's log.
            folder: the state folder that holds the client's keys; None for the usual one.

        Raises:
            ZograscopeError: `server-not-running`, `server-unreachable`, `key-refused`,
                `protocol-too-new`, `protocol-too-old`, `connection-file-wrong`.
        """
        self.client = Client(connection, client_name, folder)
        self._timeout = timeout
        try:
            self.client.poll()
            if self.client.error is not None and self.client.error.code != "server-unreachable":
                raise self.client.error
            self._wait_until(lambda: self.client.state == "connected")
        except ZograscopeError:
            self.close()
            raise

    def __enter__(self) -> "BlockingClient":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave; jobs go on at the server."""
        self.client.close()

    def submit(
        self,
        task: str,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, np.ndarray | wire.Buffer],
        job_id: str | None = None,
    ) -> Job:
        """Start a job without waiting for it."""
        return self.client.submit(task, parameters, inputs, job_id)

    def attach(self, job_id: str, task: str = "") -> Job:
        """Follow a job that was submitted earlier; `wait` waits for it.

        Its answer is checked only where its task is named.
        """
        return self.client.attach(job_id, task)

    def parts(
        self,
        job: Job,
        start: int = 0,
        window: int = 8,
        on_progress: OnProgress | None = None,
    ) -> Iterator[Part]:
        """Yield the parts of a job's result as they come, from number `start` on; then it is done.

        Raises the ZograscopeError that ended the job, after the parts that are here; and
        `result-wrong` for a part that is not as the job's task declares it.
        """
        if job.state == "done":
            # What is done already is told anew to who asks anew.
            job = self.attach(job.id, job.task)
        job.follow(start, window)
        tell = _teller(job, on_progress)
        while True:
            self._wait_until(lambda: tell().finished or job.has_part)
            while (part := job.take_part()) is not None:
                yield job.checked_part(part)
            if job.finished:
                break
        if job.error is not None:
            raise job.error

    def pause(self, job: Job) -> None:
        """Pause a job and wait until it rests; raises ZograscopeError `cannot-pause`."""
        self._ask(lambda *then: self.client.request_pause(job, *then))
        self._wait_until(lambda: job.finished or job.state == "paused")

    def resume(self, job: Job) -> None:
        """Let a paused job go on."""
        job.resume()

    def wait(self, job: Job, on_progress: OnProgress | None = None) -> JobResult:
        """Wait for a job's result; raises the ZograscopeError that ended it instead.

        Raises ZograscopeError `result-wrong` for one that is not as the job's task declares it.
        """
        tell = _teller(job, on_progress)
        self._wait_until(lambda: tell().finished)
        if job.error is not None:
            raise job.error
        job.check_result()
        assert job.result is not None
        return job.result

    def run(
        self,
        task: str,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, np.ndarray | wire.Buffer],
        on_progress: OnProgress | None = None,
    ) -> JobResult:
        """Do a job: submit it and wait for it."""
        job = self.submit(task, parameters, inputs)
        try:
            return self.wait(job, on_progress)
        finally:
            self.client.forget(job)

    def cancel(self, job: Job) -> None:
        """Cancel a job and wait until it has ended."""
        job.cancel()
        self._wait_until(lambda: job.finished)

    def status(self) -> dict[str, Any]:
        """Return what the server is doing."""
        return self._ask(self.client.request_status)

    def models(self) -> list[dict[str, Any]]:
        """Return the catalogue of models, each with `installed`."""
        return self._ask(self.client.request_models)["models"]

    def shutdown_server(self) -> None:
        """Ask the server to end, and wait until it says goodbye."""
        self.client.shutdown_server()
        deadline = time.monotonic() + self._timeout
        while self.client.state == "connected" and time.monotonic() < deadline:
            self.client.wait(WAIT)
            self.client.poll()

    def _ask(self, request: Callable[..., None]) -> dict[str, Any]:
        """Ask until there is an answer: a server that went meanwhile may have come again."""
        give_up = time.monotonic() + self._timeout
        while True:
            answers: list[dict[str, Any]] = []
            errors: list[dict[str, Any]] = []
            request(answers.append, errors.append)
            self._wait_until(lambda: bool(answers or errors))  # noqa: B023
            if answers:
                return answers[0]
            error = ZograscopeError.from_header(errors[0])
            if error.code != "server-lost" or time.monotonic() > give_up:
                raise error

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Poll until the condition holds; give up on a server that is away for too long."""
        away_since = time.monotonic()
        while not condition():
            if self.client.state == "refused":
                raise self.client.error or ZograscopeError("internal")
            if self.client.state == "connected":
                away_since = time.monotonic()
            elif time.monotonic() - away_since > self._timeout:
                raise self.client.error or ZograscopeError("server-lost")
            self.client.wait(WAIT)
            self.client.poll(WAIT)


def _teller(job: Job, on_progress: OnProgress | None) -> Callable[[], Job]:
    """Return what tells of a job whenever there is something new to tell, and returns it."""
    told: tuple[Any, ...] = ()

    def tell() -> Job:
        nonlocal told
        news = (job.state, job.stage, job.detail, job.fraction)
        if on_progress is not None and news != told:
            told = news
            on_progress(job)
        return job

    return tell
