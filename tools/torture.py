"""`make torture`: a server under attack, with the same attack for the same seed.

Strangers flood it with frames, idle connections come by the hundred, a crowd uploads at once, and
worker and broker are killed at random moments. Meanwhile an honest client asks for the status: how
long it waits, what the broker holds in memory and descriptors, and which jobs are lost is written
as JSON. The exit code is 1 where a job was lost, the broker ended, or an honest answer took longer
than a second in the worst hundredth.
"""

import argparse
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import zmq
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.client import Client
from zograscope_protocol.connection import Connection, client_keys
from zograscope_protocol.job import Job
from zograscope_protocol.messages import PROTOCOL_VERSION

PATIENCE = 120.0
LONGEST_ANSWER = 1.0
# What a stranger's process may have open, as most systems have it; the server's limit is the same.
FILES = 1024
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"


class Server:
    """A `zograscope serve` process, started, killed, and started again."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self._options = options
        self.start()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-P", "-m", "zograscope_server.command_line", "serve"]
        command += ["--state", str(self.state), "--device", "cpu", *self._options]
        limits = (FILES, FILES)
        with (self.state.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),  # noqa: PLW1509
            )
        assert self.process.stdout is not None
        assert b"ready" in self.process.stdout.readline()
        self.broker = psutil.Process(self.process.pid)

    def kill(self) -> None:
        """End it as suddenly as can be."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it in good order."""
        self.process.terminate()
        self.process.wait(PATIENCE)

    def client(self) -> BlockingClient:
        """Return a client of its owner."""
        return BlockingClient(self.state, PATIENCE, "torture", folder=self.state)

    def held(self) -> dict[str, float]:
        """Return what the broker holds: megabytes and open files."""
        return {"megabytes": self.broker.memory_info().rss / 1e6, "files": self.broker.num_fds()}


class Honest:
    """An honest client, which asks for the status and notes how long it waits."""

    def __init__(self, server: Server) -> None:
        self._client = server.client()
        self.waited: list[float] = []

    def ask(self) -> None:
        """Ask once."""
        begin = time.monotonic()
        self._client.status()
        self.waited.append(time.monotonic() - begin)

    def worst(self) -> float:
        """Return what 99 of 100 answers took at most, in seconds."""
        self._client.close()
        return float(np.percentile(self.waited, 99))


@contextmanager
def watched(server: Server, figures: dict[str, Any]) -> Iterator[Honest]:
    """Note what the broker holds before and after, and what an honest client waits meanwhile."""
    honest = Honest(server)
    honest.ask()
    figures["before"] = server.held()
    yield honest
    honest.ask()
    figures["after"] = server.held()
    figures["honest_seconds_p99"] = honest.worst()
    figures["ended"] = server.process.poll() is not None


def fuzz(server: Server, chance: random.Random, frames: int) -> dict[str, Any]:
    """Send so many frames of nonsense and half sense."""
    figures: dict[str, Any] = {"frames": frames}
    with watched(server, figures) as honest:
        raw = _raw(server)
        raw.send(json.dumps({"type": "hello", "protocol": PROTOCOL_VERSION}).encode())
        sent = 0
        while sent < frames:
            message = _nonsense(chance)
            with suppress(zmq.Again):
                raw.send_multipart(message, zmq.NOBLOCK)
                sent += len(message)
            while raw.poll(0):
                raw.recv_multipart()
            if chance.random() < 0.005:
                honest.ask()
        raw.close()
    return figures


def _nonsense(chance: random.Random) -> list[bytes]:
    """Return a message: a header that is right, wrong or bitten, and frames behind it."""
    words: list[Any] = ["submit", "chunk", "credit", "attach", "follow", "cancel", "pause", "hello"]
    values: list[Any] = [None, -1, 3, 1 << 70, "x" * 60_000, "ä" * 9_000, [], {}, [[[]]], 1e308]
    names = ["job", "task", "parameters", "inputs", "name", "offset", "window", "part", "from"]
    header = {"type": chance.choice([*words, *values[4:6]]), "job": uuid.uuid4().hex}
    for name in chance.sample(names, chance.randrange(5)):
        header[name] = chance.choice(values)
    if header["type"] == "submit" and chance.random() < 0.3:
        header |= {"task": chance.choice(["null", "sleep", "count"]), "inputs": []}
        header["parameters"] = {"seconds": 0.0, "steps": 1}
    encoded = bytearray(json.dumps(header).encode()[:65_000])
    for _ in range(chance.choice([0, 0, 1, 5])):
        encoded[chance.randrange(len(encoded))] = chance.randrange(256)
    tail = [
        chance.randbytes(chance.choice([0, 1, 100, 10_000]))
        for _ in range(chance.choice([0, 1, 2, 9]))
    ]
    return [bytes(encoded), *tail]


def _raw(server: Server) -> zmq.Socket:
    connection = Connection.read(server.state)
    raw = zmq.Context.instance().socket(zmq.DEALER)
    raw.linger = 0
    if connection.public_key:
        public, secret = client_keys(server.state)
        raw.curve_publickey, raw.curve_secretkey = public.encode(), secret.encode()
        raw.curve_serverkey = connection.public_key.encode()
    raw.connect(connection.endpoint)
    return raw


