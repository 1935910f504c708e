"""A server for as long as a command takes, where none runs."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.connection import make_home, state_folder
from zograscope_protocol.errors import ZograscopeError

LOOK_FOR_SERVER = 3.0
START_SERVER = 60.0


@contextmanager
def running_server(*, wanted: bool) -> Iterator[None]:
    """Use the server that runs, or start one for as long as this command takes."""
    if not wanted or _server_answers():
        yield
        return
    print("Starting a server for this job", file=sys.stderr, flush=True)
    log = state_folder() / "server.log"
    make_home(log.parent)
    with log.open("ab") as output:
        server = subprocess.Popen(
            [sys.executable, "-P", "-m", "zograscope_server.command_line", "serve"],
            stdout=subprocess.PIPE,
            stderr=output,
        )
    try:
        assert server.stdout is not None
        if not server.stdout.readline():
            last_words = log.read_text(errors="replace").splitlines()[-5:]
            raise ZograscopeError("server-not-running", "\n".join(last_words))
        yield
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(START_SERVER)


def _server_answers() -> bool:
    try:
        with BlockingClient(timeout=LOOK_FOR_SERVER):
            return True
    except ZograscopeError:
        return False
