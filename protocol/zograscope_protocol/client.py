"""The client: polled from Blender's timer, never blocking; `blocking.py` waits on the same one.

A client keeps its jobs through whatever happens to the server: it connects again, submits or
attaches again, and takes up each transfer at the byte that it lacks.
"""

import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zograscope_protocol import wire
from zograscope_protocol.connection import Connection, state_folder
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import IncomingArrays, Job, JobResult
from zograscope_protocol.messages import (
    FINISHED_STATES,
    LIVE_STATES,
    PROTOCOL_VERSION,
    STREAMS_SINCE,
    check_protocol,
    parse_version,
)
from zograscope_protocol.readable import readable
from zograscope_protocol.results import wrong_answer
from zograscope_protocol.server_socket import HEARTBEAT, ServerSocket
from zograscope_protocol.shown import count_of, preview_of, share_of
from zograscope_protocol.transfers import MOST_PART_CREDIT, Receiver, Sender, split_credit

LONG_SILENCE = 20.0  # seconds
"""After which messages for us may have found no room: whoever does not listen is sent less."""

MOST_GIVEN_UP = 1000

Reply = Callable[[dict[str, Any]], None]


def _ignore(_header: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True)
class _Request:
    """A question to the server, asked as soon as there is one."""

    header: dict[str, Any]
    callback: Reply
    on_error: Reply


