"""The tasks of plates, over a socket, and what they refuse."""

import io

import numpy as np
import pytest
from zograscope_protocol.depth.tasks import (
    DioramaOptions,
    ExportPlatesOptions,
    ImportPlatesOptions,
    PaintBackgroundOptions,
    SegmentOptions,
)
from zograscope_protocol.errors import ZograscopeError
from zograscope_server import images
from zograscope_server.depth import tasks
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.export import encode_png
from zograscope_server.depth.layers import make_background_plate
from zograscope_server.images import read_photograph
from zograscope_server.tasks import TaskContext

RED, GREEN = (220, 30, 30), (30, 150, 60)


@pytest.fixture
def card():
    """A red card before a green wall, whose depth is that of the wall: pixels, disparity, mask."""
    mask = np.zeros((80, 120), bool)
    mask[20:60, 40:70] = True
    pixels = np.where(mask[..., None], RED, GREEN).astype(np.uint8)
    return pixels, np.full((40, 60), 0.2, np.float32), mask


def test_a_plate_from_click_to_file_and_back(server, card):
    pixels, disparity, mask = card
    with server.client() as client:
        options = SegmentOptions(clicks=((55, 40, True),))
        asked = options.submission({"pixels": pixels, "disparity": disparity})
        found = client.run(*asked).arrays["mask"]
        assert np.array_equal(found > 0, mask) and set(np.unique(found)) == {0, 255}
        asked = SegmentOptions().submission({"pixels": pixels, "mask": found})
        assert np.array_equal(client.run(*asked).arrays["mask"], found)

        image = np.frombuffer(encode_png(np.dstack([pixels, 255 - found])), np.uint8)
        inputs = {"image": image, "disparity": disparity, "hidden": found}
        result = client.run(*PaintBackgroundOptions(near=2, far=20).submission(inputs))
        plate = make_background_plate(pixels, disparity, DepthRange(2, 20), mask)
        assert result.metadata["background"]["rectangle"] == list(plate.rectangle)
        assert result.arrays["background"].tobytes() == encode_png(plate.pixels)
        assert np.array_equal(result.arrays["background_disparity"], plate.disparity)
        left, top, _, _ = plate.rectangle
        rows, columns = slice(int(-top), int(-top) + 80), slice(int(-left), int(-left) + 120)
        behind = plate.pixels[rows, columns][mask].astype(int)
        assert np.abs(behind - GREEN).max() <= 3

        names, rectangles = ("Photograph", "Card"), np.array([[0, 0, 120, 80], [40, 20, 70, 60]])
        layers = {
            "0.pixels": np.dstack([pixels, 255 - found]),
            "1.pixels": np.dstack([pixels, found])[20:60, 40:70],
        }
        options = ExportPlatesOptions(names=names, width=120, height=80)
        places = {"rectangles": rectangles.astype(np.int32)}
        file = client.run(*options.submission(layers | places)).arrays["file"]
        options = ImportPlatesOptions(names=(*names, "Gone"), width=120, height=80)
        places["rectangles"] = np.array([*rectangles, [0, 0, 9, 9]], np.int32)
        result = client.run(*options.submission({"file": file, **places}))
        assert result.metadata["missing"] == ["Gone"]
        assert np.array_equal(result.arrays["rectangles"], places["rectangles"])
        for name, expected in layers.items():
            assert np.array_equal(result.arrays[name], expected)


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        (SegmentOptions(), {}),
        (SegmentOptions(clicks=((3, 4, False),)), {}),
        (SegmentOptions(clicks=((3, 4, True),)), {"pixels": np.zeros((8, 8), np.uint8)}),
        (SegmentOptions(clicks=((3, 4, True),)), {"pixels": np.zeros((8, 8, 3), np.float32)}),
        (SegmentOptions(clicks=((3, 4, True),)), {"disparity": np.zeros((0, 4), np.float32)}),
        (SegmentOptions(), {"mask": np.zeros((4, 4), np.uint8)}),
    ],
)
def test_what_cannot_be_segmented_is_refused(card, options, changes):
    pixels, disparity, _ = card
    inputs = {"pixels": pixels, "disparity": disparity} | changes
    with pytest.raises(ZograscopeError) as refusal:
        tasks.segment(inputs, options, TaskContext())
    assert refusal.value.code == "bad-parameters"


