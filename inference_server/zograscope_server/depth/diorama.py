"""From a photograph to everything that its diorama is made of, step by step.

    photograph = read_photograph(Path("street.jpg").read_bytes(), "street.jpg")
    parts = make_diorama(photograph, estimate_depth)

crops the paper away, estimates depth, finds the sky, settles the camera and the range of depth,
straightens lines, holds people together, and paints what the camera will see beside and behind the
photograph.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from zograscope_protocol.depth.tasks import Crop, DioramaOptions, Rectangle

from zograscope_server.depth.border import find_paper_border
from zograscope_server.depth.cropping import crop_depth_map, crop_photograph
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.detail import detail_map
from zograscope_server.depth.export import encode_png
from zograscope_server.depth.layers import BackgroundPlate, make_background_plate
from zograscope_server.depth.lines import find_lines
from zograscope_server.depth.matting import make_matte
from zograscope_server.depth.people import (
    FindFaces,
    beside_people,
    hold_together,
    large_enough,
    no_faces,
)
from zograscope_server.depth.refinement import grow_near_side, settle_edges
from zograscope_server.depth.resizing import shrink
from zograscope_server.depth.sky import sky_mask
from zograscope_server.depth.stereo.stereograph import StereoDepth, find_stereograph, measure_depth
from zograscope_server.depth.straightening import set_down, straighten
from zograscope_server.depth.surround import SKETCH_WIDTH, WIDTH, make_dome
from zograscope_server.images import Photograph
from zograscope_server.progress import OnProgress, no_progress

Estimate = Callable[[Photograph], DepthMap]
OnPreview = Callable[[np.ndarray], None]

AUTOMATIC = DioramaOptions()  # the picture decides everything
DEFAULT_FIELD_OF_VIEW = 50.0  # degrees along the long side, when nothing tells
# Ranges for depth that is only relative, in scene units: enough for parallax, and for a flat work
# of art a shallower stage.
RELATIVE_RANGE = {
    "photograph": DepthRange(2.0, 20.0),
    "print": DepthRange(2.0, 8.0),
}
MONOCHROME_SPREAD = 10.0  # chroma (Lab, 0..255) around the tint of a toned black-and-white picture
BARE_PAPER_SHARE = 0.6  # of a picture, in one light tone: a map or a drawing
BARE_PAPER_LIGHTNESS = 170.0  # (0..255)
PREVIEW_LONG_SIDE = 320


@dataclass(frozen=True)
class DioramaParts:
    """Everything a diorama is made of.

    Attributes:
        photograph: upright and cropped: what the camera shows.
        disparity: (rows, columns) float32 in [0, 1], 1 is near; the sky is 0.
        depth_range: what disparity 1 and 0 mean.
        depth: the estimate as it came, for its model, licence and whether it is metric.
        focal_length: in pixels of the photograph; the principal point is its centre.
        plate: the background behind the photograph, or None when it was not wanted.
        matte: (h, w, 4) uint8, colour and opacity at soft edges (see `make_matte`); None without
            any, or without a background to be seen behind them.
        dome: (height, 2 height, 3) uint8 equirectangular surround, or None likewise.
        kind: "photograph" or "print".
        paper_border: the crop that was found, in pixels of the file, or None; offered even when it
            was not applied.
        sky_share: of the photograph, in [0, 1].
        faces: (n, 478, 3) float32: x and y in pixels of the photograph, z in the same unit towards
            the viewer, about the middle of the head; n may be 0.
        lines: (m, 4) float32, x0, y0, x1, y1 in pixels of the photograph: what is straight in it.
        detail: (rows, columns) float32 in [0, 1], coarse: how much there is to see.
        stereo: how depth was measured, where the scan was a stereograph.
        warnings: sentences for the artist.
    """

    photograph: Photograph
    disparity: np.ndarray
    depth_range: DepthRange
    depth: DepthMap
    focal_length: float
    plate: BackgroundPlate | None
    matte: np.ndarray | None
    dome: np.ndarray | None
    kind: str
    paper_border: Rectangle | None
    sky_share: float
    lines: np.ndarray
    detail: np.ndarray
    faces: np.ndarray = field(default_factory=no_faces)
    stereo: StereoDepth | None = None
    warnings: tuple[str, ...] = field(default=())


def _unseen(preview: np.ndarray) -> None:
    pass


def make_diorama(
    photograph: Photograph,
    estimate: Estimate | DepthMap,
    options: DioramaOptions = AUTOMATIC,
    on_progress: OnProgress = no_progress,
    on_preview: OnPreview = _unseen,
    find_faces: FindFaces | None = None,
) -> DioramaParts:
    """Make the parts of a diorama from one photograph.

    Args:
        photograph: the scan as it was read; where that was reduced, a crop is still in pixels of
            the file.
        estimate: how depth is found, such as `estimate_depth`, or a depth map of the whole scan
            that the artist brought.
        options: the artist's decisions.
        on_progress: may raise to cancel.
        on_preview: shown the disparity, small, as soon as there is one.
        find_faces: how faces are found, where that is installed. An estimate holds together where
            they are.

    Raises:
        ZograscopeError: `bad-parameters` for a crop outside the picture, `depth-map-shape` for a
            depth map of other proportions, and what the estimate raises.
    """
    on_progress(0.02, "Looking for paper borders")
    border = find_paper_border(photograph.pixels)
    crop = _choose_crop(options.crop, border, photograph.reduction)
    scan_size = photograph.pixels.shape[:2]
    scan, photograph = photograph, crop_photograph(photograph, crop)
    stereograph, stereo = None, None
    if not isinstance(estimate, DepthMap):
        card = photograph if isinstance(options.crop, tuple) else scan
        stereograph = find_stereograph(card, options.stereo)
    if stereograph is not None:
        photograph, border = stereograph.left, None
    kind = options.kind
    if kind == "auto":
        kind = "photograph" if stereograph is not None else guess_kind(photograph)

    on_progress(0.05, "Estimating depth")
    if isinstance(estimate, DepthMap):
        depth = crop_depth_map(estimate, crop, scan_size)
    else:
        depth = estimate(photograph)
    if stereograph is not None:
        on_progress(0.40, "Matching the halves of the stereograph")
        stereo = measure_depth(stereograph, depth)
        depth = stereo.depth
    on_preview(shrink(depth.disparity, PREVIEW_LONG_SIDE))

    on_progress(0.60, "Finding the sky")
    sky = sky_mask(photograph.pixels, depth.disparity)
    focal_length = choose_focal_length(photograph, depth, options.field_of_view)
    depth_range = choose_depth_range(depth, kind)
    on_progress(0.62, "Looking for faces")
    faces = large_enough(find_faces(photograph.pixels)) if find_faces else no_faces()
    lines = find_lines(photograph.pixels)
    lines = beside_people(lines, faces, depth.disparity, photograph.pixels.shape[1])
    if isinstance(estimate, DepthMap):
        # What an artist brought was made with care: nothing but the rims is changed.
        disparity = grow_near_side(depth.disparity)
    else:
        disparity = settle_edges(send_sky_away(depth.disparity, sky))
        if stereograph is None:  # else lines and heads were measured
            width = photograph.pixels.shape[1]
            disparity = set_down(disparity)
            disparity, lines = straighten(disparity, lines, width, depth_range)
            disparity = hold_together(
                disparity, photograph.pixels, faces, depth_range, focal_length
            )

    plate, matte, dome = None, None, None
    if options.background:
        on_progress(0.65, "Painting what lies behind")
        pixels, sketch = photograph.pixels, options.sketch
        plate = make_background_plate(pixels, disparity, depth_range, sketch=sketch)
        matte = None if sketch else make_matte(pixels, disparity, depth_range)
        on_progress(0.85, "Painting the surroundings")
        dome = dome_behind(plate, focal_length, pixels.shape[:2], SKETCH_WIDTH if sketch else WIDTH)
    return DioramaParts(
        photograph=photograph,
        disparity=disparity,
        depth_range=depth_range,
        depth=depth,
        focal_length=focal_length,
        plate=plate,
        matte=matte,
        dome=dome,
        kind=kind,
        paper_border=None if border is None else _scaled(border, scan.reduction),
        sky_share=float(sky.mean()),
        lines=lines,
        detail=detail_map(photograph.pixels),
        faces=faces,
        stereo=_of_the_file(stereo, scan.reduction),
        warnings=_reduction_told(scan) + (stereo.warnings if stereo is not None else ()),
    )


def dome_behind(
    plate: BackgroundPlate, focal_length: float, size: tuple[int, int], dome_width: int = WIDTH
) -> np.ndarray:
    """Continue a background over the whole sphere about a photograph of (height, width) pixels."""
    height, width = size
    centre = width / 2, height / 2
    return make_dome(plate.pixels, plate.rectangle, focal_length, centre, dome_width)


def pack_diorama(parts: DioramaParts, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Turn parts into the arrays and the metadata of the task `diorama` (see TASKS.md)."""
    photograph = parts.photograph
    height, width = photograph.pixels.shape[:2]
    picture = photograph.pixels
    if photograph.alpha is not None:
        picture = np.dstack([picture, photograph.alpha])
    arrays = {
        "photograph": np.frombuffer(encode_png(picture), np.uint8),
        "disparity": parts.disparity,
        "faces": parts.faces,
        "lines": parts.lines,
        "detail": parts.detail,
    }
    metadata: dict[str, Any] = {
        "photograph": {"name": name, "width": width, "height": height},
        "intrinsics": {"focal_length": parts.focal_length, "cx": width / 2, "cy": height / 2},
        "field_of_view": math.degrees(2.0 * math.atan(0.5 * width / parts.focal_length)),
        "depth": {
            "near": parts.depth_range.near,
            "far": parts.depth_range.far,
            "metric": parts.kind == "photograph" and parts.depth.metric,
            "model": parts.depth.model,
            "licence": parts.depth.licence,
        },
        "paper_border": list(parts.paper_border) if parts.paper_border else None,
        "kind": parts.kind,
        "sky_share": parts.sky_share,
        "stereo": parts.stereo.metadata() if parts.stereo is not None else None,
        "warnings": list(parts.warnings),
    }
    if parts.plate is not None:
        background, facts = pack_background(parts.plate, parts.dome, parts.matte)
        arrays |= background
        metadata |= facts
    return arrays, metadata


