"""What comes over a connection is judged before it is taken, and who sends it is known."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import uuid

import numpy as np
import pytest
import zmq
from zograscope_protocol.connection import client_keys
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.broker import connections
from zograscope_server.broker.connections import Connections
from zograscope_server.broker.worker_pool import WorkerLost
from zograscope_server.result_file import write_result

READY = b"\x05READY" + b"\x0bSocket-Type" + (6).to_bytes(4, "big") + b"DEALER"


def greeting(mechanism: bytes) -> bytes:
    return b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + bytes(32)


def plugged(endpoint: str) -> socket.socket:
    """Return a connection without ZeroMQ."""
    scheme, _, place = endpoint.partition("://")
    if scheme == "ipc":
        plug = socket.socket(socket.AF_UNIX)
        plug.connect(place)
    else:
        host, _, port = place.rpartition(":")
        plug = socket.create_connection((host, int(port)))
    plug.settimeout(60)
    return plug


def is_cut_off(plug: socket.socket, megabytes: int) -> bool:
    """Whether the other side takes less than so much before it hangs up."""
    try:
        for _ in range(megabytes * 16):
            plug.sendall(bytes(1 << 16))
    except ConnectionError:
        return True
    return False


def test_a_frame_of_gigabytes_is_not_taken(broker):
    with plugged(broker.connection.endpoint) as plug:
        plug.sendall(greeting(b"NULL") + bytes((0x04, len(READY))) + READY)
        plug.sendall(b"\x02" + (3 << 30).to_bytes(8, "big"))
        assert is_cut_off(plug, 32)
    with broker.owner() as client:
        client.status()


def test_a_frame_of_gigabytes_is_not_taken_from_a_stranger_either(tcp_broker):
    with plugged(tcp_broker.connection.endpoint) as plug:
        plug.sendall(greeting(b"CURVE") + b"\x06" + (3 << 30).to_bytes(8, "big"))
        assert is_cut_off(plug, 32)
    with tcp_broker.owner() as client:
        client.status()


def test_the_largest_frame_that_is_allowed_comes_through_encrypted(tcp_broker):
    array = np.arange((3 << 20) + 5, dtype=np.uint8)
    with tcp_broker.owner() as client:
        job = client.submit("null", {}, {"a": array})
        client._wait_until(lambda: job.state == "queued")


def test_a_message_of_thousands_of_frames_ends_its_connection_alone(broker):
    frames = [b"", *[b"{}"] * (2 * connections._FORGOTTEN_AT_A_TURN)]
    with broker.raw().hello() as bad, broker.owner() as client:
        for _ in range(5):  # an answer may be lost with the connection that it is for
            bad.socket.send_multipart(frames)
            if bad.socket.poll(5000):
                break
        answer = bad.hear()
        assert (answer["code"], answer["type"]) == ("bad-message", "error")
        # It is connected again, under another name; what is on its way meanwhile is lost.
        while not bad.socket.poll(500):
            bad.say(type="heartbeat")
        assert bad.hear()["code"] == "hello-first"
        client.status()


def test_a_few_frames_too_many_cost_their_message_alone(broker):
    with broker.raw().hello() as raw:
        raw.socket.send_multipart([b"{}"] * 5)
        assert raw.hear()["code"] == "bad-message"
        assert raw.ask(type="heartbeat")["type"] == "heartbeat"


LONG = "ä" * 30_000


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"type": LONG}, "bad-message"),
        ({"type": "submit", "task": LONG, "parameters": {}, "inputs": []}, "unknown-task"),
        ({"type": "submit", "task": "sleep", "parameters": {"steps": LONG}, "inputs": []}, None),
        ({"type": "submit", "task": "sleep", "parameters": {"steps": 10**400}, "inputs": []}, None),
        ({"type": "attach", "job": LONG}, "bad-message"),
        ({"type": "hello", "protocol": LONG}, "bad-message"),
        ({"type": "hello", "protocol": f"{'9' * 4000}.0"}, "protocol-too-new"),
        ({"type": "follow", "from": LONG}, None),
        ({"type": "heartbeat", "request": 10**1000}, None),
    ],
)
def test_an_answer_never_quotes_more_than_it_can_hold(broker, header, code):
    header = {"job": uuid.uuid4().hex, **header}
    with broker.raw() as raw:
        if header["type"] != "hello":
            raw.hello()
        answer = raw.ask(**header)
        assert len(json.dumps(answer)) < 20_000
        assert code is None or answer["code"] == code
        assert answer.get("code") != "internal"
    with broker.owner() as client:
        client.status()


def test_a_dtype_is_not_quoted_either(broker):
    array = {"name": "ä" * 128, "dtype": "|" + LONG, "shape": [1], "bytes": 1}
    with broker.raw().hello() as raw:
        answer = raw.ask(
            type="submit", job=uuid.uuid4().hex, task="null", parameters={}, inputs=[array]
        )
        assert answer["code"] == "bad-message"


def test_what_could_not_be_handed_to_a_worker_is_refused_at_once(broker):
    """A message that was too long for the worker waited at the head of the queue for ever."""
    with broker.owner() as client:
        with pytest.raises(ZograscopeError, match="too much") as caught:
            client.run("download_model", {"name": "x" * 64_500}, {})
        assert caught.value.code == "bad-parameters"
        job = client.submit("download_model", {"name": "x" * 60_000}, {})
        client._wait_until(lambda: job.state == "queued")
        assert [job["state"] for job in client.status()["jobs"]] == ["queued"]


def test_status_tells_of_as_many_jobs_as_a_message_holds(broker):
    with broker.owner() as client:
        for number in range(200):
            client.submit("sleep", {"seconds": 1, "steps": number + 1}, {})
        broker_jobs = broker.broker._scheduler._jobs
        client._wait_until(lambda: len(broker_jobs) == 200)
        for job in list(broker_jobs.values()):
            job.stage = job.detail = "ü" * 100
        assert 30 < len(client.status()["jobs"]) < 200


# Who may what


def test_a_guest_sees_and_touches_its_own_jobs_only(tcp_broker):
    with tcp_broker.owner() as owner, tcp_broker.guest("friend") as guest:
        held = np.zeros(30 << 20, np.uint8)
        job = owner.submit("null", {}, {"a": held})
        own = guest.submit("sleep", {"seconds": 1}, {})
        guest._wait_until(lambda: own.state == "queued")
        assert [found["job"] for found in guest.status()["jobs"]] == [own.id]
        assert {found["job"] for found in owner.status()["jobs"]} == {own.id, job.id}
        with tcp_broker.raw(tcp_broker.state.parent / "friend").hello() as raw:
            for asked in (
                {"type": "attach"},
                {"type": "cancel"},
                {"type": "pause"},
                {"type": "follow", "from": 0, "window": 8},
                {"type": "credit", "name": "a", "offset": 0, "window": 1000},
                {"type": "submit", "task": "null", "parameters": {}, "inputs": []},
            ):
                assert raw.ask(job=job.id, **asked)["code"] == "unknown-job"
            assert raw.ask(type="shutdown")["code"] == "owner-only"
        assert owner.status()["jobs"]
        owner.cancel(owner.attach(own.id))


def test_a_guest_puts_no_bytes_into_anothers_upload(tcp_broker):
    job = uuid.uuid4().hex
    array = {"name": "a", "dtype": "|u1", "shape": [6], "bytes": 6}
    submit = {"type": "submit", "task": "null", "parameters": {}, "inputs": [array]}
    tcp_broker.guest("friend").close()
    with (
        tcp_broker.raw().hello() as owner,
        tcp_broker.raw(tcp_broker.state.parent / "friend").hello() as guest,
    ):
        assert owner.ask(job=job, **submit)["type"] == "accepted"
        chunk = {"type": "chunk", "job": job, "name": "a", "offset": 0}
        guest.socket.send_multipart([json.dumps(chunk).encode(), b"theirs"])
        assert guest.hear()["code"] == "unknown-job"
        assert owner.hear()["type"] == "credit"
        owner.socket.send_multipart([json.dumps(chunk).encode(), b"own  !"])
        assert owner.hear()["state"] == "queued"
    (written,) = (tcp_broker.state / "spool" / "inputs").glob("*/0")
    assert written.read_bytes() == b"own  !"


def test_guests_do_not_answer_for_the_owner(tcp_broker):
    """The same question of two users has two answers: what one may see, another may not."""
    question = ("sleep", {"seconds": 1}, {"salt": b"abc"})
    with tcp_broker.owner() as owner, tcp_broker.guest("friend") as guest:
        for client in (owner, guest):
            job = client.submit(*question)
            client._wait_until(lambda job=job: job.state == "queued")
        jobs = tcp_broker.broker._scheduler.unfinished()
        assert len({job.result_key for job in jobs}) == 2


def test_a_name_that_is_taken_stays_with_whom_it_belongs_to(broker):
    with (
        broker.raw(identity=b"same").hello() as first,
        broker.raw(identity=b"same") as second,
    ):
        second.say(type="hello", protocol="1.1")
        for number in range(20):
            assert first.ask(type="heartbeat", request=number)["request"] == number
        assert second.socket.poll(200) == 0


def test_a_key_that_is_revoked_ends_its_connection(tcp_broker):
    with tcp_broker.guest("friend") as guest:
        guest.status()
        (tcp_broker.state / "allowed_keys" / "friend").unlink()
        deadline = time.monotonic() + 60
        while guest.client.state != "refused":
            assert time.monotonic() < deadline
            guest.client.wait(0.1)
            guest.client.poll()
        assert guest.client.error.code == "key-refused"
    assert client_keys(tcp_broker.state.parent / "friend")


# How many


def test_idle_connections_make_way(tmp_path):
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    held = Connections(router, most=5)
    endpoint = f"ipc://{tmp_path}/socket"
    router.bind(endpoint)
    honest = context.socket(zmq.DEALER)
    honest.connect(endpoint)
    honest.send(b"{}")
    assert router.poll(10_000)
    message = held.receive()
    held.watch()
    held.welcome(message.connection)
    idle = [plugged(endpoint) for _ in range(12)]
    deadline = time.monotonic() + 30
    closed = 0
    while closed < 8 or len(held) > 5:
        assert time.monotonic() < deadline
        held.watch()
        closed = sum(_is_closed(plug) for plug in idle)
    assert not any(_is_closed(plug) for plug in idle[-4:]), "the latest are let in"
    honest.send(b"{}")
    assert router.poll(10_000) and held.receive().connection == message.connection
    for plug in idle:
        plug.close()
    router.disable_monitor()
    context.destroy(linger=0)


def _is_closed(plug: socket.socket) -> bool:
    plug.setblocking(False)
    try:
        while plug.recv(100):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def test_a_guest_has_so_many_connections_and_no_more(tcp_broker, monkeypatch):
    monkeypatch.setattr("zograscope_server.broker.broker.MOST_CONNECTIONS_OF_ONE", 3)
    tcp_broker.guest("friend").close()
    raws = [tcp_broker.raw(tcp_broker.state.parent / "friend").hello() for _ in range(4)]
    with tcp_broker.owner() as owner:
        owner.status()
    assert raws[0].ask(type="heartbeat")["code"] == "hello-first"
    assert raws[-1].ask(type="heartbeat")["type"] == "heartbeat"
    for raw in raws:
        raw.socket.close()


def test_many_stalled_uploads_need_no_open_file(broker):
    array = {"name": "a", "dtype": "|u1", "shape": [9], "bytes": 9}
    with broker.raw().hello() as raw:
        before = _open_files()
        for _ in range(50):
            raw.say(type="submit", job=uuid.uuid4().hex, task="null", parameters={}, inputs=[array])
            assert [raw.hear()["type"] for _ in range(2)] == ["accepted", "credit"]
        assert _open_files() <= before + 8


def _open_files() -> int:
    import psutil

    return psutil.Process().num_fds()


def test_one_client_has_so_many_jobs_and_no_more(broker, monkeypatch):
    monkeypatch.setattr("zograscope_server.broker.admission.MOST_JOBS_OF_ONE", 3)
    with broker.owner() as client:
        jobs = [client.submit("sleep", {"seconds": 1, "steps": n}, {}) for n in range(1, 5)]
        with pytest.raises(ZograscopeError, match="3 jobs") as caught:
            client.wait(jobs[-1])
        assert caught.value.code == "too-many-jobs"
        client.cancel(jobs[0])
        job = client.submit("sleep", {"seconds": 1, "steps": 9}, {})
        client._wait_until(lambda: job.state == "queued")


# What is kept


def end_as_done(broker, job_id: str) -> None:
    """Do what a worker does for a job, and die: the broker finds its result."""
    job = broker.broker._scheduler._jobs[job_id]
    spool = broker.broker._spool
    arrays = {"a": np.arange(10), "b": np.arange(1 << 18), "empty": np.zeros(0)}
    temporary = spool.temporary_path(job_id, "0" * 8)
    write_result(spool.result_path(job.result_key), temporary, arrays, {})
    losses = [WorkerLost(job_id, ZograscopeError("worker-died"))]
    broker.broker._pool.watch = lambda: [losses.pop()] if losses else []


def test_a_result_is_kept_until_all_of_it_was_fetched(broker):
    job_id = uuid.uuid4().hex
    awaited = broker.broker._spool._awaited
    with broker.raw().hello() as raw:
        raw.say(type="submit", job=job_id, task="null", parameters={}, inputs=[])
        while raw.hear()["type"] != "progress":
            pass
        end_as_done(broker, job_id)
        assert raw.hear()["type"] == "done"
        key = f"job-{job_id}"
        for name, window in (("a", 1 << 20), ("b", 1 << 20), ("b", 1 << 21)):
            assert awaited == {key: {job_id}}
            raw.say(type="credit", job=job_id, name=name, offset=0, window=window)
            while raw.socket.poll(300):
                assert raw.hear()["type"] == "chunk"
        assert awaited == {}
    broker.stop()
    (fetched,) = sqlite3.connect(broker.state / "jobs.sqlite").execute("SELECT fetched FROM jobs")
    assert fetched == (1,)


def test_what_was_not_fetched_is_known_after_a_restart(broker, make_broker):
    with broker.owner() as client:
        job = client.submit("null", {}, {})
        client._wait_until(lambda: job.state == "queued")
        client.close()
    end_as_done(broker, job.id)
    deadline = time.monotonic() + 60
    while broker.broker._scheduler.unfinished():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    broker.stop()
    again = make_broker()
    assert again.broker._spool._awaited == {f"job-{job.id}": {job.id}}
    with again.owner() as client:
        assert client.wait(client.attach(job.id)).arrays["b"].size == 1 << 18
        client.status()
    assert again.broker._spool._awaited == {}


def test_a_question_to_a_server_that_went_is_asked_of_the_next_one(make_broker):
    """The program had no time to notice that the first was gone."""
    first = make_broker()
    with first.owner() as client:
        client.status()
        first.stop()
        make_broker()
        assert client.status()["jobs"] == []


def test_a_resume_that_no_server_heard_is_said_to_the_next_one(make_broker):
    first = make_broker()
    with first.owner() as client:
        job = client.submit("count", {}, {})
        client.pause(job)
        first.stop()
        job.resume()
        make_broker()
        client._wait_until(lambda: job.state == "queued")


def test_who_speaks_a_zeromq_of_long_ago_is_not_heard_and_disturbs_nobody(broker, caplog):
    """Rubbish that begins in the right way is taken for ZMTP 1.0, which knows no connections."""
    with plugged(broker.connection.endpoint) as plug:
        plug.sendall(b"\x01\x00" + b"\x0b\x00" + b"0123456789" * 3)
        plug.sendall(b"\x03\x00{}" * 200)
        with broker.owner() as client:
            for _ in range(20):
                client.status()
                time.sleep(0.01)
    assert "goes on after an error" not in caplog.text


RAISE = """
import resource
from zograscope_server.broker.connections import file_limit, raise_file_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))
raise_file_limit()
print(file_limit())
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no limit of open files to raise")
@pytest.mark.parametrize("hard", [64, 500])
def test_as_many_files_may_be_open_as_may_be_asked_for(hard):
    command = [sys.executable, "-c", RAISE.format(hard=hard)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(said.stdout) == hard
