"""A portrait in Blender, through every process that it takes: frames, sound, diorama and rig.

What the server made is held against what Blender renders of it, with neither extension nor server.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.blocking import BlockingClient
from zograscope_protocol.portrait.tasks import PortraitOptions, PortraitRigOptions
from zograscope_protocol.submission import file_input

SIDE, FRAMES, RATE = 256, 8, 25
SAMPLE_RATE = 44_100
FACE = (slice(70, 215), slice(70, 185))  # rows and columns of the drawn face, hair left aside
FACE_AGREES = 3.0  # levels of 255, mean over the face: Blender mixes soft rims in linear light
PAINTING_AGREES = 4.0  # the same of a painting, whose craquelure each filter softens its own way
MOVES = 2.0  # times as far as that, at least, the moved face is from the picture at rest

LOOK = """
import json, sys
import bpy
path, number, picture = sys.argv[-3:]
bpy.ops.wm.open_mainfile(filepath=path)
assert not [name for name in bpy.context.preferences.addons.keys() if "zograscope" in name]
scene = bpy.context.scene
scene.frame_set(int(number))
scene.render.engine = "BLENDER_WORKBENCH"
scene.display.render_aa = "OFF"
scene.render.image_settings.file_format = "PNG"
scene.render.use_sequencer = False
scene.render.filepath = picture
bpy.ops.render.render(write_still=True)
strips = scene.sequence_editor.strips_all
print(json.dumps({
    "frames": [scene.frame_start, scene.frame_end],
    "rate": scene.render.fps / scene.render.fps_base,
    "paths": [image.filepath for image in bpy.data.images if image.source == "SEQUENCE"],
    "sounds": [[strip.sound.filepath, strip.frame_final_duration] for strip in strips],
}))
"""

RIG = """
import importlib, json, sys
import bpy
import numpy as np
zip_file, folder, *numbers = sys.argv[-5:]
bpy.ops.extensions.package_install_files(
    filepath=zip_file, repo="user_default", enable_on_install=True
)
def module(name):
    return importlib.import_module("bl_ext.user_default.zograscope." + name)
bpy.ops.wm.read_homefile(use_empty=True)
scene = bpy.context.scene
def result(name):
    with open(f"{folder}/{name}.json") as file:
        return dict(np.load(f"{folder}/{name}.npz")), json.load(file)
arrays, metadata = result("rig")
rig = module("portrait.rig").build(arrays, metadata, "rig", "rig", scene)
module("scenes").show_untouched(scene, rig.camera, tuple(metadata["size"]))
arrays, metadata = result("moved")
scene.render.fps = round(metadata["rate"])
curves = module("portrait.curves")
head = curves.build(arrays, metadata, "curves", "curves", scene)
assert curves.bake_onto(rig.mesh, head) == 52
curves.turn(rig.head, head)
bpy.ops.wm.save_as_mainfile(filepath=f"{folder}/rig.blend")
bpy.ops.preferences.addon_disable(module="bl_ext.user_default.zograscope")
bpy.ops.wm.open_mainfile(filepath=f"{folder}/rig.blend")
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 4, False
scene.render.image_settings.file_format = "PNG"
for number in numbers:
    scene.frame_set(int(number))
    scene.render.filepath = f"{folder}/rendered-{number}.png"
    bpy.ops.render.render(write_still=True)
"""


@pytest.fixture(scope="module")
def drawn(repository) -> ModuleType:
    """The benchmarks' drawn face."""
    path = repository / "benchmarks" / "drawn_face.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def portrait(drawn, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("portrait") / "drawn.png"
    Image.fromarray(drawn.draw_face(SIDE)).save(path)
    return path


