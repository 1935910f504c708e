"""Deaths of workers, brokers and clients at random moments, with parts streaming."""

import multiprocessing
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.generative.tasks import TrainOptions
from zograscope_protocol.job import Job, Part

from tools.torture.drawings import draw_pictures
from tools.torture.server import PATIENCE, Figures, Honest, Server, wait_until, watched

PARTS = 16
VICTIMS = ("worker", "broker", "client")
LONGEST_PAUSE = 1.0  # seconds in which a training pauses, as a rule
Strike = Callable[[], None]


def kills(
    server: Server, honest: Honest, chance: random.Random, victim: str, times: int
) -> Figures:
    """Kill a victim so many times: "worker", "broker" or "client"; now and then pause a job.

    Beside each job that streams another uploads. Lost is what does not come back as it must.
    """
    figures: Figures = {"kills": times, "lost": 0}
    strikes = {"worker": server.kill_workers, "broker": lambda: _restart(server)}
    with watched(server, honest, figures), server.client() as client:
        for number in range(times):
            options = {"parts": PARTS, "seconds": 0.02, "checkpoint_every": chance.choice([0, 3])}
            options["part_bytes"] = chance.randrange(8, 200_000, 8)
            salt = chance.randbytes(1 << chance.randrange(8, 20))
            upload = client.submit("null", {}, {"salt": salt})
            moment = chance.randrange(PARTS)
            pauses = number % 3 == 0
            if victim == "client":
                right = _outlive(server, client, options, moment)
            else:
                right = _stream(client, options, moment, strikes[victim], pauses=pauses)
            figures["lost"] += not (right and _came_back(client, upload, salt))
    figures["half_files"] = server.half_files()
    if victim == "broker":
        del figures["honest_seconds_p99"]  # nobody was there to answer
    return figures


def _restart(server: Server) -> None:
    server.kill()
    server.start()


def _stream(
    client: BlockingClient, options: dict[str, Any], moment: int, strike: Strike, *, pauses: bool
) -> bool:
    """Take a job's parts, strike at one of them; say whether all came once, in order, and right."""
    job = client.submit("count", options, {})
    number = -1
    try:
        for number, part in enumerate(client.parts(job)):
            if not _is_right(part, number, options):
                return False
            if number == moment:
                if pauses:
                    job.pause()
                strike()
                if pauses:
                    job.resume()
    except ZograscopeError as error:
        print(f"a job that streams: {error}", flush=True)
        return False
    return number == options["parts"] - 1 and _sum_is_right(job, options)


