"""Made-up results of the tasks of dreaming, and what sends them."""

import numpy as np
import pytest

from ..depth.conftest import encode_png, render, wild_disparity
from ..portrait.conftest import answer, encode_sound, module

__all__ = ["answer", "encode_png", "encode_sound", "module", "render", "wild_disparity"]

SIDE, FRAMES = 16, 5


def frame(number: int, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    """A picture in which every pixel differs, and every frame too."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


def walked(count: int, rate: float = 24.0, seconds: float | None = None, size=(SIDE, SIDE)):
    """Return a made-up result of `walk`, with sound of some seconds."""
    arrays = {"times": np.arange(count) / rate, "steps": np.ones(count - 1, np.float32)}
    metadata = {"rate": rate, "size": list(size), "frames": count, "first": 0, "model": "maps"}
    metadata |= {"sound_suffix": None, "warnings": []}
    if seconds is not None:
        arrays["sound"], metadata["sound_suffix"] = encode_sound(seconds), ".wav"
    return arrays, metadata


def sampled(count: int = 6, columns: int = 3, first: int = 10):
    """Return a made-up result of `samples`: each of one colour."""
    grid = np.concatenate(
        [
            np.concatenate(
                [
                    np.full((SIDE, SIDE, 3), 40 * (row * columns + column), np.uint8)
                    for column in range(columns)
                ],
                axis=1,
            )
            for row in range(-(-count // columns))
        ]
    )
    arrays = {"grid": encode_png(grid), "latents": np.zeros((count, 1, 8), np.float32)}
    metadata = {"seeds": [first + number for number in range(count)], "columns": columns}
    return arrays, metadata | {"size": [SIDE, SIDE], "model": "maps", "directions": 8}


def mapped(side: int = 4, width: int = SIDE, height: int = SIDE):
    """Return a made-up result of `latent_map`."""
    picture = frame(3, side * height, side * width)
    arrays = {"map": encode_png(picture), "seeds": np.arange(side * side).reshape(side, side)}
    return arrays, {"side": side, "size": [width, height], "model": "maps"}


def stream(link, *numbers: int, size: tuple[int, int] = (SIDE, SIDE)) -> None:
    """Let the server send frames of its only job, and Blender take them."""
    (job,) = link.jobs
    for number in numbers:
        job.send(number, file=encode_png(frame(number, size[1], size[0])))
    while job.sent:
        link.tick()


def settle(link, job) -> None:
    """Let Blender take all that has come of a job, which takes several ticks on a slow machine."""
    while job.sent if not job.finished else any(job is other for other in link.jobs):
        link.tick()


@pytest.fixture
def settings(scene, tmp_path):
    """The settings of a saved file's scene."""
    import bpy

    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    return bpy.context.scene.zograscope_generative


@pytest.fixture
def asked(fake_link, monkeypatch):
    """asked[task] -> the parameters and inputs that the server was asked last."""
    noted = {}
    real = type(fake_link._client).submit

    def submit(self, task, parameters, inputs, job_id=None):
        noted[task] = (dict(parameters), dict(inputs))
        return real(self, task, parameters, inputs, job_id)

    monkeypatch.setattr(type(fake_link._client), "submit", submit)
    return noted
