"""Dreams in Blender, through every process that it takes: from the panel to rendered frames.

The embedded model dreams; what the server made is held against what Blender renders of it, with
neither extension nor server.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FRAMES = 4

LOOK = """
import json, sys
import bpy
path, folder, *numbers = sys.argv[-5:]
bpy.ops.wm.open_mainfile(filepath=path)
assert not [name for name in bpy.context.preferences.addons.keys() if "zograscope" in name]
scene = bpy.context.scene
scene.render.engine = "BLENDER_WORKBENCH"
scene.display.render_aa = "OFF"
scene.render.image_settings.file_format = "PNG"
for number in numbers:
    scene.frame_set(int(number))
    scene.render.filepath = f"{folder}/rendered-{number}.png"
    bpy.ops.render.render(write_still=True)
print(json.dumps({
    "frames": [scene.frame_start, scene.frame_end],
    "rate": scene.render.fps / scene.render.fps_base,
    "paths": [image.filepath for image in bpy.data.images if image.source == "SEQUENCE"],
}))
"""

PANEL = """
import importlib, json, sys, time
import bpy
from mathutils import Vector
zip_file, folder, frames = sys.argv[-3:]
bpy.ops.extensions.package_install_files(
    filepath=zip_file, repo="user_default", enable_on_install=True
)
def module(name):
    return importlib.import_module("bl_ext.user_default.zograscope." + name)
link = module("server_link").link
def pump():
    ends = time.monotonic() + 240
    while link.pending and time.monotonic() < ends:
        time.sleep(min(link.tick(), 0.02))
    assert not link.errors and not link.pending, (link.errors, [job.state for job in link.jobs])
bpy.ops.wm.read_homefile(use_empty=True)
bpy.ops.wm.save_as_mainfile(filepath=folder + "/work.blend")
scene = bpy.context.scene
settings = scene.zograscope_generative
settings.sample_count, settings.sample_seed = 6, 40
bpy.ops.zograscope.show_samples()
pump()
samples, board = module("generative.samples"), module("generative.boards").find(scene, "samples")
bpy.context.view_layer.update()
keyframes = module("generative.keyframes")
for across in (-0.4, 0.4):  # as clicks on the upper row's first and last would
    place = board.plane.matrix_world @ Vector((across, 0.3, 0))
    seed = samples.seed_along(board, (place.x, -5, place.z), (0, 1, 0))
    keyframes.toggle_seed(settings, seed)
bpy.ops.zograscope.show_latent_map()
pump()
found = module("generative.latent_map").find(scene)
found.point.location = (0.2, -0.1, 0)
bpy.context.view_layer.update()
while not link.connected:
    link.tick()
module("generative.latent_preview").ask()
pump()
preview = found.preview.data.materials[0].node_tree.nodes["Picture"].image
settings.frames, settings.even = int(frames), False
settings.show, settings.height = "RELIEF", "DEPTH"
bpy.ops.zograscope.dream_walk()
pump()
own = next(other for other in bpy.data.scenes if other != scene)
bpy.ops.wm.save_mainfile()
print(json.dumps({
    "seeds": [keyframe.seed for keyframe in own.zograscope_generative.keyframes],
    "preview": list(preview.size),
    "end": own.frame_end,
    "heights": [image.filepath for image in bpy.data.images if image.name.endswith("heights")],
}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The state folder of a server that runs for these tests."""
    own = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [sys.executable, "-m", "zograscope_server.command_line", "serve", "--state", own],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None and process.stdout.readline()
    yield own
    process.terminate()
    process.wait()


def run_in_blender(python: Path, script: str, *arguments: object, **environment: str) -> dict:
    """What a script in Blender prints last, as JSON."""
    done = subprocess.run(
        [python, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_a_scene_plays_its_walk_by_itself_and_a_loop_repeats(
    zograscope, home, blender_python, tmp_path
):
    output = tmp_path / "made" / "dream.blend"
    asked = ("--frames", FRAMES, "--seed", 3, "--uneven", "--output", output, "--json")
    done = zograscope("walk", *asked, ZOGRASCOPE_HOME=str(home))
    assert done.returncode == 0, done.stdout + done.stderr
    moved = output.parent.rename(tmp_path / "elsewhere") / output.name
    numbers = (2, FRAMES, 2 + FRAMES)
    seen = run_in_blender(blender_python, LOOK, moved, tmp_path, *numbers)
    assert seen == {"frames": [1, FRAMES], "rate": 24.0, "paths": ["//dream/0001.png"]}
    files = {n: pixels(moved.parent / "dream" / f"{n:04d}.png") for n in range(1, FRAMES + 1)}
    for number in numbers:
        file = files[(number - 1) % FRAMES + 1]
        assert np.abs(pixels(tmp_path / f"rendered-{number}.png") - file).max() <= 1
    assert np.abs(files[2] - files[FRAMES]).mean() > 2, "it walks"


def test_from_the_panel_to_a_landscape(home, blender_python, extension_zips, tmp_path):
    (extension,) = extension_zips.glob("zograscope-*-blender-5.1-*.zip")
    resources = {"BLENDER_USER_RESOURCES": str(tmp_path / "blender"), "ZOGRASCOPE_HOME": str(home)}
    seen = run_in_blender(blender_python, PANEL, extension, tmp_path, FRAMES, **resources)
    assert seen["seeds"] == [40, 42]
    assert seen["preview"] == [128, 128]
    assert seen["end"] == FRAMES
    assert seen["heights"] == ["//default_walk/depth/0001.png"]
    folder = tmp_path / "default_walk"
    names = [f"{number:04d}.png" for number in range(1, FRAMES + 1)]
    assert sorted(path.name for path in folder.glob("*.png")) == names
    assert sorted(path.name for path in (folder / "depth").glob("*.png")) == names
    heights = np.asarray(Image.open(folder / "depth" / "0001.png"))
    assert heights.dtype.itemsize >= 2
    assert heights.std() > 1000, "there is relief"
