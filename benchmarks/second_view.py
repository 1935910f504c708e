"""What does a plate look like from where a second photograph was really taken?

The left view of scikit-image's `stereo_motorcycle` becomes a diorama with its true depth, brought
as an artist would bring it, and is seen from where the right view was taken. That is compared with
the right view itself: peak signal-to-noise ratio (PSNR, dB) and structural similarity (SSIM), over
the whole view, where the left view was hidden by something nearer, and beyond its frame. Beside
the diorama stand other answers, from the same depth: the sheet cut at the same edges and its holes
filled by OpenCV's inpainting (Telea, "An image inpainting technique based on the fast marching
method", 2004) or with a copy of the far side of each row, and the sheet left uncut.

    python benchmarks/second_view.py [--output OUT.json] [--pictures FOLDER]
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from benchmark import argument_parser, write_figures
from zograscope_protocol.depth.tasks import DioramaOptions
from zograscope_server.depth.depth_map import DepthMap
from zograscope_server.depth.diorama import DioramaParts, make_diorama
from zograscope_server.images import Photograph

CUT_THRESHOLD = 0.1  # as the diorama's own
TELEA_RADIUS = 5  # pixels
TOY_SHRINK = 3
# Of stereo_motorcycle at its quarter size (Middlebury 2014, calib.txt): pixels and metres.
FOCAL_LENGTH, BASELINE, PRINCIPAL_POINTS_APART = 994.978, 0.193001, 31.086


@dataclass(frozen=True)
class Pair:
    """Two views of one scene, (height, width, 3) uint8, rectified.

    A point of the left view at column x is seen at x - shift in the right one; shift (height,
    width) float32 is the true disparity in pixels, with what was not measured filled from its row.
    """

    left: np.ndarray
    right: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True)
class Sheet:
    """A picture as a surface: what it shows, how far each pixel shifts, and which cells are cut."""

    pixels: np.ndarray
    shift: np.ndarray
    cuts: np.ndarray
    left: int = 0  # where its first column and row lie in the photograph
    top: int = 0


def load_motorcycle(shrink: int) -> Pair:
    """Read the pair, `shrink` times smaller."""
    from skimage.data import stereo_motorcycle

    left, right, disparity = stereo_motorcycle()
    size = (left.shape[1] // shrink, left.shape[0] // shrink)
    left, right = (cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (left, right))
    filled = fill_rows(disparity.astype(np.float32))
    shift = cv2.resize(filled, size, interpolation=cv2.INTER_NEAREST) / shrink
    return Pair(left, right, shift)


def fill_rows(disparity: np.ndarray) -> np.ndarray:
    """Fill what was not measured with the farther one of its neighbours in the row."""
    known = np.isfinite(disparity) & (disparity > 0)
    return np.minimum(*neighbours_in_row(disparity, known, np.inf))


def neighbours_in_row(
    values: np.ndarray, known: np.ndarray, missing: float
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest known value to the left and to the right of each pixel, itself where known."""
    columns = np.broadcast_to(np.arange(values.shape[1]), known.shape)
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    behind = np.minimum.accumulate(np.where(known, columns, known.shape[1])[:, ::-1], axis=1)
    behind = behind[:, ::-1]
    padded = np.pad(values, ((0, 0), (1, 1)), constant_values=missing)
    found = (np.take_along_axis(padded, index + 1, axis=1) for index in (before, behind))
    one, other = found
    return one, other


def make_parts(pair: Pair, shrink: int) -> tuple[DioramaParts, np.ndarray]:
    """The diorama of the left view with its true depth; and its pixels of shift for disparity."""
    per_depth = FOCAL_LENGTH / shrink * BASELINE
    inverse = (pair.shift + PRINCIPAL_POINTS_APART / shrink) / per_depth
    low, high = float(inverse.min()), float(inverse.max())
    depth = DepthMap((inverse - low) / (high - low), near=1 / high, far=1 / low, model="truth")
    options = DioramaOptions(crop="none", kind="photograph")
    parts = make_diorama(Photograph(pair.left, None, None, "pair"), depth, options)
    # z = 1 / (a d + b) and shift = focal length x baseline / z - (distance of principal points).
    shift_range = np.array([low, high]) * per_depth - PRINCIPAL_POINTS_APART / shrink
    return parts, shift_range


def find_cuts(inverse_depth: np.ndarray) -> np.ndarray:
    """Which cells between four pixels the relief cuts; see `find_cuts` of the extension."""
    window = np.ones((2, 2), np.uint8)
    anchor = (0, 0)
    nearest = cv2.dilate(inverse_depth, window, anchor=anchor)
    furthest = cv2.erode(inverse_depth, window, anchor=anchor)
    return nearest > (1 + CUT_THRESHOLD) * furthest


