"""How much slower than bare pyzmq is a job that computes nothing?

Sends a 12-megapixel photograph (36 MB of uint8) and gets its disparity back (48 MB of float32):
once between two bare processes that know what is coming, a DEALER and a ROUTER passing 1 MiB chunks
into place, and once as the task `null` through client, broker, spool and worker. Both in turn, over
ipc and over CURVE-encrypted tcp. Also the latency of an empty request against a bare echo.

    python benchmarks/transport.py [--output OUT.json] [--rounds 15] [--requests 2000]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import zmq
from bare_transport import BARE, dealer, router
from benchmark import argument_parser, write_figures
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.diagnostics import NullOptions

UP_SHAPE = (3000, 4000, 3)
DOWN_SHAPE = (3000, 4000)
UP_BYTES = int(np.prod(UP_SHAPE))
DOWN_BYTES = int(np.prod(DOWN_SHAPE)) * 4
CHUNK = 1 << 20
ROUNDS, TOY_ROUNDS = 15, 1
REQUESTS, TOY_REQUESTS = 2000, 10


def send_chunks(socket: zmq.Socket, address: list[bytes], array: np.ndarray) -> None:
    """Send the array's bytes as messages of an offset and a chunk."""
    view = memoryview(array).cast("B")
    for offset in range(0, view.nbytes, CHUNK):
        chunk = view[offset : offset + CHUNK]
        socket.send_multipart([*address, offset.to_bytes(8, "little")], zmq.SNDMORE)
        socket.send(chunk, copy=False)


def receive_chunks(socket: zmq.Socket, array: np.ndarray, routed: bool) -> list[bytes]:
    """Receive chunks into place until the array is full; return the sender's address."""
    view = memoryview(array).cast("B")
    address = []
    received = 0
    while received < view.nbytes:
        if routed:
            address = [socket.recv()]
        offset = int.from_bytes(socket.recv(), "little")
        chunk = socket.recv(copy=False).buffer
        view[offset : offset + chunk.nbytes] = chunk
        received += chunk.nbytes
    return address


def serve_bare(endpoint: str, secret_key: str) -> None:
    """Be the bare other side: take a photograph, give a disparity; echo when asked to."""
    socket = router(endpoint, secret_key)
    while True:
        address, command = socket.recv_multipart()
        if command == b"echo":
            socket.send_multipart([address, command])
        else:
            photograph = np.empty(UP_SHAPE, np.uint8)
            receive_chunks(socket, photograph, routed=True)
            send_chunks(socket, [address], np.zeros(DOWN_SHAPE, np.float32))


class BareClient:
    """The bare near side."""

    def __init__(self, socket: zmq.Socket) -> None:
        self.socket = socket

    def round_trip(self, photograph: np.ndarray) -> None:
        self.socket.send(b"transfer")
        send_chunks(self.socket, [], photograph)
        receive_chunks(self.socket, np.empty(DOWN_SHAPE, np.float32), routed=False)

    def echo(self) -> None:
        self.socket.send(b"echo")
        self.socket.recv()


@contextmanager
def zograscope_server(encrypted: bool, folder: Path) -> Iterator[BlockingClient]:
    """Run a real server on a state folder of its own, with one worker."""
    command = [sys.executable, "-m", "zograscope_server.command_line", "serve", "--device", "cpu"]
    if encrypted:
        command += ["--tcp", "127.0.0.1:*"]
    os.environ["ZOGRASCOPE_HOME"] = str(folder / "state")
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        with BlockingClient() as client:
            yield client
    finally:
        process.terminate()
        process.wait()


def seconds(action: Callable[[], object]) -> float:
    """Return how long the action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def percentile(values: list[float], share: float) -> float:
    return float(np.percentile(values, 100 * share))


def measure(encrypted: bool, rounds: int, requests: int) -> dict[str, float]:
    """Time the bare side and the server in turn; return times in milliseconds, and ratios."""
    photograph = np.random.default_rng(0).integers(0, 256, UP_SHAPE, np.uint8)
    options = NullOptions(reply_shape=DOWN_SHAPE, reply_dtype="<f4")
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        dealer(__file__, encrypted, Path(folder)) as socket,
        zograscope_server(encrypted, Path(folder)) as client,
    ):
        bare = BareClient(socket)

        def null_job() -> None:
            client.run(*options.submission({"photograph": photograph}))

        for action in (lambda: bare.round_trip(photograph), null_job, bare.echo, client.status):
            action()
        pairs = [
            (seconds(lambda: bare.round_trip(photograph)), seconds(null_job)) for _ in range(rounds)
        ]
        latencies = [(seconds(bare.echo), seconds(client.status)) for _ in range(requests)]
    bare_times, null_times = zip(*pairs, strict=True)
    echo_times, status_times = (list(times) for times in zip(*latencies, strict=True))
    return {
        "bare_ms": 1e3 * statistics.median(bare_times),
        "null_ms": 1e3 * statistics.median(null_times),
        "ratio": statistics.median(null / bare for bare, null in pairs),
        "echo_p50_ms": 1e3 * percentile(echo_times, 0.5),
        "echo_p99_ms": 1e3 * percentile(echo_times, 0.99),
        "status_p50_ms": 1e3 * percentile(status_times, 0.5),
        "status_p99_ms": 1e3 * percentile(status_times, 0.99),
    }


def main() -> None:
    """Measure both kinds of endpoint, print the figures, and write them where asked."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, help=f"of jobs, {ROUNDS} if not said")
    parser.add_argument("--requests", type=int, help=f"empty ones, {REQUESTS} if not said")
    parser.add_argument(BARE, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        serve_bare(*arguments.bare)
    rounds = arguments.rounds or (TOY_ROUNDS if arguments.toy else ROUNDS)
    requests = arguments.requests or (TOY_REQUESTS if arguments.toy else REQUESTS)
    results = {
        kind: measure(encrypted, rounds, requests)
        for kind, encrypted in (("ipc", False), ("curve_tcp", True))
    }
    for kind, figures in results.items():
        print(
            f"{kind}: null job {figures['null_ms']:.1f} ms, bare {figures['bare_ms']:.1f} ms, "
            f"ratio {figures['ratio']:.2f} (limit 1.5)"
        )
        print(
            f"  empty request p50 {figures['status_p50_ms']:.3f} p99 "
            f"{figures['status_p99_ms']:.3f} ms, bare echo p50 {figures['echo_p50_ms']:.3f} p99 "
            f"{figures['echo_p99_ms']:.3f} ms"
        )
    write_figures(results, arguments.output)


if __name__ == "__main__":
    main()
