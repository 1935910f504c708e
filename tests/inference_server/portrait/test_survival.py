"""Whoever is killed while a portrait moves: it goes on at the first missing frame."""

import numpy as np
import pytest
from zograscope_protocol.portrait.tasks import PortraitOptions

from .conftest import as_png, expression, from_png

FRAMES = 16


@pytest.fixture(scope="module")
def inputs(drawn, draw_clip, tmp_path_factory) -> dict[str, np.ndarray]:
    frames = drawn.draw_clip(256, FRAMES)
    file = draw_clip(tmp_path_factory.mktemp("clip") / "actor.mkv", frames)
    return {"image": as_png(drawn.draw_face(256)), "driver": np.fromfile(file, np.uint8)}


def pixels(parts) -> np.ndarray:
    return np.stack([from_png(part.arrays["file"]) for part in parts])


def files(parts) -> list[bytes]:
    return [part.arrays["file"].tobytes() for part in parts]


def undisturbed(client, inputs) -> np.ndarray:
    """The frames of another question with the same answer: its file has another name."""
    job = client.submit(*PortraitOptions(file_name="other").submission(inputs))
    return pixels(client.parts(job))


@pytest.mark.parametrize("victim", ["worker", "server"])
def test_after_a_death_it_goes_on_at_the_first_missing_frame(server, inputs, victim):
    with server.client() as client:
        job = client.submit(*PortraitOptions().submission(inputs))
        taken = []
        for part in client.parts(job):
            taken.append(part)
            if part.number == 4:
                if victim == "worker":
                    server.worker(client).kill()
                else:
                    orphan = server.worker(client)
                    server.kill()
                    orphan.wait(30)
                    server.start()
        assert [part.number for part in taken] == list(range(FRAMES))
        again = list(client.parts(client.attach(job.id)))
        assert files(again) == files(taken), "a signed frame is never made twice"
        result = client.wait(job)
        assert len(result.arrays["times"]) == FRAMES
        np.testing.assert_array_equal(pixels(taken), undisturbed(client, inputs))
    assert server.temporary_files() == []


def test_a_death_while_the_driver_is_followed(server, inputs):
    with server.client() as client:
        job = client.submit(*PortraitOptions().submission(inputs))
        server.wait_until(
            lambda: client.client.poll() or job.stage.startswith("Following"), "the driver"
        )
        server.worker(client).kill()
        assert len(list(client.parts(job))) == FRAMES


@pytest.mark.parametrize("by", ["driver", "curves"])
def test_it_pauses_and_goes_on_where_it_was(server, inputs, by):
    given = dict(inputs)
    if by == "curves":
        del given["driver"]
        jaw = np.sin(np.linspace(0, 9, 2 * FRAMES)) ** 2
        given["curves"] = np.stack([expression(jawOpen=value) for value in jaw]).astype(np.float32)
    count = FRAMES if by == "driver" else 2 * FRAMES
    with server.client() as client:
        job = client.submit(*PortraitOptions().submission(given))
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
            np.testing.assert_array_equal(pixels(taken), undisturbed(client, inputs))
