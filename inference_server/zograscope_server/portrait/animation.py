"""A portrait and what moves it become frames: the whole way, over arrays and files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from zograscope_protocol.portrait.tasks import PortraitOptions

from zograscope_server.faces.landmarks import Face
from zograscope_server.faces.loading import (
    FACES,
    MATTING,
    FaceModel,
    load_face_model,
    load_person_matte,
)
from zograscope_server.media.clips import Clip
from zograscope_server.models.catalogue import default_model
from zograscope_server.portrait.head.fit import FittedHead, fit_head
from zograscope_server.portrait.head.model import HeadModel
from zograscope_server.portrait.mesh.matte import Segmenter
from zograscope_server.portrait.mesh.mouth import BorrowedMouth, OwnMouth
from zograscope_server.portrait.mesh.mover import MeshMover
from zograscope_server.portrait.mover import MeshModel, Mover, PortraitModel
from zograscope_server.portrait.refinement import refine_track
from zograscope_server.portrait.track import DriverTrack, Tracker
from zograscope_server.portrait.transfer import follow_curves, relative_curves, transfer
from zograscope_server.progress import OnProgress, no_progress

USUAL_RATE = 25.0  # of curves that do not say theirs


@dataclass(frozen=True)
class Driver:
    """A clip that moves a portrait, the part of it that was asked for.

    Attributes:
        clip: the video.
        start, end: in seconds; None goes to the end.
        rate: of the frames, for each second.
    """

    clip: Clip
    start: float
    end: float | None
    rate: float

    def frames(self) -> Iterator[tuple[float, np.ndarray]]:
        """Yield each frame's time in seconds and its picture, uint8 (h, w, 3)."""
        for frame in self.clip.frames(self.start, self.end, self.rate):
            yield frame.time, frame.picture

    def picture(self, number: int) -> np.ndarray:
        """Return the picture of one frame."""
        start = self.start + number / self.rate
        return next(iter(self.clip.frames(start, self.end, self.rate))).picture

    @property
    def count(self) -> int:
        """How many frames there are, as far as the file tells the truth."""
        return self.clip.count(self.start, self.end, self.rate)


@dataclass(frozen=True)
class Tools:
    """What finds faces and persons.

    Attributes:
        faces: the landmarker's model.
        segmenter: finds persons.
    """

    faces: FaceModel
    segmenter: Segmenter

    @classmethod
    def installed(cls, models_folder: Path = Path()) -> Self:
        """Return those that the set-up brought. Raises ZograscopeError `model-not-installed`."""
        faces, segmenter = (default_model(purpose, models_folder) for purpose in (FACES, MATTING))
        return cls(
            load_face_model(faces, models_folder, "cpu"),
            load_person_matte(segmenter, models_folder, "cpu").matte,
        )


def track_driver(
    driver: Driver,
    tools: Tools,
    face: int = 0,
    neutral: int | None = None,
    on_progress: OnProgress = no_progress,
) -> DriverTrack:
    """Follow the driver's face through its clip, then once more, more closely.

    See `Tracker` and `refine_track`; raises as the former.
    """
    with tools.faces.landmarker(most_faces=1) as landmarker:
        tracker = Tracker(tools.faces, landmarker, driver.clip.name, face)
        for time, picture in _told(driver, "Following the driver", 0.0, on_progress):
            tracker.add(time, picture)
    track = tracker.track(neutral)
    if len(track) == 1:
        return track
    frames = _told(driver, "Following the driver closely", 0.5, on_progress)
    return refine_track(track, frames, driver.picture(track.neutral), tools.segmenter)


def _told(
    driver: Driver, stage: str, share: float, on_progress: OnProgress
) -> Iterator[tuple[float, np.ndarray]]:
    """The driver's frames, each told as progress in half of a whole that begins at a share."""
    for number, frame in enumerate(driver.frames()):
        done = share + 0.5 * min(number / driver.count, 1.0)
        on_progress(done, stage, f"frame {number + 1} of {driver.count}")
        yield frame


def make_mover(
    model: "PortraitModel",
    source: np.ndarray,
    face: Face,
    driver: Driver,
    track: DriverTrack,
    options: PortraitOptions,
    tools: Tools,
) -> Mover:
    """Return what makes the frames of a portrait that a driver moves.

    Args:
        model: of the purpose "portrait", as it was loaded.
        source: uint8 or uint16 (h, w, 3).
        face: in the source.
        driver, track: the clip, and the face in it.
        options: what is taken of it.
        tools: for the mesh.
    """
    neutral = driver.picture(track.neutral)
    if not isinstance(model, MeshModel):
        from zograscope_server.portrait.networks.movers import network_mover

        return network_mover(model, source, face, track, neutral, options)

    def make_mouth(tone: np.ndarray) -> BorrowedMouth | OwnMouth:
        if options.mouth == "driver":
            return BorrowedMouth(track, neutral, tone)
        return OwnMouth(fit(face), relative_curves(track), tone)

    motion = transfer(track, face, options)
    return MeshMover(source, face, motion, make_mouth, tools.segmenter)


def make_curve_mover(
    source: np.ndarray,
    face: Face,
    curves: np.ndarray,
    poses: np.ndarray,
    options: PortraitOptions,
    tools: Tools,
) -> MeshMover:
    """Return what makes the frames of a portrait that curves move (see `follow_curves`)."""
    head = fit(face)
    motion = follow_curves(curves, poses, head, face, options)

    def make_mouth(tone: np.ndarray) -> OwnMouth:
        return OwnMouth(head, curves, tone)

    return MeshMover(source, face, motion, make_mouth, tools.segmenter)


def fit(face: Face) -> FittedHead:
    """Return the head of a portrait's face."""
    return fit_head(HeadModel.load(), face.points, face.expressions)


class Animation:
    """The frames of a portrait, each made as it is asked for: for notebooks and measurements.

    Attributes:
        track: what was found in the driver; there once the first frame is.
        mask: uint8 (h, w), 0 where no frame differs from the source; likewise.
    """

    track: DriverTrack
    mask: np.ndarray

    def __init__(
        self,
        image: bytes,
        driver: Path,
        options: PortraitOptions,
        tools: Tools,
        model: "PortraitModel | None" = None,
    ) -> None:
        """Keep what it is made of.

        Args:
            image: the portrait's file.
            driver: the clip's.
            options: what is taken of it.
            tools: what finds faces and persons.
            model: that moves; None takes the mesh.
        """
        self._image, self._driver, self._options = image, driver, options
        self._tools, self._model = tools, model or MeshModel()

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the frames, like the source."""
        from zograscope_server.faces.search import find_faces
        from zograscope_server.portrait.source import choose_face, read_source

        options, tools = self._options, self._tools
        source = read_source(self._image, options.file_name)
        faces = find_faces(source.seen, tools.faces)
        face = choose_face(faces, options.face, options.file_name, options.handles)
        clip = Clip(self._driver, options.driver_name)
        driver = Driver(clip, options.start, options.end, options.rate or clip.rate)
        self.track = track_driver(driver, tools, options.driver_face, options.neutral_frame)
        pixels = source.pixels
        mover = make_mover(self._model, pixels, face, driver, self.track, options, tools)
        self.mask = mover.mask
        for number, (_, picture) in enumerate(driver.frames()):
            yield mover.frame(number, picture)
