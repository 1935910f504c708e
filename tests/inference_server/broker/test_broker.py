"""What a real server answers, and how it refuses."""

import json
import uuid

import numpy as np
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zograscope_protocol.connection import Connection
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.messages import PROTOCOL_VERSION


class RawClient:
    """Says whatever it is told to, without any manners."""

    def __init__(self, server) -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvtimeo = 30_000
        self.socket.connect(Connection.read(server.state).endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    def say(self, **header) -> None:
        self.socket.send(json.dumps(header).encode())

    def hear(self) -> dict:
        return json.loads(self.socket.recv_multipart()[0])

    def ask(self, **header) -> dict:
        self.say(**header)
        return self.hear()

    def hello(self) -> "RawClient":
        assert self.ask(type="hello", protocol=PROTOCOL_VERSION)["type"] == "welcome"
        return self


def test_arrays_come_back_as_they_went(server):
    random = np.random.default_rng(0)
    arrays = {
        "photograph": random.integers(0, 256, (3 << 20) + 7, np.uint8),
        "empty": np.zeros((0, 3), "<f4"),
        "scalar": np.array(1.5),
        "big_endian": np.arange(5, dtype=">i4"),
        "no/../name": np.ones((2, 2), bool),
    }
    with server.client() as client:
        result = client.run("null", {}, arrays)
    assert list(result.arrays) == list(arrays)
    for name, array in arrays.items():
        assert result.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(result.arrays[name], array)


def test_progress_is_told(server):
    heard = []
    with server.client() as client:
        client.run(
            "sleep",
            {"seconds": 0.6, "steps": 3},
            {},
            lambda job: heard.append((job.state, job.fraction, job.stage, job.detail)),
        )
    assert ("running", 0.0, "Sleeping", "step 1 of 3") in heard
    assert ("running", pytest.approx(2 / 3), "Sleeping", "step 3 of 3") in heard


def test_the_same_question_is_answered_at_once_while_the_worker_is_busy(server):
    question = ("sleep", {"seconds": 0.1, "steps": 2}, {"salt": np.arange(1000)})
    with server.client() as client:
        first = client.run(*question)
        busy = client.submit("sleep", {"seconds": 30}, {})
        server.wait_for_step(client, busy)
        again = client.run(*question)
        assert (first.cached, again.cached) == (False, True)
        np.testing.assert_array_equal(again.arrays["steps"], first.arrays["steps"])
        assert not busy.finished
        different = client.submit(question[0], question[1], {"salt": np.arange(1000) + 1})
        server.wait_until(lambda: client.client.poll() or different.state == "queued", "its turn")


def test_two_identical_jobs_are_computed_once(server):
    with server.client() as client:
        twins = [client.submit("sleep", {"seconds": 0.5, "steps": 2}, {}) for _ in range(2)]
        assert [client.wait(twin).cached for twin in twins] == [False, True]


def test_submitting_twice_is_one_job(server):
    job_id = uuid.uuid4().hex
    with server.client() as one, server.client() as other:
        jobs = [
            client.submit("sleep", {"seconds": 0.5}, {"salt": b"abc"}, job_id)
            for client in (one, other)
        ]
        for client, job in zip((one, other), jobs, strict=True):
            assert client.wait(job).arrays["steps"].size == 10
        assert [job["job"] for job in one.status()["jobs"]] == [job_id]


def test_cancel_stops_running_and_queued_jobs_and_no_other(server):
    with server.client() as client:
        running, queued = (
            client.submit("sleep", {"seconds": 60, "steps": steps}, {}) for steps in (60, 61)
        )
        last = client.submit("sleep", {"seconds": 0.1, "steps": 3}, {})
        server.wait_for_step(client, running)
        worker = server.worker(client)
        client.cancel(queued)
        client.cancel(running)
        assert (running.state, queued.state) == ("cancelled", "cancelled")
        client.wait(last)
        assert server.worker(client).pid == worker.pid, "a polite worker was killed"


def test_a_worker_that_does_not_listen_is_killed(server):
    with server.client() as client:
        job = client.submit("sleep", {"seconds": 60}, {})
        server.wait_for_step(client, job)
        worker = server.worker(client)
        worker.suspend()
        client.cancel(job)
        assert job.state == "cancelled"
        assert not worker.is_running()
        client.run("sleep", {"seconds": 0.1, "steps": 3}, {})


def test_a_job_over_the_memory_limit_is_stopped_in_words(make_server):
    server = make_server("--memory-limit", "0.3").start()
    with server.client() as client:
        with pytest.raises(ZograscopeError) as caught:
            client.run("sleep", {"seconds": 20, "megabytes": 500}, {})
        assert caught.value.code == "out-of-memory"
        assert client.run("sleep", {"seconds": 0.1, "megabytes": 10}, {}).metadata


def test_a_task_that_fails_says_so_and_the_worker_lives(server):
    with server.client() as client:
        with pytest.raises(ZograscopeError) as caught:
            client.run("null", {"reply_shape": [1], "reply_dtype": "many"}, {})
        assert caught.value.code == "internal"
        assert "many" in caught.value.details
        assert client.status()["workers"][0]["state"] in ("idle", "busy")


def test_what_cannot_be_asked_is_refused_before_any_input_is_sent(server):
    with server.client() as client:
        job = client.submit("sleep", {"seconds": "many"}, {"large": np.zeros(1 << 20, np.uint8)})
        with pytest.raises(ZograscopeError, match="seconds is 'many'") as caught:
            client.wait(job)
        assert caught.value.code == "bad-parameters"
        for task, asked in (
            *((task, {"seed": -1}) for task in ("mosaic", "train", "walk", "samples", "project")),
            *(("latent_map", {"mix_seed": 2**63}), ("walk", {"map_seed": -(2**63)})),
            ("samples", {"seeds": ["-1"]}),
        ):
            job = client.submit(task, asked, {})
            with pytest.raises(ZograscopeError, match="seed") as caught:
                client.wait(job)
            assert caught.value.code == "bad-parameters"
        assert client.status()["jobs"] == []


@pytest.mark.parametrize("asked", [{"reply_arrays": 65}, {"reply_metadata_bytes": 70_000}])
def test_a_result_that_no_message_can_tell_of_fails_its_job_alone(server, asked):
    with server.client() as client:
        other = client.submit("sleep", {"seconds": 2, "steps": 20}, {})
        with pytest.raises(ZograscopeError) as caught:
            client.run("null", {"reply_shape": [1], **asked}, {})
        assert caught.value.code == "result-indescribable"
        assert client.wait(other).arrays["steps"].size == 20


def test_an_unknown_task_is_refused(server):
    with server.client() as client, pytest.raises(ZograscopeError) as caught:
        client.run("levitate", {}, {})
    assert caught.value.code == "unknown-task"


def test_status_tells_what_goes_on(server):
    with server.client() as client:
        job = client.submit("sleep", {"seconds": 60}, {})
        server.wait_for_step(client, job)
        status = client.status()
        assert status["workers"][0]["job"] == job.id
        assert status["workers"][0]["state"] == "busy"
        assert (status["jobs"][0]["job"], status["jobs"][0]["state"]) == (job.id, "running")


def test_spool_full_of_inputs_is_refused_in_words(make_server):
    server = make_server("--spool-limit", "0.001").start()
    with server.client() as client, pytest.raises(ZograscopeError) as caught:
        client.run("null", {}, {"large": np.zeros(2_000_000, np.uint8)})
    assert caught.value.code == "spool-full"


# Manners


def test_nothing_is_answered_before_hello(server):
    with RawClient(server) as raw:
        for message_type in ("status", "heartbeat", "shutdown", "submit"):
            answer = raw.ask(type=message_type, request=7)
            assert (answer["type"], answer["code"], answer["request"]) == (
                "error",
                "hello-first",
                7,
            )


@pytest.mark.parametrize(
    ("version", "code"),
    [("2.0", "protocol-too-new"), ("0.9", "protocol-too-old"), ("new", "bad-message")],
)
def test_another_protocol_is_told_what_to_upgrade(server, version, code):
    with RawClient(server) as raw:
        answer = raw.ask(type="hello", protocol=version)
        assert (answer["type"], answer["code"]) == ("error", code)


def test_inputs_over_the_limit_are_refused_by_their_announcement(server):
    size = 3 << 30
    description = {"name": "a", "dtype": "|u1", "shape": [size], "bytes": size}
    with RawClient(server).hello() as raw:
        answer = raw.ask(
            type="submit", job=uuid.uuid4().hex, task="null", parameters={}, inputs=[description]
        )
    assert (answer["type"], answer["code"]) == ("error", "input-too-large")


@pytest.mark.parametrize(
    "fields",
    [
        {"job": "../../etc/passwd"},
        {"job": "0" * 31 + "/"},
        {"job": None},
        {"inputs": [{"name": "a", "dtype": "|O", "shape": [1], "bytes": 8}]},
        {"inputs": [{"name": "a", "dtype": "|u1", "shape": [10], "bytes": 1}]},
        {"inputs": "all of them"},
        {"parameters": ["a"]},
        {"task": {"a": 1}},
    ],
)
def test_a_malformed_submit_is_refused(server, fields):
    header = {"job": uuid.uuid4().hex, "task": "null", "parameters": {}, "inputs": []} | fields
    with RawClient(server).hello() as raw:
        answer = raw.ask(type="submit", request=3, **header)
        assert (answer["type"], answer["code"], answer["request"]) == ("error", "bad-message", 3)
        assert raw.ask(type="heartbeat")["type"] == "heartbeat"


HEADERS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                *("submit", "chunk", "credit", "attach", "follow", "pause", "resume", "cancel"),
                *("status", "heartbeat", "mystery"),
            ]
        )
    },
    optional={
        "job": st.one_of(st.just("a" * 32), st.text(max_size=40), st.none(), st.integers()),
        "task": st.sampled_from(["null", "sleep", "count", 3]),
        "from": st.one_of(st.integers(-1, 3), st.none()),
        "credit": st.one_of(st.integers(-1, 1 << 21), st.none()),
        "part": st.one_of(st.integers(-1, 3), st.text(max_size=3)),
        "parameters": st.one_of(st.just({}), st.just({"reply_shape": [-1]}), st.integers()),
        "inputs": st.one_of(st.just([]), st.lists(st.dictionaries(st.text(), st.integers()))),
        "name": st.one_of(st.text(max_size=5), st.integers()),
        "offset": st.one_of(st.integers(), st.text(max_size=3)),
        "window": st.one_of(st.integers(), st.none()),
        "request": st.one_of(st.integers(), st.lists(st.integers())),
    },
).map(lambda header: json.dumps(header).encode())
FRAMES = st.lists(st.one_of(HEADERS, st.binary(max_size=50)), min_size=1, max_size=4)


