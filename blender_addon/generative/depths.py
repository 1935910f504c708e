"""The depth path of a landscape: each frame of a walk goes through the depth model too.

Once the walk is there, for the two would make way for each other all the time. One job follows the
other, and its answer becomes a 16-bit picture in the folder `depth` among the frames: the files
themselves tell which are there. A depth model says how near things are relative to each other, anew
for each frame, and sees a sheet of paper as a floor that comes nearer. So each frame is levelled,
and all get the same spread: the landscape neither tilts nor pumps.
"""

import struct
import zlib
from pathlib import Path

import bpy
import numpy as np
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_protocol.errors import ZograscopeError
from zograscope_protocol.frame_files import FrameFiles
from zograscope_protocol.job import Job

from .. import frame_sequences
from ..frame_sequences import FRAMES_MARK, JOB_MARK, SCENE_MARK
from ..job_files import read_file
from ..pending_jobs import Owner, Waiting
from ..server_link import link
from . import relief

FOLDER = "depth"
STOPPED = "zograscope_depth_stopped"
"""On an image sequence: the job of frames whose depth the artist has stopped."""

HIGHEST = 65535
SPREAD = 0.16  # of a frame's heights
LEAST_SPREAD = 0.004  # of disparity; less is noise, and is not made more of

_running: dict[str, str] = {}
"""For each job of frames, the job that sees the depth of one of them."""


def is_wanted(image: bpy.types.Image) -> bool:
    """Whether a landscape takes its heights from the depth of a walk's frames."""
    return any(item.get(relief.HEIGHT_MARK) == "DEPTH" for item, _ in relief.landscapes(image))


def done(image: bpy.types.Image) -> int:
    """Return how many of a walk's frames have their depth, from the first on."""
    return FrameFiles(frame_sequences.folder_of(image) / FOLDER).first_missing()


def is_lacking(image: bpy.types.Image) -> bool:
    """Whether depth is wanted of a walk's frames, and some have none."""
    return is_wanted(image) and done(image) < image[FRAMES_MARK]


def is_running(image: bpy.types.Image) -> bool:
    """Whether the depth of a walk's frames is being made."""
    return link.pending.get(_running.get(image[JOB_MARK], "")) is not None


def resume(image: bpy.types.Image) -> None:
    """Go on at the first frame whose depth is missing, though it was stopped."""
    if STOPPED in image:
        del image[STOPPED]
    go_on(image)


def go_on(image: bpy.types.Image) -> None:
    """Show the heights that are there, and ask for the next frame's depth where it is wanted."""
    show(image)
    ready, count = done(image), image[FRAMES_MARK]
    walking = link.pending.get(image[JOB_MARK]) is not None
    stopped = image.get(STOPPED) == image[JOB_MARK]
    if is_wanted(image) and ready < count and not (walking or stopped or is_running(image)):
        _ask(image, ready, count)


def show(image: bpy.types.Image) -> None:
    """Let landscapes take their heights from what is there."""
    folder, count = frame_sequences.folder_of(image), image[FRAMES_MARK]
    ready = done(image)
    for item, modifier in relief.landscapes(image):
        if item.get(relief.HEIGHT_MARK) == "DEPTH" and ready:
            relief.set_heights(modifier, folder / FOLDER, min(ready, count), ".png")
        else:
            relief.set_heights(modifier, folder, count, Path(image.filepath).suffix)


def options_for(path: Path, model: str) -> DioramaOptions:
    """Return how the depth of a frame is asked for: as small and as quick as depth can be."""
    return DioramaOptions(
        file_name=path.name,
        model=model,
        quality="draft",
        crop="none",
        kind="print",
        background=False,
        stereo="no",
    )


def _ask(image: bpy.types.Image, number: int, count: int) -> None:
    """Ask the server how near things are in a frame."""
    scene = image.get(SCENE_MARK)
    owner = Owner(scene.session_uid if scene else 0, "generative")
    path = FrameFiles(frame_sequences.folder_of(image), Path(image.filepath).suffix).path(number)
    options = options_for(path, scene.zograscope_depth.model if scene else "default")
    frames = image[JOB_MARK]

    def on_done(job: Job) -> None:
        _running.pop(frames, None)
        shown = frame_sequences.find_image(frames)
        if shown is not None:  # else the artist has removed it, or walked anew
            keep(shown, number, job.result.arrays["disparity"])
            go_on(shown)

    def on_stopped() -> None:
        _running.pop(frames, None)
        shown = frame_sequences.find_image(frames)
        if shown is not None:
            shown[STOPPED] = frames

    waiting = Waiting(
        title=f"Depth of {image.name}, {number + 1} of {count}",
        on_done=on_done,
        owner=owner,
        on_stopped=on_stopped,
    )
    try:
        submission = options.submission({"image": read_file(path)})
        _running[frames] = link.submit(submission, waiting).id
    except ZograscopeError as error:
        link.tell(owner, error)


def keep(image: bpy.types.Image, number: int, disparity: np.ndarray) -> None:
    """Write the heights of a frame beside it.

    Args:
        image: the walk.
        number: of the frame, from 0.
        disparity: (h, w) from 0 to 1, 1 is near.

    Raises ZograscopeError `output-exists`.
    """
    files = FrameFiles(frame_sequences.folder_of(image) / FOLDER)
    files.write(number, encode_heights(level(disparity)))


def level(disparity: np.ndarray) -> np.ndarray:
    """Return heights (h, w), 0 to 1 about 0.5: disparity without its tilt, of a fixed spread."""
    height, width = disparity.shape
    down, across = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    plane = np.stack([np.ones(disparity.size), down.ravel(), across.ravel()], axis=1)
    tilt, *_ = np.linalg.lstsq(plane, disparity.ravel().astype(np.float64), rcond=None)
    rest = disparity - (plane @ tilt).reshape(disparity.shape)
    return np.clip(0.5 + rest * (SPREAD / max(rest.std(), LEAST_SPREAD)), 0.0, 1.0)


def encode_heights(heights: np.ndarray) -> np.ndarray:
    """Return heights (h, w) from 0 to 1 as a 16-bit grey PNG file, uint8 (n,)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    rows = np.round(heights * HIGHEST).astype(">u2")
    height, width = rows.shape
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines))
    return np.frombuffer(file + chunk(b"IEND", b""), np.uint8)
