"""Two eyes, rendered for real: they differ as depth says, and one is again as it was."""

import importlib
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest

from ..conftest import make_result, noise_photograph

bpy = pytest.importorskip("bpy", reason="renders are made with a Python that has bpy")

WIDTH, HEIGHT = 96, 64
NEAR_SQUARE = (slice(24, 40), slice(40, 56))
WALL = 0.2  # its disparity; that of the square is 1
NEAR, FAR = 1.0, 1 / (0.2 * 7 / 8 + 1 / 8)  # their depths, between 1 and 8
RED, GREY = (255, 0, 0), (128, 128, 128)


@pytest.fixture(scope="module")
def setup(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.eyes.setup")


@pytest.fixture(scope="module")
def rendering(zograscope):
    return importlib.import_module(zograscope.__name__ + ".rendering")


@pytest.fixture
def diorama(builders, scene):
    """A red square, near, before a grey wall, far; behind the square it is grey too."""
    photograph = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    photograph[NEAR_SQUARE] = RED
    disparity = np.full((HEIGHT, WIDTH), WALL, np.float32)
    disparity[NEAR_SQUARE] = 1
    arrays, metadata = make_result(photograph, disparity)
    diorama = builders.build_diorama(arrays, metadata, "Test", scene)
    builders.prepare_scene(scene, diorama)
    diorama.root["viewport_resolution"] = 1.0
    return diorama


def picture(rendering, scene, path, engine="workbench", finish=None) -> np.ndarray:
    """Render to int (h, w, 3), row 0 at the top."""
    rendering.render_still(scene, path, engine, samples=1, finish=finish)
    image = bpy.data.images.load(str(path))
    pixels = np.empty((image.size[1], image.size[0], 4), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    bpy.data.images.remove(image)
    return np.round(pixels[::-1, :, :3] * 255).astype(int)


def middle_of_red(view: np.ndarray) -> float:
    row = view[HEIGHT // 2]
    return float(np.flatnonzero((row[:, 0] > 200) & (row[:, 1] < 60) & (row[:, 2] < 60)).mean())


@pytest.mark.parametrize("engine", ["workbench", "cycles"])
@pytest.mark.parametrize("rest", ["left", "centre"])
def test_what_is_near_shifts_more_and_to_the_left_in_the_right_eye(
    setup, rendering, diorama, scene, tmp_path, engine, rest
):
    one = picture(rendering, scene, tmp_path / "one.png", engine)
    setup.set_eyes(diorama, scene, "side-by-side", rest, parallax=2.0)
    pair = picture(rendering, scene, tmp_path / "pair.png", engine)
    assert pair.shape == (HEIGHT, 2 * WIDTH, 3)
    left, right = pair[:, :WIDTH], pair[:, WIDTH:]
    stereo = diorama.camera.data.stereo
    assert stereo.convergence_distance == pytest.approx(FAR, rel=1e-3)  # the wall is the subject
    nearer = diorama.intrinsics.focal_length * stereo.interocular_distance * (1 / NEAR - 1 / FAR)
    assert nearer == pytest.approx(2 * WIDTH / 30, rel=1e-3)
    assert middle_of_red(left) - middle_of_red(right) == pytest.approx(nearer, abs=1.3)
    if rest == "left":
        assert np.array_equal(left, one)
    else:
        shift = middle_of_red(left) - middle_of_red(one)
        assert shift == pytest.approx(nearer / 2, abs=1.3)


def test_what_is_at_the_subjects_depth_does_not_shift(setup, rendering, builders, scene, tmp_path):
    photograph = noise_photograph(HEIGHT, WIDTH)
    flat = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    flat[:4] = 1  # nearer, but not what stands in the middle
    diorama = builders.build_diorama(*make_result(photograph, flat), "Test", scene)
    builders.prepare_scene(scene, diorama)
    setup.set_eyes(diorama, scene, "side-by-side")
    pair = picture(rendering, scene, tmp_path / "pair.png", "cycles")
    left, right = pair[8:-2, 8 : WIDTH - 8], pair[8:-2, WIDTH + 8 : -8]
    assert np.mean(np.abs(left - right).max(axis=-1) <= 1) > 0.97


def test_an_anaglyph_has_red_from_the_left_and_the_rest_from_the_right(
    setup, rendering, diorama, scene, tmp_path
):
    setup.set_eyes(diorama, scene, "side-by-side")
    pair = picture(rendering, scene, tmp_path / "pair.png")
    setup.set_eyes(diorama, scene, "anaglyph")
    made = picture(rendering, scene, tmp_path / "anaglyph.png")
    assert made.shape == (HEIGHT, WIDTH, 3)
    expected = np.concatenate([pair[:, :WIDTH, :1], pair[:, WIDTH:, 1:]], axis=-1)
    assert np.abs(made - expected).max() <= 1


def test_a_card_and_a_film_of_cards(setup, rendering, diorama, scene, tmp_path):
    setup.set_eyes(diorama, scene, "card")
    finish = setup.finish_of(scene)
    made = picture(rendering, scene, tmp_path / "card.png", finish=finish)
    height, width, _ = made.shape
    assert width > 2 * WIDTH and height > HEIGHT
    scene.frame_start, scene.frame_end = 1, 2
    rendering.render_film(scene, tmp_path / "film.mp4", finish=finish)
    clip = bpy.data.movieclips.load(str(tmp_path / "film.mp4"))
    assert (clip.frame_duration, tuple(clip.size)) == (2, (width, height))


def test_vr180_shows_half_a_sphere_to_each_eye(setup, rendering, diorama, scene, tmp_path):
    setup.set_eyes(diorama, scene, "vr180", parallax=3.0)
    render = scene.render
    assert render.resolution_x == render.resolution_y == 332  # pi times the focal length
    render.resolution_x = render.resolution_y = 360
    made = picture(rendering, scene, tmp_path / "vr.png", "cycles")
    assert made.shape == (360, 720, 3)
    red = (made[..., 0] > 200) & (made[..., 1] < 60) & (made[..., 2] < 60)
    middles = [np.flatnonzero(half.any(axis=0)).mean() for half in np.split(red, 2, axis=1)]
    # Two pixels are a degree; eyes that look straight ahead see what is near crossed.
    apart = 2 * np.degrees(diorama.camera.data.stereo.interocular_distance / NEAR)
    assert middles[0] - middles[1] == pytest.approx(apart, abs=1.1)
    cyan = (made[..., 0] < 60) & (made[..., 1] > 200) & (made[..., 2] > 200)
    assert cyan[:, :40].all() and cyan[:, -40:].all()  # the surround, at the side and behind


def test_off_is_as_it_was(setup, diorama, scene, builders):
    camera, render = diorama.camera.data, scene.render
    camera.stereo.interocular_distance, camera.stereo.pivot = 0.123, "RIGHT"
    render.resolution_x = 111

    def facts() -> list[object]:
        owners = [
            (render, "use_multiview views_format resolution_x resolution_y engine"),
            (render.image_settings, "views_format"),
            (camera, "type panorama_type"),
            (camera.stereo, "interocular_distance convergence_distance convergence_mode pivot"),
            (camera.stereo, "use_spherical_stereo use_pole_merge"),
        ]
        return [getattr(owner, name) for owner, names in owners for name in names.split()]

    before = facts()
    for mode in ("side-by-side", "anaglyph", "card", "vr180"):
        setup.set_eyes(diorama, scene, mode)
        assert setup.mode_of(scene) == mode and facts() != before
    setup.set_eyes(diorama, scene, "off")
    assert facts() == before
    assert setup.mode_of(scene) == "off" and setup.finish_of(scene) is None


def test_the_operators_do_what_is_chosen(setup, diorama, scene, tmp_path):
    operators, chosen = bpy.ops.zograscope, scene.zograscope_two_eyes
    assert not operators.render_card.poll()
    chosen.mode = "card"
    assert operators.two_eyes() == {"FINISHED"}
    scene.render.engine = "BLENDER_WORKBENCH"
    assert operators.render_card(filepath=str(tmp_path / "card.png")) == {"FINISHED"}
    assert (tmp_path / "card.png").is_file()
    chosen.mode = "off"
    operators.two_eyes()
    assert not scene.render.use_multiview and not operators.render_card.poll()


@pytest.mark.parametrize(
    ("panel", "operators"),
    [
        ("two_eyes", ["zograscope.two_eyes", "zograscope.render_card"]),
        ("depth_brush", ["zograscope.paint_depth", "zograscope.clear_depth_edits"]),
    ],
)
def test_the_panels_show_what_can_be_done(setup, diorama, scene, panel, operators):
    setup.set_eyes(diorama, scene, "card")
    scene.zograscope_two_eyes.mode = "card"
    scene.zograscope_depth_brush.tool = "put"
    layout = MagicMock()
    layout.row.return_value = layout.column.return_value = layout
    kind = getattr(bpy.types, f"ZOGRASCOPE_PT_{panel}")
    assert kind.poll(bpy.context)
    kind.draw(SimpleNamespace(layout=layout), bpy.context)
    calls = layout.method_calls
    assert [call.args[0] for call in calls if call[0] == "operator"] == operators
    shown = {call.args[1] for call in calls if call[0] == "prop"}
    assert {"two_eyes": {"mode", "rest", "parallax"}, "depth_brush": {"tool", "picked"}}[panel] <= (
        shown
    )
