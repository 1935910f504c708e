"""The broker: one ROUTER socket to the clients, one to the workers, and a loop between them.

It computes nothing, so that it answers at once whatever the workers do. Messages from the network
are checked before anything is done with them, and none of them can end the loop. Whoever speaks is
known by the connection that a message comes on and the key that CURVE has proved: a job is its
client's, and the owner's.
"""

import json
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import zmq
from zograscope_protocol import wire
from zograscope_protocol.connection import make_home
from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.messages import PROTOCOL_VERSION, check_protocol
from zograscope_protocol.transfers import (
    MOST_PART_CREDIT,
    MOST_WINDOW,
    Receiver,
    Sender,
    split_credit,
)

from zograscope_server.broker.connections import UNKNOWN, Message, raise_file_limit
from zograscope_server.broker.endpoints import Endpoints
from zograscope_server.broker.inputs import JOB_ID, Upload
from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.lock import lock_folder
from zograscope_server.broker.scheduler import Scheduler
from zograscope_server.broker.spool import Spool, let_old_results_go
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
# Seconds between looks for keys that were revoked, and for uploads that were given up.
KEYS_INTERVAL = 1.0
UPLOADS_INTERVAL = 60.0
# Messages of clients at a turn, so that workers get theirs.
MESSAGES_AT_A_TURN = 64
# Seconds that jobs get to save how far they are when the server stops.
PAUSE_GRACE = 5.0
# A client unheard for so many seconds is forgotten; it says hello again if it comes back.
CLIENT_SILENCE = 3600.0
RECENT_JOBS = 20
MOST_LISTED_JOBS = 200
MOST_ECHOED = 64
MOST_FOLLOWED_PARTS = 1024
# Of one key: connections that say hello. Of one connection: jobs that it hears of, and arrays that
# it has begun to fetch; the oldest make way.
MOST_CONNECTIONS_OF_ONE = 64
MOST_HEARD_OF = 4096
MOST_DOWNLOADS = 4096
# Of an answer's header, for what it says beside its list.
ROOM_FOR_THE_REST = 8 << 10
# A request's number, as JSON's numbers are read everywhere.
MOST_REQUEST = 1 << 53


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
    """A client that said hello: the jobs it hears of and follows, and the arrays it fetches.

    Attributes:
        connection: that it said hello on.
        key: that CURVE has proved; None on a socket without keys.
        owner: of its jobs: the key, or nothing for the server's own user, who may see all.
        name: of this connection, for turns.
        sent: how much of the arrays was sent that it fetches.
        fetched: the names of the arrays of results that were sent to their ends.
    """

    connection: int
    key: str | None
    owner: str
    last_heard: float
    name: str = field(default_factory=lambda: secrets.token_hex(8))
    jobs: dict[str, None] = field(default_factory=dict)
    follows: dict[str, _Follow] = field(default_factory=dict)
    sent: dict[_ArrayName, int] = field(default_factory=dict)
    fetched: dict[str, set[str]] = field(default_factory=dict)

    def hears_of(self, job: Job) -> None:
        """Note that it wants to hear of a job."""
        self.jobs.pop(job.id, None)
        self.jobs[job.id] = None
        while len(self.jobs) > MOST_HEARD_OF:
            self.forgets(next(iter(self.jobs)))

    def forgets(self, job_id: str) -> None:
        """Note that it wants to hear no more of a job."""
        self.jobs.pop(job_id, None)
        self.follows.pop(job_id, None)
        self.fetched.pop(job_id, None)


@dataclass
class _Input:
    """An input array that is coming in, and the client that credit was given to last."""

    upload: Upload
    receiver: Receiver
    credited: bytes = b""


