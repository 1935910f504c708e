"""Films, frames and contact sheets of a scene, with each engine set up for a photograph."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from .errors import ExtensionError

OnFrame = Callable[[int, int], None]
"""Told how many frames are done, of how many; what it raises ends the render."""

Finish = Callable[[np.ndarray], np.ndarray]
"""Makes of each rendered picture another: (height, width, 4) in [0, 1], as encoded, bottom row
first. A film wants it to be of even sides."""

# EEVEE has had two names.
ENGINES = {
    "workbench": ("BLENDER_WORKBENCH",),
    "eevee": ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"),
    "cycles": ("CYCLES",),
}
USUAL_SAMPLES = 16
WORKBENCH_SAMPLES = (5, 8, 11, 16, 32)  # what Workbench knows; the first is usual
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
    finish: Finish | None = None,
) -> None:
    """Render the scene's frames to an MP4 film (H.264).

    The film appears when it is whole. H.264 wants even sizes: a picture of odd width or height
    loses its last column or row.

    Raises ExtensionError `films-unsupported`, `engine-missing` or `render-failed`.
    """
    if not bpy.app.build_options.codec_ffmpeg:  # type: ignore[attr-defined]
        raise ExtensionError("films-unsupported")
    with _scratch_folder(path) as folder, _render_settings(scene, engine, samples):
        _make_size_even(scene.render)
        frames = _render_each_frame(scene, Path(folder), on_frame, finish)
        unfinished = Path(folder) / path.name
        _encode(scene, frames, unfinished)
        unfinished.replace(path)


def render_frames(
    scene: bpy.types.Scene,
    folder: Path,
    engine: str = "workbench",
    on_frame: OnFrame | None = None,
    samples: int | None = None,
    finish: Finish | None = None,
) -> None:
    """Render the scene's frames as PNG files FOLDER/0001.png and so on.

    Frames that are done stay when `on_frame` ends the render.

    Raises ExtensionError `engine-missing` or `render-failed`.
    """
    with _scratch_folder(folder / "0001.png"), _render_settings(scene, engine, samples):
        _render_each_frame(scene, folder, on_frame, finish)


def render_still(
    scene: bpy.types.Scene,
    path: Path,
    engine: str = "workbench",
    samples: int | None = None,
    finish: Finish | None = None,
) -> None:
    """Render the present frame as a PNG file.

    Raises ExtensionError `engine-missing` or `render-failed`.
    """
    with _scratch_folder(path), _render_settings(scene, engine, samples):
        _render_picture(scene, path, finish)


def contact_sheet(
    scene: bpy.types.Scene, path: Path, engine: str = "workbench", frames: int = SHEET_FRAMES
) -> None:
    """Render frames spread over the scene, side by side in one PNG file.

    Raises ExtensionError `engine-missing` or `render-failed`.
    """
    render, present = scene.render, scene.frame_current
    width = (SHEET_WIDTH - SHEET_GAP * (SHEET_COLUMNS + 1)) // SHEET_COLUMNS
    percentage = render.resolution_percentage
    render.resolution_percentage = max(1, min(100, math.ceil(100 * width / render.resolution_x)))
    pictures = []
    try:
        with _scratch_folder(path) as folder:
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


def _scratch_folder(path: Path) -> tempfile.TemporaryDirectory[str]:
    """Make a folder beside a file that is to be: a bad place shows before anything is rendered."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=path.parent, prefix=".zograscope-")
    except OSError as error:
        raise ExtensionError("render-failed", str(error), path=str(path)) from error


def _render_each_frame(
    scene: bpy.types.Scene, folder: Path, on_frame: OnFrame | None, finish: Finish | None
) -> list[Path]:
    """Render every frame of the scene as PNG; what `on_frame` raises ends it."""
    present = scene.frame_current
    numbers = range(scene.frame_start, scene.frame_end + 1, scene.frame_step)
    paths = [folder / f"{number:04d}.png" for number in numbers]
    try:
        for done, (number, path) in enumerate(zip(numbers, paths, strict=True), start=1):
            scene.frame_set(number)
            _render_picture(scene, path, finish)
            if on_frame is not None:
                on_frame(done, len(numbers))
    finally:
        scene.frame_set(present)
    return paths


def _render_picture(scene: bpy.types.Scene, path: Path, finish: Finish | None) -> None:
    """Render the present frame as a PNG file."""
    _set_format(scene.render.image_settings, "PNG")
    scene.render.filepath = str(path)
    _run_render(scene, path, write_still=True)
    if finish is not None:
        _write_pixels(path, finish(_read_pixels(path)))


