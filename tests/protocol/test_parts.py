"""Parts of a result that come while the job runs, at the client."""

import numpy as np
import pytest
from zograscope_protocol import wire
from zograscope_protocol.client import Client

from .conftest import FakeServer, pump


def announce(server: FakeServer, job: str, number: int, array: np.ndarray) -> None:
    description = wire.describe_array("frame", array)
    server.send(
        {
            "type": "part",
            "job": job,
            "number": number,
            "metadata": {"n": number},
            "arrays": [description],
        }
    )


def send_part(server: FakeServer, client: Client, job: str, number: int, array: np.ndarray) -> None:
    """Announce a part and send it at once, since it is smaller than its credit."""
    announce(server, job, number, array)
    header = {"type": "chunk", "job": job, "name": "frame", "part": number, "offset": 0}
    server.send(header, wire.byte_view(array))


def finish(server: FakeServer, job: str, parts: int) -> None:
    server.send({"type": "done", "job": job, "metadata": {}, "arrays": [], "parts": parts})


def take(client: Client, job) -> int:
    pump(client, lambda: job.has_part)
    part = job.take_part()
    assert part.metadata == {"n": part.number}
    assert (part.arrays["frame"] == frame(part.number)).all()
    return part.number


def frame(number: int) -> np.ndarray:
    return np.full((4, 4), number, "<f4")


@pytest.fixture
def job(server, client):
    server.welcome(client)
    job = client.submit("t", {}, {})
    job.follow(window=4)
    server.receive(client, "submit")
    return job


def test_parts_come_in_order_each_once_and_then_the_job_is_done(server, client, job):
    follow = server.receive(client, "follow")
    assert (follow["from"], follow["window"], follow["credit"]) == (0, 4, 1 << 20)
    for number in range(4):
        send_part(server, client, job.id, number, frame(number))
    assert [take(client, job) for _ in range(2)] == [0, 1]
    follow = server.receive(client, "follow")
    assert follow["from"] + follow["window"] == 6, "room for four that are not taken"
    send_part(server, client, job.id, 4, frame(4))
    finish(server, job.id, 5)
    pump(client, lambda: job.finished)
    assert [take(client, job) for _ in range(3)] == [2, 3, 4]
    assert job.take_part() is None
    assert job.state == "done"


def test_no_more_than_the_window_is_asked_for_while_nobody_takes(server, client, job):
    server.receive(client, "follow")
    for number in range(4):
        send_part(server, client, job.id, number, frame(number))
    announce(server, job.id, 4, frame(4))  # by a server that does not keep to the window
    server.send({"type": "progress", "job": job.id, "state": "running", "stage": "after it"})
    pump(client, lambda: job.stage == "after it")
    assert job._follow.held == 4
    assert sorted(job._follow.incoming) == [0, 1, 2, 3]


def test_a_job_is_not_done_before_its_last_part_is_here(server, client, job):
    server.receive(client, "follow")
    finish(server, job.id, 2)
    send_part(server, client, job.id, 0, frame(0))
    assert take(client, job) == 0
    assert not job.finished
    send_part(server, client, job.id, 1, frame(1))
    pump(client, lambda: job.finished)
    assert take(client, job) == 1


def test_after_a_lost_connection_it_follows_from_the_part_that_it_lacks(server, client, job):
    large = np.arange(3 << 20, dtype=np.uint8)
    server.receive(client, "follow")
    send_part(server, client, job.id, 0, frame(0))
    announce(server, job.id, 1, large)
    credit = server.receive(client, "credit")
    assert (credit["part"], credit["name"], credit["offset"]) == (1, "frame", 0), "for the rest"
    header = {"type": "chunk", "job": job.id, "name": "frame", "part": 1}
    server.send({**header, "offset": 0}, wire.byte_view(large)[: 1 << 20])
    pump(client, lambda: 1 in job._follow.incoming and job._follow.incoming[1].fraction > 0)
    assert take(client, job) == 0
    server.close()
    pump(client, lambda: client.state == "lost")
    server.open()
    server.welcome(client)
    assert server.receive(client, "follow")["from"] == 1
    announce(server, job.id, 1, large)
    credit = server.receive(client, "credit")
    assert (credit["part"], credit["offset"]) == (1, 1 << 20)
    for offset in (1 << 20, 2 << 20):
        chunk = wire.byte_view(large)[offset : offset + (1 << 20)]
        server.send({**header, "offset": offset}, chunk)
    pump(client, lambda: job.has_part)
    assert (job.take_part().arrays["frame"] == large).all()


def test_the_parts_of_a_failed_job_can_still_be_taken(server, client, job):
    server.receive(client, "follow")
    send_part(server, client, job.id, 0, frame(0))
    pump(client, lambda: job.has_part)
    server.send({"type": "failed", "job": job.id, "code": "worker-died", "sentence": "It died."})
    pump(client, lambda: job.finished)
    assert take(client, job) == 0
    assert job.take_part() is None


def test_an_older_server_is_asked_for_no_parts(server, client):
    server.welcome(client, protocol="1.0")
    job = client.submit("t", {}, {})
    job.follow()
    job.pause()
    server.receive(client, "submit")
    finish(server, job.id, 0)
    pump(client, lambda: job.finished)
    assert job.state == "done"
    assert client.state == "connected"


def test_a_job_that_cannot_pause_goes_on(server, client, job):
    errors = []
    client.request_pause(job, lambda header: None, errors.append)
    asked = server.receive(client, "pause")
    refusal = {"type": "error", "code": "cannot-pause", "sentence": "No.", "job": job.id}
    server.send({**refusal, "request": asked["request"]})
    pump(client, lambda: bool(errors))
    assert errors[0]["code"] == "cannot-pause"
    assert not job.finished


def test_a_pause_while_the_server_is_away_reaches_it(server, client, job):
    server.close()
    pump(client, lambda: client.state == "lost")
    job.pause()
    server.open()
    server.welcome(client)
    assert server.receive(client, "pause")["job"] == job.id
    server.send({"type": "progress", "job": job.id, "state": "paused", "stage": ""})
    pump(client, lambda: job.state == "paused")
    job.resume()
    assert server.receive(client, "resume")["job"] == job.id


@pytest.mark.parametrize(
    "message",
    [
        {"type": "part"},
        {"type": "part", "number": 0},
        {"type": "part", "number": 0, "arrays": [{"name": "a"}]},
        {"type": "chunk", "name": 3, "part": 0},
    ],
)
def test_nonsense_about_parts_never_raises(server, client, job, message):
    server.receive(client, "follow")
    buffer = b"" if message["type"] == "chunk" else None
    server.send({"job": job.id, **message}, buffer)
    pump(client, lambda: client.state == "refused")
    assert client.error.code == "bad-message"


@pytest.mark.parametrize("number", [-1, 7, "0", None, [1]])
def test_a_part_of_another_number_is_not_taken(server, client, job, number):
    server.receive(client, "follow")
    announce(server, job.id, number, frame(0))
    server.send({"type": "progress", "job": job.id, "state": "running", "stage": "after it"})
    pump(client, lambda: job.stage == "after it")
    assert not job._follow.incoming
