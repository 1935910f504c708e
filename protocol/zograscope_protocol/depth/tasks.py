"""What the tasks of dioramas can be asked; TASKS.md describes their inputs and results."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from zograscope_protocol.depth import results
from zograscope_protocol.errors import quoted
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

QUALITIES = ("draft", "standard", "high", "full")
NEAR_TONES = ("white", "black")
KINDS = ("auto", "photograph", "print")
STEREO = ("auto", "yes", "no")
MESH_FORMATS = ("glb", "ply", "obj")
DEPTH_FORMATS = ("png16", "exr")
LAYER_PARTS = ("vertices", "triangles", "uv", "texture")
NEAREST, FARTHEST = 1e-6, 1e9
LONGEST_SIDE = 30_000  # pixels, of a PSD file
MOST_CLICKS = 1000

Rectangle = tuple[int, int, int, int]
Click = tuple[float, float, bool]
"""Where: right and down in pixels from the upper left corner; and whether it shows the object."""

Crop = Literal["auto", "none"] | Rectangle


def _read_crop(name: str, value: Any) -> Crop:
    if value in ("auto", "none"):
        return value
    edges = isinstance(value, list | tuple) and all(type(edge) is int for edge in value)
    if edges and len(value) == 4 and all(abs(edge) <= FARTHEST for edge in value):
        return tuple(value)
    raise refusal(
        f'the {name} is {quoted(value)}, but can only be "auto", "none" or the four whole numbers '
        "left, top, right, bottom"
    )


def _read_clicks(name: str, value: Any) -> tuple[Click, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_CLICKS:
        raise refusal(f"the {name} are not a list of at most {MOST_CLICKS}")
    return tuple(_read_click(name, click) for click in value)


def _read_click(name: str, value: Any) -> Click:
    try:
        x, y, belongs = value
        if not isinstance(belongs, bool):
            raise TypeError
        place = float(x), float(y)
    except (TypeError, ValueError):
        raise refusal(f"{value!r} is none of the {name}: x, y, and true or false") from None
    if not all(map(math.isfinite, place)):
        raise refusal(f"{value!r} is none of the {name}: its place is not a number")
    return *place, belongs


@dataclass(frozen=True)
class DioramaOptions(Options):
    """How a picture becomes a diorama; the defaults decide by themselves.

    Attributes:
        file_name: of the picture, for sentences.
        model: that estimates depth, `default` or a name of the catalogue.
        quality: disparity of 512, 1024 or 2048 samples along the long side, or the picture's own.
        crop: "auto" takes paper margins away, "none" keeps the whole scan, or the picture's
            (left, top, right, bottom) in pixels.
        depth_map_name: of the artist's own depth map, for sentences.
        depth_map_near: which tone of it is near.
        field_of_view: horizontal, of the cropped picture, in degrees; None leaves it to the model,
            the camera's record in the file, or a usual lens, in this order.
        kind: "print" for paintings, prints and maps, whose depth is only ever relative.
        background: whether to paint the background plate and the dome.
        sketch: whether what lies behind is only smeared for now, where its shape is all that
            counts; `paint_background` paints it.
        stereo: whether the picture is a stereograph, of which the left half becomes the diorama and
            both give its depth; "auto" looks. With the artist's own depth map it never is one.
    """

    task = "diorama"
    result = results.DIORAMA
    file_name: str = text("photograph")
    model: str = text("default")
    quality: str = choice(QUALITIES, default="standard")
    crop: Crop = option(_read_crop, default="auto")
    depth_map_name: str = text("depth map")
    depth_map_near: str = choice(NEAR_TONES)
    field_of_view: float | None = number(1.0, 170.0, default=None)
    kind: str = choice(KINDS)
    background: bool = flag(default=True)
    sketch: bool = flag(default=False)
    stereo: str = choice(STEREO)


@dataclass(frozen=True)
class ExportMeshOptions(Options):
    """How layers become a model's file.

    Attributes:
        format: an OBJ is several files, which come as one zip.
        layers: their names; each has its `LAYER_PARTS` among the inputs, as `NAME.PART`.
    """

    task = "export_mesh"
    result = results.FILE
    format: str = choice(MESH_FORMATS)
    layers: tuple[str, ...] = texts()

    def check(self) -> None:
        """Refuse to export nothing."""
        if not self.layers:
            raise refusal("no layers to export were named")


@dataclass(frozen=True)
class ExportDepthOptions(Options):
    """How a disparity map becomes a file.

    Attributes:
        format: a 16-bit PNG of disparity, or a float EXR of depth.
        near, far: depth of disparity 1 and of 0, in scene units.
    """

    task = "export_depth"
    result = results.FILE
    format: str = choice(DEPTH_FORMATS, default="exr")
    near: float = number(NEAREST, FARTHEST, default=1.0)
    far: float = number(NEAREST, FARTHEST, default=10.0)

    def check(self) -> None:
        """Refuse a range that ends before it begins."""
        _check_range(self.near, self.far)


@dataclass(frozen=True)
class SegmentOptions(Options):
    """Which object of a picture is meant.

    Attributes:
        clicks: on it, and beside it where too much was found. None are needed where a mask is
            among the inputs.
    """

    task = "segment"
    result = results.SEGMENT
    clicks: tuple[Click, ...] = option(_read_clicks, default=())


@dataclass(frozen=True)
class PaintBackgroundOptions(Options):
    """How the background plate of a photograph is painted anew.

    Attributes:
        file_name: of the picture, for sentences.
        near, far: depth of disparity 1 and of 0, in scene units.
        matte: whether soft edges are wanted too.
        focal_length: in pixels of the photograph; with it comes the dome.
    """

    task = "paint_background"
    result = results.BACKGROUND
    file_name: str = text("photograph")
    near: float = number(NEAREST, FARTHEST, default=1.0)
    far: float = number(NEAREST, FARTHEST, default=10.0)
    matte: bool = flag(default=False)
    focal_length: float | None = number(NEAREST, FARTHEST, default=None)

    def check(self) -> None:
        """Refuse a range that ends before it begins."""
        _check_range(self.near, self.far)


@dataclass(frozen=True)
class ExportPlatesOptions(Options):
    """How plates become one layered file.

    Attributes:
        names: of the layers, from the backmost to the foremost.
        width, height: of the photograph, in pixels.
    """

    task = "export_plates"
    result = results.FILE
    names: tuple[str, ...] = texts()
    width: int = whole(1, LONGEST_SIDE, default=1)
    height: int = whole(1, LONGEST_SIDE, default=1)

    def check(self) -> None:
        """Refuse layers that could not be told apart when they come back."""
        _check_names(self.names)


@dataclass(frozen=True)
class ImportPlatesOptions(Options):
    """What layers are looked for in a file that was edited.

    Attributes:
        file_name: for sentences.
        names: of the layers that there may be.
        width, height: of the photograph, in pixels.
    """

    task = "import_plates"
    result = results.PLATES
    file_name: str = text("layers.psd")
    names: tuple[str, ...] = texts()
    width: int = whole(1, LONGEST_SIDE, default=1)
    height: int = whole(1, LONGEST_SIDE, default=1)

    def check(self) -> None:
        """Refuse names that do not say which layer is meant."""
        _check_names(self.names)


def _check_range(near: float, far: float) -> None:
    if near >= far:
        raise refusal(f"near ({near:g}) must be less than far ({far:g})")


def _check_names(names: tuple[str, ...]) -> None:
    if not names:
        raise refusal("no layers were named")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise refusal(f"two layers are called {twice!r}")