def giants(server: Server, frames: int) -> dict[str, Any]:
    """Send a frame of 3 GB, and a message of very many frames."""
    figures: dict[str, Any] = {"frames of one message": frames}
    with watched(server, figures) as honest:
        plug = _plug(server)
        with suppress(ConnectionError):
            plug.sendall(GREETING + bytes((4, len(READY))) + READY)
            plug.sendall(b"\x02" + (3 << 30).to_bytes(8, "big"))
            for _ in range(3 << 10):
                plug.sendall(bytes(1 << 20))
        figures["held"] = server.held()
        plug.close()
        raw = _raw(server)
        raw.sndhwm = 0
        for _ in range(frames):
            raw.send(b"", zmq.SNDMORE)
        raw.send(b"")
        for _ in range(20):
            honest.ask()
        raw.close()
    return figures


def idle(server: Server, connections: int) -> dict[str, Any]:
    """Open so many connections that say nothing."""
    figures: dict[str, Any] = {"connections": connections}
    with watched(server, figures) as honest:
        plugs = []
        for number in range(connections):
            with suppress(OSError):
                plugs.append(_plug(server))
            if number % 20 == 0:
                honest.ask()
        figures["held"] = server.held()
        for plug in plugs:
            plug.close()
        time.sleep(1)
    return figures


def _plug(server: Server) -> socket.socket:
    plug = socket.socket(socket.AF_UNIX)
    plug.settimeout(PATIENCE)
    plug.connect(Connection.read(server.state).endpoint.removeprefix("ipc://"))
    return plug


def crowd(server: Server, chance: random.Random, clients: int, jobs: int) -> dict[str, Any]:
    """Have so many clients upload so many jobs each, at once, and compare what comes back."""
    figures: dict[str, Any] = {"clients": clients, "jobs": clients * jobs}
    with watched(server, figures) as honest:
        asking = [Client(server.state, f"client {n}", server.state) for n in range(clients)]
        sent: list[tuple[Job, bytes]] = []
        for client in asking:
            for _ in range(jobs):
                salt = chance.randbytes(1 << 18)
                sent.append((client.submit("null", {}, {"salt": salt}), salt))
        _until(lambda: all(job.finished for job, _ in sent), asking, honest)
        figures["lost"] = sum(
            job.result is None or job.result.bytes("salt") != salt for job, salt in sent
        )
        for client in asking:
            client.close()
    return figures


def kills(server: Server, chance: random.Random, times: int) -> dict[str, Any]:
    """Kill worker, broker and client by turns, at random moments of jobs that stream."""
    figures: dict[str, Any] = {"kills": times, "lost": 0}
    client = Client(server.state, "killed", server.state)
    for number in range(times):
        parts = {
            "parts": 20,
            "seconds": 0.03,
            "part_bytes": 4096 + 8 * number,
            "checkpoint_every": 4,
        }
        job = client.submit("count", parts, {})
        moment = chance.randrange(1, 18)
        _until(lambda: job.parts >= moment or job.finished, [client])  # noqa: B023
        match number % 3:
            case 0:
                for child in server.broker.children():
                    child.kill()
            case 1:
                server.kill()
                server.start()
            case 2:
                client.close()
                client = Client(server.state, "killed", server.state)
                job = client.attach(job.id)
        _until(lambda: job.finished, [client])  # noqa: B023
        right = job.result is not None and int(job.result.arrays["sum"].reshape(-1)[-1]) == 190
        figures["lost"] += not right
    client.close()
    figures["after"] = server.held()
    figures["half_files"] = len(
        [path for path in server.state.rglob("spool/**/.*") if path.is_file()]
    )
    return figures


def _until(
    condition: Callable[[], bool], clients: list[Client], honest: Honest | None = None
) -> None:
    deadline = time.monotonic() + 10 * PATIENCE
    next_question = 0.0
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        for client in clients:
            client.poll(0.002)
        if honest is not None and time.monotonic() > next_question:
            honest.ask()
            next_question = time.monotonic() + 0.2


def main() -> int:
    """Attack, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frames", type=int, default=100_000, help="over ipc, and over CURVE")
    parser.add_argument("--message", type=int, default=1_000_000, help="frames of one message")
    parser.add_argument("--idle", type=int, default=1100, help="connections that say nothing")
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=20, help="of each client")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--output", type=Path, help="where the figures go, as JSON")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.environ["ZOGRASCOPE_HOME"] = "/nonexistent"
    figures: dict[str, Any] = {"seed": arguments.seed}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "state")
        steps: dict[str, Callable[[], dict[str, Any]]] = {
            "giants": lambda: giants(server, arguments.message),
            "idle": lambda: idle(server, arguments.idle),
            "crowd": lambda: crowd(server, chance, arguments.clients, arguments.jobs),
            "fuzz": lambda: fuzz(server, chance, arguments.frames),
            "kills": lambda: kills(server, chance, arguments.kills),
        }
        for name, step in steps.items():
            figures[name] = step()
            print(name, json.dumps(figures[name]), flush=True)
        server.stop()
        over_curve = Server(Path(folder) / "state", "--tcp", "127.0.0.1:*")
        figures["fuzz over CURVE"] = fuzz(over_curve, chance, arguments.frames)
        over_curve.stop()
    print(json.dumps(figures, indent=2))
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(figures, indent=2))
    return 0 if all(_held(step) for step in figures.values()) else 1


def _held(step: Any) -> bool:
    """Whether a step's figures are what is promised."""
    if not isinstance(step, dict):
        return True
    in_time = step.get("honest_seconds_p99", 0.0) < LONGEST_ANSWER
    return in_time and not step.get("lost") and not step.get("ended") and not step.get("half_files")


if __name__ == "__main__":
    sys.exit(main())
