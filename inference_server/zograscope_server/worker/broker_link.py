"""The worker's line to its broker: a thread, so that word comes through while it computes."""

import math
import os
import queue
import sys
import threading
import time
from typing import Any

import zmq
from zograscope_protocol import wire

from zograscope_server.worker.settings import WorkerSettings

_OUTBOX = "inproc://outbox"
# Seconds between two messages of a kind of which only the latest is of interest.
LATEST_INTERVAL = 0.05

_Frames = list[wire.Buffer]


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
        # By type: what is to be sent when it is time. The lock keeps the order.
        self._latest: dict[str, _Frames] = {}
        self._lock = threading.Lock()
        context = zmq.Context()
        self._outbox = context.socket(zmq.PUSH)
        self._outbox.bind(_OUTBOX)
        ready = threading.Event()
        threading.Thread(
            target=self._carry, args=(context, settings, ready), name="broker link", daemon=True
        ).start()
        ready.wait()

    def send(self, header: dict[str, Any], buffer: memoryview | None = None) -> None:
        """Send a message to the broker, after what waits to be sent."""
        with self._lock:
            waiting, self._latest = self._latest, {}
            for frames in waiting.values():
                self._outbox.send_multipart(frames)
            self._outbox.send_multipart(wire.encode(header, buffer))

    def send_latest(self, header: dict[str, Any], buffer: memoryview | None = None) -> None:
        """Send a message that the next of its type may take the place of, some moments later.

        However often a task reports how far it is, the broker hears it as often as an eye can
        follow. The buffer must not change any more.
        """
        frames = wire.encode(header, buffer)
        with self._lock:
            wake = not self._latest
            self._latest[header["type"]] = frames
            if wake:
                self._outbox.send(b"")

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
        next_latest, due = 0.0, False
        while True:
            wait = math.ceil(1000 * max(0.0, next_latest - time.monotonic()))
            for socket, _ in poller.poll(wait if due else None):
                if socket is not outbox:
                    self._receive(wire.decode(broker.recv_multipart())[0])
                    continue
                frames = outbox.recv_multipart(copy=False)
                if len(frames[0]):
                    broker.send_multipart(frames, copy=False)
                else:
                    due = True
            if due and time.monotonic() >= next_latest:
                next_latest, due = time.monotonic() + LATEST_INTERVAL, False
                # What another message has taken along is in the outbox, before it.
                with self._lock:
                    waiting, self._latest = self._latest, {}
                for frames in waiting.values():
                    broker.send_multipart(frames, copy=False)

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
