"""A server on this computer, started by the extension and watched without waiting for it."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Of the server and its workers on Unix: Blender stays fluent while a model takes every core.
NICENESS = 10
READY = "ready at"  # in the line that it writes once it serves


class ServerProcess:
    """`zograscope serve` as a process of its own, which outlives Blender if a job needs it to.

    Attributes:
        served: whether it has answered since it was started, as whoever connects to it notes.
    """

    def __init__(self) -> None:
        self.served = False
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None
        self._started = 0.0
        self._failure = ""

    def start(self, command: Sequence[str], log: Path, models_folder: str = "") -> None:
        """Start it; what it prints goes to the log. Raises OSError when it cannot be started.

        A Python that is told to be alone (`-I`) is so with all that it starts.
        """
        arguments = [*command, *(["--models", models_folder] if models_folder else [])]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if "-I" in command:
            for name in ("PYTHONPATH", "PYTHONHOME"):
                environment.pop(name, None)
        # Closing Blender's terminal must not end the server in the middle of a job.
        apart: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            apart = {"creationflags": flags}
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                **apart,
            )
        if sys.platform != "win32":
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        self._log, self._started, self._failure = log, time.monotonic(), ""
        self.served = False

    @property
    def running(self) -> bool:
        """Whether the process that was started lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._started

    @property
    def failure(self) -> str:
        """Why it ended by itself: the last line that it wrote; empty while all is well.

        What it wrote before it served, or is killed, says nothing of its end.
        """
        if self._process is None or self._process.poll() in (None, 0):
            return ""
        status = self._process.returncode
        if not self._failure and status < 0:
            self._failure = f"somebody ended it (signal {-status})"
        if not self._failure:
            words = self._last_words()
            told = words and READY not in words
            self._failure = words if told else f"it ended with status {status}"
        return self._failure

    def _last_words(self) -> str:
        text = self._log.read_text(errors="replace") if self._log else ""
        return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")

    def stop(self) -> None:
        """End it, if it still lives."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._process = None