def _encode(scene: bpy.types.Scene, frames: list[Path], film: Path) -> None:
    """Make a film of pictures, with a scene of its own whose sequencer shows them."""
    editing = bpy.data.scenes.new("Zograscope film")
    try:
        render = editing.render
        for name in ("fps", "fps_base"):
            setattr(render, name, getattr(scene.render, name))
        # Of two views side by side, or a card, a frame is larger than what the scene renders.
        render.resolution_x, render.resolution_y = _size_of(frames[0])
        editing.view_settings.view_transform = "Standard"
        render.dither_intensity = 0.0
        strips = editing.sequence_editor_create().strips
        strip = strips.new_image("frames", str(frames[0]), channel=1, frame_start=1)
        for frame in frames[1:]:
            strip.elements.append(frame.name)
        editing.frame_start, editing.frame_end = 1, len(frames)

        _set_format(render.image_settings, "FFMPEG")
        render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
        render.ffmpeg.constant_rate_factor, render.ffmpeg.ffmpeg_preset = "HIGH", "GOOD"
        render.filepath, render.use_file_extension = str(film), False
        _run_render(editing, film, animation=True)
    finally:
        bpy.data.scenes.remove(editing)


def _run_render(scene: bpy.types.Scene, path: Path, **options: Any) -> None:
    """Run Blender's render, and see that it left a file."""
    try:
        bpy.ops.render.render(scene=scene.name, **options)
    except RuntimeError as error:
        raise ExtensionError("render-failed", str(error), path=str(path)) from error
    if not path.is_file():
        raise ExtensionError("render-failed", path=str(path))


@contextmanager
def _render_settings(scene: bpy.types.Scene, engine: str, samples: int | None) -> Iterator[None]:
    """Set the engine up, and put back afterwards what the artist had."""
    render, image = scene.render, scene.render.image_settings
    changed = [
        (render, "engine filepath use_file_extension use_persistent_data"),
        (render, "resolution_x resolution_y resolution_percentage"),
        # Blender 5 offers only the formats of the chosen kind of media.
        (image, "media_type file_format color_mode color_depth"),
        (getattr(scene, "cycles", None), "samples use_denoising"),
        (scene.eevee, "taa_render_samples"),
        (scene.display, "render_aa"),
    ]
    kept = [
        (owner, name, getattr(owner, name))
        for owner, names in changed
        for name in names.split()
        if hasattr(owner, name)
    ]
    try:
        _choose_engine(scene, engine, samples)
        render.use_file_extension = False
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _choose_engine(scene: bpy.types.Scene, engine: str, samples: int | None) -> None:
    for identifier in ENGINES[engine]:
        try:
            scene.render.engine = identifier
            break
        except TypeError:
            continue
    else:
        raise ExtensionError("engine-missing", engine=engine)
    # From frame to frame Cycles then keeps what does not change: four times as fast for a mosaic.
    scene.render.use_persistent_data = True
    scene.eevee.taa_render_samples = samples or USUAL_SAMPLES
    if hasattr(scene, "cycles"):  # an add-on, which may be off
        scene.cycles.samples, scene.cycles.use_denoising = samples or USUAL_SAMPLES, False
    scene.display.render_aa = _workbench_samples(samples or WORKBENCH_SAMPLES[0])  # type: ignore[assignment]


def _workbench_samples(samples: int) -> str:
    """Return Workbench's name of the most samples that are no more than these."""
    fewer = [step for step in WORKBENCH_SAMPLES if step <= samples]
    return str(fewer[-1]) if fewer else "OFF"


def _make_size_even(render: bpy.types.RenderSettings) -> None:
    for side in ("resolution_x", "resolution_y"):
        pixels = getattr(render, side) * render.resolution_percentage // 100
        setattr(render, side, max(2, pixels // 2 * 2))
    render.resolution_percentage = 100


def _set_format(image: bpy.types.ImageFormatSettings, file_format: str) -> None:
    if hasattr(image, "media_type"):
        image.media_type = "VIDEO" if file_format == "FFMPEG" else "IMAGE"
    image.file_format, image.color_mode = file_format, "RGB"
    if file_format == "PNG":
        image.color_depth = "8"


def own_engine(scene: bpy.types.Scene) -> tuple[str, int | None]:
    """Return the name of the engine that a scene renders with, and its samples for each pixel.

    Raises ExtensionError `engine-missing` where it is none of `ENGINES`.
    """
    identifier = scene.render.engine
    name = next((name for name, known in ENGINES.items() if identifier in known), None)
    if name is None:
        raise ExtensionError("engine-missing", engine=identifier)
    samples = {"eevee": scene.eevee.taa_render_samples}
    if hasattr(scene, "cycles"):
        samples["cycles"] = scene.cycles.samples
    return name, samples.get(name)


def _size_of(path: Path) -> tuple[int, int]:
    image = bpy.data.images.load(str(path))
    try:
        width, height = image.size
        return width, height
    finally:
        bpy.data.images.remove(image)


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
    image = bpy.data.images.new("composed picture", width, height)
    try:
        image.colorspace_settings.name = "Non-Color"
        image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
        image.file_format = "PNG"
        image.save(filepath=str(path))
    except RuntimeError as error:
        raise ExtensionError("render-failed", str(error), path=str(path)) from error
    finally:
        bpy.data.images.remove(image)
