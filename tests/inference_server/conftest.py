"""A real server in real processes, on a state folder of its own."""

import contextlib
import importlib.util
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from types import ModuleType
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.client import Job

if TYPE_CHECKING:
    from zograscope_server.portrait.animation import Tools

PATIENCE = 60.0


Answer = Callable[[BaseHTTPRequestHandler], None]
ServeWeb = Callable[..., ThreadingHTTPServer]


@pytest.fixture
def serve_web() -> Iterator[ServeWeb]:
    """serve_web(answer) -> a web server of this machine that answers each GET so, in a thread.

    `host` and `port` say where it listens, `certificate` that it does so over TLS.
    """
    servers = []

    def serve(
        answer: Answer, *, host: str = "127.0.0.1", port: int = 0, certificate: Path | None = None
    ) -> ThreadingHTTPServer:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        server = ThreadingHTTPServer((host, port), Handler)
        servers.append(server)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


class Server:
    """A `zograscope serve` process that tests start, kill and start again."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.options = options
        self.process: subprocess.Popen[str] | None = None

    def start(self, *options: str) -> "Server":
        self.process = subprocess.Popen(
            self.command(*options), stdout=subprocess.PIPE, text=True, env=os.environ | NO_HOME
        )
        assert self.process.stdout is not None
        assert "ready" in self.process.stdout.readline()
        return self

    def command(self, *options: str) -> list[str]:
        return [
            *(sys.executable, "-m", "zograscope_server.command_line", "serve"),
            *("--state", str(self.state), "--device", "cpu"),
            *self.options,
            *options,
        ]

    @staticmethod
    def wait_until(condition: Callable[[], object], what: str) -> None:
        """Wait for something that must come; how long it takes is not the point."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never came: {what}"
            time.sleep(0.01)

    def client(self) -> BlockingClient:
        return BlockingClient(self.state, PATIENCE, "tests", folder=self.state)

    def worker(self, client: BlockingClient) -> psutil.Process:
        """Return the process of the one worker, once it is ready for jobs or has one."""
        found: list[psutil.Process] = []

        def ready() -> bool:
            told = client.status()["workers"][0]
            if told["state"] != "starting":
                with contextlib.suppress(psutil.NoSuchProcess):  # the broker will soon know
                    found.append(psutil.Process(told["pid"]))
            return bool(found)

        self.wait_until(ready, "a worker")
        return found[0]

    def wait_for_step(self, client: BlockingClient, job: Job) -> None:
        """Wait until the task `sleep` or `count` has begun its work."""

        def begun() -> bool:
            client.client.poll()
            return job.state == "running" and job.stage in ("Sleeping", "Counting")

        self.wait_until(begun, f"the first step, from {job.state}")

    def kill(self) -> None:
        """Kill the broker as suddenly as can be."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def temporary_files(self) -> list[Path]:
        """Return the files of the spool that are on their way to becoming something."""
        return [path for path in self.state.rglob("spool/**/.*") if path.is_file()]


NO_HOME = {"ZOGRASCOPE_HOME": "/nonexistent", "OMP_NUM_THREADS": "1"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A started server."""
    server = Server(tmp_path / "state").start()
    yield server
    server.stop()


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that prepares a server with options, on a state folder of its own."""
    made: list[Server] = []

    def make(*options: str, state: Path = tmp_path / "state") -> Server:
        made.append(Server(state, *options))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@contextmanager
def _dripping(
    begin: bytes, drop: bytes, open_with: Callable[[Any], Any] = lambda connection: connection
) -> Iterator[int]:
    """A host that begins an answer and goes on with a drop of it now and then, for ever.

    Gives its port. `open_with` is what is done with a connection before anything is asked over it.
    """

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # until who asked has hung up
                connection = open_with(self.request)
                connection.recv(1 << 16)
                connection.sendall(begin)
                while True:
                    time.sleep(0.02)
                    connection.sendall(drop)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def dripping() -> Callable[..., AbstractContextManager[int]]:
    """What makes hosts that hold whoever asks."""
    return _dripping


@pytest.fixture(scope="session")
def drawn(repository: Path) -> ModuleType:
    """The module that draws a face, which may be shown where no person's may."""
    place = repository / "benchmarks" / "drawn_face.py"
    spec = importlib.util.spec_from_file_location("drawn_face", place)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tools() -> "Tools":
    """What finds faces and persons."""
    from zograscope_server.portrait.animation import Tools

    return Tools.installed()