def _is_right(part: Part, number: int, options: dict[str, Any]) -> bool:
    data = np.full(options["part_bytes"] // 8, number * (number + 1) // 2)
    return part.number == number and np.array_equal(part.arrays["data"], data)


def _sum_is_right(job: Job, options: dict[str, Any]) -> bool:
    last = options["parts"] - 1
    return job.result is not None and int(job.result.arrays["sum"]) == last * (last + 1) // 2


def _came_back(client: BlockingClient, job: Job, salt: bytes) -> bool:
    try:
        return client.wait(job).bytes("salt") == salt
    except ZograscopeError as error:
        print(f"a job that uploads: {error}", flush=True)
        return False
    finally:
        client.client.forget(job)


def _outlive(server: Server, client: BlockingClient, options: dict[str, Any], moment: int) -> bool:
    """Have a client killed in a process of its own; take up where it was."""
    notes = server.state.parent / "killed_client.txt"
    notes.write_text("")
    job_id = uuid.uuid4().hex
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["zograscope_protocol.blocking", "tools.torture.kills"])
    doomed = context.Process(target=_follow, args=(server.state, job_id, options, notes))
    doomed.start()
    wait_until(lambda: len(notes.read_text().split("\n")) > moment + 1 or not doomed.is_alive())
    doomed.kill()
    doomed.join()
    taken = notes.read_text().split("\n")[:-1]
    if taken != [str(number * (number + 1) // 2) for number in range(len(taken))]:
        return False
    job = client.attach(job_id)
    number = len(taken) - 1
    try:
        for number, part in enumerate(client.parts(job, start=len(taken)), start=len(taken)):
            if not _is_right(part, number, options):
                return False
    except ZograscopeError as error:
        print(f"a job whose client was killed: {error}", flush=True)
        return False
    return number == options["parts"] - 1 and _sum_is_right(job, options)


def _follow(state: Path, job_id: str, options: dict[str, Any], notes: Path) -> None:
    with BlockingClient(state, PATIENCE, "doomed", folder=state) as client:
        job = client.submit("count", options, {}, job_id)
        with notes.open("a") as file:
            for part in client.parts(job):
                print(int(part.arrays["data"][-1]), file=file, flush=True)


def training(server: Server, honest: Honest, chance: random.Random, times: int) -> Figures:
    """Train so often, and kill a victim as it learns, pauses, rests or goes on.

    Victims take turns. Lost is a training whose weights, or count of sample grids, are not those of
    one that nobody disturbed.
    """
    figures: Figures = {"trainings": times, "lost": 0}
    drawings = draw_pictures(server.state.parent / "drawings", chance, 24)
    with watched(server, honest, figures), server.client() as client:
        undisturbed = client.submit(*_training(drawings, "undisturbed").submission())
        wanted = client.wait(undisturbed).bytes("model"), _count_parts(client, undisturbed)
        for number in range(times):
            options = _training(drawings, f"disturbed-{number}")
            try:
                job = _disturbed(server, client, options, chance, VICTIMS[number % len(VICTIMS)])
                weights, parts = client.wait(job).bytes("model"), _count_parts(client, job)
                figures["lost"] += not (_same_weights(weights, wanted[0]) and parts == wanted[1])
            except ZograscopeError as error:
                print(f"a training: {error}", flush=True)
                figures["lost"] += 1
    del figures["honest_seconds_p99"]  # a broker was killed
    figures["half_files"] = server.half_files()
    return figures


def _training(drawings: Path, name: str) -> TrainOptions:
    return TrainOptions(str(drawings), name, images=0.04, batch=4, channels=4, sample_every=100.0)


def _disturbed(
    server: Server,
    client: BlockingClient,
    options: TrainOptions,
    chance: random.Random,
    victim: str,
) -> Job:
    """Return a training that has ended, during which a victim was killed at some moment."""
    job_id = uuid.uuid4().hex
    context = multiprocessing.get_context("forkserver")
    doomed = context.Process(target=_train_and_pause, args=(server.state, options, job_id))
    if victim == "client":
        doomed.start()
        wait_until(lambda: job_id in [known["job"] for known in client.status()["jobs"]])
        job = client.attach(job_id)
    else:
        job = client.submit(*options.submission(), job_id)
    client.client.poll()
    wait_until(lambda: job.stage == "Learning" or job.finished, [client.client])
    if victim != "client":
        job.pause()
    strike_at = time.monotonic() + chance.uniform(0.0, LONGEST_PAUSE)
    wait_until(lambda: time.monotonic() > strike_at, [client.client])
    match victim:
        case "worker":
            server.kill_workers()
        case "broker":
            _restart(server)
        case "client":
            doomed.kill()
            doomed.join()

    def has_ended() -> bool:
        if job.state == "paused":
            job.resume()
        return job.finished

    wait_until(has_ended, [client.client])
    return job


def _train_and_pause(state: Path, options: TrainOptions, job_id: str) -> None:
    """Train, pausing again and again, until somebody ends this process."""
    with BlockingClient(state, PATIENCE, "doomed", folder=state) as client:
        job = client.submit(*options.submission(), job_id)
        while not job.finished:
            wait_until(lambda: job.stage == "Learning" or job.finished, [client.client])
            job.pause()
            wait_until(lambda: job.state == "paused" or job.finished, [client.client])
            job.resume()
            wait_until(lambda: job.state == "running" or job.finished, [client.client])


def _count_parts(client: BlockingClient, job: Job) -> int:
    """Fetch the parts of a job that has ended; say how many there are, one after the other."""
    numbers = [part.number for part in client.parts(client.attach(job.id))]
    return len(numbers) if numbers == list(range(len(numbers))) else -1


def _same_weights(found: bytes, wanted: bytes) -> bool:
    from safetensors.numpy import load

    arrays, others = load(found), load(wanted)
    return arrays.keys() == others.keys() and all(
        np.array_equal(arrays[name], others[name]) for name in arrays
    )
