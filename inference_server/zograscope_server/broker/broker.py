"""The broker: one ROUTER socket to the clients, one to the workers, and a loop between them.

It computes nothing, so that it answers at once whatever the workers do. Messages from the network
are checked before anything is done with them, and none of them can end the loop.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import zmq
from zograscope_protocol import wire
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import PROTOCOL_VERSION, check_protocol
from zograscope_protocol.transfers import (
    MOST_PART_CREDIT,
    MOST_WINDOW,
    Receiver,
    Sender,
    split_credit,
)

from zograscope_server.broker.endpoints import Endpoints
from zograscope_server.broker.inputs import JOB_ID, Upload
from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.lock import lock_folder
from zograscope_server.broker.scheduler import Scheduler
from zograscope_server.broker.spool import Spool
from zograscope_server.broker.worker_pool import WorkerPool
from zograscope_server.errors import ServerError
from zograscope_server.settings import ServerSettings
from zograscope_server.tasks import load_tasks

logger = logging.getLogger(__name__)

SERVER_NAME = f"zograscope_server {version('zograscope_server')}"
MOST_INPUT_BYTES = 2 << 30
HEARTBEAT = 2.0
# Seconds between looks at the worker processes, and at hashes that will soon be ready.
WATCH_INTERVAL = 0.1
HASH_INTERVAL = 0.001
# Seconds that jobs get to save how far they are when the server stops.
PAUSE_GRACE = 5.0
# A client unheard for so many seconds is forgotten; it says hello again if it comes back.
CLIENT_SILENCE = 3600.0
RECENT_JOBS = 20
MOST_LISTED_JOBS = 200
MOST_ECHOED = 64
MOST_FOLLOWED_PARTS = 1024


@dataclass
class _Follow:
    """How far a client follows the parts of a job.

    Those from `next` to before `end` are told, and the first `credit` bytes of each sent with it.
    """

    next: int
    end: int
    credit: int


_ArrayName = tuple[str, int | None, str]
"""A job's id, the number of a part or None for the result itself, and an array's name."""


@dataclass
class _Client:
    """A client that said hello: the jobs it hears of and follows, and the arrays it fetches."""

    last_heard: float
    jobs: set[str] = field(default_factory=set)
    follows: dict[str, _Follow] = field(default_factory=dict)
    senders: dict[_ArrayName, Sender] = field(default_factory=dict)


@dataclass
class _Input:
    """An input array that is coming in, and the client that credit was given to last."""

    upload: Upload
    receiver: Receiver
    credited: bytes = b""


class Broker:
    """A server on one state folder, from `with` to its end.

    Entering raises ZograscopeError `folder-not-writable`, `server-running`, `port-in-use` or
    `bad-endpoint`.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._started = time.monotonic()
        self._running = True
        self._clients: dict[bytes, _Client] = {}
        self._inputs: dict[tuple[str, str], _Input] = {}
        self._tasks = load_tasks()
        self._handlers: dict[str, Callable[[bytes, dict[str, Any], memoryview | None], None]] = {
            "heartbeat": self._heartbeat,
            "submit": self._submit,
            "chunk": self._chunk,
            "credit": self._credit,
            "attach": self._attach,
            "follow": self._follow,
            "cancel": self._cancel,
            "pause": self._pause,
            "resume": self._resume,
            "status": self._status,
            "models": self._models,
            "shutdown": self._shutdown,
        }

    def __enter__(self) -> "Broker":
        settings = self._settings
        state = settings.state_folder
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            settings.models_folder.mkdir(parents=True, exist_ok=True)
            self._lock = lock_folder(state)
            self._store = JobStore(state / "jobs.sqlite")
            self._spool = Spool(state / "spool", settings.spool_limit, self._durable_jobs)
        except OSError as error:
            raise ServerError(
                "folder-not-writable", details=str(error), folder=str(state)
            ) from error
        self._endpoints = Endpoints(state, settings.tcp)
        self._socket = self._endpoints.clients
        self._pool = WorkerPool(
            self._endpoints.workers,
            self._endpoints.workers_endpoint,
            self._endpoints.worker_keys,
            settings,
        )
        self._scheduler = Scheduler(
            store=self._store,
            spool=self._spool,
            pool=self._pool,
            tasks=self._tasks,
            models_folder=settings.models_folder,
            announce=self._announce,
            announce_parts=self._announce_parts,
        )
        self._scheduler.recover()
        self._pool.start()
        self._endpoints.publish()
        return self

    def __exit__(self, *exception: object) -> None:
        self._endpoints.withdraw()
        for address in self._clients:
            self._send(address, {"type": "goodbye", "reason": "the server stops"})
        self._let_long_jobs_pause()
        self._pool.stop()
        self._scheduler.close()
        self._endpoints.close()
        self._store.close()
        self._spool.close()
        self._lock.close()

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return self._endpoints.endpoint

    def run(self) -> None:
        """Serve until `stop` is called or a client asks for the end."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._pool.socket, zmq.POLLIN)
        next_watch = 0.0
        while self._running:
            timeout = HASH_INTERVAL if self._scheduler.hashing else WATCH_INTERVAL
            ready = dict(poller.poll(int(1000 * timeout)))
            if self._socket in ready:
                self._receive_from_clients()
            if self._pool.socket in ready:
                self._receive_from_workers()
            if self._scheduler.hashing:
                self._guarded(self._scheduler.collect_hashes)
            if time.monotonic() >= next_watch:
                next_watch = time.monotonic() + WATCH_INTERVAL
                self._watch_workers()

    def _let_long_jobs_pause(self) -> None:
        deadline = time.monotonic() + PAUSE_GRACE
        while self._scheduler.pause_all() and time.monotonic() < deadline:
            self._pool.socket.poll(int(1000 * WATCH_INTERVAL))
            self._watch_workers()

    def stop(self) -> None:
        """Leave the loop at its next turn; may be called from a signal handler."""
        self._running = False

    def _durable_jobs(self) -> dict[str, str]:
        """Return the jobs whose files may have been synced, and the keys of their results."""
        durable = {name for name, task in self._tasks.items() if task.pausable}
        jobs = [job for job in self._store.unfinished() + self._store.done() if job.result_key]
        return {job.id: str(job.result_key) for job in jobs if job.task in durable}

    # What comes in

    def _receive_from_workers(self) -> None:
        for worker, header, buffer in self._pool.receive():
            self._guarded(self._scheduler.worker_said, worker, header, buffer)

    def _watch_workers(self) -> None:
        # Words of workers before their deaths: a job that was done needs no second attempt.
        self._receive_from_workers()
        for loss in self._pool.watch():
            self._guarded(self._scheduler.worker_lost, loss)

    def _guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        try:
            action(*arguments)
        except Exception:
            logger.exception("the broker goes on after an error")

    def _receive_from_clients(self) -> None:
        """Handle what has come from clients, a bounded share of it, so that workers get theirs."""
        for _ in range(64):
            try:
                address, *frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            self._handle(address.bytes, frames)

    def _handle(self, address: bytes, frames: list[zmq.Frame]) -> None:
        """Act on one message; what is wrong with it is told to its sender."""
        header: dict[str, Any] = {}
        try:
            header, buffer = wire.decode(frames)
            if header["type"] == "hello":
                self._hello(address, header)
                return
            client = self._clients.get(address)
            if client is None:
                raise ZograscopeError("hello-first")
            client.last_heard = time.monotonic()
            handler = self._handlers.get(header["type"])
            if handler is None:
                raise ZograscopeError("bad-message", details=f"unknown type {header['type']!r}")
            handler(address, header, buffer)
        except ZograscopeError as error:
            self._send_error(address, header, error)
        except Exception as error:
            logger.exception("a message could not be handled")
            self._send_error(address, header, ZograscopeError("internal", details=repr(error)))

    def _hello(self, address: bytes, header: dict[str, Any]) -> None:
        check_protocol(header.get("protocol"))
        now = time.monotonic()
        self._clients[address] = _Client(now)
        for silent in [a for a, c in self._clients.items() if now - c.last_heard > CLIENT_SILENCE]:
            del self._clients[silent]
        self._send(
            address,
            {
                "type": "welcome",
                "protocol": PROTOCOL_VERSION,
                "server": SERVER_NAME,
                "server_id": self._endpoints.server_id,
                "limits": {
                    "header": wire.MOST_HEADER_BYTES,
                    "inputs": MOST_INPUT_BYTES,
                    "chunk": wire.MOST_CHUNK_BYTES,
                },
                "heartbeat": HEARTBEAT,
            },
        )

    def _heartbeat(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        self._send(address, _reply(header, "heartbeat"))

    def _submit(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job_id = _job_id(header)
        inputs = wire.check_descriptions(header.get("inputs"))
        total = sum(array["bytes"] for array in inputs)
        if total > MOST_INPUT_BYTES:
            raise ZograscopeError("input-too-large", size=total, limit=MOST_INPUT_BYTES)
        task, parameters = header.get("task"), header.get("parameters")
        if not isinstance(task, str) or not isinstance(parameters, dict):
            raise ZograscopeError("bad-message", details="submit without task or parameters")
        job = self._scheduler.submit(job_id, task, parameters, inputs)
        self._tell_where_it_stands(address, header, job)

    def _attach(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._scheduler.find(_job_id(header))
        self._tell_where_it_stands(address, header, job)

    def _cancel(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._scheduler.find(_job_id(header))
        self._scheduler.cancel(job)
        if job.finished:
            self._close_inputs(job)
            self._send(address, self._scheduler.outcome(job))

    def _pause(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._scheduler.find(_job_id(header))
        self._scheduler.pause(job)
        self._send(address, self._accepted(header, job))

    def _resume(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._scheduler.find(_job_id(header))
        self._scheduler.resume(job)
        self._send(address, self._accepted(header, job))

    def _accepted(self, header: dict[str, Any], job: Job) -> dict[str, Any]:
        return {
            **_reply(header, "accepted"),
            "job": job.id,
            "state": job.state,
            "pausable": self._scheduler.pausable(job),
        }

    def _tell_where_it_stands(self, address: bytes, header: dict[str, Any], job: Job) -> None:
        """Let the client hear of the job from now on, and catch up on what it missed."""
        client = self._clients[address]
        client.jobs.add(job.id)
        client.senders = {key: sender for key, sender in client.senders.items() if key[0] != job.id}
        client.follows.pop(job.id, None)
        self._send(address, self._accepted(header, job))
        if job.finished:
            self._send(address, self._scheduler.outcome(job))
        elif job.state == "receiving":
            self._open_inputs(job)
            for array in job.inputs:
                self._give_credit(address, job.id, array["name"], anew=True)
            self._go_on_when_complete(job)
        else:
            self._send(address, self._scheduler.progress(job))

    # Inputs

    def _chunk(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job_id, name = _job_id(header), str(header.get("name"))
        incoming = self._inputs.get((job_id, name))
        # What is not expected was under way when the job was cancelled, or to an earlier server, or
        # comes from the slower of two clients, which is told where to go on.
        if incoming is None or buffer is None:
            return
        if not incoming.receiver.expects(header.get("offset"), buffer.nbytes):
            self._give_credit(address, job_id, name, anew=True)
            return
        job = self._scheduler.find(job_id)
        try:
            incoming.upload.write(buffer)
        except ZograscopeError as error:
            self._close_inputs(job)
            self._scheduler.fail(job, error)
            return
        incoming.receiver.took(buffer.nbytes)
        if incoming.receiver.complete:
            self._go_on_when_complete(job)
        else:
            self._give_credit(address, job_id, name)

    def _open_inputs(self, job: Job) -> None:
        """Open the files of a job's inputs, to go on where an earlier server stopped."""
        for index, array in enumerate(job.inputs):
            if (job.id, array["name"]) not in self._inputs:
                upload = self._spool.inputs.open_upload(job.id, index, array["bytes"])
                receiver = Receiver(array["bytes"], upload.received)
                self._inputs[job.id, array["name"]] = _Input(upload, receiver)

    def _give_credit(self, address: bytes, job_id: str, name: str, *, anew: bool = False) -> None:
        incoming = self._inputs[job_id, name]
        # Credit is for one connection: who sends is not to wait for what another one was given.
        credit = incoming.receiver.credit(anew=anew or incoming.credited != address)
        if credit is not None:
            incoming.credited = address
            self._send(address, {"type": "credit", "job": job_id, "name": name, **credit})

    def _go_on_when_complete(self, job: Job) -> None:
        if all(self._inputs[job.id, array["name"]].receiver.complete for array in job.inputs):
            self._close_inputs(job)
            self._scheduler.inputs_complete(job)

    def _close_inputs(self, job: Job) -> None:
        for array in job.inputs:
            incoming = self._inputs.pop((job.id, array["name"]), None)
            if incoming is not None:
                incoming.upload.close()

    # Results

    def _credit(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job_id, name = _job_id(header), str(header.get("name"))
        part = None if header.get("part") is None else _count(header, "part")
        offset, window = header.get("offset", -1), header.get("window", 0)
        self._send_chunks(address, (job_id, part, name), offset, window)

    def _send_chunks(self, address: bytes, array: _ArrayName, offset: int, window: int) -> None:
        """Send what credit was given for."""
        job_id, part, name = array
        senders = self._clients[address].senders
        sender = senders.get(array) or self._open_sender(job_id, part, name)
        of_part = {} if part is None else {"part": part}
        for start, chunk in sender.credited(offset, window):
            message = {"type": "chunk", "job": job_id, "name": name, "offset": start, **of_part}
            self._send(address, message, chunk)
        if sender.complete:
            # It keeps the result's file in memory.
            senders.pop(array, None)
        else:
            senders[array] = sender

    def _open_sender(self, job_id: str, part: int | None, name: str) -> Sender:
        job = self._scheduler.find(job_id)
        file = self._scheduler.result(job) if part is None else self._scheduler.part(job, part)
        if name not in file.names:
            raise ZograscopeError("bad-message", f"the result has no array {name!r}")
        return Sender(file.buffer(name))

    # Parts

    def _follow(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._scheduler.find(_job_id(header))
        first, window = _count(header, "from"), _count(header, "window")
        credit = _count(header, "credit", 0)
        too_much = credit > MOST_PART_CREDIT or window * credit > MOST_WINDOW
        if too_much or not 0 < window <= MOST_FOLLOWED_PARTS:
            raise ZograscopeError("bad-message", f"{credit} bytes of each of {window} parts")
        client = self._clients[address]
        client.jobs.add(job.id)
        # As with chunks, what was told on this connection is not told again.
        told = client.follows[job.id].next if job.id in client.follows else first
        client.follows[job.id] = _Follow(max(first, told), first + window, credit)
        self._tell_parts(address, job)

    def _announce_parts(self, job: Job) -> None:
        for address, client in self._clients.items():
            if job.id in client.follows:
                self._tell_parts(address, job)

    def _tell_parts(self, address: bytes, job: Job) -> None:
        """Tell a client of the parts that it asked for and that are there."""
        follow = self._clients[address].follows[job.id]
        end = min(follow.end, self._scheduler.parts(job))
        while follow.next < end:
            number = follow.next
            part = self._scheduler.part(job, number)
            header = {"type": "part", "job": job.id, "number": number}
            self._send(address, {**header, "metadata": part.metadata, "arrays": part.arrays})
            shares = split_credit(follow.credit, (array["bytes"] for array in part.arrays))
            for name, share in zip(part.names, shares, strict=True):
                if share:
                    self._send_chunks(address, (job.id, number, name), 0, share)
            follow.next += 1

    # The server itself

    def _status(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        jobs = self._scheduler.unfinished() + self._store.recent(RECENT_JOBS)
        self._send(
            address,
            {
                **_reply(header, "status"),
                "server": SERVER_NAME,
                "uptime": time.monotonic() - self._started,
                "workers": [worker.to_status() for worker in self._pool.workers],
                "jobs": [
                    {
                        "job": job.id,
                        "task": job.task,
                        "state": job.state,
                        "progress": job.fraction,
                        "stage": job.stage,
                        "detail": job.detail,
                        "parts": job.parts,
                        "pausable": self._scheduler.pausable(job),
                        "created": job.created,
                    }
                    for job in jobs[:MOST_LISTED_JOBS]
                ],
                "spool": {"bytes": self._spool.bytes_used, "limit": self._spool.limit},
            },
        )

    def _models(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        from zograscope_server.models.catalogue import describe_models

        models = describe_models(self._settings.models_folder)
        self._send(address, {**_reply(header, "models"), "models": models})

    def _shutdown(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        self.stop()

    # What goes out

    def _announce(self, job: Job, header: dict[str, Any], buffer: memoryview | None) -> None:
        """Tell a job's news to all clients that want to hear of it."""
        for address, client in self._clients.items():
            if job.id in client.jobs:
                self._send(address, header, buffer)

    def _send_error(self, address: bytes, header: dict[str, Any], error: ZograscopeError) -> None:
        reply = {**_reply(header, "error"), **error.to_header()}
        if isinstance(header.get("job"), str):
            reply["job"] = header["job"][:MOST_ECHOED]
        self._send(address, reply)

    def _send(
        self, address: bytes, header: dict[str, Any], buffer: memoryview | None = None
    ) -> None:
        self._socket.send_multipart([address, *wire.encode(header, buffer)], copy=False)


def _reply(header: dict[str, Any], message_type: str) -> dict[str, Any]:
    """Return the start of a direct answer: it carries the request's number back."""
    request = header.get("request")
    return {"type": message_type} | ({"request": request} if isinstance(request, int) else {})


def _count(header: dict[str, Any], name: str, default: int | None = None) -> int:
    """Return a whole number from 0 on. Raises ZograscopeError `bad-message`."""
    value = header.get(name, default)
    if type(value) is not int or value < 0:
        raise ZograscopeError("bad-message", details=f"{name} is {str(value)[:MOST_ECHOED]}")
    return value


def _job_id(header: dict[str, Any]) -> str:
    job_id = header.get("job")
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        raise ZograscopeError("bad-message", details=f"not a job id: {str(job_id)[:MOST_ECHOED]!r}")
    return job_id
