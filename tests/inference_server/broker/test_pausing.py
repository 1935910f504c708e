"""Long jobs pause: when asked, for a short job, and through deaths of all kinds."""

import random
import time

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError

from .test_streaming import sums

SLOW = {"parts": 40, "seconds": 0.05, "checkpoint_every": 5}


def wait_for_parts(server, client, job, count: int) -> None:
    server.wait_until(lambda: client.client.poll() or job.parts >= count, f"{count} parts")


def test_a_paused_job_rests_and_goes_on_where_it_was(server):
    with server.client() as client:
        job = client.submit("count", SLOW, {})
        wait_for_parts(server, client, job, 3)
        client.pause(job)
        assert job.state == "paused"
        parts = job.parts
        assert client.run("sleep", {"seconds": 0.2, "steps": 2}, {})
        assert (job.state, job.parts) == ("paused", parts), "its worker is free, and it rests"
        client.resume(job)
        assert client.wait(job).arrays["sum"] == sums(40)[-1]


def test_a_pause_survives_the_broker_and_the_client(server):
    with server.client() as client:
        job = client.submit("count", SLOW, {})
        wait_for_parts(server, client, job, 3)
        client.pause(job)
    server.kill()
    server.start()
    with server.client() as client:
        again = client.attach(job.id)
        server.worker(client)
        client.run("sleep", {"seconds": 0.1, "steps": 1}, {})
        assert again.state == "paused"
        client.resume(again)
        parts = [part.metadata["sum"] for part in client.parts(again)]
        assert parts == sums(40)


def test_a_queued_job_can_be_paused(server):
    with server.client() as client:
        busy = client.submit("sleep", {"seconds": 0.5, "steps": 5}, {})
        job = client.submit("count", SLOW, {})
        client.pause(job)
        client.wait(busy)
        assert job.state == "paused"
        client.resume(job)
        client.wait(job)


def test_what_is_paused_on_its_way_in_rests_when_it_is_here_and_outlives_the_power(server):
    salt = np.zeros(30 << 20, np.uint8)
    with server.client() as client:
        job = client.submit("count", SLOW, {"salt": salt})
        client.pause(job)
        assert (job.state, job.parts) == ("paused", 0)
        server.wait_until(lambda: list(server.state.glob("spool/inputs/*/durable")), "the sync")
        client.resume(job)
        assert client.wait(job).arrays["sum"] == sums(40)[-1]


def test_a_task_that_cannot_pause_says_so_and_goes_on(server):
    with server.client() as client:
        job = client.submit("sleep", {"seconds": 1, "steps": 10}, {})
        server.wait_for_step(client, job)
        with pytest.raises(ZograscopeError) as caught:
            client.pause(job)
        assert caught.value.code == "cannot-pause"
        assert not job.pausable
        assert client.wait(job).arrays["steps"].size == 10


def test_a_short_job_does_not_wait_for_a_long_one(server):
    with server.client() as client:
        long = client.submit("count", SLOW | {"parts": 400}, {})
        assert server.wait_for_step(client, long) is None
        assert long.pausable
        short = [client.submit("sleep", {"seconds": 0.1, "steps": n}, {}) for n in (1, 2)]
        for job in short:
            client.wait(job)
        assert long.state in ("queued", "running")
        assert long.parts < 400
        wait_for_parts(server, client, long, long.parts + 2)
        assert long.state == "running", "it goes on by itself"
        client.cancel(long)


def test_a_worker_that_dies_between_checkpoints_costs_what_came_after_the_last(server):
    """Deaths count from checkpoint to checkpoint: here are four, and the job is done."""
    with server.client() as client:
        job = client.submit("count", SLOW | {"parts": 60}, {})
        for number, part in enumerate(client.parts(job)):
            assert part.metadata["sum"] == sums(60)[number]
            if number in (7, 17, 27, 37):
                server.worker(client).kill()
        assert number == 59


def test_a_job_that_dies_twice_without_a_checkpoint_fails(server):
    with server.client() as client:
        job = client.submit("count", SLOW | {"checkpoint_every": 0, "parts": 100}, {})
        with pytest.raises(ZograscopeError) as caught:
            for part in client.parts(job):
                if part.number in (4, 9):
                    server.worker(client).kill()
        assert caught.value.code == "worker-died"


@pytest.mark.parametrize("seed", range(2))
def test_paused_and_killed_at_random_it_ends_as_an_undisturbed_run(server, seed):
    chance = random.Random(seed)
    options = SLOW | {"parts": 60, "seconds": 0.03}
    taken, disturbed, killed_at = [], 0, -8
    with server.client() as client:
        job = client.submit("count", options, {})
        job.follow()
        while not job.finished or job.has_part:
            client.client.wait(0.02)
            client.client.poll()
            while (part := job.take_part()) is not None:
                taken.append((part.number, part.metadata["sum"]))
            match chance.randrange(60):
                case 0 if job.state == "running":
                    job.pause()
                    disturbed += 1
                case 1 | 2 | 3 | 4:
                    job.resume()
                case 5 if job.state == "running" and job.parts >= killed_at + 8:
                    # Once between two checkpoints: twice would be the end of it.
                    killed_at = job.parts
                    server.worker(client).kill()
                    time.sleep(0.3)
                    disturbed += 1
                case 6 if job.state in ("running", "paused"):
                    server.kill()
                    server.start()
                    disturbed += 1
        assert job.error is None, job.error
    assert taken == list(enumerate(sums(60)))
    assert disturbed


def test_a_server_that_stops_lets_long_jobs_save_how_far_they_are(server):
    with server.client() as client:
        job = client.submit("count", SLOW | {"checkpoint_every": 0, "parts": 30}, {})
        wait_for_parts(server, client, job, 4)
        server.stop()
        (checkpoint,) = (server.state / "spool" / "checkpoints").glob("*/*-*")
        assert int(checkpoint.name.partition("-")[2]) >= 4
        server.start()
        assert client.wait(job).arrays["sum"] == sums(30)[-1]


def test_after_a_power_cut_a_paused_job_goes_on_and_nothing_else_is_left(server):
    with server.client() as client:
        done = client.submit("sleep", {"seconds": 0.1, "steps": 1}, {})
        client.wait(done)
        job = client.submit("count", SLOW, {"salt": b"abc"})
        wait_for_parts(server, client, job, 7)
        client.pause(job)
    server.kill()
    (server.state / "spool" / "boot").write_text("1000000.0")
    server.start()
    with server.client() as client:
        with pytest.raises(ZograscopeError, match="no longer knows"):
            client.wait(client.attach(done.id))
        again = client.attach(job.id)
        server.wait_until(lambda: client.client.poll() or again.state == "paused", "its state")
        client.resume(again)
        assert [part.metadata["sum"] for part in client.parts(again)] == sums(40)
