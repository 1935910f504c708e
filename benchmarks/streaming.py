"""How much slower than bare pyzmq is a result that streams while its job runs?

A thousand parts of 1 MB travel to a client: once between two bare processes, a DEALER and a ROUTER
passing messages of that size into place, and once as the parts of a job (task `count`), through
worker, spool and broker, while the worker makes them. Both in turn. Then the same with 1 and with 3
kills of client, worker and broker on the way. Every part is compared with what it ought to be.

    python benchmarks/streaming.py [--output OUT.json] [--parts 1000] [--rounds 3]
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import zmq
from bare_transport import BARE, dealer, router
from benchmark import argument_parser, write_figures
from zograscope_protocol.blocking import BlockingClient

PART_BYTES = 1_000_000
WINDOW = 16
LIMIT = 1.5
PARTS, TOY_PARTS = 1000, 40
ROUNDS, TOY_ROUNDS = 3, 1
LOOKS = 20  # at the server's memory, in a stream
VICTIMS = ("worker", "client", "broker")


def expected(number: int) -> np.ndarray:
    """Return what the task `count` puts into the part of that number."""
    return np.full(PART_BYTES // 8, number * (number + 1) // 2, np.int64)


def serve_bare(endpoint: str, secret_key: str) -> None:
    """Be the bare sender: make as many parts as are asked for, and send each as one is taken."""
    socket = router(endpoint, secret_key)
    while True:
        address, asked = socket.recv_multipart()
        parts = int(asked)
        for number in range(parts):
            if number >= WINDOW:
                socket.recv_multipart()  # the receiver took one
            socket.send_multipart([address, memoryview(expected(number)).cast("B")], copy=False)
        for _ in range(min(WINDOW, parts)):
            socket.recv_multipart()


def take_bare(socket: zmq.Socket, parts: int) -> float:
    """Take all parts from the bare sender into place and look at each; return the seconds."""
    started = time.perf_counter()
    socket.send(str(parts).encode())
    for number in range(parts):
        part = np.empty(PART_BYTES // 8, np.int64)
        memoryview(part).cast("B")[:] = socket.recv(copy=False).buffer
        socket.send(b"")
        check(number, part)
    return time.perf_counter() - started


def check(number: int, part: np.ndarray) -> None:
    """End the benchmark where a part is not what it ought to be."""
    if not np.array_equal(part, expected(number)):
        sys.exit(f"part {number} is not what was sent")


class Server:
    """A real server on a state folder of its own, with one worker."""

    def __init__(self, folder: Path, encrypted: bool) -> None:
        self._folder = folder / "state"
        self._options = ["--tcp", "127.0.0.1:*"] if encrypted else []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "zograscope_server.command_line", "serve"]
        self.process = subprocess.Popen(
            [*command, "--state", str(self._folder), "--device", "cpu", *self._options],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def client(self) -> BlockingClient:
        return BlockingClient(self._folder, folder=self._folder)

    def kill(self) -> None:
        """Kill the broker as suddenly as can be, and start another."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.start()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def stream(
    folder: Path, encrypted: bool, parts: int, kills: int = 0, looks: int = 0
) -> dict[str, Any]:
    """Run a server, one job on it, and take its parts; return the seconds, and its memory in MiB.

    Each look at the memory takes its time: none are taken where times are compared.

    Each has a state folder of its own, which is removed: the system then has its memory for the
    files of the next, and what is timed is the server, not the first touch of new memory.
    """
    with tempfile.TemporaryDirectory(dir=folder) as state:
        server = Server(Path(state), encrypted)
        try:
            return take_parts(server, parts, kills, looks)
        finally:
            server.stop()


def take_parts(server: Server, parts: int, kills: int, looks: int) -> dict[str, Any]:
    """Run one job and take its parts, with kills on the way."""
    checkpoints = parts // 5 if kills else 0  # syncing to the disk is not what is compared
    options = {"parts": parts, "part_bytes": PART_BYTES, "checkpoint_every": checkpoints}
    moments = [parts * (kill + 1) // (kills + 1) for kill in range(kills)]
    memory = []
    client = server.client()
    server_at_work(client)
    started = time.perf_counter()
    job = client.submit("count", options, {})
    number = 0
    while number < parts:
        for part in client.parts(job, number, WINDOW):
            check(part.number, part.arrays["data"])
            number += 1
            if looks and number % (parts // looks) == 0:
                memory.append(memory_of(server))
            if number in moments:
                victim = VICTIMS[moments.index(number) % len(VICTIMS)]
                if victim == "worker":
                    psutil.Process(client.status()["workers"][0]["pid"]).kill()
                elif victim == "broker":
                    server.kill()
                else:
                    break
        if number < parts:
            # A client that died without a word, and another that takes up where it was.
            client.close()
            client = server.client()
            job = client.attach(job.id)
    seconds = time.perf_counter() - started
    client.close()
    return {"seconds": seconds, "memory_mib": memory}


def server_at_work(client: BlockingClient) -> None:
    """Wait for a worker."""
    client.run("null", {}, {})


def memory_of(server: Server) -> float:
    """Return what broker and worker hold of memory for themselves, in MiB."""
    processes = [psutil.Process(server.process.pid)]
    processes += processes[0].children()
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it was killed on purpose
            total += process.memory_full_info().uss
    return total / (1 << 20)


def measure(encrypted: bool, parts: int, rounds: int) -> dict[str, object]:
    """Stream over one kind of endpoint; return seconds, ratios and memory."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        with dealer(__file__, encrypted, folder) as bare:
            take_bare(bare, parts)
            stream(folder, encrypted, parts)
            pairs = [
                (take_bare(bare, parts), stream(folder, encrypted, parts)["seconds"])
                for _ in range(rounds)
            ]
        disturbed = {
            str(kills): stream(folder, encrypted, parts, kills, LOOKS) for kills in (0, 1, 3)
        }
    return {
        "bare_s": statistics.median(bare for bare, _ in pairs),
        "streamed_s": statistics.median(streamed for _, streamed in pairs),
        "ratio": statistics.median(streamed / bare for bare, streamed in pairs),
        "with_kills": disturbed,
    }


def main() -> None:
    """Measure both kinds of endpoint, print the figures, and write them where asked."""
    parser = argument_parser(__doc__)
    parser.add_argument("--parts", type=int, help=f"{PARTS} if not said, and {LOOKS} at least")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} if not said")
    parser.add_argument(BARE, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        serve_bare(*arguments.bare)
    parts = arguments.parts or (TOY_PARTS if arguments.toy else PARTS)
    rounds = arguments.rounds or (TOY_ROUNDS if arguments.toy else ROUNDS)
    os.environ["ZOGRASCOPE_HOME"] = tempfile.mkdtemp()
    results = {
        kind: measure(encrypted, parts, rounds)
        for kind, encrypted in (("ipc", False), ("curve_tcp", True))
    }
    for kind, figures in results.items():
        print(
            f"{kind}: {parts} parts in {figures['streamed_s']:.2f} s, bare "
            f"{figures['bare_s']:.2f} s, ratio {figures['ratio']:.2f} (limit {LIMIT})"
        )
        for kills, run in figures["with_kills"].items():
            print(
                f"  {kills} kills: {run['seconds']:.2f} s, all parts right; memory of the server "
                f"{run['memory_mib'][0]:.0f} MiB at first, {max(run['memory_mib']):.0f} at most"
            )
    write_figures(results, arguments.output)


if __name__ == "__main__":
    main()
