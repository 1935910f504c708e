"""A server that speaks the protocol over a real socket, and means no good."""

import importlib
import time
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from .conftest import forget_everything
from .depth.conftest import make_result, noise_photograph, wild_disparity
from .test_wrong_answers import contents, file


@pytest.fixture
def server(zograscope, server_link, tmp_path, monkeypatch):
    """A server that the extension's link has found, and that does what a test says."""
    from zograscope_protocol.connection import Connection

    from ..protocol.conftest import FakeServer

    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("ZOGRASCOPE_HOME", str(home))
    link = server_link.link
    forget_everything(link)
    server = FakeServer(f"ipc://{tmp_path}/s")
    server.link = link
    server.polled = SimpleNamespace(poll=link.tick)
    Connection(server.endpoint).write(home)
    yield server
    forget_everything(link)
    server.context.destroy(linger=0)


def pump(link, condition) -> None:
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline, (link.state, link.errors)
        link.tick()
        time.sleep(0.005)


@pytest.fixture
def started(scene, server, tmp_path) -> str:
    """The id of a diorama's job that the server has taken."""
    scene.zograscope_depth.photograph = file(tmp_path / "meadow.png")
    scene.zograscope_depth.camera = "none"
    server.link.start_server = lambda: None
    bpy.ops.zograscope.build_diorama()
    server.receive(server.polled, "hello")
    server.send({"type": "welcome", "protocol": "1.1", "server": "fake", "heartbeat": 5})
    job = server.receive(server.polled, "submit")["job"]
    yield job
    del server.link.start_server


def say(server, job: str, kind: str, **fields) -> None:
    server.send({"type": kind, "job": job, **fields})


def send_result(server, job: str, arrays, facts) -> None:
    """Send a result as a broker does: announced, then in chunks as they are asked for."""
    from zograscope_protocol import wire

    described = [wire.describe_array(name, array) for name, array in arrays.items()]
    say(server, job, "done", metadata=facts, arrays=described, cached=False)
    for _ in arrays:
        name = server.receive(server.polled, "credit")["name"]
        chunk = wire.byte_view(np.ascontiguousarray(arrays[name]))
        server.send({"type": "chunk", "job": job, "name": name, "offset": 0}, chunk)


def test_an_answer_of_nans_is_refused_and_one_that_is_sound_is_built(started, server, scene):
    arrays, facts = make_result(noise_photograph(16, 24), wild_disparity(8, 12))
    wrong = {**arrays, "disparity": np.full((8, 12), np.nan, np.float32)}
    before = contents()
    send_result(server, started, wrong, facts)
    pump(server.link, lambda: not server.link.jobs)
    assert [error.code for error in server.link.errors] == ["result-wrong"]
    assert contents() == before
    bpy.ops.zograscope.build_diorama()
    again = server.receive(server.polled, "submit")["job"]
    send_result(server, again, arrays, facts)
    pump(server.link, lambda: again not in [job.id for job in server.link.jobs])
    assert not server.link.errors
    assert "meadow" in bpy.data.objects


def test_a_job_whose_server_said_goodbye_can_be_ended(started, server, scene):
    say(server, started, "progress", state="running", fraction=0.5, stage="Working")
    server.send({"type": "goodbye", "reason": "it is late"})
    pump(server.link, lambda: not server.link.connected)
    (job,) = server.link.jobs
    bpy.ops.zograscope.cancel_job(job_id=job.id)
    pump(server.link, lambda: not server.link.jobs)
    assert scene.zograscope_depth.job_id == ""
    assert bpy.ops.zograscope.build_diorama.poll()
    server.receive(server.polled, "hello")
    server.send({"type": "welcome", "protocol": "1.1", "server": "fake", "heartbeat": 5})
    assert server.receive(server.polled, "cancel")["job"] == started, "it is told when it is back"


