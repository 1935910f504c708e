"""The client: polled from Blender's timer, never blocking; `blocking.py` waits on the same one.

A client keeps its jobs through whatever happens to the server: it connects again, submits or
attaches again, and takes up each transfer at the byte that it lacks.
"""

import math
import os
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from zmq.utils.monitor import recv_monitor_message

from zograscope_protocol import wire
from zograscope_protocol.connection import Connection, client_keys, state_folder
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import (
    FINISHED_STATES,
    PROTOCOL_VERSION,
    STREAMS_SINCE,
    check_protocol,
    parse_version,
)
from zograscope_protocol.transfers import Receiver, Sender

# Seconds.
HEARTBEAT = 2.0
SILENT_HEARTBEATS = 3
RECONNECT_INTERVAL = 0.5

Reply = Callable[[dict[str, Any]], None]

_LOST_EVENTS = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED
_REFUSED_EVENTS = zmq.EVENT_HANDSHAKE_FAILED_AUTH


@dataclass
class JobResult:
    """What a job answered: arrays by name, and facts."""

    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]
    cached: bool = False

    def bytes(self, name: str) -> bytes:
        """Return a file that travelled as a 1-D uint8 array."""
        return self.arrays[name].tobytes()


@dataclass(frozen=True)
class Part:
    """One part of a job's result: what a task emitted while it ran."""

    number: int
    metadata: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def bytes(self, name: str) -> bytes:
        """Return a file that travelled as a 1-D uint8 array."""
        return self.arrays[name].tobytes()


@dataclass
class _Download:
    """An array that is coming in, written into place."""

    array: np.ndarray
    description: dict[str, Any]
    receiver: Receiver

    def take(self, offset: object, chunk: memoryview) -> None:
        if self.receiver.expects(offset, chunk.nbytes):
            start = self.receiver.received
            wire.byte_view(self.array)[start : start + chunk.nbytes] = chunk
            self.receiver.took(chunk.nbytes)


