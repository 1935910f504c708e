"""The geometry of a diorama as plain arrays: a disparity map becomes a sheet of quads.

The photograph is unprojected through a pinhole camera. Pixel centres lie at (i + 0.5, j + 0.5) of
the image rectangle [0, width] x [0, height], v counts downwards, and depth is measured along the
optical axis. Rest-camera space has x to the right, y up and looks along -z, as a Blender camera
does.

Nothing here knows Blender. The node group in `geometry_nodes` builds the same geometry live; a test
holds the two against each other. The steps, in the order of `build_relief`:

1. a lattice of vertices covers the layer's rectangle and half a pixel around it;
2. disparity is sampled at its vertices, smoothed, and turned into depth;
3. cells whose depth jumps are cut out of the sheet and re-emitted flat, at their farthest depth;
4. a background is pushed back until it nowhere pierces the photograph, whatever the settings.
"""

from dataclasses import dataclass, replace

import numpy as np

RE_EMITTED_OVERLAP = 1.02
"""How much a re-emitted quad outgrows its cell. From the rest camera every surface shows the
photograph's own colour, so an overlap is invisible there; a crack of rounding error would not
be."""

SET_BACK = 1.001
"""The factor of depth by which a background is set back farther than need be."""


@dataclass(frozen=True)
class Intrinsics:
    """The pinhole camera that took the photograph; everything in pixels."""

    focal_length: float
    cx: float
    cy: float
    width: int
    height: int


@dataclass(frozen=True)
class Settings:
    """What the artist controls. They stand on the diorama's root object as custom properties."""

    near: float = 1.0
    """Depth of disparity 1."""
    far: float = 10.0
    """Depth of disparity 0."""
    cut_threshold: float = 0.1
    """A cell is cut where its farthest corner is more than this share farther than its nearest."""
    smoothing: float = 0.0
    """Standard deviation of the blur, in photograph pixels; it never crosses a cut."""
    relief_strength: float = 1.0
    """0 is a flat card, 1 the depth as estimated, more exaggerates."""
    resolution: float = 1.0
    """Cells for each photograph pixel along one axis; 1 puts a vertex at every pixel centre."""


@dataclass(frozen=True)
class Relief:
    """One layer's quads in rest-camera space.

    vertices: float32 (n, 3). faces: int32 (m, 4), counter-clockwise seen from the camera; the first
    `kept` are the connected sheet, the others stand alone, re-emitted. uv: float32 (n, 2) in [0, 1]
    over the layer's rectangle, v up. projection: float32 (n, 3) = (u z, v z, z) in pixels and
    depth: linear along any straight line in space, so that xy / z is the exact pixel inside a face
    too.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    projection: np.ndarray
    kept: int


Rectangle = tuple[float, float, float, float]
"""left, top, right, bottom in photograph pixels."""

Point = tuple[float, float]
"""u and v, in pixels of the photograph from its upper left corner."""

RAY_SAMPLES = 2048


def depth_from_disparity(disparity: np.ndarray, near: float, far: float) -> np.ndarray:
    """Turn relative disparity in [0, 1] into depth: 1 / (a d + b), near at 1 and far at 0."""
    a, b = 1.0 / near - 1.0 / far, 1.0 / far
    return 1.0 / (disparity * np.float32(a) + np.float32(b))


def strengthen(depth: np.ndarray, settings: Settings) -> np.ndarray:
    """Flatten or exaggerate depth: m (z / m) ** strength, m the geometric mean of near and far."""
    if settings.relief_strength == 1.0:
        return depth
    middle = np.float32(np.sqrt(settings.near * settings.far))
    return middle * (depth / middle) ** np.float32(settings.relief_strength)


def lattice(
    intrinsics: Intrinsics, resolution: float, rectangle: Rectangle | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixel coordinates u of the lattice's columns and v of its rows, float32.

    The lattice of every layer of a diorama belongs to one grid, fixed by the photograph: this is
    what lets a layer be kept behind another exactly, cell by cell.
    """
    left, top, right, bottom = rectangle or photograph_rectangle(intrinsics)
    return (
        _lattice_axis(intrinsics.width, resolution, left, right),
        _lattice_axis(intrinsics.height, resolution, top, bottom),
    )


