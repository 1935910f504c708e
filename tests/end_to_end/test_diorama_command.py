"""`zograscope diorama`, through every process that it takes: a photograph in, a film out."""

import json
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

REOPEN = """
import sys, bpy
path, picture = sys.argv[-2:]
bpy.ops.wm.open_mainfile(filepath=path)
assert not [name for name in bpy.context.preferences.addons.keys() if "zograscope" in name]
scene = bpy.context.scene
scene.frame_set(1)
scene.render.engine = "BLENDER_WORKBENCH"
scene.display.render_aa = "OFF"
image = scene.render.image_settings
if hasattr(image, "media_type"):
    image.media_type = "IMAGE"
image.file_format = "PNG"
scene.render.filepath = picture
bpy.ops.render.render(write_still=True)
"""


@pytest.fixture(scope="module")
def made(zograscope, photograph, tmp_path_factory):
    """One run that makes everything there is to make."""
    folder = tmp_path_factory.mktemp("made")
    finished = zograscope(
        *("diorama", photograph, "--output", folder / "scene.blend", "--camera", "push_in"),
        *("--frames", 5, "--render", folder / "film.mp4", "--quality", "draft", "--json"),
        *("--export", folder / "model.glb", "--depth-output", folder / "depth.exr"),
        *("--contact-sheet", folder / "sheet.png", "--export", folder / "model.obj"),
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder, finished


def test_everything_is_made(made):
    folder, finished = made
    assert {path.name for path in folder.iterdir()} == {
        *("scene.blend", "film.mp4", "model.glb", "model.obj.zip", "depth.exr", "sheet.png")
    }
    assert all(path.stat().st_size > 1000 for path in folder.iterdir())
    (entry,) = json.loads(finished.stdout)
    assert entry["scene"] == str(folder / "scene.blend")
    assert entry["metadata"]["depth"]["model"] == "zograscope-small"


def test_the_scene_shows_the_photograph_without_extension_or_server(
    made, blender_python, photograph, tmp_path
):
    picture = tmp_path / "rest.png"
    command = [blender_python, "-c", REOPEN, made[0] / "scene.blend", picture]
    opened = subprocess.run(command, capture_output=True, text=True, check=False)
    assert opened.returncode == 0, opened.stdout + opened.stderr
    seen = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    expected = np.asarray(Image.open(photograph).convert("RGB")).astype(int)
    assert seen.shape == expected.shape
    assert np.abs(seen - expected)[1:-1, 1:-1].max() <= 1


def test_a_lit_scene_has_a_sun_of_about_the_photographs_brightness(
    zograscope, blender_python, photograph, tmp_path
):
    made = zograscope(
        *("diorama", photograph, "--output", tmp_path / "lit.blend", "--camera", "none"),
        *("--lit", "--quality", "draft"),
    )
    assert made.returncode == 0, made.stdout + made.stderr
    picture = tmp_path / "lit.png"
    lamps = 'scene.render.engine, scene.cycles.samples = "CYCLES", 8'
    script = REOPEN.replace('scene.render.engine = "BLENDER_WORKBENCH"', lamps)
    command = [blender_python, "-c", script, tmp_path / "lit.blend", picture]
    opened = subprocess.run(command, capture_output=True, text=True, check=False)
    assert opened.returncode == 0, opened.stdout + opened.stderr
    seen = np.asarray(Image.open(picture).convert("RGB")).astype(float)
    expected = np.asarray(Image.open(photograph).convert("RGB")).astype(float)
    assert 0.6 < seen.mean() / expected.mean() < 1.4  # without a sun it would be black
    assert np.abs(seen - expected).mean() > 2  # and something else than the photograph


def test_the_model_holds_the_photograph(made):
    import trimesh

    scene = trimesh.load(made[0] / "model.glb")
    assert {"photograph", "background"} <= set(scene.geometry)
    assert scene.geometry["photograph"].visual.material.baseColorTexture.size == (240, 160)


def test_an_obj_comes_whole_in_a_zip(made):
    with zipfile.ZipFile(made[0] / "model.obj.zip") as archive:
        suffixes = sorted({name.rsplit(".", 1)[1] for name in archive.namelist()})
    assert suffixes == ["mtl", "obj", "png"]


def test_several_photographs_and_one_that_is_none(zograscope, photograph, tmp_path):
    """What is good is made, what is not is told, and the exit code says that not all was."""
    other, text = tmp_path / "other.png", tmp_path / "letter.jpg"
    Image.open(photograph).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other)
    text.write_text("Dear archive,")
    finished = zograscope(
        *("diorama", photograph, text, other, "--output", tmp_path / "out", "--camera", "none"),
        *("--quality", "draft", "--frames", 1, "--render", tmp_path / "frames-{name}", "--bake"),
    )
    assert finished.returncode == 1
    assert "letter.jpg is not a picture that can be read" in finished.stderr
    assert "Traceback" not in finished.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"pagoda.blend", "other.blend"}
    assert len(list((tmp_path / "frames-other").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.jpg"], "There is no file"),
        (["."], "is a folder"),
        (["{photograph}", "--frames", "0"], "at least 1"),
        (["{photograph}", "{photograph}"], "cannot all become"),
        (["{photograph}", "--model", "nobody"], "There is no model called 'nobody'"),
        (["{photograph}", "--model", "depth-pro"], "is not installed"),
        (["{photograph}", "--depth-map", "{text}"], "cannot be read"),
        (["{photograph}", "--blender", "/nowhere/blender"], "No Blender was found"),
        (["{photograph}", "--extension", "/nowhere.zip"], "Name its zip"),
    ],
)
def test_mistakes_are_told_in_a_sentence(zograscope, photograph, tmp_path, arguments, sentence):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    places = {"photograph": photograph, "text": text}
    filled = [argument.format(**places) for argument in arguments]
    finished = zograscope("diorama", *filled, "--output", tmp_path / "s.blend", "--camera", "none")
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert sentence in finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert not (tmp_path / "s.blend").exists()