def test_no_message_whatever_stops_the_broker(make_server):
    server = make_server().start()

    @settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(frames=FRAMES)
    def send(frames):
        raw.socket.send_multipart(frames)

    with RawClient(server).hello() as raw:
        send()
        raw.say(type="heartbeat", request=123456789)
        while (answer := raw.hear()) != {"type": "heartbeat", "request": 123456789}:
            assert answer["type"] in (
                *("accepted", "progress", "part", "done", "failed", "cancelled", "chunk"),
                *("credit", "error", "status", "heartbeat"),
            )
            assert answer.get("code") != "internal" or answer["type"] == "failed"
    with server.client() as client:
        assert client.run("null", {}, {"a": np.arange(3)}).arrays["a"].size == 3


def test_the_broker_answers_while_a_job_runs(server):
    with server.client() as client:
        job = client.submit("sleep", {"seconds": 60}, {})
        server.wait_for_step(client, job)
        worker = server.worker(client)
        worker.suspend()
        for _ in range(20):
            assert client.status()["workers"][0]["job"] == job.id
        worker.resume()


def test_an_upload_goes_on_when_another_client_joins(server):
    """Credit that the second client got must not be missed by the first, however often it asks."""
    size, chunk = 24 << 20, 1 << 20
    job = uuid.uuid4().hex
    array = {"name": "x", "dtype": "|u1", "shape": [size], "bytes": size}
    with RawClient(server).hello() as uploader, RawClient(server).hello() as watcher:
        uploader.say(type="submit", job=job, task="null", parameters={}, inputs=[array])
        sent = credited = 0
        while sent < size:
            while sent == credited or uploader.socket.poll(20):
                heard = uploader.hear()
                if heard["type"] == "credit":
                    credited = min(size, heard["offset"] + heard["window"])
            header = {"type": "chunk", "job": job, "name": "x", "offset": sent}
            uploader.socket.send_multipart([json.dumps(header).encode(), bytes(chunk)])
            sent += chunk
            if sent % (3 * chunk) == 0:
                watcher.say(type="attach", job=job)
        heard = {"type": ""}
        while heard["type"] != "done":
            heard = uploader.hear()