def photograph_rectangle(intrinsics: Intrinsics) -> Rectangle:
    """Return the rectangle of the photograph itself."""
    return (0.0, 0.0, float(intrinsics.width), float(intrinsics.height))


def _lattice_axis(size: int, resolution: float, start: float, end: float) -> np.ndarray:
    step = (size + 1) / max(1, rounded((size + 1) * resolution))
    # The slack keeps a rectangle that ends on the grid from growing by a cell of rounding error.
    first = np.floor(start / step + 1e-3)
    last = np.ceil((end + 1) / step - 1e-3)
    return (np.arange(first, last + 1) * step - 0.5).astype(np.float32)


HALF = 0.501
"""Where rounding turns up: halves lie clear of it, whatever the last bit of a driven value is."""


def rounded(value: float) -> int:
    """Round half up, as the node group does."""
    return int(np.floor(value + HALF))


def sample(values: np.ndarray, u: np.ndarray, v: np.ndarray, rectangle: Rectangle) -> np.ndarray:
    """Interpolate a map (h, w) that fills `rectangle` at the lattice v x u; its edge extends."""
    left, top, right, bottom = rectangle
    height, width = values.shape
    row, next_row, row_share = _neighbours(v, top, bottom, height)
    column, next_column, column_share = _neighbours(u, left, right, width)
    rows = values[row] + row_share[:, None] * (values[next_row] - values[row])
    return rows[:, column] + column_share * (rows[:, next_column] - rows[:, column])


def sample_at(values: np.ndarray, u: np.ndarray, v: np.ndarray, rectangle: Rectangle) -> np.ndarray:
    """Interpolate a map (h, w) that fills `rectangle` at places (u, v), each (n,)."""
    left, top, right, bottom = rectangle
    height, width = values.shape
    row, next_row, row_share = _neighbours(v, top, bottom, height)
    column, next_column, column_share = _neighbours(u, left, right, width)
    above, below = (
        values[here, column] + column_share * (values[here, next_column] - values[here, column])
        for here in (row, next_row)
    )
    return above + row_share * (below - above)


