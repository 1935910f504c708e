"""Workers and whoever speaks in their name."""

import json
import os
import subprocess
import sys

import pytest
import zmq
from zograscope_server.broker.worker_pool import WorkerPool
from zograscope_server.settings import ServerSettings


@pytest.fixture
def pool(tmp_path):
    """A pool whose one worker is nobody yet."""
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    endpoint = f"ipc://{tmp_path}/workers"
    socket.bind(endpoint)
    yield WorkerPool(socket, endpoint, {}, ServerSettings(devices=("cpu",)))
    context.destroy(linger=0)


def say(pool: WorkerPool, identity: str, *messages: list[bytes]) -> None:
    speaker = pool.socket.context.socket(zmq.DEALER)
    speaker.identity = identity.encode()
    speaker.connect(pool._endpoint)
    for frames in messages:
        speaker.send_multipart(frames)
    assert pool.socket.poll(10_000)
    speaker.close(linger=1000)


STATE = json.dumps({"type": "state", "state": "idle", "device": "cpu", "models": []}).encode()
NONSENSE = [
    [b""],
    [b"\xff\xfe"],
    [b"{}", b"", b""],
    [b'{"type": "dance"}'],
    [b'{"type": "state"}'],
    [b'{"type": "done", "job": ["a"]}'],
    [b'{"type": "part", "job": "a", "number": "many", "bytes": 1}'],
    [b'{"type": "part", "job": "a", "number": -1, "bytes": 1}'],
    [b'{"type": "failed", "job": "a"}'],
    [b'{"type": "progress", "job": "another", "fraction": 0.5, "stage": "", "detail": ""}'],
    [b'{"type": "preview", "job": "a", "name": "p"}', b"x"],
]


def test_a_stranger_on_the_workers_socket_is_not_heard(pool):
    say(pool, "worker-0-0", [b"\xff"], [STATE])
    say(pool, "\udc80".encode("utf-8", "surrogatepass").decode("latin-1"), [STATE])
    say(pool, pool.workers[0].identity + "x", [STATE])
    assert list(pool.receive()) == []
    assert pool.workers[0].state == "starting"


def test_nonsense_of_a_worker_costs_itself_alone(pool):
    worker = pool.workers[0]
    worker.job, worker.secret = "a", "b" * 32
    say(pool, worker.identity, *NONSENSE, [STATE])
    heard = []
    while not heard:
        heard += list(pool.receive())
    assert [header["type"] for _, header, _ in heard] == ["state"]
    assert worker.job == "a"


def test_what_cannot_be_sent_leaves_the_worker_free(pool):
    with pytest.raises(ValueError):
        pool.run(pool.workers[0], "a", {"parameters": "x" * 70_000})
    assert pool.workers[0].job is None


def test_a_worker_that_cannot_be_started_is_tried_again_later(pool, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    pool.start()
    assert pool.workers[0].process is None
    assert pool.watch() == []


def test_a_file_of_the_present_folder_is_no_module_of_the_workers(pool, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("print('it ran'); raise SystemExit")
    monkeypatch.chdir(tmp_path)
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: started.append(command))
    with pytest.raises(AttributeError):
        pool.start()
    command = [part if part != "zograscope_server.worker" else "this" for part in started[0]]
    assert command[0] == sys.executable
    # The same options with a module that imports numpy and ends.
    before = command[1 : command.index("-m")]
    found = subprocess.run
    monkeypatch.undo()
    ran = found(
        [sys.executable, *before, "-c", "import numpy; print(numpy.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert "it ran" not in ran.stdout
    assert "numpy" in ran.stdout