@pytest.fixture(scope="module")
def driver(drawn, tmp_path_factory) -> Path:
    """The drawn face speaks, sways and hums."""
    path = tmp_path_factory.mktemp("driver") / "driver.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv420p"
        voice = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        for picture in drawn.draw_clip(SIDE, FRAMES):
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        hum = 0.3 * np.sin(np.arange(FRAMES * SAMPLE_RATE // RATE) / 20).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(hum[None], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(voice.encode(frame))
        for stream in (video, voice):
            container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The connection file of a server that runs for these tests."""
    own = tmp_path_factory.mktemp("server")
    process = subprocess.Popen(
        [sys.executable, "-m", "zograscope_server.command_line", "serve", "--state", own],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None and process.stdout.readline()
    (connection,) = own.glob("*connection*.json")
    yield connection
    process.terminate()
    process.wait()


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def look(blender_python: Path, scene: Path, number: int, picture: Path) -> dict:
    """What a scene says of itself; one of its frames is rendered meanwhile."""
    command = [blender_python, "-c", LOOK, scene, str(number), picture]
    opened = subprocess.run(command, capture_output=True, text=True, check=False)
    assert opened.returncode == 0, opened.stdout + opened.stderr
    return json.loads(next(line for line in opened.stdout.splitlines() if line.startswith("{")))


def test_a_scene_plays_its_frames_and_sound_by_itself(
    zograscope, blender_python, portrait, driver, tmp_path
):
    output = tmp_path / "made" / "moving.blend"
    output.parent.mkdir()
    done = zograscope("portrait", portrait, driver, "--output", output, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    frames = sorted(path.name for path in (output.parent / "moving").glob("*.png"))
    assert frames == [f"{number:04d}.png" for number in range(1, FRAMES + 1)]
    moved = output.parent.rename(tmp_path / "elsewhere") / output.name
    rendered = tmp_path / "rendered.png"
    seen = look(blender_python, moved, 3, rendered)
    assert seen["frames"] == [1, FRAMES]
    assert seen["rate"] == pytest.approx(RATE)
    assert seen["paths"] == ["//moving/0001.png"]
    ((sound, length),) = seen["sounds"]
    assert (sound, length) == ("//moving/sound.flac", FRAMES)
    file = pixels(moved.parent / "moving" / "0003.png")
    assert np.abs(pixels(rendered) - file).max() <= 1
    assert np.abs(file - pixels(portrait)).mean() > 0.5, "it moves"


def test_onto_the_diorama_of_the_same_picture(
    zograscope, blender_python, portrait, driver, tmp_path
):
    output = tmp_path / "diorama.blend"
    done = zograscope("portrait", portrait, driver, "--output", output, "--onto-diorama")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "diorama"
    for pictures in (folder, folder / "relief"):
        assert len(list(pictures.glob("*.png"))) == FRAMES
    rendered = tmp_path / "rendered.png"
    seen = look(blender_python, output, 3, rendered)
    assert {*seen["paths"]} == {"//diorama/0001.png", "//diorama/relief/0001.png"}
    assert [path for path, _ in seen["sounds"]] == ["//diorama/sound.flac"]
    file = pixels(folder / "0003.png")
    # Where the relief is cut, what is behind it shows at the rim of a pixel.
    assert np.abs(pixels(rendered) - file)[FACE].mean() < 1.0
    assert np.abs(file - pixels(portrait))[FACE].mean() > 2.0


def made_up_movement(expressions: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Curves and poses: it smiles, opens its mouth, raises its brows and turns a little."""
    times = np.linspace(0.0, 1.0, 5)
    ways = {
        "jawOpen": 0.6 * np.sin(np.pi * times) ** 2,
        "mouthSmileLeft": 0.7 * times,
        "mouthSmileRight": 0.7 * times,
        "browInnerUp": 0.8 * times,
    }
    curves = np.zeros((len(times), 52), np.float32)
    for name, way in ways.items():
        curves[:, expressions.index(name)] = way
    poses = np.tile(np.eye(4, dtype=np.float32), (len(times), 1, 1))
    turns = np.radians(6.0) * times
    poses[:, 0, 0] = poses[:, 2, 2] = np.cos(turns)
    poses[:, 0, 2], poses[:, 2, 0] = np.sin(turns), -np.sin(turns)
    poses[:, :3, :3] *= (1.0 + 0.03 * times)[:, None, None]  # it comes nearer
    poses[:, 0, 3], poses[:, 1, 3] = 0.05 * times, 0.03 * times
    return curves, poses


def moved_both_ways(
    server: Path, state: Path, blender_python: Path, zips: Path, picture: Path, folder: Path
) -> tuple[list[np.ndarray], list[np.ndarray], dict]:
    """Frames 1, 3 and 5 of the same movement: the server's, and Cycles' of the rig.

    Also what the server says of the rig.
    """
    with BlockingClient(server, folder=state) as client:
        image = {"image": file_input(picture)}
        rig = client.run(*PortraitRigOptions(file_name=picture.name).submission(image))
        curves, poses = made_up_movement(rig.metadata["expressions"])
        options = PortraitOptions(file_name=picture.name, rate=25.0)
        job = client.submit(*options.submission({**image, "curves": curves, "poses": poses}))
        files = [part.arrays["file"].tobytes() for part in client.parts(job)]
        moved = client.wait(job)
    for name, result in (("rig", rig), ("moved", moved)):
        np.savez(folder / f"{name}.npz", **result.arrays)
        (folder / f"{name}.json").write_text(json.dumps(result.metadata))
    (extension,) = zips.glob("zograscope-*-blender-5.1-*.zip")
    numbers = ("1", "3", "5")
    command = [blender_python, "-c", RIG, extension, folder, *numbers]
    resources = {"BLENDER_USER_RESOURCES": str(folder / "blender"), "HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=resources)
    assert done.returncode == 0, done.stdout + done.stderr
    theirs, ours = [], []
    for number in numbers:
        path = folder / f"frame-{number}.png"
        path.write_bytes(files[int(number) - 1])
        theirs.append(pixels(path))
        ours.append(pixels(folder / f"rendered-{number}.png"))
    return theirs, ours, rig.metadata


def assert_agree(
    theirs: list[np.ndarray], ours: list[np.ndarray], face: tuple[slice, slice], level: float
) -> None:
    for server_s, rendered in zip(theirs, ours, strict=True):
        assert np.abs(server_s - rendered)[face].mean() < level
    for frames in (theirs, ours):
        assert np.abs(frames[-1] - frames[0])[face].mean() > MOVES * level


def test_a_rig_driven_by_curves_agrees_with_the_server_s_frames(
    server, state, blender_python, extension_zips, portrait, tmp_path
):
    theirs, ours, _ = moved_both_ways(
        server, state, blender_python, extension_zips, portrait, tmp_path
    )
    assert_agree(theirs, ours, FACE, FACE_AGREES)


def test_a_painting_s_rig_agrees_too(
    server, state, blender_python, extension_zips, shared, tmp_path
):
    """Of the Mona Lisa, whose face is turned and whose surface is rough."""
    painting = tmp_path / "painting.png"
    with Image.open(shared / "portraits" / "lp_s9.jpg") as original:
        original.convert("RGB").crop((120, 90, 600, 570)).resize((320, 320)).save(painting)
    theirs, ours, metadata = moved_both_ways(
        server, state, blender_python, extension_zips, painting, tmp_path
    )
    left, top, width, height = (round(value) for value in metadata["box"])
    face = slice(top, top + height), slice(left, left + width)
    assert_agree(theirs, ours, face, PAINTING_AGREES)