def _neighbours(
    positions: np.ndarray, start: float, end: float, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cells = np.clip((positions - start) / (end - start) * count - 0.5, 0, count - 1)
    first = cells.astype(np.intp)
    return first, np.minimum(first + 1, count - 1), (cells - first).astype(np.float32)


def cell_minimum(values: np.ndarray) -> np.ndarray:
    """Return the smallest corner of every cell: (h, w) to (h - 1, w - 1)."""
    columns = np.minimum(values[:, :-1], values[:, 1:])
    return np.minimum(columns[:-1], columns[1:])


def cell_maximum(values: np.ndarray) -> np.ndarray:
    """Return the largest corner of every cell: (h, w) to (h - 1, w - 1)."""
    columns = np.maximum(values[:, :-1], values[:, 1:])
    return np.maximum(columns[:-1], columns[1:])


def find_cuts(disparity: np.ndarray, settings: Settings) -> np.ndarray:
    """Return which cells of a lattice of disparities jump in depth: bool (h - 1, w - 1)."""
    depth = strengthen(depth_from_disparity(disparity, settings.near, settings.far), settings)
    return cell_maximum(depth) > cell_minimum(depth) * np.float32(1 + settings.cut_threshold)


def smooth(disparity: np.ndarray, iterations: int, frozen: np.ndarray | None = None) -> np.ndarray:
    """Average every vertex with its four neighbours; `frozen` vertices (bool) keep still.

    One iteration has a variance of 2/5 of a cell squared along each axis.
    """
    neighbours = np.full(disparity.shape, 5, np.float32)
    neighbours[[0, -1]] -= 1
    neighbours[:, [0, -1]] -= 1
    for _ in range(iterations):
        total = disparity.copy()
        total[1:] += disparity[:-1]
        total[:-1] += disparity[1:]
        total[:, 1:] += disparity[:, :-1]
        total[:, :-1] += disparity[:, 1:]
        total /= neighbours
        disparity = total if frozen is None else np.where(frozen, disparity, total)
    return disparity


def sampled_disparity(
    disparity: np.ndarray, u: np.ndarray, v: np.ndarray, rectangle: Rectangle, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Sample and smooth a disparity map on a lattice; return it with its cut cells (bool).

    Vertices of a cut cell do not move, so smoothing rounds a surface without melting its outline.
    """
    sampled = sample(np.asarray(disparity, np.float32), u, v, rectangle)
    cuts = find_cuts(sampled, settings)
    iterations = rounded(2.5 * (settings.smoothing / float(u[1] - u[0])) ** 2)
    if iterations:
        sampled = smooth(sampled, iterations, _vertices_of(cuts))
    return sampled, cuts


def _vertices_of(cells: np.ndarray) -> np.ndarray:
    """Return which vertices belong to any of the marked cells."""
    return cell_maximum(np.pad(cells, 1))


def behind(disparity: np.ndarray, in_front: np.ndarray) -> np.ndarray:
    """Push a lattice of disparities behind another one on the same lattice.

    Every vertex goes behind all corners of the four cells around it, and a cell whose corners all
    lie behind those of the cell in front lies behind it everywhere, however either is triangulated.
    """
    return np.minimum(disparity, cell_minimum(cell_minimum(np.pad(in_front, 1, mode="edge"))))


def build_relief(
    disparity: np.ndarray,
    intrinsics: Intrinsics,
    settings: Settings,
    rectangle: Rectangle | None = None,
    in_front: np.ndarray | None = None,
) -> Relief:
    """Build one layer of a diorama.

    disparity: (h, w) in [0, 1], 1 near, row 0 at the top; it fills `rectangle`, the photograph's
    own by default. `in_front` is the photograph's disparity where the layer is a background: that
    is kept behind the photograph, and never cut, since what tears in front must find it whole.
    """
    rectangle = rectangle or photograph_rectangle(intrinsics)
    u, v = lattice(intrinsics, settings.resolution, rectangle)
    if in_front is None:
        sampled, cuts = sampled_disparity(disparity, u, v, rectangle, settings)
        set_back = 1.0
    else:
        uncut = replace(settings, cut_threshold=np.inf)
        sampled, cuts = sampled_disparity(disparity, u, v, rectangle, uncut)
        front, _ = sampled_disparity(in_front, u, v, photograph_rectangle(intrinsics), settings)
        sampled = behind(sampled, front)
        set_back = SET_BACK
    depth = strengthen(depth_from_disparity(sampled, settings.near, settings.far), settings)
    return _quads((u, v), depth * np.float32(set_back), cuts, intrinsics, rectangle)


def _quads(
    axes: tuple[np.ndarray, np.ndarray],
    depth: np.ndarray,
    cuts: np.ndarray,
    intrinsics: Intrinsics,
    rectangle: Rectangle,
) -> Relief:
    """Join the sheet of uncut cells and the cut cells, at their farthest depth, as one relief."""
    u, v = axes
    sheet_points = np.empty((*depth.shape, 3), np.float32)
    sheet_points[..., 0], sheet_points[..., 1], sheet_points[..., 2] = u, v[:, None], depth
    sheet_faces, used = _sheet(cuts)
    sheet_points = sheet_points.reshape(-1, 3)
    if not used.all():
        sheet_points = sheet_points[used]
        sheet_faces = (np.cumsum(used, dtype=np.int32) - 1)[sheet_faces]

    rows, columns = np.nonzero(cuts)
    cut_points = np.empty((len(rows), 4, 3), np.float32)
    cut_points[..., 0] = _outgrown(u[columns], u[columns + 1])[:, [0, 1, 1, 0]]
    cut_points[..., 1] = _outgrown(v[rows], v[rows + 1])[:, [1, 1, 0, 0]]
    cut_points[..., 2] = cell_maximum(depth)[cuts][:, None]
    cut_faces = np.arange(4 * len(rows), dtype=np.int32).reshape(-1, 4) + len(sheet_points)

    points = np.concatenate([sheet_points, cut_points.reshape(-1, 3)])
    left, top, right, bottom = rectangle
    corner = np.array([left, bottom], np.float32)
    uv = (points[:, :2] - corner) / np.array([right - left, top - bottom], np.float32)
    projection = points
    projection[:, :2] *= points[:, 2:]
    return Relief(
        vertices=unproject(projection, intrinsics),
        faces=np.concatenate([sheet_faces, cut_faces]),
        uv=uv,
        projection=projection,
        kept=len(sheet_faces),
    )


def _sheet(cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the uncut cells as quads of lattice vertices, and which vertices (flat) they use."""
    rows, columns = cuts.shape
    vertices = np.arange((rows + 1) * (columns + 1), dtype=np.int32).reshape(rows + 1, columns + 1)
    # Bottom left first, as in Blender's grid: its triangles then share the same diagonal.
    corners = (vertices[1:, :-1], vertices[1:, 1:], vertices[:-1, 1:], vertices[:-1, :-1])
    kept = ~cuts
    faces = np.empty((np.count_nonzero(kept), 4), np.int32)
    for index, corner in enumerate(corners):
        faces[:, index] = corner[kept]
    return faces, _vertices_of(kept).ravel()


def _outgrown(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Widen intervals about their middles by the overlap: two (n,) to one (n, 2)."""
    middle, half = (start + end) / 2, (end - start) / 2 * np.float32(RE_EMITTED_OVERLAP)
    return np.stack([middle - half, middle + half], axis=-1)


def unproject(projection: np.ndarray, intrinsics: Intrinsics) -> np.ndarray:
    """Return the points (n, 3) of rest-camera space for projections (n, 3) = (u z, v z, z)."""
    uz, vz, z = projection.T
    points = np.empty_like(projection)
    points[:, 0] = (uz - np.float32(intrinsics.cx) * z) / np.float32(intrinsics.focal_length)
    points[:, 1] = (np.float32(intrinsics.cy) * z - vz) / np.float32(intrinsics.focal_length)
    points[:, 2] = -z
    return points


def points_on_relief(
    u: np.ndarray, v: np.ndarray, disparity: np.ndarray, intrinsics: Intrinsics, settings: Settings
) -> np.ndarray:
    """Return the points, float32 (n, 3), of rest-camera space at pixels u and v and a disparity."""
    depth = strengthen(depth_from_disparity(disparity, settings.near, settings.far), settings)
    return unproject(np.stack([u * depth, v * depth, depth], -1).astype(np.float32), intrinsics)


def pixel_along(
    disparity: np.ndarray,
    intrinsics: Intrinsics,
    settings: Settings,
    origin: np.ndarray,
    direction: np.ndarray,
) -> Point | None:
    """Return the photograph's pixel where a ray meets the relief first, or None.

    The ray is followed in steps, each a share of the distance so far, until it is behind the
    surface that the photograph shows in that direction.

    Args:
        disparity: (h, w).
        intrinsics: of the photograph.
        settings: of the relief.
        origin, direction: (3,) each, in rest-camera space; the direction's length does not matter.
    """
    direction = direction / np.linalg.norm(direction)
    farthest = 2 * settings.far + float(np.linalg.norm(origin))
    steps = np.geomspace(1e-3 * settings.near, 2 * farthest, RAY_SAMPLES)
    x, y, z = (origin + steps[:, None] * direction).T
    depth = -z
    ahead = depth > 1e-9
    away = np.where(ahead, depth, 1.0)
    u = intrinsics.cx + intrinsics.focal_length * x / away
    v = intrinsics.cy - intrinsics.focal_length * y / away
    inside = ahead & (u >= 0) & (v >= 0) & (u < intrinsics.width) & (v < intrinsics.height)
    rows = (v[inside] * disparity.shape[0] / intrinsics.height).astype(int)
    columns = (u[inside] * disparity.shape[1] / intrinsics.width).astype(int)
    surface = depth_from_disparity(disparity[rows, columns], settings.near, settings.far)
    met = np.flatnonzero(depth[inside] >= strengthen(surface, settings))
    if not met.size:
        return None
    return float(u[inside][met[0]]), float(v[inside][met[0]])
