"""Parts come while their job runs, each once, in order, byte-equal, whoever dies meanwhile."""

import random
import subprocess
import sys

import numpy as np
import pytest
from zograscope_protocol.errors import ZograscopeError

COUNT = {"parts": 12, "part_bytes": 3 << 20, "checkpoint_every": 4}
SLOW = {"parts": 30, "part_bytes": 1 << 10, "seconds": 0.05, "checkpoint_every": 5}


def sums(count: int) -> list[int]:
    return np.arange(count).cumsum().tolist()


def check(part, number: int, part_bytes: int) -> None:
    assert part.number == number
    assert part.metadata == {"sum": sums(number + 1)[-1]}
    expected = np.full(part_bytes // 8, sums(number + 1)[-1])
    assert part.arrays["data"].dtype == np.int64
    np.testing.assert_array_equal(part.arrays["data"], expected)


def test_parts_come_in_order_and_before_the_end(server):
    with server.client() as client:
        job = client.submit("count", SLOW, {})
        states = []
        for number, part in enumerate(client.parts(job)):
            check(part, number, SLOW["part_bytes"])
            states.append(job.state)
        assert number == SLOW["parts"] - 1
        assert states[0] == "running"
        assert job.result.arrays["sum"] == sums(SLOW["parts"])[-1]


def test_large_parts_come_whole_through_a_small_window(server):
    with server.client() as client:
        job = client.submit("count", COUNT, {})
        for number, part in enumerate(client.parts(job, window=1)):
            check(part, number, COUNT["part_bytes"])
        assert number == COUNT["parts"] - 1


def test_who_does_not_take_parts_is_not_flooded(server):
    with server.client() as client:
        job = client.submit("count", COUNT, {})
        job.follow(window=3)
        watcher = client.submit("sleep", {"seconds": 0.3, "steps": 3}, {})
        client.wait(watcher)
        server.wait_until(
            lambda: client.client.poll() or job.parts == COUNT["parts"], "the last part"
        )
        assert not job.finished
        assert len(job._follow.incoming) <= 3


def test_a_client_of_1_0_gets_the_result_as_before(server):
    with server.client() as client:
        assert client.run("count", COUNT, {}).arrays["sum"] == sums(COUNT["parts"])[-1]


def test_the_parts_of_a_job_that_was_waited_for_can_be_had_afterwards(server):
    with server.client() as client:
        job = client.submit("count", {"parts": 5}, {})
        client.wait(job)
        assert [part.metadata["sum"] for part in client.parts(job)] == sums(5)
        assert [part.number for part in client.parts(job, start=3)] == [3, 4]


def test_who_comes_later_follows_from_the_part_that_it_lacks(server):
    with server.client() as client:
        job = client.submit("count", COUNT, {})
        client.wait(job)
    with server.client() as other:
        attached = other.attach(job.id)
        for number, part in enumerate(other.parts(attached, start=7), start=7):
            check(part, number, COUNT["part_bytes"])
        assert number == COUNT["parts"] - 1
        assert other.run("count", COUNT, {}).cached


def test_the_same_question_asked_meanwhile_streams_too(server):
    with server.client() as client:
        first = client.submit("count", SLOW, {})
        server.wait_for_step(client, first)
        twin = client.submit("count", SLOW, {})
        taken = [part.number for part in client.parts(twin)]
        assert taken == list(range(SLOW["parts"]))
        assert twin.result.cached
        assert client.wait(first).metadata == {}


@pytest.mark.parametrize("seed", range(3))
def test_whoever_is_killed_every_part_comes_once_and_in_order(server, seed):
    """Three kills at random moments, of worker and broker by turns."""
    chance = random.Random(seed)
    options = SLOW | {"parts": 40, "part_bytes": (1 << 20) + 8 * seed}
    kills = sorted(chance.sample(range(2, 38), 3))
    victims = ["worker", "broker", "worker"] if seed % 2 else ["broker", "worker", "broker"]
    with server.client() as client:
        job = client.submit("count", options, {})
        number = -1
        for number, part in enumerate(client.parts(job)):
            check(part, number, options["part_bytes"])
            if kills and number == kills[0]:
                kills.pop(0)
                if victims.pop(0) == "worker":
                    server.worker(client).kill()
                else:
                    orphan = server.worker(client)
                    server.kill()
                    orphan.wait(30)
                    server.start()
        assert number == options["parts"] - 1
        assert job.result.arrays["sum"] == sums(options["parts"])[-1]
    parts = server.state / "spool" / "parts"
    assert [len(list(folder.iterdir())) for folder in parts.iterdir()] == [options["parts"]]


CLIENT = """
import sys
from pathlib import Path
from zograscope_protocol.blocking import BlockingClient

folder, parameters = Path(sys.argv[1]), eval(sys.argv[2])
client = BlockingClient(folder, folder=folder)
job = client.submit("count", parameters, {})
print(job.id, flush=True)
for part in client.parts(job):
    print(part.number, int(part.arrays["data"][0]), flush=True)
"""


def test_a_client_that_was_killed_takes_up_at_its_first_missing_part(server):
    command = [sys.executable, "-c", CLIENT, str(server.state), repr(SLOW)]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    job_id = killed.stdout.readline().strip()
    taken = [int(killed.stdout.readline().split()[1]) for _ in range(6)]
    killed.kill()
    taken += [int(line.split()[1]) for line in killed.stdout.read().splitlines()]
    with server.client() as client:
        job = client.attach(job_id)
        taken += [part.metadata["sum"] for part in client.parts(job, start=len(taken))]
    assert taken == sums(SLOW["parts"])


def test_a_full_spool_ends_the_job_in_words_and_keeps_what_came(make_server):
    server = make_server("--spool-limit", "0.01").start()
    with server.client() as client:
        job = client.submit("count", COUNT | {"parts": 100, "seconds": 0.05}, {})
        taken = []
        with pytest.raises(ZograscopeError) as caught:
            taken.extend(part.number for part in client.parts(job))
        assert caught.value.code == "spool-full"
        assert client.run("count", {"parts": 3}, {}).arrays["sum"] == 3


def test_a_cancelled_job_leaves_nothing_behind(server):
    with server.client() as client:
        job = client.submit("count", SLOW, {})
        server.wait_for_step(client, job)
        client.cancel(job)
        assert job.state == "cancelled"
    spool = server.state / "spool"
    server.wait_until(
        lambda: (
            not [
                path
                for name in ("parts", "checkpoints", "rubbish")
                for path in (spool / name).iterdir()
            ]
        ),
        "an empty spool",
    )


@pytest.mark.parametrize("start", [0, 3])
def test_an_answer_that_is_kept_streams_to_who_follows_from_the_start(server, start):
    """A question that was answered before: its parts were all made before anybody asked."""
    with server.client() as client:
        client.run("count", COUNT, {})
        again = client.submit("count", COUNT, {})
        numbers = [part.number for part in client.parts(again, start)]
        assert numbers == list(range(start, COUNT["parts"]))
        assert again.result.cached
