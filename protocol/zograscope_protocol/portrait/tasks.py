"""What the tasks of portraits can be asked; TASKS.md describes their inputs and results."""

from dataclasses import dataclass
from typing import Any

from zograscope_protocol.errors import MOST_QUOTED, quoted
from zograscope_protocol.options import (
    Options,
    choice,
    flag,
    number,
    option,
    refusal,
    text,
    texts,
    whole,
)
from zograscope_protocol.portrait import results

REGIONS = ("pose", "eyes", "brows", "mouth")
MOUTHS = ("driver", "own")
MOTIONS = ("relative", "absolute")
HANDLES = ("eye_right", "eye_left", "mouth_right", "mouth_left", "chin")
"""Points of a portrait that can be moved by hand; right and left are the sitter's own."""

STRONGEST = 3.0
MOST_FACES = 20
LONGEST = 1_000_000
"""Frames of a clip."""

FARTHEST = 1e6
"""Pixels from a picture's corner to a handle."""

Handle = tuple[str, float, float]


def _read_handles(name: str, value: Any) -> tuple[Handle, ...]:
    if not isinstance(value, list | tuple):
        raise refusal(f"the {name} are {quoted(value)}, but must be a list of [name, x, y]")
    return tuple(_read_handle(entry) for entry in value)


def _read_handle(entry: Any) -> Handle:
    shaped = isinstance(entry, list | tuple) and len(entry) == 3 and entry[0] in HANDLES
    if not shaped or not all(_is_place(place) for place in entry[1:]):
        raise refusal(
            f"{quoted(entry)} is no point of a face: it must be one of {', '.join(HANDLES)}, and "
            "its x and y in pixels"
        )
    return str(entry[0]), float(entry[1]), float(entry[2])


def _is_place(place: Any) -> bool:
    return type(place) in (int, float) and abs(place) <= FARTHEST


@dataclass(frozen=True)
class PortraitOptions(Options):
    """How a portrait is moved by a driver.

    Attributes:
        file_name, driver_name: of picture and clip, for sentences.
        model: that moves it, `default` or a name of the catalogue.
        face, driver_face: which of several, from left to right.
        handles: points of the portrait, moved by hand, in pixels of the whole picture.
        regions: what of the driver is taken.
        strength_pose, strength_eyes, strength_brows, strength_mouth: 1 moves as the driver does.
        neutral_frame: of the driver, which the portrait at rest stands for; None finds it.
        start, end: of the driver, in seconds; None takes it to its end.
        rate: of the frames, for each second; None takes the driver's.
        mouth: whose interior is seen between the lips.
        motion: relative to the neutral frame, or absolute (networks only).
        stitching: joins the moved face to its shoulders (networks that can).
        relief: whether each frame also says how far the head came nearer.
        credit: words that are written into the frames' lower corner; none without.
    """

    task = "portrait"
    result = results.PORTRAIT
    part = results.FRAME
    file_name: str = text("portrait")
    driver_name: str = text("driver")
    model: str = text("default")
    face: int = whole(0, MOST_FACES - 1, default=0)
    driver_face: int = whole(0, MOST_FACES - 1, default=0)
    handles: tuple[Handle, ...] = option(_read_handles, default=())
    regions: tuple[str, ...] = texts(REGIONS)
    strength_pose: float = number(0.0, STRONGEST, default=1.0)
    strength_eyes: float = number(0.0, STRONGEST, default=1.0)
    strength_brows: float = number(0.0, STRONGEST, default=1.0)
    strength_mouth: float = number(0.0, STRONGEST, default=1.0)
    neutral_frame: int | None = whole(0, LONGEST, default=None)
    start: float = number(0.0, 1e6, default=0.0)
    end: float | None = number(0.0, 1e6, default=None)
    rate: float | None = number(1.0, 240.0, default=None)
    mouth: str = choice(MOUTHS)
    motion: str = choice(MOTIONS)
    stitching: bool = flag(default=True)
    relief: bool = flag(default=False)
    credit: str = text("")

    def check(self) -> None:
        """Refuse regions that no face has, and a clip that ends before it begins."""
        unknown = set(self.regions) - set(REGIONS)
        if unknown or not self.regions:
            asked = ", ".join(self.regions)[:MOST_QUOTED] or "none"
            raise refusal(f"the regions are {asked}, but can only be of {', '.join(REGIONS)}")
        if self.end is not None and self.end <= self.start:
            raise refusal(f"the end ({self.end:g} s) must come after the start ({self.start:g} s)")


@dataclass(frozen=True)
class ExaminePortraitOptions(Options):
    """What is looked for before a portrait is moved.

    Attributes:
        file_name, driver_name: of picture and clip, for sentences.
        face, driver_face: which of several, from left to right.
        handles: points that were moved by hand.
    """

    task = "examine_portrait"
    result = results.EXAMINATION
    file_name: str = text("portrait")
    driver_name: str = text("driver")
    face: int = whole(0, MOST_FACES - 1, default=0)
    driver_face: int = whole(0, MOST_FACES - 1, default=0)
    handles: tuple[Handle, ...] = option(_read_handles, default=())


@dataclass(frozen=True)
class TrackDriverOptions(Options):
    """How a driver becomes curves.

    Attributes:
        driver_name: for sentences.
        driver_face: which of several, from left to right.
        start, end: in seconds; None takes it to its end.
        rate: of the curves, for each second; None takes the driver's.
        neutral_frame: which the curves are relative to; None finds it.
    """

    task = "track_driver"
    result = results.TRACK
    driver_name: str = text("driver")
    driver_face: int = whole(0, MOST_FACES - 1, default=0)
    start: float = number(0.0, 1e6, default=0.0)
    end: float | None = number(0.0, 1e6, default=None)
    rate: float | None = number(1.0, 240.0, default=None)
    neutral_frame: int | None = whole(0, LONGEST, default=None)

    def check(self) -> None:
        """Refuse a clip that ends before it begins."""
        if self.end is not None and self.end <= self.start:
            raise refusal(f"the end ({self.end:g} s) must come after the start ({self.start:g} s)")


@dataclass(frozen=True)
class PortraitRigOptions(Options):
    """How a portrait's head becomes a mesh with shape keys.

    Attributes:
        file_name: of the picture, for sentences.
        face: which of several, from left to right.
        handles: points that were moved by hand.
    """

    task = "portrait_rig"
    result = results.RIG
    file_name: str = text("portrait")
    face: int = whole(0, MOST_FACES - 1, default=0)
    handles: tuple[Handle, ...] = option(_read_handles, default=())
