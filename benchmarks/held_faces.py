"""Do heads stay heads when the camera of a diorama goes round them?

For each face that the landmarker finds in a photograph: its 478 points are taken to a camera at the
end of the default orbit, once as the diorama's relief moves them, and once as a rigid head with the
points' own depth would. The residual is how far they lie apart on average, after the similarity
that fits best, as a share of the distance of the eyes. Beside it is how many of the relief's cells
tear within the face, and the same of the depth before people were held together.

    python benchmarks/held_faces.py [PHOTO ...] [--output OUT.json] [--sheets FOLDER]

Without photographs of your own, and in toy size, a face is drawn. Wants the face landmarker, which
the set-up fetches.
"""

import math
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from benchmark import argument_parser, write_figures
from drawn_face import draw_face
from faces_in_moves import EYES, distance_after_similarity
from zograscope_server.depth import diorama
from zograscope_server.depth.depth_range import DepthRange
from zograscope_server.depth.diorama import DioramaParts, make_diorama
from zograscope_server.depth.embedded import EmbeddedDepth
from zograscope_server.depth.estimate import estimate_depth
from zograscope_server.depth.people import face_finder
from zograscope_server.images import Photograph, read_photograph
from zograscope_server.models.loading import load_model

SIDE = 640
ORBIT = math.radians(15)  # the default move's reach
CUT = 0.1  # of depth: the default cut threshold
MOST_RESIDUAL = 0.03
SUBJECT_PERCENTILE, SKY = 60, 0.05  # as the extension finds what a camera turns about
SHEET_HEIGHT = 360