class Broker:
    """A server on one state folder, from `with` to its end.

    Entering raises ZograscopeError `folder-not-writable`, `folder-not-private`, `server-running`,
    `port-in-use`, `bad-endpoint`, `bad-socket` or `keys-not-private`.
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
            make_home(state)
            settings.models_folder.mkdir(parents=True, exist_ok=True)
            self._lock = lock_folder(state)
            let_old_results_go(state / "spool")  # the store wants some room
            self._store = JobStore(state / "jobs.sqlite")
            self._spool = Spool(state / "spool", settings.spool_limit, self._durable_jobs)
        except (OSError, sqlite3.Error) as error:
            raise ServerError(
                "folder-not-writable", details=str(error), folder=str(state)
            ) from error
        raise_file_limit()
        self._endpoints = Endpoints(state, settings.tcp)
        self._connections = self._endpoints.connections
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
        poller.register(self._connections.monitor, zmq.POLLIN)
        next_watch = next_keys = next_uploads = 0.0
        while self._running:
            timeout = HASH_INTERVAL if self._scheduler.hashing else WATCH_INTERVAL
            ready = dict(poller.poll(int(1000 * timeout)))
            if self._connections.monitor in ready:
                self._guarded(self._watch_connections)
            if self._socket in ready:
                self._guarded(self._receive_from_clients)
            if self._pool.socket in ready:
                self._guarded(self._receive_from_workers)
            if self._scheduler.hashing:
                self._guarded(self._scheduler.collect_hashes)
            if time.monotonic() >= next_watch:
                next_watch = time.monotonic() + WATCH_INTERVAL
                self._guarded(self._watch_workers)
            if time.monotonic() >= next_keys:
                next_keys = time.monotonic() + KEYS_INTERVAL
                self._guarded(self._end_revoked)
            if time.monotonic() >= next_uploads:
                next_uploads = time.monotonic() + UPLOADS_INTERVAL
                self._guarded(self._scheduler.end_abandoned_uploads)

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
        if self._pool.any_ended():
            # Words of workers before their deaths: a job that was done needs no second attempt.
            for worker, header, buffer in self._pool.receive(most=None):
                self._guarded(self._scheduler.worker_said, worker, header, buffer)
        for loss in self._pool.watch():
            self._guarded(self._scheduler.worker_lost, loss)

    def _guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        try:
            action(*arguments)
        except Exception:
            logger.exception("the broker goes on after an error")

    def _watch_connections(self) -> None:
        """Forget the clients whose connections are gone."""
        gone = set(self._connections.watch())
        for address in [a for a, client in self._clients.items() if client.connection in gone]:
            del self._clients[address]

    def _end_revoked(self) -> None:
        """End the connections of clients whose keys are allowed no more."""
        keys = {client.key for client in self._clients.values() if client.key is not None}
        revoked = keys - self._endpoints.allowed(keys) if keys else set()
        for address in [a for a, client in self._clients.items() if client.key in revoked]:
            self._end_client(address)

    def _end_client(self, address: bytes) -> None:
        self._connections.end(self._clients.pop(address).connection)

    def _receive_from_clients(self) -> None:
        """Handle what has come from clients, a bounded share of it, so that workers get theirs."""
        for _ in range(MESSAGES_AT_A_TURN):
            message = self._connections.receive()
            if message is None:
                return
            if message.connection != UNKNOWN:
                self._handle(message)

    def _handle(self, message: Message) -> None:
        """Act on one message; what is wrong with it is told to its sender."""
        header: dict[str, Any] = {}
        address = message.address
        try:
            header, buffer = wire.decode(message.frames)
            if header["type"] == "hello":
                self._hello(message, header)
                return
            client = self._clients.get(address)
            if client is None or client.key != message.key:
                raise ZograscopeError("hello-first")
            client.last_heard = time.monotonic()
            handler = self._handlers.get(header["type"])
            if handler is None:
                raise ZograscopeError("bad-message", f"unknown type {quoted(header['type'])}")
            handler(address, header, buffer)
        except ZograscopeError as error:
            self._send_error(address, header, error)
        except Exception as error:
            logger.exception("a message could not be handled")
            self._send_error(address, header, ZograscopeError("internal", details=repr(error)))

    def _hello(self, message: Message, header: dict[str, Any]) -> None:
        check_protocol(header.get("protocol"))
        address, key = message.address, message.key
        # The connection may have the number of an earlier one, which is to be forgotten first.
        self._watch_connections()
        now = time.monotonic()
        self._clients.pop(address, None)
        owner = "" if self._endpoints.is_owners(key) else str(key)
        self._clients[address] = _Client(message.connection, key, owner, now)
        self._connections.welcome(message.connection)
        for silent in [a for a, c in self._clients.items() if now - c.last_heard > CLIENT_SILENCE]:
            self._end_client(silent)
        if owner:
            same = [a for a, client in self._clients.items() if client.key == key]
            for oldest in same[:-MOST_CONNECTIONS_OF_ONE]:
                self._end_client(oldest)
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
        client = self._clients[address]
        job = self._scheduler.submit(job_id, task, parameters, inputs, client.owner, client.name)
        self._tell_where_it_stands(address, header, job)

    def _find(self, address: bytes, header: dict[str, Any]) -> Job:
        """Return the job that a message names. Raises ZograscopeError `unknown-job`."""
        return self._scheduler.find(_job_id(header), self._clients[address].owner)

    def _attach(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
        self._tell_where_it_stands(address, header, job)

    def _cancel(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
        self._scheduler.cancel(job)
        if job.finished:
            self._close_inputs(job)
            self._send(address, self._scheduler.outcome(job))

    def _pause(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
        self._scheduler.pause(job)
        self._send(address, self._accepted(header, job))

    def _resume(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
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
        client.hears_of(job)
        client.sent = {key: sent for key, sent in client.sent.items() if key[0] != job.id}
        client.follows.pop(job.id, None)
        self._send(address, self._accepted(header, job))
        if job.finished:
            self._send(address, self._scheduler.outcome(job))
            self._note_fetched(client, job)
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
        job = self._find(address, header)
        if not incoming.receiver.expects(header.get("offset"), buffer.nbytes):
            self._give_credit(address, job_id, name, anew=True)
            return
        job.heard = time.monotonic()
        try:
            self._spool.write(incoming.upload, buffer)
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
            self._inputs.pop((job.id, array["name"]), None)

    # Results

    def _credit(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job_id, name = _job_id(header), str(header.get("name"))
        part = None if header.get("part") is None else _count(header, "part")
        offset, window = header.get("offset", -1), header.get("window", 0)
        self._send_chunks(address, (job_id, part, name), offset, window)

    def _send_chunks(self, address: bytes, array: _ArrayName, offset: int, window: int) -> None:
        """Send what credit was given for."""
        job_id, part, name = array
        client = self._clients[address]
        job = self._scheduler.find(job_id, client.owner)
        file = self._scheduler.result(job) if part is None else self._scheduler.part(job, part)
        if name not in file.names:
            raise ZograscopeError("bad-message", f"the result has no array {quoted(name)}")
        # Only how far it is is kept: the file would stay open for as long as its client sleeps.
        sender = Sender(file.buffer(name), client.sent.pop(array, 0))
        of_part = {} if part is None else {"part": part}
        for start, chunk in sender.credited(offset, window):
            message = {"type": "chunk", "job": job_id, "name": name, "offset": start, **of_part}
            self._send(address, message, chunk)
        if not sender.complete:
            client.sent[array] = sender.sent
            if len(client.sent) > MOST_DOWNLOADS:
                del client.sent[next(iter(client.sent))]
        elif part is None:
            client.fetched.setdefault(job_id, set()).add(name)
            self._note_fetched(client, job)

    def _note_fetched(self, client: _Client, job: Job) -> None:
        """Note where a client has been sent all of a result: it need not be kept for it."""
        if job.state != "done" or job.fetched:
            return
        try:
            result = self._scheduler.result(job)
        except ZograscopeError:
            return
        arrays = {array["name"] for array in result.arrays if array["bytes"]}
        if arrays <= client.fetched.get(job.id, set()):
            client.fetched.pop(job.id, None)
            self._scheduler.fetched(job)

    # Parts

    def _follow(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
        first, window = _count(header, "from"), _count(header, "window")
        credit = _count(header, "credit", 0)
        too_much = credit > MOST_PART_CREDIT or window * credit > MOST_WINDOW
        if too_much or not 0 < window <= MOST_FOLLOWED_PARTS:
            raise ZograscopeError("bad-message", f"{credit} bytes of each of {window} parts")
        client = self._clients[address]
        client.hears_of(job)
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
        owner = self._clients[address].owner
        unfinished = [job for job in self._scheduler.unfinished() if owner in ("", job.owner)]
        jobs = unfinished + self._store.recent(RECENT_JOBS, owner or None)
        own = {job.id for job in unfinished}
        workers = [worker.to_status() for worker in self._pool.workers]
        for worker in workers:
            if owner and worker["job"] not in own:
                worker["job"] = None
        listed = [
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
        ]
        self._send(
            address,
            {
                **_reply(header, "status"),
                "server": SERVER_NAME,
                "uptime": time.monotonic() - self._started,
                "workers": workers,
                "jobs": _first_that_fit(listed),
                "spool": {"bytes": self._spool.bytes_used, "limit": self._spool.limit},
            },
        )

    def _models(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        from zograscope_server.models.catalogue import describe_models

        models = describe_models(self._settings.models_folder)
        self._send(address, {**_reply(header, "models"), "models": _first_that_fit(models)})

    def _shutdown(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        if self._clients[address].owner:
            raise ZograscopeError("owner-only")
        self.stop()

    # What goes out

    def _announce(self, job: Job, header: dict[str, Any], buffer: memoryview | None) -> None:
        """Tell a job's news to all clients that want to hear of it."""
        if job.finished:
            self._close_inputs(job)
        for address, client in self._clients.items():
            if job.id in client.jobs:
                self._send(address, header, buffer)
                if job.finished:
                    self._note_fetched(client, job)

    def _send_error(self, address: bytes, header: dict[str, Any], error: ZograscopeError) -> None:
        reply = {**_reply(header, "error"), **error.to_header()}
        if isinstance(header.get("job"), str):
            reply["job"] = header["job"][:MOST_ECHOED]
        self._send(address, reply)

    def _send(
        self, address: bytes, header: dict[str, Any], buffer: memoryview | None = None
    ) -> None:
        try:
            frames = wire.encode(header, buffer)
        except ValueError as error:
            # Whoever waits for it is to hear something.
            logger.error("%s", error)
            self._send_error(address, header, ZograscopeError("internal", details=str(error)))
            return
        self._socket.send_multipart([address, *frames], copy=False)


def _first_that_fit(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many from the list's beginning as a header holds."""
    room = wire.MOST_HEADER_BYTES - ROOM_FOR_THE_REST
    for count, entry in enumerate(listed):
        room -= len(json.dumps(entry, separators=(",", ":"))) + 1
        if room < 0:
            return listed[:count]
    return listed


def _reply(header: dict[str, Any], message_type: str) -> dict[str, Any]:
    """Return the start of a direct answer: it carries the request's number back."""
    request = header.get("request")
    numbered = type(request) is int and abs(request) <= MOST_REQUEST
    return {"type": message_type} | ({"request": request} if numbered else {})


def _count(header: dict[str, Any], name: str, default: int | None = None) -> int:
    """Return a whole number from 0 on. Raises ZograscopeError `bad-message`."""
    value = header.get(name, default)
    if type(value) is not int or value < 0:
        raise ZograscopeError("bad-message", details=f"{name} is {quoted(value)}")
    return value


def _job_id(header: dict[str, Any]) -> str:
    job_id = header.get("job")
    if not isinstance(job_id, str) or not JOB_ID.fullmatch(job_id):
        raise ZograscopeError("bad-message", details=f"not a job id: {quoted(job_id)}")
    return job_id
