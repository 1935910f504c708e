"""The broker: one ROUTER socket to the clients, one to the workers, and a loop between them.

It computes nothing, so that it answers at once whatever the workers do. Messages from the network
are checked before anything is done with them, and none of them can end the loop. Whoever speaks is
known by the connection that a message comes on and the key that CURVE has proved: a job is its
client's, and the owner's.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import zmq
from zograscope_protocol import wire
from zograscope_protocol.connection import make_home
from zograscope_protocol.errors import ZograscopeError, quoted
from zograscope_protocol.messages import PROTOCOL_VERSION, check_protocol

from zograscope_server.broker.clients import Client
from zograscope_server.broker.connections import UNKNOWN, Message, raise_file_limit
from zograscope_server.broker.downloads import Downloads
from zograscope_server.broker.endpoints import Endpoints
from zograscope_server.broker.headers import first_that_fit, job_id_of, reply_to
from zograscope_server.broker.job_store import Job, JobStore
from zograscope_server.broker.lock import lock_folder
from zograscope_server.broker.scheduler import Scheduler
from zograscope_server.broker.spool import Spool, let_old_results_go
from zograscope_server.broker.uploads import Uploads
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
# Of one key: connections that say hello; the oldest make way.
MOST_CONNECTIONS_OF_ONE = 64


class Broker:
    """A server on one state folder, from `with` to its end.

    Entering raises ZograscopeError `folder-not-writable`, `folder-not-private`, `server-running`,
    `port-in-use`, `bad-endpoint`, `bad-socket` or `keys-not-private`.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._started = time.monotonic()
        self._running = True
        self._clients: dict[bytes, Client] = {}
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
        self._uploads = Uploads(self._scheduler, self._spool, self._clients, self._send)
        self._downloads = Downloads(self._scheduler, self._clients, self._send)
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
        self._clients[address] = Client(message.connection, key, owner, now)
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
        self._send(address, reply_to(header, "heartbeat"))

    def _submit(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job_id = job_id_of(header)
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
        return self._scheduler.find(job_id_of(header), self._clients[address].owner)

    def _attach(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
        self._tell_where_it_stands(address, header, job)

    def _cancel(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        job = self._find(address, header)
        self._scheduler.cancel(job)
        if job.finished:
            self._uploads.close(job)
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
            **reply_to(header, "accepted"),
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
            self._downloads.note_fetched(client, job)
        elif job.state == "receiving":
            self._uploads.begin(address, job)
        else:
            self._send(address, self._scheduler.progress(job))

    # Transfers

    def _chunk(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        self._uploads.chunk(address, header, buffer)

    def _credit(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        self._downloads.credit(address, header, buffer)

    def _follow(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        self._downloads.follow(address, header, buffer)

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
                **reply_to(header, "status"),
                "server": SERVER_NAME,
                "uptime": time.monotonic() - self._started,
                "workers": workers,
                "jobs": first_that_fit(listed),
                "spool": {"bytes": self._spool.bytes_used, "limit": self._spool.limit},
            },
        )

    def _models(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        from zograscope_server.models.catalogue import describe_models

        models = describe_models(self._settings.models_folder)
        self._send(address, {**reply_to(header, "models"), "models": first_that_fit(models)})

    def _shutdown(self, address: bytes, header: dict[str, Any], buffer: memoryview | None) -> None:
        if self._clients[address].owner:
            raise ZograscopeError("owner-only")
        self.stop()

    # What goes out

    def _announce(self, job: Job, header: dict[str, Any], buffer: memoryview | None) -> None:
        """Tell a job's news to all clients that want to hear of it."""
        if job.finished:
            self._uploads.close(job)
        for address, client in self._clients.items():
            if job.id in client.jobs:
                self._send(address, header, buffer)
                if job.finished:
                    self._downloads.note_fetched(client, job)

    def _announce_parts(self, job: Job) -> None:
        self._downloads.announce_parts(job)

    def _send_error(self, address: bytes, header: dict[str, Any], error: ZograscopeError) -> None:
        reply = {**reply_to(header, "error"), **error.to_header()}
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