class Client:
    """One connection to a server, and the jobs on it.

    Call `poll` often; everything else returns at once. Not for use from several threads.

    Attributes:
        state: connecting, connected, lost (it tries again by itself) or refused (it does not).
        error: why it is not connected.
        server: the server's welcome, once connected.
    """

    def __init__(
        self,
        connection: Connection | Path | None = None,
        client_name: str = "zograscope_protocol",
        folder: Path | None = None,
    ) -> None:
        """Prepare a client; the first `poll` connects.

        Args:
            connection: a server, a connection file, or None for this user's own server.
            client_name: name and version of the program, for the server's log.
            folder: the state folder that holds the client's keys; None for the usual one.
        """
        self.state = "connecting"
        self.error: ZograscopeError | None = None
        self.server: dict[str, Any] = {}
        self.jobs: dict[str, Job] = {}
        self._name = client_name
        folder = folder or state_folder()
        self._socket = ServerSocket(connection or folder, folder)
        self._last_polled = 0.0
        self._requests: dict[int, _Request] = {}
        self._request_number = 0
        self._given_up: dict[str, None] = {}
        self._may_lack = False

    @classmethod
    def connect(
        cls, connection: Connection | Path | None = None, client_name: str = "zograscope_protocol"
    ) -> "Client":
        """Return a client that will connect as it is polled."""
        return cls(connection, client_name)

    # What a program asks for

    def submit(
        self,
        task: str,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, np.ndarray | wire.Buffer],
        job_id: str | None = None,
    ) -> Job:
        """Start a job. Do not change the inputs before it has left the state "sending"."""
        job = self._new_job(job_id or uuid.uuid4().hex, task)
        job._parameters = dict(parameters)
        job._inputs = {name: wire.as_array(value) for name, value in inputs.items()}
        if self.state == "connected":
            self._introduce(job)
        return job

    def attach(self, job_id: str, task: str = "") -> Job:
        """Follow a job that this or another client submitted, of a task if that is known."""
        job = self._new_job(job_id, task)
        job.state = "queued"
        if self.state == "connected":
            self._introduce(job)
        return job

    def request_status(self, callback: Reply, on_error: Reply | None = None) -> None:
        """Ask what the server is doing; `callback` gets the answer's header."""
        self._request({"type": "status"}, callback, on_error)

    def request_models(self, callback: Reply, on_error: Reply | None = None) -> None:
        """Ask for the catalogue of models."""
        self._request({"type": "models"}, callback, on_error)

    def request_pause(self, job: Job, callback: Reply, on_error: Reply | None = None) -> None:
        """Ask for a job to be paused, as `Job.pause`, and be told of a refusal."""
        self._request({"type": "pause", "job": job.id}, callback, on_error)

    def shutdown_server(self) -> None:
        """Ask the server to end; its jobs go on when it starts again."""
        self._send({"type": "shutdown"})

    def forget(self, job: Job) -> None:
        """Drop a job that is no longer of interest."""
        self.jobs.pop(job.id, None)

    def give_up(self, job: Job) -> None:
        """End a job here at once, whatever the server says; it is told when it is there.

        For a server that is away, or does not end what it was asked to cancel.
        """
        job.fail(ZograscopeError("job-cancelled"))
        job.state = "cancelled"
        self.forget(job)
        self._given_up[job.id] = None
        while len(self._given_up) > MOST_GIVEN_UP:
            del self._given_up[next(iter(self._given_up))]
        self._tell_given_up()

    def _tell_given_up(self) -> None:
        if self.state == "connected":
            for job_id in self._given_up:
                self._send({"type": "cancel", "job": job_id})
            self._given_up.clear()

    def close(self) -> None:
        """Leave; jobs go on at the server."""
        self._socket.close()

    # The loop

    def poll(self, budget_seconds: float = 0.004) -> None:
        """Handle what has come and send what is due.

        Takes no longer than the budget by more than one message, which is at most a chunk of 1 MiB.
        """
        now = time.monotonic()
        deadline = now + budget_seconds
        if now - self._last_polled > self._socket.heartbeat:
            # It was we who were silent: Blender renders, a script computes.
            self._socket.last_heard = now
        if now - self._last_polled > LONG_SILENCE:
            self._may_lack = True
        self._last_polled = now
        if self.state == "refused":
            return
        if not self._socket.is_open:
            self._open_socket()
        nothing_more = False
        while self._socket.is_open and not nothing_more:
            nothing_more = not self._receive_one()
            if time.monotonic() >= deadline:
                break
        if nothing_more and self._may_lack:
            self._ask_again()
        self._watch()

    def wait(self, seconds: float) -> None:
        """Sleep until something has come, or so long. For programs that have nothing else to do."""
        self._socket.wait(seconds)

    def _ask_again(self) -> None:
        """Have the server tell anew how jobs stand, where some of what it said may be lost."""
        self._may_lack = False
        for job in self.jobs.values():
            if self.state == "connected" and not job.finished and job.state != "sending":
                self._send({"type": "attach", "job": job.id})

    def _receive_one(self) -> bool:
        """Handle one message, if one has come."""
        frames = self._socket.receive()
        if frames is None:
            return False
        try:
            header, buffer = wire.decode(frames)
            self._handle(header, buffer)
        except ZograscopeError as error:
            self._fail_connection("refused", error)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            self._fail_connection("refused", ZograscopeError("bad-message", repr(error)))
        return True

    def _watch(self) -> None:
        """Notice a server that refuses, is gone or is silent, and show it that we live."""
        for event in self._socket.events():
            if event == "refused":
                error = ZograscopeError("key-refused", endpoint=self._socket.endpoint)
                self._fail_connection("refused", error)
            elif self.state == "connected":
                self._lose()
        if not self._socket.is_open:
            return
        if self._socket.is_silent:
            self._lose()
        elif self.state == "connected" and self._socket.owes_heartbeat:
            self._send({"type": "heartbeat"})

    # The connection

    def _open_socket(self) -> None:
        try:
            if not self._socket.open():
                return
        except ZograscopeError as error:
            self.error = error
            return
        self._send({"type": "hello", "protocol": PROTOCOL_VERSION, "client": self._name})

    def _lose(self) -> None:
        lost = self.state in ("connected", "lost")
        code = "server-lost" if lost else "server-unreachable"
        self._fail_connection("lost", ZograscopeError(code, endpoint=self._socket.endpoint))

    def _fail_connection(self, state: str, error: ZograscopeError) -> None:
        self._socket.close()
        self.state, self.error = state, error
        requests, self._requests = self._requests, {}
        for request in requests.values():
            request.on_error(error.to_header())

    def _send(self, header: dict[str, Any], buffer: wire.Buffer | None = None) -> None:
        self._socket.send(header, buffer)

    def _request(self, header: dict[str, Any], callback: Reply, on_error: Reply | None) -> None:
        self._request_number += 1
        header = {**header, "request": self._request_number}
        self._requests[self._request_number] = _Request(header, callback, on_error or _ignore)
        if self.state == "connected":
            self._send(header)

    # Jobs

    def _new_job(self, job_id: str, task: str) -> Job:
        job = Job(job_id, task)
        job._tell_server = lambda: self._pass_on(job)
        job._follow_on = lambda: self._follow_parts(job)
        self.jobs[job_id] = job
        return job

    def _pass_on(self, job: Job) -> None:
        """Tell the server that a job is to stop, rest or go on; one that is away hears it later."""
        if not job._asked or self.state != "connected":
            return
        if job._asked == "cancel":
            self._send({"type": "cancel", "job": job.id})
        elif self._streams:
            self._ask_of(job, job._asked)

    def _ask_of(self, job: Job, what: str) -> None:
        """Ask for a pause, or its end, until a server has answered; a refusal ends no job."""

        def answered(_: dict[str, Any]) -> None:
            if job._asked == what:
                job._asked = ""

        def failed(error: dict[str, Any]) -> None:
            if error.get("code") != "server-lost":
                answered(error)

        self._request({"type": what, "job": job.id}, answered, failed)

    def _follow_parts(self, job: Job, *, anew: bool = False) -> None:
        """Ask for more parts when it is time to."""
        if job._follow is None or self.state != "connected" or not self._streams:
            return
        credit = job._follow.credit(anew=anew)
        if credit is not None:
            self._send({"type": "follow", "job": job.id, **credit})

    @property
    def _streams(self) -> bool:
        """Whether the server knows of parts and pauses."""
        return parse_version(self.server.get("protocol")) >= STREAMS_SINCE

    def _introduce(self, job: Job) -> None:
        """Tell a server that may not know the job, or not know that we care about it."""
        if job._inputs is None:
            self._send({"type": "attach", "job": job.id})
        else:
            self._submit(job, job._inputs)
        self._pass_on(job)
        self._follow_parts(job, anew=True)

    def _submit(self, job: Job, inputs: Mapping[str, np.ndarray]) -> None:
        job._senders = {name: Sender(wire.byte_view(array)) for name, array in inputs.items()}
        self._send(
            {
                "type": "submit",
                "job": job.id,
                "task": job.task,
                "parameters": job._parameters,
                "inputs": [wire.describe_array(name, array) for name, array in inputs.items()],
            }
        )

    # What the server says

    def _handle(self, header: dict[str, Any], buffer: memoryview | None) -> None:
        message_type = header["type"]
        if message_type == "welcome":
            self._welcomed(header)
        elif message_type == "goodbye":
            self._lose()
        elif message_type == "error":
            self._error(header)
        elif (request := self._requests.pop(header.get("request", 0), None)) is not None:
            request.callback(header)
        else:
            job = self.jobs.get(header.get("job", ""))
            if job is not None and not job.finished:
                self._job_said(job, header, buffer)

    def _welcomed(self, header: dict[str, Any]) -> None:
        check_protocol(PROTOCOL_VERSION, server=header.get("protocol"))
        self.state, self.error, self.server = "connected", None, header
        heartbeat = header.get("heartbeat")
        self._socket.heartbeat = HEARTBEAT
        if isinstance(heartbeat, int | float) and heartbeat is not True:
            self._socket.heartbeat = heartbeat if 0 < heartbeat < math.inf else HEARTBEAT
        for request in self._requests.values():
            self._send(request.header)
        for job in self.jobs.values():
            job._end_asked = False
            if not job.finished:
                self._introduce(job)
        self._tell_given_up()

    def _error(self, header: dict[str, Any]) -> None:
        error = ZograscopeError.from_header(header)
        if error.code == "hello-first" and self.state == "connected":
            # Another server has taken the place of the one that knew us.
            self._lose()
            return
        job = self.jobs.get(header.get("job", ""))
        request = self._requests.pop(header.get("request", 0), None)
        if request is not None:
            request.on_error(header)
        elif job is not None and not job.finished:
            job.fail(error)
        elif self.state != "connected":
            self._fail_connection("refused", error)

    def _job_said(self, job: Job, header: dict[str, Any], buffer: memoryview | None) -> None:
        match header["type"]:
            case "accepted":
                job.pausable = header.get("pausable") is True
                if header.get("state") in LIVE_STATES and header["state"] != "receiving":
                    job.state = header["state"]
            case "credit":
                self._upload(job, header)
            case "progress":
                self._progressed(job, header)
            case "preview" if buffer is not None:
                job.preview = preview_of(header, buffer)
            case "part":
                self._part_announced(job, header)
            case "done":
                self._start_downloads(job, header)
            case "chunk" if buffer is not None:
                self._download(job, header, buffer)
            case "failed":
                job.fail(ZograscopeError.from_header(header))
            case "cancelled":
                job.fail(ZograscopeError("job-cancelled"))
                job.state = "cancelled"

    def _progressed(self, job: Job, header: dict[str, Any]) -> None:
        """Take note of how far a job is, in types that can be shown whatever came."""
        state = header["state"]
        if state in FINISHED_STATES:
            self._ask_for_end(job)
        if job._done is not None or state not in LIVE_STATES:
            return
        job.state = "sending" if state == "receiving" else state
        job.fraction = share_of(header.get("fraction"))
        job.stage, job.detail = readable(header.get("stage")), readable(header.get("detail"))
        job.parts = count_of(header.get("parts"))

    def _ask_for_end(self, job: Job) -> None:
        """Have a job's end sent, which must be a message of its own: `done` has the result.

        A server that says once more that it has ended, without an end, has nothing to send.
        """
        if job._done is not None:
            return
        if job._end_asked:
            job.fail(wrong_answer("the job has ended without one"))
            return
        job._end_asked = True
        self._send({"type": "attach", "job": job.id})

    def _upload(self, job: Job, header: dict[str, Any]) -> None:
        sender = job._senders.get(header.get("name", ""))
        if sender is None:
            return
        for offset, chunk in sender.credited(header["offset"], header["window"]):
            message = {"type": "chunk", "job": job.id, "name": header["name"], "offset": offset}
            self._send(message, chunk)

    def _part_announced(self, job: Job, header: dict[str, Any]) -> None:
        """Make room for a part, or take up where an earlier connection stopped."""
        follow, number = job._follow, header["number"]
        if follow is None or type(number) is not int or not follow.taken <= number < follow.asked:
            return
        arrays = follow.incoming.get(number)
        if arrays is None or not arrays.are(header):
            arrays = self._make_room(job, header)
            if arrays is None:
                return
            follow.incoming[number] = arrays
        job.parts = max(job.parts, number + 1)
        receivers = {name: download.receiver for name, download in arrays.downloads.items()}
        sizes = [receiver.size for receiver in receivers.values()]
        shares = split_credit(MOST_PART_CREDIT, sizes)
        for (name, receiver), share in zip(receivers.items(), shares, strict=True):
            # The beginning comes by itself; who holds it already asks for what it lacks.
            begun = receiver.received > 0
            receiver.grant(share)
            self._give_credit(job, name, receiver, number, anew=begun)
        self._finish_when_complete(job)

    def _start_downloads(self, job: Job, header: dict[str, Any]) -> None:
        """Make room for the result, or take up where an earlier connection stopped."""
        arrays = job._result_arrays
        if arrays is None or not arrays.are(header):
            arrays = job._result_arrays = self._make_room(job, header)
            if arrays is None:
                return
        job.state, job.stage, job.detail = "fetching", "Fetching the result", ""
        job._done = header
        job.parts = count_of(header.get("parts"))
        for name, download in arrays.downloads.items():
            self._give_credit(job, name, download.receiver, None, anew=True)
        self._finish_when_complete(job)

    def _make_room(self, job: Job, header: dict[str, Any]) -> IncomingArrays | None:
        """Return room for what a message announces; without room the job has failed."""
        try:
            return IncomingArrays.announced(header)
        except ZograscopeError as error:
            if error.code == "bad-message":
                raise
            job.fail(error)
            return None

    def _download(self, job: Job, header: dict[str, Any], chunk: memoryview) -> None:
        name, number = header.get("name", ""), header.get("part")
        if not isinstance(name, str):
            raise ZograscopeError("bad-message", "a chunk without the name of its array")
        arrays = job._result_arrays
        if number is not None:
            arrays = job._follow.incoming.get(number) if job._follow else None
        download = arrays.downloads.get(name) if arrays else None
        if download is None:
            return
        download.take(header.get("offset"), chunk)
        self._give_credit(job, name, download.receiver, number)
        self._finish_when_complete(job)

    def _give_credit(
        self, job: Job, name: str, receiver: Receiver, part: int | None, *, anew: bool = False
    ) -> None:
        credit = receiver.credit(anew=anew)
        if credit is not None:
            of_part = {} if part is None else {"part": part}
            self._send({"type": "credit", "job": job.id, "name": name, **of_part, **credit})

    def _finish_when_complete(self, job: Job) -> None:
        """End a job whose result is here, and all of its parts if it is followed."""
        arrays = job._result_arrays
        if job._done is None or arrays is None:
            return
        if not arrays.complete:
            job.fraction = arrays.fraction
            return
        if job._follow is not None and self._streams and job._follow.held < job.parts:
            job.stage, job.fraction = "Fetching parts", job._follow.held / job.parts
            return
        job.result = JobResult(arrays.metadata, arrays.take_all(), bool(job._done.get("cached")))
        job.state, job.fraction, job.stage = "done", 1.0, ""
        job._inputs, job._senders, job._result_arrays = None, {}, None
