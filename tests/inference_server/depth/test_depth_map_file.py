"""Depth maps of every kind that an artist may bring."""

import io
import pickle
import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from zograscope_protocol.errors import ZograscopeError
from zograscope_server.depth.depth_map_file import read_depth_map

RAMP = np.linspace(0.0, 1.0, 30 * 20, dtype=np.float32).reshape(20, 30)


def png(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def tiff(values: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


FILES = {
    "png8": (png((RAMP * 255).round().astype(np.uint8)), 1 / 255),
    "png16": (png((RAMP * 65535).round().astype(np.uint16)), 1 / 65535),
    "png rgb": (png(np.repeat((RAMP * 255).astype(np.uint8)[..., None], 3, axis=2)), 2 / 255),
    "tiff8": (tiff((RAMP * 255).round().astype(np.uint8)), 1 / 255),
    "tiff16": (tiff((RAMP * 65535).round().astype(np.uint16)), 1 / 65535),
    "tiff32": (tiff(RAMP * 7 + 3), 1e-5),
    "tiff planar": (tiff(np.stack([RAMP] * 3), photometric="rgb", planarconfig="separate"), 1e-5),
    "exr": (imagecodecs.exr_encode(RAMP * 50), 1e-5),
    "npy": (npy(RAMP.astype(np.float64) - 5), 1e-5),
    "npy far from zero": (npy(RAMP.astype(np.float64) * 1e-3 + 1e6), 1e-5),
}

EXR_WINDOW = b"dataWindow\0box2i\0\x10\0\0\0" + struct.pack("<4i", 0, 0, 29, 19)
assert EXR_WINDOW in FILES["exr"][0]


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("near_is_white", [True, False])
def test_values_become_disparity(kind, near_is_white):
    data, tolerance = FILES[kind]
    depth = read_depth_map(data, f"map.{kind}", near_is_white=near_is_white)
    expected = RAMP if near_is_white else 1.0 - RAMP
    assert depth.disparity.dtype == np.float32
    assert np.abs(depth.disparity - expected).max() <= tolerance
    assert not depth.metric


def test_where_nothing_is_known_is_farthest():
    values = RAMP.copy()
    values[3, 4], values[5, 6] = np.nan, np.inf
    for near_is_white in (True, False):
        depth = read_depth_map(npy(values), "x.npy", near_is_white=near_is_white)
        assert depth.disparity[3, 4] == depth.disparity[5, 6] == 0.0
        assert np.isfinite(depth.disparity).all()


def test_one_distance_everywhere_is_flat():
    assert np.ptp(read_depth_map(npy(np.full((4, 4), 2.0)), "x.npy").disparity) == 0.0


class Evil:
    """What a pickle would run."""

    ran = False

    def __reduce__(self):
        return (setattr, (Evil, "ran", True))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        FILES["png16"][0][:60],
        FILES["exr"][0][:200],
        npy(np.zeros((3, 4, 5, 6))),
        npy(RAMP).replace(b"(20, 30)", b"(9, 90)"),
        npy(RAMP).replace(b"(20, 30), }  ", b"(20000, 30), }")[:400],
        FILES["exr"][0].replace(EXR_WINDOW, EXR_WINDOW[:-8] + struct.pack("<2i", 70_000, 70_000)),
        npy(np.stack([RAMP] * 3)),
        npy(np.full((4, 4), np.nan)),
        npy(np.zeros(9)),
        npy(np.array([Evil()], dtype=object)),
        pickle.dumps(RAMP),
    ],
)
def test_what_is_no_depth_map_is_refused_in_words(data):
    with pytest.raises(ZograscopeError) as caught:
        read_depth_map(data, "mine.exr")
    assert caught.value.code == "depth-map-unreadable"
    assert "mine.exr" in caught.value.sentence
    assert not Evil.ran
