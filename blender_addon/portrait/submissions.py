"""What the tasks of portraits are asked: options and inputs, ready to submit.

The operators and the command line start the same jobs; neither knows how they are put together.
"""

import tempfile
from pathlib import Path
from typing import Any

import bpy
from zograscope_protocol.portrait.tasks import (
    REGIONS,
    STRONGEST,
    ExaminePortraitOptions,
    Handle,
    PortraitOptions,
    PortraitRigOptions,
    TrackDriverOptions,
)
from zograscope_protocol.submission import Submission

from ..job_files import read_file
from ..pictures import file_bytes
from .clips import Clip
from .errors import PortraitError


def picture_bytes(path: Path | None, image: bpy.types.Image | None = None) -> bytes:
    """Return the encoded picture of an image datablock, as it looks now, or of a file.

    Raises PortraitError `no-portrait` or `image-unreadable`, and ZograscopeError for a file that
    cannot be read.
    """
    if image is not None:
        return _image_bytes(image)
    if path is None:
        raise PortraitError("no-portrait")
    return read_file(path)


def _image_bytes(image: bpy.types.Image) -> bytes:
    """Return the file of an image; where it is painted, or made here, one of what it shows."""
    try:
        if image.source == "FILE" and not image.is_dirty:
            return file_bytes(image)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "portrait.png"
            image.save(filepath=str(path), save_copy=True)
            return path.read_bytes()
    except (OSError, RuntimeError) as error:
        raise PortraitError("image-unreadable", str(error), name=image.name) from error


def move_options(
    settings: bpy.types.PropertyGroup, clip: Clip, handles: tuple[Handle, ...], **names: Any
) -> PortraitOptions:
    """Return how a portrait is moved as the artist chose it.

    Args:
        settings: the choices.
        clip: the driver.
        handles: points that were moved by hand.
        names: further options: `file_name`, `driver_name`, `rate`, `relief`.

    Raises ZograscopeError `bad-parameters`.
    """
    strengths = {
        f"strength_{region}": min(
            STRONGEST, settings.strength * getattr(settings, f"strength_{region}")
        )
        for region in REGIONS
    }
    return PortraitOptions(
        model=settings.model,
        face=settings.face,
        driver_face=settings.driver_face,
        handles=handles,
        regions=tuple(region for region in REGIONS if region in settings.regions),
        neutral_frame=None if settings.find_neutral else settings.neutral_frame,
        start=clip.start,
        end=clip.end,
        mouth=settings.mouth,
        motion=settings.motion,
        stitching=settings.stitching,
        credit=settings.credit,
        **strengths,
        **names,
    )


def move_submission(picture: bytes, clip: Clip, options: PortraitOptions) -> Submission:
    """Ask for a portrait to be moved. Raises ZograscopeError for a driver that cannot be read."""
    return options.submission({"image": picture, "driver": read_file(clip.path)})


def examine_submission(
    picture: bytes, clip: Clip | None, options: ExaminePortraitOptions
) -> Submission:
    """Ask what will go badly. Raises ZograscopeError for a driver that cannot be read."""
    inputs = {"image": picture}
    if clip is not None:
        inputs["driver"] = read_file(clip.path)
    return options.submission(inputs)


def track_submission(clip: Clip, options: TrackDriverOptions) -> Submission:
    """Ask for a driver's curves. Raises ZograscopeError for a driver that cannot be read."""
    return options.submission({"driver": read_file(clip.path)})


def rig_submission(picture: bytes, options: PortraitRigOptions) -> Submission:
    """Ask for a portrait's head as a mesh."""
    return options.submission({"image": picture})
