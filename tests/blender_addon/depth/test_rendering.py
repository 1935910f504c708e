"""Films, frames and contact sheets, rendered for real and read back."""

import importlib

import numpy as np
import pytest

from .conftest import make_result

bpy = pytest.importorskip("bpy", reason="renders are made with a Python that has bpy")

WIDTH, HEIGHT, FRAMES = 48, 32, 5


@pytest.fixture(scope="session")
def rendering(zograscope):
    return importlib.import_module(zograscope.__name__ + ".rendering")


@pytest.fixture
def error(zograscope):
    from zograscope_protocol.errors import ZograscopeError

    return ZograscopeError


PHOTOGRAPH = np.full((HEIGHT, WIDTH, 3), (200, 90, 40), np.uint8)


@pytest.fixture
def film_scene(builders, scene):
    """A scene of five frames that show one orange card, and a camera that rests."""
    arrays, metadata = make_result(PHOTOGRAPH, np.zeros((8, 12), np.float32))
    diorama = builders.build_diorama(arrays, metadata, "Test", scene)
    builders.prepare_scene(scene, diorama)
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.fps = 12
    return scene


def read(path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty((height, width, image.channels), np.float32)
    image.pixels.foreach_get(pixels.ravel())
    bpy.data.images.remove(image)
    return np.round(pixels * 255).astype(int)


def test_a_film_has_every_frame_in_the_photographs_colours(rendering, film_scene, tmp_path):
    seen = []
    film = tmp_path / "new folder" / "film.mp4"
    rendering.render_film(film_scene, film, on_frame=lambda *counts: seen.append(counts))
    clip = bpy.data.movieclips.load(str(film))
    assert (clip.frame_duration, tuple(clip.size), clip.fps) == (FRAMES, (WIDTH, HEIGHT), 12)
    assert seen == [(done, FRAMES) for done in range(1, FRAMES + 1)]
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]
    strips = film_scene.sequence_editor_create().strips
    strips.new_movie("film", str(film), channel=1, frame_start=1)
    rendering.render_still(film_scene, tmp_path / "still.png")
    middle = read(tmp_path / "still.png")[HEIGHT // 2, WIDTH // 2, :3]
    assert np.abs(middle - PHOTOGRAPH[0, 0]).max() <= 6  # what 4:2:0 video leaves of a colour


def test_odd_sizes_become_even(rendering, film_scene, tmp_path):
    film_scene.render.resolution_x, film_scene.render.resolution_y = 61, 45
    rendering.render_film(film_scene, tmp_path / "film.mp4")
    clip = bpy.data.movieclips.load(str(tmp_path / "film.mp4"))
    assert tuple(clip.size) == (60, 44)
    assert (film_scene.render.resolution_x, film_scene.render.resolution_y) == (61, 45)


@pytest.mark.parametrize("engine", ["workbench", "eevee", "cycles"])
def test_every_engine_shows_the_photographs_colours(rendering, film_scene, tmp_path, engine):
    rendering.render_frames(film_scene, tmp_path / "frames", engine, samples=1)
    frames = sorted((tmp_path / "frames").iterdir())
    assert [path.name for path in frames] == [f"{n:04d}.png" for n in range(1, FRAMES + 1)]
    pixels = read(frames[-1])
    assert pixels.shape[:2] == (HEIGHT, WIDTH)
    assert np.abs(pixels[2:-2, 2:-2, :3] - PHOTOGRAPH[2:-2, 2:-2]).max() <= 1


@pytest.mark.parametrize(
    ("samples", "chosen"), [(None, "5"), (1, "OFF"), (5, "5"), (10, "8"), (64, "32")]
)
def test_workbench_takes_samples_too(rendering, film_scene, tmp_path, samples, chosen):
    used = []

    def look(pixels):
        used.append(film_scene.display.render_aa)
        return pixels

    rendering.render_still(film_scene, tmp_path / "still.png", samples=samples, finish=look)
    assert used == [chosen]


def test_the_artists_settings_come_back(rendering, film_scene, tmp_path):
    render, image = film_scene.render, film_scene.render.image_settings
    render.engine, render.filepath = "CYCLES", "//mine"
    image.file_format, image.color_mode = "OPEN_EXR", "RGBA"
    image.color_depth = "16"
    film_scene.cycles.samples, film_scene.frame_current = 77, 3
    rendering.render_film(film_scene, tmp_path / "film.mp4", "workbench")
    rendering.contact_sheet(film_scene, tmp_path / "sheet.png", frames=2)
    assert (render.engine, render.filepath, film_scene.cycles.samples) == ("CYCLES", "//mine", 77)
    assert (image.file_format, image.color_mode, image.color_depth) == ("OPEN_EXR", "RGBA", "16")
    assert (render.resolution_x, render.resolution_percentage) == (WIDTH, 100)
    assert film_scene.frame_current == 3
    assert list(bpy.data.scenes) == [film_scene]


class Stop(Exception):
    pass


def stop_after(frames: int):
    def on_frame(done: int, _: int) -> None:
        if done == frames:
            raise Stop

    return on_frame


def test_stopping_a_film_leaves_nothing(rendering, film_scene, tmp_path):
    with pytest.raises(Stop):
        rendering.render_film(film_scene, tmp_path / "film.mp4", on_frame=stop_after(2))
    assert not list(tmp_path.iterdir())


def test_stopping_frames_leaves_what_is_done(rendering, film_scene, tmp_path):
    with pytest.raises(Stop):
        rendering.render_frames(film_scene, tmp_path / "frames", on_frame=stop_after(2))
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == ["0001.png", "0002.png"]


def test_a_place_that_cannot_be_written_is_told_in_words(rendering, film_scene, tmp_path, error):
    (tmp_path / "file").write_text("in the way")
    for render, path in (
        (rendering.render_film, tmp_path / "file" / "film.mp4"),
        (rendering.render_frames, tmp_path / "file"),
        (rendering.render_still, tmp_path / "file" / "still.png"),
        (rendering.contact_sheet, tmp_path / "file" / "sheet.png"),
    ):
        with pytest.raises(error) as told:
            render(film_scene, path)
        assert told.value.code == "render-failed"
        assert str(tmp_path / "file") in told.value.sentence


def test_a_missing_engine_is_told_in_words(rendering, film_scene, tmp_path, error, monkeypatch):
    monkeypatch.setitem(rendering.ENGINES, "workbench", ("NOT_AN_ENGINE",))
    with pytest.raises(error) as told:
        rendering.render_still(film_scene, tmp_path / "still.png", "workbench")
    assert told.value.code == "engine-missing"
    assert "workbench" in told.value.sentence


def test_a_contact_sheet_shows_the_frames_in_order(rendering, film_scene, tmp_path):
    for frame, exposure in ((1, 0.0), (FRAMES, -10.0)):
        film_scene.view_settings.exposure = exposure
        film_scene.view_settings.keyframe_insert("exposure", frame=frame)
    rendering.contact_sheet(film_scene, tmp_path / "sheet.png", frames=FRAMES)
    sheet = read(tmp_path / "sheet.png")[::-1]
    gap = rendering.SHEET_GAP
    assert sheet.shape[:2] == (2 * (HEIGHT + gap) + gap, 4 * (WIDTH + gap) + gap)
    reds = sheet[gap + HEIGHT // 2 :: HEIGHT + gap, gap + WIDTH // 2 :: WIDTH + gap, 0]
    brightness = reds.ravel()[:FRAMES].tolist()
    assert brightness[0] == pytest.approx(200, abs=1)
    assert brightness == sorted(brightness, reverse=True)
    assert brightness[-1] < 20
