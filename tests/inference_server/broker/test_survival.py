"""Whoever is killed, at whatever moment: the work that was done is kept, and the rest is done."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError

LONG = {"seconds": 1.5, "steps": 15}


def assert_slept(result, steps=15):
    np.testing.assert_array_equal(result.arrays["steps"], np.arange(steps))


def test_a_killed_worker_costs_one_retry(server):
    with server.client() as client:
        job = client.submit("sleep", LONG, {})
        server.wait_for_step(client, job)
        killed = server.worker(client)
        killed.kill()
        assert_slept(client.wait(job))
        assert server.worker(client).pid != killed.pid
    assert server.temporary_files() == []


def test_a_job_that_kills_its_worker_twice_fails_and_the_next_is_done(server):
    with server.client() as client:
        deadly = client.submit("sleep", {"seconds": 30, "steps": 300}, {})
        other = client.submit("sleep", {"seconds": 0.1, "steps": 2}, {})
        for _ in range(2):
            deadly.stage = ""
            server.wait_for_step(client, deadly)
            server.worker(client).kill()
            server.wait_until(
                lambda: client.status()["workers"][0]["job"] != deadly.id, "the worker's loss"
            )
        with pytest.raises(ZograscopeError) as caught:
            client.wait(deadly)
        assert caught.value.code == "worker-died"
        assert_slept(client.wait(other), 2)


def test_a_killed_broker_takes_up_its_jobs_and_its_client_finds_it_again(server):
    with server.client() as client:
        running = client.submit("sleep", LONG, {})
        queued = client.submit("sleep", {"seconds": 0.1, "steps": 3}, {})
        server.wait_for_step(client, running)
        orphan = server.worker(client)
        server.kill()
        orphan.wait(30)
        server.start()
        assert_slept(client.wait(running))
        assert_slept(client.wait(queued), 3)
    assert server.temporary_files() == []


def test_what_was_done_before_the_broker_died_is_served_from_the_spool(server):
    with server.client() as client:
        job = client.submit("sleep", {"seconds": 0.1, "steps": 3}, {})
        client.wait(job)
    server.kill()
    (result,) = (server.state / "spool" / "results").iterdir()
    written = result.stat().st_ino
    server.start()
    with server.client() as client:
        assert_slept(client.wait(client.attach(job.id)), 3)
        assert client.run("sleep", {"seconds": 0.1, "steps": 3}, {}).cached
    assert result.stat().st_ino == written


def test_a_result_that_the_broker_never_heard_of_is_not_computed_again(server):
    results = server.state / "spool" / "results"
    with server.client() as client:
        job = client.submit("sleep", {"seconds": 0.5, "steps": 5}, {})
        server.wait_for_step(client, job)
        server.process.send_signal(signal.SIGSTOP)
        finished = lambda: [path for path in results.iterdir() if path.name[0] != "."]  # noqa: E731
        server.wait_until(finished, "the result file")
        written = finished()[0].stat()
        server.kill()
        server.start()
        assert_slept(client.wait(job), 5)
    assert finished()[0].stat().st_ino == written.st_ino


def test_an_upload_goes_on_after_the_broker_was_killed(server):
    photograph = np.random.default_rng(1).integers(0, 256, (40 << 20), np.uint8)
    inputs = server.state / "spool" / "inputs"
    with server.client() as client:
        job = client.submit("null", {}, {"photograph": photograph})
        server.wait_until(
            lambda: client.client.poll(0) or any(f.stat().st_size for f in inputs.glob("*/0")),
            "the first bytes",
        )
        server.kill()
        (held,) = (path.stat().st_size for path in inputs.glob("*/0"))
        assert 0 < held < photograph.nbytes
        server.start()
        assert next(iter(inputs.glob("*/0"))).stat().st_size == held
        np.testing.assert_array_equal(client.wait(job).arrays["photograph"], photograph)


CLIENT = """
import sys
from pathlib import Path
from zograscope_protocol.blocking import BlockingClient

folder = Path(sys.argv[1])
client = BlockingClient(folder, folder=folder)
job = client.submit("sleep", {"seconds": 1.5, "steps": 15}, {})
while job.state != "running":
    client.client.wait(0.1)
    client.client.poll()
print(job.id, flush=True)
client.wait(job)
"""


def test_a_new_client_takes_over_from_a_killed_one(server):
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(server.state)], stdout=subprocess.PIPE, text=True
    )
    job_id = process.stdout.readline().strip()
    process.kill()
    process.wait()
    with server.client() as client:
        assert_slept(client.wait(client.attach(job_id)))


def test_a_stopped_server_goes_on_with_its_jobs(server):
    with server.client() as client:
        job = client.submit("sleep", LONG, {})
        server.wait_for_step(client, job)
        server.stop()
        assert not (server.state / "connection.json").exists()
        server.start()
        assert_slept(client.wait(job))
