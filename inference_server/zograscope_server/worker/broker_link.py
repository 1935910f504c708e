"""The worker's line to its broker: a thread, so that word comes through while it computes."""

import os
import queue
import sys
import threading
from typing import Any

import zmq
from zograscope_protocol import wire

from zograscope_server.worker.settings import WorkerSettings

_OUTBOX = "inproc://outbox"


class BrokerLink:
    """Messages to and from the broker; `send` is for the thread that made the link.

    A job that came waits in `jobs`; `cancel_asked` and `pause_asked`, new events for each, are set
    to cancel or pause it.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self.jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.cancel_asked = threading.Event()
        self.pause_asked = threading.Event()
        self._current_job: str | None = None
        context = zmq.Context()
        self._outbox = context.socket(zmq.PUSH)
        self._outbox.bind(_OUTBOX)
        ready = threading.Event()
        threading.Thread(
            target=self._carry, args=(context, settings, ready), name="broker link", daemon=True
        ).start()
        ready.wait()

    def send(self, header: dict[str, Any], buffer: memoryview | None = None) -> None:
        """Send a message to the broker."""
        self._outbox.send_multipart(wire.encode(header, buffer))

    def _carry(
        self, context: zmq.Context, settings: WorkerSettings, ready: threading.Event
    ) -> None:
        outbox = context.socket(zmq.PULL)
        outbox.connect(_OUTBOX)
        broker = context.socket(zmq.DEALER)
        broker.linger = 1000
        broker.identity = settings.identity.encode()
        if settings.broker_public_key is not None:
            broker.curve_serverkey = settings.broker_public_key.encode()
            broker.curve_publickey = (settings.public_key or "").encode()
            broker.curve_secretkey = (settings.secret_key or "").encode()
        broker.connect(settings.endpoint)
        ready.set()
        poller = zmq.Poller()
        poller.register(outbox, zmq.POLLIN)
        poller.register(broker, zmq.POLLIN)
        while True:
            for socket, _ in poller.poll():
                if socket is outbox:
                    broker.send_multipart(outbox.recv_multipart(copy=False), copy=False)
                else:
                    self._receive(wire.decode(broker.recv_multipart())[0])

    def _receive(self, header: dict[str, Any]) -> None:
        match header["type"]:
            case "run":
                self.cancel_asked = threading.Event()
                self.pause_asked = threading.Event()
                self._current_job = header["job"]
                self.jobs.put(header)
            case "cancel" if header["job"] == self._current_job:
                self.cancel_asked.set()
            case "pause" if header["job"] == self._current_job:
                self.pause_asked.set()


def leave_with_broker() -> None:
    """Leave, from a thread, as soon as the broker closes standard input.

    The broker closes it to stop the worker, and its death, however sudden, closes it too. What the
    worker was computing is not lost: the next broker gives it to a worker of its own.
    """

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=watch, name="broker watch", daemon=True).start()
