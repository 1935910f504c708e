"""Films, frames and contact sheets of a scene, with each engine set up for a photograph."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
from zograscope_protocol.errors import ZograscopeError

OnFrame = Callable[[int, int], None]

# EEVEE has had two names.
ENGINES = {
    "workbench": ("BLENDER_WORKBENCH",),
    "eevee": ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"),
    "cycles": ("CYCLES",),
}
USUAL_SAMPLES = 16
SHEET_COLUMNS = 4
SHEET_FRAMES = 12
SHEET_WIDTH = 1920  # pixels
SHEET_GAP = 8


def render_film(
    scene: bpy.types.Scene,
    path: Path,
    engine: str = "workbench",
    on_frame: OnFrame | None = None,
    samples: int | None = None,
) -> None:
    """Render the scene's frames to an MP4 film (H.264).

    H.264 wants even sizes: a picture of odd width or height loses its last column or row.

    Raises ZograscopeError `engine-missing` or `render-failed`.
    """
    with _render_settings(scene, engine, samples):
        render = scene.render
        for side in ("resolution_x", "resolution_y"):
            setattr(render, side, max(2, getattr(render, side) // 2 * 2))
        if hasattr(render.image_settings, "media_type"):
            render.image_settings.media_type = "VIDEO"
        render.image_settings.file_format = "FFMPEG"
        render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
        render.ffmpeg.constant_rate_factor, render.ffmpeg.ffmpeg_preset = "HIGH", "GOOD"
        render.filepath = str(path)
        render.use_file_extension = False
        _render(scene, path, on_frame)


def render_frames(
    scene: bpy.types.Scene,
    folder: Path,
    engine: str = "workbench",
    on_frame: OnFrame | None = None,
    samples: int | None = None,
) -> None:
    """Render the scene's frames as PNG files FOLDER/0001.png and so on.

    Raises ZograscopeError `engine-missing` or `render-failed`.
    """
    with _render_settings(scene, engine, samples):
        _as_png(scene)
        scene.render.filepath = f"{folder}/"
        scene.render.use_file_extension = True
        _render(scene, folder, on_frame)


def render_still(
    scene: bpy.types.Scene, path: Path, engine: str, samples: int | None = None
) -> None:
    """Render the present frame as a PNG file.

    Raises ZograscopeError `engine-missing` or `render-failed`.
    """
    with _render_settings(scene, engine, samples):
        _as_png(scene)
        scene.render.filepath = str(path)
        scene.render.use_file_extension = False
        try:
            bpy.ops.render.render(write_still=True, scene=scene.name)
        except RuntimeError as error:
            raise ZograscopeError("render-failed", str(error), path=str(path)) from error
    if not path.is_file():
        raise ZograscopeError("render-failed", path=str(path))


def contact_sheet(
    scene: bpy.types.Scene, path: Path, engine: str = "workbench", frames: int = SHEET_FRAMES
) -> None:
    """Render frames spread over the scene, side by side in one PNG file.

    Raises ZograscopeError `engine-missing` or `render-failed`.
    """
    render, present = scene.render, scene.frame_current
    width = (SHEET_WIDTH - SHEET_GAP * (SHEET_COLUMNS + 1)) // SHEET_COLUMNS
    percentage = render.resolution_percentage
    render.resolution_percentage = max(1, min(100, math.ceil(100 * width / render.resolution_x)))
    pictures = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for frame in np.linspace(scene.frame_start, scene.frame_end, frames).round():
                scene.frame_set(int(frame))
                still = Path(folder) / f"{int(frame)}.png"
                render_still(scene, still, engine)
                pictures.append(_read_pixels(still))
    finally:
        render.resolution_percentage = percentage
        scene.frame_set(present)
    _write_pixels(path, lay_out(pictures))


def lay_out(pictures: list[np.ndarray]) -> np.ndarray:
    """Lay (height, width, 4) pictures of one size out in rows, bottom row of pixels first."""
    height, width = pictures[0].shape[:2]
    rows = math.ceil(len(pictures) / SHEET_COLUMNS)
    step_x, step_y = width + SHEET_GAP, height + SHEET_GAP
    sheet = np.zeros((rows * step_y + SHEET_GAP, SHEET_COLUMNS * step_x + SHEET_GAP, 4), np.float32)
    sheet[..., 3] = 1.0
    for number, picture in enumerate(pictures):
        row, column = divmod(number, SHEET_COLUMNS)
        bottom = SHEET_GAP + (rows - 1 - row) * step_y
        left = SHEET_GAP + column * step_x
        sheet[bottom : bottom + height, left : left + width] = picture
    return sheet


def _render(scene: bpy.types.Scene, path: Path, on_frame: OnFrame | None) -> None:
    """Render the animation, telling of each frame."""
    total = scene.frame_end - scene.frame_start + 1
    done = 0

    def count(*_: object) -> None:
        nonlocal done
        done += 1
        if on_frame is not None:
            on_frame(done, total)

    bpy.app.handlers.render_write.append(count)
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise ZograscopeError("render-failed", str(error), path=str(path)) from error
    finally:
        bpy.app.handlers.render_write.remove(count)
    if done < total or not path.exists():
        raise ZograscopeError("render-failed", f"{done} of {total} frames", path=str(path))


@contextmanager
def _render_settings(scene: bpy.types.Scene, engine: str, samples: int | None) -> Iterator[None]:
    """Set the engine up, and put back afterwards what the artist had."""
    render, image = scene.render, scene.render.image_settings
    kept = [
        (render, name, getattr(render, name))
        for name in ("engine", "filepath", "use_file_extension", "resolution_x", "resolution_y")
    ]
    if hasattr(image, "media_type"):
        kept.append((image, "media_type", image.media_type))
    kept += [(image, name, getattr(image, name)) for name in ("file_format", "color_mode")]
    _choose_engine(scene, engine, samples or USUAL_SAMPLES)
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _choose_engine(scene: bpy.types.Scene, engine: str, samples: int) -> None:
    for identifier in ENGINES[engine]:
        try:
            scene.render.engine = identifier
            break
        except TypeError:
            continue
    else:
        raise ZograscopeError("engine-missing", engine=engine)
    scene.cycles.samples = scene.eevee.taa_render_samples = samples
    scene.cycles.use_denoising = False
    scene.display.render_aa = "8"


def _as_png(scene: bpy.types.Scene) -> None:
    image = scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "IMAGE"
    image.file_format, image.color_mode, image.color_depth = "PNG", "RGB", "8"


def _read_pixels(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    try:
        # Encoded as in the file: the sheet is written the same way.
        image.colorspace_settings.name = "Non-Color"
        pixels = np.empty((image.size[1], image.size[0], 4), np.float32)
        image.pixels.foreach_get(pixels.ravel())
    finally:
        bpy.data.images.remove(image)
    return pixels


def _write_pixels(path: Path, pixels: np.ndarray) -> None:
    height, width = pixels.shape[:2]
    image = bpy.data.images.new("contact sheet", width, height)
    try:
        image.colorspace_settings.name = "Non-Color"
        image.pixels.foreach_set(pixels.ravel())
        image.file_format = "PNG"
        image.save(filepath=str(path))
    except RuntimeError as error:
        raise ZograscopeError("render-failed", str(error), path=str(path)) from error
    finally:
        bpy.data.images.remove(image)