@dataclass
class _Arrays:
    """The arrays of a result or of a part, on their way in."""

    descriptions: list[dict[str, Any]]
    metadata: dict[str, Any]
    downloads: dict[str, _Download]

    @classmethod
    def announced(cls, header: dict[str, Any]) -> "_Arrays":
        """Make room for what a message announces.

        Raises ZograscopeError `bad-message`, `out-of-memory` or `no-room`.
        """
        descriptions = wire.check_descriptions(header.get("arrays"))
        try:
            downloads = {
                description["name"]: _Download(
                    wire.empty_array(description), description, Receiver(description["bytes"])
                )
                for description in descriptions
            }
        except MemoryError as error:
            raise ZograscopeError("out-of-memory", str(error)) from error
        except OSError as error:
            raise ZograscopeError("no-room", str(error)) from error
        return cls(descriptions, header.get("metadata") or {}, downloads)

    @property
    def complete(self) -> bool:
        """Whether all of them are here."""
        return all(download.receiver.complete for download in self.downloads.values())

    @property
    def fraction(self) -> float:
        """How much of them is here, 0 to 1."""
        receivers = [download.receiver for download in self.downloads.values()]
        total = sum(receiver.size for receiver in receivers)
        return sum(receiver.received for receiver in receivers) / total if total else 1.0

    def take_all(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {name: download.array for name, download in self.downloads.items()}


@dataclass
class _Follow:
    """How far a program has taken the parts of a job, and what of them is on its way.

    At most `window` parts are announced, on their way or waiting to be taken.
    """

    taken: int
    window: int
    asked: int = 0
    incoming: dict[int, _Arrays] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """How many parts are here, from the first on: what comes next is lacking."""
        number = self.taken
        while number in self.incoming and self.incoming[number].complete:
            number += 1
        return number

    def credit(self, *, anew: bool = False) -> dict[str, int] | None:
        """Return the fields of the message `follow` that is due, or None."""
        if not anew and self.asked - self.taken > self.window // 2:
            return None
        self.asked = self.taken + self.window
        first = self.held
        return {"from": first, "window": max(1, self.asked - first)}


def _ignore(_header: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True)
class _Request:
    """A question to the server, asked as soon as there is one."""

    header: dict[str, Any]
    callback: Reply
    on_error: Reply


@dataclass
class Job:
    """A job as the client knows it; `Client.poll` keeps it up to date.

    Attributes:
        state: sending, queued, running, paused, fetching, done, failed or cancelled.
        fraction: of the present stage, 0 to 1, or None where nobody knows.
        stage: what is being done, in an artist's words.
        detail: how far within the stage, such as "3 of 10"; may be empty.
        preview: the latest preview, if any came.
        parts: how many parts of its result there are, as far as is known.
        pausable: whether it can pause.
        error: why it failed.
        result: set once all arrays are here.
    """

    id: str
    task: str = ""
    state: str = "sending"
    fraction: float | None = None
    stage: str = ""
    detail: str = ""
    parts: int = 0
    pausable: bool = False
    preview: np.ndarray | None = None
    error: ZograscopeError | None = None
    result: JobResult | None = None
    _parameters: dict[str, Any] = field(default_factory=dict)
    _inputs: dict[str, np.ndarray] | None = None
    _senders: dict[str, Sender] = field(default_factory=dict)
    _result_arrays: _Arrays | None = None
    _follow: _Follow | None = None
    _done: dict[str, Any] | None = None
    _asked: str = ""
    _tell_server: Callable[[], None] = lambda: None
    _follow_on: Callable[[], None] = lambda: None

    @property
    def finished(self) -> bool:
        """Whether it is done (with all of its result), failed or cancelled."""
        return self.state in FINISHED_STATES

    def cancel(self) -> None:
        """Ask the server to stop it; `state` tells when it has."""
        self._ask("cancel")

    def pause(self) -> None:
        """Ask the server to let it rest as soon as it can; `state` tells when it does."""
        self._ask("pause")

    def resume(self) -> None:
        """Ask the server to let it go on."""
        self._ask("resume")

    def follow(self, start: int = 0, window: int = 8) -> None:
        """Have the parts of its result sent while it runs, from number `start` on.

        `take_part` hands them over. At most `window` parts that were not taken are held here or on
        their way. The job is not done before all of its parts are here.
        """
        self._follow = _Follow(start, window)
        self._follow_on()

    @property
    def has_part(self) -> bool:
        """Whether `take_part` has one to hand over."""
        return self._follow is not None and self._follow.held > self._follow.taken

    def take_part(self) -> Part | None:
        """Return the next part, in order, each once; None while it is not here."""
        follow = self._follow
        if follow is None or not self.has_part:
            return None
        arrays = follow.incoming.pop(follow.taken)
        part = Part(follow.taken, arrays.metadata, arrays.take_all())
        follow.taken += 1
        if not self.finished:
            self._follow_on()
        return part

    def fail(self, error: ZograscopeError) -> None:
        """End it with an error; the parts that are here can be taken still."""
        self.state, self.error = "failed", error
        self._inputs, self._senders, self._result_arrays = None, {}, None

    def _ask(self, what: str) -> None:
        if self._asked != "cancel":
            self._asked = what
        self._tell_server()


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
        self._folder = folder or state_folder()
        self._where = connection or self._folder
        self._name = client_name
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._socket: zmq.Socket[bytes] | None = None
        self._monitor: zmq.Socket[bytes] | None = None
        self._endpoint = ""
        self._last_heard = self._last_sent = 0.0
        self._next_attempt = 0.0
        self._last_polled = 0.0
        self._heartbeat = HEARTBEAT
        self._requests: dict[int, _Request] = {}
        self._request_number = 0

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

    def attach(self, job_id: str) -> Job:
        """Follow a job that this or another client submitted."""
        job = self._new_job(job_id, "")
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

    def close(self) -> None:
        """Leave; jobs go on at the server."""
        self._close_socket()

    # The loop

    def poll(self, budget_seconds: float = 0.004) -> None:
        """Handle what has come and send what is due.

        Takes no longer than the budget by more than one message, which is at most a chunk of 1 MiB.
        """
        now = time.monotonic()
        deadline = now + budget_seconds
        if now - self._last_polled > self._heartbeat:
            # It was we who were silent: Blender renders, a script computes.
            self._last_heard = now
        self._last_polled = now
        if self.state == "refused":
            return
        if self._socket is None:
            self._open_socket()
        while self._socket is not None and self._receive_one() and time.monotonic() < deadline:
            pass
        self._watch()

    def wait(self, seconds: float) -> None:
        """Sleep until something has come, or so long. For programs that have nothing else to do."""
        if self._socket is None:
            time.sleep(min(seconds, RECONNECT_INTERVAL))
            return
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        if self._monitor is not None:
            poller.register(self._monitor, zmq.POLLIN)
        poller.poll(int(1000 * seconds))

    def _receive_one(self) -> bool:
        """Handle one message, if one has come."""
        assert self._socket is not None
        try:
            frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return False
        self._last_heard = time.monotonic()
        try:
            header, buffer = wire.decode(frames)
            self._handle(header, buffer)
        except ZograscopeError as error:
            self._fail_connection("refused", error)
        except (KeyError, TypeError, ValueError) as error:
            self._fail_connection("refused", ZograscopeError("bad-message", repr(error)))
        return True

    def _watch(self) -> None:
        """Notice a server that refuses, is gone or is silent, and show it that we live."""
        self._read_monitor()
        if self._socket is None:
            return
        now = time.monotonic()
        if now - self._last_heard > SILENT_HEARTBEATS * self._heartbeat:
            self._lose()
        elif self.state == "connected" and now - self._last_sent > self._heartbeat:
            self._send({"type": "heartbeat"})

    def _read_monitor(self) -> None:
        while self._monitor is not None and self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            if event & _REFUSED_EVENTS:
                error = ZograscopeError("key-refused", endpoint=self._endpoint)
                self._fail_connection("refused", error)
            elif event & _LOST_EVENTS and self.state == "connected":
                self._lose()

    # The connection

    def _open_socket(self) -> None:
        now = time.monotonic()
        if now < self._next_attempt:
            return
        self._next_attempt = now + RECONNECT_INTERVAL
        try:
            connection = self._find_server()
            self._endpoint = connection.endpoint
            self._socket = self._connected_socket(connection)
        except ZograscopeError as error:
            self.error = error
            return
        self._last_heard = now
        self._send({"type": "hello", "protocol": PROTOCOL_VERSION, "client": self._name})

    def _find_server(self) -> Connection:
        where = self._where
        connection = where if isinstance(where, Connection) else Connection.read(where)
        if connection.pid is not None and not _process_lives(connection.pid):
            raise ZograscopeError("server-not-running")
        return connection

    def _connected_socket(self, connection: Connection) -> "zmq.Socket[bytes]":
        socket = self._context.socket(zmq.DEALER)
        try:
            socket.linger = 0
            # Credit bounds what is under way; the socket must never drop or block.
            socket.sndhwm = socket.rcvhwm = 0
            if connection.public_key:
                public, secret = client_keys(self._folder)
                socket.curve_publickey, socket.curve_secretkey = public.encode(), secret.encode()
                socket.curve_serverkey = connection.public_key.encode()
            self._monitor = socket.get_monitor_socket(_LOST_EVENTS | _REFUSED_EVENTS)
            socket.connect(connection.endpoint)
        except (zmq.ZMQError, ValueError) as error:
            socket.close()
            self._monitor = None
            raise ZograscopeError(
                "server-unreachable", str(error), endpoint=connection.endpoint
            ) from error
        return socket

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.disable_monitor()
            if self._monitor is not None:
                self._monitor.close(linger=0)
            self._socket.close(linger=0)
        self._socket = self._monitor = None

    def _lose(self) -> None:
        lost = self.state in ("connected", "lost")
        code = "server-lost" if lost else "server-unreachable"
        self._fail_connection("lost", ZograscopeError(code, endpoint=self._endpoint))

    def _fail_connection(self, state: str, error: ZograscopeError) -> None:
        self._close_socket()
        self.state, self.error = state, error
        requests, self._requests = self._requests, {}
        for request in requests.values():
            request.on_error(error.to_header())

    def _send(self, header: dict[str, Any], buffer: wire.Buffer | None = None) -> None:
        if self._socket is None:
            return
        self._last_sent = time.monotonic()
        self._socket.send_multipart(wire.encode(header, buffer), copy=False)

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
            # As a request, so that a refusal is not taken for the job's end.
            self._request({"type": job._asked, "job": job.id}, _ignore, None)
            job._asked = ""

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
        self._heartbeat = HEARTBEAT
        if isinstance(heartbeat, int | float) and heartbeat is not True:
            self._heartbeat = heartbeat if 0 < heartbeat < math.inf else HEARTBEAT
        for request in self._requests.values():
            self._send(request.header)
        for job in self.jobs.values():
            if not job.finished:
                self._introduce(job)

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
                if header.get("state") not in ("receiving", *FINISHED_STATES):
                    job.state = str(header.get("state"))
            case "credit":
                self._upload(job, header)
            case "progress":
                job.state = "sending" if header.get("state") == "receiving" else header["state"]
                job.fraction, job.stage = header.get("fraction"), str(header.get("stage", ""))
                job.detail, job.parts = str(header.get("detail", "")), int(header.get("parts", 0))
            case "preview" if buffer is not None:
                job.preview = _array_of(header, buffer)
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
        if not _same(follow.incoming.get(number), header):
            arrays = self._make_room(job, header)
            if arrays is None:
                return
            follow.incoming[number] = arrays
        job.parts = max(job.parts, number + 1)
        for name, download in follow.incoming[number].downloads.items():
            self._give_credit(job, name, download.receiver, number, anew=True)
        self._finish_when_complete(job)

    def _start_downloads(self, job: Job, header: dict[str, Any]) -> None:
        """Make room for the result, or take up where an earlier connection stopped."""
        if not _same(job._result_arrays, header):
            job._result_arrays = self._make_room(job, header)
            if job._result_arrays is None:
                return
        job.state, job.stage, job.detail = "fetching", "Fetching the result", ""
        job._done = header
        job.parts = int(header.get("parts", 0))
        for name, download in job._result_arrays.downloads.items():
            self._give_credit(job, name, download.receiver, None, anew=True)
        self._finish_when_complete(job)

    def _make_room(self, job: Job, header: dict[str, Any]) -> _Arrays | None:
        """Return room for what a message announces; without room the job has failed."""
        try:
            return _Arrays.announced(header)
        except ZograscopeError as error:
            if error.code == "bad-message":
                raise
            job.fail(error)
            return None

    def _download(self, job: Job, header: dict[str, Any], chunk: memoryview) -> None:
        name, number = header.get("name", ""), header.get("part")
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


def _same(arrays: _Arrays | None, header: dict[str, Any]) -> bool:
    """Whether these arrays are what a message announces."""
    return arrays is not None and arrays.descriptions == wire.check_descriptions(
        header.get("arrays")
    )


def _array_of(header: dict[str, Any], buffer: memoryview) -> np.ndarray:
    (description,) = wire.check_descriptions(
        [{key: header.get(key) for key in ("name", "dtype", "shape", "bytes")}]
    )
    if description["bytes"] != buffer.nbytes:
        raise ZograscopeError("bad-message", "a preview of another size than announced")
    array = np.frombuffer(buffer, np.dtype(description["dtype"]))
    return array.reshape(description["shape"]).copy()


def _process_lives(pid: int) -> bool:
    """Whether the process is there, as far as this system tells."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
