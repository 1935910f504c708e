"""The server that is attacked, and how it fares: what it holds, and how long the honest wait."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.client import Client

PATIENCE = 120.0
# What the server may have open, as most systems have it.
FILES = 1024
# Figures of a step: what it holds and how the honest fared, and which jobs are lost.
Figures = dict[str, Any]


class Server:
    """A `zograscope serve` process on a state folder: started, killed, and started again."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.log = state.parent / f"{state.name}.log"
        self._options = options
        self.start()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-P", "-m", "zograscope_server.command_line", "serve"]
        command += ["--state", str(self.state), "--device", "cpu", "--threads", "1"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._options],
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),  # noqa: PLW1509
            )
        assert self.process.stdout is not None
        if b"ready" not in self.process.stdout.readline():
            raise RuntimeError(f"the server does not start:\n{self.log.read_text()[-3000:]}")
        self.broker = psutil.Process(self.process.pid)

    def kill(self) -> None:
        """End it as suddenly as can be."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def kill_workers(self) -> None:
        """End its workers as suddenly."""
        for child in self.broker.children():
            child.kill()

    def stop(self) -> None:
        """End it in good order."""
        self.process.terminate()
        self.process.wait(PATIENCE)

    def client(self) -> BlockingClient:
        """Return a client of its owner."""
        return BlockingClient(self.state, PATIENCE, "torture", folder=self.state)

    def held(self) -> dict[str, float]:
        """Return what the broker holds: megabytes and open files."""
        megabytes = round(self.broker.memory_info().rss / 1e6, 1)
        return {"megabytes": megabytes, "files": self.broker.num_fds()}

    def half_files(self) -> list[str]:
        """Return the files in the spool that are half of something, or inputs of ended jobs."""
        spool = self.state / "spool"
        files = [path.relative_to(spool) for path in spool.rglob("*") if path.is_file()]
        return [
            str(file)
            for file in files
            if file.parts[0] == "inputs" or any(part.startswith(".") for part in file.parts)
        ]


class Honest:
    """A process that asks the server for its status all the time, and notes how long it waits."""

    def __init__(self, state: Path) -> None:
        self._notes = state.parent / "honest.txt"
        with self._notes.open("wb") as notes:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tools.torture.honest", str(state)], stdout=notes
            )
        # It finds the server before any attack, even where the first one leaves the server alone.
        while not self.waited(0.0, float("inf")):
            if self._process.poll() is not None:
                raise RuntimeError("The honest client could not reach the server.")
            time.sleep(0.02)

    def waited(self, begin: float, end: float) -> list[float]:
        """Return what answers took, in seconds, that were asked for between two moments."""
        lines = self._notes.read_text().splitlines()
        pairs = [line.split() for line in lines if len(line.split()) == 2]
        return [float(wait) for asked, wait in pairs if begin <= float(asked) <= end]

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(PATIENCE)


@contextmanager
def watched(server: Server, honest: Honest, figures: Figures) -> Iterator[None]:
    """Note what the broker holds before and after, and what the honest wait meanwhile."""
    begin = time.monotonic()
    figures["before"] = server.held()
    yield
    end = time.monotonic()
    figures["seconds"] = round(end - begin, 1)
    figures["ended"] = server.process.poll() is not None
    if not figures["ended"]:
        figures["after"] = server.held()
    # Whoever asked at the end must have had an answer, too.
    deadline = end + PATIENCE
    while not honest.waited(end, deadline) and time.monotonic() < deadline:
        time.sleep(0.02)
    waited = honest.waited(begin, deadline)
    figures["honest_answers"] = len(waited)
    figures["honest_seconds_p99"] = round(float(np.percentile(waited, 99)), 3) if waited else None
    figures["honest_seconds_most"] = round(max(waited), 3) if waited else None


def wait_until(condition: Callable[[], object], clients: Sequence[Client] = ()) -> None:
    """Poll clients until something holds that must come."""
    deadline = time.monotonic() + 10 * PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it never came")
        for client in clients:
            client.poll(0.002)
        if len(clients) == 1:
            clients[0].wait(0.01)
        elif not clients:
            time.sleep(0.01)
