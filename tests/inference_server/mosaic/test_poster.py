"""Posters: every tile at its place, whatever the size, and nothing left behind."""

import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.mosaic import canvas
from zograscope_server.mosaic.poster import write_poster

GREY = (40, 40, 40)


def colour_of(number: int) -> tuple[int, int, int]:
    """A colour that no other of the first 60,000 tiles has, and the background never."""
    return 100 + number % 150, 100 + number // 150 % 150, 200


def plain(number: int, wanted: int) -> Image.Image:
    return Image.new("RGB", (wanted, wanted), colour_of(number))


def grid(columns: int, rows: int) -> np.ndarray:
    row, column = np.divmod(np.arange(columns * rows), columns)
    return np.stack([column, row, np.ones_like(row), np.ones_like(row)], 1).astype(np.float32)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_every_tile_is_at_its_place(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"poster{suffix}"
    # 1,000 pixels do not divide by 37: the tiles' edges fall between pixels, and no gap may show.
    write_poster(path, grid(37, 29), plain, (37, 29), 1000, GREY, crop=True)
    pixels = np.asarray(Image.open(path))
    assert pixels.shape == (round(29 * 1000 / 37), 1000, 3)
    assert not (pixels == GREY).all(axis=2).any()
    centre = (np.arange(37) + 0.5) * 1000 / 37
    for row in range(29):
        found = pixels[int((row + 0.5) * 1000 / 37), centre.astype(int)]
        assert found.tolist() == [list(colour_of(row * 37 + column)) for column in range(37)]


@pytest.mark.parametrize(("suffix", "format_name"), [(".jpg", "JPEG"), (".webp", "WEBP")])
def test_lossy_formats_keep_the_colours(tmp_path: Path, suffix: str, format_name: str) -> None:
    path = tmp_path / f"poster{suffix}"
    write_poster(path, grid(3, 2), plain, (3, 2), 300, GREY, crop=True)
    with Image.open(path) as image:
        assert image.format == format_name
        found = np.asarray(image.convert("RGB")).astype(int)[50::100, 50::100].reshape(6, 3)
    assert np.abs(found - [colour_of(number) for number in range(6)]).max() <= 4


def test_aspect_is_kept_or_cropped(tmp_path: Path) -> None:
    def wide(_: int, wanted: int) -> Image.Image:
        """Red at the ends, blue in the middle half."""
        picture = Image.new("RGB", (wanted, wanted // 2), (255, 0, 0))
        picture.paste((0, 0, 255), (wanted // 4, 0, wanted - wanted // 4, wanted // 2))
        return picture

    one = np.array([[0, 0, 1, 1]], np.float32)
    path = tmp_path / "poster.png"
    write_poster(path, one, wide, (1, 1), 200, GREY, crop=False)
    kept = np.asarray(Image.open(path))
    assert kept[100, 2].tolist() == [255, 0, 0]
    assert kept[100, 100].tolist() == [0, 0, 255]
    assert kept[48, 100].tolist() == kept[152, 100].tolist() == list(GREY)
    write_poster(path, one, wide, (1, 1), 200, GREY, crop=True)
    cropped = np.asarray(Image.open(path))
    assert (cropped[:, 4:196] == (0, 0, 255)).all()


def test_the_later_tile_lies_on_top_even_across_strips(tmp_path: Path) -> None:
    tall = 3 * canvas.STRIP_ROWS
    placements = np.array([[0, 0.1, 0.6, 0.8], [0.4, 0, 0.6, 1], [-0.5, 0.4, 0.7, 0.2]], np.float32)
    path = tmp_path / "poster.png"
    write_poster(path, placements, plain, (1, 1), tall, GREY, crop=True)
    pixels = np.asarray(Image.open(path))

    def at(x: float, y: float) -> tuple[int, ...]:
        return tuple(pixels[int(y * tall), int(x * tall)].tolist())

    assert at(0.05, 0.05) == GREY
    assert at(0.3, 0.3) == at(0.3, 0.85) == colour_of(0)
    assert at(0.5, 0.3) == at(0.5, 0.5) == at(0.95, 0.99) == colour_of(1)
    assert at(0.05, 0.5) == colour_of(2)


def test_pictures_are_asked_for_in_the_size_they_are_drawn(tmp_path: Path) -> None:
    asked = []

    def pictures(number: int, wanted: int) -> Image.Image:
        asked.append((number, wanted))
        return plain(number, 500)

    placements = np.array([[0, 1, 1, 1], [0, 0, 2, 1]], np.float32)
    write_poster(tmp_path / "poster.png", placements, pictures, (2, 2), 200)
    assert asked == [(1, 200), (0, 100)]


def test_memory_holds_only_what_reaches_into_a_strip() -> None:
    drawn: list[int] = []

    def pictures(number: int, wanted: int) -> Image.Image:
        drawn.append(number)
        return plain(number, wanted)

    tiles = grid(4, 40)
    rows = 0
    for strip in canvas.draw_strips(canvas.Canvas(tiles, (4, 40), 400), pictures):
        rows += len(strip)
        assert max(drawn) // 4 == (min(rows, 4000) - 1) // 100
    assert rows == 4000
    assert sorted(drawn) == list(range(160))


def test_an_empty_mosaic_is_background(tmp_path: Path) -> None:
    path = tmp_path / "poster.png"
    write_poster(path, np.zeros((0, 4), np.float32), plain, (2, 1), 64, GREY)
    assert (np.asarray(Image.open(path)) == GREY).all()


def test_wrong_outputs_are_refused_in_words(tmp_path: Path) -> None:
    def code(path: Path, width: int = 100) -> str:
        with pytest.raises(ZograscopeError) as caught:
            write_poster(path, grid(2, 2), plain, (2, 2), width)
        return caught.value.code

    assert code(tmp_path / "poster.bmp") == "poster-format"
    assert code(tmp_path / "poster.webp", 17_000) == "poster-too-large"
    assert code(tmp_path / "missing" / "poster.png") == "output-not-writable"
    assert code(tmp_path / "poster.png", 10_000_000) == "output-needs-room"
    (tmp_path / "folder.png").mkdir()
    assert code(tmp_path / "folder.png") == "output-not-writable"
    assert [file.name for file in tmp_path.iterdir()] == ["folder.png"]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="file size limits need a Unix")
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(ZograscopeError) as caught:
            write_poster(tmp_path / "poster.png", grid(2, 2), plain, (2, 2), 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)
    assert caught.value.code == "output-not-writable"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stage", ["Drawing the mosaic", "Writing the poster"])
def test_cancelling_keeps_the_old_poster_and_leaves_nothing(tmp_path: Path, stage: str) -> None:
    class Cancelled(Exception):
        pass

    def cancel(_: float | None, now: str, detail: str = "") -> None:
        if now == stage:
            raise Cancelled

    path = tmp_path / "poster.png"
    path.write_bytes(b"old")
    with pytest.raises(Cancelled):
        write_poster(path, grid(9, 9), plain, (9, 9), 2000, on_progress=cancel)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_progress_runs_from_start_to_end(tmp_path: Path) -> None:
    fractions: list[float] = []
    write_poster(
        tmp_path / "poster.png",
        grid(9, 9),
        plain,
        (9, 9),
        900,
        on_progress=lambda fraction, *_: fractions.append(fraction or 0.0),
    )
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
