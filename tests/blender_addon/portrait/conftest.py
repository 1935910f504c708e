"""Made-up portraits, and made-up results of the tasks of portraits."""

import importlib
import io
import struct
import wave
import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from ..depth.conftest import encode_png, make_result, noise_photograph, render, wild_disparity

__all__ = ["encode_png", "make_result", "noise_photograph", "render", "wild_disparity"]

HANDLES = ("eye_right", "eye_left", "mouth_right", "mouth_left", "chin")
EXPRESSIONS = (
    *("browInnerUp", "eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft"),
    *(f"expression{number}" for number in range(47)),
)
WIDTH, HEIGHT = 48, 40


@pytest.fixture
def module(zograscope):
    """module("portrait.rig") -> that module of the installed extension."""
    return lambda name: importlib.import_module(f"{zograscope.__name__}.{name}")


def frame(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A picture in which every pixel differs, and every frame too."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)


def encode_relief(values: np.ndarray) -> np.ndarray:
    """Encode uint16 (h, w) as a grey PNG file, a uint8 array."""
    return _encode(values.astype(">u2"), 16, 0)


def encode_clear_png(pixels: np.ndarray) -> np.ndarray:
    """Encode uint8 (h, w, 4) as a PNG file with alpha, a uint8 array."""
    return _encode(pixels, 8, 6)


def _encode(pixels: np.ndarray, depth: int, colours: int) -> np.ndarray:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    return np.frombuffer(file + chunk(b"IEND", b""), np.uint8)


def encode_sound(seconds: float, rate: int = 8000) -> np.ndarray:
    """Return a quiet WAV file, a uint8 array."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * round(seconds * rate)))
    return np.frombuffer(file.getvalue(), np.uint8)


def poses(count: int) -> np.ndarray:
    """Heads that turn about the upright axis, further with each, grow and move to the right."""
    poses = np.tile(np.eye(4, dtype=np.float32), (count, 1, 1))
    angles = np.linspace(0.0, 0.4, count)
    poses[:, 0, 0], poses[:, 0, 2] = np.cos(angles), np.sin(angles)
    poses[:, 2, 0], poses[:, 2, 2] = -np.sin(angles), np.cos(angles)
    poses[:, :3, :3] *= np.linspace(1.0, 1.2, count)[:, None, None]
    poses[:, 0, 3] = np.linspace(0.0, 0.2, count)
    return poses


def made_up_curves(count: int, rate: float = 25.0):
    """Return a made-up result of `track_driver`: arrays and metadata."""
    random = np.random.default_rng(count)
    arrays = {
        "times": np.arange(count) / rate,
        "curves": random.random((count, len(EXPRESSIONS)), np.float32),
        "poses": poses(count),
    }
    metadata = {"rate": rate, "expressions": list(EXPRESSIONS), "sound_suffix": ".wav"}
    return arrays, metadata | {"neutral_frame": 0, "warnings": []}


def made_up_rig(height: int = HEIGHT, width: int = WIDTH):
    """Return a made-up result of `portrait_rig`: the picture as a sheet, whose middle can move."""
    across, down = np.meshgrid(np.linspace(0, width, 7), np.linspace(0, height, 7))
    middle = ((abs(across - width / 2) < width / 5) & (abs(down - height / 2) < height / 5)).ravel()
    vertices = np.stack([across, down, np.zeros_like(across)], axis=-1).reshape(-1, 3)
    index = np.arange(49).reshape(7, 7)
    a, b, c, d = (
        part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:])
    )
    triangles = np.concatenate([np.stack([a, c, d], 1), np.stack([a, b, c], 1)])
    uv = np.stack([across / width, 1 - down / height], axis=-1).reshape(-1, 2)
    shapes = np.zeros((len(EXPRESSIONS), 49, 3), np.float32)
    shapes[EXPRESSIONS.index("jawOpen"), middle] = (0.0, 6.0, 0.0)  # down
    shapes[EXPRESSIONS.index("browInnerUp"), middle] = (0.0, 0.0, -5.0)  # to the viewer
    arrays = {
        "vertices": vertices.astype(np.float32),
        "triangles": triangles.astype(np.int32),
        "uv": uv.astype(np.float32),
        "materials": np.zeros(len(triangles), np.uint8),
        "shape_keys": shapes,
        "head": middle.astype(np.float32),
        "pivot": np.array([width / 2, height / 2, 3.0], np.float32),
        **{f"texture.{name}": encode_png(frame(7, height, width)) for name in ("picture", "eyes")},
    }
    metadata = {
        "expressions": list(EXPRESSIONS),
        "textures": ["picture", "eyes"],
        "size": [width, height],
        "box": [10.0, 8.0, 18.0, 24.0],
        "face_width": 20.0,
        "warnings": [],
    }
    return arrays, metadata


def made_up_examination(faces: int = 2):
    """Return a made-up result of `examine_portrait`: faces side by side."""
    boxes = [[4.0 + 22 * face, 6.0, 18.0, 24.0] for face in range(faces)]
    handles = [[[left + 3 * n + 2, top + 4 * n + 2] for n in range(5)] for left, top, _, _ in boxes]
    arrays = {
        "points": np.zeros((faces, 478, 3), np.float32),
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "handles": np.array(handles, np.float32).reshape(-1, 5, 2),
        "picture": encode_png(frame(3)),
    }
    warnings = ["The face is 18 pixels wide; below 80 it moves badly."]
    metadata = {"faces": faces, "handles": list(HANDLES), "size": [WIDTH, HEIGHT]}
    return arrays, metadata | {"neutral_frame": None, "warnings": warnings}


@pytest.fixture
def files(tmp_path):
    """A portrait and a driver on disk, as the settings name them."""
    picture, driver = tmp_path / "portrait.png", tmp_path / "driver.mp4"
    picture.write_bytes(encode_png(frame(0)).tobytes())
    driver.write_bytes(b"a video")
    return SimpleNamespace(picture=picture, driver=driver)


@pytest.fixture
def settings(scene, files, tmp_path):
    """The settings of a saved file's scene, with portrait and driver chosen."""
    import bpy

    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "work.blend"))
    settings = bpy.context.scene.zograscope_portrait
    settings.picture, settings.driver = str(files.picture), str(files.driver)
    return settings


def answer(link, arrays, metadata) -> None:
    """Let the server finish its only job."""
    (job,) = link.jobs
    job.finish(**arrays)
    job.result.metadata.update(metadata)
    while link.jobs:
        link.tick()


def stream(link, *numbers: int, relief=None) -> None:
    """Let the server send frames of its only job, and Blender take them."""
    (job,) = link.jobs
    for number in numbers:
        also = {} if relief is None else {"relief": encode_relief(relief(number))}
        job.send(number, file=encode_png(frame(number)), **also)
    while job.sent:
        link.tick()


def moved(count: int, rate: float = 25.0, seconds: float | None = None):
    """Return a made-up result of `portrait`, with sound of some seconds."""
    arrays, metadata = made_up_curves(count, rate)
    if seconds is not None:
        arrays["sound"] = encode_sound(seconds)
    metadata |= {"size": [WIDTH, HEIGHT], "box": [10.0, 8.0, 18.0, 24.0], "face_width": 20.0}
    return arrays, metadata | {"model": "mesh"}