def test_a_job_that_never_ends_can_be_ended(started, server, server_link, monkeypatch):
    monkeypatch.setattr(server_link, "CANCEL_PATIENCE", 0.2)
    say(server, started, "progress", state="running", fraction=None, stage="For ever")
    bpy.ops.zograscope.cancel_job(job_id=started)
    assert server.receive(server.polled, "cancel")["job"] == started
    pump(server.link, lambda: not server.link.jobs)
    assert not server.link.errors


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_an_end_that_is_only_a_progress_is_asked_for_and_told(started, server, state):
    say(server, started, "progress", state=state, fraction=1, stage="")
    assert server.receive(server.polled, "attach")["job"] == started
    assert server.link.jobs, "nothing is built of nothing"
    say(server, started, "progress", state=state, fraction=1, stage="")
    pump(server.link, lambda: not server.link.jobs)
    assert [error.code for error in server.link.errors] == ["result-wrong"]


def test_progress_that_makes_no_sense_is_shown_as_none(started, server, zograscope):
    nonsense = {"fraction": "half", "stage": {"a": 1}, "detail": [1], "parts": "many"}
    say(server, started, "progress", state="running", **nonsense)
    say(server, started, "progress", state="on holiday", fraction=3, stage="x")
    say(server, started, "progress", state="running", fraction=7, stage="\ud800" + "y" * 5000)
    (job,) = server.link.jobs
    pump(server.link, lambda: job.stage)
    assert (job.fraction, job.detail, job.parts, job.state) == (1.0, "", 0, "running")
    assert job.stage.startswith("?yy") and len(job.stage) < 400


def test_a_state_that_is_an_object_is_told_once(started, server):
    say(server, started, "progress", state={"a": 1}, fraction=1, stage="")
    pump(server.link, lambda: server.link.errors)
    assert [error.code for error in server.link.errors] == ["bad-message"]
    for _ in range(3):
        server.link.tick()


@pytest.mark.parametrize("shape", [[0, 0], [3], [2, 2, 2, 2], [1, 1, 4], [9000, 1]])
def test_previews_that_are_no_pictures_are_not_shown(started, server, shape):
    count = int(np.prod(shape))
    described = {"name": "preview", "dtype": "<f4", "shape": shape, "bytes": 4 * count}
    data = np.full(count, np.nan, np.float32).tobytes()
    server.send({"type": "preview", "job": started, **described}, data)
    say(server, started, "progress", state="running", fraction=0.5, stage="Now")
    (job,) = server.link.jobs
    pump(server.link, lambda: job.stage == "Now")
    assert job.preview is None


def test_a_flood_of_progress_waits_where_it_comes_from(started, server):
    """Blender that does not listen holds a few messages, and not all that was said meanwhile."""
    import zmq

    header = {"type": "progress", "job": started, "state": "running", "fraction": 0.5}
    server.socket.router_mandatory = True
    server.socket.sndhwm = 10
    sent = 0
    stage = "x" * 20_000
    try:
        for number in range(20_000):
            server.socket.send_multipart(
                [server.address.bytes, *encoded({**header, "stage": f"{number} {stage}"})],
                zmq.NOBLOCK,
            )
            sent = number
    except zmq.Again:
        pass
    assert sent < 2500, "50 megabytes at most, of 400"
    (job,) = server.link.jobs
    pump(server.link, lambda: job.stage.startswith(f"{sent} "))


def encoded(header: dict) -> list[bytes]:
    from zograscope_protocol import wire

    return [bytes(frame) for frame in wire.encode(header)]


def test_a_server_that_never_says_how_it_is_is_not_asked_for_ever(started, server, server_link):
    importlib.import_module(server_link.__name__)
    client = server.link._client
    for _ in range(5):
        client._socket.last_heard = time.monotonic()
        server.link._next_status = 0.0 if not client._requests else server.link._next_status
        server.link.tick()
    kinds = [request.header["type"] for request in client._requests.values()]
    assert sorted(kinds) == ["models", "status"]
