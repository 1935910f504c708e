"""Whoever is killed while a portrait moves: it goes on at the first missing frame.

Each test asks under another file name, so that none is answered from what another has done.
"""

import numpy as np
import pytest
from zograscope_protocol.portrait.tasks import PortraitOptions

from ..conftest import Server
from .conftest import as_png, expression, from_png

FRAMES = 12


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("state"), "--threads", "1").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def inputs(drawn, draw_clip, tmp_path_factory) -> dict[str, np.ndarray]:
    frames = drawn.draw_clip(256, FRAMES)
    file = draw_clip(tmp_path_factory.mktemp("clip") / "actor.mkv", frames)
    return {"image": as_png(drawn.draw_face(256)), "driver": np.fromfile(file, np.uint8)}


@pytest.fixture(scope="module")
def undisturbed(server, inputs) -> np.ndarray:
    """The frames as they are where nobody dies."""
    with server.client() as client:
        return pixels(client.parts(submit(client, inputs, "undisturbed")))


def submit(client, inputs, name: str):
    return client.submit(*PortraitOptions(file_name=name).submission(inputs))


def pixels(parts) -> np.ndarray:
    return np.stack([from_png(part.arrays["file"]) for part in parts])


def files(parts) -> list[bytes]:
    return [part.arrays["file"].tobytes() for part in parts]


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_after_a_death_it_goes_on_at_the_first_missing_frame(server, inputs, undisturbed, victim):
    with server.client() as client:
        job = submit(client, inputs, victim)
        taken = []
        for part in client.parts(job):
            taken.append(part)
            if part.number == 4:
                worker = server.worker(client)
                if victim == "worker":
                    worker.kill()
                else:
                    server.kill()
                    worker.wait(30)
                    server.start()
        assert [part.number for part in taken] == list(range(FRAMES))
        again = list(client.parts(client.attach(job.id)))
        assert files(again) == files(taken), "a signed frame is never made twice"
        assert len(client.wait(job).arrays["times"]) == FRAMES
        np.testing.assert_array_equal(pixels(taken), undisturbed)
    assert server.temporary_files() == []


def test_a_death_while_the_driver_is_followed(server, inputs, undisturbed):
    with server.client() as client:
        job = submit(client, inputs, "followed")
        server.wait_until(
            lambda: client.client.poll() or job.stage.startswith("Following"), "the driver"
        )
        server.worker(client).kill()
        np.testing.assert_array_equal(pixels(client.parts(job)), undisturbed)


@pytest.mark.parametrize("by", ["driver", "curves"])
def test_it_pauses_and_goes_on_where_it_was(server, inputs, undisturbed, by):
    given, count = dict(inputs), FRAMES
    if by == "curves":
        del given["driver"]
        count = 2 * FRAMES
        jaw = np.sin(np.linspace(0, 9, count)) ** 2
        given["curves"] = np.stack([expression(jawOpen=value) for value in jaw]).astype(np.float32)
    with server.client() as client:
        job = submit(client, given, f"paused {by}")
        server.wait_until(lambda: client.client.poll() or job.parts >= 3, "three frames")
        client.pause(job)
        assert job.state == "paused"
        before = job.parts
        assert 3 <= before < count
        client.run("sleep", {"seconds": 0.1, "steps": 1}, {})
        assert (job.state, job.parts) == ("paused", before)
        client.resume(job)
        taken = list(client.parts(job))
        assert [part.number for part in taken] == list(range(count))
        if by == "driver":
            np.testing.assert_array_equal(pixels(taken), undisturbed)
