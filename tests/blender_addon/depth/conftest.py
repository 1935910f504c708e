"""Made-up results of the server's task `diorama`, and renders as arrays."""

import importlib
import struct
import zlib

import numpy as np
import pytest


@pytest.fixture(scope="session")
def relief(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.relief")


@pytest.fixture(scope="session")
def builders(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.builders")


@pytest.fixture(scope="session")
def moves(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.camera_moves")


@pytest.fixture(scope="session")
def holes(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.holes")


@pytest.fixture(scope="session")
def attention(zograscope):
    return importlib.import_module(zograscope.__name__ + ".depth.attention")


@pytest.fixture(scope="session")
def found(zograscope):
    """The module that finds dioramas again."""
    return importlib.import_module(zograscope.__name__ + ".depth.diorama")


def encode_png(pixels: np.ndarray) -> np.ndarray:
    """Encode uint8 (h, w, 3) or (h, w, 4) as the bytes of a PNG file, a uint8 array."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width, channels = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    file = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    )
    file += chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b"")
    return np.frombuffer(file, np.uint8)


def wild_disparity(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Blocks that jump, waves that bend and some grain: worse than any photograph's depth."""
    random = np.random.default_rng(seed)
    blocks = random.random((6, 6)).repeat(-(-height // 6), 0).repeat(-(-width // 6), 1)
    y, x = np.mgrid[:height, :width]
    waves = 1 + np.sin(x / width * 17 + y / height * 9)
    grain = random.normal(0, 0.002, (height, width))
    return np.clip(0.6 * blocks[:height, :width] + 0.18 * waves + grain, 0, 1).astype(np.float32)


MARGIN = 7
MAGENTA, CYAN = (255, 0, 255), (0, 255, 255)


def make_result(photograph: np.ndarray, disparity: np.ndarray, **changes):
    """Return arrays and metadata; the background is magenta and too near, the dome cyan."""
    height, width, _ = photograph.shape
    background = np.full((height + 2 * MARGIN, width + 2 * MARGIN, 3), MAGENTA, np.uint8)
    arrays = {
        "photograph": encode_png(photograph),
        "disparity": disparity,
        "background": encode_png(background),
        "background_disparity": wild_disparity(*(side + 5 for side in disparity.shape), seed=9),
        "dome": encode_png(np.full((8, 16, 3), CYAN, np.uint8)),
    }
    metadata = {
        "photograph": {"width": width, "height": height, "name": "test"},
        "intrinsics": {"focal_length": 1.1 * width, "cx": 0.47 * width, "cy": 0.55 * height},
        "depth": {"near": 1.0, "far": 8.0, "model": "drawn", "licence": "CC0-1.0"},
        "background": {"rectangle": [-MARGIN, -MARGIN, width + MARGIN, height + MARGIN]},
    }
    return arrays, metadata | changes


def noise_photograph(height: int, width: int) -> np.ndarray:
    """A picture in which every pixel differs from its neighbours."""
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def result():
    """A small result: a landscape photograph of noise with a wild disparity at half its size."""
    return make_result(noise_photograph(64, 96), wild_disparity(32, 48))


@pytest.fixture
def render(tmp_path):
    """render(scene, engine, samples=1) -> int (h, w, 4) as the PNG file holds it.

    Where nothing is, it is clear, unless the world is wanted.
    """
    import bpy

    def render(scene, engine: str, samples: int = 1, world: bool = False) -> np.ndarray:
        scene.render.engine = engine
        scene.render.film_transparent = not world
        scene.render.filepath = str(tmp_path / "render.png")
        scene.render.image_settings.file_format = "PNG"
        scene.render.image_settings.color_mode = "RGBA"
        scene.display.render_aa = "OFF"
        scene.cycles.samples = samples
        scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(scene.render.filepath)
        width, height = image.size
        pixels = np.empty((height, width, 4), np.float32)
        image.pixels.foreach_get(pixels.ravel())
        bpy.data.images.remove(image)
        return np.round(pixels[::-1] * 255).astype(int)

    return render


# Two planes: the near one fills the left half of the picture, the far one the right half.
WIDTH, HEIGHT = 96, 64
NEAR, FAR = 1.0, 8.0
BEYOND = 48  # pixels by which the background is larger, on each side
COLUMN = 1 / 64  # of the picture: what one column of rays tells apart


@pytest.fixture
def two_planes(relief, holes):
    """two_planes(background, dome) -> Surfaces."""
    intrinsics = relief.Intrinsics(WIDTH, WIDTH / 2, HEIGHT / 2, WIDTH, HEIGHT)
    settings = relief.Settings(near=NEAR, far=FAR)
    disparity = np.zeros((HEIGHT, WIDTH), np.float32)
    disparity[:, : WIDTH // 2] = 1.0

    def build(background: bool = False, dome: bool = False):
        behind = None
        if background:
            rectangle = (-BEYOND, -BEYOND, WIDTH + BEYOND, HEIGHT + BEYOND)
            flat = np.zeros((8, 8), np.float32)
            behind = relief.build_relief(flat, intrinsics, settings, rectangle, in_front=disparity)
        front = relief.build_relief(disparity, intrinsics, settings)
        return holes.Surfaces(front, intrinsics, behind, dome=dome)

    return build


@pytest.fixture
def step_right(moves):
    """step_right(distance) -> a path of one pose."""

    def path(distance: float):
        return moves.CameraPath(np.array([(distance, 0, 0)]), np.zeros((1, 3)), np.ones(1))

    return path


def ray_to(diorama, u: float, v: float):
    """The ray from rest through a pixel, in world space: origin and direction."""
    import bpy
    from mathutils import Vector

    bpy.context.view_layer.update()
    camera, world = diorama.intrinsics, diorama.photograph.matrix_world
    across = (u - camera.cx) / camera.focal_length
    up = (camera.cy - v) / camera.focal_length
    return world.translation, world.to_3x3() @ Vector((across, up, -1.0))