def pack_background(
    plate: BackgroundPlate, dome: np.ndarray | None, matte: np.ndarray | None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Turn what lies behind a photograph into arrays and metadata (see TASKS.md)."""
    pictures = {"background": plate.pixels, "dome": dome, "matte": matte}
    arrays = {
        name: np.frombuffer(encode_png(picture), np.uint8)
        for name, picture in pictures.items()
        if picture is not None
    }
    arrays["background_disparity"] = plate.disparity
    return arrays, {"background": {"rectangle": list(plate.rectangle)}}


def guess_kind(photograph: Photograph) -> str:
    """Guess whether a picture is a photograph, or a painting, print or map.

    A camera's record in the file means a photograph, and so does a single tint (black and white,
    sepia, cyanotype), unless most of it is bare paper. A colour picture without a record is taken
    for a print, which is the guess that claims less.
    """
    if photograph.focal_length is not None:
        return "photograph"
    small = cv2.resize(photograph.pixels, (128, 128), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    paper = np.percentile(lab[:, 0], 75)
    bare = (np.abs(lab[:, 0] - paper) < 12.0).mean()
    if paper > BARE_PAPER_LIGHTNESS and bare > BARE_PAPER_SHARE:
        return "print"
    # The tint of a toned picture follows its lightness; what is left over is colour.
    lightness, chroma = lab[:, 0] / 255.0, lab[:, 1:]
    basis = np.stack([np.ones_like(lightness), lightness, lightness**2], axis=1)
    coefficients, *_ = np.linalg.lstsq(basis, chroma, rcond=None)
    spread = np.linalg.norm(chroma - basis @ coefficients, axis=1)
    return "photograph" if np.percentile(spread, 99) < MONOCHROME_SPREAD else "print"


def send_sky_away(disparity: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Set the disparity of the sky to 0."""
    size = (disparity.shape[1], disparity.shape[0])
    share = cv2.resize(sky.astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return np.where(share > 127, np.float32(0.0), disparity).astype(np.float32)


def choose_focal_length(
    photograph: Photograph, depth: DepthMap, field_of_view: float | None
) -> float:
    """The focal length in pixels: the artist's word, the model's, the file's, or a usual lens."""
    height, width = photograph.pixels.shape[:2]
    horizontal = field_of_view or depth.field_of_view
    if horizontal is not None:
        return 0.5 * width / math.tan(math.radians(horizontal) / 2.0)
    if photograph.focal_length is not None:
        return photograph.focal_length
    return 0.5 * max(width, height) / math.tan(math.radians(DEFAULT_FIELD_OF_VIEW) / 2.0)


def choose_depth_range(depth: DepthMap, kind: str) -> DepthRange:
    """The model's own metres for a photograph where it gives them, else a stage of scene units."""
    if kind == "photograph" and depth.near is not None and depth.far is not None:
        return DepthRange(depth.near, depth.far)
    return RELATIVE_RANGE[kind]


def _choose_crop(crop: Crop, border: Rectangle | None, reduction: int) -> Rectangle | None:
    """Return what to cut out of the photograph, in its own pixels."""
    if crop == "auto":
        return border
    if crop == "none":
        return None
    left, top, right, bottom = crop
    return left // reduction, top // reduction, -(-right // reduction), -(-bottom // reduction)


def _of_the_file(stereo: StereoDepth | None, reduction: int) -> StereoDepth | None:
    if stereo is None or reduction == 1:
        return stereo
    left, right = (_scaled(half, reduction) for half in stereo.rectangles)
    return replace(stereo, rectangles=(left, right))


def _scaled(rectangle: Rectangle, factor: int) -> Rectangle:
    left, top, right, bottom = rectangle
    return left * factor, top * factor, right * factor, bottom * factor


def _reduction_told(scan: Photograph) -> tuple[str, ...]:
    if scan.reduction == 1:
        return ()
    height, width = scan.pixels.shape[:2]
    return (
        f"The picture is larger than a diorama can show. It was made of {width} x {height} pixels, "
        f"1/{scan.reduction} of its sides.",
    )
