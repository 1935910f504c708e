"""Disks that are full at every step of a job's life: on a small disk in memory, where one may be
mounted.
"""

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.job import Job

from tools.torture.server import Figures, Server, wait_until

MEGABYTES = 48
# What the spool leaves free for the store and the like; so much room is none for jobs.
RESERVE = 4 << 20
IN_WORDS = ("spool-full", "out-of-memory")


def disks(state: Path, chance: random.Random, times: int) -> Figures:
    """Fill a server's disk so often, each time at another moment of a job; then make room again.

    Lost is a job that ends neither as it must nor in words, and one that is not done once there is
    room.
    """
    figures: Figures = {"times": times, "lost": 0, "ended": False, "ends": {}}
    with _small_disk(state) as reason:
        if reason:
            return {"skipped": reason}
        server = Server(state)
        with server.client() as client:
            for number in range(times):
                end = _with_full_disk(server, client, chance, number)
                figures["ends"][end] = figures["ends"].get(end, 0) + 1
                figures["lost"] += end not in ("done", *IN_WORDS)
                figures["lost"] += not _is_done(client, chance)
                figures["ended"] |= server.process.poll() is not None
            figures["half_files"] = server.half_files()
        server.stop()
        _fill(state, 0)
        figures["starts_on_a_full_disk"] = _starts(state)
        figures["lost"] += not figures["starts_on_a_full_disk"]
    return figures


def _with_full_disk(
    server: Server, client: BlockingClient, chance: random.Random, number: int
) -> str:
    """Submit a job and fill the disk at some moment; return how it ended."""
    state = server.state
    left = chance.choice([0, 10_000, RESERVE, RESERVE + 300_000])
    if number % 4 == 0:
        _fill(state, left)
    parts = {"parts": 60, "part_bytes": 1 << 18, "seconds": 0.005, "checkpoint_every": 7}
    job = (
        client.submit("count", {**parts, "part_bytes": (1 << 18) + 8 * number}, {})
        if number % 2
        else client.submit("null", {}, {"salt": chance.randbytes(8 << 20)})
    )
    match number % 4:
        case 1:
            moment = chance.randrange(1, 20)
            wait_until(lambda: job.parts >= moment or job.finished, [client.client])
            _fill(state, left)
        case 2:
            wait_until(lambda: job.state != "sending" or job.finished, [client.client])
            _fill(state, left)
        case 3:
            wait_until(lambda: job.state == "running" or job.finished, [client.client])
            _fill(state, left)
            server.kill()
            _fill(state, left)
            if not _starts(state):
                _fill(state, None)
                server.start()
                return "no start"
            server.start()
    end = _end(client, job)
    _fill(state, None)
    return end


def _end(client: BlockingClient, job: Job) -> str:
    try:
        client.wait(job)
    except ZograscopeError as error:
        if error.code not in IN_WORDS:
            print(f"a full disk: {error}\n{error.details}", flush=True)
        return error.code
    finally:
        client.client.forget(job)
    return "done"


def _is_done(client: BlockingClient, chance: random.Random) -> bool:
    salt = chance.randbytes(1 << 20)
    try:
        return client.run("null", {}, {"salt": salt}).bytes("salt") == salt
    except ZograscopeError as error:
        print(f"after a full disk: {error}", flush=True)
        return False


def _starts(state: Path) -> bool:
    """Whether a server starts on the disk as it is now."""
    try:
        server = Server(state)
    except RuntimeError as error:
        print(error, flush=True)
        return False
    server.stop()
    return True


def _fill(state: Path, left: int | None) -> None:
    """Leave so many bytes free on the disk; None takes away what filled it."""
    filling = state / "filling"
    if left is None:
        filling.unlink(missing_ok=True)
        return
    free = shutil.disk_usage(state).free
    with suppress(OSError), filling.open("ab") as file:
        if free > left:
            os.posix_fallocate(file.fileno(), file.tell(), free - left)


@contextmanager
def _small_disk(folder: Path) -> Iterator[str]:
    """Mount a small disk at a folder; yield why not, where that is not allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=700", "none", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = mounted.stderr.strip() if mounted.returncode else ""
    except OSError as error:
        reason = str(error)
    try:
        yield reason
    finally:
        if not reason:
            with contextlib.suppress(OSError):
                subprocess.run(["umount", "--lazy", str(folder)], check=False)