def render(sheets: list[Sheet], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """See sheets from the right view, nearest in front.

    Returns:
        (height, width, 3) float32, and (height, width) float32 with the shift of what is seen, -inf
        where there is nothing.
    """
    view = np.zeros((*shape, 3), np.float32)
    seen = np.full(shape, -np.inf, np.float32)
    for sheet in sheets:
        draw(sheet, view, seen)
    return view, seen


def draw(sheet: Sheet, view: np.ndarray, seen: np.ndarray) -> None:
    """Draw each piece between two neighbouring pixels of a row; a cut one flat, at the far side."""
    rows, columns = np.indices(sheet.shift[:, 1:].shape)
    start, end = sheet.shift[:, :-1], sheet.shift[:, 1:]
    far = np.minimum(start, end)
    cut = sheet.cuts[:, :-1]
    start, end = np.where(cut, far, start), np.where(cut, far, end)
    x_start = columns + sheet.left - start
    x_end = columns + 1 + sheet.left - end
    rows = rows + sheet.top
    first = np.ceil(np.minimum(x_start, x_end)).astype(int)
    last = np.floor(np.maximum(x_start, x_end)).astype(int)
    inside = (rows >= 0) & (rows < view.shape[0])
    for step in range(int((last - first).max()) + 1):
        x = first + step
        drawn = inside & (x <= last) & (x >= 0) & (x < view.shape[1])
        length = (x_end - x_start)[drawn]
        share = np.clip((x[drawn] - x_start[drawn]) / np.where(length == 0, 1, length), 0, 1)
        shift = start[drawn] + share * (end - start)[drawn]
        colour = sheet.pixels[:, :-1][drawn] + share[:, None] * (
            sheet.pixels[:, 1:][drawn] - sheet.pixels[:, :-1][drawn]
        )
        # Of several pieces on one pixel the nearest is drawn last.
        order = np.argsort(shift, kind="stable")
        y, x, shift, colour = rows[drawn][order], x[drawn][order], shift[order], colour[order]
        nearest = np.full(seen.shape, -np.inf, np.float32)
        nearest[y, x] = shift
        painted = np.zeros_like(view)
        painted[y, x] = colour
        front = nearest > seen
        seen[front], view[front] = nearest[front], painted[front]


def copy_rows(view: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Fill each hole with its neighbour in the row that is farther away."""
    known = np.isfinite(seen)
    left, right = neighbours_in_row(seen, known, np.inf)
    columns = [neighbours_in_row(view[..., channel], known, 0.0) for channel in range(3)]
    one, other = (np.stack(side, axis=-1) for side in zip(*columns, strict=True))
    return np.where((left <= right)[..., None], one, other)


def telea(view: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Fill holes by OpenCV's inpainting."""
    holes = (~np.isfinite(seen)).astype(np.uint8)
    picture = np.clip(np.rint(view), 0, 255).astype(np.uint8)
    return cv2.inpaint(picture, holes, TELEA_RADIUS, cv2.INPAINT_TELEA).astype(np.float32)


def second_views(
    pair: Pair, parts: DioramaParts, shift_range: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The right view as each method sees it, and the regions (bool) to compare them in."""
    shape = pair.left.shape[:2]
    low, high = shift_range
    assert parts.plate is not None and parts.disparity.shape == shape
    shift = low + (high - low) * parts.disparity
    front = pair.left.astype(np.float32)
    whole = np.zeros(shape, bool)
    cut = Sheet(front, shift, find_cuts(parts.depth_range.inverse_depth(parts.disparity)))
    uncut = Sheet(front, shift, whole)

    left, top, _, _ = parts.plate.rectangle
    behind = low + (high - low) * parts.plate.disparity
    size = behind.shape[::-1]
    plate = Sheet(
        cv2.resize(parts.plate.pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        behind - 1e-3,
        np.zeros(behind.shape, bool),
        round(left),
        round(top),
    )
    diorama, _ = render([cut, plate], shape)
    holed, seen = render([cut], shape)
    sheet, reached = render([uncut], shape)
    holes = ~np.isfinite(seen)
    # Beyond the frame: to the right of all that the left view shows.
    known = np.isfinite(seen)
    last = known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    beyond = np.arange(known.shape[1]) > last[:, None]
    views = {
        "diorama": diorama,
        "cut, Telea": telea(holed, seen),
        "cut, row copied": copy_rows(holed, seen),
        "uncut sheet": copy_rows(sheet, reached),
    }
    return views, {"all": ~whole, "disoccluded": holes & ~beyond, "beyond the frame": beyond}


def compare(
    view: np.ndarray, truth: np.ndarray, regions: dict[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """PSNR in dB and SSIM of a view, over each region."""
    from skimage.metrics import structural_similarity

    view = np.clip(view, 0, 255)
    truth = truth.astype(np.float32)
    _, similarity = structural_similarity(
        view, truth, channel_axis=-1, data_range=255, full=True, gaussian_weights=True, sigma=1.5
    )
    figures = {}
    for name, region in regions.items():
        error = float(np.square(view - truth)[region].mean())
        psnr = 10 * np.log10(255**2 / max(error, 1e-9))
        figures[name] = {"psnr": float(psnr), "ssim": float(similarity[region].mean())}
    return figures


def main() -> int:
    """Measure, print a table, write JSON; return 1 where another answer beats the diorama."""
    parser = argument_parser(__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder for the views as PNG")
    arguments = parser.parse_args()
    shrink = TOY_SHRINK if arguments.toy else 1
    pair = load_motorcycle(shrink)
    parts, shift_range = make_parts(pair, shrink)
    views, regions = second_views(pair, parts, shift_range)
    figures = {name: compare(view, pair.right, regions) for name, view in views.items()}
    print(f"{'':18}" + "".join(f"{name:>26}" for name in regions))
    for name, row in figures.items():
        cells = (f"{c['psnr']:14.2f} dB {c['ssim']:8.3f}" for c in row.values())
        print(f"{name:18}" + "".join(cells))
    write_figures({"stereo_motorcycle": figures}, arguments.output)
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        for name, view in (views | {"truth": pair.right}).items():
            picture = np.clip(np.rint(view), 0, 255).astype(np.uint8)
            file = arguments.pictures / f"{name.replace(', ', ' ').replace(' ', '_')}.png"
            cv2.imwrite(str(file), picture[..., ::-1])
    best = all(
        figures["diorama"][region][measure] >= other[region][measure]
        for other in figures.values()
        for region in regions
        for measure in ("psnr", "ssim")
    )
    print("the diorama is best everywhere" if best else "ANOTHER IS BETTER SOMEWHERE")
    return 0 if best or arguments.toy else 1


if __name__ == "__main__":
    raise SystemExit(main())