def rigid_residual(
    disparity: np.ndarray,
    points: np.ndarray,
    size: tuple[int, int],
    focal_length: float,
    depth_range: DepthRange,
    angle: float = ORBIT,
) -> float:
    """How far a face's points leave those of a rigid head that is seen from the side.

    Args:
        disparity: (rows, columns) of the relief.
        points: (478, 3): x, y in pixels, z towards the viewer.
        size: height and width of the photograph in pixels.
        focal_length: in pixels.
        depth_range: of the relief.
        angle: of the orbit, in radians.

    Returns:
        The mean distance after the best similarity, as a share of the distance of the eyes.
    """
    height, width = size
    scale = disparity.shape[1] / width
    column, row = (points[:, axis].astype(np.float32)[None] * scale - 0.5 for axis in (0, 1))
    sampled = cv2.remap(disparity, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[
        0
    ]
    relief = depth_range.depth(sampled)
    towards = points[:, 2] - points[:468, 2].mean()
    rigid = np.median(relief) * (1 - towards / focal_length)
    rows, columns = disparity.shape
    middle = disparity[rows // 4 : rows - rows // 8, columns // 4 : columns - columns // 4]
    solid = middle[middle > SKY] if middle.max() > SKY else middle
    subject = float(depth_range.depth(np.percentile(solid, SUBJECT_PERCENTILE)))

    def seen(depth: np.ndarray) -> np.ndarray:
        """Where points of the photograph at this depth are seen, (478, 2)."""
        x = (points[:, 0] - width / 2) * depth / focal_length - subject * math.sin(angle)
        y = (points[:, 1] - height / 2) * depth / focal_length
        z = depth - subject * (1 - math.cos(angle))
        ahead = z * math.cos(angle) - x * math.sin(angle)
        aside = x * math.cos(angle) + z * math.sin(angle)
        return np.asarray(focal_length * np.stack([aside, y], axis=-1) / ahead[:, None])

    eyes = float(np.linalg.norm(points[EYES[0], :2] - points[EYES[1], :2]))
    return distance_after_similarity(seen(rigid), seen(relief)) / eyes


def torn_cells(
    disparity: np.ndarray, points: np.ndarray, width: int, depth_range: DepthRange
) -> int:
    """How many cells of the relief are cut within a face."""
    scale = disparity.shape[1] / width
    hull = cv2.convexHull(points[:468, :2].astype(np.float32) * np.float32(scale))
    face = cv2.fillPoly(np.zeros(disparity.shape, np.uint8), [np.rint(hull).astype(np.int32)], 1)
    depth, cell = depth_range.depth(disparity), np.ones((2, 2), np.uint8)
    torn = cv2.dilate(depth, cell) > (1 + CUT) * cv2.erode(depth, cell)
    return int(np.count_nonzero(torn & (cv2.erode(face, np.ones((3, 3), np.uint8)) > 0)))


def both_ways(photograph: Photograph) -> tuple[DioramaParts, np.ndarray]:
    """Make a diorama; return it and what its disparity was before people were held together."""
    kept = []
    hold_together = diorama.hold_together

    def keep(disparity: np.ndarray, *rest: object) -> np.ndarray:
        kept.append(disparity)
        return hold_together(disparity, *rest)  # type: ignore[arg-type]

    model = EmbeddedDepth()
    find = face_finder(load_model("default", Path("models"), "cpu", "faces"))
    diorama.hold_together = keep
    try:
        parts = make_diorama(
            photograph,
            lambda picture: estimate_depth(picture, model=model),
            diorama.DioramaOptions(background=False),
            find_faces=find,
        )
    finally:
        diorama.hold_together = hold_together
    return parts, kept[0]


def measure(parts: DioramaParts, before: np.ndarray) -> list[dict[str, float]]:
    """Measure each face of a diorama."""
    figures = []
    for points in parts.faces:
        size = parts.photograph.pixels.shape[:2]
        row: dict[str, float] = {"width": float(np.ptp(points[:468, 0]))}
        for name, disparity in (("before", before), ("after", parts.disparity)):
            row[name] = max(
                rigid_residual(
                    disparity, points, size, parts.focal_length, parts.depth_range, side * ORBIT
                )
                for side in (-1, 1)
            )
            row[f"torn {name}"] = torn_cells(disparity, points, size[1], parts.depth_range)
        figures.append(row)
    return figures


def write_sheet(path: Path, parts: DioramaParts, before: np.ndarray) -> None:
    """Write a photograph beside its disparity before and after."""
    height, width = parts.photograph.pixels.shape[:2]
    size = (round(width * SHEET_HEIGHT / height), SHEET_HEIGHT)
    tiles = [cv2.resize(parts.photograph.pixels[..., ::-1], size, interpolation=cv2.INTER_AREA)]
    for disparity in (before, parts.disparity):
        shades = np.rint(255 * cv2.resize(disparity, size)).astype(np.uint8)
        tiles.append(cv2.applyColorMap(shades, cv2.COLORMAP_INFERNO))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.hstack(tiles))


def main() -> int:
    """Measure, print and write; return 1 where a head is none any more."""
    parser = argument_parser(__doc__)
    parser.add_argument("photographs", nargs="*", type=Path)
    parser.add_argument("--sheets", type=Path, help="folder for pictures of the depth, both ways")
    arguments = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = arguments.photographs
        if arguments.toy or not paths:
            paths = [Path(folder) / "drawn.png"]
            cv2.imwrite(str(paths[0]), draw_face(SIDE)[..., ::-1])
        for path in paths:
            parts, before = both_ways(read_photograph(path.read_bytes(), path.name))
            figures[path.stem] = measure(parts, before)
            for row in figures[path.stem]:
                print(f"{path.stem:28}" + "".join(f"  {k} {v:.4g}" for k, v in row.items()))
            if arguments.sheets:
                write_sheet(arguments.sheets / f"{path.stem}.png", parts, before)
    write_figures(figures, arguments.output)
    worst = max((row["after"] for rows in figures.values() for row in rows), default=0.0)
    print(f"worst residual {100 * worst:.2f} % of the distance of the eyes (limit 3 %)")
    return int(worst > MOST_RESIDUAL and not arguments.toy)


if __name__ == "__main__":
    sys.exit(main())
