"""`zograscope mosaic`, through every process that it takes: each numbered image in its place."""

import json
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

COUNT = 150
COLUMNS = 15
BITS = 8
TILE_PIXELS = 24

LOOK_STRAIGHT = """
import math, sys, bpy
path, picture, columns, rows, pixels = sys.argv[-5:]
bpy.ops.wm.open_mainfile(filepath=path)
assert not [name for name in bpy.context.preferences.addons.keys() if "zograscope" in name]
scene = bpy.context.scene
scene.frame_set(scene.frame_end)  # where the morph has ended
for item in scene.objects:
    item.hide_render = item.type in ("FONT", "MESH") and "zograscope_mosaic" not in item
camera = scene.camera
camera.animation_data_clear()
camera.data.type, camera.data.ortho_scale = "ORTHO", max(float(columns), float(rows))
camera.location, camera.rotation_euler = (0, -20, 0), (math.pi / 2, 0, 0)
camera.data.clip_end = 100
scene.render.resolution_x = int(columns) * int(pixels)
scene.render.resolution_y = int(rows) * int(pixels)
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 4, False
image = scene.render.image_settings
if hasattr(image, "media_type"):
    image.media_type = "IMAGE"
image.file_format = "PNG"
scene.render.filepath = picture
bpy.ops.render.render(write_still=True)
"""


def numbered(number: int) -> Image.Image:
    """Draw a number's bits as two rows of black and white squares, inside a grey frame."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8).reshape(2, 4) * 255
    cells = np.full((4, 6), 128, np.uint8)
    cells[1:3, 1:5] = bits
    pixels = cells.repeat(24, 0).repeat(16, 1)
    return Image.fromarray(pixels).convert("RGB")


def read_number(tile: np.ndarray) -> int:
    """Read the bits of a square tile (s, s) back."""
    side = len(tile)
    rows = ((np.array([1, 2]) + 0.5) / 4 * side).astype(int)
    columns = ((np.arange(1, 5) + 0.5) / 6 * side).astype(int)
    bits = tile[np.ix_(rows, columns)].ravel() > 128
    return int((bits << np.arange(BITS)).sum())


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A table of numbered images, shuffled, with one row too many and one file that is broken."""
    folder = tmp_path_factory.mktemp("numbers")
    rows = ["file\tnumber\ttitle"]
    for place, number in enumerate(np.random.default_rng(3).permutation(COUNT)):
        name = f"{place:03d}.{('png', 'jpg', 'webp')[place % 3]}"
        numbered(int(number)).save(folder / name, quality=95)
        rows.append(f"{name}\t{number}\tThe number {number}")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    rows += ["broken.jpg\t7000\tbroken", "missing.jpg\t7001\tmissing"]
    (folder / "numbers.tsv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "numbers.tsv"


@pytest.fixture(scope="module")
def made(zograscope, numbers, tmp_path_factory):
    """One run that makes everything there is to make."""
    folder = tmp_path_factory.mktemp("made")
    finished = zograscope(
        *("mosaic", numbers, "--layout", "column:number", "--layout", "tsne", "--aspect", 1.5),
        *("--output", folder / "mosaic.blend", "--image", folder / "poster.png"),
        *("--html", folder / "page", "--still", folder / "still.png", "--size", "160x90"),
        *("--render", folder / "frames", "--frames", 3, "--samples", 1, "--morph"),
        *("--image-width", 16 * TILE_PIXELS, "--tile-size", 1, "--tile-pixels", 64, "--json"),
        *("--visit", "The number 42", "--close-ups", "--labels"),
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder, finished


def test_everything_is_made(made):
    folder, _ = made
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    wanted = {"mosaic.blend", "poster.png", "page/index.html", "still.png"}
    assert wanted | {f"frames/000{number}.png" for number in (1, 2, 3)} <= names


def test_what_is_left_out_is_told(made):
    _, finished = made
    assert "Left out broken.jpg" in finished.stderr
    assert "missing.jpg" in finished.stderr


def test_every_tile_of_the_scene_shows_its_own_picture(made, blender_python):
    folder, _ = made
    script = folder / "look.py"
    script.write_text(LOOK_STRAIGHT)
    rows = COUNT // COLUMNS
    seen = subprocess.run(
        [
            *(blender_python, script, folder / "mosaic.blend", folder / "straight.png"),
            *map(str, (COLUMNS, rows, TILE_PIXELS)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (folder / "straight.png").exists(), seen.stdout + seen.stderr
    picture = np.asarray(Image.open(folder / "straight.png").convert("L"))
    tiles = picture.reshape(rows, TILE_PIXELS, COLUMNS, TILE_PIXELS).transpose(0, 2, 1, 3)
    found = [read_number(tile) for tile in tiles.reshape(COUNT, TILE_PIXELS, TILE_PIXELS)]
    assert found == list(range(COUNT))


def test_the_poster_shows_the_same(made):
    folder, _ = made
    picture = np.asarray(Image.open(folder / "poster.png").convert("L"))
    assert picture.shape == (11 * TILE_PIXELS, 16 * TILE_PIXELS)
    half = TILE_PIXELS // 2
    inside = picture[half:-half, half:-half]
    tiles = inside.reshape(10, TILE_PIXELS, COLUMNS, TILE_PIXELS).transpose(0, 2, 1, 3)
    found = [read_number(tile) for tile in tiles.reshape(COUNT, TILE_PIXELS, TILE_PIXELS)]
    assert found == list(range(COUNT))


def test_a_second_run_reads_nothing_again(zograscope, numbers, tmp_path):
    finished = zograscope(
        *("mosaic", numbers, "--image", tmp_path / "again.jpg", "--layout", "colour"),
        *("--tile-pixels", 64),
    )
    assert finished.returncode == 0, finished.stderr
    assert f"of {COUNT + 1}" not in finished.stderr


def test_a_collection_without_images_is_refused_in_words(zograscope, tmp_path):
    (tmp_path / "empty").mkdir()
    finished = zograscope("mosaic", tmp_path / "empty", "--image", tmp_path / "poster.png")
    assert finished.returncode == 1
    assert "There is no image in empty" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "poster.png").exists()


def test_a_file_that_is_no_collection_is_refused_in_words(zograscope, tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"hello": "world"}))
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w"):
        pass
    for name, words in (("manifest.json", "IIIF"), ("pictures.zip", "no collection")):
        finished = zograscope("mosaic", tmp_path / name, "--image", tmp_path / "poster.png")
        assert finished.returncode == 1
        assert words in finished.stderr
        assert "Traceback" not in finished.stderr