@pytest.mark.parametrize(
    ("pixels", "rectangle"),
    [
        (np.zeros((4, 6, 4), np.uint8), (0, 0, 6, 5)),
        (np.zeros((4, 6, 3), np.uint8), (0, 0, 6, 4)),
        (np.zeros((4, 6, 4), np.uint8), (6, 4, 0, 0)),
        (np.zeros((4, 6, 4), np.uint8), (0, 0, 6)),
    ],
)
def test_layers_that_make_no_sense_are_refused(pixels, rectangle):
    options = ExportPlatesOptions(names=("Card",), width=10, height=10)
    inputs = {"0.pixels": pixels, "rectangles": np.array([rectangle], np.int32)}
    with pytest.raises(ZograscopeError) as refusal:
        tasks.export_plates(inputs, options, TaskContext())
    assert refusal.value.code == "bad-parameters"


@pytest.mark.parametrize(
    "parameters",
    [{"clicks": 3}, {"clicks": [[1, 2]]}, {"clicks": [[1, 2, 1]]}, {"clicks": [["a", 2, True]]}],
)
def test_clicks_that_are_none_are_refused(parameters):
    with pytest.raises(ZograscopeError) as refusal:
        SegmentOptions.read(parameters)
    assert refusal.value.code == "bad-parameters"


def test_layers_are_told_apart_by_their_names():
    for names in ((), ("Card", "Card")):
        with pytest.raises(ZograscopeError):
            ExportPlatesOptions(names=names, width=4, height=4)


def test_behind_a_large_picture_is_painted_from_a_smaller_one(card, monkeypatch):
    pixels, disparity, mask = card
    pixels, mask = pixels[:, :-1], mask[:, :-1]  # an odd side
    options = PaintBackgroundOptions(near=2, far=20)
    image = np.frombuffer(encode_png(pixels), np.uint8)
    inputs = {"image": image, "disparity": disparity, "hidden": mask.astype(np.uint8)}
    monkeypatch.setattr(images, "ENOUGH_PIXELS", 119 * 80 - 1)
    half = tasks.paint_background(inputs, options, TaskContext())
    left, top, right, bottom = half.metadata["background"]["rectangle"]
    assert (left + right, top + bottom) == (pytest.approx(119, abs=2), pytest.approx(80, abs=2))
    shown = read_photograph(half.arrays["background"].tobytes(), "half").pixels
    assert shown.shape[1] == pytest.approx((right - left) / 2, abs=2)
    assert np.abs(shown.astype(int) - GREEN).max() <= 3, "the card is painted over"
    with pytest.raises(ZograscopeError, match="but the picture"):
        tasks.paint_background(inputs | {"hidden": mask[:40]}, options, TaskContext())


def test_a_sketch_that_is_painted_is_what_is_painted_at_once(monkeypatch):
    monkeypatch.setattr(tasks, "_finds_faces", lambda models_folder: False)
    random = np.random.default_rng(4)
    rim = np.abs(np.arange(288) - 140)  # of a wide post, soft over some pixels
    near = np.clip((42.5 - rim) / 3.0, 0.0, 1.0)[:, None] * np.ones((192, 1, 1))
    wall = random.integers(20, 40, (192, 288, 3)) + 40.0 * (np.arange(288) % 9 == 0)[:, None]
    pixels = (wall * (1 - near) + (220, 60, 40) * near).astype(np.uint8)
    depth = np.where(near[..., 0] > 0.02, 0.8, 0.2).astype(np.float32)
    depth_map = io.BytesIO()
    np.save(depth_map, depth)
    files = {"image": encode_png(pixels), "depth_map": depth_map.getvalue()}
    inputs = {name: np.frombuffer(file, np.uint8) for name, file in files.items()}
    whole, sketch = (
        tasks.diorama(
            inputs, DioramaOptions(depth_map_name="d.npy", sketch=sketched), TaskContext()
        )
        for sketched in (False, True)
    )
    assert "matte" in whole.arrays and "matte" not in sketch.arrays
    disparity = sketch.arrays["background_disparity"]
    assert np.array_equal(disparity, whole.arrays["background_disparity"])
    assert sketch.metadata["background"] == whole.metadata["background"]
    coloured, painted = (
        read_photograph(each.arrays["background"].tobytes(), "plate").pixels.astype(int)
        for each in (sketch, whole)
    )
    assert np.abs(coloured - painted).max() > 20, "a sketch is no painting"

    asked = PaintBackgroundOptions(
        near=sketch.metadata["depth"]["near"],
        far=sketch.metadata["depth"]["far"],
        matte=True,
        focal_length=sketch.metadata["intrinsics"]["focal_length"],
    )
    shown = {
        "image": sketch.arrays["photograph"],
        "disparity": sketch.arrays["disparity"],
        "hidden": np.zeros(pixels.shape[:2], np.uint8),
    }
    result = tasks.paint_background(shown, asked, TaskContext())
    assert set(result.arrays) == {"background", "background_disparity", "dome", "matte"}
    for name, array in result.arrays.items():
        assert np.array_equal(array, whole.arrays[name]), name
    PaintBackgroundOptions.result.read(result.arrays, result.metadata)
