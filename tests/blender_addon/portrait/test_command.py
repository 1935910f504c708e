"""The command saves a scene beside its frames and sound, with relative paths."""

import argparse
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from .conftest import (
    HEIGHT,
    WIDTH,
    encode_png,
    encode_relief,
    frame,
    make_result,
    moved,
    wild_disparity,
)

FRAMES = 4


class Server:
    """What the command asks, answered at once."""

    def __init__(self, connection=None, client_name=""):
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def run(self, task, parameters, inputs, on_progress=None):
        assert task == "diorama"
        arrays, metadata = make_result(frame(0), wild_disparity(20, 24, seed=4))
        metadata["depth"] |= {"model": "test", "licence": "none"}
        return SimpleNamespace(arrays=arrays, metadata=metadata | {"paper_border": None})

    def submit(self, task, parameters, inputs):
        assert task == "portrait"
        assert bytes(inputs["driver"]) == b"a video"
        return SimpleNamespace(id="job", fraction=0.5, stage="Moving", detail="")

    def parts(self, job):
        relief = np.full((5, 6), 32768, np.uint16)
        for number in range(FRAMES):
            arrays = {"file": encode_png(frame(number)), "relief": encode_relief(relief)}
            yield SimpleNamespace(number=number, arrays=arrays)

    def wait(self, job):
        arrays, metadata = moved(FRAMES, 30 / 1.001, FRAMES * 1.001 / 30)
        return SimpleNamespace(arrays=arrays, metadata=metadata | {"warnings": ["It turns far."]})


@pytest.mark.parametrize("onto", [False, True])
def test_a_scene_with_frames_and_sound(
    zograscope, module, files, tmp_path, monkeypatch, capsys, onto
):
    from zograscope_protocol.portrait.tasks import PortraitOptions

    command = module("portrait.command")
    asked = SimpleNamespace(
        options=PortraitOptions(relief=onto),
        source=files.picture,
        driver=files.driver,
        output=tmp_path / "made" / "scene.blend",
        onto_diorama=onto,
        connection=None,
        contact_sheet=tmp_path / "made" / "sheet.png",
        json=False,
    )
    monkeypatch.setattr(command, "BlockingClient", Server)
    monkeypatch.setattr(command, "parse_portrait", lambda arguments: asked)
    assert command.run(argparse.Namespace()) == 0
    assert "It turns far." in capsys.readouterr().err
    assert asked.contact_sheet.is_file()
    folder = tmp_path / "made" / "scene"
    numbers = [f"{number + 1:04d}.png" for number in range(FRAMES)]
    assert sorted(path.name for path in folder.glob("*.png")) == numbers
    assert sorted(path.name for path in (folder / "relief").glob("*")) == numbers * onto

    bpy.ops.wm.open_mainfile(filepath=str(asked.output))
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1, FRAMES)
    assert scene.render.fps / scene.render.fps_base == pytest.approx(30 / 1.001)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (WIDTH, HEIGHT)
    paths = [image.filepath for image in bpy.data.images if image.source == "SEQUENCE"]
    assert sorted(paths) == ["//scene/0001.png"] + ["//scene/relief/0001.png"] * onto
    (sound,) = bpy.data.sounds
    assert sound.filepath == "//scene/sound.wav"
    assert len([*module("depth.diorama").dioramas(scene)]) == onto
