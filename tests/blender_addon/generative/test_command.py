"""The command saves a scene beside its frames, with relative paths."""

from types import SimpleNamespace

import bpy
import pytest

from .conftest import FRAMES, SIDE, encode_png, frame, walked, wild_disparity


class Server:
    """What the command asks, answered at once."""

    def __init__(self, connection=None, client_name=""):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def submit(self, task, parameters, inputs):
        assert (task, parameters["seed"]) == ("walk", 7)
        return SimpleNamespace(id="job", fraction=0.5, stage="Dreaming", detail="")

    def parts(self, job):
        for number in range(FRAMES):
            yield SimpleNamespace(number=number, arrays={"file": encode_png(frame(number))})

    def wait(self, job):
        arrays, metadata = walked(FRAMES, 30.0, FRAMES / 30)
        return SimpleNamespace(arrays=arrays, metadata=metadata | {"warnings": ["It is silent."]})

    def run(self, task, parameters, inputs, on_progress=None):
        assert task == "diorama"
        return SimpleNamespace(arrays={"disparity": wild_disparity(8, 8)})


@pytest.mark.parametrize(
    ("options", "folders"),
    [
        ([], ["//made/0001.png"]),
        (["--show", "world"], ["//made/0001.png"]),
        (["--show", "sequencer"], ["//made/0001.png"]),
        (["--show", "relief"], ["//made/0001.png"] * 2),
        (
            ["--show", "relief", "--height", "depth"],
            ["//made/0001.png", "//made/depth/0001.png"],
        ),
    ],
)
def test_a_scene_of_each_kind(zograscope, module, tmp_path, monkeypatch, capsys, options, folders):
    monkeypatch.setattr(module("generative.command"), "BlockingClient", Server)
    output = tmp_path / "made.blend"
    asked = ["walk", "--seed", "7", "--output", str(output), *options]
    assert module("command_line").run(asked) == 0
    told = capsys.readouterr()
    assert "It is silent." in told.err
    assert f"scene: {output}" in told.out
    bpy.ops.wm.open_mainfile(filepath=str(output))
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end) == (1, FRAMES)
    assert scene.render.fps / scene.render.fps_base == pytest.approx(30)
    flat = "world" not in options and "relief" not in options
    resolution = (scene.render.resolution_x, scene.render.resolution_y)
    assert (resolution == (SIDE, SIDE)) == flat
    paths = [image.filepath for image in bpy.data.images if image.source == "SEQUENCE"]
    assert sorted(paths) == folders
    (sound,) = bpy.data.sounds
    assert sound.filepath == "//made/sound.wav"
    assert len([*(tmp_path / "made").glob("0*.png")]) == FRAMES
